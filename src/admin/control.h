/* SPDX-License-Identifier: MIT */
/*
 * The control socket DIR/run/control.sock of a running server: one thread waits for askers,
 * each asker gets a thread of its own (at most LIMIT_CONTROL_ASKERS) that runs one verb and may
 * block on it. Only root and the server's own user are heard.
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "admin/verbs.h"

struct control;

/** Opens the socket (mode 0600) and starts listening; house is copied. Thread: start-up. */
MUST_USE enum rc control_open(const struct verb_house *house, const char *path,
                              struct control **out, struct err *err);
/** Hears nobody any more, cuts off askers and waits for their verbs to end. NULL is allowed. */
void control_close(struct control *control);

#endif

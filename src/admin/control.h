/* SPDX-License-Identifier: MIT */
/*
 * The control socket DIR/run/control.sock of a running server. One thread waits for askers,
 * that is, for programs that connect. Each asker gets a thread of its own (at most
 * LIMIT_CONTROL_ASKERS), which runs one verb and may block on it. Only root and the server's
 * own user are allowed.
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "admin/verbs.h"

struct control;

/** Opens the socket (mode 0600) and starts listening; house is copied. Thread: start-up. */
MUST_USE enum rc control_open(const struct verb_house *house, const char *path,
                              struct control **out, struct err *err);
/** Stops listening, cuts off askers and waits for their verbs to end. NULL is allowed. */
void control_close(struct control *control);

#endif

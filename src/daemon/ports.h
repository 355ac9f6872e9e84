/* SPDX-License-Identifier: MIT */
/*
 * The listeners of all front doors: which endpoint leads to which door, with or without TLS at
 * once. Thread: start-up, but for the accept calls.
 */
#ifndef DAEMON_PORTS_H
#define DAEMON_PORTS_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"
#include "session/session.h"

struct ports;

/** Opens every listener of the configuration and begins none. Errors name the endpoint. */
MUST_USE enum rc ports_open(struct env *env, const struct config *config, struct ports **out,
                            struct err *err);
/** Starts accepting and prints one line per listener on standard output. */
MUST_USE enum rc ports_begin(struct ports *ports, struct err *err);
/** Stops accepting. */
void ports_close(struct ports *ports);
/** After poller_stop. NULL is allowed. */
void ports_free(struct ports *ports);

#endif

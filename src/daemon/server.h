/* SPDX-License-Identifier: MIT */
/*
 * `roost serve`: opens everything in DIR, connects the parts, listens, and closes everything
 * cleanly. One per process. Thread: start-up (the main thread), which then waits for signals.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"

struct clock;
struct env;

struct serve_options {
    const char *config_path;
    const char *const *overrides;
    size_t override_count;
    const char *binary; /* path of this program, which an upgrade starts; NULL: unknown */
    int takeover_sock;  /* another process hands over here; 0: none. Owned */
    /* Called when everything is ready; after it returns, the server waits for signals. May be
     * NULL. For programs that provide sessions of their own (struct arrival). */
    void (*ready)(struct env *env);
    /* The clock for sessions, timers, log, journal and store; certificates and housekeeping use
     * the machine's. NULL: the machine's. Tests use another one and advance it
     * (poller_tick). */
    const struct clock *clock;
};

/** Serves until SIGTERM or SIGINT; prints a line for each listener when ready. RC_OK after a
 * clean stop; otherwise the reason why it could not start. */
MUST_USE enum rc server_run(const struct serve_options *options, struct err *err);

#endif

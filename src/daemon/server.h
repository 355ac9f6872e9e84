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
    const char
        *binary; /* path of this program on disk, which an upgrade starts; NULL: unknown */
    int takeover_sock; /* another process hands over here; 0: none. Owned */
    /* Called when all is ready; the server waits for signals after it returns. NULL: not used.
     * For programs that bring sessions of their own (struct arrival). */
    void (*ready)(struct env *env);
    /* What sessions, timers, log, journal and store take for the time; certificates and
     * housekeeping go by the machine's. NULL: the machine's. Another one is for tests, and is
     * moved by them (poller_tick). */
    const struct clock *clock;
};

/** Serves until SIGTERM or SIGINT; prints a line for each listener when ready. RC_OK after a
 * clean stop; otherwise the reason why it could not start. */
MUST_USE enum rc server_run(const struct serve_options *options, struct err *err);

#endif

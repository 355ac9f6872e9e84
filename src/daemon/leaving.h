/* SPDX-License-Identifier: MIT */
/*
 * Ends all sessions, each between two of its commands, and spread over some time, so that tens
 * of thousands of clients do not come back in the same second. Thread: the main thread.
 */
#ifndef DAEMON_LEAVING_H
#define DAEMON_LEAVING_H

#include <stdbool.h>

#include "base/attr.h"
#include "session/env.h"
#include "session/session.h"

/**
 * Posts to one session after the other (POST_SHUTDOWN or POST_UPGRADE), over [server]
 * shutdown_spread but at LIMIT_LEAVING_PACE a second at least, and waits until all are gone.
 * Those still in a command LIMIT_FINISH_MS later are cut off; so are all when SIGTERM or SIGINT
 * (blocked by the caller) comes. False: a session is stuck (on a dead disk) and remains.
 */
MUST_USE bool sessions_leave(struct env *env, enum session_post post);

#endif

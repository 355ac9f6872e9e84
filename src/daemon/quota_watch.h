/* SPDX-License-Identifier: MIT */
/*
 * [quota] warn_command: a program of the administrator that is run when an account passes 80 %
 * or 95 % of a limit, as
 *
 *     PROGRAM ACCOUNT PERCENT storage|messages USED LIMIT
 *
 * One program runs at a time, at most about one is started in a second, and each may take
 * LIMIT_QUOTA_COMMAND_US. Those that are waiting when the server ends are not run.
 */
#ifndef DAEMON_QUOTA_WATCH_H
#define DAEMON_QUOTA_WATCH_H

#include "base/attr.h"
#include "base/err.h"
#include "session/env.h"
#include "store/quota.h"

struct quota_watch;

/** env is borrowed: its log, clock and settings. RC_LIMIT. Thread: start-up. */
MUST_USE enum rc quota_watch_new(struct env *env, struct quota_watch **out, struct err *err);
/** Ends the program that is running. NULL is allowed. Thread: start-up. */
void quota_watch_free(struct quota_watch *watch);
/** Notes that a threshold was passed; does nothing if there is no command. False: too many are
 * waiting, and this one was dropped. Thread: any; does not wait. */
bool quota_watch_tell(struct quota_watch *watch, const char *account,
                      const struct quota_crossing *crossing);
/** Checks the program that is running, or starts the next one. A thread of its own calls it
 * once a second. */
void quota_watch_step(struct quota_watch *watch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What must be done from time to time. One thread updates the time in the crash table and
 * stores what was learnt about client networks; it never has to wait. Another thread closes
 * accounts and databases that are not in use, and purges expunged mail that no longer needs to
 * be kept.
 */
#ifndef DAEMON_HOUSEKEEPING_H
#define DAEMON_HOUSEKEEPING_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/house.h"
#include "journal/live.h"

struct housekeeping;

/** house, and live and networks of env, are borrowed until housekeeping_stop. Thread:
 * start-up. */
MUST_USE enum rc housekeeping_start(struct house *house, struct env *env,
                                    struct housekeeping **out, struct err *err);
/** Ends both threads after their current step. NULL is allowed. */
void housekeeping_stop(struct housekeeping *housekeeping);

#endif

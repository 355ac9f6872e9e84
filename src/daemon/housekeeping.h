/* SPDX-License-Identifier: MIT */
/*
 * What must be done now and then. One thread gives a sign of life to the crash table and stores
 * what was learnt about client networks; it waits for nobody. Another one lets go of accounts
 * and databases that nobody uses, and purges expunged mail whose time is over.
 */
#ifndef DAEMON_HOUSEKEEPING_H
#define DAEMON_HOUSEKEEPING_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/house.h"
#include "journal/live.h"

struct housekeeping;

/** house is borrowed until housekeeping_stop, and so are live and networks of env. Thread:
 *  start-up. */
MUST_USE enum rc housekeeping_start(struct house *house, struct env *env,
                                    struct housekeeping **out, struct err *err);
/** Ends both threads after their present step. NULL is allowed. */
void housekeeping_stop(struct housekeeping *housekeeping);

#endif

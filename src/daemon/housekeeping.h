/* SPDX-License-Identifier: MIT */
/*
 * What must be done now and then, on one thread of its own: a sign of life for the crash table,
 * what was learnt about client networks, letting go of accounts and databases nobody uses,
 * purging expunged mail whose time is over.
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
/** Ends the thread after its present step. NULL is allowed. */
void housekeeping_stop(struct housekeeping *housekeeping);

#endif

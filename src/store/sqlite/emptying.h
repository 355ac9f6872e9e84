/* SPDX-License-Identifier: MIT */
/* Emptying the logs that closed accounts have left behind (logs.h). */
#ifndef STORE_SQLITE_EMPTYING_H
#define STORE_SQLITE_EMPTYING_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct sqlite_store;

/** Starts the thread that empties logs and makes accounts. RC_LIMIT. */
MUST_USE enum rc emptying_start(struct sqlite_store *store, struct err *err);
/** Ends the thread after the log that it is emptying, even if others are left. Harmless when
 * there is none. */
void emptying_stop(struct sqlite_store *store);
/** Empties one log that is due; with `all`, one of any age. False: there was none. Thread: any.
 * Waits for disk. */
bool emptying_step(struct sqlite_store *store, bool all);

#endif

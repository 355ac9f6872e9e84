/* SPDX-License-Identifier: MIT */
/*
 * Logs that closed accounts left behind, and emptying them in the background: closing an
 * account moves nothing into its database. A log is read whole whenever the account is opened,
 * so those above LIMIT_LOG_LEFT_OCTETS come first, in the order in which they were closed;
 * the others when the account was quiet for LIMIT_LOG_QUIET_S.
 */
#ifndef STORE_SQLITE_LOGS_H
#define STORE_SQLITE_LOGS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/rc.h"

struct sqlite_store;

struct logs {
    struct lock lock;
    pthread_cond_t changed; /* something was noted, or stop */
    /* Guard: lock. */
    struct map entries; /* account id to its entry */
    struct list large;  /* entries, those closed first at the front */
    struct list small;
    size_t large_count;
    bool stop;
    bool woken; /* accounts are to be made */
    bool running;
    pthread_t thread;
};

void logs_init(struct logs *logs);
/** Starts the thread that empties them. RC_LIMIT. */
MUST_USE enum rc logs_start(struct sqlite_store *store, struct err *err);
/** Ends it after the log under way, whatever is left. */
void logs_stop(struct sqlite_store *store);
void logs_done(struct logs *logs);

/** The account was closed with so much log. Beyond LIMIT_LOGS_NOTED it is not noted: the round
 *  over all accounts finds it. Thread: any; locks below LOCK_LEAF may be held. */
void logs_note(struct sqlite_store *store, uint64_t account_id, int64_t octets);
/** Empties one that is due; whatever their age when `all`. False: there was none. Thread: any.
 *  Waits for disk. */
bool logs_step(struct sqlite_store *store, bool all);
/** Lets the thread go on that empties logs and makes accounts. Thread: any. */
void logs_wake(struct sqlite_store *store);
/** How many are noted. Thread: any. */
size_t logs_count(struct sqlite_store *store);

#endif

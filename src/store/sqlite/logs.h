/* SPDX-License-Identifier: MIT */
/*
 * Logs that closed accounts have left behind are noted here and emptied in the background
 * (emptying.h), because closing an
 * account moves nothing into its database. A log is read as a whole when the account is opened,
 * unless this process remembers it (db/log_memo.h), so logs above LIMIT_LOG_LEFT_OCTETS come
 * first, in the order in which their accounts were closed. The others are emptied when their
 * accounts have been quiet for LIMIT_LOG_QUIET_S.
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

struct log_memo;
struct sqlite_store;

struct logs {
    struct lock lock;
    pthread_cond_t changed; /* something was noted, or stop */
    /* Guard: lock. */
    struct map entries; /* account id to its entry */
    struct list large;  /* entries, those closed first at the front */
    struct list small;
    size_t large_count;
    size_t memo_octets; /* of all that are kept */
    bool stop;
    bool woken; /* accounts are to be made */
    bool running;
    pthread_t thread;
};

void logs_init(struct logs *logs);
void logs_done(struct logs *logs);

/** Notes that the account was closed with a log of so many octets; 0: it did not grow. Beyond
 * LIMIT_LOGS_NOTED it is not noted, and the round over all accounts finds it. memo: of the log,
 * taken over, or NULL. It is kept with the note while all memos are within
 * LIMIT_LOG_MEMOS_OCTETS. Thread: any; locks below LOCK_LEAF may be held. */
void logs_note(struct sqlite_store *store, uint64_t account_id, int64_t octets,
               struct log_memo *memo);
/** The memo, for whoever opens the account; the caller's. NULL: there is none. Thread: any. */
struct log_memo *logs_recall(struct sqlite_store *store, uint64_t account_id);
/* A log that is to be emptied. */
struct log_due {
    uint64_t account_id;
    bool quiet;            /* nothing was written to it for long */
    struct log_memo *memo; /* owned, or NULL */
};
/** Takes one that is due off the list; with `all`, one of any age. False: there is none.
 * Thread: any. */
bool logs_take(struct sqlite_store *store, bool all, struct log_due *out);
/** Wakes the thread that empties logs and makes accounts. Thread: any. */
void logs_wake(struct sqlite_store *store);
/** How many are noted. Thread: any. */
size_t logs_count(struct sqlite_store *store);

#endif

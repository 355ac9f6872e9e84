/* SPDX-License-Identifier: MIT */
/*
 * Mutexes with ranks. A thread may only enter a lock of a higher rank than all that it holds.
 * CHECK enforces this on every path that is ever run, so a possible deadlock is found even if
 * it does not happen. docs/invariants.md explains the ranks. No lock is held across disk
 * access, SQL, a wait for a peer, or a callback, with the one exception named there (the hub).
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* From outermost to innermost. Locks of one rank are never nested. */
enum lock_rank {
    LOCK_DAEMON = 1, /* configuration and life of the process */
    LOCK_LIVE_TABLE, /* sessions by account and address */
    LOCK_ACCOUNTS,   /* the cache of open accounts */
    LOCK_TURN,       /* one account's queue of writers */
    LOCK_MAILBOXES,  /* one account's mailboxes in memory: versions and counters */
    LOCK_HUB,        /* watchers; notifies them while held */
    LOCK_READERS,    /* one account's pool of read handles */
    LOCK_REGISTRY,   /* registry of accounts: its cache, its engine's handle */
    LOCK_AUTH_CACHE, /* verified passwords */
    LOCK_THROTTLE,   /* failed logins by address */
    LOCK_NETWORKS,   /* what is learnt about client networks */
    LOCK_SLOTS,      /* waiters for slots */
    LOCK_INBOX,      /* one session's inbox */
    LOCK_RUN_QUEUE,  /* woken tasks */
    LOCK_TIMERS,     /* the wheel */
    LOCK_TASKS,      /* task table: slot to task */
    LOCK_BUDGET,     /* descriptor and memory budgets */
    LOCK_JOURNAL,    /* queues of the log and of the journal */
    LOCK_LEAF,       /* anything that calls nothing while held */
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
};

void lock_init(struct lock *lock, enum lock_rank rank);
void lock_done(struct lock *lock);
void lock_enter(struct lock *lock);
/** Enters if nobody is inside; otherwise false, at once. */
MUST_USE bool lock_try(struct lock *lock);
void lock_leave(struct lock *lock);
/** Waits on cond with lock held (and only it). Not for work threads with a session. */
void lock_wait(struct lock *lock, pthread_cond_t *cond);
/** The same, for at most timeout_ms, even if the system's date is changed. False: timed
 *  out. */
bool lock_wait_ms(struct lock *lock, pthread_cond_t *cond, int64_t timeout_ms);
/** Whether this thread holds no lock at all. For checks before disk access and waits for
 * peers. */
bool lock_none_held(void);

#endif

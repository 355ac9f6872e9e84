/* SPDX-License-Identifier: MIT */
/* Rank bookkeeping: a bit per rank in a thread-local word. Any thread. */
#include "base/lock.h"

#include <stdint.h>

#include "base/check.h"

static _Thread_local uint32_t held_ranks;

void
lock_init(struct lock *lock, enum lock_rank rank)
{
    CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
    lock->rank = rank;
}

void
lock_done(struct lock *lock)
{
    CHECK(pthread_mutex_destroy(&lock->mutex) == 0);
}

void
lock_enter(struct lock *lock)
{
    CHECK((held_ranks >> lock->rank) == 0); /* nothing of this rank or a higher one is held */
    CHECK(pthread_mutex_lock(&lock->mutex) == 0);
    held_ranks |= UINT32_C(1) << lock->rank;
}

void
lock_leave(struct lock *lock)
{
    held_ranks &= ~(UINT32_C(1) << lock->rank);
    CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
}

void
lock_wait(struct lock *lock, pthread_cond_t *cond)
{
    CHECK(held_ranks == UINT32_C(1) << lock->rank);
    CHECK(pthread_cond_wait(cond, &lock->mutex) == 0);
}

bool
lock_none_held(void)
{
    return held_ranks == 0;
}

/* SPDX-License-Identifier: MIT */
/* Rank bookkeeping: a bit per rank in a thread-local word. Any thread. */
#include "base/lock.h"

#include <errno.h>
#include <time.h>

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

bool
lock_try(struct lock *lock)
{
    CHECK((held_ranks >> lock->rank) == 0);
    const int rc = pthread_mutex_trylock(&lock->mutex);
    CHECK(rc == 0 || rc == EBUSY);
    if (rc == 0)
        held_ranks |= UINT32_C(1) << lock->rank;
    return rc == 0;
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
lock_wait_ms(struct lock *lock, pthread_cond_t *cond, int64_t timeout_ms)
{
    struct timespec until;

    CHECK(held_ranks == UINT32_C(1) << lock->rank);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    const int rc = pthread_cond_clockwait(cond, &lock->mutex, CLOCK_MONOTONIC, &until);
    CHECK(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

bool
lock_none_held(void)
{
    return held_ranks == 0;
}

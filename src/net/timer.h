/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel: a ring of buckets of one second each, so that setting, moving and unsetting
 * one of 100,000 timers takes a few pointer writes. A timer that is further away than the ring
 * is long stays in its bucket and is skipped once in every turn.
 *
 * This is the plain structure: no locks, no clock, no descriptors. net/poller.c owns the one
 * that serves tasks, under LOCK_TIMERS; task_timer_set is what sessions use.
 */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"

enum { TIMER_BUCKETS = 4096 }; /* seconds in one turn; a power of two */

#define TIMER_NEVER INT64_MAX

struct timer {
    struct list link; /* in its bucket; on no list while unset */
    int64_t due_s;    /* TIMER_NEVER while unset */
};

struct timer_wheel {
    struct list buckets[TIMER_BUCKETS];
    uint64_t used[TIMER_BUCKETS / 64]; /* a bit per bucket that holds something */
    struct list overdue;               /* set for a second already handed out */
    int64_t done_s;                    /* last second handed out */
    size_t count;                      /* timers set */
};

/** now_s: the present second. */
void timer_wheel_init(struct timer_wheel *wheel, int64_t now_s);
void timer_init(struct timer *timer);
/** A due_s in the past is due at the next expiry. Moves it when it is set. */
void timer_set(struct timer_wheel *wheel, struct timer *timer, int64_t due_s);
/** Harmless when it is not set. */
void timer_unset(struct timer_wheel *wheel, struct timer *timer);
bool timer_is_set(const struct timer *timer);
/**
 * Unsets up to max timers that are due at now_s, puts them at out and returns their number. If
 * that is max, there may be more, so call again. now_s never goes back.
 */
MUST_USE size_t timer_wheel_expire(struct timer_wheel *wheel, int64_t now_s, struct timer **out,
                                   size_t max);
/** The earliest second at which something may be due, TIMER_NEVER when nothing is set. Never
 *  late; early only for timers more than a turn away. */
int64_t timer_wheel_next(const struct timer_wheel *wheel);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The poller: one epoll instance, the work threads that wait on it, the run queue and the
 * timer wheel. See net/task.h for what runs on it and docs/threads.md for how.
 */
#ifndef NET_POLLER_H
#define NET_POLLER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "net/task.h"

struct poller_config {
    unsigned threads;          /* 0: poller_default_threads() */
    uint32_t max_tasks;        /* 0: LIMIT_TASKS */
    const struct clock *clock; /* NULL: clock_system. Borrowed. Any other clock is moved by a
                                  test, which then calls poller_tick */
};

/** Counted since poller_new; read without stopping anybody, so not exact to one. */
struct poller_stats {
    uint64_t runs;    /* calls of run functions */
    uint64_t wakes;   /* tasks linked into the run queue by wakes and timers */
    uint64_t signals; /* writes to the eventfd */
    uint64_t timers;  /* timers that fired */
    uint32_t tasks;   /* entered now */
    uint32_t tasks_peak;
    uint32_t queued; /* in the run queue now */
    uint32_t idle;   /* threads waiting now */
    uint32_t threads;
};

/** max(16, 8 x cores this process may use). */
unsigned poller_default_threads(void);
unsigned poller_cores(void);

/** Nothing runs yet; tasks may be entered and begun. Thread: start-up. */
MUST_USE enum rc poller_new(const struct poller_config *config, struct poller **poller_out,
                            struct err *err);
/** Starts the work threads (all signals blocked in them). Thread: start-up. */
MUST_USE enum rc poller_start(struct poller *poller, struct err *err);
/** Every thread ends after its current run and is joined. Tasks stay where they are; their
 * owners then call task_leave. Not from a work thread. */
void poller_stop(struct poller *poller);
/** The poller is stopped and has no tasks. NULL is allowed. */
void poller_free(struct poller *poller);

/** Wakes the tasks whose second has come. The timerfd does this by itself with clock_system.
 *  Thread: any, no locks above LOCK_SLOTS. */
void poller_tick(struct poller *poller);

const struct clock *poller_clock(const struct poller *poller);
unsigned poller_threads(const struct poller *poller);
void poller_stats_get(struct poller *poller, struct poller_stats *stats_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What task.c and poller.c share: the table of tasks with its state words, and the run queue.
 *
 * The table's memory is not freed before the poller is. So a wake or a late epoll event can
 * look at a slot whose task is long gone. The generation in the state word shows that, without
 * a lock and without a pointer into a session.
 */
#ifndef NET_POLLER_PRIVATE_H
#define NET_POLLER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/lock.h"
#include "net/poller.h"
#include "net/task.h"
#include "net/timer.h"

/* State word: generation in the upper 32 bits, then the reasons for the next run (enum
 * task_why) from bit 8, then the state. */
enum {
    STATE_PARKED = 1,
    STATE_WAKING = 2,
    STATE_RUNNING = 3,
    STATE_WOKEN = 4, /* RUNNING_WOKEN */
    STATE_FREE = 0,
    STATE_MASK = 0xff,
    WHY_SHIFT = 8,
};

enum { SLOTS_PER_CHUNK = 1024, SLOT_CHUNKS = LIMIT_TASKS / SLOTS_PER_CHUNK };
#define SLOT_NONE UINT32_MAX
#define ID_EVENTFD UINT64_MAX       /* epoll data of the poller's own descriptors: */
#define ID_TIMERFD (UINT64_MAX - 1) /* slots beyond LIMIT_TASKS, so no task has them */

struct task_slot {
    atomic_uint_fast64_t word;
    struct task *task;   /* of the thread that holds the task; NULL while free */
    struct timer timer;  /* guarded by timer_lock */
    uint32_t queue_next; /* run queue (queue_lock) or list of free slots (table_lock) */
    uint32_t number;     /* its own; constant */
};

/* One per work thread. Its counters are written by it alone. */
struct worker {
    struct poller *poller;
    pthread_t thread;
    unsigned number;
    atomic_uint_fast64_t runs;
    unsigned streak; /* tasks taken from the run queue since epoll was last asked */
};

struct poller {
    int epoll_fd;
    int event_fd; /* edge-triggered: one write wakes one thread; never read */
    int timer_fd; /* edge-triggered; -1 with a clock moved by hand */
    const struct clock *clock;
    atomic_bool stopping;
    unsigned thread_count;
    unsigned threads_started;
    struct worker *workers;

    struct lock queue_lock; /* LOCK_RUN_QUEUE: next six */
    bool stopped;           /* no thread will ever look again: nothing is linked any more */
    uint32_t queue_head;
    uint32_t queue_tail;
    uint32_t queue_len;
    uint64_t wakes;
    uint64_t signals;
    atomic_uint idle;      /* raised under queue_lock when the queue was seen empty */
    atomic_bool signalled; /* an eventfd write is under way to a thread */

    struct lock table_lock; /* LOCK_TASKS: next five */
    uint32_t free_head;
    uint32_t slot_count; /* slots ever made */
    uint32_t task_count;
    uint32_t task_peak;
    uint32_t max_tasks;
    _Atomic(struct task_slot *) chunks[SLOT_CHUNKS];

    struct lock timer_lock; /* LOCK_TIMERS: next three */
    int64_t armed_s;        /* second the timerfd is set to; TIMER_NEVER: off */
    uint64_t timers_fired;
    struct timer_wheel wheel;
};

static inline int64_t
poller_now_s(const struct poller *poller)
{
    return clock_mono_us(poller->clock) / 1000000;
}

/** The slot of that number, or NULL when there never was one. Thread: any. */
struct task_slot *task_slot_at(struct poller *poller, uint32_t slot);
/** Marks the task with why and makes it run: task_wake for all causes. */
bool task_mark(struct poller *poller, uint64_t id, uint32_t why);
/** An epoll event for a parked task: true when this thread now holds it, with the reasons for
 *  the run; false when another will see to it, or nobody has that identity. */
bool task_take_event(struct poller *poller, uint64_t id, uint32_t why, uint32_t *why_out);
/** Runs a task this thread holds until it parks, yields or is gone. */
void task_run(struct poller *poller, uint32_t slot, uint32_t why);
/** Takes a slot just popped from the run queue from WAKING to RUNNING and runs it. */
void task_run_queued(struct poller *poller, uint32_t slot);
/** The present identity of a slot. */
uint64_t task_slot_id(const struct task_slot *slot);

enum { TIMER_BATCH = 128 };
/** Identities of tasks whose second has come, at most TIMER_BATCH at once; fewer: no more are
 *  due, and the timerfd is set for the next. Takes LOCK_TIMERS. */
size_t task_timers_due(struct poller *poller, uint64_t ids[TIMER_BATCH]);

enum queue_signal {
    QUEUE_SIGNAL,  /* wake a thread if one is idle */
    QUEUE_NO_NEED, /* this thread looks at the queue next */
};
/** Appends a slot in state WAKING. Takes LOCK_RUN_QUEUE. */
void queue_push(struct poller *poller, uint32_t slot, enum queue_signal signal);
/** The next slot, or SLOT_NONE: then the caller is counted idle, goes to wait, and takes
 *  itself off the count afterwards. */
uint32_t queue_pop_or_idle(struct poller *poller);

/** Wakes one thread out of its wait: one write to the eventfd. */
void signal_thread(struct poller *poller);

int64_t slice_elapsed_us(void);
void work_thread_set_number(unsigned number);

#endif

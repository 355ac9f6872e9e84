/* SPDX-License-Identifier: MIT */
/*
 * A task has a work thread only while it has work. The struct is a member of its owner (a
 * session, a listener), and mostly sleeps. docs/threads.md explains it in full.
 *
 *                        task_enter
 *                            |  (held by its creator)
 *                            v
 *        +-------------- RUNNING ----------------+  wake, event
 *        | parks            ^  | task_leave      +-------------> RUNNING_WOKEN
 *        v                  |  v                                   |  parks, yields
 *     PARKED -- event ------+ (gone; the generation moves on)      |  (runs again first
 *        |                  ^                                      |  while slice time is left)
 *        | wake, timer      | a work thread takes it               |
 *        +---------------> WAKING <--------------------------------+
 *                          (linked in the run queue; also task_begin and TASK_YIELD)
 *
 * Sometimes there is nothing to do in a run, because wakes are hints and may come late, twice
 * or together. A run function looks at its own state (inbox, buffers, deadlines) each time.
 *
 * Other code refers to a task by its identity, never by a pointer. An identity may safely
 * outlive its task.
 */
#ifndef NET_TASK_H
#define NET_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/wake.h"

struct poller;
struct task;

/** Slot and generation. Generation 0 is nobody. Packed: slot in the upper 32 bits. */
struct task_id {
    uint32_t slot;
    uint32_t gen;
};

/** What a run function asks for. */
enum task_next {
    TASK_PARK_INPUT,  /* until the descriptor has input (or FIN, error), a wake, the timer */
    TASK_PARK_OUTPUT, /* until it takes output (or hang-up, error), a wake, the timer */
    TASK_PARK_WAKE, /* until a wake or the timer; an event armed before may still come, once */
    TASK_YIELD,     /* again soon: to the end of the run queue */
    TASK_GONE,      /* task_leave was called; the task may be freed memory already */
};

/** Why a run happens: bits, of which several may be set. They are only hints. */
enum task_why {
    TASK_WHY_START = 1u << 0,   /* first run after task_begin */
    TASK_WHY_INPUT = 1u << 1,   /* EPOLLIN or EPOLLRDHUP */
    TASK_WHY_OUTPUT = 1u << 2,  /* EPOLLOUT */
    TASK_WHY_HANGUP = 1u << 3,  /* EPOLLHUP */
    TASK_WHY_ERROR = 1u << 4,   /* EPOLLERR: conn_read or conn_flush will say which */
    TASK_WHY_WOKEN = 1u << 5,   /* task_wake */
    TASK_WHY_TIMER = 1u << 6,   /* the timer fired and is unset now; may be a stale one */
    TASK_WHY_YIELDED = 1u << 7, /* goes on after TASK_YIELD */
};

typedef enum task_next (*task_run_fn)(struct task *task, uint32_t why);

struct task {
    struct poller *poller; /* borrowed */
    task_run_fn run;
    uint64_t id;    /* packed; 0 while not entered */
    int fd;         /* borrowed from the owner; -1: none. Constant while entered */
    uint32_t armed; /* what epoll will report; running thread only */
};

static inline uint64_t
task_id_pack(struct task_id id)
{
    return (uint64_t)id.slot << 32 | id.gen;
}

static inline struct task_id
task_id_unpack(uint64_t packed)
{
    return (struct task_id){(uint32_t)(packed >> 32), (uint32_t)packed};
}

/**
 * Gives *task a slot in the table and, if fd is not -1, registers fd with the poller. The
 * caller then holds the task as if it were running it: it may set the timer and publish
 * task->id; wakes are kept. To be followed by task_begin, or by task_leave to give it up.
 *
 * RC_LIMIT: the poller's max_tasks, memory, or the kernel's epoll watches are used up.
 * Thread: any.
 */
MUST_USE enum rc task_enter(struct poller *poller, struct task *task, int fd, task_run_fn run,
                            struct err *err);

/** Links the task into the run queue for its first run (TASK_WHY_START). From here on only the
 * thread that runs it may touch it; the caller must not look at it again. */
void task_begin(struct task *task);

/**
 * Ends the task: its timer is unset, its descriptor removed from epoll, and its identity no
 * longer valid. After this its owner closes the descriptor, frees what it has and returns
 * TASK_GONE from the run function. Thread: the one running it (or its creator before
 * task_begin, or any after poller_stop).
 */
void task_leave(struct task *task);

/**
 * Makes the task run soon, whatever it waits for. False: no task has that identity any more.
 * What was written to the task's inbox before is seen by the run that this causes. Thread:
 * any, with locks up to LOCK_INBOX held (takes LOCK_RUN_QUEUE).
 */
bool task_wake(struct poller *poller, uint64_t id);

/** The same as a struct wake, for code that does not know net/. */
struct wake task_waker(struct poller *poller, uint64_t id);

/**
 * Its one timer: the task is run with TASK_WHY_TIMER once the poller's clock has reached
 * second due_s (clock_mono_us / 1,000,000). Setting again moves it. After it fired it is unset.
 * Keep deadlines in the owner and set the earliest of them before parking; a firing that was
 * already under way when the timer was moved still arrives.
 * Thread: the one running it. Locks up to LOCK_RUN_QUEUE (takes LOCK_TIMERS).
 */
void task_timer_set(struct task *task, int64_t due_s);
void task_timer_unset(struct task *task);

/** Whether epoll is still to report input of the descriptor, also what has come since the run
 * began. Then nothing has to be read now: the task is run again for it. Thread: the one running
 * it. */
bool task_expects_input(const struct task *task);

/** True once the present run has lasted LIMIT_SLICE_US: finish the step and TASK_YIELD. False
 *  on threads that run no task and never called slice_begin. Thread: any; about 30 ns. */
bool slice_spent(void);
/** Starts a slice on a thread that is not a work thread (offline verbs, tests). */
void slice_begin(void);
/** Number of this work thread, from 1; 0 on any other thread. */
unsigned work_thread_number(void);

#endif

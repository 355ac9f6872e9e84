/* SPDX-License-Identifier: MIT */
/*
 * The work threads and what they wait for. Each goes round like this:
 *
 *     take a task from the run queue ------------------------------> run it
 *     none: count as idle, wait in epoll_wait for one event:
 *         a socket                -> the task is RUNNING here -----> run it
 *         the eventfd             -> look at the run queue
 *         the timerfd             -> wake the tasks whose second has come
 *
 * Nobody is woken for nothing: epoll_wait is an exclusive wait, so an event wakes one thread,
 * the one that went to sleep last, whose cache is warm. The eventfd is edge-triggered and
 * never read: a write is one event. It is written only when a task was linked while some
 * thread is idle and no other write is under way; a thread that takes a task and leaves
 * others in the queue wakes the next. A thread that is busy looks at the queue when its run
 * ends.
 *
 * A queue that never runs empty must not hide the sockets: after QUEUE_STREAK tasks, or one
 * that took long, a thread asks epoll without waiting.
 */
#include "net/poller.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"
#include "net/poller_private.h"

enum {
    QUEUE_STREAK = 8,
    LONG_RUN_US = 1000,
    THREAD_STACK_OCTETS = 1 << 20, /* address space; what is touched counts */
};

/* --- timers --- */

void
poller_tick(struct poller *poller)
{
    uint64_t ids[TIMER_BATCH];
    size_t n;

    do {
        n = task_timers_due(poller, ids);
        for (size_t i = 0; i < n; i++)
            task_mark(poller, ids[i], TASK_WHY_TIMER);
    } while (n == TIMER_BATCH);
}

/* --- work threads --- */

static uint32_t
why_of_epoll(uint32_t events)
{
    uint32_t why = 0;

    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0)
        why |= TASK_WHY_INPUT;
    if ((events & EPOLLOUT) != 0)
        why |= TASK_WHY_OUTPUT;
    if ((events & EPOLLHUP) != 0)
        why |= TASK_WHY_HANGUP;
    if ((events & EPOLLERR) != 0)
        why |= TASK_WHY_ERROR;
    return why;
}

static void
count_run(struct worker *worker)
{
    atomic_store_explicit(&worker->runs,
                          atomic_load_explicit(&worker->runs, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static void
handle_event(struct worker *worker, const struct epoll_event *ev)
{
    struct poller *poller = worker->poller;
    uint32_t why = 0;

    if (ev->data.u64 == ID_EVENTFD) {
        atomic_store(&poller->signalled, false); /* before the queue is looked at */
    } else if (ev->data.u64 == ID_TIMERFD) {
        poller_tick(poller);
    } else if (task_take_event(poller, ev->data.u64, why_of_epoll(ev->events), &why)) {
        count_run(worker);
        task_run(poller, task_id_unpack(ev->data.u64).slot, why);
    }
}

static void *
worker_main(void *arg)
{
    struct worker *worker = arg;
    struct poller *poller = worker->poller;
    enum { NO_WAIT = 0, FOREVER = -1 };

    work_thread_set_number(worker->number);
    while (!atomic_load(&poller->stopping)) {
        int timeout = NO_WAIT;
        if (worker->streak < QUEUE_STREAK) {
            const uint32_t slot = queue_pop_or_idle(poller);
            if (slot != SLOT_NONE) {
                count_run(worker);
                task_run_queued(poller, slot);
                worker->streak++;
                if (slice_elapsed_us() > LONG_RUN_US)
                    worker->streak = QUEUE_STREAK;
                continue;
            }
            timeout = FOREVER;
        }
        worker->streak = 0;
        struct epoll_event ev;
        const int n = epoll_wait(poller->epoll_fd, &ev, 1, timeout);
        if (timeout == FOREVER)
            atomic_fetch_sub(&poller->idle, 1);
        if (n > 0)
            handle_event(worker, &ev);
        else
            CHECK(n == 0 || errno == EINTR);
    }
    signal_thread(poller); /* pass it on */
    return NULL;
}

/* --- life --- */

unsigned
poller_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

unsigned
poller_default_threads(void)
{
    const unsigned wanted = 8 * poller_cores();
    return wanted < 16 ? 16 : wanted;
}

static enum rc
watch_own(struct poller *poller, int fd, uint64_t id, struct err *err)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = id};

    if (epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
        return err_set(err, rc_of_errno(errno), errno, "epoll_ctl");
    return RC_OK;
}

static enum rc
open_descriptors(struct poller *poller, struct err *err)
{
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "epoll_create1");
    poller->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->event_fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "eventfd");
    enum rc rc = watch_own(poller, poller->event_fd, ID_EVENTFD, err);
    if (rc != RC_OK || poller->clock != &clock_system)
        return rc;
    poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (poller->timer_fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "timerfd_create");
    return watch_own(poller, poller->timer_fd, ID_TIMERFD, err);
}

enum rc
poller_new(const struct poller_config *config, struct poller **poller_out, struct err *err)
{
    struct poller *poller = calloc(1, sizeof *poller);
    if (poller == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for the poller");

    poller->epoll_fd = poller->event_fd = poller->timer_fd = -1;
    poller->clock = config->clock == NULL ? &clock_system : config->clock;
    poller->thread_count = config->threads == 0 ? poller_default_threads() : config->threads;
    poller->max_tasks = config->max_tasks == 0 || config->max_tasks > LIMIT_TASKS
                            ? LIMIT_TASKS
                            : config->max_tasks;
    lock_init(&poller->queue_lock, LOCK_RUN_QUEUE);
    lock_init(&poller->table_lock, LOCK_TASKS);
    lock_init(&poller->timer_lock, LOCK_TIMERS);
    poller->queue_head = poller->free_head = SLOT_NONE;
    poller->armed_s = TIMER_NEVER;
    timer_wheel_init(&poller->wheel, poller_now_s(poller));

    poller->workers = calloc(poller->thread_count, sizeof *poller->workers);
    enum rc rc = poller->workers == NULL
                     ? err_set(err, RC_LIMIT, 0, "no memory for work threads")
                     : open_descriptors(poller, err);
    if (rc != RC_OK) {
        poller_free(poller);
        return rc;
    }
    *poller_out = poller;
    return RC_OK;
}

static enum rc
start_worker(struct poller *poller, const pthread_attr_t *attr, struct err *err)
{
    struct worker *worker = &poller->workers[poller->threads_started];
    char name[16];

    worker->poller = poller;
    worker->number = poller->threads_started + 1;
    const int failed = pthread_create(&worker->thread, attr, worker_main, worker);
    if (failed != 0)
        return err_set(err, RC_LIMIT, failed, "work thread %u of %u", worker->number,
                       poller->thread_count);
    poller->threads_started++;
    snprintf(name, sizeof name, "work-%u", worker->number);
    pthread_setname_np(worker->thread, name);
    return RC_OK;
}

enum rc
poller_start(struct poller *poller, struct err *err)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t before;
    enum rc rc = RC_OK;

    CHECK(poller->threads_started == 0);
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstacksize(&attr, THREAD_STACK_OCTETS) == 0);
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0); /* threads inherit it */
    while (rc == RC_OK && poller->threads_started < poller->thread_count)
        rc = start_worker(poller, &attr, err);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    pthread_attr_destroy(&attr);
    if (rc != RC_OK)
        poller_stop(poller);
    return rc;
}

void
poller_stop(struct poller *poller)
{
    CHECK(work_thread_number() == 0);
    atomic_store(&poller->stopping, true);
    signal_thread(poller);
    for (unsigned i = 0; i < poller->threads_started; i++)
        CHECK(pthread_join(poller->workers[i].thread, NULL) == 0);
    poller->threads_started = 0;

    /* What is still linked stays WAKING and is simply not linked any more. */
    lock_enter(&poller->queue_lock);
    poller->stopped = true;
    poller->queue_head = SLOT_NONE;
    poller->queue_len = 0;
    lock_leave(&poller->queue_lock);
}

void
poller_free(struct poller *poller)
{
    if (poller == NULL)
        return;
    CHECK(poller->threads_started == 0 && poller->task_count == 0);
    for (size_t i = 0; i < SLOT_CHUNKS; i++)
        free(atomic_load(&poller->chunks[i]));
    lock_done(&poller->queue_lock);
    lock_done(&poller->table_lock);
    lock_done(&poller->timer_lock);
    if (poller->timer_fd >= 0)
        close(poller->timer_fd);
    if (poller->event_fd >= 0)
        close(poller->event_fd);
    if (poller->epoll_fd >= 0)
        close(poller->epoll_fd);
    free(poller->workers);
    free(poller);
}

const struct clock *
poller_clock(const struct poller *poller)
{
    return poller->clock;
}

unsigned
poller_threads(const struct poller *poller)
{
    return poller->thread_count;
}

void
poller_stats_get(struct poller *poller, struct poller_stats *stats_out)
{
    struct poller_stats stats = {
        .threads = poller->thread_count,
        .idle = atomic_load(&poller->idle),
    };

    for (unsigned i = 0; i < poller->thread_count; i++)
        stats.runs += atomic_load_explicit(&poller->workers[i].runs, memory_order_relaxed);
    lock_enter(&poller->queue_lock);
    stats.wakes = poller->wakes;
    stats.signals = poller->signals;
    stats.queued = poller->queue_len;
    lock_leave(&poller->queue_lock);
    lock_enter(&poller->timer_lock);
    stats.timers = poller->timers_fired;
    lock_leave(&poller->timer_lock);
    lock_enter(&poller->table_lock);
    stats.tasks = poller->task_count;
    stats.tasks_peak = poller->task_peak;
    lock_leave(&poller->table_lock);
    *stats_out = stats;
}

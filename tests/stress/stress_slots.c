/* SPDX-License-Identifier: MIT */
/*
 * Tasks that want slots, get them, wait for them and die while waiting or holding a grant.
 * Never more at work than there are slots; none is lost; everybody who stays gets served.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"
#include "net/poller.h"
#include "net/slots.h"

enum { TASKS = 500, ROUNDS = 60, THREADS = 16, CORES = 6, DEADLINE_S = 60 };

struct worker {
    struct task task;
    struct rng rng;
    uint64_t key;
    unsigned rounds;
    bool waiting[SLOT_KINDS];
};

static struct poller *poller;
static struct slots *slots;
static atomic_uint at_work[SLOT_KINDS];
static atomic_uint most[SLOT_KINDS];
static atomic_uint alive;
static atomic_uint served;

static void
work(enum slot_kind kind)
{
    const unsigned now = atomic_fetch_add(&at_work[kind], 1) + 1;
    unsigned seen = atomic_load(&most[kind]);

    while (now > seen && !atomic_compare_exchange_weak(&most[kind], &seen, now))
        continue;
    for (int i = 0; i < 20; i++)
        sched_yield();
    atomic_fetch_sub(&at_work[kind], 1);
    atomic_fetch_add(&served, 1);
}

static enum task_next
worker_end(struct worker *worker)
{
    for (int kind = 0; kind < SLOT_KINDS; kind++)
        if (worker->waiting[kind])
            slot_cancel(slots, (enum slot_kind)kind, worker->task.id);
    task_leave(&worker->task);
    free(worker);
    atomic_fetch_sub(&alive, 1);
    return TASK_GONE;
}

static enum task_next
worker_run(struct task *task, uint32_t why)
{
    struct worker *worker = CONTAINER_OF(task, struct worker, task);

    (void)why;
    while (worker->rounds < ROUNDS) {
        /* One that waits sometimes gives up, granted or not. */
        if (rng_below(&worker->rng, 200) == 0)
            return worker_end(worker);
        enum slot_kind kind = (enum slot_kind)rng_below(&worker->rng, SLOT_KINDS);
        if (worker->waiting[SLOT_DISK])
            kind = SLOT_DISK;
        else if (worker->waiting[SLOT_HASH])
            kind = SLOT_HASH;
        const enum slot_answer answer = slot_take(slots, kind, task->id, worker->key);
        CHECK(answer != SLOT_REFUSED);
        worker->waiting[kind] = answer == SLOT_QUEUED;
        if (answer == SLOT_QUEUED)
            return TASK_PARK_WAKE;
        work(kind);
        slot_give(slots, kind);
        worker->rounds++;
        if (slice_spent())
            return TASK_YIELD;
    }
    return worker_end(worker);
}

int
main(void)
{
    const struct poller_config config = {.threads = THREADS};

    CHECK(poller_new(&config, &poller, NULL) == RC_OK);
    const struct slots_config slots_config = {
        .threads = THREADS, .cores = CORES, .wake = task_waker(poller, 0)};
    CHECK(slots_new(&slots_config, &slots, NULL) == RC_OK);
    CHECK(poller_start(poller, NULL) == RC_OK);
    atomic_store(&alive, TASKS);
    for (size_t i = 0; i < TASKS; i++) {
        struct worker *worker = calloc(1, sizeof *worker);
        CHECK(worker != NULL);
        rng_seed(&worker->rng, i);
        worker->key = i % 17;
        CHECK(task_enter(poller, &worker->task, -1, worker_run, NULL) == RC_OK);
        task_begin(&worker->task);
    }
    const int64_t until_us = clock_mono_us(&clock_system) + DEADLINE_S * INT64_C(1000000);
    while (atomic_load(&alive) > 0) {
        sched_yield();
        CHECK(clock_mono_us(&clock_system) < until_us); /* a grant was lost */
    }
    for (int kind = 0; kind < SLOT_KINDS; kind++) {
        struct slots_stats stats;
        slots_stats_get(slots, (enum slot_kind)kind, &stats);
        CHECK(stats.taken == 0 && stats.queued == 0);
        CHECK(atomic_load(&most[kind]) <= stats.total);
        printf("kind %d: %u slots, at most %u at work\n", kind, stats.total,
               atomic_load(&most[kind]));
    }
    printf("%u times served\n", atomic_load(&served));
    poller_stop(poller);
    poller_free(poller);
    slots_free(slots);
    return 0;
}

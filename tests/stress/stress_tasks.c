/* SPDX-License-Identifier: MIT */
/*
 * No wake is lost and nobody touches the dead. Thousands of tasks, with and without
 * descriptors, park, yield, set timers, end and come back under a new generation, while
 * posters leave messages and wake them. Each posted message must be seen: half of the posters
 * wait for each one by itself, so that a later wake cannot hide a lost one.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/lock.h"
#include "base/rng.h"
#include "net/poller.h"

enum {
    PLACES = 2000,
    WITH_SOCKET = 400, /* the first ones: told by an octet on a socket, not by a wake */
    POSTERS = 8,
    THREADS = 16,
    MESSAGES = 12000, /* of each poster */
    DEADLINE_S = 60,
};

/* Where a task lives, one after the other. Never freed, so posters need no lock to write. */
struct place {
    atomic_uint posted;
    atomic_uint seen;
    atomic_uint_fast64_t id; /* of the task living here now */
    struct lock lock;        /* LOCK_LEAF: far */
    int far;                 /* the posters' end of the socket; -1: none */
};

struct session {
    struct task task;
    struct place *place;
    struct rng rng;
    int near;
};

static struct place places[PLACES];
static struct poller *poller;
static atomic_bool ending; /* no session may be reborn any more */
static atomic_uint alive;
static atomic_uint deaths;

static enum task_next session_run(struct task *task, uint32_t why);

static void
session_start(struct place *place, uint64_t seed)
{
    struct session *session = calloc(1, sizeof *session);
    int fds[2] = {-1, -1};

    CHECK(session != NULL);
    if (place - places < WITH_SOCKET)
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    session->place = place;
    session->near = fds[0];
    rng_seed(&session->rng, seed);
    CHECK(task_enter(poller, &session->task, session->near, session_run, NULL) == RC_OK);
    lock_enter(&place->lock);
    place->far = fds[1];
    lock_leave(&place->lock);
    atomic_store(&place->id, session->task.id);
    atomic_fetch_add(&alive, 1);
    task_begin(&session->task);
}

static void
session_end(struct session *session)
{
    struct place *place = session->place;
    const uint64_t seed = rng_u64(&session->rng);

    task_leave(&session->task);
    lock_enter(&place->lock);
    if (place->far >= 0)
        close(place->far);
    place->far = -1;
    lock_leave(&place->lock);
    if (session->near >= 0)
        close(session->near);
    free(session); /* at once: a late wake must not look at it */
    atomic_fetch_sub(&alive, 1);
    atomic_fetch_add(&deaths, 1);
    if (!atomic_load(&ending))
        session_start(place, seed);
}

static enum task_next
session_run(struct task *task, uint32_t why)
{
    struct session *session = CONTAINER_OF(task, struct session, task);
    char sink[256];

    (void)why;
    if (session->near >= 0)
        while (recv(session->near, sink, sizeof sink, 0) > 0)
            continue;
    const unsigned posted = atomic_load(&session->place->posted);
    if (atomic_load(&session->place->seen) != posted)
        atomic_store(&session->place->seen, posted);
    if (atomic_load(&ending)) {
        session_end(session);
        return TASK_GONE;
    }
    switch (rng_below(&session->rng, 64)) {
    case 0:
        session_end(session);
        return TASK_GONE;
    case 1:
    case 2:
        return TASK_YIELD;
    case 3:
        return TASK_PARK_OUTPUT; /* there is room: comes back at once */
    case 4:
        task_timer_set(task, clock_mono_us(&clock_system) / 1000000 +
                                 (int64_t)rng_below(&session->rng, 3));
        break;
    case 5:
        task_timer_unset(task);
        break;
    default:
        break;
    }
    return session->near >= 0 ? TASK_PARK_INPUT : TASK_PARK_WAKE;
}

static void
tell(struct place *place)
{
    if (place - places >= WITH_SOCKET) {
        task_wake(poller, atomic_load(&place->id)); /* of a dead one: the next one looks */
        return;
    }
    lock_enter(&place->lock);
    if (place->far >= 0)
        (void)!send(place->far, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* full: told already */
    lock_leave(&place->lock);
}

static void
await_seen(struct place *place, unsigned posted)
{
    const int64_t until_us = clock_mono_us(&clock_system) + DEADLINE_S * INT64_C(1000000);

    while ((int)(atomic_load(&place->seen) - posted) < 0) {
        sched_yield();
        if (clock_mono_us(&clock_system) > until_us) {
            fprintf(stderr, "place %td: %u posted, %u seen: a wake was lost\n", place - places,
                    atomic_load(&place->posted), atomic_load(&place->seen));
            abort();
        }
    }
}

static void *
poster_main(void *arg)
{
    const size_t number = (size_t)(uintptr_t)arg;
    struct rng rng;

    rng_seed(&rng, number + 1);
    for (int i = 0; i < MESSAGES; i++) {
        /* A few places get most of the wakes, so that wakes meet runs. */
        const size_t range = rng_below(&rng, 2) == 0 ? 16 : PLACES;
        struct place *place =
            &places[rng_below(&rng, 2) == 0 ? rng_below(&rng, range)
                                            : PLACES - 1 - rng_below(&rng, range)];
        const unsigned posted = atomic_fetch_add(&place->posted, 1) + 1;
        tell(place);
        if (number % 2 == 0)
            await_seen(place, posted);
    }
    return NULL;
}

int
main(void)
{
    const struct poller_config config = {.threads = THREADS};
    pthread_t posters[POSTERS];
    struct poller_stats stats;

    CHECK(poller_new(&config, &poller, NULL) == RC_OK);
    CHECK(poller_start(poller, NULL) == RC_OK);
    for (size_t i = 0; i < PLACES; i++) {
        lock_init(&places[i].lock, LOCK_LEAF);
        session_start(&places[i], i);
    }
    for (size_t i = 0; i < POSTERS; i++)
        CHECK(pthread_create(&posters[i], NULL, poster_main, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < POSTERS; i++)
        CHECK(pthread_join(posters[i], NULL) == 0);
    for (size_t i = 0; i < PLACES; i++)
        await_seen(&places[i], atomic_load(&places[i].posted));

    atomic_store(&ending, true);
    while (atomic_load(&alive) > 0) {
        for (size_t i = 0; i < PLACES; i++)
            task_wake(poller, atomic_load(&places[i].id));
        sched_yield();
    }
    poller_stats_get(poller, &stats);
    printf("%d messages seen, %u deaths, %ju runs, %ju wakes, %ju signals, %ju timers\n",
           POSTERS * MESSAGES, atomic_load(&deaths), (uintmax_t)stats.runs,
           (uintmax_t)stats.wakes, (uintmax_t)stats.signals, (uintmax_t)stats.timers);
    poller_stop(poller);
    poller_stats_get(poller, &stats);
    CHECK(stats.tasks == 0);
    poller_free(poller);
    return 0;
}

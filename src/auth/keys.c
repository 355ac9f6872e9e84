/* SPDX-License-Identifier: MIT */
/*
 * A ring of jobs under a lock, and one thread. Keys are computed under SCHED_IDLE, so that
 * logins never wait for that. They are not written under it, because others may be waiting for
 * the registry. The ring is kept out of core dumps and, where the system allows it, out of the
 * swap.
 */
#include "auth/keys.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/limits.h"
#include "base/lock.h"

struct job {
    uint64_t account_id;
    uint64_t generation;
    int64_t queued_ms;
    uint32_t octets;
    char password[LIMIT_PASSWORD];
};

struct key_maker {
    struct registry *registry;
    struct password_policy policy;
    const struct clock *clock;
    pthread_t thread;
    atomic_uint hushes;     /* verifications so far */
    struct lock lock;       /* LOCK_LEAF; guards what follows */
    pthread_cond_t changed; /* work has arrived, or is done, or it is time to stop */
    bool stop;
    bool busy;
    uint32_t first;
    uint32_t count;
    struct job *jobs; /* LIMIT_KEY_QUEUE of them; mapped */
};

enum { RING_OCTETS = LIMIT_KEY_QUEUE * sizeof(struct job) };

static void
priority_set(pthread_t thread, int policy)
{
    const struct sched_param param = {.sched_priority = 0};

    /* if refused, the thread only competes more */
    (void)pthread_setschedparam(thread, policy, &param);
}

/* Takes the oldest job out of the ring. With the lock held. */
static void
job_take(struct key_maker *maker, struct job *job_out)
{
    struct job *job = &maker->jobs[maker->first];

    memcpy(job_out, job, sizeof *job_out);
    password_wipe(job, sizeof *job);
    maker->first = (maker->first + 1) % LIMIT_KEY_QUEUE;
    maker->count--;
}

/* Drops passwords that have waited for too long. With the lock held. */
static void
old_jobs_drop(struct key_maker *maker)
{
    const int64_t now_ms = clock_mono_ms(maker->clock);
    struct job job;

    while (maker->count > 0 && now_ms - maker->jobs[maker->first].queued_ms > LIMIT_KEY_WAIT_MS)
        job_take(maker, &job);
    password_wipe(&job, sizeof job);
}

static void
make(struct key_maker *maker, const struct job *job)
{
    struct password_policy policy = maker->policy;
    struct registry_account account;
    struct scram_keys keys = {0};

    /* Application passwords may use a salt already. */
    if (registry_find_id(maker->registry, job->account_id, &account, NULL) != RC_OK)
        return;
    policy.salt = &account.scram;
    priority_set(pthread_self(), SCHED_IDLE);
    const enum rc rc =
        password_scram(&policy, span_of(job->password, job->octets), &keys, NULL);
    priority_set(pthread_self(), SCHED_OTHER);
    /* A failure changes nothing: the next login tries again. */
    if (rc == RC_OK)
        (void)(registry_set_scram(maker->registry, job->account_id, job->generation, &keys,
                                  NULL) == RC_OK);
    password_wipe(&keys, sizeof keys);
}

/* Waits until nobody has verified a password for LIMIT_KEY_QUIET_MS, but not for ever. With the
 * lock held. *heard: the number of hushes that it waited for. */
static void
quiet_await(struct key_maker *maker, unsigned *heard)
{
    int64_t now_ms = clock_mono_ms(maker->clock);
    const int64_t until_ms = now_ms + LIMIT_KEY_PATIENCE_MS;

    while (!maker->stop && now_ms < until_ms && atomic_load(&maker->hushes) != *heard) {
        *heard = atomic_load(&maker->hushes);
        const int64_t quiet_ms = now_ms + LIMIT_KEY_QUIET_MS;
        while (!maker->stop && now_ms < quiet_ms) {
            (void)lock_wait_ms(&maker->lock, &maker->changed, quiet_ms - now_ms);
            now_ms = clock_mono_ms(maker->clock);
        }
    }
}

static void *
maker_run(void *arg)
{
    struct key_maker *maker = arg;
    unsigned heard = 0;
    struct job job;

    lock_enter(&maker->lock);
    while (!maker->stop) {
        if (maker->count > 0)
            quiet_await(maker, &heard);
        old_jobs_drop(maker);
        if (maker->count == 0 || maker->stop) {
            pthread_cond_broadcast(&maker->changed);
            if (!maker->stop)
                lock_wait(&maker->lock, &maker->changed);
            continue;
        }
        maker->busy = true;
        job_take(maker, &job);
        lock_leave(&maker->lock);
        make(maker, &job);
        password_wipe(&job, sizeof job);
        lock_enter(&maker->lock);
        maker->busy = false;
        pthread_cond_broadcast(&maker->changed);
    }
    lock_leave(&maker->lock);
    return NULL;
}

static bool
is_queued(const struct key_maker *maker, uint64_t account_id)
{
    for (uint32_t i = 0; i < maker->count; i++)
        if (maker->jobs[(maker->first + i) % LIMIT_KEY_QUEUE].account_id == account_id)
            return true;
    return false;
}

void
key_maker_add(struct key_maker *maker, const struct registry_account *account,
              struct span password)
{
    if (password.len == 0 || password.len > LIMIT_PASSWORD)
        return;
    lock_enter(&maker->lock);
    if (!maker->stop && maker->count < LIMIT_KEY_QUEUE && !is_queued(maker, account->id)) {
        struct job *job = &maker->jobs[(maker->first + maker->count) % LIMIT_KEY_QUEUE];
        *job = (struct job){.account_id = account->id,
                            .generation = account->password_generation,
                            .queued_ms = clock_mono_ms(maker->clock),
                            .octets = (uint32_t)password.len};
        memcpy(job->password, password.ptr, password.len);
        maker->count++;
        pthread_cond_broadcast(&maker->changed);
    }
    lock_leave(&maker->lock);
}

void
key_maker_hush(struct key_maker *maker)
{
    atomic_fetch_add(&maker->hushes, 1);
}

bool
key_maker_settle(struct key_maker *maker, int64_t wait_ms)
{
    lock_enter(&maker->lock);
    while ((maker->count > 0 || maker->busy) &&
           lock_wait_ms(&maker->lock, &maker->changed, wait_ms)) {
    }
    const bool settled = maker->count == 0 && !maker->busy;
    lock_leave(&maker->lock);
    return settled;
}

enum rc
key_maker_new(struct registry *registry, const struct password_policy *policy,
              const struct clock *clock, struct key_maker **out, struct err *err)
{
    struct key_maker *maker = calloc(1, sizeof *maker);

    if (maker == NULL)
        return err_set(err, RC_LIMIT, 0, "logins: no memory");
    maker->registry = registry;
    maker->policy = *policy;
    maker->clock = clock;
    maker->jobs =
        mmap(NULL, RING_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (maker->jobs == MAP_FAILED) {
        free(maker);
        return err_set(err, RC_LIMIT, 0, "logins: no memory");
    }
    (void)madvise(maker->jobs, RING_OCTETS, MADV_DONTDUMP);
    (void)mlock(maker->jobs, RING_OCTETS);
    lock_init(&maker->lock, LOCK_LEAF);
    pthread_cond_init(&maker->changed, NULL);
    const int failed = pthread_create(&maker->thread, NULL, maker_run, maker);
    if (failed != 0) {
        munmap(maker->jobs, RING_OCTETS);
        free(maker);
        return err_set(err, RC_LIMIT, failed, "logins: thread for keys");
    }
    *out = maker;
    return RC_OK;
}

void
key_maker_free(struct key_maker *maker)
{
    if (maker == NULL)
        return;
    lock_enter(&maker->lock);
    maker->stop = true;
    if (maker->busy)
        priority_set(maker->thread, SCHED_OTHER); /* it must end now */
    pthread_cond_broadcast(&maker->changed);
    lock_leave(&maker->lock);
    pthread_join(maker->thread, NULL);
    password_wipe(maker->jobs, RING_OCTETS);
    munmap(maker->jobs, RING_OCTETS);
    pthread_cond_destroy(&maker->changed);
    lock_done(&maker->lock);
    free(maker);
}

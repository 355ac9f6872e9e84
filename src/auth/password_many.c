/* SPDX-License-Identifier: MIT */
/*
 * See the header. The threads share only the number of the next job. A thread that takes a
 * number owns that job until all threads are joined.
 */
#include "auth/password_many.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* threads with the default priority get ten times as much processor time */
enum { HASHING_NICE = 10 };

struct hashing {
    const struct password_policy *policy;
    struct password_job *jobs;
    size_t count;
    enum hashing_priority priority;
    atomic_size_t next;
};

static void
jobs_do(struct hashing *hashing)
{
    size_t i;

    while ((i = atomic_fetch_add(&hashing->next, 1)) < hashing->count) {
        struct password_job *job = &hashing->jobs[i];
        job->err = (struct err){.rc = RC_OK};
        /* The reason of a failure stays in the job. */
        job->err.rc =
            password_new(hashing->policy, job->password, job->crypt, &job->scram, &job->err);
    }
}

static void *
hashing_run(void *arg)
{
    struct hashing *hashing = arg;

    /* On Linux this affects only the calling thread. If it is refused, the thread only competes
     * more. */
    if (hashing->priority == HASHING_BEHIND_LOGINS)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), HASHING_NICE);
    jobs_do(hashing);
    return NULL;
}

void
password_new_many(const struct password_policy *policy, struct password_job *jobs, size_t count,
                  unsigned threads, enum hashing_priority priority)
{
    struct hashing hashing = {
        .policy = policy, .jobs = jobs, .count = count, .priority = priority};
    const size_t wanted = threads < count ? threads : count;
    pthread_t *started = calloc(wanted == 0 ? 1 : wanted, sizeof *started);
    size_t running = 0;

    while (started != NULL && running < wanted &&
           pthread_create(&started[running], NULL, hashing_run, &hashing) == 0)
        running++;
    if (running == 0)
        jobs_do(&hashing);
    for (size_t i = 0; i < running; i++)
        pthread_join(started[i], NULL);
    free(started);
}

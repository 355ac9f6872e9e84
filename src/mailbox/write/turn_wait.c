/* SPDX-License-Identifier: MIT */
/* Blocking on the turn: a wake sets a flag and signals. See the header. */
#include "mailbox/write/turn_wait.h"

static void
on_wake(void *ctx, uint64_t id)
{
    struct turn_waiter *waiter = ctx;

    (void)id;
    pthread_mutex_lock(&waiter->mutex);
    waiter->woken = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->mutex);
}

void
turn_waiter_init(struct turn_waiter *waiter)
{
    pthread_mutex_init(&waiter->mutex, NULL);
    pthread_cond_init(&waiter->changed, NULL);
    waiter->woken = false;
}

void
turn_waiter_done(struct turn_waiter *waiter)
{
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_destroy(&waiter->mutex);
}

struct wake
turn_waiter_wake(struct turn_waiter *waiter)
{
    return (struct wake){.fn = on_wake, .ctx = waiter};
}

void
turn_waiter_sleep(struct turn_waiter *waiter)
{
    pthread_mutex_lock(&waiter->mutex);
    while (!waiter->woken)
        pthread_cond_wait(&waiter->changed, &waiter->mutex);
    waiter->woken = false;
    pthread_mutex_unlock(&waiter->mutex);
}

void
turn_run_wait(struct account *acct, struct turn_req *req, struct turn_waiter *waiter)
{
    while (turn_run(acct, req) == RC_AGAIN)
        turn_waiter_sleep(waiter);
}

/* SPDX-License-Identifier: MIT */
/* See the header. The lock guards stop and is not held during a call. */
#include "base/ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/lock.h"

enum { TICK_MS = 1000 };

struct ticker {
    void (*tick)(void *ctx, uint64_t number);
    void *ctx; /* borrowed */
    pthread_t thread;
    struct lock lock;
    pthread_cond_t changed;
    bool stop; /* lock */
};

/* False: it is time to stop. */
static bool
wait_a_tick(struct ticker *ticker)
{
    bool passed = false;

    lock_enter(&ticker->lock);
    while (!ticker->stop && !passed)
        passed = !lock_wait_ms(&ticker->lock, &ticker->changed, TICK_MS);
    const bool go_on = !ticker->stop;
    lock_leave(&ticker->lock);
    return go_on;
}

static void *
run(void *arg)
{
    struct ticker *ticker = arg;

    for (uint64_t number = 1; wait_a_tick(ticker); number++)
        ticker->tick(ticker->ctx, number);
    return NULL;
}

static void
ticker_free(struct ticker *ticker)
{
    pthread_cond_destroy(&ticker->changed);
    lock_done(&ticker->lock);
    free(ticker);
}

enum rc
ticker_start(struct ticker **out, const char *what, void (*tick)(void *ctx, uint64_t number),
             void *ctx, struct err *err)
{
    struct ticker *ticker = calloc(1, sizeof *ticker);

    if (ticker == NULL)
        return err_set(err, RC_LIMIT, 0, "%s: no memory", what);
    ticker->tick = tick;
    ticker->ctx = ctx;
    lock_init(&ticker->lock, LOCK_LEAF);
    pthread_cond_init(&ticker->changed, NULL);
    const int failed = pthread_create(&ticker->thread, NULL, run, ticker);
    if (failed != 0) {
        ticker_free(ticker);
        return err_set(err, RC_LIMIT, failed, "%s: thread", what);
    }
    *out = ticker;
    return RC_OK;
}

void
ticker_stop(struct ticker *ticker)
{
    if (ticker == NULL)
        return;
    lock_enter(&ticker->lock);
    ticker->stop = true;
    lock_leave(&ticker->lock);
    pthread_cond_signal(&ticker->changed);
    pthread_join(ticker->thread, NULL);
    ticker_free(ticker);
}

/* SPDX-License-Identifier: MIT */
/*
 * See the header. Purging goes round all accounts, a few a second, so that each is visited
 * about twice a day whatever their number; a visit is a short write in the account's turn,
 * behind whoever is waiting for it.
 */
#include "daemon/housekeeping.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mailbox/ops.h"
#include "mailbox/turn_wait.h"

enum {
    EVICT_EVERY_S = 30,
    ROUND_S = 43200,      /* for all accounts */
    PURGE_STEPS_MAX = 50, /* of one visit */
    VISITS_MAX = 20,      /* a second */
};

struct housekeeping {
    struct house *house;
    struct live *live;
    pthread_t thread;
    struct turn_waiter waiter;
    pthread_mutex_t mutex; /* with changed: guards stop */
    pthread_cond_t changed;
    bool stop;
    char after[REGISTRY_NAME_OCTETS]; /* the thread's: last account visited */
};

/* One step of purging through the account's turn. True: there is more. */
static bool
purge_step(struct housekeeping *hk, struct account *acct)
{
    struct purge_op op;

    purge_op_init(&op, turn_waiter_wake(&hk->waiter));
    turn_run_wait(acct, &op.turn, &hk->waiter);
    return op.turn.result == RC_OK && op.more;
}

static void
visit(struct housekeeping *hk, uint64_t account_id)
{
    struct account *acct = NULL;

    if (account_get(hk->house->accounts, account_id, &acct) != RC_OK)
        return;
    for (int step = 0; step < PURGE_STEPS_MAX && purge_step(hk, acct); step++) {
    }
    account_put(acct);
}

/* This second's share of the round. */
static void
visit_some(struct housekeeping *hk, uint64_t second)
{
    struct registry_account rows[VISITS_MAX];
    struct registry *registry = hk->house->registry;
    uint64_t enabled = 0;
    uint64_t without_scram = 0;
    size_t count = 0;

    if (registry_count(registry, &enabled, &without_scram, NULL) != RC_OK || enabled == 0)
        return;
    const uint64_t every_s = ROUND_S / enabled;
    if (every_s > 1 && second % every_s != 0)
        return;
    const uint64_t want = 1 + enabled / ROUND_S;
    if (registry_list(registry, span_of_str(hk->after), want < VISITS_MAX ? want : VISITS_MAX,
                      rows, &count, NULL) != RC_OK)
        return;
    for (size_t i = 0; i < count; i++)
        visit(hk, rows[i].id);
    if (count == 0)
        hk->after[0] = '\0';
    else
        memcpy(hk->after, rows[count - 1].name, sizeof hk->after);
}

/* Waits a second; false: stop. */
static bool
second_wait(struct housekeeping *hk)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&hk->mutex);
    while (!hk->stop && pthread_cond_timedwait(&hk->changed, &hk->mutex, &until) != ETIMEDOUT) {
    }
    const bool stop = hk->stop;
    pthread_mutex_unlock(&hk->mutex);
    return !stop;
}

static void *
keep_house(void *arg)
{
    struct housekeeping *hk = arg;

    for (uint64_t second = 1; second_wait(hk); second++) {
        live_tick(hk->live);
        if (second % EVICT_EVERY_S == 0) {
            accounts_evict(hk->house->accounts);
            store_evict(hk->house->store);
        }
        visit_some(hk, second);
    }
    return NULL;
}

enum rc
housekeeping_start(struct house *house, struct live *live, struct housekeeping **out,
                   struct err *err)
{
    struct housekeeping *hk = calloc(1, sizeof *hk);

    if (hk == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    hk->house = house;
    hk->live = live;
    turn_waiter_init(&hk->waiter);
    pthread_mutex_init(&hk->mutex, NULL);
    pthread_cond_init(&hk->changed, NULL);
    const int failed = pthread_create(&hk->thread, NULL, keep_house, hk);
    if (failed != 0) {
        free(hk);
        return err_set(err, RC_LIMIT, failed, "housekeeping thread");
    }
    *out = hk;
    return RC_OK;
}

void
housekeeping_stop(struct housekeeping *hk)
{
    if (hk == NULL)
        return;
    pthread_mutex_lock(&hk->mutex);
    hk->stop = true;
    pthread_cond_signal(&hk->changed);
    pthread_mutex_unlock(&hk->mutex);
    pthread_join(hk->thread, NULL);
    pthread_cond_destroy(&hk->changed);
    pthread_mutex_destroy(&hk->mutex);
    turn_waiter_done(&hk->waiter);
    free(hk);
}

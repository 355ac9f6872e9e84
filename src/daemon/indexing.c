/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "daemon/indexing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/extractor.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/search/indexer.h"
#include "store/room.h"

enum {
    NICENESS = 19, /* its share of a busy processor is 1.5 % */
    WAIT_MS = 60000,
    STEPS_AT_ONCE = 64, /* in one account, while others wait */
    FULL_WAIT_MS = 30000,
    REST_MAX_MS = 200, /* after a step, which itself takes some tens of milliseconds */
    ANEW_MAX = 2, /* times that an index is made anew in one visit, if that does not help */
};

struct indexing {
    struct house *house; /* borrowed */
    pthread_t thread;
    atomic_bool stopping;
    struct lock lock;
    pthread_cond_t changed; /* with lock: stopping */

    /* Used only by the thread. */
    struct log_scope log;
    struct turn_waiter waiter;
    bool is_full; /* the disk is, and this was logged */
};

static bool
is_stopping(struct indexing *indexing)
{
    return atomic_load(&indexing->stopping);
}

/* Sleeps, or is woken when it is time to stop. */
static void
rest(struct indexing *indexing, int64_t ms)
{
    bool passed = false;

    lock_enter(&indexing->lock);
    while (!is_stopping(indexing) && !passed)
        passed = !lock_wait_ms(&indexing->lock, &indexing->changed, ms);
    lock_leave(&indexing->lock);
}

/* ---- one account ---- */

/* Whether it has enough messages, or attachments can only be found by an index. An account that
 * cannot be read is not worth it. */
static bool
is_worth_it(struct indexing *indexing, struct account *acct)
{
    struct quota_amounts usage = {.of = {0}};
    struct store_tx *tx = NULL;
    enum rc rc;

    while ((rc = store_read_begin(account_store(acct), turn_waiter_wake(&indexing->waiter), &tx,
                                  NULL)) == RC_AGAIN)
        turn_waiter_sleep(&indexing->waiter);
    if (rc == RC_OK)
        rc = store_usage(tx, &usage, NULL);
    store_end(tx);
    return rc == RC_OK &&
           (indexing->house->extractor != NULL ||
            usage.of[QUOTA_MESSAGE] >= indexing->house->config->search_index_from);
}

static void
tell_anew(struct indexing *indexing, uint64_t account_id, enum indexer_why why)
{
    log_put(&indexing->log, why == INDEXER_WRONG ? LOG_E_INDEX_WRONG : LOG_E_INDEX_ANEW,
            "index of account %ju is made anew: %s", (uintmax_t)account_id,
            indexer_why_text(why));
}

static void
tell_added(struct indexing *indexing, uint64_t account_id, const struct indexer *indexer,
           int64_t began_us)
{
    struct indexer_progress progress;

    indexer_progress(indexer, &progress);
    if (progress.added > 0)
        log_put(&indexing->log, LOG_E_INDEX_ADDED,
                "index of account %ju: %ju messages added in %jd s, %ju of them unsure",
                (uintmax_t)account_id, (uintmax_t)progress.added,
                (intmax_t)((clock_mono_us(&clock_system) - began_us) / 1000000),
                (uintmax_t)progress.unsure);
}

/* On a full disk, what there is belongs to mail. It is tried again later. */
static void
tell_full(struct indexing *indexing, uint64_t account_id)
{
    if (!indexing->is_full)
        log_put(&indexing->log, LOG_E_INDEX_FAILED,
                "index of account %ju: the disk is full; it waits for room",
                (uintmax_t)account_id);
    indexing->is_full = true;
}

enum visit { VISIT_OVER, VISIT_AGAIN, VISIT_WAIT };

/* Rests as long as a step took, so that half of the time the disk is for others, too. */
static void
rest_after(struct indexing *indexing, int64_t began_us)
{
    const int64_t took_ms = (clock_mono_us(&clock_system) - began_us) / 1000;

    rest(indexing, took_ms < 1 ? 1 : took_ms > REST_MAX_MS ? REST_MAX_MS : took_ms);
}

/* Steps of an account, until it is done, others wait, or it is time to stop. */
static enum visit
run_steps(struct indexing *indexing, uint64_t account_id, struct indexer *indexer)
{
    enum indexer_outcome outcome = INDEXER_MORE;
    struct err err = {.rc = RC_OK};
    unsigned anew = 0;

    for (unsigned steps = 0; steps < STEPS_AT_ONCE; steps++) {
        if (is_stopping(indexing))
            return VISIT_OVER;
        if (room_is_wanted(indexing->house->room)) {
            tell_full(indexing, account_id);
            return VISIT_WAIT;
        }
        const int64_t began_us = clock_mono_us(&clock_system);
        const enum rc rc = indexer_step(indexer, &indexing->waiter, &outcome, &err);
        if (rc == RC_FULL) {
            tell_full(indexing, account_id);
            return VISIT_WAIT;
        }
        if (rc == RC_BUSY) /* an administrator has it made */
            return VISIT_OVER;
        if (rc != RC_OK) {
            log_put(&indexing->log, LOG_E_INDEX_FAILED, "index of account %ju: %s",
                    (uintmax_t)account_id, err.text);
            return VISIT_OVER;
        }
        indexing->is_full = false;
        if (outcome == INDEXER_ANEW)
            tell_anew(indexing, account_id, indexer_why(indexer));
        if (outcome == INDEXER_DONE || (outcome == INDEXER_ANEW && ++anew == ANEW_MAX))
            return VISIT_OVER;
        rest_after(indexing, began_us);
    }
    return VISIT_AGAIN;
}

static enum visit
index_account(struct indexing *indexing, uint64_t account_id, struct account *acct)
{
    const struct indexer_options options = {
        .indexes = indexing->house->indexes,
        .acct = account_store(acct),
        .rng = &rng_system,
        .counts = &indexing->house->index_counts,
        .extract = extractor_extract(indexing->house->extractor),
    };
    const int64_t began_us = clock_mono_us(&clock_system);
    struct indexer *indexer = NULL;

    if (!is_worth_it(indexing, acct) || indexer_open(&options, &indexer, NULL) != RC_OK)
        return VISIT_OVER;
    const enum visit result = run_steps(indexing, account_id, indexer);
    tell_added(indexing, account_id, indexer, began_us);
    indexer_close(indexer);
    return result;
}

static void
visit(struct indexing *indexing, uint64_t account_id)
{
    struct account *acct = NULL;

    if (account_get(indexing->house->accounts, account_id, &acct) != RC_OK)
        return;
    const enum visit result = index_account(indexing, account_id, acct);
    account_put(acct);
    if (result != VISIT_OVER)
        index_wishes_put(indexing->house->wishes, account_id);
    if (result == VISIT_WAIT)
        rest(indexing, FULL_WAIT_MS);
}

/* ---- the thread ---- */

static void *
run(void *arg)
{
    struct indexing *indexing = arg;
    uint64_t account_id = 0;

    /* Of this thread alone. If it is not allowed, the thread is as the others. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    while (!is_stopping(indexing))
        if (index_wishes_take(indexing->house->wishes, WAIT_MS, &account_id))
            visit(indexing, account_id);
    return NULL;
}

static void
indexing_free(struct indexing *indexing)
{
    turn_waiter_done(&indexing->waiter);
    pthread_cond_destroy(&indexing->changed);
    lock_done(&indexing->lock);
    free(indexing);
}

enum rc
indexing_start(struct house *house, struct indexing **out, struct err *err)
{
    struct indexing *indexing = calloc(1, sizeof *indexing);

    if (indexing == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    indexing->house = house;
    log_scope_init(&indexing->log, house->log, LOG_SERVER, 0);
    turn_waiter_init(&indexing->waiter);
    lock_init(&indexing->lock, LOCK_LEAF);
    pthread_cond_init(&indexing->changed, NULL);
    index_wishes_go(house->wishes);
    const int error = pthread_create(&indexing->thread, NULL, run, indexing);
    if (error != 0) {
        indexing_free(indexing);
        return err_set(err, RC_LIMIT, error, "thread for indexing");
    }
    *out = indexing;
    return RC_OK;
}

void
indexing_stop(struct indexing *indexing)
{
    if (indexing == NULL)
        return;
    lock_enter(&indexing->lock);
    atomic_store(&indexing->stopping, true);
    pthread_cond_broadcast(&indexing->changed);
    lock_leave(&indexing->lock);
    extractor_stop(indexing->house->extractor);
    index_wishes_stop(indexing->house->wishes);
    pthread_join(indexing->thread, NULL);
    indexing_free(indexing);
}

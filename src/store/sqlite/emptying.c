/* SPDX-License-Identifier: MIT */
/*
 * See the header. One thread works through the list, one account at a time. After each account
 * it rests for as long as the account took, unless BACKLOG logs wait, because then later
 * deliveries would pay for the rest by reading long logs. The thread is not niced, as on a busy
 * machine it would never run. It uses the account's writer without the turn: `keeping` makes
 * the holder of the turn wait in the meantime, and readers are held off as for any truncation.
 *
 * If something fails, the log stays as it is. Nothing that was acknowledged depends on it, the
 * account's next commit will say what is wrong, and the log is noted again when the account is
 * closed.
 */
#include "store/sqlite/emptying.h"

#include "db/log_memo.h"
#include "store/sqlite/account.h"

enum {
    IDLE_WAIT_MS = 1000, /* by then a small log may be old enough */
    BACKLOG = 50,        /* from so many large logs on, it does not rest */
};

/* ---- one log ---- */

/* Takes the account's writer. False: it is in use, so its user takes care of the log. */
static bool
keep_begin(struct sqlite_account *acct)
{
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    const bool is_free = acct->setup != SETUP_BUSY && !acct->writer_busy;
    if (is_free)
        acct->writer_busy = acct->keeping = true;
    lock_leave(&shard->lock);
    return is_free;
}

/* Gives the writer and the account back. */
static void
keep_end(struct sqlite_account *acct)
{
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    acct->writer_busy = acct->keeping = false;
    acct->refs--;
    pthread_cond_broadcast(&shard->changed);
    account_free_if_unused(shard, acct);
    lock_leave(&shard->lock);
}

/* Uses a handle for this purpose only, so that the cache keeps what it has. A quiet account's
 * log gives most of its blocks back, because there may be a hundred thousand such logs. */
static void
empty_closed(struct sqlite_account *acct, const struct log_due *due)
{
    struct handle *handle = NULL;

    if (fds_take(acct->store, NULL) != RC_OK)
        return;
    if (handle_open_plain(acct, due->memo, &handle, NULL) == RC_OK) {
        if (due->quiet)
            db_log_keep(handle->db, LIMIT_LOG_QUIET_OCTETS);
        log_empty(acct, handle->db);
        handle_part(acct->store, handle);
    } else {
        fds_give(acct->store);
    }
}

static void
empty_one(struct sqlite_store *store, const struct log_due *due)
{
    struct store_account *base = NULL;

    if (sqlite_account_get(&store->base, due->account_id, &base) != RC_OK)
        return;
    struct sqlite_account *acct = sqlite_account_of(base);
    if (!keep_begin(acct)) {
        sqlite_account_put(base);
        return;
    }
    if (acct->writer != NULL) {
        log_empty(acct, acct->writer->db);
        acct->checkpoint_at_octets = 0;
    } else {
        empty_closed(acct, due);
    }
    keep_end(acct);
}

bool
emptying_step(struct sqlite_store *store, bool all)
{
    struct log_due due;

    if (!logs_take(store, all, &due))
        return false;
    empty_one(store, &due);
    log_memo_free(due.memo);
    return true;
}

/* ---- the thread ---- */

static bool
stopping(struct logs *logs)
{
    lock_enter(&logs->lock);
    const bool stop = logs->stop;
    lock_leave(&logs->lock);
    return stop;
}

/* Waits until a large log is noted, accounts are to be made, or a small log may be old enough.
 * False: stop. */
static bool
wait_for_work(struct logs *logs)
{
    lock_enter(&logs->lock);
    if (!logs->stop && !logs->woken && list_is_empty(&logs->large))
        (void)lock_wait_ms(&logs->lock, &logs->changed, IDLE_WAIT_MS);
    logs->woken = false;
    const bool stop = logs->stop;
    lock_leave(&logs->lock);
    return !stop;
}

/* Leaves the disk to others for a while, unless far too many logs wait or accounts are to be
 * made. False: stop. */
static bool
rest(struct logs *logs, int64_t took_ms)
{
    const int64_t until_ms = clock_mono_ms(&clock_system) + took_ms;

    lock_enter(&logs->lock);
    int64_t left_ms = logs->large_count < BACKLOG ? took_ms : 0;
    while (!logs->stop && !logs->woken && left_ms > 0) {
        (void)lock_wait_ms(&logs->lock, &logs->changed, left_ms);
        left_ms = until_ms - clock_mono_ms(&clock_system);
    }
    const bool stop = logs->stop;
    lock_leave(&logs->lock);
    return !stop;
}

static void *
run(void *arg)
{
    struct sqlite_store *store = arg;
    bool more = true;

    while (more) {
        const int64_t began_ms = clock_mono_ms(&clock_system);
        while (!stopping(&store->logs) && making_step(store, MAKING_BATCH)) {
        }
        more = emptying_step(store, false)
                   ? rest(&store->logs, clock_mono_ms(&clock_system) - began_ms)
                   : wait_for_work(&store->logs);
    }
    return NULL;
}

enum rc
emptying_start(struct sqlite_store *store, struct err *err)
{
    const int failed = pthread_create(&store->logs.thread, NULL, run, store);

    if (failed != 0)
        return err_set(err, RC_LIMIT, failed, "the store's thread");
    store->logs.running = true;
    return RC_OK;
}

void
emptying_stop(struct sqlite_store *store)
{
    struct logs *logs = &store->logs;

    if (!logs->running)
        return;
    lock_enter(&logs->lock);
    logs->stop = true;
    pthread_cond_signal(&logs->changed);
    lock_leave(&logs->lock);
    pthread_join(logs->thread, NULL);
    logs->running = false;
}

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
#include "store/sqlite/logs.h"

#include <stdlib.h>

#include "base/check.h"
#include "db/log_memo.h"
#include "store/sqlite/private.h"

enum {
    IDLE_WAIT_MS = 1000, /* by then a small log may be old enough */
    BACKLOG = 50,        /* from so many large logs on, it does not rest */
};

struct log_entry {
    struct list link;
    uint64_t account_id;
    int64_t closed_us;
    bool large;
    struct log_memo *memo; /* owned, or NULL */
};

static void
entry_free(struct log_entry *entry)
{
    log_memo_free(entry->memo);
    free(entry);
}

void
logs_init(struct logs *logs)
{
    lock_init(&logs->lock, LOCK_LEAF);
    CHECK(pthread_cond_init(&logs->changed, NULL) == 0);
    map_init(&logs->entries);
    list_init(&logs->large);
    list_init(&logs->small);
}

void
logs_done(struct logs *logs)
{
    struct list *node;

    while ((node = list_pop_front(&logs->large)) != NULL ||
           (node = list_pop_front(&logs->small)) != NULL)
        entry_free(CONTAINER_OF(node, struct log_entry, link));
    map_done(&logs->entries);
    pthread_cond_destroy(&logs->changed);
    lock_done(&logs->lock);
}

/* A new entry that is on no list. NULL: there are enough, or there is no memory. The lock is
 * held. */
static struct log_entry *
entry_new(struct logs *logs, uint64_t account_id)
{
    if (logs->entries.count >= LIMIT_LOGS_NOTED)
        return NULL;
    struct log_entry *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return NULL;
    *entry = (struct log_entry){.account_id = account_id};
    list_init(&entry->link);
    if (map_put(&logs->entries, map_key_u64(&entry->account_id), entry) != RC_OK) {
        free(entry);
        return NULL;
    }
    return entry;
}

/* Takes what the entry has. The lock is held. */
static struct log_memo *
memo_take(struct logs *logs, struct log_entry *entry)
{
    struct log_memo *memo = entry->memo;

    entry->memo = NULL;
    if (memo != NULL)
        logs->memo_octets -= log_memo_octets(memo);
    return memo;
}

/* Gives a memo to an entry that has none. If there is no room, returns what the caller must
 * free. */
static struct log_memo *
memo_put(struct logs *logs, struct log_entry *entry, struct log_memo *memo)
{
    const size_t octets = memo == NULL ? 0 : log_memo_octets(memo);

    if (octets == 0 || logs->memo_octets + octets > LIMIT_LOG_MEMOS_OCTETS)
        return memo;
    logs->memo_octets += octets;
    entry->memo = memo;
    return NULL;
}

void
logs_note(struct sqlite_store *store, uint64_t account_id, int64_t octets,
          struct log_memo *memo)
{
    struct logs *logs = &store->logs;
    struct log_memo *before = NULL;

    lock_enter(&logs->lock);
    struct log_entry *entry = map_get(&logs->entries, map_key_u64(&account_id));
    if (entry == NULL && octets > 0)
        entry = entry_new(logs, account_id);
    if (entry != NULL) {
        before = memo_take(logs, entry);
        memo = memo_put(logs, entry, memo);
    }
    if (entry != NULL && octets > 0) {
        entry->closed_us = clock_mono_us(store->options.store.clock);
        if (entry->large) { /* keeps its place */
        } else if (octets > (int64_t)LIMIT_LOG_LEFT_OCTETS) {
            entry->large = true;
            logs->large_count++;
            list_remove(&entry->link);
            list_push_back(&logs->large, &entry->link);
            pthread_cond_signal(&logs->changed);
        } else {
            list_remove(&entry->link);
            list_push_back(&logs->small, &entry->link);
        }
    }
    lock_leave(&logs->lock);
    log_memo_free(before);
    log_memo_free(memo);
}

struct log_memo *
logs_recall(struct sqlite_store *store, uint64_t account_id)
{
    struct logs *logs = &store->logs;

    lock_enter(&logs->lock);
    struct log_entry *entry = map_get(&logs->entries, map_key_u64(&account_id));
    struct log_memo *memo = entry == NULL ? NULL : memo_take(logs, entry);
    lock_leave(&logs->lock);
    return memo;
}

size_t
logs_count(struct sqlite_store *store)
{
    lock_enter(&store->logs.lock);
    const size_t count = store->logs.entries.count;
    lock_leave(&store->logs.lock);
    return count;
}

/* A log that is to be emptied. */
struct due {
    uint64_t account_id;
    bool quiet;            /* nothing was written to it for long */
    struct log_memo *memo; /* owned, or NULL */
};

/* The next one that is due, taken off the list. */
static bool
take_due(struct sqlite_store *store, bool all, struct due *out)
{
    struct logs *logs = &store->logs;
    const int64_t quiet_us = (int64_t)LIMIT_LOG_QUIET_S * 1000000;
    const int64_t now_us = clock_mono_us(store->options.store.clock);

    lock_enter(&logs->lock);
    struct list *node = list_pop_front(&logs->large);
    if (node == NULL && !list_is_empty(&logs->small)) {
        struct log_entry *oldest = CONTAINER_OF(logs->small.next, struct log_entry, link);
        if (all || now_us - oldest->closed_us >= quiet_us)
            node = list_pop_front(&logs->small);
    }
    if (node != NULL) {
        struct log_entry *entry = CONTAINER_OF(node, struct log_entry, link);
        *out = (struct due){.account_id = entry->account_id,
                            .quiet = !entry->large,
                            .memo = memo_take(logs, entry)};
        logs->large_count -= entry->large;
        (void)map_take(&logs->entries, map_key_u64(&entry->account_id));
        free(entry);
    }
    lock_leave(&logs->lock);
    return node != NULL;
}

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
empty_closed(struct sqlite_account *acct, const struct due *due)
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
empty_one(struct sqlite_store *store, const struct due *due)
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
logs_step(struct sqlite_store *store, bool all)
{
    struct due due;

    if (!take_due(store, all, &due))
        return false;
    empty_one(store, &due);
    log_memo_free(due.memo);
    return true;
}

static bool
stopping(struct logs *logs)
{
    lock_enter(&logs->lock);
    const bool stop = logs->stop;
    lock_leave(&logs->lock);
    return stop;
}

void
logs_wake(struct sqlite_store *store)
{
    struct logs *logs = &store->logs;

    lock_enter(&logs->lock);
    logs->woken = true;
    pthread_cond_signal(&logs->changed);
    lock_leave(&logs->lock);
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
        more = logs_step(store, false)
                   ? rest(&store->logs, clock_mono_ms(&clock_system) - began_ms)
                   : wait_for_work(&store->logs);
    }
    return NULL;
}

enum rc
logs_start(struct sqlite_store *store, struct err *err)
{
    const int failed = pthread_create(&store->logs.thread, NULL, run, store);

    if (failed != 0)
        return err_set(err, RC_LIMIT, failed, "the store's thread");
    store->logs.running = true;
    return RC_OK;
}

void
logs_stop(struct sqlite_store *store)
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

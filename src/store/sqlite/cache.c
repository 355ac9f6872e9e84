/* SPDX-License-Identifier: MIT */
/*
 * The cache of open databases. There may be hundreds of thousands of accounts. The struct of an
 * account is small; its databases are opened when they are first used, and closed when
 * descriptors run short or some time has passed, those unused for longest first. Thread: any.
 *
 * The life of an account's databases (setup, guarded by the shard's lock):
 *
 *     UNKNOWN ──first begin──> BUSY (open or create) ──> READY <──open more handles──┐
 *        ^                       │ failed                  │  └──────────────────────┘
 *        └───────────────────────┘                         v idle, evicted: databases_close
 *                                                         BUSY (close) ──> READY
 *
 * The last handle of an account is kept as a spare (spares.h), and the next account that is
 * opened gets it.
 *
 * While it is BUSY, readers are told RC_AGAIN, and writers wait. No lock is held across disk
 * access.
 */
#include "store/sqlite/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "db/move.h"

enum {
    IDLE_CLOSE_S = 20,    /* an account without a transaction for so long is closed */
    EVICT_AT_ONCE = 5000, /* accounts closed in one round; each takes some 0.1 ms */
};

struct shard *
shard_of(const struct sqlite_account *acct)
{
    return &acct->store->shards[acct->id % STORE_SHARDS];
}

struct wakes
wakes_take(struct sqlite_account *acct, size_t max)
{
    struct wakes wakes = {0};

    if (acct->waiter_count <= max) {
        wakes = (struct wakes){acct->waiters, acct->waiter_count};
        acct->waiters = NULL;
        acct->waiter_count = acct->waiter_cap = 0;
        return wakes;
    }
    wakes.list = malloc(max * sizeof *wakes.list);
    if (wakes.list == NULL)
        return wakes; /* the next release or eviction tries again */
    memcpy(wakes.list, acct->waiters, max * sizeof *wakes.list);
    wakes.count = max;
    acct->waiter_count -= (uint32_t)max;
    memmove(acct->waiters, acct->waiters + max, acct->waiter_count * sizeof *acct->waiters);
    return wakes;
}

void
wakes_call(struct wakes *wakes)
{
    for (size_t i = 0; i < wakes->count; i++)
        wake_call(wakes->list[i]);
    free(wakes->list);
    *wakes = (struct wakes){0};
}

enum rc
waiter_add(struct sqlite_account *acct, struct wake wake)
{
    if (wake.fn == NULL)
        return RC_OK;
    if (acct->waiter_count == acct->waiter_cap) {
        const uint32_t cap = acct->waiter_cap == 0 ? 4 : acct->waiter_cap * 2;
        struct wake *grown = realloc(acct->waiters, cap * sizeof *grown);
        if (grown == NULL)
            return RC_LIMIT;
        acct->waiters = grown;
        acct->waiter_cap = cap;
    }
    acct->waiters[acct->waiter_count++] = wake;
    return RC_OK;
}

/* ---- closing ---- */

static bool
is_open(const struct sqlite_account *acct)
{
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL)
            return true;
    return acct->writer != NULL;
}

bool
account_is_open(struct sqlite_store *store, uint64_t account_id)
{
    struct shard *shard = &store->shards[account_id % STORE_SHARDS];

    lock_enter(&shard->lock);
    const struct sqlite_account *acct = map_get(&shard->accounts, map_key_u64(&account_id));
    const bool open = acct != NULL && !list_is_empty(&acct->lru);
    lock_leave(&shard->lock);
    return open;
}

static bool
is_idle(const struct sqlite_account *acct)
{
    if (acct->setup == SETUP_BUSY || acct->writer_busy || acct->readers_opening != 0)
        return false;
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL && acct->readers[i]->in_use)
            return false;
    return true;
}

/* Frees the account when nobody has it and nothing is open. The lock is held. */
void
account_free_if_unused(struct shard *shard, struct sqlite_account *acct)
{
    if (acct->refs != 0 || is_open(acct) || acct->setup == SETUP_BUSY)
        return;
    CHECK(map_take(&shard->accounts, map_key_u64(&acct->id)) == acct);
    free(acct->waiters);
    free(acct);
}

/* Closes the databases of an idle account. The lock is held before and afterwards, but given up
 * in between. The log stays as it is and is noted for the thread that empties logs. */
static void
databases_close(struct shard *shard, struct sqlite_account *acct)
{
    struct handle *handles[LIMIT_READERS + 1];
    unsigned count = 0;
    int64_t log_octets = 0;
    struct log_memo *memo = NULL;

    for (unsigned i = 0; i < LIMIT_READERS; i++) {
        if (acct->readers[i] != NULL)
            handles[count++] = acct->readers[i];
        acct->readers[i] = NULL;
    }
    if (acct->writer != NULL)
        handles[count++] = acct->writer;
    acct->writer = NULL;
    list_remove(&acct->lru);
    const uint8_t was = acct->setup;
    acct->setup = SETUP_BUSY;
    lock_leave(&shard->lock);

    for (unsigned i = 0; i < count; i++) {
        if (db_wal_octets(handles[i]->db) > log_octets)
            log_octets = db_wal_octets(handles[i]->db);
        if (i + 1 == count)
            memo = db_log_memo(handles[i]->db);
        handle_part(acct->store, handles[i]);
    }
    purge_forget(acct);
    logs_note(acct->store, acct->id, log_octets, memo);

    lock_enter(&shard->lock);
    acct->setup = was;
    acct->checkpoint_at_octets = 0;
    struct wakes wakes = wakes_take(acct, SIZE_MAX);
    pthread_cond_broadcast(&shard->changed);
    account_free_if_unused(shard, acct);
    lock_leave(&shard->lock);
    wakes_call(&wakes);
    lock_enter(&shard->lock);
}

static struct sqlite_account *
first_idle(struct shard *shard)
{
    LIST_FOR_EACH (node, &shard->lru) {
        struct sqlite_account *acct = CONTAINER_OF(node, struct sqlite_account, lru);
        if (is_idle(acct))
            return acct;
    }
    return NULL;
}

/* Takes away a handle that nobody is using, of an account that is in use. The lock is held. */
static struct handle *
spare_handle(struct shard *shard, struct sqlite_account **acct_out)
{
    LIST_FOR_EACH (node, &shard->lru) {
        struct sqlite_account *acct = CONTAINER_OF(node, struct sqlite_account, lru);
        struct handle *handle = NULL;
        if (acct->setup != SETUP_READY)
            continue;
        for (unsigned i = 0; i < LIMIT_READERS && handle == NULL; i++) {
            if (acct->readers[i] != NULL && !acct->readers[i]->in_use) {
                handle = acct->readers[i];
                acct->readers[i] = NULL;
            }
        }
        if (handle == NULL && acct->writer != NULL && !acct->writer_busy) {
            handle = acct->writer;
            acct->writer = NULL;
            purge_forget(acct);
        }
        if (handle != NULL) {
            *acct_out = acct;
            return handle;
        }
    }
    return NULL;
}

/* Closes one such handle. The WAL stays, because the account has other handles open or will
 * have. */
static bool
spare_close(struct sqlite_store *store)
{
    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        struct shard *shard = &store->shards[i];
        struct sqlite_account *acct = NULL;
        lock_enter(&shard->lock);
        struct handle *handle = spare_handle(shard, &acct);
        if (handle != NULL) {
            acct->refs++; /* the handle refers to it */
            if (!is_open(acct))
                list_remove(&acct->lru);
        }
        lock_leave(&shard->lock);
        if (handle == NULL)
            continue;
        handle_part(store, handle);
        sqlite_account_put(&acct->base);
        return true;
    }
    return false;
}

/* The shard that has the idle account unused for longest, or NULL. */
static struct shard *
coldest_shard(struct sqlite_store *store, int64_t *used_us_out)
{
    struct shard *coldest = NULL;

    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        struct shard *shard = &store->shards[i];
        lock_enter(&shard->lock);
        const struct sqlite_account *acct = first_idle(shard);
        if (acct != NULL && (coldest == NULL || acct->used_us < *used_us_out)) {
            coldest = shard;
            *used_us_out = acct->used_us;
        }
        lock_leave(&shard->lock);
    }
    return coldest;
}

/* Closes the account unused for longest, unless it was used after until_us. */
static bool
evict_one(struct sqlite_store *store, int64_t until_us)
{
    int64_t used_us = 0;
    struct shard *shard = coldest_shard(store, &used_us);

    if (shard == NULL || used_us > until_us)
        return false;
    lock_enter(&shard->lock);
    struct sqlite_account *acct = first_idle(shard);
    if (acct != NULL)
        databases_close(shard, acct);
    lock_leave(&shard->lock);
    return true;
}

/* Idle accounts are closed first, with all of their handles, and then handles that other
 * accounts are not using. So only handles that are in use can exhaust the descriptors. */
enum rc
fds_take(struct sqlite_store *store, struct err *err)
{
    const int64_t max = store->options.max_open_fds;
    int_fast64_t before = atomic_load(&store->fds);

    CHECK(lock_none_held());
    for (;;) {
        if (before + HANDLE_FDS <= max) {
            if (atomic_compare_exchange_weak(&store->fds, &before, before + HANDLE_FDS))
                return RC_OK;
            continue;
        }
        if (!evict_one(store, INT64_MAX) && !spare_close(store))
            return err_set(err, RC_LIMIT, 0,
                           "all %jd descriptors for databases are in use at this moment",
                           (intmax_t)max);
        before = atomic_load(&store->fds);
    }
}

void
cache_close_idle(struct sqlite_store *store)
{
    const int64_t idle_us =
        clock_mono_us(store->options.store.clock) - (int64_t)IDLE_CLOSE_S * 1000000;
    const int64_t roomy = store->options.max_open_fds / 8 * 7;

    for (unsigned i = 0; i < EVICT_AT_ONCE; i++)
        if (!evict_one(store, idle_us) &&
            !(atomic_load(&store->fds) > roomy && evict_one(store, INT64_MAX)))
            break;
    spares_close_idle(&store->spares, idle_us);
}

void
cache_close_all(struct sqlite_store *store)
{
    while (evict_one(store, INT64_MAX))
        ;
}

/* ---- accounts ---- */

enum rc
sqlite_account_get(struct store *base, uint64_t account_id, struct store_account **out)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct shard *shard = &store->shards[account_id % STORE_SHARDS];
    enum rc rc = RC_OK;

    lock_enter(&shard->lock);
    struct sqlite_account *acct = map_get(&shard->accounts, map_key_u64(&account_id));
    if (acct == NULL) {
        acct = calloc(1, sizeof *acct);
        if (acct != NULL) {
            acct->base.ops = &sqlite_ops;
            acct->store = store;
            acct->id = account_id;
            list_init(&acct->lru);
            rc = map_put(&shard->accounts, map_key_u64(&account_id), acct);
        }
        if (acct == NULL || rc != RC_OK) {
            lock_leave(&shard->lock);
            free(acct);
            return RC_LIMIT;
        }
    }
    acct->refs++;
    lock_leave(&shard->lock);
    *out = &acct->base;
    return RC_OK;
}

void
sqlite_account_put(struct store_account *base)
{
    struct sqlite_account *acct = sqlite_account_of(base);
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    CHECK(acct->refs > 0);
    acct->refs--;
    account_free_if_unused(shard, acct);
    lock_leave(&shard->lock);
}

/* Closes what the cache still has open of an account that is to be removed. */
static enum rc
databases_forget(struct sqlite_store *store, uint64_t account_id, struct err *err)
{
    struct shard *shard = &store->shards[account_id % STORE_SHARDS];
    enum rc rc = RC_OK;

    lock_enter(&shard->lock);
    struct sqlite_account *acct = map_get(&shard->accounts, map_key_u64(&account_id));
    if (acct != NULL && acct->refs == 0 && acct->setup == SETUP_BUSY) {
        acct->refs++; /* it is being closed, and must stay until that is done */
        while (acct->setup == SETUP_BUSY)
            lock_wait(&shard->lock, &shard->changed);
        acct->refs--;
    }
    while (acct != NULL && acct->keeping) { /* nobody holds it, but its log is being emptied */
        acct->refs++;
        lock_wait(&shard->lock, &shard->changed);
        acct->refs--;
    }
    if (acct != NULL && (acct->refs != 0 || !is_idle(acct)))
        rc = err_set(err, RC_BUSY, 0, "account %ju is in use", (uintmax_t)account_id);
    else if (acct != NULL)
        databases_close(shard, acct);
    lock_leave(&shard->lock);
    return rc;
}

enum rc
sqlite_account_remove(struct store *base, uint64_t account_id, struct err *err)
{
    struct sqlite_store *store = sqlite_store_of(base);
    const enum rc rc = databases_forget(store, account_id, err);

    return rc == RC_OK ? account_dir_remove(store, account_id, err) : rc;
}

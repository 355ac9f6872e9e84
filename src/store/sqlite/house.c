/* SPDX-License-Identifier: MIT */
/*
 * The store as a whole: opening and closing it, and what is done for it now and then. Thread:
 * any, but only one opens or closes it.
 */
#include "store/sqlite/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "db/library.h"
#include "db/vfs.h"
#include "store/sqlite/emptying.h"
#include "store/sqlite/layout.h"

/* ---- opening and closing ---- */

enum rc
store_open_sqlite(const struct sqlite_options *options, struct store **out, struct err *err)
{
    const enum rc rc = dir_make(options->dir, err);
    if (rc != RC_OK)
        return rc;
    struct sqlite_store *store = calloc(1, sizeof *store);
    char *dir = strdup(options->dir);
    if (store == NULL || dir == NULL) {
        free(store);
        free(dir);
        return err_set(err, RC_LIMIT, 0, "no memory for the store");
    }

    store->base.ops = &sqlite_ops;
    store->base.traits = options->shared ? STORE_SHARED : 0;
    store->options = *options;
    atomic_init(&store->unsettled, options->unsettled);
    store->dir = dir;
    store->options.dir = dir;
    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        lock_init(&store->shards[i].lock, LOCK_ACCOUNTS);
        CHECK(pthread_cond_init(&store->shards[i].changed, NULL) == 0);
        map_init(&store->shards[i].accounts);
        list_init(&store->shards[i].lru);
    }
    db_init();
    logs_init(&store->logs);
    spares_init(&store->spares);
    enum rc started = making_init(store, err);
    if (started == RC_OK)
        started = layout_keep(store, err);
    if (started == RC_OK && options->background) {
        making_sweep(store);
        started = emptying_start(store, err);
    }
    if (started != RC_OK) {
        sqlite_close(&store->base);
        return started;
    }
    *out = &store->base;
    return RC_OK;
}

void
sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_store_of(base);

    emptying_stop(store);
    cache_close_all(store);
    spares_done(&store->spares);
    logs_done(&store->logs);
    making_done(store);
    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        CHECK(store->shards[i].accounts.count == 0); /* somebody still has an account */
        map_done(&store->shards[i].accounts);
        pthread_cond_destroy(&store->shards[i].changed);
        lock_done(&store->shards[i].lock);
    }
    free(store->dir);
    free(store);
}

/* ---- keeping house ---- */

void
sqlite_keep_house(struct store *base, struct store_account *held)
{
    if (held != NULL)
        log_keep_short(sqlite_account_of(held));
    else
        cache_close_idle(sqlite_store_of(base));
}

static bool
file_changed(const char *dir, const char *name, int64_t *changed_s)
{
    char path[ACCOUNT_PATH_MAX + 16];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (stat(path, &st) != 0)
        return false;
    if (st.st_mtim.tv_sec > *changed_s)
        *changed_s = st.st_mtim.tv_sec;
    return true;
}

/* After a restart nobody knows which logs were left. The round over all accounts finds out. */
static void
note_left_log(struct sqlite_store *store, uint64_t account_id, const char *dir)
{
    char path[ACCOUNT_PATH_MAX + 16];

    if (!store->options.background || account_is_open(store, account_id))
        return;
    snprintf(path, sizeof path, "%s/mail.db-wal", dir);
    logs_note(store, account_id, vfs_log_octets(path), NULL);
}

bool
sqlite_account_is_made(struct store *base, uint64_t account_id, int64_t *changed_s_out)
{
    struct sqlite_store *store = sqlite_store_of(base);
    char dir[ACCOUNT_PATH_MAX];

    account_dir(store, account_id, dir, sizeof dir);
    *changed_s_out = 0;
    if (!file_changed(dir, "mail.db", changed_s_out))
        return false;
    (void)file_changed(dir, "mail.db-wal",
                       changed_s_out); /* it has commits that the database does not have yet */
    note_left_log(store, account_id, dir);
    return true;
}

bool
sqlite_room_is_short(struct store *base)
{
    return room_is_short(sqlite_store_of(base)->options.room);
}

bool
sqlite_room_give(struct store *base)
{
    return room_give(sqlite_store_of(base)->options.room);
}

/* ---- for the daemon and for tests ---- */

int64_t
store_sqlite_open_fds(struct store *store)
{
    CHECK(store->ops == &sqlite_ops);
    return atomic_load(&sqlite_store_of(store)->fds);
}

unsigned
store_sqlite_spares(struct store *store)
{
    CHECK(store->ops == &sqlite_ops);
    return spares_count(&sqlite_store_of(store)->spares);
}

void
store_sqlite_settle(struct store *store)
{
    CHECK(store->ops == &sqlite_ops);
    atomic_store(&sqlite_store_of(store)->unsettled, false);
}

void
store_sqlite_empty_logs(struct store *store)
{
    CHECK(store->ops == &sqlite_ops);
    while (emptying_step(sqlite_store_of(store), true))
        ;
}

size_t
store_sqlite_logs(struct store *store)
{
    CHECK(store->ops == &sqlite_ops);
    return logs_count(sqlite_store_of(store));
}

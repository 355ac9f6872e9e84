/* SPDX-License-Identifier: MIT */
/*
 * The open files. A closed index stays open here for a while, for whoever asks next, unless its
 * name leads to another file by then. The lock guards the table and what index_private.h says;
 * it is not held across disk access: who opens or removes a file marks its place in the table.
 *
 *     (none) --open--> in use --close--> idle --open--> in use
 *                                          `--keep_house, or room for another--> (none)
 *
 * Thread: any, all functions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/disk.h"
#include "base/limits.h"
#include "db/vfs.h"
#include "store/index/index_private.h"

enum {
    PAGE_OCTETS = 8192,
    CACHE_KIB = 512,
    BUSY_MS = 200, /* for other programs: a search can do without */
    PATH_OCTETS = 4096,
};

/* A file that is being removed. */
struct removal {
    struct list link;
    const char *path;
};

struct store_indexes {
    struct lock lock; /* LOCK_LEAF */
    struct store_indexes_options options;
    struct store_index *slots[LIMIT_INDEXES_OPEN]; /* owned; NULL: free */
    struct list removals;
};

enum rc
store_indexes_new(const struct store_indexes_options *options, struct store_indexes **out)
{
    struct store_indexes *indexes = calloc(1, sizeof *indexes);

    if (indexes == NULL)
        return RC_LIMIT;
    lock_init(&indexes->lock, LOCK_LEAF);
    list_init(&indexes->removals);
    indexes->options = *options;
    if (indexes->options.vfs == NULL)
        indexes->options.vfs = vfs_register_told(); /* by name: a full disk is an error here */
    if (indexes->options.piece_octets == 0)
        indexes->options.piece_octets = PIECE_OCTETS;
    *out = indexes;
    return RC_OK;
}

/* ---- one file ---- */

static void
index_free(struct store_index *index)
{
    if (index == NULL)
        return;
    catalog_done(&index->catalog);
    db_close(index->db);
    free(index->path);
    free(index);
}

static void
db_forget(struct store_index *index)
{
    db_close(index->db);
    index->db = NULL;
    index->damaged = false;
    index->catalog.known = false;
}

static bool
file_is_the_same(const struct store_index *index)
{
    struct stat st;

    return stat(index->path, &st) == 0 && st.st_dev == index->dev && st.st_ino == index->ino;
}

static enum rc
number_of(struct store_index *index, enum index_sql sql, int64_t *out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(index->db, sql);
    const enum rc rc = stmt_one(&stmt, err);

    if (rc == RC_OK)
        *out = stmt_i64(&stmt, 0);
    return rc;
}

enum kind {
    KIND_OURS,
    KIND_EMPTY, /* no tables yet */
    KIND_OTHER, /* of another version or form */
};

static enum rc
find_kind(struct store_index *index, enum kind *out, struct err *err)
{
    AUTO_TXN txn = {0};
    int64_t version = 0;
    int64_t application = 0;
    enum rc rc = txn_begin(&txn, index->db, TXN_READ, err);

    if (rc == RC_OK)
        rc = number_of(index, SQL_USER_VERSION, &version, err);
    if (rc == RC_OK)
        rc = number_of(index, SQL_APPLICATION, &application, err);
    if (rc != RC_OK)
        return rc;
    *out = KIND_OTHER;
    if (version == 0 && application == 0)
        *out = KIND_EMPTY;
    if (version != INDEX_VERSION || application != INDEX_APPLICATION)
        return RC_OK;
    rc = catalog_load(index, err);
    if (rc == RC_OK && index->catalog.form == index->form)
        *out = KIND_OURS;
    return rc;
}

static enum rc
make_tables(struct store_index *index, struct err *err)
{
    char sql[96];
    enum rc rc = txn_begin(&index->txn, index->db, TXN_WRITE, err);

    if (rc != RC_OK)
        return rc;
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d;PRAGMA application_id=%d", INDEX_VERSION,
             INDEX_APPLICATION);
    rc = db_exec(index->db, index_schema, err);
    if (rc == RC_OK)
        rc = db_exec(index->db, sql, err);
    if (rc == RC_OK)
        rc = index_clear(index, err);
    if (rc == RC_OK)
        rc = txn_commit(&index->txn, err);
    txn_abort(&index->txn);
    index->catalog.known = rc == RC_OK;
    return rc;
}

static enum rc
db_get(struct store_index *index, struct err *err)
{
    struct stat st;
    const struct db_options options = {
        .sql = index_sql_texts,
        .sql_count = SQL_COUNT,
        .sync = DB_SYNC_NORMAL,
        .page_size_octets = PAGE_OCTETS,
        .cache_kib = CACHE_KIB,
        .busy_ms = BUSY_MS,
        .wal_keep_octets = (int64_t)LIMIT_INDEX_LOG_OCTETS,
        .vfs = index->pool->options.vfs,
        .create = index->use == INDEX_WRITE,
    };
    const enum rc rc = db_open(&index->db, index->path, &options, err);

    if (rc != RC_OK)
        return rc;
    if (stat(index->path, &st) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", index->path);
    index->dev = st.st_dev;
    index->ino = st.st_ino;
    return RC_OK;
}

/* The name goes first: a log without its database is nothing, a database without its log may
 * be damaged. */
static enum rc
files_remove(const char *path, struct err *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[PATH_OCTETS + 8];

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (disk_unlink(name) != 0 && errno != ENOENT)
            return err_set(err, rc_of_errno(errno), errno, "%s: unlink", name);
    }
    return RC_OK;
}

/* Opens the file that it has no handle of. */
static enum rc
file_open(struct store_index *index, struct err *err)
{
    enum kind kind = KIND_EMPTY;
    enum rc rc = db_get(index, err);

    if (rc == RC_OK)
        rc = find_kind(index, &kind, err);
    if (rc != RC_OK || kind == KIND_OURS)
        return rc;
    if (index->use == INDEX_READ)
        return err_set(err, RC_NOT_FOUND, 0, "%s: of another form", index->path);
    if (kind == KIND_OTHER) {
        db_forget(index);
        rc = files_remove(index->path, err);
        if (rc == RC_OK)
            rc = db_get(index, err);
    }
    if (rc == RC_OK)
        rc = make_tables(index, err);
    /* It may go, but what was made in an hour should not be lost with its name. */
    return rc == RC_OK ? disk_sync_parent(index->path, err) : rc;
}

/* ---- the table ---- */

/* The lock is held, as in all of these. */
static bool
has_writer(struct store_indexes *indexes, const char *path)
{
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++) {
        const struct store_index *index = indexes->slots[i];
        if (index != NULL && index->in_use && index->use == INDEX_WRITE &&
            strcmp(index->path, path) == 0)
            return true;
    }
    LIST_FOR_EACH (node, &indexes->removals)
        if (strcmp(CONTAINER_OF(node, struct removal, link)->path, path) == 0)
            return true;
    return false;
}

/* An idle index of this file. */
static struct store_index *
find_idle(struct store_indexes *indexes, const char *path)
{
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++) {
        struct store_index *index = indexes->slots[i];
        if (index != NULL && !index->in_use && !index->doomed && strcmp(index->path, path) == 0)
            return index;
    }
    return NULL;
}

/* A free place, or that of the index that has been idle for longest, which is taken out.
 * LIMIT_INDEXES_OPEN: all are in use. */
static size_t
find_place(struct store_indexes *indexes, struct store_index **taken_out)
{
    size_t place = LIMIT_INDEXES_OPEN;

    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++) {
        const struct store_index *index = indexes->slots[i];
        if (index == NULL)
            return i;
        if (!index->in_use &&
            (place == LIMIT_INDEXES_OPEN || index->idle_us < indexes->slots[place]->idle_us))
            place = i;
    }
    if (place < LIMIT_INDEXES_OPEN) {
        *taken_out = indexes->slots[place];
        indexes->slots[place] = NULL;
    }
    return place;
}

/* Whether it was removed meanwhile. */
static bool
take_out(struct store_index *index)
{
    struct store_indexes *indexes = index->pool;

    lock_enter(&indexes->lock);
    const bool doomed = index->doomed;
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++)
        if (indexes->slots[i] == index)
            indexes->slots[i] = NULL;
    lock_leave(&indexes->lock);
    return doomed;
}

/* Finds an idle index of the file, or puts `fresh` into the table. *taken_out: one that has to
 * be closed before. */
static enum rc
enter(struct store_indexes *indexes, struct store_index *fresh, struct store_index **out,
      struct store_index **taken_out, struct err *err)
{
    const char *path = fresh->path;

    if (fresh->use == INDEX_WRITE && has_writer(indexes, path))
        return err_set(err, RC_BUSY, 0, "%s: in use", path);
    struct store_index *index = find_idle(indexes, path);
    if (index == NULL) {
        const size_t place = find_place(indexes, taken_out);
        if (place == LIMIT_INDEXES_OPEN)
            return err_set(err, RC_LIMIT, 0, "%u indexes are in use", LIMIT_INDEXES_OPEN);
        index = indexes->slots[place] = fresh;
    }
    index->in_use = true;
    index->use = fresh->use;
    *out = index;
    return RC_OK;
}

/* ---- open and close ---- */

static enum rc
path_of(struct store_account *acct, char *out, size_t size, struct err *err)
{
    AUTO_BUF path = {0};

    buf_init(&path, size - 1);
    const enum rc rc = store_account_place(acct, &path, err);
    if (rc != RC_OK)
        return rc;
    buf_put_lit(&path, "/search.db");
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "path of an index");
    memcpy(out, buf_span(&path).ptr, buf_len(&path));
    out[buf_len(&path)] = '\0';
    return RC_OK;
}

static struct store_index *
index_new(struct store_indexes *indexes, const char *path, enum index_use use)
{
    struct store_index *index = calloc(1, sizeof *index);

    if (index == NULL)
        return NULL;
    index->pool = indexes;
    index->use = use;
    index->form = indexes->options.form;
    index->piece_octets = indexes->options.piece_octets;
    index->path = strdup(path);
    if (index->path == NULL) {
        free(index);
        return NULL;
    }
    return index;
}

enum rc
store_index_open(struct store_indexes *indexes, struct store_account *acct, enum index_use use,
                 struct store_index **out, struct err *err)
{
    char path[PATH_OCTETS];
    struct store_index *index = NULL;
    struct store_index *taken = NULL;
    enum rc rc = path_of(acct, path, sizeof path, err);

    if (rc != RC_OK)
        return rc;
    struct store_index *fresh = index_new(indexes, path, use);
    if (fresh == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for an index");
    lock_enter(&indexes->lock);
    rc = enter(indexes, fresh, &index, &taken, err);
    lock_leave(&indexes->lock);
    index_free(taken);
    if (index != fresh)
        index_free(fresh);
    if (rc != RC_OK)
        return rc;
    if (index->db != NULL && !file_is_the_same(index))
        db_forget(index);
    if (index->db == NULL)
        rc = file_open(index, err);
    if (rc != RC_OK) {
        if (take_out(index)) /* what failed may be that the files went */
            rc = err_set(err, RC_BUSY, 0, "%s: removed just now", path);
        index_free(index);
        return rc;
    }
    index->acct = acct;
    *out = index;
    return RC_OK;
}

void
store_index_close(struct store_index *index)
{
    if (index == NULL)
        return;
    struct store_indexes *indexes = index->pool;
    store_index_end(index);
    if (index->use == INDEX_WRITE && !index->damaged)
        index_keep_log(index, 0);
    index->acct = NULL;
    lock_enter(&indexes->lock);
    const bool keep = !index->doomed && !index->damaged;
    if (keep) {
        index->in_use = false;
        index->idle_us = clock_mono_us(indexes->options.clock);
    }
    lock_leave(&indexes->lock);
    if (keep)
        return;
    take_out(index);
    index_free(index);
}

/* Takes one idle index out that was last used at until_us or before; of this file, unless path
 * is NULL. */
static struct store_index *
take_idle(struct store_indexes *indexes, const char *path, int64_t until_us)
{
    struct store_index *taken = NULL;

    lock_enter(&indexes->lock);
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN && taken == NULL; i++) {
        struct store_index *index = indexes->slots[i];
        if (index == NULL || index->in_use || index->idle_us > until_us ||
            (path != NULL && strcmp(index->path, path) != 0))
            continue;
        taken = index;
        indexes->slots[i] = NULL;
    }
    lock_leave(&indexes->lock);
    return taken;
}

static void
close_idle(struct store_indexes *indexes, const char *path, int64_t until_us)
{
    struct store_index *index;

    while ((index = take_idle(indexes, path, until_us)) != NULL)
        index_free(index);
}

void
store_indexes_keep_house(struct store_indexes *indexes)
{
    close_idle(indexes, NULL,
               clock_mono_us(indexes->options.clock) - (int64_t)LIMIT_INDEX_IDLE_S * 1000000);
}

unsigned
store_indexes_open_count(struct store_indexes *indexes)
{
    unsigned count = 0;

    lock_enter(&indexes->lock);
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++)
        count += indexes->slots[i] != NULL;
    lock_leave(&indexes->lock);
    return count;
}

void
store_indexes_free(struct store_indexes *indexes)
{
    if (indexes == NULL)
        return;
    close_idle(indexes, NULL, INT64_MAX);
    CHECK(store_indexes_open_count(indexes) == 0);
    lock_done(&indexes->lock);
    free(indexes);
}

enum rc
store_index_remove(struct store_indexes *indexes, struct store_account *acct, struct err *err)
{
    char path[PATH_OCTETS];
    struct removal removal = {.path = path};
    enum rc rc = path_of(acct, path, sizeof path, err);

    if (rc != RC_OK)
        return rc;
    lock_enter(&indexes->lock);
    list_push_back(&indexes->removals, &removal.link);
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++)
        if (indexes->slots[i] != NULL && strcmp(indexes->slots[i]->path, path) == 0)
            indexes->slots[i]->doomed = true;
    lock_leave(&indexes->lock);
    close_idle(indexes, path, INT64_MAX);
    rc = files_remove(path, err);
    lock_enter(&indexes->lock);
    list_remove(&removal.link);
    lock_leave(&indexes->lock);
    return rc;
}

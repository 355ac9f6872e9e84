/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing, checkpoints and the mapping of results. The traps behind the settings:
 * auto_vacuum set on every open is a write; the last close of a handle checkpoints and
 * removes the WAL unless told not to; Debian compiles secure_delete on; a file made by SQLite
 * itself has mode 0644, and its -wal and -shm copy the mode of the database.
 */
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/memory.h"
#include "db/db_private.h"
#include "db/disk.h"
#include "db/image.h"
#include "db/vfs.h"
#include "db/wal_index.h"

enum {
    CACHE_KIB_DEFAULT = 512,
    AUTO_CHECKPOINT_PAGES = 1000,
    WAL_FRAME_HEADER = 24, /* octets before each page in a WAL, SQLite file format 4.1 */
    STALE_TRIES = 5,       /* to open: other programs may come and go meanwhile */
};

/* ---- memory of SQLite, apart from everybody else's ---- */

static void *
block_take(int octets)
{
    return memory_take(MEMORY_SQLITE, (size_t)octets);
}

static void
block_give(void *ptr)
{
    memory_give(MEMORY_SQLITE, ptr);
}

static void *
block_change(void *ptr, int octets)
{
    return memory_change(MEMORY_SQLITE, ptr, (size_t)octets);
}

static int
block_octets(void *ptr)
{
    return (int)memory_block_octets(ptr);
}

static int
round_up(int octets)
{
    return (octets + 7) & ~7;
}

static int
begin(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void
end(void *ctx)
{
    (void)ctx;
}

static const sqlite3_mem_methods memory_methods = {
    .xMalloc = block_take,
    .xFree = block_give,
    .xRealloc = block_change,
    .xSize = block_octets,
    .xRoundup = round_up,
    .xInit = begin,
    .xShutdown = end,
};

/* ---- start ---- */

static void
init_once(void)
{
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory_methods) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    /* No page is allocated ahead of need: by default each handle begins with 20 of them. */
    CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) == SQLITE_OK);
    CHECK(sqlite3_initialize() == SQLITE_OK);
}

void
db_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init_once);
}

/* An I/O error is a full disk when the system call said so. Other errno values are of use only
 * where opening failed: later they may be stale. */
static enum rc
rc_of_io(sqlite3 *raw, int primary, int *os_errno_out)
{
    const int os_errno = raw == NULL ? 0 : sqlite3_system_errno(raw);
    const enum rc rc = os_errno == 0 ? RC_IO : rc_of_errno(os_errno);

    *os_errno_out = os_errno;
    return rc == RC_FULL || primary == SQLITE_CANTOPEN ? rc : RC_IO;
}

enum rc
db_result(struct db *db, int sqlite_rc, const char *what, struct err *err)
{
    sqlite3 *raw = db->raw;
    const int extended = raw == NULL ? sqlite_rc : sqlite3_extended_errcode(raw);
    int os_errno = 0;
    enum rc rc = RC_IO;

    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RC_OK;
    case SQLITE_FULL:
        rc = RC_FULL;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        rc = RC_BUSY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        rc = RC_CORRUPT;
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        rc = RC_DENIED;
        break;
    case SQLITE_CONSTRAINT:
        rc = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                     extended == SQLITE_CONSTRAINT_ROWID
                 ? RC_EXISTS
                 : RC_INVALID;
        break;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        rc = RC_LIMIT;
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        rc = extended == SQLITE_IOERR_NOMEM ? RC_LIMIT
                                            : rc_of_io(raw, sqlite_rc & 0xff, &os_errno);
        break;
    default:
        break;
    }
    db->troubled = db->troubled || rc == RC_IO || rc == RC_FULL || rc == RC_LIMIT ||
                   rc == RC_CORRUPT || rc == RC_DENIED;
    return err_set(err, rc, os_errno, "%s: %s: %s (%d)", db->path, what,
                   raw == NULL ? sqlite3_errstr(sqlite_rc) : sqlite3_errmsg(raw), extended);
}

/* Remembers the size of the WAL; takes the place of SQLite's own checkpoints. */
static int
after_commit(void *ctx, sqlite3 *raw, const char *schema_name, int pages)
{
    struct db *db = ctx;

    db->wal_pages = pages;
    if (db->checkpoint_auto && pages >= AUTO_CHECKPOINT_PAGES)
        sqlite3_wal_checkpoint_v2(raw, schema_name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

enum rc
db_exec(struct db *db, const char *sql, struct err *err)
{
    const int result = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);

    if (result == SQLITE_OK)
        return RC_OK;
    char what[64];
    snprintf(what, sizeof what, "%.60s", sql);
    return db_result(db, result, what, err);
}

enum rc
db_query_i64(struct db *db, const char *sql, int64_t *value_out, struct err *err)
{
    sqlite3_stmt *raw = NULL;
    int result = sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(raw);
    if (result == SQLITE_ROW) {
        *value_out = sqlite3_column_int64(raw, 0);
        sqlite3_finalize(raw);
        return RC_OK;
    }
    const enum rc rc = result == SQLITE_DONE
                           ? err_set(err, RC_CORRUPT, 0, "%s: %s: no answer", db->path, sql)
                           : db_result(db, result, sql, err);
    sqlite3_finalize(raw);
    return rc;
}

/* Makes an empty file of mode 0600 if there is none, so that SQLite does not make one of 0644.
 */
static enum rc
file_create(const char *path, struct err *err)
{
    AUTO_FD fd = -1;

    if (disk_create(path, &fd) != 0 && errno != EEXIST)
        return err_set(err, rc_of_errno(errno), errno, "%s: create", path);
    return RC_OK;
}

/* What must be set before the first page is written, then WAL mode. */
static enum rc
set_creation(struct db *db, const struct db_options *options, struct err *err)
{
    char sql[160];

    snprintf(sql, sizeof sql, "PRAGMA page_size=%u;%s", options->page_size_octets,
             options->auto_vacuum ? "PRAGMA auto_vacuum=INCREMENTAL" : "");
    return db_exec(db, sql, err);
}

static enum rc
set_wal(struct db *db, struct err *err)
{
    sqlite3_stmt *raw = NULL;
    int result = sqlite3_prepare_v2(db->raw, "PRAGMA journal_mode=WAL", -1, &raw, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(raw);
    enum rc rc = RC_OK;
    if (result != SQLITE_ROW)
        rc = db_result(db, result, "journal_mode=WAL", err);
    else if (strcmp((const char *)sqlite3_column_text(raw, 0), "wal") != 0)
        rc = err_set(err, RC_UNSUPPORTED, 0, "%s: no WAL on this file system", db->path);
    sqlite3_finalize(raw);
    return rc;
}

enum rc
db_set_cache(struct db *db, unsigned kib, struct err *err)
{
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA cache_size=-%u", kib ? kib : CACHE_KIB_DEFAULT);
    const enum rc rc = db_exec(db, sql, err);
    if (rc == RC_OK)
        db->cache_kib = kib;
    return rc;
}

static enum rc
configure(struct db *db, const struct db_options *options, bool fresh, struct err *err)
{
    sqlite3 *raw = db->raw;
    char sql[320];

    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, db->busy_ms);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                      options->checkpoint_on_close ? 0 : 1, NULL);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (fresh) {
        const enum rc rc = set_creation(db, options, err);
        if (rc != RC_OK)
            return rc;
    }
    enum rc rc = RC_OK;
    if (options->alone) /* before the first look at the log */
        rc = db_exec(db, "PRAGMA locking_mode=EXCLUSIVE", err);
    if (rc == RC_OK && !options->read_only)
        rc = set_wal(db, err);
    if (rc != RC_OK)
        return rc;
    rc = db_set_cache(db, options->cache_kib, err);
    if (rc != RC_OK)
        return rc;
    snprintf(sql, sizeof sql,
             "PRAGMA synchronous=%s;PRAGMA mmap_size=%lld;"
             "PRAGMA secure_delete=%s;PRAGMA journal_size_limit=%lld;PRAGMA temp_store=MEMORY;"
             "PRAGMA foreign_keys=ON",
             options->sync == DB_SYNC_FULL ? "FULL" : "NORMAL", (long long)options->mmap_octets,
             options->secure_delete ? "ON" : "OFF",
             (long long)(options->wal_keep_octets ? options->wal_keep_octets
                                                  : (int64_t)LIMIT_WAL_OCTETS));
    rc = db_exec(db, sql, err);
    if (rc == RC_OK)
        rc = db_query_i64(db, "PRAGMA page_size", &db->page_size, err);
    return rc;
}

static struct db *
db_new(const char *path, const struct db_options *options)
{
    const size_t slots = (size_t)options->sql_count + BUILTIN_COUNT;
    struct db *db = calloc(1, sizeof *db + slots * sizeof db->slots[0]);

    if (db == NULL)
        return NULL;
    db->sql = options->sql;
    db->sql_count = options->sql_count;
    db->checkpoint_auto = options->auto_checkpoint;
    db->movable = options->own_index && !options->read_only && !options->checkpoint_on_close;
    db->cache_kib = options->cache_kib;
    db->changes_before = -1;
    db->busy_ms = (int)(options->busy_ms ? options->busy_ms : LIMIT_DB_WAIT_MS);
    db->path = strdup(path);
    if (db->path == NULL) {
        free(db);
        return NULL;
    }
    return db;
}

enum rc
db_hold(struct db *db, struct err *err)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    if (db->index == NULL || db->held)
        return RC_OK;
    enum rc rc = wal_index_hold(db->index);
    for (int waited_ms = 0; rc == RC_BUSY && waited_ms < db->busy_ms; waited_ms++) {
        nanosleep(&nap, NULL);
        rc = wal_index_hold(db->index);
    }
    db->held = rc == RC_OK;
    if (rc == RC_OK)
        return RC_OK;
    return err_set(err, rc, rc == RC_GONE || rc == RC_BUSY ? 0 : errno,
                   rc == RC_GONE ? "%s: another program has opened it" : "%s: -shm", db->path);
}

void
db_release(struct db *db)
{
    if (!db->held)
        return;
    db->held = false;
    wal_index_release(db->index);
}

bool
db_is_stale(const struct db *db)
{
    return db->index != NULL && wal_index_is_stale(db->index);
}

/* One try. fresh: there are no pages yet. */
static enum rc
open_once(struct db **db_out, const char *path, const struct db_options *options, bool fresh,
          struct err *err)
{
    struct db *db = db_new(path, options);

    if (db == NULL)
        return err_set(err, RC_LIMIT, 0, "%s: no memory", path);
    const int flags = (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    const char *vfs = options->own_index ? vfs_register() : options->vfs;
    const int result = sqlite3_open_v2(path, &db->raw, flags, vfs);
    enum rc rc = result == SQLITE_OK ? RC_OK : db_result(db, result, "open", err);
    if (rc == RC_OK && options->own_index)
        db->index = vfs_index(db->raw);
    if (rc == RC_OK)
        rc = db_hold(db, err); /* once for all that is read now */
    if (rc == RC_OK)
        rc = configure(db, options, fresh, err);
    db_release(db);
    if (rc != RC_OK) {
        db_close(db);
        return rc;
    }
    sqlite3_wal_hook(db->raw, after_commit, db);
    *db_out = db;
    return RC_OK;
}

enum rc
db_open(struct db **db_out, const char *path, const struct db_options *options, struct err *err)
{
    struct stat st;
    const bool there = stat(path, &st) == 0;

    CHECK(!options->own_index || options->vfs == NULL);
    if (!there && errno != ENOENT)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    if (!there && !options->create)
        return err_set(err, RC_NOT_FOUND, ENOENT, "%s", path);
    enum rc rc = there ? RC_OK : file_create(path, err);
    if (rc != RC_OK)
        return rc;

    db_init();
    rc = RC_GONE;
    for (int i = 0; i < STALE_TRIES && rc == RC_GONE; i++)
        rc = open_once(db_out, path, options, !there || st.st_size == 0, err);
    if (rc == RC_FULL && !options->own_index && !options->read_only && !options->alone) {
        struct db_options alone = *options;
        alone.alone = true;
        rc = open_once(db_out, path, &alone, !there || st.st_size == 0, err);
    }
    return rc;
}

/* A database in memory, written down. Octets 18 and 19 of the header say who may write and read
 * it: 2 is WAL mode (SQLite file format 1.3.3), which memory does not have. */
static enum rc
image_of(struct db *db, const struct db_options *options, const struct db_schema *schema,
         unsigned char **image_out, size_t *octets_out, struct err *err)
{
    sqlite3_int64 octets = 0;
    enum rc rc = set_creation(db, options, err);

    if (rc == RC_OK)
        rc = db_migrate(db, schema, err);
    if (rc != RC_OK)
        return rc;
    unsigned char *image = sqlite3_serialize(db->raw, "main", &octets, 0);
    if (image == NULL || octets < (sqlite3_int64)options->page_size_octets) {
        sqlite3_free(image);
        return err_set(err, RC_LIMIT, 0, "%s: no memory for its image", schema->what);
    }
    image[18] = image[19] = 2;
    *image_out = image;
    *octets_out = (size_t)octets;
    return RC_OK;
}

enum rc
db_image_make(const struct db_schema *schema, unsigned page_size_octets,
              unsigned char **image_out, size_t *octets_out, struct err *err)
{
    const struct db_options options = {.page_size_octets = page_size_octets,
                                       .auto_vacuum = true};
    db_init();
    struct db *db = db_new(":memory:", &options);

    if (db == NULL)
        return err_set(err, RC_LIMIT, 0, "%s: no memory", schema->what);
    const int result =
        sqlite3_open_v2(":memory:", &db->raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    const enum rc rc = result == SQLITE_OK
                           ? image_of(db, &options, schema, image_out, octets_out, err)
                           : db_result(db, result, "open", err);
    db_close(db);
    return rc;
}

void
db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (unsigned i = 0; i < db->sql_count + BUILTIN_COUNT; i++) {
        CHECK(!db->slots[i].in_use && !db->held);
        sqlite3_finalize(db->slots[i].raw);
    }
    CHECK(sqlite3_close(db->raw) == SQLITE_OK); /* BUSY: a statement of db_raw was left open */
    free(db->path);
    free(db);
}

int64_t
db_last_rowid(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}

int64_t
db_changes(const struct db *db)
{
    return sqlite3_total_changes64(db->raw) == db->changes_before ? 0
                                                                  : sqlite3_changes64(db->raw);
}

const char *
db_path(const struct db *db)
{
    return db->path;
}

struct sqlite3 *
db_raw(struct db *db)
{
    return db->raw;
}

static int64_t
frame_octets(const struct db *db)
{
    return db->page_size + WAL_FRAME_HEADER;
}

enum rc
db_checkpoint(struct db *db, enum db_checkpoint_mode mode, struct db_checkpoint *out,
              struct err *err)
{
    int pages = 0;
    int done = 0;

    if (mode == DB_CHECKPOINT_TRUNCATE_NOW)
        sqlite3_busy_timeout(db->raw, 0);
    const int result = sqlite3_wal_checkpoint_v2(
        db->raw, "main",
        mode == DB_CHECKPOINT_PASSIVE ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE,
        &pages, &done);
    if (mode == DB_CHECKPOINT_TRUNCATE_NOW)
        sqlite3_busy_timeout(db->raw, db->busy_ms);
    const bool known = pages >= 0 && done >= 0; /* -1: could not even look */

    if (known)
        db->wal_pages = pages;
    if (out != NULL && known)
        *out = (struct db_checkpoint){.wal_octets = pages * frame_octets(db),
                                      .left_octets = (pages - done) * frame_octets(db)};
    else if (out != NULL)
        *out = (struct db_checkpoint){0};
    return result == SQLITE_OK ? RC_OK : db_result(db, result, "checkpoint", err);
}

int64_t
db_wal_octets(const struct db *db)
{
    return db->wal_pages * frame_octets(db);
}

void
db_log_keep(struct db *db, int64_t octets)
{
    CHECK(db->index != NULL);
    wal_index_set_log_keep(db->index, octets);
}

static enum rc
pages_octets(struct db *db, const char *sql, int64_t *octets_out, struct err *err)
{
    int64_t pages;
    const enum rc rc = db_query_i64(db, sql, &pages, err);

    if (rc == RC_OK)
        *octets_out = pages * db->page_size;
    return rc;
}

enum rc
db_size_octets(struct db *db, int64_t *octets_out, struct err *err)
{
    return pages_octets(db, "PRAGMA page_count", octets_out, err);
}

enum rc
db_free_octets(struct db *db, int64_t *octets_out, struct err *err)
{
    return pages_octets(db, "PRAGMA freelist_count", octets_out, err);
}

enum rc
db_vacuum_step(struct db *db, unsigned max_pages, struct err *err)
{
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%u)", max_pages);
    return db_exec(db, sql, err);
}

enum rc
db_check(struct db *db, enum db_check_depth depth, struct err *err)
{
    const char *sql =
        depth == DB_CHECK_QUICK ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)";
    sqlite3_stmt *raw = NULL;
    int result = sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(raw);
    enum rc rc = RC_OK;
    if (result != SQLITE_ROW) {
        rc = db_result(db, result, sql, err);
    } else {
        const char *found = (const char *)sqlite3_column_text(raw, 0);
        if (found == NULL || strcmp(found, "ok") != 0)
            rc = err_set(err, RC_CORRUPT, 0, "%s: %s", db->path, found ? found : "no memory");
    }
    sqlite3_finalize(raw);
    return rc;
}

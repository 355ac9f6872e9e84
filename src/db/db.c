/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing, checkpoints and the mapping of results. The settings avoid these traps:
 * setting auto_vacuum at every opening would write each time. The last handle that is closed
 * does a checkpoint and removes the WAL unless told not to. Debian compiles SQLite with
 * secure_delete on. A file that SQLite itself makes has mode 0644, and -wal and -shm get the
 * mode of the database.
 */
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/limits.h"
#include "db/db_private.h"
#include "base/disk.h"
#include "db/library.h"
#include "db/vfs.h"
#include "db/wal_index.h"

enum {
    CACHE_KIB_DEFAULT = 512,
    AUTO_CHECKPOINT_PAGES = 1000,
    WAL_FRAME_HEADER = 24, /* octets before each page in a WAL, SQLite file format 4.1 */
    STALE_TRIES = 5,       /* attempts to open, because other programs come and go */
};

/* An I/O error means a full disk if the system call said so. Other errno values are only of use
 * if opening failed, because later they may be stale. */
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

/* Remembers the size of the WAL. This hook replaces SQLite's own, which does checkpoints. */
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

/* Makes an empty file of mode 0600 if there is none. SQLite would make it with mode 0644. */
static enum rc
file_create(const char *path, struct err *err)
{
    AUTO_FD fd = -1;

    if (disk_create(path, 0600, &fd) != 0 && errno != EEXIST)
        return err_set(err, rc_of_errno(errno), errno, "%s: create", path);
    return RC_OK;
}

/* Sets what must be set before the first page is written. */
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
    enum rc rc = options->read_only ? RC_OK : set_wal(db, err);
    if (rc != RC_OK)
        return rc;
    rc = db_set_cache(db, options->cache_kib, err);
    if (rc != RC_OK)
        return rc;
    snprintf(sql, sizeof sql,
             "PRAGMA synchronous=%s;PRAGMA mmap_size=0;"
             "PRAGMA secure_delete=%s;PRAGMA journal_size_limit=%lld;PRAGMA temp_store=MEMORY;"
             "PRAGMA foreign_keys=ON",
             options->sync == DB_SYNC_FULL ? "FULL" : "NORMAL",
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

/* Gives the handle its database. fresh: the file has no pages yet. */
static enum rc
raw_open(struct db *db, const struct db_options *options, bool fresh, struct err *err)
{
    const int flags = (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    const char *vfs = options->own_index     ? vfs_register(options->reads)
                      : options->vfs != NULL ? options->vfs
                                             : vfs_register_told();
    const int result = sqlite3_open_v2(db->path, &db->raw, flags, vfs);
    enum rc rc = result == SQLITE_OK ? RC_OK : db_result(db, result, "open", err);

    if (rc == RC_OK && options->own_index)
        db->index = vfs_index(db->raw);
    if (rc == RC_OK)
        rc = db_hold(db, err); /* one hold for everything that is read here */
    if (rc == RC_OK)
        rc = configure(db, options, fresh, err);
    db_release(db);
    if (rc == RC_OK)
        sqlite3_wal_hook(db->raw, after_commit, db);
    return rc;
}

static void
raw_close(struct db *db)
{
    for (unsigned i = 0; i < db->sql_count + BUILTIN_COUNT; i++) {
        CHECK(!db->slots[i].in_use && !db->held);
        sqlite3_finalize(db->slots[i].raw);
        db->slots[i].raw = NULL;
    }
    CHECK(sqlite3_close(db->raw) == SQLITE_OK); /* BUSY: a statement of db_raw was left open */
    db->raw = NULL;
}

/* One try. */
static enum rc
open_once(struct db **db_out, const char *path, const struct db_options *options, bool fresh,
          struct err *err)
{
    struct db *db = db_new(path, options);

    if (db == NULL)
        return err_set(err, RC_LIMIT, 0, "%s: no memory", path);
    const enum rc rc = raw_open(db, options, fresh, err);
    if (rc != RC_OK) {
        db_close(db);
        return rc;
    }
    *db_out = db;
    return RC_OK;
}

/* ---- on a full disk ---- */

/* The index of the log is in the memory of this process, and other programs that open the file
 * find it busy. */
static struct db_options
alone(const struct db_options *options)
{
    struct db_options changed = *options;

    changed.vfs = "unix-excl";
    return changed;
}

static enum rc
open_alone(struct db **db_out, const char *path, const struct db_options *options, bool fresh,
           struct err *err)
{
    const struct db_options excl = alone(options);
    struct db_options *shared = malloc(sizeof *shared);

    if (shared == NULL)
        return err_set(err, RC_LIMIT, 0, "%s: no memory", path);
    const enum rc rc = open_once(db_out, path, &excl, fresh, err);
    if (rc != RC_OK) {
        free(shared);
        return rc;
    }
    *shared = *options;
    (*db_out)->shared = shared;
    return RC_OK;
}

static bool
has_room(const char *path)
{
    struct statvfs fs;

    return statvfs(path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= LIMIT_START_OCTETS;
}

void
db_share(struct db *db)
{
    char index[4096];

    if (db->shared == NULL || !has_room(db->path))
        return;
    const struct db_options excl = alone(db->shared);
    raw_close(db);
    const enum rc rc = raw_open(db, db->shared, false, NULL);
    snprintf(index, sizeof index, "%s-shm", db->path);
    if (rc == RC_OK && access(index, F_OK) == 0) { /* otherwise another handle keeps it so */
        free(db->shared);
        db->shared = NULL;
    }
    if (rc == RC_OK)
        return;
    raw_close(db);
    if (raw_open(db, &excl, false, NULL) != RC_OK)
        raw_close(db); /* every statement fails until the next try */
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

    const bool fresh = !there || st.st_size == 0;
    db_init();
    rc = RC_GONE;
    for (int i = 0; i < STALE_TRIES && rc == RC_GONE; i++)
        rc = open_once(db_out, path, options, fresh, err);
    if (rc == RC_FULL && options->vfs == NULL && !options->own_index && !options->read_only)
        rc = open_alone(db_out, path, options, fresh, err);
    return rc;
}

enum rc
db_open_memory(struct db **db_out, const struct db_options *options, struct err *err)
{
    db_init();
    struct db *db = db_new(":memory:", options);

    if (db == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a database");
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int result = sqlite3_open_v2(":memory:", &db->raw, flags, NULL);
    enum rc rc = result == SQLITE_OK ? RC_OK : db_result(db, result, "open", err);
    if (rc == RC_OK)
        rc = set_creation(db, options, err);
    if (rc != RC_OK) {
        db_close(db);
        return rc;
    }
    db->page_size = options->page_size_octets;
    *db_out = db;
    return RC_OK;
}

void
db_close(struct db *db)
{
    if (db == NULL)
        return;
    raw_close(db);
    free(db->shared);
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

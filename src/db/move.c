/* SPDX-License-Identifier: MIT */
/* See the header. Thread: the one that has the handle. */
#include "db/move.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "db/db_private.h"
#include "db/log_memo.h"
#include "db/txn.h"
#include "db/vfs.h"
#include "db/wal_index.h"

/* ---- leaving ---- */

/* Whether SQLite has something open beside the database: a file control answers only then. */
static bool
has_more(struct db *db)
{
    unsigned version = 0;

    return sqlite3_db_name(db->raw, 2) != NULL ||
           sqlite3_file_control(db->raw, "temp", SQLITE_FCNTL_DATA_VERSION, &version) ==
               SQLITE_OK;
}

static bool
is_at_rest(const struct db *db)
{
    for (unsigned i = 0; i < db->sql_count + BUILTIN_COUNT; i++)
        if (db->slots[i].in_use)
            return false;
    return !db->held && sqlite3_get_autocommit(db->raw) != 0 &&
           sqlite3_txn_state(db->raw, NULL) == SQLITE_TXN_NONE;
}

struct log_memo *
db_log_memo(struct db *db)
{
    return db->index == NULL || db->troubled || !is_at_rest(db) ? NULL
                                                                : log_memo_take(db->index);
}

bool
db_leave(struct db *db)
{
    CHECK(!db->away);
    if (!db->movable || !is_at_rest(db) || !db->schema.noted || db->troubled || has_more(db) ||
        !vfs_leave(db->raw, (unsigned)db->page_size))
        return false;
    db->away = true;
    (void)sqlite3_db_release_memory(db->raw);
    sqlite3_set_last_insert_rowid(db->raw, 0);
    db->changes_before = sqlite3_total_changes64(db->raw);
    db->wal_pages = 0;
    return true;
}

/* ---- arriving ---- */

static bool
marks_equal(const struct db_schema_mark *a, const struct db_schema_mark *b)
{
    return a->noted && b->noted && a->generation == b->generation && a->version == b->version &&
           a->owner == b->owner && a->digest == b->digest;
}

static unsigned
data_version(struct db *db)
{
    unsigned version = 0;

    CHECK(sqlite3_file_control(db->raw, "main", SQLITE_FCNTL_DATA_VERSION, &version) ==
          SQLITE_OK);
    return version;
}

/* The first transaction: SQLite reads the log, unless a memo of it was right, drops its pages
 * and reads the schema. */
static enum rc
look(struct db *db)
{
    const unsigned before = data_version(db);
    struct db_schema_mark found = {0};
    AUTO_TXN txn = {0};

    enum rc rc = txn_begin(&txn, db, TXN_READ, NULL);
    if (rc == RC_OK)
        rc = db_schema_read(db, &found);
    if (rc == RC_OK && (data_version(db) == before || !vfs_has_arrived(db->raw) ||
                        !marks_equal(&found, &db->schema)))
        rc = RC_GONE;
    return rc == RC_OK ? txn_commit(&txn, NULL) : rc;
}

static enum rc
arrive(struct db *db, const char *path, enum db_reads reads, unsigned cache_kib,
       const struct log_memo *memo)
{
    if (db_hold(db, NULL) != RC_OK)
        return RC_GONE;
    bool here = vfs_move(db->raw, path, reads, (unsigned)db->page_size, memo);
    /* txn_begin takes a hold and txn_commit gives it back. This one spans both, so that no
     * other program comes between the opening of the files and the first look at them. */
    enum rc rc = here ? wal_index_hold(db->index) : RC_GONE;
    db_release(db);
    if (rc != RC_OK)
        return RC_GONE;
    rc = look(db);
    wal_index_release(db->index);
    if (rc == RC_OK && cache_kib != db->cache_kib)
        rc = db_set_cache(db, cache_kib, NULL);
    return rc == RC_OK && !db->troubled ? RC_OK : RC_GONE;
}

enum rc
db_move(struct db *db, const char *path, enum db_reads reads, unsigned cache_kib,
        const struct log_memo *memo)
{
    CHECK(db->away);
    if (access(path, F_OK) != 0)
        return RC_NOT_FOUND;
    char *copy = strdup(path);
    const enum rc rc = copy == NULL ? RC_LIMIT : wal_index_move(db->index, path);
    if (rc != RC_OK) {
        free(copy);
        return rc == RC_EXISTS ? RC_EXISTS : RC_GONE;
    }
    free(db->path);
    db->path = copy;
    db->away = false;
    return arrive(db, path, reads, cache_kib, memo);
}

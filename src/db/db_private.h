/* SPDX-License-Identifier: MIT */
/* What the files of this folder share: the handle. */
#ifndef DB_DB_PRIVATE_H
#define DB_DB_PRIVATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "db/db.h"
#include "db/stmt.h"

/* The folder's own statements come after the owner's in the slots. */
enum db_builtin {
    BUILTIN_BEGIN,
    BUILTIN_BEGIN_IMMEDIATE,
    BUILTIN_COMMIT,
    BUILTIN_ROLLBACK,
    BUILTIN_SAVEPOINT,
    BUILTIN_RELEASE,
    BUILTIN_ROLLBACK_TO,
    BUILTIN_SCHEMA,
    BUILTIN_SCHEMA_VERSION,
    BUILTIN_USER_VERSION,
    BUILTIN_APPLICATION_ID,
    BUILTIN_COUNT,
};

struct db_slot {
    sqlite3_stmt *raw; /* owned; NULL: not prepared yet */
    bool in_use;       /* between stmt_get and stmt_reset */
};

/* What db_migrate has made of a database or found there. */
struct db_schema_mark {
    bool noted;
    int64_t generation; /* SQLite's: grows with each change of the schema */
    int64_t version;    /* ours: steps applied */
    int64_t owner;      /* application_id */
    uint64_t digest;    /* of sqlite_schema */
};

struct db {
    sqlite3 *raw;
    const char *const *sql; /* borrowed */
    unsigned sql_count;
    int64_t page_size;       /* octets */
    int busy_ms;             /* wait for locks */
    int wal_pages;           /* after the last commit or checkpoint of this handle */
    bool checkpoint_auto;    /* every AUTO_CHECKPOINT_PAGES */
    char *path;              /* owned */
    struct wal_index *index; /* own_index: borrowed from the handle; otherwise NULL */
    bool held;               /* txn.c: other programs are kept out of it */

    /* Of a handle that keeps other programs out: how it is opened without that; owned. NULL:
     * they can use the database too. */
    struct db_options *shared;

    /* Going from one database to another (db/move.h). */
    bool movable;  /* its options allow it */
    bool troubled; /* it has met a failure, and stays where it is */
    bool away;     /* it has no database */
    unsigned cache_kib;
    struct db_schema_mark schema;
    int64_t changes_before; /* sqlite3_total_changes before it was moved here; -1: it was not
                               moved */
    struct db_slot slots[]; /* sql_count + BUILTIN_COUNT */
};

/* A database in memory, with page size and auto_vacuum as in options. RC_LIMIT. */
MUST_USE enum rc db_open_memory(struct db **db_out, const struct db_options *options,
                                struct err *err);

/* Keeps other programs out until db_release, waiting up to busy_ms for one that is attaching.
 * RC_GONE: stale. Without own_index both do nothing. */
MUST_USE enum rc db_hold(struct db *db, struct err *err);
void db_release(struct db *db);

/* Finds out which schema the database has now, in the transaction under way. */
MUST_USE enum rc db_schema_read(struct db *db, struct db_schema_mark *out);
/* Limits the page cache. */
MUST_USE enum rc db_set_cache(struct db *db, unsigned kib, struct err *err);

/* A statement of this folder. */
struct stmt stmt_get_builtin(struct db *db, enum db_builtin which);

/* The value of a pragma, or of any query that gives one number. The statement is not cached. */
MUST_USE enum rc db_query_i64(struct db *db, const char *sql, int64_t *value_out,
                              struct err *err);

#endif

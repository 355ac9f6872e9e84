/* SPDX-License-Identifier: MIT */
/*
 * BEGIN, COMMIT, ROLLBACK and savepoints as cached statements. Whether a transaction is open is
 * read from SQLite's autocommit flag, which turns on by itself when SQLite had to roll back.
 * Thread: the handle's.
 */
#include "db/txn.h"

#include <sqlite3.h>

#include "base/check.h"
#include "db/db_private.h"

static enum rc
run(struct db *db, enum db_builtin which, struct err *err)
{
    AUTO_STMT stmt = stmt_get_builtin(db, which);

    return stmt_run(&stmt, err);
}

static bool
is_open(const struct db *db)
{
    return sqlite3_get_autocommit(db->raw) == 0;
}

static enum rc
gone(const struct db *db, struct err *err)
{
    return err_set(err, RC_GONE, 0, "%s: SQLite has rolled the transaction back", db->path);
}

/* If there is no memory left, it must still be possible to end a transaction that was begun. */
static enum rc
rollback_prepare(struct db *db, struct err *err)
{
    AUTO_STMT stmt = stmt_get_builtin(db, BUILTIN_ROLLBACK);

    return stmt_end(&stmt, err);
}

enum rc
txn_begin(struct txn *txn, struct db *db, enum txn_mode mode, struct err *err)
{
    CHECK(txn->db == NULL && !is_open(db));
    enum rc rc = db_hold(db, err);

    if (rc != RC_OK)
        return rc;
    rc = rollback_prepare(db, err);
    if (rc == RC_OK)
        rc = run(db, mode == TXN_WRITE ? BUILTIN_BEGIN_IMMEDIATE : BUILTIN_BEGIN, err);
    if (rc == RC_OK)
        txn->db = db;
    else
        db_release(db);
    return rc;
}

enum rc
txn_commit(struct txn *txn, struct err *err)
{
    struct db *db = txn->db;

    CHECK(db != NULL);
    if (!is_open(db)) {
        txn->db = NULL;
        db_release(db);
        return gone(db, err);
    }
    const enum rc rc = run(db, BUILTIN_COMMIT, err);
    if (rc != RC_OK)
        txn_abort(txn);
    txn->db = NULL;
    db_release(db);
    return rc;
}

void
txn_abort(struct txn *txn)
{
    struct db *db = txn->db;

    txn->db = NULL;
    if (db == NULL)
        return;
    if (is_open(db))
        (void)run(db, BUILTIN_ROLLBACK, NULL); /* fails if there is nothing left to roll back */
    db_release(db);
}

enum rc
savepoint_begin(struct db *db, struct err *err)
{
    if (!is_open(db))
        return gone(db, err);
    return run(db, BUILTIN_SAVEPOINT, err);
}

enum rc
savepoint_release(struct db *db, struct err *err)
{
    if (!is_open(db))
        return gone(db, err);
    return run(db, BUILTIN_RELEASE, err);
}

enum rc
savepoint_abort(struct db *db, struct err *err)
{
    if (!is_open(db))
        return gone(db, err);
    const enum rc rc = run(db, BUILTIN_ROLLBACK_TO, err);
    if (rc != RC_OK)
        return rc;
    return run(db, BUILTIN_RELEASE, err);
}

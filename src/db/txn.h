/* SPDX-License-Identifier: MIT */
/*
 * Transactions and savepoints of one handle. A transaction that is not committed is rolled back
 * at the end of its scope. On some failures (full disk, I/O, memory) SQLite itself rolls the
 * transaction back; then every later call on it returns RC_GONE, and nothing of it is stored.
 * Thread: the handle's.
 */
#ifndef DB_TXN_H
#define DB_TXN_H

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "db/db.h"

struct txn {
    struct db *db; /* borrowed; NULL: not open */
};

enum txn_mode {
    TXN_READ, /* one snapshot from the first statement on; not held while a socket is written */
    TXN_WRITE, /* takes the write lock now (BEGIN IMMEDIATE), so that it cannot fail later */
};

/** RC_BUSY: another process holds the lock for too long. RC_GONE: the handle is stale
 * (db_is_stale). *txn must not be open. Waits for disk. */
MUST_USE enum rc txn_begin(struct txn *txn, struct db *db, enum txn_mode mode, struct err *err);
/** RC_OK: it is stored, and with DB_SYNC_FULL on disk. Otherwise nothing of it is stored, and
 * the transaction is closed. Waits for disk. */
MUST_USE enum rc txn_commit(struct txn *txn, struct err *err);
/** Rolls back; does nothing if it is not open. SQLite ends its open statements. */
void txn_abort(struct txn *txn);

#define AUTO_TXN CLEANUP(txn_abort) struct txn

/**
 * A savepoint: a part of the open write transaction that can be undone on its own. Savepoints
 * nest. Each begin needs one release, which keeps the changes in the transaction, or one abort,
 * which undoes them. RC_GONE from abort or release: in the meantime, SQLite has rolled back the
 * whole transaction.
 */
MUST_USE enum rc savepoint_begin(struct db *db, struct err *err);
MUST_USE enum rc savepoint_release(struct db *db, struct err *err);
MUST_USE enum rc savepoint_abort(struct db *db, struct err *err);

#endif

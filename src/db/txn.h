/* SPDX-License-Identifier: MIT */
/*
 * Transactions and savepoints of one handle. A transaction that is not committed is rolled
 * back at scope exit. SQLite itself rolls a transaction back on some failures (full disk,
 * I/O, memory): then every later call on it says RC_GONE and nothing of it is stored.
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
    TXN_READ,  /* one snapshot from the first statement on; never across a socket write */
    TXN_WRITE, /* takes the write lock now (BEGIN IMMEDIATE), so that it cannot fail later */
};

/** RC_BUSY when another process holds the lock for too long; RC_GONE when the handle is stale
 *  (db_is_stale). *txn must not be open. Waits. */
MUST_USE enum rc txn_begin(struct txn *txn, struct db *db, enum txn_mode mode, struct err *err);
/** RC_OK: stored (on disk with DB_SYNC_FULL). Otherwise nothing is and it is closed. Waits. */
MUST_USE enum rc txn_commit(struct txn *txn, struct err *err);
/** Rolls back; does nothing when not open. Open statements of it are ended by SQLite. */
void txn_abort(struct txn *txn);

#define AUTO_TXN CLEANUP(txn_abort) struct txn

/**
 * A part of the open write transaction that can be undone alone. They nest. Each begin needs
 * one release (keeps the changes within the transaction) or abort (undoes them). RC_GONE from
 * abort or release: SQLite has rolled back the whole transaction meanwhile.
 */
MUST_USE enum rc savepoint_begin(struct db *db, struct err *err);
MUST_USE enum rc savepoint_release(struct db *db, struct err *err);
MUST_USE enum rc savepoint_abort(struct db *db, struct err *err);

#endif

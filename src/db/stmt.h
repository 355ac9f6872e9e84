/* SPDX-License-Identifier: MIT */
/*
 * Prepared statements, one a number and handle, prepared at first use and kept. Failures are
 * sticky: after the first one all calls on the statement do nothing, and stmt_end (or
 * stmt_run, stmt_one) says what it was. So a query reads:
 *
 *     AUTO_STMT stmt = stmt_get(db, SQL_ENTRIES);
 *     stmt_bind_i64(&stmt, 1, mbox_id);
 *     while (stmt_row(&stmt))
 *         use(stmt_i64(&stmt, 0), stmt_span(&stmt, 1));
 *     return stmt_end(&stmt, err);
 *
 * Parameters count from 1 and columns from 0, as in SQLite. Thread: the handle's.
 */
#ifndef DB_STMT_H
#define DB_STMT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "db/db.h"

struct sqlite3_stmt;

struct stmt {
    struct db *db;            /* borrowed */
    struct sqlite3_stmt *raw; /* borrowed from the handle; NULL: could not be prepared */
    unsigned id;
    int sqlite_rc; /* the first failure; 0: none */
};

/** The statement number id of db_options.sql. It must not be in use already (CHECK). */
struct stmt stmt_get(struct db *db, unsigned id);
/** Ends its use: resets it and forgets what was bound. Done by AUTO_STMT at scope exit. */
void stmt_reset(struct stmt *stmt);

#define AUTO_STMT CLEANUP(stmt_reset) struct stmt

void stmt_bind_i64(struct stmt *stmt, int param, int64_t value);
void stmt_bind_null(struct stmt *stmt, int param);
/** Text (UTF-8, not checked) or a blob; borrowed until the statement is reset, not copied.
 *  An empty one is empty, not NULL. */
void stmt_bind_text(struct stmt *stmt, int param, struct span text);
void stmt_bind_blob(struct stmt *stmt, int param, struct span blob);
/** A blob of zeros. */
void stmt_bind_zeros(struct stmt *stmt, int param, uint64_t octets);

/** Steps: true when there is a row; false at the end or on failure, which stmt_end tells. */
MUST_USE bool stmt_row(struct stmt *stmt);
/** RC_OK, or the failure. After it the statement may be bound and run again. Waits. */
MUST_USE enum rc stmt_end(struct stmt *stmt, struct err *err);
/** Runs a statement without rows, to its end (rows are passed over). Waits for disk. */
MUST_USE enum rc stmt_run(struct stmt *stmt, struct err *err);
/** Steps to the first row: RC_OK and its columns may be read, RC_NOT_FOUND, or the failure. */
MUST_USE enum rc stmt_one(struct stmt *stmt, struct err *err);

int64_t stmt_i64(struct stmt *stmt, int column);
/** Text or blob octets; they die at the next step or reset. NULL gives an empty span. */
struct span stmt_span(struct stmt *stmt, int column);
bool stmt_is_null(struct stmt *stmt, int column);

#endif

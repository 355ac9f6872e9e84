/* SPDX-License-Identifier: MIT */
/*
 * Prepared statements. Each handle prepares a statement when it is first used, and keeps it.
 * Failures are sticky: after the first one, all calls on the statement do nothing, and stmt_end
 * (or stmt_run, stmt_one) says what it was. So a query reads:
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
/** Ends its use: resets it and forgets what was bound. AUTO_STMT does this at the end of the
 * scope. */
void stmt_reset(struct stmt *stmt);

#define AUTO_STMT CLEANUP(stmt_reset) struct stmt

void stmt_bind_i64(struct stmt *stmt, int param, int64_t value);
void stmt_bind_null(struct stmt *stmt, int param);
/** Binds text (UTF-8, not checked) or a blob, which is not copied but borrowed until the
 * statement is reset. An empty span is bound as an empty value, not as NULL. */
void stmt_bind_text(struct stmt *stmt, int param, struct span text);
void stmt_bind_blob(struct stmt *stmt, int param, struct span blob);
/** A blob of zeros. */
void stmt_bind_zeros(struct stmt *stmt, int param, uint64_t octets);

/** Takes one step. True: there is a row. False: the end or a failure; stmt_end says which. */
MUST_USE bool stmt_row(struct stmt *stmt);
/** RC_OK, or the failure. Afterwards the statement may be bound and run again. Waits for
 *  disk. */
MUST_USE enum rc stmt_end(struct stmt *stmt, struct err *err);
/** Runs a statement to its end and ignores rows. Waits for disk. */
MUST_USE enum rc stmt_run(struct stmt *stmt, struct err *err);
/** Steps to the first row. RC_OK: its columns may be read. RC_NOT_FOUND: there is none.
 * Otherwise the failure. */
MUST_USE enum rc stmt_one(struct stmt *stmt, struct err *err);

int64_t stmt_i64(struct stmt *stmt, int column);
/** The octets of text or of a blob, valid until the next step or reset. NULL gives an empty
 * span. */
struct span stmt_span(struct stmt *stmt, int column);
bool stmt_is_null(struct stmt *stmt, int column);

#endif

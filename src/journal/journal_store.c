/* SPDX-License-Identifier: MIT */
/*
 * The journal's database: storing batches and summaries, making room by age and size, and
 * starting over if the file is damaged, because a running server is worth more than old
 * records. After the start, only the journal's thread runs this.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "db/txn.h"
#include "journal/journal_private.h"

enum {
    CLEAN_ROWS = 1000,           /* rows deleted at a time */
    CLEAN_EVERY_MS = 600 * 1000, /* wall clock */
    CLEAN_EVERY_RECORDS = 20000,
    VACUUM_PAGES = 2000, /* pages returned at a time */
};

enum {
    WRITE_INSERT,
    WRITE_SUMMARY,
    WRITE_COUNTER,
    READ_COUNTER,
    DELETE_OLD,
    DELETE_FIRST,
    DELETE_SUMMARY,
    WRITE_NETWORK,
    DELETE_NETWORK,
    WRITE_COUNT
};

static const char *const write_sql[WRITE_COUNT] = {
    [WRITE_INSERT] = "INSERT INTO session(" JOURNAL_COLUMNS ") VALUES"
                     " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,"
                     "?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38)",
    [WRITE_SUMMARY] = "INSERT INTO summary(minute_ms, service, reason, count)"
                      " VALUES (?1,?2,?3,?4)",
    [WRITE_COUNTER] = "INSERT INTO counter VALUES ('last_session', ?1)"
                      " ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)",
    [READ_COUNTER] = "SELECT value FROM counter WHERE name = 'last_session'",
    [DELETE_OLD] = "DELETE FROM session WHERE id IN"
                   " (SELECT id FROM session WHERE end_ms < ?1 ORDER BY end_ms LIMIT ?2)",
    [DELETE_FIRST] = "DELETE FROM session WHERE id IN"
                     " (SELECT id FROM session ORDER BY id LIMIT ?1)",
    [DELETE_SUMMARY] = "DELETE FROM summary WHERE minute_ms < ?1",
    [WRITE_NETWORK] = "INSERT OR REPLACE INTO network(" JOURNAL_NETWORK_COLUMNS ") VALUES"
                      " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [DELETE_NETWORK] = "DELETE FROM network WHERE ?1 = '' OR network = ?1",
};

_Static_assert(JOURNAL_COLUMN_COUNT == 38, "as many parameters as columns");

static int64_t
now_ms(const struct journal_store *store)
{
    return clock_wall_us(store->clock) / 1000;
}

/* --- Opening --- */

static enum rc
open_file(struct journal_store *store, struct err *err)
{
    const struct db_options options = {
        .sql = write_sql,
        .sql_count = WRITE_COUNT,
        .sync = DB_SYNC_NORMAL,
        .vfs = store->vfs,
        .create = true,
        .auto_checkpoint = true,
        .auto_vacuum = true,
        .checkpoint_on_close = true,
    };
    enum rc rc = db_open(&store->db, store->path, &options, err);

    if (rc == RC_OK)
        rc = db_migrate(store->db, &journal_schema, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(store->db, READ_COUNTER);
    rc = stmt_one(&stmt, err);
    if (rc == RC_OK && (uint64_t)stmt_i64(&stmt, 0) > store->last_session)
        store->last_session = (uint64_t)stmt_i64(&stmt, 0);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Renames a damaged file, so that somebody can look at it. Replaces an older one. */
static enum rc
set_aside(const struct journal_store *store, struct err *err)
{
    static const char *const parts[] = {"-wal", "-shm"};
    char from[4096];
    char to[4096];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(from, sizeof from, "%s%s", store->path, parts[i]);
        snprintf(to, sizeof to, "%s.damaged%s", store->path, parts[i]);
        if (rename(from, to) != 0 && errno == ENOENT)
            (void)unlink(to); /* of an older one */
    }
    snprintf(to, sizeof to, "%s.damaged", store->path);
    if (rename(store->path, to) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s: rename", to);
    return RC_OK;
}

enum rc
journal_store_open(struct journal_store *store, struct err *err)
{
    store->damaged = false;
    enum rc rc = open_file(store, err);
    if (rc != RC_CORRUPT)
        return rc;
    db_close(store->db);
    store->db = NULL;
    rc = set_aside(store, err);
    if (rc == RC_OK)
        rc = open_file(store, err);
    store->damaged = rc == RC_OK;
    return rc;
}

void
journal_store_close(struct journal_store *store)
{
    db_close(store->db);
    free(store->path);
}

/* --- Storing --- */

static enum rc
insert_record(struct db *db, const struct end_record *record, struct err *err)
{
    char events[LIMIT_EVENT_RING * 16];
    AUTO_STMT stmt = stmt_get(db, WRITE_INSERT);

    journal_row_bind(&stmt, record, events);
    return stmt_run(&stmt, err);
}

static enum rc
write_counter(struct db *db, uint64_t session, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, WRITE_COUNTER);

    stmt_bind_i64(&stmt, 1, (int64_t)session);
    return stmt_run(&stmt, err);
}

/* Stores the whole batch or nothing. */
static enum rc
store_batch(struct journal_store *store, struct span batch, struct err *err)
{
    struct end_record record;
    AUTO_TXN txn = {0};
    enum rc rc = txn_begin(&txn, store->db, TXN_WRITE, err);

    while (rc == RC_OK && journal_queue_take(&batch, &record)) {
        rc = insert_record(store->db, &record, err);
        if (record.session > store->last_session)
            store->last_session = record.session;
        store->records_since_clean++;
    }
    if (rc == RC_OK)
        rc = write_counter(store->db, store->last_session, err);
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

enum rc
journal_store_batch(struct journal_store *store, struct span batch, struct err *err)
{
    if (store->db != NULL)
        db_share(store->db);
    if (batch.len == 0)
        return RC_OK;
    enum rc rc = store->db == NULL ? RC_CORRUPT : store_batch(store, batch, err);
    if (rc != RC_CORRUPT)
        return rc;
    db_close(store->db);
    store->db = NULL;
    rc = journal_store_open(store, err); /* finds out whether it is damaged */
    if (rc != RC_OK) {
        db_close(store->db);
        store->db = NULL;
        return rc;
    }
    return store_batch(store, batch, err);
}

static enum rc
insert_summary(struct db *db, int64_t minute_ms, const struct journal_sum *sum, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, WRITE_SUMMARY);

    stmt_bind_i64(&stmt, 1, minute_ms);
    stmt_bind_text(&stmt, 2, span_of_str(log_service_name(sum->service)));
    stmt_bind_text(&stmt, 3, span_of_str(end_reason_info(sum->reason)->code));
    stmt_bind_i64(&stmt, 4, sum->count);
    return stmt_run(&stmt, err);
}

enum rc
journal_store_summary(struct journal_store *store, int64_t minute_ms,
                      const struct journal_sum *sums, size_t count, struct err *err)
{
    AUTO_TXN txn = {0};

    if (store->db == NULL)
        return err_set(err, RC_CORRUPT, 0, "%s: not open", store->path);
    enum rc rc = txn_begin(&txn, store->db, TXN_WRITE, err);
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = insert_summary(store->db, minute_ms, &sums[i], err);
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

static enum rc
store_network(struct db *db, const struct network_record *record, struct buf *buf,
              struct err *err)
{
    const bool remove = record->interval_s == 0 && record->silence_count == 0;
    AUTO_STMT stmt = stmt_get(db, remove ? DELETE_NETWORK : WRITE_NETWORK);

    if (remove)
        stmt_bind_text(&stmt, 1, span_of_str(record->network));
    else
        journal_network_bind(&stmt, record, buf);
    return stmt_run(&stmt, err);
}

enum rc
journal_store_networks(struct journal_store *store, struct span records, struct err *err)
{
    struct network_record record;
    AUTO_BUF buf = {0};
    AUTO_TXN txn = {0};

    if (records.len == 0)
        return RC_OK;
    if (store->db == NULL)
        return err_set(err, RC_CORRUPT, 0, "%s: not open", store->path);
    buf_init(&buf, JOURNAL_SILENCES_TEXT);
    enum rc rc = txn_begin(&txn, store->db, TXN_WRITE, err);
    for (; records.len > 0 && rc == RC_OK; records = span_tail(records, sizeof record)) {
        memcpy(&record, records.ptr, sizeof record);
        rc = store_network(store->db, &record, &buf, err);
    }
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

/* --- Making room --- */

static enum rc
delete_rows(struct db *db, unsigned which, int64_t first, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, which);

    stmt_bind_i64(&stmt, 1, first);
    if (which == DELETE_OLD)
        stmt_bind_i64(&stmt, 2, CLEAN_ROWS);
    return stmt_run(&stmt, err);
}

/* Octets in use, without free pages. */
static enum rc
used_octets(struct db *db, int64_t *octets_out, struct err *err)
{
    int64_t free_octets;
    int64_t all;
    enum rc rc = db_size_octets(db, &all, err);

    if (rc == RC_OK)
        rc = db_free_octets(db, &free_octets, err);
    if (rc == RC_OK)
        *octets_out = all - free_octets;
    return rc;
}

/* Deletes what is too old, then the oldest records while the file is too large. */
static enum rc
clean(struct journal_store *store, struct err *err)
{
    const int64_t limit_ms = now_ms(store) - store->keep_ms;
    int64_t octets;
    enum rc rc;

    do {
        rc = delete_rows(store->db, DELETE_OLD, limit_ms, err);
    } while (rc == RC_OK && db_changes(store->db) == CLEAN_ROWS);
    if (rc == RC_OK)
        rc = delete_rows(store->db, DELETE_SUMMARY, limit_ms, err);
    while (rc == RC_OK) {
        rc = used_octets(store->db, &octets, err);
        if (rc != RC_OK || octets <= store->max_octets)
            break;
        rc = delete_rows(store->db, DELETE_FIRST, CLEAN_ROWS, err);
        if (rc == RC_OK && db_changes(store->db) == 0)
            break; /* nothing left: the limit is smaller than an empty file */
    }
    return rc == RC_OK ? db_vacuum_step(store->db, VACUUM_PAGES, err) : rc;
}

enum rc
journal_store_clean(struct journal_store *store, struct err *err)
{
    const int64_t now = now_ms(store);

    if (store->db == NULL || (now - store->cleaned_ms < CLEAN_EVERY_MS &&
                              store->records_since_clean < CLEAN_EVERY_RECORDS))
        return RC_OK;
    store->cleaned_ms = now;
    store->records_since_clean = 0;
    return clean(store, err);
}

/* SPDX-License-Identifier: MIT */
/* Reads the journal, whether or not a server is running. One thread for each reader. */
#include <stdlib.h>

#include "journal/journal.h"
#include "journal/journal_private.h"

enum { READ_SESSION, READ_ALL, READ_ACCOUNT, READ_NETWORK, READ_NETWORKS, READ_COUNT };

static const char *const read_sql[READ_COUNT] = {
    /* Numbers do not repeat unless the journal was deleted; then the newest is meant. */
    [READ_SESSION] = "SELECT " JOURNAL_COLUMNS " FROM session WHERE session = ?1"
                     " ORDER BY id DESC LIMIT 1",
    [READ_ALL] = "SELECT " JOURNAL_COLUMNS " FROM session"
                 " WHERE end_ms >= ?1 AND end_ms < ?2 AND (?3 = '' OR peer = ?3)"
                 " ORDER BY end_ms, id",
    [READ_ACCOUNT] = "SELECT " JOURNAL_COLUMNS " FROM session"
                     " WHERE account = ?4 AND end_ms >= ?1 AND end_ms < ?2"
                     " AND (?3 = '' OR peer = ?3) ORDER BY end_ms, id",
    [READ_NETWORK] = "SELECT " JOURNAL_NETWORK_COLUMNS " FROM network WHERE network = ?1",
    [READ_NETWORKS] = "SELECT " JOURNAL_NETWORK_COLUMNS " FROM network"
                      " ORDER BY seen_ms DESC, network",
};

struct journal_reader {
    struct db *db;
};

enum rc
journal_reader_open(struct journal_reader **reader_out, const char *path, struct err *err)
{
    const struct db_options options = {
        .sql = read_sql, .sql_count = READ_COUNT, .sync = DB_SYNC_NORMAL, .read_only = true};
    struct journal_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return err_set(err, RC_LIMIT, 0, "journal: no memory");
    const enum rc rc = db_open(&reader->db, path, &options, err);
    if (rc != RC_OK) {
        free(reader);
        return rc;
    }
    *reader_out = reader;
    return RC_OK;
}

void
journal_reader_close(struct journal_reader *reader)
{
    if (reader == NULL)
        return;
    db_close(reader->db);
    free(reader);
}

enum rc
journal_find_session(struct journal_reader *reader, uint64_t session, struct arena *arena,
                     struct end_record *record_out, struct err *err)
{
    struct end_record record;
    AUTO_STMT stmt = stmt_get(reader->db, READ_SESSION);

    stmt_bind_i64(&stmt, 1, (int64_t)session);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    journal_row_read(&stmt, &record);
    if (end_record_copy(&record, arena, record_out) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "journal: no memory for the record");
    return RC_OK;
}

enum rc
journal_walk(struct journal_reader *reader, const struct journal_query *query,
             journal_visit *visit, void *ctx, struct err *err)
{
    AUTO_STMT stmt = stmt_get(reader->db, query->account.len > 0 ? READ_ACCOUNT : READ_ALL);
    struct end_record record;

    stmt_bind_i64(&stmt, 1, query->since_ms);
    stmt_bind_i64(&stmt, 2, query->until_ms == 0 ? INT64_MAX : query->until_ms);
    stmt_bind_text(&stmt, 3, query->peer);
    if (query->account.len > 0)
        stmt_bind_text(&stmt, 4, query->account);
    for (unsigned seen = 0; query->max == 0 || seen < query->max; seen++) {
        if (!stmt_row(&stmt))
            break;
        journal_row_read(&stmt, &record);
        if (!visit(ctx, &record))
            break;
    }
    return stmt_end(&stmt, err);
}

/* --- Networks --- */

enum rc
journal_find_network(struct journal_reader *reader, struct span network,
                     struct network_record *out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(reader->db, READ_NETWORK);

    stmt_bind_text(&stmt, 1, network);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        journal_network_read(&stmt, out);
    return rc;
}

enum rc
journal_walk_networks(struct journal_reader *reader, journal_visit_network *visit, void *ctx,
                      struct err *err)
{
    AUTO_STMT stmt = stmt_get(reader->db, READ_NETWORKS);
    struct network_record record;

    while (stmt_row(&stmt)) {
        journal_network_read(&stmt, &record);
        if (!visit(ctx, &record))
            break;
    }
    return stmt_end(&stmt, err);
}

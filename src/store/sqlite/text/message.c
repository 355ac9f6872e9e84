/* SPDX-License-Identifier: MIT */
/*
 * What FETCH shows of messages without their text. It is written once and read in bulk: a
 * listing asks for ids in ascending order, so the statement stays open, and one step gives the
 * next row. Only a jump has to seek. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum { STEPS_INSTEAD_OF_SEEK = 3 }; /* a step costs about a third of a seek */

/* Columns of a statement after id, octets and header_octets, in this order. */
enum columns {
    COLUMNS_HEAD = MESSAGE_ENVELOPE | MESSAGE_FIELDS,
    COLUMNS_STRUCTURE = MESSAGE_BODYSTRUCTURE | MESSAGE_PARTS,
    COLUMNS_KEYS = MESSAGE_KEYS,
    COLUMNS_ALL = COLUMNS_HEAD | COLUMNS_STRUCTURE,
    COLUMNS_ALL_AND_KEYS = COLUMNS_ALL | COLUMNS_KEYS,
};

/* The statement that reads what is wanted, and which columns it has. */
static enum sql_id
sql_for(unsigned want, unsigned *columns_out)
{
    const bool head = (want & COLUMNS_HEAD) != 0;
    const bool structure = (want & COLUMNS_STRUCTURE) != 0;

    *columns_out = (head ? (unsigned)COLUMNS_HEAD : 0) |
                   (structure ? (unsigned)COLUMNS_STRUCTURE : 0) |
                   ((want & COLUMNS_KEYS) != 0 ? (unsigned)COLUMNS_KEYS : 0);
    switch (*columns_out) {
    case 0:
        return SQL_MESSAGE_SIZES;
    case COLUMNS_HEAD:
        return SQL_MESSAGE_HEAD;
    case COLUMNS_STRUCTURE:
        return SQL_MESSAGE_STRUCTURE;
    case COLUMNS_KEYS:
        return SQL_MESSAGE_KEYS;
    case COLUMNS_ALL:
        return SQL_MESSAGE_ALL;
    default:
        *columns_out = COLUMNS_ALL_AND_KEYS;
        return SQL_MESSAGE_ALL_AND_KEYS;
    }
}

static enum rc
not_found(uint64_t message, struct err *err)
{
    return err_set(err, RC_NOT_FOUND, 0, "message %ju was purged", (uintmax_t)message);
}

/* Puts the cursor on the message. If a statement fails, the cursor is closed. */
static enum rc
cursor_move(struct sqlite_tx *tx, enum sql_id sql, uint64_t message, struct err *err)
{
    struct cursor *cursor = &tx->message;
    enum rc rc = RC_OK;

    if (cursor->open && (tx->message_sql != sql || message < cursor->at ||
                         message > cursor->at + STEPS_INSTEAD_OF_SEEK)) {
        stmt_reset(&cursor->stmt);
        cursor->open = false;
    }
    if (!cursor->open) {
        cursor->stmt = stmt_get(tx->db, sql);
        bind_u64(&cursor->stmt, 1, message);
        cursor->open = true;
        cursor->at = 0;
        tx->message_sql = sql;
    }
    while (cursor->at < message) {
        if (!stmt_row(&cursor->stmt)) {
            rc = stmt_end(&cursor->stmt, err);
            stmt_reset(&cursor->stmt);
            cursor->open = false;
            return rc == RC_OK ? not_found(message, err) : rc;
        }
        cursor->at = col_u64(&cursor->stmt, 0);
    }
    return cursor->at == message ? RC_OK : not_found(message, err);
}

enum rc
sqlite_message_read(struct store_tx *base, uint64_t message, unsigned want,
                    struct message_row *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    unsigned columns = 0;
    const enum sql_id sql = sql_for(want, &columns);
    const enum rc rc = cursor_move(tx, sql, message, err);
    struct stmt *stmt = &tx->message.stmt;
    int column = 3;

    if (rc != RC_OK)
        return rc;
    *out = (struct message_row){.octets = col_u64(stmt, 1), .header_octets = col_u64(stmt, 2)};
    if (columns & COLUMNS_HEAD) {
        if (want & MESSAGE_ENVELOPE)
            out->envelope = stmt_span(stmt, column);
        if (want & MESSAGE_FIELDS)
            out->fields = stmt_span(stmt, column + 1);
        column += 2;
    }
    if (columns & COLUMNS_STRUCTURE) {
        if (want & MESSAGE_BODYSTRUCTURE)
            out->bodystructure = stmt_span(stmt, column);
        if (want & MESSAGE_PARTS)
            out->parts = stmt_span(stmt, column + 1);
        column += 2;
    }
    if (want & MESSAGE_KEYS) {
        out->keys = stmt_span(stmt, column);
        out->message_id = stmt_span(stmt, column + 1);
        out->digest = stmt_span(stmt, column + 2);
    }
    return RC_OK;
}

enum rc
sqlite_message_next(struct store_tx *base, uint64_t from, uint64_t *message_out,
                    struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    if (from > INT64_MAX) /* ids are SQLite's: signed */
        return err_set(err, RC_NOT_FOUND, 0, "no message is that high");
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGE_NEXT);
    bind_u64(&stmt, 1, from);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *message_out = col_u64(&stmt, 0);
    return rc;
}

enum rc
sqlite_message_highest(struct store_tx *base, uint64_t *message_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    if (tx->write) {
        *message_out = tx->acct->counters.message;
        return RC_OK;
    }
    AUTO_STMT floors = stmt_get(tx->db, SQL_FLOORS);
    AUTO_STMT top = stmt_get(tx->db, SQL_MESSAGE_TOP);
    enum rc rc = stmt_one(&floors, err);
    if (rc == RC_OK)
        rc = stmt_one(&top, err);
    if (rc == RC_OK)
        *message_out =
            col_u64(&top, 0) > col_u64(&floors, 3) ? col_u64(&top, 0) : col_u64(&floors, 3);
    return rc;
}

static enum rc
row_add(struct sqlite_tx *tx, uint64_t id, const struct message_new *msg, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGE_ADD);

    bind_u64(&stmt, 1, id);
    bind_u64(&stmt, 2, msg->text.len);
    bind_u64(&stmt, 3, msg->header_octets);
    stmt_bind_blob(&stmt, 4, msg->envelope);
    stmt_bind_blob(&stmt, 5, msg->fields);
    stmt_bind_blob(&stmt, 6, msg->bodystructure);
    stmt_bind_blob(&stmt, 7, msg->parts);
    stmt_bind_blob(&stmt, 8, msg->message_id);
    stmt_bind_blob(&stmt, 9, msg->keys);
    stmt_bind_blob(&stmt, 10, msg->digest);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_message_add(struct store_tx *base, const struct message_new *msg, uint64_t *message_out,
                   struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    const uint64_t id = tx->acct->counters.message + 1;

    CHECK(tx->write && msg->header_octets <= msg->text.len);
    if (msg->text.len > LIMIT_APPEND_MAX)
        return err_set(err, RC_LIMIT, 0, "a message of %zu octets", msg->text.len);
    tx_reset_cursors(tx);
    enum rc rc = row_add(tx, id, msg, err);
    if (rc == RC_OK)
        rc = content_add(tx, id, msg, err);
    if (rc != RC_OK)
        return rc;
    tx->acct->counters.message = id;
    *message_out = id;
    return RC_OK;
}

/* ---- what older messages lack ---- */

enum rc
sqlite_backlog(struct store_tx *base, uint64_t *next_out, uint64_t *before_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_BACKLOG);

    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *next_out = col_u64(&stmt, 0);
    *before_out = col_u64(&stmt, 1);
    return RC_OK;
}

enum rc
sqlite_backlog_put(struct store_tx *base, uint64_t message, const struct message_late *late,
                   struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    CHECK(tx->write);
    tx_reset_cursors(tx);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_BACKLOG_PUT);
    bind_u64(&stmt, 1, message);
    stmt_bind_blob(&stmt, 2, late->keys);
    stmt_bind_blob(&stmt, 3, late->digest);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_backlog_advance(struct store_tx *base, uint64_t next, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    CHECK(tx->write);
    tx_reset_cursors(tx);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_BACKLOG_ADVANCE);
    bind_u64(&stmt, 1, next);
    return stmt_run(&stmt, err);
}

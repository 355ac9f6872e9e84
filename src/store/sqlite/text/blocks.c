/* SPDX-License-Identifier: MIT */
/*
 * Sort blocks: what SORT and THREAD need of LIMIT_SORT_BLOCK consecutive message ids, a row for
 * each column, so that sorting a mailbox reads a few hundred rows instead of all its messages.
 * A column is one run of rows (sort_block_row). Nothing here knows what the data mean, except
 * that their first octet says of which form they are. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum rc
sqlite_sort_block_read(struct store_tx *base, unsigned column, uint64_t block, struct buf *out,
                       struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_SORT_BLOCK);

    CHECK(column < LIMIT_SORT_COLUMNS);
    bind_u64(&stmt, 1, sort_block_row(column, block));
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, rc, 0, "no sort block %ju", (uintmax_t)block);
    if (rc != RC_OK)
        return rc;
    buf_clear(out);
    buf_put_span(out, stmt_span(&stmt, 0));
    return buf_ok(out) ? RC_OK : err_set(err, RC_LIMIT, 0, "sort block %ju", (uintmax_t)block);
}

/* Whether the block is there, in this form. */
static enum rc
is_made(struct sqlite_tx *tx, uint64_t block, uint8_t form, bool *made_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_SORT_BLOCK);

    bind_u64(&stmt, 1, sort_block_row(0, block));
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    const struct span data = rc == RC_OK ? stmt_span(&stmt, 0) : SPAN("");
    *made_out = data.len > 0 && (uint8_t)data.ptr[0] == form;
    return RC_OK;
}

/* The first message with this id or a higher one; 0: there is none. */
static enum rc
message_from(struct sqlite_tx *tx, uint64_t id, uint64_t *message_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGE_SIZES);

    bind_u64(&stmt, 1, id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    *message_out = rc == RC_OK ? col_u64(&stmt, 0) : 0;
    return RC_OK;
}

enum rc
sqlite_sort_block_lacking(struct store_tx *base, uint64_t from, uint8_t form,
                          uint64_t *block_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    uint64_t top = 0;
    bool made = true;

    tx_reset_cursors(tx);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGE_TOP);
    enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    top = col_u64(&stmt, 0);
    for (uint64_t block = from; rc == RC_OK; block++) {
        uint64_t message = 0;
        rc = message_from(tx, block * LIMIT_SORT_BLOCK, &message, err);
        if (rc != RC_OK)
            break;
        block = message / LIMIT_SORT_BLOCK;
        if (message == 0 || top / LIMIT_SORT_BLOCK <= block)
            return err_set(err, RC_NOT_FOUND, 0, "no block of messages without sort block");
        rc = is_made(tx, block, form, &made, err);
        if (rc == RC_OK && !made) {
            *block_out = block;
            break;
        }
    }
    return rc;
}

/* How many messages the block has now. */
static enum rc
count_messages(struct sqlite_tx *tx, uint64_t block, uint64_t *count_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGES_COUNT);

    bind_u64(&stmt, 1, block * LIMIT_SORT_BLOCK);
    bind_u64(&stmt, 2, block * LIMIT_SORT_BLOCK + LIMIT_SORT_BLOCK - 1);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *count_out = col_u64(&stmt, 0);
    return rc;
}

enum rc
sqlite_sort_block_put(struct store_tx *base, uint64_t block, const struct sort_block *data,
                      struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    uint64_t messages = 0;

    CHECK(tx->write);
    tx_reset_cursors(tx);
    enum rc rc = count_messages(tx, block, &messages, err);
    if (rc == RC_OK && messages != data->messages)
        return err_set(err, RC_NOT_FOUND, 0, "messages of sort block %ju were purged",
                       (uintmax_t)block);
    for (unsigned column = 0; rc == RC_OK && column < LIMIT_SORT_COLUMNS; column++) {
        AUTO_STMT stmt = stmt_get(tx->db, SQL_SORT_BLOCK_PUT);
        bind_u64(&stmt, 1, sort_block_row(column, block));
        stmt_bind_blob(&stmt, 2, data->columns[column]);
        rc = stmt_run(&stmt, err);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Access control lists of mailboxes (RFC 4314). The lists go with their mailboxes: they are
 * removed when a mailbox is deleted, and stay as they are when it gets another name. Thread:
 * the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

static enum rc
row_add(struct rows *rows, struct stmt *stmt)
{
    struct acl_row *row = rows_push(rows);

    if (row == NULL)
        return RC_LIMIT;
    *row = (struct acl_row){
        .mbox = col_u64(stmt, 0),
        .kind = (enum acl_kind)col_u32(stmt, 1),
        .who = col_u64(stmt, 2),
        .negative = stmt_i64(stmt, 3) != 0,
        .rights = col_u32(stmt, 4),
    };
    return RC_OK;
}

enum rc
sqlite_acl(struct store_tx *base, uint64_t mbox, struct arena *arena, struct acl_row **out,
           size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_ROWS rows = {0};
    void *list = NULL;
    enum rc rc = RC_OK;
    AUTO_STMT stmt = stmt_get(tx->db, mbox == 0 ? SQL_ACL_ALL : SQL_ACL);

    rows_init(&rows, sizeof(struct acl_row));
    if (mbox != 0)
        bind_u64(&stmt, 1, mbox);
    while (rc == RC_OK && stmt_row(&stmt))
        rc = row_add(&rows, &stmt);
    const enum rc ended = stmt_end(&stmt, err);
    if (ended != RC_OK)
        return ended;
    if (rc != RC_OK)
        return err_set(err, rc, 0, "access control list: out of memory");
    const size_t count = rows_count(&rows);
    rc = rows_take(&rows, arena, &list, err);
    if (rc != RC_OK)
        return rc;
    *out = list;
    *count_out = count;
    return RC_OK;
}

static void
bind_identifier(struct stmt *stmt, const struct acl_row *row)
{
    bind_u64(stmt, 1, row->mbox);
    bind_u64(stmt, 2, row->kind);
    bind_u64(stmt, 3, row->who);
    bind_u64(stmt, 4, row->negative);
}

/* *count_out of a statement that counts. */
static enum rc
count_read(struct stmt *stmt, uint32_t *count_out, struct err *err)
{
    const enum rc rc = stmt_one(stmt, err);

    if (rc == RC_OK)
        *count_out = col_u32(stmt, 0);
    return rc;
}

/* All rows are counted once in a transaction, and again when they seem to be too many: those
 * that were removed meanwhile are still in the count. */
static enum rc
count_all(struct sqlite_tx *tx, struct err *err)
{
    AUTO_STMT all = stmt_get(tx->db, SQL_ACL_COUNT_ALL);

    if (tx->acl_is_counted && tx->acl_count < LIMIT_ACL_ALL)
        return RC_OK;
    const enum rc rc = count_read(&all, &tx->acl_count, err);
    tx->acl_is_counted = rc == RC_OK;
    return rc;
}

/* RC_LIMIT when this list or all of them together are full; rows that are there may be changed
 * all the same. */
static enum rc
room_for(struct sqlite_tx *tx, const struct acl_row *row, struct err *err)
{
    AUTO_STMT has = stmt_get(tx->db, SQL_ACL_HAS);
    AUTO_STMT of_mailbox = stmt_get(tx->db, SQL_ACL_COUNT);
    uint32_t count = 0;

    bind_identifier(&has, row);
    enum rc rc = stmt_one(&has, err);
    if (rc != RC_NOT_FOUND)
        return rc;
    bind_u64(&of_mailbox, 1, row->mbox);
    rc = count_read(&of_mailbox, &count, err);
    if (rc == RC_OK)
        rc = count_all(tx, err);
    if (rc != RC_OK)
        return rc;
    if (count >= LIMIT_ACL)
        return err_set(err, RC_LIMIT, 0, "the mailbox has %u access rights already", LIMIT_ACL);
    if (tx->acl_count >= LIMIT_ACL_ALL)
        return err_set(err, RC_LIMIT, 0, "the account has %u access rights already",
                       LIMIT_ACL_ALL);
    tx->acl_count++;
    return RC_OK;
}

static enum rc
row_put(struct sqlite_tx *tx, const struct acl_row *row, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, row->rights == 0 ? SQL_ACL_REMOVE : SQL_ACL_SET);

    bind_identifier(&stmt, row);
    if (row->rights != 0)
        bind_u64(&stmt, 5, row->rights);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_acl_set(struct store_tx *base, const struct acl_row *row, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox mbox;

    CHECK(tx->write);
    enum rc rc = mbox_load_live(tx, row->mbox, &mbox, err);
    if (rc == RC_OK && row->rights != 0)
        rc = room_for(tx, row, err);
    if (rc == RC_OK)
        rc = row_put(tx, row, err);
    return rc == RC_OK && db_changes(tx->db) != 0 ? names_note(tx, err) : rc;
}

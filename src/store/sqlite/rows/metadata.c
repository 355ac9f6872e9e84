/* SPDX-License-Identifier: MIT */
/*
 * Rows of metadata. A row without a value is the name of an entry that was removed, or whose
 * value is kept elsewhere; of these, the latest LIMIT_METADATA_REMOVED stay, and those of the
 * same change as the last of them: the commit sees to that.
 * Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

static void
bind_of(struct stmt *stmt, const struct metadata_of *of)
{
    bind_u64(stmt, 1, of->mbox);
    bind_u64(stmt, 2, of->user);
}

/* ---- reading ---- */

/* All rows that stmt gives, in arena. */
static enum rc
rows_read(struct stmt *stmt, struct arena *arena, struct metadata_row **out, size_t *count_out,
          struct err *err)
{
    AUTO_ROWS rows = {0};

    rows_init(&rows, sizeof(struct metadata_row));
    while (stmt_row(stmt)) {
        struct metadata_row *row = rows_push(&rows);
        const struct span name = arena_span(arena, stmt_span(stmt, 2));
        if (row == NULL || name.ptr == NULL)
            return err_set(err, RC_LIMIT, 0, "metadata: out of memory");
        *row = (struct metadata_row){
            .of = {col_u64(stmt, 0), col_u64(stmt, 1)},
            .name = name,
            .modseq = col_u64(stmt, 3),
            .octets = col_u64(stmt, 4),
            .removed = stmt_i64(stmt, 5) != 0,
        };
    }
    enum rc rc = stmt_end(stmt, err);
    void *all = NULL;
    if (rc == RC_OK)
        rc = rows_take(&rows, arena, &all, err);
    if (rc != RC_OK)
        return rc;
    *out = all;
    *count_out = rows_count(&rows);
    return RC_OK;
}

enum rc
sqlite_metadata_list(struct store_tx *base, const struct metadata_of *of, struct arena *arena,
                     struct metadata_row **out, size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_LIST);

    bind_of(&stmt, of);
    return rows_read(&stmt, arena, out, count_out, err);
}

enum rc
sqlite_metadata_since(struct store_tx *base, const struct metadata_since *since,
                      struct arena *arena, struct metadata_row **out, size_t *count_out,
                      struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt =
        stmt_get(tx->db, since->of == NULL ? SQL_METADATA_SINCE : SQL_METADATA_SINCE_OF);

    if (since->of != NULL)
        bind_of(&stmt, since->of);
    bind_u64(&stmt, since->of == NULL ? 1 : 3, since->modseq);
    return rows_read(&stmt, arena, out, count_out, err);
}

enum rc
sqlite_metadata_read(struct store_tx *base, const struct metadata_of *of, struct span name,
                     struct buf *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_READ);

    bind_of(&stmt, of);
    stmt_bind_text(&stmt, 3, name);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    buf_put_span(out, stmt_span(&stmt, 0));
    return buf_ok(out) ? RC_OK : err_set(err, RC_LIMIT, 0, "metadata: out of memory");
}

enum rc
sqlite_metadata_usage(struct store_tx *base, const struct metadata_of *of,
                      struct metadata_usage *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_USAGE);

    bind_of(&stmt, of);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *out = (struct metadata_usage){col_u64(&stmt, 0), col_u64(&stmt, 1)};
    return rc;
}

enum rc
sqlite_metadata_totals(struct store_tx *base, uint64_t user, struct metadata_totals *out,
                       struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_TOTALS);

    bind_u64(&stmt, 1, user);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *out = (struct metadata_totals){
            .owner = {col_u64(&stmt, 0), col_u64(&stmt, 1)},
            .user = {col_u64(&stmt, 2), col_u64(&stmt, 3)},
            .guests = {col_u64(&stmt, 4), col_u64(&stmt, 5)},
        };
    return rc;
}

/* ---- changing ---- */

/* Increases the modseq of the account, and with it that of the mailbox. */
static enum rc
modseq_raise(struct sqlite_tx *tx, uint64_t mbox, struct err *err)
{
    const enum rc rc = names_note(tx, err);

    if (rc != RC_OK || mbox == 0)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_RAISE);
    bind_u64(&stmt, 1, tx->acct->counters.modseq); /* the highest there is */
    bind_u64(&stmt, 2, mbox);
    return stmt_run(&stmt, err);
}

/* A NULL pointer: no value. */
static enum rc
row_put(struct sqlite_tx *tx, const struct metadata_of *of, struct span name, struct span value,
        struct err *err)
{
    CHECK(tx->write);
    const enum rc rc = modseq_raise(tx, of->mbox, err);

    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_SET);
    bind_of(&stmt, of);
    stmt_bind_text(&stmt, 3, name);
    bind_u64(&stmt, 4, tx->acct->counters.modseq);
    if (value.ptr == NULL)
        stmt_bind_null(&stmt, 5);
    else
        stmt_bind_blob(&stmt, 5, value);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_metadata_set(struct store_tx *base, const struct metadata_of *of, struct span name,
                    struct span value, struct err *err)
{
    const struct span octets = value.ptr == NULL ? SPAN("") : value;

    return row_put(sqlite_tx_of(base), of, name, octets, err);
}

enum rc
sqlite_metadata_note(struct store_tx *base, const struct metadata_of *of, struct span name,
                     struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    tx->names_left = true;
    return row_put(tx, of, name, (struct span){NULL, 0}, err);
}

static enum rc
has_value(struct sqlite_tx *tx, const struct metadata_of *of, struct span name, bool *has_out,
          struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_READ);

    bind_of(&stmt, of);
    stmt_bind_text(&stmt, 3, name);
    const enum rc rc = stmt_one(&stmt, err);
    *has_out = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
sqlite_metadata_remove(struct store_tx *base, const struct metadata_of *of, struct span name,
                       struct err *err)
{
    bool has = false;
    const enum rc rc = has_value(sqlite_tx_of(base), of, name, &has, err);

    return rc == RC_OK && has ? sqlite_metadata_note(base, of, name, err) : rc;
}

enum rc
sqlite_metadata_copy(struct store_tx *base, uint64_t from, uint64_t to, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    CHECK(tx->write);
    const enum rc rc = modseq_raise(tx, to, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_COPY);
    bind_u64(&stmt, 1, from);
    bind_u64(&stmt, 2, to);
    bind_u64(&stmt, 3, tx->acct->counters.modseq);
    return stmt_run(&stmt, err);
}

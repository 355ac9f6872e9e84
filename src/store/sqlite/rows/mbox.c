/* SPDX-License-Identifier: MIT */
/*
 * Mailbox rows: finding, making, renaming, retiring; their counters are in counters.c. A row
 * that was deleted is kept, retired, as long as expunged messages of it are: its numbers must
 * not be given out again. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include <string.h>

#include "base/check.h"
#include "base/rng.h"

/* What every account begins with; docs/schema.md. All are subscribed. */
static const struct {
    struct span name;
    uint32_t special_use;
} defaults[] = {
    {SPAN_INIT("INBOX"), 0},         {SPAN_INIT("Drafts"), USE_DRAFTS},
    {SPAN_INIT("Sent"), USE_SENT},   {SPAN_INIT("Junk"), USE_JUNK},
    {SPAN_INIT("Trash"), USE_TRASH}, {SPAN_INIT("Archive"), USE_ARCHIVE},
};

/* ---- reading whole rows ---- */

/* The row that stmt (columns MBOX_COLUMNS) stands on. RC_LIMIT: arena. */
static enum rc
row_read(struct stmt *stmt, struct arena *arena, struct mbox_row *out, struct err *err)
{
    const struct span name = arena_span(arena, stmt_span(stmt, 1));
    const struct span object_id = stmt_span(stmt, 14);

    if (name.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "mailbox names: out of memory");
    if (object_id.len != sizeof out->object_id.octets)
        return err_set(err, RC_CORRUPT, 0, "mailbox %ju: an object id of %zu octets",
                       (uintmax_t)col_u64(stmt, 0), object_id.len);
    *out = (struct mbox_row){
        .id = col_u64(stmt, 0),
        .name = name,
        .special_use = col_u32(stmt, 2),
        .uidvalidity = col_u32(stmt, 3),
        .uidnext = col_u32(stmt, 4),
        .recent_from = col_u32(stmt, 5),
        .exists = col_u32(stmt, 6),
        .unseen = col_u32(stmt, 7),
        .deleted = col_u32(stmt, 8),
        .octets = col_u64(stmt, 9),
        .highest_modseq = col_u64(stmt, 10),
        .expunged_floor = col_u64(stmt, 11),
        .created_s = stmt_i64(stmt, 12),
        .deleted_octets = deleted_octets_read(stmt, 13),
    };
    memcpy(out->object_id.octets, object_id.ptr, object_id.len);
    return RC_OK;
}

static enum rc
count_of(struct sqlite_tx *tx, enum sql_id sql, size_t *count_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, sql);
    const enum rc rc = stmt_one(&stmt, err);

    if (rc == RC_OK)
        *count_out = (size_t)stmt_i64(&stmt, 0);
    return rc;
}

enum rc
sqlite_mbox_list(struct store_tx *base, struct arena *arena, struct mbox_row **out,
                 size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    size_t count = 0;
    size_t i = 0;
    enum rc rc = count_of(tx, SQL_MBOX_COUNT, &count, err);

    if (rc != RC_OK)
        return rc;
    struct mbox_row *rows = arena_array(arena, struct mbox_row, count);
    if (rows == NULL)
        return err_set(err, RC_LIMIT, 0, "mailbox list: out of memory");
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_LIST);
    while (i < count && stmt_row(&stmt)) {
        rc = row_read(&stmt, arena, &rows[i++], err);
        if (rc != RC_OK)
            return rc;
    }
    rc = stmt_end(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *out = rows;
    *count_out = i;
    return RC_OK;
}

static enum rc
row_one(struct stmt *stmt, struct arena *arena, struct mbox_row *out, struct err *err)
{
    const enum rc rc = stmt_one(stmt, err);

    return rc == RC_OK ? row_read(stmt, arena, out, err) : rc;
}

enum rc
sqlite_mbox_find(struct store_tx *base, struct span name, struct arena *arena,
                 struct mbox_row *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_FIND);

    stmt_bind_text(&stmt, 1, name);
    return row_one(&stmt, arena, out, err);
}

enum rc
sqlite_mbox_get(struct store_tx *base, uint64_t mbox, struct arena *arena, struct mbox_row *out,
                struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_GET);

    bind_u64(&stmt, 1, mbox);
    return row_one(&stmt, arena, out, err);
}

/* ---- making and changing ---- */

static enum rc
name_free(struct sqlite_tx *tx, struct span name, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_FIND);

    if (name.len == 0 || name.len > LIMIT_MBOX_NAME)
        return err_set(err, RC_INVALID, 0, "a mailbox name of %zu octets", name.len);
    stmt_bind_text(&stmt, 1, name);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        return err_set(err, RC_EXISTS, 0, "mailbox %.*s exists already", SPAN_FMT(name));
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The next UIDVALIDITY: never one given before in this account, nor in an older copy of it that
 * was restored (those are older than now). */
static enum rc
uidvalidity_next(struct sqlite_tx *tx, uint32_t *out, struct err *err)
{
    const int64_t now_s = tx_now_s(tx);
    uint64_t next = (uint64_t)tx->acct->counters.uidvalidity + 1;

    if (now_s > (int64_t)next)
        next = (uint64_t)now_s;
    if (next > UINT32_MAX)
        return err_set(err, RC_LIMIT, 0, "no UIDVALIDITY is left");
    *out = (uint32_t)next;
    return RC_OK;
}

/* RC_LIMIT when there are `limit` rows already. *at_most is one of the counters. */
static enum rc
room_for_one(struct sqlite_tx *tx, enum sql_id count_sql, uint32_t *at_most, uint32_t limit,
             struct err *err)
{
    size_t count = *at_most;
    enum rc rc = RC_OK;

    if (count == 0 || count >= limit)
        rc = count_of(tx, count_sql, &count, err);
    if (rc == RC_OK && count >= limit)
        rc = err_set(err, RC_LIMIT, 0, "the account has reached the limit of %u", limit);
    if (rc == RC_OK)
        *at_most = (uint32_t)count; /* below the limit */
    return rc;
}

enum rc
sqlite_mbox_create(struct store_tx *base, struct span name, uint32_t special_use,
                   uint64_t *mbox_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct counters *counters = &tx->acct->counters;
    struct mbox_object_id object_id;
    uint32_t uidvalidity = 0;
    enum rc rc = name_free(tx, name, err);

    CHECK(tx->write);
    if (rc == RC_OK)
        rc = room_for_one(tx, SQL_MBOX_COUNT, &counters->mailboxes, LIMIT_MAILBOXES, err);
    if (rc == RC_OK)
        rc = uidvalidity_next(tx, &uidvalidity, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_ADD);
    bind_u64(&stmt, 1, counters->mbox + 1);
    stmt_bind_text(&stmt, 2, name);
    bind_u64(&stmt, 3, special_use);
    bind_u64(&stmt, 4, uidvalidity);
    bind_u64(&stmt, 5, counters->modseq + 1);
    stmt_bind_i64(&stmt, 6, tx_now_s(tx));
    rng_fill(&rng_system, object_id.octets, sizeof object_id.octets);
    stmt_bind_blob(&stmt, 7, span_of((const char *)object_id.octets, sizeof object_id.octets));
    rc = stmt_run(&stmt, err);
    if (rc != RC_OK)
        return rc;
    counters->usage.of[QUOTA_MAILBOX]++;
    counters->mailboxes++; /* stays when the mailbox is deleted: at most */
    counters->modseq++;
    counters->uidvalidity = uidvalidity;
    *mbox_out = ++counters->mbox;
    return RC_OK;
}

/* RC_NOT_FOUND when a statement that names one live mailbox changed nothing. */
static enum rc
run_on_one(struct stmt *stmt, uint64_t mbox, struct err *err)
{
    const enum rc rc = stmt_run(stmt, err);

    if (rc == RC_OK && db_changes(stmt->db) == 0)
        return err_set(err, RC_NOT_FOUND, 0, "no mailbox %ju", (uintmax_t)mbox);
    return rc;
}

enum rc
sqlite_mbox_rename(struct store_tx *base, uint64_t mbox, struct span new_name, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write);
    const enum rc rc = name_free(tx, new_name, err);

    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_RENAME);
    stmt_bind_text(&stmt, 1, new_name);
    bind_u64(&stmt, 2, mbox);
    const enum rc changed = run_on_one(&stmt, mbox, err);
    return changed == RC_OK ? names_note(tx, err) : changed;
}

enum rc
sqlite_mbox_set_special_use(struct store_tx *base, uint64_t mbox, uint32_t special_use,
                            struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_SET_USE);

    bind_u64(&stmt, 1, special_use);
    bind_u64(&stmt, 2, mbox);
    const enum rc changed = run_on_one(&stmt, mbox, err);
    return changed == RC_OK ? names_note(tx, err) : changed;
}

static enum rc
run_with_mbox(struct sqlite_tx *tx, enum sql_id sql, uint64_t mbox, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, sql);

    bind_u64(&stmt, 1, mbox);
    return stmt_run(&stmt, err);
}

static enum rc
retire(struct sqlite_tx *tx, uint64_t mbox, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_RETIRE);

    stmt_bind_i64(&stmt, 1, tx_now_s(tx));
    bind_u64(&stmt, 2, mbox);
    tx->acct->counters.usage.of[QUOTA_MAILBOX]--;
    return stmt_run(&stmt, err);
}

enum rc
sqlite_mbox_delete(struct store_tx *base, uint64_t mbox, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox row;
    AUTO_ROWS segments = {0};

    CHECK(tx->write);
    rows_init(&segments, sizeof(struct uid_run));
    enum rc rc = mbox_load_live(tx, mbox, &row, err);
    if (rc != RC_OK)
        return rc;
    struct uid_run *all = rows_push(&segments);
    if (all == NULL)
        return err_set(err, RC_LIMIT, 0, "out of memory");
    *all = (struct uid_run){1, UINT32_MAX};
    const uint64_t modseq = ++tx->acct->counters.modseq;
    rc = expunge_segments(tx, mbox, &segments, modseq, WHY_MBOX_DELETED, err);
    if (rc == RC_OK)
        rc = run_with_mbox(tx, SQL_IMPORTS_REMOVE, mbox, err);
    if (rc == RC_OK)
        rc = run_with_mbox(tx, SQL_METADATA_DROP, mbox, err);
    if (rc == RC_OK)
        rc = run_with_mbox(tx, SQL_ACL_REMOVE_ALL, mbox, err);
    if (rc == RC_OK)
        rc = retire(tx, mbox, err);
    if (rc != RC_OK)
        return rc;
    row.expunged_octets += row.octets;
    row.exists = row.unseen = row.deleted = 0;
    row.octets = 0;
    row.highest_modseq = modseq;
    return mbox_save(tx, &row, err);
}

enum rc
sqlite_mbox_set_recent_from(struct store_tx *base, uint64_t mbox, uint32_t uid, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox row;
    const enum rc rc = mbox_load_live(tx, mbox, &row, err);

    CHECK(tx->write);
    if (rc != RC_OK || uid <= row.recent_from)
        return rc;
    row.recent_from = uid;
    return mbox_save(tx, &row, err);
}

enum rc
mbox_add_defaults(struct sqlite_tx *tx, struct err *err)
{
    uint64_t id;

    for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
        enum rc rc =
            sqlite_mbox_create(&tx->base, defaults[i].name, defaults[i].special_use, &id, err);
        if (rc == RC_OK)
            rc = sqlite_subscribe(&tx->base, defaults[i].name, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* ---- subscriptions ---- */

enum rc
sqlite_subscriptions(struct store_tx *base, struct arena *arena, struct span **out,
                     size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    size_t count = 0;
    size_t i = 0;
    enum rc rc = count_of(tx, SQL_SUBSCRIPTION_COUNT, &count, err);

    if (rc != RC_OK)
        return rc;
    struct span *names = arena_array(arena, struct span, count);
    if (names == NULL)
        return err_set(err, RC_LIMIT, 0, "subscriptions: out of memory");
    AUTO_STMT stmt = stmt_get(tx->db, SQL_SUBSCRIPTIONS);
    while (i < count && stmt_row(&stmt)) {
        names[i] = arena_span(arena, stmt_span(&stmt, 0));
        if (names[i++].ptr == NULL)
            return err_set(err, RC_LIMIT, 0, "subscriptions: out of memory");
    }
    rc = stmt_end(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *out = names;
    *count_out = i;
    return RC_OK;
}

enum rc
sqlite_subscribe(struct store_tx *base, struct span name, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    uint32_t *at_most = &tx->acct->counters.subscriptions;

    CHECK(tx->write);
    if (name.len == 0 || name.len > LIMIT_MBOX_NAME)
        return err_set(err, RC_INVALID, 0, "a mailbox name of %zu octets", name.len);
    enum rc rc = room_for_one(tx, SQL_SUBSCRIPTION_COUNT, at_most, LIMIT_SUBSCRIPTIONS, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_SUBSCRIBE);
    stmt_bind_text(&stmt, 1, name);
    rc = stmt_run(&stmt, err);
    *at_most += rc == RC_OK;
    return rc == RC_OK && db_changes(tx->db) != 0 ? names_note(tx, err) : rc;
}

enum rc
sqlite_unsubscribe(struct store_tx *base, struct span name, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_UNSUBSCRIBE);

    stmt_bind_text(&stmt, 1, name);
    const enum rc rc = stmt_run(&stmt, err);
    return rc == RC_OK && db_changes(tx->db) != 0 ? names_note(tx, err) : rc;
}

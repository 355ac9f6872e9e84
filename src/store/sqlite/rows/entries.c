/* SPDX-License-Identifier: MIT */
/*
 * Entries, the rows that put a message into a mailbox, and what remains of expunged ones:
 * reading, adding, and walking those that runs of UIDs name. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    ROWS_START = 256,  /* rows reserved at first */
    PASS_AT_MOST = 16, /* rows outside of all runs that are stepped over before seeking */
    SCAN_LEAST = 64,   /* batches of so many rows are of a reading that will go on */
};

/* ---- growing arrays ---- */

void
rows_init(struct rows *rows, size_t row_octets)
{
    buf_init(&rows->buf, SIZE_MAX / 2);
    rows->row_octets = row_octets;
}

void *
rows_push(struct rows *rows)
{
    if (rows->buf.data == NULL &&
        buf_reserve(&rows->buf, ROWS_START * rows->row_octets) == NULL)
        return NULL;
    void *row = buf_reserve(&rows->buf, rows->row_octets);
    if (row != NULL)
        buf_grew(&rows->buf, rows->row_octets);
    return row;
}

enum rc
rows_take(const struct rows *rows, struct arena *arena, void **out, struct err *err)
{
    const size_t octets = buf_len(&rows->buf);
    void *copy = arena_alloc(arena, octets, alignof(max_align_t));

    if (copy == NULL)
        return err_set(err, RC_LIMIT, 0, "a result of %zu octets is over the command's memory",
                       octets);
    if (octets != 0)
        memcpy(copy, rows->buf.data, octets);
    *out = copy;
    return RC_OK;
}

/* ---- rows ---- */

/* The entry that stmt (columns ENTRY_COLUMNS) stands on. */
static void
entry_read(struct stmt *stmt, struct entry *out)
{
    out->uid = col_u32(stmt, 0);
    out->flags = col_u32(stmt, 1);
    out->keywords.bits[0] = col_u64(stmt, 2);
    out->keywords.bits[1] = col_u64(stmt, 3);
    out->modseq = col_u64(stmt, 4);
    out->message = col_u64(stmt, 5);
    out->octets = col_u64(stmt, 6);
    out->internaldate_s = stmt_i64(stmt, 7);
    out->internaldate_zone_min = (int16_t)stmt_i64(stmt, 8);
    out->savedate_s = stmt_i64(stmt, 9);
}

enum rc
entry_insert(struct stmt *stmt, uint64_t mbox, const struct entry *entry, struct err *err)
{
    bind_u64(stmt, 1, entry->uid);
    bind_u64(stmt, 2, entry->flags);
    bind_u64(stmt, 3, entry->keywords.bits[0]);
    bind_u64(stmt, 4, entry->keywords.bits[1]);
    bind_u64(stmt, 5, entry->modseq);
    bind_u64(stmt, 6, entry->message);
    bind_u64(stmt, 7, entry->octets);
    stmt_bind_i64(stmt, 8, entry->internaldate_s);
    stmt_bind_i64(stmt, 9, entry->internaldate_zone_min);
    stmt_bind_i64(stmt, 10, entry->savedate_s);
    bind_u64(stmt, 11, mbox);
    return stmt_run(stmt, err);
}

/* *from becomes the UID after the last one. */
static void
go_on_after(uint32_t *from, const struct entry *rows, size_t count)
{
    if (count != 0) /* no UID is 2^32-1, because uidnext is one more than the highest */
        *from = rows[count - 1].uid + 1;
}

/* Gives the next entries of a statement. */
static enum rc
entries_take(struct stmt *stmt, uint32_t *from, struct entry *rows, size_t max,
             size_t *count_out, struct err *err)
{
    size_t count = 0;

    while (count < max && stmt_row(stmt))
        entry_read(stmt, &rows[count++]);
    const enum rc rc = stmt_end(stmt, err);
    if (rc != RC_OK)
        return rc;
    go_on_after(from, rows, count);
    *count_out = count;
    return RC_OK;
}

enum rc
sqlite_entries_read(struct store_tx *base, uint64_t mbox, uint32_t *from, struct entry *rows,
                    size_t max, size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    if (scan_read(tx, mbox, *from, rows, max, count_out)) {
        go_on_after(from, rows, *count_out);
        return RC_OK;
    }
    AUTO_STMT stmt = stmt_get(tx->db, SQL_ENTRIES_FROM);
    bind_u64(&stmt, 1, mbox);
    bind_u64(&stmt, 2, *from);
    const enum rc rc = entries_take(&stmt, from, rows, max, count_out, err);
    if (rc == RC_OK && max >= SCAN_LEAST && *count_out == max)
        scan_note(tx, mbox, *from);
    return rc;
}

enum rc
sqlite_entries_since(struct store_tx *base, uint64_t mbox, uint64_t since, uint32_t *from,
                     struct entry *rows, size_t max, size_t *count_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(sqlite_tx_of(base)->db, SQL_ENTRIES_SINCE);

    bind_u64(&stmt, 1, mbox);
    bind_u64(&stmt, 2, *from);
    bind_u64(&stmt, 3, since);
    return entries_take(&stmt, from, rows, max, count_out, err);
}

enum rc
sqlite_entries_count(struct store_tx *base, uint64_t mbox, uint32_t first, uint32_t last,
                     uint32_t *count_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(sqlite_tx_of(base)->db, SQL_ENTRIES_COUNT);

    bind_u64(&stmt, 1, mbox);
    bind_u64(&stmt, 2, first);
    bind_u64(&stmt, 3, last);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *count_out = (uint32_t)stmt_i64(&stmt, 0);
    return rc;
}

static void
expunged_read(struct stmt *stmt, struct expunged_row *out)
{
    struct entry entry;

    entry_read(stmt, &entry);
    *out = (struct expunged_row){
        .uid = entry.uid,
        .flags = entry.flags,
        .keywords = entry.keywords,
        .modseq = entry.modseq,
        .message = entry.message,
        .octets = entry.octets,
        .internaldate_s = entry.internaldate_s,
        .internaldate_zone_min = entry.internaldate_zone_min,
        .savedate_s = entry.savedate_s,
    };
}

static int
expunged_by_uid(const void *a, const void *b)
{
    const struct expunged_row *left = a;
    const struct expunged_row *right = b;

    return left->uid < right->uid ? -1 : left->uid > right->uid;
}

enum rc
sqlite_expunged_since(struct store_tx *base, const struct expunged_req *req,
                      struct arena *arena, struct expunged_row **out, size_t *count_out,
                      struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox row;
    AUTO_ROWS rows = {0};
    void *taken = NULL;

    rows_init(&rows, sizeof(struct expunged_row));
    enum rc rc = mbox_load(tx, req->mbox, &row, err);
    if (rc != RC_OK)
        return rc;
    if (req->since < row.expunged_floor)
        return err_set(err, RC_GONE, 0, "expunges of mailbox %ju are known from %ju on only",
                       (uintmax_t)req->mbox, (uintmax_t)row.expunged_floor);
    if (req->since < row.highest_modseq) {
        AUTO_STMT stmt = stmt_get(tx->db, SQL_EXPUNGED_SINCE);
        bind_u64(&stmt, 1, req->mbox);
        bind_u64(&stmt, 2, req->since);
        bind_u64(&stmt, 3, req->uid_below);
        while (stmt_row(&stmt)) {
            struct expunged_row *expunged = rows_push(&rows);
            if (expunged == NULL)
                return err_set(err, RC_LIMIT, 0, "expunged messages: out of memory");
            expunged_read(&stmt, expunged);
        }
        rc = stmt_end(&stmt, err);
    }
    /* They come in the order of modseqs, which is mostly that of UIDs. */
    if (rc == RC_OK && rows_count(&rows) > 1)
        qsort(rows_data(&rows), rows_count(&rows), rows.row_octets, expunged_by_uid);
    if (rc == RC_OK)
        rc = rows_take(&rows, arena, &taken, err);
    if (rc != RC_OK)
        return rc;
    *out = taken;
    *count_out = rows_count(&rows);
    return RC_OK;
}

enum rc
sqlite_first_unseen(struct store_tx *base, uint64_t mbox, uint32_t from, uint32_t max_rows,
                    uint32_t *uid_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    uint32_t rows = 0;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_ENTRY_FLAGS_FROM);

    bind_u64(&stmt, 1, mbox);
    bind_u64(&stmt, 2, from);
    while (stmt_row(&stmt)) {
        if (rows++ == max_rows)
            return err_set(err, RC_LIMIT, 0, "no unseen message among %u", max_rows);
        if ((stmt_i64(&stmt, 1) & MSG_SEEN) == 0) {
            *uid_out = col_u32(&stmt, 0);
            return RC_OK;
        }
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc == RC_OK)
        *uid_out = 0;
    return rc;
}

enum rc
sqlite_entry_add(struct store_tx *base, const struct entry_new *req, struct entry *out,
                 struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox mbox;
    enum rc rc = mbox_load_live(tx, req->mbox, &mbox, err);

    CHECK(tx->write);
    if (rc != RC_OK)
        return rc;
    if (mbox.uidnext == UINT32_MAX)
        return err_set(err, RC_LIMIT, 0, "mailbox %ju has no UID left", (uintmax_t)req->mbox);
    const struct entry entry = {
        .uid = mbox.uidnext,
        .flags = req->flags & MSG_SYSTEM_FLAGS,
        .keywords = req->keywords,
        .modseq = ++tx->acct->counters.modseq,
        .message = req->message,
        .octets = req->octets,
        .internaldate_s = req->internaldate_s,
        .internaldate_zone_min = req->internaldate_zone_min,
        .savedate_s = req->savedate_s,
    };
    AUTO_STMT stmt = stmt_get(tx->db, SQL_ENTRY_ADD);
    rc = entry_insert(&stmt, req->mbox, &entry, err);
    if (rc != RC_OK)
        return rc;
    mbox.uidnext++;
    mbox.highest_modseq = entry.modseq;
    mbox_count_in(&mbox, &entry);
    rc = mbox_save(tx, &mbox, err);
    if (rc != RC_OK)
        return rc;
    sweep_note(tx->acct, entry.message);
    keywords_note(tx->acct, req->mbox, &entry.keywords);
    *out = entry;
    return RC_OK;
}

/* ---- walking runs ---- */

static const struct uid_run all_uids = {1, UINT32_MAX};

void
walk_begin(struct entry_walk *walk, struct sqlite_tx *tx, uint64_t mbox, enum walk_which which,
           const struct uid_run *runs, size_t run_count)
{
    *walk = (struct entry_walk){
        .which = which,
        .runs = runs == NULL ? &all_uids : runs,
        .run_count = runs == NULL ? 1 : run_count,
    };
    walk->stmt = stmt_get(tx->db, which == WALK_ALL ? SQL_ENTRIES_FROM : SQL_DELETED_FROM);
    bind_u64(&walk->stmt, 1, mbox);
}

bool
walk_next(struct entry_walk *walk, struct entry *out)
{
    while (walk->run < walk->run_count) {
        if (!walk->open) {
            bind_u64(&walk->stmt, 2, walk->runs[walk->run].first);
            walk->open = true;
            walk->passed = 0;
        }
        if (!stmt_row(&walk->stmt))
            return false;
        const uint32_t uid = col_u32(&walk->stmt, 0);
        while (walk->run < walk->run_count && uid > walk->runs[walk->run].last)
            walk->run++;
        if (walk->run == walk->run_count)
            return false;
        if (uid >= walk->runs[walk->run].first) {
            entry_read(&walk->stmt, out);
            /* Rows that the statement leaves out are not seen here. */
            if (walk->which == WALK_DELETED && uid != walk->last + 1)
                walk->gap = true;
            walk->last = uid;
            walk->passed = 0;
            return true;
        }
        walk->gap = true;
        if (++walk->passed == PASS_AT_MOST) {
            walk->open = false;
            if (stmt_end(&walk->stmt, NULL) !=
                RC_OK) /* it cannot fail, because a row was just read */
                return false;
        }
    }
    return false;
}

enum rc
walk_end(struct entry_walk *walk, struct err *err)
{
    const enum rc rc = stmt_end(&walk->stmt, err);

    stmt_reset(&walk->stmt);
    return rc;
}

enum rc
segments_add(struct rows *segments, uint32_t uid, bool gap)
{
    const size_t count = rows_count(segments);

    if (count != 0 && !gap) {
        struct uid_run *list = rows_data(segments);
        list[count - 1].last = uid;
        return RC_OK;
    }
    struct uid_run *run = rows_push(segments);
    if (run == NULL)
        return RC_LIMIT;
    *run = (struct uid_run){uid, uid};
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Counters. Those of the account are in the memory of its writer, and in the rows as floors
 * (INV-S2). Those of a mailbox are in its row, which every operation on messages changes in its
 * own transaction (INV-S3). Thread: the transaction's.
 */
#include "store/sqlite/private.h"

/* ---- of the account ---- */

enum rc
counters_load(struct sqlite_tx *tx, bool *bare_out, struct err *err)
{
    struct counters *counters = &tx->acct->counters;
    AUTO_STMT floors = stmt_get(tx->db, SQL_FLOORS);
    AUTO_STMT tops = stmt_get(tx->db, SQL_MBOX_TOPS);
    AUTO_STMT message = stmt_get(tx->db, SQL_MESSAGE_TOP);
    enum rc rc = stmt_one(&floors, err);

    if (rc == RC_OK)
        rc = stmt_one(&tops, err);
    if (rc == RC_OK)
        rc = stmt_one(&message, err);
    if (rc != RC_OK)
        return rc;
    *counters = (struct counters){
        .mbox = col_u64(&floors, 0),
        .uidvalidity = col_u32(&floors, 1),
        .modseq = col_u64(&floors, 2),
        .message = col_u64(&floors, 3),
    };
    *bare_out = stmt_is_null(&tops, 0);
    if (col_u64(&tops, 0) > counters->mbox)
        counters->mbox = col_u64(&tops, 0);
    if (col_u32(&tops, 1) > counters->uidvalidity)
        counters->uidvalidity = col_u32(&tops, 1);
    if (col_u64(&tops, 2) > counters->modseq)
        counters->modseq = col_u64(&tops, 2);
    if (col_u64(&message, 0) > counters->message)
        counters->message = col_u64(&message, 0);
    return RC_OK;
}

enum rc
floors_raise(struct sqlite_tx *tx, struct err *err)
{
    const struct counters *counters = &tx->acct->counters;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_FLOORS_RAISE);

    bind_u64(&stmt, 1, counters->mbox);
    bind_u64(&stmt, 2, counters->uidvalidity);
    bind_u64(&stmt, 3, counters->modseq);
    bind_u64(&stmt, 4, counters->message);
    return stmt_run(&stmt, err);
}

enum rc
names_note(struct sqlite_tx *tx, struct err *err)
{
    if (tx->renamed)
        return RC_OK;
    tx->renamed = true;
    tx->acct->counters.modseq++;
    return floors_raise(tx, err);
}

static enum rc
modseq_read(struct sqlite_tx *tx, uint64_t *out, struct err *err)
{
    AUTO_STMT floors = stmt_get(tx->db, SQL_FLOORS);
    AUTO_STMT tops = stmt_get(tx->db, SQL_MBOX_TOPS);
    enum rc rc = stmt_one(&floors, err);

    if (rc == RC_OK)
        rc = stmt_one(&tops, err);
    if (rc == RC_OK)
        *out =
            col_u64(&tops, 2) > col_u64(&floors, 2) ? col_u64(&tops, 2) : col_u64(&floors, 2);
    return rc;
}

enum rc
sqlite_modseq(struct store_tx *base, uint64_t *modseq_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    if (!tx->write)
        return modseq_read(tx, modseq_out, err);
    *modseq_out = tx->acct->counters.modseq;
    return RC_OK;
}

/* ---- of a mailbox ---- */

enum rc
mbox_load(struct sqlite_tx *tx, uint64_t id, struct mbox *out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_LOAD);

    bind_u64(&stmt, 1, id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct mbox){
        .id = id,
        .uidnext = col_u32(&stmt, 0),
        .recent_from = col_u32(&stmt, 1),
        .exists = col_u32(&stmt, 2),
        .unseen = col_u32(&stmt, 3),
        .deleted = col_u32(&stmt, 4),
        .octets = col_u64(&stmt, 5),
        .highest_modseq = col_u64(&stmt, 6),
        .expunged_floor = col_u64(&stmt, 7),
        .expunged_octets = col_u64(&stmt, 8),
        .retired = stmt_i64(&stmt, 9) != 0,
        .deleted_octets = deleted_octets_read(&stmt, 10),
    };
    out->row_exists = out->exists;
    out->row_octets = out->octets;
    return RC_OK;
}

enum rc
mbox_load_live(struct sqlite_tx *tx, uint64_t id, struct mbox *out, struct err *err)
{
    const enum rc rc = mbox_load(tx, id, out, err);

    if (rc == RC_OK && out->retired)
        return err_set(err, RC_NOT_FOUND, 0, "mailbox %ju was deleted", (uintmax_t)id);
    return rc;
}

/* The row of a mailbox has changed. Wrapping is fine: the sum never falls below 0. */
static void
usage_follow(struct sqlite_tx *tx, struct mbox *mbox)
{
    struct quota_amounts *usage = &tx->acct->counters.usage;

    usage->of[QUOTA_STORAGE] += mbox->octets - mbox->row_octets;
    usage->of[QUOTA_MESSAGE] += (uint64_t)mbox->exists - mbox->row_exists;
    mbox->row_octets = mbox->octets;
    mbox->row_exists = mbox->exists;
}

enum rc
sqlite_usage(struct store_tx *base, struct quota_amounts *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct counters *counters = &tx->acct->counters;

    if (tx->write && counters->usage_known) {
        *out = counters->usage;
        return RC_OK;
    }
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_SUMS);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct quota_amounts){.of = {
                                      [QUOTA_STORAGE] = col_u64(&stmt, 0),
                                      [QUOTA_MESSAGE] = col_u64(&stmt, 1),
                                      [QUOTA_MAILBOX] = col_u64(&stmt, 2),
                                  }};
    if (tx->write) {
        counters->usage = *out;
        counters->usage_known = true;
    }
    return RC_OK;
}

enum rc
mbox_save(struct sqlite_tx *tx, struct mbox *mbox, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MBOX_SAVE);

    bind_u64(&stmt, 1, mbox->uidnext);
    bind_u64(&stmt, 2, mbox->recent_from);
    bind_u64(&stmt, 3, mbox->exists);
    bind_u64(&stmt, 4, mbox->unseen);
    bind_u64(&stmt, 5, mbox->deleted);
    bind_u64(&stmt, 6, mbox->octets);
    bind_u64(&stmt, 7, mbox->highest_modseq);
    bind_u64(&stmt, 8, mbox->expunged_floor);
    bind_u64(&stmt, 9, mbox->expunged_octets);
    if (mbox->deleted == 0)
        stmt_bind_i64(&stmt, 10, 0); /* from here on it is counted */
    else if (mbox->deleted_octets >= 0)
        stmt_bind_i64(&stmt, 10, mbox->deleted_octets);
    else
        stmt_bind_null(&stmt, 10);
    bind_u64(&stmt, 11, mbox->id);
    usage_follow(tx, mbox);
    return stmt_run(&stmt, err);
}

/* One message with \Deleted more or fewer. */
static void
count_deleted(struct mbox *mbox, int more, uint64_t octets)
{
    mbox->deleted += (uint32_t)more;
    if (mbox->deleted_octets >= 0)
        mbox->deleted_octets += more * (int64_t)octets;
}

void
mbox_count_in(struct mbox *mbox, const struct entry *entry)
{
    mbox->exists++;
    mbox->unseen += (entry->flags & MSG_SEEN) == 0;
    count_deleted(mbox, (entry->flags & MSG_DELETED) != 0, entry->octets);
    mbox->octets += entry->octets;
}

void
mbox_count_out(struct mbox *mbox, const struct entry *entry)
{
    mbox->exists--;
    mbox->unseen -= (entry->flags & MSG_SEEN) == 0;
    count_deleted(mbox, -((entry->flags & MSG_DELETED) != 0), entry->octets);
    mbox->octets -= entry->octets;
}

void
mbox_count_flags(struct mbox *mbox, uint32_t old_flags, uint32_t flags, uint64_t octets)
{
    mbox->unseen += (uint32_t)((flags & MSG_SEEN) == 0) - ((old_flags & MSG_SEEN) == 0);
    count_deleted(mbox, ((flags & MSG_DELETED) != 0) - ((old_flags & MSG_DELETED) != 0),
                  octets);
}

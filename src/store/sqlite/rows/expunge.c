/* SPDX-License-Identifier: MIT */
/*
 * Takes entries out of a mailbox. They go to `expunged`, which keeps UID, modseq, message and
 * last flags for sessions that must still be told, for views that still contain them, and for
 * undeleting. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum rc
expunge_segments(struct sqlite_tx *tx, uint64_t mbox, const struct rows *segments,
                 uint64_t modseq, enum expunge_why why, struct err *err)
{
    const struct uid_run *list = rows_data(segments);
    enum rc rc = RC_OK;
    AUTO_STMT keep = stmt_get(tx->db, SQL_ENTRIES_EXPUNGE);
    AUTO_STMT remove = stmt_get(tx->db, SQL_ENTRIES_REMOVE);

    bind_u64(&keep, 1, modseq);
    stmt_bind_i64(&keep, 2, tx_now_s(tx));
    stmt_bind_i64(&keep, 3, why);
    bind_u64(&keep, 4, mbox);
    bind_u64(&remove, 1, mbox);
    for (size_t i = 0; i < rows_count(segments) && rc == RC_OK; i++) {
        bind_u64(&keep, 5, list[i].first);
        bind_u64(&keep, 6, list[i].last);
        bind_u64(&remove, 2, list[i].first);
        bind_u64(&remove, 3, list[i].last);
        rc = stmt_run(&keep, err);
        const int64_t kept = db_changes(tx->db);
        if (rc == RC_OK)
            rc = stmt_run(&remove, err);
        if (rc == RC_OK && db_changes(tx->db) != kept)
            rc = err_set(err, RC_CORRUPT, 0, "%jd rows kept but %jd removed", (intmax_t)kept,
                         (intmax_t)db_changes(tx->db));
    }
    return rc;
}

static enum rc
collect(struct sqlite_tx *tx, const struct expunge_req *req, struct mbox *mbox,
        struct rows *uids, struct rows *segments, struct err *err)
{
    struct entry_walk walk;
    struct entry entry;
    enum rc rc = RC_OK;

    walk_begin(&walk, tx, req->mbox, req->only_deleted ? WALK_DELETED : WALK_ALL, req->runs,
               req->run_count);
    /* Once the last entry with \Deleted is found, a large mailbox need not be read to its
     * end. */
    while (rc == RC_OK && !(req->only_deleted && mbox->deleted == 0) &&
           walk_next(&walk, &entry)) {
        uint32_t *uid = rows_push(uids);
        if (uid == NULL) {
            rc = RC_LIMIT;
            break;
        }
        *uid = entry.uid;
        rc = segments_add(segments, entry.uid, walk.gap);
        walk.gap = false;
        mbox_count_out(mbox, &entry);
        mbox->expunged_octets += entry.octets;
    }
    const enum rc ended = walk_end(&walk, err);
    if (ended != RC_OK)
        return ended;
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "expunge: out of memory");
}

enum rc
sqlite_expunge(struct store_tx *base, const struct expunge_req *req, struct arena *arena,
               struct expunge_result *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox mbox;
    void *taken = NULL;
    AUTO_ROWS uids = {0};
    AUTO_ROWS segments = {0};

    CHECK(tx->write);
    rows_init(&uids, sizeof(uint32_t));
    rows_init(&segments, sizeof(struct uid_run));
    enum rc rc = mbox_load_live(tx, req->mbox, &mbox, err);
    if (rc == RC_OK)
        rc = collect(tx, req, &mbox, &uids, &segments, err);
    if (rc == RC_OK)
        rc = rows_take(&uids, arena, &taken, err);
    const size_t count = rc == RC_OK ? rows_count(&uids) : 0;
    if (count != 0) {
        mbox.highest_modseq = ++tx->acct->counters.modseq;
        rc = expunge_segments(tx, req->mbox, &segments, mbox.highest_modseq, WHY_EXPUNGED, err);
        if (rc == RC_OK)
            rc = mbox_save(tx, &mbox, err);
    }
    if (rc != RC_OK)
        return rc;
    *out = (struct expunge_result){
        .uids = taken, .count = count, .modseq = count == 0 ? 0 : mbox.highest_modseq};
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Changing flags. The rows are read once to say what changes and to keep the counters; then
 * each stretch of UIDs is one UPDATE whose condition is the same as ours, because a statement a
 * row costs three times as much. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

/* new = (old & keep) | set, for flags and the two words of keywords: all three modes. */
struct masks {
    uint64_t keep[3];
    uint64_t set[3];
};

static struct masks
masks_of(const struct flags_req *req)
{
    const uint64_t bits[3] = {req->flags & MSG_SYSTEM_FLAGS, req->keywords.bits[0],
                              req->keywords.bits[1]};
    struct masks masks = {0};

    for (unsigned i = 0; i < 3; i++) {
        switch (req->mode) {
        case FLAGS_REPLACE:
            masks.set[i] = bits[i];
            break;
        case FLAGS_ADD:
            masks.keep[i] = UINT64_MAX;
            masks.set[i] = bits[i];
            break;
        case FLAGS_REMOVE:
            masks.keep[i] = ~bits[i];
            break;
        }
    }
    return masks;
}

static struct entry
entry_after(const struct entry *old, const struct masks *masks, uint64_t modseq)
{
    struct entry entry = *old;

    entry.flags = (uint32_t)((old->flags & masks->keep[0]) | masks->set[0]);
    entry.keywords.bits[0] = (old->keywords.bits[0] & masks->keep[1]) | masks->set[1];
    entry.keywords.bits[1] = (old->keywords.bits[1] & masks->keep[2]) | masks->set[2];
    entry.modseq = modseq;
    return entry;
}

static bool
flags_differ(const struct entry *a, const struct entry *b)
{
    return a->flags != b->flags || a->keywords.bits[0] != b->keywords.bits[0] ||
           a->keywords.bits[1] != b->keywords.bits[1];
}

/* What the walk over the rows finds. */
struct found {
    struct rows changed;  /* struct entry, as they will be */
    struct rows modified; /* struct uid_run: above unchanged_since */
    struct rows segments; /* struct uid_run: stretches with something to change */
    bool stays;           /* some entry that was named does not change */
};

static void
found_cleanup(struct found *found)
{
    rows_cleanup(&found->changed);
    rows_cleanup(&found->modified);
    rows_cleanup(&found->segments);
}

static enum rc
collect(struct store_tx *tx, const struct flags_req *req, const struct masks *masks,
        struct mbox *mbox, struct found *found, struct err *err)
{
    const uint64_t modseq = tx->acct->counters.modseq + 1;
    struct entry_walk walk;
    struct entry old;
    enum rc rc = RC_OK;
    uint32_t modified_last = 0; /* only neighbours share a run: clients are told these */

    walk_begin(&walk, tx, req->mbox, WALK_ALL, req->runs, req->run_count);
    while (rc == RC_OK && walk_next(&walk, &old)) {
        if (old.modseq > req->unchanged_since) {
            rc = segments_add(&found->modified, old.uid, old.uid != modified_last + 1);
            modified_last = old.uid;
            found->stays = true;
            continue;
        }
        const struct entry entry = entry_after(&old, masks, modseq);
        if (!flags_differ(&old, &entry)) {
            found->stays = true;
            continue;
        }
        rc = segments_add(&found->segments, old.uid, walk.gap);
        walk.gap = false;
        struct entry *row = rows_push(&found->changed);
        if (row == NULL) {
            rc = RC_LIMIT;
            break;
        }
        *row = entry;
        mbox_count_out(mbox, &old);
        mbox_count_in(mbox, &entry);
    }
    const enum rc ended = walk_end(&walk, err);
    if (ended != RC_OK)
        return ended;
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "flags: out of memory");
}

/* Binds all but the bounds of the range; returns the number of the first bound. */
static int
bind_update(struct store_tx *tx, struct stmt *stmt, const struct flags_req *req,
            const struct masks *masks, bool of_all)
{
    const uint64_t modseq = tx->acct->counters.modseq;
    const uint64_t since = req->unchanged_since;
    const int words = of_all ? 1 : 3;

    for (int i = 0; i < words; i++) {
        bind_u64(stmt, 2 * i + 1, masks->keep[i]);
        bind_u64(stmt, 2 * i + 2, masks->set[i]);
    }
    bind_u64(stmt, 2 * words + 1, modseq);
    bind_u64(stmt, 2 * words + 2, req->mbox);
    if (!of_all)
        stmt_bind_i64(stmt, 11, since > INT64_MAX ? INT64_MAX : (int64_t)since);
    return 2 * words + 3;
}

/* One UPDATE a segment; the number of rows must be what was collected. */
static enum rc
update(struct store_tx *tx, const struct flags_req *req, const struct masks *masks,
       const struct found *found, struct err *err)
{
    const struct uid_run *segments = rows_data(&found->segments);
    const bool keywords_stay = masks->keep[1] == UINT64_MAX && masks->set[1] == 0 &&
                               masks->keep[2] == UINT64_MAX && masks->set[2] == 0;
    const bool of_all = keywords_stay && !found->stays;
    int64_t rows = 0;
    AUTO_STMT stmt =
        stmt_get(tx->db, of_all ? SQL_ENTRIES_SET_FLAGS_OF_ALL : SQL_ENTRIES_SET_FLAGS);
    const int bound = bind_update(tx, &stmt, req, masks, of_all);

    for (size_t i = 0; i < rows_count(&found->segments); i++) {
        bind_u64(&stmt, bound, segments[i].first);
        bind_u64(&stmt, bound + 1, segments[i].last);
        const enum rc rc = stmt_run(&stmt, err);
        if (rc != RC_OK)
            return rc;
        rows += db_changes(tx->db);
    }
    if (rows != (int64_t)rows_count(&found->changed))
        return err_set(err, RC_CORRUPT, 0, "flags of %jd rows changed instead of %zu",
                       (intmax_t)rows, rows_count(&found->changed));
    return RC_OK;
}

enum rc
store_flags_update(struct store_tx *tx, const struct flags_req *req, struct arena *arena,
                   struct flags_result *out, struct err *err)
{
    const struct masks masks = masks_of(req);
    struct mbox mbox;
    void *changed = NULL;
    void *modified = NULL;
    CLEANUP(found_cleanup) struct found found = {.stays = false};

    CHECK(tx->write);
    rows_init(&found.changed, sizeof(struct entry));
    rows_init(&found.modified, sizeof(struct uid_run));
    rows_init(&found.segments, sizeof(struct uid_run));
    enum rc rc = mbox_load_live(tx, req->mbox, &mbox, err);
    if (rc == RC_OK)
        rc = collect(tx, req, &masks, &mbox, &found, err);
    const size_t count = rc == RC_OK ? rows_count(&found.changed) : 0;
    if (rc == RC_OK)
        rc = rows_take(&found.changed, arena, &changed, err);
    if (rc == RC_OK)
        rc = rows_take(&found.modified, arena, &modified, err);
    if (rc == RC_OK && count != 0) {
        mbox.highest_modseq = ++tx->acct->counters.modseq;
        rc = update(tx, req, &masks, &found, err);
        if (rc == RC_OK)
            rc = mbox_save(tx, &mbox, err);
    }
    if (rc != RC_OK)
        return rc;
    *out = (struct flags_result){
        .changed = changed,
        .changed_count = count,
        .modified = modified,
        .modified_count = rows_count(&found.modified),
        .modseq = count == 0 ? 0 : mbox.highest_modseq,
    };
    return RC_OK;
}

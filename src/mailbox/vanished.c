/* SPDX-License-Identifier: MIT */
/* See vanished.h. Thread: the session. */
#include "mailbox/vanished.h"

#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

enum {
    ROWS_ARENA = 512 << 20, /* for some 5 million expunged rows; freed at once */
    CHANGED_MAX = 1000,     /* beyond, a mailbox is loaded: each of them costs a statement */
    CHANGED_BATCH = 64,
};

/* The runs made so far, cut to what the client asks about. */
struct making {
    const struct vanished_req *req;
    struct arena *arena;
    size_t range; /* of req->known, not passed yet */
    uint32_t above;
    struct uid_run *runs;
    size_t count;
    size_t room;
};

/* False: no memory. */
static bool
run_put(struct making *making, uint32_t first, uint32_t last)
{
    if (making->count > 0 && making->runs[making->count - 1].last + 1 == first) {
        making->runs[making->count - 1].last = last;
        return true;
    }
    if (making->count == making->room) {
        const size_t room = making->room == 0 ? 64 : 2 * making->room;
        struct uid_run *more = arena_array(making->arena, struct uid_run, room);
        if (more == NULL)
            return false;
        if (making->count > 0)
            memcpy(more, making->runs, making->count * sizeof *more);
        making->runs = more;
        making->room = room;
    }
    making->runs[making->count++] = (struct uid_run){first, last};
    return true;
}

/* Of first .. last, which are gone, what is to be told. They come ascending. */
static bool
gone(struct making *making, uint32_t first, uint32_t last)
{
    const struct numset *known = making->req->known;

    if (first <= making->above)
        first = making->above + 1;
    if (known == NULL)
        return first > last || run_put(making, first, last);
    while (making->range < known->count && known->ranges[making->range].last < first)
        making->range++;
    for (size_t i = making->range; i < known->count && known->ranges[i].first <= last; i++) {
        const struct num_range *range = &known->ranges[i];
        const uint32_t from = range->first > first ? range->first : first;
        const uint32_t to = range->last < last ? range->last : last;
        if (from <= to && !run_put(making, from, to))
            return false;
    }
    return true;
}

/* The highest UID up to which the client's numbers are those of the view. Behind a pair that is
 * wrong there is none that is right: expunges only ever lower a number. */
static uint32_t
matched_up_to(const struct view *view, const struct vanished_req *req)
{
    uint32_t matched = 0;
    uint32_t seq = 0;
    uint32_t uid = 0;

    if (req->match_seqs == NULL || req->match_uids == NULL)
        return 0;
    struct cursor at = cursor_of(view->members);
    struct numset_iter seqs = numset_iter(req->match_seqs);
    struct numset_iter uids = numset_iter(req->match_uids);
    while (numset_next(&seqs, &seq) && numset_next(&uids, &uid) &&
           seq <= view->members->count && cursor_uid(&at, seq) == uid)
        matched = uid;
    return matched;
}

/* From the expunged rows. RC_GONE: they do not reach back so far. */
static enum rc
find_in_rows(struct making *making, const struct view *view, struct store_tx *tx,
             struct err *err)
{
    const struct expunged_req req = {view->mailbox->state.mbox, making->req->since, UINT32_MAX};
    AUTO_ARENA arena = {0};
    struct expunged_row *rows;
    size_t count;

    arena_init(&arena, ROWS_ARENA);
    const enum rc rc = store_expunged_since(tx, &req, &arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        /* Expunged after what the client was told: the view names it, unless it is newer. */
        if (rows[i].modseq > view->modseq && rows[i].uid < view->uid_bound)
            continue;
        if (!gone(making, rows[i].uid, rows[i].uid))
            return RC_LIMIT;
    }
    return RC_OK;
}

/* All that is not there (RFC 7162 section 3.2.6, note). */
static enum rc
find_by_absence(struct making *making, const struct view *view)
{
    const struct version *members = view->members;
    uint32_t next = 1;
    struct version_run run;

    for (uint32_t seq = 1; seq <= members->count; seq += run.count) {
        version_run_at(members, seq, &run);
        for (uint32_t i = 0; i < run.count; i++) {
            if (run.uids[i] > next && !gone(making, next, run.uids[i] - 1))
                return RC_LIMIT;
            next = run.uids[i] + 1;
        }
    }
    return view->uid_bound <= next || gone(making, next, view->uid_bound - 1) ? RC_OK
                                                                              : RC_LIMIT;
}

enum rc
vanished_find(const struct view *view, struct store_tx *tx, const struct vanished_req *req,
              struct arena *arena, struct uid_run **out, size_t *count_out, struct err *err)
{
    struct making making = {.req = req, .arena = arena, .above = matched_up_to(view, req)};
    struct mbox_row row;

    enum rc rc = store_mbox_get(tx, view->mailbox->state.mbox, arena, &row, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_GONE : rc;
    if (row.highest_modseq < view->modseq)
        return err_set(err, RC_AGAIN, 0, "the snapshot is older than the view");
    rc = find_in_rows(&making, view, tx, err);
    if ((rc == RC_GONE || rc == RC_LIMIT) && view->members == NULL)
        return RC_AGAIN;
    if (rc == RC_GONE || rc == RC_LIMIT) { /* so many that the rest is told faster */
        making.range = making.count = 0;
        rc = find_by_absence(&making, view);
    }
    if (rc != RC_OK)
        return rc;
    *out = making.runs;
    *count_out = making.count;
    return RC_OK;
}

/* Some more of the changed entries, those that the client asks about; *from is 0 at the end. */
static enum rc
changed_take(struct store_tx *tx, uint64_t mbox, const struct vanished_req *req, uint32_t *from,
             struct changed *out, size_t *count, struct err *err)
{
    struct entry rows[CHANGED_BATCH];
    size_t got = 0;

    const enum rc rc =
        store_entries_since(tx, mbox, req->since, from, rows, CHANGED_BATCH, &got, err);
    if (rc != RC_OK)
        return rc;
    if (got < CHANGED_BATCH)
        *from = 0;
    for (size_t i = 0; i < got; i++) {
        if (req->known != NULL && !numset_contains(req->known, rows[i].uid))
            continue;
        if (*count == CHANGED_MAX)
            return RC_AGAIN;
        out[(*count)++].entry = rows[i];
    }
    return RC_OK;
}

enum rc
changed_find(struct view *view, struct store_tx *tx, const struct vanished_req *req,
             struct arena *arena, struct changed **out, size_t *count_out, struct err *err)
{
    const uint64_t mbox = view->mailbox->state.mbox; /* never changes */
    struct mailbox_state state;
    struct version *current;
    struct mbox_row row;
    size_t count = 0;
    uint32_t from = 1;
    uint32_t uid = 0;
    uint32_t seq = 0;

    mailbox_look(view->mailbox, &state, &current);
    const bool in_memory = current != NULL || view->members != NULL || state.gone;
    version_unref(current);
    if (in_memory)
        return RC_AGAIN;
    enum rc rc = store_mbox_get(tx, mbox, arena, &row, err);
    if (rc != RC_OK || row.highest_modseq != view->modseq)
        return RC_AGAIN;
    struct changed *changed = arena_array(arena, struct changed, CHANGED_MAX);
    if (changed == NULL)
        return RC_LIMIT;
    while (rc == RC_OK && from != 0)
        rc = changed_take(tx, mbox, req, &from, changed, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        uint32_t between = 0;
        rc = store_entries_count(tx, mbox, uid + 1, changed[i].entry.uid, &between, err);
        uid = changed[i].entry.uid;
        seq += between;
        changed[i].seq = seq;
    }
    if (rc != RC_OK)
        return rc;
    *out = changed;
    *count_out = count;
    return RC_OK;
}

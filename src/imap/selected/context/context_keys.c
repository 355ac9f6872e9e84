/* SPDX-License-Identifier: MIT */
/*
 * The keys of a context. They are kept as the client wrote them; the messages that they name by
 * sequence numbers or `$` are kept beside them, in the same order.
 */
#include "imap/selected/context/context.h"
#include "imap/selected/packed_uids.h"

/* Whether the key names messages by what the client was told at that time. */
static bool
is_by_numbers(const struct imap_search_key *key)
{
    return key->kind == SEARCH_MSGS && key->msgs->kind != IMAP_MSGS_UID;
}

/* The next key of a tree, in the order in which it is written down; NULL at the end. Lists of
 * children are nested at most LIMIT_NESTING + 1 deep. */
struct walk {
    const struct imap_search_key *above[2 * LIMIT_NESTING + 4];
    size_t depth;
    struct imap_search_key *at;
};

static struct imap_search_key *
walk_next(struct walk *walk)
{
    struct imap_search_key *key = walk->at;

    if (key == NULL)
        return NULL;
    if (key->children != NULL && walk->depth < ARRAY_LEN(walk->above)) {
        walk->above[walk->depth++] = key;
        walk->at = key->children;
        return key;
    }
    walk->at = key->next;
    while (walk->at == NULL && walk->depth > 0)
        walk->at = walk->above[--walk->depth]->next;
    return key;
}

/* The messages that a key names by number, packed. */
static enum rc
numbers_pack(const struct imap_session *im, const struct imap_msgs *msgs, struct arena *arena,
             struct buf *packed)
{
    struct uids_writer writer = uids_writer(packed);
    struct view_run *seqs;
    struct uid_run *uids;
    size_t count;

    if (msgs->kind == IMAP_MSGS_SAVED) {
        buf_put_span(packed, imap_saved_span(im));
        return RC_OK;
    }
    enum rc rc = view_resolve_some_seqs(&im->view, &msgs->seq, arena, &seqs, &count);
    if (rc == RC_OK)
        rc = view_uid_runs(&im->view, seqs, count, arena, &uids, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        uids_write(&writer, uids[i]);
    return rc;
}

enum rc
imap_context_numbers(const struct imap_session *im, const struct imap_search_req *req,
                     struct buf *out)
{
    struct walk walk = {.at = req->root};
    const struct imap_search_key *key;
    AUTO_BUF packed = {0};
    enum rc rc = RC_OK;

    buf_init(&packed, LIMIT_CONTEXT_FIRST_OCTETS);
    while (rc == RC_OK && (key = walk_next(&walk)) != NULL) {
        if (!is_by_numbers(key))
            continue;
        buf_clear(&packed);
        rc = numbers_pack(im, key->msgs, &im->work->arena, &packed);
        pack_span(out, buf_span(&packed));
        if (!buf_ok(&packed) || !buf_ok(out))
            rc = RC_LIMIT;
    }
    return rc;
}

/* Puts those among the runs back into the tree. */
static enum rc
numbers_put(const struct imap_session *im, const struct view_run *runs, size_t count,
            struct span packed, struct arena *arena, struct imap_msgs *msgs)
{
    struct touched_runs within = {.arena = arena};
    struct uid_set set = {.set = {.normal = true}};
    struct uid_run *uids;
    size_t uid_count;

    enum rc rc = uids_within(im->view.members, runs, count, packed, &within);
    if (rc == RC_OK)
        rc = view_uid_runs(&im->view, within.runs, within.count, arena, &uids, &uid_count);
    if (rc != RC_OK)
        return rc;
    set.set.ranges = arena_array(arena, struct num_range, uid_count + 1);
    if (set.set.ranges == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < uid_count; i++)
        set.set.ranges[i] = (struct num_range){uids[i].first, uids[i].last};
    set.set.count = uid_count;
    *msgs = (struct imap_msgs){.kind = IMAP_MSGS_UID, .uid = set};
    return RC_OK;
}

static void
note_time(struct context_times *times, const struct imap_search_key *key)
{
    if (key->kind != SEARCH_YOUNGER && key->kind != SEARCH_OLDER)
        return;
    if (times->count == ARRAY_LEN(times->seconds))
        times->more = true;
    else
        times->seconds[times->count++] = key->number;
}

enum rc
imap_context_parse(const struct imap_session *im, const struct imap_context *context,
                   struct arena *arena, struct imap_search_req *req_out,
                   struct context_times *times_out)
{
    const struct imap_search_key *key;

    *times_out = (struct context_times){.count = 0};
    const enum rc rc =
        imap_criteria_parse(context_criteria(context), imap_dialect(im)->wire, arena, req_out);
    struct walk walk = {.at = rc == RC_OK ? req_out->root : NULL};
    while ((key = walk_next(&walk)) != NULL)
        note_time(times_out, key);
    return rc;
}

enum rc
imap_context_put_numbers(const struct imap_session *im, const struct imap_context *context,
                         const struct view_run *runs, size_t count, struct arena *arena,
                         struct imap_search_req *req)
{
    struct unpack in = {.rest = context_numbers(context)};
    struct walk walk = {.at = req->root};
    struct imap_search_key *key;
    enum rc rc = RC_OK;

    while (rc == RC_OK && (key = walk_next(&walk)) != NULL)
        if (is_by_numbers(key))
            rc = numbers_put(im, runs, count, unpack_span(&in, LIMIT_CONTEXT_FIRST_OCTETS),
                             arena, key->msgs);
    return rc == RC_OK && !unpack_whole(&in) ? RC_INVALID : rc;
}

void
imap_context_note_keys(struct imap_context *context, const struct imap_search_req *req)
{
    struct walk walk = {.at = req->root};
    const struct imap_search_key *key;

    while ((key = walk_next(&walk)) != NULL) {
        context->by_time |= key->kind == SEARCH_YOUNGER || key->kind == SEARCH_OLDER;
        context->by_last |= key->kind == SEARCH_MSGS && key->msgs->kind == IMAP_MSGS_UID &&
                            numset_has_star(&key->msgs->uid.set);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Both walks pass over pieces that cannot matter: chunks and nodes in which nothing is new, and
 * those that two versions share (touched.h).
 */
#include "mailbox/touched.h"

#include <string.h>

#include "mailbox/version_private.h"

enum rc
touched_add(struct touched_runs *runs, uint32_t first, uint32_t last)
{
    if (runs->count > 0 && runs->runs[runs->count - 1].last + 1 >= first) {
        struct view_run *before = &runs->runs[runs->count - 1];
        before->last = before->last > last ? before->last : last;
        return RC_OK;
    }
    if (runs->count == runs->room) {
        const size_t room = runs->room == 0 ? 16 : 2 * runs->room;
        struct view_run *more = arena_array(runs->arena, struct view_run, room);
        if (more == NULL)
            return RC_LIMIT;
        if (runs->count > 0)
            memcpy(more, runs->runs, runs->count * sizeof *more);
        runs->runs = more;
        runs->room = room;
    }
    runs->runs[runs->count++] = (struct view_run){first, last};
    return RC_OK;
}

/* ---- changed ---- */

static bool
is_among(const struct touched_req *req, uint64_t since, const struct chunk *chunk, uint32_t pos)
{
    const uint32_t uid = chunk->uids[pos];
    const int64_t arrived_s = chunk->internaldates_s[pos];

    if (chunk->modseqs[pos] > since || uid >= req->from_uid ||
        (req->range.first != 0 && uid >= req->range.first && uid <= req->range.last))
        return true;
    for (size_t i = 0; i < req->time_count; i++)
        if (arrived_s > req->times[i].after && arrived_s <= req->times[i].until)
            return true;
    return false;
}

/* Whether some of these UIDs are asked for. */
static bool
has_uids(const struct touched_req *req, uint32_t first, uint32_t last)
{
    return last >= req->from_uid ||
           (req->range.first != 0 && req->range.first <= last && req->range.last >= first);
}

/* Messages at seq, which begins a chunk, that can be passed over. */
static uint32_t
untouched_from(const struct touched_req *req, uint64_t since, const struct cursor *at,
               uint32_t seq)
{
    const struct node *node = cursor_node(at);
    const struct chunk *chunk = at->chunk;
    const uint32_t first_uid = chunk->uids[0];
    const uint32_t node_last_uid = at->version->slots[at->node].last_uid;
    const uint32_t chunk_last_uid = chunk->uids[chunk->count - 1];

    if (req->time_count > 0)
        return 0;
    if (seq == at->node_first && node->max_modseq <= since &&
        !has_uids(req, first_uid, node_last_uid))
        return node->count;
    if (chunk->max_modseq <= since && !has_uids(req, first_uid, chunk_last_uid))
        return chunk->count;
    return 0;
}

/* Looks at the newest version, and then at messages of the view that are no longer in it. */
struct touched {
    const struct version *members;
    const struct version *current;
    struct touched_req req;
    bool in_current;
    struct cursor at;
    uint32_t seq;
    struct touched_runs now;
    struct touched_runs gone;
};

struct touched *
touched_new(struct arena *arena, const struct view *view, const struct version *current,
            const struct touched_req *req)
{
    struct touched *touched = arena_new(arena, struct touched);
    struct touched_times *times = arena_array(arena, struct touched_times, req->time_count);

    if (touched == NULL || (times == NULL && req->time_count > 0))
        return NULL;
    if (req->time_count > 0)
        memcpy(times, req->times, req->time_count * sizeof *times);
    *touched = (struct touched){
        .members = view->members,
        .current = current,
        .req = *req,
        .in_current = true,
        .at = cursor_of(current),
        .seq = 1,
        .now = {.arena = arena},
        .gone = {.arena = arena},
    };
    touched->req.times = times;
    return touched;
}

/* Looks at the current message, by its number in the view. */
static enum rc
look_at(struct touched *touched, uint32_t pos, uint64_t since)
{
    const uint32_t uid = touched->at.chunk->uids[pos];
    const bool is_own = touched->at.version == touched->members;
    const uint32_t number = is_own ? touched->seq : version_find_uid(touched->members, uid);

    if (number == 0 || !is_among(&touched->req, since, touched->at.chunk, pos))
        return RC_OK;
    if (touched->in_current)
        return touched_add(&touched->now, number, number);
    return version_find_uid(touched->current, uid) != 0
               ? RC_OK
               : touched_add(&touched->gone, number, number);
}

/* Goes through the current version, as far as the steps allow. */
static enum rc
walk(struct touched *touched, uint32_t *steps)
{
    const uint64_t since = touched->in_current ? touched->req.since : touched->req.gone_since;
    enum rc rc = RC_OK;

    for (; touched->seq <= touched->at.version->count && rc == RC_OK; --*steps) {
        if (*steps == 0)
            return RC_AGAIN;
        const uint32_t pos = cursor_at(&touched->at, touched->seq);
        const uint32_t skip =
            pos == 0 ? untouched_from(&touched->req, since, &touched->at, touched->seq) : 0;
        if (skip == 0)
            rc = look_at(touched, pos, since);
        touched->seq += skip == 0 ? 1 : skip;
    }
    return rc;
}

/* Two lists as one. */
static enum rc
merge(const struct touched_runs *a, const struct touched_runs *b, struct touched_runs *out)
{
    size_t i = 0;
    size_t k = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && (i < a->count || k < b->count)) {
        const bool first =
            k == b->count || (i < a->count && a->runs[i].first <= b->runs[k].first);
        const struct view_run run = first ? a->runs[i++] : b->runs[k++];
        rc = touched_add(out, run.first, run.last);
    }
    return rc;
}

enum rc
touched_step(struct touched *touched, uint32_t steps, struct view_run **out, size_t *count_out)
{
    struct touched_runs all = {.arena = touched->now.arena};

    enum rc rc = walk(touched, &steps);
    if (rc == RC_OK && touched->in_current && touched->current != touched->members) {
        touched->in_current = false;
        touched->at = cursor_of(touched->members);
        touched->seq = 1;
        rc = walk(touched, &steps);
    }
    if (rc == RC_OK)
        rc = merge(&touched->now, &touched->gone, &all);
    if (rc != RC_OK)
        return rc;
    *out = all.runs;
    *count_out = all.count;
    return RC_OK;
}

/* ---- expunged ---- */

/* Both are at the same place of a chunk that they share: how far it goes. */
static uint32_t
shared_from(const struct cursor *a, const struct cursor *b, uint32_t a_pos, uint32_t b_pos,
            uint32_t a_seq, uint32_t b_seq)
{
    if (a->chunk != b->chunk || a_pos != b_pos)
        return 0;
    const struct node *node = cursor_node(a);
    if (node == cursor_node(b) && a_seq - a->node_first == b_seq - b->node_first)
        return node->count - (a_seq - a->node_first);
    return a->chunk->count - a_pos;
}

enum rc
touched_expunged(const struct version *from, const struct version *to, struct arena *arena,
                 struct view_run **out, size_t *count_out)
{
    struct touched_runs gone = {.arena = arena};
    struct cursor from_at = cursor_of(from);
    struct cursor to_at = cursor_of(to);
    const uint32_t to_count = to == NULL ? 0 : to->count;
    uint32_t from_seq = 1;
    uint32_t to_seq = 1;
    enum rc rc = RC_OK;

    while (from_seq <= from->count && rc == RC_OK) {
        if (to_seq > to_count) {
            rc = touched_add(&gone, from_seq, from->count);
            break;
        }
        const uint32_t from_pos = cursor_at(&from_at, from_seq);
        const uint32_t to_pos = cursor_at(&to_at, to_seq);
        const uint32_t same = shared_from(&from_at, &to_at, from_pos, to_pos, from_seq, to_seq);
        if (same > 0) {
            from_seq += same;
            to_seq += same;
            continue;
        }
        const uint32_t from_uid = from_at.chunk->uids[from_pos];
        const uint32_t to_uid = to_at.chunk->uids[to_pos];
        if (from_uid < to_uid)
            rc = touched_add(&gone, from_seq, from_seq);
        from_seq += from_uid <= to_uid;
        to_seq += from_uid >= to_uid;
    }
    if (rc != RC_OK)
        return rc;
    *out = gone.runs;
    *count_out = gone.count;
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * The walk of FETCH: messages of the runs asked for, items of each, octets of a stream. Each
 * return to the caller is a place where a slice may end; what the next slice needs is in the
 * cursor, and what belongs to the transaction (row, version arrays) is fetched again.
 *
 *   AT_MESSAGE ──BEGIN──> AT_ITEM ──ENTRY NIL SYNTAX STRING──> AT_ITEM ──END──> AT_MESSAGE
 *       │ (none left)        │ STREAM                ^
 *       v                    v                       │ last octet (fetch_stream)
 *      DONE               AT_STREAM ─────────────────┘
 */
#include "mailbox/content/fetch_private.h"

#include "base/check.h"
#include "base/limits.h"
#include "mailbox/content/ingest.h"
#include "syntax/mail/bodystructure.h"

enum {
    SCRATCH_MAX = INGEST_HEADER_MAX + 4096,
    PARTS_ARENA = 8 << 20,
    ONE_BY_ONE = 16, /* messages that are looked at before it is found out where to go on */
};

/* ---- the plan ---- */

static enum rc
plan_item(struct fetch_item *plan, struct arena *arena)
{
    switch (plan->item->kind) {
    case FETCH_UID:
    case FETCH_FLAGS:
    case FETCH_INTERNALDATE:
    case FETCH_RFC822_SIZE:
    case FETCH_MODSEQ:
    case FETCH_SAVEDATE:
        plan->is_entry = true;
        return RC_OK;
    case FETCH_ENVELOPE:
        plan->want = MESSAGE_ENVELOPE;
        return RC_OK;
    case FETCH_BODYSTRUCTURE:
    case FETCH_BODY:
        plan->want = MESSAGE_BODYSTRUCTURE;
        return RC_OK;
    case FETCH_EMAILID:
    case FETCH_THREADID:
        plan->want = MESSAGE_KEYS;
        return RC_OK;
    case FETCH_PREVIEW:
        plan->want = MESSAGE_PARTS;
        return RC_OK;
    case FETCH_SECTION:
    case FETCH_RFC822:
    case FETCH_RFC822_HEADER:
    case FETCH_RFC822_TEXT:
        return fetch_section_plan(plan, arena);
    case FETCH_BINARY:
    case FETCH_BINARY_SIZE:
        plan->want = MESSAGE_PARTS;
        return RC_OK;
    }
    return RC_UNSUPPORTED;
}

enum rc
fetch_new(struct arena *arena, struct view *view, const struct imap_fetch_req *req,
          const struct view_run *runs, size_t run_count, struct fetch **out)
{
    struct fetch *fetch = arena_new(arena, struct fetch);
    struct fetch_item *items = arena_array(arena, struct fetch_item, req->item_count);

    if (fetch == NULL || items == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < req->item_count; i++) {
        items[i].item = &req->items[i];
        const enum rc rc = plan_item(&items[i], arena);
        if (rc != RC_OK)
            return rc;
        fetch->want |= items[i].want;
        fetch->needs_store |= !items[i].is_entry;
    }
    if ((fetch->want & MESSAGE_KEYS) != 0) {
        fetch->ids_reader = arena_new(arena, struct object_ids_reader);
        if (fetch->ids_reader == NULL)
            return RC_LIMIT;
        object_ids_reader_init(fetch->ids_reader);
    }
    fetch->view = view;
    fetch->req = req;
    fetch->runs = runs;
    fetch->run_count = run_count;
    fetch->items = items;
    arena_init(&fetch->parts, PARTS_ARENA);
    buf_init(&fetch->scratch, SCRATCH_MAX);
    buf_init(&fetch->header, SCRATCH_MAX);
    buf_init(&fetch->piece, SCRATCH_MAX);
    *out = fetch;
    return RC_OK;
}

void
fetch_done(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch_slice_end(fetch);
    if (fetch->ids_reader != NULL)
        object_ids_reader_done(fetch->ids_reader);
    arena_done(&fetch->parts);
    buf_done(&fetch->scratch);
    buf_done(&fetch->header);
    buf_done(&fetch->piece);
}

bool
fetch_needs_store(const struct fetch *fetch)
{
    return fetch->needs_store;
}

uint32_t
fetch_missing(const struct fetch *fetch)
{
    return fetch->missing;
}

uint32_t
fetch_undecodable(const struct fetch *fetch)
{
    return fetch->undecodable;
}

uint32_t
fetch_damaged(const struct fetch *fetch)
{
    return fetch->damaged;
}

/* ---- slices ---- */

enum rc
fetch_slice_begin(struct fetch *fetch, struct store_tx *tx, struct err *err)
{
    CHECK(tx != NULL || !fetch->needs_store);
    const enum rc rc = members_begin(&fetch->members, fetch->view, tx, err);
    if (rc == RC_OK)
        fetch->tx = tx;
    return rc;
}

void
fetch_slice_end(struct fetch *fetch)
{
    members_end(&fetch->members);
    fetch->tx = NULL;
    fetch->batch.count = 0;
    fetch->has_row = false;
    if (fetch->scratch.cap > FETCH_KEEP_OCTETS && fetch->state != FETCH_AT_STREAM)
        buf_done(&fetch->scratch);
}

/* ---- messages ---- */

/* Passes over what CHANGEDSINCE leaves out, in pieces: what is asked shall cost by the changes,
 * not by the mailbox. */
static void
pass_quiet(struct fetch *fetch)
{
    while (fetch->req->has_changed_since && fetch->run < fetch->run_count) {
        const struct view_run *run = &fetch->runs[fetch->run];
        const uint32_t seq = fetch->next_seq == 0 ? run->first : fetch->next_seq;
        const uint32_t quiet = members_quiet(&fetch->members, seq, fetch->req->changed_since);
        if (quiet == 0)
            return;
        if (quiet <= run->last - seq) {
            fetch->next_seq = seq + quiet;
        } else {
            fetch->run++;
            fetch->next_seq = 0;
        }
    }
}

/* Makes batch begin at the next message asked for; false when there is none left. */
static bool
load_batch(struct fetch *fetch)
{
    pass_quiet(fetch);
    if (fetch->run == fetch->run_count)
        return false;
    const struct view_run *run = &fetch->runs[fetch->run];
    if (fetch->next_seq == 0)
        fetch->next_seq = run->first;
    members_run(&fetch->members, fetch->next_seq, run->last - fetch->next_seq + 1,
                &fetch->batch);
    return true;
}

/* Moves on by n messages of the batch. */
static void
advance(struct fetch *fetch, uint32_t n)
{
    struct version_run *batch = &fetch->batch;

    batch->count -= n;
    batch->uids += n;
    batch->flags += n;
    batch->modseqs += n;
    batch->messages += n;
    batch->octets += n;
    batch->internaldates_s += n;
    batch->internaldate_zones_min += n;
    batch->savedates_s += n;
    if (batch->keywords != NULL)
        batch->keywords += n;
    if (n <= fetch->runs[fetch->run].last - fetch->next_seq) {
        fetch->next_seq += n;
    } else {
        fetch->run++;
        fetch->next_seq = 0;
    }
}

static bool
is_wanted(const struct fetch *fetch, uint32_t at)
{
    return !fetch->req->has_changed_since ||
           fetch->batch.modseqs[at] > fetch->req->changed_since;
}

/* Passes over what CHANGEDSINCE leaves out; true when the batch then begins with a message
 * that is wanted. After a few messages it is found out where the next one is. */
static bool
next_wanted(struct fetch *fetch)
{
    for (;;) {
        uint32_t skip = 0;
        while (skip < fetch->batch.count && skip < ONE_BY_ONE && !is_wanted(fetch, skip))
            skip++;
        const bool found = skip < fetch->batch.count && skip < ONE_BY_ONE;
        if (skip > 0)
            advance(fetch, skip);
        if (found)
            return true;
        fetch->batch.count = 0;
        if (!load_batch(fetch))
            return false;
    }
}

bool
fetch_run(struct fetch *fetch, uint32_t max, uint32_t *seq_out, struct version_run *run_out)
{
    uint32_t count = 1;

    if (!next_wanted(fetch))
        return false;
    while (count < fetch->batch.count && count < max && is_wanted(fetch, count))
        count++;
    *seq_out = fetch->next_seq;
    *run_out = fetch->batch;
    run_out->count = count;
    advance(fetch, count);
    return true;
}

static void
take_msg(struct fetch *fetch)
{
    const struct version_run *batch = &fetch->batch;

    fetch->msg = (struct fetch_msg){
        .seq = fetch->next_seq,
        .uid = batch->uids[0],
        .flags = batch->flags[0],
        .modseq = batch->modseqs[0],
        .octets = batch->octets[0],
        .internaldate_s = batch->internaldates_s[0],
        .internaldate_zone_min = batch->internaldate_zones_min[0],
        .savedate_s = batch->savedates_s[0],
        .message = batch->messages[0],
    };
    if (batch->keywords != NULL) {
        fetch->keywords = batch->keywords[0];
        fetch->msg.keywords = &fetch->keywords;
    }
    fetch->root = NULL;
    fetch->marks = NULL;
    fetch->has_row = false;
    advance(fetch, 1);
}

static bool
asks_binary(const struct fetch *fetch)
{
    return (fetch->req->kinds & (1u << FETCH_BINARY | 1u << FETCH_BINARY_SIZE)) != 0;
}

static enum rc
load_row(struct fetch *fetch, struct err *err)
{
    if (fetch->has_row)
        return RC_OK;
    const enum rc rc =
        store_message_read(fetch->tx, fetch->msg.message, fetch->want, &fetch->row, err);
    fetch->has_row = rc == RC_OK;
    return rc;
}

/* Whether the message under way can be answered: what fails in the middle of a response ends
 * the session. RC_AGAIN: not known yet. RC_NOT_FOUND, RC_UNSUPPORTED, RC_CORRUPT: it cannot. */
static enum rc
check_message(struct fetch *fetch, struct err *err)
{
    bool decodable = true;

    enum rc rc = fetch->needs_store ? load_row(fetch, err) : RC_OK;
    if (rc == RC_OK && asks_binary(fetch))
        rc = fetch_binary_check(fetch, &decodable, err);
    if (rc == RC_OK && !decodable)
        return RC_UNSUPPORTED;
    if (rc == RC_OK && fetch->ids_reader != NULL)
        rc = fetch_object_ids_make(fetch, err);
    return rc;
}

/* The next message that can be answered: BEGIN, or DONE. */
static enum rc
step_message(struct fetch *fetch, struct fetch_step *step, struct err *err)
{
    while (fetch->state == FETCH_AT_CHECK || next_wanted(fetch)) {
        if (fetch->state == FETCH_AT_MESSAGE)
            take_msg(fetch);
        const enum rc rc = check_message(fetch, err);
        fetch->state = rc == RC_AGAIN ? FETCH_AT_CHECK : FETCH_AT_MESSAGE;
        switch (rc) {
        case RC_OK:
            fetch->state = FETCH_AT_ITEM;
            fetch->item = 0;
            *step = (struct fetch_step){.kind = FETCH_STEP_BEGIN, .msg = &fetch->msg};
            return RC_OK;
        case RC_AGAIN:
            *step = (struct fetch_step){.kind = FETCH_STEP_WORK};
            return RC_OK;
        case RC_NOT_FOUND:
            fetch->missing++;
            break;
        case RC_UNSUPPORTED:
            fetch->undecodable++;
            break;
        case RC_CORRUPT:
            fetch->damaged++;
            break;
        default:
            return rc;
        }
    }
    *step = (struct fetch_step){.kind = FETCH_STEP_DONE};
    return RC_OK;
}

/* ---- items ---- */

static enum rc
answer_body(struct fetch *fetch, struct fetch_step *step, struct err *err)
{
    buf_clear(&fetch->scratch);
    const enum rc rc = bodystructure_put_basic(&fetch->scratch, fetch->row.bodystructure);
    if (rc != RC_OK || !buf_ok(&fetch->scratch))
        return err_set(err, rc != RC_OK ? rc : RC_LIMIT, 0, "body structure of message %ju",
                       (uintmax_t)fetch->msg.message);
    step->kind = FETCH_STEP_SYNTAX;
    step->text = buf_span(&fetch->scratch);
    return RC_OK;
}

static enum rc
step_item(struct fetch *fetch, struct fetch_step *step, struct err *err)
{
    const struct fetch_item *item = &fetch->items[fetch->item];

    *step = (struct fetch_step){.msg = &fetch->msg, .item = item->item};
    if (item->is_entry) {
        step->kind = FETCH_STEP_ENTRY;
        fetch->item++;
        return RC_OK;
    }

    enum rc rc = load_row(fetch, err); /* again, when a new slice has begun */
    if (rc == RC_NOT_FOUND)
        rc = err_set(err, RC_GONE, 0, "message %ju went away", (uintmax_t)fetch->msg.message);
    if (rc != RC_OK)
        return rc;
    switch (item->item->kind) {
    case FETCH_ENVELOPE:
        step->kind = FETCH_STEP_SYNTAX;
        step->text = fetch->row.envelope;
        break;
    case FETCH_BODYSTRUCTURE:
        step->kind = FETCH_STEP_SYNTAX;
        step->text = fetch->row.bodystructure;
        break;
    case FETCH_BODY:
        rc = answer_body(fetch, step, err);
        break;
    case FETCH_EMAILID:
    case FETCH_THREADID:
        fetch_object_id(fetch, item->item->kind, step);
        break;
    case FETCH_PREVIEW:
        rc = fetch_preview(fetch, step, err);
        break;
    case FETCH_BINARY:
    case FETCH_BINARY_SIZE:
        rc = fetch_binary(fetch, item, step, err);
        break;
    default:
        rc = fetch_section(fetch, item, step, err);
        break;
    }
    if (rc == RC_AGAIN) { /* it is made over several steps: this item again */
        step->kind = FETCH_STEP_WORK;
        return RC_OK;
    }
    if (rc == RC_OK)
        fetch->item++;
    return rc;
}

enum rc
fetch_step(struct fetch *fetch, struct fetch_step *step_out, struct err *err)
{
    CHECK(fetch->state != FETCH_AT_STREAM); /* its octets come first */
    if (fetch->state != FETCH_AT_ITEM)
        return step_message(fetch, step_out, err);
    if (fetch->item < fetch->req->item_count)
        return step_item(fetch, step_out, err);
    fetch->state = FETCH_AT_MESSAGE;
    *step_out = (struct fetch_step){.kind = FETCH_STEP_END, .msg = &fetch->msg};
    return RC_OK;
}

static enum rc
stream_octets(struct fetch *fetch, struct buf *out, uint64_t want, struct err *err)
{
    switch (fetch->source) {
    case FETCH_FROM_SCRATCH:
        buf_put(out, buf_span(&fetch->scratch).ptr + fetch->stream_offset, (size_t)want);
        return RC_OK;
    case FETCH_FROM_DECODER:
        return fetch_binary_stream(fetch, out, want, err);
    case FETCH_FROM_MESSAGE:
        break;
    }
    return store_content_read(fetch->tx, fetch->msg.message, fetch->stream_offset, want, out,
                              err);
}

enum rc
fetch_stream(struct fetch *fetch, struct buf *out, size_t room, uint64_t *left_out,
             struct err *err)
{
    const uint64_t want = fetch->stream_left < room ? fetch->stream_left : room;
    const size_t before = buf_len(out);

    const enum rc rc = want == 0 ? RC_OK : stream_octets(fetch, out, want, err);
    if (rc != RC_OK)
        return rc;
    if (!buf_ok(out))
        return err_set(err, RC_LIMIT, 0, "output");
    if (buf_len(out) - before != want)
        return err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)fetch->msg.message);
    fetch->stream_offset += want;
    fetch->stream_left -= want;
    if (fetch->stream_left == 0)
        fetch->state = FETCH_AT_ITEM;
    *left_out = fetch->stream_left;
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * FETCH (RFC 3501 section 6.4.5). mailbox/content/fetch.h says which data comes next; here it
 * becomes lines. There are two ways: items that need only the entry (flags, sizes, dates) are
 * written from the version's arrays straight to the output; everything else is written step by
 * step and can stop at any octet if the reader is slow.
 *
 * Items without PEEK set \Seen. It is committed before the octets are sent, for one window of
 * messages at a time, so that if the client disconnects, only few messages are marked that it
 * never received. FLAGS are then part of the answer (RFC 3501 section 6.4.5: they should be
 * included).
 *
 *   resolve -> VANISHED -> WINDOW -> [MARK] -> ENTRIES, or ITEMS <-> LITERAL --+
 *                            ^                                                 |
 *                            +-------------------------------------------------+-> tagged
 * answer
 */
#include "imap/selected/fetch_private.h"
#include "imap/selected/search_private.h"
#include "base/check.h"
#include "mailbox/content/fetch.h"
#include "mailbox/memory/members.h"
#include "mailbox/write/ops.h"

enum {
    SEEN_WINDOW = 1000,
    RUN_MAX = 512,
    STEPS_UNTIMED = 8, /* that take a few microseconds each */
};

enum stage {
    STAGE_VANISHED, /* what is gone is told before any message (RFC 7162 section 3.2.6) */
    STAGE_WINDOW,   /* the next messages are chosen */
    STAGE_MARK,     /* they are marked as seen */
    STAGE_ENTRIES,  /* sent from the arrays of the version */
    STAGE_ITEMS,    /* sent item by item */
    STAGE_LITERAL,  /* an item is half sent */
};

struct fetch_run {
    struct imap_fetch_req req; /* with the items that were added: fetch_items.c */
    struct view_run *runs;     /* the client's whole set */
    size_t run_count;
    size_t next_run;   /* first run that is not in a window yet */
    uint32_t next_seq; /* and the message in it; 0: its first */
    struct view_run *window;
    size_t window_count;
    struct flags_op mark;
    struct fetch *fetch;
    struct iw line;               /* the FETCH response under way */
    enum iw_literal_kind literal; /* with STAGE_LITERAL */
    uint32_t missing;
    uint32_t undecodable;
    uint32_t damaged;
    enum stage stage;
    struct uid_run *vanished;
    size_t vanished_count;
    size_t vanished_next;
};

void
imap_fetch_end(struct fetch_run *run)
{
    if (run == NULL)
        return;
    fetch_done(run->fetch);
    run->fetch = NULL;
}

static bool
fetch_abandon(struct imap_session *im)
{
    imap_fetch_end(im->work->run);
    im->work->abandon = NULL;
    return true;
}

/* ---- items of the entry: the fast way ---- */

/* The 64 sets of system flags in written form, with parentheses. */
static size_t
flags_put(char *dst, unsigned flags)
{
    char *at = dst;

    *at++ = '(';
    for (unsigned bit = 0; bit < IMAP_FLAG_COUNT; bit++) {
        if ((flags >> bit & 1) == 0)
            continue;
        if (at[-1] != '(')
            *at++ = ' ';
        memcpy(at, imap_flag_names[bit].ptr, imap_flag_names[bit].len);
        at += imap_flag_names[bit].len;
    }
    *at++ = ')';
    return (size_t)(at - dst);
}

static void
entry_item(struct imap_session *im, struct iw *w, const struct imap_fetch_item *item,
           const struct fetch_msg *msg)
{
    struct span keywords[LIMIT_KEYWORDS];
    size_t count = 0;

    iw_token(w, item->label);
    switch (item->kind) {
    case FETCH_UID:
        iw_num(w, msg->uid);
        break;
    case FETCH_FLAGS:
        if (msg->keywords != NULL)
            count = imap_keyword_names(msg->keywords, &im->work->keywords, keywords);
        iw_flags(w, msg->flags | imap_recent_flag(im, msg->uid), keywords, count);
        break;
    case FETCH_INTERNALDATE:
        iw_date_time(w,
                     (struct imap_date_time){msg->internaldate_s, msg->internaldate_zone_min});
        break;
    case FETCH_RFC822_SIZE:
        iw_num(w, msg->octets);
        break;
    case FETCH_MODSEQ:
        iw_open(w);
        iw_num(w, msg->modseq);
        iw_close(w);
        imap_modseq_told(im->work, msg->modseq);
        break;
    case FETCH_SAVEDATE:
        iw_date_time(w, (struct imap_date_time){.epoch_s = msg->savedate_s});
        break;
    case FETCH_ENVELOPE: /* these have steps of their own: FETCH_STEP_SYNTAX and so on */
    case FETCH_BODYSTRUCTURE:
    case FETCH_BODY:
    case FETCH_EMAILID:
    case FETCH_THREADID:
    case FETCH_PREVIEW:
    case FETCH_SECTION:
    case FETCH_RFC822:
    case FETCH_RFC822_HEADER:
    case FETCH_RFC822_TEXT:
    case FETCH_BINARY:
    case FETCH_BINARY_SIZE:
        CHECK(false);
        break;
    }
}

/* Writes one message from the arrays; msg is scratch. Where few of many messages have changed,
 * most of the time goes into fetching the arrays from memory, so those that are not needed are
 * not touched. */
static void
entry_line(struct imap_session *im, const struct fetch_run *run, const struct version_run *from,
           uint32_t i, uint32_t seq)
{
    const unsigned kinds = run->req.kinds;
    struct fetch_msg msg = {
        .seq = seq,
        .uid = from->uids[i],
        .flags = from->flags[i],
        .keywords = from->keywords == NULL ? NULL : &from->keywords[i],
        .modseq = from->modseqs[i],
    };
    struct iw w = imap_line(im);

    if ((kinds & 1u << FETCH_RFC822_SIZE) != 0)
        msg.octets = from->octets[i];
    if ((kinds & 1u << FETCH_SAVEDATE) != 0)
        msg.savedate_s = from->savedates_s[i];
    if ((kinds & 1u << FETCH_INTERNALDATE) != 0) {
        msg.internaldate_s = from->internaldates_s[i];
        msg.internaldate_zone_min = from->internaldate_zones_min[i];
    }

    imap_fetch_open(im, &w, seq, msg.uid);
    for (size_t k = 0; k < run->req.item_count; k++)
        entry_item(im, &w, &run->req.items[k], &msg);
    iw_close(&w);
    iw_end(&w);
}

/* Writes the most frequent lines, `* 12 FETCH (UID 45 FLAGS (\Seen))` and `(FLAGS (\Seen))`,
 * without the writer: when a phone synchronises a mailbox, there can be half a million of
 * them. */
static bool
flags_lines(struct imap_session *im, const struct fetch_run *run,
            const struct version_run *from, uint32_t seq)
{
    enum { LINE_MAX_OCTETS = 128 };
    const unsigned kinds = run->req.kinds;
    const bool with_uid = (kinds & 1u << FETCH_UID) != 0;

    if (from->keywords != NULL || imap_is_enabled(im, ENABLES_UIDONLY) ||
        (kinds & 1u << FETCH_FLAGS) == 0 ||
        (kinds & ~(1u << FETCH_FLAGS | 1u << FETCH_UID)) != 0 ||
        (with_uid && run->req.items[0].kind != FETCH_UID))
        return false;
    char *room = buf_reserve(&im->s.conn.out, (size_t)from->count * LINE_MAX_OCTETS);
    if (room == NULL)
        return true; /* the buffer has failed: the session ends when it is flushed */
    char *at = room;
    for (uint32_t i = 0; i < from->count; i++) {
        const unsigned recent = imap_recent_flag(im, from->uids[i]);
        memcpy(at, "* ", 2);
        at += 2;
        at += imap_fmt_u64(at, seq + i);
        if (with_uid) {
            memcpy(at, " FETCH (UID ", 12);
            at += 12;
            at += imap_fmt_u64(at, from->uids[i]);
            memcpy(at, " FLAGS ", 7);
            at += 7;
        } else {
            memcpy(at, " FETCH (FLAGS ", 14);
            at += 14;
        }
        at += flags_put(at, from->flags[i] | recent);
        memcpy(at, ")\r\n", 3);
        at += 3;
    }
    buf_grew(&im->s.conn.out, (size_t)(at - room));
    return true;
}

/* STEP_DONE: the whole window is sent. */
static enum imap_step
send_entries(struct imap_session *im, struct fetch_run *run)
{
    struct version_run from;
    uint32_t seq = 0;

    for (;;) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (!fetch_run(run->fetch, RUN_MAX, &seq, &from))
            return STEP_DONE;
        if (flags_lines(im, run, &from, seq))
            continue;
        for (uint32_t i = 0; i < from.count; i++)
            entry_line(im, run, &from, i, seq + i);
    }
}

/* ---- everything else, step by step ---- */

/* Mail may contain NUL, but literals may not (RFC 3501 section 9: CHAR8). It is sent as 0x80,
 * so that sizes stay true. The stored message is not changed. */
static void
nul_hide(struct buf *out, size_t from)
{
    char *at = out->data == NULL ? NULL : out->data + out->head + from;
    const char *end = out->data == NULL ? NULL : out->data + out->tail;

    while (at != NULL && at < end && (at = memchr(at, 0, (size_t)(end - at))) != NULL)
        *at++ = (char)0x80;
}

/* Sends more of a literal. */
static enum rc
stream(struct imap_session *im, struct fetch_run *run, struct err *err)
{
    struct buf *out = &im->s.conn.out;
    const size_t before = buf_len(out);
    uint64_t left = 0;

    const enum rc rc =
        fetch_stream(run->fetch, out, LIMIT_OUTPUT_HIGH_WATER - before, &left, err);
    if (rc != RC_OK)
        return rc;
    iw_literal_sent(&run->line, buf_len(out) - before);
    if (run->literal == IW_LITERAL)
        nul_hide(out, before);
    run->stage = left > 0 ? STAGE_LITERAL : STAGE_ITEMS;
    return RC_OK;
}

static void
step_write(struct imap_session *im, struct fetch_run *run, const struct fetch_step *step)
{
    struct iw *w = &run->line;
    size_t nul_from;

    switch (step->kind) {
    case FETCH_STEP_BEGIN:
        *w = imap_line(im);
        imap_fetch_open(im, w, step->msg->seq, step->msg->uid);
        im->work->mid_line = true;
        break;
    case FETCH_STEP_ENTRY:
        entry_item(im, w, step->item, step->msg);
        break;
    case FETCH_STEP_NIL:
        iw_token(w, step->item->label);
        iw_nil(w);
        break;
    case FETCH_STEP_SYNTAX:
        iw_token(w, step->item->label);
        imap_write_mail_syntax(im, w, step);
        break;
    case FETCH_STEP_STRING:
        iw_token(w, step->item->label);
        if (step->item->kind == FETCH_PREVIEW) { /* our own text, and mostly short */
            iw_string(w, step->text);
            break;
        }
        iw_literal_begin(w, step->text.len, IW_LITERAL);
        nul_from = buf_len(&im->s.conn.out);
        iw_literal_data(w, step->text);
        nul_hide(&im->s.conn.out, nul_from);
        break;
    case FETCH_STEP_ID:
        iw_token(w, step->item->label);
        iw_open(w);
        iw_token(w, step->text);
        iw_close(w);
        break;
    case FETCH_STEP_STREAM:
    case FETCH_STEP_STREAM8:
        iw_token(w, step->item->label);
        run->literal = step->kind == FETCH_STEP_STREAM8 ? IW_LITERAL8 : IW_LITERAL;
        iw_literal_begin(w, step->octets, run->literal);
        run->stage = STAGE_LITERAL;
        break;
    case FETCH_STEP_END:
        iw_close(w);
        iw_end(w);
        im->work->mid_line = false;
        break;
    case FETCH_STEP_WORK:
    case FETCH_STEP_DONE:
        break;
    }
}

/* Reading the clock after each step would take a tenth of a FETCH BODYSTRUCTURE. Most steps
 * take a microsecond or two; it is read after those that may take long, and after some
 * others. */
static bool
time_is_up(enum fetch_step_kind kind, unsigned steps)
{
    const bool may_be_long = kind == FETCH_STEP_WORK || kind == FETCH_STEP_STRING ||
                             kind == FETCH_STEP_STREAM || kind == FETCH_STEP_STREAM8;

    return (may_be_long || steps % STEPS_UNTIMED == 0) && slice_spent();
}

/* Sends items as far as output and time allow. *rc_out: what failed. STEP_DONE: the whole
 * window is sent. */
static enum imap_step
send_steps(struct imap_session *im, struct fetch_run *run, enum rc *rc_out, struct err *err)
{
    struct fetch_step step = {.kind = FETCH_STEP_WORK};

    for (unsigned steps = 0;; steps++) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (time_is_up(step.kind, steps))
            return STEP_MORE;
        if (run->stage == STAGE_LITERAL) {
            *rc_out = stream(im, run, err);
            if (*rc_out != RC_OK)
                return STEP_DONE;
            continue;
        }
        *rc_out = fetch_step(run->fetch, &step, err);
        if (*rc_out != RC_OK || step.kind == FETCH_STEP_DONE)
            return STEP_DONE;
        step_write(im, run, &step);
        /* Between two messages, the right to read can be checked again. */
        if (step.kind == FETCH_STEP_END && imap_guest_is_due(im))
            return STEP_MORE;
    }
}

/* ---- stages ---- */

static enum imap_step
failed(struct imap_session *im, enum rc rc, const struct err *err)
{
    view_unsilence(&im->view);
    /* half a response is sent: only closing the connection can follow */
    if (im->work->mid_line) {
        session_end(&im->s, END_STORE_FAILED, "%s", err->text);
        return STEP_WAIT;
    }
    return imap_fail(im, rc, err);
}

static enum imap_step
send_window(struct imap_session *im, struct fetch_run *run)
{
    enum imap_step step = STEP_DONE;
    enum rc rc = RC_OK;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (run->stage != STAGE_ENTRIES && !imap_read_begin(im, imap_selected_acct(im), &tx, &step))
        return step;
    rc = fetch_slice_begin(run->fetch, tx, &err);
    if (rc == RC_AGAIN && tx == NULL) {
        if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step))
            return step;
        rc = fetch_slice_begin(run->fetch, tx, &err);
    }
    if (rc == RC_AGAIN) /* the snapshot is too old: take another one */
        return STEP_MORE;
    if (rc != RC_OK)
        return failed(im, rc, &err);
    step = run->stage == STAGE_ENTRIES ? send_entries(im, run) : send_steps(im, run, &rc, &err);
    fetch_slice_end(run->fetch);
    if (rc != RC_OK)
        return failed(im, rc, &err);
    if (step != STEP_DONE)
        return step;
    run->missing += fetch_missing(run->fetch);
    run->undecodable += fetch_undecodable(run->fetch);
    run->damaged += fetch_damaged(run->fetch);
    fetch_done(run->fetch);
    run->fetch = NULL;
    run->stage = STAGE_WINDOW;
    return STEP_MORE;
}

/* Chooses the next messages: all of them, or one window if they are to be marked. */
static bool
window_next(struct fetch_run *run, struct arena *arena)
{
    uint32_t room = run->req.marks_seen ? SEEN_WINDOW : UINT32_MAX;

    if (run->next_run >= run->run_count)
        return false;
    if (run->window == NULL)
        run->window = arena_array(arena, struct view_run, run->run_count);
    run->window_count = 0;
    while (run->window != NULL && room > 0 && run->next_run < run->run_count) {
        const struct view_run from = run->runs[run->next_run];
        const uint32_t first = run->next_seq == 0 ? from.first : run->next_seq;
        const uint32_t left = from.last - first;
        const uint32_t last = left < room ? from.last : first + room - 1;
        run->window[run->window_count++] = (struct view_run){first, last};
        room -= last - first + 1;
        run->next_seq = last == from.last ? 0 : last + 1;
        run->next_run += last == from.last;
    }
    return true;
}

static enum stage
stage_of_sending(const struct fetch_run *run)
{
    return fetch_needs_store(run->fetch) ? STAGE_ITEMS : STAGE_ENTRIES;
}

/* Prepares the tagged answer. Messages that could not be sent may have been marked as seen all
 * the same. */
static enum imap_step
conclude(struct imap_session *im, const struct fetch_run *run)
{
    struct imap_work *work = im->work;
    struct err err = {.rc = RC_OK};

    /* A NO about some messages; the others were answered. The FETCH may be part of another
     * command. */
    if (work->run == run && run->damaged + run->missing + run->undecodable > 0)
        imap_limit_tell_now(im);
    if (run->damaged > 0) {
        const enum rc rc =
            err_set(&err, RC_CORRUPT, 0, "%u messages of a FETCH are damaged", run->damaged);
        return failed(im, rc, &err);
    }
    if (run->missing > 0) {
        view_unsilence(&im->view);
        return imap_no(work, "EXPUNGEISSUED", "Some of the messages no longer exist");
    }
    if (run->undecodable > 0) {
        view_unsilence(&im->view);
        return imap_no(work, "UNKNOWN-CTE", "A part has an encoding that is not known");
    }
    return imap_ok(work, NULL,
                   work->row != NULL && work->row->form == FORM_UID ? "UID FETCH completed"
                                                                    : "FETCH completed");
}

static enum imap_step
window_begin(struct imap_session *im, struct fetch_run *run)
{
    struct imap_work *work = im->work;
    struct uid_run *uids = NULL;
    size_t count = 0;

    if (!window_next(run, &work->arena))
        return conclude(im, run);
    if (run->window == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (imap_fetch_marks(im, &run->req)) {
        const enum rc rc = view_uid_runs(&im->view, run->window, run->window_count,
                                         &work->arena, &uids, &count);
        if (rc != RC_OK)
            return imap_fail(im, rc, NULL);
        flags_op_init(&run->mark, &work->arena, session_waker(&im->s));
        run->mark.mbox = im->selected;
        run->mark.runs = uids;
        run->mark.run_count = count;
        run->mark.mode = FLAGS_ADD;
        run->mark.flags = MSG_SEEN;
        run->mark.unchanged_since = MODSEQ_ANY;
        run->mark.known_modseq = view_known_modseq(&im->view);
        run->stage = STAGE_MARK;
    }
    const enum rc rc = fetch_new(&work->arena, &im->view, &run->req, run->window,
                                 run->window_count, &run->fetch);
    if (rc != RC_OK)
        return imap_fail(im, rc, NULL);
    if (run->stage == STAGE_WINDOW)
        run->stage = stage_of_sending(run);
    return STEP_MORE;
}

static enum imap_step
mark(struct imap_session *im, struct fetch_run *run)
{
    enum imap_step step = STEP_DONE;

    if (!imap_turn(im, imap_selected_acct(im), &run->mark.turn, &step))
        return step;
    /* If the right to set \Seen was taken away, it is not set (RFC 4314 section 4). */
    if (run->mark.turn.result != RC_OK && run->mark.turn.result != RC_DENIED)
        return imap_fail(im, run->mark.turn.result, &run->mark.turn.err);
    if (run->mark.turn.result == RC_OK)
        view_silence(&im->view, run->mark.silent_modseq); /* FLAGS are in the answer itself */
    run->stage = stage_of_sending(run);
    return STEP_MORE;
}

/* FETCH answers with the present flags. So a keyword that another session has created since the
 * last sync, or a keyword number that has a new name, is announced before it appears on a
 * message (RFC 3501 section 7.2.6). */
static void
tell_keywords(struct imap_session *im, const struct imap_fetch_req *req)
{
    const struct imap_work *work = im->work;

    if ((req->kinds & 1u << FETCH_FLAGS) == 0 ||
        work->keywords.serial == view_keywords(&im->view))
        return;
    imap_write_flags_lines(im, &work->keywords);
    view_keywords_told(&im->view, work->keywords.serial);
}

/* PARTIAL: takes the messages at these places among those that are named (RFC 9394 section
 * 3.3). */
static void
runs_cut(struct fetch_run *run, const struct imap_partial *partial)
{
    uint32_t count = 0;
    size_t kept = 0;

    for (size_t i = 0; i < run->run_count; i++)
        count += run->runs[i].last - run->runs[i].first + 1;
    struct search_places places = search_partial_places(partial, count);
    for (size_t i = 0; i < run->run_count && places.count > 0; i++) {
        const struct view_run seqs = run->runs[i];
        const uint32_t length = seqs.last - seqs.first + 1;
        if (places.first >= length) {
            places.first -= length;
            continue;
        }
        const uint32_t rest = length - places.first;
        const uint32_t taken = places.count < rest ? places.count : rest;
        const uint32_t first = seqs.first + places.first;
        run->runs[kept++] = (struct view_run){first, first + taken - 1};
        places = (struct search_places){0, places.count - taken};
    }
    run->run_count = kept;
}

/* Messages that CHANGEDSINCE leaves out are not marked as seen either, because that would make
 * them newer. */
static bool
runs_of_changed(struct imap_session *im, struct store_tx *tx, struct fetch_run *run,
                enum imap_step *step_out)
{
    const uint64_t since = run->req.changed_since;
    struct members members = {.version = NULL};
    struct view_run *changed = NULL;
    struct version_run piece;
    struct err err = {.rc = RC_OK};
    uint32_t named = 0;
    size_t count = 0;

    for (size_t i = 0; i < run->run_count; i++)
        named += run->runs[i].last - run->runs[i].first + 1;
    enum rc rc = members_begin(&members, &im->view, tx, &err);
    if (rc == RC_OK)
        changed = arena_array(&im->work->arena, struct view_run, named + 1);
    if (changed == NULL) {
        members_end(&members);
        *step_out =
            rc == RC_AGAIN ? STEP_MORE : imap_fail(im, rc == RC_OK ? RC_LIMIT : rc, &err);
        return false;
    }
    for (size_t i = 0; i < run->run_count; i++) {
        for (uint32_t seq = run->runs[i].first; seq <= run->runs[i].last; seq += piece.count) {
            piece.count = members_quiet(&members, seq, since);
            if (piece.count > 0)
                continue;
            members_run(&members, seq, run->runs[i].last - seq + 1, &piece);
            for (uint32_t k = 0; k < piece.count; k++) {
                if (piece.modseqs[k] <= since)
                    continue;
                if (count > 0 && changed[count - 1].last + 1 == seq + k)
                    changed[count - 1].last = seq + k;
                else
                    changed[count++] = (struct view_run){seq + k, seq + k};
            }
        }
    }
    members_end(&members);
    run->runs = changed;
    run->run_count = count;
    return true;
}

/* Finds what is gone and the client has not been told. */
static bool
vanished_begin(struct imap_session *im, struct store_tx *tx, const struct vanished_req *gone,
               struct fetch_run *run, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};

    if (gone == NULL)
        return true;
    const enum rc rc = vanished_find(&im->view, tx, gone, &im->work->arena, &run->vanished,
                                     &run->vanished_count, &err);
    /* RC_GONE: the mailbox was deleted, and a sync tells so */
    if (rc == RC_OK || rc == RC_GONE)
        return true;
    *step_out = rc == RC_AGAIN ? STEP_MORE : imap_fail(im, rc, &err);
    return false;
}

static enum imap_step
vanished_write(struct imap_session *im, struct fetch_run *run)
{
    while (run->vanished_next < run->vanished_count) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        imap_vanished_earlier(im, run->vanished, run->vanished_count, &run->vanished_next);
    }
    run->stage = STAGE_WINDOW;
    return STEP_MORE;
}

enum imap_step
imap_fetch_begin(struct imap_session *im, struct imap_fetch_req *req,
                 const struct vanished_req *gone, struct fetch_run **run_out)
{
    struct imap_work *work = im->work;
    struct fetch_run *run = arena_new(&work->arena, struct fetch_run);
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;

    if (run == NULL || !imap_fetch_items_add(im, req, &run->req))
        return imap_fail(im, RC_LIMIT, NULL);
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step) ||
        !imap_view_awake(im, tx, &step) ||
        !imap_resolve(im, &req->msgs, &run->runs, &run->run_count, &step) ||
        !vanished_begin(im, tx, gone, run, &step))
        return step;
    if (req->has_partial)
        runs_cut(run, &req->partial);
    if (imap_fetch_marks(im, &run->req) && req->has_changed_since &&
        !runs_of_changed(im, tx, run, &step))
        return step;
    const enum rc rc = mailbox_keywords(im->view.mailbox, &work->arena, &work->keywords);
    if (rc != RC_OK)
        return imap_fail(im, rc, NULL);
    tell_keywords(im, &run->req);
    *run_out = run;
    return STEP_MORE;
}

enum imap_step
imap_fetch_step(struct imap_session *im, struct fetch_run *run)
{
    switch (run->stage) {
    case STAGE_VANISHED:
        return vanished_write(im, run);
    case STAGE_WINDOW:
        return window_begin(im, run);
    case STAGE_MARK:
        return mark(im, run);
    case STAGE_ENTRIES:
    case STAGE_ITEMS:
    case STAGE_LITERAL:
        return send_window(im, run);
    }
    return STEP_DONE;
}

/* The UIDs of a UID FETCH for which VANISHED is told. `*` and all above it stand for all UIDs
 * that were ever assigned, because the last messages may be among those that are gone. NULL: no
 * memory. */
static struct numset *
known_uids(struct imap_session *im, const struct imap_fetch_req *req)
{
    const struct numset *from = &req->msgs.uid.set;
    struct numset *known = arena_new(&im->work->arena, struct numset);

    if (known == NULL || req->msgs.kind == IMAP_MSGS_SAVED)
        return known; /* `$` contains no messages that are gone (RFC 5182 section 2.1) */
    known->ranges = arena_array(&im->work->arena, struct num_range, from->count + 1);
    if (known->ranges == NULL)
        return NULL;
    memcpy(known->ranges, from->ranges, from->count * sizeof *from->ranges);
    known->count = from->count;
    known->normal = from->normal;
    if (!known->normal)
        numset_normalise(known, im->view.uid_bound - 1);
    return known;
}

static enum imap_step
fetch_begin(struct imap_session *im, struct imap_work *work)
{
    struct imap_fetch_req *req = &work->cmd.u.fetch;
    const uint32_t limit = imap_message_limit(im);
    struct fetch_run *run = NULL;
    struct vanished_req gone = {.since = req->changed_since};

    if (req->vanished && !imap_is_enabled(im, ENABLES_QRESYNC))
        return imap_bad(work, "VANISHED needs ENABLE QRESYNC");
    if (req->has_partial && req->partial.last - req->partial.first >= limit)
        return imap_limit_refuse(im, limit, 0); /* RFC 9738 section 3.1 */
    if ((req->kinds & 1u << FETCH_MODSEQ) != 0) /* CHANGEDSINCE implies it */
        imap_condstore_enable(im);
    if (req->vanished) {
        gone.known = known_uids(im, req);
        if (gone.known == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
    }
    const enum imap_step step = imap_fetch_begin(im, req, req->vanished ? &gone : NULL, &run);
    if (run != NULL) {
        imap_limit_cut(im, &run->runs, &run->run_count);
        work->run = run;
        work->abandon = fetch_abandon;
    }
    return step;
}

enum imap_step
cmd_fetch_run(struct imap_session *im, struct imap_work *work)
{
    return work->run == NULL ? fetch_begin(im, work) : imap_fetch_step(im, work->run);
}

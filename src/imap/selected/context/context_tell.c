/* SPDX-License-Identifier: MIT */
/*
 * ADDTO and REMOVEFROM of messages that have arrived or changed, after the sync has told the
 * EXISTS and FETCH responses that they follow from (RFC 5267 section 4.3.3, RFC 5465 section
 * 5.1). Messages that may matter are found by their mod-sequences and searched again. UPDATE
 * may have asked for a FETCH of new messages among the results, which comes before ADDTO (RFC
 * 5465 section 7).
 *
 *   for each context that is due:  LOOK -> WALK -> SCAN -> [FETCH] -> REMOVE -> ADD
 *
 * A context whose keys can no longer be evaluated ends with NO [NOUPDATE].
 */
#include "imap/selected/context/context.h"
#include "imap/selected/fetch_private.h"
#include "imap/selected/packed_uids.h"

enum tell_stage { TELL_LOOK, TELL_WALK, TELL_SCAN, TELL_FETCH, TELL_REMOVE, TELL_ADD };

enum { WALK_STEPS = 16384 }; /* messages in one step, which takes some hundred microseconds */

struct tell_run {
    struct imap_context *at; /* the context under way; NULL: all have been looked at */
    enum tell_stage stage;
    struct imap_search_req req;
    struct version *current;  /* held; NULL: not begun, or not needed any more */
    struct touched *walk;     /* the pass through the mailbox, for this context */
    struct search *search;    /* NULL: not begun */
    struct view_run *touched; /* messages that are searched again */
    size_t touched_count;
    uint64_t modseq; /* the modseq of the context once it has been told */
    uint64_t gone_modseq;
    int64_t now_s;
    struct imap_context_news news;
    struct context_lines lines;
    struct imap_fetch_req fetch_req;
    struct num_range *fetch_ranges;
    size_t fetch_count;
    struct fetch_run *fetch; /* NULL: not begun */
};

static void
one_end(struct tell_run *run)
{
    search_done(run->search);
    imap_fetch_end(run->fetch);
    version_unref(run->current);
    run->current = NULL;
    run->search = NULL;
    run->fetch = NULL;
}

static bool
tell_abandon(struct imap_session *im)
{
    one_end(im->work->tell_run);
    im->work->tell_run = NULL;
    im->work->abandon = NULL;
    return true;
}

/* Moves on to the next context that may have something to tell. */
static void
one_next(struct imap_session *im, struct tell_run *run, struct imap_context *next)
{
    one_end(run);
    while (next != NULL && !imap_context_due(im, next))
        next = next->next;
    *run = (struct tell_run){.at = next};
}

static void
one_refuse(struct imap_session *im, struct tell_run *run, const char *text)
{
    struct imap_context *next = run->at->next;

    imap_context_refuse(im, run->at, text);
    one_next(im, run, next);
}

/* ---- LOOK ---- */

/* Gets the view, and the newest flags. */
static enum rc
newest(struct view *view, struct store_tx *tx, struct version **current_out, struct err *err)
{
    const enum rc rc = view_awake(view, tx, err);

    return rc == RC_OK ? view_current(view, tx, current_out, err) : rc;
}

/* False: return *step_out. Nothing can be read now; the context stays due. */
static bool
read_begin(struct imap_session *im, struct store_tx **tx_out, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;

    if (imap_read_begin(im, imap_selected_acct(im), tx_out, step_out))
        return true;
    im->work->reply = reply;
    return false;
}

/* The arrival times of messages that were on one side of the bounds of YOUNGER and OLDER then,
 * and are on the other side now. */
static size_t
times_of(const struct context_times *times, int64_t then_s, int64_t now_s,
         struct touched_times out[ARRAY_LEN(times->seconds)])
{
    const int64_t first_s = then_s < now_s ? then_s : now_s;
    const int64_t last_s = then_s < now_s ? now_s : then_s;

    if (times->more) {
        out[0] = (struct touched_times){INT64_MIN, INT64_MAX};
        return 1;
    }
    for (size_t i = 0; i < times->count; i++)
        out[i] = (struct touched_times){first_s - (int64_t)times->seconds[i] - 1,
                                        last_s - (int64_t)times->seconds[i]};
    return times->count;
}

/* Begins to find the messages that must be searched again. */
static enum rc
walk_begin(struct imap_session *im, struct tell_run *run, const struct context_times *times)
{
    const struct imap_context *context = run->at;
    const struct view *view = &im->view;
    const uint32_t last_uid = version_last_uid(view->members);
    struct touched_times bounds[ARRAY_LEN(times->seconds)];
    struct touched_req req = {
        .since = context->modseq,
        .gone_since = context->gone_modseq,
        /* Their commit may have been seen before the client was told of them. */
        .from_uid = context->uid_bound,
        .times = bounds,
        .time_count = times_of(times, context->now_s, run->now_s, bounds),
    };

    /* If another message is the last one now, both and all messages between them are searched
     * again. */
    if (context->by_last && last_uid != context->last_uid)
        req.range =
            last_uid < context->last_uid
                ? (struct uid_run){last_uid == 0 ? 1 : last_uid, context->last_uid}
                : (struct uid_run){context->last_uid == 0 ? 1 : context->last_uid, last_uid};
    run->modseq = version_modseq(run->current);
    run->gone_modseq = version_newest(view->members);
    run->walk = touched_new(&im->work->arena, view, run->current, &req);
    return run->walk == NULL ? RC_LIMIT : RC_OK;
}

/* Called when it is no longer possible to find out what was added and removed. */
static enum imap_step
give_up(struct imap_session *im, struct tell_run *run, enum rc rc, const struct err *err)
{
    log_put(&im->s.log, LOG_E_COMMAND_FAILED, "UPDATE: %s: %s", rc_name(rc), err->text);
    one_refuse(im, run, "The search cannot be continued");
    return STEP_MORE;
}

static enum rc
search_begin(struct imap_session *im, struct tell_run *run, struct err *err)
{
    struct arena *arena = &im->work->arena;

    if (run->touched_count == 0)
        return RC_OK;
    const enum rc rc = imap_context_put_numbers(im, run->at, run->touched, run->touched_count,
                                                arena, &run->req);
    if (rc != RC_OK)
        return rc;
    const struct search_req what = {
        .root = run->req.root,
        .has_charset = run->req.has_charset,
        .charset = run->req.charset,
        .now_s = run->now_s,
        .among = run->touched,
        .among_count = run->touched_count,
    };
    return search_new(arena, &im->view, &what, &run->search, err);
}

static enum imap_step
look(struct imap_session *im, struct tell_run *run)
{
    enum imap_step step = STEP_DONE;
    struct context_times times;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    enum rc rc = newest(&im->view, NULL, &run->current, &err);
    if (rc == RC_AGAIN) {
        if (!read_begin(im, &tx, &step))
            return step;
        rc = newest(&im->view, tx, &run->current, &err);
        if (rc == RC_AGAIN)
            return STEP_MORE; /* the snapshot is too old: take another one */
    }
    if (rc == RC_GONE)
        return STEP_DONE; /* the next sync tells that all are gone */
    run->now_s = clock_wall_s(im->s.env->clock);
    if (rc == RC_OK)
        rc = imap_context_parse(im, run->at, &im->work->arena, &run->req, &times);
    if (rc == RC_OK)
        rc = walk_begin(im, run, &times);
    if (rc != RC_OK)
        return give_up(im, run, rc, &err);
    run->stage = TELL_WALK;
    return STEP_MORE;
}

/* ---- WALK ---- */

static enum imap_step
walk(struct imap_session *im, struct tell_run *run)
{
    struct err err = {.rc = RC_OK};

    enum rc rc = touched_step(run->walk, WALK_STEPS, &run->touched, &run->touched_count);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    version_unref(run->current);
    run->current = NULL;
    if (rc == RC_OK)
        rc = search_begin(im, run, &err);
    if (rc != RC_OK)
        return give_up(im, run, rc, &err);
    run->stage = TELL_SCAN;
    return STEP_MORE;
}

/* ---- SCAN ---- */

/* Finds out which of the messages searched again were added and which were removed. */
static enum rc
compare(struct imap_session *im, struct tell_run *run)
{
    struct touched_runs before = {.arena = &im->work->arena};
    size_t at = 0;

    run->news.added = run->news.removed = before;
    enum rc rc = uids_within(im->view.members, run->touched, run->touched_count,
                             context_found(run->at), &before);
    for (size_t i = 0; i < run->touched_count; i++)
        for (uint32_t seq = run->touched[i].first; seq <= run->touched[i].last; seq++) {
            while (at < before.count && before.runs[at].last < seq)
                at++;
            const bool was = at < before.count && before.runs[at].first <= seq;
            const bool is = search_found(run->search, seq);
            if (rc == RC_OK && was != is)
                rc = touched_add(is ? &run->news.added : &run->news.removed, seq, seq);
        }
    return rc;
}

static enum imap_step
scan(struct imap_session *im, struct tell_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (run->touched_count > 0) {
        if (search_needs_store(run->search) && !read_begin(im, &tx, &step))
            return step;
        const enum rc rc = search_slice(run->search, tx, im->s.env->clock,
                                        session_now_us(&im->s) + LIMIT_SLICE_US, &err);
        if (rc == RC_AGAIN)
            return STEP_MORE;
        if (rc != RC_OK) {
            log_put(&im->s.log, LOG_E_COMMAND_FAILED, "UPDATE: %s: %s", rc_name(rc), err.text);
            one_refuse(im, run,
                       rc == RC_LIMIT ? "The search has too many keys for so much mail"
                                      : "The search cannot be continued");
            return STEP_MORE;
        }
    }
    if (compare(im, run) != RC_OK) {
        one_refuse(im, run, "Out of memory");
        return STEP_MORE;
    }
    if (imap_context_renew(im, run->at, &run->news) != RC_OK) {
        one_refuse(im, run, "There are too many results");
        return STEP_MORE;
    }
    struct imap_context *context = run->at;
    context->modseq = run->modseq;
    context->gone_modseq = run->gone_modseq;
    context->now_s = run->now_s;
    context->uid_bound = im->view.uid_bound;
    context->last_uid = version_last_uid(im->view.members);
    context->stale = false;
    run->stage = TELL_FETCH;
    return STEP_MORE;
}

/* ---- FETCH ---- */

static void
range_add(struct tell_run *run, uint32_t first, uint32_t last)
{
    if (first <= last)
        run->fetch_ranges[run->fetch_count++] = (struct num_range){first, last};
}

/* The added results that have just arrived, except those that the client put there itself. */
static bool
ranges_find(struct imap_session *im, struct tell_run *run)
{
    const struct uid_run arrived = im->work->arrived;
    const struct uid_run own = im->work->own;

    run->fetch_ranges =
        arena_array(&im->work->arena, struct num_range, 2 * run->news.added.count + 1);
    if (run->fetch_ranges == NULL)
        return false;
    for (size_t i = 0; i < run->news.added.count; i++) {
        struct uid_run uids = uids_of(im->view.members, run->news.added.runs[i]);
        if (uids.first < arrived.first)
            uids.first = arrived.first;
        if (uids.last > arrived.last)
            uids.last = arrived.last;
        if (own.first == 0 || own.last < uids.first || own.first > uids.last) {
            range_add(run, uids.first, uids.last);
            continue;
        }
        range_add(run, uids.first, own.first - 1);
        if (own.last < UINT32_MAX)
            range_add(run, own.last + 1, uids.last);
    }
    return run->fetch_count > 0;
}

static enum imap_step
fetch(struct imap_session *im, struct tell_run *run)
{
    const struct span items = context_fetch(run->at);
    const struct imap_reply reply = im->work->reply;

    if (run->fetch == NULL) {
        if (items.len == 0 || im->work->arrived.first == 0 || run->news.added.count == 0 ||
            (run->fetch_ranges == NULL && !ranges_find(im, run)) ||
            imap_fetch_pushed_parse(im, items, &run->fetch_req) != RC_OK)
            return STEP_DONE;
        run->fetch_req.msgs = (struct imap_msgs){.kind = IMAP_MSGS_UID,
                                                 .uid = {.set = {.ranges = run->fetch_ranges,
                                                                 .count = run->fetch_count,
                                                                 .normal = true}}};
    }
    const enum imap_step step = run->fetch == NULL
                                    ? imap_fetch_begin(im, &run->fetch_req, NULL, &run->fetch)
                                    : imap_fetch_step(im, run->fetch);
    /* The client learns of a failure when it asks for the messages itself. */
    im->work->reply = reply;
    return step;
}

/* ---- all of it ---- */

static struct context_lines
lines_of(const struct touched_runs *runs)
{
    return (struct context_lines){.runs = runs->runs, .count = runs->count};
}

/* One step for the context under way. STEP_DONE: nothing can be looked at now. */
static enum imap_step
one_step(struct imap_session *im, struct tell_run *run)
{
    enum imap_step step = STEP_DONE;

    switch (run->stage) {
    case TELL_LOOK:
        return look(im, run);
    case TELL_WALK:
        return walk(im, run);
    case TELL_SCAN:
        return scan(im, run);
    case TELL_FETCH:
        step = fetch(im, run);
        if (step != STEP_DONE)
            return step;
        run->lines = lines_of(&run->news.removed);
        run->stage = TELL_REMOVE;
        return STEP_MORE;
    case TELL_REMOVE:
        step = imap_context_write(im, run->at, SPAN("REMOVEFROM"), &run->lines);
        if (step != STEP_DONE)
            return step;
        run->lines = lines_of(&run->news.added);
        run->stage = TELL_ADD;
        return STEP_MORE;
    case TELL_ADD:
        step = imap_context_write(im, run->at, SPAN("ADDTO"), &run->lines);
        if (step != STEP_DONE)
            return step;
        break;
    }
    one_next(im, run, run->at->next);
    return STEP_MORE;
}

/* Checks between two responses whether a guest may still be told. False: return *step_out;
 * STEP_DONE: nothing more is told. Once a context counts something as told, it ends there: its
 * client would not learn of it later. */
static bool
may_tell(struct imap_session *im, struct tell_run *run, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;
    const bool may = imap_guest_may_hear(im, step_out);

    im->work->reply = reply;
    if (!may && *step_out == STEP_DONE && run->stage >= TELL_FETCH)
        one_refuse(im, run, "The mailbox may not be read any more");
    return may;
}

enum imap_step
imap_contexts_step(struct imap_session *im)
{
    struct imap_work *work = im->work;

    if (work->tell_run == NULL) {
        if (!imap_contexts_due(im))
            return STEP_DONE;
        struct tell_run *run = arena_new(&work->arena, struct tell_run);
        if (run == NULL)
            return STEP_DONE;
        one_next(im, run, im->contexts);
        work->tell_run = run;
        work->abandon = tell_abandon;
    }
    struct tell_run *run = work->tell_run;
    while (run->at != NULL) {
        enum imap_step step = STEP_DONE;
        if (may_tell(im, run, &step))
            step = one_step(im, run);
        if (step == STEP_DONE)
            break;
        if (step != STEP_MORE || slice_spent())
            return step;
    }
    tell_abandon(im);
    return STEP_DONE;
}

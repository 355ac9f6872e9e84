/* SPDX-License-Identifier: MIT */
/*
 * ESEARCH (RFC 7377): one search through several mailboxes, none of which needs to be selected.
 * They are found in one snapshot, by the code that NOTIFY uses (mailbox/scope.h), and searched
 * one after the other as SEARCH does it; so no more than one of them is held at a time.
 *
 *   BEGIN -> for each mailbox:  OPEN -> AWAKE -> SCAN -> ANSWER
 *
 * Nothing of a mailbox is changed: each is looked at through a view of its own, the selected
 * one through what its client knows. Mailboxes and messages that are deleted meanwhile are left out.
 */
#include "imap/selected/context/context.h"
#include "imap/selected/search_private.h"
#include "mailbox/scope.h"
#include "syntax/charset.h"

enum esearch_stage { ESEARCH_OPEN, ESEARCH_AWAKE, ESEARCH_SCAN, ESEARCH_ANSWER };

struct esearch_run {
    const struct mbox_row **rows; /* of the mailboxes to be searched */
    size_t count;
    size_t next;                  /* the one under way */
    const struct mbox_row *guest; /* the selected one, of another user; NULL: not asked for */
    bool selected;                /* the selected mailbox is asked for */
    bool alone;                   /* the selected mailbox, and no other */
    enum esearch_stage stage;
    struct arena arena; /* of the one under way */
    struct view own;    /* its view; .mailbox NULL: it is the selected one, or not open */
    struct search_run one;
    int64_t now_s;
    uint64_t overspent; /* on those before */
    uint64_t done;      /* messages */
    uint64_t goal;
};

/* ---- one mailbox ---- */

static void
one_end(struct esearch_run *run)
{
    search_done(run->one.search);
    view_done(&run->own);
    arena_reset(&run->arena);
    run->one = (struct search_run){.search = NULL};
    run->stage = ESEARCH_OPEN;
}

static bool
esearch_abandon(struct imap_session *im)
{
    struct esearch_run *run = im->work->run;

    one_end(run);
    arena_done(&run->arena);
    im->work->abandon = NULL;
    return true;
}

static enum imap_step
one_next(struct esearch_run *run)
{
    if (run->one.search != NULL)
        run->overspent = search_overspent(run->one.search);
    run->done += run->rows[run->next++]->exists;
    one_end(run);
    return STEP_MORE;
}

/* Whether this one, which is the user's own or the selected one, is the selected one. */
static bool
is_selected(const struct imap_session *im, const struct esearch_run *run,
            const struct mbox_row *row)
{
    return im->state == IMAP_SELECTED &&
           (row == run->guest || imap_is_selected(im, im->acct, row->id));
}

/* Whose it is. */
static struct account *
account_of(struct imap_session *im, const struct esearch_run *run)
{
    return run->one.view == &im->view ? imap_selected_acct(im) : im->acct;
}

static enum imap_step
open_one(struct imap_session *im, struct esearch_run *run)
{
    const struct mbox_row *row = run->rows[run->next];
    enum imap_step step = STEP_DONE;
    struct mailbox *mailbox = NULL;
    struct err err = {.rc = RC_OK};

    run->one = (struct search_run){
        .view = &im->view,
        .mailbox = row->name,
        .uidvalidity = row->uidvalidity,
        .stage = STAGE_HEAD,
        .seqs = {1, 0},
        .now_s = run->now_s,
    };
    run->stage = ESEARCH_AWAKE;
    if (is_selected(im, run, row))
        return STEP_MORE;
    if (row->exists == 0)
        return one_next(run);
    run->stage = ESEARCH_OPEN;
    if (!imap_read_ready(im, im->acct, &step))
        return step;
    const enum rc rc =
        mailbox_open_id(im->acct, session_waker(&im->s), row->id, &mailbox, &err);
    if (rc == RC_AGAIN)
        return STEP_WAIT;
    if (rc == RC_NOT_FOUND || rc == RC_GONE)
        return one_next(run);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    view_init(&run->own, mailbox, VIEW_READ_ONLY);
    run->one.view = &run->own;
    run->stage = ESEARCH_AWAKE;
    return STEP_MORE;
}

static enum rc
search_of_one(struct imap_session *im, const struct imap_search_req *req,
              struct esearch_run *run, struct err *err)
{
    const bool selected = run->one.view == &im->view;
    struct search_req what = {
        .root = req->root,
        .has_charset = req->has_charset,
        .charset = req->charset,
        .now_s = run->now_s,
        .numbers_may_miss = true,
        .rates = req->relevancy,
        .overspent = run->overspent,
        .at_most = run->alone ? imap_message_limit(im) : NO_MESSAGE_LIMIT,
    };
    struct uid_run *saved = NULL;

    /* `$` is of the selected mailbox, and no message elsewhere. */
    if (selected && req->uses_saved) {
        if (imap_saved_runs(im, &run->arena, &saved, &what.saved_count) != RC_OK)
            return RC_LIMIT;
        what.saved = saved;
    }
    const enum rc rc = search_new(&run->arena, run->one.view, &what, &run->one.search, err);
    if (rc == RC_OK && search_cut_at(run->one.search) != 0)
        imap_limit_cut_at(im, what.at_most, search_cut_at(run->one.search));
    return rc;
}

static enum imap_step
awake_one(struct imap_session *im, const struct imap_search_req *req, struct esearch_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!imap_read_begin(im, account_of(im, run), &tx, &step))
        return step;
    enum rc rc = view_awake(run->one.view, tx, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE; /* the snapshot is older than the view: another one */
    if (rc == RC_GONE)
        return one_next(run);
    if (rc == RC_OK)
        rc = search_of_one(im, req, run, &err);
    if (rc == RC_INVALID)
        return imap_bad(im->work, "The text is not in the charset that was named");
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    run->stage = ESEARCH_SCAN;
    return STEP_MORE;
}

/* Whether it was deleted while it was searched. */
static bool
is_gone(const struct view *view)
{
    struct mailbox_state state;

    mailbox_state(view->mailbox, &state);
    return state.gone;
}

static enum imap_step
scan_one(struct imap_session *im, struct esearch_run *run)
{
    const struct search_run *one = &run->one;
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (search_needs_store(one->search) &&
        !imap_read_begin(im, account_of(im, run), &tx, &step))
        return step;
    const enum rc rc = search_slice(one->search, tx, im->s.env->clock,
                                    session_now_us(&im->s) + LIMIT_SLICE_US, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc == RC_LIMIT && search_over_limit(one->search)) {
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "%s", err.text);
        return imap_no(im->work, "LIMIT",
                       "The search has too many keys for so much mail; ask for less at once");
    }
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    run->stage = ESEARCH_ANSWER;
    if (search_count(one->search) == 0 || is_gone(one->view))
        run->one.stage = STAGE_END; /* section 2.1: it is not mentioned */
    return STEP_MORE;
}

static enum imap_step
answer_one(struct imap_session *im, const struct imap_search_req *req, struct esearch_run *run)
{
    if (run->one.stage != STAGE_END)
        return search_answer_step(im, req, &run->one);
    const bool answered = im->work->mid_line;
    if (answered) {
        search_modseq_write(req, &run->one);
        iw_end(&run->one.line);
    }
    im->work->mid_line = false;
    if ((req->returns & IMAP_SEARCH_SAVE) != 0 && search_save(im, req, &run->one) != RC_OK) {
        if (answered)
            imap_limit_tell_now(im);
        return imap_no(im->work, "NOTSAVED", "The result is too large to be saved");
    }
    return one_next(run);
}

/* ---- which mailboxes ---- */

static enum rc
mark_group(struct imap_session *im, struct scope *scope, struct store_tx *tx,
           const struct imap_notify_group *group, struct err *err)
{
    struct arena *arena = &im->work->arena;
    enum rc rc = RC_OK;

    switch (group->scope) {
    case IMAP_NOTIFY_SELECTED:
    case IMAP_NOTIFY_SELECTED_DELAYED:
        for (size_t i = 0; i < scope->count; i++)
            scope->members[i].fixed |=
                im->state == IMAP_SELECTED && imap_is_selected(im, im->acct, scope->rows[i].id);
        break;
    case IMAP_NOTIFY_INBOXES:
    case IMAP_NOTIFY_PERSONAL:
        for (size_t i = 0; i < scope->count; i++)
            scope->members[i].fixed = 1;
        break;
    case IMAP_NOTIFY_SUBSCRIBED:
        return scope_mark_subscribed(scope, tx, arena, 1, err);
    case IMAP_NOTIFY_MAILBOXES:
        scope_mark_names(scope, group, 1);
        break;
    case IMAP_NOTIFY_SUBTREE:
    case IMAP_NOTIFY_SUBTREE_ONE:
        for (size_t i = 0; i < group->mailbox_count && rc == RC_OK; i++)
            if (group->mailboxes[i].invalid == NULL) /* else nobody has such a name */
                rc = scope_mark_subtree(
                    scope, arena, group->mailboxes[i].name,
                    group->scope == IMAP_NOTIFY_SUBTREE ? SCOPE_ALL_BELOW : SCOPE_ONE_LEVEL, 1);
        break;
    }
    return rc;
}

/* The selected mailbox of another user, as its client knows it. */
static enum rc
guest_find(struct imap_session *im, struct esearch_run *run)
{
    struct mbox_row *row = arena_new(&im->work->arena, struct mbox_row);
    struct mailbox_state state;

    if (row == NULL)
        return RC_LIMIT;
    mailbox_state(im->view.mailbox, &state);
    *row = (struct mbox_row){
        .id = im->selected,
        .name = arena_span(&im->work->arena, span_of_str(im->s.mailbox_name)),
        .uidvalidity = state.uidvalidity,
        .exists = im->view.exists,
    };
    if (row->name.ptr == NULL)
        return RC_LIMIT;
    run->guest = row;
    run->rows[run->count++] = row;
    run->goal += row->exists;
    return RC_OK;
}

/* The rows of those that are meant, each once. Of other users' only the selected one is among
 * them, as in NOTIFY (docs/protocol.md E-7). */
static enum rc
rows_find(struct imap_session *im, struct store_tx *tx, const struct imap_search_req *req,
          struct esearch_run *run, struct err *err)
{
    struct scope scope;

    enum rc rc = scope_read(&scope, tx, &im->work->arena, err);
    for (size_t i = 0; i < req->source_count && rc == RC_OK; i++)
        rc = mark_group(im, &scope, tx, &req->sources[i], err);
    if (rc != RC_OK)
        return rc;
    run->rows = arena_array(&im->work->arena, const struct mbox_row *, scope.count + 2);
    if (run->rows == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < scope.count; i++)
        if ((scope.members[i].fixed | scope.members[i].by_name) != 0) {
            run->rows[run->count++] = &scope.rows[i];
            run->goal += scope.rows[i].exists;
        }
    return run->selected && im->guest != NULL ? guest_find(im, run) : RC_OK;
}

/* ---- the command ---- */

static bool
names_selected(const struct imap_search_req *req, bool *alone_out)
{
    bool selected = false;

    *alone_out = true;
    for (size_t i = 0; i < req->source_count; i++) {
        const bool is_selected = req->sources[i].scope == IMAP_NOTIFY_SELECTED;
        selected |= is_selected;
        *alone_out &= is_selected;
    }
    return selected;
}

static size_t
names_in(const struct imap_search_req *req)
{
    size_t count = req->source_count;

    for (size_t i = 0; i < req->source_count; i++)
        count += req->sources[i].mailbox_count;
    return count;
}

/* What cannot be done (section 2.2). STEP_MORE: nothing. */
static enum imap_step
refuse(struct imap_session *im, struct imap_search_req *req, bool *selected_out,
       bool *alone_out)
{
    struct imap_work *work = im->work;
    const char *why = NULL;

    *selected_out = names_selected(req, alone_out);
    if (*selected_out && im->state != IMAP_SELECTED)
        return imap_bad(work, "No mailbox is selected");
    if ((req->returns & IMAP_SEARCH_UPDATE) != 0 && im->state != IMAP_SELECTED)
        return imap_bad(work, "UPDATE needs a selected mailbox");
    if ((req->returns & IMAP_SEARCH_UPDATE) != 0 &&
        imap_context_find(im, work->cmd.tag) != NULL) /* RFC 5267 section 4.3 */
        return imap_bad(work, "A search with this tag is still being updated");
    if (req->uses_numbers && imap_is_enabled(im, ENABLES_UIDONLY))
        return imap_uid_required(work); /* RFC 9586 section 3.5 */
    if (!search_settle(im, req, &why))
        return imap_bad(work, why);
    if (req->has_charset && !charset_is_known(req->charset))
        return imap_fail(im, RC_BAD_CHARSET, NULL);
    if (names_in(req) > LIMIT_SEARCH_SOURCES)
        return imap_no(work, "LIMIT", "Too many mailboxes are named");
    return STEP_MORE;
}

static enum imap_step
esearch_begin(struct imap_session *im, struct imap_work *work)
{
    struct imap_search_req *req = &work->cmd.u.search;
    struct esearch_run *run = arena_new(&work->arena, struct esearch_run);
    bool selected = false;
    bool alone = false;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    enum imap_step step = refuse(im, req, &selected, &alone);
    if (step != STEP_MORE)
        return step;
    if (selected && !imap_guest_look(im, &step))
        return step;
    if (selected && (imap_selected_rights(im) & RIGHT_READ) == 0)
        return imap_no(work, "NOPERM", "You may not do that with the selected mailbox");
    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (!imap_read_begin(im, im->acct, &tx, &step))
        return step;
    if (req->uses_modseq)
        imap_condstore_enable(im);
    work->by_numbers = req->uses_numbers; /* RFC 7162 section 3.2.10.2 */
    run->selected = selected;
    run->alone = alone;
    run->now_s = clock_wall_s(im->s.env->clock);
    arena_init(&run->arena, LIMIT_CMD_ARENA);
    const enum rc rc = rows_find(im, tx, req, run, &err);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    if (!alone && imap_message_limit(im) != NO_MESSAGE_LIMIT &&
        run->goal > imap_message_limit(im)) /* RFC 9738 has no words for it; section 2.4 */
        return imap_no(work, "LIMIT", "These mailboxes have too many messages");
    work->run = run;
    work->abandon = esearch_abandon;
    return STEP_MORE;
}

static enum imap_step
esearch_step(struct imap_session *im, const struct imap_search_req *req,
             struct esearch_run *run)
{
    switch (run->stage) {
    case ESEARCH_OPEN:
        return open_one(im, run);
    case ESEARCH_AWAKE:
        return awake_one(im, req, run);
    case ESEARCH_SCAN:
        return scan_one(im, run);
    case ESEARCH_ANSWER:
        break;
    }
    return answer_one(im, req, run);
}

void
cmd_esearch_progress(const struct imap_session *im, struct imap_progress *progress_out)
{
    const struct esearch_run *run = im->work->run;
    uint32_t done = 0;
    uint32_t of = 0;

    if (run == NULL || run->goal > UINT32_MAX)
        return;
    if (run->one.search != NULL)
        search_progress(run->one.search, &done, &of);
    progress_out->done = (uint32_t)run->done + done;
    progress_out->goal = (uint32_t)run->goal;
}

enum imap_step
cmd_esearch_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_search_req *req = &work->cmd.u.search;
    struct esearch_run *run = work->run;
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        step = esearch_begin(im, work);
    else if (imap_output_full(im))
        return STEP_OUTPUT;
    else if (run->next < run->count)
        step = esearch_step(im, req, run);
    else
        step = imap_ok(work, NULL, "ESEARCH completed");
    if (step != STEP_DONE)
        return step;
    if (work->reply.status == IW_OK && (req->returns & IMAP_SEARCH_UPDATE) != 0)
        imap_context_refuse_tag(im, work->cmd.tag,
                                "Only the results of SEARCH are kept up to date");
    /* After a NO the result that was to be saved is empty (RFC 5182 section 2.1). */
    if (work->reply.status == IW_NO && (req->returns & IMAP_SEARCH_SAVE) != 0)
        imap_saved_forget(im);
    return STEP_DONE;
}

/* SPDX-License-Identifier: MIT */
/*
 * ESEARCH (RFC 7377): one search through several mailboxes, none of which needs to be selected.
 * Once the mailboxes are known (esearch_sources.h), they are searched one after the other like
 * with SEARCH, so only one of them is held at a time.
 *
 *   SOURCES -> for each mailbox:  OPEN -> AWAKE -> SCAN -> CHECK -> ANSWER
 *
 * Nothing in a mailbox is changed. Each is searched through a view of its own; the selected one
 * is searched as its client knows it. Mailboxes and messages that are deleted meanwhile are
 * left out, and so is a mailbox that the user may no longer read when its answer is due.
 */
#include "imap/selected/context/context.h"
#include "imap/selected/search_private.h"
#include "imap/selected/esearch/esearch_sources.h"
#include "mailbox/sharing/access.h"
#include "store/registry.h"
#include "syntax/charset.h"

enum esearch_stage {
    ESEARCH_SOURCES,
    ESEARCH_OPEN,
    ESEARCH_AWAKE,
    ESEARCH_SCAN,
    ESEARCH_CHECK,
    ESEARCH_ANSWER,
};

/* As in struct imap_guest: while these values stay the same, so do the rights. */
struct rights_seen {
    uint32_t acl_serial;
    uint32_t epoch;
    bool sharing;
};

struct esearch_run {
    struct esearch_sources sources;
    size_t next; /* index of the mailbox under way */
    bool alone;  /* only the selected mailbox is searched */
    enum esearch_stage stage;
    struct arena arena; /* of the mailbox under way */
    /* its view; .mailbox NULL: the mailbox is the selected one, or not open */
    struct view own;
    struct search_run one;
    struct rights_seen seen; /* when its rights were read, if it belongs to another user */
    struct search_answers *answers; /* of the indexes, to all searches; NULL: none yet */
    int64_t now_s;
    uint64_t overspent; /* search cost of the mailboxes before */
    uint64_t done;      /* messages in the mailboxes before */
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
    search_answers_done(run->answers);
    arena_done(&run->arena);
    im->work->abandon = NULL;
    return true;
}

static enum imap_step
one_next(struct esearch_run *run)
{
    if (run->one.search != NULL)
        run->overspent = search_overspent(run->one.search);
    run->done += run->sources.list[run->next++].row->exists;
    one_end(run);
    return STEP_MORE;
}

static const struct esearch_source *
source_of(const struct esearch_run *run)
{
    return &run->sources.list[run->next];
}

/* ---- rights to a mailbox of another user ---- */

/* Whether the user may still search the mailbox, according to a snapshot of its account. */
static enum rc
rights_check(struct imap_session *im, struct esearch_run *run, struct store_tx *tx,
             bool *may_out, struct err *err)
{
    struct registry *registry = im->s.env->registry;
    const struct esearch_source *source = source_of(run);
    struct registry_account owner;
    struct rights_user user;
    uint32_t rights = 0;

    enum rc rc = registry_find_id(registry, account_id(source->acct), &owner, err);
    if (rc == RC_OK)
        rc = access_user(registry, im->s.account_id, &run->arena, &user, err);
    if (rc == RC_OK)
        rc = access_rights(tx, &user, source->row->id, &run->arena, &rights, err);
    *may_out = rc == RC_OK && env_settings(im->s.env)->sharing &&
               (rights & source->needs) == source->needs;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Taken before the rights are read, so that the rights are at least as new. */
static struct rights_seen
rights_now(struct imap_session *im, const struct esearch_run *run)
{
    return (struct rights_seen){account_acl_serial(source_of(run)->acct),
                                (uint32_t)registry_rights_epoch(im->s.env->registry),
                                env_settings(im->s.env)->sharing};
}

static bool
rights_are_due(struct imap_session *im, const struct esearch_run *run)
{
    const struct rights_seen now = rights_now(im, run);

    return source_of(run)->acct != im->acct &&
           (now.acl_serial != run->seen.acl_serial || now.epoch != run->seen.epoch ||
            now.sharing != run->seen.sharing);
}

/* The user may not search the mailbox: it is skipped (section 2.2). */
static enum imap_step
pass_over(struct imap_session *im, const struct imap_search_req *req, struct esearch_run *run)
{
    if ((req->returns & IMAP_SEARCH_SAVE) != 0)
        imap_saved_forget(im); /* nothing was found */
    return one_next(run);
}

/* ---- one after the other ---- */

static enum imap_step
open_one(struct imap_session *im, struct esearch_run *run)
{
    const struct esearch_source *source = source_of(run);
    const struct mbox_row *row = source->row;
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
    if (imap_is_selected(im, source->acct, row->id))
        return STEP_MORE;
    if (row->exists == 0)
        return one_next(run);
    run->stage = ESEARCH_OPEN;
    if (!imap_read_ready(im, source->acct, &step))
        return step;
    const enum rc rc =
        mailbox_open_id(source->acct, session_waker(&im->s), row->id, &mailbox, &err);
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
        .rates = req->relevancy,
        .loosely = search_is_loose(im, req),
        .overspent = run->overspent,
        .at_most = run->alone ? imap_message_limit(im) : NO_MESSAGE_LIMIT,
        .answers = run->answers,
    };
    struct uid_run *saved = NULL;

    /* `$` refers to the selected mailbox, and matches nothing elsewhere. */
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

    run->seen = rights_now(im, run);
    if (!imap_read_begin(im, source_of(run)->acct, &tx, &step))
        return step;
    bool may = true;
    enum rc rc =
        source_of(run)->acct == im->acct ? RC_OK : rights_check(im, run, tx, &may, &err);
    if (rc == RC_OK && !may)
        return pass_over(im, req, run);
    if (rc == RC_OK)
        rc = view_awake(run->one.view, tx, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE; /* the snapshot is older than the view: take another one */
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

/* Whether the mailbox was deleted while it was searched. */
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
        !imap_read_begin(im, source_of(run)->acct, &tx, &step))
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
    search_log(im, one->search);
    run->stage = ESEARCH_CHECK;
    if (search_count(one->search) == 0 || is_gone(one->view))
        run->one.stage = STAGE_END; /* section 2.1: the mailbox is not mentioned */
    return STEP_MORE;
}

/* Called before the answer: the mailbox is left out if the user may no longer read it. */
static enum imap_step
check_one(struct imap_session *im, const struct imap_search_req *req, struct esearch_run *run)
{
    const struct rights_seen now = rights_now(im, run);
    enum imap_step step = STEP_DONE;
    bool may = true;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (rights_are_due(im, run)) {
        if (!imap_read_begin(im, source_of(run)->acct, &tx, &step))
            return step;
        const enum rc rc = rights_check(im, run, tx, &may, &err);
        if (rc != RC_OK)
            return imap_fail(im, rc, &err);
        run->seen = now;
    }
    if (!may)
        return pass_over(im, req, run);
    run->stage = ESEARCH_ANSWER;
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

/* Refuses what cannot be done (section 2.2). STEP_MORE: nothing is refused. */
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

    enum imap_step step = refuse(im, req, &selected, &alone);
    if (step != STEP_MORE)
        return step;
    if (selected && !imap_guest_look(im, &step))
        return step;
    if (selected && (imap_selected_rights(im) & RIGHT_READ) == 0)
        return imap_no(work, "NOPERM", "You may not do that with the selected mailbox");
    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->uses_modseq)
        imap_condstore_enable(im);
    work->by_numbers = req->uses_numbers; /* RFC 7162 section 3.2.10.2 */
    run->sources.selected = selected;
    run->alone = alone;
    run->now_s = clock_wall_s(im->s.env->clock);
    run->answers = search_answers_new(&work->arena);
    arena_init(&run->arena, LIMIT_CMD_ARENA);
    work->run = run;
    work->abandon = esearch_abandon;
    return STEP_MORE;
}

static enum imap_step
sources_step(struct imap_session *im, const struct imap_search_req *req,
             struct esearch_run *run)
{
    enum imap_step step = STEP_DONE;

    if (!esearch_sources_step(im, req, &run->sources, &step))
        return step;
    if (!run->alone && imap_message_limit(im) != NO_MESSAGE_LIMIT &&
        run->sources.messages > imap_message_limit(im))
        /* RFC 9738 does not cover this command; section 2.4 allows a limit. */
        return imap_no(im->work, "LIMIT", "These mailboxes have too many messages");
    run->stage = ESEARCH_OPEN;
    return STEP_MORE;
}

static enum imap_step
esearch_step(struct imap_session *im, const struct imap_search_req *req,
             struct esearch_run *run)
{
    switch (run->stage) {
    case ESEARCH_SOURCES:
        return sources_step(im, req, run);
    case ESEARCH_OPEN:
        return open_one(im, run);
    case ESEARCH_AWAKE:
        return awake_one(im, req, run);
    case ESEARCH_SCAN:
        return scan_one(im, run);
    case ESEARCH_CHECK:
        return check_one(im, req, run);
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

    if (run == NULL || run->sources.messages > UINT32_MAX)
        return;
    if (run->one.search != NULL)
        search_progress(run->one.search, &done, &of);
    progress_out->done = (uint32_t)run->done + done;
    progress_out->goal = (uint32_t)run->sources.messages;
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
    else if (run->stage == ESEARCH_SOURCES || run->next < run->sources.count)
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

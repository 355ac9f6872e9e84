/* SPDX-License-Identifier: MIT */
/*
 * SEARCH (RFC 3501 section 6.4.4), and SORT and THREAD (RFC 5256), which begin with a search.
 * mailbox/search/search.h does the search and mailbox/order/order.h the ordering; here they
 * get a snapshot for each slice.
 */
#include "imap/selected/context/context.h"
#include "imap/selected/search_private.h"
#include "mailbox/order/fill.h"

static bool
search_abandon(struct imap_session *im)
{
    struct search_run *run = im->work->run;

    order_done(run->order);
    if (run->charged > 0)
        budget_give(&im->s.env->order_budget, run->charged);
    search_done(run->search);
    im->work->abandon = NULL;
    return true;
}

bool
search_settle(struct imap_session *im, struct imap_search_req *req, const char **why_out)
{
    const struct imap_dialect *dialect = imap_dialect(im);

    if (req->find == IMAP_FIND_SEARCH && !req->has_return &&
        dialect->search_as_esearch == TOLD) {
        req->has_return = true;
        req->returns = IMAP_SEARCH_ALL;
    }
    if (dialect->search_charset == CHARSET_UTF8 && req->find == IMAP_FIND_SEARCH &&
        req->has_charset && !span_ieq_str(req->charset, "UTF-8")) {
        *why_out = "After ENABLE UTF8=ACCEPT, searches are in UTF-8";
        return false;
    }
    return true;
}

bool
search_is_loose(const struct imap_session *im, const struct imap_search_req *req)
{
    return session_client_rule(&im->s)->texts == TEXTS_LOOSELY &&
           (req->returns & IMAP_SEARCH_UPDATE) == 0;
}

static enum imap_step
search_begin(struct imap_session *im, struct imap_work *work)
{
    struct imap_search_req *req = &work->cmd.u.search;
    struct search_run *run = arena_new(&work->arena, struct search_run);
    enum imap_step step = STEP_DONE;
    struct uid_run *saved = NULL;
    size_t saved_count = 0;
    const char *why = NULL;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->uses_numbers && imap_is_enabled(im, ENABLES_UIDONLY))
        return imap_uid_required(work); /* RFC 9586 section 3.5 */
    if (!search_settle(im, req, &why))
        return imap_bad(work, why);
    if ((req->returns & IMAP_SEARCH_UPDATE) != 0 &&
        imap_context_find(im, work->cmd.tag) != NULL) /* RFC 5267 section 4.3 */
        return imap_bad(work, "A search with this tag is still being updated");
    if (req->uses_modseq)
        imap_condstore_enable(im);
    work->by_numbers = req->uses_numbers; /* RFC 7162 section 3.2.10.2 */
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step) ||
        !imap_view_awake(im, tx, &step))
        return step;
    if (req->uses_saved && imap_saved_runs(im, &work->arena, &saved, &saved_count) != RC_OK)
        return imap_fail(im, RC_LIMIT, NULL);
    const struct search_req what = {
        .root = req->root,
        .has_charset = req->has_charset,
        .charset = req->charset,
        .now_s = clock_wall_s(im->s.env->clock),
        .saved = saved,
        .saved_count = saved_count,
        .rates = req->relevancy,
        .loosely = search_is_loose(im, req),
        .at_most = req->find == IMAP_FIND_SEARCH ? imap_message_limit(im) : NO_MESSAGE_LIMIT,
    };
    const enum rc rc = search_new(&work->arena, &im->view, &what, &run->search, &err);
    if (rc == RC_INVALID)
        return imap_bad(work, "The text is not in the charset that was named");
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    if (search_cut_at(run->search) != 0)
        imap_limit_cut_at(im, what.at_most, search_cut_at(run->search));
    run->seqs = (struct view_run){1, 0};
    run->now_s = what.now_s;
    run->view = &im->view;
    work->run = run;
    work->abandon = search_abandon;
    return STEP_MORE;
}

void
search_log(struct imap_session *im, const struct search *search)
{
    AUTO_BUF text = {0};

    if (!log_on(&im->s.log, LOG_P))
        return;
    buf_init(&text, 4096);
    search_plan_put(search, &text);
    log_put(&im->s.log, LOG_E_SEARCHED, "%.*s", SPAN_FMT(buf_span(&text)));
}

/* The search is over. */
static enum imap_step
found(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    search_log(im, run->search);
    run->stage = STAGE_HEAD;
    if (req->find == IMAP_FIND_SEARCH)
        return STEP_MORE;
    const struct order_req how = {.found = run->search, .how = req};
    if (order_new(&im->work->arena, &im->view, &how, &run->order) != RC_OK)
        return imap_fail(im, RC_LIMIT, NULL);
    run->stage = STAGE_ORDER;
    return STEP_MORE;
}

/* Continues the search. */
static enum imap_step
scan(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (search_needs_store(run->search) &&
        !imap_read_begin(im, imap_selected_acct(im), &tx, &step))
        return step;
    const enum rc rc = search_slice(run->search, tx, im->s.env->clock,
                                    session_now_us(&im->s) + LIMIT_SLICE_US, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc == RC_LIMIT && search_over_limit(run->search)) {
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "%s", err.text);
        return imap_no(im->work, "LIMIT",
                       "The search has too many keys for so much mail; ask for less at once");
    }
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    return found(im, req, run);
}

/* Charges the memory of the order to a budget that all sessions share. */
static bool
charge(struct imap_session *im, struct search_run *run)
{
    const int64_t more = (int64_t)order_octets(run->order) - run->charged;

    if (more <= 0)
        return true;
    if (!budget_take(&im->s.env->order_budget, more))
        return false;
    run->charged += more;
    return true;
}

/* Puts the results in order. */
static enum imap_step
put_in_order(struct imap_session *im, struct search_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (order_needs_store(run->order) &&
        !imap_read_begin(im, imap_selected_acct(im), &tx, &step))
        return step;
    const enum rc rc = order_slice(run->order, tx, im->s.env->clock,
                                   session_now_us(&im->s) + LIMIT_SLICE_US, &err);
    if (!charge(im, run))
        return imap_no(im->work, "LIMIT", "Too much mail is being sorted; try again later");
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    if (order_lacks_blocks(run->order))
        fill_ask(imap_selected_acct(im));
    run->stage = STAGE_HEAD;
    return STEP_MORE;
}

/* Makes the context for UPDATE, or sends the untagged NO of RFC 5267 section 4.3.1. */
static void
keep_updated(struct imap_session *im, const struct imap_search_req *req,
             const struct search_run *run)
{
    if (req->find != IMAP_FIND_SEARCH)
        imap_context_refuse_tag(im, im->work->cmd.tag,
                                "Only the results of SEARCH are kept up to date");
    else if (search_cut_at(run->search) != 0)
        imap_context_refuse_tag(im, im->work->cmd.tag, "Not all messages have been searched");
    else if (imap_context_add(im, req, run->search, run->now_s) != RC_OK)
        imap_context_refuse_tag(im, im->work->cmd.tag,
                                "There are too many contexts, or too many results");
}

/* The answer is written, except for the end of its last line. */
static enum imap_step
finish(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    static const char *const texts[][2] = {
        [IMAP_FIND_SEARCH] = {"SEARCH completed", "UID SEARCH completed"},
        [IMAP_FIND_SORT] = {"SORT completed", "UID SORT completed"},
        [IMAP_FIND_THREAD] = {"THREAD completed", "UID THREAD completed"},
    };

    const bool answered = im->work->mid_line;

    if (answered) {
        search_modseq_write(req, run);
        iw_end(&run->line);
    }
    im->work->mid_line = false;
    if ((req->returns & IMAP_SEARCH_UPDATE) != 0)
        keep_updated(im, req, run);
    if ((req->returns & IMAP_SEARCH_SAVE) != 0 && search_save(im, req, run) != RC_OK) {
        if (answered)
            imap_limit_tell_now(im);
        return imap_no(im->work, "NOTSAVED", "The result is too large to be saved");
    }
    return imap_ok(im->work, NULL, texts[req->find][req->is_uid]);
}

static enum imap_step
search_step(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    switch (run->stage) {
    case STAGE_SCAN:
        return scan(im, req, run);
    case STAGE_ORDER:
        return put_in_order(im, run);
    case STAGE_HEAD:
    case STAGE_NUMBERS:
    case STAGE_SCORES:
    case STAGE_THREADS:
        return search_answer_step(im, req, run);
    case STAGE_END:
        break;
    }
    return finish(im, req, run);
}

void
cmd_search_progress(const struct imap_session *im, struct imap_progress *progress_out)
{
    const struct search_run *run = im->work->run;

    if (run != NULL && run->stage == STAGE_SCAN)
        search_progress(run->search, &progress_out->done, &progress_out->goal);
}

enum imap_step
cmd_search_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_search_req *req = &work->cmd.u.search;
    const enum imap_step step =
        work->run == NULL ? search_begin(im, work) : search_step(im, req, work->run);

    /* After a NO the result that was to be saved is empty (RFC 5182 section 2.1). */
    if (step == STEP_DONE && work->reply.status == IW_NO &&
        (req->returns & IMAP_SEARCH_SAVE) != 0)
        imap_saved_forget(im);
    return step;
}

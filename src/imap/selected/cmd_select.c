/* SPDX-License-Identifier: MIT */
/*
 * Into and out of the selected state: SELECT, EXAMINE (RFC 3501 sections 6.3.1, 6.3.2), CHECK,
 * CLOSE, UNSELECT (RFC 3691). SELECT answers from counters; the messages themselves are looked
 * at first when a command needs them.
 */
#include "imap/imap_session.h"

/* Mailboxes up to this size are loaded at SELECT, so that the first unseen can be named. */
enum { UNSEEN_LOAD_MAX = 2000 };

void
imap_unselect(struct imap_session *im)
{
    if (im->state != IMAP_SELECTED)
        return;
    hub_unwatch(&im->watch);
    view_done(&im->view);
    imap_saved_forget(im);
    im->state = IMAP_AUTHENTICATED;
    im->selected = 0;
    session_set_mailbox_name(&im->s, SPAN(""));
}

static void
untagged_ok_number(struct iw *w, struct span code, uint64_t number, struct span text)
{
    iw_begin_status(w, SPAN(""), IW_OK);
    iw_code_open(w, code);
    iw_num(w, number);
    iw_code_close(w);
    iw_end_text(w, text);
}

/* The untagged part of the answer. */
static enum rc
describe(struct imap_session *im, struct store_tx *tx, const struct mailbox_state *state,
         struct err *err)
{
    struct imap_work *work = im->work;
    struct iw w = imap_line(im);
    uint32_t unseen = 0;

    if (state->unseen > 0) {
        /* From memory when it is there; a large mailbox is not loaded for it. */
        const bool small = state->exists <= UNSEEN_LOAD_MAX;
        const enum rc rc = view_awake(&im->view, small ? tx : NULL, err);
        if (rc != RC_OK && (small || rc != RC_AGAIN))
            return rc;
    }
    if (state->unseen > 0 && im->view.members != NULL)
        unseen = version_first_unseen(im->view.members);
    enum rc rc = view_count_recent(&im->view, tx, err);
    if (rc == RC_OK)
        rc = mailbox_keywords(im->view.mailbox, &work->arena, &work->keywords);
    if (rc != RC_OK)
        return rc;
    iw_untagged(&w);
    iw_num(&w, im->view.exists);
    iw_word(&w, "EXISTS");
    iw_end(&w);
    iw_untagged(&w);
    iw_num(&w, im->view.recent);
    iw_word(&w, "RECENT");
    iw_end(&w);
    if (unseen > 0)
        untagged_ok_number(&w, SPAN("UNSEEN"), unseen, SPAN("first unseen message"));
    untagged_ok_number(&w, SPAN("UIDVALIDITY"), state->uidvalidity, SPAN("UIDs valid"));
    untagged_ok_number(&w, SPAN("UIDNEXT"), im->view.uid_bound, SPAN("predicted next UID"));
    imap_write_flags_lines(im, &work->keywords);
    return RC_OK;
}

/* Finds the mailbox and begins the view. STEP_MORE: selected, the answer is still to come. */
static enum imap_step
select_begin(struct imap_session *im, struct imap_work *work, enum view_mode mode)
{
    const struct imap_select_req *req = &work->cmd.u.select;
    struct mailbox *mailbox = NULL;
    enum imap_step step = STEP_DONE;
    struct mailbox_state state;
    struct err err = {.rc = RC_OK};

    if (req->condstore || req->has_qresync)
        return imap_bad(work, "CONDSTORE and QRESYNC are not supported");
    /* RFC 3501 section 6.3.1: also a SELECT that fails leaves nothing selected. */
    imap_unselect(im);
    if (!imap_target_find(im, &req->mailbox, RIGHT_READ, &work->target, &step) ||
        !imap_read_ready(im, work->target.acct, &step))
        return step;
    const enum rc rc = mailbox_open(work->target.acct, session_waker(&im->s), work->target.name,
                                    &mailbox, &err);
    if (rc == RC_AGAIN)
        return STEP_WAIT;
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    mailbox_state(mailbox, &state);
    const struct watch_filter filter = {WATCH_NOTHING, &state.mbox, 1};
    hub_watch(work->target.acct, &im->watch, &filter, session_waker(&im->s));
    view_init(&im->view, mailbox, mode);
    im->selected = state.mbox;
    im->state = IMAP_SELECTED;
    session_set_mailbox_name(&im->s, req->mailbox.name);
    work->run = &im->view;
    return STEP_MORE;
}

enum imap_step
cmd_select_run(struct imap_session *im, struct imap_work *work)
{
    const bool examine = work->cmd.id == IMAP_CMD_EXAMINE;
    enum imap_step step = STEP_DONE;
    struct mailbox_state state;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (work->run == NULL)
        return select_begin(im, work, examine ? VIEW_READ_ONLY : VIEW_READ_WRITE);
    /* A snapshot begun after the view: it holds all that the view counts. The view is kept
     * while this waits, for it has taken the \Recent messages. */
    if (!imap_read_begin(im, im->acct, &tx, &step))
        return step;
    mailbox_state(im->view.mailbox, &state);
    const enum rc rc = describe(im, tx, &state, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc != RC_OK) {
        imap_unselect(im);
        return imap_fail(im, rc, &err);
    }
    return examine ? imap_ok(work, "READ-ONLY", "EXAMINE completed")
                   : imap_ok(work, "READ-WRITE", "SELECT completed");
}

enum imap_step
cmd_check_run(struct imap_session *im, struct imap_work *work)
{
    (void)im; /* everything acknowledged is on disk already */
    return imap_ok(work, NULL, "CHECK completed");
}

enum imap_step
cmd_unselect_run(struct imap_session *im, struct imap_work *work)
{
    imap_unselect(im);
    return imap_ok(work, NULL, "UNSELECT completed");
}

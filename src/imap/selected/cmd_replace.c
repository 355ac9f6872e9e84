/* SPDX-License-Identifier: MIT */
/*
 * REPLACE (RFC 8508): one transaction appends a message and expunges one in the selected
 * mailbox. If the message to be replaced is gone, nothing is appended. Between two accounts,
 * two transactions are needed: the message is appended first, so that a crash leaves one
 * message too many, never one too few.
 */
#include "imap/names/append.h"

/* The message to be replaced is in another account than the new one, so it is expunged in a
 * turn of its own. False: return *step_out. */
static bool
removal_prepare(struct imap_session *im, struct imap_append_run *run, struct store_tx *tx,
                struct uid_run *uids, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct expunge_op *removal = arena_new(&work->arena, struct expunge_op);
    uint32_t there = 0;
    struct err err = {.rc = RC_OK};

    enum rc rc = removal == NULL ? RC_LIMIT : RC_OK;
    if (rc == RC_OK)
        rc = store_entries_count(tx, im->selected, uids[0].first, uids[0].first, &there, &err);
    if (rc == RC_OK && there == 0)
        rc = RC_EXPUNGED;
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    expunge_op_init(removal, &work->arena, session_waker(&im->s));
    uids[0].last = uids[0].first;
    removal->mbox = im->selected;
    removal->runs = uids;
    removal->run_count = 1;
    run->removal = removal;
    run->found = true;
    return true;
}

/* Finds the message to be replaced. False: *step_out is what the command returns. */
static bool
find_replaced(struct imap_session *im, struct imap_append_run *run, enum imap_step *step_out)
{
    struct imap_append_req *req = &im->work->cmd.u.append;
    struct view_run *seqs = NULL;
    struct uid_run *uids = NULL;
    size_t count = 0;
    AUTO_TX tx = NULL;

    if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out) ||
        !imap_view_awake(im, tx, step_out) ||
        !imap_resolve(im, &req->replaced, &seqs, &count, step_out))
        return false;
    if (count == 0) {
        *step_out = imap_no(im->work, NULL, "There is no such message to be replaced");
        return false;
    }
    const enum rc rc = view_uid_runs(&im->view, seqs, count, &im->work->arena, &uids, &count);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, NULL);
        return false;
    }
    if (im->work->target.acct != imap_selected_acct(im))
        return removal_prepare(im, run, tx, uids, step_out);
    run->op.replaced_mbox = im->selected;
    run->op.replaced_uid = uids[0].first;
    run->found = true;
    return true;
}

static enum imap_step
conclude(struct imap_session *im, const struct append_op *op)
{
    struct imap_work *work = im->work;

    switch (op->turn.result) {
    case RC_OK:
        break;
    case RC_NOT_FOUND:
        return imap_no(work, "TRYCREATE", "No such mailbox");
    case RC_EXPUNGED:
        return imap_no(work, "EXPUNGEISSUED", "The message to be replaced no longer exists");
    default:
        return imap_fail(im, op->turn.result, &op->turn.err);
    }
    /* Before the EXPUNGE that follows: RFC 8508 section 4.3. */
    struct iw w = imap_line(im);
    iw_status_line(&w, SPAN(""), IW_OK, imap_appenduid(work, op), SPAN("Replacement is there"));
    return imap_ok(work, NULL, "REPLACE completed");
}

/* Expunges what was replaced, if it is in another account than the new message. False: return
 * *step_out. */
static bool
removal_go(struct imap_session *im, struct imap_append_run *run, enum imap_step *step_out)
{
    const struct turn_req *turn = &run->removal->turn;

    if (!imap_turn(im, imap_selected_acct(im), &run->removal->turn, step_out)) {
        if (*step_out == STEP_DONE && turn->permit.answer != PERMIT_GIVEN)
            *step_out =
                imap_no(im->work, "NOPERM",
                        "The message was appended, but the other may not be taken away");
        return false;
    }
    if (turn->result == RC_OK)
        return true;
    *step_out = imap_fail(im, turn->result, &turn->err);
    return false;
}

enum imap_step
cmd_replace_run(struct imap_session *im, struct imap_work *work)
{
    struct imap_append_run *run = work->run;
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        return imap_append_begin(im);
    if (!run->found && !find_replaced(im, run, &step))
        return step;
    if (!run->appended) {
        step = imap_append_step(im, run, &run->appended);
        if (!run->appended)
            return step;
    }
    if (run->op.turn.result == RC_OK && run->removal != NULL && !removal_go(im, run, &step))
        return step;
    return conclude(im, &run->op);
}

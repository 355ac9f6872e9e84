/* SPDX-License-Identifier: MIT */
/*
 * REPLACE (RFC 8508): one transaction appends a message and expunges one in the selected
 * mailbox. If the message to be replaced is gone, nothing is appended. Between two accounts,
 * two transactions are needed: the message is appended first, so that a crash leaves one
 * message too many, never one too few (remove_across.h).
 */
#include "imap/names/append.h"
#include "imap/selected/remove_across.h"

/* The session ends during a REPLACE between accounts. */
static bool
replace_complete(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct imap_append_run *run = work->run;

    if (!run->appended) {
        if (!door_write_cancel(&work->write, &im->s, work->turn_of))
            return false;
        if (!append_op_was_done(&run->op))
            return true;
        run->appended = true;
        remove_across_added(run->removal, run->op.mbox, run->op.msgs[0].added.uid, 1);
    }
    return run->op.turn.result != RC_OK || remove_across_complete(im, run->removal);
}

/* The message to be replaced is in another account than the new one, so it is expunged in a
 * turn of its own. False: return *step_out. */
static bool
removal_prepare(struct imap_session *im, struct imap_append_run *run, struct store_tx *tx,
                struct uid_run *uids, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct remove_across *removal = arena_new(&work->arena, struct remove_across);
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
    uids[0].last = uids[0].first;
    remove_across_init(im, removal, uids, 1);
    run->removal = removal;
    run->found = true;
    im->work->complete = replace_complete;
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
        return imap_no_destination(im);
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
        if (run->op.turn.result == RC_OK && run->removal != NULL)
            remove_across_added(run->removal, run->op.mbox, run->op.msgs[0].added.uid, 1);
    }
    if (run->op.turn.result == RC_OK && run->removal != NULL &&
        !remove_across_go(im, run->removal, &step))
        return step;
    return conclude(im, &run->op);
}

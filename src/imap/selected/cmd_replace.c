/* SPDX-License-Identifier: MIT */
/*
 * REPLACE (RFC 8508): a message is appended and one of the selected mailbox is expunged, in one
 * transaction. If the message that is to be replaced is gone, nothing is appended.
 */
#include "imap/names/append.h"

/* Finds the message that is to be replaced. False: *step_out is what the command returns. */
static bool
find_replaced(struct imap_session *im, struct append_op *op, enum imap_step *step_out)
{
    struct imap_append_req *req = &im->work->cmd.u.append;
    struct view_run *seqs = NULL;
    struct uid_run *uids = NULL;
    size_t count = 0;
    AUTO_TX tx = NULL;

    if (!imap_read_begin(im, im->acct, &tx, step_out) || !imap_view_awake(im, tx, step_out) ||
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
    op->replaced_mbox = im->selected;
    op->replaced_uid = uids[0].first;
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

enum imap_step
cmd_replace_run(struct imap_session *im, struct imap_work *work)
{
    struct imap_append_run *run = work->run;
    enum imap_step step = STEP_DONE;
    bool done = false;

    if (run == NULL)
        return imap_append_begin(im);
    if (run->op.replaced_mbox == 0 && !find_replaced(im, &run->op, &step))
        return step;
    step = imap_append_step(im, run, &done);
    return done ? conclude(im, &run->op) : step;
}

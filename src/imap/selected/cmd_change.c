/* SPDX-License-Identifier: MIT */
/*
 * STORE, EXPUNGE, CLOSE (RFC 3501 sections 6.4.2, 6.4.3, 6.4.6; RFC 4315). Each resolves the
 * client's set against its view, hands a request to the account's turn, and leaves it to the
 * sync that follows to tell what has changed. Messages that others have expunged are skipped
 * (RFC 2180 section 4); STORE by sequence number changes those that live (docs/protocol.md
 * V-1).
 */
#include "imap/selected/named.h"
#include "mailbox/write/ops.h"

/* ---- STORE ---- */

struct store_run {
    struct flags_op op;
    struct imap_named named;
    bool applied;
};

static enum flags_mode
mode_of(enum imap_store_mode mode)
{
    return mode == IMAP_STORE_REPLACE ? FLAGS_REPLACE
           : mode == IMAP_STORE_ADD   ? FLAGS_ADD
                                      : FLAGS_REMOVE;
}

static enum imap_step
store_begin(struct imap_session *im, struct imap_work *work)
{
    struct imap_store_req *req = &work->cmd.u.store;
    struct store_run *run = arena_new(&work->arena, struct store_run);
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->has_unchanged_since)
        imap_condstore_enable(im);
    if (!imap_named_find(im, &req->msgs, NAMED_CUT, &run->named, &step))
        return step;
    flags_op_init(&run->op, &work->arena, session_waker(&im->s));
    run->op.mbox = im->selected;
    run->op.runs = run->named.uids;
    run->op.run_count = run->named.uid_count;
    run->op.known_modseq = view_known_modseq(&im->view);
    run->op.mode = mode_of(req->mode);
    run->op.flags = req->flags.flags & MSG_SYSTEM_FLAGS;
    run->op.keywords = req->flags.keywords;
    run->op.keyword_count = req->flags.keyword_count;
    run->op.unchanged_since = req->has_unchanged_since ? req->unchanged_since : MODSEQ_ANY;
    run->op.turn.frees_space =
        req->mode != IMAP_STORE_REMOVE && (run->op.flags & MSG_DELETED) != 0;
    work->run = run;
    return STEP_MORE;
}

/* Counts the named messages that are in the view but were expunged. False: return *step_out. */
static bool
count_expunged(struct imap_session *im, const struct imap_named *named, uint32_t *expunged_out,
               enum imap_step *step_out)
{
    struct version *now = NULL;
    struct mailbox_state state;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    *expunged_out = 0;
    mailbox_state(im->view.mailbox, &state);
    if (state.last_expunge_modseq <= im->view.modseq)
        return true;
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out))
        return false;
    const enum rc rc = view_current(&im->view, tx, &now, &err);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    *expunged_out = view_count_expunged(&im->view, now, named->seqs, named->seq_count);
    version_unref(now);
    return true;
}

/* "MODIFIED 7,9": the messages that were not changed because they are newer than
 * UNCHANGEDSINCE, by number or UID as the client named them (RFC 7162 section 3.1.3). If the
 * list would be too long, it is one range from the first to the last of them (docs/protocol.md
 * V-3). NULL: no memory. */
static char *
modified_code(struct imap_session *im, const struct flags_result *out)
{
    const bool by_uid = im->work->row->form == FORM_UID;
    const struct version *members = im->view.members;
    const uint32_t first = out->modified[0].first;
    const uint32_t last = out->modified[out->modified_count - 1].last;
    AUTO_BUF code = {0};

    buf_init(&code, (size_t)2 * LIMIT_COPYUID);
    buf_put_lit(&code, "MODIFIED ");
    struct numset_writer set = numset_writer(&code);
    for (size_t i = 0; i < out->modified_count && buf_ok(&code); i++)
        for (uint64_t uid = out->modified[i].first; uid <= out->modified[i].last; uid++)
            numset_writer_add(&set, by_uid ? (uint32_t)uid
                                           : version_find_uid(members, (uint32_t)uid));
    numset_writer_end(&set);
    if (buf_ok(&code) && buf_len(&code) <= LIMIT_COPYUID)
        return arena_str(&im->work->arena, buf_span(&code));
    return arena_printf(&im->work->arena, "MODIFIED %u:%u",
                        by_uid ? first : version_find_uid(members, first),
                        by_uid ? last : version_find_uid(members, last));
}

/* Decides what the sync tells of it. */
static enum rc
store_echo(struct imap_session *im, const struct store_run *run)
{
    const struct imap_store_req *req = &im->work->cmd.u.store;
    /* If a keyword was lost, or there is no right to a flag, the change is not the one that the
     * client assumes. */
    const bool silent = req->silent && run->op.keywords_lost == 0 && !run->op.curtailed;
    const bool tells = !silent || imap_is_enabled(im, ENABLES_CONDSTORE);
    struct view_echo *echo = tells ? arena_new(&im->work->arena, struct view_echo) : NULL;

    if (tells && echo == NULL)
        return RC_LIMIT;
    if (silent)
        view_silence(&im->view, run->op.silent_modseq);
    if (!tells)
        return RC_OK;
    *echo = (struct view_echo){
        .silent = silent,
        .unchanged_since = run->op.unchanged_since,
        .own_modseq = run->op.out.modseq,
        .known_modseq = silent ? 0 : run->op.silent_modseq,
    };
    if (!silent || req->has_unchanged_since) {
        echo->runs = run->op.runs;
        echo->count = run->op.run_count;
    }
    im->view.echo = echo;
    return RC_OK;
}

/* The answer to STORE: RFC 2180 section 4.2.1 for .SILENT, section 4.2.2 if no named message is
 * left. If some are left, the answer is OK also without .SILENT, although section 4.2.3 says
 * NO: clients would show people a NO for a change that was made. Nothing is silenced before the
 * whole answer is ready, because after a NO the client must still be told what was changed. */
static enum imap_step
store_answer(struct imap_session *im, const struct store_run *run, uint32_t expunged)
{
    const bool modified = run->op.out.modified_count > 0;

    if (expunged > 0 && expunged == imap_named_count(&run->named)) {
        imap_limit_tell_now(im);
        return imap_no(im->work, "EXPUNGEISSUED", "The messages no longer exist");
    }
    const char *code = modified ? modified_code(im, &run->op.out) : NULL;
    if ((modified && code == NULL) || store_echo(im, run) != RC_OK)
        return imap_fail(im, RC_LIMIT, NULL);
    if (modified)
        return imap_ok(im->work, code, "STORE failed for the messages modified");
    if (expunged > 0)
        return imap_ok(im->work, "EXPUNGEISSUED", "STORE completed for those that still exist");
    return imap_ok(im->work, NULL, "STORE completed");
}

enum imap_step
cmd_store_run(struct imap_session *im, struct imap_work *work)
{
    const bool by_seq = work->row->form == FORM_SEQ;
    enum imap_step step = STEP_DONE;
    uint32_t expunged = 0;

    if (work->run == NULL)
        return store_begin(im, work);
    struct store_run *run = work->run;
    if (!run->applied) {
        if (!imap_turn(im, imap_selected_acct(im), &run->op.turn, &step))
            return step;
        if (run->op.turn.result == RC_DENIED)
            return imap_no(work, "NOPERM", "You may not change those flags here");
        if (run->op.turn.result != RC_OK)
            return imap_fail(im, run->op.turn.result, &run->op.turn.err);
        run->applied = true;
    }
    if (by_seq && !count_expunged(im, &run->named, &expunged, &step))
        return step;
    return store_answer(im, run, expunged);
}

/* ---- EXPUNGE, CLOSE ---- */

static enum imap_step
expunge_begin(struct imap_session *im, struct imap_work *work)
{
    struct expunge_op *op = arena_new(&work->arena, struct expunge_op);
    const bool by_uid = work->row->form == FORM_UID;
    enum imap_step step = STEP_DONE;
    struct imap_named named = {0};

    if (op == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (by_uid &&
        !imap_named_find(im, &work->cmd.u.uid_expunge.msgs, NAMED_DELETED, &named, &step))
        return step;
    expunge_op_init(op, &work->arena, session_waker(&im->s));
    op->mbox = im->selected;
    op->only_deleted = true;
    op->runs = named.uids;
    op->run_count = named.uid_count;
    if (by_uid && named.uid_count == 0)
        return imap_ok(work, NULL, "EXPUNGE completed");
    work->run = op;
    return STEP_MORE;
}

enum imap_step
cmd_expunge_run(struct imap_session *im, struct imap_work *work)
{
    enum imap_step step = STEP_DONE;

    if (work->run == NULL)
        return expunge_begin(im, work);
    struct expunge_op *op = work->run;
    if (!imap_turn(im, imap_selected_acct(im), &op->turn, &step))
        return step;
    if (op->turn.result != RC_OK)
        return imap_fail(im, op->turn.result, &op->turn.err);
    return imap_ok(work, NULL, "EXPUNGE completed");
}

/* Without the rights for EXPUNGE, CLOSE only closes the mailbox (RFC 4314 section 4). */
enum { RIGHTS_TO_EXPUNGE = RIGHT_READ | RIGHT_EXPUNGE };

static bool
close_expunges(const struct imap_session *im)
{
    struct mailbox_state state;

    mailbox_state(im->view.mailbox, &state);
    return im->view.mode == VIEW_READ_WRITE && !state.gone && state.deleted > 0 &&
           (imap_selected_rights(im) & RIGHTS_TO_EXPUNGE) == RIGHTS_TO_EXPUNGE;
}

static enum imap_step
close_begin(struct imap_session *im, struct imap_work *work)
{
    const enum imap_step step = expunge_begin(im, work);
    struct expunge_op *op = work->run;

    if (op != NULL)
        imap_permit_selected(im, RIGHTS_TO_EXPUNGE, &op->turn);
    return step;
}

/* Expunges for CLOSE. If the mailbox was deleted or the rights were taken away meanwhile,
 * nothing is done. False: return *step_out. */
static bool
close_expunge(struct imap_session *im, struct expunge_op *op, enum imap_step *step_out)
{
    /* While the request waits, its permit belongs to whoever holds the turn. */
    if (!imap_turn(im, imap_selected_acct(im), &op->turn, step_out) &&
        (*step_out == STEP_WAIT || op->turn.permit.answer == PERMIT_GIVEN))
        return false;
    switch (op->turn.result) {
    case RC_OK:
    case RC_DENIED:
    case RC_GONE:
        return true;
    default:
        *step_out = imap_fail(im, op->turn.result, &op->turn.err);
        return false;
    }
}

enum imap_step
cmd_close_run(struct imap_session *im, struct imap_work *work)
{
    struct expunge_op *op = work->run;
    enum imap_step step = STEP_DONE;

    if (op == NULL && !imap_guest_look(im, &step))
        return step;
    if (op == NULL && close_expunges(im))
        return close_begin(im, work);
    if (op != NULL && !close_expunge(im, op, &step))
        return step;
    imap_unselect(im);
    return imap_ok(work, NULL, "CLOSE completed");
}

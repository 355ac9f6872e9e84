/* SPDX-License-Identifier: MIT */
/*
 * COPY and MOVE (RFC 3501 section 6.4.7, RFC 4315, RFC 6851). With UIDs, messages that others
 * have expunged are skipped (RFC 2180 section 4). With sequence numbers, COPY then copies
 * nothing and answers NO [EXPUNGEISSUED] (docs/protocol.md V-1).
 *
 *   within an account  begin -> [turn: copied, moved] -> answer
 *   into another one   begin -> copy_across -> [turn there: added] -> MOVE: remove_across
 *                      -> answer
 */
#include "imap/selected/copy_across.h"
#include "imap/selected/remove_across.h"

struct copy_run {
    struct imap_named named;
    /* for a copy within the account; also holds the result of any copy */
    struct copy_op op;
    struct copy_across *across; /* for a copy into another account; NULL: within the account */
    struct remove_across removal; /* valid when `removes` is set */
    bool removes;
    bool copied;
};

/* Runs the request within the account. False: return *step_out. */
static bool
copy_within(struct imap_session *im, struct copy_run *run, struct turn_req **turn_out,
            enum imap_step *step_out)
{
    *turn_out = &run->op.turn;
    return imap_turn(im, im->work->target.acct, &run->op.turn, step_out);
}

/* Runs the copy into another account. A missing destination is reported even if there is
 * nothing to copy. False: return *step_out. */
static bool
copy_over(struct imap_session *im, struct copy_run *run, struct turn_req **turn_out,
          enum imap_step *step_out)
{
    struct append_op *op = copy_across_op(run->across);

    if (!copy_across_ready(im, run->across, step_out) ||
        !imap_turn(im, im->work->target.acct, &op->turn, step_out))
        return false;
    *turn_out = &op->turn;
    if (op->turn.result == RC_OK)
        copy_across_result(run->across, &run->op);
    return true;
}

/* The messages are in the destination. */
static void
copy_done(struct imap_session *im, struct copy_run *run)
{
    const struct copy_op *op = &run->op;

    run->copied = true;
    imap_note_own(im, op->to_mbox, op->first_uid, op->count);
    run->removes = run->removes && op->count > 0;
    if (run->removes) {
        remove_across_init(im, &run->removal, op->sources, op->source_count);
        remove_across_added(&run->removal, op->to_mbox, op->first_uid, op->count);
    }
}

/* The session ends during a MOVE into another account. */
static bool
move_complete(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct copy_run *run = work->run;

    if (!run->copied) {
        if (!door_write_cancel(&work->write, &im->s, work->turn_of))
            return false;
        if (!append_op_was_done(copy_across_op(run->across)))
            return true;
        copy_across_result(run->across, &run->op);
        copy_done(im, run);
    }
    return !run->removes || remove_across_complete(im, &run->removal);
}

static enum imap_step
copy_begin(struct imap_session *im, struct imap_work *work, bool move)
{
    struct imap_copy_req *req = &work->cmd.u.copy;
    struct copy_run *run = arena_new(&work->arena, struct copy_run);
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        !imap_named_find(im, &req->msgs, move ? NAMED_CUT : NAMED_REFUSED, &run->named, &step))
        return step;
    struct copy_op *op = &run->op;
    const bool across = work->target.acct != imap_selected_acct(im);
    copy_op_init(op, &work->arena, session_waker(&im->s));
    op->from_mbox = im->selected;
    op->to_name = work->target.name;
    op->runs = run->named.uids;
    op->run_count = run->named.uid_count;
    op->move = move;
    run->removes = move && across;
    /* A MOVE mostly goes to the trash and writes one row for each message. Into another
     * account, it is a copy with all octets. */
    op->turn.frees_space = op->move;
    if (req->msgs.kind == IMAP_MSGS_SEQ)
        op->expected = imap_named_count(&run->named);
    if (across)
        run->across = copy_across_new(im, &run->named, op->expected, &step);
    if (across && run->across == NULL)
        return step;
    work->run = run;
    if (run->removes)
        work->complete = move_complete;
    return STEP_MORE;
}

/* False: return *step_out. */
static bool
copy_go(struct imap_session *im, struct copy_run *run, enum imap_step *step_out)
{
    struct turn_req *turn = NULL;

    if (run->copied)
        return true;
    if (!(run->across == NULL ? copy_within(im, run, &turn, step_out)
                              : copy_over(im, run, &turn, step_out)))
        return false;
    if (turn->result != RC_OK) {
        *step_out = turn->result == RC_NOT_FOUND ? imap_no_destination(im)
                                                 : imap_fail(im, turn->result, &turn->err);
        return false;
    }
    copy_done(im, run);
    return true;
}

/* "COPYUID 38505 304,319 3956:3957" (RFC 4315 section 3). NULL: nothing was copied, or it would
 * be longer than LIMIT_COPYUID (docs/protocol.md R-3). */
static char *
copyuid(struct imap_work *work, const struct copy_op *op)
{
    AUTO_BUF code = {0};

    if (op->count == 0)
        return NULL;
    buf_init(&code, (size_t)2 * LIMIT_COPYUID); /* the writer reserves more than it fills */
    buf_printf(&code, "COPYUID %u ", op->to_uidvalidity);
    struct numset_writer uids = numset_writer(&code);
    for (size_t i = 0; i < op->source_count && buf_ok(&code); i++)
        for (uint64_t uid = op->sources[i].first; uid <= op->sources[i].last; uid++)
            numset_writer_add(&uids, (uint32_t)uid);
    numset_writer_end(&uids);
    buf_put_char(&code, ' ');
    for (size_t i = 0; i < op->count; i++)
        numset_writer_add(&uids, op->first_uid + (uint32_t)i);
    numset_writer_end(&uids);
    if (!buf_ok(&code) || buf_len(&code) > LIMIT_COPYUID)
        return NULL;
    return arena_str(&work->arena, buf_span(&code));
}

enum imap_step
cmd_copy_run(struct imap_session *im, struct imap_work *work)
{
    const bool move = work->cmd.id == IMAP_CMD_MOVE || work->cmd.id == IMAP_CMD_UID_MOVE;
    enum imap_step step = STEP_DONE;

    if (work->run == NULL)
        return copy_begin(im, work, move);
    struct copy_run *run = work->run;
    if (!copy_go(im, run, &step))
        return step;
    if (run->removes && !remove_across_go(im, &run->removal, &step))
        return step;
    const char *code = copyuid(work, &run->op);
    if (!move)
        return imap_ok(work, code, "COPY completed");
    if (code != NULL) { /* before the EXPUNGEs: RFC 6851 section 4.3 */
        struct iw w = imap_line(im);
        iw_status_line(&w, SPAN(""), IW_OK, code, SPAN("Moved"));
    }
    return imap_ok(work, NULL, "MOVE completed");
}

/* SPDX-License-Identifier: MIT */
/*
 * APPEND and MULTIAPPEND (RFC 3501 section 6.3.11, RFC 3502, RFC 4315): the messages are
 * already in spools. They are scanned here, outside the turn, one in each slice; then one
 * transaction adds all of them or none.
 */
#include "imap/imap_session.h"
#include "mailbox/content/ingest.h"
#include "mailbox/write/ops.h"

struct append_run {
    struct append_op op;
    struct ingest *ingests;
    size_t prepared;
    bool ready; /* all are prepared, the request stands */
};

static enum imap_step
prepare_one(struct imap_session *im, struct append_run *run)
{
    struct imap_work *work = im->work;
    const struct imap_append_message *from = &work->cmd.u.append.messages[run->prepared];
    struct append_msg *to = &run->op.msgs[run->prepared];
    struct ingest *ingest = &run->ingests[run->prepared];
    struct span text = from->inline_octets;
    struct err err = {.rc = RC_OK};

    if (from->is_spooled) {
        const enum rc rc = spool_read(&work->spools[from->spool], &text, &err);
        if (rc != RC_OK)
            return imap_fail(im, rc, &err);
    }
    if (text.len == 0)
        return imap_no(work, "CANNOT", "A message cannot be empty");
    const enum rc rc = ingest_prepare(&work->arena, text, ingest, &err);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    *to = (struct append_msg){
        .ingest = ingest,
        .flags = from->flags.flags & MSG_SYSTEM_FLAGS,
        .keywords = from->flags.keywords,
        .keyword_count = from->flags.keyword_count,
        .internaldate_s = from->has_date ? from->date.epoch_s : clock_wall_s(im->s.env->clock),
        .internaldate_zone_min = from->has_date ? from->date.zone_minutes : 0,
    };
    run->op.turn.octets += text.len;
    run->prepared++;
    return STEP_MORE;
}

static enum imap_step
conclude(struct imap_session *im, struct append_run *run)
{
    struct append_op *op = &run->op;
    struct imap_work *work = im->work;
    AUTO_BUF code = {0};

    if (op->turn.result == RC_NOT_FOUND || op->turn.result == RC_GONE)
        return imap_no(work, "TRYCREATE", "No such mailbox");
    if (op->turn.result != RC_OK)
        return imap_fail(im, op->turn.result, &op->turn.err);
    im->s.counts.messages += (uint32_t)op->msg_count;
    buf_init(&code, 64 + op->msg_count * 12);
    buf_printf(&code, "APPENDUID %u ", op->uidvalidity);
    struct numset_writer uids = numset_writer(&code);
    for (size_t i = 0; i < op->msg_count; i++)
        numset_writer_add(&uids, op->msgs[i].added.uid);
    numset_writer_end(&uids);
    return imap_ok(work, imap_code(work, &code), "APPEND completed");
}

static struct append_run *
run_new(struct imap_session *im, struct imap_work *work)
{
    const struct imap_append_req *req = &work->cmd.u.append;
    struct append_run *run = arena_new(&work->arena, struct append_run);

    if (run == NULL)
        return NULL;
    append_op_init(&run->op, &work->arena, session_waker(&im->s));
    run->op.name = work->target.name;
    run->op.msg_count = req->message_count;
    run->op.msgs = arena_array(&work->arena, struct append_msg, req->message_count);
    run->ingests = arena_array(&work->arena, struct ingest, req->message_count);
    return run->op.msgs == NULL || run->ingests == NULL ? NULL : run;
}

enum imap_step
cmd_append_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_append_req *req = &work->cmd.u.append;
    struct append_run *run = work->run;
    enum imap_step step = STEP_DONE;

    if (run == NULL) {
        if (work->spool_rc != RC_OK)
            return imap_fail(im, work->spool_rc, NULL);
        if (!imap_target_find(im, &req->mailbox, RIGHT_INSERT, &work->target, &step))
            return step;
        work->run = run = run_new(im, work);
        if (run == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
    }
    if (run->prepared < req->message_count)
        return prepare_one(im, run);
    if (!imap_turn(im, work->target.acct, &run->op.turn, &step))
        return step;
    return conclude(im, run);
}

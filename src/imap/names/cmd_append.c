/* SPDX-License-Identifier: MIT */
/* APPEND and MULTIAPPEND (RFC 3501 section 6.3.11, RFC 3502, RFC 4315). See append.h. */
#include "imap/names/append.h"

/* The octets of the next message, from its spool; with CATENATE, they are assembled first.
 * False: *step_out is what the command returns. */
static bool
text_of(struct imap_session *im, struct imap_append_run *run,
        const struct imap_append_message *from, struct span *text_out, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};

    if (from->part_count > 0)
        return catenate_step(im, &run->cat, from, text_out, step_out);
    *text_out = from->inline_octets;
    if (!from->is_spooled)
        return true;
    const enum rc rc = spool_read(&im->work->spools[from->spool], text_out, &err);
    if (rc != RC_OK)
        *step_out = imap_fail(im, rc, &err);
    return rc == RC_OK;
}

static enum imap_step
prepare_one(struct imap_session *im, struct imap_append_run *run)
{
    struct imap_work *work = im->work;
    const struct imap_append_message *from = &work->cmd.u.append.messages[run->prepared];
    struct append_msg *to = &run->op.msgs[run->prepared];
    struct ingest *ingest = &run->ingests[run->prepared];
    enum imap_step step = STEP_DONE;
    struct span text;
    struct err err = {.rc = RC_OK};

    if (!text_of(im, run, from, &text, &step))
        return step;
    if (text.len == 0)
        return imap_no(work, "CANNOT", "A message cannot be empty");
    if (!catenate_allows(work, from->literal8, text, &step))
        return step;
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
    run->cat = (struct catenate){.begun = false};
    return STEP_MORE;
}

const char *
imap_appenduid(struct imap_work *work, const struct append_op *op)
{
    AUTO_BUF code = {0};

    buf_init(&code, 64 + op->msg_count * 12);
    buf_printf(&code, "APPENDUID %u ", op->uidvalidity);
    struct numset_writer uids = numset_writer(&code);
    for (size_t i = 0; i < op->msg_count; i++)
        numset_writer_add(&uids, op->msgs[i].added.uid);
    numset_writer_end(&uids);
    return imap_code(work, &code);
}

static struct imap_append_run *
run_new(struct imap_session *im, struct imap_work *work)
{
    const struct imap_append_req *req = &work->cmd.u.append;
    struct imap_append_run *run = arena_new(&work->arena, struct imap_append_run);

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
imap_append_begin(struct imap_session *im)
{
    struct imap_work *work = im->work;
    const struct imap_append_req *req = &work->cmd.u.append;
    const uint32_t limit = imap_save_limit(im);
    enum imap_step step = STEP_DONE;

    if (work->spool_rc != RC_OK)
        return imap_fail(im, work->spool_rc, NULL);
    if (req->message_count > limit)
        return imap_limit_refuse(im, limit, 0); /* RFC 9738 section 3.1 */
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step))
        return step;
    work->run = run_new(im, work);
    return work->run == NULL ? imap_fail(im, RC_LIMIT, NULL) : STEP_MORE;
}

enum imap_step
imap_append_step(struct imap_session *im, struct imap_append_run *run, bool *done_out)
{
    const struct append_op *op = &run->op;
    struct imap_work *work = im->work;
    enum imap_step step = STEP_DONE;

    if (run->prepared < op->msg_count)
        return prepare_one(im, run);
    if (!imap_turn(im, work->target.acct, &run->op.turn, &step))
        return step;
    if (op->turn.result == RC_OK)
        im->s.counts.messages += (uint32_t)op->msg_count;
    imap_note_own(im, op->mbox, op->msgs[0].added.uid, op->msg_count);
    *done_out = true;
    return STEP_DONE;
}

enum imap_step
cmd_append_run(struct imap_session *im, struct imap_work *work)
{
    struct imap_append_run *run = work->run;
    bool done = false;

    if (run == NULL)
        return imap_append_begin(im);
    const enum imap_step step = imap_append_step(im, run, &done);
    if (!done)
        return step;
    if (run->op.turn.result == RC_NOT_FOUND || run->op.turn.result == RC_GONE)
        return imap_no_destination(im);
    if (run->op.turn.result != RC_OK)
        return imap_fail(im, run->op.turn.result, &run->op.turn.err);
    return imap_ok(work, imap_appenduid(work, &run->op), "APPEND completed");
}

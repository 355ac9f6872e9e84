/* SPDX-License-Identifier: MIT */
/*
 * Commands on names: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 sections 6.3.3 to
 * 6.3.7, RFC 6154, RFC 8474 section 4.1). All are requests for the account's turn
 * (mailbox/names/names.h).
 */
#include "imap/names/cmd_names.h"
#include "mailbox/content/object_id.h"
#include "mailbox/sharing/acl_op.h"

static const struct {
    const char *code;
    const char *text;
} refusals[] = {
    [NAMES_ARE_INBOX] = {"CANNOT", "INBOX is always there"},
    [NAMES_EXIST] = {"ALREADYEXISTS", "A mailbox of that name exists already"},
    [NAMES_ARE_MISSING] = {"NONEXISTENT", "No such mailbox"},
    [NAMES_HAVE_CHILDREN] = {"HASCHILDREN", "There are mailboxes below that name"},
    [NAMES_INTO_THEMSELVES] = {"CANNOT", "A mailbox cannot be moved below itself"},
    [NAMES_TOO_LONG] = {"CANNOT", "A name would become too long or too deep"},
    [NAMES_TOO_MANY] = {"LIMIT", "There are too many mailboxes"},
    [NAMES_OVER_QUOTA] = {"OVERQUOTA", "The account may not have more mailboxes"},
    [NAMES_TOO_MANY_SUBSCRIBED] = {"LIMIT", "There are too many subscriptions"},
    [NAMES_USE_IMPOSSIBLE] = {"USEATTR", "A mailbox cannot have that special use"},
    [NAMES_USE_TAKEN] = {"USEATTR", "Another mailbox has that special use"},
    [NAMES_USE_UNKNOWN] = {"USEATTR", "That special use is not known"},
    [NAMES_METADATA_TOO_MANY] = {"METADATA TOOMANY", "There are too many entries"},
    [NAMES_METADATA_TOO_LARGE] = {"LIMIT", "The account's metadata would be too large"},
};

enum imap_step
imap_names_conclude(struct imap_session *im, const struct turn_req *req,
                    enum names_refusal refusal, const char *ok_text)
{
    if (req->result == RC_OK)
        return imap_ok(im->work, NULL, ok_text);
    if (refusal == NAMES_OVER_QUOTA)
        log_put(&im->s.log, LOG_E_OVER_QUOTA, "%s", req->err.text);
    if (refusal != NAMES_NOT_REFUSED)
        return imap_no(im->work, refusals[refusal].code, refusals[refusal].text);
    return imap_fail(im, req->result, &req->err);
}

static enum imap_step
created(struct imap_session *im, const struct names_create_op *op)
{
    const struct object_id id = object_id_of_mailbox(&op->object_id);
    struct imap_work *work = im->work;
    AUTO_BUF code = {0};

    if (!imap_shows(im, SPAN("OBJECTID")))
        return imap_ok(work, NULL, "CREATE completed");
    buf_init(&code, 128);
    buf_printf(&code, "MAILBOXID (%.*s)", SPAN_FMT(object_id_span(&id)));
    return imap_ok(work, imap_code(work, &code), "CREATE completed");
}

/* Makes the command's state at its first step. */
#define RUN_STATE(work, type) ((work)->run = arena_new(&(work)->arena, type))

enum imap_step
cmd_create_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_create_req *req = &work->cmd.u.create;
    struct names_create_op *op = work->run;
    enum imap_step step = STEP_DONE;

    if (op == NULL) {
        if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step))
            return step;
        if (req->unknown_use)
            return imap_no(work, "USEATTR", "That special use is not known");
        if (req->uses != 0 && work->target.is_guest)
            return imap_no(work, "USEATTR", "Special uses are the owner's matter");
        op = RUN_STATE(work, struct names_create_op);
        if (op == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        names_create_op_init(op, &work->arena, session_waker(&im->s));
        op->name = work->target.name;
        op->special_use = names_use_of_wire(req->uses);
    }
    if (!imap_turn(im, work->target.acct, &op->turn, &step))
        return step;
    if (op->turn.result == RC_OK)
        return created(im, op);
    return imap_names_conclude(im, &op->turn, op->refusal, "CREATE completed");
}

/* If the mailbox was shared, the index of who shares with whom is brought up to date
 * afterwards. */
struct delete_run {
    struct names_delete_op op;
    struct acl_settle_op settle;
    bool deleted;
};

enum imap_step
cmd_delete_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_mailbox_req *req = &work->cmd.u.mailbox;
    struct delete_run *run = work->run;
    enum imap_step step = STEP_DONE;

    if (run == NULL) {
        if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step))
            return step;
        run = RUN_STATE(work, struct delete_run);
        if (run == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        names_delete_op_init(&run->op, &work->arena, session_waker(&im->s));
        acl_settle_op_init(&run->settle, &work->arena, session_waker(&im->s));
        run->op.name = work->target.name;
    }
    if (!run->deleted && !imap_turn(im, work->target.acct, &run->op.turn, &step))
        return step;
    run->deleted = true;
    if (run->op.turn.result == RC_OK && run->op.was_shared &&
        !imap_turn_freely(im, work->target.acct, &run->settle.turn, &step))
        return step;
    return imap_names_conclude(im, &run->op.turn, run->op.refusal, "DELETE completed");
}

/* Both names must be in the same account, and the INBOX of another user cannot be renamed.
 * False: return *step_out. */
static bool
rename_find(struct imap_session *im, const struct imap_rename_req *req,
            struct imap_target *to_out, enum imap_step *step_out)
{
    struct imap_work *work = im->work;

    if (!imap_target_find(im, &req->from, work->row->named, &work->target, step_out) ||
        !imap_target_find(im, &req->to, RIGHT_CREATE, to_out, step_out))
        return false;
    if (work->target.acct != to_out->acct) {
        *step_out = imap_no(work, "CANNOT", "A mailbox cannot be moved to another account");
        return false;
    }
    if (work->target.is_guest && mbox_name_is_inbox(work->target.name)) {
        *step_out = imap_no(work, "NOPERM", "The INBOX of another user cannot be renamed");
        return false;
    }
    return true;
}

enum imap_step
cmd_rename_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_rename_req *req = &work->cmd.u.rename;
    struct names_rename_op *op = work->run;
    enum imap_step step = STEP_DONE;
    struct imap_target to;

    if (op == NULL) {
        if (!rename_find(im, req, &to, &step))
            return step;
        op = RUN_STATE(work, struct names_rename_op);
        if (op == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        names_rename_op_init(op, &work->arena, session_waker(&im->s));
        imap_permit_named(im, &work->target, &op->turn);
        imap_permit_named(im, &to, &op->turn);
        op->from = work->target.name;
        op->to = to.name;
    }
    if (!imap_turn(im, work->target.acct, &op->turn, &step))
        return step;
    return imap_names_conclude(im, &op->turn, op->refusal, "RENAME completed");
}

/* Subscriptions belong to the user, whoever owns the mailbox, and any name can be unsubscribed
 * (RFC 4314 section 4). False: return *step_out. */
static bool
subscribe_find(struct imap_session *im, const struct mbox_arg *mailbox, bool subscribe,
               enum imap_step *step_out)
{
    struct imap_work *work = im->work;

    if (subscribe)
        return imap_target_find(im, mailbox, work->row->named, &work->target, step_out);
    if (mailbox->invalid != NULL)
        *step_out = imap_no(work, "CANNOT", mailbox->invalid);
    return mailbox->invalid == NULL;
}

enum imap_step
cmd_subscribe_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_mailbox_req *req = &work->cmd.u.mailbox;
    const bool subscribe = work->cmd.id == IMAP_CMD_SUBSCRIBE;
    struct names_subscribe_op *op = work->run;
    enum imap_step step = STEP_DONE;

    if (op == NULL) {
        if (!subscribe_find(im, &req->mailbox, subscribe, &step))
            return step;
        op = RUN_STATE(work, struct names_subscribe_op);
        if (op == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        names_subscribe_op_init(op, session_waker(&im->s));
        op->name = req->mailbox.name;
        op->subscribe = subscribe;
    }
    if (!imap_turn(im, im->acct, &op->turn, &step))
        return step;
    return imap_names_conclude(im, &op->turn, op->refusal,
                               subscribe ? "SUBSCRIBE completed" : "UNSUBSCRIBE completed");
}

/* SPDX-License-Identifier: MIT */
/*
 * GETMETADATA and SETMETADATA (RFC 5464). The server's "/shared" entries are the
 * administrator's ([metadata] in roost.conf), its "/private" ones are kept in the account of
 * the user.
 */
#include "imap/metadata.h"
#include "imap/names/cmd_names.h"
#include "syntax/imap/metadata_name.h"

/* The mailbox or server whose metadata the command names. False: *step_out is the NO. */
static bool
target_find(struct imap_session *im, bool server, const struct mbox_arg *mailbox,
            enum imap_step *step_out)
{
    struct imap_target *target = &im->work->target;

    if (server) {
        *target = (struct imap_target){.acct = im->acct, .name = SPAN(""), .rights = 0};
        return true;
    }
    if (!imap_target_find(im, mailbox, RIGHT_LOOKUP, target, step_out))
        return false;
    target->needs_any = METADATA_RIGHTS;
    if (imap_metadata_permitted(target->rights))
        return true;
    *step_out = imap_no(im->work, "NOPERM", "Not permitted");
    return false;
}

/* ---- GETMETADATA ---- */

/* False: return *step_out. */
static bool
answer_begin(struct imap_session *im, struct store_tx *tx, enum imap_step *step_out)
{
    const struct imap_getmetadata_req *req = &im->work->cmd.u.getmetadata;
    const struct imap_target *target = &im->work->target;
    const struct metadata_ask ask = {
        .mailbox = req->server ? SPAN("") : req->mailbox.name,
        .entries = &req->entries,
        .depth = req->depth,
        .max_octets = req->has_max_octets ? req->max_octets : UINT64_MAX,
        .user = imap_metadata_user(im, target->acct),
        .arena = &im->work->arena,
    };
    struct arena *arena = &im->work->arena;
    struct metadata_answer *answer = arena_new(arena, struct metadata_answer);
    struct mbox_row *row = arena_new(arena, struct mbox_row);
    struct err err = {.rc = RC_OK};
    enum rc rc = answer == NULL || row == NULL ? RC_LIMIT : RC_OK;

    if (rc == RC_OK && !req->server)
        rc = imap_target_row(target, tx, arena, row, &err);
    if (rc == RC_OK)
        rc = imap_metadata_find(im, tx, req->server ? NULL : row, &ask, answer, &err);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    im->work->run = answer;
    return true;
}

static enum imap_step
got(struct imap_work *work, const struct metadata_answer *answer)
{
    AUTO_BUF code = {0};

    if (answer->longest == 0)
        return imap_ok(work, NULL, "GETMETADATA completed");
    buf_init(&code, 64);
    buf_printf(&code, "METADATA LONGENTRIES %ju", (uintmax_t)answer->longest);
    return imap_ok(work, imap_code(work, &code), "GETMETADATA completed");
}

enum imap_step
cmd_getmetadata_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_getmetadata_req *req = &work->cmd.u.getmetadata;
    enum imap_step step = STEP_DONE;
    struct err err = {.rc = RC_OK};
    enum rc rc;
    AUTO_TX tx = NULL;

    /* Checked before each piece, because the right may be taken away while the client reads
     * slowly. */
    if (!target_find(im, req->server, &req->mailbox, &step) ||
        !imap_read_begin(im, work->target.acct, &tx, &step))
        return step;
    if (work->run == NULL && !answer_begin(im, tx, &step))
        return step;
    step = imap_metadata_write(im, tx, work->run, &rc, &err);
    if (step != STEP_DONE)
        return step;
    return rc == RC_OK ? got(work, work->run) : imap_fail(im, rc, &err);
}

/* ---- SETMETADATA ---- */

const char *
imap_metadata_maxsize(struct imap_work *work)
{
    AUTO_BUF code = {0};

    buf_init(&code, 64);
    buf_printf(&code, "METADATA MAXSIZE %u", LIMIT_METADATA_VALUE);
    return imap_code(work, &code);
}

/* Checks what can be checked before anything is tried. STEP_MORE: nothing is wrong. */
static enum imap_step
refuse(struct imap_work *work, const struct imap_setmetadata_req *req)
{
    for (size_t i = 0; i < req->pair_count; i++) {
        const struct imap_metadata_pair *pair = &req->pairs[i];
        if (req->server && !metadata_name_is_private(pair->name))
            return imap_no(work, "NOPERM", "Only an administrator can change that entry");
        if (pair->value.len > LIMIT_METADATA_VALUE)
            return imap_no(work, imap_metadata_maxsize(work), "The value is too large");
    }
    return STEP_MORE;
}

/* Only the right to write lets another user change what all users read (docs/protocol.md K-9).
 * False: return *step_out. */
static bool
may_set(struct imap_work *work, const struct imap_setmetadata_req *req,
        enum imap_step *step_out)
{
    for (size_t i = 0; work->target.is_guest && i < req->pair_count; i++)
        if (!metadata_name_is_private(req->pairs[i].name))
            work->target.needs |= RIGHT_WRITE;
    if ((work->target.rights & work->target.needs) == work->target.needs)
        return true;
    *step_out = imap_no(work, "NOPERM", "Not permitted");
    return false;
}

static struct metadata_set_op *
op_new(struct imap_session *im)
{
    const struct imap_setmetadata_req *req = &im->work->cmd.u.setmetadata;
    struct metadata_set_op *op = arena_new(&im->work->arena, struct metadata_set_op);

    if (op == NULL)
        return NULL;
    metadata_set_op_init(op, &im->work->arena, session_waker(&im->s));
    op->mailbox = im->work->target.name;
    op->user = imap_metadata_user(im, im->work->target.acct);
    op->pairs = req->pairs;
    op->pair_count = req->pair_count;
    for (size_t i = 0; i < req->pair_count; i++)
        op->turn.octets += req->pairs[i].value.len;
    return op;
}

enum imap_step
cmd_setmetadata_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_setmetadata_req *req = &work->cmd.u.setmetadata;
    struct metadata_set_op *op = work->run;
    enum imap_step step = STEP_DONE;

    if (op == NULL) {
        if (!target_find(im, req->server, &req->mailbox, &step) || !may_set(work, req, &step))
            return step;
        step = refuse(work, req);
        if (step != STEP_MORE)
            return step;
        op = op_new(im);
        if (op == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        work->run = op;
    }
    if (!imap_turn(im, work->target.acct, &op->turn, &step))
        return step;
    if (op->turn.result == RC_OK)
        work->own_metadata = op->modseq;
    return imap_names_conclude(im, &op->turn, op->refusal, "SETMETADATA completed");
}

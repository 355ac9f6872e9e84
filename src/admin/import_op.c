/* SPDX-License-Identifier: MIT */
/* See the header. Runs in the turn, on whichever thread holds it. */
#include "admin/import_op.h"

#include "mailbox/names/names.h"
#include "syntax/imap/mbox_name.h"

static enum rc
import_one(struct turn_ctx *ctx, struct import_op *op, uint64_t mbox, struct import_msg *msg,
           struct err *err)
{
    static const struct quota_amounts nothing;
    struct entry added;
    bool seen = false;

    enum rc rc = store_import_seen(ctx->tx, mbox, msg->digest, &seen, err);
    if (rc != RC_OK)
        return rc;
    if (seen) {
        op->skipped++;
        return RC_OK;
    }
    msg->as.mbox = mbox;
    rc = ingest_apply(ctx, &msg->ingest, &msg->as, &nothing, &added, err);
    if (rc == RC_OK)
        rc = store_import_mark(ctx->tx, mbox, msg->digest, err);
    if (rc == RC_OK)
        op->added++;
    return rc;
}

/* Makes the mailbox and missing ones above it, and subscribes all of them, because clients
 * show no others. */
static enum rc
mailbox_make(struct turn_ctx *ctx, struct import_op *op, uint64_t *mbox_out, struct err *err)
{
    enum names_refusal refusal = NAMES_NOT_REFUSED;
    struct mbox_row row;
    size_t missing = 1;
    enum rc rc = RC_NOT_FOUND;

    for (struct span name = mbox_name_parent(op->mailbox); name.len > 0;
         name = mbox_name_parent(name)) {
        rc = store_mbox_find(ctx->tx, name, op->arena, &row, err);
        if (rc == RC_OK)
            break;
        if (rc != RC_NOT_FOUND)
            return rc;
        missing++;
    }
    rc = names_create(ctx, op->arena, op->mailbox, mbox_out, &refusal, err);
    for (struct span name = op->mailbox; rc == RC_OK && missing > 0;
         name = mbox_name_parent(name), missing--)
        rc = store_subscribe(ctx->tx, name, err);
    op->made = rc == RC_OK;
    return rc;
}

static enum rc
apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct import_op *op = CONTAINER_OF(req, struct import_op, turn);
    struct mbox_row row;

    op->added = op->skipped = 0;
    enum rc rc = store_mbox_find(ctx->tx, op->mailbox, op->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        rc = mailbox_make(ctx, op, &row.id, err);
    for (size_t i = 0; rc == RC_OK && i < op->count; i++)
        rc = import_one(ctx, op, row.id, &op->msgs[i], err);
    return rc;
}

void
import_op_init(struct import_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct import_op){.arena = arena};
    turn_req_init(&op->turn, apply, 0, wake);
}

enum rc
import_op_look(struct import_op *op, struct store_tx *tx, struct err *err)
{
    struct mbox_row row;

    enum rc rc = store_mbox_find(tx, op->mailbox, op->arena, &row, err);
    op->made = rc == RC_NOT_FOUND;
    if (op->made)
        rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < op->count; i++) {
        bool seen = op->msgs[i].is_repeated;
        if (!seen && !op->made)
            rc = store_import_seen(tx, row.id, op->msgs[i].digest, &seen, err);
        op->skipped += seen;
        op->added += !seen;
    }
    return rc;
}

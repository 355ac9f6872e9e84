/* SPDX-License-Identifier: MIT */
/* See the header. Runs in the turn, on whichever thread holds it. */
#include "admin/import_op.h"

#include "mailbox/names/names.h"

static enum rc
import_one(struct turn_ctx *ctx, struct import_op *op, uint64_t mbox, struct import_msg *msg,
           struct err *err)
{
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
    rc = ingest_apply(ctx, &msg->ingest, &msg->as, &added, err);
    if (rc == RC_OK)
        rc = store_import_mark(ctx->tx, mbox, msg->digest, err);
    if (rc == RC_OK)
        op->added++;
    return rc;
}

static enum rc
apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct import_op *op = CONTAINER_OF(req, struct import_op, turn);
    enum names_refusal refusal = NAMES_NOT_REFUSED;
    struct mbox_row row;

    op->added = op->skipped = 0;
    enum rc rc = store_mbox_find(ctx->tx, op->mailbox, op->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        rc = names_create(ctx, op->arena, op->mailbox, &row.id, &refusal, err);
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

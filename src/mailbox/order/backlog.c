/* SPDX-License-Identifier: MIT */
/* A step is one transaction: keys of some messages, and the mark how far it has come. */
#include "mailbox/order/backlog.h"

#include "mailbox/order/keys_read.h"

enum { IDS_AT_ONCE = 128, OCTETS_USUAL = IDS_AT_ONCE * 4096 };

enum rc
backlog_is_due(struct store_tx *tx, bool *due_out, struct err *err)
{
    uint64_t next, before;

    const enum rc rc = store_keys_backlog(tx, &next, &before, err);
    if (rc == RC_OK)
        *due_out = next < before;
    return rc;
}

static enum rc
one(struct keys_reader *reader, struct buf *packed, struct store_tx *tx, uint64_t message,
    struct err *err)
{
    struct keys keys;

    const enum rc rc = keys_read_header(reader, tx, message, KEYS_ALL, &keys, err);
    if (rc == RC_NOT_FOUND)
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    buf_clear(packed);
    keys_pack(packed, &keys);
    return buf_ok(packed) ? store_keys_put(tx, message, buf_span(packed), err) : RC_OK;
}

static enum rc
backlog_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct backlog_op *op = CONTAINER_OF(req, struct backlog_op, turn);
    struct keys_reader reader;
    AUTO_BUF packed = {0};
    uint64_t next, before;

    enum rc rc = store_keys_backlog(ctx->tx, &next, &before, err);
    if (rc != RC_OK || next >= before)
        return rc;
    keys_reader_init(&reader);
    buf_init(&packed, KEYS_PACKED_MAX);
    const uint64_t past = before - next > IDS_AT_ONCE ? next + IDS_AT_ONCE : before;
    for (; rc == RC_OK && next < past; next++)
        rc = one(&reader, &packed, ctx->tx, next, err);
    keys_reader_done(&reader);
    if (rc == RC_OK)
        rc = store_keys_advance(ctx->tx, next, err);
    op->more = rc == RC_OK && next < before;
    return rc;
}

void
backlog_op_init(struct backlog_op *op, struct wake wake)
{
    *op = (struct backlog_op){.more = false};
    turn_req_init(&op->turn, backlog_apply, OCTETS_USUAL, wake);
}

/* SPDX-License-Identifier: MIT */
/* A step is one transaction: what some messages lacked, and the mark how far it has come. */
#include "mailbox/order/backlog.h"

#include "mailbox/order/keys_read.h"

enum {
    OCTETS_USUAL = BACKLOG_MESSAGES * 4096,
    TEXT_OCTETS = 16 << 20, /* of text in one step, except for a single message */
    ARENA_OCTETS = 64 << 20,
};

enum rc
backlog_is_due(struct store_tx *tx, bool *due_out, struct err *err)
{
    uint64_t next, before;

    const enum rc rc = store_backlog(tx, &next, &before, err);
    if (rc == RC_OK)
        *due_out = next < before;
    return rc;
}

/* What a step reads with. */
struct reader {
    struct keys_reader keys;
    struct digest_reader digest;
    struct buf packed;
    uint64_t text_octets; /* read so far */
};

/* The row's keys, or new ones, as they are stored. The row is not good any more if they are
 * new. */
static enum rc
keys_of(struct reader *reader, struct store_tx *tx, uint64_t message,
        const struct message_row *row, bool *are_new_out, struct err *err)
{
    struct keys keys;

    buf_clear(&reader->packed);
    *are_new_out = false;
    if (keys_unpack(&reader->keys.maker, row->keys, row->message_id, &keys)) {
        buf_put_span(&reader->packed, row->keys);
    } else {
        const enum rc rc = keys_read_header(&reader->keys, tx, message, KEYS_ALL, &keys, err);
        if (rc != RC_OK)
            return rc;
        keys_pack(&reader->packed, &keys);
        *are_new_out = true;
    }
    return buf_ok(&reader->packed) ? RC_OK : err_set(err, RC_LIMIT, 0, "sort keys");
}

/* RC_NOT_FOUND: it lacks nothing, or is gone. */
static enum rc
make(struct reader *reader, struct store_tx *tx, uint64_t message, struct backlog_op *op,
     struct err *err)
{
    struct backlog_made *made = &op->made[op->count];
    struct message_row row;
    bool are_new = false;

    enum rc rc = store_message_read(tx, message, MESSAGE_KEYS, &row, err);
    if (rc != RC_OK)
        return rc;
    const bool has_digest = row.digest.len == sizeof made->digest.octets;
    reader->text_octets += has_digest ? 0 : row.octets;
    if (has_digest)
        memcpy(made->digest.octets, row.digest.ptr, row.digest.len);
    rc = keys_of(reader, tx, message, &row, &are_new, err);
    if (rc != RC_OK)
        return rc;
    if (has_digest && !are_new)
        return RC_NOT_FOUND;
    while (!has_digest &&
           (rc = digest_read(&reader->digest, tx, message, &made->digest, err)) == RC_AGAIN)
        continue;
    if (rc != RC_OK)
        return rc;
    made->message = message;
    made->keys = arena_span(&op->arena, buf_span(&reader->packed));
    if (made->keys.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "sort keys");
    op->count++;
    return RC_OK;
}

enum rc
backlog_op_prepare(struct backlog_op *op, struct store_tx *tx, struct err *err)
{
    struct reader reader = {.text_octets = 0};
    uint64_t next, before;

    enum rc rc = store_backlog(tx, &next, &before, err);
    if (rc != RC_OK)
        return rc;
    keys_reader_init(&reader.keys);
    buf_init(&reader.packed, KEYS_PACKED_MAX);
    const uint64_t past = before - next > BACKLOG_MESSAGES ? next + BACKLOG_MESSAGES : before;
    while (rc == RC_OK && next < past && reader.text_octets < TEXT_OCTETS) {
        rc = make(&reader, tx, next++, op, err);
        if (rc == RC_CORRUPT)
            op->damaged++;
        if (rc == RC_NOT_FOUND || rc == RC_CORRUPT)
            rc = RC_OK;
    }
    keys_reader_done(&reader.keys);
    digest_reader_done(&reader.digest);
    buf_done(&reader.packed);
    op->next = next;
    op->more = rc == RC_OK && next < before;
    return rc;
}

static enum rc
backlog_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct backlog_op *op = CONTAINER_OF(req, struct backlog_op, turn);
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < op->count; i++) {
        const struct message_late late = {op->made[i].keys, digest_span(&op->made[i].digest)};
        rc = store_backlog_put(ctx->tx, op->made[i].message, &late, err);
    }
    return rc == RC_OK ? store_backlog_advance(ctx->tx, op->next, err) : rc;
}

void
backlog_op_init(struct backlog_op *op, struct wake wake)
{
    *op = (struct backlog_op){.more = false};
    arena_init(&op->arena, ARENA_OCTETS);
    turn_req_init(&op->turn, backlog_apply, OCTETS_USUAL, wake);
}

void
backlog_op_done(struct backlog_op *op)
{
    arena_done(&op->arena);
}

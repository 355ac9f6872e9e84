/* SPDX-License-Identifier: MIT */
/* Accounts wait in a few places that are taken and emptied without a lock. */
#include "mailbox/order/fill.h"

#include "mailbox/account_private.h"
#include "mailbox/order/keys_read.h"

enum {
    OCTETS_USUAL = FILL_BLOCKS * 65536,
    ARENA_OCTETS = FILL_BLOCKS * LIMIT_SORT_COLUMNS * (LIMIT_SORT_COLUMN_OCTETS + 64),
};

void
fill_ask(struct account *acct)
{
    struct accounts *accounts = acct->accounts;

    for (size_t i = 0; i < LIMIT_FILLS_WAITING; i++)
        if (atomic_load(&accounts->fills[i]) == acct->id)
            return;
    for (size_t i = 0; i < LIMIT_FILLS_WAITING; i++) {
        uint_fast64_t none = 0;
        if (atomic_compare_exchange_strong(&accounts->fills[i], &none, acct->id))
            return;
    }
}

bool
fill_next(struct accounts *accounts, uint64_t *account_id_out)
{
    for (size_t i = 0; i < LIMIT_FILLS_WAITING; i++) {
        const uint64_t id = atomic_exchange(&accounts->fills[i], 0);
        if (id != 0) {
            *account_id_out = id;
            return true;
        }
    }
    return false;
}

void
fill_op_done(struct fill_op *op)
{
    arena_done(&op->arena);
}

/* ---- making ---- */

struct filler {
    struct keys_reader keys;
    struct block_maker maker;
};

/* The keys of a message. RC_NOT_FOUND: there is none with this id. */
static enum rc
message_keys(struct filler *filler, struct store_tx *tx, uint64_t message, struct keys *out,
             struct err *err)
{
    struct message_row row;

    if (message == 0) /* ids begin with 1 */
        return RC_NOT_FOUND;
    const enum rc rc = store_message_read(tx, message, MESSAGE_KEYS, &row, err);
    return rc == RC_OK ? keys_read(&filler->keys, tx, message, KEYS_ALL, out, err) : rc;
}

/* Adds all messages. *whole_out: false if one is damaged, or they are too large for a block;
 * then they are only counted. */
static enum rc
messages_add(struct filler *filler, struct store_tx *tx, uint64_t number, bool *whole_out,
             struct err *err)
{
    bool whole = true;

    for (uint64_t i = 0; i < LIMIT_SORT_BLOCK; i++) {
        struct keys keys;
        const enum rc rc = message_keys(filler, tx, number * LIMIT_SORT_BLOCK + i, &keys, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND && rc != RC_CORRUPT)
            return rc;
        whole &= rc != RC_CORRUPT;
        if (whole)
            whole = block_add(&filler->maker, rc == RC_OK ? &keys : NULL) == RC_OK;
        else if (rc != RC_NOT_FOUND)
            filler->maker.messages++;
    }
    *whole_out = whole;
    return RC_OK;
}

/* Messages that cannot be in a block are read one by one when they are asked for. */
static enum rc
block_make(struct filler *filler, struct store_tx *tx, uint64_t number, struct sort_block *out,
           struct err *err)
{
    bool whole = true;

    block_begin(&filler->maker);
    const enum rc rc = messages_add(filler, tx, number, &whole, err);
    if (rc != RC_OK || (whole && block_end(&filler->maker, out) == RC_OK))
        return rc;
    return block_end_empty(&filler->maker, out);
}

static enum rc
block_keep(struct fill_op *op, uint64_t number, const struct sort_block *block, struct err *err)
{
    struct fill_made *made = &op->made[op->count];

    made->number = number;
    made->block = *block;
    for (unsigned i = 0; i < LIMIT_SORT_COLUMNS; i++) {
        made->block.columns[i] = arena_span(&op->arena, block->columns[i]);
        if (made->block.columns[i].ptr == NULL)
            return err_set(err, RC_LIMIT, 0, "sort blocks");
    }
    op->count++;
    return RC_OK;
}

enum rc
fill_op_prepare(struct fill_op *op, struct store_tx *tx, struct err *err)
{
    struct filler filler;
    enum rc rc = RC_OK;

    keys_reader_init(&filler.keys);
    block_maker_init(&filler.maker);
    while (rc == RC_OK && op->count < FILL_BLOCKS) {
        struct sort_block block;
        uint64_t number = 0;
        rc = store_sort_block_lacking(tx, op->next, BLOCK_FORM, &number, err);
        if (rc == RC_OK)
            rc = block_make(&filler, tx, number, &block, err);
        if (rc == RC_OK)
            rc = block_keep(op, number, &block, err);
        if (rc == RC_OK)
            op->next = number + 1;
    }
    keys_reader_done(&filler.keys);
    block_maker_done(&filler.maker);
    op->more = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
fill_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct fill_op *op = CONTAINER_OF(req, struct fill_op, turn);
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < op->count; i++) {
        rc = store_sort_block_put(ctx->tx, op->made[i].number, &op->made[i].block, err);
        if (rc == RC_NOT_FOUND) /* some of it was purged meanwhile; another time */
            rc = RC_OK;
    }
    return rc;
}

void
fill_op_init(struct fill_op *op, struct wake wake)
{
    *op = (struct fill_op){.more = false};
    arena_init(&op->arena, ARENA_OCTETS);
    turn_req_init(&op->turn, fill_apply, OCTETS_USUAL, wake);
}

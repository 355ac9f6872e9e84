/* SPDX-License-Identifier: MIT */
/*
 * Keys of stored messages from sort blocks, for a command that asks for messages in an order
 * that is mostly that of their ids. One block is open at a time. Thread: the transaction's.
 */
#ifndef MAILBOX_ORDER_BLOCK_READ_H
#define MAILBOX_ORDER_BLOCK_READ_H

#include "base/arena.h"
#include "mailbox/order/block.h"

struct block_reader {
    /* NULL: not wanted. In the arena, except for their buffers */
    struct block *blocks[BLOCK_COLUMNS];
    /* of each text of the open block, the number that the command gave it; BLOCK_NONE: none yet
     */
    struct buf known[BLOCK_COLUMNS];
    uint64_t open;    /* number of the block; UINT64_MAX: none */
    uint64_t absent;  /* the last one that was not there */
    uint64_t lacking; /* messages that were asked for, and whose block was not there */
    bool is_dense;    /* the command asks for most messages of the open block */
};

/** columns: bits 1 << enum block_column. RC_LIMIT: arena. */
MUST_USE enum rc block_reader_init(struct block_reader *reader, struct arena *arena,
                                   unsigned columns);
void block_reader_done(struct block_reader *reader);
/** Octets of memory in use, without the arena. */
size_t block_reader_octets(const struct block_reader *reader);

static inline bool
block_reader_has(const struct block_reader *reader, uint64_t message)
{
    return reader->open == message / LIMIT_SORT_BLOCK;
}
/**
 * Opens the block of the first of these messages, which will be asked for one after the other,
 * if that pays. RC_NOT_FOUND: there is none, or too few of the messages are in it; read the
 * message itself. Waits for disk.
 */
MUST_USE enum rc block_reader_open(struct block_reader *reader, struct store_tx *tx,
                                   const uint64_t *messages, uint32_t count, struct err *err);
/** Where the command keeps its number of this text of the open block. */
static inline uint32_t *
block_reader_known(const struct block_reader *reader, unsigned column, uint32_t text)
{
    return &((uint32_t *)(void *)reader->known[column].data)[text];
}

#endif

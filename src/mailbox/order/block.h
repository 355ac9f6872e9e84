/* SPDX-License-Identifier: MIT */
/*
 * Sort blocks (store_sort_block_read): the keys of LIMIT_SORT_BLOCK messages in one piece, by
 * columns. A text that several messages of a block have is in it once, and so is a Message-ID
 * that several of them refer to. Pure. Thread: any.
 */
#ifndef MAILBOX_ORDER_BLOCK_H
#define MAILBOX_ORDER_BLOCK_H

#include "base/limits.h"
#include "mailbox/order/keys.h"
#include "mailbox/order/texts.h"
#include "store/store.h"

enum block_column {
    BLOCK_DATES, /* and which of the messages there are, and which are replies */
    BLOCK_TEXTS, /* + enum keys_text */
    BLOCK_IDS = BLOCK_TEXTS + KEYS_TEXTS, /* Message-IDs and references */
    BLOCK_COLUMNS,
};
_Static_assert(BLOCK_COLUMNS == (int)LIMIT_SORT_COLUMNS, "a row for each column");

/* The first octet of every column. Others are as good as absent. */
enum { BLOCK_FORM = 1 << 4 | CASEMAP_VERSION };

/* ---- making ---- */

struct block_maker {
    struct buf columns[BLOCK_COLUMNS];
    struct buf rows[BLOCK_COLUMNS];    /* what the messages have of the texts */
    struct texts texts[BLOCK_COLUMNS]; /* not in BLOCK_DATES */
    uint32_t messages;
};

void block_maker_init(struct block_maker *maker);
void block_maker_done(struct block_maker *maker);
/** Begins a block. */
void block_begin(struct block_maker *maker);
/** The next message, in the order of ids; NULL: there is none with this id. RC_LIMIT: memory,
 * or a column gets too large; only block_end_empty makes sense then. */
MUST_USE enum rc block_add(struct block_maker *maker, const struct keys *keys);
/** After LIMIT_SORT_BLOCK messages. *out borrows from maker. RC_LIMIT as above. */
MUST_USE enum rc block_end(struct block_maker *maker, struct sort_block *out);
/** A block that holds nothing, instead of one that got too large. */
MUST_USE enum rc block_end_empty(struct block_maker *maker, struct sort_block *out);

/* ---- reading ---- */

/* A column, taken apart. All zeros: none. */
struct block {
    struct buf data; /* octets as stored: the caller puts them here */
    /* BLOCK_DATES */
    uint8_t bits[LIMIT_SORT_BLOCK];
    int64_t sent_s[LIMIT_SORT_BLOCK];
    /* other columns */
    uint32_t text_count;
    struct buf texts; /* struct span each, which borrow from data */
    struct buf refs;  /* BLOCK_IDS: uint32_t each, numbers of texts */
    /* Of a text column, the number of the message's text. In BLOCK_IDS, where its own id is in
     * refs; there is BLOCK_NONE if it has none. Its references follow. */
    uint32_t first[LIMIT_SORT_BLOCK + 1];
};
enum { BLOCK_NONE = UINT32_MAX };
enum { BLOCK_BIT_EXISTS = 1, BLOCK_BIT_REPLY = 2, BLOCK_BIT_DATE = 4 };

void block_init(struct block *block);
void block_done(struct block *block);
/** Octets of memory in use. */
size_t block_octets(const struct block *block);
/** Takes block->data apart. False: it is damaged, of another form, or holds nothing, or there
 * is no memory. */
MUST_USE bool block_open(struct block *block, enum block_column column);

static inline struct span
block_text(const struct block *block, uint32_t number)
{
    return ((const struct span *)(const void *)block->texts.data)[number];
}
static inline const uint32_t *
block_refs(const struct block *block)
{
    return (const uint32_t *)(const void *)block->refs.data;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the parts of an order share: order.c puts messages in order, and order_read.c reads
 * their keys before that.
 */
#ifndef MAILBOX_ORDER_ORDER_PRIVATE_H
#define MAILBOX_ORDER_ORDER_PRIVATE_H

#include "mailbox/order/block_read.h"
#include "mailbox/order/keys_read.h"
#include "mailbox/order/order.h"
#include "mailbox/order/radix.h"
#include "mailbox/order/rank.h"
#include "mailbox/order/texts.h"

enum { ORDER_STEPS_PER_LOOK = 4096 }; /* at the clock: some 100 microseconds */

enum order_stage {
    ORDER_READING,
    ORDER_RANKING,
    ORDER_NUMBERING,
    ORDER_FILLING,
    ORDER_SORTING,
    ORDER_THREADING,
    ORDER_COMPLETE,
};

/* Where a criterion's value comes from. */
enum order_source { FROM_MEMORY, FROM_DATE, FROM_TEXT };

struct order_row {
    enum order_source source;
    enum keys_text text;
};

struct order_column {
    enum imap_sort_key key;
    struct order_row row;
    bool reverse;
    int64_t *values; /* of each message; of a text its number, then its rank */
};

struct order {
    struct view *view;
    const struct search *found;
    const struct imap_search_req *how;
    enum order_stage stage;
    bool reads_rows;
    unsigned wanted; /* texts, for keys_make */

    uint32_t count;
    uint32_t at;         /* messages read, or how far another stage has come */
    uint32_t pos;        /* for search_next_run */
    struct view_run run; /* what is left of it; first > last: nothing */

    struct keys_reader keys;
    struct block_reader blocks;
    struct threads threads;

    uint32_t *numbers; /* of each message, in the order of the mailbox */
    struct order_column columns[IMAP_SORT_KEYS];
    size_t column_count;
    struct texts texts;
    struct buf ranking; /* struct rank_item of each text */
    struct buf ranks;   /* uint32_t of each text */
    struct rank rank;
    size_t column; /* SORTING: columns that are still to be sorted by */
    struct radix radix;
    uint32_t *items; /* for SORTING; the result */
};

struct order_slice {
    const struct clock *clock;
    int64_t deadline_us;
};

static inline bool
order_time_is_up(const struct order_slice *slice)
{
    return clock_mono_us(slice->clock) >= slice->deadline_us;
}

static inline bool
order_reads_store(const struct order *order)
{
    return order->stage == ORDER_READING && order->reads_rows;
}

/* As order_octets. */
static inline size_t
order_memory(const struct order *order)
{
    return threads_octets(&order->threads) + texts_octets(&order->texts) + order->ranking.cap +
           order->ranks.cap + block_reader_octets(&order->blocks);
}

/** READING, until all were read (RC_OK) or as order_slice says. */
MUST_USE enum rc order_read(struct order *order, struct store_tx *tx,
                            const struct order_slice *slice, struct err *err);

#endif

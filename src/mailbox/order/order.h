/* SPDX-License-Identifier: MIT */
/*
 * What SORT and THREAD do with the messages that a search found: their keys are read, in
 * slices, and they are put in order.
 *
 *   order_new(&arena, view, &req, &order)       the search is over
 *   each slice:
 *       [tx: a read snapshot, when order_needs_store(order)]
 *       order_slice(order, tx, clock, deadline)   RC_AGAIN: not finished
 *   order_number(order, 0 .. search_count - 1), or order_threads
 *   order_done(order)
 *
 * Texts become numbers: each different text is kept once, the texts are sorted, and messages
 * are compared by the ranks of their texts. So memory and time depend on how many subjects and
 * senders there are.
 *
 * Thread: the session.
 */
#ifndef MAILBOX_ORDER_ORDER_H
#define MAILBOX_ORDER_ORDER_H

#include "mailbox/search/search.h"
#include "mailbox/order/threads.h"

struct order;

struct order_req {
    const struct search *found;        /* borrowed until done */
    const struct imap_search_req *how; /* SORT or THREAD; borrowed until done */
};

/** RC_LIMIT: arena. */
MUST_USE enum rc order_new(struct arena *arena, struct view *view, const struct order_req *req,
                           struct order **out);
/** Frees what is not in the arena; NULL is allowed. */
void order_done(struct order *order);

/** False: tx may be NULL. To be called before each slice. */
bool order_needs_store(const struct order *order);
/** Whether many messages were read one by one because there are no sort blocks of them, so that
 * fill_ask (fill.h) is worth while. */
bool order_lacks_blocks(const struct order *order);
/**
 * Goes on until all is in order (RC_OK) or the deadline, in clock_mono_us, has passed
 * (RC_AGAIN). With tx NULL RC_AGAIN may also mean that a snapshot is needed: order_needs_store
 * then says so. RC_LIMIT: more than LIMIT_ORDER_OCTETS of memory. Waits for disk.
 */
MUST_USE enum rc order_slice(struct order *order, struct store_tx *tx,
                             const struct clock *clock, int64_t deadline_us, struct err *err);

/** Octets of memory in use, without the arena. */
size_t order_octets(const struct order *order);

/* The result, when order_slice returned RC_OK. */
/** SORT: the sequence number or UID at this place. */
uint32_t order_number(const struct order *order, uint32_t place);
/** SORT: the search_score of the message at this place. */
unsigned order_score(const struct order *order, uint32_t place);
/** THREAD: for threads_next. */
struct threads *order_threads(struct order *order);

#endif

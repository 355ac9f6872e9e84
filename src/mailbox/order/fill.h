/* SPDX-License-Identifier: MIT */
/*
 * Making the sort blocks that an account lacks (block.h), in the background, after a SORT or
 * THREAD had to do without. Accounts that nobody sorts have none. Messages never change, so
 * they are read before the turn is asked for.
 *
 *     fill_ask(acct)                       who sorts
 *     fill_next(accounts, &account_id)     the background
 *     fill_op_init(&op, wake)
 *     tx: fill_op_prepare(&op, tx)
 *     turn_run_wait(acct, &op.turn, ...)   if there is something to be written
 *     fill_op_done(&op)
 *
 * Thread: any that may wait; fill_ask and fill_next: any.
 */
#ifndef MAILBOX_ORDER_FILL_H
#define MAILBOX_ORDER_FILL_H

#include "mailbox/memory/account.h"
#include "mailbox/order/block.h"
#include "mailbox/write/turn.h"

/** The account lacks blocks. Does nothing when LIMIT_FILLS_WAITING accounts wait already; the
 *  next command asks again. */
void fill_ask(struct account *acct);
/** An account that was asked for; it does not wait any more. False: there is none. */
MUST_USE bool fill_next(struct accounts *accounts, uint64_t *account_id_out);

enum { FILL_BLOCKS = 4 }; /* in one step: some 250 KB are written */

struct fill_op {
    struct turn_req turn;
    uint64_t next; /* the next block to look for; 0 at the start, and kept for the next step */
    bool more;     /* out: run another one */
    /* Of prepare. */
    struct arena arena;
    struct fill_made {
        uint64_t number;
        struct sort_block block; /* in arena */
    } made[FILL_BLOCKS];
    size_t count;
};

void fill_op_init(struct fill_op *op, struct wake wake);
void fill_op_done(struct fill_op *op);
/** Makes the next blocks. tx: a snapshot, held as long as it takes to read their messages. */
MUST_USE enum rc fill_op_prepare(struct fill_op *op, struct store_tx *tx, struct err *err);

#endif

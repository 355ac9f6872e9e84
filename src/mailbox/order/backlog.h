/* SPDX-License-Identifier: MIT */
/*
 * What messages lack that came before the store kept it: keys for SORT and THREAD, the digest
 * of the text (store_backlog). Both are made in the background, one bounded step at a time, and
 * until then whenever somebody asks for them. Messages never change, so they are read before
 * the turn is asked for, however long that takes.
 *
 *     backlog_op_init(&op, wake)
 *     tx: backlog_op_prepare(&op, tx)
 *     turn_run_wait(acct, &op.turn, ...)
 *     backlog_op_done(&op)
 *
 * Thread: any that may wait.
 */
#ifndef MAILBOX_ORDER_BACKLOG_H
#define MAILBOX_ORDER_BACKLOG_H

#include "mailbox/content/digest.h"
#include "mailbox/write/turn.h"

enum { BACKLOG_MESSAGES = 128 }; /* in one step */

struct backlog_op {
    struct turn_req turn;
    bool more; /* out: run another one */
    /* Of prepare. */
    struct arena arena;
    struct backlog_made {
        uint64_t message;
        struct span keys; /* in arena */
        struct digest digest;
    } made[BACKLOG_MESSAGES];
    size_t count;
    size_t damaged; /* messages that cannot be read, and are passed over */
    uint64_t next;
};
void backlog_op_init(struct backlog_op *op, struct wake wake);
void backlog_op_done(struct backlog_op *op);
/** Makes what the next messages lack. tx: a snapshot, held as long as it takes to read them. */
MUST_USE enum rc backlog_op_prepare(struct backlog_op *op, struct store_tx *tx,
                                    struct err *err);

/** Whether there is anything to do. */
MUST_USE enum rc backlog_is_due(struct store_tx *tx, bool *due_out, struct err *err);

#endif

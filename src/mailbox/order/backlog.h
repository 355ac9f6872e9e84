/* SPDX-License-Identifier: MIT */
/*
 * Keys for messages that came before the store kept them (store_keys_backlog), made in the
 * background, one bounded step at a time. Until then they are made whenever a SORT or THREAD
 * asks for them. Thread: any that may wait.
 */
#ifndef MAILBOX_ORDER_BACKLOG_H
#define MAILBOX_ORDER_BACKLOG_H

#include "mailbox/write/turn.h"

struct backlog_op {
    struct turn_req turn;
    bool more; /* out: run it again */
};
void backlog_op_init(struct backlog_op *op, struct wake wake);

/** Whether there is anything to do. */
MUST_USE enum rc backlog_is_due(struct store_tx *tx, bool *due_out, struct err *err);

#endif

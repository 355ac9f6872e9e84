/* SPDX-License-Identifier: MIT */
/*
 * A batch of messages of `roost import` as one request for the account's turn. A missing
 * mailbox is made and subscribed. Messages that were imported before (recognised by the SHA-256
 * of their text) are skipped. A batch without messages only makes the mailbox.
 */
#ifndef ADMIN_IMPORT_OP_H
#define ADMIN_IMPORT_OP_H

#include "mailbox/content/ingest.h"
#include "mailbox/write/turn.h"

struct import_msg {
    struct ingest ingest;
    struct ingest_entry as; /* mbox is filled in when applied */
    uint8_t digest[32];
    struct span source; /* where it is from, for a refusal */
    bool is_repeated;   /* it occurred earlier in this run */
};

struct import_op {
    struct turn_req turn;
    struct arena *arena;
    struct span mailbox; /* canonical name */
    struct import_msg *msgs;
    size_t count;
    size_t added;   /* out */
    size_t skipped; /* out: were there already */
    bool made;      /* out: the mailbox is new */
};

void import_op_init(struct import_op *op, struct arena *arena, struct wake wake);

/** What applying op would do, seen in a snapshot: fills op's results. For --dry-run. */
MUST_USE enum rc import_op_look(struct import_op *op, struct store_tx *tx, struct err *err);

#endif

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
    struct ingest_entry as; /* mbox is set when the request is carried out */
    uint8_t digest[32];
    struct span source; /* its origin, for the report of a refusal */
    bool is_repeated;   /* it occurred before in this run */
};

struct import_op {
    struct turn_req turn;
    struct arena *arena;
    struct span mailbox; /* canonical name */
    struct import_msg *msgs;
    size_t count;
    size_t added;   /* out */
    size_t skipped; /* out: messages that were there already */
    bool made;      /* out: the mailbox was created */
};

void import_op_init(struct import_op *op, struct arena *arena, struct wake wake);

/** Fills op's results with what applying op would do, as seen in a snapshot. For --dry-run. */
MUST_USE enum rc import_op_look(struct import_op *op, struct store_tx *tx, struct err *err);

#endif

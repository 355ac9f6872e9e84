/* SPDX-License-Identifier: MIT */
/*
 * A batch of messages of `roost import` as one request for the account's turn: the mailbox is
 * made when missing, messages imported before (by the SHA-256 of their text) are passed over.
 */
#ifndef ADMIN_IMPORT_OP_H
#define ADMIN_IMPORT_OP_H

#include "mailbox/content/ingest.h"
#include "mailbox/write/turn.h"

struct import_msg {
    struct ingest ingest;
    struct ingest_entry as; /* mbox is filled in when applied */
    uint8_t digest[32];
};

struct import_op {
    struct turn_req turn;
    struct arena *arena;
    struct span mailbox; /* canonical name */
    struct import_msg *msgs;
    size_t count;
    size_t added;   /* out */
    size_t skipped; /* out: were there already */
};

void import_op_init(struct import_op *op, struct arena *arena, struct wake wake);

#endif

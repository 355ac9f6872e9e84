/* SPDX-License-Identifier: MIT */
/*
 * Octets of a stored message, all of it or a section, for whoever copies them into another
 * message (CATENATE, RFC 4469). Found once and read in pieces; between the pieces nothing of
 * the store is held. Thread: the transaction's.
 */
#ifndef MAILBOX_CONTENT_EXCERPT_H
#define MAILBOX_CONTENT_EXCERPT_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"
#include "syntax/imap/fetch.h"

struct excerpt_req {
    uint64_t mbox;        /* 0: the mailbox has the name */
    struct span name;     /* canonical */
    uint32_t uidvalidity; /* 0: any */
    uint32_t uid;
    const struct imap_section *section;
};

struct excerpt {
    uint64_t message;
    uint64_t offset; /* of the next octet, in the message or in text */
    uint64_t left;
    struct span text; /* ptr NULL: they are octets of the message; in arena */
};

/** RC_NOT_FOUND: there is no such mailbox, message or section. RC_LIMIT: arena, or a header
 * that is too large to be filtered. Waits for disk. */
MUST_USE enum rc excerpt_find(struct store_tx *tx, const struct excerpt_req *req,
                              struct arena *arena, struct excerpt *out, struct err *err);
/** The next octets, at most max and at least 1, good until the next read of tx. excerpt->left
 * is not 0. RC_NOT_FOUND: the message was purged meanwhile. Waits for disk. */
MUST_USE enum rc excerpt_read(struct store_tx *tx, struct excerpt *excerpt, uint64_t max,
                              struct span *out, struct err *err);

#endif

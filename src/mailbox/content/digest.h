/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 of a message's text: made once, when the message arrives, and kept in its row. For
 * messages that are older than the column it is made from the stored text, some octets at a
 * time. Thread: the transaction's.
 */
#ifndef MAILBOX_CONTENT_DIGEST_H
#define MAILBOX_CONTENT_DIGEST_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

struct digest {
    uint8_t octets[MESSAGE_DIGEST_OCTETS];
};
static inline struct span
digest_span(const struct digest *digest)
{
    return span_of((const char *)digest->octets, sizeof digest->octets);
}

/** RC_LIMIT: no memory. Thread: any. */
MUST_USE enum rc digest_make(struct span text, struct digest *out);

/* A digest under way; all zero: none. Survives transactions. */
struct digest_reader {
    void *ctx;
    uint64_t message;
    uint64_t offset;
};
void digest_reader_done(struct digest_reader *reader);

/** The digest of a stored text. RC_AGAIN: as much as one slice should read was read, and there
 *  is more; call again, with this transaction or another one. Asking for another message begins
 *  anew. RC_NOT_FOUND: it was purged. Waits for disk. */
MUST_USE enum rc digest_read(struct digest_reader *reader, struct store_tx *tx,
                             uint64_t message, struct digest *out, struct err *err);

#endif

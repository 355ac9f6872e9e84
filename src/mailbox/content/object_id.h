/* SPDX-License-Identifier: MIT */
/*
 * Object identifiers (RFC 8474) as clients see them: a letter for the kind, then lower-case
 * letters and digits (section 8.1).
 *
 * MAILBOXID  "F": the random octets of the mailbox's row.
 * EMAILID    "M": a digest of the text and the internal date, which is all that never changes
 *            about a message (section 5.1). So it goes along with every copy, also into other
 *            accounts, and whoever imports a message twice gets it twice.
 * THREADID   "T": a digest of the Message-ID of the oldest message that the header names, or of
 *            the message itself. It follows from the text alone, so that it can never change
 *            and is the same for equal messages, as section 5.2 requires.
 *
 * Nothing of this is stored but the digest of the text.
 */
#ifndef MAILBOX_CONTENT_OBJECT_ID_H
#define MAILBOX_CONTENT_OBJECT_ID_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "mailbox/content/digest.h"
#include "mailbox/order/keys_read.h"
#include "store/store.h"

struct object_id {
    uint8_t len;
    char text[33];
};
static inline struct span
object_id_span(const struct object_id *id)
{
    return span_of(id->text, id->len);
}

/** Pure. Thread: any. */
struct object_id object_id_of_mailbox(const struct mbox_object_id *id);

struct object_ids {
    struct object_id email;
    struct object_id thread;
};
/* Which of them are asked for; bits. */
enum object_ids_kind { OBJECT_EMAILID = 1, OBJECT_THREADID = 2 };

/* A message whose identifiers are asked for. */
struct object_ids_req {
    unsigned kinds; /* enum object_ids_kind; the others are not made */
    uint64_t message;
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
};
/* Made once for many messages. */
struct object_ids_reader {
    struct keys_reader keys;
    struct digest_reader digest;
};
void object_ids_reader_init(struct object_ids_reader *reader);
void object_ids_reader_done(struct object_ids_reader *reader);

/**
 * row   Of the message, read with MESSAGE_KEYS. It is not good any more afterwards.
 *
 * RC_AGAIN: the message has no digest yet and is long (digest_read). RC_NOT_FOUND: it was
 * purged. Thread: the transaction's. Waits for disk if something is missing in the row.
 */
MUST_USE enum rc object_ids_read(struct object_ids_reader *reader, struct store_tx *tx,
                                 const struct object_ids_req *req,
                                 const struct message_row *row, struct object_ids *out,
                                 struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * STATUS of one mailbox or of many (LIST-STATUS, RFC 5819), from the counters of the row, so
 * that the cost does not depend on the number of messages. Only RECENT may look at entries,
 * from the watermark on, and DELETED-STORAGE of a mailbox whose deleted messages are older than
 * their counter (docs/schema.md).
 *
 * Thread: the session. Waits for disk.
 */
#ifndef MAILBOX_STATUS_H
#define MAILBOX_STATUS_H

#include "base/attr.h"
#include "base/err.h"
#include "mailbox/memory/account.h"
#include "store/store.h"

struct status {
    uint64_t mbox;
    uint32_t messages;
    uint32_t recent; /* only when asked for */
    uint32_t uidnext;
    uint32_t uidvalidity;
    uint32_t unseen;
    uint32_t deleted;
    uint64_t octets;         /* SIZE, RFC 8438 */
    uint64_t deleted_octets; /* DELETED-STORAGE, RFC 9208; only when asked for */
    uint64_t highest_modseq;
    struct mbox_object_id object_id; /* MAILBOXID, RFC 8474 */
};

/** Whether these items of a row need a snapshot. */
bool status_reads(const struct mbox_row *row, unsigned items);
/** STATUS of a row. items: enum imap_status_item. tx: the snapshot that it is from; it may be
 * NULL unless status_reads says otherwise. */
MUST_USE enum rc status_of_row(struct account *acct, struct store_tx *tx,
                               const struct mbox_row *row, unsigned items, struct status *out,
                               struct err *err);

#endif

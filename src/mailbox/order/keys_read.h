/* SPDX-License-Identifier: MIT */
/*
 * Keys of stored messages, as they were made when the message arrived, or made from its header.
 * Thread: the transaction's.
 */
#ifndef MAILBOX_ORDER_KEYS_READ_H
#define MAILBOX_ORDER_KEYS_READ_H

#include "base/err.h"
#include "mailbox/order/keys.h"
#include "store/store.h"

struct keys_reader {
    struct keys_maker maker;
    struct buf header;
};

void keys_reader_init(struct keys_reader *reader);
void keys_reader_done(struct keys_reader *reader);

/** Valid until the next call or the next read of tx. A message that was purged has empty keys.
 * wanted is as in keys_make; stored keys have all texts. Waits for disk. */
MUST_USE enum rc keys_read(struct keys_reader *reader, struct store_tx *tx, uint64_t message,
                           unsigned wanted, struct keys *out, struct err *err);
/** The same, always from the header. RC_NOT_FOUND: it was purged. */
MUST_USE enum rc keys_read_header(struct keys_reader *reader, struct store_tx *tx,
                                  uint64_t message, unsigned wanted, struct keys *out,
                                  struct err *err);

#endif

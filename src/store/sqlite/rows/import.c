/* SPDX-License-Identifier: MIT */
/*
 * Notes which texts an import has brought into a mailbox, so that the import can be run again
 * and only adds what is new. This works after an interruption, too, because the note is in the
 * same transaction as the message. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum { DIGEST_OCTETS = 32 };

enum rc
sqlite_import_seen(struct store_tx *base, uint64_t mbox, const uint8_t digest[32],
                   bool *seen_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_IMPORT_SEEN);

    bind_u64(&stmt, 1, mbox);
    stmt_bind_blob(&stmt, 2, span_of(digest, DIGEST_OCTETS));
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    *seen_out = rc == RC_OK;
    return RC_OK;
}

enum rc
sqlite_import_mark(struct store_tx *base, uint64_t mbox, const uint8_t digest[32],
                   struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write);
    AUTO_STMT stmt = stmt_get(tx->db, SQL_IMPORT_MARK);

    bind_u64(&stmt, 1, mbox);
    stmt_bind_blob(&stmt, 2, span_of(digest, DIGEST_OCTETS));
    return stmt_run(&stmt, err);
}

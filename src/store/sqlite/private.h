/* SPDX-License-Identifier: MIT */
/*
 * What the files of the embedded engine share; nobody outside this folder includes it. Accounts
 * and transactions are in account.h, rows in rows.h, statements in sql.h.
 */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include "store/sqlite/account.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sql.h"

enum {
    PAGE_OCTETS = 8192,        /* decided by bench/store_bench.c, see docs/schema.md */
    CONTENT_WHOLE_MAX = 16384, /* texts up to this size are one row, never compressed */
    CONTENT_PIECE_BITS = 16,   /* content.id = message << 16 | piece */
};

/* Adds the mailboxes that every account has. */
MUST_USE enum rc mbox_add_defaults(struct sqlite_tx *tx, struct err *err);
/* Reads the counters that live in memory (INV-S2). *bare_out: there is no mailbox yet. */
MUST_USE enum rc counters_load(struct sqlite_tx *tx, bool *bare_out, struct err *err);
/* Notes a change of names of mailboxes or keywords, subscriptions or metadata: the account's
 * modseq grows, as it does with messages. Not every such change shows in a mailbox's row, so it
 * must show in the account's. */
MUST_USE enum rc names_note(struct sqlite_tx *tx, struct err *err);
/* The counters as floors in the account's row: never given again, whatever rows go. */
MUST_USE enum rc floors_raise(struct sqlite_tx *tx, struct err *err);
/* Ends the statements that stand on rows of message or content. */
static inline void
tx_reset_cursors(struct sqlite_tx *tx)
{
    cursor_end(&tx->message);
    cursor_end(&tx->content);
    tx->text.message = 0;
    buf_clear(&tx->scratch);
}
static inline int64_t
tx_now_s(const struct sqlite_tx *tx)
{
    return clock_wall_s(tx->acct->store->options.store.clock);
}

/* The text of a new message. */
MUST_USE enum rc content_add(struct sqlite_tx *tx, uint64_t message,
                             const struct message_new *msg, struct err *err);

/* The row of a column of a sort block. */
enum { SORT_COLUMN_SHIFT = 48 };
static inline uint64_t
sort_block_row(unsigned column, uint64_t block)
{
    return (uint64_t)column << SORT_COLUMN_SHIFT | block;
}

/* A message got one more name while a sweep is under way. */
void sweep_note(struct sqlite_account *acct, uint64_t message);
/* What a sweep and a look through keywords have found so far counts no more: rows may have come
 * back behind them, or others have written. */
void purge_forget(struct sqlite_account *acct);

/* ---- keywords that nothing bears (rows/keywords_purge.c) ---- */

/* Rows of a mailbox got these numbers, perhaps while it is being looked through. */
void keywords_note(struct sqlite_account *acct, uint64_t mbox, const struct keywords *borne);
void keywords_look_free(struct sqlite_account *acct);
/* Whether sqlite_keywords_purge may find something. */
MUST_USE enum rc keywords_purge_due(struct sqlite_tx *tx, bool *due_out, struct err *err);

/* ---- compression (compress.c) ---- */

/* True with *out in this thread's memory, good until the next call, when zstd saves a third. */
MUST_USE bool piece_compress(struct span raw, struct span *out);
/* Appends exactly octets. RC_CORRUPT, RC_LIMIT. */
MUST_USE enum rc piece_expand(struct span packed, size_t octets, struct buf *out,
                              struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Quota: every request that makes an account larger asks here first, inside its turn, so that
 * it is compared with the usage in this very transaction, including requests of the same batch.
 * Only growth is refused: an account above a limit that was lowered keeps what it has, and can
 * move, expunge and delete.
 *
 * It is asked in append_apply and ingest_apply (all messages, however they arrive), in
 * copy_apply, and in the one place where names/ creates a mailbox.
 *
 * Thread: the holder of the turn, all functions; they may wait for the registry.
 */
#ifndef MAILBOX_WRITE_QUOTA_H
#define MAILBOX_WRITE_QUOTA_H

#include "base/attr.h"
#include "base/err.h"
#include "mailbox/write/turn.h"
#include "store/quota.h"

/** The highest threshold that this use has reached, or 0. Pure. */
unsigned quota_percent(uint64_t used, uint64_t limit);

/** Whether so much more may be added. RC_QUOTA, with words for the log: a limit would be passed
 *  of something that grows. Others as account_quota and store_usage. *crossed_out (may be
 * NULL): the highest threshold of storage or messages that is passed on the way up. freed: what
 * the request has taken away to make room; only the difference counts. */
MUST_USE enum rc quota_allows(struct turn_ctx *ctx, const struct quota_amounts *more,
                              const struct quota_amounts *freed,
                              struct quota_crossing *crossed_out, struct err *err);
/** The same outside a turn, as of a snapshot, for callers that would otherwise prepare much for
 * nothing. The turn decides. */
MUST_USE enum rc quota_fits(struct account *acct, struct store_tx *tx,
                            const struct quota_amounts *more, struct err *err);
/** The same about what was added just now, and is undone with the request if it was too much:
 *  for requests that do not know before. */
MUST_USE enum rc quota_allowed(struct turn_ctx *ctx, const struct quota_amounts *added,
                               struct quota_crossing *crossed_out, struct err *err);

#endif

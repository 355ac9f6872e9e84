/* SPDX-License-Identifier: MIT */
/*
 * COPY into another account. Nothing spans accounts, so the messages are read from a snapshot
 * of the one and written anew into the other, in one transaction there. Text and internal date
 * are the same, and with them EMAILID and THREADID (content/object_id.h). A MOVE expunges the
 * messages in a turn of their account afterwards: a crash in between leaves them in both.
 *
 * For ops.c. Thread: the holder of the destination's turn. Waits for disk.
 */
#ifndef MAILBOX_WRITE_COPY_ACROSS_H
#define MAILBOX_WRITE_COPY_ACROSS_H

#include "mailbox/write/ops.h"

/** Copies from op->from, and reports what was added. RC_BUSY, RC_LIMIT as copy_op; RC_GONE:
 *  the source mailbox was deleted. */
MUST_USE enum rc copy_across(struct copy_op *op, struct turn_ctx *ctx, uint64_t to_mbox,
                             struct copy_result *out, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * COPY from one account into another. No transaction spans accounts, so the messages are read
 * from one and added to the other like those of an APPEND: outside the turn, each is read into
 * a spool and scanned, and then one transaction adds all of them or none. Text and internal
 * date are the same, and with them EMAILID and THREADID (mailbox/content/object_id.h).
 *
 *   list (one snapshot) -> [read each] -> [scan each] -> the request is ready for the turn
 *
 * The copy ends if the user loses the right to read the source.
 *
 * Thread: the session.
 */
#ifndef IMAP_SELECTED_COPY_ACROSS_H
#define IMAP_SELECTED_COPY_ACROSS_H

#include "imap/selected/named.h"
#include "mailbox/write/ops.h"

struct copy_across;

/** Makes a copy from the selected mailbox to work->target, in the command's arena. expected: as
 * in copy_op. NULL: *step_out is what the command returns. */
struct copy_across *copy_across_new(struct imap_session *im, const struct imap_named *named,
                                    size_t expected, enum imap_step *step_out);
/** Continues until the request can be run. False: *step_out is what the command returns. */
MUST_USE bool copy_across_ready(struct imap_session *im, struct copy_across *across,
                                enum imap_step *step_out);
/** The request to run in a turn. Without messages there is nothing to run. */
struct append_op *copy_across_op(struct copy_across *across);
/** Sets the results of *out to what was added, as a copy_op would. */
void copy_across_result(const struct copy_across *across, struct copy_op *out);

#endif

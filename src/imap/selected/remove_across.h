/* SPDX-License-Identifier: MIT */
/*
 * The second half of MOVE and REPLACE between two accounts. Messages have been added to one
 * account, and the messages that they replace are expunged from the selected mailbox in the
 * other one, in a separate transaction. If that is refused or fails, what was added is removed
 * again, so that no message is left in both (RFC 6851 section 3, RFC 8508 section 3). A session
 * that ends in between does this first. Only a crash leaves messages in both (docs/protocol.md
 * H-11).
 *
 *   removal -> done, or the selected mailbox was deleted, and all messages in it: completed
 *      | refused, failed
 *      v
 *   taken back -> the NO of the removal
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_SELECTED_REMOVE_ACROSS_H
#define IMAP_SELECTED_REMOVE_ACROSS_H

#include "imap/imap_session.h"
#include "mailbox/write/ops.h"

struct remove_across {
    struct expunge_op removal;
    struct expunge_op undo;
    struct uid_run added;      /* of the target's account */
    struct imap_reply refusal; /* why there is no removal */
    bool undoing;
};

/** Prepares the removal of these messages of the selected mailbox. runs are borrowed. */
void remove_across_init(struct imap_session *im, struct remove_across *across,
                        const struct uid_run *runs, size_t count);
/** Says what was added for them in the account of work->target; at least one message. */
void remove_across_added(struct remove_across *across, uint64_t mbox, uint32_t first_uid,
                         size_t count);
/** True: they are gone. False: *step_out is what the command returns. */
MUST_USE bool remove_across_go(struct imap_session *im, struct remove_across *across,
                               enum imap_step *step_out);
/** The session ends after messages were added: does the rest. False: call it again when the
 * session was woken. */
MUST_USE bool remove_across_complete(struct imap_session *im, struct remove_across *across);

#endif

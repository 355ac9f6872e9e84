/* SPDX-License-Identifier: MIT */
/*
 * The messages that a command names, for commands that change or copy them: the client's set,
 * resolved against the view and cut to the message limit (RFC 9738).
 *
 * Thread: the session.
 */
#ifndef IMAP_SELECTED_NAMED_H
#define IMAP_SELECTED_NAMED_H

#include "imap/imap_session.h"

/* The messages of a client's set, as sequence numbers and as UIDs. */
struct imap_named {
    struct view_run *seqs;
    size_t seq_count;
    struct uid_run *uids;
    size_t uid_count;
};

/* What happens to a command that names more messages than the limit (RFC 9738). */
enum named_limit {
    NAMED_CUT,     /* STORE, MOVE: carried out for the last of them */
    NAMED_REFUSED, /* COPY */
    /* UID EXPUNGE: messages with \Deleted count, and the last of them are expunged */
    NAMED_DELETED,
};

/** Finds them. Everything is in the command's arena. False: *step_out is what the command
 * returns. */
MUST_USE bool imap_named_find(struct imap_session *im, struct imap_msgs *msgs,
                              enum named_limit limit, struct imap_named *named_out,
                              enum imap_step *step_out);
uint32_t imap_named_count(const struct imap_named *named);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The messages that a command names, for those that change or copy them: the client's set,
 * resolved against the view, as far as a command may be about so many (RFC 9738).
 *
 * Thread: the session.
 */
#ifndef IMAP_SELECTED_NAMED_H
#define IMAP_SELECTED_NAMED_H

#include "imap/imap_session.h"

/* The messages of a client's set, both ways. */
struct imap_named {
    struct view_run *seqs;
    size_t seq_count;
    struct uid_run *uids;
    size_t uid_count;
};

/* What becomes of a command that names more messages than it may be about (RFC 9738). */
enum named_limit {
    NAMED_CUT,     /* STORE, MOVE: it is run for the last of them */
    NAMED_REFUSED, /* COPY */
    NAMED_DELETED, /* UID EXPUNGE: those with \Deleted count, and the last of them are gone */
};

/** Finds them; all in the command's arena. False: *step_out is what the command returns. */
MUST_USE bool imap_named_find(struct imap_session *im, struct imap_msgs *msgs,
                              enum named_limit limit, struct imap_named *named_out,
                              enum imap_step *step_out);
uint32_t imap_named_count(const struct imap_named *named);

#endif

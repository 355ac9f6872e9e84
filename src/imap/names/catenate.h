/* SPDX-License-Identifier: MIT */
/*
 * A message that is put together from texts of the client and sections of stored messages
 * (CATENATE, RFC 4469). It goes into a spool, a piece in each slice, before the account's turn
 * is asked for; stored messages are read through short snapshots.
 *
 * Thread: the session.
 */
#ifndef IMAP_NAMES_CATENATE_H
#define IMAP_NAMES_CATENATE_H

#include "imap/imap_session.h"
#include "mailbox/content/excerpt.h"
#include "syntax/imap/url.h"

/* All zero: nothing is done yet. */
struct catenate {
    size_t part;          /* the one under way */
    size_t text_at;       /* of a text: octets that are in the whole already */
    struct account *acct; /* of a URL that was found: excerpt is what is left of it; NULL */
    struct imap_url url;  /* that one */
    struct excerpt excerpt;
    unsigned spool; /* number of the spool of the whole, from the first step on */
    bool begun;
};

/** True: the message is complete, in *text_out, and good until the command is over. False:
 *  *step_out is what the command returns. */
MUST_USE bool catenate_step(struct imap_session *im, struct catenate *cat,
                            const struct imap_append_message *message, struct span *text_out,
                            enum imap_step *step_out);
/** Whether text, of a message or a part of it, may be stored. False: it came as a literal8 and
 * has NUL, which BODY could not give back (RFC 3516 sections 4.4 and 6); *step_out is what the
 * command returns. */
MUST_USE bool catenate_allows(struct imap_work *work, bool literal8, struct span text,
                              enum imap_step *step_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Assembles a message from texts of the client and sections of stored messages (CATENATE, RFC
 * 4469). It is written to a spool, one piece in each slice, before the account's turn is asked
 * for; stored messages are read through short snapshots.
 *
 * Thread: the session.
 */
#ifndef IMAP_NAMES_CATENATE_H
#define IMAP_NAMES_CATENATE_H

#include "imap/imap_session.h"
#include "mailbox/content/excerpt.h"
#include "syntax/imap/url.h"

/* Zero it to begin. */
struct catenate {
    size_t part;          /* index of the part under way */
    size_t text_at;       /* octets of a text that have been copied */
    struct account *acct; /* of a URL that was found, whose rest is in excerpt; NULL: none */
    struct imap_url url;  /* the URL under way */
    struct excerpt excerpt;
    unsigned spool; /* number of the spool of the whole message, from the first step on */
    bool begun;
};

/** True: the message is complete; *text_out is valid until the command ends. False: *step_out
 * is what the command returns. */
MUST_USE bool catenate_step(struct imap_session *im, struct catenate *cat,
                            const struct imap_append_message *message, struct span *text_out,
                            enum imap_step *step_out);
/** Whether text, which is a message or a part of one, may be stored. False: it came as a
 * literal8 and contains NUL, which BODY could not return unchanged (RFC 3516 sections 4.4 and
 * 6); *step_out is what the command returns. */
MUST_USE bool catenate_allows(struct imap_work *work, bool literal8, struct span text,
                              enum imap_step *step_out);

#endif

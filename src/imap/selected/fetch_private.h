/* SPDX-License-Identifier: MIT */
/*
 * FETCH under way, for the command itself and for SELECT (QRESYNC), whose second half is a UID
 * FETCH (RFC 7162 section 3.2.5.1).
 */
#ifndef IMAP_SELECTED_FETCH_PRIVATE_H
#define IMAP_SELECTED_FETCH_PRIVATE_H

#include "imap/imap_session.h"
#include "mailbox/content/fetch.h"
#include "mailbox/vanished.h"

struct fetch_run;

/** req   Its messages are looked up in the view; borrowed until the command is over.
 *  gone  What to tell as VANISHED (EARLIER) before; NULL: nothing.
 *
 *  STEP_MORE: *run_out is there. Else what the command returns; it begins anew next time. */
enum imap_step imap_fetch_begin(struct imap_session *im, struct imap_fetch_req *req,
                                const struct vanished_req *gone, struct fetch_run **run_out);
/** Goes on. STEP_DONE: the reply is set, the one of FETCH. */
enum imap_step imap_fetch_step(struct imap_session *im, struct fetch_run *run);
/** Lets go of what is not in the command's arena; NULL is allowed. */
void imap_fetch_end(struct fetch_run *run);

/** Writes what FETCH_STEP_SYNTAX brings, as this client can read it (syntax/mail/adapt.h). */
void imap_write_mail_syntax(struct imap_session *im, struct iw *w,
                            const struct fetch_step *step);

#endif

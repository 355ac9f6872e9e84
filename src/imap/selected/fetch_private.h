/* SPDX-License-Identifier: MIT */
/*
 * A FETCH under way, for the command itself and for SELECT with QRESYNC, whose second half is a
 * UID FETCH (RFC 7162 section 3.2.5.1).
 */
#ifndef IMAP_SELECTED_FETCH_PRIVATE_H
#define IMAP_SELECTED_FETCH_PRIVATE_H

#include "imap/imap_session.h"
#include "mailbox/content/fetch.h"
#include "mailbox/vanished.h"

struct fetch_run;

/** req   Its messages are looked up in the view. Borrowed until the command ends.
 *  gone  What to tell as VANISHED (EARLIER) before the messages; NULL: nothing.
 *
 *  STEP_MORE: *run_out is set. Anything else is what the command returns; call again then. */
enum imap_step imap_fetch_begin(struct imap_session *im, struct imap_fetch_req *req,
                                const struct vanished_req *gone, struct fetch_run **run_out);
/** Continues. STEP_DONE: the reply is set as for FETCH. */
enum imap_step imap_fetch_step(struct imap_session *im, struct fetch_run *run);
/** Releases what is not in the command's arena. NULL is allowed. */
void imap_fetch_end(struct fetch_run *run);

/* ---- fetch_items.c ---- */
/** Whether such a FETCH marks messages as seen. */
bool imap_fetch_marks(const struct imap_session *im, const struct imap_fetch_req *req);
/** Adds to the request of a FETCH command what its answers must have: FLAGS if it marks
 * messages as seen, and what else goes with changes of flags (RFC 7162 section 3.2.4). UIDFETCH
 * responses have the UID among their items only if the client asks for it (RFC 9586 section
 * 3.3). False: no memory. */
MUST_USE bool imap_fetch_items_add(struct imap_session *im, const struct imap_fetch_req *from,
                                   struct imap_fetch_req *to);
/** Parses the items of NOTIFY or UPDATE, and adds what each unsolicited FETCH response must
 * have: the UID (RFC 9051 section 7.5.2), or UID and MODSEQ (RFC 7162 section 3.2.4). list must
 * live as long as *req. RC_INVALID: not a list of items. RC_LIMIT: no memory. */
MUST_USE enum rc imap_fetch_pushed_parse(struct imap_session *im, struct span list,
                                         struct imap_fetch_req *req);

/** Writes what FETCH_STEP_SYNTAX yields, in a form that this client can read
 * (syntax/mail/adapt.h). */
void imap_write_mail_syntax(struct imap_session *im, struct iw *w,
                            const struct fetch_step *step);

#endif

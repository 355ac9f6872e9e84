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

/* ---- fetch_items.c ---- */
/** Whether the messages of such a FETCH are marked as seen. */
bool imap_fetch_marks(const struct imap_session *im, const struct imap_fetch_req *req);
/** The request of a FETCH command with what must be in its answers: FLAGS if it marks messages
 * as seen, and what else belongs to changes of flags (RFC 7162 section 3.2.4). A UIDFETCH has
 * the UID among its items only if the client has asked for it (RFC 9586 section 3.3). False: no
 * memory. */
MUST_USE bool imap_fetch_items_add(struct imap_session *im, const struct imap_fetch_req *from,
                                   struct imap_fetch_req *to);
/** A list of items as it stands in NOTIFY or UPDATE, with what must be in each FETCH response
 * that nobody has asked for: the UID (RFC 9051 section 7.5.2), UID and MODSEQ (RFC 7162 section
 * 3.2.4). list lives as long as *req. RC_INVALID, RC_LIMIT. */
MUST_USE enum rc imap_fetch_pushed_parse(struct imap_session *im, struct span list,
                                         struct imap_fetch_req *req);

/** Writes what FETCH_STEP_SYNTAX brings, as this client can read it (syntax/mail/adapt.h). */
void imap_write_mail_syntax(struct imap_session *im, struct iw *w,
                            const struct fetch_step *step);

#endif

/* SPDX-License-Identifier: MIT */
/* What the commands that change names, and what belongs to names, answer. Private to
 * imap/names/. Thread: the session's. */
#ifndef IMAP_NAMES_CMD_NAMES_H
#define IMAP_NAMES_CMD_NAMES_H

#include "imap/imap_session.h"
#include "mailbox/names/names.h"

/** The tagged answer after such a request was executed: OK, or the NO that says why not. */
enum imap_step imap_names_conclude(struct imap_session *im, const struct turn_req *req,
                                   enum names_refusal refusal, const char *ok_text);

#endif

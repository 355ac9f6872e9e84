/* SPDX-License-Identifier: MIT */
/* The answers of commands that change names, or what belongs to names. Private to imap/names/.
 * Thread: the session's. */
#ifndef IMAP_NAMES_CMD_NAMES_H
#define IMAP_NAMES_CMD_NAMES_H

#include "imap/imap_session.h"
#include "mailbox/names/names.h"

/** The tagged answer after such a request was executed: OK, or a NO that says why it failed. */
enum imap_step imap_names_conclude(struct imap_session *im, const struct turn_req *req,
                                   enum names_refusal refusal, const char *ok_text);

#endif

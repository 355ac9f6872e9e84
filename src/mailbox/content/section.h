/* SPDX-License-Identifier: MIT */
/*
 * Where a section lies in a stored message (RFC 3501 section 6.4.5): header and text of the
 * message where its row says, numbered parts where the part table says. Pure. Thread: any.
 */
#ifndef MAILBOX_CONTENT_SECTION_H
#define MAILBOX_CONTENT_SECTION_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "store/store.h"
#include "syntax/imap/fetch.h"
#include "syntax/mail/mime_parts.h"

/** The part tree of the row, which was read with MESSAGE_PARTS. RC_CORRUPT, RC_LIMIT. */
MUST_USE enum rc section_tree(const struct message_row *row, struct arena *arena,
                              struct mime_part **root_out);

/** The octets that the section is, or is cut from (HEADER.FIELDS: the header). root may be NULL
 * if the section has no numbers; the slice then has no part. RC_NOT_FOUND: the message has no
 * such section. RC_CORRUPT. */
MUST_USE enum rc section_find(const struct message_row *row, const struct mime_part *root,
                              const struct imap_section *section, struct mime_slice *slice_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reads mbox files as they are found: all four kinds (mboxo, mboxrd, mboxcl, mboxcl2), with
 * the marks that mail programs keep in header fields. Pure. Thread: any.
 *
 * A message begins with a line "From " that contains a date and is followed by a field; any
 * other line that begins with "From " is text. An empty line before it is usual but not
 * necessary. Content-Length is believed if it ends exactly at such a line or at the end of the
 * file. In mboxcl2, which Dovecot writes too, nothing is quoted, so only the length shows the
 * end.
 */
#ifndef CLI_MAIL_MBOX_H
#define CLI_MAIL_MBOX_H

#include "base/buf.h"
#include "base/span.h"
#include "cli/mail/item.h"

/* How likely it is that a file is an mbox, before looking at it. */
enum mbox_expected {
    MBOX_BY_CONTENT, /* any file: a message in it may have text before its first From line */
    MBOX_BY_NAME,    /* its name says so */
};

/** Whether whole is an mbox. If so, *rest_out begins at its first message. Before that there
 * may be a byte order mark, empty lines or junk of up to LIMIT_MBOX_JUNK octets. */
bool mbox_begins(struct span whole, enum mbox_expected expected, struct span *rest_out);

struct mbox_message {
    struct span from_line; /* without line end */
    struct span raw;       /* as in the file, with line ends, quoting and mark fields */
    /* its end is known from Content-Length, so nothing in it is quoted */
    bool is_verbatim;
};

/** Takes the next message from rest. False: the end. */
bool mbox_next(struct span *rest, struct mbox_message *out);

/** When the message arrived, according to its From line. Dates written by Thunderbird ("From -
 * ") are not used, because they say when it wrote the file. */
bool mbox_date(const struct mbox_message *message, int64_t *date_out);

/**
 * Appends the message as it was before it was put into the mbox: with CR LF, with one '>' less
 * in each ">From ", and without the fields in which mbox programs keep marks (the first of
 * each). The marks are added to marks.
 */
void mbox_text_put(struct buf *out, const struct mbox_message *message,
                   struct mail_marks *marks);
/** Whether this is the pseudo-message in which UW IMAP and its successors keep data of the
 * mailbox. */
bool mbox_is_folder_data(struct span raw);

/** Appends a "From " line, mark fields, the text quoted (mboxrd) and with LF, and an empty
 * line. mbox_next and mbox_text_put reverse it. base: a field X-IMAPbase, or empty.
 */
void mbox_message_put(struct buf *out, int64_t date_s, struct span base,
                      const struct mail_marks *marks, struct span text);

#endif

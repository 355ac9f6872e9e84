/* SPDX-License-Identifier: MIT */
/*
 * Messages from files of other programs: mbox (mboxo, mboxrd), Maildir with its subfolders,
 * single .eml files. A source gives one message after the other, with CR LF line ends, in the
 * frames that verb `import` takes. Files are mapped, not read into memory. Thread: main.
 */
#ifndef CLI_MAIL_SOURCE_H
#define CLI_MAIL_SOURCE_H

#include <jansson.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct mail_source;

/** paths and mailbox (NULL: INBOX, and the names of Maildir subfolders) are borrowed for life.
 *  RC_LIMIT. */
MUST_USE enum rc mail_source_open(char *const *paths, size_t path_count, const char *mailbox,
                                  struct mail_source **out, struct err *err);
void mail_source_close(struct mail_source *source);

/**
 * The next message: *head_out is the caller's, *text_out lives until the next call.
 * RC_NOT_FOUND at the end; RC_INVALID (a file that is no mail, with path and line), RC_IO...
 */
MUST_USE enum rc mail_source_next(struct mail_source *source, json_t **head_out,
                                  struct span *text_out, struct err *err);

/** Octets of files taken so far, and of all that were given; for a progress bar. */
void mail_source_progress(const struct mail_source *source, uint64_t *done_out,
                          uint64_t *total_out);

/** Reads the messages of an mbox at text: the next one's octets (without its separator line)
 *  and date; *rest moves on. False at the end. Pure; exported for tests and fuzzing. */
struct mbox_message {
    struct span raw; /* line ends and ">From " as in the file */
    struct span from_line;
};
bool mbox_next(struct span *rest, struct mbox_message *out);
/** Appends raw with CR LF line ends and, for an mbox, one '>' of each ">From " taken off. */
enum mail_quoting { MAIL_PLAIN, MAIL_MBOX };
void mail_text_put(struct buf *out, struct span raw, enum mail_quoting quoting);
/** The seconds since 1970 of "From a@b Tue Jan  2 03:04:05 2024", or -1. UTC. */
int64_t mbox_from_date(struct span from_line);
/** The flags of a Maildir file name ("...:2,RS") as bits of "PRSTDF" in an array of names. */
json_t *maildir_flags(const char *file_name);

#endif

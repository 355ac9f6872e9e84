/* SPDX-License-Identifier: MIT */
/*
 * A source of mail: the given paths are walked (tree.h) and then read file by file, whatever
 * format each file has (mbox.h, maildir.h, eml.h). It yields one item after the other, and no
 * bad file stops it. Thread: main.
 */
#ifndef CLI_MAIL_SOURCE_H
#define CLI_MAIL_SOURCE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "cli/mail/item.h"

struct mail_source;

/** paths and mailbox (canonical; NULL: INBOX and what the paths name) are borrowed until the
 * source is closed. RC_LIMIT: no memory. If something cannot be read, there is an item that
 * says so. */
MUST_USE enum rc mail_source_open(char *const *paths, size_t path_count, const char *mailbox,
                                  struct mail_source **out, struct err *err);
void mail_source_close(struct mail_source *source);

/** The next item. RC_NOT_FOUND: the end. RC_LIMIT: no memory. */
MUST_USE enum rc mail_source_next(struct mail_source *source, struct mail_item *out,
                                  struct err *err);

/** Octets of files read so far, and of all files found; for a progress bar. */
void mail_source_progress(const struct mail_source *source, uint64_t *done_out,
                          uint64_t *total_out);

#endif

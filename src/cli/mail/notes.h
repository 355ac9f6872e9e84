/* SPDX-License-Identifier: MIT */
/*
 * What `roost export` writes beside the mail because the format itself cannot express it, so
 * that `roost import` restores it. The files are hidden, so other programs ignore them.
 *
 *   .roost-export  in the directory that was named: names of mailboxes that are not possible as
 *                     file names, and mailboxes that are not subscribed name TAB path TAB
 *                     mailbox LF unsubscribed TAB mailbox LF
 *   .roost-marks   in a directory of messages: what their file names do not tell (.eml files:
 *                     everything; Maildir: keywords beyond the 26 that have letters) file TAB
 *                     seconds TAB flags and keywords LF
 * Thread: main.
 */
#ifndef CLI_MAIL_NOTES_H
#define CLI_MAIL_NOTES_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/span.h"

#define NOTES_OF_EXPORT ".roost-export"
#define NOTES_OF_MARKS ".roost-marks"

/* Lines of a file, found by their first or second field. */
struct notes {
    struct buf text; /* contents of the file */
    struct map lines;
};

void notes_init(struct notes *notes);
void notes_done(struct notes *notes);
/** Reads DIR/.roost-export; lines are found by path. A missing file counts as empty. */
MUST_USE enum rc notes_read_names(struct notes *notes, const char *dir, struct err *err);
/** Reads DIR/.roost-marks; lines are found by file name. */
MUST_USE enum rc notes_read_marks(struct notes *notes, const char *dir, struct err *err);

/** What follows a key on its line (ended by NUL), or NULL. */
const char *notes_get(const struct notes *notes, struct span key);
/** The mailboxes that were not subscribed, one after the other; start with *pos = 0. NULL: the
 * end. */
const char *notes_unsubscribed(const struct notes *notes, size_t *pos);

#endif

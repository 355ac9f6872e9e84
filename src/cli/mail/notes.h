/* SPDX-License-Identifier: MIT */
/*
 * What `roost export` writes beside the mail because the format itself cannot express it, so
 * that `roost import` restores it. The files are hidden, so other programs ignore them.
 *
 *   .roost-export  in the folder that was named: names of mailboxes that no file name can have,
 *                 and mailboxes that are not subscribed
 *                     name TAB path TAB mailbox LF
 *                     unsubscribed TAB mailbox LF
 *   .roost-marks   in a folder of messages: what their file names do not tell (.eml files: all;
 *                 Maildir: keywords beyond the 26 that have letters)
 *                     file TAB seconds TAB flags and keywords LF
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

/* Lines of a file by their first or second member. */
struct notes {
    struct buf text; /* of the file */
    struct map lines;
};

void notes_init(struct notes *notes);
void notes_done(struct notes *notes);
/** Reads DIR/.roost-export: by path. A missing file is an empty one. */
MUST_USE enum rc notes_read_names(struct notes *notes, const char *dir, struct err *err);
/** Reads DIR/.roost-marks: by file name. */
MUST_USE enum rc notes_read_marks(struct notes *notes, const char *dir, struct err *err);

/** What follows a key on its line (ended by NUL), or NULL. */
const char *notes_get(const struct notes *notes, struct span key);
/** The mailboxes that were not subscribed, one after the other from *pos = 0; NULL at the
 *  end. */
const char *notes_unsubscribed(const struct notes *notes, size_t *pos);

#endif

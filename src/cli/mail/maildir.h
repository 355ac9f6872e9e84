/* SPDX-License-Identifier: MIT */
/*
 * What a Maildir has besides messages, as written by Dovecot and Courier: flags and keywords
 * in file names, the names of keywords, and subscriptions. Pure. Thread: any.
 */
#ifndef CLI_MAIL_MAILDIR_H
#define CLI_MAIL_MAILDIR_H

#include "base/buf.h"
#include "base/span.h"
#include "cli/mail/item.h"

enum { MAILDIR_KEYWORDS = 26 }; /* letters a to z */

/* The names of a folder's keywords by letter; empty: none. */
struct maildir_keywords {
    struct span names[MAILDIR_KEYWORDS]; /* borrowed from the text that they were read from */
};

/** Reads the file `dovecot-keywords`: lines of the form "index name". Other lines are
 * ignored. */
void maildir_keywords_read(struct span text, struct maildir_keywords *out);

/** The flags and keywords of a file name ("...:2,RSa"; ';' and '!' for ':' on file systems that
 *  have no ':'). keywords may be NULL. */
void maildir_marks_read(const char *file_name, const struct maildir_keywords *keywords,
                        struct mail_marks *marks);

/** Octets of a file name before its flags, which stay the same when the flags change. */
size_t maildir_base(const char *file_name);

/** Appends "FS..." in the order that Maildir requires. */
void maildir_flags_put(struct buf *out, const struct mail_marks *marks);

/**
 * Reads the names in a subscriptions file, one after the other. False: the end. Version 1 has
 * one name on each line; version 2 begins with "V\t2\n\n" and separates levels with TABs. In
 * *name_out, which is cleared first, levels are separated by '/', and the name is spelled as in
 * the file, in modified UTF-7 or UTF-8; an octet that cannot be in a level is copied as it is.
 */
struct subscriptions {
    struct span rest;
    bool is_v2;
};
void subscriptions_begin(struct subscriptions *subs, struct span text);
bool subscriptions_next(struct subscriptions *subs, struct buf *name_out);

#endif

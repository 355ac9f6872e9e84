/* SPDX-License-Identifier: MIT */
/*
 * Finds which files of a path contain mail, and to which mailbox it belongs. The path is walked
 * once, and none of the mail is read.
 *
 * A file belongs to the mailbox that was named, or to INBOX.
 *
 * In a Maildir, cur/ and new/ have the messages. A directory ".A.B" in it is the mailbox A/B
 * (Maildir++); other directories in it are the levels below (Dovecot's LAYOUT=fs, mbsync,
 * offlineimap).
 *
 * Other directories are levels. An mbox in one is a mailbox with the file's name, and single
 * messages belong to the directory's mailbox.
 *
 * What cannot be walked or named becomes an entry with the reason. Files that other programs
 * keep beside mail are skipped by their names. Thread: main.
 */
#ifndef CLI_MAIL_TREE_H
#define CLI_MAIL_TREE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "cli/mail/item.h"
#include "cli/mail/maildir.h"
#include "cli/mail/notes.h"

/* What the files of a directory say about its messages. */
struct tree_folder {
    struct buf keywords_text;
    struct maildir_keywords keywords;
    struct notes marks;
    bool is_maildir;
    struct tree_folder *next;
};

struct tree_entry {
    enum mail_item_kind kind; /* MAIL_MESSAGE: a file to be read */
    char *path;               /* owned */
    char *mailbox;            /* owned, canonical */
    char *as_mbox;            /* owned; its mailbox if the file is an mbox; NULL: `mailbox` */
    /* owned; with MAIL_TROUBLE and MAIL_PASSED; with MAIL_MESSAGE: why it may not be an mbox */
    char *why;
    const struct tree_folder *folder; /* with a file that was found; NULL: it was named */
    uint32_t path_number;             /* number of the given path, from 1 */
    bool is_maildir;                  /* the file is in a Maildir */
    uint64_t octets;
};

struct tree {
    const char *base; /* borrowed; the mailbox that was named, or NULL */
    struct tree_entry *entries;
    size_t count;
    struct tree_folder *folders; /* owned */
    uint64_t octets;             /* size of all files */
};

/** Adds what path contains. RC_LIMIT: no memory. All other problems become entries. */
MUST_USE enum rc tree_add(struct tree *tree, const char *path, uint32_t path_number,
                          struct err *err);
void tree_done(struct tree *tree);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a source of mail yields, whatever its format: messages with their marks and dates,
 * names of mailboxes, subscriptions, and everything that cannot be imported, with the reason.
 * Thread: main.
 */
#ifndef CLI_MAIL_ITEM_H
#define CLI_MAIL_ITEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Flags and keywords of one message. */
struct mail_marks {
    unsigned flags;      /* enum imap_flag */
    struct buf keywords; /* names, each followed by one blank */
    bool
        is_deleted; /* expunged at its source, where only its space has not been reclaimed yet */
};

void mail_marks_init(struct mail_marks *marks);
void mail_marks_done(struct mail_marks *marks);
void mail_marks_clear(struct mail_marks *marks);
/** Adds a flag by name ("\Seen") or a keyword; anything else is ignored. */
void mail_marks_add(struct mail_marks *marks, struct span name);
/** Adds all names of a list that is separated by blanks. */
void mail_marks_add_list(struct mail_marks *marks, struct span list);

enum mail_item_kind {
    MAIL_MESSAGE,      /* text, marks, date */
    MAIL_TROUBLE,      /* cannot be taken; `why` */
    MAIL_PASSED,       /* left out on purpose; `why` */
    MAIL_MAILBOX,      /* a mailbox that exists, perhaps without messages */
    MAIL_SUBSCRIBED,   /* the mailbox, which need not exist */
    MAIL_UNSUBSCRIBED, /* the mailbox: it exists, but its owner did not want to see it */
};

/* Everything is borrowed until the next item is asked for. */
struct mail_item {
    enum mail_item_kind kind;
    const char *mailbox; /* canonical (syntax/imap/mbox_name.h); NULL: of no mailbox */
    const char *path;    /* the file or folder, octets as the system has them */
    size_t line;         /* where in the file it begins; 0: the file as a whole */
    bool is_dated;
    int64_t date_s; /* when is_dated */
    const struct mail_marks *marks;
    struct span text; /* with CR LF */
    uint32_t copy;    /* 1 for the first of equal texts in a mailbox of the source, 2, ... */
    bool is_repeated; /* another path of the same run had this copy */
    const char *why;
};

/** The item as the head of a frame of verb `import`; item->text is its data. RC_LIMIT. */
MUST_USE enum rc mail_item_head(const struct mail_item *item, json_t **head_out,
                                struct err *err);

/** Appends raw with CR LF line ends. */
void mail_text_put(struct buf *out, struct span raw);
/** Appends text with CR LF changed to LF; mail_text_put gives back what was put in (but for
 * line ends that were LF alone). */
void mail_text_put_lf(struct buf *out, struct span text);
/** Appends octets so that they are printable UTF-8 on one line: \xf6 for what is not. */
void mail_path_put(struct buf *out, struct span path);

#endif

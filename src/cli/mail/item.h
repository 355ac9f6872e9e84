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
    /* expunged at its source, but its space was not reclaimed yet */
    bool is_deleted;
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
    MAIL_TROUBLE,      /* cannot be accepted; `why` */
    MAIL_PASSED,       /* left out on purpose; `why` */
    MAIL_MAILBOX,      /* a mailbox that exists, perhaps without messages */
    MAIL_SUBSCRIBED,   /* the mailbox, which need not exist */
    MAIL_UNSUBSCRIBED, /* the mailbox: it exists, but its owner did not want to see it */
};

/* Everything is borrowed until the next item is asked for. */
struct mail_item {
    enum mail_item_kind kind;
    const char *mailbox; /* canonical (syntax/imap/mbox_name.h); NULL: none */
    const char *path;    /* the file or directory, in the octets of the system */
    size_t line;         /* the line where it begins; 0: the whole file */
    bool is_dated;
    int64_t date_s; /* seconds since 1970, if is_dated */
    const struct mail_marks *marks;
    struct span text; /* with CR LF */
    uint32_t copy;    /* 1 for the first of equal texts in a mailbox of the source, 2, ... */
    bool is_repeated; /* another path of the same run had this copy */
    const char *why;
};

/** The item as the head of a frame for the verb `import`; item->text is its data. RC_LIMIT: no
 * memory. */
MUST_USE enum rc mail_item_head(const struct mail_item *item, json_t **head_out,
                                struct err *err);

/** Appends raw with CR LF line ends. */
void mail_text_put(struct buf *out, struct span raw);
/** Appends text with CR LF changed to LF; mail_text_put reverses it (except for line ends that
 * were LF alone). */
void mail_text_put_lf(struct buf *out, struct span text);
/** Appends octets as printable UTF-8 on one line; other octets become \xNN. */
void mail_path_put(struct buf *out, struct span path);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Writes mail into a new directory in one of three formats (see the table in out_format.c; each
 * format has a file). Names of mailboxes become names of files (level.h); what a format cannot
 * express goes into notes beside the mail (notes.h). Thread: main. All functions wait for disk.
 */
#ifndef CLI_MAIL_OUT_H
#define CLI_MAIL_OUT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/span.h"
#include "cli/mail/item.h"
#include "cli/mail/level.h"

struct mail_out;

struct out_message {
    uint32_t uid;
    int64_t date_s;
    const struct mail_marks *marks;
    struct span text; /* with CR LF */
};

struct out_format {
    const char *name;
    const char *subscriptions; /* name of the subscriptions file */
    /* how a mailbox is named: in one piece (a subfolder), or level by level, with this kind for
     * the last one */
    enum level_of folder_of;
    /* Creates what out->path names. RC_EXISTS: it exists already. */
    enum rc (*begin)(struct mail_out *out, struct err *err);
    enum rc (*message)(struct mail_out *out, const struct out_message *message,
                       struct err *err);
};

struct mail_out {
    const struct out_format *format;
    const char *dir; /* borrowed */
    struct map used; /* paths that a mailbox has */
    struct map subscribed;
    struct buf subscriptions; /* names, each ended by NUL */
    struct buf written;       /* mailboxes written and their paths, each ended by NUL */
    struct buf notes;         /* for .roost-export */
    /* Called to report something that the user should know. May be NULL. */
    void (*tell)(void *ctx, const char *text);
    void *tell_ctx;

    /* The current mailbox. */
    struct buf path;    /* ended by NUL */
    int fd;             /* with mbox: the file; -1: none */
    struct buf base;    /* with mbox: the field X-IMAPbase of its first message */
    struct buf letters; /* with Maildir: keywords that have a letter, each ended by NUL */
    size_t letter_count;
    bool has_marks;  /* a .roost-marks file was begun */
    uint64_t serial; /* number of the message, over all mailboxes */
    struct buf text; /* scratch */
};

/** The format with this name, or NULL. */
const struct out_format *out_format_find(const char *name);

/** Creates dir, which must not exist. */
MUST_USE enum rc out_open(struct mail_out *out, const struct out_format *format,
                          const char *dir, struct err *err);
/** Notes that the mailbox is subscribed (it need not be written). */
MUST_USE enum rc out_subscribed(struct mail_out *out, const char *mailbox, struct err *err);
/** From now on, messages belong to this mailbox. keywords: all keywords of its messages. Call
 * it once for each mailbox. */
MUST_USE enum rc out_mailbox(struct mail_out *out, const char *mailbox, uint32_t uidvalidity,
                             const struct mail_marks *keywords, struct err *err);
MUST_USE enum rc out_message(struct mail_out *out, const struct out_message *message,
                             struct err *err);
/** Writes subscriptions and notes; after that, everything is on disk. all: every mailbox was
 * written, so subscriptions to mailboxes that do not exist are kept too. */
MUST_USE enum rc out_finish(struct mail_out *out, bool all, struct err *err);
void out_done(struct mail_out *out);

/* ---- for the formats ---- */
extern const struct out_format out_format_maildir;
extern const struct out_format out_format_mbox;
extern const struct out_format out_format_eml;
/** Creates a directory. RC_EXISTS: it exists already. */
MUST_USE enum rc out_dir_make(const char *path, struct err *err);
/** Writes a new file with this modification time. */
MUST_USE enum rc out_file_write(const char *path, struct span text, int64_t date_s,
                                struct err *err);
/** Appends to a file in the current mailbox's directory. */
MUST_USE enum rc out_append(struct mail_out *out, const char *name, struct span text,
                            struct err *err);
/** Notes marks that the file's name does not express. */
MUST_USE enum rc out_marks_note(struct mail_out *out, struct span file_name,
                                const struct out_message *message, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Text of attachments, for the index. What a program made of a message's attachments is brought
 * into one form, in which it is kept and searched: folded (syntax/fold.h), with one blank for
 * any run of white space, so that words are found together however the program has broken its
 * lines, and with a line end between two attachments, which no text that is searched for has.
 *
 * The programs are somebody else's (struct extract); which attachments there are and what is
 * in them is found out here.
 *
 *   attached_init(&attached, extract)
 *   each message:
 *       attached_find(&attached, tx, message)     in the snapshot in which it was read
 *       while (attached_is_wanted(&attached))
 *           attached_read(&attached, tx)          until not RC_AGAIN, in any snapshot
 *           attached_run(&attached)               in none: it takes seconds
 *       attached.text
 *   attached_done(&attached)
 *
 * An attachment that is too large, one more than LIMIT_EXTRACT_PARTS, and one for which no time
 * is left (LIMIT_EXTRACT_MESSAGE_MS) are not read, and one with which the program fails has no
 * text. Whoever runs the programs is told.
 *
 * Thread: any; a struct attached belongs to one thread at a time.
 */
#ifndef MAILBOX_SEARCH_ATTACHED_H
#define MAILBOX_SEARCH_ATTACHED_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/store.h"
#include "syntax/charset.h"
#include "syntax/fold.h"
#include "syntax/mail/mime_decode.h"

/* Whoever makes text of octets. Functions may be called by several threads at a time. */
struct extract {
    void *ctx;
    const struct clock *clock; /* borrowed */
    /** The number of the command for a media type; -1: there is none. */
    int (*find)(void *ctx, struct span type, struct span subtype);
    /** Appends the text, which may be any octets; at most LIMIT_EXTRACT_OUTPUT. RC_AGAIN: it is
     * time to stop. RC_LIMIT: for want of memory, it can be tried again. Others: it has failed,
     * and that was noted. Takes up to wall_ms. */
    enum rc (*run)(void *ctx, int command, uint32_t wall_ms, struct span octets,
                   struct buf *out, struct err *err);
    /** Notes that no text was made of an attachment, and why. */
    void (*note)(void *ctx, int command, const char *why);
};

/* Of which the text is wanted. */
struct attached_part {
    int command;
    enum mime_encoding encoding;
    uint64_t offset; /* of the body in the message */
    uint64_t octets;
};

struct attached {
    const struct extract *extract; /* NULL: nothing is found */
    uint64_t message;
    struct attached_part parts[LIMIT_EXTRACT_PARTS];
    size_t count;
    size_t at;           /* the part under way */
    uint64_t read;       /* octets of it */
    int64_t deadline_us; /* of this message; 0: nothing was begun */
    struct buf text;     /* what was made so far */

    struct mime_decoder decoder;
    struct charset charset;
    struct fold fold;
    struct buf octets; /* decoded */
    struct buf made;   /* by the program */
    struct buf utf8;
    struct buf folded;
    struct arena tree;
};

/** extract is borrowed, and may be NULL. */
void attached_init(struct attached *attached, const struct extract *extract);
void attached_done(struct attached *attached);

/** Finds the attachments of a message of which text is wanted, and forgets those of the one
 * before. None are found in a damaged message. RC_NOT_FOUND: it was purged. RC_LIMIT: no
 * memory. Others are of the store. Waits for disk. */
MUST_USE enum rc attached_find(struct attached *attached, struct store_tx *tx, uint64_t message,
                               struct err *err);
/** Whether there is an attachment left. */
bool attached_is_wanted(const struct attached *attached);
/** Reads some MiB of the next attachment. RC_AGAIN: there is more. If the message was purged or
 * is damaged, nothing more of it is wanted. Others as attached_find. */
MUST_USE enum rc attached_read(struct attached *attached, struct store_tx *tx, struct err *err);
/** Makes text of what was read, and goes on to the next attachment. RC_AGAIN: it is time to
 * stop; RC_LIMIT: no memory; the same can be done again. */
MUST_USE enum rc attached_run(struct attached *attached, struct err *err);
/** Forgets it. */
void attached_forget(struct attached *attached);

/** Appends folded text with one blank for each run of white space and control characters. */
void attached_flatten(struct span folded, struct buf *out);

#endif

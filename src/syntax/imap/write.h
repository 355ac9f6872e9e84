/* SPDX-License-Identifier: MIT */
/*
 * Writes response lines that cannot be illegal. Blanks are put where the grammar requires them,
 * and what comes from outside is written in a form that can hold it. Parentheses and literals
 * must be closed before a line ends (CHECK, because leaving one open is our own mistake).
 *
 *     iw_untagged(&w);                        // * 12 FETCH (UID 45 FLAGS (\Seen))
 *     iw_num(&w, 12), iw_word(&w, "FETCH"), iw_open(&w);
 *     iw_word(&w, "UID"), iw_num(&w, 45);
 *     iw_word(&w, "FLAGS"), iw_flags(&w, IMAP_FLAG_SEEN, NULL, 0);
 *     iw_close(&w), iw_end(&w);
 *
 * iw_ is the prefix of this header alone, short because front doors use it in every line.
 * Writing never returns an error: the buffer's buf_ok tells (base/buf.h). A writer may live
 * across slices; the buffer may be sent and consumed between calls, in the middle of a literal
 * too.
 *
 * Not shared between threads.
 */
#ifndef SYNTAX_IMAP_WRITE_H
#define SYNTAX_IMAP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "syntax/imap/date.h"
#include "syntax/imap/put.h"
#include "syntax/imap/mbox_name.h"
#include "syntax/imap/numset.h"

struct iw {
    struct buf *out;       /* borrowed */
    uint64_t literal_left; /* octets of a literal still owed */
    enum mbox_wire wire;   /* mUTF-7 and ASCII, or UTF-8 */
    uint16_t depth;        /* open parentheses */
    bool blank;            /* the next token needs a blank before it */
    bool in_code;          /* inside [ ] */
    bool had_code;         /* this line has one already */
    bool open;             /* a line has begun */
};

enum iw_status { IW_OK, IW_NO, IW_BAD, IW_BYE, IW_PREAUTH };

/** out is borrowed for the writer's life. */
static inline void
iw_init(struct iw *w, struct buf *out, enum mbox_wire wire)
{
    *w = (struct iw){.out = out, .wire = wire};
}

/** Room for octets at the end of the buffer, or NULL. */
static inline char *
iw_room(struct iw *w, size_t octets)
{
    struct buf *out = w->out;

    if (__builtin_expect(out->cap - out->tail >= octets && !out->failed, 1))
        return out->data + out->tail;
    return buf_reserve(out, octets);
}

/** Legal syntax that we made ourselves, ahead of time (a label, an ENVELOPE): as it is. */
static inline void
iw_token(struct iw *w, struct span token)
{
    char *room = iw_room(w, token.len + 1);

    if (room == NULL)
        return;
    *room = ' ';
    room += w->blank;
    memcpy(room, token.ptr, token.len);
    buf_grew(w->out, token.len + w->blank);
    w->blank = true;
}

/** A word of the protocol, a string literal of ours. */
#define iw_word(w, literal) iw_token((w), (struct span){"" literal "", sizeof(literal) - 1})

static inline void
iw_num(struct iw *w, uint64_t number)
{
    char *room = iw_room(w, 21);

    if (room == NULL)
        return;
    *room = ' ';
    buf_grew(w->out, w->blank + imap_fmt_u64(room + w->blank, number));
    w->blank = true;
}

static inline void
iw_open(struct iw *w)
{
    char *room = iw_room(w, 2);

    w->depth++;
    if (room == NULL)
        return;
    *room = ' ';
    room[w->blank] = '(';
    buf_grew(w->out, w->blank + (size_t)1);
    w->blank = false;
}

/** Lines. Each begins with one of the first two (or is written whole by a function below). */
void iw_untagged(struct iw *w);
void iw_tagged(struct iw *w, struct span tag);
void iw_end(struct iw *w);

void iw_close(struct iw *w);
void iw_nil(struct iw *w);
void iw_atom(struct iw *w,
             struct span atom); /* something that is not an atom is written as a string */
void iw_astring(struct iw *w, struct span s);
void iw_string(struct iw *w, struct span s);
void iw_nstring(struct iw *w, struct span s); /* NIL for a NULL pointer */
void iw_mailbox(struct iw *w, struct span name);
void iw_set(struct iw *w, const struct numset *set); /* not empty */
void iw_date_time(struct iw *w, struct imap_date_time when);
/** A list in parentheses; keywords that are not atoms are left out. */
void iw_flags(struct iw *w, unsigned flags, const struct span *keywords, size_t keyword_count);

/* --- Literals whose octets come in pieces (message bodies; NUL is passed on) --- */

enum iw_literal_kind { IW_LITERAL, IW_LITERAL8 };

void iw_literal_begin(struct iw *w, uint64_t octets, enum iw_literal_kind kind);
/** At most what is owed. */
void iw_literal_data(struct iw *w, struct span data);

/** Octets of the literal that somebody else appended to the buffer: at most what is owed. */
void iw_literal_sent(struct iw *w, uint64_t octets);

static inline uint64_t
iw_literal_left(const struct iw *w)
{
    return w->literal_left;
}

/* --- Status responses: iw_begin_status, a code if there is one, iw_end_text --- */

/** "* OK" or "tag OK"; an empty tag gives "*". */
void iw_begin_status(struct iw *w, struct span tag, enum iw_status status);
/** "[WORD"; then its arguments with the functions above, then iw_code_close. */
void iw_code_open(struct iw *w, struct span word);
void iw_code_close(struct iw *w);
/** The text for people, made harmless: no controls, no 8-bit octets (RFC 9755 allows none), no
 * '[' that would look like a code; something is written even for an empty text. Ends the line.
 */
void iw_end_text(struct iw *w, struct span text);

/** A whole status line; code may be NULL, or legal syntax of ours without its brackets. */
void iw_status_line(struct iw *w, struct span tag, enum iw_status status, const char *code,
                    struct span text);
/** "+ text" as a whole line; an empty text gives "+ ", the empty challenge of SASL. */
void iw_continuation(struct iw *w, struct span text);

#endif

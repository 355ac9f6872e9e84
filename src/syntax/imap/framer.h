/* SPDX-License-Identifier: MIT */
/*
 * Finds where a command ends in the octets that a client sends: across lines, through literals,
 * whatever pieces the network cuts them into. It knows nothing of commands but their first
 * words.
 *
 *             +--------------------------- imap_framer_refuse --------------------+
 *             |                                                                    v
 *   LINE --literal header--> LITERAL asked --imap_framer_keep----> INLINE     SWALLOW
 * line/literal ^                                    --imap_framer_divert--> DIVERTED          |
 *     |                                         |                                    |
 *     +------- literal's octets all seen -------+<------------ end of line ----------+
 *
 * The session loops: imap_framer_next() takes octets from the front of its input buffer and
 * says what it has found. The framer copies a command into a buffer of its own, so the input
 * buffer stays small, and never looks at an octet twice: time is linear however small the
 * pieces are, and the results are the same for any cutting.
 *
 * A literal that the session diverts (a message of APPEND goes to a spool) leaves a mark in the
 * text,
 * "{123}" NUL LF instead of "{123}" CR LF and the octets; a client cannot forge it, because NUL
 * in a line is refused here. The parser counts the marks and so knows the spools by number.
 *
 * Lines end in CR LF; a bare LF is accepted too, as most servers do. `{n}` `{n+}` `{n-}` and,
 * with
 * `~` before them, literal8 (RFC 3516) are literal headers at the end of a line outside a
 * quoted string. `{n-}` above IMAP_LITERAL_MINUS_MAX can only be refused.
 *
 * Thread: session. Owned by it.
 */
#ifndef SYNTAX_IMAP_FRAMER_H
#define SYNTAX_IMAP_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

enum { IMAP_LITERAL_MINUS_MAX = 4096 }; /* RFC 7888 section 5 */

enum imap_frame {
    IMAP_FRAME_MORE,      /* the input is used up: read more */
    IMAP_FRAME_LITERAL,   /* a literal is announced: keep, divert or refuse, then call again */
    IMAP_FRAME_DATA,      /* octets of a diverted literal: imap_framer_data, to be stored now */
    IMAP_FRAME_COMMAND,   /* a whole command: imap_framer_text, until the next call */
    IMAP_FRAME_TOO_LONG,  /* over the limit: answer BAD; the rest of the command is discarded */
    IMAP_FRAME_NUL,       /* NUL in a line: answer BAD; the rest of the command is discarded */
    IMAP_FRAME_NO_MEMORY, /* octets are lost, perhaps a tag, too: end the session */
};

struct imap_literal {
    uint64_t octets; /* announced; saturated at 2^63-1 */
    unsigned number; /* literals before it in this command */
    bool sync;       /* the client waits for "+" before it sends the octets */
    bool literal8;   /* `~{n}`: may hold NUL */
    bool fits;      /* imap_framer_keep can take it: within the line limit with what is there */
    bool forbidden; /* `{n-}` above its maximum: can only be refused */
    bool is_message; /* a message literal of APPEND, not its mailbox name */
};

struct imap_framer {
    struct buf text;             /* the command so far; owned */
    size_t max_octets;           /* of a command; ID may have more (LIMIT_ID_LINE) */
    struct imap_literal literal; /* the last one announced */
    unsigned literals;           /* announced in this command */
    uint64_t left;               /* octets of the current literal still to come */
    struct span data;            /* borrowed from the input: the last IMAP_FRAME_DATA */
    size_t data_pending;         /* octets of it to drop from the input at the next call */
    uint64_t header_number;      /* digits of a literal header seen so far */
    uint8_t state;               /* enum state of framer.c */
    uint8_t scan;                /* enum scan of framer.c: where in the line's grammar */
    bool header8, header_minus, header_plus; /* of the literal header being read */
    bool done; /* the text was handed out: the next call begins a new command */
};

/** max_octets: of one command with the literals kept in it; ID may have LIMIT_ID_LINE in any
 * case. Allocates nothing. */
void imap_framer_init(struct imap_framer *framer, size_t max_octets);
void imap_framer_done(struct imap_framer *framer);
/** Only between commands. The limit grows at login. */
void imap_framer_set_max(struct imap_framer *framer, size_t max_octets);
/** Frees memory if no command is being collected, as a parked session keeps no buffers. */
void imap_framer_release(struct imap_framer *framer);
/** Whether nothing of a command has been seen since the last one was handed out. */
bool imap_framer_is_idle(const struct imap_framer *framer);

/** What was taken of an incomplete line, so that another framer can begin with it; "" between
 * commands. False: a literal is under way or is being discarded, and cannot be begun again. */
bool imap_framer_begun(const struct imap_framer *framer, struct span *text_out);

/** Takes octets from the front of in until there is something to tell. IMAP_FRAME_MORE: in is
 * empty. The DONE of IDLE is a line like any other. */
MUST_USE enum imap_frame imap_framer_next(struct imap_framer *framer, struct buf *in);

/** The same for a line in which braces have no meaning, which is an answer of AUTHENTICATE. */
MUST_USE enum imap_frame imap_framer_next_line(struct imap_framer *framer, struct buf *in);

/* --- What to do with a literal, after IMAP_FRAME_LITERAL; the session writes "+" if it is sync
 * --- */

/** Takes it into the command's text. RC_LIMIT: it does not fit or is forbidden, and must be
 * refused. */
MUST_USE enum rc imap_framer_keep(struct imap_framer *framer);
/** Gives it to the caller: IMAP_FRAME_DATA comes until all of its octets are handed out (never
 * for an empty literal), and then the command continues. RC_LIMIT: it is forbidden, or the mark
 * does not fit. */
MUST_USE enum rc imap_framer_divert(struct imap_framer *framer);
/** Gives up the command; the session answers its tag. The octets of a non-synchronising literal
 * and the rest of the command are discarded. */
void imap_framer_refuse(struct imap_framer *framer);

/* --- What the framer knows; valid until the next call of imap_framer_next --- */

/** The whole command without its last line end; after IMAP_FRAME_LITERAL, what has come so
 *  far. */
static inline struct span
imap_framer_text(const struct imap_framer *framer)
{
    return buf_span(&framer->text);
}

static inline struct span
imap_framer_data(const struct imap_framer *framer)
{
    return framer->data;
}

static inline const struct imap_literal *
imap_framer_literal(const struct imap_framer *framer)
{
    return &framer->literal;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The project's own mail: an endless, seeded stream of messages shaped like real ones, for the
 * demo, the property tests and the benchmarks. The same options give the same octets.
 *
 * Shapes, charsets, headers and sizes follow what real mailboxes hold (median 3.5 KB, mean
 * 5.4 KB, a tail to 30 MB); a settable share is broken in the ways real mail is broken.
 * A generator belongs to one thread.
 */
#ifndef BENCH_MAILGEN_H
#define BENCH_MAILGEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum {
    MAILGEN_MEAN_OCTETS = 5400,
    MAILGEN_MIN_OCTETS = 600,              /* smaller ones are enlarged to this */
    MAILGEN_MAX_OCTETS = 30 * 1000 * 1000, /* where the tail ends unless capped lower */
};

enum mailgen_shape {
    MAILGEN_PLAIN,
    MAILGEN_HTML,
    MAILGEN_ALTERNATIVE,
    MAILGEN_MIXED,    /* text and base64 attachments */
    MAILGEN_RELATED,  /* HTML with inline pictures */
    MAILGEN_SIGNED,   /* OpenPGP or S/MIME detached signature */
    MAILGEN_FORWARD,  /* message/rfc822 */
    MAILGEN_REPORT,   /* delivery report */
    MAILGEN_CALENDAR, /* invitation */
    MAILGEN_DIGEST,   /* multipart/digest of a mailing list */
    MAILGEN_SHAPES
};

enum mailgen_fault {
    MAILGEN_SOUND,
    MAILGEN_NO_FINAL_BOUNDARY,
    MAILGEN_NO_BOUNDARY_PARAM,
    MAILGEN_RAW_8BIT_HEADER,
    MAILGEN_LYING_CHARSET,
    MAILGEN_BAD_DATE,
    MAILGEN_BARE_CR,
    MAILGEN_BARE_LF,
    MAILGEN_NUL,
    MAILGEN_MISSING_HEADERS,
    MAILGEN_NO_BODY_SEPARATOR, /* the header block never ends */
    MAILGEN_JUNK_HEADER,       /* lines without colon, "From " lines, duplicates */
    MAILGEN_LONG_LINES,
    MAILGEN_DEEP,
    MAILGEN_BAD_ENCODED_WORD,
    MAILGEN_BAD_ADDRESS,
    MAILGEN_BAD_BASE64,
    MAILGEN_BAD_CONTENT_TYPE,
    MAILGEN_NO_FINAL_NEWLINE,
    MAILGEN_FAULTS
};

struct mailgen_options {
    uint64_t seed;
    unsigned broken_percent; /* 0..100: share of messages with one fault */
    /* 0..100: share of the words that are drawn from a million others, as names, numbers and
     * slips make them in real mail: many of them occur only once (mailgen_rare_word) */
    unsigned rare_percent;
    size_t mean_octets; /* 0: MAILGEN_MEAN_OCTETS; the whole distribution is scaled */
    size_t max_octets;  /* 0: MAILGEN_MAX_OCTETS; no sound message is longer by more than
                                a few lines */
};

/* Flags as a Maildir names them. */
enum {
    MAILGEN_SEEN = 1,
    MAILGEN_ANSWERED = 2,
    MAILGEN_FLAGGED = 4,
};

struct mailgen_message {
    /* lines end in CRLF (except for faults); valid until the next call */
    struct span octets;
    struct span sender;     /* envelope sender, empty for bounces; valid until the next call */
    int64_t internaldate_s; /* since 1970; grows from message to message */
    unsigned flags;         /* MAILGEN_SEEN | ... */
    enum mailgen_shape shape;
    enum mailgen_fault fault;
};

struct mailgen;

/** RC_INVALID: an option is out of range. RC_UNSUPPORTED: iconv lacks a charset. Thread:
 * any. */
MUST_USE enum rc mailgen_new(const struct mailgen_options *options, struct mailgen **gen_out,
                             struct err *err);
void mailgen_free(struct mailgen *gen);

enum { MAILGEN_RARE_BITS = 20, MAILGEN_RARE_OCTETS = 8 };
/** The rare word of this rank, 1 .. 2^MAILGEN_RARE_BITS - 1, written to octets. Word r occurs
 *  about r times less often than the first. */
struct span mailgen_rare_word(uint32_t rank, char octets[MAILGEN_RARE_OCTETS]);

/** Makes the next message; never fails. */
void mailgen_next(struct mailgen *gen, struct mailgen_message *message_out);

enum mailgen_newline { MAILGEN_LF, MAILGEN_CRLF };

/** Appends the message to an mbox in mboxrd quoting: a From line, the message with lines that
 *  match ^>*From quoted once more, an empty line. MAILGEN_LF turns CRLF into LF. */
void mailgen_put_mboxrd(struct buf *mbox, const struct mailgen_message *message,
                        enum mailgen_newline newline);

#endif

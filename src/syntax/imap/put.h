/* SPDX-License-Identifier: MIT */
/*
 * Single tokens of the response grammar, appended to a buffer without blanks around them.
 * Pieces of responses that are rendered ahead of time (ENVELOPE, BODYSTRUCTURE, labels) consist
 * of them. Whole lines are in write.h.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_PUT_H
#define SYNTAX_IMAP_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/** Whether raw UTF-8 may stand in quoted strings and text (RFC 9755, RFC 9051). */
enum imap_charset {
    IMAP_ASCII,
    IMAP_UTF8,
};

/** A string: quoted where that is legal, otherwise a literal. NUL, which neither can hold (RFC
 * 3501 section 9), becomes '?'. */
void imap_put_string(struct buf *buf, struct span s, enum imap_charset charset);
/** The same, NIL for a NULL pointer. */
void imap_put_nstring(struct buf *buf, struct span s, enum imap_charset charset);
/** The same, but an atom where that is legal (never "NIL"). */
void imap_put_astring(struct buf *buf, struct span s, enum imap_charset charset);
/** A literal, whatever the content; NUL becomes '?'. */
void imap_put_literal(struct buf *buf, struct span s);

/** 1*ATOM-CHAR of RFC 3501. */
bool imap_is_atom(struct span s);
/** 1*ASTRING-CHAR: an atom that may hold ']'. */
bool imap_is_astring_atom(struct span s);

/* Pairs of digits "00".."99". */
extern const char imap_digit_pairs[200];

/** Writes value in decimal at dst (room for 20 octets) and returns the length. */
static inline size_t
imap_fmt_u64(char *dst, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    while (value >= 100) {
        at -= 2;
        memcpy(digits + at, imap_digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(digits + at, imap_digit_pairs + 2 * value, 2);
    } else {
        digits[--at] = (char)('0' + value);
    }
    memcpy(dst, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

enum { IMAP_LITERAL_HEADER_MAX = 24 }; /* "{18446744073709551615}" CR LF */

/** Writes "{octets}" CR LF at dst (room for IMAP_LITERAL_HEADER_MAX) and returns the length. */
static inline size_t
imap_fmt_literal_header(char *dst, uint64_t octets)
{
    size_t len = 0;

    dst[len++] = '{';
    len += imap_fmt_u64(dst + len, octets);
    dst[len++] = '}';
    dst[len++] = '\r';
    dst[len++] = '\n';
    return len;
}

#endif

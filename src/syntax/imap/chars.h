/* SPDX-License-Identifier: MIT */
/*
 * The character classes of RFC 3501 section 9 in one table, for lexer, framer and writer.
 * Private to syntax/imap_*. Pure; any thread.
 */
#ifndef SYNTAX_IMAP_CHARS_H
#define SYNTAX_IMAP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CHAR_ATOM = 1 << 0,          /* ATOM-CHAR: no atom-special, no resp-special */
    CHAR_CLOSE_BRACKET = 1 << 1, /* ']': in astrings, tags and list-mailboxes, not in atoms */
    CHAR_WILDCARD = 1 << 2,      /* '%' and '*' */
    CHAR_ESCAPE = 1 << 3,        /* '"' and '\': quoted-specials */
    CHAR_LITERAL_ONLY = 1 << 4,  /* NUL, CR, LF */
    CHAR_8BIT = 1 << 5,          /* 0x80 and above */
    CHAR_DIGIT = 1 << 6,
    CHAR_FRAME = 1 << 7, /* what the framer must stop at outside quotes */
};

extern const uint8_t imap_char_class[256];

static inline bool
imap_char_is(char c, unsigned classes)
{
    return (imap_char_class[(unsigned char)c] & classes) != 0;
}

#endif

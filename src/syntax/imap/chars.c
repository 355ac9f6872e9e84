/* SPDX-License-Identifier: MIT */
/*
 * One octet, its classes. Rows of eight from 0x00; the letters are those of chars.h.
 */
#include "syntax/imap/chars.h"

#define A CHAR_ATOM
#define R CHAR_CLOSE_BRACKET
#define W CHAR_WILDCARD
#define E CHAR_ESCAPE
#define L CHAR_LITERAL_ONLY
#define H CHAR_8BIT
#define D CHAR_DIGIT
#define F CHAR_FRAME

/* clang-format off */
const uint8_t imap_char_class[256] = {
    L|F, 0, 0, 0, 0, 0, 0, 0,                    /* 00 ........ */
    0, 0, L|F, 0, 0, L, 0, 0,                    /* 08 ........ */
    0, 0, 0, 0, 0, 0, 0, 0,                      /* 10 ........ */
    0, 0, 0, 0, 0, 0, 0, 0,                      /* 18 ........ */
    0, A, E|F, A, A, W, A, A,                    /* 20 .!"#$%&' */
    0, 0, W, A, A, A, A, A,                      /* 28 ()*+,-./ */
    A|D, A|D, A|D, A|D, A|D, A|D, A|D, A|D,      /* 30 01234567 */
    A|D, A|D, A, A, A, A, A, A,                  /* 38 89:;<=>? */
    A, A, A, A, A, A, A, A,                      /* 40 @ABCDEFG */
    A, A, A, A, A, A, A, A,                      /* 48 HIJKLMNO */
    A, A, A, A, A, A, A, A,                      /* 50 PQRSTUVW */
    A, A, A, A, E, R, A, A,                      /* 58 XYZ[\]^_ */
    A, A, A, A, A, A, A, A,                      /* 60 `abcdefg */
    A, A, A, A, A, A, A, A,                      /* 68 hijklmno */
    A, A, A, A, A, A, A, A,                      /* 70 pqrstuvw */
    A, A, A, F, A, A, A|F, 0,                    /* 78 xyz{|}~. */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
};
/* clang-format on */

/* SPDX-License-Identifier: MIT */
/*
 * Content-Transfer-Encodings undone, in pieces of any size (RFC 2045 section 6), forgiving:
 * a body is always decoded to its end. Whether something had to be forgiven is kept in
 * `damaged`, for those who must say so (RFC 3516). Pure. Thread: any.
 */
#ifndef SYNTAX_MIME_DECODE_H
#define SYNTAX_MIME_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "syntax/mime_scan.h"

struct mime_decoder {
    enum mime_encoding encoding;
    bool damaged;      /* octets that the encoding does not allow, or a cut end */
    uint32_t bits;     /* base64: bits not yet given out */
    uint8_t bit_count; /* 0, 6, 12 or 18 */
    bool padded;       /* base64: '=' seen in this group */
    uint8_t held;      /* quoted-printable: octets in hold */
    char hold[3];      /* an unfinished =XX */
    uint32_t blanks;   /* quoted-printable: blanks and CR that may end a line (then dropped) */
};

void mime_decoder_init(struct mime_decoder *decoder, enum mime_encoding encoding);
/** Appends what the next piece gives; at most text.len + what was held back. */
void mime_decoder_put(struct mime_decoder *decoder, struct span text, struct buf *out);
/** The body is over: gives out what was held back. */
void mime_decoder_finish(struct mime_decoder *decoder, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Decodes Content-Transfer-Encodings, in pieces of any size (RFC 2045 section 6). A body is
 * always decoded to its end, even if it is damaged. `damaged` says whether it is, for callers
 * that must tell (RFC 3516). Also the line ends of text, which come after decoding. Pure.
 * Thread: any.
 */
#ifndef SYNTAX_MAIL_MIME_DECODE_H
#define SYNTAX_MAIL_MIME_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "syntax/mail/mime_scan.h"

enum { MIME_DECODER_HOLD = 80 };

struct mime_decoder {
    enum mime_encoding encoding;
    bool damaged;                 /* octets that the encoding does not allow, or a cut end */
    bool padded;                  /* base64: '=' was the last thing seen */
    uint8_t bit_count;            /* base64: 0, 6, 12 or 18 */
    uint8_t held;                 /* quoted-printable: octets in hold */
    uint32_t bits;                /* base64: not yet given out */
    char hold[MIME_DECODER_HOLD]; /* an unfinished =XX, or blanks that may end a line */
};

void mime_decoder_init(struct mime_decoder *decoder, enum mime_encoding encoding);
/** Appends what the next piece gives: at most its length and MIME_DECODER_HOLD octets. */
void mime_decoder_put(struct mime_decoder *decoder, struct span text, struct buf *out);
/** Ends the body: appends what was held back. */
void mime_decoder_finish(struct mime_decoder *decoder, struct buf *out);

/*
 * Makes text as IMAP sends it: each LF has a CR before it (RFC 3516 section 6). A lone CR is
 * kept.
 */
struct line_ends { /* zeroed: at the beginning */
    bool after_cr;
};

/** Appends the next piece: at most twice its length. */
void line_ends_put(struct line_ends *ends, struct span text, struct buf *out);
/** Whether the lines of this part end with CR LF: it is text, unless its charset has characters
 * of two or four octets (RFC 2046 section 4.1.1), which one more octet would shift. */
bool line_ends_apply(const struct mime_part *part);

#endif

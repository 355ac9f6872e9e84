/* SPDX-License-Identifier: MIT */
/*
 * Encoded words in header text (RFC 2047; language tags of RFC 2231 section 5), decoded to
 * UTF-8 for searching, sorting and display. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_ENCODED_WORD_H
#define SYNTAX_MAIL_ENCODED_WORD_H

#include "base/buf.h"
#include "base/span.h"

/** Octets of the encoded word that text begins with, or 0. It has no line end and no '?' inside
 *  its text; blanks inside are tolerated. Linear, also when called at each octet. */
size_t encoded_word_length(struct span text);

/**
 * Appends value in UTF-8: line ends of folding removed, encoded words decoded wherever they
 * stand, blanks between two of them dropped (section 6.2), a character cut between two words
 * of the same charset and encoding made whole, raw 8-bit octets read as charset.h says, broken
 * words left as they are. Ask buf_ok(out) afterwards.
 */
void encoded_word_decode(struct buf *out, struct span value);

#endif

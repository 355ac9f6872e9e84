/* SPDX-License-Identifier: MIT */
/*
 * Encoded words in header text (RFC 2047; language tags of RFC 2231 section 5), decoded to
 * UTF-8 for searching, sorting and display, and made for clients that read nothing but ASCII.
 * Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_ENCODED_WORD_H
#define SYNTAX_MAIL_ENCODED_WORD_H

#include "base/buf.h"
#include "base/span.h"

/** The length in octets of the encoded word that text begins with, or 0. Such a word has no
 * line end, and no '?' in its text; blanks in it are accepted. Takes linear time, even if it is
 * called at each octet. */
size_t encoded_word_length(struct span text);

/**
 * Appends value in UTF-8. Line ends of folding are removed, encoded words are decoded wherever
 * they are, blanks between two of them are dropped (section 6.2), and a character that is
 * divided between two words of the same charset and encoding is joined. Raw 8-bit octets are
 * read as charset.h says, and broken words stay as they are. Ask buf_ok(out) afterwards.
 */
void encoded_word_decode(struct buf *out, struct span value);

/**
 * Appends utf8 in ASCII, so that encoded_word_decode gives the same text again: the words from
 * the first to the last one that are not ASCII become encoded words of at most 75 octets
 * (RFC 2047 section 2), and so does all of it if something else would be read as one. What is
 * an encoded word already, in part of the text, is decoded first. Ask buf_ok(out) afterwards.
 */
void encoded_word_put(struct buf *out, struct span utf8);

#endif

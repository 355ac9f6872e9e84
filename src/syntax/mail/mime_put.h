/* SPDX-License-Identifier: MIT */
/*
 * Text of mail as an IMAP string. This is the only place where ENVELOPE and BODYSTRUCTURE turn
 * octets from outside into protocol. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_MIME_PUT_H
#define SYNTAX_MAIL_MIME_PUT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

enum mime_letters { MIME_AS_IS, MIME_LOWER };

/**
 * Appends value as a quoted string, or as a literal when it has 8-bit octets (RFC 3501 section
 * 4.3). CR, LF and NUL are left out (folding; no string may hold NUL), blanks at both ends too.
 * At most max octets of the value are used.
 */
void mime_put_string(struct buf *out, struct span value, enum mime_letters letters, size_t max);

/** NIL when value.ptr is NULL, else as mime_put_string. */
void mime_put_nstring(struct buf *out, struct span value, size_t max);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Base64 of RFC 4648 section 4 for SASL and keys: strict, padded, no line breaks. The tolerant
 * decoder for MIME is in syntax/. Pure. Thread: any.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

/** The value of a base64 character, 0 to 63, or -1. last: the character for 63, which is '/' in
 * RFC 4648. */
int base64_value(char c, char last);
/** Appends the encoding of data. */
void base64_put(struct buf *buf, struct span data);
/** Appends the decoded octets. RC_INVALID (nothing appended) for anything but canonical, padded
 *  base64; RC_LIMIT: buf is full. */
MUST_USE enum rc base64_decode(struct buf *buf, struct span text);

#endif

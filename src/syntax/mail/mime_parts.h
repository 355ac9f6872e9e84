/* SPDX-License-Identifier: MIT */
/*
 * The part table: the tree of mime_scan in a compact form that the store keeps with a message,
 * and the way from a section number to octets (RFC 3501 section 6.4.5) without parsing again.
 *
 * Form: one version octet, then for each part in message order varints of 7 bits: flags (media,
 * encoding, attachment, charset given), gap before the header, header size, body size, lines,
 * then the charset (code, or length and name) and the number of children, each only where it
 * can differ from what is known. A simple message takes about 8 octets.
 */
#ifndef SYNTAX_MAIL_MIME_PARTS_H
#define SYNTAX_MAIL_MIME_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/mail/mime_scan.h"

/** Appends the table. Ask buf_ok(out) afterwards. */
void mime_parts_encode(struct buf *out, const struct mime_part *root);

/**
 * Makes the tree again, except for type, subtype and fields. What mime_scan promises of its
 * tree holds here, too. RC_CORRUPT: the table is damaged or of another version. charset borrows
 * from table. RC_LIMIT: arena.
 */
MUST_USE enum rc mime_parts_decode(struct span table, struct arena *arena,
                                   struct mime_part **root_out);

enum mime_section_kind {
    MIME_SECTION_BODY,   /* BODY[] (the whole message) or BODY[1.2] */
    MIME_SECTION_HEADER, /* BODY[HEADER], BODY[1.2.HEADER]; also the base of HEADER.FIELDS */
    MIME_SECTION_TEXT,   /* BODY[TEXT], BODY[1.2.TEXT] */
    MIME_SECTION_MIME,   /* BODY[1.2.MIME]; needs a number */
};

struct mime_slice {
    uint64_t offset;              /* from the start of the message */
    uint64_t size;                /* octets */
    const struct mime_part *part; /* whose octets they are; for MIME_SECTION_BODY with a number,
                                     its encoding and charset say how to decode them */
};

/**
 * Where a section lies.
 *
 * root   From mime_scan or mime_parts_decode.
 * path   Part numbers, each at least 1; path_len 0 is the message itself.
 *
 * A message that is not a multipart has one part, number 1: its body. HEADER and TEXT with
 * numbers need a part of message/rfc822. Returns RC_OK or RC_NOT_FOUND (no such section:
 * FETCH answers NIL). Thread: any.
 */
MUST_USE enum rc mime_section_find(const struct mime_part *root, const uint32_t *path,
                                   size_t path_len, enum mime_section_kind kind,
                                   struct mime_slice *slice_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The MIME scanner: one pass over a message, giving the tree of its parts with octet-exact
 * offsets, sizes and line counts (RFC 2045, 2046; broken mail as RFC 7103 advises).
 *
 * Always true of the result, whatever the input was:
 * - the root's header starts at 0 and its body ends with the message;
 * - body_off == header_off + header_size for every part;
 * - the parts of a multipart lie inside its body, in order, without overlap;
 * - a multipart has at least one child; a message/rfc822 exactly one, whose header and body
 *   together are its body; a leaf has none.
 * So a multipart in which no delimiter is found has one text/plain part without header: all of
 * its body. Where LIMIT_MIME_DEPTH or LIMIT_MIME_PARTS forbids children, a multipart or message
 * becomes a leaf (application/octet-stream).
 *
 * A delimiter is a line of "--", the boundary, "--" if it is the last, and blanks, exactly:
 * a boundary that begins with another one is not mistaken for it. The line end before the
 * delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
 */
#ifndef SYNTAX_MAIL_MIME_SCAN_H
#define SYNTAX_MAIL_MIME_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"

enum mime_kind {
    MIME_LEAF,
    MIME_MULTIPART,
    MIME_MESSAGE, /* message/rfc822 and message/global: the child is the enclosed message */
};

/* Stored in part tables: values never change. */
enum mime_encoding {
    MIME_ENCODING_7BIT = 0, /* also when nothing is said */
    MIME_ENCODING_8BIT = 1,
    MIME_ENCODING_BINARY = 2,
    MIME_ENCODING_QP = 3,
    MIME_ENCODING_BASE64 = 4,
    MIME_ENCODING_UNKNOWN = 5, /* a name we do not know: the octets cannot be decoded */
};

/* Stored in part tables: values never change. */
enum mime_media {
    MIME_MEDIA_OTHER = 0,
    MIME_MEDIA_TEXT_PLAIN = 1,
    MIME_MEDIA_TEXT_HTML = 2,
    MIME_MEDIA_TEXT_OTHER = 3,
    MIME_MEDIA_MULTIPART = 4,
    MIME_MEDIA_MULTIPART_ALTERNATIVE = 5,
    MIME_MEDIA_MESSAGE = 6,
    MIME_MEDIA_IMAGE = 7,
    MIME_MEDIA_AUDIO = 8,
    MIME_MEDIA_VIDEO = 9,
    MIME_MEDIA_CALENDAR = 10, /* text/calendar */
};

enum mime_field {
    MIME_FIELD_TYPE,
    MIME_FIELD_ENCODING,
    MIME_FIELD_ID,
    MIME_FIELD_DESCRIPTION,
    MIME_FIELD_DISPOSITION,
    MIME_FIELD_LANGUAGE,
    MIME_FIELD_LOCATION,
    MIME_FIELD_MD5,
    MIME_FIELDS,
};

struct mime_part {
    struct mime_part *parent; /* NULL: the root */
    struct mime_part *first_child;
    struct mime_part *last_child;
    struct mime_part *next; /* sibling */

    /* Octets from the start of the message; header with its blank line; lines are line ends. */
    uint64_t header_off;
    uint64_t header_size;
    uint64_t body_off;
    uint64_t body_size;
    uint64_t body_lines;

    enum mime_kind kind;
    enum mime_encoding encoding;
    enum mime_media media;
    bool is_attachment;  /* Content-Disposition: attachment */
    struct span charset; /* of text/...; empty: not said. Borrowed from message or arena */

    /* Only after mime_scan, not after mime_parts_decode. Borrowed from the message: */
    struct span type;                /* as written, or the default's: "text" */
    struct span subtype;             /* "plain" */
    struct span fields[MIME_FIELDS]; /* values, still folded; ptr NULL when there is none */
};

static inline bool
mime_is_text(const struct mime_part *part)
{
    return (part->media >= MIME_MEDIA_TEXT_PLAIN && part->media <= MIME_MEDIA_TEXT_OTHER) ||
           part->media == MIME_MEDIA_CALENDAR;
}

/**
 * Scans a message.
 *
 * message   All octets; may be mapped from a file; at most LIMIT_APPEND_MAX. Borrowed: the tree
 *           points into it.
 * arena     Receives the tree: about 300 octets a part, at most LIMIT_MIME_PARTS of them.
 * root_out  The message itself.
 *
 * Returns RC_OK or RC_LIMIT (arena, or a message beyond LIMIT_APPEND_MAX). Mail is never
 * refused for being malformed. Takes time linear in the size, and memory that does not depend
 * on it. Thread: any.
 */
MUST_USE enum rc mime_scan(struct span message, struct arena *arena,
                           struct mime_part **root_out);

/** The next part in the order of the message (parents before children), NULL at the end. */
const struct mime_part *mime_part_after(const struct mime_part *part);

#endif

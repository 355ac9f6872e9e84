/* SPDX-License-Identifier: MIT */
/*
 * The text of a message as it is searched and indexed. What is text:
 *
 *   the header of the message       each field: name, colon, blank, decoded value
 *   the headers of its parts, and   likewise
 *   of the messages enclosed
 *   names of attachments            as decoded parameters (RFC 2231) of Content-Type and
 *                                   Content-Disposition, where the field does not show them
 *   the bodies of text/... parts    without transfer encoding and charset; of text/html what is
 *                                   shown (html_text.h), in the charset that it names if the
 *                                   field does not (html_charset.h)
 *
 * Not: other parts, preambles, epilogues. It comes folded (fold.h), in pieces cut between
 * characters, with bounded memory for bodies of any size. Nothing is found across two texts:
 * each field, each such name and each body is one. Which texts there are depends on the message
 * alone, and not on how its octets are fed; how a body is cut into pieces does.
 *
 *   mime_text_init(&text, keep)
 *   for each message:
 *       mime_text_begin(&text, root, MIME_TEXT_ALL)
 *       while (mime_text_wants(&text, &offset))
 *           read some octets from offset; mime_text_feed(&text, octets, fn, ctx)
 *   mime_text_done(&text)
 *
 * Thread: any; one struct belongs to one thread at a time.
 */
#ifndef SYNTAX_MAIL_MIME_TEXT_H
#define SYNTAX_MAIL_MIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "syntax/charset.h"
#include "syntax/fold.h"
#include "syntax/html_text.h"
#include "syntax/mail/mime_decode.h"
#include "syntax/mail/mime_scan.h"

/* A piece of text. All spans are borrowed for the call. */
struct mime_text_piece {
    struct span folded;  /* UTF-8, except for names of fields; may be empty */
    struct span window;  /* folded, and the end of this text before it, `keep` octets at most */
    struct span text;    /* what is new, in UTF-8 that is not folded; of a field its value */
    struct span name;    /* of the header field, as it is written; empty: body, or no field */
    struct span value;   /* of a header field, as it is written (header.h) */
    size_t name_octets;  /* of folded: the field's name, colon and blank in front */
    bool is_first;       /* begins a text */
    bool is_last;        /* ends it */
    bool is_param;       /* the decoded value of a parameter of that field */
    bool in_root_header; /* of the message itself */
};
/* Returns false to be fed no more of this message. */
typedef bool mime_text_fn(void *ctx, const struct mime_text_piece *piece);

enum mime_text_from {
    MIME_TEXT_ALL,
    MIME_TEXT_BODY, /* without the header of the message itself */
};

struct mime_text {
    size_t keep;
    bool failed;    /* memory was short */
    bool is_open;   /* charset is in use */
    bool has_begun; /* a piece of this body was given */
    bool in_head;   /* octets are collected in head until the charset is known */

    const struct mime_part *part; /* where we are; NULL: at the end */
    bool in_header;
    uint64_t offset; /* of the next octet wanted */
    uint64_t end;    /* of this header or body */

    uint32_t fields;   /* of this header, so far */
    size_t look_at;    /* octets that must be collected before a field can be complete */
    struct buf octets; /* header fields not yet complete, or decoded octets of a piece */
    struct buf head;   /* the first octets of HTML */
    struct buf utf8;
    struct buf shown;    /* what utf8 shows as HTML */
    struct buf param;    /* folded */
    struct arena params; /* of one field */
    struct buf folded;   /* what was kept of the last piece, and this one */
    struct mime_decoder decoder;
    struct charset charset;
    struct html_text html;
    struct fold fold;
};

/** keep: octets of a text that stand before its next piece, so that what spans two pieces can
 *  be found. Nothing is allocated before the first use. */
void mime_text_init(struct mime_text *text, size_t keep);
void mime_text_done(struct mime_text *text);

/** Starts a message. root: from mime_scan or mime_parts_decode, borrowed until the next begin.
 */
void mime_text_begin(struct mime_text *text, const struct mime_part *root,
                     enum mime_text_from from);
/** Where the next octets of interest are; false when nothing is left. The rest of large
 *  attachments is not asked for. */
bool mime_text_wants(const struct mime_text *text, uint64_t *offset_out);
/** Takes octets of the message from the wanted offset on, as many as the caller has (not 0),
 *  and calls fn with each piece. */
void mime_text_feed(struct mime_text *text, struct span octets, mime_text_fn *fn, void *ctx);
/** Whether memory was short since the message began, so that some of the text is missing. */
bool mime_text_failed(const struct mime_text *text);

#endif

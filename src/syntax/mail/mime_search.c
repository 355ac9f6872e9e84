/* SPDX-License-Identifier: MIT */
/*
 * Octets flow through a pipe: transfer encoding -> charset -> fold -> window. Needles are
 * searched for in the window (mime_needles.c), which keeps the end of the last piece, one octet
 * less than the longest needle, so that a match is found wherever the pieces are cut. A header
 * is handled field by field: each is collected up to its end, decoded, and searched as one
 * piece.
 */
#include "syntax/mail/mime_search_private.h"

#include "base/limits.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/header.h"

enum {
    PIECE_OCTETS = 32768, /* of a body, decoded at a time */
    FIELD_OCTETS = 65536, /* of a header field; a longer one is searched in pieces */
    TEXT_MAX = 64 << 20,  /* hard maximum of each buffer, for the worst that decoding can do */
};

enum rc
mime_search_init(struct mime_search *search, struct arena *arena,
                 const struct mime_needle *needles, size_t count)
{
    struct buf *const bufs[] = {&search->octets,       &search->utf8,
                                &search->window,       &search->value_utf8,
                                &search->value_folded, &search->value_shown};

    memset(search, 0, sizeof *search);
    fold_init(&search->fold);
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_init(bufs[i], TEXT_MAX);
    arena_init(&search->addresses, (size_t)LIMIT_HEADER_FIELD * 2);
    if (needles_init(search, arena, needles, count) != RC_OK) {
        mime_search_done(search);
        return RC_LIMIT;
    }
    return RC_OK;
}

static void
close_text(struct mime_search *search)
{
    if (search->is_open)
        charset_close(&search->charset);
    search->is_open = false;
}

void
mime_search_done(struct mime_search *search)
{
    close_text(search);
    buf_done(&search->octets);
    buf_done(&search->utf8);
    buf_done(&search->window);
    buf_done(&search->value_utf8);
    buf_done(&search->value_folded);
    buf_done(&search->value_shown);
    arena_done(&search->addresses);
    search->part = NULL;
    search->needle_count = 0;
}

static bool
in_root_header(const struct mime_search *search)
{
    return search->in_header && search->part->parent == NULL;
}

/* --- Looking for needles --- */

/* Fields of the root header that say what a message is about and who the correspondents are. */
static enum fuzzy_place
place_of(const struct mime_search *search, struct span name)
{
    static const struct span in_front[] = {
        SPAN_INIT("Subject"), SPAN_INIT("From"), SPAN_INIT("To"),
        SPAN_INIT("Cc"),      SPAN_INIT("Bcc"),
    };

    for (size_t i = 0; i < ARRAY_LEN(in_front) && in_root_header(search); i++)
        if (span_ieq(name, in_front[i]))
            return FUZZY_IN_FRONT;
    return FUZZY_BEHIND;
}

/* Searches one header field: "name: value". A line without a name is searched as it stands. The
 * name is not among the words of the text, because it says nothing about the message. */
static void
look_in_field(struct mime_search *search, const struct header_field *field)
{
    buf_clear(&search->utf8);
    buf_clear(&search->window);
    if (field->name.len > 0) {
        fold_put(&search->fold, field->name, &search->window);
        buf_put_lit(&search->window, ": ");
    }
    const size_t before = buf_len(&search->window);
    encoded_word_decode(&search->utf8, field->value);
    fold_put(&search->fold, buf_span(&search->utf8), &search->window);
    search->failed |= !buf_ok(&search->utf8) || !buf_ok(&search->window);
    needles_look(search, &(struct needles_piece){
                             .words = span_tail(buf_span(&search->window), before),
                             .is_last = true,
                             .place = place_of(search, field->name),
                             .in_root_header = in_root_header(search),
                         });
    buf_clear(&search->window);
}

/*
 * Searches the fields collected, but before the end of the header not the last one, which may
 * continue with what follows, nor a line without its end.
 */
static void
look_in_fields(struct mime_search *search, bool at_end)
{
    const struct span collected = buf_span(&search->octets);
    const char *lf = memrchr(collected.ptr, '\n', collected.len);
    const size_t lines = lf == NULL ? 0 : (size_t)(lf - collected.ptr) + 1;
    struct header_iter iter;
    struct header_field field;
    size_t done = 0;

    header_iter_init(&iter, at_end ? collected : span_head(collected, lines));
    while (header_next(&iter, &field) && (at_end || iter.rest.len > 0)) {
        look_in_field(search, &field);
        done += field.raw.len;
    }
    buf_consume(&search->octets, at_end ? collected.len : done);
}

static void
put_header(struct mime_search *search, struct span piece)
{
    const bool at_end = search->offset + piece.len == search->end;

    while (piece.len > 0) {
        const struct span head = span_head(piece, PIECE_OCTETS);
        piece = span_tail(piece, head.len);
        buf_put_span(&search->octets, head);
        search->failed |= !buf_ok(&search->octets);
        if (span_find_char(head, '\n') >= 0 || (at_end && piece.len == 0))
            look_in_fields(search, at_end && piece.len == 0);
        if (buf_len(&search->octets) > FIELD_OCTETS) {
            const struct header_field part = {.value = buf_span(&search->octets)};
            look_in_field(search, &part);
            buf_clear(&search->octets);
        }
    }
}

/* Folds what is in utf8, looks, and keeps what a match may begin with. */
static void
look_in_text(struct mime_search *search, bool is_last)
{
    const size_t keep = search->longest > 0 ? search->longest - 1 : 0;
    const size_t before = buf_len(&search->window);

    fold_put(&search->fold, buf_span(&search->utf8), &search->window);
    search->failed |= !buf_ok(&search->utf8) || !buf_ok(&search->window);
    buf_clear(&search->utf8);
    needles_look(search, &(struct needles_piece){
                             .words = span_tail(buf_span(&search->window), before),
                             .is_last = is_last,
                             .place = FUZZY_BEHIND,
                         });
    if (buf_len(&search->window) > keep)
        buf_consume(&search->window, buf_len(&search->window) - keep);
}

/* The next octets without their transfer encoding. */
static struct span
decode(struct mime_search *search, struct span piece)
{
    if (search->decoder.encoding != MIME_ENCODING_BASE64 &&
        search->decoder.encoding != MIME_ENCODING_QP)
        return piece;
    buf_clear(&search->octets);
    mime_decoder_put(&search->decoder, piece, &search->octets);
    search->failed |= !buf_ok(&search->octets);
    return buf_span(&search->octets);
}

static void
put_text(struct mime_search *search, struct span piece)
{
    const bool at_end = search->offset + piece.len == search->end;

    while (piece.len > 0 && search->missing > 0) {
        const struct span head = span_head(piece, PIECE_OCTETS);
        charset_put(&search->charset, decode(search, head), &search->utf8);
        look_in_text(search, false);
        piece = span_tail(piece, head.len);
    }
    if (at_end && search->missing > 0) {
        buf_clear(&search->octets);
        mime_decoder_finish(&search->decoder, &search->octets);
        charset_put(&search->charset, buf_span(&search->octets), &search->utf8);
        charset_finish(&search->charset, &search->utf8);
        look_in_text(search, true);
    }
}

/* --- Walking over the message --- */

static void
enter(struct mime_search *search, uint64_t offset, uint64_t size)
{
    search->offset = offset;
    search->end = offset + size;
    buf_clear(&search->octets);
    buf_clear(&search->utf8);
    buf_clear(&search->window);
    words_init(&search->words);
}

static bool
is_searched(const struct mime_part *part)
{
    return mime_is_text(part) && part->encoding != MIME_ENCODING_UNKNOWN && part->body_size > 0;
}

/* To the next header or body that is searched, in the order of the message. */
static void
enter_next(struct mime_search *search)
{
    close_text(search);
    while (search->part != NULL) {
        if (search->in_header) {
            search->in_header = false;
            if (!is_searched(search->part))
                continue;
            enter(search, search->part->body_off, search->part->body_size);
            mime_decoder_init(&search->decoder, search->part->encoding);
            charset_open(&search->charset, search->part->charset);
            search->is_open = true;
            return;
        }
        search->part = mime_part_after(search->part);
        search->in_header = true;
        if (search->part != NULL && search->part->header_size > 0) {
            enter(search, search->part->header_off, search->part->header_size);
            return;
        }
    }
}

void
mime_search_begin(struct mime_search *search, const struct mime_part *root)
{
    search->failed = false;
    needles_begin(search);
    search->part = root;
    search->in_header = true;
    if (search->missing_text > 0 && root->header_size > 0)
        enter(search, root->header_off, root->header_size);
    else
        enter_next(search);
}

bool
mime_search_wants(const struct mime_search *search, uint64_t *offset_out)
{
    if (search->part == NULL || search->missing == 0)
        return false;
    *offset_out = search->offset;
    return true;
}

void
mime_search_feed(struct mime_search *search, struct span octets)
{
    uint64_t wanted;

    while (octets.len > 0 && mime_search_wants(search, &wanted)) {
        const uint64_t left = search->end - search->offset;
        const struct span piece =
            span_head(octets, left < octets.len ? (size_t)left : octets.len);
        if (search->in_header)
            put_header(search, piece);
        else
            put_text(search, piece);
        search->offset += piece.len;
        octets = span_tail(octets, piece.len);
        if (search->offset < search->end)
            continue;
        const uint64_t end = search->end;
        enter_next(search);
        if (search->part != NULL && search->offset > end)
            octets = span_tail(octets, search->offset - end < octets.len
                                           ? (size_t)(search->offset - end)
                                           : octets.len);
    }
}

bool
mime_search_failed(const struct mime_search *search)
{
    return search->failed;
}

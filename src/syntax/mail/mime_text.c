/* SPDX-License-Identifier: MIT */
/*
 * Octets of a body flow through a pipe: transfer encoding -> charset -> HTML -> fold. The first
 * ones of HTML wait until it is known which charset they name. A header
 * is handled field by field, each as one piece. Fields are collected until the line after them
 * is there, unless the caller has the whole header at once.
 */
#include "syntax/mail/mime_text.h"

#include "base/limits.h"
#include "syntax/html_charset.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_params.h"

enum {
    PIECE_OCTETS = 32768, /* of a body, decoded at a time */
    TEXT_MAX = 64 << 20,  /* hard maximum of each buffer, for the worst that decoding can do */
    PARAMS_MAX = 8 * LIMIT_HEADER_FIELD, /* what the parameters of one field may need */
};

/* Who is given the pieces. */
struct reader {
    mime_text_fn *fn;
    void *ctx;
};

void
mime_text_init(struct mime_text *text, size_t keep)
{
    memset(text, 0, sizeof *text);
    text->keep = keep;
    fold_init(&text->fold);
    buf_init(&text->octets, TEXT_MAX);
    buf_init(&text->head, LIMIT_HTML_CHARSET_OCTETS);
    buf_init(&text->utf8, TEXT_MAX);
    buf_init(&text->shown, TEXT_MAX);
    buf_init(&text->param, TEXT_MAX);
    buf_init(&text->folded, TEXT_MAX);
    arena_init(&text->params, PARAMS_MAX);
}

static void
close_body(struct mime_text *text)
{
    if (text->is_open)
        charset_close(&text->charset);
    text->is_open = false;
}

void
mime_text_done(struct mime_text *text)
{
    close_body(text);
    buf_done(&text->octets);
    buf_done(&text->head);
    buf_done(&text->utf8);
    buf_done(&text->shown);
    buf_done(&text->param);
    buf_done(&text->folded);
    arena_done(&text->params);
    text->part = NULL;
}

/* fn wants no more of this message. */
static void
stop(struct mime_text *text)
{
    close_body(text);
    text->part = NULL;
}

/* ---- headers ---- */

/* Folds what is in utf8 behind the name, and gives it. Returns what fn says. */
static bool
give_field(struct mime_text *text, const struct header_field *field, struct reader to)
{
    buf_clear(&text->utf8);
    buf_clear(&text->folded);
    if (field->name.len > 0) {
        fold_put(&text->fold, field->name, &text->folded);
        buf_put_lit(&text->folded, ": ");
    }
    const size_t name_octets = buf_len(&text->folded);
    encoded_word_decode(&text->utf8, field->value);
    fold_put(&text->fold, buf_span(&text->utf8), &text->folded);
    text->failed |= !buf_ok(&text->utf8) || !buf_ok(&text->folded);
    return to.fn(to.ctx, &(struct mime_text_piece){
                             .folded = buf_span(&text->folded),
                             .window = buf_span(&text->folded),
                             .text = buf_span(&text->utf8),
                             .name = field->name,
                             .value = field->value,
                             .name_octets = name_octets,
                             .is_first = true,
                             .is_last = true,
                             .in_root_header = text->part->parent == NULL,
                         });
}

/* Gives a parameter, unless the field that has just been given shows it as it is. */
static bool
give_param(struct mime_text *text, const struct mime_value *value, const char *name,
           const struct header_field *field, struct reader to)
{
    buf_clear(&text->utf8);
    buf_clear(&text->param);
    if (!mime_value_param_utf8(value, name, &text->utf8))
        return true;
    fold_put(&text->fold, buf_span(&text->utf8), &text->param);
    text->failed |= !buf_ok(&text->utf8) || !buf_ok(&text->param);
    const struct span folded = buf_span(&text->param);
    if (folded.len == 0 || span_find(buf_span(&text->folded), folded) >= 0)
        return true;
    return to.fn(to.ctx, &(struct mime_text_piece){
                             .folded = folded,
                             .window = folded,
                             .text = buf_span(&text->utf8),
                             .name = field->name,
                             .value = field->value,
                             .is_first = true,
                             .is_last = true,
                             .is_param = true,
                             .in_root_header = text->part->parent == NULL,
                         });
}

/* The names of an attachment. Where they are written as they are, nothing has to be done. */
static bool
give_params(struct mime_text *text, const struct header_field *field, struct reader to)
{
    struct mime_value value;
    const bool has_params = span_ieq(field->name, SPAN("Content-Type")) ||
                            span_ieq(field->name, SPAN("Content-Disposition"));

    if (!has_params ||
        (span_find_char(field->value, '*') < 0 && span_find_char(field->value, '\\') < 0 &&
         span_find(field->value, SPAN("=?")) < 0))
        return true;
    arena_reset(&text->params);
    const enum rc rc = mime_value_parse(field->value, &text->params, &value);
    text->failed |= text->params.starved;
    return rc != RC_OK || (give_param(text, &value, "name", field, to) &&
                           give_param(text, &value, "filename", field, to));
}

/* A line without a name is given as it stands, and so is what a value has beyond
 * LIMIT_HEADER_FIELD. */
static bool
put_field(struct mime_text *text, const struct header_field *field, struct reader to)
{
    const char *const end = field->raw.ptr + field->raw.len;
    struct header_field rest = *field;

    if (!give_field(text, field, to) || !give_params(text, field, to))
        return false;
    while (rest.value.len == LIMIT_HEADER_FIELD && rest.value.ptr + rest.value.len < end) {
        rest.name = SPAN("");
        rest.value = header_field_value(span_of(rest.value.ptr + rest.value.len, 0), end);
        if (!give_field(text, &rest, to))
            return false;
    }
    return true;
}

/* Gives the fields of the lines; before the end of the header not the last one, which may
 * continue with what follows. Returns how many octets that was. */
static size_t
put_fields(struct mime_text *text, struct span lines, bool at_end, struct reader to)
{
    struct header_iter iter;
    struct header_field field;
    size_t done = 0;

    header_iter_init(&iter, lines);
    iter.seen = text->fields;
    while (header_next(&iter, &field) && (at_end || iter.rest.len > 0)) {
        text->fields = iter.seen;
        done += field.raw.len;
        if (put_field(text, &field, to))
            continue;
        stop(text);
        break;
    }
    return at_end ? lines.len : done;
}

/* A field of many lines is not looked at again with each of them. */
static void
put_collected(struct mime_text *text, bool at_end, struct reader to)
{
    const struct span collected = buf_span(&text->octets);
    const char *lf = memrchr(collected.ptr, '\n', collected.len);
    const size_t lines = lf == NULL ? 0 : (size_t)(lf - collected.ptr) + 1;

    if (!at_end && lines < text->look_at)
        return;
    const size_t done =
        put_fields(text, at_end ? collected : span_head(collected, lines), at_end, to);
    buf_consume(&text->octets, done);
    text->look_at = done > 0 ? 0 : 2 * lines;
}

static void
put_header(struct mime_text *text, struct span piece, struct reader to)
{
    const bool at_end = text->offset + piece.len == text->end;

    if (at_end && buf_len(&text->octets) == 0) {
        (void)put_fields(text, piece, true, to);
        return;
    }
    while (piece.len > 0 && text->part != NULL) {
        const struct span head = span_head(piece, PIECE_OCTETS);
        piece = span_tail(piece, head.len);
        buf_put_span(&text->octets, head);
        text->failed |= !buf_ok(&text->octets);
        const bool is_last = at_end && piece.len == 0;
        if (is_last || span_find_char(head, '\n') >= 0)
            put_collected(text, is_last, to);
    }
}

/* ---- bodies ---- */

enum body_piece { BODY_GOES_ON, BODY_ENDS };

/* The part of the body that is in utf8, as text. */
static struct span
shown(struct mime_text *text, enum body_piece end)
{
    if (text->part->media != MIME_MEDIA_TEXT_HTML)
        return buf_span(&text->utf8);
    buf_clear(&text->shown);
    html_text_put(&text->html, buf_span(&text->utf8), &text->shown);
    if (end == BODY_ENDS)
        html_text_finish(&text->html, &text->shown);
    text->failed |= !buf_ok(&text->shown);
    return buf_span(&text->shown);
}

/* Folds what is in utf8, and gives it. */
static void
give_body(struct mime_text *text, enum body_piece end, struct reader to)
{
    const size_t kept = buf_len(&text->folded);
    const bool is_first = !text->has_begun;

    const struct span utf8 = shown(text, end);
    fold_put(&text->fold, utf8, &text->folded);
    text->failed |= !buf_ok(&text->utf8) || !buf_ok(&text->folded);
    text->has_begun = true;
    const struct span window = buf_span(&text->folded);
    const bool goes_on = to.fn(to.ctx, &(struct mime_text_piece){
                                           .folded = span_tail(window, kept),
                                           .window = window,
                                           .text = utf8,
                                           .name = SPAN(""),
                                           .value = SPAN(""),
                                           .is_first = is_first,
                                           .is_last = end == BODY_ENDS,
                                       });
    buf_clear(&text->utf8);
    if (!goes_on) {
        stop(text);
        return;
    }
    if (window.len > text->keep)
        buf_consume(&text->folded, window.len - text->keep);
}

/* The next octets without their transfer encoding. */
static struct span
decode(struct mime_text *text, struct span piece)
{
    if (text->decoder.encoding != MIME_ENCODING_BASE64 &&
        text->decoder.encoding != MIME_ENCODING_QP)
        return piece;
    buf_clear(&text->octets);
    mime_decoder_put(&text->decoder, piece, &text->octets);
    text->failed |= !buf_ok(&text->octets);
    return buf_span(&text->octets);
}

/* All of the head is there. */
static void
end_head(struct mime_text *text)
{
    const struct span charset = html_charset_find(buf_span(&text->head));

    if (charset.len > 0) {
        charset_close(&text->charset);
        charset_open(&text->charset, charset);
    }
    text->in_head = false;
    text->failed |= !buf_ok(&text->head);
    charset_put(&text->charset, buf_span(&text->head), &text->utf8);
    buf_clear(&text->head);
}

/* To utf8. */
static void
convert(struct mime_text *text, struct span octets)
{
    if (text->in_head) {
        const struct span head =
            span_head(octets, LIMIT_HTML_CHARSET_OCTETS - buf_len(&text->head));
        buf_put_span(&text->head, head);
        octets = span_tail(octets, head.len);
        if (buf_len(&text->head) < LIMIT_HTML_CHARSET_OCTETS && buf_ok(&text->head))
            return;
        end_head(text);
    }
    charset_put(&text->charset, octets, &text->utf8);
}

static void
put_body(struct mime_text *text, struct span piece, struct reader to)
{
    const bool at_end = text->offset + piece.len == text->end;

    while (piece.len > 0 && text->part != NULL) {
        const struct span head = span_head(piece, PIECE_OCTETS);
        convert(text, decode(text, head));
        give_body(text, BODY_GOES_ON, to);
        piece = span_tail(piece, head.len);
    }
    if (at_end && text->part != NULL) {
        buf_clear(&text->octets);
        mime_decoder_finish(&text->decoder, &text->octets);
        convert(text, buf_span(&text->octets));
        if (text->in_head)
            end_head(text);
        charset_finish(&text->charset, &text->utf8);
        give_body(text, BODY_ENDS, to);
    }
}

/* ---- walking over the message ---- */

static void
enter(struct mime_text *text, uint64_t offset, uint64_t size)
{
    text->offset = offset;
    text->end = offset + size;
    text->fields = 0;
    text->look_at = 0;
    text->has_begun = false;
    buf_clear(&text->octets);
    buf_clear(&text->utf8);
    buf_clear(&text->folded);
}

static bool
has_text(const struct mime_part *part)
{
    return mime_is_text(part) && part->encoding != MIME_ENCODING_UNKNOWN && part->body_size > 0;
}

/* To the next header or body that has text, in the order of the message. */
static void
enter_next(struct mime_text *text)
{
    close_body(text);
    while (text->part != NULL) {
        if (text->in_header) {
            text->in_header = false;
            if (!has_text(text->part))
                continue;
            enter(text, text->part->body_off, text->part->body_size);
            mime_decoder_init(&text->decoder, text->part->encoding);
            charset_open(&text->charset, text->part->charset);
            buf_clear(&text->head);
            text->in_head = text->part->media == MIME_MEDIA_TEXT_HTML &&
                            html_charset_matters(text->part->charset);
            html_text_init(&text->html, HTML_SEARCHED);
            text->is_open = true;
            return;
        }
        text->part = mime_part_after(text->part);
        text->in_header = true;
        if (text->part != NULL && text->part->header_size > 0) {
            enter(text, text->part->header_off, text->part->header_size);
            return;
        }
    }
}

void
mime_text_begin(struct mime_text *text, const struct mime_part *root, enum mime_text_from from)
{
    text->failed = false;
    text->part = root;
    text->in_header = true;
    if (from == MIME_TEXT_ALL && root->header_size > 0) {
        close_body(text);
        enter(text, root->header_off, root->header_size);
    } else {
        enter_next(text);
    }
}

bool
mime_text_wants(const struct mime_text *text, uint64_t *offset_out)
{
    if (text->part == NULL)
        return false;
    *offset_out = text->offset;
    return true;
}

void
mime_text_feed(struct mime_text *text, struct span octets, mime_text_fn *fn, void *ctx)
{
    const struct reader to = {fn, ctx};

    while (octets.len > 0 && text->part != NULL) {
        const uint64_t left = text->end - text->offset;
        const struct span piece =
            span_head(octets, left < octets.len ? (size_t)left : octets.len);
        if (text->in_header)
            put_header(text, piece, to);
        else
            put_body(text, piece, to);
        text->offset += piece.len;
        octets = span_tail(octets, piece.len);
        if (text->offset < text->end)
            continue;
        const uint64_t end = text->end;
        enter_next(text);
        if (text->part != NULL && text->offset > end)
            octets =
                span_tail(octets, text->offset - end < octets.len ? (size_t)(text->offset - end)
                                                                  : octets.len);
    }
}

bool
mime_text_failed(const struct mime_text *text)
{
    return text->failed;
}

/* SPDX-License-Identifier: MIT */
/*
 * BINARY[...] and BINARY.SIZE[...] (RFC 3516): a part without its Content-Transfer-Encoding.
 * The size comes before the octets, and NUL decides which kind of literal is used, so a part is
 * decoded twice, piece by piece: to measure it and to send it. Only one piece of it is in
 * memory at a time. Lines of text end with CR LF, whatever line ends the part has (section 6).
 *
 * A part that is not a leaf has no encoding (RFC 2045 section 6.4) and is sent as it is.
 */
#include "mailbox/content/fetch_private.h"

enum {
    PIECE_OCTETS = 64 << 10,
    STEP_OCTETS = 1 << 20, /* measured in one step: a few milliseconds */
};

/* The part may be decoded in its encoding, or none has to be. */
static enum mime_encoding
encoding_of(const struct mime_slice *slice)
{
    return slice->part == NULL || slice->part->kind != MIME_LEAF ? MIME_ENCODING_BINARY
                                                                 : slice->part->encoding;
}

enum rc
fetch_binary_check(struct fetch *fetch, bool *decodable_out, struct err *err)
{
    *decodable_out = true;
    for (size_t i = 0; i < fetch->req->item_count; i++) {
        const struct fetch_item *item = &fetch->items[i];
        struct mime_slice slice = {.part = NULL};
        if (item->item->kind != FETCH_BINARY && item->item->kind != FETCH_BINARY_SIZE)
            continue;
        const enum rc rc = fetch_section_find(fetch, item, &slice, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        if (rc == RC_OK && encoding_of(&slice) == MIME_ENCODING_UNKNOWN)
            *decodable_out = false;
    }
    return RC_OK;
}

/* Whether the octets of the message are those of the answer, so that they need not be read to
 * be counted. */
static bool
is_plain(const struct mime_slice *slice)
{
    const enum mime_encoding encoding = encoding_of(slice);

    return (encoding == MIME_ENCODING_7BIT || encoding == MIME_ENCODING_8BIT ||
            encoding == MIME_ENCODING_BINARY) &&
           (slice->part == NULL || !line_ends_apply(slice->part));
}

/* ---- places from which to continue ---- */

/* NULL: the part is small, nothing is decoded, or there is no memory. */
static struct fetch_marks *
marks_of(struct fetch *fetch, const struct mime_slice *slice)
{
    struct fetch_marks *marks = fetch->marks;

    if (is_plain(slice) || slice->size <= PIECE_OCTETS)
        return NULL;
    while (marks != NULL && marks->part != slice->part)
        marks = marks->next;
    if (marks != NULL)
        return marks;
    marks = arena_new(&fetch->parts, struct fetch_marks);
    if (marks == NULL)
        return NULL;
    marks->part = slice->part;
    marks->step = slice->size / FETCH_MARKS;
    marks->total = UINT64_MAX;
    marks->next = fetch->marks;
    fetch->marks = marks;
    return marks;
}

static void
mark_put(struct fetch_marks *marks, const struct fetch_place *place)
{
    const struct fetch_place *last =
        marks->count == 0 ? NULL : &marks->places[marks->count - 1];

    if (place->left == 0)
        marks->total = place->given;
    else if (marks->count < FETCH_MARKS &&
             (last == NULL || place->at >= last->at + marks->step))
        marks->places[marks->count++] = *place;
}

/* The last place at which no more than so many octets have been decoded. *place: the first
 * one. */
static void
mark_find(const struct fetch_marks *marks, uint64_t given, struct fetch_place *place)
{
    size_t count = marks == NULL ? 0 : marks->count;

    while (count > 0 && marks->places[count - 1].given > given)
        count--;
    if (count > 0)
        *place = marks->places[count - 1];
}

/* ---- decoding ---- */

/* Goes to the known place nearest before what is wanted. */
static void
decode_begin(struct fetch *fetch, const struct mime_slice *slice,
             const struct imap_fetch_item *item)
{
    struct fetch_decode *decode = &fetch->decode;
    struct fetch_place *place = &decode->place;
    const uint64_t first = item->is_partial ? item->first : 0;

    *place = (struct fetch_place){.at = slice->offset, .left = slice->size};
    mime_decoder_init(&place->decoder, encoding_of(slice));
    decode->marks = marks_of(fetch, slice);
    decode->line_ends = slice->part != NULL && line_ends_apply(slice->part);
    if (is_plain(slice)) {
        place->given = first < place->left ? first : place->left;
        place->at += place->given;
        place->left -= place->given;
    } else {
        mark_find(decode->marks, first, place);
    }
    decode->skip = first - place->given;
    decode->want = item->is_partial ? item->count : UINT64_MAX;
    decode->got = 0;
    decode->scratch_at = 0;
}

/* Decodes octets into fetch->scratch and advances the place. */
static void
octets_decode(struct fetch *fetch, struct span octets)
{
    struct fetch_decode *decode = &fetch->decode;
    struct fetch_place *place = &decode->place;
    struct buf *out = decode->line_ends ? &fetch->piece : &fetch->scratch;

    buf_clear(&fetch->scratch);
    buf_clear(&fetch->piece);
    place->at += octets.len;
    place->left -= octets.len;
    mime_decoder_put(&place->decoder, octets, out);
    if (place->left == 0)
        mime_decoder_finish(&place->decoder, out);
    if (decode->line_ends)
        line_ends_put(&place->ends, buf_span(out), &fetch->scratch);
    place->given += buf_len(&fetch->scratch);
    if (decode->marks != NULL && buf_ok(&fetch->piece) && buf_ok(&fetch->scratch))
        mark_put(decode->marks, place);
}

/* Decodes the next piece into fetch->scratch, and what comes before the octets that are wanted,
 * or after them, is taken away. */
static enum rc
decode_piece(struct fetch *fetch, uint64_t max, struct err *err)
{
    struct fetch_decode *decode = &fetch->decode;
    const uint64_t ask = decode->place.left < max ? decode->place.left : max;
    struct span octets = {0};

    const enum rc rc =
        store_content_peek(fetch->tx, fetch->msg.message, decode->place.at, ask, &octets, err);
    if (rc != RC_OK)
        return rc;
    if (octets.len == 0)
        return err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)fetch->msg.message);
    octets_decode(fetch, octets);
    if (!buf_ok(&fetch->scratch) || !buf_ok(&fetch->piece))
        return err_set(err, RC_LIMIT, 0, "a piece of %zu octets", octets.len);

    const size_t given = buf_len(&fetch->scratch);
    const uint64_t skipped = decode->skip < given ? decode->skip : given;
    const uint64_t room = decode->want - decode->got;
    const uint64_t kept = given - skipped < room ? given - skipped : room;
    decode->skip -= skipped;
    decode->scratch_at = (size_t)skipped;
    buf_truncate(&fetch->scratch, (size_t)(skipped + kept));
    decode->got += kept;
    return RC_OK;
}

/* RC_AGAIN: it goes on in the next step. */
static enum rc
measure(struct fetch *fetch, struct err *err)
{
    struct fetch_decode *decode = &fetch->decode;
    uint64_t step = 0;

    while (decode->place.left > 0 && decode->got < decode->want) {
        if (step >= STEP_OCTETS)
            return RC_AGAIN;
        const uint64_t before = decode->place.left;
        const enum rc rc = decode_piece(fetch, PIECE_OCTETS, err);
        if (rc != RC_OK)
            return rc;
        const struct span kept = span_tail(buf_span(&fetch->scratch), decode->scratch_at);
        decode->has_nul = decode->has_nul || span_find_char(kept, 0) >= 0;
        step += before - decode->place.left;
    }
    return RC_OK;
}

/* Whether the size of the part is known without decoding it. */
static bool
size_is_known(const struct fetch *fetch, const struct mime_slice *slice, uint64_t *octets_out)
{
    const struct fetch_marks *marks = fetch->decode.marks;

    *octets_out = is_plain(slice) ? slice->size : marks == NULL ? UINT64_MAX : marks->total;
    return *octets_out != UINT64_MAX;
}

static void
answer_size(struct fetch *fetch, struct fetch_step *step, uint64_t octets)
{
    buf_clear(&fetch->scratch);
    buf_put_u64(&fetch->scratch, octets);
    step->kind = FETCH_STEP_SYNTAX;
    step->text = buf_span(&fetch->scratch);
}

enum rc
fetch_binary(struct fetch *fetch, const struct fetch_item *item, struct fetch_step *step,
             struct err *err)
{
    const bool only_size = item->item->kind == FETCH_BINARY_SIZE;
    struct fetch_decode *decode = &fetch->decode;
    struct mime_slice slice = {.part = NULL};
    uint64_t octets = 0;

    enum rc rc = fetch_section_find(fetch, item, &slice, err);
    if (rc == RC_NOT_FOUND) { /* NIL, which has no octets */
        step->kind = FETCH_STEP_NIL;
        if (only_size)
            answer_size(fetch, step, 0);
        return RC_OK;
    }
    if (rc == RC_OK && !decode->measuring) {
        *decode = (struct fetch_decode){.measuring = true};
        decode_begin(fetch, &slice, item->item);
    }
    if (rc == RC_OK && only_size && size_is_known(fetch, &slice, &octets)) {
        decode->measuring = false;
        answer_size(fetch, step, octets);
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = measure(fetch, err);
    if (rc != RC_OK)
        return rc;
    octets = decode->got;
    decode->measuring = false;
    if (only_size) {
        answer_size(fetch, step, octets);
    } else if (octets == 0) {
        step->kind = FETCH_STEP_STRING;
        step->text = SPAN("");
    } else {
        decode_begin(fetch, &slice, item->item);
        buf_clear(&fetch->scratch);
        fetch->source = FETCH_FROM_DECODER;
        fetch->stream_left = octets;
        fetch->state = FETCH_AT_STREAM;
        step->kind = decode->has_nul ? FETCH_STEP_STREAM8 : FETCH_STEP_STREAM;
        step->octets = octets;
    }
    return RC_OK;
}

enum rc
fetch_binary_stream(struct fetch *fetch, struct buf *out, uint64_t want, struct err *err)
{
    struct fetch_decode *decode = &fetch->decode;

    for (;;) {
        const struct span ready = span_tail(buf_span(&fetch->scratch), decode->scratch_at);
        const struct span now = span_head(ready, ready.len < want ? ready.len : (size_t)want);
        buf_put_span(out, now);
        decode->scratch_at += now.len;
        want -= now.len;
        if (want == 0)
            return RC_OK;
        if (decode->place.left == 0) /* it had more when it was measured */
            return err_set(err, RC_CORRUPT, 0, "message %ju is cut",
                           (uintmax_t)fetch->msg.message);
        const enum rc rc = decode_piece(fetch, PIECE_OCTETS, err);
        if (rc != RC_OK)
            return rc;
    }
}

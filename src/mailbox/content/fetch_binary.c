/* SPDX-License-Identifier: MIT */
/*
 * BINARY[...] and BINARY.SIZE[...] (RFC 3516): a part without its Content-Transfer-Encoding.
 * The size stands before the octets, and NUL decides what kind of literal they are in, so a
 * part is decoded twice, piece by piece: to measure it, and to send it. Nothing but a piece of
 * it is ever in memory.
 *
 * What is not a leaf has no encoding (RFC 2045 section 6.4) and is sent as it is.
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

static bool
changes_nothing(enum mime_encoding encoding)
{
    return encoding == MIME_ENCODING_7BIT || encoding == MIME_ENCODING_8BIT ||
           encoding == MIME_ENCODING_BINARY;
}

/* At the beginning of the part, or of what is wanted where that can be known. */
static void
decode_begin(struct fetch_decode *decode, const struct mime_slice *slice,
             const struct imap_fetch_item *item)
{
    const enum mime_encoding encoding = encoding_of(slice);

    mime_decoder_init(&decode->decoder, encoding);
    decode->at = slice->offset;
    decode->left = slice->size;
    decode->skip = item->is_partial ? item->first : 0;
    if (changes_nothing(encoding)) {
        const uint64_t passed = decode->skip < decode->left ? decode->skip : decode->left;
        decode->at += passed;
        decode->left -= passed;
        decode->skip -= passed;
    }
    decode->want = item->is_partial ? item->count : UINT64_MAX;
    decode->got = 0;
    decode->scratch_at = 0;
}

/* Decodes the next piece into fetch->scratch, and what comes before the octets that are wanted,
 * or after them, is taken away. */
static enum rc
decode_piece(struct fetch *fetch, uint64_t max, struct err *err)
{
    struct fetch_decode *decode = &fetch->decode;
    const uint64_t ask = decode->left < max ? decode->left : max;
    struct span piece = {0};

    buf_clear(&fetch->scratch);
    const enum rc rc =
        store_content_peek(fetch->tx, fetch->msg.message, decode->at, ask, &piece, err);
    if (rc != RC_OK)
        return rc;
    if (piece.len == 0)
        return err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)fetch->msg.message);
    decode->at += piece.len;
    decode->left -= piece.len;
    mime_decoder_put(&decode->decoder, piece, &fetch->scratch);
    if (decode->left == 0)
        mime_decoder_finish(&decode->decoder, &fetch->scratch);
    if (!buf_ok(&fetch->scratch))
        return err_set(err, RC_LIMIT, 0, "a piece of %zu octets", piece.len);

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

    while (decode->left > 0 && decode->got < decode->want) {
        if (step >= STEP_OCTETS)
            return RC_AGAIN;
        const uint64_t before = decode->left;
        const enum rc rc = decode_piece(fetch, PIECE_OCTETS, err);
        if (rc != RC_OK)
            return rc;
        const struct span kept = span_tail(buf_span(&fetch->scratch), decode->scratch_at);
        decode->has_nul = decode->has_nul || span_find_char(kept, 0) >= 0;
        step += before - decode->left;
    }
    return RC_OK;
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

    enum rc rc = fetch_section_find(fetch, item, &slice, err);
    if (rc == RC_NOT_FOUND) { /* NIL, which has no octets */
        step->kind = FETCH_STEP_NIL;
        if (only_size)
            answer_size(fetch, step, 0);
        return RC_OK;
    }
    if (rc == RC_OK && !decode->measuring) {
        *decode = (struct fetch_decode){.measuring = true};
        decode_begin(decode, &slice, item->item);
    }
    if (rc == RC_OK)
        rc = measure(fetch, err);
    if (rc != RC_OK)
        return rc;
    const uint64_t octets = decode->got;
    decode->measuring = false;
    if (only_size) {
        answer_size(fetch, step, octets);
    } else if (octets == 0) {
        step->kind = FETCH_STEP_STRING;
        step->text = SPAN("");
    } else {
        decode_begin(decode, &slice, item->item);
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
        if (decode->left == 0) /* it gave more when it was measured */
            return err_set(err, RC_CORRUPT, 0, "message %ju is cut",
                           (uintmax_t)fetch->msg.message);
        const enum rc rc = decode_piece(fetch, PIECE_OCTETS, err);
        if (rc != RC_OK)
            return rc;
    }
}

/* SPDX-License-Identifier: MIT */
/* See the header. A part table does not say what type a part has that is no text, so the
 * headers of such parts are read. */
#include "mailbox/search/attached.h"

#include "syntax/mail/header.h"
#include "syntax/mail/mime_params.h"
#include "syntax/mail/mime_parts.h"

enum {
    TREE_ARENA = 8 << 20,
    HEADER_MAX = 64 << 10, /* of a part; what is beyond is not looked at */
    SCRATCH_ARENA = 256 << 10,
    PIECE_OCTETS = 256 << 10,
    READ_OCTETS = 2 << 20, /* in one call */
    FOLDED_MAX = 64 << 20,
    KEEP_OCTETS = 1 << 20, /* memory kept from one message to the next */
};

void
attached_init(struct attached *attached, const struct extract *extract)
{
    memset(attached, 0, sizeof *attached);
    attached->extract = extract;
    buf_init(&attached->text, LIMIT_EXTRACT_TEXT);
    buf_init(&attached->octets, (size_t)LIMIT_EXTRACT_INPUT + MIME_DECODER_HOLD + PIECE_OCTETS);
    buf_init(&attached->made, LIMIT_EXTRACT_OUTPUT);
    buf_init(&attached->utf8, FOLDED_MAX);
    buf_init(&attached->folded, FOLDED_MAX);
    fold_init(&attached->fold);
    arena_init(&attached->tree, TREE_ARENA);
}

static void
give_back(struct attached *attached, size_t keep)
{
    struct buf *const bufs[] = {&attached->text, &attached->octets, &attached->made,
                                &attached->utf8, &attached->folded};

    for (size_t i = 0; i < ARRAY_LEN(bufs); i++) {
        if (bufs[i]->cap > keep)
            buf_done(bufs[i]);
        buf_clear(bufs[i]);
    }
}

void
attached_done(struct attached *attached)
{
    give_back(attached, 0);
    arena_done(&attached->tree);
}

void
attached_forget(struct attached *attached)
{
    give_back(attached, KEEP_OCTETS);
    attached->count = attached->at = 0;
    attached->read = 0;
    attached->deadline_us = 0;
}

/* ---- finding them ---- */

/* The media type that a part's header says. */
static enum rc
type_read(struct attached *attached, struct store_tx *tx, const struct mime_part *part,
          struct arena *scratch, struct mime_value *out, struct err *err)
{
    const uint64_t octets = part->header_size < HEADER_MAX ? part->header_size : HEADER_MAX;
    struct span field;

    *out = (struct mime_value){.param_count = 0};
    buf_clear(&attached->utf8);
    const enum rc rc = store_content_read(tx, attached->message, part->header_off, octets,
                                          &attached->utf8, err);
    if (rc != RC_OK)
        return rc;
    if (!buf_ok(&attached->utf8))
        return err_set(err, RC_LIMIT, 0, "header of a part");
    if (!header_find(buf_span(&attached->utf8), "Content-Type", &field))
        return RC_OK;
    /* What is too strange to be read is no type that has a command. */
    if (mime_value_parse(field, scratch, out) != RC_OK)
        *out = (struct mime_value){.param_count = 0};
    return RC_OK;
}

static void
want(struct attached *attached, const struct mime_part *part, int command)
{
    const struct extract *extract = attached->extract;

    if (attached->count == LIMIT_EXTRACT_PARTS) {
        extract->note(extract->ctx, command, "the message has too many");
        return;
    }
    attached->parts[attached->count++] = (struct attached_part){
        .command = command,
        .encoding = part->encoding,
        .offset = part->body_off,
        .octets = part->body_size,
    };
}

/* Text is in the index already, and parts with parts have none of their own. */
static bool
may_be_wanted(const struct mime_part *part)
{
    return part->kind == MIME_LEAF && !mime_is_text(part) && part->body_size > 0 &&
           part->encoding != MIME_ENCODING_UNKNOWN;
}

static enum rc
look_at(struct attached *attached, struct store_tx *tx, const struct mime_part *part,
        struct err *err)
{
    const struct extract *extract = attached->extract;
    struct mime_value type;
    AUTO_ARENA scratch = {0};

    arena_init(&scratch, SCRATCH_ARENA);
    const enum rc rc = type_read(attached, tx, part, &scratch, &type, err);
    if (rc != RC_OK)
        return rc;
    const int command = extract->find(extract->ctx, type.word, type.subword);
    if (command >= 0)
        want(attached, part, command);
    return RC_OK;
}

static enum rc
find(struct attached *attached, struct store_tx *tx, struct err *err)
{
    struct message_row row;
    struct mime_part *root;

    enum rc rc = store_message_read(tx, attached->message, MESSAGE_PARTS, &row, err);
    if (rc != RC_OK)
        return rc;
    arena_reset(&attached->tree);
    const struct span table = arena_span(&attached->tree, row.parts);
    rc = table.ptr == NULL ? RC_LIMIT : mime_parts_decode(table, &attached->tree, &root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)attached->message);
    for (const struct mime_part *part = root; part != NULL && rc == RC_OK;
         part = mime_part_after(part))
        if (may_be_wanted(part))
            rc = look_at(attached, tx, part, err);
    return rc;
}

enum rc
attached_find(struct attached *attached, struct store_tx *tx, uint64_t message, struct err *err)
{
    attached_forget(attached);
    attached->message = message;
    if (attached->extract == NULL)
        return RC_OK;
    const enum rc rc = find(attached, tx, err);
    if (rc == RC_OK)
        return RC_OK;
    attached->count = 0;
    return rc == RC_CORRUPT ? RC_OK : rc;
}

bool
attached_is_wanted(const struct attached *attached)
{
    return attached->at < attached->count;
}

/* ---- reading one ---- */

static void
next(struct attached *attached)
{
    attached->at++;
    attached->read = 0;
}

static void
skip(struct attached *attached, const char *why)
{
    const struct extract *extract = attached->extract;

    extract->note(extract->ctx, attached->parts[attached->at].command, why);
    next(attached);
}

/* What is encoded takes more octets than it is: base64 at least a third more. */
static bool
is_too_large(const struct attached_part *part)
{
    return part->encoding == MIME_ENCODING_BASE64 ? part->octets / 4 * 3 > LIMIT_EXTRACT_INPUT
                                                  : part->octets > LIMIT_EXTRACT_INPUT;
}

/* The whole of it, or some MiB more. */
static enum rc
read_some(struct attached *attached, struct store_tx *tx, struct err *err)
{
    const struct attached_part *part = &attached->parts[attached->at];
    struct span piece;

    if (attached->read == 0) {
        buf_clear(&attached->octets);
        mime_decoder_init(&attached->decoder, part->encoding);
    }
    for (uint64_t octets = 0; attached->read < part->octets; octets += piece.len) {
        const uint64_t left = part->octets - attached->read;
        if (octets >= READ_OCTETS)
            return RC_AGAIN;
        const enum rc rc =
            store_content_peek(tx, attached->message, part->offset + attached->read,
                               left < PIECE_OCTETS ? left : PIECE_OCTETS, &piece, err);
        if (rc != RC_OK)
            return rc;
        if (piece.len == 0)
            return RC_CORRUPT;
        piece = span_head(piece, left < piece.len ? left : piece.len);
        mime_decoder_put(&attached->decoder, piece, &attached->octets);
        attached->read += piece.len;
    }
    mime_decoder_finish(&attached->decoder, &attached->octets);
    return buf_ok(&attached->octets) ? RC_OK
                                     : err_set(err, RC_LIMIT, 0, "octets of an attachment");
}

enum rc
attached_read(struct attached *attached, struct store_tx *tx, struct err *err)
{
    while (attached_is_wanted(attached) && is_too_large(&attached->parts[attached->at]))
        skip(attached, "it is too large");
    if (!attached_is_wanted(attached))
        return RC_OK;
    const enum rc rc = read_some(attached, tx, err);
    if (rc == RC_OK || rc == RC_AGAIN)
        return rc;
    if (rc == RC_NOT_FOUND || rc == RC_CORRUPT) {
        attached->count = attached->at;
        return RC_OK;
    }
    attached->read = 0;
    return rc;
}

/* ---- making text of it ---- */

void
attached_flatten(struct span folded, struct buf *out)
{
    while (folded.len > 0) {
        size_t len = 0;
        while (len < folded.len && (unsigned char)folded.ptr[len] > ' ' &&
               folded.ptr[len] != '\x7f')
            len++;
        buf_put_span(out, span_head(folded, len));
        if (len < folded.len) {
            const struct span sofar = buf_span(out);
            if (sofar.len == 0 || sofar.ptr[sofar.len - 1] != ' ')
                buf_put_char(out, ' ');
            len++;
        }
        folded = span_tail(folded, len);
    }
}

/* As much as there is room for, cut between characters. */
static void
put_text(struct attached *attached, struct span text)
{
    struct buf *out = &attached->text;
    size_t room = LIMIT_EXTRACT_TEXT - buf_len(out);

    if (buf_len(out) > 0 && room > 0) {
        buf_put_char(out, '\n');
        room--;
    }
    if (text.len > room) {
        while (room > 0 && ((unsigned char)text.ptr[room] & 0xC0) == 0x80)
            room--;
        text = span_head(text, room);
    }
    buf_put_span(out, text);
}

/* From what the program wrote, whatever it is. */
static enum rc
take_text(struct attached *attached, struct err *err)
{
    struct buf *const utf8 = &attached->utf8;
    struct buf *const folded = &attached->folded;
    struct span rest = buf_span(&attached->made);

    buf_clear(utf8);
    buf_clear(folded);
    charset_open(&attached->charset, SPAN("utf-8"));
    charset_put(&attached->charset, rest, utf8);
    charset_finish(&attached->charset, utf8);
    charset_close(&attached->charset);
    fold_put(&attached->fold, buf_span(utf8), folded);
    buf_clear(utf8);
    attached_flatten(buf_span(folded), utf8);
    if (!buf_ok(&attached->made) || !buf_ok(utf8) || !buf_ok(folded))
        return err_set(err, RC_LIMIT, 0, "text of an attachment");
    const struct span text = span_trim(buf_span(utf8));
    if (text.len > 0)
        put_text(attached, text);
    return buf_ok(&attached->text) ? RC_OK : err_set(err, RC_LIMIT, 0, "text of an attachment");
}

/* Time that is left for this message. */
static int64_t
left_ms(struct attached *attached)
{
    const int64_t now_us = clock_mono_us(attached->extract->clock);

    if (attached->deadline_us == 0)
        attached->deadline_us = now_us + (int64_t)LIMIT_EXTRACT_MESSAGE_MS * 1000;
    return (attached->deadline_us - now_us) / 1000;
}

enum rc
attached_run(struct attached *attached, struct err *err)
{
    const struct extract *extract = attached->extract;

    if (!attached_is_wanted(attached))
        return RC_OK;
    const int64_t left = left_ms(attached);
    if (buf_len(&attached->octets) > LIMIT_EXTRACT_INPUT) {
        skip(attached, "it is too large");
        return RC_OK;
    }
    if (left <= 0) {
        skip(attached, "those before it took too long");
        return RC_OK;
    }
    buf_clear(&attached->made);
    enum rc rc =
        extract->run(extract->ctx, attached->parts[attached->at].command,
                     left < LIMIT_EXTRACT_WALL_MS ? (uint32_t)left : LIMIT_EXTRACT_WALL_MS,
                     buf_span(&attached->octets), &attached->made, err);
    if (rc == RC_OK)
        rc = take_text(attached, err);
    if (rc == RC_AGAIN || rc == RC_LIMIT)
        return rc;
    next(attached);
    return RC_OK;
}

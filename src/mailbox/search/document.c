/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/search/document.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "syntax/mail/address.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_parts.h"

enum {
    PARTS_ARENA = 8 << 20,
    TEXT_MAX = 64 << 20,
    PIECE_OCTETS = 256 << 10, /* of text, read at once */
    SLOTS_MIN = 4096,
    KEEP_OCTETS = 1 << 20, /* memory kept from one message to the next */
    /* A field from here on may be searched in pieces, so its terms may differ from those of the
     * whole. */
    FIELD_MAX = 32 << 10,
    HEADER_MAX = 1 << 20,
    ATTACHED_OCTETS = 4096, /* of text of attachments, cut at once */
};

struct document_slot {
    uint64_t hash;
    uint32_t offset; /* of the term in its space's terms */
    uint32_t stamp;
    uint16_t len;
    uint8_t space;
};

void
document_maker_init(struct document_maker *maker)
{
    struct buf *const bufs[] = {&maker->header, &maker->utf8, &maker->folded, &maker->shown};

    memset(maker, 0, sizeof *maker);
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_init(bufs[i], TEXT_MAX);
    for (size_t i = 0; i < INDEX_SPACES; i++)
        buf_init(&maker->terms[i], TEXT_MAX);
    fold_init(&maker->fold);
    terms_init(&maker->cutter);
    mime_text_init(&maker->text, 0);
    arena_init(&maker->parts, PARTS_ARENA);
    /* as much as mime_search_addresses has */
    arena_init(&maker->addresses, (size_t)LIMIT_HEADER_FIELD * 2);
}

void
document_maker_done(struct document_maker *maker)
{
    mime_text_done(&maker->text);
    buf_done(&maker->header);
    buf_done(&maker->utf8);
    buf_done(&maker->folded);
    buf_done(&maker->shown);
    for (size_t i = 0; i < INDEX_SPACES; i++)
        buf_done(&maker->terms[i]);
    arena_done(&maker->parts);
    arena_done(&maker->addresses);
    free(maker->slots);
    maker->slots = NULL;
}

/* ---- the set of terms ---- */

static struct document_slot *
slot_of(const struct document_maker *maker, enum index_space space, struct span term,
        uint64_t hash)
{
    const char *terms = buf_span(&maker->terms[space]).ptr;

    for (uint32_t at = (uint32_t)hash;; at++) {
        struct document_slot *slot = &maker->slots[at & (maker->slot_count - 1)];
        if (slot->stamp != maker->stamp)
            return slot;
        if (slot->hash == hash && slot->space == space && slot->len == term.len &&
            memcmp(terms + slot->offset, term.ptr, term.len) == 0)
            return slot;
    }
}

static uint64_t
hash_of(enum index_space space, struct span term)
{
    return map_hash(term) + (uint64_t)space * UINT64_C(0x9E3779B97F4A7C15);
}

/* Makes room for twice as many. */
static bool
grow(struct document_maker *maker)
{
    const uint32_t before = maker->slot_count;
    const uint32_t count = before == 0 ? SLOTS_MIN : before * 2;
    struct document_slot *old = maker->slots;
    struct document_slot *slots = calloc(count, sizeof *slots);

    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < before; i++) {
        if (old[i].stamp != maker->stamp)
            continue;
        uint32_t at = (uint32_t)old[i].hash;
        while (slots[at & (count - 1)].stamp == maker->stamp)
            at++;
        slots[at & (count - 1)] = old[i];
    }
    free(old);
    maker->slots = slots;
    maker->slot_count = count;
    return true;
}

static void
document_term(void *ctx, struct span term)
{
    struct document_maker *maker = ctx;
    struct buf *terms = &maker->terms[maker->space];
    const uint64_t hash = hash_of(maker->space, term);

    if (maker->unsure || maker->failed)
        return;
    struct document_slot *slot = slot_of(maker, maker->space, term, hash);
    if (slot->stamp == maker->stamp)
        return;
    if (maker->term_count >= LIMIT_INDEX_TERMS ||
        buf_len(terms) + term.len >= LIMIT_INDEX_TERM_OCTETS) {
        maker->unsure = true;
        return;
    }
    if (buf_len(terms) > 0)
        buf_put_char(terms, ' ');
    *slot = (struct document_slot){.hash = hash,
                                   .offset = (uint32_t)buf_len(terms),
                                   .stamp = maker->stamp,
                                   .len = (uint16_t)term.len,
                                   .space = (uint8_t)maker->space};
    buf_put_span(terms, term);
    maker->failed |= !buf_ok(terms);
    if (++maker->term_count > maker->slot_count / 2)
        maker->failed |= !grow(maker);
}

bool
document_has(const struct document_maker *maker, enum index_space space, struct span term)
{
    return !maker->unsure && maker->slot_count > 0 &&
           slot_of(maker, space, term, hash_of(space, term))->stamp == maker->stamp;
}

size_t
document_octets(const struct document_maker *maker)
{
    size_t octets = 0;

    for (size_t i = 0; i < INDEX_SPACES; i++)
        octets += buf_len(&maker->terms[i]);
    return octets;
}

/* ---- fields ---- */

struct span
field_term(struct span name, char *scratch)
{
    if (name.len == 0 || name.len > DOCUMENT_FIELD_OCTETS)
        return SPAN("");
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f || name.ptr[i] == ':')
            return SPAN("");
        scratch[i] = ascii_lower(name.ptr[i]);
    }
    scratch[name.len] = ':';
    return span_of(scratch, name.len + 1);
}

static void
put_name(struct document_maker *maker, struct span name)
{
    char scratch[DOCUMENT_FIELD_OCTETS + 1];
    const struct span term = field_term(name, scratch);

    maker->space = INDEX_HEADER;
    if (term.len > 0)
        document_term(maker, term);
}

static void
put_value(struct document_maker *maker, enum index_space space, struct span value)
{
    buf_clear(&maker->utf8);
    buf_clear(&maker->folded);
    encoded_word_decode(&maker->utf8, value);
    fold_put(&maker->fold, buf_span(&maker->utf8), &maker->folded);
    maker->failed |= !buf_ok(&maker->utf8) || !buf_ok(&maker->folded);
    maker->space = space;
    terms_init(&maker->cutter);
    terms_put(&maker->cutter, buf_span(&maker->folded), document_term, maker);
    terms_end(&maker->cutter, document_term, maker);
    terms_tokens(buf_span(&maker->folded), document_term, maker);
}

static void
put_addresses(struct document_maker *maker, enum index_space space, struct span value)
{
    put_value(maker, space, value);
    arena_reset(&maker->addresses);
    buf_clear(&maker->shown);
    address_list_put(&maker->shown, value, &maker->addresses);
    maker->failed |= !buf_ok(&maker->shown) || maker->addresses.starved;
    put_value(maker, space, buf_span(&maker->shown));
}

/* The names of all fields, and the fields that have a space of their own. */
static void
put_fields(struct document_maker *maker)
{
    struct header_iter iter;
    struct header_field field;

    header_iter_init(&iter, buf_span(&maker->header));
    while (header_next(&iter, &field)) {
        maker->unsure |= field.raw.len > FIELD_MAX;
        put_name(maker, field.name);
        if (span_ieq(field.name, SPAN("Subject")))
            put_value(maker, INDEX_SUBJECT, field.value);
        else if (span_ieq(field.name, SPAN("From")))
            put_addresses(maker, INDEX_FROM, field.value);
        else if (span_ieq(field.name, SPAN("To")))
            put_addresses(maker, INDEX_TO, field.value);
        else if (span_ieq(field.name, SPAN("Cc")))
            put_addresses(maker, INDEX_CC, field.value);
    }
}

/* ---- the message ---- */

/* Everything in it that is larger than usual is given back. */
static void
shrink(struct document_maker *maker)
{
    struct buf *const bufs[] = {&maker->header, &maker->utf8, &maker->folded, &maker->shown};

    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        if (bufs[i]->cap > KEEP_OCTETS)
            buf_done(bufs[i]);
}

static bool
begin(struct document_maker *maker, uint64_t message)
{
    shrink(maker);
    maker->message = message;
    maker->unsure = maker->failed = maker->in_text = false;
    maker->text_octets = 0;
    maker->term_count = 0;
    for (size_t i = 0; i < INDEX_SPACES; i++)
        buf_clear(&maker->terms[i]);
    arena_reset(&maker->parts);
    if (++maker->stamp == 0) { /* slots of four billion messages ago would count again */
        free(maker->slots);
        maker->slots = NULL;
        maker->slot_count = 0;
        maker->stamp = 1;
    }
    return maker->slot_count > 0 || grow(maker);
}

/* Its terms are not complete: it has none. */
static enum rc
give_up(struct document_maker *maker)
{
    maker->unsure = true;
    maker->in_text = false;
    maker->term_count = 0;
    for (size_t i = 0; i < INDEX_SPACES; i++)
        buf_clear(&maker->terms[i]);
    return RC_OK;
}

static enum rc
read_row(struct document_maker *maker, struct store_tx *tx, struct err *err)
{
    struct message_row row;
    struct mime_part *root;

    enum rc rc = store_message_read(tx, maker->message, MESSAGE_PARTS, &row, err);
    if (rc != RC_OK)
        return rc;
    if (row.header_octets > HEADER_MAX)
        return give_up(maker);
    const struct span table = arena_span(&maker->parts, row.parts);
    rc = table.ptr == NULL ? RC_LIMIT : mime_parts_decode(table, &maker->parts, &root);
    if (rc == RC_LIMIT && !maker->parts.starved)
        return give_up(maker);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)maker->message);
    buf_clear(&maker->header);
    rc = store_content_read(tx, maker->message, 0, row.header_octets, &maker->header, err);
    if (rc != RC_OK)
        return rc;
    maker->failed |= !buf_ok(&maker->header);
    put_fields(maker);
    if (maker->unsure)
        return give_up(maker);
    terms_init(&maker->cutter);
    mime_text_begin(&maker->text, root, MIME_TEXT_ALL);
    maker->in_text = true;
    return RC_OK;
}

static bool
on_text(void *ctx, const struct mime_text_piece *piece)
{
    struct document_maker *maker = ctx;

    maker->text_octets += piece->folded.len;
    if (piece->is_first)
        terms_init(&maker->cutter);
    maker->space = piece->in_root_header ? INDEX_HEADER : INDEX_BODY;
    terms_put(&maker->cutter, piece->folded, document_term, maker);
    if (piece->is_last)
        terms_end(&maker->cutter, document_term, maker);
    return !maker->unsure && !maker->failed;
}

static enum rc
read_text(struct document_maker *maker, struct store_tx *tx, uint64_t octets, struct err *err)
{
    uint64_t offset;
    uint64_t read = 0;
    struct span piece;

    while (!maker->unsure && !maker->failed && mime_text_wants(&maker->text, &offset)) {
        if (read >= octets)
            return RC_AGAIN;
        const enum rc rc =
            store_content_peek(tx, maker->message, offset, PIECE_OCTETS, &piece, err);
        if (rc != RC_OK)
            return rc;
        if (piece.len == 0)
            return err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)maker->message);
        read += piece.len;
        mime_text_feed(&maker->text, piece, on_text, maker);
        maker->failed |= mime_text_failed(&maker->text);
    }
    if (maker->failed)
        return err_set(err, RC_LIMIT, 0, "text of message %ju", (uintmax_t)maker->message);
    maker->in_text = false;
    return maker->unsure ? give_up(maker) : RC_OK;
}

/* The text is not there. If the message is, it is damaged. */
static enum rc
text_is_gone(struct document_maker *maker, struct store_tx *tx, struct err *err)
{
    struct message_row row;

    const enum rc rc = store_message_read(tx, maker->message, 0, &row, err);
    return rc == RC_OK ? give_up(maker) : rc;
}

/* ---- the text of attachments ---- */

/* Whether there is room for all terms that a part of this length can have: each octet may end
 * one, and an ideograph of three octets has a term of six and a blank. */
static bool
has_room(const struct document_maker *maker, size_t octets)
{
    return maker->term_count + octets <= LIMIT_EXTRACT_TERMS &&
           buf_len(&maker->terms[INDEX_ATTACHED]) + 3 * octets < LIMIT_INDEX_TERM_OCTETS;
}

enum rc
document_attach(struct document_maker *maker, uint64_t message, struct span text,
                size_t *kept_out, struct err *err)
{
    struct span rest = text;

    if (!begin(maker, message))
        return err_set(err, RC_LIMIT, 0, "terms of attachments");
    maker->space = INDEX_ATTACHED;
    terms_init(&maker->cutter);
    while (rest.len > 0 && !maker->failed) {
        size_t len = rest.len < ATTACHED_OCTETS ? rest.len : ATTACHED_OCTETS;
        while (len < rest.len && len > 0 && ((unsigned char)rest.ptr[len] & 0xC0) == 0x80)
            len--;
        if (!has_room(maker, len))
            break;
        terms_put(&maker->cutter, span_head(rest, len), document_term, maker);
        rest = span_tail(rest, len);
    }
    terms_end(&maker->cutter, document_term, maker);
    if (maker->failed)
        return err_set(err, RC_LIMIT, 0, "terms of attachments");
    *kept_out = text.len - rest.len;
    return RC_OK;
}

enum rc
document_read(struct document_maker *maker, struct store_tx *tx, uint64_t message,
              uint64_t octets, struct err *err)
{
    enum rc rc = RC_OK;

    if (maker->message != message || !maker->in_text) {
        if (!begin(maker, message))
            return err_set(err, RC_LIMIT, 0, "terms of a message");
        rc = read_row(maker, tx, err);
    }
    if (rc == RC_OK && maker->in_text)
        rc = read_text(maker, tx, octets, err);
    if (rc == RC_NOT_FOUND)
        rc = text_is_gone(maker, tx, err);
    if (rc == RC_CORRUPT)
        rc = give_up(maker);
    if (rc != RC_OK && rc != RC_AGAIN)
        maker->in_text = false;
    return rc;
}

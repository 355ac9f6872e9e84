/* SPDX-License-Identifier: MIT */
/*
 * What is in a column after its first octet (base/pack.h says how numbers and texts look):
 *
 *   dates   for each message an octet of bits, and with a date eight octets
 *   texts   how many; each of them; for each message an octet, the number of its text
 *   ids     how many; each of them; for each message the number of its own id plus one, or 0,
 *           then how many references it has, and the number of each
 *
 * A message that is not there has no bits, the empty text, and neither id nor references.
 */
#include "mailbox/order/block.h"

#include "base/pack.h"

enum {
    COLUMN_OCTETS = (int)LIMIT_SORT_COLUMN_OCTETS,
    TEXTS_MAX = LIMIT_SORT_BLOCK * (RFC5322_REFERENCES_MAX + 1),
};

/* ---- making ---- */

void
block_maker_init(struct block_maker *maker)
{
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        buf_init(&maker->columns[i], 2 * (size_t)COLUMN_OCTETS);
        buf_init(&maker->rows[i], COLUMN_OCTETS);
        texts_init(&maker->texts[i], COLUMN_OCTETS);
    }
    maker->messages = 0;
}

void
block_maker_done(struct block_maker *maker)
{
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        buf_done(&maker->columns[i]);
        buf_done(&maker->rows[i]);
        texts_done(&maker->texts[i]);
    }
}

void
block_begin(struct block_maker *maker)
{
    block_maker_done(maker);
    block_maker_init(maker);
}

static void
date_add(struct block_maker *maker, const struct keys *keys)
{
    struct buf *rows = &maker->rows[BLOCK_DATES];
    const unsigned reply = keys->is_reply_or_forward ? BLOCK_BIT_REPLY : 0;
    const unsigned date = keys->has_date ? BLOCK_BIT_DATE : 0;

    pack_u8(rows, (uint8_t)(BLOCK_BIT_EXISTS | reply | date));
    if (keys->has_date)
        pack_i64(rows, keys->sent_s);
}

static enum rc
text_add(struct block_maker *maker, enum keys_text which, struct span text)
{
    const int column = BLOCK_TEXTS + (int)which;
    uint32_t number = 0;

    if (texts_add(&maker->texts[column], text, &number) != RC_OK)
        return RC_LIMIT;
    pack_u8(&maker->rows[column], (uint8_t)number);
    return RC_OK;
}

static enum rc
ids_add(struct block_maker *maker, const struct keys *keys)
{
    struct texts *texts = &maker->texts[BLOCK_IDS];
    struct buf *rows = &maker->rows[BLOCK_IDS];
    uint32_t number = 0;

    if (keys->id.len > 0 && texts_add(texts, keys->id, &number) != RC_OK)
        return RC_LIMIT;
    pack_varint(rows, keys->id.len > 0 ? number + UINT64_C(1) : 0);
    pack_varint(rows, keys->reference_count);
    for (size_t i = 0; i < keys->reference_count; i++) {
        if (texts_add(texts, keys->references[i], &number) != RC_OK)
            return RC_LIMIT;
        pack_varint(rows, number);
    }
    return RC_OK;
}

enum rc
block_add(struct block_maker *maker, const struct keys *keys)
{
    const struct keys none = {.has_date = false};
    enum rc rc = RC_OK;

    if (keys == NULL) {
        keys = &none;
        pack_u8(&maker->rows[BLOCK_DATES], 0);
    } else {
        maker->messages++;
        date_add(maker, keys);
    }
    for (int i = 0; rc == RC_OK && i < KEYS_TEXTS; i++)
        rc = text_add(maker, (enum keys_text)i, keys->texts[i]);
    return rc == RC_OK ? ids_add(maker, keys) : rc;
}

static bool
column_end(struct block_maker *maker, int i)
{
    struct buf *out = &maker->columns[i];
    const struct texts *texts = &maker->texts[i];

    buf_clear(out);
    pack_u8(out, BLOCK_FORM);
    if (i != BLOCK_DATES)
        pack_varint(out, texts->count);
    for (uint32_t number = 0; number < texts->count; number++)
        pack_span(out, texts_at(texts, number));
    buf_put_span(out, buf_span(&maker->rows[i]));
    return buf_ok(&maker->rows[i]) && buf_ok(out) && buf_len(out) <= COLUMN_OCTETS;
}

enum rc
block_end(struct block_maker *maker, struct sort_block *out)
{
    out->messages = maker->messages;
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        if (!column_end(maker, i))
            return RC_LIMIT;
        out->columns[i] = buf_span(&maker->columns[i]);
    }
    return RC_OK;
}

enum rc
block_end_empty(struct block_maker *maker, struct sort_block *out)
{
    const uint32_t messages = maker->messages;

    block_begin(maker);
    out->messages = messages;
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        pack_u8(&maker->columns[i], BLOCK_FORM);
        if (!buf_ok(&maker->columns[i]))
            return RC_LIMIT;
        out->columns[i] = buf_span(&maker->columns[i]);
    }
    return RC_OK;
}

/* ---- reading ---- */

void
block_init(struct block *block)
{
    buf_init(&block->data, COLUMN_OCTETS);
    buf_init(&block->texts, TEXTS_MAX * sizeof(struct span));
    buf_init(&block->refs, TEXTS_MAX * sizeof(uint32_t));
    block->text_count = 0;
}

void
block_done(struct block *block)
{
    buf_done(&block->data);
    buf_done(&block->texts);
    buf_done(&block->refs);
}

size_t
block_octets(const struct block *block)
{
    return block->data.cap + block->texts.cap + block->refs.cap;
}

/* What is left of a column. Like base/pack.h, but in place, as a command reads millions of
 * numbers. */
struct rest {
    const unsigned char *at;
    const unsigned char *end;
    bool failed;
};

static inline unsigned
octet_take(struct rest *in)
{
    if (in->at == in->end) {
        in->failed = true;
        return 0;
    }
    return *in->at++;
}

/* Below 2^28. */
static inline uint32_t
number_take(struct rest *in)
{
    uint32_t number = 0;

    for (unsigned shift = 0; shift < 28; shift += 7) {
        const unsigned octet = octet_take(in);
        number |= (octet & 0x7fu) << shift;
        if ((octet & 0x80u) == 0)
            return number;
    }
    in->failed = true;
    return 0;
}

static inline uint64_t
octets_take(struct rest *in, unsigned count)
{
    uint64_t number = 0;

    if ((size_t)(in->end - in->at) < count) {
        in->failed = true;
        return 0;
    }
    for (unsigned i = 0; i < count; i++)
        number |= (uint64_t)in->at[i] << 8 * i;
    in->at += count;
    return number;
}

static void
dates_open(struct block *block, struct rest *in)
{
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        block->bits[i] = (uint8_t)octet_take(in);
        block->sent_s[i] =
            (block->bits[i] & BLOCK_BIT_DATE) != 0 ? (int64_t)octets_take(in, 8) : 0;
    }
}

/* The texts themselves. False: no memory, or damaged. */
static bool
texts_open(struct block *block, struct rest *in)
{
    block->text_count = number_take(in);
    buf_clear(&block->texts);
    if (block->text_count > TEXTS_MAX ||
        block->text_count > (size_t)(in->end - in->at)) /* each takes an octet at least */
        return false;
    struct span *texts = (struct span *)(void *)buf_reserve(
        &block->texts, block->text_count * sizeof(struct span) + 1);
    if (texts == NULL)
        return false;
    for (uint32_t i = 0; i < block->text_count; i++) {
        const uint64_t len = octets_take(in, 4);
        if (len > (size_t)(in->end - in->at))
            return false;
        texts[i] = span_of((const char *)in->at, len);
        in->at += len;
    }
    return true;
}

static bool
numbers_open(struct block *block, struct rest *in)
{
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        block->first[i] = octet_take(in);
        if (block->first[i] >= block->text_count)
            return false;
    }
    return true;
}

static bool
ids_open(struct block *block, struct rest *in)
{
    /* each reference takes an octet at least */
    const size_t most = LIMIT_SORT_BLOCK + (size_t)(in->end - in->at);
    const size_t room = most < TEXTS_MAX ? most : TEXTS_MAX;
    uint32_t at = 0;

    buf_clear(&block->refs);
    uint32_t *refs = (uint32_t *)(void *)buf_reserve(&block->refs, room * sizeof *refs);
    if (refs == NULL)
        return false;
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        block->first[i] = at;
        const uint32_t own = number_take(in);
        const uint32_t count = number_take(in);
        if (own > block->text_count || count > RFC5322_REFERENCES_MAX ||
            count > (size_t)(in->end - in->at))
            return false;
        refs[at++] = own == 0 ? (uint32_t)BLOCK_NONE : own - 1;
        for (uint32_t ref = 0; ref < count; ref++) {
            const uint32_t text = number_take(in);
            if (text >= block->text_count)
                return false;
            refs[at++] = text;
        }
    }
    block->first[LIMIT_SORT_BLOCK] = at;
    return true;
}

bool
block_open(struct block *block, enum block_column column)
{
    const struct span data = buf_span(&block->data);
    struct rest in = {
        .at = (const unsigned char *)data.ptr,
        .end = (const unsigned char *)data.ptr + data.len,
    };

    if (octet_take(&in) != BLOCK_FORM || in.at == in.end)
        return false;
    if (column == BLOCK_DATES)
        dates_open(block, &in);
    else if (!texts_open(block, &in) ||
             !(column == BLOCK_IDS ? ids_open(block, &in) : numbers_open(block, &in)))
        return false;
    return !in.failed && in.at == in.end;
}

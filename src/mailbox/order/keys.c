/* SPDX-License-Identifier: MIT */
/* One walk over the header, then a key for each text that is wanted. */
#include "mailbox/order/keys.h"

#include "base/limits.h"

enum { IDS_OCTETS = 1 << 20, TEXTS_OCTETS = KEYS_TEXTS * LIMIT_SORT_KEY * 4 };

void
keys_maker_init(struct keys_maker *maker)
{
    sort_keyer_init(&maker->keyer);
    buf_init(&maker->texts, TEXTS_OCTETS);
    arena_init(&maker->ids, IDS_OCTETS);
}

void
keys_maker_done(struct keys_maker *maker)
{
    sort_keyer_done(&maker->keyer);
    buf_done(&maker->texts);
    arena_done(&maker->ids);
}

/* Where keys are in maker->texts. */
struct place {
    size_t first;
    size_t len;
};

/* The keys of a field with addresses; display: KEYS_TEXTS when nobody asks for it. */
static void
address_make(struct keys_maker *maker, struct span value, enum keys_text mailbox,
             enum keys_text display, struct place *places)
{
    const size_t first = buf_len(&maker->texts);
    const size_t len = sort_key_address(&maker->keyer, value, &maker->texts);

    places[mailbox] = (struct place){first, len};
    if (display != KEYS_TEXTS)
        places[display] = (struct place){first + len, buf_len(&maker->texts) - first - len};
}

enum rc
keys_make_from(struct keys_maker *maker, const struct rfc5322_summary *summary, unsigned wanted,
               struct keys *out)
{
    struct keys keys = {.has_date = summary->has_date, .sent_s = summary->date.epoch_s};
    struct place places[KEYS_TEXTS] = {{0, 0}};

    buf_clear(&maker->texts);
    if ((wanted & 1u << KEYS_SUBJECT) != 0) {
        keys.is_reply_or_forward =
            sort_key_subject(&maker->keyer, summary->subject, &maker->texts);
        places[KEYS_SUBJECT].len = buf_len(&maker->texts);
    }
    if ((wanted & (1u << KEYS_FROM | 1u << KEYS_DISPLAYFROM)) != 0)
        address_make(maker, summary->from, KEYS_FROM, KEYS_DISPLAYFROM, places);
    if ((wanted & (1u << KEYS_TO | 1u << KEYS_DISPLAYTO)) != 0)
        address_make(maker, summary->to, KEYS_TO, KEYS_DISPLAYTO, places);
    if ((wanted & 1u << KEYS_CC) != 0)
        address_make(maker, summary->cc, KEYS_CC, KEYS_TEXTS, places);
    if (!buf_ok(&maker->texts))
        return RC_LIMIT;
    for (int i = 0; i < KEYS_TEXTS; i++)
        keys.texts[i] =
            span_head(span_tail(buf_span(&maker->texts), places[i].first), places[i].len);
    keys.id = summary->message_id;
    keys.references = summary->references;
    keys.reference_count = summary->reference_count;
    if (keys.reference_count == 0 && summary->in_reply_to.len > 0) {
        keys.references = &summary->in_reply_to;
        keys.reference_count = 1;
    }
    *out = keys;
    return RC_OK;
}

enum rc
keys_make(struct keys_maker *maker, struct span header, unsigned wanted, struct keys *out)
{
    arena_reset(&maker->ids);
    if (rfc5322_summary(header, &maker->ids, &maker->summary) != RC_OK)
        return RC_LIMIT;
    return keys_make_from(maker, &maker->summary, wanted, out);
}

/* ---- in the message row ---- */

/*
 * octet 0   FORM
 * octet 1   bits: 1 reply or forward, 2 has a date
 * then      with a date: seconds since 1970, offset by 2^63, in eight octets, the high one
 * first then      the texts in their order, each with its length before it then      the number
 * of references, and each with its length before it Lengths and numbers are in groups of seven
 * bits, the low ones first.
 */
enum { FORM = 1 << 4 | CASEMAP_VERSION, BIT_REPLY = 1, BIT_DATE = 2, DATE_OCTETS = 8 };

static void
number_put(struct buf *out, size_t number)
{
    for (; number >= 0x80; number >>= 7)
        buf_put_char(out, (char)(number | 0x80));
    buf_put_char(out, (char)number);
}

static void
text_put(struct buf *out, struct span text)
{
    number_put(out, text.len);
    buf_put_span(out, text);
}

void
keys_pack(struct buf *out, const struct keys *keys)
{
    buf_put_char(out, FORM);
    buf_put_char(out, (char)((keys->is_reply_or_forward ? BIT_REPLY : 0) |
                             (keys->has_date ? BIT_DATE : 0)));
    const uint64_t date = (uint64_t)keys->sent_s ^ UINT64_C(1) << 63;
    for (int shift = 56; keys->has_date && shift >= 0; shift -= 8)
        buf_put_char(out, (char)(date >> shift));
    for (int i = 0; i < KEYS_TEXTS; i++)
        text_put(out, keys->texts[i]);
    number_put(out, keys->reference_count);
    for (size_t i = 0; i < keys->reference_count; i++)
        text_put(out, keys->references[i]);
}

static bool
number_take(struct span *in, size_t *number_out)
{
    size_t number = 0;

    for (unsigned shift = 0; shift < 21 && in->len > 0; shift += 7) {
        const unsigned char octet = (unsigned char)in->ptr[0];
        *in = span_tail(*in, 1);
        number |= (size_t)(octet & 0x7f) << shift;
        if ((octet & 0x80) == 0) {
            *number_out = number;
            return true;
        }
    }
    return false;
}

static bool
text_take(struct span *in, struct span *text_out)
{
    size_t len;

    if (!number_take(in, &len) || len > in->len)
        return false;
    *text_out = span_head(*in, len);
    *in = span_tail(*in, len);
    return true;
}

static bool
date_take(struct span *in, int64_t *sent_s_out)
{
    uint64_t date = 0;

    if (in->len < DATE_OCTETS)
        return false;
    for (size_t i = 0; i < DATE_OCTETS; i++)
        date = date << 8 | (unsigned char)in->ptr[i];
    *sent_s_out = (int64_t)(date ^ UINT64_C(1) << 63);
    *in = span_tail(*in, DATE_OCTETS);
    return true;
}

static bool
references_take(struct keys_maker *maker, struct span *in, struct keys *keys)
{
    size_t count;

    if (!number_take(in, &count) || count > RFC5322_REFERENCES_MAX)
        return false;
    struct span *references = arena_array(&maker->ids, struct span, count + 1);
    for (size_t i = 0; i < count; i++)
        if (references == NULL || !text_take(in, &references[i]))
            return false;
    keys->references = references;
    keys->reference_count = references == NULL ? 0 : count;
    return references != NULL;
}

bool
keys_unpack(struct keys_maker *maker, struct span packed, struct span id, struct keys *out)
{
    struct keys keys = {.id = id};

    if (packed.len < 2 || packed.ptr[0] != FORM)
        return false;
    arena_reset(&maker->ids);
    keys.is_reply_or_forward = (packed.ptr[1] & BIT_REPLY) != 0;
    keys.has_date = (packed.ptr[1] & BIT_DATE) != 0;
    struct span rest = span_tail(packed, 2);
    if (keys.has_date && !date_take(&rest, &keys.sent_s))
        return false;
    for (int i = 0; i < KEYS_TEXTS; i++)
        if (!text_take(&rest, &keys.texts[i]))
            return false;
    if (!references_take(maker, &rest, &keys) || rest.len > 0)
        return false;
    *out = keys;
    return true;
}

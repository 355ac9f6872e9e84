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

static void
text_make(struct keys_maker *maker, enum keys_text text, struct span value, struct keys *keys)
{
    const bool display = text == KEYS_DISPLAYFROM || text == KEYS_DISPLAYTO;

    if (text == KEYS_SUBJECT)
        keys->is_reply_or_forward = sort_key_subject(&maker->keyer, value, &maker->texts);
    else
        sort_key_address(&maker->keyer, value,
                         display ? SORT_ADDRESS_DISPLAY : SORT_ADDRESS_MAILBOX, &maker->texts);
}

enum rc
keys_make(struct keys_maker *maker, struct span header, unsigned wanted, struct keys *out)
{
    struct rfc5322_summary summary;
    struct keys keys = {.has_date = false};
    size_t lens[KEYS_TEXTS] = {0};

    arena_reset(&maker->ids);
    buf_clear(&maker->texts);
    if (rfc5322_summary(header, &maker->ids, &summary) != RC_OK)
        return RC_LIMIT;
    const struct span values[KEYS_TEXTS] = {
        [KEYS_SUBJECT] = summary.subject,
        [KEYS_FROM] = summary.from,
        [KEYS_TO] = summary.to,
        [KEYS_CC] = summary.cc,
        [KEYS_DISPLAYFROM] = summary.from,
        [KEYS_DISPLAYTO] = summary.to,
    };
    for (int i = 0; i < KEYS_TEXTS; i++) {
        const size_t before = buf_len(&maker->texts);
        if ((wanted >> i & 1) != 0)
            text_make(maker, (enum keys_text)i, values[i], &keys);
        lens[i] = buf_len(&maker->texts) - before;
    }
    if (!buf_ok(&maker->texts))
        return RC_LIMIT;
    struct span rest = buf_span(&maker->texts);
    for (int i = 0; i < KEYS_TEXTS; i++) {
        keys.texts[i] = span_head(rest, lens[i]);
        rest = span_tail(rest, lens[i]);
    }
    keys.has_date = summary.has_date;
    keys.sent_s = summary.date.epoch_s;
    keys.id = summary.message_id;
    keys.reply_to = summary.in_reply_to;
    keys.references = summary.references;
    keys.reference_count = summary.reference_count;
    *out = keys;
    return RC_OK;
}

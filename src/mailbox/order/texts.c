/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing, never more than half full. */
#include "mailbox/order/texts.h"

#include "base/map.h"

enum { SLOTS_AT_FIRST = 64 };

struct text_entry {
    uint32_t offset;
    uint32_t len;
    uint32_t hash;
};

void
texts_init(struct texts *texts, size_t max_octets)
{
    if (max_octets > UINT32_MAX)
        max_octets = UINT32_MAX; /* offsets have 32 bits */
    buf_init(&texts->octets, max_octets);
    buf_init(&texts->entries, max_octets);
    buf_init(&texts->slots, max_octets);
    texts->count = 0;
}

void
texts_done(struct texts *texts)
{
    buf_done(&texts->octets);
    buf_done(&texts->entries);
    buf_done(&texts->slots);
}

static struct text_entry *
entries_of(const struct texts *texts)
{
    return (struct text_entry *)(void *)texts->entries.data;
}

static uint32_t *
slots_of(const struct texts *texts)
{
    return (uint32_t *)(void *)texts->slots.data;
}

static uint32_t
slot_count(const struct texts *texts)
{
    return (uint32_t)(buf_len(&texts->slots) / sizeof(uint32_t));
}

struct span
texts_at(const struct texts *texts, uint32_t number)
{
    const struct text_entry *entry = &entries_of(texts)[number];

    return span_of(buf_span(&texts->octets).ptr + entry->offset, entry->len);
}

size_t
texts_octets(const struct texts *texts)
{
    return buf_len(&texts->octets) + buf_len(&texts->entries) + buf_len(&texts->slots);
}

/* The slot of this text, or the free one where it belongs. */
static uint32_t *
slot_find(const struct texts *texts, struct span text, uint32_t hash)
{
    const uint32_t mask = slot_count(texts) - 1;
    uint32_t *slots = slots_of(texts);

    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        if (slots[at] == 0)
            return &slots[at];
        const uint32_t number = slots[at] - 1;
        if (entries_of(texts)[number].hash == hash && span_eq(texts_at(texts, number), text))
            return &slots[at];
    }
}

/* Twice as many slots. */
static enum rc
slots_grow(struct texts *texts)
{
    const uint32_t old = slot_count(texts);
    const uint32_t added = old == 0 ? SLOTS_AT_FIRST : old;
    char *room = buf_reserve(&texts->slots, added * sizeof(uint32_t));

    if (room == NULL)
        return RC_LIMIT;
    buf_grew(&texts->slots, added * sizeof(uint32_t));
    memset(texts->slots.data, 0, buf_len(&texts->slots));
    for (uint32_t number = 0; number < texts->count; number++) {
        const uint32_t mask = slot_count(texts) - 1;
        uint32_t at = entries_of(texts)[number].hash & mask;
        while (slots_of(texts)[at] != 0)
            at = (at + 1) & mask;
        slots_of(texts)[at] = number + 1;
    }
    return RC_OK;
}

enum rc
texts_add(struct texts *texts, struct span text, uint32_t *number_out)
{
    if (texts->count >= slot_count(texts) / 2 && slots_grow(texts) != RC_OK)
        return RC_LIMIT;
    const uint32_t hash = (uint32_t)map_hash(text);
    uint32_t *slot = slot_find(texts, text, hash);
    if (*slot == 0) {
        const struct text_entry entry = {
            .offset = (uint32_t)buf_len(&texts->octets),
            .len = (uint32_t)text.len,
            .hash = hash,
        };
        buf_put_span(&texts->octets, text);
        buf_put(&texts->entries, &entry, sizeof entry);
        if (!buf_ok(&texts->octets) || !buf_ok(&texts->entries))
            return RC_LIMIT;
        *slot = ++texts->count;
    }
    *number_out = *slot - 1;
    return RC_OK;
}

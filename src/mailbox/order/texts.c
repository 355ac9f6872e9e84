/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, never more than half full. The hash takes a text for the
 * digits of a number and has its remainder by a prime, at a place that is drawn for each
 * process: so two texts of n octets, whatever they are, have the same hash in n of 2^61
 * processes, and the place in the table follows from a product with another such number.
 */
#include "mailbox/order/texts.h"

#include <endian.h>

#include "base/map.h"

enum {
    SLOTS_AT_FIRST = 64,
    AT_ONCE = 32,
    OCTETS_USUAL = 32, /* of a text */
};

/* With a part of the hash, so that another text in the way is mostly passed by without looking
 * at it. */
struct text_slot {
    uint32_t hash;
    uint32_t next; /* number + 1, or 0: free */
};

/* Of the hash. */
enum { DIGIT_OCTETS = 7 };
#define DIGIT_MAX ((UINT64_C(1) << 56) - 1)
#define PRIME ((UINT64_C(1) << 61) - 1)

void
texts_init(struct texts *texts, size_t max_octets)
{
    if (max_octets > UINT32_MAX)
        max_octets = UINT32_MAX; /* offsets have 32 bits */
    buf_init(&texts->octets, max_octets);
    buf_init(&texts->entries, max_octets);
    buf_init(&texts->slots, max_octets);
    texts->count = 0;
    texts->place = map_hash(SPAN("place")) & PRIME;
    texts->factor = map_hash(SPAN("factor")) & PRIME;
}

void
texts_done(struct texts *texts)
{
    buf_done(&texts->octets);
    buf_done(&texts->entries);
    buf_done(&texts->slots);
}

/* ---- hash ---- */

static uint64_t
times(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    const uint64_t sum = ((uint64_t)product & PRIME) + (uint64_t)(product >> 61);

    return (sum & PRIME) + (sum >> 61);
}

static uint32_t
hash_of(const struct texts *texts, struct span text)
{
    uint64_t sum = text.len;
    uint64_t digit = 0;
    size_t at = 0;

    for (; at + sizeof digit <= text.len; at += DIGIT_OCTETS) {
        memcpy(&digit, text.ptr + at, sizeof digit);
        sum = times(sum + (le64toh(digit) & DIGIT_MAX), texts->place);
    }
    digit = 0;
    if (at < text.len)
        memcpy(&digit, text.ptr + at, text.len - at);
    return (uint32_t)(times(sum + le64toh(digit), texts->factor) >> 29);
}

static uint32_t
slot_count(const struct texts *texts)
{
    return (uint32_t)(buf_len(&texts->slots) / sizeof(struct text_slot));
}

size_t
texts_octets(const struct texts *texts)
{
    return buf_len(&texts->octets) + buf_len(&texts->entries) + buf_len(&texts->slots);
}

static int64_t
head_of(struct span text)
{
    uint64_t head = 0;

    if (text.len >= sizeof head) {
        memcpy(&head, text.ptr, sizeof head);
        head = be64toh(head);
    } else {
        for (size_t i = 0; i < text.len; i++)
            head |= (uint64_t)(unsigned char)text.ptr[i] << (56 - 8 * i);
    }
    return (int64_t)(head ^ UINT64_C(1) << 63); /* compared with a sign */
}

/* The slot of this text, or the free one where it belongs. */
static struct text_slot *
slot_find(const struct texts *texts, struct span text, uint32_t hash)
{
    const uint32_t mask = slot_count(texts) - 1;
    struct text_slot *slots = (struct text_slot *)(void *)texts->slots.data;

    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        if (slots[at].next == 0 ||
            (slots[at].hash == hash && span_eq(texts_at(texts, slots[at].next - 1), text)))
            return &slots[at];
    }
}

/* More slots: `wanted` of them, a power of two. */
static enum rc
slots_grow(struct texts *texts, uint32_t wanted)
{
    const uint32_t old = slot_count(texts);
    const uint32_t mask = wanted - 1;
    const size_t octets = (mask + (size_t)1) * sizeof(struct text_slot);
    struct buf grown;

    buf_init(&grown, texts->slots.max);
    char *room = buf_reserve(&grown, octets);
    if (room == NULL)
        return RC_LIMIT;
    memset(room, 0, octets);
    buf_grew(&grown, octets);
    struct text_slot *to = (struct text_slot *)(void *)room;
    const struct text_slot *from = (const struct text_slot *)(const void *)texts->slots.data;
    for (uint32_t i = 0; i < old; i++) {
        if (from[i].next == 0)
            continue;
        uint32_t at = from[i].hash & mask;
        while (to[at].next != 0)
            at = (at + 1) & mask;
        to[at] = from[i];
    }
    buf_done(&texts->slots);
    texts->slots = grown;
    return RC_OK;
}

enum rc
texts_reserve(struct texts *texts, uint32_t count)
{
    uint32_t slots = SLOTS_AT_FIRST;

    while (slots / 2 < count && slots <= UINT32_MAX / 4)
        slots *= 2;
    if (buf_reserve(&texts->entries, count * sizeof(struct text_entry) + 1) == NULL ||
        buf_reserve(&texts->octets, (size_t)count * OCTETS_USUAL + 1) == NULL)
        return RC_LIMIT;
    return slots > slot_count(texts) ? slots_grow(texts, slots) : RC_OK;
}

static enum rc
add_hashed(struct texts *texts, struct span text, uint32_t hash, uint32_t *number_out)
{
    const uint32_t slots = slot_count(texts);

    if (texts->count >= slots / 2 &&
        slots_grow(texts, slots == 0 ? SLOTS_AT_FIRST : 2 * slots) != RC_OK)
        return RC_LIMIT;
    struct text_slot *slot = slot_find(texts, text, hash);
    if (slot->next == 0) {
        char *octets = texts_room(&texts->octets, text.len + 1);
        struct text_entry *entry =
            (struct text_entry *)(void *)texts_room(&texts->entries, sizeof(struct text_entry));
        if (octets == NULL || entry == NULL)
            return RC_LIMIT;
        *entry = (struct text_entry){
            .head = head_of(text),
            .offset = (uint32_t)buf_len(&texts->octets),
            .len = (uint32_t)text.len,
        };
        if (text.len > 0)
            memcpy(octets, text.ptr, text.len);
        buf_grew(&texts->octets, text.len);
        buf_grew(&texts->entries, sizeof *entry);
        *slot = (struct text_slot){hash, ++texts->count};
    }
    *number_out = slot->next - 1;
    return RC_OK;
}

enum rc
texts_add(struct texts *texts, struct span text, uint32_t *number_out)
{
    return add_hashed(texts, text, hash_of(texts, text), number_out);
}

static bool
is_here(const struct text_slot *slot, uint32_t hash)
{
    return slot->next != 0 && slot->hash == hash;
}

/* Asks for the memory of the slots where these hashes belong, then for that of the texts that
 * are there. It is part of its caller, as gcc takes a call for useless that only asks for
 * memory. */
ALWAYS_INLINE static inline void
fetch_ahead(const struct texts *texts, const uint32_t *hashes, size_t count)
{
    const uint32_t mask = slot_count(texts) - 1;
    const struct text_slot *slots = (const struct text_slot *)(const void *)texts->slots.data;

    if (slots == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&slots[hashes[i] & mask]);
    for (size_t i = 0; i < count; i++) {
        const struct text_slot *slot = &slots[hashes[i] & mask];
        if (is_here(slot, hashes[i]))
            __builtin_prefetch(texts_entry(texts, slot->next - 1));
    }
    for (size_t i = 0; i < count; i++) {
        const struct text_slot *slot = &slots[hashes[i] & mask];
        if (is_here(slot, hashes[i]))
            __builtin_prefetch(texts_at(texts, slot->next - 1).ptr);
    }
}

enum rc
texts_add_many(struct texts *texts, const struct span *many, size_t count,
               uint32_t *numbers_out)
{
    uint32_t hashes[AT_ONCE];

    for (size_t done = 0; done < count;) {
        const size_t some = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (size_t i = 0; i < some; i++)
            hashes[i] = hash_of(texts, many[done + i]);
        fetch_ahead(texts, hashes, some);
        for (size_t i = 0; i < some; i++, done++)
            if (add_hashed(texts, many[done], hashes[i], &numbers_out[done]) != RC_OK)
                return RC_LIMIT;
    }
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "store/index/list.h"

#include <stdlib.h>

#include "base/check.h"

enum { NUMBER_BITS = 7, NUMBER_MORE = 0x80 };

static size_t
number_octets(uint64_t value)
{
    size_t octets = 1;

    while (value >= NUMBER_MORE) {
        value >>= NUMBER_BITS;
        octets++;
    }
    return octets;
}

void
number_put(struct buf *out, uint64_t value)
{
    char octets[NUMBER_OCTETS_MAX];
    size_t len = 0;

    for (; value >= NUMBER_MORE; value >>= NUMBER_BITS)
        octets[len++] = (char)(value | NUMBER_MORE);
    octets[len++] = (char)value;
    buf_put(out, octets, len);
}

bool
number_get(struct span *from, uint64_t *out)
{
    const unsigned char *at = (const unsigned char *)from->ptr;
    uint64_t value = 0;

    for (size_t i = 0; i < from->len && i < NUMBER_OCTETS_MAX; i++) {
        const uint64_t bits = at[i] & (NUMBER_MORE - 1);
        if (i == NUMBER_OCTETS_MAX - 1 && bits > 1)
            return false;
        value |= bits << (NUMBER_BITS * i);
        if ((at[i] & NUMBER_MORE) == 0) {
            *from = span_tail(*from, i + 1);
            *out = value;
            return true;
        }
    }
    return false;
}

void
ids_done(struct ids *ids)
{
    free(ids->at);
    *ids = (struct ids){0};
}

bool
ids_add(struct ids *ids, uint64_t id)
{
    if (ids->count == ids->cap) {
        const size_t cap = ids->cap == 0 ? 256 : 2 * ids->cap;
        uint64_t *at = realloc(ids->at, cap * sizeof *at);
        if (at == NULL)
            return false;
        ids->at = at;
        ids->cap = cap;
    }
    ids->at[ids->count++] = id;
    return true;
}

/* ---- writing ---- */

static void
put_bits(struct buf *out, const uint64_t *ids, size_t count, size_t octets)
{
    char *bits = buf_reserve(out, octets);

    if (bits == NULL)
        return;
    memset(bits, 0, octets);
    for (size_t i = 1; i < count; i++) {
        const uint64_t bit = ids[i] - ids[0] - 1;
        bits[bit / 8] = (char)((unsigned char)bits[bit / 8] | 1u << bit % 8);
    }
    buf_grew(out, octets);
}

void
list_put(struct buf *out, uint64_t base, const uint64_t *ids, size_t count)
{
    size_t octets = 0;

    CHECK(count > 0 && ids[0] >= base && ids[0] - base < UINT64_C(1) << 63);
    for (size_t i = 1; i < count; i++)
        octets += number_octets(ids[i] - ids[i - 1]);
    const uint64_t bit_octets = (ids[count - 1] - ids[0] + 7) / 8;
    if (bit_octets < octets) {
        number_put(out, (ids[0] - base) << 1 | 1);
        put_bits(out, ids, count, (size_t)bit_octets);
        return;
    }
    number_put(out, (ids[0] - base) << 1);
    for (size_t i = 1; i < count; i++)
        number_put(out, ids[i] - ids[i - 1]);
}

/* ---- reading ---- */

/* Takes the first id. */
static bool
get_first(struct span *list, uint64_t base, uint64_t last, bool *bits_out, uint64_t *out)
{
    uint64_t number = 0;

    if (!number_get(list, &number) || base > last || number >> 1 > last - base)
        return false;
    *bits_out = (number & 1) != 0;
    *out = base + (number >> 1);
    return true;
}

/* Takes the next id of a list that has no bits. */
static bool
get_next(struct span *list, uint64_t last, uint64_t *id)
{
    uint64_t step = 0;

    if (!number_get(list, &step) || step == 0 || step > last - *id)
        return false;
    *id += step;
    return true;
}

/* Whether bits for the ids above the first one go no further than last. */
static bool
bits_fit(struct span bits, uint64_t first, uint64_t last)
{
    if (bits.len == 0)
        return true;
    const uint64_t room = last - first; /* ids */
    if (room == 0 || bits.len - 1 > (room - 1) / 8)
        return false;
    const unsigned char end = (unsigned char)bits.ptr[bits.len - 1];
    const uint64_t left = room - (uint64_t)(bits.len - 1) * 8;
    return left >= 8 || end >> left == 0;
}

static void
set_add(const struct index_set *set, uint64_t id)
{
    if (id < set->limit)
        set->bits[id / 64] |= UINT64_C(1) << id % 64;
}

static void
unite_bits(struct span bits, uint64_t first, const struct index_set *set)
{
    const unsigned char *at = (const unsigned char *)bits.ptr;
    uint64_t id = first + 1;
    size_t i = 0;

    /* all of these are below the limit, and a second word is there */
    for (; i < bits.len && id + 72 <= set->limit; i++, id += 8) {
        const unsigned shift = (unsigned)(id % 64);
        set->bits[id / 64] |= (uint64_t)at[i] << shift;
        if (shift > 56)
            set->bits[id / 64 + 1] |= (uint64_t)at[i] >> (64 - shift);
    }
    for (; i < bits.len; i++, id += 8)
        for (unsigned bit = 0; bit < 8; bit++)
            if ((at[i] >> bit & 1) != 0)
                set_add(set, id + bit);
}

bool
list_unite(struct span list, uint64_t base, uint64_t last, const struct index_set *set)
{
    bool bits = false;
    uint64_t id = 0;

    if (!get_first(&list, base, last, &bits, &id) || (bits && !bits_fit(list, id, last)))
        return false;
    set_add(set, id);
    if (bits) {
        unite_bits(list, id, set);
        return true;
    }
    while (list.len > 0) {
        if (!get_next(&list, last, &id))
            return false;
        set_add(set, id);
    }
    return true;
}

static bool
ids_add_bits(struct ids *ids, struct span bits, uint64_t first)
{
    for (size_t i = 0; i < bits.len; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            if (((unsigned char)bits.ptr[i] >> bit & 1) != 0 &&
                !ids_add(ids, first + 1 + i * 8 + bit))
                return false;
    return true;
}

enum list_read
list_get(struct span list, uint64_t base, uint64_t last, struct ids *ids)
{
    bool bits = false;
    uint64_t id = 0;

    if (!get_first(&list, base, last, &bits, &id) || (bits && !bits_fit(list, id, last)) ||
        (ids->count > 0 && ids->at[ids->count - 1] >= id))
        return LIST_DAMAGED;
    if (!ids_add(ids, id))
        return LIST_NO_MEMORY;
    if (bits)
        return ids_add_bits(ids, list, id) ? LIST_READ : LIST_NO_MEMORY;
    while (list.len > 0) {
        if (!get_next(&list, last, &id))
            return LIST_DAMAGED;
        if (!ids_add(ids, id))
            return LIST_NO_MEMORY;
    }
    return LIST_READ;
}

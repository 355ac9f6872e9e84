/* SPDX-License-Identifier: MIT */
/*
 *   LOOKING ──> COUNTING ──> PLACING, by one octet after the other ──> COMPLETE
 *      └──────────── in order already ──────────────────────────────────┘
 *
 * What is sorted by is how far a number is above the lowest one (or below the highest one), so
 * dates of a few years differ in four octets.
 */
#include "mailbox/order/radix.h"

#include <string.h>

void
radix_init(struct radix *radix, uint32_t *items, uint32_t *spare, uint32_t count,
           struct radix_keys keys)
{
    radix->items = items;
    radix->spare = spare;
    radix->count = count;
    radix->keys = keys;
    radix->stage = count < 2 ? RADIX_COMPLETE : RADIX_LOOKING;
    radix->at = 0;
    radix->is_sorted = true;
    radix->lowest = INT64_MAX;
    radix->highest = INT64_MIN;
    radix->digit = 0;
    memset(radix->places, 0, sizeof radix->places);
}

static inline int64_t
value_of(const struct radix *radix, uint32_t item)
{
    const char *at = (const char *)radix->keys.first + radix->keys.stride * item;

    return *(const int64_t *)(const void *)at;
}

static inline uint64_t
distance_of(const struct radix *radix, uint32_t item)
{
    const uint64_t value = (uint64_t)value_of(radix, item);

    return radix->keys.is_descending ? (uint64_t)radix->highest - value
                                     : value - (uint64_t)radix->lowest;
}

static void
look(struct radix *radix, uint32_t end)
{
    int64_t before = radix->at == 0 ? value_of(radix, radix->items[0])
                                    : value_of(radix, radix->items[radix->at - 1]);

    for (uint32_t i = radix->at; i < end; i++) {
        const int64_t value = value_of(radix, radix->items[i]);
        radix->is_sorted &= radix->keys.is_descending ? value <= before : value >= before;
        radix->lowest = value < radix->lowest ? value : radix->lowest;
        radix->highest = value > radix->highest ? value : radix->highest;
        before = value;
    }
}

/* Items are counted in the order of memory; how many there are does not depend on it. */
static void
count(struct radix *radix, uint32_t end)
{
    const uint64_t furthest = (uint64_t)radix->highest - (uint64_t)radix->lowest;
    const unsigned digits = furthest == 0 ? 0 : (71 - (unsigned)__builtin_clzll(furthest)) / 8;

    for (uint32_t item = radix->at; item < end; item++) {
        const uint64_t distance = distance_of(radix, item);
        for (unsigned digit = 0; digit < digits; digit++)
            radix->places[digit][distance >> 8 * digit & 0xff]++;
    }
}

static void
place(struct radix *radix, uint32_t end)
{
    uint32_t *places = radix->places[radix->digit];

    for (uint32_t i = radix->at; i < end; i++) {
        const uint32_t item = radix->items[i];
        radix->spare[places[distance_of(radix, item) >> 8 * radix->digit & 0xff]++] = item;
    }
}

/* Goes to the next octet in which numbers differ, from this one on. */
static void
pass_begin(struct radix *radix)
{
    const uint64_t distance = distance_of(radix, radix->items[0]);

    for (; radix->digit < RADIX_DIGITS; radix->digit++) {
        uint32_t *places = radix->places[radix->digit];
        const uint32_t alike = places[distance >> 8 * radix->digit & 0xff];
        if (alike == radix->count || alike == 0)
            continue; /* all have the same; or 0, which was not counted */
        uint32_t next = 0;
        for (unsigned value = 0; value < RADIX_VALUES; value++) {
            const uint32_t have = places[value];
            places[value] = next;
            next += have;
        }
        radix->stage = RADIX_PLACING;
        return;
    }
    radix->stage = RADIX_COMPLETE;
}

static void
stage_end(struct radix *radix)
{
    uint32_t *placed = radix->spare;

    radix->at = 0;
    switch (radix->stage) {
    case RADIX_LOOKING:
        radix->stage = radix->is_sorted ? RADIX_COMPLETE : RADIX_COUNTING;
        break;
    case RADIX_COUNTING:
        pass_begin(radix);
        break;
    case RADIX_PLACING:
        radix->spare = radix->items;
        radix->items = placed;
        radix->digit++;
        pass_begin(radix);
        break;
    case RADIX_COMPLETE:
        break;
    }
}

bool
radix_step(struct radix *radix, uint32_t items)
{
    while (radix->stage != RADIX_COMPLETE && items > 0) {
        const uint32_t left = radix->count - radix->at;
        const uint32_t some = left < items ? left : items;
        const uint32_t end = radix->at + some;
        if (radix->stage == RADIX_LOOKING)
            look(radix, end);
        else if (radix->stage == RADIX_COUNTING)
            count(radix, end);
        else
            place(radix, end);
        radix->at = end;
        items -= some;
        if (end == radix->count)
            stage_end(radix);
    }
    return radix->stage == RADIX_COMPLETE;
}

/* SPDX-License-Identifier: MIT */
/*
 * All texts are sorted by their first eight octets, one octet after the other from the last on.
 * Those with the same ones are sorted further with a quick sort into three parts, of which the
 * one whose keys are equal to the pivot is sorted by the next eight octets:
 *
 *     FETCH ──> SORT ──> below: SORT
 *                   ├──> equal: SPLIT ──> those that end here: SORT by length
 *                   │               └──> others: FETCH, eight octets on
 *                   └──> above: SORT
 *
 * A key of a text that ends has zeros behind it. Of texts with equal keys, one that ends is the
 * beginning of every one that does not, but for the zeros, and so comes before it; and of two
 * that end, the shorter one.
 */
#include "mailbox/order/rank.h"

#include <endian.h>

#include "base/check.h"

enum {
    KEY_OCTETS = sizeof(uint64_t),
    FEW = 12,        /* items that are sorted one by one */
    AHEAD = 8,       /* texts asked for before they are looked at */
    STEPS_FETCH = 4, /* what an item costs, compared with one that is put into a part */
    STEPS_FEW = 8,
};

static void
push(struct rank *rank, struct rank_range range)
{
    if (range.end - range.begin < 2)
        return;
    CHECK(rank->range_count < RANK_RANGES);
    rank->ranges[rank->range_count++] = range;
}

void
rank_init(struct rank *rank, const struct texts *texts, struct rank_item *items, uint64_t luck)
{
    rank->texts = texts;
    rank->items = items;
    rank->spare = items + texts->count;
    rank->phase = RANK_TAKING;
    rank->done = 0;
    rank->digit = 0;
    memset(rank->places, 0, sizeof rank->places);
    rank->range_count = 0;
    rank->has_begun = false;
    rank->luck = luck | 1;
}

/* ---- keys ---- */

static uint64_t
key_at(struct span text, uint32_t depth)
{
    uint64_t key = 0;

    if (text.len >= depth + KEY_OCTETS) {
        memcpy(&key, text.ptr + depth, KEY_OCTETS);
        return be64toh(key);
    }
    for (size_t i = depth; i < text.len; i++)
        key |= (uint64_t)(unsigned char)text.ptr[i] << (56 - 8 * (i - depth));
    return key;
}

static bool
ends(const struct rank_item *item, uint32_t depth)
{
    return item->len <= depth + KEY_OCTETS;
}

static int
compare(const struct rank *rank, const struct rank_range *range, const struct rank_item *a,
        const struct rank_item *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (range->is_last)
        return 0;
    if (ends(a, range->depth) || ends(b, range->depth))
        return (a->len > b->len) - (a->len < b->len);
    const size_t known = range->depth + (size_t)KEY_OCTETS;
    return span_cmp(span_tail(texts_at(rank->texts, a->number), known),
                    span_tail(texts_at(rank->texts, b->number), known));
}

/* ---- stages ---- */

static void
fetch(struct rank *rank, const struct rank_range *range, uint32_t until)
{
    struct rank_item *items = rank->items;

    for (uint32_t i = rank->at; i < until; i++) {
        if (i + AHEAD < range->end)
            __builtin_prefetch(texts_at(rank->texts, items[i + AHEAD].number).ptr +
                               range->depth);
        items[i].key = key_at(texts_at(rank->texts, items[i].number), range->depth);
    }
    rank->at = until;
}

static void
sort_few(const struct rank *rank, const struct rank_range *range)
{
    struct rank_item *items = rank->items;

    for (uint32_t i = range->begin + 1; i < range->end; i++) {
        const struct rank_item item = items[i];
        uint32_t to = i;
        for (; to > range->begin && compare(rank, range, &item, &items[to - 1]) < 0; to--)
            items[to] = items[to - 1];
        items[to] = item;
    }
}

static uint64_t
draw(struct rank *rank)
{
    rank->luck ^= rank->luck << 13;
    rank->luck ^= rank->luck >> 7;
    rank->luck ^= rank->luck << 17;
    return rank->luck;
}

/* The middle one of three that nobody can foresee. */
static uint64_t
pivot_of(struct rank *rank, const struct rank_range *range)
{
    const uint32_t count = range->end - range->begin;
    uint64_t keys[3];

    for (unsigned i = 0; i < 3; i++)
        keys[i] = rank->items[range->begin + (uint32_t)(draw(rank) % count)].key;
    const uint64_t low = keys[0] < keys[1] ? keys[0] : keys[1];
    const uint64_t high = keys[0] < keys[1] ? keys[1] : keys[0];
    return keys[2] < low ? low : keys[2] > high ? high : keys[2];
}

static void
swap(struct rank_item *items, uint32_t a, uint32_t b)
{
    const struct rank_item item = items[a];

    items[a] = items[b];
    items[b] = item;
}

/* Returns how many items it has looked at. */
static uint32_t
part(struct rank *rank, uint32_t steps)
{
    const uint32_t left = rank->high - rank->at;
    const uint32_t done = left < steps ? left : steps;
    struct rank_item *items = rank->items;
    const uint64_t pivot = rank->pivot;
    uint32_t low = rank->low;
    uint32_t at = rank->at;
    uint32_t high = rank->high;

    for (uint32_t i = 0; i < done; i++) {
        const uint64_t key = items[at].key;
        if (key < pivot)
            swap(items, low++, at++);
        else if (key > pivot)
            swap(items, at, --high);
        else
            at++;
    }
    rank->low = low;
    rank->at = at;
    rank->high = high;
    return done;
}

static void
split(struct rank *rank, const struct rank_range *range, uint32_t until)
{
    struct rank_item *items = rank->items;

    for (uint32_t i = rank->at; i < until; i++) {
        if (!ends(&items[i], range->depth))
            continue;
        items[i].key = items[i].len;
        swap(items, i, rank->low++);
    }
    rank->at = until;
}

/* ---- ranges ---- */

static uint32_t
length(const struct rank_range *range)
{
    return range->end - range->begin;
}

/* The smallest one last, so that it is sorted first. */
static void
push_parts(struct rank *rank, struct rank_range parts[3])
{
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = i + 1; k < 3; k++)
            if (length(&parts[k]) > length(&parts[i])) {
                const struct rank_range part = parts[i];
                parts[i] = parts[k];
                parts[k] = part;
            }
    for (unsigned i = 0; i < 3; i++)
        push(rank, parts[i]);
}

static void
range_begin(struct rank *rank, const struct rank_range *range)
{
    rank->has_begun = true;
    rank->low = rank->at = range->begin;
    rank->high = range->end;
    if (range->stage == RANK_SORT)
        rank->pivot = pivot_of(rank, range);
}

/* The range, which is the last one, has gone through its stage. */
static void
range_end(struct rank *rank)
{
    const struct rank_range range = rank->ranges[--rank->range_count];
    struct rank_range parts[3] = {range, range, range};

    rank->has_begun = false;
    parts[0].end = parts[1].begin = rank->low;
    parts[1].end = parts[2].begin = rank->high;
    switch (range.stage) {
    case RANK_FETCH:
        parts[0] = range;
        parts[0].stage = RANK_SORT;
        push(rank, parts[0]);
        return;
    case RANK_SORT:
        parts[1].stage = RANK_SPLIT;
        if (range.is_last)
            parts[1].end = parts[1].begin; /* equal */
        break;
    case RANK_SPLIT:
        parts[0].stage = RANK_SORT;
        parts[0].is_last = true;
        parts[1].stage = RANK_FETCH;
        parts[1].depth += KEY_OCTETS;
        parts[2].begin = parts[2].end;
        break;
    }
    push_parts(rank, parts);
}

static bool
is_few(const struct rank_range *range)
{
    return (range->stage == RANK_SORT && length(range) <= FEW) ||
           (range->stage == RANK_SPLIT && length(range) == 2);
}

/* Goes on with the last range. Returns what that cost. */
static uint32_t
range_step(struct rank *rank, uint32_t steps)
{
    const struct rank_range *range = &rank->ranges[rank->range_count - 1];
    uint32_t cost = 0;

    if (is_few(range)) {
        cost = length(range) * STEPS_FEW;
        sort_few(rank, range);
        rank->range_count--;
        return cost;
    }
    if (!rank->has_begun)
        range_begin(rank, range);
    const uint32_t left = range->end - rank->at;
    const uint32_t some = left < steps ? left : steps;
    switch (range->stage) {
    case RANK_FETCH:
        cost = some * STEPS_FETCH;
        fetch(rank, range, rank->at + some);
        break;
    case RANK_SORT:
        cost = part(rank, steps);
        break;
    case RANK_SPLIT:
        cost = some;
        split(rank, range, rank->at + some);
        break;
    }
    if (rank->at == rank->high)
        range_end(rank);
    return cost;
}

/* ---- all texts, by their first octets ---- */

static void
take(struct rank *rank, uint32_t until)
{
    for (uint32_t i = rank->done; i < until; i++) {
        const struct text_entry *entry = texts_entry(rank->texts, i);
        const uint64_t key = (uint64_t)entry->head ^ UINT64_C(1) << 63;
        rank->items[i] = (struct rank_item){.key = key, .number = i, .len = entry->len};
        for (unsigned digit = 0; digit < RANK_DIGITS; digit++)
            rank->places[digit][key >> 8 * digit & 0xff]++;
    }
    rank->done = until;
}

/* Goes to the next octet in which texts differ, from this one on. */
static void
pass_begin(struct rank *rank)
{
    const uint64_t key = rank->items[0].key;

    rank->done = 0;
    rank->phase = RANK_GROUPING;
    for (; rank->digit < RANK_DIGITS; rank->digit++) {
        uint32_t *places = rank->places[rank->digit];
        if (places[key >> 8 * rank->digit & 0xff] == rank->texts->count)
            continue; /* all have the same */
        uint32_t next = 0;
        for (unsigned value = 0; value < RANK_VALUES; value++) {
            const uint32_t have = places[value];
            places[value] = next;
            next += have;
        }
        rank->phase = RANK_PLACING;
        return;
    }
}

static void
place(struct rank *rank, uint32_t until)
{
    uint32_t *places = rank->places[rank->digit];

    for (uint32_t i = rank->done; i < until; i++)
        rank->spare[places[rank->items[i].key >> 8 * rank->digit & 0xff]++] = rank->items[i];
    rank->done = until;
}

static void
pass_end(struct rank *rank)
{
    struct rank_item *placed = rank->spare;

    rank->spare = rank->items;
    rank->items = placed;
    rank->digit++;
    pass_begin(rank);
}

/* Goes to the next texts with the same key. Returns how many were passed. */
static uint32_t
group(struct rank *rank)
{
    const uint32_t begin = rank->done;
    const uint64_t key = rank->items[begin].key;
    uint32_t end = begin + 1;

    while (end < rank->texts->count && rank->items[end].key == key)
        end++;
    push(rank, (struct rank_range){.begin = begin, .end = end, .stage = RANK_SPLIT});
    rank->done = end;
    return end - begin;
}

/* Some of the phase. Returns how many texts that were. */
static uint32_t
phase_step(struct rank *rank, uint32_t steps)
{
    const uint32_t left = rank->texts->count - rank->done;
    const uint32_t some = left < steps ? left : steps;

    switch (rank->phase) {
    case RANK_TAKING:
        take(rank, rank->done + some);
        if (rank->done == rank->texts->count)
            pass_begin(rank);
        break;
    case RANK_PLACING:
        place(rank, rank->done + some);
        if (rank->done == rank->texts->count)
            pass_end(rank);
        break;
    case RANK_GROUPING:
        return group(rank);
    }
    return some;
}

bool
rank_step(struct rank *rank, uint32_t items)
{
    for (;;) {
        const bool is_over = rank->texts->count == 0 ||
                             (rank->phase == RANK_GROUPING && rank->done == rank->texts->count);
        if (rank->range_count == 0 && is_over)
            return true;
        if (items == 0)
            return false;
        const uint32_t cost =
            rank->range_count > 0 ? range_step(rank, items) : phase_step(rank, items);
        items -= cost < items ? cost : items;
    }
}

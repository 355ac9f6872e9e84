/* SPDX-License-Identifier: MIT */
/*
 * One pass parses, one pass or an in-place radix sort (American flag sort: linear, no memory of
 * its own) normalises, so a set of a million ranges costs milliseconds however it is ordered.
 */
#include "syntax/imap/numset.h"

#include "base/check.h"
#include "base/limits.h"
#include "syntax/imap/put.h"

enum { RADIX = 256, RADIX_TOP_SHIFT = 24, SMALL = 32 };

/* --- Parsing --- */

/** seq-number = nz-number / "*"; false when neither stands at *at. */
static bool
parse_number(const char **at, const char *end, uint32_t *number_out)
{
    const char *p = *at;
    uint64_t value = 0;

    if (p < end && *p == '*') {
        *number_out = NUMSET_STAR;
        *at = p + 1;
        return true;
    }
    if (p == end || *p < '1' || *p > '9') /* digit-nz: 0 and leading zeros are no nz-number */
        return false;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *number_out = (uint32_t)value;
    *at = p;
    return true;
}

static size_t
count_members(struct span text)
{
    size_t members = 1;

    for (size_t i = 0; i < text.len; i++)
        members += text.ptr[i] == ',';
    return members;
}

enum rc
numset_parse(struct span text, struct arena *arena, struct numset *set_out)
{
    if (text.len == 0)
        return RC_INVALID;
    const size_t members = count_members(text);
    if (members > LIMIT_SET_RANGES)
        return RC_LIMIT;
    struct num_range *ranges = arena_array(arena, struct num_range, members);
    if (ranges == NULL)
        return RC_LIMIT;

    const char *at = text.ptr;
    const char *end = text.ptr + text.len;
    for (size_t i = 0; i < members; i++) {
        if (i > 0 && *at++ != ',') /* a comma was counted: there is an octet at `at` */
            return RC_INVALID;
        if (!parse_number(&at, end, &ranges[i].first))
            return RC_INVALID;
        ranges[i].last = ranges[i].first;
        if (at < end && *at == ':') {
            at++;
            if (!parse_number(&at, end, &ranges[i].last))
                return RC_INVALID;
        }
        if (at == end && i + 1 < members)
            return RC_INVALID;
    }
    if (at != end)
        return RC_INVALID;
    *set_out = (struct numset){.ranges = ranges, .count = members};
    return RC_OK;
}

/* --- Normal form --- */

bool
numset_has_star(const struct numset *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->ranges[i].first == NUMSET_STAR || set->ranges[i].last == NUMSET_STAR)
            return true;
    return false;
}

/** Puts highest for `*` and the smaller end first; drops what names nothing. True when the
 * ranges are in ascending order afterwards. */
static bool
resolve(struct numset *set, uint32_t highest)
{
    size_t kept = 0;
    bool sorted = true;

    for (size_t i = 0; i < set->count; i++) {
        struct num_range r = set->ranges[i];
        if (r.first == NUMSET_STAR)
            r.first = highest;
        if (r.last == NUMSET_STAR)
            r.last = highest;
        if (r.first == 0 || r.last == 0)
            continue;
        if (r.first > r.last)
            r = (struct num_range){r.last, r.first};
        sorted = sorted && (kept == 0 || set->ranges[kept - 1].first <= r.first);
        set->ranges[kept++] = r;
    }
    set->count = kept;
    return sorted;
}

static void
insertion_sort(struct num_range *ranges, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct num_range r = ranges[i];
        size_t at = i;
        for (; at > 0 && ranges[at - 1].first > r.first; at--)
            ranges[at] = ranges[at - 1];
        ranges[at] = r;
    }
}

/** By `first`, on the octet at shift and those below it: four levels deep at most. */
static void
radix_sort(struct num_range *ranges, size_t count, unsigned shift)
{
    size_t next[RADIX] = {0};
    size_t end[RADIX];
    size_t at = 0;

    if (count <= SMALL) {
        insertion_sort(ranges, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        next[(ranges[i].first >> shift) % RADIX]++;
    for (size_t digit = 0; digit < RADIX; digit++) {
        const size_t start = at;
        at += next[digit];
        next[digit] = start;
        end[digit] = at;
    }
    for (size_t digit = 0; digit < RADIX; digit++) {
        while (next[digit] < end[digit]) {
            const struct num_range r = ranges[next[digit]];
            size_t *home = &next[(r.first >> shift) % RADIX];
            ranges[next[digit]] = ranges[*home];
            ranges[(*home)++] = r;
        }
    }
    if (shift == 0)
        return;
    at = 0;
    for (size_t digit = 0; digit < RADIX; digit++) {
        radix_sort(ranges + at, end[digit] - at, shift - 8);
        at = end[digit];
    }
}

/** Joins sorted ranges that overlap or touch. */
static void
merge(struct numset *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct num_range r = set->ranges[i];
        struct num_range *before = kept == 0 ? NULL : &set->ranges[kept - 1];
        if (before != NULL && (r.first <= before->last || r.first - 1 == before->last)) {
            if (r.last > before->last)
                before->last = r.last;
        } else {
            set->ranges[kept++] = r;
        }
    }
    set->count = kept;
}

void
numset_normalise(struct numset *set, uint32_t highest)
{
    if (set->normal)
        return;
    if (!resolve(set, highest))
        radix_sort(set->ranges, set->count, RADIX_TOP_SHIFT);
    merge(set);
    set->normal = true;
}

bool
numset_clamp(struct numset *set, uint32_t highest)
{
    bool cut = false;

    CHECK(set->normal);
    while (set->count > 0 && set->ranges[set->count - 1].first > highest) {
        set->count--;
        cut = true;
    }
    if (set->count > 0 && set->ranges[set->count - 1].last > highest) {
        set->ranges[set->count - 1].last = highest;
        cut = true;
    }
    return cut;
}

bool
numset_contains(const struct numset *set, uint32_t number)
{
    size_t low = 0;
    size_t high = set->count;

    CHECK(set->normal);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->ranges[low].first <= number;
}

uint64_t
numset_count(const struct numset *set)
{
    uint64_t numbers = 0;

    CHECK(set->normal);
    for (size_t i = 0; i < set->count; i++)
        numbers += (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;
    return numbers;
}

/* --- Writing --- */

enum { RANGE_OCTETS_MAX = 22 }; /* ",4294967295:4294967295" */

static char *
fmt_number(char *dst, uint32_t number)
{
    if (number == NUMSET_STAR)
        *dst++ = '*';
    else
        dst += imap_fmt_u64(dst, number);
    return dst;
}

static void
put_range(struct buf *buf, bool comma, struct num_range range)
{
    char *room = buf_reserve(buf, RANGE_OCTETS_MAX + 20); /* imap_fmt_u64 asks for 20 each */
    char *at = room;

    if (room == NULL)
        return;
    if (comma)
        *at++ = ',';
    at = fmt_number(at, range.first);
    if (range.last != range.first) {
        *at++ = ':';
        at = fmt_number(at, range.last);
    }
    buf_grew(buf, (size_t)(at - room));
}

void
numset_put(struct buf *buf, const struct numset *set)
{
    for (size_t i = 0; i < set->count; i++)
        put_range(buf, i > 0, set->ranges[i]);
}

void
numset_writer_add(struct numset_writer *writer, uint32_t number)
{
    CHECK(number != 0);
    if (writer->first != 0 && writer->last != UINT32_MAX && number == writer->last + 1) {
        writer->last = number;
        return;
    }
    if (writer->first != 0) {
        put_range(writer->buf, writer->comma, (struct num_range){writer->first, writer->last});
        writer->comma = true;
    }
    writer->first = writer->last = number;
}

void
numset_writer_end(struct numset_writer *writer)
{
    if (writer->first != 0)
        put_range(writer->buf, writer->comma, (struct num_range){writer->first, writer->last});
    *writer = numset_writer(writer->buf);
}

/* SPDX-License-Identifier: MIT */
/* Number sets: the normal form names the same numbers as the text, and survives being
 * written. */
#include "base/check.h"
#include "syntax/imap/numset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
names(struct span text, struct arena *arena, uint32_t highest, uint32_t number)
{
    struct numset set;

    CHECK(numset_parse(text, arena, &set) == RC_OK);
    for (size_t i = 0; i < set.count; i++) {
        const uint32_t a = set.ranges[i].first == NUMSET_STAR ? highest : set.ranges[i].first;
        const uint32_t b = set.ranges[i].last == NUMSET_STAR ? highest : set.ranges[i].last;
        if (a != 0 && b != 0 && number >= (a < b ? a : b) && number <= (a < b ? b : a))
            return true;
    }
    return false;
}

static void
check_normal(const struct numset *set)
{
    for (size_t i = 0; i < set->count; i++) {
        CHECK(set->ranges[i].first >= 1 && set->ranges[i].first <= set->ranges[i].last);
        CHECK(i == 0 || set->ranges[i].first - 1 > set->ranges[i - 1].last);
    }
}

static void
check_written(const struct numset *set, struct arena *arena)
{
    struct numset again;
    AUTO_BUF buf = {0};

    buf_init(&buf, 1u << 20);
    numset_put(&buf, set);
    if (set->count == 0 || !buf_ok(&buf))
        return;
    CHECK(numset_parse(buf_span(&buf), arena, &again) == RC_OK);
    CHECK(again.count == set->count);
    CHECK(memcmp(again.ranges, set->ranges, set->count * sizeof *set->ranges) == 0);
}

static void
check_walk(const struct numset *set)
{
    struct numset_iter iter = numset_iter(set);
    uint64_t walked = 0;
    uint32_t before = 0;
    uint32_t number;

    while (walked < 1000 && numset_next(&iter, &number)) {
        CHECK(number > before && numset_contains(set, number));
        before = number;
        walked++;
    }
    CHECK(walked == 1000 || walked == numset_count(set));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t highest;
    struct numset set;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 64u << 20);
    if (size < sizeof highest || size > 100000)
        return 0;
    memcpy(&highest, data, sizeof highest);
    const struct span text = span_of(data + sizeof highest, size - sizeof highest);
    if (numset_parse(text, &arena, &set) != RC_OK)
        return 0;
    check_written(&set, &arena);
    numset_normalise(&set, highest);
    check_normal(&set);
    check_written(&set, &arena);
    check_walk(&set);
    const uint32_t probes[] = {0,
                               1,
                               highest,
                               highest - 1,
                               highest + 1,
                               UINT32_MAX,
                               set.count ? set.ranges[0].last : 7};
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        CHECK(numset_contains(&set, probes[i]) ==
              (probes[i] != 0 && names(text, &arena, highest, probes[i])));
    numset_clamp(&set, highest);
    check_normal(&set);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Which messages may have come into a result or gone out of it, against a plain look at
 * each. */
#include "support/cm.h"

#include <stdlib.h>

#include "base/rng.h"
#include "mailbox/touched.h"
#include "mailbox/version_private.h"

enum { ROUNDS = 300, MESSAGES_MAX = 1500 };

static struct rng rng;

static struct entry
entry_of(uint32_t uid, uint64_t modseq)
{
    return (struct entry){
        .uid = uid,
        .modseq = modseq,
        .message = uid,
        .internaldate_s = (int64_t)rng_below(&rng, 1000),
    };
}

/* Some UIDs, not all. */
static struct version *
version_some(uint32_t count)
{
    struct builder builder;
    uint32_t uid = 0;

    builder_init(&builder, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        uid += 1 + (uint32_t)rng_below(&rng, 3);
        const struct entry entry = entry_of(uid, 1 + rng_below(&rng, 50));
        builder_entry(&builder, &entry);
    }
    struct version *version = builder_finish(&builder, 50, uid + 1);
    assert_non_null(version);
    return version;
}

/* Some expunged, some changed, some new; most chunks are shared. */
static struct version *
version_later(const struct version *old)
{
    uint32_t uids[MESSAGES_MAX];
    size_t gone = 0;
    const uint32_t from = (uint32_t)rng_below(&rng, old->count + 1);
    const uint32_t odds = 1 + (uint32_t)rng_below(&rng, 40);

    for (uint32_t seq = from + 1; seq <= old->count; seq++)
        if (rng_below(&rng, odds) == 0) {
            struct entry entry;
            version_entry(old, seq, &entry);
            uids[gone++] = entry.uid;
        }
    struct version *fewer = version_remove(old, uids, gone, 51);
    struct entry changed[8];
    size_t count = 0;
    for (uint32_t seq = 1; fewer->count > 0 && seq <= fewer->count && count < 4;
         seq += 1 + (uint32_t)rng_below(&rng, fewer->count)) {
        version_entry(fewer, seq, &changed[count]);
        changed[count++].modseq = 52;
    }
    for (uint32_t i = 0; i < rng_below(&rng, 4); i++)
        changed[count++] = entry_of(old->uidnext + i, 52);
    struct version *later = version_put(fewer, changed, count, 52, old->uidnext + 4);
    assert_non_null(later);
    version_unref(fewer);
    return later;
}

static bool
is_in(const struct view_run *runs, size_t count, uint32_t seq)
{
    for (size_t i = 0; i < count; i++)
        if (runs[i].first <= seq && seq <= runs[i].last)
            return true;
    return false;
}

static void
assert_ascending(const struct view_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(runs[i].first <= runs[i].last);
        assert_true(i == 0 || runs[i].first > runs[i - 1].last + 1);
    }
}

static void
test_expunged(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct version *from = version_some((uint32_t)rng_below(&rng, MESSAGES_MAX));
        struct version *to = rng_below(&rng, 20) == 0 ? NULL : version_later(from);
        struct view_run *runs = NULL;
        size_t count = 0;
        AUTO_ARENA arena = {0};

        arena_init(&arena, 1 << 20);
        assert_int_equal(touched_expunged(from, to, &arena, &runs, &count), RC_OK);
        assert_ascending(runs, count);
        for (uint32_t seq = 1; seq <= from->count; seq++) {
            struct entry entry;
            version_entry(from, seq, &entry);
            const bool gone = to == NULL || version_find_uid(to, entry.uid) == 0;
            assert_int_equal(is_in(runs, count, seq), gone);
        }
        version_unref(from);
        version_unref(to);
    }
}

static bool
is_touched(const struct entry *entry, uint64_t since, const struct touched_req *req)
{
    if (entry->modseq > since || entry->uid >= req->from_uid ||
        (req->range.first != 0 && entry->uid >= req->range.first &&
         entry->uid <= req->range.last))
        return true;
    for (size_t i = 0; i < req->time_count; i++)
        if (entry->internaldate_s > req->times[i].after &&
            entry->internaldate_s <= req->times[i].until)
            return true;
    return false;
}

/* In slices of so many steps; returns how many they were. */
static uint32_t
find(const struct view *view, const struct version *current, const struct touched_req *req,
     uint32_t steps, struct arena *arena, struct view_run **runs, size_t *count)
{
    struct touched *touched = touched_new(arena, view, current, req);
    uint32_t slices = 1;

    assert_non_null(touched);
    while (touched_step(touched, steps, runs, count) == RC_AGAIN)
        slices++;
    return slices;
}

static void
test_changed(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct version *members = version_some((uint32_t)rng_below(&rng, MESSAGES_MAX));
        struct version *current = rng_below(&rng, 3) == 0 ? NULL : version_later(members);
        struct view view = {.members = members};
        const int64_t after = (int64_t)rng_below(&rng, 1000);
        const struct touched_times times = {after, after + 5};
        struct touched_req req = {.since = rng_below(&rng, 53),
                                  .gone_since = rng_below(&rng, 53),
                                  .from_uid =
                                      1 + (uint32_t)rng_below(&rng, 2 * members->uidnext),
                                  .times = &times,
                                  .time_count = rng_below(&rng, 2)};
        struct view_run *runs = NULL;
        size_t count = 0;
        AUTO_ARENA arena = {0};

        arena_init(&arena, 1 << 20);
        if (rng_below(&rng, 2) == 0)
            req.range.first = 1 + (uint32_t)rng_below(&rng, members->uidnext);
        req.range.last = req.range.first + (uint32_t)rng_below(&rng, 5);
        const struct version *newest = current == NULL ? members : current;
        const uint32_t steps = 1 + (uint32_t)rng_below(&rng, 2 * MESSAGES_MAX);
        const uint32_t slices = find(&view, newest, &req, steps, &arena, &runs, &count);
        assert_ascending(runs, count);
        /* By its time, each message has to be looked at. */
        if (req.time_count > 0)
            assert_true(slices >= newest->count / steps);
        assert_true(slices <= (newest->count + members->count) / steps + 2);
        for (uint32_t seq = 1; seq <= members->count; seq++) {
            struct entry entry;
            version_entry(members, seq, &entry);
            const uint32_t now = version_find_uid(newest, entry.uid);
            if (now != 0)
                version_entry(newest, now, &entry);
            assert_int_equal(is_in(runs, count, seq),
                             is_touched(&entry, now != 0 ? req.since : req.gone_since, &req));
        }
        version_unref(members);
        version_unref(current);
    }
}

/* Slices come when whoever began has returned: what it asked for is not there any more. */
static void
test_request_is_copied(void **state)
{
    struct builder builder;
    struct touched_times times[] = {{10, 20}, {40, 50}};
    struct touched_req req = {
        .since = 1, .gone_since = 1, .from_uid = 100, .times = times, .time_count = 2};
    struct view_run *runs = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    builder_init(&builder, 0, 5);
    for (uint32_t uid = 1; uid <= 5; uid++) {
        const struct entry entry = {
            .uid = uid, .modseq = 1, .message = uid, .internaldate_s = 10 * (int64_t)uid};
        builder_entry(&builder, &entry);
    }
    struct version *members = builder_finish(&builder, 1, 6);
    assert_non_null(members);
    const struct view view = {.members = members};
    struct touched *touched = touched_new(&arena, &view, members, &req);
    assert_non_null(touched);
    assert_int_equal(touched_step(touched, 1, &runs, &count), RC_AGAIN);
    memset(times, 0x7f, sizeof times);
    memset(&req, 0x7f, sizeof req);
    while (touched_step(touched, 1, &runs, &count) == RC_AGAIN)
        continue;
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].first, 2);
    assert_int_equal(runs[0].last, 2);
    assert_int_equal(runs[1].first, 5);
    assert_int_equal(runs[1].last, 5);
    version_unref(members);
}

/* Too many runs for the memory that there is. */
static void
test_no_room(void **state)
{
    struct touched_runs runs = {.arena = NULL};
    struct touched_req req = {.since = 0};
    AUTO_ARENA none = {0};
    AUTO_ARENA few = {0};
    AUTO_ARENA arena = {0};
    uint32_t seq = 1;

    (void)state;
    arena_init(&none, 8);
    assert_null(touched_new(&none, &(struct view){.members = NULL}, NULL, &req));
    arena_init(&few, 512);
    req.times = (struct touched_times[64]){{0, 0}};
    req.time_count = 64;
    assert_null(touched_new(&few, &(struct view){.members = NULL}, NULL, &req));
    arena_init(&arena, 8192);
    runs.arena = &arena;
    while (touched_add(&runs, seq, seq) == RC_OK)
        seq += 2;
    assert_in_range(seq, 100, 8192);
    assert_int_equal(touched_add(&runs, seq, seq), RC_LIMIT);
    assert_int_equal(touched_add(&runs, seq - 1, seq), RC_OK); /* what touches needs none */
    assert_int_equal(runs.runs[runs.count - 1].last, seq);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expunged),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_request_is_copied),
        cmocka_unit_test(test_no_room),
    };

    rng_seed(&rng, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

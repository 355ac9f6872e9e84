/* SPDX-License-Identifier: MIT */
/* Slots: numbers, fairness over keys, grants that cannot be lost or stolen, cancelling. */
#include "net/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"

struct woken {
    uint64_t ids[64];
    size_t count;
};

static void
note_wake(void *ctx, uint64_t id)
{
    struct woken *woken = ctx;

    assert_true(woken->count < ARRAY_LEN(woken->ids));
    woken->ids[woken->count++] = id;
}

static struct slots *
make(unsigned threads, unsigned cores, struct woken *woken)
{
    const struct slots_config config = {threads, cores, {note_wake, woken, 0}};
    struct slots *slots = NULL;

    woken->count = 0;
    assert_int_equal(slots_new(&config, &slots, NULL), RC_OK);
    return slots;
}

static void
assert_stats(struct slots *slots, enum slot_kind kind, uint32_t taken, uint32_t queued)
{
    struct slots_stats stats;

    slots_stats_get(slots, kind, &stats);
    assert_int_equal(stats.taken, taken);
    assert_int_equal(stats.queued, queued);
}

static void
test_totals(void **state)
{
    static const struct {
        unsigned threads, cores, disk, hash;
    } table[] = {{16, 2, 12, 1}, {64, 8, 48, 4}, {1, 1, 1, 1}, {2, 3, 1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct woken woken;
        struct slots_stats stats;
        struct slots *slots = make(table[i].threads, table[i].cores, &woken);
        slots_stats_get(slots, SLOT_DISK, &stats);
        assert_int_equal(stats.total, table[i].disk);
        slots_stats_get(slots, SLOT_HASH, &stats);
        assert_int_equal(stats.total, table[i].hash);
        slots_free(slots);
    }
}

static void
test_queue_and_grant(void **state)
{
    struct woken woken;
    struct slots *slots = make(2, 2, &woken); /* one of each */

    (void)state;
    assert_int_equal(slot_take(slots, SLOT_DISK, 1, 0), SLOT_GOT);
    assert_int_equal(slot_take(slots, SLOT_DISK, 2, 0), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_DISK, 2, 0), SLOT_QUEUED); /* keeps its place */
    assert_int_equal(slot_take(slots, SLOT_DISK, 3, 0), SLOT_QUEUED);
    assert_stats(slots, SLOT_DISK, 1, 2);
    slot_give(slots, SLOT_DISK);
    assert_int_equal(woken.count, 1);
    assert_int_equal(woken.ids[0], 2);
    /* It is 2's now: nobody else gets it, however early they ask. */
    assert_int_equal(slot_take(slots, SLOT_DISK, 4, 0), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_DISK, 3, 0), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_DISK, 2, 0), SLOT_GOT);
    slot_give(slots, SLOT_DISK);
    assert_int_equal(woken.ids[1], 3);
    assert_int_equal(slot_take(slots, SLOT_DISK, 3, 0), SLOT_GOT);
    slot_give(slots, SLOT_DISK);
    assert_int_equal(slot_take(slots, SLOT_DISK, 4, 0), SLOT_GOT);
    slot_give(slots, SLOT_DISK);
    assert_stats(slots, SLOT_DISK, 0, 0);
    assert_int_equal(woken.count, 3);
    slots_free(slots);
}

/* Ranks: the best goes first, whoever came first; within a rank it is round robin. */
static void
test_ranks(void **state)
{
    struct woken woken;
    struct slots *slots = make(16, 2, &woken);
    static const uint64_t order[] = {30, 20, 21, 10, 11};

    (void)state;
    assert_int_equal(slot_take(slots, SLOT_HASH, 1, 7), SLOT_GOT);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 10, 7, SLOT_LAST), SLOT_QUEUED);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 11, 7, SLOT_LAST), SLOT_QUEUED);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 20, 7, SLOT_NEXT), SLOT_QUEUED);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 22, 7, SLOT_NEXT), SLOT_QUEUED);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 21, 8, SLOT_NEXT), SLOT_QUEUED);
    assert_int_equal(slot_take_ranked(slots, SLOT_HASH, 30, 7, SLOT_FIRST), SLOT_QUEUED);
    slot_cancel(slots, SLOT_HASH, 22);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        slot_give(slots, SLOT_HASH);
        assert_int_equal(woken.ids[i], order[i]);
        assert_int_equal(slot_take(slots, SLOT_HASH, order[i], 7), SLOT_GOT);
    }
    slot_give(slots, SLOT_HASH);
    assert_stats(slots, SLOT_HASH, 0, 0);
    slots_free(slots);
}

static void
test_round_robin_over_keys(void **state)
{
    struct woken woken;
    struct slots *slots = make(16, 2, &woken);
    static const uint64_t order[] = {10, 20, 30, 11, 21, 12, 13};

    (void)state;
    assert_int_equal(slot_take(slots, SLOT_HASH, 1, 7), SLOT_GOT);
    for (uint64_t id = 10; id < 14; id++) /* one address floods */
        assert_int_equal(slot_take(slots, SLOT_HASH, id, 100), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_HASH, 20, 200), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_HASH, 21, 200), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_HASH, 30, 300), SLOT_QUEUED);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        slot_give(slots, SLOT_HASH);
        assert_int_equal(woken.ids[i], order[i]);
        assert_int_equal(slot_take(slots, SLOT_HASH, order[i], 0), SLOT_GOT);
    }
    slot_give(slots, SLOT_HASH);
    assert_stats(slots, SLOT_HASH, 0, 0);
    slots_free(slots);
}

static void
test_cancel(void **state)
{
    struct woken woken;
    struct slots *slots = make(2, 2, &woken);

    (void)state;
    slot_cancel(slots, SLOT_DISK, 99); /* never asked: harmless */
    assert_int_equal(slot_take(slots, SLOT_DISK, 1, 0), SLOT_GOT);
    assert_int_equal(slot_take(slots, SLOT_DISK, 2, 0), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_DISK, 3, 0), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_DISK, 4, 5), SLOT_QUEUED);
    slot_cancel(slots, SLOT_DISK, 3); /* while queued */
    assert_stats(slots, SLOT_DISK, 1, 2);
    slot_give(slots, SLOT_DISK);
    assert_int_equal(woken.ids[0], 2);
    slot_cancel(slots, SLOT_DISK, 2); /* while granted: handed on */
    assert_int_equal(woken.ids[1], 4);
    slot_cancel(slots, SLOT_DISK, 4);
    assert_stats(slots, SLOT_DISK, 0, 0);
    assert_int_equal(slot_take(slots, SLOT_DISK, 3, 0), SLOT_GOT);
    slot_give(slots, SLOT_DISK);
    slots_free(slots);
}

static void
test_limit_of_waiters(void **state)
{
    struct woken woken;
    struct slots *slots = make(2, 2, &woken);

    (void)state;
    assert_int_equal(slot_take(slots, SLOT_HASH, 1, 0), SLOT_GOT);
    for (uint64_t id = 2; id < 2 + LIMIT_SLOT_WAITERS; id++)
        assert_int_equal(slot_take(slots, SLOT_HASH, id, id % 1000), SLOT_QUEUED);
    assert_int_equal(slot_take(slots, SLOT_HASH, 1000000, 0), SLOT_REFUSED);
    slot_cancel(slots, SLOT_HASH, 2);
    assert_int_equal(slot_take(slots, SLOT_HASH, 1000000, 0), SLOT_QUEUED);
    slots_free(slots);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals), cmocka_unit_test(test_queue_and_grant),
        cmocka_unit_test(test_ranks),  cmocka_unit_test(test_round_robin_over_keys),
        cmocka_unit_test(test_cancel), cmocka_unit_test(test_limit_of_waiters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The sorts that stop and go on, and the set of texts. */
#include "support/cm.h"

#include "base/rng.h"
#include "mailbox/order/merge.h"
#include "mailbox/order/radix.h"
#include "mailbox/order/texts.h"

enum { ITEMS_MAX = 300 };

static int
compare(const void *ctx, uint32_t a, uint32_t b)
{
    const uint32_t *keys = ctx;

    return (keys[a] > keys[b]) - (keys[a] < keys[b]);
}

/* Sorted, stable, nothing lost; whatever the count and the pace. */
static void
test_merge(void **state)
{
    uint32_t keys[ITEMS_MAX], items[ITEMS_MAX], spare[ITEMS_MAX];
    struct merge merge;
    struct rng rng;

    (void)state;
    rng_seed(&rng, 7);
    for (uint32_t count = 0; count <= ITEMS_MAX; count++) {
        for (uint32_t i = 0; i < count; i++) {
            keys[i] = (uint32_t)rng_below(&rng, 20);
            items[i] = i;
        }
        const uint32_t pace = 1 + count % 7;
        unsigned rounds = 0;
        merge_init(&merge, items, spare, count, compare, keys);
        while (!merge_step(&merge, pace))
            rounds++;
        if (count == ITEMS_MAX)
            assert_true(rounds > count);
        bool seen[ITEMS_MAX] = {false};
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t item = merge.items[i];
            assert_true(item < count && !seen[item]);
            seen[item] = true;
            if (i > 0) {
                const uint32_t before = merge.items[i - 1];
                assert_true(keys[before] < keys[item] ||
                            (keys[before] == keys[item] && before < item));
            }
        }
    }
}

struct dated {
    int64_t value;
    char name;
};

/* Likewise, upwards and downwards, with numbers that differ in one octet or in all of them. */
static void
test_radix(void **state)
{
    static struct radix radix;
    struct dated keys[ITEMS_MAX];
    uint32_t items[ITEMS_MAX], spare[ITEMS_MAX];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 8);
    for (uint32_t count = 0; count <= ITEMS_MAX; count++) {
        const unsigned bits = count % 65;
        const bool down = count % 3 == 0;
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t value = rng_u64(&rng);
            keys[i].value = bits == 0 ? 7 : (int64_t)(value >> (64 - bits));
            if (i > 0 && value % 3 == 0)
                keys[i].value = keys[rng_below(&rng, i)].value;
            if (i == 0 && bits == 64)
                keys[i].value = INT64_MIN;
            if (i == 1 && bits == 64)
                keys[i].value = INT64_MAX;
            items[i] = i;
        }
        radix_init(&radix, items, spare, count,
                   (struct radix_keys){&keys[0].value, sizeof keys[0], down});
        unsigned rounds = 0;
        while (!radix_step(&radix, 1 + count % 7))
            rounds++;
        assert_true(count < 2 || rounds > 0 || count % 7 + 1 >= count);
        bool seen[ITEMS_MAX] = {false};
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t item = radix.items[i];
            assert_true(item < count && !seen[item]);
            seen[item] = true;
            if (i == 0)
                continue;
            const int64_t before = keys[radix.items[i - 1]].value;
            const int64_t value = keys[item].value;
            assert_true(down ? before >= value : before <= value);
            assert_true(before != value || radix.items[i - 1] < item);
        }
    }
}

/* The heads order texts as all of their octets do, and many are added as one by one. */
static void
test_texts_order(void **state)
{
    enum { TEXTS = 400 };
    static char octets[TEXTS][12];
    static struct span many[TEXTS];
    static uint32_t numbers[TEXTS];
    struct texts texts;
    struct rng rng;
    uint32_t number = 0;

    (void)state;
    rng_seed(&rng, 9);
    for (unsigned i = 0; i < TEXTS; i++) {
        for (size_t at = 0; at < sizeof octets[i]; at++)
            octets[i][at] = (char)("\x00\x01\x7f\x80\xff"[rng_below(&rng, 5)]);
        many[i] = span_of(octets[i],
                          rng_below(&rng, 3) == 0 ? rng_below(&rng, 4) : rng_below(&rng, 13));
    }
    texts_init(&texts, 1 << 20);
    assert_int_equal(texts_add_many(&texts, many, TEXTS, numbers), RC_OK);
    for (unsigned i = 0; i < TEXTS; i++) {
        assert_true(span_eq(texts_at(&texts, numbers[i]), many[i]));
        assert_int_equal(texts_add(&texts, many[i], &number), RC_OK);
        assert_int_equal(number, numbers[i]);
    }
    for (uint32_t a = 0; a < texts.count; a++)
        for (uint32_t b = 0; b < texts.count; b++) {
            const int64_t left = texts_entry(&texts, a)->head;
            const int64_t right = texts_entry(&texts, b)->head;
            const int order = span_cmp(texts_at(&texts, a), texts_at(&texts, b));
            const int tails = texts_compare_tails(&texts, a, b);
            if (left != right)
                assert_int_equal(left < right, order < 0);
            else
                assert_true((order < 0) == (tails < 0) && (order > 0) == (tails > 0));
        }
    texts_done(&texts);
}

static void
test_texts(void **state)
{
    struct texts texts;
    char text[16];
    uint32_t number;

    (void)state;
    texts_init(&texts, 1 << 20);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            const struct span word =
                span_of(text, (size_t)snprintf(text, sizeof text, "%u", i * 7919));
            assert_int_equal(texts_add(&texts, word, &number), RC_OK);
            assert_int_equal(number, i);
            assert_true(span_eq(texts_at(&texts, number), word));
        }
    assert_int_equal(texts_add(&texts, (struct span){NULL, 0}, &number), RC_OK);
    assert_int_equal(number, 5000);
    assert_int_equal(texts.count, 5001);
    texts_done(&texts);

    texts_init(&texts, 4096);
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < 5000; i++)
        rc = texts_add(&texts, span_of(&i, sizeof i), &number);
    assert_int_equal(rc, RC_LIMIT);
    texts_done(&texts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_radix),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

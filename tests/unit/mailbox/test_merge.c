/* SPDX-License-Identifier: MIT */
/* The merge sort that stops and goes on, and the set of texts. */
#include "support/cm.h"

#include "base/rng.h"
#include "mailbox/order/merge.h"
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
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The sorts that stop and go on, and the set of texts. */
#include "support/cm.h"

#include "base/rng.h"
#include "mailbox/order/radix.h"
#include "mailbox/order/rank.h"
#include "mailbox/order/texts.h"

enum { ITEMS_MAX = 300 };

/* ---- texts ---- */

enum { TEXTS_MAX = 3000 };

/* Octets that many texts have in common, zeros among them, and ends anywhere. */
static void
make_texts(struct texts *texts, struct rng *rng, uint32_t count, unsigned kind)
{
    static const char letters[] = {0, 1, 'a', 'b', (char)0x80, (char)0xff};
    char text[80];
    uint32_t number = 0;

    for (uint32_t i = 0; i < count; i++) {
        const size_t alike = kind == 0 ? 0 : rng_below(rng, kind);
        const size_t len = alike + rng_below(rng, kind == 0 ? 12 : sizeof text - kind);
        memset(text, kind % 2 == 0 ? 'x' : 0, alike);
        for (size_t at = alike; at < len; at++)
            text[at] = letters[rng_below(rng, sizeof letters)];
        assert_int_equal(texts_add(texts, span_of(text, len), &number), RC_OK);
    }
}

/* Sorted, nothing lost; whatever the count, the texts and the pace. */
static void
test_rank(void **state)
{
    static struct rank_item items[2 * TEXTS_MAX];
    static struct rank rank;
    struct rng rng;

    (void)state;
    rng_seed(&rng, 7);
    for (unsigned round = 0; round < 200; round++) {
        const uint32_t count = round < 40 ? round : (uint32_t)rng_below(&rng, TEXTS_MAX);
        const uint32_t pace = round % 3 == 0 ? 1 + round % 7 : 500;
        bool seen[TEXTS_MAX] = {false};
        unsigned rounds = 0;
        struct texts texts;
        texts_init(&texts, 1 << 20);
        make_texts(&texts, &rng, count, (unsigned)rng_below(&rng, 50));
        rank_init(&rank, &texts, items, rng_u64(&rng));
        while (!rank_step(&rank, pace))
            rounds++;
        assert_true(rounds >= texts.count / pace);
        for (uint32_t i = 0; i < texts.count; i++) {
            const uint32_t number = rank.items[i].number;
            assert_true(number < texts.count && !seen[number]);
            seen[number] = true;
            if (i > 0)
                assert_true(span_cmp(texts_at(&texts, rank.items[i - 1].number),
                                     texts_at(&texts, number)) < 0);
        }
        texts_done(&texts);
    }
}

/* ---- numbers ---- */

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
            if (left != right)
                assert_int_equal(left < right, order < 0);
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
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_radix),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

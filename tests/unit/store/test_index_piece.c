/* SPDX-License-Identifier: MIT */
/* Lists of messages and pieces of an index as octets: what is written is read, and octets at
 * random are never more than refused. */
#include "support.h"

#include <stdlib.h>

#include "base/rng.h"
#include "store/index/list.h"
#include "store/index/piece.h"

enum { ROOM = 1 << 16 };

static void
check_list(uint64_t base, const uint64_t *ids, size_t count)
{
    AUTO_BUF list = {0};
    struct ids got = {0};
    uint64_t last = ids[count - 1];

    buf_init(&list, ROOM);
    list_put(&list, base, ids, count);
    assert_true(buf_ok(&list));
    assert_int_equal(list_get(buf_span(&list), base, last, &got), LIST_READ);
    assert_int_equal(got.count, count);
    assert_memory_equal(got.at, ids, count * sizeof *ids);
    got.count = 0;
    assert_int_equal(list_get(buf_span(&list), base, last + 5, &got), LIST_READ);
    if (last > base) {
        got.count = 0;
        assert_int_equal(list_get(buf_span(&list), base, last - 1, &got), LIST_DAMAGED);
    }
    ids_done(&got);
    if (last >= ROOM)
        return;
    for (uint64_t limit = last > 200 ? last - 200 : 0; limit <= last + 100; limit++) {
        uint64_t bits[ROOM / 64 + 2] = {0};
        const struct index_set set = {.bits = bits, .limit = limit};
        const size_t words = (size_t)(limit + 63) / 64;
        bits[words] = 0x5a5a;
        assert_true(list_unite(buf_span(&list), base, last, &set));
        assert_int_equal(bits[words], 0x5a5a);
        for (size_t i = 0; i < count; i++)
            if (ids[i] < limit)
                bits[ids[i] / 64] &= ~(UINT64_C(1) << ids[i] % 64);
        for (size_t i = 0; i < words; i++)
            assert_int_equal(bits[i], 0);
    }
}

static void
test_lists(void **state)
{
    static uint64_t ids[ROOM];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 1);
    for (unsigned round = 0; round < 120; round++) {
        const uint64_t spread = UINT64_C(1) << rng_below(&rng, 9);
        const size_t count = 1 + (size_t)rng_below(&rng, round % 10 == 0 ? 3000 : 40);
        const uint64_t base = rng_below(&rng, 300);
        uint64_t id = base + rng_below(&rng, 2) * rng_below(&rng, 500);
        for (size_t i = 0; i < count; i++) {
            ids[i] = id;
            id += 1 + rng_below(&rng, spread);
        }
        check_list(base, ids, count);
    }
    static const uint64_t high[] = {1,     127,        128,           129,
                                    16384, UINT32_MAX, INT64_MAX - 1, INT64_MAX};
    for (size_t count = 1; count <= ARRAY_LEN(high); count++)
        check_list(1, high, count);
}

/* In both forms, a list of n ids has about as many octets as the shorter form needs. */
static void
test_lists_are_short(void **state)
{
    static uint64_t ids[10000];
    AUTO_BUF list = {0};

    (void)state;
    buf_init(&list, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = i + 7;
    list_put(&list, 7, ids, ARRAY_LEN(ids));
    assert_true(buf_len(&list) <= ARRAY_LEN(ids) / 8 + 2);
    buf_clear(&list);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = 100 * i + 7;
    list_put(&list, 7, ids, ARRAY_LEN(ids));
    assert_true(buf_len(&list) <= ARRAY_LEN(ids) + 1);
    buf_clear(&list);
    list_put(&list, 7, ids, 1);
    assert_int_equal(buf_len(&list), 1);
}

static void
test_numbers(void **state)
{
    static const char too_long[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, ROOM);
    for (unsigned shift = 0; shift < 64; shift++)
        for (uint64_t less = 0; less < 2; less++) {
            const uint64_t value = (UINT64_C(1) << shift) - less;
            uint64_t got = 0;
            buf_clear(&out);
            number_put(&out, value);
            buf_put_lit(&out, "x");
            struct span from = buf_span(&out);
            assert_true(number_get(&from, &got) && got == value && from.len == 1);
            for (size_t len = 0; len < buf_len(&out) - 1; len++) {
                from = span_head(buf_span(&out), len);
                assert_false(number_get(&from, &got));
            }
        }
    struct span from = span_of_str(too_long);
    uint64_t got;
    assert_false(number_get(&from, &got));
}

/* Octets at random. */
static void
test_damaged_lists(void **state)
{
    static uint64_t bits[ROOM / 64 + 2];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 2);
    for (unsigned round = 0; round < 20000; round++) {
        char octets[40];
        struct ids ids = {0};
        const size_t len = (size_t)rng_below(&rng, sizeof octets + 1);
        const uint64_t last = rng_below(&rng, ROOM);
        const uint64_t base = rng_below(&rng, last + 2);
        const struct index_set set = {.bits = bits, .limit = rng_below(&rng, ROOM)};
        rng_fill(&rng, octets, sizeof octets);
        if (round % 2 == 0)
            octets[0] &= 0x7f;
        const bool sound = list_unite(span_of(octets, len), base, last, &set);
        assert_int_equal(list_get(span_of(octets, len), base, last, &ids),
                         sound ? LIST_READ : LIST_DAMAGED);
        for (size_t i = 0; sound && i < ids.count; i++)
            assert_true(ids.at[i] >= base && ids.at[i] <= last &&
                        (i == 0 || ids.at[i] > ids.at[i - 1]));
        ids_done(&ids);
    }
    assert_int_equal(bits[ROOM / 64], 0);
}

static void
test_pieces(void **state)
{
    static const char *const words[] = {"a", "ab", "abc", "b", "\x80", "\xff\xff"};
    struct piece_maker maker;
    AUTO_BUF lists = {0};
    struct ids ids = {0};

    (void)state;
    buf_init(&lists, ROOM);
    piece_maker_init(&maker, PIECE_OCTETS);
    assert_true(piece_maker_is_empty(&maker) && !piece_maker_is_full(&maker));
    for (uint64_t i = 0; i < ARRAY_LEN(words); i++) {
        const uint64_t id = i + 3;
        piece_maker_put(&maker, span_of_str(words[i]), 3, &id, 1);
        assert_true(piece_maker_ends_with(&maker, span_of_str(words[i])));
        assert_false(piece_maker_ends_with(&maker, SPAN("")));
        assert_false(piece_maker_ends_with(&maker, SPAN("c")));
    }
    const struct span terms = buf_span(&maker.terms);
    assert_true(span_eq_str(terms, "\na\nab\nabc\nb\n\x80\n\xff\xff\n"));
    assert_true(piece_maker_lists(&maker, &lists));
    assert_true(piece_is_sound(terms));
    assert_true(span_eq_str(piece_first_term(terms), words[0]));
    assert_true(span_eq_str(piece_last_term(terms), words[5]));
    assert_true(span_eq_str(piece_term_at(terms, 4), "ab"));
    assert_true(span_eq_str(piece_term_at(terms, 5), "ab"));
    assert_true(span_eq_str(piece_term_at(terms, 6), "abc"));
    assert_int_equal(piece_lower_bound(terms, SPAN("")), 1);
    assert_int_equal(piece_lower_bound(terms, SPAN("aa")), 3);
    assert_int_equal(piece_lower_bound(terms, SPAN("ab")), 3);
    assert_int_equal(piece_lower_bound(terms, SPAN("\xff\xff\xff")), terms.len);

    size_t count = 0;
    struct piece_walk walk = piece_walk_begin(terms, buf_span(&lists));
    do {
        assert_true(span_eq_str(piece_term_at(terms, walk.at), words[count]));
        ids.count = 0;
        assert_int_equal(list_get(piece_walk_list(&walk), 3, 100, &ids), LIST_READ);
        assert_true(ids.count == 1 && ids.at[0] == count + 3);
        count++;
    } while (piece_walk_next(&walk));
    assert_true(walk.sound && count == ARRAY_LEN(words));
    walk = piece_walk_begin(terms, buf_span(&lists));
    piece_walk_to(&walk, piece_lower_bound(terms, SPAN("b")));
    ids.count = 0;
    assert_int_equal(list_get(piece_walk_list(&walk), 3, 100, &ids), LIST_READ);
    assert_int_equal(ids.at[0], 6);
    for (size_t len = 0; len < buf_len(&lists); len++) {
        walk = piece_walk_begin(terms, span_head(buf_span(&lists), len));
        while (walk.sound && piece_walk_next(&walk))
            ;
        assert_false(walk.sound);
    }
    ids_done(&ids);
    piece_maker_done(&maker);
}

/* One octet, one bit, one more octet or another seed give another number. */
static void
test_checks(void **state)
{
    static char octets[200];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 3);
    rng_fill(&rng, octets, sizeof octets);
    for (size_t len = 0; len < sizeof octets; len++) {
        const uint64_t check = octets_check(5, span_of(octets, len));
        assert_true(check == octets_check(5, span_of(octets, len)));
        assert_true(check != octets_check(6, span_of(octets, len)));
        assert_true(check != octets_check(5, span_of(octets, len + 1)));
        for (size_t bit = 0; bit < len * 8; bit++) {
            octets[bit / 8] = (char)(octets[bit / 8] ^ 1 << bit % 8);
            assert_true(check != octets_check(5, span_of(octets, len)));
            octets[bit / 8] = (char)(octets[bit / 8] ^ 1 << bit % 8);
        }
    }
    memset(octets, 0, sizeof octets);
    for (size_t len = 1; len < sizeof octets; len++)
        assert_true(octets_check(0, span_of(octets, len)) !=
                    octets_check(0, span_of(octets, len - 1)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_lists_are_short),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_damaged_lists),
        cmocka_unit_test(test_pieces),  cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

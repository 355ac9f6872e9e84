/* SPDX-License-Identifier: MIT */
/* Number sets: grammar, normal form, walking, writing, and a million members in linear time. */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/imap/numset.h"

static void
assert_put(const struct numset *set, const char *expected)
{
    AUTO_BUF buf = {0};

    buf_init(&buf, 64u << 20);
    numset_put(&buf, set);
    assert_true(buf_ok(&buf));
    assert_int_equal(buf_len(&buf), strlen(expected));
    assert_memory_equal(buf_span(&buf).ptr, expected, strlen(expected));
}

static void
test_parse_keeps_what_was_written(void **state)
{
    static const char *const legal[] = {
        "1",   "*",          "1,2,3",        "4:2",          "*:4,5:7", "1:*", "46:*",
        "*:*", "4294967295", "4294967295:1", "2,4:7,9,12:*", "1,1,1",   "3:3",
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(legal); i++) {
        struct numset set;
        assert_int_equal(numset_parse(span_of_str(legal[i]), &arena, &set), RC_OK);
        assert_false(set.normal);
        assert_put(&set, strcmp(legal[i], "3:3") == 0   ? "3"
                         : strcmp(legal[i], "*:*") == 0 ? "*"
                                                        : legal[i]);
    }
}

static void
test_parse_refuses(void **state)
{
    static const char *const illegal[] = {
        "",      "0",          "0:1",
        "1:0",   "01",         ",",
        "1,",    ",1",         "1,,2",
        ":",     "1:",         ":1",
        "1:2:3", "4294967296", "1 ",
        " 1",    "-1",         "+1",
        "a",     "1:a",        "1.5",
        "$",     "**",         "*1",
        "1*",    "1;2",        "99999999999999999999999",
        "1\n",
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(illegal); i++) {
        struct numset set;
        if (numset_parse(span_of_str(illegal[i]), &arena, &set) != RC_INVALID)
            fail_msg("accepted: \"%s\"", illegal[i]);
    }
}

static void
test_normalise(void **state)
{
    static const struct {
        const char *text;
        uint32_t highest;
        const char *normal;
    } cases[] = {
        {"46:*", 45, "45:46"}, /* RFC 3501 section 6.4.8: the article's session */
        {"*:46", 45, "45:46"},
        {"*", 45, "45"},
        {"1:*", 45, "1:45"},
        {"45:*", 45, "45"},
        {"4:2", 45, "2:4"},
        {"5,4,3,2,1", 45, "1:5"},
        {"1:10,5:15", 45, "1:15"},
        {"1:10,2:3", 45, "1:10"},
        {"1:3,4:6", 45, "1:6"}, /* adjacent */
        {"1:3,5:6", 45, "1:3,5:6"},
        {"*:4,5:7", 10, "4:10"}, /* RFC 3501 section 9's example */
        {"2,4:7,9,12:*", 15, "2,4:7,9,12:15"},
        {"7,7,7", 45, "7"},
        {"*", 0, ""}, /* nothing is in use */
        {"1:*", 0, ""},
        {"1:*,7", 0, "7"},
        {"4294967295,4294967294", 45, "4294967294:4294967295"},
        {"4294967295:*", 45, "45:4294967295"},
        {"1:4294967295", 45, "1:4294967295"},
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct numset set;
        assert_int_equal(numset_parse(span_of_str(cases[i].text), &arena, &set), RC_OK);
        numset_normalise(&set, cases[i].highest);
        assert_true(set.normal);
        assert_put(&set, cases[i].normal);
        numset_normalise(&set, cases[i].highest); /* again changes nothing */
        assert_put(&set, cases[i].normal);
    }
}

static void
test_clamp(void **state)
{
    static const struct {
        const char *text;
        uint32_t highest;
        const char *clamped;
        bool cut;
    } cases[] = {
        {"1:10", 10, "1:10", false},
        {"1:11", 10, "1:10", true},
        {"11", 10, "", true},
        {"5,11,12", 10, "5", true},
        {"1:3,9:20,30", 10, "1:3,9:10", true},
        {"1", 0, "", true},
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct seq_set set;
        assert_int_equal(numset_parse(span_of_str(cases[i].text), &arena, &set.set), RC_OK);
        seq_set_normalise(&set, cases[i].highest);
        assert_int_equal(seq_set_clamp(&set, cases[i].highest), cases[i].cut);
        assert_put(&set.set, cases[i].clamped);
    }
}

static void
test_contains_count_iterate(void **state)
{
    AUTO_ARENA arena = {0};
    struct uid_set set;
    uint64_t seen = 0;
    uint32_t number;

    (void)state;
    arena_init(&arena, 1u << 20);
    assert_int_equal(numset_parse(SPAN("9,2,4:7,12:*"), &arena, &set.set), RC_OK);
    assert_true(numset_has_star(&set.set));
    uid_set_normalise(&set, 15);
    assert_false(numset_has_star(&set.set));
    for (uint32_t uid = 0; uid <= 20; uid++) {
        const bool in =
            uid == 2 || (uid >= 4 && uid <= 7) || uid == 9 || (uid >= 12 && uid <= 15);
        assert_int_equal(uid_set_contains(&set, uid), in);
    }
    assert_int_equal(numset_count(&set.set), 10);
    struct numset_iter iter = numset_iter(&set.set);
    for (uint32_t before = 0; numset_next(&iter, &number); before = number, seen++) {
        assert_true(number > before);
        assert_true(uid_set_contains(&set, number));
    }
    assert_int_equal(seen, 10);
    assert_false(numset_next(&iter, &number));
}

static void
test_whole_range_counts_and_ends(void **state)
{
    struct num_range ranges[] = {{1, UINT32_MAX}};
    struct numset set = {.ranges = ranges, .count = 1, .normal = true};
    struct numset_iter iter = {.set = &set, .next = UINT32_MAX};
    uint32_t number;

    (void)state;
    assert_int_equal(numset_count(&set), UINT32_MAX);
    assert_true(numset_next(&iter, &number));
    assert_int_equal(number, UINT32_MAX);
    assert_false(numset_next(&iter, &number));
}

static void
test_writer_compresses_runs_in_order(void **state)
{
    static const struct {
        uint32_t numbers[8];
        const char *text;
    } cases[] = {
        {{0}, ""},
        {{5}, "5"},
        {{1, 2, 3}, "1:3"},
        {{1, 2, 4, 5, 7}, "1:2,4:5,7"},
        {{9, 3, 4, 1}, "9,3:4,1"}, /* COPYUID keeps the order */
        {{4294967294, 4294967295, 1}, "4294967294:4294967295,1"},
        {{7, 7}, "7,7"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF buf = {0};
        buf_init(&buf, 1000);
        struct numset_writer writer = numset_writer(&buf);
        for (size_t j = 0; cases[i].numbers[j] != 0; j++)
            numset_writer_add(&writer, cases[i].numbers[j]);
        numset_writer_end(&writer);
        assert_true(span_eq_str(buf_span(&buf), cases[i].text));
    }
}

/** count members whose numbers come from step, modulo a prime: sorted, reversed or
 *  scattered. */
static void
put_members(struct buf *buf, uint32_t count, uint64_t start, uint64_t step)
{
    const uint64_t prime = 4294967291u;

    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_char(buf, ',');
        buf_put_u64(buf, 1 + (start + i * step) % prime);
    }
}

static void
test_million_members(void **state)
{
    static const uint64_t steps[] = {2, 4294967289u, 2654435761u};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        AUTO_ARENA arena = {0};
        AUTO_BUF buf = {0};
        struct numset set;

        arena_init(&arena, LIMIT_CMD_ARENA);
        buf_init(&buf, 64u << 20);
        put_members(&buf, LIMIT_SET_RANGES, 4000000, steps[i]);
        assert_int_equal(numset_parse(buf_span(&buf), &arena, &set), RC_OK);
        assert_int_equal(set.count, LIMIT_SET_RANGES);
        numset_normalise(&set, 1);
        for (size_t j = 1; j < set.count; j++)
            assert_true(set.ranges[j - 1].last + 1 < set.ranges[j].first);
        assert_int_equal(numset_count(&set), LIMIT_SET_RANGES);
    }
}

static void
test_limits(void **state)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF buf = {0};
    struct numset set;

    (void)state;
    arena_init(&arena, LIMIT_CMD_ARENA);
    buf_init(&buf, 64u << 20);
    put_members(&buf, LIMIT_SET_RANGES + 1, 0, 1);
    assert_int_equal(numset_parse(buf_span(&buf), &arena, &set), RC_LIMIT);
    put_members(&buf, LIMIT_SET_RANGES, 0, 1);
    assert_int_equal(numset_parse(buf_span(&buf), &arena, &set), RC_LIMIT);
    arena_reset(&arena);
    arena_init(&arena, 1000);
    buf_clear(&buf);
    put_members(&buf, 1000, 0, 1);
    assert_int_equal(numset_parse(buf_span(&buf), &arena, &set), RC_LIMIT);
}

/** Parse, normalise, write, parse: the same set; compared with a plain array of booleans. */
static void
test_round_trip_against_model(void **state)
{
    uint32_t random = 12345;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        AUTO_ARENA arena = {0};
        AUTO_BUF text = {0};
        AUTO_BUF again = {0};
        bool model[65] = {false};
        struct numset set;
        struct numset set2;

        arena_init(&arena, 1u << 20);
        buf_init(&text, 1000);
        buf_init(&again, 1000);
        const uint32_t members = 1 + round % 60;
        for (uint32_t i = 0; i < members; i++) {
            random = random * 1664525u + 1013904223u;
            const uint32_t a = 1 + (random >> 8) % 64;
            const uint32_t b = 1 + (random >> 16) % 64;
            buf_printf(&text, "%s%u:%u", i ? "," : "", a, b);
            for (uint32_t n = a < b ? a : b; n <= (a < b ? b : a); n++)
                model[n] = true;
        }
        assert_int_equal(numset_parse(buf_span(&text), &arena, &set), RC_OK);
        numset_normalise(&set, 64);
        for (uint32_t n = 1; n <= 64; n++)
            assert_int_equal(numset_contains(&set, n), model[n]);
        numset_put(&again, &set);
        assert_int_equal(numset_parse(buf_span(&again), &arena, &set2), RC_OK);
        assert_int_equal(set2.count, set.count);
        assert_memory_equal(set2.ranges, set.ranges, set.count * sizeof *set.ranges);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_keeps_what_was_written),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_clamp),
        cmocka_unit_test(test_contains_count_iterate),
        cmocka_unit_test(test_whole_range_counts_and_ends),
        cmocka_unit_test(test_writer_compresses_runs_in_order),
        cmocka_unit_test(test_million_members),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_round_trip_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

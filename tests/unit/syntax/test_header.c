/* SPDX-License-Identifier: MIT */
/* Header blocks: where they end, what their fields are, what a filter leaves. */
#include "support/cm.h"

#include <stdio.h>

#include "base/limits.h"
#include "syntax/mail/header.h"

static void
test_size(void **state)
{
    static const struct {
        struct span text;
        size_t size;
    } cases[] = {
        {SPAN_INIT(""), 0},
        {SPAN_INIT("\r\n"), 2},
        {SPAN_INIT("\nbody"), 1},
        {SPAN_INIT("A: b\r\n\r\nbody"), 8},
        {SPAN_INIT("A: b\n\nbody"), 6},
        {SPAN_INIT("A: b\r\n"), 6},
        {SPAN_INIT("A: b"), 4},
        {SPAN_INIT("no field\r\n\r\nx"), 0},
        {SPAN_INIT(" folded\r\n\r\nx"), 0},
        {SPAN_INIT("From a@b Sat Jan  3\r\nA: b\r\n\r\nx"), 29},
        {SPAN_INIT(">From a@b\r\nA: b\r\n\r\nx"), 19},
        /* A line that is not a field continues the one before if a field or the end follows,
         * else it begins the body (RFC 7103 section 7.2). */
        {SPAN_INIT("A: b\r\nstray\r\nC: d\r\n\r\nx"), 21},
        {SPAN_INIT("A: b\r\nstray\r\n\r\nx"), 15},
        {SPAN_INIT("A: b\r\nstray\r\nmore\r\n"), 6},
        {SPAN_INIT("A: b\r\n \r\n c\r\n\r\nx"), 15},
        {SPAN_INIT("A : b\r\n\r\nx"), 9},
        /* A first line that is not a field does not cost those after it (RFC 7103 section
         * 7.2). */
        {SPAN_INIT("\xC3\xA4: b\r\n\r\nx"), 9},
        {SPAN_INIT("\xEF\xBB\xBF"
                   "A: b\r\n\r\nx"),
         11},
        {SPAN_INIT("\xEF\xBB\xBF\r\nA: b\r\n\r\nx"), 13},
        {SPAN_INIT("junk\r\nA: b\r\n\r\nx"), 14},
        {SPAN_INIT("junk\r\nmore junk\r\n\tand more\r\nA: b\r\n\r\nx"), 36},
        {SPAN_INIT(" folded\r\n again\r\nA: b\r\n\r\nx"), 25},
        {SPAN_INIT(" \r\nA: b\r\n\r\nx"), 11},
        {SPAN_INIT("junk\r\nA: b\r\nstray\r\nC: d"), 23},
        {SPAN_INIT("junk\r\nA: b\r\nstray\r\nmore"), 12},
        {SPAN_INIT("junk\r\nmore"), 0},
        {SPAN_INIT("junk\r\n\r\nA: b\r\n\r\nx"), 0},
        {SPAN_INIT("From x\r\n\r\nx"), 10},
        {SPAN_INIT("From x\r\njunk\r\nA: b\r\n\r\nx"), 22},
        {SPAN_INIT("\xEF\xBB\xBF"), 0},
        {SPAN_INIT("\xEF\xBB\xBF\r\n\r\nx"), 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(header_size(cases[i].text), cases[i].size);
}

static void
test_fields(void **state)
{
    static const struct {
        const char *name, *value, *raw;
    } expected[] = {
        {"", "From me", "From me\r\n"},
        {"A", " b\r\n\tc", "A: b\r\n\tc\r\n"},
        {"Bad", " d\r\nstray", "Bad \t: d\r\nstray\r\n"},
        {"E", "", "E:\n"},
        {"F", " no end", "F: no end"},
    };
    struct header_iter iter;
    struct header_field field;
    size_t i = 0;

    (void)state;
    header_iter_init(&iter,
                     SPAN("From me\r\nA: b\r\n\tc\r\nBad \t: d\r\nstray\r\nE:\nF: no end"));
    for (; header_next(&iter, &field); i++) {
        assert_true(i < ARRAY_LEN(expected));
        assert_true(span_eq_str(field.name, expected[i].name));
        assert_true(span_eq_str(field.value, expected[i].value));
        assert_true(span_eq_str(field.raw, expected[i].raw));
    }
    assert_int_equal(i, ARRAY_LEN(expected));
    assert_int_equal(iter.blank.len, 0);
    assert_false(header_next(&iter, &field));
}

/* What stands before the first field has no name; a mark before a field is no part of it. */
static void
test_fields_behind_junk(void **state)
{
    static const struct {
        const char *name, *value, *raw;
    } expected[] = {
        {"", " folded\r\njunk", " folded\r\njunk\r\n"},
        {"", "", "\xEF\xBB\xBF"},
        {"A", " b\r\n c", "A: b\r\n c\r\n"},
        {"\xC3\xA4", " d", "\xC3\xA4 : d\r\n"},
        {"", "", "\xEF\xBB\xBF"},
        {"E", " f", "E: f\r\n"},
    };
    const struct span block = SPAN(" folded\r\njunk\r\n\xEF\xBB\xBF"
                                   "A: b\r\n c\r\n\xC3\xA4 : d\r\n\xEF\xBB\xBF"
                                   "E: f\r\n\r\n");
    static const struct span wanted[] = {SPAN_INIT("a")};
    struct header_names names;
    struct header_iter iter;
    struct header_field field;
    size_t i = 0;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    (void)state;
    header_iter_init(&iter, block);
    for (; header_next(&iter, &field); i++) {
        assert_true(i < ARRAY_LEN(expected));
        if (!span_eq_str(field.name, expected[i].name) ||
            !span_eq_str(field.value, expected[i].value) ||
            !span_eq_str(field.raw, expected[i].raw))
            fail_msg("field %zu: %.*s", i, SPAN_FMT(field.raw));
    }
    assert_int_equal(i, ARRAY_LEN(expected));
    assert_int_equal(iter.blank.len, 2);

    arena_init(&arena, 4096);
    buf_init(&out, 4096);
    assert_int_equal(header_names_init(&names, &arena, wanted, 1), RC_OK);
    header_filter(&out, block, &names, HEADER_FIELDS);
    assert_true(span_eq_str(buf_span(&out), "A: b\r\n c\r\n\r\n"));
    buf_clear(&out);
    header_filter(&out, block, &names, HEADER_FIELDS_NOT);
    assert_true(span_eq_str(buf_span(&out), " folded\r\njunk\r\n\xC3\xA4 : d\r\nE: f\r\n\r\n"));
}

static void
test_find(void **state)
{
    const struct span block = SPAN("Subject: one\r\nsubject: two\r\nX: y\r\n\r\n");
    struct span value;

    (void)state;
    assert_true(header_find(block, "SUBJECT", &value));
    assert_true(span_eq_str(value, " one"));
    assert_false(header_find(block, "Sub", &value));
}

static void
test_unfold(void **state)
{
    static const struct {
        struct span value;
        const char *text;
    } cases[] = {
        {SPAN_INIT("  plain \r\n"), "plain"},
        {SPAN_INIT(" a\r\n\tb\r\n c"), "a\tb c"},
        {SPAN_INIT(" a\0b\rc\n"), "abc"},
        {SPAN_INIT(" \r\n "), ""},
        {SPAN_INIT(""), ""},
        /* RFC 7103 section 7.2: a line that is not a field, in the middle of a header */
        {SPAN_INIT(" a reminder\r\nabout it\r\n"), "a reminder about it"},
        {SPAN_INIT(" a\nb\n\nc\n\td"), "a b c\td"},
    };
    AUTO_BUF scratch = {0};

    (void)state;
    buf_init(&scratch, 100);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(span_eq_str(header_unfold(cases[i].value, &scratch), cases[i].text));
    const struct span plain = SPAN("borrowed");
    assert_ptr_equal(header_unfold(plain, &scratch).ptr, plain.ptr);
}

static void
check_filter(struct span block, enum header_filter_mode mode, const char *expected)
{
    static const struct span wanted[] = {SPAN_INIT("to"), SPAN_INIT("SUBJECT"),
                                         SPAN_INIT("x-none"), SPAN_INIT("To")};
    struct header_names names;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, 4096);
    buf_init(&out, 4096);
    assert_int_equal(header_names_init(&names, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    header_filter(&out, block, &names, mode);
    assert_true(span_eq_str(buf_span(&out), expected));
}

static void
test_filter(void **state)
{
    const struct span block =
        SPAN("From x\r\nTo: a,\r\n b\r\nFrom: c\r\nSubject: d\nTO: e\r\nToo: f\r\n\r\n");

    (void)state;
    check_filter(block, HEADER_FIELDS, "To: a,\r\n b\r\nSubject: d\nTO: e\r\n\r\n");
    check_filter(block, HEADER_FIELDS_NOT, "From x\r\nFrom: c\r\nToo: f\r\n\r\n");
    check_filter(SPAN("To: a\r\n"), HEADER_FIELDS, "To: a\r\n"); /* no body, no blank line */
    check_filter(SPAN("X: a\n\n"), HEADER_FIELDS, "\n");
    check_filter(SPAN(""), HEADER_FIELDS_NOT, "");
}

static void
test_name_limit(void **state)
{
    static struct span many[LIMIT_HEADER_FIELDS + 1];
    static char text[LIMIT_HEADER_FIELDS + 1][8];
    struct header_names names;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i <= LIMIT_HEADER_FIELDS; i++)
        many[i] = span_of(text[i], (size_t)snprintf(text[i], sizeof text[i], "X-%zu", i));
    assert_int_equal(header_names_init(&names, &arena, many, LIMIT_HEADER_FIELDS + 1),
                     RC_LIMIT);
    assert_int_equal(header_names_init(&names, &arena, many, LIMIT_HEADER_FIELDS), RC_OK);
    assert_true(header_names_has(&names, SPAN("x-999")));
    assert_false(header_names_has(&names, SPAN("x-1000")));
}

/* A million fields: all are kept, LIMIT_HEADERS are looked at, and it takes no memory. */
static void
test_many_fields(void **state)
{
    const size_t count = 1000000;
    struct header_iter iter;
    struct header_field field;
    size_t octets = 0;
    AUTO_BUF block = {0};

    (void)state;
    buf_init(&block, 16u << 20);
    for (size_t i = 0; i < count; i++)
        buf_put_lit(&block, "A: b\r\n");
    buf_put_lit(&block, "\r\n");
    assert_int_equal(header_size(buf_span(&block)), buf_len(&block));
    header_iter_init(&iter, buf_span(&block));
    while (header_next(&iter, &field))
        octets += field.raw.len;
    assert_int_equal(iter.seen, LIMIT_HEADERS + 1);
    assert_int_equal(iter.blank.len, 2);
    assert_int_equal(octets + 2, buf_len(&block));
}

static void
test_long_field(void **state)
{
    struct span value;
    AUTO_BUF block = {0};

    (void)state;
    buf_init(&block, 4u << 20);
    buf_put_lit(&block, "A:");
    for (size_t i = 0; i < LIMIT_HEADER_FIELD + 10; i++)
        buf_put_char(&block, 'x');
    assert_true(header_find(buf_span(&block), "a", &value));
    assert_int_equal(value.len, LIMIT_HEADER_FIELD);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_fields_behind_junk),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_unfold),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_name_limit),
        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_long_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Mailbox names: modified UTF-7, the policy for what clients send, limits, LIST patterns. */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/imap/mbox_name.h"

static void
test_mutf7_both_ways(void **state)
{
    static const struct {
        const char *utf8;
        const char *mutf7;
    } cases[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"Sent Items", "Sent Items"},
        {"R&D", "R&-D"},
        {"&", "&-"},
        {"&&", "&-&-"},
        {"~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e",
         "~peter/mail/&U,BTFw-/&ZeVnLIqe-"}, /* RFC 3501 section 5.1.3 */
        {"Entw\u00fcrfe", "Entw&APw-rfe"},
        {"Gel\u00f6schte Elemente", "Gel&APY-schte Elemente"},
        {"\u00e9\u00e8", "&AOkA6A-"},
        {"\u00e9&\u00e8", "&AOk-&-&AOg-"},
        {"\U0001f600", "&2D3eAA-"},
        {"a\U0001f600b", "a&2D3eAA-b"},
        {"\U0010ffff", "&2,,f,w-"},
        {"\uffff", "&,,8-"},
        {"\x01", "&AAE-"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF buf = {0};
        buf_init(&buf, 1000);
        mutf7_encode(&buf, span_of_str(cases[i].utf8));
        if (!span_eq_str(buf_span(&buf), cases[i].mutf7))
            fail_msg("%s: %.*s", cases[i].mutf7, SPAN_FMT(buf_span(&buf)));
        buf_clear(&buf);
        assert_int_equal(mutf7_decode(&buf, span_of_str(cases[i].mutf7)), RC_OK);
        assert_true(span_eq_str(buf_span(&buf), cases[i].utf8));
    }
}

static void
test_mutf7_strict(void **state)
{
    static const char *const illegal[] = {
        "&",          /* never ends */
        "&AOk",       /* never ends */
        "&AOk ",      /* no base64 */
        "&AO-",       /* half a unit */
        "&AOl-",      /* bits left over */
        "&AOkA-",     /* a digit too many */
        "&A-",        /* no unit at all */
        "&AGE-",      /* "a" needs no shift */
        "&AOkAYQ-",   /* neither does it here */
        "&ACY-",      /* "&" is "&-" */
        "&2D0-",      /* a high surrogate alone */
        "&3gA-",      /* a low one */
        "&2D3YPQ-",   /* two high ones */
        "&2D0AYQ-",   /* a high one and a letter */
        "&AOk-&AOg-", /* a superfluous shift */
        "&AO/k-",     /* '/' is not in this base64 */
        "Entw\xc3\xbcrfe",
        "a\tb",
        "a\x7f",
        "a\x01",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(illegal); i++) {
        AUTO_BUF buf = {0};
        buf_init(&buf, 1000);
        if (mutf7_decode(&buf, span_of_str(illegal[i])) != RC_INVALID)
            fail_msg("accepted: %s", illegal[i]);
        assert_int_equal(buf_len(&buf), 0);
    }
}

static void
test_mutf7_limits(void **state)
{
    AUTO_BUF buf = {0};

    (void)state;
    buf_init(&buf, 10);
    assert_int_equal(mutf7_decode(&buf, SPAN("abcdefghijklmn")), RC_LIMIT);
    buf_init(&buf, 1000);
    mutf7_encode(&buf, SPAN("a\xff\xc3z")); /* not UTF-8: U+FFFD */
    assert_true(span_eq_str(buf_span(&buf), "a&,,3,,Q-z"));
}

static void
test_names_from_the_wire(void **state)
{
    static const struct {
        const char *wire;
        enum mbox_wire mode;
        const char *name; /* NULL: invalid */
        bool trailing;
    } cases[] = {
        {"INBOX", MBOX_WIRE_UTF7, "INBOX", false},
        {"inbox", MBOX_WIRE_UTF7, "INBOX", false},
        {"InBoX", MBOX_WIRE_UTF8, "INBOX", false},
        {"inbox/x", MBOX_WIRE_UTF7, "INBOX/x", false},
        {"inbox/", MBOX_WIRE_UTF7, "INBOX", true},
        {"inboxes", MBOX_WIRE_UTF7, "inboxes", false},
        {"a/inbox", MBOX_WIRE_UTF7, "a/inbox", false},
        {"Sent/", MBOX_WIRE_UTF7, "Sent", true},
        {"Entw&APw-rfe", MBOX_WIRE_UTF7, "Entw\u00fcrfe", false},
        {"Entw&APw-rfe", MBOX_WIRE_UTF8, "Entw&APw-rfe", false},
        {"Entw\u00fcrfe", MBOX_WIRE_UTF7, "Entw\u00fcrfe", false},
        {"Entw\u00fcrfe", MBOX_WIRE_UTF8, "Entw\u00fcrfe", false},
        {"\u00fc&APw-", MBOX_WIRE_UTF7, "\u00fc&APw-",
         false}, /* raw octets: all stands for itself */
        {"R&D", MBOX_WIRE_UTF7, "R&D", false},
        {"R&-D", MBOX_WIRE_UTF7, "R&D", false},
        {"R&D", MBOX_WIRE_UTF8, "R&D", false},
        {"a&AGE-", MBOX_WIRE_UTF7, "a&AGE-", false}, /* ill-formed: the '&' is an '&' */
        {"&AOk-&AOg-", MBOX_WIRE_UTF7, "\u00e9\u00e8", false},
        {"a%b*c", MBOX_WIRE_UTF7, "a%b*c", false},
        {"", MBOX_WIRE_UTF7, NULL, false},
        {"/", MBOX_WIRE_UTF7, NULL, false},
        {"/a", MBOX_WIRE_UTF7, NULL, false},
        {"a//b", MBOX_WIRE_UTF7, NULL, false},
        {"a//", MBOX_WIRE_UTF7, NULL, true},
        {"a\x01", MBOX_WIRE_UTF7, NULL, false},
        {"a\x7f", MBOX_WIRE_UTF8, NULL, false},
        {"a\r\nb", MBOX_WIRE_UTF8, NULL, false},
        {"a&AAE-", MBOX_WIRE_UTF7, NULL, false},
        {"a\xc2\x85", MBOX_WIRE_UTF8, NULL, false},
        {"a\u2028", MBOX_WIRE_UTF8, NULL, false},
        {"a&ICg-", MBOX_WIRE_UTF7, NULL, false},
        {"a\xff", MBOX_WIRE_UTF7, NULL, false},
        {"a\xed\xa0\x80", MBOX_WIRE_UTF8, NULL, false}, /* a surrogate */
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mbox_arg arg;
        assert_int_equal(
            mbox_name_from_wire(span_of_str(cases[i].wire), cases[i].mode, &arena, &arg),
            RC_OK);
        assert_int_equal(arg.invalid == NULL, cases[i].name != NULL);
        if (!span_eq_str(arg.name, cases[i].name ? cases[i].name : ""))
            fail_msg("%s: %.*s", cases[i].wire, SPAN_FMT(arg.name));
        assert_int_equal(arg.trailing, cases[i].trailing);
        assert_true(arg.invalid != NULL || mbox_name_check(arg.name) == NULL);
    }
}

static struct span
repeat(struct arena *arena, const char *unit, size_t times)
{
    const size_t len = strlen(unit);
    char *text = arena_alloc(arena, len * times + 1, 1);

    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, unit, len);
    return span_of(text, len * times);
}

static const char *
invalid(struct arena *arena, struct span wire)
{
    struct mbox_arg arg;

    assert_int_equal(mbox_name_from_wire(wire, MBOX_WIRE_UTF7, arena, &arg), RC_OK);
    return arg.invalid;
}

static void
test_name_limits(void **state)
{
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 64u << 20);
    assert_null(invalid(&arena, repeat(&arena, "x", LIMIT_MBOX_NAME)));
    assert_non_null(invalid(&arena, repeat(&arena, "x", LIMIT_MBOX_NAME + 1)));
    assert_non_null(invalid(&arena, repeat(&arena, "x", 10u << 20)));
    assert_null(invalid(&arena, repeat(&arena, "&AOk-a", LIMIT_MBOX_NAME / 3)));
    assert_null(invalid(&arena, repeat(&arena, "&-", LIMIT_MBOX_NAME)));
    assert_non_null(invalid(&arena, repeat(&arena, "&-", LIMIT_MBOX_NAME + 1)));
    assert_non_null(invalid(&arena, repeat(&arena, "&", 10u << 20)));
    assert_null(invalid(&arena, repeat(&arena, "a/", LIMIT_MBOX_DEPTH)));
    assert_non_null(invalid(&arena, repeat(&arena, "a/", LIMIT_MBOX_DEPTH + 1)));
    assert_non_null(invalid(&arena, repeat(&arena, "a/", 400)));
    assert_non_null(mbox_name_check(SPAN("inbox/x")));
    assert_non_null(mbox_name_check(SPAN("Inbox")));
    assert_null(mbox_name_check(SPAN("INBOX")));
}

static void
test_parts(void **state)
{
    (void)state;
    assert_true(span_eq_str(mbox_name_parent(SPAN("a/b/c")), "a/b"));
    assert_true(span_eq_str(mbox_name_parent(SPAN("a")), ""));
    assert_true(span_eq_str(mbox_name_leaf(SPAN("a/b/c")), "c"));
    assert_true(span_eq_str(mbox_name_leaf(SPAN("a")), "a"));
    assert_true(mbox_name_is_below(SPAN("a/b"), SPAN("a")));
    assert_true(mbox_name_is_below(SPAN("a/b/c"), SPAN("a")));
    assert_false(mbox_name_is_below(SPAN("ab/c"), SPAN("a")));
    assert_false(mbox_name_is_below(SPAN("a"), SPAN("a")));
    assert_true(mbox_name_is_inbox(SPAN("INBOX")));
    assert_false(mbox_name_is_inbox(SPAN("INBOX/a")));
}

static void
test_patterns(void **state)
{
    static const struct {
        const char *reference;
        const char *pattern;
        const char *name;
        bool matches;
    } cases[] = {
        {"", "*", "a", true},
        {"", "*", "a/b/c", true},
        {"", "%", "a", true},
        {"", "%", "a/b", false},
        {"", "%/%", "a/b", true},
        {"", "%/%", "a/b/c", false},
        {"", "a/%", "a/b", true},
        {"", "a/%", "a/", true},
        {"a/", "%", "a/b", true},
        {"a/", "%", "a/b/c", false},
        {"a", "*", "ab/c", true},
        {"", "a", "a", true},
        {"", "a", "b", false},
        {"", "a", "ab", false},
        {"", "ab", "a", false},
        {"", "A", "a", false},
        {"", "inbox", "INBOX", true},
        {"", "InBoX", "INBOX", true},
        {"", "in%", "INBOX", true},
        {"", "*box", "INBOX", true},
        {"", "inbox/%", "INBOX/x", true},
        {"inbox/", "%", "INBOX/x", true},
        {"", "inbox/X", "INBOX/x", false},
        {"", "inboxes", "INBOXES", false}, /* only INBOX itself is special */
        {"", "%a*b%", "xxa/y/bzz", true},
        {"", "%a*b%", "xx/a/y/bzz", false},
        {"", "%a*b%", "xxa/y/b/zz", false},
        {"", "*%", "a/b", true},
        {"", "%*", "a/b", true},
        {"", "%%", "a/b", false},
        {"", "**", "", true},
        {"", "", "", true},
        {"", "", "a", false},
        {"", "*a*a*a*", "aa", false},
        {"", "*a*a*a*", "xaxaxa", true},
        {"", "%.%", "a.b", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (mbox_pattern_matches(span_of_str(cases[i].reference), span_of_str(cases[i].pattern),
                                 span_of_str(cases[i].name)) != cases[i].matches)
            fail_msg("\"%s\" \"%s\" %s", cases[i].reference, cases[i].pattern, cases[i].name);
}

/** The definition, written down without care for time. */
static bool
matches_slowly(const char *pattern, const char *name)
{
    if (*pattern == '\0')
        return *name == '\0';
    if (*pattern == '*' || *pattern == '%') {
        for (;; name++) {
            if (matches_slowly(pattern + 1, name))
                return true;
            if (*name == '\0' || (*pattern == '%' && *name == '/'))
                return false;
        }
    }
    return *pattern == *name && matches_slowly(pattern + 1, name + 1);
}

static void
test_patterns_against_definition(void **state)
{
    static const char alphabet[] = "a/*%";
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char pattern[8] = "";
        char name[8] = "";
        random = random * 1664525u + 1013904223u;
        for (unsigned i = 0, bits = random >> 8; i < (random >> 4) % 8; i++, bits >>= 2)
            pattern[i] = alphabet[bits % 4];
        random = random * 1664525u + 1013904223u;
        for (unsigned i = 0, bits = random >> 8; i < (random >> 4) % 8; i++, bits >>= 2)
            name[i] = alphabet[bits % 2];
        if (mbox_pattern_matches(SPAN(""), span_of_str(pattern), span_of_str(name)) !=
            matches_slowly(pattern, name))
            fail_msg("%s %s", pattern, name);
    }
}

static void
test_pattern_time_is_bounded(void **state)
{
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    const struct span name = repeat(&arena, "a", LIMIT_MBOX_NAME);
    const struct span pattern = repeat(&arena, "*a", LIMIT_MBOX_NAME / 2 - 1);
    for (int i = 0; i < 20; i++) /* exponential matching would take longer than the universe */
        assert_false(mbox_pattern_matches(pattern, SPAN("b"), name));
}

static void
test_patterns_from_the_wire(void **state)
{
    static const struct {
        const char *wire;
        const char *pattern; /* NULL: hopeless */
    } cases[] = {
        {"", ""},         {"*", "*"},      {"a/%", "a/%"}, {"a/", "a/"}, {"&APw-%", "\u00fc%"},
        {"R&D*", "R&D*"}, {"\xff*", NULL},
    };
    AUTO_ARENA arena = {0};
    struct span pattern;
    bool hopeless;

    (void)state;
    arena_init(&arena, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(mbox_pattern_from_wire(span_of_str(cases[i].wire), MBOX_WIRE_UTF7,
                                                &arena, &pattern, &hopeless),
                         RC_OK);
        assert_int_equal(hopeless, cases[i].pattern == NULL);
        assert_true(span_eq_str(pattern, cases[i].pattern ? cases[i].pattern : ""));
    }
    const size_t lengths[] = {LIMIT_MBOX_NAME, LIMIT_MBOX_NAME + 1, 8u << 20};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        assert_int_equal(mbox_pattern_from_wire(repeat(&arena, "*", lengths[i]), MBOX_WIRE_UTF7,
                                                &arena, &pattern, &hopeless),
                         RC_OK);
        assert_int_equal(hopeless, lengths[i] > LIMIT_MBOX_NAME);
    }
}

static void
test_names_round_trip(void **state)
{
    uint32_t random = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        static const char *const units[] = {"a",      "&",          "-", "\u00e9",
                                            "\u65e5", "\U0001f600", " ", "/b"};
        AUTO_ARENA arena = {0};
        AUTO_BUF name = {0};
        AUTO_BUF wire = {0};
        struct mbox_arg arg;

        arena_init(&arena, 1u << 16);
        buf_init(&name, 1000);
        buf_init(&wire, 1000);
        buf_put_char(&name, 'x');
        for (int i = 0; i < round % 12; i++) {
            random = random * 1664525u + 1013904223u;
            buf_put_str(&name, units[random >> 29]);
        }
        for (int mode = MBOX_WIRE_UTF7; mode <= MBOX_WIRE_UTF8; mode++) {
            buf_clear(&wire);
            mbox_name_put(&wire, buf_span(&name), (enum mbox_wire)mode);
            assert_int_equal(
                mbox_name_from_wire(buf_span(&wire), (enum mbox_wire)mode, &arena, &arg),
                RC_OK);
            assert_true(span_eq(arg.name, buf_span(&name)));
        }
    }
}

/* RFC 5198 section 2; accents in two ways. */
static void
test_normalised(void **state)
{
    static const struct {
        const char *name;
        enum rc rc;
    } names[] = {
        {"", RC_OK},
        {"INBOX/Archive", RC_OK},
        {"Gr\xC3\xBC\xC3\x9F", RC_OK},
        {"Gru\xCC\x88\xC3\x9F", RC_INVALID},
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", RC_INVALID}, /* hangul, as letters */
        {"\xED\x95\x9C", RC_OK},
        {"\xE2\x84\xAB", RC_INVALID}, /* ANGSTROM SIGN */
        {"\xF0\x9F\x98\x80", RC_OK},
    };
    char longest[LIMIT_MBOX_NAME];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(mbox_name_check_nfc(span_of_str(names[i].name)), names[i].rc);
    for (size_t i = 0; i + 1 < sizeof longest; i += 2) /* each becomes twice as long */
        memcpy(longest + i, "\xCD\x84", 2);
    assert_int_equal(mbox_name_check_nfc(span_of(longest, sizeof longest)), RC_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutf7_both_ways),
        cmocka_unit_test(test_mutf7_strict),
        cmocka_unit_test(test_mutf7_limits),
        cmocka_unit_test(test_names_from_the_wire),
        cmocka_unit_test(test_name_limits),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_patterns_against_definition),
        cmocka_unit_test(test_pattern_time_is_bounded),
        cmocka_unit_test(test_patterns_from_the_wire),
        cmocka_unit_test(test_names_round_trip),
        cmocka_unit_test(test_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Which terms a text has, and that every part of a text finds it by them. */
#include "support/cm.h"

#include <unistr.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/rng.h"
#include "syntax/char_class.h"
#include "syntax/fold.h"
#include "syntax/terms.h"

/* Ideographs, in UTF-8. */
#define I1 "\xE4\xBC\x9A"
#define I2 "\xE8\xAD\xB0"
#define I3 "\xE5\xAE\xA4"
#define I4 "\xF0\xA0\x80\x80"
#define TEN "abcdefghij"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Appends each term with a bar behind it. */
static void
put_term(void *ctx, struct span term)
{
    struct buf *out = ctx;

    assert_true(term.len > 0 && term.len <= TERM_OCTETS);
    buf_put_span(out, term);
    buf_put_char(out, '|');
}

/* Whole characters, `step` octets of them at least. */
static struct span
piece_of(struct span *text, size_t step)
{
    size_t len = step < text->len ? step : text->len;

    while (len < text->len && ((unsigned char)text->ptr[len] & 0xC0) == 0x80)
        len++;
    const struct span piece = span_head(*text, len);
    *text = span_tail(*text, len);
    return piece;
}

static void
terms_of(struct span text, size_t step, struct buf *out)
{
    struct terms terms;

    terms_init(&terms);
    while (text.len > 0)
        terms_put(&terms, piece_of(&text, step), put_term, out);
    terms_end(&terms, put_term, out);
    terms_end(&terms, put_term, out); /* nothing is left */
    assert_true(buf_ok(out));
}

static const struct {
    const char *text;
    const char *terms;
} rows[] = {
    {"", ""},
    {" \t.,;-_@()\r\n", ""},
    {"one", "one|"},
    {"  one,two.\r\nthree  ", "one|two|three|"},
    {"x-ray is a 3d co-op", "x|ray|is|a|3d|co|op|"},
    {"user_1@mail.example.org", "user|1|mail|example|org|"},
    {"one one", "one|one|"},
    /* marks belong to words, wherever they stand */
    {"mu\xCC\x88ller \xCC\x81 a", "mu\xCC\x88ller|\xCC\x81|a|"},
    {"\xD0\xB6\xD1\x83\xD0\xBA, \xCE\xB1", "\xD0\xB6\xD1\x83\xD0\xBA|\xCE\xB1|"},
    /* ideographs by twos */
    {I1, I1 "|"},
    {I1 I2, I1 I2 "|"},
    {I1 I2 I3 I4, I1 I2 "|" I2 I3 "|" I3 I4 "|"},
    {I1 " " I2 I3, I1 "|" I2 I3 "|"},
    {"ab" I1 "c" I2 I3 "\xCC\x81", "ab|" I1 "|c|" I2 I3 "|\xCC\x81|"},
    {"a\xE2\x80\x94"
     "b\xC2\xA0"
     "c\xF0\x9F\x98\x80"
     "d",
     "a|b|c|d|"},
    {"a\xFF"
     "b\xC3",
     "a|b|"}, /* not UTF-8 */
    {I1 "\xE4\xBC" I2, I1 "|" I2 "|"},
};

static void
test_rows(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
            buf_clear(&out);
            terms_of(span_of_str(rows[i].text), step, &out);
            if (!span_eq_str(buf_span(&out), rows[i].terms))
                fail_msg("%s in steps of %zu: %.*s", rows[i].text, step,
                         SPAN_FMT(buf_span(&out)));
        }
}

/* TERM_OCTETS are one term, one more are two, and a megabyte is many. */
static void
test_long_words(void **state)
{
    static const struct {
        size_t octets;
        size_t terms;
    } words[] = {
        {1, 1},
        {TERM_OCTETS, 1},
        {TERM_OCTETS + 1, 2},
        {TERM_OCTETS + TERM_STEP, 2},
        {TERM_OCTETS + TERM_STEP + 1, 3},
        {TERM_OCTETS + 100 * TERM_STEP, 101},
        {1 << 20, ((1 << 20) - TERM_OCTETS) / TERM_STEP + 1},
    };
    static char text[(1 << 20) + 1];
    static const size_t steps[] = {1, 7, TERM_OCTETS, TERM_OCTETS + 1, SIZE_MAX};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4 << 20);
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (size_t j = 0; j < ARRAY_LEN(steps); j++) {
            size_t terms = 0;
            buf_clear(&out);
            terms_of(span_of(text, words[i].octets), steps[j], &out);
            for (size_t k = 0; k < buf_len(&out); k++)
                terms += buf_span(&out).ptr[k] == '|';
            assert_int_equal(terms, words[i].terms);
        }
}

/* ---- needles ---- */

/* Each piece with a sign for how it matches: *a* contains, a* begins, *a ends, a is. */
static const struct {
    const char *needle;
    const char *pieces;
    bool exact;
} needle_rows[] = {
    {"", "", false},
    {" ., ", "", false},
    {"one", "*one*|", true},
    {"mu\xCC\x88", "*mu\xCC\x88*|", true},
    {"\xCC\x81", "*\xCC\x81*|", true},
    {"one ", "*one|", false},
    {" one", "one*|", false},
    {"(one)", "one|", false},
    {"one two", "*one|two*|", false},
    {"a@b.c", "*a|b|c*|", false},
    {I1, "*" I1 "*|", true},
    {I1 I2, "*" I1 I2 "*|", true},
    {I1 I2 I3 I4, "*" I1 I2 "*|*" I2 I3 "*|*" I3 I4 "*|", false},
    {"." I1 I2 ".", I1 I2 "|", false},
    {"." I1 I2 I3 ".", I1 I2 "*|*" I2 I3 "|", false},
    {"." I1 ".", I1 "|", false},
    {"ab" I1 "cd", "*ab|" I1 "|cd*|", false},
    {"ab" I1 I2, "*ab|" I1 I2 "*|", false},
    {I1 "ab", "*" I1 "|ab*|", false},
    {"ab\xFF", "", false}, /* what is not UTF-8 may be a part of anything */
    {"\xBC\x9A", "", false},
};

static void
put_pieces(const struct term_piece *pieces, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        const enum term_match match = pieces[i].match;
        buf_put_str(out, match == TERM_CONTAINS || match == TERM_ENDS ? "*" : "");
        buf_put_span(out, pieces[i].text);
        buf_put_str(out, match == TERM_CONTAINS || match == TERM_BEGINS ? "*|" : "|");
    }
}

static void
test_needles(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(needle_rows); i++) {
        AUTO_ARENA arena = {0};
        struct term_piece *pieces;
        size_t count;
        bool exact;
        arena_init(&arena, 1 << 16);
        assert_int_equal(terms_of_needle(&arena, span_of_str(needle_rows[i].needle), &pieces,
                                         &count, &exact),
                         RC_OK);
        buf_clear(&out);
        put_pieces(pieces, count, &out);
        if (!span_eq_str(buf_span(&out), needle_rows[i].pieces))
            fail_msg("%s: %.*s", needle_rows[i].needle, SPAN_FMT(buf_span(&out)));
        assert_int_equal(exact, needle_rows[i].exact);
    }
}

static void
test_matches(void **state)
{
    static const struct {
        const char *piece;
        enum term_match match;
        const char *term;
        bool matches;
    } matches[] = {
        {"bc", TERM_CONTAINS, "abcd", true}, {"bc", TERM_CONTAINS, "b", false},
        {"bc", TERM_CONTAINS, "bdc", false}, {"bc", TERM_BEGINS, "bcd", true},
        {"bc", TERM_BEGINS, "bc", true},     {"bc", TERM_BEGINS, "abc", false},
        {"bc", TERM_ENDS, "abc", true},      {"bc", TERM_ENDS, "bc", true},
        {"bc", TERM_ENDS, "bcd", false},     {"bc", TERM_IS, "bc", true},
        {"bc", TERM_IS, "bcd", false},       {"bc", TERM_IS, "abc", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
        const struct term_piece piece = {span_of_str(matches[i].piece), matches[i].match};
        assert_int_equal(term_matches(&piece, span_of_str(matches[i].term)),
                         matches[i].matches);
    }
}

/* A part of a word as long as two terms have in common is exact; longer ones are not. */
static void
test_longest_exact_needle(void **state)
{
    static const char text[] = HUNDRED HUNDRED;

    (void)state;
    for (size_t len = 1; len <= 200; len++) {
        AUTO_ARENA arena = {0};
        struct term_piece *pieces;
        size_t count;
        bool exact;
        arena_init(&arena, 1 << 16);
        assert_int_equal(terms_of_needle(&arena, span_of(text, len), &pieces, &count, &exact),
                         RC_OK);
        assert_int_equal(exact, len <= TERM_SHARED);
        for (size_t i = 0; i < count; i++)
            assert_true(pieces[i].text.len <= TERM_SHARED);
    }
}

/* ---- tokens ---- */

static void
append_token(void *ctx, struct span token)
{
    buf_put_char(ctx, '|');
    buf_put_span(ctx, token);
}

static void
test_tokens(void **state)
{
    static const struct {
        const char *text;
        const char *tokens;
    } cases[] = {
        {"", ""},
        {"one two 3", ""},
        {"\"anna b.\" <anna@x.org>,\tbo@y", "|\"anna|b.\"|<anna@x.org>,|bo@y"},
        {" - \r\n a-b ", "|-|a-b"},
        {"\xe6\x97\xa5\xe6\x9c\xac \xe6\x97\xa5, e\xcc\x81", "|\xe6\x97\xa5,"},
        {"a\x7f.\x01"
         "b",
         "|."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF out = {0};
        buf_init(&out, 1000);
        terms_tokens(span_of_str(cases[i].text), append_token, &out);
        assert_true(buf_ok(&out));
        assert_true(span_eq(buf_span(&out), span_of_str(cases[i].tokens)));
    }
}

static void
test_needles_in_tokens(void **state)
{
    static const char dots[] = HUNDRED "." HUNDRED;

    (void)state;
    assert_true(terms_is_in_token(SPAN("@")));
    assert_true(terms_is_in_token(SPAN("a@b.c")));
    assert_true(terms_is_in_token(SPAN("<\xc3\xa4>")));
    assert_false(terms_is_in_token(SPAN("")));
    assert_false(terms_is_in_token(SPAN("word"))); /* terms know it */
    assert_false(terms_is_in_token(SPAN("a. b")));
    assert_false(terms_is_in_token(SPAN("a.\t")));
    assert_false(terms_is_in_token(SPAN("a.\xc3")));
    for (size_t len = 101; len < sizeof dots; len++)
        assert_int_equal(terms_is_in_token(span_of(dots, len)), len <= TERM_SHARED);
}

/* Each part of a long token that is not longer than TERM_SHARED is in one of its terms. */
static void
test_long_tokens(void **state)
{
    AUTO_BUF text = {0};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&text, 4000);
    buf_init(&out, 40000);
    for (unsigned i = 0; buf_len(&text) < 1500; i++)
        buf_printf(&text, i % 3 == 0 ? "%u." : "%u\xc3\xa4", i);
    terms_tokens(buf_span(&text), append_token, &out);
    assert_true(buf_ok(&text) && buf_ok(&out));
    for (size_t at = 0; at + TERM_SHARED <= buf_len(&text); at++)
        assert_true(span_find(buf_span(&out), span_of(buf_span(&text).ptr + at, TERM_SHARED)) >=
                    0);
}

static void
test_many_pieces(void **state)
{
    static const size_t counts[] = {1, LIMIT_TERM_PIECES, LIMIT_TERM_PIECES + 1,
                                    (size_t)100 * LIMIT_TERM_PIECES};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        AUTO_ARENA arena = {0};
        AUTO_BUF needle = {0};
        struct term_piece *pieces;
        size_t count;
        bool exact;
        buf_init(&needle, 1 << 20);
        for (size_t j = 0; j < counts[i]; j++)
            buf_put_lit(&needle, "a ");
        arena_init(&arena, 1 << 20);
        assert_int_equal(terms_of_needle(&arena, buf_span(&needle), &pieces, &count, &exact),
                         RC_OK);
        assert_int_equal(count, counts[i] < LIMIT_TERM_PIECES ? counts[i] : LIMIT_TERM_PIECES);
        assert_false(exact);
    }
}

static void
test_no_room(void **state)
{
    (void)state;
    for (size_t budget = 1; budget < 1024; budget += 64) {
        AUTO_ARENA arena = {0};
        struct term_piece *pieces;
        size_t count;
        bool exact;
        arena_init(&arena, budget);
        assert_int_equal(terms_of_needle(&arena, SPAN("a"), &pieces, &count, &exact), RC_LIMIT);
    }
}

/* ---- whatever the text ---- */

/* What random texts are made of: ranges of characters, and what stands between words. */
static const struct {
    uint32_t from;
    uint32_t to;
} scripts[] = {
    {'a', 'c'},       {'0', '2'},       {0xE0, 0xFF},       {0x300, 0x303},
    {0x3B1, 0x3B3},   {0x430, 0x433},   {0x5D0, 0x5D2},     {0x627, 0x62A},
    {0x905, 0x94D},   {0xE01, 0xE3A},   {0x1100, 0x1103},   {0x3042, 0x3046},
    {0x4E00, 0x4E04}, {0x4E00, 0x4E04}, {0x20000, 0x20001}, {0x1D400, 0x1D402},
    {' ', '/'},       {0x2010, 0x2014}, {0x3001, 0x3002},   {0x1F600, 0x1F601},
    {'\r', '\r'},     {0xFB00, 0xFB02}, {0xAC00, 0xAC01},   {0xF900, 0xF901},
};

/* Text of several scripts, of which it often stays in one, sometimes with octets that are not
 * UTF-8. */
static void
put_random(struct rng *rng, struct buf *out)
{
    const unsigned length =
        1 + (uint32_t)rng_below(rng, (uint32_t)rng_below(rng, 20) == 0 ? 2000 : 60);
    const unsigned change = 1 + (uint32_t)rng_below(rng, 30);
    const bool broken = (uint32_t)rng_below(rng, 10) == 0;
    unsigned script = (uint32_t)rng_below(rng, ARRAY_LEN(scripts));

    for (unsigned i = 0; i < length; i++) {
        uint8_t utf8[6];
        if ((uint32_t)rng_below(rng, change) == 0)
            script = (uint32_t)rng_below(rng, ARRAY_LEN(scripts));
        const uint32_t span = scripts[script].to - scripts[script].from + 1;
        const int len =
            u8_uctomb(utf8, scripts[script].from + (uint32_t)rng_below(rng, span), sizeof utf8);
        assert_true(len > 0);
        buf_put(out, utf8, (size_t)len);
        if (broken && (uint32_t)rng_below(rng, 20) == 0)
            buf_put_char(out, (char)(0x80 + (uint32_t)rng_below(rng, 0x80)));
    }
}

static bool
has(struct span terms, const struct term_piece *piece)
{
    while (terms.len > 0) {
        const size_t len = (size_t)span_find_char(terms, '|');
        if (term_matches(piece, span_head(terms, len)))
            return true;
        terms = span_tail(terms, len + 1);
    }
    return false;
}

/* Returns whether the needle's terms are all there, which they are if it is in the text. */
static bool
check_needle(struct span text, struct span terms, struct span needle)
{
    AUTO_ARENA arena = {0};
    struct term_piece *pieces;
    size_t count;
    bool exact;
    bool all = true;

    arena_init(&arena, 1 << 20);
    assert_int_equal(terms_of_needle(&arena, needle, &pieces, &count, &exact), RC_OK);
    const bool found = needle.len == 0 || span_find(text, needle) >= 0;
    for (size_t i = 0; i < count; i++)
        all &= has(terms, &pieces[i]);
    if ((found && !all) || (exact && found != all))
        fail_msg("%.*s in %.*s: %s", SPAN_FMT(needle), SPAN_FMT(text), all ? "all" : "lost");
    return all;
}

/* Needles cut out of the text, also in the middle of characters, and out of another text. */
static void
test_random_texts(void **state)
{
    static struct fold fold;
    struct rng rng;
    AUTO_BUF text = {0};
    AUTO_BUF folded = {0};
    AUTO_BUF terms = {0};
    AUTO_BUF in_steps = {0};
    AUTO_BUF before = {0};
    unsigned excluded = 0;

    (void)state;
    rng_seed(&rng, 1);
    fold_init(&fold);
    buf_init(&text, 1 << 20);
    buf_init(&folded, 1 << 20);
    buf_init(&terms, 4 << 20);
    buf_init(&in_steps, 4 << 20);
    buf_init(&before, 1 << 20);
    for (unsigned i = 0; i < 4000; i++) {
        buf_clear(&before);
        buf_put_span(&before, buf_span(&folded));
        buf_clear(&text);
        buf_clear(&folded);
        buf_clear(&terms);
        buf_clear(&in_steps);
        put_random(&rng, &text);
        fold_put(&fold, buf_span(&text), &folded);
        const struct span all = buf_span(&folded);
        terms_of(all, SIZE_MAX, &terms);
        terms_of(all, 1 + (uint32_t)rng_below(&rng, 9), &in_steps);
        if (u8_check((const uint8_t *)all.ptr, all.len) == NULL)
            assert_true(span_eq(buf_span(&terms), buf_span(&in_steps)));
        for (unsigned j = 0; j < 10; j++) {
            const uint32_t from = (uint32_t)rng_below(&rng, (uint32_t)all.len + 1);
            const uint32_t len = (uint32_t)rng_below(&rng, j == 0 ? 600 : 12);
            assert_true(
                check_needle(all, buf_span(&terms), span_head(span_tail(all, from), len)));
            excluded += !check_needle(all, buf_span(&terms),
                                      span_head(span_tail(buf_span(&before), from), len));
        }
    }
    assert_true(excluded > 1000);
}

/* The ranges that spare the tables say what the tables say. */
static void
test_classes(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++)
        if (char_class_of(c) != char_class_in_tables(c))
            fail_msg("U+%04X", c);
}

static void
test_form(void **state)
{
    (void)state;
    assert_true(terms_form() != 0);
    assert_int_equal(terms_form(), terms_form());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_needles),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_longest_exact_needle),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_needles_in_tokens),
        cmocka_unit_test(test_long_tokens),
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

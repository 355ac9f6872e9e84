/* SPDX-License-Identifier: MIT */
/* Folding: which texts are the same, and that it goes character by character. */
#include "support/cm.h"

#include <unistr.h>

#include "syntax/fold.h"

static const char *const same[][2] = {
    {"ASCII @[`{", "ascii @[`{"},
    {"\xC3\x84", "\xC3\xA4"},  /* umlauts */
    {"\xC3\xA4", "a\xCC\x88"}, /* composed and not */
    {"stra\xC3\x9F"
     "e",
     "STRASSE"},                                              /* sharp s */
    {"\xCE\xA3\xCF\x82", "\xCF\x83\xCF\x83"},                 /* all three sigmas */
    {"\xD0\x96", "\xD0\xB6"},                                 /* Cyrillic */
    {"\xEF\xBC\xA1\xEF\xBC\x91", "a1"},                       /* full width */
    {"\xEF\xAC\x81", "fi"},                                   /* ligature */
    {"\xE2\x84\x8C", "h"},                                    /* a letter that is a symbol */
    {"\xED\x95\x9C", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"}, /* Hangul */
    {"\xE4\xB8\xAD", "\xE4\xB8\xAD"},                         /* ideograph */
    {"\xC4\xB1", "I"},                                        /* dotless i */
};

static void
fold_text(struct fold *fold, struct buf *out, struct span text)
{
    buf_clear(out);
    fold_put(fold, text, out);
    assert_true(buf_ok(out));
}

static void
test_same(void **state)
{
    static struct fold fold;
    AUTO_BUF a = {0};
    AUTO_BUF b = {0};

    (void)state;
    fold_init(&fold);
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        fold_text(&fold, &a, span_of_str(same[i][0]));
        fold_text(&fold, &b, span_of_str(same[i][1]));
        if (!span_eq(buf_span(&a), buf_span(&b)))
            fail_msg("%s and %s: %.*s, %.*s", same[i][0], same[i][1], SPAN_FMT(buf_span(&a)),
                     SPAN_FMT(buf_span(&b)));
    }
    fold_text(&fold, &a, SPAN("e"));
    fold_text(&fold, &b, SPAN("\xC3\xA9"));
    assert_false(span_eq(buf_span(&a), buf_span(&b)));
}

/* fold(ab) = fold(a) fold(b), with a warm cache and a cold one, for every character there is;
 * and what is folded is folded: fold(fold(a)) = fold(a). */
static void
test_every_character(void **state)
{
    static struct fold warm;
    static struct fold cold;
    AUTO_BUF once = {0};
    AUTO_BUF twice = {0};

    (void)state;
    fold_init(&warm);
    buf_init(&once, 4096);
    buf_init(&twice, 4096);
    for (ucs4_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 37) {
        uint8_t utf8[6];
        const int len = u8_uctomb(utf8, c, sizeof utf8);
        if (len < 0)
            continue; /* a surrogate */
        fold_init(&cold);
        fold_text(&cold, &once, span_of(utf8, (size_t)len));
        fold_text(&warm, &twice, span_of(utf8, (size_t)len));
        assert_true(span_eq(buf_span(&once), buf_span(&twice)));
        fold_text(&warm, &twice, span_of(utf8, (size_t)len));
        assert_true(span_eq(buf_span(&once), buf_span(&twice)));
        fold_text(&warm, &twice, buf_span(&once));
        if (!span_eq(buf_span(&once), buf_span(&twice)))
            fail_msg("U+%04X folds twice", (unsigned)c);
    }
}

static void
test_not_utf8(void **state)
{
    static struct fold fold;
    AUTO_BUF out = {0};

    (void)state;
    fold_init(&fold);
    buf_init(&out, 4096);
    fold_text(&fold, &out,
              SPAN("A\xE4"
                   "B\xC3"));
    assert_true(span_eq_str(buf_span(&out), "a\xE4"
                                            "b\xC3"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

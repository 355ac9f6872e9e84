/* SPDX-License-Identifier: MIT */
/* i;unicode-casemap: which texts are the same, and which comes first. */
#include "support/cm.h"

#include <unistr.h>

#include "syntax/casemap.h"
#include "syntax/fold.h"

static const char *const same[][2] = {
    {"ascii @[`{", "ASCII @[`{"},
    {"\xC3\x84", "\xC3\xA4"},                 /* umlauts */
    {"\xC3\xA4", "a\xCC\x88"},                /* composed and not */
    {"\xE1\xBA\xAD", "A\xCC\xA3\xCC\x82"},    /* a character that decomposes twice */
    {"\xCE\xA3\xCF\x82", "\xCF\x83\xCF\x83"}, /* all three sigmas */
    {"\xD0\x96", "\xD0\xB6"},                 /* Cyrillic */
    {"\xEF\xBC\xA1\xEF\xBC\x91", "a1"},       /* full width */
    {"\xEF\xAC\x81", "FI"},                   /* a ligature: title case of what comes out */
    {"\xC7\x86", "d\xC5\xBE"},                /* dz with caron has a title case */
    {"\xE4\xB8\xAD", "\xE4\xB8\xAD"},         /* ideograph */
    {"\xFF\xC3(", "\xFF\xC3("},               /* no UTF-8 */
};

/* In ascending order. */
static const char *const ordered[] = {
    "",
    "  ",
    "0",
    "a",
    "A ",
    "aa",
    "AB",
    "b",
    "Z",
    "[",
    "_",
    "\xC3\x9F" /* sharp s, alone */,
    "\xED\x95\x9C" /* Hangul stays whole */,
};

static void
map_text(struct casemap *map, struct buf *out, struct span text)
{
    buf_clear(out);
    casemap_put(map, text, out);
    assert_true(buf_ok(out));
}

static void
test_same(void **state)
{
    static struct casemap map;
    AUTO_BUF a = {0};
    AUTO_BUF b = {0};

    (void)state;
    casemap_init(&map);
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        map_text(&map, &a, span_of_str(same[i][0]));
        map_text(&map, &b, span_of_str(same[i][1]));
        if (!span_eq(buf_span(&a), buf_span(&b)))
            fail_msg("%s and %s: %.*s, %.*s", same[i][0], same[i][1], SPAN_FMT(buf_span(&a)),
                     SPAN_FMT(buf_span(&b)));
    }
}

static void
test_order(void **state)
{
    static struct casemap map;
    AUTO_BUF a = {0};
    AUTO_BUF b = {0};

    (void)state;
    casemap_init(&map);
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    for (size_t i = 0; i + 1 < ARRAY_LEN(ordered); i++) {
        map_text(&map, &a, span_of_str(ordered[i]));
        map_text(&map, &b, span_of_str(ordered[i + 1]));
        if (span_cmp(buf_span(&a), buf_span(&b)) >= 0)
            fail_msg("%s does not come before %s", ordered[i], ordered[i + 1]);
    }
}

/* Every character: the same with a cold and a warm cache, and mapping twice changes nothing. */
static void
test_every_character(void **state)
{
    static struct casemap map;
    AUTO_BUF once = {0};
    AUTO_BUF again = {0};

    (void)state;
    casemap_init(&map);
    buf_init(&once, 4096);
    buf_init(&again, 4096);
    for (uint32_t c = 1; c < 0x110000; c++) {
        uint8_t utf8[6];
        const int len = u8_uctomb(utf8, c, sizeof utf8);
        if (len < 0)
            continue; /* a surrogate */
        map_text(&map, &once, span_of(utf8, (size_t)len));
        map_text(&map, &again, span_of(utf8, (size_t)len));
        if (!span_eq(buf_span(&once), buf_span(&again)))
            fail_msg("U+%04X: the cache says something else", c);
        map_text(&map, &again, buf_span(&once));
        if (!span_eq(buf_span(&once), buf_span(&again)))
            fail_msg("U+%04X: mapped twice it is something else", c);
    }
}

/* What the collation takes for the same, a search takes for the same too (RFC 5255
 * section 4.2): the folding of a mapped character is that of the character. */
static void
test_searches_find_as_much(void **state)
{
    static struct casemap map;
    static struct fold fold;
    AUTO_BUF mapped = {0};
    AUTO_BUF a = {0};
    AUTO_BUF b = {0};

    (void)state;
    casemap_init(&map);
    fold_init(&fold);
    buf_init(&mapped, 4096);
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    for (uint32_t c = 1; c < 0x110000; c++) {
        uint8_t utf8[6];
        const int len = u8_uctomb(utf8, c, sizeof utf8);
        if (len < 0)
            continue;
        map_text(&map, &mapped, span_of(utf8, (size_t)len));
        buf_clear(&a);
        buf_clear(&b);
        fold_put(&fold, span_of(utf8, (size_t)len), &a);
        fold_put(&fold, buf_span(&mapped), &b);
        if (!span_eq(buf_span(&a), buf_span(&b)))
            fail_msg("U+%04X", c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_searches_find_as_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

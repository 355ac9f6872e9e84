/* SPDX-License-Identifier: MIT */
/* Charsets: honest, lying and unknown, whole and cut anywhere. */
#include "support/cm.h"

#include <unistr.h>

#include "syntax/charset.h"

#define FFFD "\xEF\xBF\xBD"

static const struct {
    const char *name;
    struct span text;
    const char *utf8;
} cases[] = {
    {"", SPAN_INIT("ascii"), "ascii"},
    {"utf-8", SPAN_INIT("gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xA6"),
     "gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xA6"},
    {"UTF8", SPAN_INIT("a\xE4z"), "a\xC3\xA4z"},
    {"utf-8", SPAN_INIT("\xE2\x82"), "\xC3\xA2\xE2\x80\x9A"},
    {"us-ascii", SPAN_INIT("\x80 \x93q\x94"), "\xE2\x82\xAC \xE2\x80\x9Cq\xE2\x80\x9D"},
    {"no-such-charset", SPAN_INIT("\xE4"), "\xC3\xA4"},
    {"../../etc/passwd", SPAN_INIT("\xE4"), "\xC3\xA4"},
    {"UTF-8//IGNORE", SPAN_INIT("\xE4"), "\xC3\xA4"},
    {"WCHAR_T", SPAN_INIT("a"), "a"},
    {"iso-8859-1", SPAN_INIT("\xC3\xA4\x80"), "\xC3\x83\xC2\xA4\xE2\x82\xAC"},
    {"ISO-8859-15", SPAN_INIT("\xA4"), "\xE2\x82\xAC"},
    {"koi8-r", SPAN_INIT("\xC1\xC2"), "\xD0\xB0\xD0\xB1"},
    {"gb2312", SPAN_INIT("\xC4\xE3\xBA\xC3"), "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"iso-2022-jp", SPAN_INIT("\x1B$B$3$s\x1B(B!"), "\xE3\x81\x93\xE3\x82\x93!"},
    {"shift_jis", SPAN_INIT("\x82\xB1\x82\xF1"), "\xE3\x81\x93\xE3\x82\x93"},
    {"ks_c_5601-1987", SPAN_INIT("\xC7\xD1"), "\xED\x95\x9C"},
    {"big5", SPAN_INIT("\xA4\xA4"), "\xE4\xB8\xAD"},
    {"koi8-r", SPAN_INIT(""), ""},
    {"shift_jis", SPAN_INIT("a\xFFz\x82"), "a" FFFD "z" FFFD},
    {"utf-7", SPAN_INIT("Hi +ZeVnLIqe-"), "Hi \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"},
};

static void
test_all_cuts(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct charset charset;
        charset_open(&charset, span_of_str(cases[i].name));
        for (size_t cut = 0; cut <= cases[i].text.len; cut++) {
            buf_clear(&out);
            charset_put(&charset, span_head(cases[i].text, cut), &out);
            charset_put(&charset, span_tail(cases[i].text, cut), &out);
            charset_finish(&charset, &out);
            if (!span_eq_str(buf_span(&out), cases[i].utf8))
                fail_msg("%s (%zu) cut at %zu: %.*s", cases[i].name, i, cut,
                         SPAN_FMT(buf_span(&out)));
        }
        buf_clear(&out);
        for (size_t k = 0; k < cases[i].text.len; k++)
            charset_put(&charset, span_of(cases[i].text.ptr + k, 1), &out);
        charset_finish(&charset, &out);
        assert_true(span_eq_str(buf_span(&out), cases[i].utf8));
        charset_close(&charset);
    }
}

static void
test_known(void **state)
{
    (void)state;
    assert_true(charset_is_known(SPAN("")));
    assert_true(charset_is_known(SPAN("US-ASCII")));
    assert_true(charset_is_known(SPAN("Utf-8")));
    assert_true(charset_is_known(SPAN("iso-8859-7")));
    assert_true(charset_is_known(SPAN("big5_tw")));
    assert_true(charset_is_known(SPAN("eucgb2312_cn")));
    assert_false(charset_is_known(SPAN("x-klingon")));
    assert_false(charset_is_known(SPAN("utf-8//translit")));
    assert_false(charset_is_known(SPAN("internal")));
}

/* Whatever a mail calls UTF-8, what comes out of it is UTF-8, in pieces of any size too. */
static void
test_utf8_names(void **state)
{
    static const char *const names[] = {"utf-8",      "UTF8",        "csUTF8", "ut+f-8",
                                        "iso-ir-193", "OSF05010001", "utf_8",  "utf-8:"};
    struct span broken = SPAN("\xFB\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2\xB2"
                              "\xB2\xB2\xB2\xE3\x31\xE3x");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (size_t piece = 1; piece <= broken.len; piece++) {
            struct charset charset;
            AUTO_BUF out = {0};
            buf_init(&out, 4096);
            charset_open(&charset, span_of_str(names[i]));
            for (struct span rest = broken; rest.len > 0; rest = span_tail(rest, piece))
                charset_put(&charset, span_head(rest, piece), &out);
            charset_finish(&charset, &out);
            charset_close(&charset);
            if (u8_check((const uint8_t *)buf_span(&out).ptr, buf_len(&out)) != NULL)
                fail_msg("%s in pieces of %zu", names[i], piece);
        }
    }
}

static void
test_strict(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 256);
    assert_int_equal(charset_to_utf8(&out, SPAN("iso-8859-1"), SPAN("\xE4")), RC_OK);
    assert_int_equal(charset_to_utf8(&out, SPAN("koi8-r"), SPAN("\xC1")), RC_OK);
    assert_true(span_eq_str(buf_span(&out), "\xC3\xA4\xD0\xB0"));
    assert_int_equal(charset_to_utf8(&out, SPAN("utf-8"), SPAN("\xE4")), RC_INVALID);
    assert_int_equal(charset_to_utf8(&out, SPAN("us-ascii"), SPAN("\xC3\xA4")), RC_INVALID);
    assert_int_equal(charset_to_utf8(&out, SPAN(""), SPAN("\xC3\xA4")), RC_INVALID);
    assert_int_equal(charset_to_utf8(&out, SPAN("shift_jis"), SPAN("\x82")), RC_INVALID);
    assert_int_equal(charset_to_utf8(&out, SPAN("x-klingon"), SPAN("a")), RC_BAD_CHARSET);
    assert_int_equal(buf_len(&out), 4);
    const char long_text[300] = "more than there is room for";
    assert_int_equal(charset_to_utf8(&out, SPAN("utf-8"), span_of(long_text, sizeof long_text)),
                     RC_LIMIT);
    assert_int_equal(buf_len(&out), 4);
}

/* iconv knows all that is held here, and texts are converted meanwhile and afterwards. */
static void
test_hold(void **state)
{
    struct charset_hold hold;
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 100);
    charset_hold_init(&hold);
    assert_in_range(hold.count, 20, CHARSET_HELD_MAX);
    assert_int_equal(charset_to_utf8(&out, SPAN("koi8-r"), SPAN("\xc1")), RC_OK);
    charset_hold_done(&hold);
    assert_int_equal(hold.count, 0);
    assert_int_equal(charset_to_utf8(&out, SPAN("koi8-r"), SPAN("\xc1")), RC_OK);
    assert_true(span_eq_str(buf_span(&out), "\xd0\xb0\xd0\xb0"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_cuts),   cmocka_unit_test(test_known),
        cmocka_unit_test(test_utf8_names), cmocka_unit_test(test_strict),
        cmocka_unit_test(test_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

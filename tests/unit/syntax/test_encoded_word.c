/* SPDX-License-Identifier: MIT */
/* RFC 2047 section 8's examples, and what senders make of it. */
#include "support/cm.h"

#include "base/rng.h"
#include "syntax/mail/encoded_word.h"

static const char *const cases[][2] = {
    {" plain text \r\n", "plain text"},
    {" folded\r\n\ttext", "folded text"},
    {" a reminder\r\nabout it\r\n", "a reminder about it"}, /* RFC 7103 section 7.2 */
    {" =?ISO-8859-1?Q?a?=", "a"},
    {" =?ISO-8859-1?Q?a?= b", "a b"},
    {" =?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {" =?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"},
    {" =?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"},
    {" =?ISO-8859-1?Q?a_b?=", "a b"},
    {" =?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
    {" =?ISO-8859-1?Q?a_?= x", "a  x"},
    {" =?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
    {" =?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
     "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZ"
     "SBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {" =?utf-8*en?q?=C3=A4?=", "\xC3\xA4"},
    /* a character cut in two */
    {" =?utf-8?q?=C3?= =?UTF-8?q?=A4?=", "\xC3\xA4"},
    {" =?utf-8?b?w6Q=?= =?utf-8?b?w6Q=?=", "\xC3\xA4\xC3\xA4"},
    /* where no blank should have been forgotten */
    {" x=?utf-8?q?=C3=A4?=y", "x\xC3\xA4y"},
    {" \"=?utf-8?q?=C3=A4?=\"", "\"\xC3\xA4\""},
    {" =?utf-8?q?with blank?=", "with blank"},
    /* raw and broken */
    {" raw \xC3\xA4 and \xE4", "raw \xC3\xA4 and \xC3\xA4"},
    {" =?x-unknown?q?=E4?=", "\xC3\xA4"},
    {" =?utf-8?x?a?= =?utf-8?q?a = b", "=?utf-8?x?a?= =?utf-8?q?a = b"},
    {" =??q?a?= =?utf-8??a?= =?", "=??q?a?= =?utf-8??a?= =?"},
    {" =?utf-8?q?"
     "?=",
     ""},
    {" =?utf-8?q?=zz?=", "=zz"},
    {"", ""},
};

static void
test_cases(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        encoded_word_decode(&out, span_of_str(cases[i][0]));
        if (!span_eq_str(buf_span(&out), cases[i][1]))
            fail_msg("%s gives %.*s", cases[i][0], SPAN_FMT(buf_span(&out)));
    }
}

/* What is not ASCII becomes encoded words; what was readable before stays so. */
static void
test_put(void **state)
{
    static const char *const texts[][2] = {
        {"plain", "plain"},
        {"", ""},
        {"a \xC3\xA4 b", "a =?utf-8?b?w6Q=?= b"},
        {"J\xC3\xB6rg", "=?utf-8?q?J=C3=B6rg?="},
        {"one \xC3\xA4 two (\xC3\xBC) three", "one =?utf-8?b?w6QgdHdvICjDvCk=?= three"},
        {"\xD0\x9F\xD1\x80\xD0\xB8", "=?utf-8?b?0J/RgNC4?="},
        /* words that are encoded already, and text that looks like one */
        {"=?utf-8?q?=C3=A4?= \xC3\xBC", "=?utf-8?b?w6Qgw7w=?="},
        {"=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?= \xC3\xBC",
         "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D_=C3=BC?="},
    };
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        buf_clear(&out);
        encoded_word_put(&out, span_of_str(texts[i][0]));
        if (!span_eq_str(buf_span(&out), texts[i][1]))
            fail_msg("%s gives %.*s", texts[i][0], SPAN_FMT(buf_span(&out)));
    }
}

/* Any text comes back as it was, in words of at most 75 octets. */
static void
test_put_and_decode(void **state)
{
    static const char *const pieces[] = {
        "a",   " ",    "word ", "\xC3\xA4",         "\xE2\x82\xAC",
        "=?x", "\"?=", "_",     "\xF0\x9F\x98\x80", "=41"};
    struct rng rng;
    AUTO_BUF text = {0};
    AUTO_BUF words = {0};
    AUTO_BUF back = {0};

    (void)state;
    rng_seed(&rng, 7);
    buf_init(&text, 65536);
    buf_init(&words, 65536);
    buf_init(&back, 65536);
    for (unsigned i = 0; i < 2000; i++) {
        buf_clear(&text);
        buf_clear(&words);
        buf_clear(&back);
        buf_put_char(&text, 'x');
        for (uint64_t k = rng_below(&rng, 60); k > 0; k--)
            buf_put_str(&text, pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
        buf_put_char(&text, 'x');
        encoded_word_put(&words, buf_span(&text));
        encoded_word_decode(&back, buf_span(&words));
        if (!span_eq(buf_span(&back), buf_span(&text)))
            fail_msg("%.*s\n%.*s\n%.*s", SPAN_FMT(buf_span(&text)), SPAN_FMT(buf_span(&words)),
                     SPAN_FMT(buf_span(&back)));
        for (size_t at = 0; at < buf_len(&words); at++) {
            assert_true((unsigned char)buf_span(&words).ptr[at] < 0x80);
            assert_true(encoded_word_length(span_tail(buf_span(&words), at)) <= 75);
        }
    }
}

static void
test_full_buffer(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    for (size_t max = 1; max < 20; max++) {
        buf_init(&out, max);
        encoded_word_decode(&out, SPAN("raw =?utf-8?q?word?= \xE4 =?koi8-r?b?wcLD?="));
        assert_false(buf_ok(&out));
        assert_true(buf_len(&out) <= max);
        buf_done(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_put_and_decode),
        cmocka_unit_test(test_full_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

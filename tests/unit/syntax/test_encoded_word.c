/* SPDX-License-Identifier: MIT */
/* RFC 2047 section 8's examples, and what senders make of it. */
#include "support/cm.h"

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
        cmocka_unit_test(test_full_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

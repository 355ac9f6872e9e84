/* SPDX-License-Identifier: MIT */
/* base64 and quoted-printable, whole and in every pair of pieces. */
#include "support/cm.h"

#include "syntax/mail/mime_decode.h"

static const struct {
    enum mime_encoding encoding;
    struct span text;
    struct span plain;
    bool damaged;
} cases[] = {
    {MIME_ENCODING_7BIT, SPAN_INIT("as=20is\r\n"), SPAN_INIT("as=20is\r\n"), false},
    {MIME_ENCODING_BASE64, SPAN_INIT("QUJDREVG"), SPAN_INIT("ABCDEF"), false},
    {MIME_ENCODING_BASE64, SPAN_INIT("QUJD\r\nRA==\r\n"), SPAN_INIT("ABCD"), false},
    {MIME_ENCODING_BASE64, SPAN_INIT("QUJDREU="), SPAN_INIT("ABCDE"), false},
    {MIME_ENCODING_BASE64, SPAN_INIT("QUJDREU"), SPAN_INIT("ABCDE"), true},
    {MIME_ENCODING_BASE64, SPAN_INIT("QQ==QUJD"), SPAN_INIT("AABC"), false},
    {MIME_ENCODING_BASE64, SPAN_INIT("Q!U*J\0D"), SPAN_INIT("ABC"), true},
    {MIME_ENCODING_BASE64, SPAN_INIT("Q"), SPAN_INIT(""), true},
    {MIME_ENCODING_BASE64, SPAN_INIT("===="), SPAN_INIT(""), true},
    {MIME_ENCODING_BASE64, SPAN_INIT("/+8="), SPAN_INIT("\xFF\xEF"), false},
    {MIME_ENCODING_QP, SPAN_INIT("a=3Db=e4=E4"), SPAN_INIT("a=b\xE4\xE4"), false},
    {MIME_ENCODING_QP, SPAN_INIT("soft=\r\nbreak=\nhere"), SPAN_INIT("softbreakhere"), false},
    {MIME_ENCODING_QP, SPAN_INIT("soft= \t \r\nbreak"), SPAN_INIT("softbreak"), false},
    {MIME_ENCODING_QP, SPAN_INIT("trailing  \t\r\nblanks \nx "),
     SPAN_INIT("trailing\r\nblanks\nx"), false},
    {MIME_ENCODING_QP, SPAN_INIT("a  b\tc"), SPAN_INIT("a  b\tc"), false},
    {MIME_ENCODING_QP, SPAN_INIT("a=zz=4"), SPAN_INIT("a=zz=4"), true},
    {MIME_ENCODING_QP, SPAN_INIT("=4g= x"), SPAN_INIT("=4g= x"), true},
    {MIME_ENCODING_QP, SPAN_INIT("end="), SPAN_INIT("end"), false},
    {MIME_ENCODING_QP, SPAN_INIT("a\rb\r\r\nc"), SPAN_INIT("a\rb\r\nc"), false},
    {MIME_ENCODING_QP, SPAN_INIT("raw \xE4"), SPAN_INIT("raw \xE4"), false},
};

static void
test_all_cuts(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t cut = 0; cut <= cases[i].text.len; cut++) {
            struct mime_decoder decoder;
            buf_clear(&out);
            mime_decoder_init(&decoder, cases[i].encoding);
            mime_decoder_put(&decoder, span_head(cases[i].text, cut), &out);
            mime_decoder_put(&decoder, span_tail(cases[i].text, cut), &out);
            mime_decoder_finish(&decoder, &out);
            if (!span_eq(buf_span(&out), cases[i].plain))
                fail_msg("case %zu cut at %zu: %.*s", i, cut, SPAN_FMT(buf_span(&out)));
            assert_int_equal(decoder.damaged, cases[i].damaged);
        }
    }
}

/* Blanks without end take no memory. */
static void
test_many_blanks(void **state)
{
    struct mime_decoder decoder;
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 1u << 20);
    mime_decoder_init(&decoder, MIME_ENCODING_QP);
    for (unsigned i = 0; i < 10 * MIME_DECODER_HOLD; i++)
        mime_decoder_put(&decoder, SPAN(" "), &out);
    mime_decoder_put(&decoder, SPAN("x"), &out);
    mime_decoder_finish(&decoder, &out);
    assert_int_equal(buf_len(&out), 10 * MIME_DECODER_HOLD + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_cuts),
        cmocka_unit_test(test_many_blanks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

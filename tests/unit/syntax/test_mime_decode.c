/* SPDX-License-Identifier: MIT */
/* base64, quoted-printable and line ends, whole and in every pair of pieces. */
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

static const struct {
    struct span text;
    struct span lines;
} line_cases[] = {
    {SPAN_INIT(""), SPAN_INIT("")},
    {SPAN_INIT("a"), SPAN_INIT("a")},
    {SPAN_INIT("\n"), SPAN_INIT("\r\n")},
    {SPAN_INIT("a\nb\n\nc"), SPAN_INIT("a\r\nb\r\n\r\nc")},
    {SPAN_INIT("a\r\nb\nc\r\n"), SPAN_INIT("a\r\nb\r\nc\r\n")},
    {SPAN_INIT("a\rb\r\r\nc\r"), SPAN_INIT("a\rb\r\r\nc\r")},
    {SPAN_INIT("\r\n\n\0\n"), SPAN_INIT("\r\n\r\n\0\r\n")},
};

static void
test_line_ends_at_all_cuts(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(line_cases); i++) {
        for (size_t cut = 0; cut <= line_cases[i].text.len; cut++) {
            struct line_ends ends = {.after_cr = false};
            buf_clear(&out);
            line_ends_put(&ends, span_head(line_cases[i].text, cut), &out);
            line_ends_put(&ends, span_tail(line_cases[i].text, cut), &out);
            if (!span_eq(buf_span(&out), line_cases[i].lines))
                fail_msg("case %zu cut at %zu: %.*s", i, cut, SPAN_FMT(buf_span(&out)));
        }
    }
}

static void
test_line_ends_of_which_parts(void **state)
{
    static const struct {
        enum mime_kind kind;
        enum mime_media media;
        struct span charset;
        bool apply;
    } parts[] = {
        {MIME_LEAF, MIME_MEDIA_TEXT_PLAIN, SPAN_INIT(""), true},
        {MIME_LEAF, MIME_MEDIA_TEXT_HTML, SPAN_INIT("utf-8"), true},
        {MIME_LEAF, MIME_MEDIA_TEXT_OTHER, SPAN_INIT("UTF-7"), true},
        {MIME_LEAF, MIME_MEDIA_CALENDAR, SPAN_INIT("iso-8859-1"), true},
        {MIME_LEAF, MIME_MEDIA_TEXT_PLAIN, SPAN_INIT("UTF-16LE"), false},
        {MIME_LEAF, MIME_MEDIA_TEXT_PLAIN, SPAN_INIT("utf-32"), false},
        {MIME_LEAF, MIME_MEDIA_TEXT_PLAIN, SPAN_INIT("UCS-2"), false},
        {MIME_LEAF, MIME_MEDIA_TEXT_PLAIN, SPAN_INIT("ISO-10646-UCS-4"), false},
        {MIME_LEAF, MIME_MEDIA_OTHER, SPAN_INIT(""), false},
        {MIME_LEAF, MIME_MEDIA_IMAGE, SPAN_INIT(""), false},
        {MIME_MULTIPART, MIME_MEDIA_MULTIPART, SPAN_INIT(""), false},
        {MIME_MESSAGE, MIME_MEDIA_MESSAGE, SPAN_INIT(""), false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const struct mime_part part = {
            .kind = parts[i].kind, .media = parts[i].media, .charset = parts[i].charset};
        if (line_ends_apply(&part) != parts[i].apply)
            fail_msg("part %zu", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_cuts),
        cmocka_unit_test(test_line_ends_at_all_cuts),
        cmocka_unit_test(test_line_ends_of_which_parts),
        cmocka_unit_test(test_many_blanks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

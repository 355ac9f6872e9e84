/* SPDX-License-Identifier: MIT */
/* Which charset a text in HTML names. */
#include "support/cm.h"

#include "base/buf.h"
#include "base/limits.h"
#include "syntax/html_charset.h"

static const struct {
    const char *text;
    const char *charset;
} rows[] = {
    {"", ""},
    {"plain text, charset=koi8-r", ""},
    {"<meta charset=koi8-r>", "koi8-r"},
    {"<html><head><META\nCharSet = \" iso-8859-2 \" /></head>", "iso-8859-2"},
    {"<meta name=x charset='big5'>", "big5"},
    {"<meta/charset=euc-jp>", "euc-jp"},
    {"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">",
     "windows-1251"},
    {"<meta content='text/html;charset = \"koi8-u\"' http-equiv=content-type>", "koi8-u"},
    {"<meta content=\"text/html; charset=koi8-r; x=y\" HTTP-EQUIV=' content-type '>", "koi8-r"},
    {"<meta http-equiv=content-type content=\"charset charset=gbk\">", "gbk"},
    /* of one element, the attribute charset; of two, the first */
    {"<meta http-equiv=content-type content='text/html; charset=big5' charset=koi8-r>",
     "koi8-r"},
    {"<meta charset=big5><meta charset=koi8-r>", "big5"},
    /* not without content-type, and not of another element */
    {"<meta content=\"text/html; charset=koi8-r\">", ""},
    {"<meta http-equiv=refresh content=\"0; charset=koi8-r\">", ""},
    {"<metal charset=koi8-r>", ""},
    {"<p charset=koi8-r>", ""},
    {"<p title='<meta charset=koi8-r>'>", ""},
    {"<!-- <meta charset=koi8-r> --><meta charset=big5>", "big5"},
    {"<!--><meta charset=big5>", "big5"},
    {"<!-- <meta charset=koi8-r>", ""},
    {"<!doctype html><?xml <meta charset=koi8-r?></x y='>'><meta charset=big5>", "big5"},
    {"</ <meta charset=koi8-r>", ""},
    {"1 < 2 <<meta charset=koi8-r>", "koi8-r"},
    {"<script>x = '<meta charset=koi8-r>'</script>", "koi8-r"}, /* as browsers do */
    /* what is meant, or nobody knows */
    {"<meta charset=UTF-16LE>", "utf-8"},
    {"<meta charset=unicode>", "utf-8"},
    {"<meta charset=utf-7>", ""},
    {"<meta charset=utf7><meta charset=koi8-r>", "koi8-r"},
    {"<meta charset=unicode-1-1-utf-7>", "utf-8"},
    {"<meta charset=utf-7-imap>", ""},
    {"<meta charset=ucs2>", ""},
    {"<meta charset=csUnicode>", ""},
    {"<meta charset=iso-10646>", ""},
    {"<meta charset=ibm037>", ""},
    {"<meta charset=iso-2022-jp>", "iso-2022-jp"},
    {"<meta charset=iso-2022-kr>", "iso-2022-kr"},
    {"<meta charset=shift_jis>", "shift_jis"},
    {"<meta charset=gb2312>", "gb2312"},
    {"<meta charset=windows-1252>", "windows-1252"},
    {"<meta charset=x-unheard-of><meta charset=koi8-r>", "koi8-r"},
    {"<meta charset><meta charset=><meta charset=koi8-r>", "koi8-r"},
    {"<meta charset=\"koi8-r", ""},
    {"<meta", ""},
    {"<meta charset", ""},
    {"<", ""},
    {"\xEF\xBB\xBF<meta charset=koi8-r>", "utf-8"},
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* a copy, so that a sanitizer sees what is read behind it */
        const size_t len = strlen(rows[i].text);
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memmove(copy, rows[i].text, len);
        const struct span found = html_charset_find(span_of(copy, len));
        if (!span_eq(found, span_of_str(rows[i].charset)))
            fail_msg("%s: \"%.*s\"", rows[i].text, SPAN_FMT(found));
        free(copy);
    }
}

static void
test_it_stands_near_the_beginning(void **state)
{
    static const struct span meta = SPAN_INIT("<meta charset=koi8-r>");
    static const size_t befores[] = {0, LIMIT_HTML_CHARSET_OCTETS - 21,
                                     LIMIT_HTML_CHARSET_OCTETS - 20, LIMIT_HTML_CHARSET_OCTETS,
                                     (size_t)100 * LIMIT_HTML_CHARSET_OCTETS};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 1 << 20);
        for (size_t k = 0; k < befores[i]; k++)
            buf_put_char(&text, 'x');
        buf_put_span(&text, meta);
        const bool is_there = befores[i] + meta.len <= LIMIT_HTML_CHARSET_OCTETS;
        assert_int_equal(html_charset_find(buf_span(&text)).len > 0, is_there);
    }
}

static void
test_where_it_matters(void **state)
{
    (void)state;
    assert_true(html_charset_matters(SPAN("")));
    assert_true(html_charset_matters(SPAN("US-ASCII")));
    assert_true(html_charset_matters(SPAN(" ascii ")));
    assert_false(html_charset_matters(SPAN("utf-8")));
    assert_false(html_charset_matters(SPAN("iso-8859-1")));
    assert_false(html_charset_matters(SPAN("x-unknown")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_it_stands_near_the_beginning),
        cmocka_unit_test(test_where_it_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

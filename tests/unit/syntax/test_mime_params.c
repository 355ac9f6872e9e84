/* SPDX-License-Identifier: MIT */
/* Content-Type and Content-Disposition values: good, obsolete and broken ones. */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/mail/mime_params.h"

/* word/subword;name=value;... as parsed */
static void
describe(struct buf *out, const struct mime_value *value)
{
    buf_printf(out, "%.*s/%.*s", SPAN_FMT(value->word), SPAN_FMT(value->subword));
    for (size_t i = 0; i < value->param_count; i++)
        buf_printf(out, ";%.*s=%.*s", SPAN_FMT(value->params[i].name),
                   SPAN_FMT(value->params[i].value));
}

static void
test_parse(void **state)
{
    static const char *const cases[][2] = {
        {" text/plain", "text/plain"},
        {" text/plain; charset=us-ascii", "text/plain;charset=us-ascii"},
        {" Text / Plain ; Charset = \"a b\" ; x=y", "Text/Plain;Charset=a b;x=y"},
        {" (c) text/(c)plain (c);(c) a(c)=(c) b (c (n) \\) )", "text/plain;a=b"},
        {" a/b; c=\"d\\\"e\\\\f\"", "a/b;c=d\"e\\f"},
        {" a/b;\r\n c=\"d\r\n e\"", "a/b;c=d e"},
        {" a/b; c=\"open; d=e", "a/b;c=open; d=e"},
        {" a/b; name=My File (1).doc; d=e", "a/b;name=My File (1).doc;d=e"},
        {" a/b; name=report(1)(2).doc (note) (again); d=e", "a/b;name=report(1)(2).doc;d=e"},
        {" a/b; name=x(note)", "a/b;name=x"},
        {" a/b; name=x(note) d=e", "a/b;name=x;d=e"},
        {" a/b; name=smile :(.txt; d=e", "a/b;name=smile :(.txt;d=e"},
        {" a/b; name=x (a (b) c) d (e", "a/b;name=x (a (b) c) d (e"},
        {" a/b; name*=utf-8''a(1).txt; d=e", "a/b;name*=utf-8''a(1).txt;d=e"},
        {" a/b; name=My Long File.doc", "a/b;name=My Long File.doc"},
        {" a/b; charset=x format=flowed", "a/b;charset=x;format=flowed"},
        {" a/b;;; ;c=d;", "a/b;c=d"},
        {" a/b; c; =d; e=", "a/b;e="},
        {" a/b; boundary==_x=/y?z", "a/b;boundary==_x=/y?z"},
        {" attachment; filename=x", "attachment/;filename=x"},
        {"", "/"},
        {" ;", "/"},
        {" \"text/plain\"; a=b", "/;a=b"},
        /* RFC 2231: the examples of section 3 and 4.1, joined as section 6 wants */
        {" a/b; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub\"", "a/b;URL=ftp://cs.utk.edu/pub"},
        {" a/b; t*1*=%2A%2A%2Afun%2A%2A%2A%20; t*0*=us-ascii'en'This%20is; t*2=\"isn't it!\"",
         "a/b;t*=us-ascii'en'This%20is%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!"},
        {" a/b; t*=us-ascii'en-us'This%20is", "a/b;t*=us-ascii'en-us'This%20is"},
        {" a/b; t*0=x; t*2=z; u*1=y", "a/b;t=x;t*2=z;u*1=y"},
        {" a/b; t*0=a; t*1*=%20", "a/b;t*=''a%20"},
    };
    static struct mime_value value;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        assert_int_equal(mime_value_parse(span_of_str(cases[i][0]), &arena, &value), RC_OK);
        describe(&out, &value);
        if (!span_eq_str(buf_span(&out), cases[i][1]))
            fail_msg("%s gives %.*s", cases[i][0], SPAN_FMT(buf_span(&out)));
    }
}

/* One value in every form of RFC 2231 sections 3, 4 and 4.1. */
static void
test_octets(void **state)
{
    static const char *const cases[][2] = {
        {"a/b; p=\"x y'z\"", "x y'z"},
        {"a/b; P=x", "x"},
        {"a/b; p*=us-ascii'en'x%20y%27z", "x y'z"},
        {"a/b; p*=us-ascii''x%20y'z", "x y'z"},
        {"a/b; p*=''x%20y%27z", "x y'z"},
        {"a/b; p*=\"utf-8''%C3%A4\"", "\xC3\xA4"},
        {"a/b; p*=x%20y", "x y"},
        {"a/b; p*=x%2", "x%2"},
        {"a/b; p*=''", ""},
        {"a/b; p*0=\"x y\"; p*1=\"'z\"", "x y'z"},
        {"a/b; p*1=\"'z\";\r\n P*0=\"x y\"", "x y'z"},
        {"a/b; p*0*=us-ascii'en'x%20; p*1*=y%27; p*2=z", "x y'z"},
        {"a/b; p*0*=''x%20; p*1=\"y%20\"; p*2*=%27z", "x y%20'z"},
        {"a/b; p*0=\"x \"; p*1*=y%27z", "x y'z"},
        {"a/b; p*0=x; p*1=y; p=z", "xy"}, /* joined, it is the first of its name */
        {"a/b; p*=''x; p=y", "y"},
    };
    static struct mime_value value;
    AUTO_ARENA arena = {0};
    struct span octets;

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(mime_value_parse(span_of_str(cases[i][0]), &arena, &value), RC_OK);
        assert_int_equal(mime_value_param_octets(&value, "p", &arena, &octets), RC_OK);
        if (octets.ptr == NULL || !span_eq_str(octets, cases[i][1]))
            fail_msg("%s gives %.*s", cases[i][0], SPAN_FMT(octets));
        assert_int_equal(mime_value_param_octets(&value, "q", &arena, &octets), RC_OK);
        assert_null(octets.ptr);
    }
    arena_done(&arena);
    arena_init(&arena, 0);
    assert_int_equal(mime_value_parse(SPAN("a/b; p*=''x"), &arena, &value), RC_OK);
    assert_int_equal(mime_value_param_octets(&value, "p", &arena, &octets), RC_LIMIT);
}

/* Text made to be looked at again and again takes a time that is linear in its length. */
static void
test_linear(void **state)
{
    static const char *const pieces[] = {"(",  ")",  "(a)", "(a) ", "((a)b)",
                                         "x ", "x(", "x=(", "\\"};
    static struct mime_value value;
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, 4u << 20);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        AUTO_ARENA arena = {0};
        arena_init(&arena, 16u << 20);
        buf_clear(&text);
        buf_put_lit(&text, "a/b; name=x");
        while (buf_len(&text) < LIMIT_HEADER_FIELD)
            buf_put_str(&text, pieces[i]);
        assert_int_equal(mime_value_parse(buf_span(&text), &arena, &value), RC_OK);
    }
}

static void
test_utf8(void **state)
{
    static const char *const cases[][2] = {
        {"a; f=plain.txt", "plain.txt"},
        {"a; f*=utf-8''%e2%82%ac%20rates", "\xE2\x82\xAC rates"},
        {"a; f*=iso-8859-1'en'%A3%20rates; f=ignored", "\xC2\xA3 rates"},
        {"a; f*0*=utf-8''%e2%82; f*1*=%ac; f*2=.txt", "\xE2\x82\xAC.txt"},
        {"a; f=\"=?utf-8?q?=E2=82=AC?=.txt\"", "\xE2\x82\xAC.txt"},
        {"a; f=\"\xA3.txt\"", "\xC2\xA3.txt"},
        {"a; f*=broken%zz%4", "broken%zz%4"},
    };
    static struct mime_value value;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        assert_int_equal(mime_value_parse(span_of_str(cases[i][0]), &arena, &value), RC_OK);
        assert_true(mime_value_param_utf8(&value, "f", &out));
        if (!span_eq_str(buf_span(&out), cases[i][1]))
            fail_msg("%s gives %.*s", cases[i][0], SPAN_FMT(buf_span(&out)));
        assert_false(mime_value_param_utf8(&value, "g", &out));
    }
}

static void
test_limits(void **state)
{
    static struct mime_value value;
    AUTO_ARENA arena = {0};
    AUTO_BUF text = {0};

    (void)state;
    arena_init(&arena, 64);
    buf_init(&text, 1u << 20);
    buf_put_lit(&text, "a/b");
    for (unsigned i = 0; i < LIMIT_MIME_PARAMS; i++)
        buf_printf(&text, "; p%u=v", i);
    assert_int_equal(mime_value_parse(buf_span(&text), &arena, &value), RC_OK);
    assert_int_equal(value.param_count, LIMIT_MIME_PARAMS);
    buf_put_lit(&text, "; one=more; and=more");
    assert_int_equal(mime_value_parse(buf_span(&text), &arena, &value), RC_OK);
    assert_int_equal(value.param_count, LIMIT_MIME_PARAMS);
    assert_int_equal(mime_value_parse(SPAN("a; b*0=cccccccccccccccccccccccccccccccc; b*1=d"),
                                      &arena, &value),
                     RC_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_octets),
        cmocka_unit_test(test_linear), cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

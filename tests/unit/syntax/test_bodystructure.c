/* SPDX-License-Identifier: MIT */
/* BODYSTRUCTURE and BODY to the letter. */
#include "support/cm.h"

#include "base/limits.h"
#include "base/rng.h"
#include "support/imap_check.h"
#include "syntax/mail/adapt.h"
#include "syntax/mail/bodystructure.h"

/* As clients of both versions of IMAP get it. */
static void
check(const struct buf *stored, enum check_form form)
{
    AUTO_BUF told = {0};

    buf_init(&told, 4 * LIMIT_BODYSTRUCTURE);
    assert_int_equal(adapt_body(&told, buf_span(stored), ADAPT_GLOBAL_CLOSED), RC_OK);
    assert_true(imap_check_body(buf_span(&told), form, CHECK_GLOBAL_LEAF, NULL, NULL));
    buf_clear(&told);
    assert_int_equal(adapt_body(&told, buf_span(stored), ADAPT_GLOBAL_OPEN), RC_OK);
    assert_true(imap_check_body(buf_span(&told), form, CHECK_GLOBAL_MESSAGE, NULL, NULL));
}

static void
render(struct span message, struct buf *full, struct buf *basic)
{
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 64u << 20);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    buf_clear(full);
    bodystructure_put(full, message, root);
    assert_true(buf_ok(full));
    check(full, CHECK_BODYSTRUCTURE);
    buf_clear(basic);
    assert_int_equal(bodystructure_put_basic(basic, buf_span(full)), RC_OK);
    check(basic, CHECK_BODY);
}

static const struct {
    const char *message, *bodystructure, *body;
} cases[] = {
    {"Subject: x\r\n\r\nline\r\nline\r\n",
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 12 2 NIL NIL NIL NIL)",
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 12 2)"},
    {"Content-Type: TEXT/HTML; Charset=UTF-8; Format=x\r\nContent-Transfer-Encoding: 8BIT\r\n"
     "Content-ID: <i@d>\r\nContent-Description: d\xE4\r\nContent-MD5: m==\r\n"
     "Content-Disposition: Attachment; filename*0=a; filename*1=\"b c\"\r\n"
     "Content-Language: de, en (x)\r\nContent-Location: u\r\n\r\n",
     "(\"text\" \"html\" (\"charset\" \"UTF-8\" \"format\" \"x\") \"<i@d>\" {2}\r\nd\xE4 "
     "\"8bit\" 0 0 "
     "\"m==\" (\"attachment\" (\"filename\" \"ab c\")) (\"de\" \"en\") \"u\")",
     "(\"text\" \"html\" (\"charset\" \"UTF-8\" \"format\" \"x\") \"<i@d>\" {2}\r\nd\xE4 "
     "\"8bit\" 0 0)"},
    {"Content-Type: image/png\r\nContent-Transfer-Encoding: X-Foo\r\n"
     "Content-Disposition: inline\r\n\r\nabc",
     "(\"image\" \"png\" NIL NIL NIL \"x-foo\" 3 NIL (\"inline\" NIL) NIL NIL)",
     "(\"image\" \"png\" NIL NIL NIL \"x-foo\" 3)"},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"
     "Content-Type: application/x; name=\"(\\\"\"\r\n\r\n\r\n--b--\r\n",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0 NIL NIL NIL NIL)"
     "(\"application\" \"x\" (\"name\" \"(\\\"\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL) "
     "\"mixed\" (\"boundary\" \"b\") NIL NIL NIL)",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0)"
     "(\"application\" \"x\" (\"name\" \"(\\\"\") NIL NIL \"7bit\" 0) \"mixed\")"},
    {"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
     "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 18 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL) "
     "3 NIL NIL NIL NIL)",
     "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 18 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1) 3)"},
    /* RFC 9051 section 9; who expects nothing in it gets another text (adapt.h). */
    {"Content-Type: message/global\r\n\r\nSubject: in\r\n\r\nx\r\n",
     "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL) "
     "3 NIL NIL NIL NIL)",
     "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1) 3)"},
    {"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n"
     "Content-MD5: m==\r\n\r\nU3ViamVjdDogeA==\r\n",
     "(\"message\" \"global\" NIL NIL NIL \"base64\" 18 \"m==\" NIL NIL NIL)",
     "(\"message\" \"global\" NIL NIL NIL \"base64\" 18)"},
    {"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n",
     "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 23 NIL NIL NIL NIL)",
     "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 23)"},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
     "Content-Type: message/global\r\n\r\nContent-Type: multipart/x; boundary=c\r\n\r\n"
     "--c\r\n\r\n1\r\n--c--\r\n--b\r\nContent-Type: message/external-body;"
     " access-type=URL; URL*0=\"ftp://\"; URL*1=x\r\n\r\nContent-Type: image/png\r\n--b--\r\n",
     "((\"message\" \"global\" NIL NIL NIL \"7bit\" 56 "
     "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) "
     "\"x\" (\"boundary\" \"c\") NIL NIL NIL) 5 NIL NIL NIL NIL)"
     "(\"message\" \"external-body\" (\"access-type\" \"URL\" \"url\" \"ftp://x\") NIL NIL "
     "\"7bit\" 23 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)",
     "((\"message\" \"global\" NIL NIL NIL \"7bit\" 56 "
     "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"x\") 5)"
     "(\"message\" \"external-body\" (\"access-type\" \"URL\" \"url\" \"ftp://x\") NIL NIL "
     "\"7bit\" 23) \"mixed\")"},
    /* RFC 2231: continuations are joined; a charset is shown where clients look for it. */
    {"Content-Type: text/plain; charset*=''utf-8; x*=utf-8'en'%41\r\n"
     "Content-Disposition: attachment; filename*0*=utf-8''%e2; filename*1=\"a b\"\r\n\r\n",
     "(\"text\" \"plain\" (\"charset\" \"utf-8\" \"x*\" \"utf-8'en'%41\") NIL NIL \"7bit\" 0 0 "
     "NIL (\"attachment\" (\"filename*\" \"utf-8''%e2a%20b\")) NIL NIL)",
     "(\"text\" \"plain\" (\"charset\" \"utf-8\" \"x*\" \"utf-8'en'%41\") NIL NIL \"7bit\" 0 "
     "0)"},
    {"Content-Type: multipart/mixed; boundary*0*=us-ascii''a; boundary*1*=%20b\r\n\r\n"
     "--a b\r\n\r\nhi\r\n--a b--\r\n",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0 NIL NIL NIL NIL) "
     "\"mixed\" (\"boundary*\" \"us-ascii''a%20b\") NIL NIL NIL)",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0) \"mixed\")"},
    /* no delimiter: one part, all of the body */
    {"Content-Type: multipart/mixed\r\n\r\nab\r\n",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL) "
     "\"mixed\" NIL NIL NIL NIL)",
     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1) \"mixed\")"},
};

static void
test_cases(void **state)
{
    AUTO_BUF full = {0};
    AUTO_BUF basic = {0};

    (void)state;
    buf_init(&full, LIMIT_BODYSTRUCTURE);
    buf_init(&basic, LIMIT_BODYSTRUCTURE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        render(span_of_str(cases[i].message), &full, &basic);
        if (!span_eq_str(buf_span(&full), cases[i].bodystructure))
            fail_msg("%s\ngives %.*s\nnot   %s", cases[i].message, SPAN_FMT(buf_span(&full)),
                     cases[i].bodystructure);
        if (!span_eq_str(buf_span(&basic), cases[i].body))
            fail_msg("%s\ngives %.*s\nnot   %s", cases[i].message, SPAN_FMT(buf_span(&basic)),
                     cases[i].body);
    }
}

/* Many parts with much to say: the limit is kept, the text stays legal. */
static void
test_limit(void **state)
{
    AUTO_BUF message = {0};
    AUTO_BUF full = {0};
    AUTO_BUF basic = {0};

    (void)state;
    buf_init(&message, 64u << 20);
    buf_init(&full, LIMIT_BODYSTRUCTURE);
    buf_init(&basic, LIMIT_BODYSTRUCTURE);
    buf_put_lit(&message, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < LIMIT_MIME_PARTS + 10; i++) {
        buf_printf(&message, "--b\r\nContent-Type: message/rfc822; name=\"%0900u\"\r\n\r\n", i);
        buf_printf(&message, "Content-Type: multipart/x; y=%0900u\r\nTo: \"%0900u\"\r\n\r\n", i,
                   i);
    }
    render(buf_span(&message), &full, &basic);
}

/* What was stored when message/global was rendered without an envelope is taken apart too. */
static void
test_stored_before(void **state)
{
    static const char stored[] =
        "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 NIL NIL NIL NIL)";
    AUTO_BUF basic = {0};

    (void)state;
    buf_init(&basic, LIMIT_BODYSTRUCTURE);
    assert_int_equal(bodystructure_put_basic(&basic, span_of_str(stored)), RC_OK);
    assert_true(
        span_eq_str(buf_span(&basic), "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18)"));
}

/* Only our own rendering is taken apart. */
static void
test_corrupt(void **state)
{
    static const char *const bad[] = {"",    "(",       "()",       "((", "(\"a\" \"b\")",
                                      "NIL", "(\"text", "({9}\r\nx"};
    AUTO_BUF full = {0};
    AUTO_BUF basic = {0};

    (void)state;
    buf_init(&full, LIMIT_BODYSTRUCTURE);
    buf_init(&basic, LIMIT_BODYSTRUCTURE);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(bodystructure_put_basic(&basic, span_of_str(bad[i])), RC_CORRUPT);
    assert_int_equal(buf_len(&basic), 0);
    render(span_of_str(cases[1].message), &full, &basic);
    buf_clear(&basic);
    for (size_t len = 0; len < buf_len(&full); len++)
        assert_int_equal(bodystructure_put_basic(&basic, span_head(buf_span(&full), len)),
                         RC_CORRUPT);
    buf_clear(&full);
    for (unsigned i = 0; i < 100000; i++)
        buf_put_char(&full, '(');
    assert_int_equal(bodystructure_put_basic(&basic, buf_span(&full)), RC_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_stored_before),
        cmocka_unit_test(test_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

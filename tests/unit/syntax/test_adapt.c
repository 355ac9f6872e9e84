/* SPDX-License-Identifier: MIT */
/* What clients get that read nothing but ASCII, and nothing inside message/global. */
#include "support/cm.h"

#include "base/limits.h"
#include "support/imap_check.h"
#include "syntax/mail/adapt.h"
#include "syntax/mail/bodystructure.h"
#include "syntax/mail/envelope.h"

#define UE "\xC3\xBC"

static void
expect(const char *what, const struct buf *out, const char *want)
{
    if (!span_eq_str(buf_span(out), want))
        fail_msg("%s\ngives %.*s\nnot   %s", what, SPAN_FMT(buf_span(out)), want);
}

/* RFC 6858 section 2. */
static void
test_envelope(void **state)
{
    static const char *const cases[][2] = {
        {"Subject: f" UE "nf und vier\r\nDate: 1 Jan 2026 00:00:00 +0000\r\n",
         "(\"1 Jan 2026 00:00:00 +0000\" \"=?utf-8?q?f=C3=BCnf?= und vier\" NIL NIL NIL NIL "
         "NIL "
         "NIL NIL NIL)"},
        /* only the name */
        {"To: J" UE "rgen <j@example.net>, \"b, \\\"c\\\"\" <d@e>\r\n",
         "(NIL NIL NIL NIL NIL ((\"=?utf-8?q?J=C3=BCrgen?=\" NIL \"j\" \"example.net\")"
         "(\"b, \\\"c\\\"\" NIL \"d\" \"e\")) NIL NIL NIL NIL)"},
        /* the mailbox, the domain, with a name and without */
        {"To: x <j" UE "@example.net>\r\nCc: a@b" UE ".example\r\n",
         "(NIL NIL NIL NIL NIL "
         "((\"x =?utf-8?q?=3Cj=C3=BC=40example=2Enet=3E?=\" NIL \"invalid\" "
         "\"internationalized-address.invalid\")) "
         "((\"=?utf-8?q?a=40b=C3=BC=2Eexample?=\" NIL \"invalid\" "
         "\"internationalized-address.invalid\")) NIL NIL NIL)"},
        /* a name with an encoded word in it, and one with quotes */
        {"Bcc: =?utf-8?q?=C3=A4?= <" UE "@x>, \"a \\\" b\" <" UE "@x>\r\n",
         "(NIL NIL NIL NIL NIL NIL NIL "
         "((\"=?utf-8?b?w6QgPMO8QHg+?=\" NIL \"invalid\" "
         "\"internationalized-address.invalid\")"
         "(\"a \\\" b =?utf-8?b?PMO8QHg+?=\" NIL \"invalid\" "
         "\"internationalized-address.invalid\")) NIL NIL)"},
        /* a group */
        {"To: Gr" UE "ppe: a@b;\r\n",
         "(NIL NIL NIL NIL NIL ((NIL NIL \"=?utf-8?q?Gr=C3=BCppe?=\" NIL)"
         "(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)"},
        {"Message-ID: <" UE "@x>\r\nIn-Reply-To: <a@b> " UE "\r\n",
         "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"},
        /* not UTF-8: as it is */
        {"Subject: f\xFC\r\nTo: \xFC@x, " UE " <\xFC@x>\r\n",
         "(NIL {2}\r\nf\xFC NIL NIL NIL ((NIL NIL {1}\r\n\xFC \"x\")"
         "(\"=?utf-8?b?w7w=?=\" NIL {1}\r\n\xFC \"x\")) NIL NIL NIL NIL)"},
    };
    AUTO_BUF stored = {0};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&stored, LIMIT_ENVELOPE);
    buf_init(&out, LIMIT_ENVELOPE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&stored);
        buf_clear(&out);
        envelope_put(&stored, span_of_str(cases[i][0]));
        assert_true(adapt_is_due(buf_span(&stored), ADAPT_TO_ASCII));
        assert_int_equal(adapt_envelope(&out, buf_span(&stored), ADAPT_TO_ASCII), RC_OK);
        expect(cases[i][0], &out, cases[i][1]);
        assert_true(imap_check_envelope(buf_span(&out)));
        buf_clear(&out);
        assert_int_equal(adapt_envelope(&out, buf_span(&stored), ADAPT_NOTHING), RC_OK);
        assert_true(span_eq(buf_span(&out), buf_span(&stored)));
    }
}

static void
put(struct buf *stored, const char *message)
{
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    buf_clear(stored);
    assert_int_equal(mime_scan(span_of_str(message), &arena, &root), RC_OK);
    bodystructure_put(stored, span_of_str(message), root);
    assert_true(buf_ok(stored));
}

static void
test_body(void **state)
{
    static const char *const cases[][2] = {
        {"Content-Type: text/plain; name=\"" UE ".txt\"\r\nContent-Description: " UE "\r\n"
         "Content-ID: <" UE ">\r\nContent-Location: " UE "\r\n"
         "Content-Disposition: attachment; filename=\"" UE " 1.txt\"\r\n\r\n",
         "(\"text\" \"plain\" (\"name*\" \"utf-8''%C3%BC.txt\" \"charset\" \"us-ascii\") NIL "
         "\"=?utf-8?b?w7w=?=\" \"7bit\" 0 0 NIL (\"attachment\" (\"filename*\" "
         "\"utf-8''%C3%BC%201.txt\")) NIL \"=?utf-8?b?w7w=?=\")"},
        /* both forms are there: each stays what it is */
        {"Content-Type: image/png; name=" UE "; name*=utf-8''%C3%BC; x*=utf-8''" UE "\r\n\r\n",
         "(\"image\" \"png\" (\"name\" \"=?utf-8?b?w7w=?=\" \"name*\" \"utf-8''%C3%BC\" "
         "\"x*\" \"utf-8''%C3%BC\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)"},
        /* a name that no parameter can have */
        {"Content-Type: image/png; " UE "=1; " UE "x=" UE "\r\n\r\n",
         "(\"image\" \"png\" (\"=?utf-8?b?w7w=?=\" \"1\" \"=?utf-8?b?w7x4?=\" "
         "\"=?utf-8?b?w7w=?=\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)"},
        {"Content-Type: multipart/mixed; boundary=b; x=" UE "\r\n\r\n--b\r\n"
         "Content-Type: message/rfc822\r\n\r\nSubject: " UE "\r\n\r\n\r\n--b--\r\n",
         "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"=?utf-8?b?w7w=?=\" NIL NIL "
         "NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
         "\"7bit\" 0 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\" "
         "\"x*\" "
         "\"utf-8''%C3%BC\") NIL NIL NIL)"},
    };
    AUTO_BUF stored = {0};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&stored, LIMIT_BODYSTRUCTURE);
    buf_init(&out, LIMIT_BODYSTRUCTURE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put(&stored, cases[i][0]);
        buf_clear(&out);
        assert_int_equal(adapt_body(&out, buf_span(&stored), ADAPT_TO_ASCII), RC_OK);
        expect(cases[i][0], &out, cases[i][1]);
    }
}

/* RFC 3501 section 9 and RFC 9051 section 9: body-type-msg. */
static void
test_global(void **state)
{
    static const char open[] = "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 (NIL \"in\" "
                               "NIL NIL NIL NIL NIL NIL NIL "
                               "NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
                               "\"7bit\" 3 1 NIL NIL NIL NIL)"
                               " 3 NIL NIL NIL NIL)";
    static const char closed[] =
        "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 NIL NIL NIL NIL)";
    static const char stand_in[] =
        "(\"message\" \"global\" NIL NIL NIL \"7bit\" 18 (NIL NIL NIL NIL NIL NIL NIL NIL NIL "
        "NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL "
        "NIL NIL) 0 NIL NIL NIL NIL)";
    static const struct {
        const char *stored, *told;
        unsigned how;
    } cases[] = {
        {open, open, ADAPT_GLOBAL_OPEN},
        {open, closed, ADAPT_GLOBAL_CLOSED},
        {open, closed, ADAPT_GLOBAL_CLOSED | ADAPT_TO_ASCII},
        {closed, closed, ADAPT_GLOBAL_CLOSED},
        {closed, stand_in, ADAPT_GLOBAL_OPEN},
    };
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, LIMIT_BODYSTRUCTURE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        assert_true(adapt_is_due(span_of_str(cases[i].stored), cases[i].how));
        assert_int_equal(adapt_body(&out, span_of_str(cases[i].stored), cases[i].how), RC_OK);
        expect(cases[i].stored, &out, cases[i].told);
    }
    assert_false(
        adapt_is_due(SPAN("(\"text\" \"plain\")"), ADAPT_GLOBAL_OPEN | ADAPT_TO_ASCII));
}

/* What is cut anywhere is refused, and nothing is written. */
static void
test_corrupt(void **state)
{
    static const char message[] =
        "Content-Type: multipart/mixed; boundary=b; x=" UE "\r\n\r\n--b\r\n"
        "Content-Type: message/global\r\n\r\nSubject: " UE "\r\nTo: " UE "@x\r\n\r\n--b--\r\n";
    AUTO_BUF stored = {0};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&stored, LIMIT_BODYSTRUCTURE);
    buf_init(&out, LIMIT_BODYSTRUCTURE);
    put(&stored, message);
    buf_put_lit(&out, "before");
    for (size_t len = 0; len < buf_len(&stored); len++)
        assert_int_equal(adapt_body(&out, span_head(buf_span(&stored), len),
                                    ADAPT_TO_ASCII | ADAPT_GLOBAL_CLOSED),
                         RC_CORRUPT);
    expect("what was there", &out, "before");
    buf_clear(&stored);
    envelope_put(&stored, SPAN("To: " UE "@x\r\n"));
    for (size_t len = 0; len < buf_len(&stored); len++)
        assert_int_equal(
            adapt_envelope(&out, span_head(buf_span(&stored), len), ADAPT_TO_ASCII),
            RC_CORRUPT);
    buf_clear(&stored);
    for (unsigned i = 0; i < 100000; i++)
        buf_put_char(&stored, '(');
    assert_int_equal(adapt_body(&out, buf_span(&stored), ADAPT_TO_ASCII), RC_CORRUPT);
}

/* Many addresses that become four times as long, at the limit and beyond it. */
static void
test_limit(void **state)
{
    static const char address[] = "(NIL NIL {2}\r\n" UE " \"\")";
    AUTO_BUF stored = {0};
    AUTO_BUF out = {0};

    (void)state;
    static const size_t sizes[] = {LIMIT_ADAPTED, LIMIT_ADAPTED + 1, 20 * LIMIT_ADAPTED};
    buf_init(&stored, 20 * LIMIT_ADAPTED);
    buf_init(&out, 20 * LIMIT_ADAPTED);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const size_t octets = sizes[i];
        buf_clear(&stored);
        buf_clear(&out);
        buf_put_lit(&stored, "(NIL NIL (");
        while (buf_len(&stored) + 200 < octets)
            buf_put_str(&stored, address);
        buf_put_lit(&stored, ") NIL NIL NIL NIL NIL NIL \"");
        while (buf_len(&stored) + 2 < octets)
            buf_put_char(&stored, 'x');
        buf_put_lit(&stored, "\")");
        assert_int_equal(buf_len(&stored), octets);
        assert_int_equal(adapt_is_due(buf_span(&stored), ADAPT_TO_ASCII),
                         octets == LIMIT_ADAPTED);
        assert_int_equal(adapt_envelope(&out, buf_span(&stored), ADAPT_TO_ASCII), RC_OK);
        assert_true(buf_ok(&out));
        assert_int_equal(span_eq(buf_span(&out), buf_span(&stored)), octets > LIMIT_ADAPTED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope), cmocka_unit_test(test_body),
        cmocka_unit_test(test_global),   cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

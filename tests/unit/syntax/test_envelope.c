/* SPDX-License-Identifier: MIT */
/* ENVELOPE to the letter. */
#include "support/cm.h"

#include "base/limits.h"
#include "support/imap_check.h"
#include "syntax/mail/envelope.h"

static const char *const cases[][2] = {
    /* RFC 3501 section 8 */
    {"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
     "From: Terry Gray <gray@cac.washington.edu>\r\n"
     "Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
     "To: imap@cac.washington.edu\r\n"
     "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
     "Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
     "MIME-Version: 1.0\r\n\r\n",
     "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((NIL NIL \"imap\" \"cac.washington.edu\")) "
     "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
     "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
     "\"<B27397-0100000@cac.washington.edu>\")"},
    {"", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject:\r\nFrom:\r\nSender: a@b\r\nMessage-ID: \r\n",
     "(NIL \"\" NIL ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL \"\")"},
    /* text that a quoted string cannot hold as it is */
    {"Subject: say \"hi\" \\ \r\n\tfolded\r\n",
     "(NIL \"say \\\"hi\\\" \\\\ \tfolded\" NIL NIL NIL NIL "
     "NIL NIL NIL NIL)"},
    {"Subject: h\xE9\r\n\xE9\r\n", "(NIL {3}\r\nh\xE9\xE9 NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject: =?utf-8?q?a?=\r\n", "(NIL \"=?utf-8?q?a?=\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
    /* groups, routes, a naked local part */
    {"To: g: a@b, c;, <@r,@s:d@e>, Joe\r\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"\")"
     "(NIL NIL NIL NIL)(NIL \"@r,@s\" \"d\" \"e\")(NIL NIL \"Joe\" \"\")) NIL NIL NIL NIL)"},
    {"To: undisclosed-recipients:;\r\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"undisclosed-recipients\" NIL)"
     "(NIL NIL NIL NIL)) NIL NIL NIL NIL)"},
    {"To: undisclosed-recipients:(none named);\r\nCc: (nobody)\r\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"undisclosed-recipients\" NIL)"
     "(NIL NIL NIL NIL)) NIL NIL NIL NIL)"},
    /* what stands before the first field */
    {"\xEF\xBB\xBFSubject: a\r\nTo: b@c\r\n",
     "(NIL \"a\" NIL NIL NIL ((NIL NIL \"b\" \"c\")) NIL NIL NIL NIL)"},
    {" junk\r\nSubject: a\r\nGr\xC3\xB6\xC3\x9F\x65: x\r\nTo: b@c\r\n",
     "(NIL \"a\" NIL NIL NIL ((NIL NIL \"b\" \"c\")) NIL NIL NIL NIL)"},
    /* fields that come twice */
    {"To: a@b\r\nSubject: one\r\nTo: c@d\r\nSubject: two\r\n",
     "(NIL \"one\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)"},
    {"To: g: a@b\r\nTo: c@d\r\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)"
     "(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)"},
};

static void
test_cases(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        envelope_put(&out, span_of_str(cases[i][0]));
        if (!span_eq_str(buf_span(&out), cases[i][1]))
            fail_msg("%s\ngives %.*s\nnot   %s", cases[i][0], SPAN_FMT(buf_span(&out)),
                     cases[i][1]);
        assert_true(imap_check_envelope(buf_span(&out)));
    }
}

static void
test_nul(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 65536);
    envelope_put(&out, SPAN("Subject: a\0b\r\nFrom: \"c\0d\" <e\0f@g>\r\n"));
    assert_null(memchr(buf_span(&out).ptr, '\0', buf_len(&out)));
    assert_true(imap_check_envelope(buf_span(&out)));
}

/* Whatever the size of the header, the envelope keeps its limit and stays legal. */
static void
test_limit(void **state)
{
    static const char *const pieces[] = {"a@b, ", "\"", "g: \\\" <x@y>;", "\xE9 ", "x"};
    AUTO_BUF header = {0};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&header, 64u << 20);
    buf_init(&out, LIMIT_ENVELOPE);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        static const char *const fields[] = {
            "Subject: ", "\r\nFrom: ", "\r\nTo: ",        "\r\nCc: ",
            "\r\nBcc: ", "\r\nDate: ", "\r\nMessage-ID: "};
        buf_clear(&header);
        for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
            const size_t start = buf_len(&header);
            buf_put_str(&header, fields[f]);
            while (buf_len(&header) - start < LIMIT_HEADER_FIELD)
                buf_put_str(&header, pieces[i]);
        }
        buf_clear(&out);
        envelope_put(&out, buf_span(&header));
        assert_true(buf_ok(&out));
        if (!imap_check_envelope(buf_span(&out)))
            fail_msg("%s: %.200s", pieces[i], buf_span(&out).ptr);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

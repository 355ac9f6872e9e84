/* SPDX-License-Identifier: MIT */
/* Questions to the policy service: what is kept, what is passed over, what is refused. */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "syntax/policy.h"

static struct policy_question
ask(const char *lines)
{
    struct policy_question question = {.lines = 0};

    for (struct span rest = span_of_str(lines); rest.len > 0;) {
        const size_t len = (size_t)span_find_char(rest, '\n');
        assert_int_equal(policy_line(&question, span_head(rest, len)), RC_OK);
        rest = span_tail(rest, len + 1);
    }
    return question;
}

/* As Postfix 3.7 asks at RCPT. */
static void
test_a_question(void **state)
{
    const struct policy_question question = ask("request=smtpd_access_policy\n"
                                                "protocol_state=RCPT\n"
                                                "protocol_name=ESMTP\n"
                                                "client_address=192.0.2.1\n"
                                                "sender=a@example.org\n"
                                                "recipient=anna+x=y@example.org\n"
                                                "recipient_count=0\n"
                                                "queue_id=\n"
                                                "size=12345\n"
                                                "stress=\n");

    (void)state;
    assert_true(question.is_access);
    assert_true(span_eq_str(policy_recipient(&question), "anna+x=y@example.org"));
    assert_int_equal(question.size, 12345);
}

static void
test_odd_values(void **state)
{
    char text[LMTP_PATH_MAX + 100];

    (void)state;
    assert_false(ask("request=something_else\n").is_access);
    assert_int_equal(ask("size=\n").size, 0);
    assert_int_equal(ask("size=-1\n").size, 0);
    assert_int_equal(ask("size=18446744073709551616\n").size, UINT64_MAX);
    assert_int_equal(ask("size=18446744073709551616x\n").size, 0);
    assert_int_equal(ask("size=1\nsize=18446744073709551615\n").size, UINT64_MAX);
    assert_int_equal(ask("recipient=a\nrecipient=\n").recipient_octets, 0);
    for (size_t over = 0; over <= 1; over++) {
        const int len =
            snprintf(text, sizeof text, "recipient=%0*d\n", (int)(LMTP_PATH_MAX + over), 0);
        assert_int_equal(len, LMTP_PATH_MAX + over + 11);
        assert_int_equal(ask(text).recipient_octets, over == 0 ? LMTP_PATH_MAX : 0);
    }
}

static void
test_what_is_no_question(void **state)
{
    struct policy_question question = {.lines = 0};

    (void)state;
    assert_int_equal(policy_line(&question, SPAN("GET / HTTP/1.1")), RC_INVALID);
    assert_int_equal(policy_line(&question, SPAN("=value")), RC_INVALID);
    assert_int_equal(policy_line(&question, SPAN("=")), RC_INVALID);
    for (unsigned i = 0; i < LIMIT_POLICY_LINES; i++)
        assert_int_equal(policy_line(&question, SPAN("a=")), RC_OK);
    assert_int_equal(policy_line(&question, SPAN("a=")), RC_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_question),
        cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_what_is_no_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

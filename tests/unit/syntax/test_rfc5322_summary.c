/* SPDX-License-Identifier: MIT */
/* Identity and ancestry of a message. */
#include "support/cm.h"

#include "base/buf.h"
#include "syntax/mail/rfc5322_summary.h"

static void
test_summary(void **state)
{
    const struct span header =
        SPAN("Subject: hello\r\nFrom: a@b\r\nSubject: again\r\n"
             "Message-ID:\r\n <one@example.org> (junk)\r\n"
             "In-Reply-To: Your message of \"Mon\" <two@example.org>\r\n"
             "References: <r1@x> <r2@x>\r\n\t<\"r 3\"@x>broken< r4@x ><><\r\n"
             "Date: 1 Jan 1970 00:01 +0000\r\n\r\n");
    static const char *const references[] = {"r1@x", "r2@x", "r3@x", "r4@x"};
    struct rfc5322_summary summary;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(rfc5322_summary(header, &arena, &summary), RC_OK);
    assert_true(span_eq_str(summary.message_id, "one@example.org"));
    assert_true(span_eq_str(summary.in_reply_to, "two@example.org"));
    assert_int_equal(summary.reference_count, ARRAY_LEN(references));
    for (size_t i = 0; i < ARRAY_LEN(references); i++)
        assert_true(span_eq_str(summary.references[i], references[i]));
    assert_true(summary.has_date);
    assert_int_equal(summary.date.epoch_s, 60);
    assert_true(span_eq_str(summary.subject, " hello"));
    assert_null(summary.cc.ptr);
}

static void
test_nothing(void **state)
{
    struct rfc5322_summary summary;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(rfc5322_summary(SPAN(""), &arena, &summary), RC_OK);
    assert_int_equal(summary.message_id.len, 0);
    assert_int_equal(summary.reference_count, 0);
    assert_false(summary.has_date);
    assert_int_equal(rfc5322_summary(SPAN("Message-ID: bare@id\r\nIn-Reply-To: two words\r\n"),
                                     &arena, &summary),
                     RC_OK);
    assert_true(span_eq_str(summary.message_id, "bare@id"));
    assert_int_equal(summary.in_reply_to.len, 0);
}

/* Of too many references the first and the last are kept. */
static void
test_reference_limit(void **state)
{
    struct rfc5322_summary summary;
    AUTO_ARENA arena = {0};
    AUTO_BUF header = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&header, 1u << 20);
    buf_put_lit(&header, "References:");
    for (unsigned i = 0; i <= RFC5322_REFERENCES_MAX; i++)
        buf_printf(&header, " <%u@x>", i);
    assert_int_equal(rfc5322_summary(buf_span(&header), &arena, &summary), RC_OK);
    assert_int_equal(summary.reference_count, RFC5322_REFERENCES_MAX);
    assert_true(span_eq_str(summary.references[0], "0@x"));
    assert_true(span_eq_str(summary.references[1], "2@x"));
    assert_true(span_eq_str(summary.references[RFC5322_REFERENCES_MAX - 1], "200@x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_reference_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

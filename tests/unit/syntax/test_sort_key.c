/* SPDX-License-Identifier: MIT */
/* Sort keys of addresses and subjects, and their limit. */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/mail/sort_key.h"

static const struct {
    const char *value;
    const char *mailbox;
    const char *display;
} addresses[] = {
    {"", "", ""},
    {"anna@example.org", "ANNA", "ANNA@EXAMPLE.ORG"},
    {"Anna Berg <anna@example.org>, bob@example.org", "ANNA", "ANNA BERG"},
    {"\"Berg, Anna\" <anna@example.org>", "ANNA", "BERG, ANNA"},
    {"=?utf-8?q?=C3=84nne?= <anna@example.org>", "ANNA", "A\xCC\x88NNE"},
    {"=?utf-8?q?\?= <anna@example.org>", "ANNA", "ANNA@EXAMPLE.ORG"}, /* decodes to nothing */
    {"anna@example.org (Anna Berg)", "ANNA", "ANNA BERG"},
    {"\"an na\"@example.org", "AN NA", "AN NA@EXAMPLE.ORG"},
    {"anna", "ANNA", "ANNA"},
    {"Friends: bob@example.org, carl@example.org;", "FRIENDS", "FRIENDS"},
    {"undisclosed-recipients:;", "UNDISCLOSED-RECIPIENTS", "UNDISCLOSED-RECIPIENTS"},
    {"<>", "", ""},
};

static void
test_addresses(void **state)
{
    static struct sort_keyer keyer;
    AUTO_BUF out = {0};

    (void)state;
    sort_keyer_init(&keyer);
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        const struct span value = span_of_str(addresses[i].value);
        buf_clear(&out);
        const size_t len = sort_key_address(&keyer, value, &out);
        const struct span mailbox = span_head(buf_span(&out), len);
        const struct span display = span_tail(buf_span(&out), len);
        if (!span_eq_str(mailbox, addresses[i].mailbox))
            fail_msg("%s: mailbox %.*s", addresses[i].value, SPAN_FMT(mailbox));
        if (!span_eq_str(display, addresses[i].display))
            fail_msg("%s: display %.*s", addresses[i].value, SPAN_FMT(display));
    }
    sort_keyer_done(&keyer);
}

static void
test_subjects(void **state)
{
    static struct sort_keyer keyer;
    AUTO_BUF out = {0};

    (void)state;
    sort_keyer_init(&keyer);
    buf_init(&out, 4096);
    assert_true(sort_key_subject(&keyer, SPAN("Re: Gr\xC3\xBC"), &out));
    assert_true(span_eq_str(buf_span(&out), "GRU\xCC\x88"));
    buf_clear(&out);
    assert_false(sort_key_subject(&keyer, SPAN("hello [there]"), &out));
    assert_true(span_eq_str(buf_span(&out), "HELLO [THERE]"));
    sort_keyer_done(&keyer);
}

/* Texts that are the same up to LIMIT_SORT_KEY have the same key, whatever they grow to. */
static void
test_limit(void **state)
{
    static struct sort_keyer keyer;
    AUTO_BUF text = {0};
    AUTO_BUF at = {0};
    AUTO_BUF beyond = {0};

    (void)state;
    sort_keyer_init(&keyer);
    buf_init(&text, 2 * LIMIT_HEADER_FIELD);
    buf_init(&at, 4096);
    buf_init(&beyond, 4096);
    while (buf_len(&text) < LIMIT_SORT_KEY)
        buf_put_char(&text, 'A');
    (void)sort_key_subject(&keyer, buf_span(&text), &at);
    assert_int_equal(buf_len(&at), LIMIT_SORT_KEY);
    buf_put_char(&text, 'A');
    (void)sort_key_subject(&keyer, buf_span(&text), &beyond);
    assert_true(span_eq(buf_span(&at), buf_span(&beyond)));
    while (buf_len(&text) < LIMIT_HEADER_FIELD)
        buf_put_lit(&text, "\xEF\xB7\xBA"); /* 18 characters of it each */
    buf_clear(&beyond);
    (void)sort_key_subject(&keyer, span_tail(buf_span(&text), LIMIT_SORT_KEY + 1), &beyond);
    assert_int_equal(buf_len(&beyond), LIMIT_SORT_KEY);
    buf_clear(&beyond);
    assert_int_equal(sort_key_address(&keyer, buf_span(&text), &beyond), LIMIT_SORT_KEY);
    assert_int_equal(buf_len(&beyond), 2 * LIMIT_SORT_KEY);
    sort_keyer_done(&keyer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

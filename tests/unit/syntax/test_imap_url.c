/* SPDX-License-Identifier: MIT */
/* URLs of messages and their parts, and how they are shown. */
#include "support/cm.h"

#include <string.h>

#include "base/limits.h"
#include "syntax/imap/url.h"

/* "mailbox uidvalidity uid part.part text fields", or the name of the failure. */
static const char *
parsed(const char *text, struct arena *arena)
{
    struct imap_url url;
    AUTO_BUF out = {0};

    const enum rc rc = imap_url_parse(span_of_str(text), arena, &url);
    if (rc != RC_OK)
        return rc_name(rc);
    buf_init(&out, 4096);
    if (!url.is_selected)
        buf_printf(&out, "%.*s ", SPAN_FMT(url.mailbox.name));
    buf_printf(&out, "%u %u ", url.uidvalidity, url.uid);
    for (size_t i = 0; i < url.section.depth; i++)
        buf_printf(&out, "%u.", url.section.part[i]);
    buf_printf(&out, "%d", url.section.text);
    for (size_t i = 0; i < url.section.field_count; i++)
        buf_printf(&out, " %.*s", SPAN_FMT(url.section.fields[i]));
    return arena_str(arena, buf_span(&out));
}

static void
test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        /* RFC 4469, appendix A. */
        {"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER", "Drafts 385759045 20 1"},
        {"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME", "Drafts 385759045 20 1.5"},
        {"/Drafts;UIDVALIDITY=385759045/;UID=20/;Section=2", "Drafts 385759045 20 2.0"},
        {"/Drafts;UIDVALIDITY=385759045/;UID=30", "Drafts 385759045 30 0"},
        {"/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9",
         "INBOX 785799047 113330 1.5.9.0"},
        {"/Drafts/;UID=3002", "Drafts 0 3002 0"}, /* RFC 8508 section 4.2 */
        {"/inbox/a%20b/%c3%BC/;uid=1", "INBOX/a b/\xc3\xbc 0 1 0"},
        {"/x%3By/;UID=1/;SECTION=TEXT", "x;y 0 1 4"},
        {"/x/;UID=1/;SECTION=HEADER.FIELDS%20(From%20%22a%3Bb%22)", "x 0 1 2 From a;b"},
        {";UID=7", "0 7 0"},
        {";UID=7/;SECTION=1.2.HEADER", "0 7 1.2.1"},
        {"", "invalid"},
        {"/", "invalid"},
        {"/;UID=1", "invalid"},
        {"/x", "invalid"},
        {"/x;UID=1", "invalid"},
        {"x/;UID=1", "invalid"},
        {"imap://host/x/;UID=1", "invalid"},
        {"//host/x;UID=1", "invalid"},
        {"/x/;UID=0", "invalid"},
        {"/x/;UID=4294967296", "invalid"},
        {"/x/;UID=", "invalid"},
        {"/x/;UID=1/", "invalid"},
        {"/x/;UID=1/;SECTION=", "invalid"},
        {"/x/;UID=1/;SECTION=MIME", "invalid"},
        {"/x/;UID=1/;SECTION=0", "invalid"},
        {"/x/;UID=1/;SECTION=1]", "invalid"},
        {"/x/;UID=1/;SECTION=1/;PARTIAL=0.9", "invalid"},
        {"/x;UIDVALIDITY=0/;UID=1", "invalid"},
        {"/x;UIDVALIDITY=1;UID=1", "invalid"},
        {"/x%/;UID=1", "invalid"},
        {"/x%4/;UID=1", "invalid"},
        {"/x%zz/;UID=1", "invalid"},
        {"/x%00/;UID=1", "invalid"},
        {"/x%0a/;UID=1", "invalid"},
        {"/%ff/;UID=1", "invalid"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1 << 20);
        const char *got = parsed(rows[i].text, &arena);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: %s, not %s", rows[i].text, got, rows[i].expected);
    }
}

static void
test_limits(void **state)
{
    static const char tail[] = "/;UID=1/;SECTION=HEADER.FIELDS%20(";
    AUTO_BUF text = {0};
    AUTO_BUF shown = {0};
    struct imap_url url;

    (void)state;
    buf_init(&text, 2 * LIMIT_URL);
    buf_init(&shown, 4 * LIMIT_URL);
    buf_put_lit(&text, "/x");
    buf_put_str(&text, tail);
    while (buf_len(&text) < LIMIT_URL - 1)
        buf_put_char(&text, 'a');
    buf_put_char(&text, ')');
    for (size_t octets = LIMIT_URL; octets <= LIMIT_URL + 1; octets++) {
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1 << 20);
        assert_int_equal(imap_url_parse(buf_span(&text), &arena, &url),
                         octets == LIMIT_URL ? RC_OK : RC_INVALID);
        buf_put_char(&text, ' ');
    }
    AUTO_ARENA large = {0};
    AUTO_BUF far = {0};
    arena_init(&large, 1 << 20);
    buf_init(&far, 101 * LIMIT_URL);
    buf_put_lit(&far, "/x");
    while (buf_len(&far) < 100 * LIMIT_URL)
        buf_put_char(&far, 'a');
    assert_int_equal(imap_url_parse(buf_span(&far), &large, &url), RC_INVALID);
    AUTO_ARENA small = {0};
    arena_init(&small, 16);
    assert_int_equal(imap_url_parse(SPAN("/x/;UID=1/;SECTION=1.2.3.4.5.6"), &small, &url),
                     RC_LIMIT);

    buf_clear(&text);
    while (buf_len(&text) < 2 * LIMIT_URL - 1)
        buf_put_char(&text, ']');
    imap_url_put(&shown, buf_span(&text));
    assert_int_equal(buf_len(&shown), 3 * LIMIT_URL);
    assert_true(span_starts(buf_span(&shown), SPAN("%5D%5D")));
    buf_clear(&shown);
    imap_url_put(&shown, SPAN("/a b\"\\\r\n\xc3;%41"));
    assert_true(span_eq_str(buf_span(&shown), "/a%20b%22%5C%0D%0A%C3;%41"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

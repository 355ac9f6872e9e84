/* SPDX-License-Identifier: MIT */
/* LMTP command lines, addresses, and the octets of DATA. */
#include "support/cm.h"

#include "syntax/lmtp.h"

static void
test_lines(void **state)
{
    static const struct {
        const char *line;
        enum rc rc;
        enum lmtp_verb verb;
        const char *path;
        uint64_t size;
        enum lmtp_body body;
    } rows[] = {
        {"LHLO foo.edu", RC_OK, LMTP_LHLO, "", 0, LMTP_BODY_NONE},
        {"lhlo", RC_INVALID, LMTP_LHLO, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<chris@bar.com>", RC_OK, LMTP_MAIL, "chris@bar.com", 0, LMTP_BODY_NONE},
        {"mail from: <> size=500 body=8bitmime ", RC_OK, LMTP_MAIL, "", 500,
         LMTP_BODY_8BITMIME},
        {"MAIL FROM:<a@b> SIZE=x", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<a@b> SIZE=9223372036854775808", RC_INVALID, LMTP_MAIL, "", 0,
         LMTP_BODY_NONE},
        {"MAIL FROM:<a@b> BODY=BINARYMIME", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<j\xc3\xbcrgen@b> smtputf8 SIZE=7", RC_OK, LMTP_MAIL, "j\xc3\xbcrgen@b", 7,
         LMTP_BODY_NONE},
        {"MAIL FROM:<j\xfcrgen@b> SMTPUTF8", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<j\xfcrgen@b>", RC_OK, LMTP_MAIL, "j\xfcrgen@b", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<a@b> SMTPUTF8=", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<a@b> SMTPUTF88", RC_UNSUPPORTED, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"RCPT TO:<a@b> SMTPUTF8", RC_UNSUPPORTED, LMTP_RCPT, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<a@b> XYZ", RC_UNSUPPORTED, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:a@b", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"MAIL FROM:<a@b", RC_INVALID, LMTP_MAIL, "", 0, LMTP_BODY_NONE},
        {"RCPT TO:<pat@foo.edu>", RC_OK, LMTP_RCPT, "pat@foo.edu", 0, LMTP_BODY_NONE},
        {"RCPT TO:<@one,@two:pat@foo.edu>", RC_OK, LMTP_RCPT, "pat@foo.edu", 0, LMTP_BODY_NONE},
        {"RCPT TO:<\"a>b\"@foo.edu>", RC_OK, LMTP_RCPT, "\"a>b\"@foo.edu", 0, LMTP_BODY_NONE},
        {"RCPT TO:<a@b> NOTIFY=NEVER", RC_UNSUPPORTED, LMTP_RCPT, "", 0, LMTP_BODY_NONE},
        {"DATA", RC_OK, LMTP_DATA, "", 0, LMTP_BODY_NONE},
        {"DATA now", RC_INVALID, LMTP_DATA, "", 0, LMTP_BODY_NONE},
        {"BDAT", RC_INVALID, LMTP_BDAT, "", 0, LMTP_BODY_NONE},
        {"BDAT 10 FIRST", RC_INVALID, LMTP_BDAT, "", 0, LMTP_BODY_NONE},
        {"NOOP whatever", RC_OK, LMTP_NOOP, "", 0, LMTP_BODY_NONE},
        {"EHLO x", RC_OK, LMTP_HELO, "", 0, LMTP_BODY_NONE},
        {"", RC_OK, LMTP_UNKNOWN, "", 0, LMTP_BODY_NONE},
        {"QUITTING", RC_OK, LMTP_UNKNOWN, "", 0, LMTP_BODY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *why = NULL;
        struct lmtp_cmd cmd;
        const enum rc rc = lmtp_parse(span_of_str(rows[i].line), &cmd, &why);
        if (rc != rows[i].rc)
            fail_msg("%s: %s", rows[i].line, rc_name(rc));
        if (rc != RC_OK) {
            assert_non_null(why);
            continue;
        }
        assert_int_equal(cmd.verb, rows[i].verb);
        assert_true(span_eq_str(cmd.path, rows[i].path));
        assert_int_equal(cmd.size, rows[i].size);
        assert_int_equal(cmd.body, rows[i].body);
        assert_int_equal(cmd.utf8, strstr(rows[i].line, "smtputf8") != NULL);
    }
}

static void
test_bdat(void **state)
{
    const char *why = NULL;
    struct lmtp_cmd cmd;

    (void)state;
    assert_int_equal(lmtp_parse(SPAN("BDAT 1000"), &cmd, &why), RC_OK);
    assert_int_equal(cmd.chunk_octets, 1000);
    assert_false(cmd.chunk_last);
    assert_int_equal(lmtp_parse(SPAN("bdat 0 last"), &cmd, &why), RC_OK);
    assert_int_equal(cmd.chunk_octets, 0);
    assert_true(cmd.chunk_last);
}

static void
test_path_longest(void **state)
{
    AUTO_BUF line = {0};
    const char *why = NULL;
    struct lmtp_cmd cmd;

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        buf_init(&line, 4096);
        buf_put_lit(&line, "RCPT TO:<");
        for (size_t i = 0; i < LMTP_PATH_MAX + over; i++)
            buf_put_char(&line, 'a');
        buf_put_char(&line, '>');
        assert_int_equal(lmtp_parse(buf_span(&line), &cmd, &why),
                         over == 0 ? RC_OK : RC_INVALID);
        buf_done(&line);
    }
}

static void
test_split(void **state)
{
    static const struct {
        const char *path;
        enum rc rc;
        const char *local;
        const char *domain;
    } rows[] = {
        {"anna@example.org", RC_OK, "anna", "example.org"},
        {"anna", RC_OK, "anna", ""},
        {"anna+lists@example.org", RC_OK, "anna+lists", "example.org"},
        {"\"a b\\\"c\"@example.org", RC_OK, "a b\"c", "example.org"},
        {"a@b@c", RC_OK, "a@b", "c"},
        {"", RC_INVALID, "", ""},
        {"@example.org", RC_INVALID, "", ""},
        {"anna@", RC_INVALID, "", ""},
        {"\"open@example.org", RC_INVALID, "", ""},
        {"\"a\"b@example.org", RC_INVALID, "", ""},
        {"an\rna@example.org", RC_INVALID, "", ""},
        {"j\xc3\xbcrgen@b\xc3\xbc.example", RC_OK, "j\xc3\xbcrgen", "b\xc3\xbc.example"},
        {"j\xfcrgen@example.org", RC_INVALID, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span domain = SPAN("");
        AUTO_BUF local = {0};
        buf_init(&local, LMTP_PATH_MAX);
        const enum rc rc = lmtp_path_split(span_of_str(rows[i].path), &local, &domain);
        if (rc != rows[i].rc)
            fail_msg("%s: %s", rows[i].path, rc_name(rc));
        if (rc != RC_OK)
            continue;
        assert_true(span_eq_str(buf_span(&local), rows[i].local));
        assert_true(span_eq_str(domain, rows[i].domain));
    }
}

/* The address of a reply: whole characters only, and ASCII for a client that asked for no more
 * (RFC 6531, RFC 6533). */
static void
test_address_in_reply(void **state)
{
    static const struct {
        const char *address;
        bool utf8;
        size_t max;
        const char *shown;
    } rows[] = {
        {"a@b", false, 300, "a@b"},
        {"j\xc3\xbcrgen@b", true, 300, "j\xc3\xbcrgen@b"},
        {"j\xc3\xbcrgen@b", false, 300, "j\\x{FC}rgen@b"},
        {"\xe2\x82\xac\xf0\x9f\x98\x80@b", false, 300, "\\x{20AC}\\x{1F600}@b"},
        {"ab\xc3\xbc", true, 4, "ab\xc3\xbc"},
        {"ab\xc3\xbc", true, 3, "ab"},
        {"ab\xc3\xbc", false, 7, "ab"},
        {"ab\xc3\xbc", false, 8, "ab\\x{FC}"},
        {"abc", true, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_BUF out = {0};
        buf_init(&out, 4096);
        lmtp_address_put(&out, span_of_str(rows[i].address), rows[i].utf8, rows[i].max);
        if (!span_eq_str(buf_span(&out), rows[i].shown))
            fail_msg("row %zu: %.*s", i, SPAN_FMT(buf_span(&out)));
    }
}

/* Feeds wire in pieces; returns how many octets were taken, and the message. */
static size_t
data_feed(struct span wire, size_t piece, struct buf *out, bool *ended)
{
    struct lmtp_data data = {0};
    size_t taken = 0;

    *ended = false;
    while (wire.len > 0 && !*ended) {
        size_t used = 0;
        *ended = lmtp_data_take(&data, span_head(wire, piece), out, &used);
        assert_true(used > 0);
        taken += used;
        wire = span_tail(wire, used);
    }
    return taken;
}

static void
test_data(void **state)
{
    static const struct {
        const char *wire;
        const char *text;
        bool ended;
    } rows[] = {
        {".\r\n", "", true},
        {"a\r\n.\r\n", "a\r\n", true},
        {"..a\r\n...\r\n.\r\n", ".a\r\n..\r\n", true},
        {"a.\r\n.\r\n", "a.\r\n", true},
        /* No other line end makes an end: what one server takes for text, the next must too. */
        {"a\n.\n", "a\n.\n", false},
        {"a\r.\r", "a\r.", false},
        {"a\n.\r\n.\r\n", "a\n.\r\n", true},
        {"a\r\n.\n.\r\n", "a\r\n\n.\r\n", false},
        {"a\r\r\n.\r\n", "a\r\r\n", true},
        {".\r\r\n.\r\n", "\r\r\n", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t piece = 1; piece <= 16; piece++) {
            bool ended;
            AUTO_BUF out = {0};
            buf_init(&out, 4096);
            const size_t taken = data_feed(span_of_str(rows[i].wire), piece, &out, &ended);
            if (ended != rows[i].ended || !span_eq_str(buf_span(&out), rows[i].text))
                fail_msg("row %zu in pieces of %zu", i, piece);
            assert_int_equal(taken, strlen(rows[i].wire));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bdat),
        cmocka_unit_test(test_path_longest),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_address_in_reply),
        cmocka_unit_test(test_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What of protocol lines reaches the log, and what must not. */
#include "support/cm.h"

#include <string.h>

#include "base/fd.h"
#include "base/limits.h"
#include "journal/redact.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

#include <fcntl.h>

static struct tmpdir dir;
static struct err err;
static struct fake_clock now;
static struct log *logger;
static struct log_scope scope;

static int
setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tmpdir_make(&dir);
    fake_clock_init(&now, 1794486257); /* 2026-11-12 12:24:17 */
    const struct log_options options = {.dir = dir.path, .clock = &now.clock};
    assert_ok(log_open(&logger, &options, &err));
    struct log_levels levels;
    assert_ok(log_levels_parse(SPAN("APSF"), &levels, &err));
    log_levels_set(logger, &levels);
    log_scope_init(&scope, logger, LOG_IMAP, 1);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    log_close(logger);
    tmpdir_remove(&dir);
    return 0;
}

/* Everything logged since the last call, without service, time, level and session. */
static const char *
logged(void)
{
    static char text[65536];
    static struct buf buf;
    buf_init(&buf, 1 << 20);
    log_flush(logger);
    AUTO_FD fd = open(tmpdir_file(&dir, "roost-2026-11-12.log"), O_RDWR);
    assert_ok(fd_read_all(fd, &buf, &err));
    assert_int_equal(ftruncate(fd, 0), 0);
    text[0] = '\0';
    size_t used = 0;
    struct span rest = buf_span(&buf);
    while (rest.len > 0) {
        const ptrdiff_t end = span_find_char(rest, '\n');
        assert_true(end >= 0);
        const struct span line = span_head(rest, (size_t)end);
        rest = span_tail(rest, (size_t)end + 1);
        assert_true(span_starts(line, SPAN("IMAP 12:24:17.000 A 0")));
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s|",
                                 SPAN_FMT(span_tail(line, 20)));
    }
    buf_done(&buf);
    return text;
}

static void
client_lines(void **state)
{
    (void)state;
    static const struct {
        enum line_kind kind;
        const char *line;
        const char *expect;
        bool secret;
    } rows[] = {
        {LINE_COMMAND, "0003 SELECT \"INBOX\"", "0003 SELECT \"INBOX\"", false},
        {LINE_COMMAND, "DONE", "DONE", false},
        {LINE_COMMAND, "a append x (\\Seen) {12}", "a append x (\\Seen) {12}", false},
        {LINE_MORE, " {14}", " {14}", false},
        {LINE_BEFORE_LOGIN, "1 CAPABILITY", "1 CAPABILITY", false},
        {LINE_BEFORE_LOGIN, "1 ID (\"name\" \"x\")", "1 ID (\"name\" \"x\")", false},
        {LINE_BEFORE_LOGIN, "1 LOGIN joe secret", "1 LOGIN ***", true},
        {LINE_BEFORE_LOGIN, "1 login {3}", "1 login ***", true},
        {LINE_BEFORE_LOGIN, " 1  LoGiN\tjoe secret", " 1  LoGiN ***", true},
        {LINE_BEFORE_LOGIN, "LOGIN joe secret", "LOGIN ***", true},
        {LINE_BEFORE_LOGIN, "1 AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=", "1 AUTHENTICATE PLAIN ***",
         true},
        {LINE_BEFORE_LOGIN, "1 AUTHENTICATE PLAIN", "1 AUTHENTICATE PLAIN", true},
        {LINE_BEFORE_LOGIN, "AUTHENTICATE PLAIN AGpvZQ==", "AUTHENTICATE ***", true},
        {LINE_BEFORE_LOGIN, "1 LOGON joe secret", "1 ***", true},
        {LINE_BEFORE_LOGIN, "joe", "joe", true},
        {LINE_BEFORE_LOGIN, "", "", true},
        {LINE_COMMAND, "9 LOGIN joe secret", "9 LOGIN ***", true},
        {LINE_COMMAND, "AUTH PLAIN AGpvZQ==", "AUTH ***", true},
        {LINE_SECRET, "AGpvZQBzZWNyZXQ=", "***", true},
        {LINE_SECRET, "", "", true},
        {LINE_COMMAND, "a SEARCH SUBJECT {6}\r\nsecret FROM {3+}\r\njoe NEW",
         "a SEARCH SUBJECT {6} FROM {3+} NEW", false},
        {LINE_COMMAND, "a X ~{9}\r\n{99}\r\nabc", "a X ~{9}", false},
        {LINE_COMMAND, "a X {99}\r\ncut", "a X {99}", false},
        {LINE_COMMAND, "a X\r\nb", "a X\\x0D\\x0Ab", false},
        {LINE_BEFORE_LOGIN, "a LOGIN {3}\r\njoe {6}\r\nsecret", "a LOGIN ***", true},
        {LINE_BEFORE_LOGIN, "a {5}\r\nLOGIN joe secret", "a ***", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expect[128];
        snprintf(expect, sizeof expect, "06157 1 %s|", rows[i].expect);
        assert_int_equal(log_line_in(&scope, rows[i].kind, span_of_str(rows[i].line)),
                         rows[i].secret);
        assert_string_equal(logged(), expect);
    }
}

static void
a_long_first_word_is_hidden(void **state)
{
    (void)state;
    char line[200];
    memset(line, 'x', sizeof line);
    memcpy(line + 150, " y", 2);
    log_line_in(&scope, LINE_BEFORE_LOGIN, span_of(line, sizeof line));
    assert_string_equal(logged(), "06157 1 ***|");
}

static void
server_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *expect;
    } rows[] = {
        {"* 7 EXISTS", "06266 1 * 7 EXISTS|"},
        {"+ idling", "06266 1 + idling|"},
        {"0003 OK [READ-WRITE] SELECT completed",
         "06266 1 0003 OK [READ-WRITE] SELECT completed|"},
        {"* 1 FETCH (UID 39 FLAGS (\\Seen))", "06392 1 * 1 FETCH (UID 39 FLAGS (\\Seen))|"},
        {"* 1 FETCH (FLAGS () BODY[HEADER.FIELDS (FROM TO)]<0> \"From: a\" UID 3)",
         "06392 1 * 1 FETCH (FLAGS () BODY[HEADER.FIELDS (FROM TO)]<0> *** UID 3)|"},
        {"* 2 FETCH (ENVELOPE (\"d\" \"a \\\" ) b\" NIL) RFC822.SIZE 12 INTERNALDATE "
         "\"1-Jan-2020\")",
         "06392 1 * 2 FETCH (ENVELOPE *** RFC822.SIZE 12 INTERNALDATE \"1-Jan-2020\")|"},
        {"* 2 FETCH (BODYSTRUCTURE (\"text\" (\"a\" \"b\")) MODSEQ (12))",
         "06392 1 * 2 FETCH (BODYSTRUCTURE *** MODSEQ (12))|"},
        {"* 2 FETCH (BODY[] {123})", "06392 1 * 2 FETCH (BODY[] ***)|"},
        {"* 2 FETCHED", "06266 1 * 2 FETCHED|"},
        {"* SEARCH 1 2", "06266 1 * SEARCH 1 2|"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        log_line_out(&scope, span_of_str(rows[i].line));
        assert_string_equal(logged(), rows[i].expect);
    }
}

static const char stream[] =
    "* 1 EXISTS\r\n"
    "* 1 FETCH (UID 9 BODY[] {11}\r\nSecret\r\nx)\n FLAGS (\\Seen))\r\n"
    "* 2 FETCH (BINARY[1] ~{3}\r\nabc BODY[1] {0}\r\n)\r\n"
    "a OK done\r\n";
static const char stream_expect[] = "06266 1 * 1 EXISTS|"
                                    "06392 1 * 1 FETCH (UID 9 BODY[] *** FLAGS (\\Seen))|"
                                    "06392 1 * 2 FETCH (BINARY[1] *** BODY[1] ***)|"
                                    "06266 1 a OK done|";

static void
stream_in_any_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        struct log_tap tap = {0};
        log_tap_begin(&tap);
        for (size_t at = 0; at < sizeof stream - 1; at += piece)
            log_tap_feed(&tap, &scope,
                         span_head(span_of(stream + at, sizeof stream - 1 - at), piece));
        assert_null(tap.line);
        log_tap_done(&tap);
        assert_string_equal(logged(), stream_expect);
    }
}

static void
long_lines_still_hide_their_literals(void **state)
{
    (void)state;
    struct log_tap tap = {0};
    char line[3 * LIMIT_LOG_LINE];
    memset(line, 'x', sizeof line);
    memcpy(line, "* 1 FETCH (BODYSTRUCTURE (", 26);
    log_tap_begin(&tap);
    for (size_t at = 0; at < sizeof line; at += 7)
        log_tap_feed(&tap, &scope, span_head(span_of(line + at, sizeof line - at), 7));
    log_tap_feed(&tap, &scope, SPAN(") BODY[] {12}\r\nSe\r\ncret\r\nxx)\r\na OK\r\n"));
    const char *text = logged();
    assert_null(strstr(text, "cret"));
    assert_non_null(strstr(text, "|06266 1 a OK|"));
    log_tap_done(&tap);
}

static void
switched_on_inside_a_message(void **state)
{
    (void)state;
    struct log_tap tap = {0};
    struct log_levels levels = {0};
    log_levels_set(logger, &levels);
    log_tap_begin(&tap);
    log_tap_feed(&tap, &scope, SPAN("* 1 FETCH (BODY[] {100}\r\n"));
    memset(levels.of, LOG_ALL, sizeof levels.of);
    log_levels_set(logger, &levels);
    log_tap_feed(&tap, &scope, SPAN("a secret\r\nand more)\r\n"));
    assert_string_equal(logged(), "");
    log_tap_begin(&tap);
    log_tap_feed(&tap, &scope, SPAN("b OK\r\n"));
    assert_string_equal(logged(), "06266 1 b OK|");
    log_tap_done(&tap);
}

static void
sasl_challenges_are_hidden(void **state)
{
    (void)state;
    struct log_tap tap = {0};
    log_tap_begin(&tap);
    log_tap_feed(&tap, &scope, SPAN("+ \r\n+ cj1mZnQ=\r\n+ go ahead\r\n"));
    assert_string_equal(logged(), "06266 1 + |06266 1 + ***|06266 1 + go ahead|");
    scope.account = "joe";
    log_tap_feed(&tap, &scope, SPAN("+ waitfor4\r\n+ idling\r\n"));
    assert_string_equal(logged(), "06266 1 + waitfor4|06266 1 + idling|");
    log_tap_done(&tap);
}

static void
escapes(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        const char *expect;
        size_t max;
    } rows[] = {
        {SPAN_INIT("plain ~ text"), "plain ~ text", 100},
        {SPAN_INIT("a\r\nb\0c\x1b[31m\x7f"), "a\\x0D\\x0Ab\\x00c\\x1B[31m\\x7F", 100},
        {SPAN_INIT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa6"),
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa6", 100},
        {SPAN_INIT("\xfc\xc3"), "\\xFC\\xC3", 100},
        {SPAN_INIT("\xc2\x85 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80"),
         "\\xC2\\x85 \\xC0\\xAF \\xED\\xA0\\x80 \\xF4\\x90\\x80\\x80", 100},
        {SPAN_INIT("\xe2\x80\xae"
                   "abc"),
         "\\xE2\\x80\\xAE"
         "abc",
         100},
        {SPAN_INIT("0123456789"), "01234567 ...(+2)", 8},
        {SPAN_INIT("0123456789"), "0123456789", 10},
        {SPAN_INIT("012345\n"), "012345 ...(+1)", 9},
        {SPAN_INIT(""), "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[256];
        const size_t len = text_escape_to(out, sizeof out, rows[i].text, rows[i].max);
        out[len] = '\0';
        assert_string_equal(out, rows[i].expect);
        AUTO_BUF buf = {0};
        buf_init(&buf, 1000);
        text_escape(&buf, rows[i].text, rows[i].max);
        assert_true(span_eq_str(buf_span(&buf), rows[i].expect));
    }
}

/* As the framer gives it: the message went to a file. */
static void
literals_that_went_elsewhere(void **state)
{
    (void)state;
    log_line_in(&scope, LINE_COMMAND, SPAN("a APPEND {5}\r\nINBOX (\\Seen) {38}\0\n {9+}\0\n"));
    assert_string_equal(logged(), "06157 1 a APPEND {5} (\\Seen) {38} {9+}|");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(client_lines),
        T(a_long_first_word_is_hidden),
        T(literals_that_went_elsewhere),
        T(server_lines),
        T(stream_in_any_pieces),
        T(long_lines_still_hide_their_literals),
        T(switched_on_inside_a_message),
        T(sasl_challenges_are_hidden),
        T(escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

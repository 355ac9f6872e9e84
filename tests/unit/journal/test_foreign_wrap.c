/* SPDX-License-Identifier: MIT */
/*
 * What stands around the lines of a log makes no difference: the same lines, wrapped in every
 * way that containers, journals and people wrap them, give the same sessions.
 */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "journal/foreign/read/read.h"
#include "journal/foreign/story.h"
#include "journal/foreign/wrap/wrap.h"
#include "support/tmpdir_each.h"

static struct err err;

/* --- One line --- */

static bool
knows(void *ctx, struct span text)
{
    (void)ctx;
    return read_dovecot_head(text) || read_gms_head(text);
}

#define LINE "Mar  2 08:00:00 mx dovecot: imap-login: Login: user=<ann>, session=<a>"
#define BARE "imap-login: Login: user=<ann>, session=<a>"

static const struct {
    const char *line;
    const char *text;
    const char *time; /* what the wrapper told of it */
} peeled[] = {
    {LINE, LINE, ""},
    {BARE, BARE, ""},
    {"  " LINE, LINE, ""},
    {"\t" LINE, LINE, ""},
    {"> " LINE, LINE, ""},
    {">> " LINE, LINE, ""},
    {"> > " LINE, LINE, ""},
    {"mail.log:" LINE, LINE, ""},
    {"/var/log/mail.log:12:" LINE, LINE, ""},
    {"C:\\logs\\mail.log:" LINE, LINE, ""},
    {"mail-2026.log-12-" LINE, LINE, ""},
    {"12:" LINE, LINE, ""},
    {"    12\t" LINE, LINE, ""},
    {"\033[31mMar  2\033[0m 08:00:00 mx dovecot\033[K: imap-login: Login: user=<ann>, "
     "session=<a>",
     LINE, ""},
    {"#033[31m" LINE "#033[0m", LINE, ""},
    {"<22>" LINE, LINE, ""},
    {"<22>1 2026-03-02T08:00:00+01:00 mx dovecot 12 - - " BARE, "dovecot[12]: " BARE,
     "2026-03-02 08:00:00"},
    {"<22>1 2026-03-02T08:00:00Z mx dovecot - - [a@1 b=\"c\"] \xef\xbb\xbf" BARE,
     "dovecot: " BARE, "2026-03-02 08:00:00"},
    {"mail_1  | " LINE, LINE, ""},
    {"\033[36mmail-1  |\033[0m " LINE, LINE, ""},
    {"[pod/mail-0/dovecot] " LINE, LINE, ""},
    {"2026-03-02T07:00:00.123456789Z " LINE, LINE, "2026-03-02 07:00:00.123456"},
    {"mail-1  | 2026-03-02T07:00:00.5Z " LINE, LINE, "2026-03-02 07:00:00.500"},
    {"2026-03-02T07:00:00.5Z stdout F " LINE, LINE, "2026-03-02 07:00:00.500"},
    {"{\"log\":\"" LINE "\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-02T07:00:00.5Z\"}",
     LINE, "2026-03-02 07:00:00.500"},
    {"{\"MESSAGE\":\"" BARE "\",\"SYSLOG_IDENTIFIER\":\"dovecot\",\"_PID\":\"12\","
     "\"__REALTIME_TIMESTAMP\":\"1772434800500000\"}",
     "dovecot[12]: " BARE, "2026-03-02 07:00:00.500000"},
    {"Mar  2 08:00:01 box 4e62d58591fd[1972]: " LINE, LINE, "2026-03-02 08:00:01"},
    {"Mar  2 08:00:01 box docker/mail[1972]: " BARE, BARE, "2026-03-02 08:00:01"},
    {"> mail.log:mail_1 | " LINE, LINE, ""},
    /* Journals: other locales and forms, which the line itself has. */
    {"M\xc3\xa4r 02 08:00:00 mx dovecot[1]: " BARE,
     "M\xc3\xa4r 02 08:00:00 mx dovecot[1]: " BARE, ""},
    {"Mon 2026-03-02 08:00:00 CET mx dovecot[1]: " BARE,
     "Mon 2026-03-02 08:00:00 CET mx dovecot[1]: " BARE, ""},
    {"2026-03-02T08:00:00+0100 mx dovecot[1]: " BARE,
     "2026-03-02T08:00:00+0100 mx dovecot[1]: " BARE, ""},
    {"1772434800.123456 mx dovecot[1]: " BARE, "1772434800.123456 mx dovecot[1]: " BARE, ""},
    /* Rewritten twice, with an escape that is none between. */
    {"{\"log\":\"<22>1 2026-03-02T08:00:00Z mx dovecot 12 - - " BARE
     " \\u001b\\n\",\"time\":\"\"}",
     "dovecot[12]: " BARE " \033", "2026-03-02 08:00:00"},
    /* Not wrappers. */
    {"{\"log\":", "{\"log\":", ""},
    {"{\"other\":\"" LINE "\"}", "{\"other\":\"" LINE "\"}", ""},
    {"<999>" BARE "x", "<999>" BARE "x", ""},
};

static void
test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof peeled / sizeof peeled[0]; i++) {
        struct foreign_wrap wrap;
        struct span text;
        int64_t at;
        AUTO_BUF time = {0};
        foreign_wrap_init(&wrap, 2026);
        buf_init(&time, 256);
        assert_true(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, span_of_str(peeled[i].line),
                                      &text, &at));
        if (!span_eq_str(text, peeled[i].text))
            fail_msg("%s\nbecame\n%.*s\nand not\n%s", peeled[i].line, SPAN_FMT(text),
                     peeled[i].text);
        if (at != FOREIGN_NO_TIME)
            when_print(&time, &wrap.clock, at);
        if (!span_eq_str(buf_span(&time), peeled[i].time))
            fail_msg("%s\nis of \"%.*s\"", peeled[i].line, SPAN_FMT(buf_span(&time)));
        /* What is not enabled stays. */
        assert_true(
            foreign_wrap_peel(&wrap, 0, knows, NULL, span_of_str(peeled[i].line), &text, &at));
        assert_true(span_eq_str(text, peeled[i].line));
        foreign_wrap_done(&wrap);
    }
}

/* Months in the languages of journalctl. */
static void
test_months(void **state)
{
    static const struct {
        const char *text;
        const char *time;
    } rows[] = {
        {"May 02 08:00:00", "2026-05-02 08:00:00"},
        {"Mai 02 08:00:00", "2026-05-02 08:00:00"},
        {"Okt 02 08:00:00", "2026-10-02 08:00:00"},
        {"Dez 02 08:00:00", "2026-12-02 08:00:00"},
        {"f\xc3\xa9vr. 02 08:00:00", "2026-02-02 08:00:00"},
        {"ao\xc3\xbbt 02 08:00:00", "2026-08-02 08:00:00"},
        {"\xd0\xbc\xd0\xb0\xd1\x8f 02 08:00:00", "2026-05-02 08:00:00"},
        {" 3\xe6\x9c\x88 02 08:00:00", "2026-03-02 08:00:00"},
        {"Thermidor 02 08:00:00", "08:00:00"},
        {"3 02 08:00:00", NULL},
        {"a-b 02 08:00:00", NULL},
        {"Mai 32 08:00:00", NULL},
        {"Mai 02 08:00", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct foreign_clock clock = {.year = 2026, .last_tod_us = -1};
        struct span rest = span_of_str(rows[i].text);
        int64_t at;
        AUTO_BUF time = {0};
        buf_init(&time, 256);
        const bool taken = when_take_syslog(&clock, &rest, &at);
        assert_int_equal(taken, rows[i].time != NULL);
        if (!taken)
            continue;
        when_print(&time, &clock, at);
        if (!span_eq_str(buf_span(&time), rows[i].time))
            fail_msg("%s is %.*s", rows[i].text, SPAN_FMT(buf_span(&time)));
        assert_int_equal(rest.len, 0);
    }
}

/* --- Whole logs --- */

static const char *const lines[] = {
    "Mar  2 08:00:00 mx dovecot: imap-login: Login: user=<ann>, method=PLAIN, rip=192.0.2.7, "
    "lip=192.0.2.1, mpid=501, TLS, session=<aaaa>",
    "Mar  2 08:00:00 mx CRON[12]: pam_unix(cron:session): session closed for user root",
    "Mar  2 08:10:00 mx dovecot: imap(ann)<501><aaaa>: Disconnected: Connection closed: "
    "read(size=1026) failed: Connection reset by peer in=94 out=1234",
    "Mar  2 08:11:00 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.7, "
    "lip=192.0.2.1, mpid=502, TLS, session=<bbbb>",
    "Mar  2 08:12:00 mx dovecot: imap(bob)<502><bbbb>: Logged out in=94 out=1234",
};
enum { LINES = sizeof lines / sizeof lines[0], TIME_OCTETS = 16 };

/* How a log is wrapped: # is the number of the line, @ the line. bare: without its time. */
static const struct {
    const char *form;
    bool bare;
} forms[] = {
    {"@\n", false},
    {"    @\n", false},
    {"> @\n", false},
    {"mail.log:#:@\n", false},
    {"mail_1  | @\n", false},
    {"\033[33mmail-1  |\033[0m @\n", false},
    {"2026-03-02T07:0#:00.1Z @\n", false},
    {"2026-03-02T07:0#:00.1Z @\n", true},
    {"2026-03-02T07:0#:00.1Z stderr F @\n", true},
    {"{\"time\":\"2026-03-02T07:0#:00.1Z\",\"log\":\"@\\n\",\"stream\":\"stderr\"}\n", false},
    {"Mar  2 08:0#:00 host 4e62d58591fd[77]: @\n", true},
    {"<22>Mar  2 08:0#:00 host mail[77]: @\r\n", false},
    {"@\n", true},
};

static void
test_whole_logs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct foreign_story story;
        const struct foreign_options options = {0};
        char path[128];
        const char *const paths[] = {path};
        snprintf(path, sizeof path, "%s/mail.log", dir.path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        for (int k = 0; k < LINES; k++) {
            const char *text = lines[k] + (forms[i].bare ? TIME_OCTETS : 0);
            if (forms[i].bare && strncmp(text, "mx dovecot: ", 12) == 0)
                text += 12;
            for (const char *form = forms[i].form; *form != '\0'; form++) {
                if (*form == '#')
                    fprintf(file, "%d", k);
                else if (*form == '@')
                    fputs(text, file);
                else
                    fputc(*form, file);
            }
        }
        fclose(file);
        assert_ok(foreign_story_read(&story, paths, 1, &options, &err));
        if (story.case_count != 2)
            fail_msg("%u sessions in form %zu", story.case_count, i);
        for (uint32_t k = 0; k < 2; k++) {
            const struct foreign_session *session = story.cases[k].views[0];
            struct foreign_verdict verdict;
            foreign_judge(&story.cases[k], &verdict);
            assert_string_equal(session->account, k == 0 ? "ann" : "bob");
            assert_int_equal(verdict.rule, k == 0 ? RULE_RESET : RULE_LOGGED_OUT);
            assert_int_equal(session->end.line, k == 0 ? 3 : 5);
            if (i < sizeof forms / sizeof forms[0] - 1)
                assert_true(session->end.at_us > session->begin.at_us);
        }
        foreign_story_done(&story);
    }
}

/* Lines that Docker and Kubernetes cut are one again, up to the limit of a line. */
static void
test_parts(void **state)
{
    struct foreign_wrap wrap;
    struct span text;
    int64_t at;
    const struct {
        const char *line;
        bool whole;
    } rows[] = {
        {"2026-03-02T07:00:00Z stdout P Mar  2 08:00:00 mx dovecot: imap-", false},
        {"2026-03-02T07:00:00Z stdout P login: Login: user=<ann>", false},
        {"2026-03-02T07:00:00Z stdout F , session=<a>", true},
    };

    (void)state;
    foreign_wrap_init(&wrap, 2026);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL,
                                           span_of_str(rows[i].line), &text, &at),
                         rows[i].whole);
    assert_true(span_eq_str(text, LINE));
    /* Far more parts than a line may be long. */
    char part[1024];
    memset(part, 'x', sizeof part);
    memcpy(part, "2026-03-02T07:00:00Z stdout P ", 30);
    for (size_t i = 0; i < LIMIT_FOREIGN_LINE / 256; i++)
        assert_false(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, span_of(part, sizeof part),
                                       &text, &at));
    part[28] = 'F';
    assert_true(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, span_of(part, sizeof part),
                                  &text, &at));
    assert_int_equal(text.len, LIMIT_FOREIGN_LINE);
    foreign_wrap_done(&wrap);
}

/* As many layers as are peeled, and one more. */
static void
test_layers(void **state)
{
    (void)state;
    for (unsigned layers = 1; layers < LIMIT_FOREIGN_WRAPPERS * 20; layers++) {
        struct foreign_wrap wrap;
        struct span text;
        int64_t at;
        char line[512] = "";
        for (unsigned i = 0; i < layers; i++)
            memcpy(line + (size_t)2 * i, "> ", 3);
        memcpy(line + (size_t)2 * layers, LINE, sizeof LINE);
        foreign_wrap_init(&wrap, 2026);
        assert_true(
            foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, span_of_str(line), &text, &at));
        const unsigned off = layers < LIMIT_FOREIGN_WRAPPERS ? layers : LIMIT_FOREIGN_WRAPPERS;
        assert_int_equal(text.len, strlen(line) - (size_t)2 * off);
        foreign_wrap_done(&wrap);
    }
}

/* A line that continues in the next ones, indented more than the log itself. */
static void
test_indented_folds(void **state)
{
    struct foreign_wrap wrap;
    struct span text;
    int64_t at;

    (void)state;
    foreign_wrap_init(&wrap, 2026);
    assert_true(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, SPAN("    " LINE), &text, &at));
    assert_true(
        foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, SPAN("      more"), &text, &at));
    assert_true(span_eq_str(text, "  more"));
    assert_true(foreign_wrap_peel(&wrap, WRAP_ALL, knows, NULL, SPAN("    none"), &text, &at));
    assert_true(span_eq_str(text, "none"));
    foreign_wrap_done(&wrap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_months),
        cmocka_unit_test_setup_teardown(test_whole_logs, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_indented_folds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

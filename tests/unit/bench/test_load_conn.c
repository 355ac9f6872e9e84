/* SPDX-License-Identifier: MIT */
/*
 * The load client's reader: it must count and wait rightly however the octets are cut, and
 * must not take the contents of literals for replies.
 */
#include "bench/load_conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char dialogue[] =
    "* OK [CAPABILITY IMAP4rev1] ready\r\n"
    "a OK done\r\n"
    "* 5 EXISTS\r\n"
    "* 1 FETCH (UID 7 BODY[] {26}\r\n* 9 EXISTS\r\na OK no\r\n{3}\r\n FLAGS ())\r\n"
    "* 2 FETCH (BODY[1] {0}\r\n BODY[2] ~{4}\r\n\0{9} ENVELOPE (\"x {3}\"))\r\n"
    "* 3 EXPUNGE\r\n"
    "* SEARCH 1 2\r\n"
    "* STATUS x (MESSAGES 1)\r\n"
    "* OK [UIDVALIDITY 17] x\r\n"
    "* OK [HIGHESTMODSEQ 18446744073709551615]\r\n"
    "* OK [UIDNEXT 3] x\r\n"
    "+ idling\r\n"
    "* 6 EXISTS\r\n"
    "* BYE see you\r\n"
    "b NO [LIMIT] too much\r\n";

/* Feeds the dialogue in pieces and writes the events as letters. */
static void
events_of(size_t piece, char *events, struct load_conn *conn)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *conn = (struct load_conn){.fd = fds[0], .protocol = LOAD_IMAP};
    buf_init(&conn->out, 1024);
    for (size_t at = 0; at < sizeof dialogue - 1; at += piece) {
        const size_t left = sizeof dialogue - 1 - at;
        const size_t len = piece < left ? piece : left;
        assert_int_equal(write(fds[1], dialogue + at, len), (ssize_t)len);
        assert_true(load_conn_read(conn));
        for (;;) {
            const enum load_event event = load_conn_event(conn);
            if (event == LOAD_NEED_MORE)
                break;
            *events++ = "-CGT+XR"[event];
        }
    }
    close(fds[1]);
    assert_true(load_conn_read(conn));
    assert_int_equal(load_conn_event(conn), LOAD_CLOSED);
    *events = '\0';
}

static void
test_any_cut(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 16, 61, 100, 100000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct load_conn conn;
        char events[64];
        events_of(pieces[i], events, &conn);
        assert_string_equal(events, "GTX+XT");
        assert_int_equal(conn.fetches, 2);
        assert_int_equal(conn.expunges, 1);
        assert_int_equal(conn.exists, 6);
        assert_int_equal(conn.statuses, 1);
        assert_int_equal(conn.uidvalidity, 17);
        assert_true(conn.highest_modseq == UINT64_MAX);
        assert_false(conn.status_ok);
        assert_int_equal(conn.octets_in, sizeof dialogue - 1);
        load_conn_close(&conn);
    }
}

static void
test_lmtp_replies(void **state)
{
    static const char text[] = "250-first {5}\r\n250 last\r\n354 go\r\n552 5.3.4 too big\r\n";
    static const unsigned codes[] = {250, 354, 552};
    struct load_conn conn = {.protocol = LOAD_LMTP};
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    conn.fd = fds[0];
    assert_int_equal(write(fds[1], text, sizeof text - 1), (ssize_t)sizeof text - 1);
    assert_true(load_conn_read(&conn));
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        assert_int_equal(load_conn_event(&conn), LOAD_REPLY);
        assert_int_equal(conn.code, codes[i]);
    }
    assert_int_equal(load_conn_event(&conn), LOAD_NEED_MORE);
    load_conn_close(&conn);
    close(fds[1]);
}

static void
test_percentiles(void **state)
{
    struct load_samples samples = {0};

    (void)state;
    for (int64_t i = 100; i > 0; i--)
        load_sample_add(&samples, i * 1000000);
    assert_true(load_percentile_ms(&samples, 50) == 50.0);
    assert_true(load_percentile_ms(&samples, 99) == 99.0);
    assert_true(load_percentile_ms(&samples, 100) == 100.0);
    assert_true(load_percentile_ms(&samples, 0) == 1.0);
    load_samples_done(&samples);
}

static void
test_user_pattern(void **state)
{
    const struct load_options opt = {.first = 1, .users = 3};
    const struct load_options further = {.first = 101, .users = 3};
    char user[32];

    (void)state;
    load_fmt_user(user, sizeof user, "user%@localhost", &opt, 4);
    assert_string_equal(user, "user2@localhost");
    load_fmt_user(user, sizeof user, "user%", &further, 5);
    assert_string_equal(user, "user103");
    load_fmt_user(user, sizeof user, "anna", &opt, 4);
    assert_string_equal(user, "anna");
}

/* mboxrd: entries are found by an empty line and From; quoting is taken back. */
static void
test_mbox(void **state)
{
    static const char text[] =
        "From a@b Tue Feb 29 00:00:00 2000\nA: b\n\n>From x\nFrom y\n>>From z\n\n"
        "From MAILER-DAEMON Tue Feb 29 00:00:00 2000\r\nC: d\r\n\r\nend\r\n\r\n";
    char path[] = "/tmp/roost-test-mbox-XXXXXX";
    const int fd = mkstemp(path);
    const struct load_options opt = {.mbox = path};

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(fd);
    struct load_mail mail = load_mail_new(&opt, 3);
    unlink(path);
    assert_int_equal(mail.count, 3);
    assert_true(span_eq_str(mail.message[0], "A: b\r\n\r\nFrom x\r\nFrom y\r\n>From z\r\n"));
    assert_true(span_eq_str(mail.message[1], "C: d\r\n\r\nend\r\n"));
    assert_true(span_eq(mail.message[2], mail.message[0]));
    load_mail_done(&mail);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_cut),     cmocka_unit_test(test_lmtp_replies),
        cmocka_unit_test(test_percentiles), cmocka_unit_test(test_user_pattern),
        cmocka_unit_test(test_mbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

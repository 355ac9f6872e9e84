/* SPDX-License-Identifier: MIT */
/* When the client of a long command is told that it goes on, and how far it is (RFC 9585). */
#include "support/cm.h"

#include <stdlib.h>
#include <string.h>

#include "imap/imap_session.h"
#include "support/fake_clock.h"

static char sent[1024]; /* what the client has got and not looked at */

static ssize_t
client_gets(struct conn *conn, const void *src, size_t len)
{
    const size_t have = strlen(sent);

    (void)conn;
    assert_true(have + len < sizeof sent);
    memcpy(sent + have, src, len);
    sent[have + len] = '\0';
    return (ssize_t)len;
}

static struct imap_progress now_at;

static void
says(const struct imap_session *im, struct imap_progress *progress_out)
{
    (void)im;
    *progress_out = now_at;
}

struct fixture {
    struct fake_clock clock;
    struct settings settings;
    struct env env;
    struct imap_session *im;
};

static int
setup(void **state)
{
    static const struct conn_io io = {.send = client_gets};
    static const struct imap_command row = {.progress = says};
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_clock_init(&f->clock, 1000);
    f->settings.idle_suspect_after_s = 60;
    f->env.clock = &f->clock.clock;
    atomic_store(&f->env.settings, &f->settings);
    assert_non_null(f->im = calloc(1, sizeof *f->im));
    const struct conn_config config = {
        .in_max = 1024, .out_max = 4096, .clock = &f->clock.clock};
    assert_int_equal(conn_open_io(&f->im->s.conn, &io, NULL, &config), RC_OK);
    f->im->s.env = &f->env;
    f->im->state = IMAP_AUTHENTICATED;
    assert_non_null(imap_work_get(f->im));
    f->im->work->phase = PHASE_RUN;
    f->im->work->row = &row;
    f->im->work->cmd.tag = SPAN("a1");
    f->im->work->began_us = session_now_us(&f->im->s);
    now_at = (struct imap_progress){0, 0};
    sent[0] = '\0';
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    struct conn_evidence evidence;

    imap_work_drop(f->im);
    conn_close(&f->im->s.conn, &evidence);
    free(f->im);
    free(f);
    return 0;
}

static void
told_after(struct fixture *f, int64_t ms, const char *line)
{
    fake_clock_move_ms(&f->clock, ms);
    sent[0] = '\0';
    imap_progress_tell(f->im);
    assert_string_equal(sent, line);
}

static void
test_interval(void **state)
{
    struct fixture *f = *state;
    const int64_t interval_ms = LIMIT_PROGRESS_US / 1000;

    now_at = (struct imap_progress){454, 1000};
    told_after(f, interval_ms - 1, "");
    assert_int_equal(imap_progress_due_us(f->im), session_now_us(&f->im->s) + 1000);
    told_after(f, 1, "* OK [INPROGRESS (\"a1\" 454 1000)] Still working\r\n");
    told_after(f, interval_ms - 1, "");
    now_at.done = 999;
    told_after(f, 1, "* OK [INPROGRESS (\"a1\" 999 1000)] Still working\r\n");
    told_after(f, 100 * interval_ms, "* OK [INPROGRESS (\"a1\" 999 1000)] Still working\r\n");
}

/* The goal must be greater than what is done; there may be none. */
static void
test_without_numbers(void **state)
{
    static const char line[] = "* OK [INPROGRESS (\"a1\" NIL NIL)] Still working\r\n";
    struct fixture *f = *state;

    told_after(f, LIMIT_PROGRESS_US / 1000, line);
    now_at = (struct imap_progress){7, 7};
    told_after(f, LIMIT_PROGRESS_US / 1000, line);
    f->im->work->phase = PHASE_LOOK;
    now_at.done = 0;
    told_after(f, LIMIT_PROGRESS_US / 1000, line);
}

/* In the middle of a response, before login, and when no command is under way. */
static void
test_never(void **state)
{
    struct fixture *f = *state;

    f->im->work->mid_line = true;
    told_after(f, 1000000, "");
    f->im->work->mid_line = false;
    f->im->state = IMAP_NOT_AUTHENTICATED;
    told_after(f, 1000000, "");
    f->im->state = IMAP_SELECTED;
    f->im->work->phase = PHASE_SWITCH;
    told_after(f, 1000000, "");
    f->im->work->phase = PHASE_PUSH;
    told_after(f, 1000000, "");
    assert_int_equal(imap_progress_due_us(f->im), INT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_interval, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* From what the connection saw and what the session was doing to the reason of its end: also
 * what a test on one machine cannot produce, such as hosts that cannot be reached. */
#include "support/cm.h"

#include <errno.h>
#include <stdlib.h>

#include "session/session.h"
#include "session/table.h"
#include "support/fake_clock.h"

static struct fake_clock now;
static struct settings settings = {.idle_dead_after_s = 900};
static struct env env;

/* Ends a session whose connection ended so; returns the reason. */
static enum end_reason
reason_of(enum conn_end end, enum conn_tls_state tls, enum end_moment moment)
{
    struct session *session = calloc(1, sizeof *session);

    assert_non_null(session);
    fake_clock_init(&now, 1000000000);
    env.clock = &now.clock;
    atomic_store(&env.settings, &settings);
    session->env = &env;
    assert_true(event_log_init(&session->events));
    session->conn = (struct conn){.fd = -1,
                                  .clock = &now.clock,
                                  .end = (uint8_t)end,
                                  .tls_state = (uint8_t)tls,
                                  .os_errno = EHOSTUNREACH};
    session_end_by_peer(session, moment);
    const enum end_reason reason = session->reason;
    assert_true(session_is_ending(session));
    assert_non_null(session->end_detail);
    session_end(session, END_KICKED, NULL); /* the first reason stays */
    assert_int_equal(session->reason, reason);
    free(session->end_detail);
    event_log_done(&session->events);
    free(session);
    return reason;
}

static void
test_network_and_tls(void **state)
{
    static const struct {
        enum conn_end end;
        enum conn_tls_state tls;
        enum end_reason reason;
    } cases[] = {
        {CONN_END_RST, CONN_TLS_NONE, END_RESET},
        {CONN_END_TIMEOUT, CONN_TLS_NONE, END_DEAD_PEER},
        {CONN_END_UNREACHABLE, CONN_TLS_NONE, END_UNREACHABLE},
        {CONN_END_UNREACHABLE, CONN_TLS_READY, END_UNREACHABLE},
        {CONN_END_ERROR, CONN_TLS_NONE, END_LINK_ERROR},
        {CONN_END_TLS_ALERT, CONN_TLS_READY, END_TLS_ALERT},
        {CONN_END_TLS_ALERT, CONN_TLS_HANDSHAKE, END_TLS_HANDSHAKE},
        {CONN_END_TLS_ERROR, CONN_TLS_READY, END_TLS_ERROR},
        {CONN_END_TLS_ERROR, CONN_TLS_HANDSHAKE, END_TLS_HANDSHAKE},
        {CONN_END_MEMORY, CONN_TLS_READY, END_LIMIT_MEMORY},
        {CONN_END_DEFLATE_ERROR, CONN_TLS_NONE, END_COMPRESSION_ERROR},
        {CONN_END_DEFLATE_CUT, CONN_TLS_READY, END_COMPRESSION_CUT},
    };
    (void)state;

    /* Whatever the session was doing. */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (unsigned moment = MOMENT_BEFORE_LOGIN; moment <= MOMENT_LOGGED_OUT; moment++)
            assert_int_equal(reason_of(cases[i].end, cases[i].tls, (enum end_moment)moment),
                             cases[i].reason);
}

static void
test_the_client_closed(void **state)
{
    static const enum conn_end ways[] = {CONN_END_FIN, CONN_END_PIPE, CONN_END_TLS_CLOSE,
                                         CONN_END_TLS_TRUNCATED};
    static const struct {
        enum end_moment moment;
        enum end_reason reason;
    } cases[] = {
        {MOMENT_BEFORE_LOGIN, END_CLOSED_BEFORE_LOGIN},
        {MOMENT_REFUSED, END_LIMIT_ACCOUNT},
        {MOMENT_BETWEEN, END_CLOSED},
        {MOMENT_IDLE, END_CLOSED_IDLE},
        {MOMENT_IN_COMMAND, END_CLOSED_IN_COMMAND},
        {MOMENT_IN_LITERAL, END_CLOSED_IN_LITERAL},
        {MOMENT_IN_REPLY, END_CLOSED_IN_REPLY},
        {MOMENT_LOGGED_OUT, END_LOGOUT},
    };
    (void)state;

    for (size_t way = 0; way < ARRAY_LEN(ways); way++)
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
            assert_int_equal(reason_of(ways[way], CONN_TLS_NONE, cases[i].moment),
                             cases[i].reason);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_and_tls),
        cmocka_unit_test(test_the_client_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

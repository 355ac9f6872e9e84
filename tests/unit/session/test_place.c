/* SPDX-License-Identifier: MIT */
/* The table of sessions at its limits: who is counted, who waits for whose place, and how many.
 */
#include "support/cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "session/session.h"
#include "session/table.h"
#include "support/fake_clock.h"

enum { ACCOUNT = 7, OTHER = 8 };

static struct fake_clock now;
static struct env env;
static struct settings settings;
static struct arena arena;
static struct err err;

static int
setup(void **state)
{
    const struct poller_config poller = {.threads = 1, .clock = &now.clock};

    (void)state;
    fake_clock_init(&now, 1000000000);
    settings = (struct settings){.max_connections = 1000000,
                                 .max_connections_per_user = 3,
                                 .max_connections_per_address = 1000000};
    env.clock = &now.clock;
    atomic_store(&env.settings, &settings);
    assert_ok(poller_new(&poller, &env.poller, &err)); /* never started: wakes go nowhere */
    assert_ok(session_table_new(&env.table));
    arena_init(&arena, 1 << 20);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    session_table_free(env.table); /* checks that nobody is left in it */
    poller_free(env.poller);
    arena_done(&arena);
    return 0;
}

static struct session *
arrive(const char *address)
{
    struct session *session = calloc(1, sizeof *session);

    assert_non_null(session);
    assert_ok(net_addr_parse(span_of_str(address), &session->peer));
    session->env = &env;
    list_init(&session->table_link);
    list_init(&session->account_link);
    return session;
}

static struct session *
enter(const char *address)
{
    struct session *session = arrive(address);

    session_table_enter(env.table, session);
    assert_int_equal(session_table_admit(env.table, session), END_NONE);
    return session;
}

static enum rc
login(struct session *session, char **others_out)
{
    return session_table_login(env.table, session, ACCOUNT, "anna", &arena, others_out);
}

static void
leave(struct session *session)
{
    session_table_leave(env.table, session);
    free(session->account_name);
    free(session->client_id);
    free(session);
}

static void
test_account_at_its_limit(void **state)
{
    struct session *sessions[4];
    char *others = NULL;
    (void)state;

    for (size_t i = 0; i < 4; i++)
        sessions[i] = enter(i == 2 ? "192.0.2.9:5" : "192.0.2.7:5");
    session_set_client_id(sessions[0], SPAN("Thunderbird 1.0"));
    session_set_client_id(sessions[1], SPAN("thunderbird 2.0"));
    for (size_t i = 0; i < 3; i++)
        assert_ok(login(sessions[i], NULL));
    assert_int_equal(login(sessions[3], &others), RC_LIMIT);
    assert_string_equal(others, "2 Thunderbird at 192.0.2.7, 1 unknown at 192.0.2.9");
    /* Nobody is suspect: nothing to wait for. */
    assert_false(session_place_wait(sessions[3], END_LIMIT_ACCOUNT, ACCOUNT));
    leave(sessions[0]);
    assert_ok(login(sessions[3], NULL));
    for (size_t i = 1; i < 4; i++)
        leave(sessions[i]);
}

static void
test_many_kinds_of_others(void **state)
{
    struct session *sessions[13];
    char address[32];
    char *others = NULL;
    (void)state;

    settings.max_connections_per_user = 12;
    for (int i = 0; i < 13; i++) {
        snprintf(address, sizeof address, "[2001:db8::%x]:5", i);
        sessions[i] = enter(address);
        assert_int_equal(login(sessions[i], &others), i < 12 ? RC_OK : RC_LIMIT);
    }
    assert_non_null(strstr(others, "1 unknown at 2001:db8::7, 4 more"));
    for (int i = 0; i < 13; i++)
        leave(sessions[i]);
    settings.max_connections_per_user = 3;
}

static void
test_each_newcomer_ends_one(void **state)
{
    struct session *holders[3];
    struct session *newcomers[2];
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        holders[i] = enter("192.0.2.7:5");
        assert_ok(login(holders[i], NULL));
        atomic_store(&holders[i]->pub.suspect, i > 0);
        session_table_suspect(env.table, i > 0);
    }
    assert_false(session_place_is_needed(holders[1]));
    for (size_t i = 0; i < 2; i++) {
        newcomers[i] = enter("192.0.2.7:5");
        assert_int_equal(login(newcomers[i], NULL), RC_LIMIT);
        assert_false(session_place_wait(newcomers[i], END_LIMIT_ACCOUNT, OTHER));
        assert_true(session_place_wait(newcomers[i], END_LIMIT_ACCOUNT, ACCOUNT));
        assert_false(session_place_wait(newcomers[i], END_LIMIT_ACCOUNT, ACCOUNT));
    }
    assert_int_equal(atomic_load(&holders[0]->posts), 0);
    assert_int_equal(atomic_load(&holders[1]->posts), POST_PROBE);
    assert_int_equal(atomic_load(&holders[2]->posts), POST_PROBE);
    assert_true(session_place_is_needed(holders[1]));
    session_place_done(newcomers[1]); /* it went away meanwhile */
    assert_false(session_place_is_needed(holders[2]));
    leave(holders[1]);
    assert_ok(login(newcomers[0], NULL));
    session_table_suspect(env.table, -2);
    leave(holders[0]);
    leave(holders[2]);
    leave(newcomers[0]);
    leave(newcomers[1]);
}

static void
test_so_many_wait(void **state)
{
    static struct session *newcomers[LIMIT_PLACE_WAITERS + 2];
    struct session *dead = enter("192.0.2.7:5");
    (void)state;

    assert_ok(login(dead, NULL));
    atomic_store(&dead->pub.suspect, true);
    for (size_t i = 0; i < ARRAY_LEN(newcomers); i++) {
        newcomers[i] = enter("192.0.2.8:5");
        assert_int_equal(session_place_wait(newcomers[i], END_LIMIT_ACCOUNT, ACCOUNT),
                         i < LIMIT_PLACE_WAITERS);
    }
    session_place_done(newcomers[0]);
    assert_true(session_place_wait(newcomers[LIMIT_PLACE_WAITERS], END_LIMIT_ACCOUNT, ACCOUNT));
    assert_false(
        session_place_wait(newcomers[LIMIT_PLACE_WAITERS + 1], END_LIMIT_ACCOUNT, ACCOUNT));
    for (size_t i = 0; i < ARRAY_LEN(newcomers); i++)
        leave(newcomers[i]); /* takes those that wait out of the queue */
    leave(dead);
}

/* Before login: all sessions are looked through, so once in the time of a probe. */
static void
test_address_and_total(void **state)
{
    (void)state;

    settings.max_connections_per_address = 1;
    struct session *near = enter("192.0.2.7:5");
    struct session *far = enter("192.0.2.8:5");
    struct session *newcomer = arrive("192.0.2.7:6");
    session_table_enter(env.table, newcomer);
    assert_int_equal(session_table_admit(env.table, newcomer), END_LIMIT_ADDRESS);
    assert_int_equal(session_table_count(env.table), 3); /* reached by a shutdown */
    atomic_store(&far->pub.suspect, true);
    session_table_suspect(env.table, 1);
    fake_clock_move_ms(&now, 60000);
    assert_false(session_place_wait(newcomer, END_LIMIT_ADDRESS, 0)); /* another address */
    assert_int_equal(atomic_load(&far->posts), 0);
    assert_false(session_place_wait(newcomer, END_LIMIT_TOTAL, 0)); /* looked just now */
    fake_clock_move_ms(&now, LIMIT_PROBE_US / 1000);
    assert_true(session_place_wait(newcomer, END_LIMIT_TOTAL, 0));
    assert_int_equal(atomic_load(&far->posts), POST_PROBE);
    assert_true(session_place_is_needed(far));
    session_table_suspect(env.table, -1);
    leave(near);
    assert_int_equal(session_table_admit(env.table, newcomer), END_NONE);
    leave(far);
    leave(newcomer);
    assert_int_equal(session_table_count(env.table), 0);
    settings.max_connections_per_address = 1000000;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_at_its_limit),
        cmocka_unit_test(test_many_kinds_of_others),
        cmocka_unit_test(test_each_newcomer_ends_one),
        cmocka_unit_test(test_so_many_wait),
        cmocka_unit_test(test_address_and_total),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

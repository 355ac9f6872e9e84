/* SPDX-License-Identifier: MIT */
/* The table of sessions at its limits: who is counted, who waits for whose place, and how
 * many. */
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

static const struct front_door people = {.logs_in = true};
static const struct front_door mail = {.logs_in = false};

static struct session *
arrive_at(const struct front_door *door, const char *address)
{
    struct session *session = calloc(1, sizeof *session);

    assert_non_null(session);
    assert_ok(net_addr_parse(span_of_str(address), &session->peer));
    session->env = &env;
    session->door = door;
    session->opened_us = clock_mono_us(&now.clock);
    list_init(&session->table_link);
    list_init(&session->account_link);
    return session;
}

static struct session *
arrive(const char *address)
{
    return arrive_at(&people, address);
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

/* An eighth of the places, at most so many, is kept for deliveries. */
static void
test_places_of_deliveries(void **state)
{
    static const uint32_t places[] = {8 * LIMIT_DELIVERY_PLACES - 8, 8 * LIMIT_DELIVERY_PLACES,
                                      8 * LIMIT_DELIVERY_PLACES + 8,
                                      80 * LIMIT_DELIVERY_PLACES};
    static const uint32_t kept[] = {LIMIT_DELIVERY_PLACES - 1, LIMIT_DELIVERY_PLACES,
                                    LIMIT_DELIVERY_PLACES, LIMIT_DELIVERY_PLACES};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct session **sessions = calloc(places[i] + 1, sizeof(struct session *));
        enum end_reason end = END_NONE;
        uint32_t count = 0;
        assert_non_null(sessions);
        settings.max_connections = places[i];
        for (; end == END_NONE; count += end == END_NONE) { /* people, until none fits */
            assert_true(count <= places[i]);
            sessions[count] = arrive("127.0.0.1:5");
            session_table_enter(env.table, sessions[count]);
            end = session_table_admit(env.table, sessions[count]);
        }
        assert_int_equal(end, END_LIMIT_TOTAL);
        assert_int_equal(count, places[i] - kept[i]);
        leave(sessions[count]);
        for (end = END_NONE; end == END_NONE; count += end == END_NONE) { /* then deliveries */
            assert_true(count <= places[i]);
            sessions[count] = arrive_at(&mail, "127.0.0.1:5");
            session_table_enter(env.table, sessions[count]);
            end = session_table_admit(env.table, sessions[count]);
        }
        assert_int_equal(end, END_LIMIT_TOTAL);
        assert_int_equal(count, places[i]);
        for (uint32_t s = 0; s <= count; s++)
            leave(sessions[s]);
        free(sessions);
    }
    settings.max_connections = 1000000;
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
    assert_ok(login(far, NULL)); /* no stranger, who would give way without being suspect */
    struct session *newcomer = arrive("192.0.2.7:6");
    session_table_enter(env.table, newcomer);
    assert_int_equal(session_table_admit(env.table, newcomer), END_LIMIT_ADDRESS);
    assert_int_equal(session_table_count(env.table), 3); /* reached by a shutdown */
    atomic_store(&far->pub.suspect, true);
    session_table_suspect(env.table, 1);
    fake_clock_move_ms(&now, 60000);
    assert_false(session_place_wait(newcomer, END_LIMIT_ADDRESS, 0)); /* another address */
    assert_int_equal(atomic_load(&far->posts), 0);
    assert_ok(login(near, NULL));
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

static enum end_reason
try_enter(const struct front_door *door, const char *address, struct session **out)
{
    *out = arrive_at(door, address);
    session_table_enter(env.table, *out);
    return session_table_admit(env.table, *out);
}

/* What one address may have before login: a quarter of all, or what is configured. */
static void
test_share_of_an_address(void **state)
{
    struct session *sessions[16];
    struct session *newcomer;
    size_t count = 0;
    char text[200];
    (void)state;

    settings.max_connections = 16;
    settings.max_connections_per_user = 100;
    for (; count < 4; count++) /* an IPv6 address is its /64 */
        assert_int_equal(try_enter(&people,
                                   count % 2 == 0 ? "[2001:db8::1]:5" : "[2001:db8::2]:5",
                                   &sessions[count]),
                         END_NONE);
    assert_int_equal(try_enter(&people, "[2001:db8::3]:5", &newcomer), END_LIMIT_ADDRESS);
    session_table_limit_text(newcomer, END_LIMIT_ADDRESS, text, sizeof text);
    assert_string_equal(text, "4 connections from 2001:db8::3 have not logged in: a quarter of "
                              "[limits] max_connections");
    leave(newcomer);
    assert_ok(login(sessions[0], NULL)); /* now it counts for its account */
    assert_int_equal(try_enter(&people, "[2001:db8::3]:5", &sessions[count]), END_NONE);
    count++;
    assert_int_equal(try_enter(&people, "[2001:db8:0:1::3]:5", &sessions[count++]), END_NONE);
    settings.max_connections_per_address = 2;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(try_enter(&people, "192.0.2.7:5", &sessions[count++]), END_NONE);
    assert_int_equal(try_enter(&people, "192.0.2.7:5", &newcomer), END_LIMIT_ADDRESS);
    leave(newcomer);
    while (count > 0)
        leave(sessions[--count]);
    /* This machine and webmail servers have no share. */
    struct net_prefix webmail;
    assert_ok(net_prefix_parse(SPAN("198.51.100.0/24"), &webmail, &err));
    settings.trusted = (struct net_prefixes){&webmail, 1};
    settings.max_connections = 24; /* three are kept for deliveries */
    for (; count < 9; count++)
        assert_int_equal(try_enter(count % 3 == 2 ? &mail : &people,
                                   count % 2 == 0 ? "127.0.0.1:5" : "198.51.100.9:5",
                                   &sessions[count]),
                         END_NONE);
    while (count > 0)
        leave(sessions[--count]);
    settings.trusted = (struct net_prefixes){NULL, 0};
    settings.max_connections = settings.max_connections_per_address = 1000000;
    settings.max_connections_per_user = 3;
}

/* Some places are for deliveries; strangers give way, the oldest first, each once. */
static void
test_strangers_give_way(void **state)
{
    struct session *sessions[8];
    struct session *newcomers[4];
    (void)state;

    settings.max_connections = 8;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(try_enter(&people, "127.0.0.1:5", &sessions[i]), END_NONE);
        fake_clock_move_ms(&now, 1);
    }
    assert_ok(login(sessions[0], NULL));
    assert_int_equal(try_enter(&people, "127.0.0.1:5", &newcomers[0]), END_LIMIT_TOTAL);
    assert_false(session_place_wait(newcomers[0], END_LIMIT_TOTAL, 0)); /* all have just come */
    assert_int_equal(try_enter(&mail, "127.0.0.1:5", &sessions[7]), END_NONE);
    assert_int_equal(try_enter(&mail, "127.0.0.1:5", &newcomers[1]), END_LIMIT_TOTAL);
    fake_clock_move_ms(&now, LIMIT_STRANGER_US / 1000 - 6);
    assert_true(session_place_wait(newcomers[0], END_LIMIT_TOTAL, 0));
    assert_int_equal(atomic_load(&sessions[0]->posts), 0); /* it has logged in */
    assert_int_equal(atomic_load(&sessions[1]->posts), POST_GIVE_WAY);
    assert_false(session_place_wait(newcomers[1], END_LIMIT_TOTAL, 0));
    fake_clock_move_ms(&now, 1);
    assert_true(session_place_wait(newcomers[1], END_LIMIT_TOTAL, 0));
    assert_int_equal(atomic_load(&sessions[2]->posts), POST_GIVE_WAY);
    leave(sessions[1]);
    assert_int_equal(session_table_admit(env.table, newcomers[0]), END_NONE);
    assert_int_equal(session_table_admit(env.table, newcomers[1]), END_LIMIT_TOTAL);
    leave(newcomers[0]);
    assert_int_equal(session_table_admit(env.table, newcomers[1]), END_NONE);
    leave(newcomers[1]);
    leave(sessions[0]);
    for (size_t i = 2; i < 8; i++)
        leave(sessions[i]);
    settings.max_connections = 1000000;
}

/* The same for deliveries, until they name a recipient. What is configured for people who log
 * in is no limit for a mail system. */
static void
test_share_of_deliveries(void **state)
{
    enum { SHARE = 8 };
    struct session *sessions[SHARE + 1];
    struct session *newcomer;
    char text[200];
    (void)state;

    settings.max_connections = SHARE * LIMIT_ADDRESS_SHARE;
    settings.max_connections_per_address = 1;
    for (size_t i = 0; i < SHARE; i++)
        assert_int_equal(try_enter(&mail, "192.0.2.7:5", &sessions[i]), END_NONE);
    assert_int_equal(try_enter(&mail, "192.0.2.7:5", &newcomer), END_LIMIT_ADDRESS);
    session_table_limit_text(newcomer, END_LIMIT_ADDRESS, text, sizeof text);
    assert_string_equal(text, "8 connections from 192.0.2.7 have not named a recipient: a "
                              "quarter of [limits] max_connections");
    session_table_delivers(env.table, sessions[3]);
    session_table_delivers(env.table, sessions[3]); /* each recipient says so */
    assert_int_equal(session_table_admit(env.table, newcomer), END_NONE);
    assert_int_equal(try_enter(&mail, "192.0.2.7:5", &sessions[SHARE]), END_LIMIT_ADDRESS);
    leave(newcomer);
    for (size_t i = 0; i <= SHARE; i++)
        leave(sessions[i]);
    settings.max_connections = settings.max_connections_per_address = 1000000;
}

/* At the limit of all connections they give way as well, to whoever comes. */
static void
test_silent_deliveries_give_way(void **state)
{
    struct session *sessions[8];
    struct session *newcomers[2];
    (void)state;

    settings.max_connections = 8;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(try_enter(&mail, "127.0.0.1:5", &sessions[i]), END_NONE);
    session_table_delivers(env.table, sessions[0]);
    assert_int_equal(try_enter(&mail, "127.0.0.1:5", &newcomers[0]), END_LIMIT_TOTAL);
    assert_int_equal(try_enter(&people, "127.0.0.1:5", &newcomers[1]), END_LIMIT_TOTAL);
    fake_clock_move_ms(&now, LIMIT_STRANGER_US / 1000 - 1);
    assert_false(session_place_wait(newcomers[0], END_LIMIT_TOTAL, 0));
    fake_clock_move_ms(&now, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_true(session_place_wait(newcomers[i], END_LIMIT_TOTAL, 0));
        assert_int_equal(atomic_load(&sessions[i + 1]->posts), POST_GIVE_WAY);
        leave(sessions[i + 1]);
        assert_int_equal(session_table_admit(env.table, newcomers[i]), END_NONE);
    }
    assert_int_equal(atomic_load(&sessions[0]->posts), 0);
    leave(sessions[0]);
    for (size_t i = 3; i < 8; i++)
        leave(sessions[i]);
    leave(newcomers[0]);
    leave(newcomers[1]);
    settings.max_connections = 1000000;
}

/* Beyond all connections and LIMIT_NEWCOMERS nobody can even be told. */
static void
test_crowded(void **state)
{
    struct session *sessions[1 + 2 * LIMIT_NEWCOMERS];
    size_t count = 0;
    (void)state;

    settings.max_connections = 1;
    for (; count < 1 + LIMIT_NEWCOMERS; count++) {
        assert_false(session_table_is_crowded(env.table, &env, &people));
        assert_int_equal(try_enter(&people, "127.0.0.1:5", &sessions[count]),
                         count == 0 ? END_NONE : END_LIMIT_TOTAL);
    }
    assert_true(session_table_is_crowded(env.table, &env, &people));
    for (; count < 1 + 2 * LIMIT_NEWCOMERS; count++) {
        assert_false(session_table_is_crowded(env.table, &env, &mail));
        (void)try_enter(&mail, "127.0.0.1:5", &sessions[count]);
    }
    assert_true(session_table_is_crowded(env.table, &env, &mail));
    while (count > 0)
        leave(sessions[--count]);
    assert_false(session_table_is_crowded(env.table, &env, &people));
    settings.max_connections = 1000000;
}

/* Each is told once, the oldest first, whoever leaves or comes meanwhile. */
static void
test_told_in_order(void **state)
{
    struct session *sessions[6];
    (void)state;

    assert_int_equal(session_post_next(env.table, POST_SHUTDOWN, 9), 0);
    for (size_t i = 0; i < 5; i++)
        sessions[i] = enter("127.0.0.1:5");
    assert_int_equal(session_post_next(env.table, POST_SHUTDOWN, 2), 2);
    assert_int_equal(atomic_load(&sessions[1]->posts), POST_SHUTDOWN);
    assert_int_equal(atomic_load(&sessions[2]->posts), 0);
    leave(sessions[1]); /* the last that was told */
    leave(sessions[2]); /* the next */
    assert_int_equal(session_post_next(env.table, POST_SHUTDOWN, 1), 1);
    assert_int_equal(atomic_load(&sessions[3]->posts), POST_SHUTDOWN);
    leave(sessions[0]);
    leave(sessions[3]);
    sessions[5] = enter("127.0.0.1:5");
    assert_int_equal(session_post_next(env.table, POST_SHUTDOWN, 9), 2);
    assert_int_equal(session_post_next(env.table, POST_SHUTDOWN, 9), 0);
    assert_int_equal(atomic_load(&sessions[5]->posts), POST_SHUTDOWN);
    leave(sessions[4]);
    leave(sessions[5]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_at_its_limit),
        cmocka_unit_test(test_places_of_deliveries),
        cmocka_unit_test(test_many_kinds_of_others),
        cmocka_unit_test(test_each_newcomer_ends_one),
        cmocka_unit_test(test_so_many_wait),
        cmocka_unit_test(test_address_and_total),
        cmocka_unit_test(test_share_of_an_address),
        cmocka_unit_test(test_strangers_give_way),
        cmocka_unit_test(test_share_of_deliveries),
        cmocka_unit_test(test_silent_deliveries_give_way),
        cmocka_unit_test(test_crowded),
        cmocka_unit_test(test_told_in_order),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

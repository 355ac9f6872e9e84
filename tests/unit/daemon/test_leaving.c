/* SPDX-License-Identifier: MIT */
/* How fast sessions are told to go, how long they may take, and when they are given up. */
#include "support/cm.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "daemon/leaving.h"
#include "session/session.h"
#include "session/table.h"
#include "support/fake_clock.h"

enum {
    COUNT = 3 * LIMIT_LEAVING_PACE,
    LOOKS = 50000, /* of 200 us */
};

static struct err err;
static struct fake_clock now;
static struct env env;
static struct settings settings;
static struct session *sessions[COUNT];
static pthread_t thread;
static bool all_left;

static void *
leave(void *arg)
{
    (void)arg;
    all_left = sessions_leave(&env, POST_SHUTDOWN);
    return NULL;
}

static int
setup(void **state)
{
    static const struct front_door door = {.logs_in = true};
    const struct poller_config poller = {.threads = 1, .clock = &now.clock};

    (void)state;
    fake_clock_init(&now, 1000000000);
    settings = (struct settings){.max_connections = 1000000};
    env = (struct env){.clock = &now.clock};
    atomic_store(&env.settings, &settings);
    assert_ok(poller_new(&poller, &env.poller, &err)); /* never started: wakes go nowhere */
    assert_ok(session_table_new(&env.table));
    for (size_t i = 0; i < COUNT; i++) {
        struct session *session = calloc(1, sizeof *session);
        assert_non_null(session);
        session->env = &env;
        session->number = i + 1;
        session->door = &door;
        list_init(&session->table_link);
        list_init(&session->account_link);
        session_table_enter(env.table, session);
        sessions[i] = session;
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        session_table_leave(env.table, sessions[i]);
        free(sessions[i]);
    }
    session_table_free(env.table);
    poller_free(env.poller);
    return 0;
}

static unsigned
count_told(unsigned post)
{
    unsigned count = 0;

    for (size_t i = 0; i < COUNT; i++)
        count += (atomic_load(&sessions[i]->posts) & post) != 0;
    return count;
}

/* Waits until so many are told, and sees that it stays at that. */
static void
told(unsigned post, unsigned count)
{
    for (int i = 0; i < LOOKS && count_told(post) < count; i++)
        usleep(200);
    assert_int_equal(count_told(post), count);
    usleep(50000); /* two steps of the other thread */
    assert_int_equal(count_told(post), count);
}

/* However long they have, so many are told in a second; and so many more if there are more. */
static void
test_pace(void **state)
{
    static const struct {
        uint32_t spread_s;
        unsigned per_s;
    } rows[] = {
        {3600, LIMIT_LEAVING_PACE},
        {COUNT / LIMIT_LEAVING_PACE, LIMIT_LEAVING_PACE},
        {2, COUNT / 2},
        {0, COUNT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        settings.shutdown_spread_s = rows[i].spread_s;
        assert_int_equal(pthread_create(&thread, NULL, leave, NULL), 0);
        told(POST_SHUTDOWN, rows[i].spread_s == 0 ? COUNT : rows[i].per_s / 50);
        fake_clock_move_ms(&now, 1000);
        const unsigned second = rows[i].per_s + rows[i].per_s / 50;
        told(POST_SHUTDOWN, second < COUNT ? second : COUNT);
        fake_clock_move_ms(&now, 10000);
        told(POST_SHUTDOWN, COUNT);
        fake_clock_move_ms(&now, 100 * LIMIT_FINISH_MS);
        told(POST_HURRY, COUNT);
        fake_clock_move_ms(&now, 100 * LIMIT_FINISH_MS);
        pthread_join(thread, NULL);
        teardown(state);
        setup(state);
    }
}

/* A command has so long to end; then its session is cut off; and one that does not even end
 * then is left behind. */
static void
test_time_to_finish(void **state)
{
    (void)state;
    settings.shutdown_spread_s = 0;
    assert_int_equal(pthread_create(&thread, NULL, leave, NULL), 0);
    told(POST_SHUTDOWN, COUNT);
    fake_clock_move_ms(&now, LIMIT_FINISH_MS);
    told(POST_HURRY, 0);
    fake_clock_move_ms(&now, 1);
    told(POST_HURRY, COUNT);
    fake_clock_move_ms(&now, LIMIT_LINGER_US / 1000); /* for their goodbye */
    usleep(50000);
    all_left = true;
    fake_clock_move_ms(&now, 60000);
    pthread_join(thread, NULL);
    assert_false(all_left);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_to_finish, setup, teardown),
    };
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

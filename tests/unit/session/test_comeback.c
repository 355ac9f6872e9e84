/* SPDX-License-Identifier: MIT */
/* Who comes back, from where, and what that says of a line that nobody acknowledged. */
#include "support/cm.h"

#include <string.h>

#include "session/comeback.h"

static const int64_t second_us = 1000000;
static const int64_t line_us = 1000 * second_us;

static struct comebacks *comebacks;

static int
setup(void **state)
{
    (void)state;
    comebacks = comebacks_new();
    assert_non_null(comebacks);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    comebacks_free(comebacks);
    return 0;
}

static struct net_addr
network(const char *text)
{
    struct net_addr addr;

    assert_int_equal(net_addr_parse(span_of_str(text), &addr), RC_OK);
    return net_addr_network(&addr);
}

/* Session 1 of account 7: silent for 240 s before its line. */
static struct comeback_conn
lost_conn(void)
{
    return (struct comeback_conn){.account = 7,
                                  .session = 1,
                                  .network = network("203.0.113.5"),
                                  .name = 11,
                                  .opened_us = second_us,
                                  .silent_us = line_us - 240 * second_us,
                                  .line_us = line_us,
                                  .line = {.device = 5, .silence_s = 240, .sent_s = 4711}};
}

struct life {
    const char *name;
    const char *address;
    uint64_t account;
    uint64_t session;
    uint32_t client;
    int opened_s; /* after the line */
    int life_s;
    int over_s;      /* 0: the first connection is only suspect */
    unsigned thirds; /* expected; 0: no verdict */
};

static const struct life lives[] = {
    {"same address", "203.0.113.5", 7, 2, 11, 300, 301, 900, LEARN_WHOLE},
    {"same network", "203.0.113.77", 7, 2, 11, 300, 301, 900, LEARN_WHOLE},
    {"another network", "198.51.100.1", 7, 2, 11, 300, 301, 900, LEARN_WEAK},
    {"another family", "2001:db8::1", 7, 2, 11, 300, 301, 900, LEARN_WEAK},
    {"another account", "203.0.113.5", 8, 2, 11, 300, 301, 900, 0},
    {"another client", "203.0.113.5", 7, 2, 12, 300, 301, 900, 0},
    {"a client that says no name", "203.0.113.5", 7, 2, 0, 300, 301, 900, LEARN_WHOLE},
    {"the same connection", "203.0.113.5", 7, 1, 11, -900, 301, 900, 0},
    {"one that was there before", "203.0.113.5", 7, 2, 11, -241, 301, 900, 0},
    {"one begun in the silence, alive after it", "203.0.113.5", 7, 2, 11, -100, 301, 900,
     LEARN_WHOLE},
    {"one begun in the silence, not seen after it", "203.0.113.5", 7, 2, 11, -100, -99, 900, 0},
    {"before the first is over, soon", "203.0.113.5", 7, 2, 11, 30, 31, 900, LEARN_WHOLE},
    {"while the first is suspect", "203.0.113.5", 7, 2, 11, 30, 31, 0, LEARN_WHOLE},
    {"too late", "203.0.113.5", 7, 2, 11, 2200, 2201, 900, 0},
};

static unsigned
verdict_of(const struct life *life)
{
    const struct comeback_conn conn = lost_conn();
    const struct comeback_conn other = {.account = life->account,
                                        .session = life->session,
                                        .network = network(life->address),
                                        .name = life->client,
                                        .opened_us = line_us + life->opened_s * second_us};
    struct comeback_verdict verdict[4];
    unsigned thirds = 0;

    for (int s = -300; s < 3000; s++) {
        const int64_t now_us = line_us + s * second_us;
        if (s == 60)
            comebacks_doubt(comebacks, &conn, false, now_us);
        if (s == life->over_s && s != 0)
            comebacks_doubt(comebacks, &conn, true, now_us);
        if (s == life->life_s)
            comebacks_life(comebacks, &other, now_us);
        const size_t count = comebacks_settle(comebacks, now_us, verdict, 4);
        assert_true(count == 0 || (count == 1 && thirds == 0)); /* once */
        if (count == 0)
            continue;
        thirds = verdict[0].thirds;
        assert_memory_equal(&verdict[0].line, &conn.line, sizeof conn.line);
        assert_true(net_addr_same_host(&verdict[0].network, &conn.network));
    }
    assert_int_equal(comebacks_count(comebacks), 0); /* nothing is kept for ever */
    return thirds;
}

static void
test_lives(void **state)
{
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        struct life life = lives[i];
        teardown(state);
        setup(state);
        if (life.life_s > 0 && life.life_s < 60)
            life.life_s = 61; /* nobody doubts yet */
        const unsigned thirds = verdict_of(&life);
        if (thirds != life.thirds)
            fail_msg("%s: %u thirds", life.name, thirds);
    }
}

static void
doubt_at(int s, bool over)
{
    const struct comeback_conn conn = lost_conn();

    comebacks_doubt(comebacks, &conn, over, line_us + s * second_us);
}

static void
life_at(int s, uint32_t client, const char *address)
{
    const struct comeback_conn other = {.account = 7,
                                        .session = 2,
                                        .network = network(address),
                                        .name = client,
                                        .opened_us = line_us + 200 * second_us};

    comebacks_life(comebacks, &other, line_us + s * second_us);
}

static size_t
settle_at(int s, unsigned *thirds_out)
{
    struct comeback_verdict verdict[1];
    const size_t count = comebacks_settle(comebacks, line_us + s * second_us, verdict, 1);

    *thirds_out = count > 0 ? verdict[0].thirds : 0;
    return count;
}

static void
test_acknowledged_after_all(void **state)
{
    unsigned thirds;

    (void)state;
    doubt_at(60, false);
    life_at(201, 11, "203.0.113.5");
    comebacks_forget(comebacks, 7, 1);
    assert_int_equal(settle_at(1000, &thirds), 0);
    assert_int_equal(comebacks_count(comebacks), 0);
}

static void
test_name_comes_after_login(void **state)
{
    unsigned thirds;

    (void)state;
    doubt_at(60, false);
    doubt_at(190, true);
    life_at(201, 0, "203.0.113.5");
    assert_int_equal(settle_at(203, &thirds), 0);
    life_at(204, 12, "203.0.113.5"); /* it is another client */
    assert_int_equal(settle_at(300, &thirds), 0);
    life_at(301, 0, "203.0.113.5");
    life_at(301, 11, "203.0.113.5");
    assert_int_equal(settle_at(310, &thirds), 1);
    assert_int_equal(thirds, LEARN_WHOLE);
}

static void
test_coming_home_counts_more_than_moving(void **state)
{
    unsigned thirds;

    (void)state;
    doubt_at(60, false);
    life_at(201, 11, "198.51.100.1");
    life_at(260, 11, "203.0.113.5");
    doubt_at(261, true);
    assert_int_equal(settle_at(270, &thirds), 1);
    assert_int_equal(thirds, LEARN_WHOLE);
}

/* The client has LIMIT_NETWORK_COMEBACK_S to come back, to the microsecond. */
static void
test_too_late(void **state)
{
    const struct comeback_conn conn = lost_conn();
    const int64_t last_us = line_us + LIMIT_NETWORK_COMEBACK_S * second_us;
    struct comeback_verdict verdict;

    (void)state;
    comebacks_doubt(comebacks, &conn, true, last_us + 1);
    comebacks_doubt(comebacks, &conn, true, line_us + 100 * (last_us - line_us));
    assert_int_equal(comebacks_count(comebacks), 0);
    comebacks_doubt(comebacks, &conn, true, last_us);
    assert_int_equal(comebacks_count(comebacks), 1);
    assert_int_equal(comebacks_settle(comebacks, last_us, &verdict, 1), 0);
    assert_int_equal(comebacks_count(comebacks), 1);
    assert_int_equal(comebacks_settle(comebacks, last_us + 1, &verdict, 1), 0);
    assert_int_equal(comebacks_count(comebacks), 0);
}

static void
test_doubts_are_bounded(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= LIMIT_NETWORK_DOUBTS * 2; i++) {
        struct comeback_conn conn = lost_conn();
        conn.account = i % 1000;
        conn.session = i;
        comebacks_doubt(comebacks, &conn, i % 2 == 0, line_us);
        comebacks_doubt(comebacks, &conn, i % 2 == 0, line_us);
        assert_true(comebacks_count(comebacks) ==
                    (i < LIMIT_NETWORK_DOUBTS ? i : LIMIT_NETWORK_DOUBTS));
    }
    comebacks_forget(comebacks, 999, 999); /* the oldest are gone */
    assert_int_equal(comebacks_count(comebacks), LIMIT_NETWORK_DOUBTS);
    comebacks_forget(comebacks, (LIMIT_NETWORK_DOUBTS * 2) % 1000, LIMIT_NETWORK_DOUBTS * 2);
    assert_int_equal(comebacks_count(comebacks), LIMIT_NETWORK_DOUBTS - 1);
    struct comeback_verdict verdict;
    assert_int_equal(comebacks_settle(comebacks, line_us + 2101 * second_us, &verdict, 1), 0);
    assert_int_equal(comebacks_count(comebacks), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acknowledged_after_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name_comes_after_login, setup, teardown),
        cmocka_unit_test_setup_teardown(test_coming_home_counts_more_than_moving, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doubts_are_bounded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What sessions tell of their networks becomes the interval of their keepalives, is kept over a
 * restart, and is bounded. */
#include "support/cm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/limits.h"
#include "journal/journal.h"
#include "session/networks.h"
#include "session/session.h"
#include "session/table.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static char journal_path[256];
static struct fake_clock now;
static struct env env;
static struct settings settings;
static struct arena arena;
static struct err err;
static uint64_t next_session;

static void
open_all(void)
{
    const struct journal_options journal = {.path = journal_path, .clock = &now.clock};

    assert_ok(journal_open(&env.journal, &journal, &err));
    assert_ok(networks_new(&env, journal_path, &env.networks, &err));
}

static void
close_all(void)
{
    networks_free(env.networks);
    journal_close(env.journal);
}

static int
setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tmpdir_make(&dir);
    snprintf(journal_path, sizeof journal_path, "%s", tmpdir_file(&dir, "journal.db"));
    fake_clock_init(&now, 1794486257); /* 2026-11-12 */
    fake_clock_move_ms(&now, 3600000);
    settings = (struct settings){
        .idle_keepalive_s = 240, .idle_keepalive_min_s = 120, .idle_keepalive_max_s = 600};
    env.clock = &now.clock;
    atomic_store(&env.settings, &settings);
    const struct log_options options = {.dir = dir.path, .clock = &now.clock};
    struct log_levels levels;
    assert_ok(log_open(&env.log, &options, &err));
    assert_ok(log_levels_parse(SPAN("APSF"), &levels, &err));
    log_levels_set(env.log, &levels);
    arena_init(&arena, 64 << 20);
    next_session = 1;
    open_all();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    close_all();
    log_close(env.log);
    arena_done(&arena);
    tmpdir_remove(&dir);
    return 0;
}

static struct session *
arrive(const char *address, uint64_t account)
{
    struct session *session = calloc(1, sizeof *session);

    assert_non_null(session);
    assert_ok(net_addr_parse(span_of_str(address), &session->peer));
    session->env = &env;
    session->number = next_session++;
    session->account_id = account;
    session->opened_us = session_now_us(session);
    liveness_init(&session->liveness);
    log_scope_init(&session->log, env.log, LOG_IMAP, session->number);
    network_came(session);
    return session;
}

static int64_t
interval_s(struct session *session)
{
    const int64_t first_us = network_next_us(session);

    if (first_us == INT64_MAX)
        return 0;
    /* From there to the one after it. */
    const int64_t before_us = session_now_us(session);
    fake_clock_move_ms(&now, (first_us - before_us) / 1000);
    const int64_t interval_us = network_next_us(session) - session_now_us(session);
    fake_clock_move_ms(&now, -(first_us - before_us) / 1000);
    return interval_us / 1000000;
}

/* A line after so long a silence, which passes. */
static void
line(struct session *session, uint32_t silence_s)
{
    fake_clock_move_ms(&now, (int64_t)silence_s * 1000);
    session->liveness.line_us = session_now_us(session);
    session->liveness.silence_s = silence_s;
}

static void
line_kept(struct session *session, uint32_t silence_s)
{
    line(session, silence_s);
    network_kept(session);
    liveness_init(&session->liveness);
}

static void
gone(struct session *session, enum conn_end end)
{
    const struct conn_evidence evidence = {.end = end,
                                           .unacked_octets = end == CONN_END_FIN ? 0 : 17};

    network_gone(session, &evidence);
    free(session);
}

static void
seconds_pass(int seconds)
{
    for (int s = 0; s < seconds; s++) {
        fake_clock_move_ms(&now, 1000);
        networks_tick(env.networks);
    }
}

static const char *
log_text(void)
{
    static char text[1 << 18];

    log_flush(env.log);
    AUTO_FD fd = open(tmpdir_file(&dir, "roost-2026-11-12.log"), O_RDONLY);
    const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static struct network_record
known(const char *name)
{
    struct network_record *records = NULL;
    size_t count = 0;

    assert_ok(networks_list(env.networks, &arena, &records, &count));
    for (size_t i = 0; i < count; i++)
        if (strcmp(records[i].network, name) == 0)
            return records[i];
    return (struct network_record){.network = ""};
}

static void
test_who_is_asked(void **state)
{
    static const struct {
        const char *address;
        bool by_proxy;
        bool learns;
    } table[] = {
        {"203.0.113.5", false, true},
        {"2001:db8:1::5", false, true},
        {"::ffff:203.0.113.5", false, true},
        {"127.0.0.1", false, false},
        {"::1", false, false},
        {"203.0.113.5", true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct session *session = arrive(table[i].address, 7);
        session->by_proxy = table[i].by_proxy;
        assert_int_equal(interval_s(session), 240);
        for (int n = 0; n < 8; n++)
            line_kept(session, 240);
        assert_int_equal(interval_s(session), table[i].learns ? 270 : 240);
        gone(session, CONN_END_FIN);
        networks_reset(env.networks, SPAN(""));
    }
    settings.idle_keepalive_s = 0;
    struct session *session = arrive("203.0.113.5", 7);
    assert_int_equal(network_next_us(session), INT64_MAX);
    gone(session, CONN_END_FIN);
}

static void
test_one_address_one_second(void **state)
{
    struct session *sessions[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fake_clock_move_ms(&now, 17300);
        sessions[i] = arrive("203.0.113.5", i + 1);
    }
    const int64_t due_us = network_next_us(sessions[0]);
    assert_true(due_us > session_now_us(sessions[0]));
    assert_true(due_us <= session_now_us(sessions[0]) + 240 * INT64_C(1000000));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(network_next_us(sessions[i]), due_us);
        gone(sessions[i], CONN_END_FIN);
    }
}

/* Wherever in the client's interval a wait begins. due_us is when the timer fires: whole
 * seconds are met. */
static void
test_the_first_is_early(void **state)
{
    static const uint32_t intervals[] = {1, 2, 7, 8, 30, 240, 600};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
        const int64_t interval_us = intervals[i] * INT64_C(1000000);
        const int64_t early_us = intervals[i] >= 8 ? 1000000 : 0;
        settings.idle_keepalive_s = settings.idle_keepalive_min_s =
            settings.idle_keepalive_max_s = intervals[i];
        struct session *session = arrive("203.0.113.5", 7);
        for (int wait = 0; wait < 1500; wait++) {
            const int64_t began_us = session_now_us(session);
            const int64_t first_us = network_first_us(session, began_us);
            assert_int_equal(first_us % 1000000, 0);
            assert_true(first_us > began_us);
            assert_true(first_us <= began_us + interval_us - early_us);
            fake_clock_move_ms(&now, (first_us - began_us) / 1000 + 200); /* a busy thread */
            const int64_t second_us = network_next_us(session);
            assert_true(second_us <= first_us + interval_us);
            assert_true(intervals[i] < 8 || second_us > first_us + 1000000);
            fake_clock_move_ms(&now, (second_us - session_now_us(session)) / 1000);
            assert_int_equal(network_next_us(session), second_us + interval_us);
            fake_clock_move_ms(&now, 1370);
        }
        gone(session, CONN_END_FIN);
    }
}

/* client_rule.def: an interval is at most what the client bears, within [idle]. Behind a proxy
 * or on this machine it is never longer than what is configured: nobody knows what is kept
 * there. */
static void
test_clients_with_rules(void **state)
{
    static const struct {
        const char *address;
        bool by_proxy;
    } table[] = {{"127.0.0.1", false}, {"203.0.113.5", true}, {"203.0.113.5", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct session *patient = arrive(table[i].address, 7);
        struct session *anxious = arrive(table[i].address, 8);
        patient->by_proxy = anxious->by_proxy = table[i].by_proxy;
        patient->client_rule = client_rule_labelled(SPAN("fairemail"));
        anxious->client_rule = client_rule_labelled(SPAN("delta-chat"));
        settings = (struct settings){
            .idle_keepalive_s = 240, .idle_keepalive_min_s = 120, .idle_keepalive_max_s = 600};
        assert_int_equal(interval_s(patient), 240);
        assert_int_equal(interval_s(anxious), 240);
        settings.idle_keepalive_s = settings.idle_keepalive_min_s = 60;
        assert_int_equal(interval_s(patient), 60);
        assert_int_equal(interval_s(anxious), 60);
        settings.idle_keepalive_s = settings.idle_keepalive_max_s = 600;
        assert_int_equal(interval_s(patient), 600);
        assert_int_equal(interval_s(anxious), 270);
        settings.idle_keepalive_min_s = 300;
        assert_int_equal(interval_s(anxious), 300);
        settings.idle_keepalive_s = 0;
        assert_int_equal(interval_s(patient), 0);
        assert_int_equal(interval_s(anxious), 0);
        gone(patient, CONN_END_FIN);
        gone(anxious, CONN_END_FIN);
    }
}

/* INV-N2: a client that wants few lines gets an interval that its network has survived, and
 * none that is known to be forgotten. */
static void
test_a_patient_client_gets_what_was_kept(void **state)
{
    (void)state;
    settings.idle_keepalive_s = settings.idle_keepalive_min_s = 60;
    struct session *patient = arrive("203.0.113.5", 7);
    struct session *other = arrive("203.0.113.77", 8);
    patient->client_rule = client_rule_labelled(SPAN("fairemail"));
    assert_int_equal(interval_s(patient), 60);
    line_kept(other, 178); /* a second less may be 179 that was rounded; two may not */
    assert_int_equal(interval_s(patient), 60);
    line_kept(other, 180);
    assert_int_equal(interval_s(patient), 180);
    assert_int_equal(interval_s(other), 60);
    settings.idle_keepalive_max_s = 120; /* less than the client's, and survived all the more */
    assert_int_equal(interval_s(patient), 120);
    settings.idle_keepalive_max_s = 600;
    settings.idle_keepalive_min_s = 600; /* and with no room to learn: as configured */
    settings.idle_keepalive_s = settings.idle_keepalive_max_s = 60;
    assert_int_equal(interval_s(patient), 60);
    gone(patient, CONN_END_FIN);
    gone(other, CONN_END_FIN);
}

/* The client's line after so long a silence is lost, and the client is back at once. */
static void
lose(const char *address, uint32_t silence_s)
{
    struct session *lost = arrive(address, 9);

    line(lost, silence_s);
    fake_clock_move_ms(&now, 60000);
    network_suspect(lost);
    gone(lost, CONN_END_TIMEOUT);
    struct session *again = arrive(address, 9);
    seconds_pass(10);
    gone(again, CONN_END_FIN);
}

static void
test_a_patient_client_gets_nothing_that_is_lost(void **state)
{
    (void)state;
    settings.idle_keepalive_s = settings.idle_keepalive_min_s = 60;
    struct session *patient = arrive("203.0.113.5", 7);
    patient->client_rule = client_rule_labelled(SPAN("fairemail"));
    lose("203.0.113.9", 200); /* nobody has survived 180 seconds here */
    assert_int_equal(known("203.0.113.0/24").limit_s, 200);
    assert_int_equal(interval_s(patient), 60);
    line_kept(patient, 180);
    assert_int_equal(interval_s(patient), 180);
    lose("203.0.113.9", 170);
    assert_int_equal(known("203.0.113.0/24").limit_s, 170);
    assert_int_equal(interval_s(patient), 60);
    gone(patient, CONN_END_FIN);
}

/* A network's interval falls: who waits there already is woken, and is not late. */
static void
test_those_that_wait_hear_of_a_fall(void **state)
{
    const struct poller_config config = {.threads = 1, .clock = &now.clock};
    struct session *there[2];

    (void)state;
    assert_ok(poller_new(&config, &env.poller, &err)); /* never started: wakes go nowhere */
    assert_ok(session_table_new(&env.table));
    there[0] = arrive("203.0.113.77", 0);
    there[1] = arrive("198.51.100.77", 0);
    for (size_t i = 0; i < 2; i++) {
        list_init(&there[i]->account_link);
        session_table_enter(env.table, there[i]);
    }
    struct session *lost = arrive("203.0.113.5", 7);
    line(lost, 240);
    fake_clock_move_ms(&now, 60000);
    network_suspect(lost);
    seconds_pass(840);
    gone(lost, CONN_END_TIMEOUT);
    struct session *second = arrive("203.0.113.5", 7);
    const int64_t silent_us = session_now_us(second) - 115 * INT64_C(1000000);
    assert_true(network_first_us(there[0], silent_us) > session_now_us(second));
    assert_int_equal(atomic_load(&there[0]->posts), 0);
    seconds_pass(6);
    assert_int_equal(known("203.0.113.0/24").interval_s, 120);
    assert_int_equal(atomic_load(&there[0]->posts), POST_CONFIGURATION);
    assert_int_equal(atomic_load(&there[1]->posts), 0);
    /* After 121 seconds of silence it is time. After ten there are 109 left, at most. */
    const int64_t now_us = session_now_us(second);
    assert_int_equal(network_first_us(there[0], silent_us), now_us);
    assert_true(network_first_us(there[0], now_us - 10 * INT64_C(1000000)) <=
                now_us + 109 * INT64_C(1000000));
    for (size_t i = 0; i < 2; i++) {
        session_table_leave(env.table, there[i]);
        gone(there[i], CONN_END_FIN);
    }
    gone(second, CONN_END_FIN);
    session_table_free(env.table);
    poller_free(env.poller);
    env.table = NULL;
    env.poller = NULL;
}

static void
test_lost_line_and_comeback(void **state)
{
    (void)state;
    struct session *first = arrive("203.0.113.5", 7);
    line(first, 240);
    fake_clock_move_ms(&now, 60000);
    network_suspect(first);
    seconds_pass(900);
    gone(first, CONN_END_TIMEOUT);
    assert_string_equal(known("203.0.113.0/24").network, ""); /* a suspect teaches nothing */
    struct session *second = arrive("203.0.113.200", 7);
    seconds_pass(4);
    assert_string_equal(known("203.0.113.0/24").network, "");
    seconds_pass(2);
    const struct network_record record = known("203.0.113.0/24");
    assert_int_equal(record.interval_s, 120);
    assert_int_equal(record.limit_s, 240);
    assert_int_equal(interval_s(second), 120);
    assert_non_null(strstr(log_text(), "P 07027 0 203.0.113.0/24: keepalive every 120 s now: "
                                       "silences of 240 s are lost"));
    assert_non_null(strstr(
        log_text(), "P 07026 2 keepalive every 120 s: 203.0.113.0/24 forgets after 240 s"));
    gone(second, CONN_END_FIN);
}

/* INV-N3: after UNAUTHENTICATE a session is new, but its connection is not. */
static void
test_a_reused_connection_is_no_comeback(void **state)
{
    (void)state;
    struct session *second = arrive("203.0.113.200", 8);
    struct session *first = arrive("203.0.113.5", 7);
    line(first, 240);
    fake_clock_move_ms(&now, 60000);
    network_suspect(first);
    gone(first, CONN_END_TIMEOUT);
    second->account_id = 7;
    second->opened_us = session_now_us(second);
    second->is_reused = true;
    network_came(second);
    seconds_pass(300);
    assert_string_equal(known("203.0.113.0/24").network, "");
    line_kept(second, 30); /* alive, but no other connection */
    seconds_pass(10);
    assert_int_equal(known("203.0.113.0/24").interval_s, 240);
    assert_int_equal(known("203.0.113.0/24").limit_s, 0);
    second->is_reused = false; /* it is a connection of its own now */
    network_came(second);
    seconds_pass(10);
    assert_int_equal(known("203.0.113.0/24").limit_s, 240);
    gone(second, CONN_END_FIN);
}

static void
test_ends_that_teach_nothing(void **state)
{
    static const enum conn_end ends[] = {CONN_END_UNREACHABLE, CONN_END_FIN};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct session *first = arrive("203.0.113.5", 7);
        line(first, 240);
        fake_clock_move_ms(&now, 60000);
        network_suspect(first);
        gone(first, ends[i]);
        struct session *second = arrive("203.0.113.5", 7);
        seconds_pass(300);
        assert_string_equal(known("203.0.113.0/24").network, "");
        gone(second, CONN_END_FIN);
    }
}

static void
test_acknowledged_late_is_kept(void **state)
{
    (void)state;
    struct session *first = arrive("203.0.113.5", 7);
    line(first, 240);
    network_suspect(first);
    struct session *second = arrive("203.0.113.5", 7);
    seconds_pass(100);
    network_kept(first);
    seconds_pass(300);
    const struct network_record record = known("203.0.113.0/24");
    assert_int_equal(record.interval_s, 240);
    assert_int_equal(record.silence_count, 1);
    assert_int_equal(record.silences[0].kept, 1);
    assert_int_equal(record.silences[0].lost, 0);
    gone(first, CONN_END_FIN);
    gone(second, CONN_END_FIN);
}

static void
test_survives_a_restart(void **state)
{
    (void)state;
    struct session *session = arrive("2001:db8:1:ffff::9", 7);
    for (int n = 0; n < 8; n++)
        line_kept(session, 240);
    interval_s(session);
    for (int n = 0; n < 3; n++)
        line_kept(session, 270);
    assert_int_equal(interval_s(session), 270);
    const struct network_record before = known("2001:db8:1::/48");
    close_all();
    open_all();
    const struct network_record after = known("2001:db8:1::/48");
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(interval_s(session), 270);
    assert_int_equal(networks_reset(env.networks, SPAN("2001:db8:1::/48")), 1);
    close_all();
    open_all();
    assert_string_equal(known("2001:db8:1::/48").network, "");
    assert_int_equal(interval_s(session), 240);
    gone(session, CONN_END_FIN);
}

/* What a crash costs is a minute of counts, and no interval. */
static void
test_stored_while_it_runs(void **state)
{
    struct journal_reader *reader = NULL;
    struct network_record record;

    (void)state;
    struct session *session = arrive("203.0.113.5", 7);
    line_kept(session, 240);
    seconds_pass(61);
    journal_flush(env.journal);
    assert_ok(journal_reader_open(&reader, journal_path, &err));
    assert_ok(journal_find_network(reader, SPAN("203.0.113.0/24"), &record, &err));
    assert_int_equal(record.silences[0].kept, 1);
    journal_reader_close(reader);
    gone(session, CONN_END_FIN);
}

static void
test_bounded_and_aged(void **state)
{
    struct network_record *records = NULL;
    struct session *session = arrive("10.0.0.1", 7);
    size_t count = 0;

    (void)state;
    for (uint32_t i = 0; i < LIMIT_NETWORKS + 100; i++) {
        session->peer.ip[1] = (uint8_t)(i >> 8);
        session->peer.ip[2] = (uint8_t)i;
        session->liveness.line_us = session_now_us(session);
        session->liveness.silence_s = 100;
        network_kept(session);
    }
    assert_ok(networks_list(env.networks, &arena, &records, &count));
    assert_int_equal(count, LIMIT_NETWORKS);
    assert_string_equal(known("10.0.99.0/24").network, ""); /* the oldest went */
    assert_string_equal(known("10.0.100.0/24").network, "10.0.100.0/24");
    fake_clock_move_ms(&now, LIMIT_NETWORK_KEEP_DAYS * INT64_C(86400000) - 1000);
    seconds_pass(1);
    assert_ok(networks_list(env.networks, &arena, &records, &count));
    assert_int_equal(count, LIMIT_NETWORKS);
    seconds_pass(1); /* a few are forgotten each second */
    assert_ok(networks_list(env.networks, &arena, &records, &count));
    assert_in_range(count, 1, LIMIT_NETWORKS - 1);
    fake_clock_move_ms(&now, LIMIT_NETWORK_KEEP_DAYS * INT64_C(86400000));
    seconds_pass(LIMIT_NETWORKS / 64 + 1);
    assert_ok(networks_list(env.networks, &arena, &records, &count));
    assert_int_equal(count, 0);
    liveness_init(&session->liveness);
    gone(session, CONN_END_FIN);
}

static void
test_names(void **state)
{
    static const struct {
        const char *address;
        const char *name;
    } table[] = {
        {"203.0.113.5", "203.0.113.0/24"},
        {"::ffff:203.0.113.5", "203.0.113.0/24"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::/48"},
    };
    char name[NETWORK_TEXT];
    struct net_addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_ok(net_addr_parse(span_of_str(table[i].address), &addr));
        networks_name(&addr, name);
        assert_string_equal(name, table[i].name);
    }
    networks_name(&(struct net_addr){.family = NET_UNIX}, name);
    assert_string_equal(name, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_address_one_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_first_is_early, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clients_with_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_patient_client_gets_what_was_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_patient_client_gets_nothing_that_is_lost, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_those_that_wait_hear_of_a_fall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_line_and_comeback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reused_connection_is_no_comeback, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_ends_that_teach_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acknowledged_late_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_survives_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stored_while_it_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_and_aged, setup, teardown),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

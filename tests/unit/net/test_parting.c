/* SPDX-License-Identifier: MIT */
/* Sockets after the server's last words: until the peer's end, a time, some octets, or need. */
#include "net/parting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "sockets.h"
#include "support/fake_clock.h"

struct bench {
    struct fake_clock clock;
    struct poller *poller;
    struct parting *parting;
};

static void
bench_open(struct bench *bench)
{
    fake_clock_init(&bench->clock, 1000);
    const struct poller_config config = {.threads = 2, .clock = &bench->clock.clock};

    assert_int_equal(poller_new(&config, &bench->poller, NULL), RC_OK);
    assert_int_equal(parting_new(bench->poller, &bench->parting, NULL), RC_OK);
    assert_int_equal(poller_start(bench->poller, NULL), RC_OK);
}

static void
bench_close(struct bench *bench)
{
    poller_stop(bench->poller);
    parting_free(bench->parting);
    poller_free(bench->poller);
}

/* The server's end says its last words and goes. */
static void
part(struct bench *bench, int near)
{
    put_all(near, "421 Bye\r\n", 9);
    shutdown(near, SHUT_WR);
    parting_take(bench->parting, near);
}

/* The other end of a Unix socket is closed: nothing else is reported for it. */
static bool
is_closed(int far)
{
    struct pollfd pollfd = {.fd = far};

    return poll(&pollfd, 1, 0) == 1;
}

/* A timer may be set only after the clock was moved, so there is more than one look at it. */
static void
await_closed(struct bench *bench, int far)
{
    for (int i = 0; i < 2000 && !is_closed(far); i++) {
        poller_tick(bench->poller);
        poll(NULL, 0, 10);
    }
    assert_true(is_closed(far));
}

static void
assert_last_words(int far)
{
    char got[16];

    assert_int_equal(read(far, got, sizeof got), 9);
    assert_memory_equal(got, "421 Bye\r\n", 9);
    assert_int_equal(read(far, got, sizeof got), 0);
}

/* Writes until nothing more is taken for good; returns how much was. */
static size_t
flood(int far, size_t most)
{
    static const char noise[65536];
    size_t total = 0;
    struct pollfd pollfd = {.fd = far, .events = POLLOUT};

    while (total < most && poll(&pollfd, 1, 300) == 1 && (pollfd.revents & POLLOUT) != 0) {
        const ssize_t n = send(far, noise, sizeof noise, MSG_NOSIGNAL);
        if (n < 0)
            assert_int_equal(errno, EAGAIN);
        else
            total += (size_t)n;
    }
    return total;
}

static void
test_until_the_peers_end(void **state)
{
    struct bench bench;
    const struct pair pair = pair_tcp(0);

    (void)state;
    bench_open(&bench);
    part(&bench, pair.near);
    for (int i = 0; i < 100; i++)
        put_all(pair.far, "NOOP\r\n", 6);
    assert_int_equal(parting_count(bench.parting), 1);
    assert_last_words(pair.far);
    shutdown(pair.far, SHUT_WR);
    struct pollfd pollfd = {.fd = pair.far};
    assert_int_equal(poll(&pollfd, 1, 20000), 1);
    assert_int_equal(pollfd.revents, POLLHUP); /* a FIN from both ends, and no RST */
    bench_close(&bench);
    close(pair.far);
}

static void
test_after_a_reset(void **state)
{
    struct bench bench;
    const struct pair pair = pair_tcp(0);

    (void)state;
    bench_open(&bench);
    part(&bench, pair.near);
    close_with_rst(pair.far);
    for (int i = 0; i < 2000 && parting_count(bench.parting) > 0; i++)
        poll(NULL, 0, 10);
    assert_int_equal(parting_count(bench.parting), 0);
    bench_close(&bench);
}

static void
test_until_its_time(void **state)
{
    struct bench bench;
    const struct pair first = pair_unix();
    const struct pair second = pair_unix();

    (void)state;
    bench_open(&bench);
    part(&bench, first.near);
    fake_clock_move_ms(&bench.clock, LIMIT_PARTING_US / 1000 - 1);
    part(&bench, second.near); /* wakes nobody: the first one's time is earlier */
    put_all(first.far, "x", 1);
    poller_tick(bench.poller);
    assert_false(is_closed(first.far));
    fake_clock_move_ms(&bench.clock, 1001); /* timers are whole seconds */
    await_closed(&bench, first.far);
    assert_false(is_closed(second.far));
    assert_last_words(first.far);
    fake_clock_move_ms(&bench.clock, LIMIT_PARTING_US / 1000);
    await_closed(&bench, second.far);
    assert_int_equal(parting_count(bench.parting), 0);
    bench_close(&bench);
    close(first.far);
    close(second.far);
}

static void
test_until_its_octets(void **state)
{
    struct bench bench;
    const struct pair pair = pair_unix();
    const size_t far_beyond = 64 * (size_t)LIMIT_PARTING_OCTETS;

    (void)state;
    bench_open(&bench);
    part(&bench, pair.near);
    const size_t taken = flood(pair.far, far_beyond);
    assert_true(taken >= LIMIT_PARTING_OCTETS);
    assert_true(taken < LIMIT_PARTING_OCTETS + (2u << 20)); /* what the kernel itself holds */
    assert_int_equal(parting_count(bench.parting), 1);
    assert_last_words(pair.far); /* still there to be read */
    shutdown(pair.far, SHUT_WR);
    await_closed(&bench, pair.far); /* its end is seen behind what was left unread */
    bench_close(&bench);
    close(pair.far);
}

static void
test_octets_before_its_time(void **state)
{
    struct bench bench;
    const struct pair pair = pair_unix();

    (void)state;
    bench_open(&bench);
    part(&bench, pair.near);
    (void)flood(pair.far, 64 * (size_t)LIMIT_PARTING_OCTETS);
    fake_clock_move_ms(&bench.clock, LIMIT_PARTING_US / 1000 + 1000);
    await_closed(&bench, pair.far);
    bench_close(&bench);
    close(pair.far);
}

static void
test_the_oldest_gives_way(void **state)
{
    struct bench bench;
    struct pair pairs[3];

    (void)state;
    bench_open(&bench);
    parting_give_way(bench.parting); /* nobody is here */
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        pairs[i] = pair_unix();
        part(&bench, pairs[i].near);
    }
    assert_int_equal(parting_count(bench.parting), 3);
    parting_give_way(bench.parting);
    assert_true(is_closed(pairs[0].far));
    assert_false(is_closed(pairs[1].far));
    assert_int_equal(parting_count(bench.parting), 2);
    bench_close(&bench); /* does not wait for the others */
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        assert_true(is_closed(pairs[i].far));
        assert_last_words(pairs[i].far);
        close(pairs[i].far);
    }
}

static void
test_their_number(void **state)
{
    const rlim_t needed = 2 * LIMIT_PARTING + 100;
    struct bench bench;
    struct rlimit limit;
    static int far[LIMIT_PARTING + 2];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < needed)
        skip();
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        const struct pair pair = pair_unix();
        far[i] = pair.far;
        part(&bench, pair.near);
        if (i == LIMIT_PARTING - 1)
            assert_false(is_closed(far[0]));
    }
    assert_int_equal(parting_count(bench.parting), LIMIT_PARTING);
    assert_true(is_closed(far[0]) && is_closed(far[1]));
    assert_false(is_closed(far[2]));
    bench_close(&bench);
    for (size_t i = 0; i < ARRAY_LEN(far); i++)
        close(far[i]);
}

/* What conn_part gives away, and what it closes itself. */
static void
test_who_parts(void **state)
{
    struct bench bench;
    struct conn conn;
    struct conn_evidence evidence;

    (void)state;
    bench_open(&bench);
    struct pair pair = pair_tcp(0);
    open_plain(&conn, pair.near);
    buf_put_str(&conn.out, "* BYE\r\n");
    assert_int_equal(conn_flush(&conn), RC_OK);
    conn_part(&conn, bench.parting, &evidence);
    assert_int_equal(evidence.end, CONN_OPEN);
    assert_int_equal(conn.fd, -1);
    assert_int_equal(parting_count(bench.parting), 1);
    parting_give_way(bench.parting);
    close(pair.far);

    pair = pair_unix(); /* the peer's FIN is here already, behind what it sent */
    open_plain(&conn, pair.near);
    put_all(pair.far, "x", 1);
    shutdown(pair.far, SHUT_WR);
    conn_part(&conn, bench.parting, NULL);
    assert_int_equal(parting_count(bench.parting), 0);
    assert_true(is_closed(pair.far));
    close(pair.far);

    pair = pair_unix(); /* nobody to give it to */
    open_plain(&conn, pair.near);
    conn_part(&conn, NULL, NULL);
    assert_true(is_closed(pair.far));
    close(pair.far);
    bench_close(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_until_the_peers_end),
        cmocka_unit_test(test_after_a_reset),
        cmocka_unit_test(test_until_its_time),
        cmocka_unit_test(test_until_its_octets),
        cmocka_unit_test(test_octets_before_its_time),
        cmocka_unit_test(test_the_oldest_gives_way),
        cmocka_unit_test(test_their_number),
        cmocka_unit_test(test_who_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Plain connections: limits, ends and their evidence, slow readers, what a parked one keeps. */
#include "net/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sockets.h"

static int64_t fake_now_us;

static int64_t
fake_us(const struct clock *clock)
{
    (void)clock;
    return fake_now_us;
}

static const struct clock fake_clock = {fake_us, fake_us};

static void
assert_text(const struct conn_evidence *evidence, const char *expected)
{
    char text[200];

    conn_evidence_text(evidence, text, sizeof text);
    assert_string_equal(text, expected);
}

static void
test_read_write_and_count(void **state)
{
    const struct pair pair = pair_unix();
    const struct conn_config config = {.in_max = 100, .out_max = 100, .clock = &fake_clock};
    struct conn conn;
    char got[16];

    (void)state;
    fake_now_us = 1000;
    assert_int_equal(conn_open(&conn, pair.near, &config), RC_OK);
    assert_int_equal(conn_read(&conn), RC_AGAIN);
    put_all(pair.far, "a NOOP\r\n", 8);
    fake_now_us = 2000;
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_true(span_eq_str(buf_span(&conn.in), "a NOOP\r\n"));
    assert_int_equal(conn.last_in_us, 2000);
    assert_int_equal(conn.last_out_us, 1000);
    buf_put_str(&conn.out, "a OK\r\n");
    fake_now_us = 3000;
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn.last_out_us, 3000);
    assert_int_equal(conn.octets_in, 8);
    assert_int_equal(conn.octets_out, 6);
    assert_int_equal(read(pair.far, got, sizeof got), 6);
    conn_close(&conn, NULL);
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_input_limit(void **state)
{
    const struct pair pair = pair_unix();
    const struct conn_config config = {.in_max = 10, .out_max = 10, .clock = &clock_system};
    struct conn conn;

    (void)state;
    assert_int_equal(conn_open(&conn, pair.near, &config), RC_OK);
    put_all(pair.far, "0123456789", 10); /* at the limit */
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), 10);
    assert_int_equal(conn_read(&conn), RC_LIMIT);
    put_all(pair.far, "x", 1); /* one above */
    assert_int_equal(conn_read(&conn), RC_LIMIT);
    assert_int_equal(buf_len(&conn.in), 10);
    conn_set_in_max(&conn, 11);
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), 11);
    conn_set_in_max(&conn, 5); /* not below what is in it */
    assert_int_equal(conn_read(&conn), RC_LIMIT);
    buf_consume(&conn.in, 11);
    assert_int_equal(conn_read(&conn), RC_AGAIN);
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_output_limit(void **state)
{
    const struct pair pair = pair_unix();
    const struct conn_config config = {.in_max = 10, .out_max = 10, .clock = &clock_system};
    struct conn conn;

    (void)state;
    assert_int_equal(conn_open(&conn, pair.near, &config), RC_OK);
    buf_put_str(&conn.out, "0123456789");
    buf_put_str(&conn.out, "x"); /* refused whole */
    assert_int_equal(conn_flush(&conn), RC_LIMIT);
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_read_direct(void **state)
{
    const struct pair pair = pair_unix();
    struct conn conn;
    char got[8];
    size_t n;

    (void)state;
    open_plain(&conn, pair.near);
    put_all(pair.far, "line\r\nlit", 9);
    assert_int_equal(conn_read(&conn), RC_OK);
    buf_consume(&conn.in, 6);
    put_all(pair.far, "eral", 4);
    assert_int_equal(conn_read_direct(&conn, got, 2, &n), RC_OK); /* from the buffer first */
    assert_memory_equal(got, "li", 2);
    assert_int_equal(conn_read_direct(&conn, got, sizeof got, &n), RC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(conn_read_direct(&conn, got, sizeof got, &n), RC_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(got, "eral", 4);
    assert_int_equal(conn_read_direct(&conn, got, sizeof got, &n), RC_AGAIN);
    assert_int_equal(conn.octets_in, 13);
    close(pair.far);
    assert_int_equal(conn_read_direct(&conn, got, sizeof got, &n), RC_CLOSED);
    conn_close(&conn, NULL);
}

static void
test_fin_after_last_command(void **state)
{
    const struct pair pair = pair_tcp(0);
    struct conn conn;
    struct conn_evidence evidence;
    char got[16];

    (void)state;
    open_plain(&conn, pair.near);
    put_all(pair.far, "a LOGOUT\r\n", 10);
    shutdown(pair.far, SHUT_WR); /* half closed: it still reads */
    assert_int_equal(await_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), 10);
    assert_int_equal(conn_read(&conn), RC_CLOSED);
    assert_int_equal(conn_read(&conn), RC_CLOSED);
    assert_int_equal(buf_len(&conn.in), 10); /* the command is still there */
    assert_true(conn_peer_closed(&conn));
    buf_put_str(&conn.out, "* BYE\r\n");
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn_park(&conn), TASK_PARK_WAKE);
    conn_close(&conn, &evidence);
    assert_int_equal(evidence.end, CONN_END_FIN);
    assert_true(evidence.has_tcp_info);
    assert_string_equal(conn_end_name(evidence.end), "fin");
    assert_text(&evidence, "the client closed the connection");
    assert_true(await_fd(pair.far, POLLIN));
    assert_int_equal(read(pair.far, got, sizeof got), 7);
    close(pair.far);
}

static void
test_rst(void **state)
{
    const struct pair pair = pair_tcp(0);
    struct conn conn;
    struct conn_evidence evidence;

    (void)state;
    open_plain(&conn, pair.near);
    close_with_rst(pair.far);
    assert_int_equal(await_read(&conn), RC_CLOSED);
    buf_put_str(&conn.out, "* BYE\r\n");
    assert_int_equal(conn_flush(&conn), RC_CLOSED);
    conn_close(&conn, &evidence);
    assert_int_equal(evidence.end, CONN_END_RST);
    assert_int_equal(evidence.os_errno, ECONNRESET);
    assert_int_equal(evidence.unsent_octets, 7);
}

static void
test_write_to_a_closed_peer(void **state)
{
    const struct pair pair = pair_unix();
    struct conn conn;

    (void)state;
    open_plain(&conn, pair.near);
    close(pair.far);
    buf_put_str(&conn.out, "* 1 EXISTS\r\n");
    assert_int_equal(conn_flush(&conn), RC_CLOSED); /* and no SIGPIPE */
    assert_int_equal(conn.end, CONN_END_PIPE);
    conn_close(&conn, NULL);
}

/* Reads whatever comes until len octets are there, and compares them with a pattern. */
static void
read_pattern(int fd, struct conn *conn, size_t len)
{
    size_t got = 0;
    char chunk[8192];

    while (got < len) {
        assert_true(await_fd(fd, POLLIN));
        const ssize_t n = read(fd, chunk, sizeof chunk);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal((unsigned char)chunk[i], (got + (size_t)i) % 251);
        got += (size_t)n;
        assert_true(conn_flush(conn) != RC_CLOSED);
    }
    assert_int_equal(got, len);
}

static void
test_slow_reader(void **state)
{
    enum { LEN = 4 << 20 };
    const struct pair pair = pair_tcp(8192);
    struct conn conn;
    struct conn_evidence evidence;

    (void)state;
    open_plain(&conn, pair.near);
    char *room = buf_reserve(&conn.out, LEN);
    for (size_t i = 0; i < LEN; i++)
        room[i] = (char)(i % 251);
    buf_grew(&conn.out, LEN);
    assert_int_equal(conn_flush(&conn), RC_AGAIN);
    assert_true(buf_len(&conn.out) > 0);
    assert_int_equal(conn_park(&conn), TASK_PARK_OUTPUT);
    assert_false(conn_peer_closed(&conn));
    conn_evidence_get(&conn, &evidence);
    assert_true(evidence.unacked_octets > 0 && evidence.unsent_octets > 0);
    assert_int_equal(evidence.end, CONN_OPEN);
    read_pattern(pair.far, &conn, LEN);
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn_park(&conn), TASK_PARK_INPUT);
    assert_int_equal(conn_unacked(&conn), 0);
    close(pair.far);
    conn_close(&conn, NULL);
}

static void
test_peer_closes_while_output_waits(void **state)
{
    const struct pair pair = pair_tcp(8192);
    struct conn conn;

    (void)state;
    open_plain(&conn, pair.near);
    put_all(pair.far, "a NOOP\r\n", 8); /* unread input does not hide the FIN */
    for (int i = 0; i < 100; i++)
        buf_put(&conn.out, (char[65536]){0}, 65536);
    assert_int_equal(conn_flush(&conn), RC_AGAIN);
    assert_false(conn_peer_closed(&conn));
    shutdown(pair.far, SHUT_WR);
    assert_true(await_fd(pair.near, POLLRDHUP));
    assert_true(conn_peer_closed(&conn));
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_timeout_of_unacknowledged_octets(void **state)
{
    const struct pair pair = pair_tcp(4096);
    struct conn conn;
    struct conn_evidence evidence;

    (void)state;
    open_plain(&conn, pair.near);
    conn_set_dead_after(&conn, 300);
    for (int i = 0; i < 100; i++)
        buf_put(&conn.out, (char[65536]){0}, 65536);
    assert_int_equal(conn_flush(&conn), RC_AGAIN); /* and the peer never reads */
    assert_true(await_fd(pair.near, 0));           /* POLLERR */
    assert_int_equal(conn_read(&conn), RC_CLOSED);
    conn_close(&conn, &evidence);
    assert_int_equal(evidence.end, CONN_END_TIMEOUT);
    assert_int_equal(evidence.os_errno, ETIMEDOUT);
    assert_text(&evidence, "what we sent was not acknowledged in time");
    close(pair.far);
}

static void
test_close_lets_last_words_arrive(void **state)
{
    const struct pair pair = pair_tcp(0);
    struct conn conn;
    char got[64];

    (void)state;
    open_plain(&conn, pair.near);
    put_all(pair.far, "octets that nobody reads\r\n", 26);
    assert_true(await_fd(pair.near, POLLIN));
    buf_put_str(&conn.out, "* BYE too many bad commands\r\n");
    assert_int_equal(conn_flush(&conn), RC_OK);
    conn_close(&conn, NULL);
    assert_true(await_fd(pair.far, POLLIN | POLLRDHUP));
    assert_int_equal(read(pair.far, got, sizeof got), 29); /* not ECONNRESET */
    assert_int_equal(read(pair.far, got, sizeof got), 0);
    close(pair.far);
}

static void
test_parked_keeps_no_buffers(void **state)
{
    const struct pair pair = pair_unix();
    struct conn conn;

    (void)state;
    assert_true(sizeof(struct conn) <= 208);
    open_plain(&conn, pair.near);
    assert_null(conn.in.data);
    put_all(pair.far, "x", 1);
    assert_int_equal(conn_read(&conn), RC_OK);
    buf_put_str(&conn.out, "y");
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn_park(&conn), TASK_PARK_INPUT);
    assert_non_null(conn.in.data); /* half a command is kept */
    buf_consume(&conn.in, 1);
    assert_int_equal(conn_park(&conn), TASK_PARK_INPUT);
    assert_null(conn.in.data);
    assert_null(conn.out.data);
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_take_fd_for_hand_over(void **state)
{
    const struct pair pair = pair_tcp(0);
    struct conn conn;
    char got[8];

    (void)state;
    open_plain(&conn, pair.near);
    buf_put_str(&conn.out, "x");
    assert_int_equal(conn_take_fd(&conn), -1); /* something would be lost */
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn_take_fd(&conn), pair.near);
    conn_close(&conn, NULL);
    open_plain(&conn, pair.near); /* as if in another process: the dialogue goes on */
    buf_put_str(&conn.out, "yz");
    assert_int_equal(conn_flush(&conn), RC_OK);
    conn_close(&conn, NULL);
    for (size_t len = 0; len < 3;) {
        assert_true(await_fd(pair.far, POLLIN));
        const ssize_t n = read(pair.far, got + len, sizeof got - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_memory_equal(got, "xyz", 3);
    close(pair.far);
}

struct memory_pipe {
    struct span input; /* what the peer has said */
    char output[64];
    size_t output_len;
};

static ssize_t
memory_recv(struct conn *conn, void *dst, size_t cap)
{
    struct memory_pipe *pipe = conn->io_ctx;
    const struct span part = span_head(pipe->input, cap);

    if (part.len == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(dst, part.ptr, part.len);
    pipe->input = span_tail(pipe->input, part.len);
    return (ssize_t)part.len;
}

static ssize_t
memory_send(struct conn *conn, const void *src, size_t len)
{
    struct memory_pipe *pipe = conn->io_ctx;
    const size_t room = sizeof pipe->output - pipe->output_len;
    const size_t part = len < room ? len : room;

    if (part == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(pipe->output + pipe->output_len, src, part);
    pipe->output_len += part;
    return (ssize_t)part;
}

static void
test_without_descriptor(void **state)
{
    static const struct conn_io io = {.recv = memory_recv, .send = memory_send};
    const struct conn_config config = {.in_max = 100, .out_max = 1000, .clock = &clock_system};
    struct memory_pipe pipe = {.input = SPAN("a IDLE\r\n")};
    struct conn conn;
    struct conn_evidence evidence;

    (void)state;
    assert_int_equal(conn_open_io(&conn, &io, &pipe, &config), RC_OK);
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_true(span_eq_str(buf_span(&conn.in), "a IDLE\r\n"));
    assert_int_equal(conn_read(&conn), RC_AGAIN);
    buf_put(&conn.out, (char[100]){0}, 100);
    assert_int_equal(conn_flush(&conn), RC_AGAIN);
    assert_int_equal(buf_len(&conn.out), 36);
    conn_set_dead_after(&conn, 1000);
    assert_int_equal(conn_unacked(&conn), -1);
    conn_close(&conn, &evidence);
    assert_false(evidence.has_tcp_info);
}

static void
test_words_for_unreachable(void **state)
{
    const struct conn_evidence host = {.end = CONN_END_UNREACHABLE, .os_errno = EHOSTUNREACH};

    (void)state;
    assert_text(&host, "the network cannot reach the client (No route to host)");
    for (int end = CONN_OPEN; end <= CONN_END_MEMORY; end++) {
        const struct conn_evidence evidence = {.end = (enum conn_end)end};
        char text[200] = "";
        conn_evidence_text(&evidence, text, sizeof text);
        assert_true(text[0] != '\0' && conn_end_name((enum conn_end)end) != NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_write_and_count),
        cmocka_unit_test(test_input_limit),
        cmocka_unit_test(test_output_limit),
        cmocka_unit_test(test_read_direct),
        cmocka_unit_test(test_fin_after_last_command),
        cmocka_unit_test(test_rst),
        cmocka_unit_test(test_write_to_a_closed_peer),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_peer_closes_while_output_waits),
        cmocka_unit_test(test_timeout_of_unacknowledged_octets),
        cmocka_unit_test(test_close_lets_last_words_arrive),
        cmocka_unit_test(test_parked_keeps_no_buffers),
        cmocka_unit_test(test_take_fd_for_hand_over),
        cmocka_unit_test(test_without_descriptor),
        cmocka_unit_test(test_words_for_unreachable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

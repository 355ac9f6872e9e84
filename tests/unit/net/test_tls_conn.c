/* SPDX-License-Identifier: MIT */
/*
 * TLS connections against an OpenSSL client: versions, ends and their words, key updates,
 * octets that wait inside OpenSSL, slow readers, STARTTLS injection, one octet at a time.
 */
#include "net/conn.h"

#include <signal.h>

#include "tls_link.h"

static void
assert_end(struct link *link, enum conn_end end, const char *text)
{
    struct conn_evidence evidence;
    char got[200];

    assert_int_equal(conn_read(&link->conn), RC_CLOSED);
    conn_evidence_get(&link->conn, &evidence);
    conn_evidence_text(&evidence, got, sizeof got);
    assert_string_equal(got, text);
    assert_int_equal(evidence.end, end);
}

static void
test_versions(void **state)
{
    static const struct {
        int version;
        const char *name;
    } table[] = {{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}};
    struct tls_server *server = make_server();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct link link;
        char got[64];
        link_open(&link, server, tls_client_ctx(table[i].version, table[i].version));
        assert_int_equal(SSL_set_tlsext_host_name(link.client, "imap.example.org"), 1);
        SSL_set_alpn_protos(link.client, (const unsigned char *)"\2h2\4imap", 8);
        assert_null(tls_conn_version(&link.conn));
        assert_int_equal(conn_park(&link.conn), TASK_PARK_INPUT);
        buf_put_str(&link.conn.out, "* OK greeting\r\n");
        assert_int_equal(conn_flush(&link.conn), RC_AGAIN); /* the handshake comes first */
        assert_int_equal(conn_park(&link.conn), TASK_PARK_INPUT);
        assert_true(handshake(&link));
        assert_int_equal(conn_flush(&link.conn), RC_OK);
        assert_int_equal(SSL_read(link.client, got, sizeof got), 15);
        assert_int_equal(SSL_write(link.client, "a NOOP\r\n", 8), 8);
        assert_int_equal(conn_read(&link.conn), RC_OK);
        assert_true(span_eq_str(buf_span(&link.conn.in), "a NOOP\r\n"));
        assert_string_equal(tls_conn_version(&link.conn), table[i].name);
        assert_non_null(tls_conn_cipher(&link.conn));
        assert_string_equal(tls_conn_sni(&link.conn), "imap.example.org");
        assert_true(span_eq_str(tls_conn_alpn(&link.conn), "imap"));
        assert_false(tls_conn_resumed(&link.conn));
        uint8_t ours[TLS_EXPORTER_OCTETS];
        uint8_t theirs[TLS_EXPORTER_OCTETS];
        assert_int_equal(tls_conn_exporter(&link.conn, ours), RC_OK);
        assert_int_equal(SSL_export_keying_material(link.client, theirs, sizeof theirs,
                                                    "EXPORTER-Channel-Binding", 24,
                                                    (const unsigned char *)"", 0, 1),
                         1);
        assert_memory_equal(ours, theirs, sizeof ours);
        link_close(&link);
    }
    tls_server_free(server);
}

static void
test_no_exporter_without_tls(void **state)
{
    const struct pair pair = pair_unix();
    struct conn conn;
    uint8_t key[TLS_EXPORTER_OCTETS];

    (void)state;
    open_plain(&conn, pair.near);
    assert_int_equal(tls_conn_exporter(&conn, key), RC_UNSUPPORTED);
    assert_null(tls_conn_version(&conn));
    conn_close(&conn, NULL);
    close(pair.far);
}

static void
test_alpn_of_others_is_ignored(void **state)
{
    struct tls_server *server = make_server();
    struct link link;

    (void)state;
    link_open(&link, server, tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION));
    SSL_set_alpn_protos(link.client, (const unsigned char *)"\2h2\3ftp", 7);
    assert_true(handshake(&link));
    assert_int_equal(tls_conn_alpn(&link.conn).len, 0);
    link_close(&link);
    tls_server_free(server);
}

static void
test_old_versions_are_refused(void **state)
{
    struct tls_server *server = make_server();
    struct link link;

    (void)state;
    link_open(&link, server, tls_client_ctx(TLS1_VERSION, TLS1_1_VERSION));
    assert_false(handshake(&link));
    assert_end(&link, CONN_END_TLS_ERROR, "the client offers only TLS versions older than 1.2");
    assert_int_equal(link.conn.alert_out, 70);
    link_close(&link);
    tls_server_free(server);
}

static void
test_what_is_not_tls(void **state)
{
    static const struct {
        struct span sent;
        const char *text; /* NULL: any */
    } table[] = {
        {SPAN_INIT("a1 LOGIN user secret\r\n"), "what the client sent is not TLS"},
        {SPAN_INIT("GET / HTTP/1.0\r\n\r\n"), "the client spoke HTTP where TLS is expected"},
        {SPAN_INIT("\x16\x03\x01\xff\xff garbage follows"), NULL},
        {SPAN_INIT("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00 too short"), NULL},
        {SPAN_INIT("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10 SSLv2"), NULL},
    };
    struct tls_server *server = make_server();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct link link;
        struct conn_evidence evidence;
        char text[200];
        link_open(&link, server, tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION));
        put_all(link.pair.far, table[i].sent.ptr, table[i].sent.len);
        shutdown(link.pair.far, SHUT_WR);
        assert_int_equal(conn_read(&link.conn), RC_CLOSED);
        conn_evidence_get(&link.conn, &evidence);
        conn_evidence_text(&evidence, text, sizeof text);
        assert_int_equal(evidence.tls, CONN_TLS_HANDSHAKE);
        assert_int_equal(evidence.octets_in, 0);
        if (table[i].text != NULL)
            assert_string_equal(text, table[i].text);
        buf_put_str(&link.conn.out, "* BYE\r\n");
        assert_int_equal(conn_flush(&link.conn), RC_CLOSED);
        link_close(&link);
    }
    tls_server_free(server);
}

static void
test_client_rejects_certificate(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_server *server = make_server();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct link link;
        link_open(&link, server, tls_client_ctx(versions[i], versions[i]));
        SSL_set_verify(link.client, SSL_VERIFY_PEER, NULL);
        assert_false(handshake(&link));
        assert_end(&link, CONN_END_TLS_ALERT,
                   "the client rejected our certificate (TLS alert 48, unknown_ca)");
        assert_int_equal(link.conn.alert_in, 48);
        link_close(&link);
    }
    tls_server_free(server);
}

static void
test_ends_after_the_handshake(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_server *server = make_server();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct link link;
        char got[8];

        link_up(&link, server, versions[i]); /* close_notify, and its answer */
        SSL_shutdown(link.client);
        assert_end(&link, CONN_END_TLS_CLOSE, "the client closed TLS");
        buf_put_str(&link.conn.out, "* BYE");
        assert_int_equal(conn_flush(&link.conn), RC_OK); /* our side is still open */
        assert_int_equal(SSL_read(link.client, got, sizeof got), 5);
        conn_close(&link.conn, NULL);
        assert_true(SSL_read(link.client, got, sizeof got) <= 0);
        assert_int_equal(SSL_get_shutdown(link.client) & SSL_RECEIVED_SHUTDOWN,
                         SSL_RECEIVED_SHUTDOWN);
        link_close(&link);

        link_up(&link, server, versions[i]); /* FIN alone, after a command */
        assert_int_equal(SSL_write(link.client, "x", 1), 1);
        shutdown(link.pair.far, SHUT_WR);
        assert_int_equal(conn_read(&link.conn), RC_OK);
        assert_end(&link, CONN_END_TLS_TRUNCATED,
                   "the client closed the connection without closing TLS");
        buf_put_str(&link.conn.out, "* BYE");
        assert_int_equal(conn_flush(&link.conn), RC_OK);
        assert_int_equal(SSL_read(link.client, got, sizeof got), 5);
        link_close(&link);

        link_up(&link, server, versions[i]); /* FIN inside a record */
        put_all(link.pair.far, "\x17\x03\x03\x01\x00half", 9);
        shutdown(link.pair.far, SHUT_WR);
        assert_end(&link, CONN_END_TLS_TRUNCATED,
                   "the client closed the connection without closing TLS");
        link_close(&link);

        link_up(&link, server, versions[i]); /* a forged record */
        put_all(link.pair.far,
                "\x17\x03\x03\x00\x20"
                "0123456789abcdef0123456789abcdef",
                37);
        assert_end(&link, CONN_END_TLS_ERROR, "a TLS record arrived damaged");
        assert_int_equal(link.conn.alert_out, 20);
        link_close(&link);
    }
    tls_server_free(server);
}

static void
test_hang_up_in_the_handshake(void **state)
{
    struct tls_server *server = make_server();
    struct link link;

    (void)state;
    link_open(&link, server, tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION));
    SSL_do_handshake(link.client); /* ClientHello */
    assert_int_equal(conn_read(&link.conn), RC_AGAIN);
    shutdown(link.pair.far, SHUT_WR);
    assert_end(&link, CONN_END_TLS_TRUNCATED, "the client hung up during the TLS handshake");
    link_close(&link);
    tls_server_free(server);
}

static void
test_rst_under_tls(void **state)
{
    struct tls_server *server = make_server();
    struct link link;
    const struct conn_config config = {
        .in_max = 100, .out_max = 100, .clock = &clock_system, .tls = server};

    (void)state;
    link.pair = pair_tcp(0);
    link.ctx = tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION);
    link.client = tls_client(link.ctx, link.pair.far);
    assert_int_equal(conn_open(&link.conn, link.pair.near, &config), RC_OK);
    assert_true(handshake(&link));
    close_with_rst(link.pair.far);
    assert_true(await_fd(link.pair.near, POLLIN));
    assert_end(&link, CONN_END_RST,
               "the connection was reset by the client or on the way to it");
    link.pair.far = -1;
    link_close(&link);
    tls_server_free(server);
}

static void
test_key_update(void **state)
{
    struct tls_server *server = make_server();
    struct link link;
    char got[8];

    (void)state;
    link_up(&link, server, TLS1_3_VERSION);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(SSL_key_update(link.client, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_write(link.client, "ping", 4), 4);
        assert_int_equal(conn_read(&link.conn), RC_OK);
        buf_clear(&link.conn.in);
        buf_put_str(&link.conn.out, "pong");
        assert_int_equal(conn_flush(&link.conn), RC_OK);
        assert_int_equal(conn_park(&link.conn), TASK_PARK_INPUT);
        assert_int_equal(SSL_read(link.client, got, sizeof got), 4);
    }
    link_close(&link);
    tls_server_free(server);
}

static void
test_renegotiation_is_refused(void **state)
{
    struct tls_server *server = make_server();
    struct link link;

    (void)state;
    link_up(&link, server, TLS1_2_VERSION);
    assert_int_equal(SSL_renegotiate(link.client), 1);
    SSL_do_handshake(link.client);
    /* We answer with the warning no_renegotiation and stay; whether to go on is the
     * client's. */
    assert_int_equal(conn_read(&link.conn), RC_AGAIN);
    assert_int_equal(link.conn.end, CONN_OPEN);
    SSL_do_handshake(link.client);
    assert_int_equal(conn_read(&link.conn), RC_CLOSED);
    assert_int_equal(link.conn.end, CONN_END_TLS_ALERT);
    link_close(&link);
    tls_server_free(server);
}

static void
test_octets_inside_openssl_prevent_parking(void **state)
{
    struct tls_server *server = make_server();
    struct link link;
    char big[16000];
    size_t total = 0;

    (void)state;
    memset(big, 'a', sizeof big);
    link_up(&link, server, TLS1_3_VERSION);
    conn_set_in_max(&link.conn, 1000);
    assert_int_equal(SSL_write(link.client, big, sizeof big), sizeof big);
    while (total < sizeof big) {
        assert_int_equal(conn_read(&link.conn), RC_OK);
        total += buf_len(&link.conn.in);
        assert_int_equal(conn_has_unread(&link.conn), total < sizeof big);
        buf_consume(&link.conn.in, buf_len(&link.conn.in));
        assert_int_equal(conn_park(&link.conn),
                         total < sizeof big ? TASK_YIELD : TASK_PARK_INPUT);
    }
    assert_int_equal(conn_read(&link.conn), RC_AGAIN);
    link_close(&link);
    tls_server_free(server);
}

static void
test_slow_reader_under_tls(void **state)
{
    enum { LEN = 2 << 20 };
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_server *server = make_server();

    (void)state;
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct link link;
        static char chunk[16384];
        size_t got = 0;
        link_up(&link, server, versions[v]);
        for (size_t i = 0; i < LEN; i++)
            buf_put_char(&link.conn.out, (char)(i % 251));
        assert_int_equal(conn_flush(&link.conn), RC_AGAIN);
        assert_int_equal(conn_park(&link.conn), TASK_PARK_OUTPUT);
        /* Input in between does not make us forget that output waits. */
        assert_int_equal(SSL_write(link.client, "b NOOP\r\n", 8), 8);
        assert_int_equal(conn_read(&link.conn), RC_OK);
        assert_int_equal(conn_read(&link.conn), RC_AGAIN);
        assert_int_equal(conn_park(&link.conn), TASK_PARK_OUTPUT);
        while (got < LEN) {
            const int n = SSL_read(link.client, chunk, sizeof chunk);
            assert_true(n > 0);
            for (int i = 0; i < n; i++)
                assert_int_equal((unsigned char)chunk[i], (got + (size_t)i) % 251);
            got += (size_t)n;
            /* More is written behind what OpenSSL has begun, and the buffer moves. */
            assert_true(conn_flush(&link.conn) != RC_CLOSED);
        }
        assert_int_equal(conn_flush(&link.conn), RC_OK);
        assert_int_equal(link.conn.octets_out, LEN);
        link_close(&link);
    }
    tls_server_free(server);
}

static void
test_starttls(void **state)
{
    struct tls_server *server = make_server();
    struct link link;
    size_t discarded = 99;

    (void)state;
    link.pair = pair_unix();
    open_plain(&link.conn, link.pair.near);
    /* An attacker's command behind the client's: it must never be run as if under TLS. */
    put_all(link.pair.far, "a STARTTLS\r\nb DELETE INBOX\r\n", 28);
    assert_int_equal(conn_read(&link.conn), RC_OK);
    buf_consume(&link.conn.in, 12);
    buf_put_str(&link.conn.out, "a OK\r\n");
    assert_int_equal(conn_start_tls(&link.conn, server, &discarded), RC_AGAIN);
    assert_int_equal(conn_flush(&link.conn), RC_OK);
    assert_int_equal(conn_start_tls(&link.conn, server, &discarded), RC_OK);
    assert_int_equal(discarded, 16);
    assert_true(conn_is_tls(&link.conn));
    assert_int_equal(buf_len(&link.conn.in), 0);
    char got[16];
    assert_int_equal(read(link.pair.far, got, sizeof got), 6);
    link.ctx = tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION);
    link.client = tls_client(link.ctx, link.pair.far);
    assert_true(handshake(&link));
    link_close(&link);
    tls_server_free(server);
}

static void
test_plain_octets_after_starttls_end_it(void **state)
{
    struct tls_server *server = make_server();
    const struct pair pair = pair_unix();
    struct conn conn;
    size_t discarded;

    (void)state;
    open_plain(&conn, pair.near);
    assert_int_equal(conn_start_tls(&conn, server, &discarded), RC_OK);
    assert_int_equal(discarded, 0);
    put_all(pair.far, "b DELETE INBOX\r\n", 16); /* still in the kernel at that time */
    assert_int_equal(conn_read(&conn), RC_CLOSED);
    assert_int_equal(conn.end, CONN_END_TLS_ERROR);
    assert_int_equal(buf_len(&conn.in), 0);
    conn_close(&conn, NULL);
    close(pair.far);
    tls_server_free(server);
}

/* One octet at a time, both ways. */
static ssize_t
drip_recv(struct conn *conn, void *dst, size_t cap)
{
    (void)cap;
    const int *fd = conn->io_ctx;
    return recv(*fd, dst, 1, MSG_DONTWAIT);
}

static ssize_t
drip_send(struct conn *conn, const void *src, size_t len)
{
    static unsigned turn;

    (void)len;
    if (++turn % 7 == 0) { /* and now and then nothing at all */
        errno = EAGAIN;
        return -1;
    }
    const int *fd = conn->io_ctx;
    return send(*fd, src, 1, MSG_NOSIGNAL);
}

static void
test_one_octet_at_a_time(void **state)
{
    static const struct conn_io io = {.recv = drip_recv, .send = drip_send};
    struct tls_server *server = make_server();
    const struct conn_config config = {
        .in_max = 100, .out_max = 100, .clock = &clock_system, .tls = server};
    struct pair pair = pair_unix();
    SSL_CTX *ctx = tls_client_ctx(TLS1_2_VERSION, TLS1_3_VERSION);
    SSL *client = tls_client(ctx, pair.far);
    struct conn conn;
    char got[16];
    int n = 0;

    (void)state;
    assert_int_equal(conn_open_io(&conn, &io, &pair.near, &config), RC_OK);
    buf_put_str(&conn.out, "* OK hello\r\n");
    for (int i = 0; i < 20000 && n <= 0; i++) {
        const enum task_next next = conn_park(&conn);
        assert_true(next != TASK_PARK_WAKE);
        assert_true(conn_read(&conn) != RC_CLOSED);
        assert_true(conn_flush(&conn) != RC_CLOSED);
        n = SSL_read(client, got, sizeof got);
    }
    assert_int_equal(n, 12);
    conn_close(&conn, NULL);
    SSL_free(client);
    SSL_CTX_free(ctx);
    close(pair.near);
    close(pair.far);
    tls_server_free(server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_no_exporter_without_tls),
        cmocka_unit_test(test_alpn_of_others_is_ignored),
        cmocka_unit_test(test_old_versions_are_refused),
        cmocka_unit_test(test_what_is_not_tls),
        cmocka_unit_test(test_client_rejects_certificate),
        cmocka_unit_test(test_ends_after_the_handshake),
        cmocka_unit_test(test_hang_up_in_the_handshake),
        cmocka_unit_test(test_rst_under_tls),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_renegotiation_is_refused),
        cmocka_unit_test(test_octets_inside_openssl_prevent_parking),
        cmocka_unit_test(test_slow_reader_under_tls),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_plain_octets_after_starttls_end_it),
        cmocka_unit_test(test_one_octet_at_a_time),
    };

    if (!tls_memory_init())
        return 1;
    signal(SIGPIPE, SIG_IGN); /* the client's, who writes with plain write(2) */
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the TLS tests share: a directory with a certificate, a server context with a wall
 * clock moved by hand, and a link of a connection with an OpenSSL client.
 */
#ifndef UNIT_NET_TLS_LINK_H
#define UNIT_NET_TLS_LINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/tls.h"
#include "sockets.h"
#include "support/tls_peer.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static char cert_path[256];
static char key_path[256];
static int64_t wall_us;

static int64_t
mono_of_machine(const struct clock *clock)
{
    (void)clock;
    return clock_mono_us(&clock_system);
}

static int64_t
injected_wall(const struct clock *clock)
{
    (void)clock;
    return wall_us;
}

static const struct clock clock_by_hand = {mono_of_machine, injected_wall};

static inline void
write_pair(const char *cn, long not_after_s)
{
    const struct tls_cert_spec spec = {cn, -3600, not_after_s};

    tls_make_cert(cert_path, key_path, &spec);
}

static inline struct tls_config
config_now(void)
{
    return (struct tls_config){.cert_path = cert_path, .key_path = key_path, .alpn = "imap"};
}

static inline struct tls_server *
make_server(void)
{
    const struct tls_config config = config_now();
    struct tls_server *server = NULL;
    struct err err = {0};

    if (tls_server_new(&config, &clock_by_hand, &server, &err) != RC_OK)
        fail_msg("%s", err.text);
    return server;
}

static inline int
set_up(void **state)
{
    (void)state;
    wall_us = clock_wall_us(&clock_system);
    tmpdir_make(&dir);
    snprintf(cert_path, sizeof cert_path, "%s", tmpdir_file(&dir, "cert.pem"));
    snprintf(key_path, sizeof key_path, "%s", tmpdir_file(&dir, "key.pem"));
    write_pair("example.org", 90 * 86400L);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    tmpdir_remove(&dir);
    return 0;
}

/* After tests that write other files or move the clock. */
static inline int
restore(void **state)
{
    tear_down(state);
    return set_up(state);
}

/* A server connection and its client, joined by a pair of sockets. */
struct link {
    struct pair pair;
    struct conn conn;
    SSL_CTX *ctx;
    SSL *client;
};

static inline void
link_open(struct link *link, struct tls_server *server, SSL_CTX *ctx)
{
    const struct conn_config config = {.in_max = LIMIT_LINE_BEFORE_LOGIN,
                                       .out_max = LIMIT_OUTPUT_MAX,
                                       .clock = &clock_system,
                                       .tls = server};

    link->pair = pair_unix();
    link->ctx = ctx;
    link->client = tls_client(ctx, link->pair.far);
    assert_int_equal(conn_open(&link->conn, link->pair.near, &config), RC_OK);
}

static inline void
link_close(struct link *link)
{
    conn_close(&link->conn, NULL);
    SSL_free(link->client);
    SSL_CTX_free(link->ctx);
    close(link->pair.far);
}

/* Both sides in turns, until both are done or one has failed. */
static inline bool
handshake(struct link *link)
{
    for (int i = 0; i < 50; i++) {
        const int ok = SSL_do_handshake(link->client);
        const enum rc rc = conn_read(&link->conn);
        if (ok == 1 && conn_tls_ready(&link->conn))
            return true;
        if (rc == RC_CLOSED)
            return false;
    }
    return false;
}

static inline void
link_up(struct link *link, struct tls_server *server, int version)
{
    link_open(link, server, tls_client_ctx(version, version));
    assert_true(handshake(link));
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The whole room at once: listener, TLS and plain sessions that echo lines, pushes from another
 * thread, clients that come, talk, and go in every way there is, and certificates reloaded all
 * the while. Each echo must be what was sent; each session must end, with a reason.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/rng.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/parting.h"
#include "net/poller.h"
#include "net/tls.h"
#include "support/tls_peer.h"
#include "support/tmpdir.h"

enum {
    CLIENTS = 6,
    VISITS = 40,
    LINES = 20,
    LINE_MAX_OCTETS = 3000,
    PLACES = 64,
    DEADLINE_S = 90
};

static struct poller *poller;
static struct parting *parting;
static struct tls_server *tls;
static struct listener *listeners[2]; /* plain, TLS */
static atomic_uint_fast64_t pushable[PLACES];
static atomic_bool done;
static atomic_uint alive;
static atomic_uint served;
static atomic_uint ends[CONN_END_MEMORY + 1];

struct session {
    struct task task;
    struct conn conn;
    size_t place;
};

static enum task_next
session_end(struct session *session)
{
    struct conn_evidence evidence;

    atomic_store(&pushable[session->place], 0);
    task_leave(&session->task);
    conn_part(&session->conn, parting, &evidence);
    CHECK(evidence.end != CONN_OPEN);
    atomic_fetch_add(&ends[evidence.end], 1);
    free(session);
    atomic_fetch_sub(&alive, 1);
    return TASK_GONE;
}

/* Echoes whole lines; a push adds one of its own between them. */
static enum task_next
session_run(struct task *task, uint32_t why)
{
    struct session *session = CONTAINER_OF(task, struct session, task);
    struct conn *conn = &session->conn;

    if ((why & TASK_WHY_WOKEN) != 0 && (!conn_is_tls(conn) || conn_tls_ready(conn)))
        buf_put_lit(&conn->out, "* push\n");
    const enum rc got = conn_read(conn);
    for (;;) {
        const struct span in = buf_span(&conn->in);
        const ptrdiff_t end = span_find_char(in, '\n');
        if (end < 0)
            break;
        buf_put(&conn->out, in.ptr, (size_t)end + 1);
        buf_consume(&conn->in, (size_t)end + 1);
    }
    const enum rc sent = conn_flush(conn);
    if (got == RC_CLOSED || sent == RC_CLOSED || sent == RC_LIMIT)
        return session_end(session);
    return conn_park(conn);
}

static void
on_accept(void *ctx, struct listener *listener, int fd, const struct net_addr *peer)
{
    static atomic_size_t next_place;
    const struct conn_config config = {.in_max = LIMIT_LINE_BEFORE_LOGIN,
                                       .out_max = LIMIT_OUTPUT_MAX,
                                       .clock = &clock_system,
                                       .tls = listener == listeners[1] ? tls : NULL};
    struct session *session = calloc(1, sizeof *session);

    (void)ctx, (void)peer;
    CHECK(session != NULL && conn_open(&session->conn, fd, &config) == RC_OK);
    CHECK(task_enter(poller, &session->task, fd, session_run, NULL) == RC_OK);
    session->place = atomic_fetch_add(&next_place, 1) % PLACES;
    atomic_store(&pushable[session->place], session->task.id);
    atomic_fetch_add(&alive, 1);
    atomic_fetch_add(&served, 1);
    task_begin(&session->task);
}

/* --- clients: blocking sockets --- */

struct client {
    int fd;
    SSL *ssl;
    char in[2 * LINE_MAX_OCTETS];
    size_t in_len;
};

static int
client_read(struct client *client, char *dst, size_t cap)
{
    return client->ssl != NULL ? SSL_read(client->ssl, dst, (int)cap)
                               : (int)read(client->fd, dst, cap);
}

static void
client_write(struct client *client, const char *src, size_t len)
{
    if (client->ssl != NULL)
        CHECK(SSL_write(client->ssl, src, (int)len) == (int)len);
    else
        CHECK(write(client->fd, src, len) == (ssize_t)len);
}

/* The next line that is not a push; its length without LF. */
static size_t
client_line(struct client *client, char *dst)
{
    for (;;) {
        const char *end = memchr(client->in, '\n', client->in_len);
        if (end == NULL) {
            const int n = client_read(client, client->in + client->in_len,
                                      sizeof client->in - client->in_len);
            CHECK(n > 0);
            client->in_len += (size_t)n;
            continue;
        }
        const size_t len = (size_t)(end - client->in);
        memcpy(dst, client->in, len);
        client->in_len -= len + 1;
        memmove(client->in, end + 1, client->in_len);
        if (len != 6 || memcmp(dst, "* push", 6) != 0)
            return len;
    }
}

static void
client_talk(struct client *client, struct rng *rng)
{
    char sent[LINE_MAX_OCTETS + 1];
    char got[2 * LINE_MAX_OCTETS];

    for (int i = 0; i < LINES; i++) {
        const size_t len = 1 + rng_below(rng, LINE_MAX_OCTETS - 1);
        for (size_t k = 0; k < len; k++)
            sent[k] = (char)('a' + rng_below(rng, 26));
        sent[len] = '\n';
        const size_t cut = rng_below(rng, len);
        if (cut > 0)
            client_write(client, sent, cut);
        client_write(client, sent + cut, len + 1 - cut);
        CHECK(client_line(client, got) == len && memcmp(sent, got, len) == 0);
    }
}

static void
client_leave(struct client *client, struct rng *rng)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    switch (rng_below(rng, 4)) {
    case 0: /* politely */
        if (client->ssl != NULL)
            SSL_shutdown(client->ssl);
        break;
    case 1: /* RST */
        CHECK(setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
        break;
    case 2: /* in the middle of a line, or of something that is no record */
        (void)!write(client->fd, "\x17\x03\x03\x00\x07garbage", 12);
        break;
    default: /* FIN alone */
        break;
    }
    SSL_free(client->ssl);
    close(client->fd);
}

static void *
client_main(void *arg)
{
    const size_t number = (size_t)(uintptr_t)arg;
    SSL_CTX *ctx =
        tls_client_ctx(TLS1_2_VERSION, number % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
    struct rng rng;

    rng_seed(&rng, number);
    for (int visit = 0; visit < VISITS; visit++) {
        const size_t which = rng_below(&rng, 2);
        struct sockaddr_storage sa;
        const socklen_t len = net_addr_to_sockaddr(listener_addr(listeners[which]), &sa);
        struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        CHECK(client.fd >= 0 && connect(client.fd, (struct sockaddr *)&sa, len) == 0);
        const int on = 1; /* it writes in pieces, on purpose */
        CHECK(setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
        if (which == 1) {
            client.ssl = tls_client(ctx, client.fd);
            SSL_clear_mode(client.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
            CHECK(SSL_connect(client.ssl) == 1);
        }
        client_talk(&client, &rng);
        client_leave(&client, &rng);
    }
    SSL_CTX_free(ctx);
    return NULL;
}

static void *
pusher_main(void *arg)
{
    struct rng rng;

    (void)arg;
    rng_seed(&rng, 99);
    while (!atomic_load(&done)) {
        task_wake(poller, atomic_load(&pushable[rng_below(&rng, PLACES)]));
        const struct timespec step = {.tv_nsec = 50000};
        nanosleep(&step, NULL);
    }
    return NULL;
}

static void *
reloader_main(void *arg)
{
    const struct tls_config *config = arg;

    while (!atomic_load(&done)) {
        CHECK(tls_server_reload(tls, config, NULL) == RC_OK);
        const struct timespec step = {.tv_nsec = 5000000};
        nanosleep(&step, NULL);
    }
    return NULL;
}

int
main(void)
{
    const struct poller_config config = {.threads = 8};
    const struct tls_cert_spec spec = {"localhost", -3600, 86400};
    const struct net_addr any = {.family = NET_IPV4, .ip = {127, 0, 0, 1}};
    pthread_t clients[CLIENTS];
    pthread_t pusher;
    pthread_t reloader;
    struct tmpdir dir;
    char cert[256];
    char key[256];

    signal(SIGPIPE, SIG_IGN);
    tmpdir_make(&dir);
    snprintf(cert, sizeof cert, "%s", tmpdir_file(&dir, "cert.pem"));
    snprintf(key, sizeof key, "%s", tmpdir_file(&dir, "key.pem"));
    tls_make_cert(cert, key, &spec);
    struct tls_config tls_config = {.cert_path = cert, .key_path = key, .alpn = "imap"};
    CHECK(tls_server_new(&tls_config, &clock_system, &tls, NULL) == RC_OK);
    CHECK(poller_new(&config, &poller, NULL) == RC_OK);
    CHECK(parting_new(poller, &parting, NULL) == RC_OK);
    CHECK(poller_start(poller, NULL) == RC_OK);
    const struct listener_config listener_config = {.poller = poller, .on_accept = on_accept};
    for (size_t i = 0; i < 2; i++)
        CHECK(listener_open(&listener_config, &any, &listeners[i], NULL) == RC_OK);
    for (size_t i = 0; i < 2; i++)
        CHECK(listener_begin(listeners[i], NULL) == RC_OK);

    CHECK(pthread_create(&pusher, NULL, pusher_main, NULL) == 0);
    CHECK(pthread_create(&reloader, NULL, reloader_main, &tls_config) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        CHECK(pthread_create(&clients[i], NULL, client_main, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        CHECK(pthread_join(clients[i], NULL) == 0);
    const int64_t until_us = clock_mono_us(&clock_system) + DEADLINE_S * INT64_C(1000000);
    while (atomic_load(&alive) > 0 || atomic_load(&served) < CLIENTS * VISITS) {
        CHECK(clock_mono_us(&clock_system) < until_us); /* a session never learned its end */
        sched_yield();
    }
    atomic_store(&done, true);
    CHECK(pthread_join(pusher, NULL) == 0);
    CHECK(pthread_join(reloader, NULL) == 0);
    poller_stop(poller);
    listener_free(listeners[0]);
    listener_free(listeners[1]);
    parting_free(parting);
    poller_free(poller);
    tls_server_free(tls);
    for (int end = 0; end <= CONN_END_MEMORY; end++)
        if (atomic_load(&ends[end]) > 0)
            printf("%s: %u\n", conn_end_name((enum conn_end)end), atomic_load(&ends[end]));
    tmpdir_remove(&dir);
    return 0;
}

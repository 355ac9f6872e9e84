/* SPDX-License-Identifier: MIT */
/* See the header. Literals are recognised by the {n} before a line end, as RFC 3501 has it. */
#include "bench/load_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load_deflate.h"

enum { IN_OCTETS = 64 * 1024, IN_OCTETS_BUSY = 1 << 20, OUT_OCTETS_MAX = 256 * 1024 * 1024 };

/* After a call of SSL that did not succeed: it only waits for the peer. */
static bool
tls_waits(SSL *ssl, int result)
{
    const int error = SSL_get_error(ssl, result);

    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* A handshake of a non-blocking connection continues in its first reads. */
static SSL *
tls_start(int fd, enum load_blocking blocking)
{
    static SSL_CTX *ctx; /* one for the program; servers use self-signed certificates */

    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());
        if (ctx == NULL)
            load_die("TLS context");
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    }
    SSL *const ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        load_die("no memory for TLS");
    const int done = SSL_connect(ssl);
    if (done != 1 && (blocking == LOAD_BLOCKING || !tls_waits(ssl, done)))
        load_die("TLS handshake: %s", ERR_reason_error_string(ERR_peek_last_error()));
    return ssl;
}

/* Ten connections an address of 127.1.0.0/16 and above, as households have. */
static void
bind_spread(int fd, unsigned index)
{
    const uint32_t host = 0x7f010001u + index / 10;
    const struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    const int on = 1;

    /* The port is chosen at connect, so that each address has all of them. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&addr, sizeof addr) != 0)
        load_die("bind to an address of this machine: %s", strerror(errno));
}

void
load_conn_open(struct load_conn *conn, const struct load_options *opt,
               enum load_protocol protocol, enum load_blocking blocking, unsigned index)
{
    const unsigned port = protocol == LOAD_LMTP ? opt->lmtp_port : opt->port;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int on = 1;

    *conn = (struct load_conn){.protocol = protocol, .quick_ack = !opt->nagle};
    buf_init(&conn->out, OUT_OCTETS_MAX);
    if (inet_pton(AF_INET, opt->host, &addr.sin_addr) != 1)
        load_die("not an IPv4 address: %s", opt->host);
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        load_die("socket: %s", strerror(errno));
    if (opt->spread)
        bind_spread(conn->fd, index);
    while (connect(conn->fd, (struct sockaddr *)&addr, sizeof addr) != 0)
        if (errno != EINTR)
            load_die("connect to %s:%u: %s", opt->host, port, strerror(errno));
    if (!opt->nagle && setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        load_die("TCP_NODELAY: %s", strerror(errno));
    if (blocking == LOAD_NONBLOCKING && fcntl(conn->fd, F_SETFL, O_NONBLOCK) != 0)
        load_die("O_NONBLOCK: %s", strerror(errno));
    if (opt->tls && protocol == LOAD_IMAP)
        conn->ssl = tls_start(conn->fd, blocking);
}

void
load_conn_close(struct load_conn *conn)
{
    SSL_free(conn->ssl);
    conn->ssl = NULL;
    load_deflate_free(conn->deflate);
    conn->deflate = NULL;
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    free(conn->in);
    conn->in = NULL;
    buf_done(&conn->out);
}

/* Makes room after in_end. The buffer starts small, so that parked connections stay small. */
static void
make_room(struct load_conn *conn)
{
    const size_t held = conn->in_end - conn->in_at;

    if (conn->in_at > 0) {
        memmove(conn->in, conn->in + conn->in_at, held);
        conn->in_at = 0;
        conn->in_end = held;
    }
    if (conn->in_cap == 0 || (conn->octets_in > IN_OCTETS && conn->in_cap < IN_OCTETS_BUSY) ||
        held == conn->in_cap) {
        const size_t cap = conn->in_cap == 0      ? IN_OCTETS
                           : held == conn->in_cap ? conn->in_cap * 2
                                                  : IN_OCTETS_BUSY;
        char *const in = realloc(conn->in, cap);
        if (in == NULL)
            load_die("no memory for %zu octets of input", cap);
        conn->in = in;
        conn->in_cap = cap;
    }
}

/* Handles octets that were read before and not inflated yet for lack of room. */
static bool
inflate_more(struct load_conn *conn)
{
    const size_t got =
        load_deflate_take(conn->deflate, conn->in + conn->in_end, conn->in_cap - conn->in_end);

    conn->in_end += got;
    conn->octets_in += got;
    return got > 0;
}

bool
load_conn_read(struct load_conn *conn)
{
    make_room(conn);
    if (conn->deflate != NULL && inflate_more(conn))
        return true;
    char *at = conn->in + conn->in_end;
    size_t room = conn->in_cap - conn->in_end;
    ssize_t got;

    if (conn->deflate != NULL)
        at = load_deflate_room(conn->deflate, &room);
    if (conn->ssl != NULL) {
        ERR_clear_error();
        got = SSL_read(conn->ssl, at, (int)room);
        if (got <= 0 && tls_waits(conn->ssl, (int)got))
            return false;
    } else {
        do
            got = read(conn->fd, at, room);
        while (got < 0 && errno == EINTR);
        if (got < 0 && errno == EAGAIN)
            return false;
    }
    if (got <= 0) {
        close(conn->fd);
        conn->fd = -1;
        return true;
    }
    /* A server that leaves Nagle's algorithm on would otherwise wait for the delayed
     * acknowledgement, which is time of the kernel, not of the server. */
    if (conn->quick_ack) {
        const int on = 1;
        (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    }
    conn->wire_in += (uint64_t)got;
    if (conn->deflate != NULL) {
        load_deflate_came(conn->deflate, (size_t)got);
        inflate_more(conn);
        return true;
    }
    conn->in_end += (size_t)got;
    conn->octets_in += (uint64_t)got;
    return true;
}

bool
load_conn_flush(struct load_conn *conn)
{
    if (conn->deflate != NULL && buf_len(&conn->out) > 0)
        load_deflate_squeeze(conn->deflate, &conn->out); /* blocking: everything is sent now */
    while (buf_len(&conn->out) > 0) {
        const struct span left = buf_span(&conn->out);
        ERR_clear_error();
        const ssize_t put = conn->ssl != NULL
                                ? SSL_write(conn->ssl, left.ptr, (int)left.len)
                                : send(conn->fd, left.ptr, left.len, MSG_NOSIGNAL);
        if (put < 0 && conn->ssl == NULL && errno == EINTR)
            continue;
        if (put <= 0 && (conn->ssl != NULL ? tls_waits(conn->ssl, (int)put) : errno == EAGAIN))
            return false;
        if (put <= 0)
            load_die("write: %s", strerror(errno));
        buf_consume(&conn->out, (size_t)put);
    }
    buf_clear(&conn->out);
    return true;
}

/* Octets of the literal that is announced at the end of the line, or -1. */
static int64_t
literal_at_end(const char *line, const char *newline)
{
    const char *at = newline;
    int64_t octets = 0;
    int64_t place = 1;

    if (at > line && at[-1] == '\r')
        at--;
    if (at - line < 3 || at[-1] != '}')
        return -1;
    for (at -= 2; at > line && *at >= '0' && *at <= '9' && place < 1000000000000; at--) {
        octets += (*at - '0') * place;
        place *= 10;
    }
    return *at == '{' && place > 1 ? octets : -1;
}

static void
keep_text(struct load_conn *conn, const char *line, const char *newline)
{
    size_t len = (size_t)(newline - line);

    if (len >= sizeof conn->text)
        len = sizeof conn->text - 1;
    memcpy(conn->text, line, len);
    conn->text[len] = '\0';
}

/* Reads the number after the name of a response code. *value is unchanged if it is another
 * code. */
static void
code_number(const char *at, const char *newline, const char *name, uint64_t *value)
{
    const size_t len = strlen(name);

    if ((size_t)(newline - at) <= len || memcmp(at, name, len) != 0)
        return;
    *value = 0;
    for (at += len; at < newline && *at >= '0' && *at <= '9'; at++)
        *value = *value * 10 + (uint64_t)(*at - '0');
}

/* How many UIDs "VANISHED (EARLIER) 1,3:5" names. */
static uint64_t
set_count(const char *at, const char *newline)
{
    uint64_t count = 0;
    uint64_t first = 0;
    uint64_t number = 0;

    for (; at < newline; at++) {
        if (*at >= '0' && *at <= '9') {
            number = number * 10 + (uint64_t)(*at - '0');
            continue;
        }
        if (*at == ':') {
            first = number;
        } else if (number > 0) {
            count += first > 0 ? number - first + 1 : 1;
            first = 0;
        }
        number = 0;
    }
    return count + (number == 0 ? 0 : first > 0 ? number - first + 1 : 1);
}

/* An untagged line that begins with a word. */
static void
worded(struct load_conn *conn, const char *at, const char *newline)
{
    if (newline - at > 2 && at[0] == 'S' && at[1] == 'T') {
        conn->statuses++;
    } else if (*at == 'V') {
        conn->vanished += set_count(at, newline);
    } else if (*at == 'O') {
        code_number(at, newline, "OK [UIDVALIDITY ", &conn->uidvalidity);
        code_number(at, newline, "OK [HIGHESTMODSEQ ", &conn->highest_modseq);
    }
}

/* An untagged line, after "* ". LOAD_NEED_MORE means that it is of no interest. */
static enum load_event
untagged(struct load_conn *conn, const char *at, const char *newline)
{
    uint32_t number = 0;

    if (*at < '0' || *at > '9') {
        if (conn->greeted) {
            worded(conn, at, newline);
            return LOAD_NEED_MORE;
        }
        conn->greeted = true;
        return LOAD_GREETING;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    if (newline - at < 6)
        return LOAD_NEED_MORE;
    if (at[1] == 'F') {
        conn->fetches++;
    } else if (at[1] == 'E' && at[3] == 'I') {
        conn->exists = number;
        return LOAD_EXISTS;
    } else if (at[1] == 'E') {
        conn->expunges++;
    }
    return LOAD_NEED_MORE;
}

static enum load_event
classify(struct load_conn *conn, const char *line, const char *newline)
{
    if (conn->protocol == LOAD_LMTP) {
        if (newline - line < 4 || line[3] == '-')
            return LOAD_NEED_MORE;
        conn->code = (unsigned)((line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0');
        keep_text(conn, line, newline);
        return LOAD_REPLY;
    }
    if (line[0] == '*')
        return newline - line > 3 ? untagged(conn, line + 2, newline) : LOAD_NEED_MORE;
    if (line[0] == '+')
        return LOAD_CONTINUATION;
    const char *const space = memchr(line, ' ', (size_t)(newline - line));
    conn->status_ok =
        space != NULL && newline - space > 3 && space[1] == 'O' && space[2] == 'K';
    keep_text(conn, line, newline);
    return LOAD_TAGGED;
}

enum load_event
load_conn_event(struct load_conn *conn)
{
    while (conn->in_at < conn->in_end) {
        const size_t held = conn->in_end - conn->in_at;
        if (conn->literal_left > 0) {
            const size_t pass = conn->literal_left < held ? (size_t)conn->literal_left : held;
            conn->literal_left -= pass;
            conn->in_at += pass;
            continue;
        }
        const char *const line = conn->in + conn->in_at;
        const char *const newline = memchr(line, '\n', held);
        if (newline == NULL)
            break;
        conn->in_at += (size_t)(newline - line) + 1;
        if (!conn->inside)
            conn->line_event = classify(conn, line, newline);
        const int64_t literal =
            conn->protocol == LOAD_IMAP ? literal_at_end(line, newline) : -1;
        conn->inside = literal >= 0;
        conn->literal_left = literal >= 0 ? (uint64_t)literal : 0;
        if (!conn->inside && conn->line_event != LOAD_NEED_MORE)
            return conn->line_event;
    }
    return conn->fd < 0 ? LOAD_CLOSED : LOAD_NEED_MORE;
}

static enum load_event
wait_event(struct load_conn *conn)
{
    for (;;) {
        const enum load_event event = load_conn_event(conn);
        if (event == LOAD_NEED_MORE)
            load_conn_read(conn);
        else if (event != LOAD_EXISTS)
            return event;
    }
}

void
load_expect(struct load_conn *conn, enum load_event want)
{
    const enum load_event event = wait_event(conn);

    if (event == LOAD_CLOSED)
        load_die("the server closed the connection");
    if (event != want)
        load_die("unexpected reply: %s", conn->text);
}

void
load_conn_wait(const struct load_conn *conn, int timeout_ms)
{
    struct pollfd pollfd = {.fd = conn->fd, .events = POLLIN};

    if (poll(&pollfd, 1, timeout_ms) <= 0)
        load_die("no answer for %d s", timeout_ms / 1000);
}

void
load_lmtp_expect(struct load_conn *lmtp, const char *line, unsigned code)
{
    if (line != NULL) {
        buf_printf(&lmtp->out, "%s\r\n", line);
        load_conn_flush(lmtp);
    }
    load_expect(lmtp, LOAD_REPLY);
    if (lmtp->code != code)
        load_die("LMTP: %s", lmtp->text);
}

PRINTF_LIKE(2, 0)
static bool
run_command(struct load_conn *conn, const char *fmt, va_list args)
{
    char line[2048];

    vsnprintf(line, sizeof line, fmt, args);
    buf_printf(&conn->out, "a %s\r\n", line);
    load_conn_flush(conn);
    load_expect(conn, LOAD_TAGGED);
    return conn->status_ok;
}

void
load_command(struct load_conn *conn, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const bool done = run_command(conn, fmt, args);
    va_end(args);
    if (!done)
        load_die("refused: %s", conn->text);
}

bool
load_try(struct load_conn *conn, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const bool done = run_command(conn, fmt, args);
    va_end(args);
    return done;
}

/* What arrived together with the OK is compressed. */
static void
start_deflate(struct load_conn *conn, bool partial)
{
    const size_t held = conn->in_end - conn->in_at;
    size_t room;

    conn->deflate = load_deflate_new(partial);
    char *wire = load_deflate_room(conn->deflate, &room);
    if (held > room)
        load_die("too much came with the answer to COMPRESS");
    memcpy(wire, conn->in + conn->in_at, held);
    load_deflate_came(conn->deflate, held);
    conn->octets_in -= held;
    conn->in_at = conn->in_end = 0;
}

void
load_session(struct load_conn *conn, const struct load_options *opt, unsigned index)
{
    char user[128];

    load_conn_open(conn, opt, LOAD_IMAP, LOAD_BLOCKING, index);
    load_expect(conn, LOAD_GREETING);
    load_fmt_user(user, sizeof user, opt->user, opt, index);
    load_command(conn, "LOGIN \"%s\" \"%s\"", user, opt->password);
    if (opt->compress) {
        load_command(conn, "COMPRESS DEFLATE");
        start_deflate(conn, opt->partial);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Moves octets between a socket and two buffers, through the layers of conn_private.h. This
 * file is what the session sees: it moves the session's octets through the uppermost layer,
 * counts them, remembers what ended a direction first, and says what to park for.
 *
 * Thread: the session's; no locks.
 */
#include "net/conn_private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "net/parting.h"

enum {
    READ_STEP_FIRST =
        4096, /* most commands are short, so one call with a small buffer is enough */
    READ_STEP_NEXT = 65536, /* for literals, so that few calls are needed */
    PROXY_READ = 512,       /* nearly every PROXY header is shorter */
    DRAIN_OCTETS = 65536,   /* discarded at the close, so that a FIN is sent and not a RST */
};

/* --- the session's octets --- */

static enum rc
recv_some(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    if (conn->read_ended)
        return RC_CLOSED;
    const enum rc rc = conn_top(conn)->recv(conn, dst, cap, got_out);
    if (rc != RC_OK)
        return rc;
    if (conn->deflate_ends)
        *got_out = conn_deflate_pass_end(conn, dst, *got_out);
    if (*got_out == 0)
        return RC_AGAIN;
    conn->octets_in += *got_out;
    conn->last_in_us = clock_mono_us(conn->clock);
    return RC_OK;
}

static enum rc
send_some(struct conn *conn, const void *src, size_t len, size_t *sent_out)
{
    const enum rc rc = conn_top(conn)->send(conn, src, len, sent_out);

    if (rc != RC_OK)
        return rc;
    conn->octets_out += *sent_out;
    conn->last_out_us = clock_mono_us(conn->clock);
    return RC_OK;
}

bool
conn_has_unread(const struct conn *conn)
{
    return !conn->read_ended && conn_top(conn)->has_unread(conn);
}

/* Whether a read would find something, even if it is only the end. */
static bool
has_octets(const struct conn *conn)
{
    struct pollfd pollfd = {.fd = conn->fd, .events = POLLIN};

    return conn_has_unread(conn) || poll(&pollfd, 1, 0) != 0;
}

enum rc
conn_read(struct conn *conn)
{
    size_t total = 0;
    size_t step = READ_STEP_FIRST;

    if (conn->read_ended)
        return RC_CLOSED;
    /* No buffer is needed before there is anything to read. */
    const enum rc shaken = conn_tls_shake_hands(conn);
    if (shaken != RC_OK)
        return shaken;
    while (total < LIMIT_READ_SLICE) {
        const size_t room = conn->in.max - buf_len(&conn->in);
        if (room == 0)
            return total > 0 ? RC_OK : RC_LIMIT;
        const size_t want = room < step ? room : step;
        char *dst = buf_reserve(&conn->in, want);
        if (dst == NULL) {
            if (!has_octets(conn)) {
                buf_forgive(&conn->in);
                return total > 0 ? RC_OK : RC_AGAIN;
            }
            conn_note_end(conn, CONN_END_MEMORY, ENOMEM, 0);
            conn_both_ended(conn);
            return RC_CLOSED;
        }
        size_t got = 0;
        const enum rc rc = recv_some(conn, dst, want, &got);
        if (rc != RC_OK)
            return total > 0 ? RC_OK : rc; /* the next call tells of an end */
        buf_grew(&conn->in, got);
        total += got;
        if (conn_deflate_at_flush(conn))
            break; /* the command may be one that ends the compression */
        if (got < want && !conn_has_unread(conn))
            break; /* probably empty now; if not, epoll says so */
        step = READ_STEP_NEXT;
    }
    return RC_OK;
}

/* Looks at the octets before it takes them, because a TLS handshake may follow the header,
 * which must be left to OpenSSL. */
enum rc
conn_read_proxy(struct conn *conn, struct buf *text, struct proxy_header *header_out,
                const char **why_out)
{
    for (;;) {
        char *dst = buf_reserve(text, PROXY_READ);
        if (dst == NULL) {
            *why_out = "PROXY header: too long, or no memory";
            return RC_INVALID;
        }
        const size_t held = buf_len(text);
        size_t used = 0;
        ssize_t n = recv(conn->fd, dst, PROXY_READ, MSG_PEEK);
        if (n < 0 && (conn_is_again(errno) || errno == EINTR))
            return RC_AGAIN;
        if (n <= 0) {
            if (n < 0)
                conn_failed_by_errno(conn, errno);
            conn_note_end(conn, CONN_END_FIN, 0, 0);
            conn->read_ended = true;
            return RC_CLOSED;
        }
        buf_grew(text, (size_t)n);
        const enum proxy_parse parse =
            proxy_header_parse(buf_span(text), header_out, &used, why_out);
        if (parse == PROXY_BAD)
            return RC_INVALID;
        buf_truncate(text, used);
        n = recv(conn->fd, dst, used - held, 0);
        if (n !=
            (ssize_t)(used - held)) { /* they were there, so the connection has failed since */
            conn_failed_by_errno(conn, n < 0 ? errno : EPROTO);
            return RC_CLOSED;
        }
        if (parse == PROXY_WHOLE)
            return RC_OK;
    }
}

enum rc
conn_read_direct(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    const struct span held = span_head(buf_span(&conn->in), cap);

    if (held.len > 0) {
        memcpy(dst, held.ptr, held.len);
        buf_consume(&conn->in, held.len);
        *got_out = held.len;
        return RC_OK;
    }
    return recv_some(conn, dst, cap, got_out);
}

enum rc
conn_flush(struct conn *conn)
{
    if (!buf_ok(&conn->out))
        return RC_LIMIT;
    while (buf_len(&conn->out) > 0) {
        if (conn->write_ended)
            return RC_CLOSED;
        const struct span left = buf_span(&conn->out);
        size_t sent = 0;
        const enum rc rc = send_some(conn, left.ptr, left.len, &sent);
        if (rc != RC_OK)
            return rc;
        buf_consume(&conn->out, sent);
    }
    return conn_top(conn)->flush(conn);
}

enum task_next
conn_park(struct conn *conn)
{
    buf_release_if_empty(&conn->in);
    buf_release_if_empty(&conn->out);
    conn_deflate_rest(conn);
    const bool can_send = !conn->write_wants_read && conn->tls_state != CONN_TLS_HANDSHAKE;
    if (!conn->write_ended && (conn->read_wants_write || (conn_wants_write(conn) && can_send)))
        return TASK_PARK_OUTPUT;
    if (conn->read_ended)
        return TASK_PARK_WAKE; /* epoll would report the FIN over and over */
    if (conn_has_unread(conn) && buf_len(&conn->in) < conn->in.max)
        return TASK_YIELD;
    return TASK_PARK_INPUT;
}

void
conn_set_in_max(struct conn *conn, size_t octets)
{
    const size_t held = buf_len(&conn->in);

    conn->in.max = octets < held ? held : octets;
}

/* --- life --- */

static void
conn_init(struct conn *conn, const struct conn_config *config)
{
    const int64_t now_us = clock_mono_us(config->clock);

    *conn = (struct conn){
        .fd = -1, .clock = config->clock, .last_in_us = now_us, .last_out_us = now_us};
    buf_init(&conn->in, config->in_max);
    buf_init(&conn->out, config->out_max);
}

enum rc
conn_open(struct conn *conn, int fd, const struct conn_config *config)
{
    conn_init(conn, config);
    conn->fd = fd;
    if (config->tls == NULL)
        return RC_OK;
    const enum rc rc = conn_tls_begin(conn, config->tls);
    if (rc != RC_OK)
        conn->fd = -1;
    return rc;
}

enum rc
conn_open_io(struct conn *conn, const struct conn_io *io, void *io_ctx,
             const struct conn_config *config)
{
    conn_init(conn, config);
    conn->io = io;
    conn->io_ctx = io_ctx;
    return config->tls == NULL ? RC_OK : conn_tls_begin(conn, config->tls);
}

enum rc
conn_start_tls(struct conn *conn, struct tls_server *tls, size_t *discarded_out)
{
    CHECK(conn->tls_state == CONN_TLS_NONE);
    if (buf_len(&conn->out) > 0)
        return RC_AGAIN;
    const enum rc rc = conn_tls_begin(conn, tls);
    if (rc != RC_OK)
        return rc;
    *discarded_out = buf_len(&conn->in);
    buf_consume(&conn->in, *discarded_out);
    return RC_OK;
}

void
conn_ack_now(struct conn *conn)
{
    const int on = 1;

    /* This setting does not last. The kernel goes back to delayed acknowledgements by
     * itself. */
    if (conn->fd >= 0 && !conn->read_ended)
        (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void
conn_set_dead_after(struct conn *conn, unsigned timeout_ms)
{
    /* Fails on Unix sockets, where nothing has to be acknowledged. */
    if (conn->fd >= 0)
        (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
                         sizeof timeout_ms);
}

bool
conn_peer_closed(const struct conn *conn)
{
    if (conn->fd < 0)
        return conn->read_ended;
    struct pollfd pollfd = {.fd = conn->fd, .events = POLLRDHUP};
    return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool
conn_peer_gone(struct conn *conn)
{
    struct pollfd pollfd = {.fd = conn->fd};
    int os_errno = 0;
    socklen_t octets = sizeof os_errno;

    if (conn->write_ended)
        return true;
    if (conn->fd < 0 || poll(&pollfd, 1, 0) <= 0 || (pollfd.revents & (POLLHUP | POLLERR)) == 0)
        return false;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &os_errno, &octets) != 0 || os_errno == 0)
        os_errno = EPIPE;
    conn_failed_by_errno(conn, os_errno);
    return true;
}

int64_t
conn_unacked(const struct conn *conn)
{
    int octets = 0;

    if (conn->io != NULL && conn->io->unacked != NULL)
        return conn->io->unacked(conn);
    if (conn->fd < 0 || ioctl(conn->fd, SIOCOUTQ, &octets) != 0)
        return -1;
    return octets;
}

int64_t
conn_last_ack_us(const struct conn *conn)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (conn->fd < 0 || getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return -1;
    return clock_mono_us(conn->clock) - (int64_t)info.tcpi_last_ack_recv * 1000;
}

void
conn_evidence_get(const struct conn *conn, struct conn_evidence *evidence_out)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    *evidence_out = (struct conn_evidence){
        .end = (enum conn_end)conn->end,
        .os_errno = conn->os_errno,
        .tls = (enum conn_tls_state)conn->tls_state,
        .alert_in = conn->alert_in,
        .alert_out = conn->alert_out,
        .tls_error = conn->tls_error,
        .octets_in = conn->octets_in,
        .octets_out = conn->octets_out,
        .last_in_us = conn->last_in_us,
        .last_out_us = conn->last_out_us,
        .unsent_octets = buf_len(&conn->out),
        .unacked_octets = conn_unacked(conn),
    };
    conn_deflate_evidence(conn, evidence_out);
    if (conn->fd < 0 || getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    evidence_out->has_tcp_info = true;
    evidence_out->rtt_us = info.tcpi_rtt;
    evidence_out->rtt_var_us = info.tcpi_rttvar;
    evidence_out->retransmits = info.tcpi_retransmits;
    evidence_out->total_retransmits = info.tcpi_total_retrans;
    evidence_out->last_ack_recv_ms = info.tcpi_last_ack_recv;
    evidence_out->last_data_recv_ms = info.tcpi_last_data_recv;
    evidence_out->last_data_sent_ms = info.tcpi_last_data_sent;
}

/* Whether this side ended the connection, so that the peer may still be sending. */
static bool
ended_here(const struct conn *conn)
{
    return conn->end == CONN_OPEN || conn->end == CONN_END_TLS_ERROR ||
           conn->end == CONN_END_MEMORY || conn->end == CONN_END_DEFLATE_ERROR;
}

/* Sends the FIN first and then discards what the peer still sends. A close with unread octets
 * would send an RST, which can overtake the last reply on its way to the client's program. */
static void
close_socket(struct conn *conn, struct parting *parting)
{
    char sink[4096];
    bool open = ended_here(conn);

    if (conn->fd < 0)
        return;
    if (open || !conn->write_ended)
        shutdown(conn->fd, SHUT_WR);
    for (size_t total = 0; open && total < DRAIN_OCTETS;) {
        const ssize_t n = recv(conn->fd, sink, sizeof sink, MSG_DONTWAIT);
        if (n < 0 && conn_is_again(errno))
            break;
        if (n <= 0)
            open = false;
        else
            total += (size_t)n;
    }
    if (open && parting != NULL)
        parting_take(parting, conn->fd);
    else
        close(conn->fd);
    conn->fd = -1;
}

void
conn_close(struct conn *conn, struct conn_evidence *evidence_out)
{
    conn_part(conn, NULL, evidence_out);
}

void
conn_part(struct conn *conn, struct parting *parting, struct conn_evidence *evidence_out)
{
    if (evidence_out != NULL)
        conn_evidence_get(conn, evidence_out);
    conn_tls_end(conn);
    conn_deflate_end(conn);
    close_socket(conn, parting);
    conn_both_ended(conn);
    buf_done(&conn->in);
    buf_done(&conn->out);
}

int
conn_take_fd(struct conn *conn)
{
    if (conn->ssl != NULL || conn->end != CONN_OPEN || buf_len(&conn->in) > 0 ||
        conn_wants_write(conn))
        return -1;
    const int fd = conn->fd;
    conn->fd = -1;
    conn_close(conn, NULL);
    return fd;
}

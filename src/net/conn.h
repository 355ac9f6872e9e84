/* SPDX-License-Identifier: MIT */
/*
 * A connection: a socket, perhaps TLS and compression on it, bounded input and output, and the
 * evidence of how it ended. Nothing here ever blocks. The session reads its commands from
 * conn->in and writes its replies to conn->out with the buf_ functions:
 *
 *     switch (conn_read(conn)) {
 *     case RC_OK:     parse and consume conn->in; more may be waiting: conn_has_unread
 *     case RC_AGAIN:  nothing new
 *     case RC_LIMIT:  conn->in is full and the command in it not complete
 *     case RC_CLOSED: no more input ever; finish what is in conn->in, then end
 *     }
 *     buf_put_lit(&conn->out, "* OK ...\r\n");
 *     rc = conn_flush(conn);            RC_AGAIN: the peer is slow
 *     return conn_park(conn);           releases buffers, says what to wait for
 *
 * TLS handshakes happen inside conn_read and conn_flush; conn_park knows which way they wait.
 * All functions: thread that runs the session.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rc.h"
#include "net/evidence.h"
#include "net/proxy_header.h"
#include "net/task.h"

struct conn;
struct conn_deflate;
struct parting;
struct ssl_st;
struct tls_server;

/** Where octets go when it is not a socket (fd -1): tests, many sessions in one process. As
 *  recv and send: -1 with errno EAGAIN when nothing moves now; 0 from recv is the end. */
struct conn_io {
    ssize_t (*recv)(struct conn *conn, void *dst, size_t cap);
    ssize_t (*send)(struct conn *conn, const void *src, size_t len);
    int64_t (*unacked)(const struct conn *conn); /* for conn_unacked; NULL: not known */
};

/** Lies inside its session and does not move while it is open. */
struct conn {
    int fd;            /* owned; -1 with io, or once closed */
    uint8_t end;       /* enum conn_end */
    uint8_t tls_state; /* enum conn_tls_state */
    uint8_t alert_in;  /* last fatal TLS alert received; 0: none (close_notify is not kept) */
    uint8_t alert_out; /* last fatal TLS alert sent; 0: none */
    bool read_ended : 1;
    bool write_ended : 1;
    bool read_wants_write : 1;    /* a read waits for room to write, or a handshake does */
    bool write_wants_read : 1;    /* a write waits for input */
    bool holds_output : 1;        /* a layer holds octets that have left conn->out */
    uint16_t os_errno;            /* of the end; 0: none */
    uint32_t tls_error;           /* first OpenSSL error code of the end; 0: none */
    struct ssl_st *ssl;           /* owned; NULL: plain */
    struct conn_deflate *deflate; /* owned; NULL: not compressed */
    const struct conn_io *io;
    void *io_ctx;
    const struct clock *clock;
    struct buf in;      /* octets received and not yet consumed by the session */
    struct buf out;     /* octets of replies not yet sent */
    uint64_t octets_in; /* of the session's own octets, without TLS, not compressed */
    uint64_t octets_out;
    int64_t last_in_us; /* clock_mono_us of the last octet each way; of conn_open before any */
    int64_t last_out_us;
};

struct conn_config {
    size_t in_max;             /* octets; conn_set_in_max changes it later */
    size_t out_max;            /* octets, hard maximum; LIMIT_OUTPUT_MAX */
    const struct clock *clock; /* borrowed */
    struct tls_server *tls;    /* implicit TLS: handshake comes first; NULL: plain */
};

/** Takes fd (non-blocking). RC_LIMIT: no memory for TLS; fd stays the caller's. */
MUST_USE enum rc conn_open(struct conn *conn, int fd, const struct conn_config *config);
/** One without descriptor. RC_LIMIT: no memory for TLS. */
MUST_USE enum rc conn_open_io(struct conn *conn, const struct conn_io *io, void *io_ctx,
                              const struct conn_config *config);

/**
 * Takes the PROXY header that a proxy sends first, and not one octet behind it, gathering it in
 * text (twice LIMIT_PROXY_HEADER of room). RC_AGAIN: more of it must come, park for input.
 * RC_CLOSED. RC_INVALID: *why_out says why it is none. Before anything was read, on a plain
 * connection.
 */
MUST_USE enum rc conn_read_proxy(struct conn *conn, struct buf *text,
                                 struct proxy_header *header_out, const char **why_out);
/** Reads what is there into conn->in, up to its maximum or LIMIT_READ_SLICE. See above. */
MUST_USE enum rc conn_read(struct conn *conn);
/** Reads straight into dst (literals, spool); first what conn->in holds. RC_OK: *got_out is
 *  at least 1. RC_AGAIN and RC_CLOSED as conn_read. cap: at least 1. */
MUST_USE enum rc conn_read_direct(struct conn *conn, void *dst, size_t cap, size_t *got_out);
/**
 * Sends conn->out. RC_OK: all of it left. RC_AGAIN: some is left, park for output (conn_park).
 * RC_LIMIT: conn->out refused a write earlier (buf failed): end the session. RC_CLOSED: nobody
 * will ever take it.
 */
MUST_USE enum rc conn_flush(struct conn *conn);
static inline bool
conn_wants_write(const struct conn *conn)
{
    return (buf_len(&conn->out) > 0 || conn->holds_output) && !conn->write_ended;
}
/** Octets wait inside a layer, such as decrypted ones inside OpenSSL, where epoll does not see
 *  them: conn_read again (as soon as conn->in has room) instead of parking. */
bool conn_has_unread(const struct conn *conn);
/** Frees empty buffers and says how to park: TASK_PARK_OUTPUT while output or the handshake
 * waits to be sent, TASK_PARK_WAKE after the peer's FIN (which would be reported over and
 * over), TASK_YIELD when conn_has_unread, otherwise TASK_PARK_INPUT. */
enum task_next conn_park(struct conn *conn);
/** Not below what is in it now. */
void conn_set_in_max(struct conn *conn, size_t octets);
/**
 * STARTTLS: from here all octets are TLS. Call after the tagged OK was flushed (RC_AGAIN
 * while it is not). Whatever plain octets the client sent after its command are thrown away and
 * counted in *discarded_out (RFC 9051 section 6.2.1: they could be a forger's). RC_LIMIT:
 * memory.
 */
MUST_USE enum rc conn_start_tls(struct conn *conn, struct tls_server *tls,
                                size_t *discarded_out);
static inline bool
conn_is_tls(const struct conn *conn)
{
    return conn->tls_state != CONN_TLS_NONE;
}
/** COMPRESS=DEFLATE is on (conn_deflate.h). */
static inline bool
conn_is_compressed(const struct conn *conn)
{
    return conn->deflate != NULL;
}
static inline bool
conn_tls_ready(const struct conn *conn)
{
    return conn->tls_state == CONN_TLS_READY;
}

/**
 * Acknowledges at once what has been read. For a session that parks in the middle of a command:
 * a peer that writes a command and its literal apart, without TCP_NODELAY, sends the second
 * only when the first is acknowledged (RFC 896), and the kernel delays that by 40 ms in the
 * hope of a reply to carry it. Nothing on Unix sockets.
 */
void conn_ack_now(struct conn *conn);
/** TCP_USER_TIMEOUT: ends the connection when octets stay unacknowledged that long; 0: the
 *  kernel's default. Nothing on Unix sockets. */
void conn_set_dead_after(struct conn *conn, unsigned timeout_ms);
/** The peer has closed its side, seen without reading: for sessions parked with output. */
bool conn_peer_closed(const struct conn *conn);
/** Nothing that is sent will reach the peer: it reset the connection, or the kernel gave it up.
 *  Seen without reading or writing, and noted as how it ended. */
bool conn_peer_gone(struct conn *conn);
/** Octets the peer's kernel has not acknowledged yet (on a Unix socket: not 0 while the peer
 *  has not read all); -1: unknown. The keepalive's answer. */
int64_t conn_unacked(const struct conn *conn);
/** When the peer's kernel last acknowledged anything, by the connection's clock; -1: unknown.
 */
int64_t conn_last_ack_us(const struct conn *conn);

void conn_evidence_get(const struct conn *conn, struct conn_evidence *evidence_out);
/**
 * Closes: sends close_notify if TLS is up and it fits, drops what conn->out still holds, ends
 * the stream with FIN where that can be done, frees everything. evidence_out (may be NULL) is
 * taken before. Never waits. The task has left the poller before. Twice is harmless.
 */
void conn_close(struct conn *conn, struct conn_evidence *evidence_out);
/** The same when the server ends the session: unless the peer has closed its side too, the
 *  socket goes to parting (NULL: to nobody), which reads on until the peer has heard. */
void conn_part(struct conn *conn, struct parting *parting, struct conn_evidence *evidence_out);

/** Lets go of the descriptor without saying FIN, for hand-over to another process, and frees
 *  the rest. -1 (and nothing changed) unless it is without TLS, open and has nothing buffered.
 *  The task has left the poller before. */
MUST_USE int conn_take_fd(struct conn *conn);

#endif

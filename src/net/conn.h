/* SPDX-License-Identifier: MIT */
/*
 * A connection: a socket, perhaps with TLS and compression, bounded input and output, and the
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
 * TLS handshakes take place within conn_read and conn_flush, and conn_park knows in which
 * direction they wait. Thread: the one that runs the session, for all functions.
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

/** Where octets go if there is no socket (fd is -1), in tests and where many sessions are in
 * one process. Like recv and send, the functions return -1 with errno EAGAIN if nothing can be
 * moved now, and recv returns 0 at the end. */
struct conn_io {
    ssize_t (*recv)(struct conn *conn, void *dst, size_t cap);
    ssize_t (*send)(struct conn *conn, const void *src, size_t len);
    int64_t (*unacked)(const struct conn *conn); /* for conn_unacked; NULL: not known */
};

/** Part of its session; must not be moved in memory while it is open. */
struct conn {
    int fd;            /* owned; -1: with io, or after the close */
    uint8_t end;       /* enum conn_end */
    uint8_t tls_state; /* enum conn_tls_state */
    uint8_t alert_in;  /* last fatal TLS alert received; 0: none (close_notify is not kept) */
    uint8_t alert_out; /* last fatal TLS alert sent; 0: none */
    bool read_ended : 1;
    bool write_ended : 1;
    bool read_wants_write : 1; /* a read or a handshake waits until it can write */
    bool write_wants_read : 1; /* a write waits for input */
    bool holds_output : 1;     /* a layer holds octets that have left conn->out */
    bool deflate_ends : 1;     /* what comes next may be the end of a compressed stream */
    uint16_t os_errno;         /* of the end; 0: none */
    uint32_t tls_error;        /* first OpenSSL error code of the end; 0: none */
    struct ssl_st *ssl;        /* owned; NULL: plain */
    /* owned; NULL: not compressed. With deflate_ends: the peer's last block is not complete */
    struct conn_deflate *deflate;
    const struct conn_io *io;
    void *io_ctx;
    const struct clock *clock;
    struct buf in;      /* octets received and not yet consumed by the session */
    struct buf out;     /* octets of replies not yet sent */
    uint64_t octets_in; /* of the session's own octets, without TLS, not compressed */
    uint64_t octets_out;
    int64_t last_in_us; /* clock_mono_us of the last octet in each direction; before the first
                           one, that of conn_open */
    int64_t last_out_us;
};

struct conn_config {
    size_t in_max;             /* octets; conn_set_in_max changes it later */
    size_t out_max;            /* octets, hard maximum; LIMIT_OUTPUT_MAX */
    const struct clock *clock; /* borrowed */
    struct tls_server *tls;    /* implicit TLS, with a handshake first; NULL: plain */
};

/** Takes over fd, which must be non-blocking. RC_LIMIT: there is no memory for TLS, and fd
 * still belongs to the caller. */
MUST_USE enum rc conn_open(struct conn *conn, int fd, const struct conn_config *config);
/** The same without a descriptor. RC_LIMIT: no memory for TLS. */
MUST_USE enum rc conn_open_io(struct conn *conn, const struct conn_io *io, void *io_ctx,
                              const struct conn_config *config);

/**
 * Takes the PROXY header that a proxy sends first, and not one octet beyond it. text collects
 * it and needs room for twice LIMIT_PROXY_HEADER. RC_AGAIN: more of it must come; park for
 * input. RC_CLOSED. RC_INVALID: it is not a PROXY header, and *why_out says why. To be called
 * on a plain connection, before anything was read.
 */
MUST_USE enum rc conn_read_proxy(struct conn *conn, struct buf *text,
                                 struct proxy_header *header_out, const char **why_out);
/** Reads what has arrived into conn->in, up to its maximum or LIMIT_READ_SLICE. See above for
 * the results. */
MUST_USE enum rc conn_read(struct conn *conn);
/** Reads directly into dst (for literals and spools), beginning with what conn->in holds.
 * RC_OK: *got_out is at least 1. RC_AGAIN and RC_CLOSED as for conn_read. cap: at least 1. */
MUST_USE enum rc conn_read_direct(struct conn *conn, void *dst, size_t cap, size_t *got_out);
/**
 * Sends conn->out. RC_OK: all of it was sent. RC_AGAIN: some is left; park for output
 * (conn_park). RC_LIMIT: conn->out has refused a write before (buf failed); end the session.
 * RC_CLOSED: nobody will ever receive it.
 */
MUST_USE enum rc conn_flush(struct conn *conn);
static inline bool
conn_wants_write(const struct conn *conn)
{
    return (buf_len(&conn->out) > 0 || conn->holds_output) && !conn->write_ended;
}
/** Whether octets wait within a layer, for example decrypted ones in OpenSSL, where epoll does
 * not see them. Then call conn_read again as soon as conn->in has room, instead of parking. */
bool conn_has_unread(const struct conn *conn);
/** Frees empty buffers and says how to park: TASK_PARK_OUTPUT while output or a handshake waits
 * to be sent, TASK_PARK_WAKE after the peer's FIN (which epoll would report over and over),
 * TASK_YIELD if conn_has_unread, and otherwise TASK_PARK_INPUT. */
enum task_next conn_park(struct conn *conn);
/** octets must not be less than conn->in holds now. */
void conn_set_in_max(struct conn *conn, size_t octets);
/**
 * STARTTLS: from here on all octets are TLS. To be called after the tagged OK was flushed
 * (RC_AGAIN: it was not). Plain octets that came after the client's command are discarded,
 * because somebody else could have inserted them, and counted in *discarded_out (RFC 9051
 * section 6.2.1). RC_LIMIT: no memory.
 */
MUST_USE enum rc conn_start_tls(struct conn *conn, struct tls_server *tls,
                                size_t *discarded_out);
static inline bool
conn_is_tls(const struct conn *conn)
{
    return conn->tls_state != CONN_TLS_NONE;
}
/** Whether COMPRESS=DEFLATE is on (conn_deflate.h). */
static inline bool
conn_is_compressed(const struct conn *conn)
{
    return conn->deflate != NULL && !conn->deflate_ends;
}
static inline bool
conn_tls_ready(const struct conn *conn)
{
    return conn->tls_state == CONN_TLS_READY;
}

/**
 * Acknowledges at once what has been read. For a session that parks in the middle of a command:
 * a peer without TCP_NODELAY that writes a command and its literal separately sends the literal
 * only when the command is acknowledged (RFC 896), and the kernel delays that by 40 ms in case
 * a reply can carry it. Does nothing on Unix sockets.
 */
void conn_ack_now(struct conn *conn);
/** TCP_USER_TIMEOUT: the connection ends when octets stay unacknowledged for so long; 0: the
 * kernel's default. Does nothing on Unix sockets. */
void conn_set_dead_after(struct conn *conn, unsigned timeout_ms);
/** Whether the peer has closed its side, without reading. For sessions that are parked with
 * output. */
bool conn_peer_closed(const struct conn *conn);
/** Whether nothing that is sent can reach the peer, because it reset the connection or the
 * kernel gave up. Found out without reading or writing, and noted as the end of the connection.
 */
bool conn_peer_gone(struct conn *conn);
/** How many octets the peer's kernel has not acknowledged yet (on a Unix socket: not 0 until
 * the peer has read everything); -1: unknown. This is the answer to a keepalive. */
int64_t conn_unacked(const struct conn *conn);
/** When the peer's kernel last acknowledged anything, in the time of the connection's clock;
 * -1: unknown.
 */
int64_t conn_last_ack_us(const struct conn *conn);

void conn_evidence_get(const struct conn *conn, struct conn_evidence *evidence_out);
/**
 * Closes the connection: sends close_notify if TLS is ready and there is room, drops what
 * conn->out still holds, ends the stream with FIN where that is possible, and frees everything.
 * The evidence is taken first; evidence_out may be NULL. Never waits. The task must have left
 * the poller. Closing twice does no harm.
 */
void conn_close(struct conn *conn, struct conn_evidence *evidence_out);
/** The same when the server ends the session. Unless the peer has closed its side, too, the
 * socket goes to parting (NULL: to nobody), which continues to read until the peer has received
 * the last reply. */
void conn_part(struct conn *conn, struct parting *parting, struct conn_evidence *evidence_out);

/** Gives away the descriptor without a FIN, for handing it over to another process, and frees
 * the rest. Returns -1 and changes nothing unless the connection is open, without TLS, and has
 * nothing buffered. The task must have left the poller. */
MUST_USE int conn_take_fd(struct conn *conn);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The layers that a connection's octets pass through, one file each:
 *
 *     session      conn.c: conn->in and conn->out
 *     deflate      conn_deflate.c, once the client has asked for it
 *     TLS          conn_tls.c, when there is any
 *     raw octets   conn_raw.c: a socket, or a struct conn_io
 *
 * A layer moves octets of the layer above through the one below it, and keeps in struct conn
 * what it knows of the end (conn_note_end and its kin) and of what it waits for
 * (read_wants_write, write_wants_read, holds_output). Which layers a connection has is known to
 * conn_transport, the upper one of the lower two, and to conn_top.
 *
 * Thread: the session's.
 */
#ifndef NET_CONN_PRIVATE_H
#define NET_CONN_PRIVATE_H

#include <errno.h>

#include "base/attr.h"
#include "net/conn.h"

struct conn_layer {
    /** At least one octet into dst; cap: at least 1. RC_OK: *got_out. RC_AGAIN: nothing now.
     *  RC_CLOSED: nothing ever, and the end is noted. */
    enum rc (*recv)(struct conn *conn, void *dst, size_t cap, size_t *got_out);
    /** Takes some of src; len: at least 1. RC_OK: *sent_out is at least 1. RC_AGAIN, RC_CLOSED:
     *  as recv. */
    enum rc (*send)(struct conn *conn, const void *src, size_t len, size_t *sent_out);
    /** Sends what the layer itself still holds of what it took. RC_OK: nothing. */
    enum rc (*flush)(struct conn *conn);
    /** Octets for above wait in this layer, where epoll does not see them. */
    bool (*has_unread)(const struct conn *conn);
};

extern const struct conn_layer conn_raw;
extern const struct conn_layer conn_tls;
extern const struct conn_layer conn_deflate;

/** What carries the session's octets over the network. */
static inline const struct conn_layer *
conn_transport(const struct conn *conn)
{
    return conn->ssl == NULL ? &conn_raw : &conn_tls;
}

/** What takes and gives the session's octets. */
static inline const struct conn_layer *
conn_top(const struct conn *conn)
{
    return conn->deflate == NULL ? conn_transport(conn) : &conn_deflate;
}

/* ---- how it ended (conn_end.c) ---- */
/** The first cause is the one that is kept. tls_error: an OpenSSL error code; 0: none. */
void conn_note_end(struct conn *conn, enum conn_end end, int os_errno, unsigned long tls_error);
void conn_both_ended(struct conn *conn);
/** Notes the end that os_errno means, for both directions. */
void conn_failed_by_errno(struct conn *conn, int os_errno);

/* ---- raw octets (conn_raw.c) ---- */
/* As recv and send: -1 with errno. */
ssize_t conn_raw_recv(struct conn *conn, void *dst, size_t cap);
ssize_t conn_raw_send(struct conn *conn, const void *src, size_t len);

static inline bool
conn_is_again(int os_errno)
{
    return os_errno == EAGAIN || os_errno == EWOULDBLOCK;
}

/* ---- TLS (conn_tls.c) ---- */
/** From here all octets are TLS; the handshake comes first. RC_LIMIT: no memory. */
MUST_USE enum rc conn_tls_begin(struct conn *conn, struct tls_server *tls);
/** Goes on with the handshake, if there is one: RC_OK when it is done. */
MUST_USE enum rc conn_tls_shake_hands(struct conn *conn);
/** Says close_notify if it fits, and frees. Harmless without TLS. */
void conn_tls_end(struct conn *conn);

/* ---- deflate (conn_deflate.c); all harmless without it ---- */
/** Before parking: keeps as little as is needed to go on. */
void conn_deflate_rest(struct conn *conn);
void conn_deflate_end(struct conn *conn);
/** Adds what only this layer knows. */
void conn_deflate_evidence(const struct conn *conn, struct conn_evidence *evidence_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The layers that a connection's octets pass through, one file each:
 *
 *     session      conn.c: conn->in and conn->out
 *     TLS          conn_tls.c, when there is any
 *     raw octets   conn_raw.c: a socket, or a struct conn_io
 *
 * A layer moves octets of the layer above through the one below it, and keeps in struct conn
 * what it knows of the end (conn_note_end and its kin) and of what it waits for
 * (read_wants_write, write_wants_read). conn_transport is the upper one of the lower two; that
 * function alone knows which it is.
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
    /** Octets for above wait in this layer, where epoll does not see them. */
    bool (*has_unread)(const struct conn *conn);
};

extern const struct conn_layer conn_raw;
extern const struct conn_layer conn_tls;

/** What carries the session's octets over the network. */
static inline const struct conn_layer *
conn_transport(const struct conn *conn)
{
    return conn->ssl == NULL ? &conn_raw : &conn_tls;
}

/* ---- how it ended (conn.c) ---- */
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

#endif

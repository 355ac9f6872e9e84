/* SPDX-License-Identifier: MIT */
/*
 * The layers that a connection's octets pass through, each in a file of its own:
 *
 *     session      conn.c: conn->in and conn->out
 *     deflate      conn_deflate.c, once the client has asked for it
 *     TLS          conn_tls.c, when there is any
 *     raw octets   conn_raw.c: a socket, or a struct conn_io
 *
 * A layer moves the octets of the layer above through the layer below. In struct conn it notes
 * what it knows of the end (conn_note_end and related functions) and what it waits for
 * (read_wants_write, write_wants_read, holds_output). conn_transport (the upper one of the
 * lower two) and conn_top know which layers a connection has.
 *
 * Thread: the session's.
 */
#ifndef NET_CONN_PRIVATE_H
#define NET_CONN_PRIVATE_H

#include <errno.h>

#include "base/attr.h"
#include "net/conn.h"

struct conn_layer {
    /** Puts at least one octet into dst; cap is at least 1. RC_OK: *got_out octets. RC_AGAIN:
     * nothing now. RC_CLOSED: nothing will ever come, and the end is noted. */
    enum rc (*recv)(struct conn *conn, void *dst, size_t cap, size_t *got_out);
    /** Takes some of src; len is at least 1. RC_OK: *sent_out is at least 1. RC_AGAIN,
     * RC_CLOSED: as for recv. */
    enum rc (*send)(struct conn *conn, const void *src, size_t len, size_t *sent_out);
    /** Sends what the layer still holds of the octets that it has taken. RC_OK: it holds
     * nothing any more. */
    enum rc (*flush)(struct conn *conn);
    /** Whether octets for the layer above wait in this one, where epoll does not see them. */
    bool (*has_unread)(const struct conn *conn);
};

extern const struct conn_layer conn_raw;
extern const struct conn_layer conn_tls;
extern const struct conn_layer conn_deflate;

/** The layer that carries the session's octets over the network. */
static inline const struct conn_layer *
conn_transport(const struct conn *conn)
{
    return conn->ssl == NULL ? &conn_raw : &conn_tls;
}

/** The layer that takes and gives the session's octets. */
static inline const struct conn_layer *
conn_top(const struct conn *conn)
{
    return conn_is_compressed(conn) ? &conn_deflate : conn_transport(conn);
}

/* ---- how it ended (conn_end.c) ---- */
/** Notes why the connection ended, unless a cause was noted before. tls_error: an OpenSSL error
 * code; 0: none. */
void conn_note_end(struct conn *conn, enum conn_end end, int os_errno, unsigned long tls_error);
void conn_both_ended(struct conn *conn);
/** Notes the end that os_errno means, for both directions. */
void conn_failed_by_errno(struct conn *conn, int os_errno);

/* ---- raw octets (conn_raw.c) ---- */
/* Like recv and send: -1 with errno. */
ssize_t conn_raw_recv(struct conn *conn, void *dst, size_t cap);
ssize_t conn_raw_send(struct conn *conn, const void *src, size_t len);

static inline bool
conn_is_again(int os_errno)
{
    return os_errno == EAGAIN || os_errno == EWOULDBLOCK;
}

/* ---- TLS (conn_tls.c) ---- */
/** From here on all octets are TLS, beginning with the handshake. RC_LIMIT: no memory. */
MUST_USE enum rc conn_tls_begin(struct conn *conn, struct tls_server *tls);
/** Continues the handshake, if there is one. RC_OK: it is done. */
MUST_USE enum rc conn_tls_shake_hands(struct conn *conn);
/** Sends close_notify if there is room, and frees TLS. Does no harm without TLS. */
void conn_tls_end(struct conn *conn);

/* ---- deflate (conn_deflate.c); all harmless without it ---- */
/** To be called before parking: keeps only what is needed to continue. */
void conn_deflate_rest(struct conn *conn);
/** Nothing from behind what was received last may be read before the session has looked at it:
 *  the peer has flushed there, perhaps for the last time. */
bool conn_deflate_at_flush(const struct conn *conn);
/** While conn->deflate_ends: removes the end of the peer's stream from the octets that came
 * after its last command. Returns how many octets are left at dst. */
size_t conn_deflate_pass_end(struct conn *conn, char *dst, size_t len);
void conn_deflate_end(struct conn *conn);
/** Adds to the evidence what only this layer knows. */
void conn_deflate_evidence(const struct conn *conn, struct conn_evidence *evidence_out);

#endif

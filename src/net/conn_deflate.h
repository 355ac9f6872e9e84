/* SPDX-License-Identifier: MIT */
/*
 * COMPRESS=DEFLATE (RFC 4978) as a layer of a connection: from conn_deflate_begin on, all
 * octets of the session are raw deflate (RFC 1951), above TLS if there is TLS.
 *
 * While its session is parked, a connection keeps of this: on the sending side nothing, because
 * a stream that ends on an octet's boundary may be followed by another one that does not look
 * back; on the receiving side what the peer may still refer to, compressed, and the bits of its
 * last octet that belong to the next block. What no such state can say (a peer that parks in
 * the middle of a block) is kept as it is.
 *
 * Thread: the session's.
 */
#ifndef NET_CONN_DEFLATE_H
#define NET_CONN_DEFLATE_H

#include "base/pack.h"
#include "net/conn.h"

/**
 * From here all octets are compressed. Call after the OK of COMPRESS was flushed: RC_AGAIN
 * while it is not. What has been read already and not yet consumed counts as compressed, since
 * RFC 4978 section 3 lets the client send nothing before it has seen the OK. RC_LIMIT: memory.
 * Once in the life of a connection.
 */
MUST_USE enum rc conn_deflate_begin(struct conn *conn);

/** For hand-over to another process: puts what the connection needs to go on there, and nothing
 *  of a connection without compression but that it has none. False: it cannot be said now.
 *  Changes nothing that the peer could see. */
MUST_USE bool conn_deflate_pack(struct conn *conn, struct buf *out);
/** Of a connection that was opened and has not moved an octet. False: not what
 * conn_deflate_pack puts, or no memory. */
MUST_USE bool conn_deflate_unpack(struct conn *conn, struct unpack *in);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * COMPRESS=DEFLATE (RFC 4978) as a layer of a connection: from conn_deflate_begin on, all
 * octets of the session are raw deflate (RFC 1951), above TLS if there is TLS.
 *
 * While its session is parked, a connection keeps only this: For sending, nothing, because a
 * stream that ends on the boundary of an octet may be followed by another one that does not
 * refer to it. For receiving, what the peer may still refer to, compressed, and the bits of its
 * last octet that belong to the next block. If that is not enough, because the peer has stopped
 * in the middle of a block, everything is kept as it is.
 *
 * Thread: the session's.
 */
#ifndef NET_CONN_DEFLATE_H
#define NET_CONN_DEFLATE_H

#include "base/pack.h"
#include "net/conn.h"

/**
 * From here on all octets are compressed. Call it after the OK of COMPRESS was flushed
 * (RC_AGAIN: it was not). Octets that were read but not consumed count as compressed, because
 * RFC 4978 section 3 does not allow the client to send anything before it has seen the OK.
 * RC_LIMIT: no memory.
 */
MUST_USE enum rc conn_deflate_begin(struct conn *conn);

/**
 * From here on no octets are compressed (RFC 8437 section 4.1). Call it after everything
 * compressed was flushed. Octets that were received but not inflated yet count as plain:
 * conn_read stops where the peer has flushed, so these came after its last command. If the
 * block with that command is not complete, the rest of it is skipped when it arrives; if it
 * contains more text, the connection ends as one whose stream is damaged. Empty blocks after
 * it, with which the peer flushes or ends its stream, are skipped, even if they arrive later or
 * in parts. RC_LIMIT: it is more than conn->in may hold. Does nothing without compression.
 */
MUST_USE enum rc conn_deflate_stop(struct conn *conn);

/** For handing the connection over to another process: packs what it needs to continue there;
 * for a connection without compression, only that it has none. Octets that were received but
 * not inflated yet are included, and so is what has been received of a block that is not over,
 * because zlib cannot tell how far it has read. False: the present state cannot be packed,
 * because output is waiting, there is no memory, or that block has more than 64 KiB or more
 * than 1 MiB of text. Changes nothing that the peer could notice.
 */
MUST_USE bool conn_deflate_pack(struct conn *conn, struct buf *out);
/** For a connection that was opened and has not moved an octet. False: this is not what
 * conn_deflate_pack makes, or there is no memory. */
MUST_USE bool conn_deflate_unpack(struct conn *conn, struct unpack *in);

#endif

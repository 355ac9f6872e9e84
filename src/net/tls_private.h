/* SPDX-License-Identifier: MIT */
/* What conn_tls.c needs from tls.c: new SSL objects, wired to a connection. */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "base/attr.h"
#include "net/conn.h"
#include "net/tls.h"

/** A server-side SSL of the certificate in use now, owned by the caller; its octets go
 *  through bio (moved). NULL: no memory. Fatal alerts are noted in *conn, which must not move
 *  while the SSL lives. Thread: any. */
SSL *tls_server_ssl_new(struct tls_server *server, struct conn *conn, BIO *bio);

/** Makes a context ask clients for certificates of these CAs (tls_client.h). NULL or "": it
 * does not. RC_NOT_FOUND, RC_IO, RC_INVALID (no certificates), RC_LIMIT. */
MUST_USE enum rc tls_client_ask(SSL_CTX *ctx, const char *ca_path, struct err *err);

#endif

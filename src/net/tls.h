/* SPDX-License-Identifier: MIT */
/*
 * TLS for servers: certificates, tickets, and what a session can ask about its TLS.
 * net/conn_tls.c has the record layer. Only TLS 1.2 and 1.3, no renegotiation, and tickets
 * without state in the server, so an idle session costs only what OpenSSL needs.
 *
 * A reload makes a new context beside the old one. New connections get the new certificate;
 * live ones keep theirs until they end. Ticket keys survive reloads.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "net/conn.h"

struct tls_server;

struct tls_config {
    const char *cert_path;  /* PEM: certificate, then its chain */
    const char *key_path;   /* PEM, without passphrase; may be the same file */
    const char *client_ca;  /* PEM: whose certificates clients may show (tls_client.h); NULL or
                               "":  they are not asked for any */
    const char *alpn;       /* e.g. "imap"; NULL: no ALPN */
    const char *ciphers_12; /* OpenSSL list for TLS 1.2; NULL: ECDHE with AEAD */
};

/** What an administrator wants to know about the certificate in use. */
struct tls_cert_info {
    int64_t not_before_s; /* since 1970 */
    int64_t not_after_s;
    bool self_signed;
    char subject[256];
    char names[512]; /* DNS names, blank separated, cut when longer */
};

/** Lets OpenSSL take its blocks from base/blocks.h, which saves 1.1 KiB a connection. Before
 *  anything else calls OpenSSL; later it is refused (false), which does no harm. Thread:
 *  start-up. */
bool tls_memory_init(void);

/** Reads certificate and key. Errors name the file and the reason: not there, not PEM, key of
 *  another certificate, passphrase. clock: wall time, for tickets. Thread: start-up. Waits
 *  for disk. */
MUST_USE enum rc tls_server_new(const struct tls_config *config, const struct clock *clock,
                                struct tls_server **server_out, struct err *err);
/** Reads the files again; on failure everything stays as it was. Live sessions are not
 *  touched. Thread: any. Waits for disk. */
MUST_USE enum rc tls_server_reload(struct tls_server *server, const struct tls_config *config,
                                   struct err *err);
/** Live sessions may outlive it. NULL is allowed. */
void tls_server_free(struct tls_server *server);
void tls_server_cert_info(struct tls_server *server, struct tls_cert_info *info_out);
/** Whether a client that connects to host (a name or a numeric address) accepts the
 * certificate for it (RFC 9525, including wildcards). */
bool tls_server_cert_is_for(struct tls_server *server, const char *host);
/** Writes a sentence if the certificate has expired, is not yet valid, or expires within 14
 * days; otherwise returns false. */
bool tls_server_cert_warning(struct tls_server *server, char *dst, size_t cap);

/** "TLSv1.3", "TLS_AES_256_GCM_SHA384"; resumed by a ticket; the name the client asked for
 *  (SNI). Borrowed until the connection closes; NULL before the handshake is done. */
const char *tls_conn_version(const struct conn *conn);
const char *tls_conn_cipher(const struct conn *conn);
bool tls_conn_resumed(const struct conn *conn);
const char *tls_conn_sni(const struct conn *conn);
/** The protocol chosen by ALPN; empty: none. */
struct span tls_conn_alpn(const struct conn *conn);

enum { TLS_EXPORTER_OCTETS = 32 };
/** Channel binding tls-exporter (RFC 9266). RC_UNSUPPORTED: no TLS, or TLS 1.2 without
 *  extended master secret. Thread: the one that runs the session. */
MUST_USE enum rc tls_conn_exporter(const struct conn *conn, uint8_t out[TLS_EXPORTER_OCTETS]);

#endif

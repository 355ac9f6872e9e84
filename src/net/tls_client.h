/* SPDX-License-Identifier: MIT */
/*
 * Certificates of clients. A server that is given a CA asks each client for a certificate; most
 * have none, and that is no error. Neither is one that does not verify: the connection goes on
 * as if there were none, because mail programs show whatever certificate they find.
 *
 * A session that is resumed by a ticket has the certificate of the first handshake, which is in
 * the ticket. Its time is looked at again, and tickets that were made under another CA file are
 * not taken. Lists of revoked certificates are not looked at.
 */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/clock.h"
#include "net/conn.h"

enum {
    TLS_CLIENT_NAMES = 8,         /* of one certificate, as many as are looked at */
    TLS_CLIENT_NAME_OCTETS = 256, /* terminated; longer ones are passed over */
    TLS_CLIENT_SERIAL_OCTETS = 64,
};

/* What in a certificate names its owner. */
enum tls_client_name {
    TLS_CLIENT_EMAIL, /* rfc822Name of subjectAltName; without one, emailAddress of the subject
                         (RFC 5280 section 4.2.1.6) */
    TLS_CLIENT_CN,    /* commonName of the subject */
};

struct tls_client {
    size_t count;                                         /* at least 1 */
    char names[TLS_CLIENT_NAMES][TLS_CLIENT_NAME_OCTETS]; /* UTF-8 */
    char
        serial[TLS_CLIENT_SERIAL_OCTETS]; /* number of the certificate, for logs: hexadecimal */
};

/** The names in the certificate that the client has shown. False: it has shown none that is
 * valid now, or one without such a name. Names with NUL or control characters are passed over.
 * Thread: the one that runs the session. */
MUST_USE bool tls_conn_client(const struct conn *conn, enum tls_client_name which,
                              const struct clock *clock, struct tls_client *out);

#endif

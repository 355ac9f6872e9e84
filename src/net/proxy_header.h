/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol, versions 1 (a line of text) and 2 (binary): what a proxy sends before
 * the client's first octet, so that the server knows who the client is. Pure: conn_read_proxy
 * (net/conn.h) reads the octets. Anybody can send such a header, so the configuration says
 * which peers to believe.
 *
 *     PROXY TCP4 192.0.2.7 198.51.100.1 50123 143 CR LF
 *     signature(12) 0x21 0x11 length(2) source(4) destination(4) ports(2+2) TLVs...
 *
 * Thread: any.
 */
#ifndef NET_PROXY_HEADER_H
#define NET_PROXY_HEADER_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "net/addr.h"

enum {
    PROXY_TEXT_MAX = 107, /* octets of a version 1 header with its CR LF */
    PROXY_TLS_VERSION_MAX = 15,
};

enum proxy_parse {
    PROXY_MORE, /* so far it is one; all of the octets belong to it */
    PROXY_WHOLE,
    PROXY_BAD,
};

struct proxy_header {
    struct net_addr client; /* NET_NONE: the proxy speaks for itself, or does not know */
    bool tls;               /* the client's connection to the proxy is TLS (version 2 only) */
    char tls_version[PROXY_TLS_VERSION_MAX + 1]; /* "TLSv1.3", printable; or "" */
};

/**
 * text: what was received from the connection's first octet on. *used_out: how many octets of
 * it belong to the header (all, with PROXY_MORE); never more than LIMIT_PROXY_HEADER are asked
 * for. PROXY_BAD: *why_out is a sentence.
 */
MUST_USE enum proxy_parse proxy_header_parse(struct span text, struct proxy_header *header_out,
                                             size_t *used_out, const char **why_out);

#endif

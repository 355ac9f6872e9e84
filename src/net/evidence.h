/* SPDX-License-Identifier: MIT */
/*
 * What is known about how a connection ended, as plain values. conn_evidence_get and
 * conn_close (net/conn.h) fill it; the journal stores it and puts it into words.
 */
#ifndef NET_EVIDENCE_H
#define NET_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/** The first thing that ended either direction. */
enum conn_end {
    CONN_OPEN = 0,
    CONN_END_FIN,           /* the peer closed its side; it may still read */
    CONN_END_RST,           /* the peer reset the connection */
    CONN_END_PIPE,          /* we wrote after the peer had closed */
    CONN_END_TIMEOUT,       /* octets stayed unacknowledged too long (ETIMEDOUT) */
    CONN_END_UNREACHABLE,   /* host or net unreachable: os_errno says which */
    CONN_END_ERROR,         /* another os_errno */
    CONN_END_TLS_CLOSE,     /* close_notify */
    CONN_END_TLS_TRUNCATED, /* FIN without close_notify: common, mbsync and offlineimap do it */
    CONN_END_TLS_ALERT,     /* the peer sent a fatal alert */
    CONN_END_TLS_ERROR,     /* the peer broke the protocol, or nothing is in common */
    CONN_END_MEMORY,        /* no memory for TLS, compression or buffers */
    CONN_END_DEFLATE_ERROR, /* what the peer sent is not deflate */
    CONN_END_DEFLATE_CUT,   /* the peer closed its side in the middle of a deflate block */
};

enum conn_tls_state {
    CONN_TLS_NONE,
    CONN_TLS_HANDSHAKE,
    CONN_TLS_READY,
};

/** What is known about the connection, now or at its end. */
struct conn_evidence {
    enum conn_end end;
    int os_errno; /* 0: none */
    enum conn_tls_state tls;
    uint8_t alert_in; /* fatal TLS alerts, RFC 8446 section 6; 0: none */
    uint8_t alert_out;
    uint32_t tls_error; /* OpenSSL error code, the protocol's own if there is one; 0: none */
    bool deflate;       /* COMPRESS=DEFLATE is on */
    uint64_t octets_in; /* of the session's own octets */
    uint64_t octets_out;
    uint64_t wire_in; /* compressed octets since it is on */
    uint64_t wire_out;
    int64_t last_in_us; /* clock_mono_us */
    int64_t last_out_us;
    uint64_t unsent_octets; /* still in our buffers */
    int64_t unacked_octets; /* handed to the kernel, not acknowledged (SIOCOUTQ); -1 unknown */
    bool has_tcp_info;      /* the rest is TCP_INFO */
    uint32_t rtt_us;
    uint32_t rtt_var_us;
    uint32_t retransmits; /* of the oldest unacknowledged segment, now */
    uint32_t total_retransmits;
    uint32_t last_ack_recv_ms; /* ago */
    uint32_t last_data_recv_ms;
    uint32_t last_data_sent_ms;
};

/** One plain sentence in English, without a full stop: "the client closed the connection",
 *  "the client rejected our certificate (TLS alert 48, unknown_ca)". For the journal. */
void conn_evidence_text(const struct conn_evidence *evidence, char *dst, size_t cap);
/** "fin", "tls-alert": the word for logs and JSON. */
const char *conn_end_name(enum conn_end end);

#endif

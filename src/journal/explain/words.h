/* SPDX-License-Identifier: MIT */
/*
 * Values from records in the words of `roost explain`: durations, networks, TLS alerts, TCP.
 * Pure. Thread: any.
 */
#ifndef JOURNAL_EXPLAIN_WORDS_H
#define JOURNAL_EXPLAIN_WORDS_H

#include "base/buf.h"
#include "journal/record.h"

enum { WORDS_NETWORK = 64 }; /* octets of a network's name, with its NUL */

/** "30 min 53 s", "2 h 5 min", "3 d 4 h", "12 s", "46 ms": the two largest units. */
void words_duration(struct buf *buf, int64_t ms);
/** "4 minutes", "290 s": for settings and patterns. Minutes if they are whole. */
void words_seconds(struct buf *buf, int64_t seconds);

/** The network that an address belongs to, as NAT and providers see it: IPv4 /24
 *  ("203.0.113.0/24"), IPv6 /48. A text that is not an address ("unix") is returned as it
 *  is. */
void words_network(struct span peer, char dst[WORDS_NETWORK]);

/** "unknown_ca" (RFC 8446 section 6), or "alert". */
const char *words_tls_alert(uint8_t alert);
/** Whether the alert says that the client does not accept the certificate. */
bool words_tls_alert_is_certificate(uint8_t alert);

/** How the connection ended, as a clause: "the client's machine closed the connection
 * (FIN)". */
const char *words_how(enum end_how how);
/** TCP_INFO in words: a sentence without its full stop, or nothing if there is none. */
void words_tcp(struct buf *buf, const struct end_evidence *evidence, bool is_open);

/** Text from a peer: escaped, at most max octets. */
void words_peer(struct buf *buf, struct span text, size_t max);

#endif

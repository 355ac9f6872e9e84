/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a session that a proxy brings. Until its PROXY header has arrived, the
 * client is unknown, so there is no greeting, no count for an address, and no TLS handshake.
 *
 *   session_open --> waiting --whole--> client's address, TLS, greeting
 *                       \--bad, late, closed--> session_end
 *
 * Private to session/. Thread: the session's.
 */
#ifndef SESSION_PROXIED_H
#define SESSION_PROXIED_H

#include "base/attr.h"
#include "session/session.h"

struct proxied;

/** Begins to wait for the header. tls: begins after the header, or NULL. Returns NULL: no
 * memory. */
struct proxied *proxied_new(struct session *session, struct tls_server *tls);
/** NULL is allowed. */
void proxied_free(struct proxied *proxied);
/** When the header must have arrived; monotonic. */
int64_t proxied_deadline_us(const struct proxied *proxied);
/** Takes what has arrived. True: the header is complete, session->peer is the client, and the
 * dialogue may begin. False: park for input, or the session is ending. */
MUST_USE bool proxied_step(struct session *session);

#endif

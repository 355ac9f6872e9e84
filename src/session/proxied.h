/* SPDX-License-Identifier: MIT */
/*
 * The first moments of a session that a proxy brings: until its PROXY header is here, nobody
 * knows whose session it is, so nothing is said, counted for an address, or shaken hands on.
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

/** Waits from now on; tls: begins after the header, or NULL. NULL: no memory. */
struct proxied *proxied_new(struct session *session, struct tls_server *tls);
/** NULL is allowed. */
void proxied_free(struct proxied *proxied);
/** When the header must be here: monotonic. */
int64_t proxied_deadline_us(const struct proxied *proxied);
/** Takes what has come. True: the header is whole, session->peer is the client and the dialogue
 *  may begin. False: park for input, or the session is ending. */
MUST_USE bool proxied_step(struct session *session);

#endif

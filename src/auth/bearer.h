/* SPDX-License-Identifier: MIT */
/*
 * OAUTHBEARER (RFC 7628) and XOAUTH2: logging in with an access token (oauth.h).
 *
 * A token whose signature is not right is a guess, and the address that it comes from pays for
 * it. One that is right but not for this server, or not any more, is none: programs that have
 * an old token keep trying. A token that is right is never refused for the guesses of others.
 */
#ifndef AUTH_BEARER_H
#define AUTH_BEARER_H

#include "auth/auth.h"
#include "auth/sasl.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

/* The client's message; the spans are parts of it or of this, so it must not be copied. */
struct bearer {
    struct span name;                   /* whom it wants to be; may be empty */
    struct span token;                  /* what stands behind "Bearer "; empty: there is none */
    struct span host;                   /* to which it has connected; empty: it does not say */
    char decoded[REGISTRY_NAME_OCTETS]; /* the name of OAUTHBEARER */
};
/** False: the message is not what the mechanism says. "=2C" and "=3D" in a name of OAUTHBEARER
 *  (RFC 5801 section 4) are undone. Thread: any. */
MUST_USE bool bearer_read(enum sasl_mech mech, struct span message, struct bearer *out);

/** What a failure is answered with (RFC 7628 section 3.2.2); not for RC_BUSY, which says
 * nothing about the token. Thread: any. */
struct span bearer_error(enum sasl_mech mech, enum auth_reason reason);

/**
 * Decides about a token. RC_OK; RC_DENIED, out->reason says why; RC_BUSY: there were too many
 * guesses; RC_DISABLED; RC_LIMIT (memory); RC_IO ...: the registry failed. Thread: session; may
 * wait for the registry.
 */
MUST_USE enum rc bearer_decide(struct auth *auth, const struct bearer *bearer,
                               const struct auth_peer *peer, struct auth_result *out,
                               struct err *err);

/* Frees what auth_set_oauth has made. */
void bearer_close(struct auth *auth);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * OAUTHBEARER (RFC 7628) and XOAUTH2: logging in with an access token (oauth.h).
 *
 * A token with a wrong signature is a guess, and the address that it comes from pays for it. A
 * genuine token that is expired or not for this server is not a guess, because programs with an
 * old token keep trying. A valid token is never refused because of the guesses of others.
 */
#ifndef AUTH_BEARER_H
#define AUTH_BEARER_H

#include "auth/auth.h"
#include "auth/sasl.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

/* The client's message. The spans point into it or into this struct, which therefore must not
 * be copied. */
struct bearer {
    struct span name;  /* the account that the client asks for; may be empty */
    struct span token; /* what follows "Bearer "; empty: none */
    /* the host to which the client has connected; empty: it does not say */
    struct span host;
    char decoded[REGISTRY_NAME_OCTETS]; /* the name in OAUTHBEARER, decoded */
};
/** False: the message does not have the form of the mechanism. "=2C" and "=3D" in a name of
 * OAUTHBEARER are decoded (RFC 5801 section 4). Thread: any. */
MUST_USE bool bearer_read(enum sasl_mech mech, struct span message, struct bearer *out);

/** The answer to a failure (RFC 7628 section 3.2.2). Not for RC_BUSY, which says nothing about
 * the token. Thread: any. */
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

/* SPDX-License-Identifier: MIT */
/*
 * SASL exchanges in steps: base64 comes in, GNU SASL works on it, and base64 goes out. PLAIN
 * and LOGIN only collect credentials, which the caller then passes to auth_quick and
 * auth_verify. SCRAM-SHA-256 decides by itself, using the keys in the registry. An exchange
 * belongs to one session.
 *
 *     sasl_start -> sasl_step -> SASL_CHALLENGE -> sasl_step ... -> one of the ends
 */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum sasl_mech {
    SASL_PLAIN,
    SASL_LOGIN,
    SASL_SCRAM_SHA_256,
    SASL_SCRAM_SHA_256_PLUS, /* bound to the TLS connection: RFC 5802 section 6 */
    SASL_EXTERNAL,           /* with a certificate: RFC 4422 appendix A */
    SASL_OAUTHBEARER,        /* with an access token: RFC 7628 */
    SASL_XOAUTH2,            /* the same in its older form */
    SASL_MECH_COUNT,
};

/** "SCRAM-SHA-256". */
const char *sasl_mech_name(enum sasl_mech mech);
/** By name, in upper or lower case. False: not offered. */
MUST_USE bool sasl_mech_of_name(struct span name, enum sasl_mech *mech_out);
/** Whether the mechanism sends the password to the server, so that it needs TLS or loopback. */
bool sasl_mech_is_plaintext(enum sasl_mech mech);

/** Whether it sends a secret that others could read: a password or a token. */
bool sasl_mech_shows_secret(enum sasl_mech mech);
/** Whether it is SCRAM, with or without channel binding. */
bool sasl_mech_is_scram(enum sasl_mech mech);

struct sasl;

enum { SASL_CHANNEL_OCTETS = 32 };
enum { SASL_CLIENT_NAMES = 8 };
/* What is known of the connection, for SCRAM and EXTERNAL. */
struct sasl_channel {
    /* SCRAM-SHA-256-PLUS is offered on this connection. So a client that says "y", which means
     * that it would bind if the server could, was shown another list of mechanisms. */
    bool offered;
    uint8_t exporter[SASL_CHANNEL_OCTETS]; /* tls-exporter (RFC 9266); valid if offered */
    /* Names in the client's certificate, which was verified. 0: it has shown none. */
    size_t name_count;
    char names[SASL_CLIENT_NAMES][REGISTRY_NAME_OCTETS];
};

/** Starts an exchange. peer's address is borrowed for its duration. channel may be NULL: there
 * is nothing to bind to. RC_LIMIT: no memory. Thread: session. */
MUST_USE enum rc sasl_start(struct sasl **sasl_out, struct auth *auth, enum sasl_mech mech,
                            const struct auth_peer *peer, const struct sasl_channel *channel,
                            struct err *err);
/** Wipes and frees. NULL is allowed. */
void sasl_free(struct sasl *sasl);

enum sasl_outcome {
    SASL_CHALLENGE,     /* send what is in challenge (base64, may be empty), then step again */
    SASL_CREDENTIALS,   /* sasl_request has name and password: verify them */
    SASL_AUTHENTICATED, /* SCRAM, EXTERNAL, tokens: sasl_result tells the account */
    SASL_DENIED,        /* wrong keys, unknown account, authzid of another account: NO */
    SASL_DISABLED,      /* right keys, but the account is disabled: NO */
    SASL_CANCELLED,     /* the client sent "*": BAD (RFC 3501 section 6.2.2) */
    SASL_MALFORMED,     /* not base64, or not the form of the mechanism: BAD */
    SASL_FAILED,        /* the registry or memory failed: err says why */
};

/**
 * One step. line: what the client sent, base64 without CRLF; for an initial response
 * (RFC 4959) "=" is an empty one. The first step without an initial response: ptr NULL.
 * challenge: base64 is appended. Thread: session; SCRAM may wait for the registry.
 */
MUST_USE enum sasl_outcome sasl_step(struct sasl *sasl, struct span line, struct buf *challenge,
                                     struct err *err);

/** After SASL_CREDENTIALS: for auth_quick and auth_verify. Valid until sasl_free. */
const struct auth_request *sasl_request(const struct sasl *sasl);
/** After SASL_AUTHENTICATED or SASL_DISABLED. */
const struct auth_result *sasl_result(const struct sasl *sasl);
/** With SASL_DENIED: the reason. */
enum auth_reason sasl_reason(const struct sasl *sasl);
/** Whether a token was refused and the client has not acknowledged that yet, which it may never
 * do (RFC 7628 section 3.2.3). If so, sasl_reason says why. */
bool sasl_is_refused(const struct sasl *sasl);
/** The name that the client gave, if it is known; for the log. */
struct span sasl_name(const struct sasl *sasl);

/** SCRAM: the next line will be compared with keys. That is a guess and must be paid for
 * first. */
bool sasl_must_pay(const struct sasl *sasl);
/** Pays for the step. Returns the time in ms for which the step must wait, or -1: it must not
 * be taken; deny the login with sasl_reason. A step that was not paid for is denied if it would
 * have to wait at all. */
MUST_USE int64_t sasl_pay(struct sasl *sasl);

#endif

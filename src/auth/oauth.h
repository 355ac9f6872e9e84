/* SPDX-License-Identifier: MIT */
/*
 * Signed access tokens of OAuth 2.0 (JWT, RFC 7519 and RFC 9068): whose they are, and whether
 * they are for this server. The keys are public ones from a file (JWK Set, RFC 7517). The
 * issuer is not asked, so a token is valid until it expires.
 *
 * The algorithm that a token names is not trusted: only signatures with public keys are
 * accepted, and the key must be of the kind that the algorithm needs. So neither "none" nor an
 * HMAC made with a public key is accepted (RFC 8725 sections 2.1, 3.1).
 */
#ifndef AUTH_OAUTH_H
#define AUTH_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum { OAUTH_TEXT_OCTETS = 256 };

struct oauth_config {
    const char *keys_path; /* "": no tokens are accepted */
    const char *issuer;    /* what "iss" must be */
    const char *audience;  /* what must be in "aud" */
    /* the claim that names the account, in the form that is used at a login */
    const char *claim;
    const char *hosts; /* names of this server, separated by blanks; "": any host */
};

struct oauth;

/** Reads the keys. RC_OK: *out is the caller's reference, or NULL if no tokens are accepted.
 * RC_NOT_FOUND, RC_IO, RC_DENIED: the file cannot be read. RC_INVALID: it is not a JWK Set, or
 * no key in it can be used. RC_LIMIT: no memory, or more than LIMIT_OAUTH_KEYS. Waits for disk.
 * Thread: any. */
MUST_USE enum rc oauth_new(struct oauth **out, const struct oauth_config *config,
                           struct err *err);
/** Returns another reference. NULL is allowed. Thread: any. */
struct oauth *oauth_ref(struct oauth *oauth);
/** Drops a reference; the last one frees. NULL is allowed. Thread: any. */
void oauth_unref(struct oauth *oauth);

/** Whether this is a host to which a client may say it has connected (RFC 7628 section 3.2).
 * Empty: it has said nothing, which is allowed. Thread: any. */
bool oauth_knows_host(const struct oauth *oauth, struct span host);

/* A parsed token. */
struct oauth_token;

/** Parses a token of at most LIMIT_SASL_MESSAGE octets without verifying anything. RC_OK: the
 * caller owns *out. RC_INVALID: it is not a token. RC_LIMIT: no memory. Thread: any. */
MUST_USE enum rc oauth_token_read(struct span text, struct oauth_token **out);
void oauth_token_free(struct oauth_token *token);
/** The name in the claim. Until the token is verified, it is only what the token says. Empty:
 * none. Borrowed from the token. */
const char *oauth_token_name(const struct oauth *oauth, const struct oauth_token *token);
/** "sub", for logs; empty: none. Borrowed from the token. */
const char *oauth_token_subject(const struct oauth_token *token);
/** Whether the token is signed with one of the keys, is a bearer token, is for this server, and
 * is valid now: *reason_out is AUTH_FINE or one of AUTH_TOKEN_... RC_LIMIT: no memory. Thread:
 * any; takes about a tenth of a millisecond of processor time. */
MUST_USE enum rc oauth_token_verify(const struct oauth *oauth, const struct oauth_token *token,
                                    int64_t now_s, enum auth_reason *reason_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Access tokens of OAuth 2.0 that are signed (JWT, RFC 7519 and RFC 9068): whose they are, and
 * whether they are for this server. The keys are those of a file (JWK Set, RFC 7517), public
 * ones only. Nobody is asked, so a token is good until it expires.
 *
 * What a token says about its own algorithm decides nothing: only signatures with public keys
 * are taken, and the key must be of the kind that the algorithm needs. So neither "none" nor an
 * HMAC that was made with a public key gets in (RFC 8725 sections 2.1, 3.1).
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
    const char *keys_path; /* "": no tokens are taken */
    const char *issuer;    /* what "iss" must be */
    const char *audience;  /* what must be in "aud" */
    const char *claim;     /* that names the account, as it would be entered at a login */
    const char *hosts;     /* names of this server, separated by blanks; "": any */
};

struct oauth;

/** Reads the keys. RC_OK and *out, which is the caller's reference, or NULL when no tokens are
 * taken; RC_NOT_FOUND, RC_IO, RC_DENIED; RC_INVALID: no JWK Set, or no key in it can be used;
 * RC_LIMIT: memory, or more than LIMIT_OAUTH_KEYS. Waits for disk. Thread: any. */
MUST_USE enum rc oauth_new(struct oauth **out, const struct oauth_config *config,
                           struct err *err);
/** Another reference to the same. NULL is allowed. Thread: any. */
struct oauth *oauth_ref(struct oauth *oauth);
/** Drops a reference; the last one frees. NULL is allowed. Thread: any. */
void oauth_unref(struct oauth *oauth);

/** Whether a client may say that this is the host to which it has connected (RFC 7628 section
 * 3.2). Empty: it has said nothing, which is allowed. Thread: any. */
bool oauth_knows_host(const struct oauth *oauth, struct span host);

/* A token that has been taken apart. */
struct oauth_token;

/** Takes a token of at most LIMIT_SASL_MESSAGE octets apart and looks at nothing. RC_OK and
 * *out, owned; RC_INVALID: it is none; RC_LIMIT: no memory. Thread: any. */
MUST_USE enum rc oauth_token_read(struct span text, struct oauth_token **out);
void oauth_token_free(struct oauth_token *token);
/** The name in the claim, as long as nothing is verified only what the token pretends; empty:
 * there is none. Borrowed from the token. */
const char *oauth_token_name(const struct oauth *oauth, const struct oauth_token *token);
/** "sub", for logs; empty: there is none. */
const char *oauth_token_subject(const struct oauth_token *token);
/** Whether the token is signed by one of the keys, an access token that whoever bears it may
 *  use, for this server, and in time: *reason_out is AUTH_FINE or one of AUTH_TOKEN_...
 * RC_LIMIT: no memory to tell. Thread: any; takes about a tenth of a millisecond of processor
 * time. */
MUST_USE enum rc oauth_token_verify(const struct oauth *oauth, const struct oauth_token *token,
                                    int64_t now_s, enum auth_reason *reason_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * See the header. A reload puts a new set of keys in the place of the old one, which goes when
 * the last login that uses it is done.
 */
#include "auth/bearer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/oauth.h"
#include "base/limits.h"
#include "base/map.h"

enum { KVSEP = 0x01 };

struct oauth_shared {
    atomic_uint refs;
    struct oauth *oauth;
};

/* ---- keys ---- */

static void
shared_unref(struct oauth_shared *shared)
{
    if (shared == NULL || atomic_fetch_sub(&shared->refs, 1) != 1)
        return;
    oauth_free(shared->oauth);
    free(shared);
}

static struct oauth_shared *
shared_ref(struct auth *auth)
{
    lock_enter(&auth->lock);
    struct oauth_shared *shared = auth->oauth;
    if (shared != NULL)
        atomic_fetch_add(&shared->refs, 1);
    lock_leave(&auth->lock);
    return shared;
}

static void
shared_swap(struct auth *auth, struct oauth_shared *shared)
{
    lock_enter(&auth->lock);
    struct oauth_shared *old = auth->oauth;
    auth->oauth = shared;
    lock_leave(&auth->lock);
    shared_unref(old);
}

enum rc
auth_set_oauth(struct auth *auth, const struct oauth_config *config, struct err *err)
{
    if (config->keys_path[0] == '\0') {
        shared_swap(auth, NULL);
        return RC_OK;
    }
    struct oauth_shared *shared = calloc(1, sizeof *shared);
    if (shared == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for OAuth");
    atomic_init(&shared->refs, 1);
    const enum rc rc = oauth_new(&shared->oauth, config, err);
    if (rc != RC_OK) {
        free(shared);
        return rc;
    }
    shared_swap(auth, shared);
    return RC_OK;
}

bool
auth_takes_tokens(struct auth *auth)
{
    lock_enter(&auth->lock);
    const bool takes = auth->oauth != NULL;
    lock_leave(&auth->lock);
    return takes;
}

void
bearer_close(struct auth *auth)
{
    shared_unref(auth->oauth);
    auth->oauth = NULL;
}

/* ---- messages ---- */

/* Takes "key=value" and the separator off the front. False: there is none. */
static bool
pair_take(struct span *rest, struct span *key_out, struct span *value_out)
{
    const ptrdiff_t end = span_find_char(*rest, KVSEP);
    const struct span pair = end < 1 ? SPAN("") : span_head(*rest, (size_t)end);
    const ptrdiff_t equals = span_find_char(pair, '=');

    if (equals < 1)
        return false;
    *key_out = span_head(pair, (size_t)equals);
    *value_out = span_tail(pair, (size_t)equals + 1);
    *rest = span_tail(*rest, (size_t)end + 1);
    return true;
}

/* gs2-header of RFC 5801 section 4: "n,a=NAME," or "n,,"; "y" is as good, since nothing is
 * bound. */
static bool
header_take(struct span *rest, struct bearer *out)
{
    const ptrdiff_t first = span_find_char(*rest, ',');
    const struct span tail = first < 0 ? SPAN("") : span_tail(*rest, (size_t)first + 1);
    const ptrdiff_t second = span_find_char(tail, ',');

    if (first != 1 || second < 0 || (rest->ptr[0] != 'n' && rest->ptr[0] != 'y'))
        return false;
    const struct span name = span_head(tail, (size_t)second);
    if (name.len > 0 && !span_starts(name, SPAN("a=")))
        return false;
    out->name = name.len > 0 ? span_tail(name, 2) : SPAN("");
    *rest = span_tail(tail, (size_t)second + 1);
    if (rest->len == 0 || rest->ptr[0] != KVSEP)
        return false;
    *rest = span_tail(*rest, 1);
    return true;
}

bool
bearer_read(enum sasl_mech mech, struct span message, struct bearer *out)
{
    struct span rest = message;
    struct span key;
    struct span value;

    *out = (struct bearer){.name = SPAN(""), .token = SPAN("")};
    if (mech == SASL_OAUTHBEARER && !header_take(&rest, out))
        return false;
    while (pair_take(&rest, &key, &value)) {
        if (mech == SASL_XOAUTH2 && span_eq_str(key, "user"))
            out->name = value;
        else if (span_eq_str(key, "auth") && span_istarts(value, SPAN("Bearer ")))
            out->token = span_trim(span_tail(value, 7));
    }
    return rest.len == 1 && rest.ptr[0] == KVSEP;
}

struct span
bearer_error(enum sasl_mech mech, enum auth_reason reason)
{
    if (mech == SASL_XOAUTH2)
        return SPAN("{\"status\":\"401\",\"schemes\":\"bearer\"}");
    return reason == AUTH_TOKEN_MALFORMED ? SPAN("{\"status\":\"invalid_request\"}")
                                          : SPAN("{\"status\":\"invalid_token\"}");
}

/* ---- decisions ---- */

/* Whose login it is, as far as the token can be believed before it is verified: that decides
 * only who pays. RC_NOT_FOUND: nobody's. */
static enum rc
owner_find(struct auth *auth, const char *name, struct registry_account *out, struct err *err)
{
    char prepared[REGISTRY_NAME_OCTETS];

    if (name[0] == '\0')
        return RC_NOT_FOUND;
    return auth_find_login(auth, span_of_str(name), prepared, out, err);
}

static void
pay(struct auth *auth, const struct auth_peer *peer, const struct registry_account *owner,
    const char *name, struct throttle_ticket *ticket)
{
    const struct throttle_who payer = {
        .address = peer->address,
        .trusted = peer->trusted,
        .login = auth_login_number(owner, name[0] == '\0' ? peer->address : span_of_str(name)),
        .known = owner != NULL && known_has(auth->known, peer->address, owner->id),
    };

    throttle_enter(auth->throttle, &payer, ticket);
}

static bool
is_guess(enum auth_reason reason)
{
    return reason == AUTH_TOKEN_ALGORITHM || reason == AUTH_TOKEN_KEY ||
           reason == AUTH_TOKEN_SIGNATURE;
}

static enum rc
deny(struct auth_result *out, enum auth_reason reason, enum rc rc, struct err *err)
{
    out->reason = reason;
    return err_set(err, rc, 0, "%s", auth_reason_name(reason));
}

/* The token is right; the account and whom the client wants to be are left. */
static enum rc
admit(struct auth *auth, const struct bearer *bearer, const struct auth_peer *peer,
      const struct registry_account *owner, struct auth_result *out, struct err *err)
{
    char subject[APP_PASSWORD_NAME_OCTETS];

    if (owner == NULL)
        return deny(out, AUTH_TOKEN_CLAIM, RC_DENIED, err);
    const enum rc rc = auth_check_authzid(auth, bearer->name, owner, err);
    if (rc != RC_OK)
        return rc == RC_DENIED ? deny(out, AUTH_NOT_YOURS, rc, err) : rc;
    memcpy(subject, out->subject, sizeof subject);
    auth_result_fill(out, owner);
    memcpy(out->subject, subject, sizeof subject);
    if (owner->state != ACCOUNT_ENABLED)
        return deny(out, AUTH_ACCOUNT_DISABLED, RC_DISABLED, err);
    known_note(auth->known, peer->address, owner->id);
    return RC_OK;
}

static enum rc
token_decide(struct auth *auth, const struct oauth *oauth, const struct oauth_token *token,
             const struct bearer *bearer, const struct auth_peer *peer, struct auth_result *out,
             struct err *err)
{
    const char *name = oauth_token_name(oauth, token);
    struct registry_account account;
    struct throttle_ticket ticket = {0};
    const enum rc found = owner_find(auth, name, &account, err);

    if (found != RC_OK && found != RC_NOT_FOUND)
        return found;
    const struct registry_account *owner = found == RC_OK ? &account : NULL;
    snprintf(out->subject, sizeof out->subject, "%s", oauth_token_subject(token));
    pay(auth, peer, owner, name, &ticket);
    if (ticket.wait_ms < 0)
        return deny(out, AUTH_TOO_MANY_GUESSES, RC_BUSY, err);
    /* To wait as passwords do would need a second step, and tokens are not tried by hand. */
    if (ticket.wait_ms > 0) {
        throttle_refund(auth->throttle, &ticket);
        return deny(out, AUTH_TOO_MANY_GUESSES, RC_BUSY, err);
    }
    enum auth_reason reason = AUTH_FINE;
    const enum rc rc = oauth_token_verify(oauth, token, clock_wall_s(auth->clock), &reason);
    if (rc == RC_OK && is_guess(reason))
        throttle_failed(auth->throttle, &ticket);
    else
        throttle_refund(auth->throttle, &ticket);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "login: no memory to verify a token");
    return reason == AUTH_FINE ? admit(auth, bearer, peer, owner, out, err)
                               : deny(out, reason, RC_DENIED, err);
}

enum rc
bearer_decide(struct auth *auth, const struct bearer *bearer, const struct auth_peer *peer,
              struct auth_result *out, struct err *err)
{
    struct oauth_shared *shared = shared_ref(auth);
    struct oauth_token *token = NULL;

    *out = (struct auth_result){.reason = AUTH_FINE};
    if (shared == NULL) /* switched off since the exchange began */
        return deny(out, AUTH_TOKEN_KEY, RC_DENIED, err);
    enum rc rc = oauth_token_read(bearer->token, &token);
    if (rc == RC_OK)
        rc = token_decide(auth, shared->oauth, token, bearer, peer, out, err);
    else if (rc == RC_INVALID)
        rc = deny(out, AUTH_TOKEN_MALFORMED, RC_DENIED, err);
    else
        rc = err_set(err, rc, 0, "login: no memory to read a token");
    oauth_token_free(token);
    shared_unref(shared);
    return rc;
}

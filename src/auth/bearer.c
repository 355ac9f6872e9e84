/* SPDX-License-Identifier: MIT */
/*
 * See the header. A reload replaces the set of keys. The old set is freed when the last login
 * that uses it is done.
 */
#include "auth/bearer.h"

#include <stdio.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/oauth.h"
#include "base/limits.h"
#include "base/map.h"

enum { KVSEP = 0x01 };

/* ---- keys ---- */

static struct oauth *
current(struct auth *auth)
{
    lock_enter(&auth->lock);
    struct oauth *oauth = oauth_ref(auth->oauth);
    lock_leave(&auth->lock);
    return oauth;
}

void
auth_set_oauth(struct auth *auth, struct oauth *oauth)
{
    lock_enter(&auth->lock);
    struct oauth *old = auth->oauth;
    auth->oauth = oauth;
    lock_leave(&auth->lock);
    oauth_unref(old);
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
    oauth_unref(auth->oauth);
    auth->oauth = NULL;
}

/* ---- messages ---- */

/* Takes "key=value" and the separator from the beginning. False: there is none. */
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

/* saslname of RFC 5801 section 4: "=2C" is a comma and "=3D" an equals sign; any other "=" is
 * an error. False: not a saslname, or longer than the name of an account can be. */
static bool
name_decode(struct span text, struct bearer *out)
{
    size_t used = 0;

    while (text.len > 0) {
        char c = text.ptr[0];
        size_t octets = 1;
        if (c == '=') {
            if (!span_starts(text, SPAN("=2C")) && !span_starts(text, SPAN("=3D")))
                return false;
            c = text.ptr[1] == '2' ? ',' : '=';
            octets = 3;
        }
        if (used == sizeof out->decoded - 1)
            return false;
        out->decoded[used++] = c;
        text = span_tail(text, octets);
    }
    out->name = span_of(out->decoded, used);
    return true;
}

/* gs2-header of RFC 5801 section 4: "n,a=NAME," or "n,,". "y" means the same here, because
 * nothing is bound. */
static bool
header_take(struct span *rest, struct bearer *out)
{
    const ptrdiff_t first = span_find_char(*rest, ',');
    const struct span tail = first < 0 ? SPAN("") : span_tail(*rest, (size_t)first + 1);
    const ptrdiff_t second = span_find_char(tail, ',');

    if (first != 1 || second < 0 || (rest->ptr[0] != 'n' && rest->ptr[0] != 'y'))
        return false;
    const struct span name = span_head(tail, (size_t)second);
    if (name.len > 0 &&
        !(span_starts(name, SPAN("a=")) && name_decode(span_tail(name, 2), out)))
        return false;
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

    out->name = SPAN("");
    out->token = SPAN("");
    out->host = SPAN("");
    if (mech == SASL_OAUTHBEARER && !header_take(&rest, out))
        return false;
    while (pair_take(&rest, &key, &value)) {
        if (mech == SASL_XOAUTH2 && span_eq_str(key, "user"))
            out->name = value;
        else if (mech == SASL_OAUTHBEARER && span_eq_str(key, "host"))
            out->host = value;
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

/* Finds whose login it is. RC_NOT_FOUND: nobody's. */
static enum rc
owner_find(struct auth *auth, const char *name, struct registry_account *out, struct err *err)
{
    char prepared[REGISTRY_NAME_OCTETS];

    if (name[0] == '\0')
        return RC_NOT_FOUND;
    return auth_find_login(auth, span_of_str(name), prepared, out, err);
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

/* The token is right. What remains is to check the account, and the name that the client asks
 * for. */
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

/* The token is wrong. Only the address pays, because what the token says about its owner is not
 * trustworthy. False: the address has no guess left. A wait, as for passwords, would be
 * useless, because the verdict is known already. */
static bool
pay(struct auth *auth, const struct auth_peer *peer)
{
    const struct throttle_who payer = {
        .address = peer->address,
        .trusted = peer->trusted,
        .login = auth_login_number(NULL, peer->address),
    };
    struct throttle_ticket ticket = {0};

    throttle_enter(auth->throttle, &payer, &ticket);
    if (ticket.wait_ms > 0)
        throttle_refund(auth->throttle, &ticket);
    if (ticket.wait_ms != 0)
        return false;
    throttle_failed(auth->throttle, &ticket);
    return true;
}

/* Verifying a signature is cheap, so it is done first, and only wrong tokens are paid for. A
 * token that is right never waits, whatever others have tried. */
static enum rc
token_decide(struct auth *auth, const struct oauth *oauth, const struct oauth_token *token,
             const struct bearer *bearer, const struct auth_peer *peer, struct auth_result *out,
             struct err *err)
{
    struct registry_account account;
    enum auth_reason reason = AUTH_FINE;
    enum rc rc = oauth_token_verify(oauth, token, clock_wall_s(auth->clock), &reason);

    if (rc != RC_OK)
        return err_set(err, rc, 0, "login: no memory to verify a token");
    snprintf(out->subject, sizeof out->subject, "%s", oauth_token_subject(token));
    if (is_guess(reason) && !pay(auth, peer))
        return deny(out, AUTH_TOO_MANY_GUESSES, RC_BUSY, err);
    if (reason == AUTH_FINE && !oauth_knows_host(oauth, bearer->host))
        reason = AUTH_TOKEN_OTHER;
    if (reason != AUTH_FINE)
        return deny(out, reason, RC_DENIED, err);
    rc = owner_find(auth, oauth_token_name(oauth, token), &account, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    return admit(auth, bearer, peer, rc == RC_OK ? &account : NULL, out, err);
}

enum rc
bearer_decide(struct auth *auth, const struct bearer *bearer, const struct auth_peer *peer,
              struct auth_result *out, struct err *err)
{
    struct oauth *oauth = current(auth);
    struct oauth_token *token = NULL;

    *out = (struct auth_result){.reason = AUTH_FINE};
    if (oauth == NULL) /* switched off since the exchange began */
        return deny(out, AUTH_TOKEN_KEY, RC_DENIED, err);
    enum rc rc = oauth_token_read(bearer->token, &token);
    if (rc == RC_OK)
        rc = token_decide(auth, oauth, token, bearer, peer, out, err);
    else if (rc == RC_INVALID)
        rc = deny(out, AUTH_TOKEN_MALFORMED, RC_DENIED, err);
    else
        rc = err_set(err, rc, 0, "login: no memory to read a token");
    oauth_token_free(token);
    oauth_unref(oauth);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * What passwords (auth.c) and exchanges (sasl.c) both need to know about the name of a login:
 * its account, a number for it, and values that are always the same for it. Any thread.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/sasl_prep.h"
#include "base/map.h"

const char *
auth_reason_name(enum auth_reason reason)
{
    static const char *const names[] = {
        [AUTH_FINE] = "none",
        [AUTH_WRONG_PASSWORD] = "wrong-password",
        [AUTH_WRONG_AGAIN] = "wrong-password-again",
        [AUTH_NO_ACCOUNT] = "no-such-account",
        [AUTH_NOT_YOURS] = "not-your-account",
        [AUTH_ACCOUNT_DISABLED] = "account-disabled",
        [AUTH_TOO_MANY_GUESSES] = "too-many-guesses",
        [AUTH_CHANNEL_HIDDEN] = "channel-binding-hidden",
        [AUTH_CHANNEL_OTHER] = "channel-binding-differs",
        [AUTH_CHANNEL_UNKNOWN] = "channel-binding-unknown",
        [AUTH_CERTIFICATE] = "certificate-of-nobody",
        [AUTH_TOKEN_MALFORMED] = "token-malformed",
        [AUTH_TOKEN_ALGORITHM] = "token-algorithm",
        [AUTH_TOKEN_KEY] = "token-key-unknown",
        [AUTH_TOKEN_SIGNATURE] = "token-signature",
        [AUTH_TOKEN_EXPIRED] = "token-expired",
        [AUTH_TOKEN_OTHER] = "token-for-other",
        [AUTH_TOKEN_CLAIM] = "token-of-nobody",
        [AUTH_APP_EXPIRED] = "application-password-expired",
        [AUTH_APP_PROTOCOL] = "application-password-for-other-protocol",
    };

    return names[reason];
}

bool
auth_secret_mac(const struct auth *auth, const char *purpose, struct span name, uint8_t out[32])
{
    uint8_t text[REGISTRY_NAME_OCTETS + 32];
    size_t len = 0;
    unsigned mac_octets = 0;

    for (const char *p = purpose; *p != '\0' && len < 31; p++)
        text[len++] = (uint8_t)*p;
    text[len++] = '\0';
    const struct span part = span_head(name, REGISTRY_NAME_OCTETS);
    if (part.len > 0)
        memcpy(text + len, part.ptr, part.len);
    return HMAC(EVP_sha256(), auth->secret, sizeof auth->secret, text, len + part.len, out,
                &mac_octets) != NULL;
}

void
auth_result_fill(struct auth_result *out, const struct registry_account *account)
{
    *out = (struct auth_result){.account_id = account->id,
                                .password_generation = account->password_generation};
    memcpy(out->account, account->name, sizeof out->account);
}

enum auth_reason
auth_app_reason(const struct auth *auth, const struct app_password *app, uint32_t protocol)
{
    if (app->expires_s != 0 && clock_wall_s(auth->clock) >= app->expires_s)
        return AUTH_APP_EXPIRED;
    return (app->protocols & protocol) != 0 ? AUTH_FINE : AUTH_APP_PROTOCOL;
}

void
auth_result_app(struct auth_result *out, const struct app_password *app)
{
    out->app_password = app->id;
    memcpy(out->app_name, app->name, sizeof out->app_name);
}

enum rc
auth_find_login(struct auth *auth, struct span name, char prepared_out[REGISTRY_NAME_OCTETS],
                struct registry_account *out, struct err *err)
{
    char prepared[REGISTRY_NAME_OCTETS];

    enum rc rc = sasl_prep_name(name, prepared);
    if (rc == RC_LIMIT)
        return err_set(err, rc, 0, "login: no memory to look at a name");
    if (rc != RC_OK)
        return RC_NOT_FOUND;
    memcpy(prepared_out, prepared, sizeof prepared);
    rc = registry_find_login(auth->registry, span_of_str(prepared), out, err);
    return rc == RC_INVALID ? RC_NOT_FOUND : rc;
}

enum rc
auth_check_authzid(struct auth *auth, struct span authzid,
                   const struct registry_account *account, struct err *err)
{
    char name[REGISTRY_NAME_OCTETS];
    struct registry_account other;

    if (authzid.len == 0)
        return RC_OK;
    const enum rc rc = auth_find_login(auth, authzid, name, &other, err);
    if (rc == RC_NOT_FOUND)
        return RC_DENIED;
    if (rc != RC_OK)
        return rc;
    return other.id == account->id ? RC_OK : RC_DENIED;
}

uint64_t
auth_login_number(const struct registry_account *account, struct span name)
{
    char lower[REGISTRY_NAME_OCTETS];
    const size_t len = name.len < sizeof lower ? name.len : sizeof lower;

    if (account != NULL)
        return account->id;
    for (size_t i = 0; i < len; i++)
        lower[i] = ascii_lower(name.ptr[i]);
    return map_hash(span_of(lower, len)) | UINT64_C(1) << 63; /* no account has such an id */
}

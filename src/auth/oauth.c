/* SPDX-License-Identifier: MIT */
/*
 * See the header. cjose handles keys and signatures: it reads JWK Sets, and its verification
 * can be kept apart from the algorithm that a token names. (libjwt 1.10 does not support JWK
 * Sets.) Keys are constant once they are made, so threads can share them.
 */
#include "auth/oauth.h"

#include <cjose/cjose.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"

struct oauth_key {
    cjose_jwk_t *jwk;
    char *id;  /* owned; NULL: none */
    char *alg; /* owned; the only algorithm that it is for; NULL: any */
};

struct oauth {
    atomic_uint refs;
    char issuer[OAUTH_TEXT_OCTETS];
    char audience[OAUTH_TEXT_OCTETS];
    char claim[OAUTH_TEXT_OCTETS];
    char hosts[OAUTH_TEXT_OCTETS]; /* separated by blanks; empty: any host */
    size_t count;
    struct oauth_key keys[LIMIT_OAUTH_KEYS];
};

struct oauth_token {
    json_t *header;
    json_t *claims;
    size_t octets;
    char text[]; /* as it was received */
};

/* The algorithms that are accepted, and the kind of key that each needs (RFC 7518 section
 * 3.1). */
static const struct {
    const char *name;
    cjose_jwk_kty_t kind;
} algorithms[] = {
    {"RS256", CJOSE_JWK_KTY_RSA}, {"RS384", CJOSE_JWK_KTY_RSA}, {"RS512", CJOSE_JWK_KTY_RSA},
    {"PS256", CJOSE_JWK_KTY_RSA}, {"PS384", CJOSE_JWK_KTY_RSA}, {"PS512", CJOSE_JWK_KTY_RSA},
    {"ES256", CJOSE_JWK_KTY_EC},  {"ES384", CJOSE_JWK_KTY_EC},  {"ES512", CJOSE_JWK_KTY_EC},
};

/* ---- keys ---- */

static bool
text_is(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, text) == 0;
}

/* NULL: there is none, or *failed is set. */
static char *
text_copy(const json_t *object, const char *name, bool *failed)
{
    const char *value = json_string_value(json_object_get(object, name));
    char *copy = value == NULL ? NULL : strdup(value);

    *failed |= value != NULL && copy == NULL;
    return copy;
}

/* Public RSA and EC keys for signatures are accepted. Others, of which a set may have any
 * number, are skipped. False: no memory. */
static bool
key_take(struct oauth *oauth, json_t *row)
{
    struct oauth_key key = {0};
    bool failed = false;
    cjose_err why;

    if (!(text_is(row, "kty", "RSA") || text_is(row, "kty", "EC")) ||
        (json_object_get(row, "use") != NULL && !text_is(row, "use", "sig")))
        return true;
    char *text = json_dumps(row, JSON_COMPACT);
    if (text == NULL)
        return false;
    key.jwk = cjose_jwk_import(text, strlen(text), &why);
    free(text);
    if (key.jwk == NULL)
        return why.code != CJOSE_ERR_NO_MEMORY;
    key.id = text_copy(row, "kid", &failed);
    key.alg = text_copy(row, "alg", &failed);
    oauth->keys[oauth->count++] = key;
    return !failed;
}

static enum rc
keys_take(struct oauth *oauth, const json_t *set, const char *path, struct err *err)
{
    json_t *rows = json_object_get(set, "keys");
    json_t *row;
    size_t at;

    if (!json_is_array(rows))
        return err_set(err, RC_INVALID, 0, "[auth] oauth_keys %s: not a JWK Set (RFC 7517)",
                       path);
    json_array_foreach(rows, at, row)
    {
        if (oauth->count == LIMIT_OAUTH_KEYS)
            return err_set(err, RC_LIMIT, 0, "[auth] oauth_keys %s: more than %u keys", path,
                           LIMIT_OAUTH_KEYS);
        if (!key_take(oauth, row))
            return err_set(err, RC_LIMIT, 0, "[auth] oauth_keys: no memory");
    }
    return oauth->count > 0
               ? RC_OK
               : err_set(err, RC_INVALID, 0,
                         "[auth] oauth_keys %s: no RSA or EC key for signatures in it", path);
}

static enum rc
keys_read(struct oauth *oauth, const char *path, struct err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "[auth] oauth_keys %s", path);
    json_t *set = json_loadfd(fd, 0, NULL);
    if (set == NULL)
        return err_set(err, RC_INVALID, 0, "[auth] oauth_keys %s: not JSON", path);
    const enum rc rc = keys_take(oauth, set, path, err);
    json_decref(set);
    return rc;
}

static bool
setting_copy(char dst[OAUTH_TEXT_OCTETS], const char *value)
{
    const size_t len = strlen(value);

    if (len == 0 || len >= OAUTH_TEXT_OCTETS)
        return false;
    memcpy(dst, value, len + 1);
    return true;
}

static enum rc
settings_copy(struct oauth *oauth, const struct oauth_config *config, struct err *err)
{
    if (!setting_copy(oauth->issuer, config->issuer) ||
        !setting_copy(oauth->audience, config->audience) ||
        !setting_copy(oauth->claim, config->claim))
        return err_set(err, RC_INVALID, 0,
                       "[auth] oauth_keys needs oauth_issuer, oauth_audience and oauth_claim, "
                       "of at most %d octets",
                       OAUTH_TEXT_OCTETS - 1);
    if (config->hosts[0] != '\0' && !setting_copy(oauth->hosts, config->hosts))
        return err_set(err, RC_INVALID, 0, "[auth] oauth_hosts: more than %d octets",
                       OAUTH_TEXT_OCTETS - 1);
    return RC_OK;
}

enum rc
oauth_new(struct oauth **out, const struct oauth_config *config, struct err *err)
{
    *out = NULL;
    if (config->keys_path[0] == '\0')
        return RC_OK;
    struct oauth *oauth = calloc(1, sizeof *oauth);
    if (oauth == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for OAuth");
    atomic_init(&oauth->refs, 1);
    const enum rc rc = settings_copy(oauth, config, err) == RC_OK
                           ? keys_read(oauth, config->keys_path, err)
                           : RC_INVALID;
    if (rc == RC_OK)
        *out = oauth;
    else
        oauth_unref(oauth);
    return rc;
}

struct oauth *
oauth_ref(struct oauth *oauth)
{
    if (oauth != NULL)
        atomic_fetch_add(&oauth->refs, 1);
    return oauth;
}

void
oauth_unref(struct oauth *oauth)
{
    if (oauth == NULL || atomic_fetch_sub(&oauth->refs, 1) != 1)
        return;
    for (size_t i = 0; i < oauth->count; i++) {
        cjose_jwk_release(oauth->keys[i].jwk);
        free(oauth->keys[i].id);
        free(oauth->keys[i].alg);
    }
    free(oauth);
}

bool
oauth_knows_host(const struct oauth *oauth, struct span host)
{
    return oauth->hosts[0] == '\0' || host.len == 0 ||
           span_has_word(span_of_str(oauth->hosts), host);
}

/* ---- tokens ---- */

/* Whether text is base64url without padding (RFC 7515 section 2). This is checked before cjose
 * sees it, because some other texts make cjose end the process with an assertion. */
static bool
is_base64url(struct span part)
{
    for (size_t i = 0; i < part.len; i++) {
        const char c = part.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return part.len % 4 != 1;
}

/* One of the three parts of a token that are separated by dots (RFC 7515 section 7.1): a JSON
 * object in base64url. RC_INVALID: it is not. */
static enum rc
part_read(struct span part, json_t **out)
{
    uint8_t *octets = NULL;
    size_t count = 0;
    json_error_t why;
    cjose_err decode = {.code = CJOSE_ERR_NONE};

    if (!cjose_base64url_decode(part.ptr, part.len, &octets, &count, &decode))
        return decode.code == CJOSE_ERR_NO_MEMORY ? RC_LIMIT : RC_INVALID;
    json_t *object = json_loadb((const char *)octets, count, JSON_REJECT_DUPLICATES, &why);
    free(octets);
    if (object == NULL)
        return json_error_code(&why) == json_error_out_of_memory ? RC_LIMIT : RC_INVALID;
    if (!json_is_object(object)) {
        json_decref(object);
        return RC_INVALID;
    }
    *out = object;
    return RC_OK;
}

enum rc
oauth_token_read(struct span text, struct oauth_token **out)
{
    const ptrdiff_t first = span_find_char(text, '.');
    const struct span rest = first < 0 ? SPAN("") : span_tail(text, (size_t)first + 1);
    const ptrdiff_t second = span_find_char(rest, '.');

    if (first < 1 || second < 1 || text.len > LIMIT_SASL_MESSAGE ||
        !is_base64url(span_head(text, (size_t)first)) ||
        !is_base64url(span_head(rest, (size_t)second)) ||
        !is_base64url(span_tail(rest, (size_t)second + 1)))
        return RC_INVALID;
    struct oauth_token *token = calloc(1, sizeof *token + text.len + 1);
    if (token == NULL)
        return RC_LIMIT;
    token->octets = text.len;
    memcpy(token->text, text.ptr, text.len);
    enum rc rc = part_read(span_head(text, (size_t)first), &token->header);
    if (rc == RC_OK)
        rc = part_read(span_head(rest, (size_t)second), &token->claims);
    if (rc == RC_OK)
        *out = token;
    else
        oauth_token_free(token);
    return rc;
}

void
oauth_token_free(struct oauth_token *token)
{
    if (token == NULL)
        return;
    json_decref(token->header);
    json_decref(token->claims);
    password_wipe(token->text, token->octets);
    free(token);
}

static const char *
claim_text(const json_t *claims, const char *name)
{
    const char *value = json_string_value(json_object_get(claims, name));

    return value == NULL ? "" : value;
}

const char *
oauth_token_name(const struct oauth *oauth, const struct oauth_token *token)
{
    return claim_text(token->claims, oauth->claim);
}

const char *
oauth_token_subject(const struct oauth_token *token)
{
    return claim_text(token->claims, "sub");
}

/* An e-mail address that its user has entered and nobody has verified names no account. An
 * issuer that does not say whether it was verified may let its users enter any address. */
static bool
address_is_unverified(const struct oauth *oauth, const json_t *claims)
{
    return strcmp(oauth->claim, "email") == 0 &&
           !json_is_true(json_object_get(claims, "email_verified"));
}

static bool
is_for(const json_t *audience, const char *wanted)
{
    size_t at;
    const json_t *one;

    if (json_is_string(audience))
        return strcmp(json_string_value(audience), wanted) == 0;
    json_array_foreach(audience, at, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), wanted) == 0)
            return true;
    }
    return false;
}

/* RFC 8725 section 3.11: an issuer signs other things too, such as logout tokens, and a token
 * with "cnf" (RFC 7800 section 3.1) is only for somebody who also has a key. Access tokens are
 * of type "at+jwt" (RFC 9068 section 2.1), and older issuers say "JWT" or nothing. */
static bool
is_access_token(const struct oauth_token *token)
{
    /* RFC 7515 section 4.1.9: it may be left out */
    static const char prefix[] = "application/";
    const json_t *type = json_object_get(token->header, "typ");

    if (json_object_get(token->claims, "cnf") != NULL)
        return false;
    if (type == NULL)
        return true;
    const char *name = json_string_value(type);
    if (name == NULL)
        return false;
    if (strncasecmp(name, prefix, sizeof prefix - 1) == 0)
        name += sizeof prefix - 1;
    return strcasecmp(name, "JWT") == 0 || strcasecmp(name, "at+jwt") == 0;
}

/* RFC 7519 section 4.1. A token that does not expire is not accepted. */
static enum auth_reason
claims_verify(const struct oauth *oauth, const json_t *claims, int64_t now_s)
{
    const json_t *expires = json_object_get(claims, "exp");
    const json_t *begins = json_object_get(claims, "nbf");

    if (!json_is_number(expires) ||
        json_number_value(expires) <= (double)(now_s - LIMIT_OAUTH_SKEW_S) ||
        (begins != NULL && (!json_is_number(begins) ||
                            json_number_value(begins) > (double)(now_s + LIMIT_OAUTH_SKEW_S))))
        return AUTH_TOKEN_EXPIRED;
    if (!text_is(claims, "iss", oauth->issuer) ||
        !is_for(json_object_get(claims, "aud"), oauth->audience))
        return AUTH_TOKEN_OTHER;
    return claim_text(claims, oauth->claim)[0] == '\0' || address_is_unverified(oauth, claims)
               ? AUTH_TOKEN_CLAIM
               : AUTH_FINE;
}

/* RC_OK, RC_DENIED, RC_LIMIT. cjose notes in a signature that it was verified, so a new one is
 * read for each key. */
static enum rc
key_verifies(const struct oauth_key *key, const struct oauth_token *token)
{
    cjose_err why = {.code = CJOSE_ERR_NONE};
    cjose_jws_t *jws = cjose_jws_import(token->text, token->octets, &why);
    const bool right = jws != NULL && cjose_jws_verify(jws, key->jwk, &why);

    if (jws != NULL)
        cjose_jws_release(jws);
    return right ? RC_OK : why.code == CJOSE_ERR_NO_MEMORY ? RC_LIMIT : RC_DENIED;
}

static enum rc
signature_verify(const struct oauth *oauth, const struct oauth_token *token, size_t algorithm,
                 enum auth_reason *reason_out)
{
    const char *id = json_string_value(json_object_get(token->header, "kid"));

    *reason_out = AUTH_TOKEN_KEY;
    for (size_t i = 0; i < oauth->count; i++) {
        const struct oauth_key *key = &oauth->keys[i];
        if (cjose_jwk_get_kty(key->jwk, NULL) != algorithms[algorithm].kind ||
            (key->alg != NULL && strcmp(key->alg, algorithms[algorithm].name) != 0) ||
            (id != NULL && key->id != NULL && strcmp(key->id, id) != 0))
            continue;
        const enum rc rc = key_verifies(key, token);
        *reason_out = rc == RC_OK ? AUTH_FINE : AUTH_TOKEN_SIGNATURE;
        if (rc != RC_DENIED)
            return rc;
    }
    return RC_OK;
}

enum rc
oauth_token_verify(const struct oauth *oauth, const struct oauth_token *token, int64_t now_s,
                   enum auth_reason *reason_out)
{
    const char *name = json_string_value(json_object_get(token->header, "alg"));
    size_t at = 0;

    while (name != NULL && at < ARRAY_LEN(algorithms) && strcmp(algorithms[at].name, name) != 0)
        at++;
    /* RFC 7515 section 4.1.11: a token with a critical extension that is not understood must be
     * refused. */
    if (name == NULL || at == ARRAY_LEN(algorithms) ||
        json_object_get(token->header, "crit") != NULL) {
        *reason_out = AUTH_TOKEN_ALGORITHM;
        return RC_OK;
    }
    const enum rc rc = signature_verify(oauth, token, at, reason_out);
    if (rc == RC_OK && *reason_out == AUTH_FINE)
        *reason_out = is_access_token(token) ? claims_verify(oauth, token->claims, now_s)
                                             : AUTH_TOKEN_OTHER;
    return rc;
}

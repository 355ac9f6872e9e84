/* SPDX-License-Identifier: MIT */
/*
 * crypt(3) through libxcrypt's re-entrant calls, PBKDF2 through OpenSSL. crypt's working memory
 * (32 KiB, with the password in it) is on the heap and wiped. Any thread.
 */
#include "auth/password.h"

#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/sasl_prep.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/rng.h"

enum { SCRAM_SALT_OCTETS = 16 };

static const char default_prefix[] = "$y$";

_Static_assert((int)REGISTRY_CRYPT_OCTETS >= CRYPT_OUTPUT_SIZE, "a hash fits");
_Static_assert(REGISTRY_SCRAM_KEY_OCTETS == SHA256_DIGEST_LENGTH, "a key is a SHA-256");

void
password_wipe(void *secret, size_t octets)
{
    OPENSSL_cleanse(secret, octets);
}

/* crypt(3) reads to the first NUL, so a password with a NUL would be cut. */
bool
password_is_possible(struct span password)
{
    return password.len > 0 && password.len <= LIMIT_PASSWORD &&
           memchr(password.ptr, '\0', password.len) == NULL;
}

/* Hashes by an existing hash or setting. RC_INVALID: libxcrypt does not know its method. */
static enum rc
crypt_with(struct span password, const char *setting, char out[REGISTRY_CRYPT_OCTETS])
{
    char phrase[LIMIT_PASSWORD + 1];
    /* 32 KiB. From the heap they would be new pages each time, which the kernel clears. */
    struct crypt_data data;

    data.initialized = 0;
    memcpy(phrase, password.ptr, password.len);
    phrase[password.len] = '\0';
    errno = 0;
    const char *hash = crypt_rn(phrase, setting, &data, (int)sizeof data);
    const enum rc rc = hash != NULL && hash[0] != '*' ? RC_OK
                       : errno == ENOMEM              ? RC_LIMIT
                                                      : RC_INVALID;
    if (rc == RC_OK)
        snprintf(out, REGISTRY_CRYPT_OCTETS, "%s", hash);
    password_wipe(phrase, sizeof phrase);
    password_wipe(&data, sizeof data);
    return rc;
}

enum rc
password_setting(const struct password_policy *policy, char out[REGISTRY_CRYPT_OCTETS],
                 struct err *err)
{
    const char *prefix = policy->prefix == NULL ? default_prefix : policy->prefix;

    if (crypt_gensalt_rn(prefix, policy->cost, NULL, 0, out, CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
        return err_set(err, RC_INVALID, errno, "password: method \"%s\"", prefix);
    return RC_OK;
}

enum rc
password_hash(const struct password_policy *policy, struct span password,
              char out[REGISTRY_CRYPT_OCTETS], struct err *err)
{
    char setting[REGISTRY_CRYPT_OCTETS];

    if (!password_is_possible(password))
        return err_set(err, RC_INVALID, 0,
                       "a password has 1 to %u octets and no NUL among them", LIMIT_PASSWORD);
    const enum rc rc = password_setting(policy, setting, err);
    if (rc != RC_OK)
        return rc;
    return crypt_with(password, setting, out) == RC_OK
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "password: no memory to hash it");
}

enum rc
password_verify(struct span password, const char *crypt)
{
    char hash[REGISTRY_CRYPT_OCTETS];

    /* A password that can never be right is hashed all the same, so that it takes as long. */
    const bool acceptable = password_is_possible(password);
    const enum rc rc = crypt_with(acceptable ? password : SPAN("x"), crypt, hash);
    if (rc != RC_OK)
        return rc == RC_LIMIT ? RC_LIMIT : RC_DENIED;
    const size_t len = strlen(crypt);
    const bool same = strlen(hash) == len && CRYPTO_memcmp(hash, crypt, len) == 0;
    password_wipe(hash, sizeof hash);
    return same && acceptable ? RC_OK : RC_DENIED;
}

/* --- Imported hashes --- */

/* Octets that follow the last '$' in a complete hash of each method. */
static const struct {
    const char *prefix;
    unsigned octets;
} methods[] = {
    {"$y$", 43}, {"$gy$", 43}, {"$7$", 43},  {"$6$", 86},
    {"$5$", 43}, {"$2b$", 53}, {"$2y$", 53}, {"$2a$", 53},
};

static const char *const schemes[] = {
    "{crypt}", "{sha512-crypt}", "{sha256-crypt}", "{blf-crypt}", "{bcrypt}", "{yescrypt}",
};

bool
password_is_hash(struct span text)
{
    const ptrdiff_t end = span_find_char(text, '}');

    return text.len > 0 && text.ptr[0] == '{' && end > 1;
}

static struct span
without_scheme(struct span text)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (span_istarts(text, span_of_str(schemes[i])))
            return span_tail(text, strlen(schemes[i]));
    return text;
}

static bool
is_complete(const char *hash)
{
    const char *last = strrchr(hash, '$');

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strncmp(hash, methods[i].prefix, strlen(methods[i].prefix)) == 0)
            return last != NULL && strlen(last + 1) == methods[i].octets;
    return false;
}

enum rc
password_import(struct span text, char out[REGISTRY_CRYPT_OCTETS], struct err *err)
{
    const struct span hash = without_scheme(text);
    char copy[REGISTRY_CRYPT_OCTETS];

    if (password_is_hash(hash))
        return err_set(err, RC_INVALID, 0,
                       "password scheme %.*s is not known; {crypt} with yescrypt, SHA-512, "
                       "SHA-256 or bcrypt is",
                       SPAN_FMT(span_head(hash, (size_t)span_find_char(hash, '}') + 1)));
    if (hash.len == 0 || hash.len >= sizeof copy)
        return err_set(err, RC_INVALID, 0, "password hash has %zu octets", hash.len);
    for (size_t i = 0; i < hash.len; i++)
        if (hash.ptr[i] <= ' ' || hash.ptr[i] > '~' || hash.ptr[i] == ':')
            return err_set(err, RC_INVALID, 0, "password hash contains a forbidden character");
    memcpy(copy, hash.ptr, hash.len);
    copy[hash.len] = '\0';
    if (!is_complete(copy))
        return err_set(
            err, RC_INVALID, 0,
            "password hash is of a method that is unsafe or unknown, or is cut; "
            "yescrypt ($y$), SHA-512 ($6$), SHA-256 ($5$) and bcrypt ($2b$) are taken");
    const int known = crypt_checksalt(copy);
    if (known == CRYPT_SALT_INVALID || known == CRYPT_SALT_METHOD_DISABLED)
        return err_set(err, RC_INVALID, 0, "password hash is damaged");
    memcpy(out, copy, hash.len + 1);
    return RC_OK;
}

/* --- SCRAM --- */

enum rc
password_scram_keys(struct span prepared, struct scram_keys *keys)
{
    uint8_t salted[SHA256_DIGEST_LENGTH];
    uint8_t client_key[SHA256_DIGEST_LENGTH];
    unsigned len = 0;
    const bool ok =
        prepared.len <= INT32_MAX &&
        PKCS5_PBKDF2_HMAC(prepared.ptr, (int)prepared.len, keys->salt, keys->salt_octets,
                          (int)keys->iterations, EVP_sha256(), sizeof salted, salted) == 1 &&
        HMAC(EVP_sha256(), salted, sizeof salted, (const unsigned char *)"Client Key", 10,
             client_key, &len) != NULL &&
        SHA256(client_key, sizeof client_key, keys->stored_key) != NULL &&
        HMAC(EVP_sha256(), salted, sizeof salted, (const unsigned char *)"Server Key", 10,
             keys->server_key, &len) != NULL;

    password_wipe(salted, sizeof salted);
    password_wipe(client_key, sizeof client_key);
    return ok ? RC_OK : RC_LIMIT;
}

static void
salt_choose(const struct password_policy *policy, struct scram_keys *keys)
{
    const struct scram_keys *salt = policy->salt;

    if (salt != NULL && salt->iterations != 0) {
        keys->iterations = salt->iterations;
        keys->salt_octets = salt->salt_octets;
        memcpy(keys->salt, salt->salt, sizeof keys->salt);
        return;
    }
    keys->iterations =
        policy->scram_iterations ? policy->scram_iterations : LIMIT_SCRAM_ITERATIONS;
    keys->salt_octets = SCRAM_SALT_OCTETS;
    rng_fill(&rng_system, keys->salt, keys->salt_octets);
}

enum rc
password_scram(const struct password_policy *policy, struct span password,
               struct scram_keys *out, struct err *err)
{
    struct scram_keys keys = {0};
    char prepared[LIMIT_PASSWORD * 4 + 1];

    if (!password_is_possible(password))
        return err_set(err, RC_INVALID, 0, "password: empty, too long, or with a NUL");
    enum rc rc = sasl_prep(password, SASL_PREP_STORED, prepared, sizeof prepared);
    if (rc == RC_OK) {
        salt_choose(policy, &keys);
        rc = password_scram_keys(span_of_str(prepared), &keys);
    }
    password_wipe(prepared, sizeof prepared);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "password: %s",
                       rc == RC_INVALID ? "SASLprep (RFC 4013) forbids a character in it"
                                        : "no memory for its keys");
    *out = keys;
    return RC_OK;
}

enum rc
password_new(const struct password_policy *policy, struct span password,
             char crypt_out[REGISTRY_CRYPT_OCTETS], struct scram_keys *scram_out,
             struct err *err)
{
    struct scram_keys keys = {0};
    char crypt[REGISTRY_CRYPT_OCTETS];
    enum rc rc = password_hash(policy, password, crypt, err);

    if (rc == RC_OK)
        rc = password_scram(policy, password, &keys, err);
    if (rc == RC_INVALID && password_is_possible(password)) {
        keys = (struct scram_keys){0}; /* the password then works only with PLAIN and LOGIN */
        rc = RC_OK;
    }
    if (rc != RC_OK)
        return rc;
    memcpy(crypt_out, crypt, sizeof crypt);
    *scram_out = keys;
    return RC_OK;
}

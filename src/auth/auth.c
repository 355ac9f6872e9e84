/* SPDX-License-Identifier: MIT */
/*
 * The flow of a login by password. What must not differ between "no such account" and "wrong
 * password" is the work done: for an unknown name a hash is computed too, of a kind that
 * accounts of this server have, always the same kind for the same name.
 */
#include "auth/auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/sasl.h"
#include "base/check.h"
#include "base/limits.h"

enum { READY_MS = 5000 }; /* between two questions to the registry */

void
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
    CHECK(HMAC(EVP_sha256(), auth->secret, sizeof auth->secret, text, len + part.len, out,
               &mac_octets) != NULL);
}

/* --- Kinds of hashes --- */

/* Octets of a hash that name method and cost: "$y$j9T$", "$6$", "$6$rounds=5000$", "$2b$12$".
 */
static size_t
kind_octets(const char *crypt)
{
    const char *end = crypt[0] == '$' ? strchr(crypt + 1, '$') : NULL;

    if (end == NULL)
        return 0;
    const char id = crypt[1];
    const char *next = strchr(end + 1, '$');
    const bool has_cost =
        id == 'y' || id == 'g' || id == '2' || strncmp(end + 1, "rounds=", 7) == 0;
    return (size_t)((has_cost && next != NULL ? next : end) + 1 - crypt);
}

static void
kind_note(struct auth *auth, const char *crypt)
{
    const uint32_t octets = (uint32_t)kind_octets(crypt);
    uint32_t at = 0;

    if (octets == 0)
        return;
    lock_enter(&auth->lock);
    while (at < auth->kind_count && (auth->kinds[at].key_octets != octets ||
                                     memcmp(auth->kinds[at].setting, crypt, octets) != 0))
        at++;
    if (at == auth->kind_count && at < KINDS) {
        auth->kinds[at].key_octets = octets;
        memcpy(auth->kinds[at].setting, crypt, strnlen(crypt, REGISTRY_CRYPT_OCTETS - 1));
        auth->kind_count++;
    }
    if (at < auth->kind_count && auth->kinds[at].met < UINT32_MAX / KINDS)
        auth->kinds[at].met++;
    lock_leave(&auth->lock);
}

/* What to hash by for a name that nobody has. */
static void
kind_for_unknown(struct auth *auth, struct span name, char out[REGISTRY_CRYPT_OCTETS])
{
    uint8_t mac[32];
    uint32_t pick;
    uint32_t total = 0;

    auth_secret_mac(auth, "kind", name, mac);
    memcpy(&pick, mac, sizeof pick);
    const char *setting = auth->setting;
    lock_enter(&auth->lock);
    for (uint32_t i = 0; i < auth->kind_count; i++)
        total += auth->kinds[i].met;
    if (total > 0)
        pick %= total;
    for (uint32_t i = 0; i < auth->kind_count; i++) {
        if (pick < auth->kinds[i].met) {
            setting = auth->kinds[i].setting;
            break;
        }
        pick -= auth->kinds[i].met;
    }
    memcpy(out, setting, REGISTRY_CRYPT_OCTETS);
    lock_leave(&auth->lock);
}

/* --- Accounts --- */

void
auth_result_fill(struct auth_result *out, const struct registry_account *account)
{
    *out = (struct auth_result){.account_id = account->id,
                                .password_generation = account->password_generation};
    memcpy(out->account, account->name, sizeof out->account);
}

enum rc
auth_check_authzid(struct auth *auth, struct span authzid,
                   const struct registry_account *account, struct err *err)
{
    char name[REGISTRY_NAME_OCTETS];
    struct registry_account other;

    if (authzid.len == 0)
        return RC_OK;
    if (sasl_prep_name(authzid, name) != RC_OK)
        return RC_DENIED;
    const enum rc rc = registry_find_login(auth->registry, span_of_str(name), &other, err);
    if (rc == RC_NOT_FOUND || rc == RC_INVALID)
        return RC_DENIED;
    if (rc != RC_OK)
        return rc;
    return other.id == account->id ? RC_OK : RC_DENIED;
}

struct lookup {
    char name[REGISTRY_NAME_OCTETS]; /* prepared; as given, cut, when that failed */
    bool found;
    bool foreign; /* an authzid of somebody else */
    struct registry_account account;
};

/* Finds whom the request means. RC_OK also when there is nobody: see found. */
static enum rc
look_up(struct auth *auth, const struct auth_request *request, struct lookup *out,
        struct err *err)
{
    out->found = false;
    out->foreign = false;
    if (sasl_prep_name(request->name, out->name) != RC_OK) {
        const struct span part = span_head(request->name, sizeof out->name - 1);
        if (part.len > 0)
            memcpy(out->name, part.ptr, part.len);
        out->name[part.len] = '\0';
        return RC_OK;
    }
    enum rc rc =
        registry_find_login(auth->registry, span_of_str(out->name), &out->account, err);
    if (rc == RC_NOT_FOUND || rc == RC_INVALID)
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    out->found = true;
    rc = auth_check_authzid(auth, request->authzid, &out->account, err);
    out->foreign = rc == RC_DENIED;
    return rc == RC_DENIED ? RC_OK : rc;
}

enum rc
auth_quick(struct auth *auth, const struct auth_request *request, struct auth_result *out,
           struct err *err)
{
    struct lookup who;
    const enum rc rc = look_up(auth, request, &who, err);

    if (rc != RC_OK)
        return rc;
    if (who.found && !who.foreign && who.account.state == ACCOUNT_ENABLED &&
        auth_cache_has(auth->cache, who.account.id, who.account.password_generation,
                       request->password)) {
        throttle_succeeded(auth->throttle, request->address, span_of_str(who.name));
        auth_result_fill(out, &who.account);
        return RC_OK;
    }
    *out = (struct auth_result){
        .wait_ms = throttle_enter_ms(auth->throttle, request->address, span_of_str(who.name))};
    return RC_AGAIN;
}

/* Keys for an account that was imported with a hash alone. A failure changes nothing: the next
 * login tries again. */
static void
add_keys(struct auth *auth, const struct registry_account *account, struct span password)
{
    struct scram_keys keys;

    if (account->scram.iterations != 0)
        return;
    if (password_scram(&auth->policy, password, &keys, NULL) == RC_OK)
        (void)(registry_set_scram(auth->registry, account->id, account->password_generation,
                                  &keys, NULL) == RC_OK);
    password_wipe(&keys, sizeof keys);
}

/* Whether the password is right; burns the same for names that nobody has. */
static enum rc
check_password(struct auth *auth, const struct lookup *who, struct span password)
{
    char setting[REGISTRY_CRYPT_OCTETS];

    if (who->found && auth_cache_has(auth->cache, who->account.id,
                                     who->account.password_generation, password))
        return RC_OK; /* another connection of the client has just paid for it */
    if (who->found && who->account.crypt[0] != '\0') {
        const enum rc rc = password_verify(password, who->account.crypt);
        kind_note(auth, who->account.crypt);
        return rc;
    }
    kind_for_unknown(auth, span_of_str(who->name), setting);
    const enum rc rc = password_verify(password, setting);
    return rc == RC_OK ? RC_DENIED : rc;
}

enum rc
auth_verify(struct auth *auth, const struct auth_request *request, struct auth_result *out,
            struct err *err)
{
    struct lookup who;
    enum rc rc = look_up(auth, request, &who, err);

    if (rc != RC_OK)
        return rc;
    rc = check_password(auth, &who, request->password);
    if (rc == RC_LIMIT)
        return err_set(err, RC_LIMIT, 0, "login: no memory to hash a password");
    const struct span name = span_of_str(who.name);
    if (rc != RC_OK || who.foreign) {
        throttle_failed(auth->throttle, request->address, name);
        *out = (struct auth_result){0};
        /* A name that nobody has is not told: it may be a password typed in the wrong place. */
        return !who.found ? err_set(err, RC_DENIED, 0, "no such account")
               : who.foreign
                   ? err_set(err, RC_DENIED, 0, "%s may not act for another account",
                             who.account.name)
                   : err_set(err, RC_DENIED, 0, "wrong password for %s", who.account.name);
    }
    auth_cache_put(auth->cache, who.account.id, who.account.password_generation,
                   request->password);
    auth_result_fill(out, &who.account);
    if (who.account.state != ACCOUNT_ENABLED)
        return err_set(err, RC_DISABLED, 0, "account %s is disabled", who.account.name);
    throttle_succeeded(auth->throttle, request->address, name);
    add_keys(auth, &who.account, request->password);
    return RC_OK;
}

bool
auth_scram_ready(struct auth *auth)
{
    const int64_t now_ms = clock_mono_ms(auth->clock);
    uint64_t enabled = 0;
    uint64_t without = 0;

    lock_enter(&auth->lock);
    const bool current = now_ms < auth->ready_until_ms;
    bool ready = auth->ready;
    if (!current)
        auth->ready_until_ms = now_ms + READY_MS; /* the others use the old answer meanwhile */
    lock_leave(&auth->lock);
    if (current)
        return ready;
    ready = registry_count(auth->registry, &enabled, &without, NULL) == RC_OK && without == 0;
    lock_enter(&auth->lock);
    auth->ready = ready;
    lock_leave(&auth->lock);
    return ready;
}

enum rc
auth_open(struct auth **auth_out, const struct auth_options *options, struct err *err)
{
    struct auth *auth = calloc(1, sizeof *auth);

    if (auth == NULL)
        return err_set(err, RC_LIMIT, 0, "logins: no memory");
    lock_init(&auth->lock, LOCK_LEAF);
    auth->registry = options->registry;
    auth->clock = options->clock == NULL ? &clock_system : options->clock;
    auth->policy = options->policy;
    registry_secret(auth->registry, auth->secret);
    auth->cache =
        auth_cache_new(options->cache_entries ? options->cache_entries : LIMIT_AUTH_CACHE,
                       LIMIT_AUTH_CACHE_MS, auth->clock);
    auth->throttle = throttle_new(
        options->throttle_entries ? options->throttle_entries : LIMIT_THROTTLE, auth->clock);
    enum rc rc = auth->cache == NULL || auth->throttle == NULL
                     ? err_set(err, RC_LIMIT, 0, "logins: no memory")
                     : password_setting(&auth->policy, auth->setting, err);
    if (rc == RC_OK)
        rc = sasl_library_open(auth, err);
    if (rc != RC_OK) {
        auth_close(auth);
        return rc;
    }
    *auth_out = auth;
    return RC_OK;
}

void
auth_close(struct auth *auth)
{
    if (auth == NULL)
        return;
    if (auth->gsasl != NULL)
        gsasl_done(auth->gsasl);
    auth_cache_free(auth->cache);
    throttle_free(auth->throttle);
    lock_done(&auth->lock);
    password_wipe(auth->secret, sizeof auth->secret);
    free(auth);
}

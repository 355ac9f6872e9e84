/* SPDX-License-Identifier: MIT */
/*
 * The flow of a login by password. "No such account" and "wrong password" must cost the same
 * work. So for an unknown name a hash is computed too, of a kind that accounts of this server
 * have, and always of the same kind for the same name.
 */
#include "auth/auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "auth/app_password.h"
#include "auth/auth_private.h"
#include "auth/bearer.h"
#include "auth/sasl.h"
#include "base/check.h"
#include "base/limits.h"

enum { READY_MS = 5000 }; /* between two queries to the registry */

/* --- Kinds of hashes --- */

/* Octets of a hash that name method and cost: "$y$j9T$", "$6$", "$6$rounds=5000$",
 * "$2b$12$". */
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

/* The hash to verify against for a name without an account. */
static void
kind_for_unknown(struct auth *auth, struct span name, char out[REGISTRY_CRYPT_OCTETS])
{
    uint8_t mac[32] = {0};
    uint32_t pick;
    uint32_t total = 0;

    if (!auth_secret_mac(auth, "kind", name, mac))
        memset(mac, 0, sizeof mac); /* any kind will do */
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

struct lookup {
    char name[REGISTRY_NAME_OCTETS]; /* prepared; if that failed, as given and cut */
    bool found;
    bool foreign; /* the authzid means another account */
    struct registry_account account;
    /* the application password that was used; id 0: none of the account's */
    struct app_password app;
};

/* Looks whether the password is one of the account's application passwords. */
static enum rc
app_look_up(struct auth *auth, const struct auth_request *request, struct lookup *who,
            struct err *err)
{
    uint8_t digest[APP_PASSWORD_DIGEST_OCTETS];

    if (who->account.app_passwords == 0 || !app_password_is_form(request->password))
        return RC_OK;
    app_password_digest(request->password, digest);
    const enum rc rc =
        registry_app_find(auth->registry, who->account.id, digest, &who->app, err);
    if (rc == RC_NOT_FOUND)
        who->app.id = 0;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Finds whom the request means. RC_OK also if there is nobody: see found. */
static enum rc
look_up(struct auth *auth, const struct auth_request *request, struct lookup *out,
        struct err *err)
{
    const struct span part = span_head(request->name, sizeof out->name - 1);

    out->found = false;
    out->foreign = false;
    out->app.id = 0;
    if (part.len > 0)
        memcpy(out->name, part.ptr, part.len);
    out->name[part.len] = '\0';
    enum rc rc = auth_find_login(auth, request->name, out->name, &out->account, err);
    if (rc == RC_NOT_FOUND)
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    out->found = true;
    rc = auth_check_authzid(auth, request->authzid, &out->account, err);
    out->foreign = rc == RC_DENIED;
    if (rc != RC_OK && rc != RC_DENIED)
        return rc;
    return app_look_up(auth, request, out, err);
}

static uint64_t
login_of(const struct lookup *who)
{
    return auth_login_number(who->found ? &who->account : NULL, span_of_str(who->name));
}

static uint64_t
generation_of(const struct lookup *who)
{
    return who->found ? who->account.password_generation : 0;
}

static bool
was_verified(struct auth *auth, const struct lookup *who, struct span password)
{
    return who->found && auth_cache_has(auth->cache, who->account.id,
                                        who->account.password_generation, password);
}

static bool
was_refused(struct auth *auth, const struct lookup *who, struct span password)
{
    const uint64_t login = login_of(who);
    const uint64_t generation = generation_of(who);

    if (who->app.id != 0) /* whether it may be used now must be checked every time */
        return false;
    if (!auth_cache_has(auth->refused, login, generation, password))
        return false;
    /* renews the entry while the password is being tried */
    auth_cache_put(auth->refused, login, generation, password);
    return true;
}

static enum rc
deny(struct auth_result *out, enum auth_reason reason, enum rc rc, struct err *err)
{
    *out = (struct auth_result){.reason = reason};
    return err_set(err, rc, 0, "%s", auth_reason_name(reason));
}

/* The application password may not be used. */
static enum rc
deny_app(struct auth_result *out, const struct lookup *who, enum auth_reason reason,
         struct err *err)
{
    const enum rc rc = deny(out, reason, RC_DENIED, err);

    auth_result_app(out, &who->app);
    return rc;
}

/* The password is right, and the account may be used. */
static void
succeeded(struct auth *auth, const struct auth_request *request, const struct lookup *who,
          struct auth_result *out)
{
    known_note(auth->known, request->peer.address, who->account.id);
    auth_result_fill(out, &who->account);
    if (who->app.id != 0) {
        auth_result_app(out, &who->app);
        uses_note(auth->uses, &who->app, clock_wall_s(auth->clock));
        return;
    }
    if (!scram_keys_are_there(&who->account.scram) && !request->no_keys)
        key_maker_add(auth->keys, &who->account, request->password);
}

enum rc
auth_quick(struct auth *auth, const struct auth_request *request,
           struct throttle_ticket *ticket, struct auth_result *out, struct err *err)
{
    struct lookup who;
    const enum rc rc = look_up(auth, request, &who, err);

    *ticket = (struct throttle_ticket){0};
    if (rc != RC_OK)
        return rc;
    /* it cannot be right, so trying it tells nothing */
    if (!password_is_possible(request->password))
        return deny(out, who.found ? AUTH_WRONG_PASSWORD : AUTH_NO_ACCOUNT, RC_DENIED, err);
    const enum auth_reason app_reason =
        who.app.id == 0 ? AUTH_FINE : auth_app_reason(auth, &who.app, request->peer.protocol);
    if (!who.foreign && was_refused(auth, &who, request->password))
        return deny(out, AUTH_WRONG_AGAIN, RC_DENIED, err);
    const struct throttle_who payer = {
        .address = request->peer.address,
        .trusted = request->peer.trusted,
        .login = login_of(&who),
        .known = who.found && known_has(auth->known, request->peer.address, who.account.id),
    };
    throttle_enter(auth->throttle, &payer, ticket);
    /* Remembered passwords are looked up only if the client may have a password verified now,
     * also for a known pair. Otherwise a guesser could learn at the speed of the network that
     * all those refused without verification are wrong. */
    if (ticket->wait_ms == 0 && !who.foreign && who.account.state == ACCOUNT_ENABLED &&
        (who.app.id != 0 ? app_reason == AUTH_FINE
                         : was_verified(auth, &who, request->password))) {
        throttle_refund(auth->throttle, ticket);
        succeeded(auth, request, &who, out);
        return RC_OK;
    }
    if (ticket->wait_ms == 0 && !who.foreign && app_reason != AUTH_FINE) {
        throttle_refund(auth->throttle, ticket);
        return deny_app(out, &who, app_reason, err);
    }
    *out = (struct auth_result){0};
    return ticket->wait_ms < 0 ? deny(out, AUTH_TOO_MANY_GUESSES, RC_BUSY, err) : RC_AGAIN;
}

/* Whether the password is right; costs the same for names without an account. */
static enum rc
check_password(struct auth *auth, const struct lookup *who, struct span password)
{
    char setting[REGISTRY_CRYPT_OCTETS];

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
auth_verify(struct auth *auth, const struct auth_request *request,
            struct throttle_ticket *ticket, struct auth_result *out, struct err *err)
{
    struct lookup who;
    enum rc rc = look_up(auth, request, &who, err);

    if (rc != RC_OK) {
        throttle_refund(auth->throttle, ticket); /* no verdict, so no guess */
        return rc;
    }
    key_maker_hush(auth->keys);
    /* In the meantime, another connection of the client may have obtained the same answer. */
    if (!who.foreign && was_refused(auth, &who, request->password)) {
        throttle_refund(auth->throttle, ticket);
        return deny(out, AUTH_WRONG_AGAIN, RC_DENIED, err);
    }
    const enum auth_reason app_reason =
        who.app.id == 0 ? AUTH_FINE : auth_app_reason(auth, &who.app, request->peer.protocol);
    rc = who.app.id != 0 || was_verified(auth, &who, request->password)
             ? RC_OK
             : check_password(auth, &who, request->password);
    if (rc == RC_LIMIT) {
        throttle_refund(auth->throttle, ticket);
        return err_set(err, RC_LIMIT, 0, "login: no memory to hash a password");
    }
    if (app_reason != AUTH_FINE) { /* it is right, so it was not a guess */
        throttle_refund(auth->throttle, ticket);
        return deny_app(out, &who, app_reason, err);
    }
    if (rc != RC_OK || who.foreign) {
        throttle_failed(auth->throttle, ticket);
        if (rc != RC_OK)
            auth_cache_put(auth->refused, login_of(&who), generation_of(&who),
                           request->password);
        return deny(out,
                    !who.found    ? AUTH_NO_ACCOUNT
                    : who.foreign ? AUTH_NOT_YOURS
                                  : AUTH_WRONG_PASSWORD,
                    RC_DENIED, err);
    }
    throttle_refund(auth->throttle, ticket);
    /* application passwords are found as fast, and may be revoked at any time */
    if (who.app.id == 0)
        auth_cache_put(auth->cache, who.account.id, who.account.password_generation,
                       request->password);
    if (who.account.state != ACCOUNT_ENABLED) {
        auth_result_fill(out, &who.account);
        out->reason = AUTH_ACCOUNT_DISABLED;
        return err_set(err, RC_DISABLED, 0, "%s", auth_reason_name(out->reason));
    }
    succeeded(auth, request, &who, out);
    return RC_OK;
}

void
auth_left(struct auth *auth, struct throttle_ticket *ticket)
{
    throttle_left(auth->throttle, ticket);
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
        /* other threads use the old answer meanwhile */
        auth->ready_until_ms = now_ms + READY_MS;
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
    auth->cache = auth_cache_new(LIMIT_AUTH_CACHE, LIMIT_AUTH_CACHE_MS, auth->clock);
    auth->refused = auth_cache_new(LIMIT_AUTH_REFUSED, LIMIT_AUTH_REFUSED_MS, auth->clock);
    auth->throttle = throttle_new(
        options->throttle_entries ? options->throttle_entries : LIMIT_THROTTLE, auth->clock);
    auth->known = known_new(LIMIT_KNOWN, auth->secret, options->known_path, auth->clock);
    auth->uses = uses_new();
    enum rc rc = auth->cache == NULL || auth->refused == NULL || auth->throttle == NULL ||
                         auth->known == NULL || auth->uses == NULL
                     ? err_set(err, RC_LIMIT, 0, "logins: no memory")
                     : password_setting(&auth->policy, auth->setting, err);
    if (rc == RC_OK)
        rc = key_maker_new(auth->registry, &auth->policy, auth->clock, &auth->keys, err);
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
    key_maker_free(auth->keys);
    bearer_close(auth);
    auth_cache_free(auth->cache);
    auth_cache_free(auth->refused);
    known_free(auth->known);
    uses_free(auth->uses);
    throttle_free(auth->throttle);
    lock_done(&auth->lock);
    password_wipe(auth->secret, sizeof auth->secret);
    free(auth);
}

enum rc
auth_save(struct auth *auth, struct err *err)
{
    uint64_t enabled = 0;
    uint64_t without = 0;
    const enum rc used = uses_save(auth->uses, auth->registry, err);

    if (registry_count(auth->registry, &enabled, &without, NULL) == RC_OK)
        known_grow(auth->known, known_places(enabled));
    const enum rc known = known_save(auth->known, used == RC_OK ? err : NULL);

    return used != RC_OK ? used : known;
}

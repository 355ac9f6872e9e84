/* SPDX-License-Identifier: MIT */
/*
 * Verbs for single accounts: add, passwd, list, disable, enable, alias. If something changes
 * for users who are logged in, their sessions are notified at once. Passwords arrive
 * unencrypted over a socket that only the server's own user can open, are hashed here, and are
 * never shown or logged.
 */
#include "admin/verbs.h"

#include "auth/password.h"
#include "session/table.h"
#include "store/registry.h"

/* Makes hash and keys of a password, or takes the hash that was given. salt: as in struct
 * password_policy. */
static enum rc
credentials(struct span password, const struct scram_keys *salt,
            char crypt[REGISTRY_CRYPT_OCTETS], struct scram_keys *scram, struct err *err)
{
    const struct password_policy policy = {.salt = salt}; /* otherwise the defaults */

    *scram = (struct scram_keys){0};
    if (password_is_hash(password))
        return password_import(password, crypt, err);
    return password_new(&policy, password, crypt, scram, err);
}

enum rc
verb_account_add(const struct verb_call *call, struct err *err)
{
    const char *name = verb_text(call, "account");
    const char *password = verb_text(call, "password");
    char crypt[REGISTRY_CRYPT_OCTETS];
    struct scram_keys scram;
    uint64_t id;

    if (name == NULL || password == NULL)
        return err_set(err, RC_INVALID, 0, "account and password are needed");
    enum rc rc = credentials(span_of_str(password), NULL, crypt, &scram, err);
    if (rc == RC_OK)
        rc = registry_add(call->house->registry, span_of_str(name), crypt,
                          scram.iterations == 0 ? NULL : &scram, &id, err);
    password_wipe(crypt, sizeof crypt);
    if (rc == RC_EXISTS)
        return err_set(err, rc, 0, "the name \"%.100s\" is taken", name);
    return rc;
}

/* ---- one account ---- */

/* RC_AGAIN: meanwhile the account has got its first application password, and with it another
 * salt. */
static enum rc
password_set(const struct verb_call *call, const char *password,
             struct registry_account *account, struct err *err)
{
    char crypt[REGISTRY_CRYPT_OCTETS];
    struct scram_keys scram;

    enum rc rc = verb_account(call, account, err);
    if (rc != RC_OK)
        return rc;
    rc = credentials(span_of_str(password),
                     account->app_passwords == 0 ? NULL : &account->scram, crypt, &scram, err);
    if (rc == RC_OK)
        rc = registry_set_password(call->house->registry, account->id, crypt,
                                   scram.iterations == 0 ? NULL : &scram, err);
    password_wipe(crypt, sizeof crypt);
    password_wipe(&scram, sizeof scram);
    return rc;
}

enum rc
verb_account_passwd(const struct verb_call *call, struct err *err)
{
    const char *password = verb_text(call, "password");
    struct registry_account account;
    enum rc rc = RC_AGAIN;

    if (password == NULL)
        return err_set(err, RC_INVALID, 0, "a password is needed");
    for (int tries = 0; rc == RC_AGAIN && tries < 3; tries++)
        rc = password_set(call, password, &account, err);
    if (rc == RC_OK)
        verb_tell_sessions(call, account.id, POST_PASSWORD_CHANGED);
    return rc;
}

static enum rc
set_state(const struct verb_call *call, enum account_state state, struct err *err)
{
    struct registry_account account;

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = registry_set_state(call->house->registry, account.id, state, err);
    if (rc == RC_OK && state == ACCOUNT_DISABLED)
        verb_tell_sessions(call, account.id, POST_ACCOUNT_DISABLED);
    return rc;
}

enum rc
verb_account_disable(const struct verb_call *call, struct err *err)
{
    return set_state(call, ACCOUNT_DISABLED, err);
}

enum rc
verb_account_enable(const struct verb_call *call, struct err *err)
{
    return set_state(call, ACCOUNT_ENABLED, err);
}

enum rc
verb_account_alias(const struct verb_call *call, struct err *err)
{
    const char *address = verb_text(call, "address");
    const bool remove = json_is_true(json_object_get(call->args, "remove"));
    struct registry_account account;

    const enum rc rc = verb_account(call, &account, err);
    if (rc != RC_OK)
        return rc;
    if (address == NULL)
        return err_set(err, RC_INVALID, 0, "an address is needed");
    return remove ? registry_alias_remove(call->house->registry, account.id,
                                          span_of_str(address), err)
                  : registry_alias_add(call->house->registry, account.id, span_of_str(address),
                                       err);
}

/* ---- list ---- */

static enum rc
list_row(const struct verb_call *call, const struct registry_account *account, struct err *err)
{
    struct span *aliases = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    const enum rc rc =
        registry_alias_list(call->house->registry, account->id, &arena, &aliases, &count, err);
    if (rc != RC_OK)
        return rc;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_stringn(aliases[i].ptr, aliases[i].len));
    json_t *row = json_pack("{ss, ss, sb, sI, so}", "account", account->name, "state",
                            account->state == ACCOUNT_ENABLED ? "enabled" : "disabled", "scram",
                            scram_keys_are_there(&account->scram), "created",
                            (json_int_t)account->created_s, "aliases", list);
    return call->io->row(call->io->ctx, row, SPAN(""), err);
}

enum rc
verb_account_list(const struct verb_call *call, struct err *err)
{
    return verb_each_account(call, list_row, err);
}

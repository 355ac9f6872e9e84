/* SPDX-License-Identifier: MIT */
/*
 * The registry: who has an account here, under which addresses mail reaches it, and what is
 * kept to check its password. It verifies nothing itself: auth/ does, from the record it gives.
 *
 * Look-ups by login name and by address are answered from a bounded cache in memory and ask
 * nobody when warm. A change through this handle empties it at once, one made by others within
 * a second (INV-S10).
 *
 * Thread: any, all functions; they may wait for the engine.
 */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "store/quota.h"

enum {
    REGISTRY_NAME_OCTETS = 256,  /* account and alias names: UTF-8, at most 255 octets */
    REGISTRY_CRYPT_OCTETS = 384, /* CRYPT_OUTPUT_SIZE of libxcrypt */
    REGISTRY_SCRAM_SALT_OCTETS = 32,
    REGISTRY_SCRAM_KEY_OCTETS = 32,
};

enum account_state { ACCOUNT_ENABLED = 0, ACCOUNT_DISABLED = 1 };

struct scram_keys {
    uint32_t iterations; /* 0: there are neither salt nor keys */
    bool salt_only;      /* the password itself has no keys, but salt and iterations are in use:
                            app_password.h */
    uint8_t salt_octets; /* used of salt[] */
    uint8_t salt[REGISTRY_SCRAM_SALT_OCTETS];
    uint8_t stored_key[REGISTRY_SCRAM_KEY_OCTETS]; /* RFC 5802 section 3 */
    uint8_t server_key[REGISTRY_SCRAM_KEY_OCTETS];
};

/* Whether the password itself has keys. */
static inline bool
scram_keys_are_there(const struct scram_keys *keys)
{
    return keys->iterations != 0 && !keys->salt_only;
}

struct registry_account {
    uint64_t id; /* never reused, at least 1 */
    char
        name[REGISTRY_NAME_OCTETS]; /* as created: `name` or `name@domain`; folded lower case */
    enum account_state state;
    char crypt[REGISTRY_CRYPT_OCTETS]; /* crypt(3) string; empty: no password login */
    struct scram_keys scram;
    uint64_t password_generation; /* grows with every change of password; part of cache keys */
    uint32_t app_passwords;       /* how many application passwords there are */
    int64_t created_s;            /* since 1970 */
    struct quota_amounts quota;   /* its own limits, or QUOTA_CONFIGURED */
};

struct registry;

/* What every engine's registry is told; the function that opens one is with the engine's. */
struct registry_options {
    const struct clock *clock;  /* borrowed for life */
    const char *const *domains; /* own domains, lower case; copied */
    size_t domain_count;
};

void registry_close(struct registry *registry);

/** A secret of this server, drawn once at creation (32 octets): salts of unknown accounts. */
void registry_secret(struct registry *registry, uint8_t out[32]);

/** Whether an access control list could take this account name for somebody else (RFC 4314
 * section 2): "anyone", with or without a domain, and names that begin with "-". New accounts
 * cannot have such a name; older ones keep it. Pure. */
bool registry_name_is_reserved(struct span name);

/** Adds an account; fills *id_out. RC_EXISTS (an account or alias has the name), RC_INVALID
 * (the name is not a local-part or address, is too long, or is reserved). */
MUST_USE enum rc registry_add(struct registry *registry, struct span name, const char *crypt,
                              const struct scram_keys *scram, uint64_t *id_out,
                              struct err *err);

struct registry_new {
    struct span name;
    const char *crypt;
    const struct scram_keys *scram; /* may be NULL */
    struct err refused;             /* out: RC_OK, or why this one was not added */
    uint64_t id;                    /* out: of one that was added */
};
/** Adds many in one transaction. What registry_add would refuse (RC_EXISTS, RC_INVALID) is left
 *  out, with the reason in its row, and does not stop the others. On anything but RC_OK none
 *  was added. */
MUST_USE enum rc registry_add_many(struct registry *registry, struct registry_new *rows,
                                   size_t count, struct err *err);

/** Sets hash and keys (keys may be NULL: removed) and raises password_generation.
 *  RC_NOT_FOUND; RC_AGAIN: application passwords use another salt or other iterations than the
 *  keys were made with, so read the account again. */
MUST_USE enum rc registry_set_password(struct registry *registry, uint64_t id,
                                       const char *crypt, const struct scram_keys *scram,
                                       struct err *err);
/** Adds keys to an account that has none, keeping hash and generation; not an error when the
 *  generation is no longer `generation` or it has another salt (nothing happens then). */
MUST_USE enum rc registry_set_scram(struct registry *registry, uint64_t id, uint64_t generation,
                                    const struct scram_keys *scram, struct err *err);
MUST_USE enum rc registry_set_state(struct registry *registry, uint64_t id,
                                    enum account_state state, struct err *err);

/** Sets all of its own limits: up to QUOTA_LIMIT_MAX, QUOTA_UNLIMITED or QUOTA_CONFIGURED.
 *  RC_INVALID, RC_NOT_FOUND. */
MUST_USE enum rc registry_set_quota(struct registry *registry, uint64_t id,
                                    const struct quota_amounts *quota, struct err *err);

/** One more address that delivers to the account: `name`, `name@domain` or `@domain`
 * (catch-all). RC_EXISTS when the address is taken. */
MUST_USE enum rc registry_alias_add(struct registry *registry, uint64_t id, struct span address,
                                    struct err *err);
MUST_USE enum rc registry_alias_remove(struct registry *registry, uint64_t id,
                                       struct span address, struct err *err);
/** Aliases of an account, sorted, in arena. */
MUST_USE enum rc registry_alias_list(struct registry *registry, uint64_t id,
                                     struct arena *arena, struct span **out, size_t *count_out,
                                     struct err *err);

/** By the exact stored name (case folded), or by id. RC_NOT_FOUND. */
MUST_USE enum rc registry_find(struct registry *registry, struct span name,
                               struct registry_account *out, struct err *err);
MUST_USE enum rc registry_find_id(struct registry *registry, uint64_t id,
                                  struct registry_account *out, struct err *err);
/** Whom a login name means: the exact name; without a domain, nothing else; with one of the
 *  server's own domains, also the account without a domain. RC_NOT_FOUND. */
MUST_USE enum rc registry_find_login(struct registry *registry, struct span login,
                                     struct registry_account *out, struct err *err);

/** Grows with every change, also of other accounts. While it stays the same, what was read
 * since it was asked for is still true; otherwise what matters has to be read again. */
uint64_t registry_epoch(struct registry *registry);
/** Grows with every change that the rights to mailboxes of others may depend on: which accounts
 * there are, who is in which group, and whether rights that are granted to anyone have an
 * effect. Passwords, keys, limits and aliases do not count, so that sessions need not read
 * their rights again whenever somebody logs in for the first time. A change by another process
 * always counts. */
uint64_t registry_rights_epoch(struct registry *registry);

enum registry_route { ROUTE_ACCOUNT, ROUTE_UNKNOWN_USER, ROUTE_FOREIGN_DOMAIN };
/**
 * Where mail for local@domain goes: an account or alias of exactly that address; with one of
 * our domains (or an empty one) the account or alias without a domain; an alias @domain. The
 * local-part has no "+detail" any more: the caller tries with it first, then without. Domains
 * of accounts and aliases count as ours. A disabled account is found; its state tells.
 */
MUST_USE enum rc registry_route(struct registry *registry, struct span local,
                                struct span domain, enum registry_route *route_out,
                                struct registry_account *out, struct err *err);

/** Walks accounts in order of name: call with *after = "" first; fills up to max rows. */
MUST_USE enum rc registry_list(struct registry *registry, struct span after, size_t max,
                               struct registry_account *rows, size_t *count_out,
                               struct err *err);
/** Enabled accounts and how many of them have no SCRAM keys (decides AUTH=SCRAM). */
MUST_USE enum rc registry_count(struct registry *registry, uint64_t *enabled_out,
                                uint64_t *without_scram_out, struct err *err);

#endif

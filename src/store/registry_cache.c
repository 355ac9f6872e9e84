/* SPDX-License-Identifier: MIT */
/*
 * The registry's cache. Nearly every change empties it, and so does a full cache: passwords and
 * accounts change rarely, and an empty cache cannot be wrong. Exceptions are the keys that a
 * server makes by itself, dozens in a second, which remove only their own account's row, and
 * what users do (granting and taking away rights), which removes none.
 *
 * A row is kept without the space that its texts and keys do not use, which is two thirds of
 * it, and only once for the two keys under which it is usually found. Thread: any.
 */
#include "store/registry_private.h"
#include "store/sharing.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"

enum { CHECK_AFTER_US = 1000000 }; /* another process's change is seen so late at most */

/* A struct registry_hit. */
struct registry_kept {
    uint64_t id;
    uint64_t password_generation;
    int64_t created_s;
    struct quota_amounts quota;
    uint32_t app_passwords;
    uint32_t scram_iterations;
    /* number of keys under which it is in the cache; guarded by the registry's lock */
    uint8_t keys;
    uint8_t state;
    uint8_t name_octets;
    uint8_t scram_salt_octets;
    uint16_t crypt_octets;
    bool found : 1;
    bool alias : 1;
    bool scram_salt_only : 1;
    char octets[]; /* name, hash, salt; then both keys if scram_keys_are_there */
};

_Static_assert(REGISTRY_NAME_OCTETS <= UINT8_MAX + 1, "a name's length without its end");
_Static_assert(REGISTRY_CRYPT_OCTETS <= UINT16_MAX, "a hash's length");

/* ---- rows ---- */

static size_t
keys_octets(const struct scram_keys *scram)
{
    return scram_keys_are_there(scram) ? 2 * (size_t)REGISTRY_SCRAM_KEY_OCTETS : 0;
}

/* Appends a text, and returns the new end. */
static char *
put(char *to, const void *from, size_t octets)
{
    memcpy(to, from, octets);
    return to + octets;
}

static const char *
get(const char *from, void *to, size_t octets)
{
    memcpy(to, from, octets);
    return from + octets;
}

/* Makes a row that is in the cache under no key yet. NULL: no memory. */
static struct registry_kept *
kept_new(const struct registry_hit *hit)
{
    const struct registry_account *account = &hit->account;
    const struct scram_keys *scram = &account->scram;
    const size_t name_octets = strlen(account->name);
    const size_t crypt_octets = strlen(account->crypt);
    const size_t salt_octets = scram->iterations == 0 ? 0 : scram->salt_octets;
    struct registry_kept *kept =
        memory_take(MEMORY_REGISTRY, sizeof *kept + name_octets + crypt_octets + salt_octets +
                                         keys_octets(scram));

    if (kept == NULL)
        return NULL;
    CHECK(salt_octets <= sizeof scram->salt);
    *kept = (struct registry_kept){
        .id = account->id,
        .password_generation = account->password_generation,
        .created_s = account->created_s,
        .quota = account->quota,
        .app_passwords = account->app_passwords,
        .scram_iterations = scram->iterations,
        .state = (uint8_t)account->state,
        .name_octets = (uint8_t)name_octets,
        .scram_salt_octets = (uint8_t)salt_octets,
        .crypt_octets = (uint16_t)crypt_octets,
        .found = hit->found,
        .alias = hit->alias,
        .scram_salt_only = scram->salt_only,
    };
    char *at = put(kept->octets, account->name, name_octets);
    at = put(at, account->crypt, crypt_octets);
    at = put(at, scram->salt, salt_octets);
    at = put(at, scram->stored_key, keys_octets(scram) / 2);
    (void)put(at, scram->server_key, keys_octets(scram) / 2);
    return kept;
}

static void
kept_read(const struct registry_kept *kept, struct registry_hit *out)
{
    *out = (struct registry_hit){
        .found = kept->found,
        .alias = kept->alias,
        .account = {.id = kept->id,
                    .state = (enum account_state)kept->state,
                    .scram = {.iterations = kept->scram_iterations,
                              .salt_only = kept->scram_salt_only,
                              .salt_octets = kept->scram_salt_octets},
                    .password_generation = kept->password_generation,
                    .app_passwords = kept->app_passwords,
                    .created_s = kept->created_s,
                    .quota = kept->quota},
    };
    struct registry_account *account = &out->account;
    struct scram_keys *scram = &account->scram;
    const char *at = get(kept->octets, account->name, kept->name_octets);
    at = get(at, account->crypt, kept->crypt_octets);
    at = get(at, scram->salt, kept->scram_salt_octets);
    at = get(at, scram->stored_key, keys_octets(scram) / 2);
    (void)get(at, scram->server_key, keys_octets(scram) / 2);
}

/* Releases one key of a row, which the caller removes from the map. */
static void
kept_drop(struct registry_kept *kept)
{
    if (--kept->keys == 0)
        memory_give(MEMORY_REGISTRY, kept);
}

/* ---- the cache ---- */

enum rc
registry_init(struct registry *registry, const struct registry_ops *ops,
              const struct registry_options *options)
{
    enum rc rc = RC_OK;

    *registry = (struct registry){.ops = ops,
                                  .clock = options->clock,
                                  .checked_us = clock_mono_us(options->clock) - CHECK_AFTER_US};
    lock_init(&registry->lock, LOCK_REGISTRY);
    map_init(&registry->cache);
    map_init(&registry->own_domains);
    for (size_t i = 0; rc == RC_OK && i < options->domain_count; i++)
        rc = map_put(&registry->own_domains, span_of_str(options->domains[i]), registry);
    return rc;
}

static void
cache_empty(struct registry *registry)
{
    size_t pos = 0;
    struct span key;
    void *kept;

    while (map_next(&registry->cache, &pos, &key, &kept))
        kept_drop(kept);
    map_done(&registry->cache);
    map_init(&registry->cache);
    registry->generation++;
    registry->counted = false;
    registry->shares = SHARES_UNKNOWN;
    registry->shares_serial++;
}

void
registry_done(struct registry *registry)
{
    cache_empty(registry);
    map_done(&registry->cache);
    map_done(&registry->own_domains);
    lock_done(&registry->lock);
    explicit_bzero(registry->secret, sizeof registry->secret);
}

void
registry_cache_clear(struct registry *registry)
{
    lock_enter(&registry->lock);
    cache_empty(registry);
    registry->epoch++;
    lock_leave(&registry->lock);
}

void
registry_cache_forget(struct registry *registry, uint64_t id)
{
    size_t pos = 0;
    struct span key;
    void *kept;

    lock_enter(&registry->lock);
    while (map_next(&registry->cache, &pos, &key, &kept))
        if (((const struct registry_kept *)kept)->id == id)
            kept_drop(map_take(&registry->cache, key));
    registry->generation++;
    registry->counted = false;
    registry->epoch++;
    lock_leave(&registry->lock);
}

void
registry_cache_forget_shares(struct registry *registry)
{
    lock_enter(&registry->lock);
    registry->shares = SHARES_UNKNOWN;
    registry->shares_serial++;
    lock_leave(&registry->lock);
}

void
registry_cache_rights_changed(struct registry *registry)
{
    lock_enter(&registry->lock);
    registry->epoch++;
    registry->rights_epoch++;
    lock_leave(&registry->lock);
}

/* Empties the cache if somebody else has changed something. An engine that cannot say so now is
 * asked again in a second, and nothing that was cached before is answered. */
static void
cache_check(struct registry *registry)
{
    const int64_t now_us = clock_mono_us(registry->clock);
    uint64_t serial = 0;

    lock_enter(&registry->lock);
    const bool due = now_us - registry->checked_us >= CHECK_AFTER_US;
    if (due)
        registry->checked_us = now_us;
    lock_leave(&registry->lock);
    if (!due)
        return;
    const enum rc rc = registry->ops->changes(registry, &serial, NULL);
    lock_enter(&registry->lock);
    if (rc != RC_OK || serial != registry->serial) {
        cache_empty(registry);
        registry->epoch++;
        registry->rights_epoch++;
    }
    if (rc == RC_OK)
        registry->serial = serial;
    lock_leave(&registry->lock);
}

/* A number of the registry, which is guarded by its lock, after cache_check. */
static uint64_t
checked(struct registry *registry, const uint64_t *number)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const uint64_t value = *number;
    lock_leave(&registry->lock);
    return value;
}

uint64_t
registry_shares_serial(struct registry *registry)
{
    return checked(registry, &registry->shares_serial);
}

uint64_t
registry_cache_look(struct registry *registry)
{
    return checked(registry, &registry->generation);
}

uint64_t
registry_epoch(struct registry *registry)
{
    return checked(registry, &registry->epoch);
}

uint64_t
registry_rights_epoch(struct registry *registry)
{
    return checked(registry, &registry->rights_epoch);
}

bool
registry_cache_get(struct registry *registry, struct span key, struct registry_hit *out,
                   uint64_t *generation_out)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const struct registry_kept *kept = map_get(&registry->cache, key);
    if (kept != NULL)
        kept_read(kept, out);
    *generation_out = registry->generation;
    lock_leave(&registry->lock);
    return kept != NULL;
}

/* With the lock held. */
static void
put_under(struct registry *registry, struct span key, struct registry_kept *kept)
{
    if (key.len != 0 && map_get(&registry->cache, key) == NULL &&
        map_put(&registry->cache, key, kept) == RC_OK)
        kept->keys++;
}

void
registry_cache_put(struct registry *registry, struct span key, struct span other_key,
                   const struct registry_hit *hit, uint64_t generation)
{
    struct registry_kept *kept = kept_new(hit);

    if (kept == NULL)
        return; /* only slower */
    lock_enter(&registry->lock);
    kept->keys = 1;                           /* ours, until it is in its place */
    if (generation == registry->generation) { /* else it was read before a change */
        if (registry->cache.count >= REGISTRY_CACHE_ENTRIES)
            cache_empty(registry);
        put_under(registry, key, kept);
        put_under(registry, other_key, kept);
    }
    kept_drop(kept);
    lock_leave(&registry->lock);
}

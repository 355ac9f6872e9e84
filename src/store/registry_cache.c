/* SPDX-License-Identifier: MIT */
/*
 * The registry's cache. It is emptied whole by nearly every change and when it is full:
 * passwords and accounts change rarely, and a cache that is sometimes empty cannot be wrong.
 * Only the keys that a server makes by itself, dozens in a second, cost no other account its
 * row; and what users do (granting and taking away rights) costs none. Thread: any.
 */
#include "store/registry_private.h"

#include <stdlib.h>
#include <string.h>

enum { CHECK_AFTER_US = 1000000 }; /* another process's change is seen so late at most */

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
    void *hit;

    while (map_next(&registry->cache, &pos, &key, &hit))
        free(hit);
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
    void *hit;

    lock_enter(&registry->lock);
    while (map_next(&registry->cache, &pos, &key, &hit))
        if (((const struct registry_hit *)hit)->account.id == id)
            free(map_take(&registry->cache, key));
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
    }
    if (rc == RC_OK)
        registry->serial = serial;
    lock_leave(&registry->lock);
}

uint64_t
registry_cache_look(struct registry *registry)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const uint64_t generation = registry->generation;
    lock_leave(&registry->lock);
    return generation;
}

uint64_t
registry_epoch(struct registry *registry)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const uint64_t epoch = registry->epoch;
    lock_leave(&registry->lock);
    return epoch;
}

bool
registry_cache_get(struct registry *registry, struct span key, struct registry_hit *out,
                   uint64_t *generation_out)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const struct registry_hit *hit = map_get(&registry->cache, key);
    if (hit != NULL)
        *out = *hit;
    *generation_out = registry->generation;
    lock_leave(&registry->lock);
    return hit != NULL;
}

void
registry_cache_put(struct registry *registry, struct span key, const struct registry_hit *hit,
                   uint64_t generation)
{
    struct registry_hit *copy = malloc(sizeof *copy);

    if (copy == NULL)
        return; /* only slower */
    *copy = *hit;
    lock_enter(&registry->lock);
    if (generation == registry->generation) { /* else it was read before a change */
        if (registry->cache.count >= REGISTRY_CACHE_ENTRIES)
            cache_empty(registry);
        if (map_get(&registry->cache, key) == NULL &&
            map_put(&registry->cache, key, copy) == RC_OK)
            copy = NULL;
    }
    lock_leave(&registry->lock);
    free(copy);
}

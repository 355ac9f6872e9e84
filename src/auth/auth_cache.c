/* SPDX-License-Identifier: MIT */
/*
 * A table of rows of eight entries. Octets of the MAC choose the row, in which the oldest
 * entry is replaced. There is one lock, held for a few comparisons.
 */
#include "auth/auth_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/lock.h"
#include "base/rng.h"

enum { WAYS = 8, MAC_OCTETS = 32 };

struct cache_entry {
    int64_t until_ms; /* monotonic; 0: empty */
    uint8_t mac[MAC_OCTETS];
};

struct auth_cache {
    struct lock lock; /* LOCK_AUTH_CACHE; guards the entries */
    uint32_t rows;    /* a power of two */
    int64_t ttl_ms;
    const struct clock *clock;
    uint8_t key[MAC_OCTETS]; /* of this process */
    struct cache_entry entries[];
};

struct auth_cache *
auth_cache_new(uint32_t entries, int64_t ttl_ms, const struct clock *clock)
{
    uint32_t rows = 1;

    while (rows * WAYS < entries && rows < UINT32_MAX / 2 / WAYS)
        rows *= 2;
    struct auth_cache *cache =
        calloc(1, sizeof *cache + (size_t)rows * WAYS * sizeof cache->entries[0]);
    if (cache == NULL)
        return NULL;
    lock_init(&cache->lock, LOCK_AUTH_CACHE);
    cache->rows = rows;
    cache->ttl_ms = ttl_ms;
    cache->clock = clock;
    rng_fill(&rng_system, cache->key, sizeof cache->key);
    return cache;
}

void
auth_cache_free(struct auth_cache *cache)
{
    if (cache == NULL)
        return;
    OPENSSL_cleanse(cache->key, sizeof cache->key);
    lock_done(&cache->lock);
    free(cache);
}

/* False for passwords too long to be right, and when OpenSSL fails. */
static bool
mac_of(const struct auth_cache *cache, uint64_t account_id, uint64_t generation,
       struct span password, uint8_t mac[MAC_OCTETS])
{
    uint8_t text[16 + LIMIT_PASSWORD];
    unsigned len = 0;

    if (password.len == 0 || password.len > LIMIT_PASSWORD)
        return false;
    memcpy(text, &account_id, 8);
    memcpy(text + 8, &generation, 8);
    memcpy(text + 16, password.ptr, password.len);
    const bool ok = HMAC(EVP_sha256(), cache->key, sizeof cache->key, text, 16 + password.len,
                         mac, &len) != NULL;
    OPENSSL_cleanse(text, sizeof text);
    return ok;
}

static struct cache_entry *
row_of(struct auth_cache *cache, const uint8_t mac[MAC_OCTETS])
{
    uint32_t number;

    memcpy(&number, mac, sizeof number);
    return &cache->entries[(size_t)(number & (cache->rows - 1)) * WAYS];
}

/* The entry of this MAC, or NULL. With the lock held. */
static struct cache_entry *
find(struct auth_cache *cache, const uint8_t mac[MAC_OCTETS], int64_t now_ms)
{
    struct cache_entry *row = row_of(cache, mac);

    for (unsigned i = 0; i < WAYS; i++)
        if (row[i].until_ms > now_ms && CRYPTO_memcmp(row[i].mac, mac, MAC_OCTETS) == 0)
            return &row[i];
    return NULL;
}

bool
auth_cache_has(struct auth_cache *cache, uint64_t account_id, uint64_t generation,
               struct span password)
{
    uint8_t mac[MAC_OCTETS];

    if (!mac_of(cache, account_id, generation, password, mac))
        return false;
    const int64_t now_ms = clock_mono_ms(cache->clock);
    lock_enter(&cache->lock);
    const bool found = find(cache, mac, now_ms) != NULL;
    lock_leave(&cache->lock);
    return found;
}

void
auth_cache_put(struct auth_cache *cache, uint64_t account_id, uint64_t generation,
               struct span password)
{
    uint8_t mac[MAC_OCTETS];

    if (!mac_of(cache, account_id, generation, password, mac))
        return;
    const int64_t now_ms = clock_mono_ms(cache->clock);
    lock_enter(&cache->lock);
    struct cache_entry *entry = find(cache, mac, now_ms);
    if (entry == NULL) {
        struct cache_entry *row = row_of(cache, mac);
        entry = row;
        for (unsigned i = 1; i < WAYS; i++)
            if (row[i].until_ms < entry->until_ms)
                entry = &row[i];
        memcpy(entry->mac, mac, MAC_OCTETS);
    }
    entry->until_ms = now_ms + cache->ttl_ms;
    lock_leave(&cache->lock);
}

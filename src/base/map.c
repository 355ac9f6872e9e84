/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing and tombstones; grows at three quarters. Keys of up to 8
 * octets, such as all numbers, are in the slot; longer ones are owned copies. A slot has only
 * 24 octets, because parked sessions have places in four maps. The hash is SipHash-2-4 with a
 * random key that is drawn once for the process.
 */
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/check.h"

enum { INLINE_KEY = 8, FIRST_CAP = 16 };

struct map_slot {
    void *value; /* NULL: free or tombstone */
    union {
        char here[INLINE_KEY];
        char *there;
    } key;
    uint32_t hash; /* the lower half, with which slots are found */
    uint32_t len;  /* in a tombstone: DEAD */
};

#define DEAD UINT32_MAX

_Static_assert(sizeof(struct map_slot) == 24, "see above");

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void
hash_key_draw(void)
{
    CHECK(getrandom(hash_key, sizeof hash_key, 0) == (ssize_t)sizeof hash_key);
}

static inline uint64_t
rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

static inline void
sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

uint64_t
map_hash(struct span key)
{
    pthread_once(&hash_key_once, hash_key_draw);
    uint64_t v[4] = {hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du,
                     hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u};
    const size_t whole = key.len & ~(size_t)7;
    uint64_t word;

    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, key.ptr + i, 8);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)key.len << 56;
    for (size_t i = whole; i < key.len; i++)
        word |= (uint64_t)(unsigned char)key.ptr[i] << (8 * (i - whole));
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct span
slot_key(const struct map_slot *slot)
{
    return span_of(slot->len > INLINE_KEY ? slot->key.there : slot->key.here, slot->len);
}

static void
slot_key_free(struct map_slot *slot)
{
    if (slot->len > INLINE_KEY)
        free(slot->key.there);
}

void
map_init(struct map *map)
{
    *map = (struct map){0};
}

void
map_done(struct map *map)
{
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].value != NULL)
            slot_key_free(&map->slots[i]);
    free(map->slots);
    map_init(map);
}

/* The key's slot, or the free one where it would go (NULL only while nothing is allocated). */
static struct map_slot *
slot_find(const struct map *map, struct span key, uint32_t hash)
{
    struct map_slot *grave = NULL;

    if (map->cap == 0)
        return NULL;
    for (size_t i = hash & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
        struct map_slot *slot = &map->slots[i];
        if (slot->value == NULL) {
            if (slot->len != DEAD)
                return grave == NULL ? slot : grave;
            if (grave == NULL)
                grave = slot;
        } else if (slot->hash == hash && span_eq(slot_key(slot), key)) {
            return slot;
        }
    }
}

static enum rc
rehash(struct map *map)
{
    size_t cap = FIRST_CAP;

    while (cap < (map->count + 1) * 2)
        cap *= 2;
    struct map bigger = {.slots = calloc(cap, sizeof *bigger.slots), .cap = cap};
    if (bigger.slots == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < map->cap; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (slot->value == NULL)
            continue;
        *slot_find(&bigger, slot_key(slot), slot->hash) = *slot;
        bigger.count++;
    }
    bigger.filled = bigger.count;
    free(map->slots);
    *map = bigger;
    return RC_OK;
}

enum rc
map_put(struct map *map, struct span key, void *value)
{
    CHECK(value != NULL && key.len < DEAD);
    const uint32_t hash = (uint32_t)map_hash(key);
    struct map_slot *slot = slot_find(map, key, hash);

    if (slot != NULL && slot->value != NULL) {
        slot->value = value;
        return RC_OK;
    }
    if (map->filled + 1 > map->cap / 4 * 3) {
        if (rehash(map) != RC_OK)
            return RC_LIMIT;
        slot = slot_find(map, key, hash);
    }
    struct map_slot fresh = {.hash = hash, .value = value, .len = (uint32_t)key.len};
    if (key.len > INLINE_KEY) {
        fresh.key.there = malloc(key.len);
        if (fresh.key.there == NULL)
            return RC_LIMIT;
        memcpy(fresh.key.there, key.ptr, key.len);
    } else if (key.len > 0) {
        memcpy(fresh.key.here, key.ptr, key.len);
    }
    if (slot->len != DEAD)
        map->filled++;
    map->count++;
    *slot = fresh;
    return RC_OK;
}

void *
map_get(const struct map *map, struct span key)
{
    const struct map_slot *slot = slot_find(map, key, (uint32_t)map_hash(key));

    return slot == NULL ? NULL : slot->value;
}

void *
map_take(struct map *map, struct span key)
{
    struct map_slot *slot = slot_find(map, key, (uint32_t)map_hash(key));

    if (slot == NULL || slot->value == NULL)
        return NULL;
    void *value = slot->value;
    slot_key_free(slot);
    *slot = (struct map_slot){.len = DEAD};
    map->count--;
    return value;
}

bool
map_next(const struct map *map, size_t *pos, struct span *key_out, void **value_out)
{
    for (; *pos < map->cap; (*pos)++) {
        const struct map_slot *slot = &map->slots[*pos];
        if (slot->value == NULL)
            continue;
        (*pos)++;
        if (key_out != NULL)
            *key_out = slot_key(slot);
        *value_out = slot->value;
        return true;
    }
    return false;
}

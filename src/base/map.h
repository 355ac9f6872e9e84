/* SPDX-License-Identifier: MIT */
/*
 * Hash map from octet strings or from 64-bit numbers to pointers. Keys are copied; values are
 * borrowed (the map never frees them). The hash is keyed per process (SipHash-2-4), so a peer
 * cannot choose colliding keys. Not shared between threads: the owner's lock guards it.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"

struct map_slot;

struct map {
    struct map_slot *slots; /* owned, power of two or NULL */
    size_t cap;
    size_t count;  /* entries */
    size_t filled; /* entries and tombstones */
};

void map_init(struct map *map);
void map_done(struct map *map);
/** Adds or replaces an entry. RC_LIMIT: no memory. value must not be NULL. */
MUST_USE enum rc map_put(struct map *map, struct span key, void *value);
/** The value or NULL. */
void *map_get(const struct map *map, struct span key);
/** Removes and returns the value, or NULL. */
void *map_take(struct map *map, struct span key);

static inline struct span
map_key_u64(const uint64_t *number)
{
    return span_of(number, sizeof *number);
}

/** Visits all entries: start with *pos = 0. False: the end. The map must not change, except
 * that the current entry may be removed. */
bool map_next(const struct map *map, size_t *pos, struct span *key_out, void **value_out);

/** The map's own hash, for others that need a keyed one (shards, filters). Thread: any. */
uint64_t map_hash(struct span key);

#endif

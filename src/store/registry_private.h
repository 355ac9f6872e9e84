/* SPDX-License-Identifier: MIT */
/* What the files of the registry share above its engines: the cache. Thread: any. */
#ifndef STORE_REGISTRY_PRIVATE_H
#define STORE_REGISTRY_PRIVATE_H

#include "store/registry_engine.h"

/* keys, usually two for each row: about 1 MB when full */
enum { REGISTRY_CACHE_ENTRIES = 4096 };

/** After a change: what was read before it is neither answered nor put in any more. */
void registry_cache_clear(struct registry *registry);
/** After a change of this account only, which changed no name: the same for its rows. */
void registry_cache_forget(struct registry *registry, uint64_t id);
/** Call it after a change of who shares with whom, which does not change accounts: whether
 * anybody shares must be read again. */
void registry_cache_forget_shares(struct registry *registry);
/** Call it after a change of groups, which does not change accounts either, and after one of
 * which accounts there are: rights may be different now. */
void registry_cache_rights_changed(struct registry *registry);
/** Empties the cache if somebody else has changed something; the generation as it is then. May
 *  wait for the engine, once a second. */
uint64_t registry_cache_look(struct registry *registry);
/** The same; then a copy of what is cached under key, or false. */
MUST_USE bool registry_cache_get(struct registry *registry, struct span key,
                                 struct registry_hit *out, uint64_t *generation_out);
/** Caches a row under both keys; the second may be empty. generation: taken before hit was
 * read. */
void registry_cache_put(struct registry *registry, struct span key, struct span other_key,
                        const struct registry_hit *hit, uint64_t generation);

#endif

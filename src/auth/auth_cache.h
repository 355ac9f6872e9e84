/* SPDX-License-Identifier: MIT */
/*
 * Remembers passwords that were verified recently, so that a slow hash is computed once and not
 * for each of a client's five connections. An entry is an HMAC-SHA-256, under a key of this
 * process, of account, password generation and password, so no password can be read from the
 * table. A change of the password changes the generation, and old entries no longer match. The
 * table is bounded, and entries expire.
 */
#ifndef AUTH_AUTH_CACHE_H
#define AUTH_AUTH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/span.h"

struct auth_cache;

/** entries: at least 8, rounded up to a power of two. NULL: no memory. Thread: start-up. */
struct auth_cache *auth_cache_new(uint32_t entries, int64_t ttl_ms, const struct clock *clock);
void auth_cache_free(struct auth_cache *cache);

/** Whether this password was verified for the account's generation. Thread: any;
 *  microseconds. */
bool auth_cache_has(struct auth_cache *cache, uint64_t account_id, uint64_t generation,
                    struct span password);
/** Remembers a verified password; replaces the oldest entry of its row. Thread: any. */
void auth_cache_put(struct auth_cache *cache, uint64_t account_id, uint64_t generation,
                    struct span password);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The heap, and parts of it that are kept separate. malloc is that of jemalloc, which returns
 * pages to the system by itself some seconds after they were freed. A library that takes
 * thousands of small blocks for a minute has an arena of its own here. In a common heap these
 * blocks would be between others that live for days, and hardly a page would ever become free.
 * (Measured with 3,000 idle sessions, each on its own account: 34 KiB for a session with one
 * heap, 5 with two.) Large blocks need no arena: OpenSSL takes the buffers of its records from
 * the heap.
 *
 * Under the sanitizers, which have their own malloc, everything comes from that one.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum memory_use {
    MEMORY_SQLITE,   /* an open database has about 100 KiB, a closed one nothing */
    MEMORY_REGISTRY, /* rows of the registry's cache, which are all freed at once */
    /* messages of mailboxes, freed when nobody has asked for them for some seconds */
    MEMORY_VERSIONS,
    MEMORY_USES,
};

/** Like malloc, realloc and free, from the arena for that use. A block returns to the arena
 * that it came from. Thread: any. */
MUST_USE void *memory_take(enum memory_use use, size_t octets);
MUST_USE void *memory_change(enum memory_use use, void *ptr, size_t octets);
void memory_give(enum memory_use use, void *ptr);
/** The octets that the block really has, at least those asked for. */
size_t memory_block_octets(void *ptr);

/** Octets in use in the arena now; 0: unknown (sanitizers). It adds up counters of the heap, so
 * it may be called once a second, but not for every request. Thread: any. */
uint64_t memory_octets(enum memory_use use);
/** Returns free pages at once, for measurements. Thread: any. */
void memory_trim(void);

#endif

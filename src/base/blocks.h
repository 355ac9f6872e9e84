/* SPDX-License-Identifier: MIT */
/*
 * Blocks of sizes that the heap would round up by a lot, packed without gaps. They are for
 * objects that exist once for each of many thousand idle connections: OpenSSL's SSL has 7,624
 * octets, for which the heap uses 8,192 and a record. This saves 1.1 KiB for each TLS
 * connection at rest.
 *
 * Sizes that the heap serves well come from the heap, and all sizes do if there is no room
 * here. Callers need not know which. Under the sanitizers OpenSSL does not use this
 * (net/tls.c).
 */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/** Like malloc, realloc (but octets must not be 0) and free. Blocks must be freed here. Thread:
 * any; any lock may be held. */
MUST_USE void *blocks_take(size_t octets);
MUST_USE void *blocks_change(void *ptr, size_t octets);
void blocks_give(void *ptr);

/** Whether blocks of that size are packed here. */
bool blocks_packs(size_t octets);
/** An upper bound of the memory used for packed blocks, in octets. For tests. Thread: any. */
size_t blocks_held_octets(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Blocks of sizes that the heap would round up by a lot, packed without gaps. They are for what
 * exists once for each of many thousand idle connections: OpenSSL's SSL has 7,624 octets, for
 * which the heap takes 8,192 and a record. This saves 1.1 KiB for each TLS connection at rest.
 *
 * Sizes that the heap serves well, and all sizes when there is no room here, come from the
 * heap, and callers need not care which. Under the sanitizers OpenSSL does not use this
 * (net/tls.c).
 */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/** As malloc, realloc (but octets is not 0) and free. A block may only be given back here.
 *  Thread: any; any lock may be held. */
MUST_USE void *blocks_take(size_t octets);
MUST_USE void *blocks_change(void *ptr, size_t octets);
void blocks_give(void *ptr);

/** Whether blocks of that size are packed here. */
bool blocks_packs(size_t octets);
/** Octets that the system has given for packed blocks, at most: for tests. Thread: any. */
size_t blocks_held_octets(void);

#endif

/* SPDX-License-Identifier: MIT */
/* See tls_memory_init. */
#include "net/tls.h"

#include <openssl/crypto.h>

#include "base/blocks.h"

#ifdef ROOST_JEMALLOC

static void *
take(size_t octets, const char *file, int line)
{
    (void)file, (void)line;
    return octets == 0 ? NULL : blocks_take(octets);
}

static void
give(void *ptr, const char *file, int line)
{
    (void)file, (void)line;
    blocks_give(ptr);
}

static void *
change(void *ptr, size_t octets, const char *file, int line)
{
    if (octets != 0)
        return blocks_change(ptr, octets);
    give(ptr, file, line);
    return NULL;
}

bool
tls_memory_init(void)
{
    return CRYPTO_set_mem_functions(take, change, give) == 1;
}

#else

bool
tls_memory_init(void)
{
    return true; /* a sanitizer wants to see every block */
}

#endif

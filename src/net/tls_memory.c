/* SPDX-License-Identifier: MIT */
/*
 * Two pools of blocks, one size each, in areas of address space that are reserved once and
 * touched only as far as they are used; a lock-free stack of free blocks for each. A pointer
 * belongs to an area by its address. When an area is full, and for every other size, malloc
 * serves (a storm of 10,000 handshakes fits). Beyond WARM_BLOCKS in use a freed block's pages
 * go back to the system, so that a storm of handshakes leaves no trace.
 *
 * The head of a stack is a block number and a counter that changes with every push and pop,
 * so that a compare-and-swap cannot mistake a stack that was changed and changed back.
 */
#include "net/tls_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

enum { BLOCKS = 16384, WARM_BLOCKS = 64 };
#define NO_BLOCK UINT32_MAX

struct pool {
    size_t block_octets;         /* whole pages */
    size_t smallest;             /* requests below are not this pool's */
    char *area;                  /* NULL: not set up; constant afterwards */
    _Atomic(uint64_t) free_head; /* counter in the upper half, block in the lower */
    _Atomic(uint32_t) next_free[BLOCKS];
    _Atomic(uint32_t) fresh; /* blocks from here on were never used */
    atomic_uint in_use;
};

/* What lives long lies between and below the two: an SSL has 7.6 KiB, a session 0.9. */
static struct pool pools[] = {
    {.block_octets = 4 << 10,
     .smallest = 3 << 10}, /* its buffers between record and handshake */
    {.block_octets = 24 << 10, .smallest = 10 << 10}, /* records and handshake messages */
};
enum { POOLS = sizeof pools / sizeof pools[0] };

static atomic_uint_fast64_t overflowed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint64_t
head_make(uint64_t old, uint32_t block)
{
    return ((old >> 32) + 1) << 32 | block;
}

static struct pool *
pool_for(size_t octets)
{
    for (size_t i = 0; i < POOLS; i++)
        if (octets >= pools[i].smallest && octets <= pools[i].block_octets)
            return &pools[i];
    return NULL;
}

static struct pool *
pool_of(const void *ptr)
{
    for (size_t i = 0; i < POOLS; i++) {
        const struct pool *pool = &pools[i];
        if (pool->area != NULL &&
            (uintptr_t)ptr - (uintptr_t)pool->area < BLOCKS * pool->block_octets)
            return &pools[i];
    }
    return NULL;
}

/* One that was given back, or NO_BLOCK. */
static uint32_t
block_pop(struct pool *pool)
{
    uint64_t head = atomic_load(&pool->free_head);
    uint32_t block;
    uint32_t next;

    do {
        block = (uint32_t)head;
        if (block == NO_BLOCK)
            break;
        next = atomic_load(&pool->next_free[block]);
    } while (!atomic_compare_exchange_weak(&pool->free_head, &head, head_make(head, next)));
    return block;
}

/* One that nobody has used yet, or NO_BLOCK. */
static uint32_t
block_fresh(struct pool *pool)
{
    uint32_t block = atomic_load(&pool->fresh);

    do {
        if (block == BLOCKS)
            return NO_BLOCK;
    } while (!atomic_compare_exchange_weak(&pool->fresh, &block, block + 1));
    return block;
}

static void *
block_take(struct pool *pool)
{
    uint32_t block = block_pop(pool);

    if (block == NO_BLOCK)
        block = block_fresh(pool);
    if (block == NO_BLOCK) {
        atomic_fetch_add(&overflowed, 1);
        return NULL;
    }
    atomic_fetch_add(&pool->in_use, 1);
    return pool->area + block * pool->block_octets;
}

static void
block_give(struct pool *pool, void *ptr)
{
    const uint32_t block =
        (uint32_t)(((uintptr_t)ptr - (uintptr_t)pool->area) / pool->block_octets);

    if (atomic_fetch_sub(&pool->in_use, 1) > WARM_BLOCKS)
        madvise(ptr, pool->block_octets, MADV_DONTNEED);
    uint64_t head = atomic_load(&pool->free_head);
    do
        atomic_store(&pool->next_free[block], (uint32_t)head);
    while (!atomic_compare_exchange_weak(&pool->free_head, &head, head_make(head, block)));
}

static void *
take(size_t octets, const char *file, int line)
{
    struct pool *pool = pool_for(octets);
    void *ptr = pool == NULL ? NULL : block_take(pool);

    (void)file, (void)line;
    return ptr == NULL ? malloc(octets) : ptr;
}

static void
give(void *ptr, const char *file, int line)
{
    struct pool *pool = pool_of(ptr);

    (void)file, (void)line;
    if (pool == NULL)
        free(ptr);
    else
        block_give(pool, ptr);
}

static void *
change(void *ptr, size_t octets, const char *file, int line)
{
    const struct pool *pool = pool_of(ptr);

    if (pool == NULL && (ptr != NULL || pool_for(octets) == NULL))
        return realloc(ptr, octets);
    void *bigger = octets == 0 ? NULL : take(octets, file, line);
    if (bigger != NULL && pool != NULL)
        memcpy(bigger, ptr, octets < pool->block_octets ? octets : pool->block_octets);
    if (pool != NULL && (bigger != NULL || octets == 0))
        give(ptr, file, line);
    return bigger;
}

static bool
pool_set_up(struct pool *pool)
{
    void *map = mmap(NULL, BLOCKS * pool->block_octets, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED)
        return false;
    atomic_init(&pool->free_head, NO_BLOCK);
    pool->area = map;
    return true;
}

/* AddressSanitizer is to see each block by itself. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_POOLS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NO_POOLS
#endif

static void
set_up(void)
{
#ifdef NO_POOLS
    bool done = false;
#else
    bool done = true;
#endif

    for (size_t i = 0; i < POOLS && done; i++)
        done = pool_set_up(&pools[i]);
    /* Refused when OpenSSL has memory of malloc already: it then stays with malloc. */
    if (done && CRYPTO_set_mem_functions(take, change, give) == 1)
        return;
    for (size_t i = 0; i < POOLS; i++) {
        if (pools[i].area != NULL)
            munmap(pools[i].area, BLOCKS * pools[i].block_octets);
        pools[i].area = NULL;
    }
}

void
tls_memory_set_up(void)
{
    pthread_once(&once, set_up);
}

void
tls_memory_stats(uint32_t *in_use_out, uint64_t *overflowed_out)
{
    uint32_t in_use = 0;

    for (size_t i = 0; i < POOLS; i++)
        in_use += atomic_load(&pools[i].in_use);
    *in_use_out = in_use;
    *overflowed_out = atomic_load(&overflowed);
}

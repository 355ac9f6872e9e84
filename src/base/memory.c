/* SPDX-License-Identifier: MIT */
/*
 * Arenas of jemalloc. They are all made when the first one is used. Blocks of an arena bypass
 * the threads' caches, which would otherwise keep some of them and so prevent pages from
 * becoming empty.
 */
#include "base/memory.h"

#ifdef ROOST_JEMALLOC

#include <pthread.h>
#include <stdio.h>

#include <jemalloc/jemalloc.h>

#include "base/check.h"

/* Read by jemalloc at its first allocation. Pages that were free for two seconds are returned
 * by a thread of jemalloc, so that it also happens in a process that has become idle. Threads
 * do not cache freed blocks above 4 KiB: those of a TLS handshake have 16 to 22 KiB. */
const char *malloc_conf =
    "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0,tcache_max:4096";

enum { ARENA_DECAY_MS = 10000 };

static unsigned arenas[MEMORY_USES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Users that take and free thousands of blocks need them again at once under load, and pages
 * that were returned to the system in between would cost more than everything else. */
static void
arenas_make(void)
{
    char name[64];
    ssize_t decay_ms = ARENA_DECAY_MS;

    for (unsigned use = 0; use < MEMORY_USES; use++) {
        size_t size = sizeof arenas[use];
        CHECK(mallctl("arenas.create", &arenas[use], &size, NULL, 0) == 0);
        snprintf(name, sizeof name, "arena.%u.dirty_decay_ms", arenas[use]);
        CHECK(mallctl(name, NULL, NULL, &decay_ms, sizeof decay_ms) == 0);
    }
}

static int
flags_of(enum memory_use use)
{
    pthread_once(&once, arenas_make);
    return (int)(MALLOCX_ARENA(arenas[use]) | MALLOCX_TCACHE_NONE);
}

void *
memory_take(enum memory_use use, size_t octets)
{
    return mallocx(octets == 0 ? 1 : octets, flags_of(use));
}

void *
memory_change(enum memory_use use, void *ptr, size_t octets)
{
    if (ptr == NULL)
        return memory_take(use, octets);
    if (octets != 0)
        return rallocx(ptr, octets, flags_of(use));
    memory_give(use, ptr);
    return NULL;
}

void
memory_give(enum memory_use use, void *ptr)
{
    if (ptr != NULL)
        dallocx(ptr, flags_of(use));
}

size_t
memory_block_octets(void *ptr)
{
    return ptr == NULL ? 0 : sallocx(ptr, 0);
}

static uint64_t
arena_octets(unsigned arena, const char *what)
{
    char name[64];
    size_t octets = 0;
    size_t size = sizeof octets;

    snprintf(name, sizeof name, "stats.arenas.%u.%s.allocated", arena, what);
    return mallctl(name, &octets, &size, NULL, 0) == 0 ? octets : 0;
}

uint64_t
memory_octets(enum memory_use use)
{
    uint64_t epoch = 1;

    (void)flags_of(use);
    if (mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0)
        return 0;
    return arena_octets(arenas[use], "small") + arena_octets(arenas[use], "large");
}

void
memory_trim(void)
{
    char name[64];

    snprintf(name, sizeof name, "arena.%u.purge", (unsigned)MALLCTL_ARENAS_ALL);
    (void)mallctl(name, NULL, NULL, NULL, 0);
}

#else

#include <malloc.h>
#include <stdlib.h>

void *
memory_take(enum memory_use use, size_t octets)
{
    (void)use;
    return malloc(octets == 0 ? 1 : octets);
}

void *
memory_change(enum memory_use use, void *ptr, size_t octets)
{
    (void)use;
    if (ptr == NULL || octets != 0)
        return realloc(ptr, octets == 0 ? 1 : octets);
    free(ptr);
    return NULL;
}

void
memory_give(enum memory_use use, void *ptr)
{
    (void)use;
    free(ptr);
}

size_t
memory_block_octets(void *ptr)
{
    return malloc_usable_size(ptr);
}

uint64_t
memory_octets(enum memory_use use)
{
    (void)use;
    return 0;
}

void
memory_trim(void)
{
}

#endif

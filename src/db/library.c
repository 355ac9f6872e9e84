/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "db/library.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>

#include "base/check.h"
#include "base/memory.h"
#include "db/vfs_pass.h"

/* ---- SQLite's memory, kept apart from everybody else's ---- */

static void *
block_take(int octets)
{
    return memory_take(MEMORY_SQLITE, (size_t)octets);
}

static void
block_give(void *ptr)
{
    memory_give(MEMORY_SQLITE, ptr);
}

static void *
block_change(void *ptr, int octets)
{
    return memory_change(MEMORY_SQLITE, ptr, (size_t)octets);
}

static int
block_octets(void *ptr)
{
    return (int)memory_block_octets(ptr);
}

static int
round_up(int octets)
{
    return (octets + 7) & ~7;
}

static int
begin(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void
end(void *ctx)
{
    (void)ctx;
}

static const sqlite3_mem_methods memory_methods = {
    .xMalloc = block_take,
    .xFree = block_give,
    .xRealloc = block_change,
    .xSize = block_octets,
    .xRoundup = round_up,
    .xInit = begin,
    .xShutdown = end,
};

/* ---- start ---- */

static void
init_once(void)
{
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory_methods) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    /* No page is allocated before it is needed. By default, each handle begins with 20. */
    CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) == SQLITE_OK);
    CHECK(sqlite3_initialize() == SQLITE_OK);
    pass_init(); /* before there are threads that open databases */
}

void
db_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init_once);
}

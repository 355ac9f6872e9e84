/* SPDX-License-Identifier: MIT */
/* See the header. Freeing never fails, so it is not wrapped. */
#include "support/fault_alloc.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* As tests/support/no_memory.py packs it. */
struct plan {
    atomic_uint_fast64_t armed;
    atomic_uint_fast64_t kind; /* enum fault_alloc */
    atomic_uint_fast64_t nth;
    atomic_uint_fast64_t count; /* allocations since it was armed */
    atomic_uint_fast64_t failed;
};

static struct plan own;
static struct plan *plan = &own;

void
fault_alloc_arm(enum fault_alloc how, uint64_t nth)
{
    plan->kind = how;
    plan->nth = nth;
    plan->count = 0;
    plan->failed = 0;
    plan->armed = true;
}

bool
fault_alloc_disarm(void)
{
    plan->armed = false;
    return plan->failed != 0;
}

bool
fault_alloc_share(const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (at == MAP_FAILED)
        return false;
    plan = at;
    return true;
}

/* For a debugger: a breakpoint here shows which allocation fails. */
static void __attribute__((noinline)) fault_alloc_fails(void)
{
    plan->failed++;
    __asm__ volatile("");
}

bool
fault_alloc_next(void)
{
    if (!plan->armed)
        return false;
    const uint64_t nth = atomic_fetch_add(&plan->count, 1) + 1;
    if (nth < plan->nth || (nth > plan->nth && plan->kind == FAULT_ALLOC_ONE))
        return false;
    fault_alloc_fails();
    return true;
}

/* The linker's names (ld --wrap). */
#define WRAP(type, name, params, args)                                                         \
    type __real_##name params;                                                                 \
    type __wrap_##name params;                                                                 \
    type __wrap_##name params                                                                  \
    {                                                                                          \
        return fault_alloc_next() ? NULL : __real_##name args;                                 \
    }

WRAP(void *, malloc, (size_t octets), (octets))
WRAP(void *, calloc, (size_t count, size_t octets), (count, octets))
WRAP(void *, realloc, (void *ptr, size_t octets), (ptr, octets))
WRAP(void *, reallocarray, (void *ptr, size_t count, size_t octets), (ptr, count, octets))
WRAP(void *, aligned_alloc, (size_t align, size_t octets), (align, octets))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t octets), (text, octets))
#ifdef ROOST_JEMALLOC
WRAP(void *, mallocx, (size_t octets, int flags), (octets, flags))
WRAP(void *, rallocx, (void *ptr, size_t octets, int flags), (ptr, octets, flags))
#endif

/* SPDX-License-Identifier: MIT */
/* See the header. Freeing never fails, so it is not wrapped. */
#include "support/fault_alloc.h"

#include <stddef.h>

static bool armed;
static bool failed;
static enum fault_alloc kind;
static uint64_t left;

void
fault_alloc_arm(enum fault_alloc how, uint64_t nth)
{
    kind = how;
    left = nth;
    failed = false;
    armed = true;
}

bool
fault_alloc_disarm(void)
{
    armed = false;
    return failed;
}

/* For a debugger: break here to see whose allocation it is. */
static void __attribute__((noinline)) fault_alloc_fails(void)
{
    failed = true;
    __asm__ volatile("");
}

static bool
fails(void)
{
    if (!armed || (left > 0 && --left > 0))
        return false;
    if (failed && kind == FAULT_ALLOC_ONE)
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
        return fails() ? NULL : __real_##name args;                                            \
    }

WRAP(void *, malloc, (size_t octets), (octets))
WRAP(void *, calloc, (size_t count, size_t octets), (count, octets))
WRAP(void *, realloc, (void *ptr, size_t octets), (ptr, octets))
WRAP(void *, aligned_alloc, (size_t align, size_t octets), (align, octets))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t octets), (text, octets))
#ifdef ROOST_JEMALLOC
WRAP(void *, mallocx, (size_t octets, int flags), (octets, flags))
WRAP(void *, rallocx, (void *ptr, size_t octets, int flags), (ptr, octets, flags))
#endif

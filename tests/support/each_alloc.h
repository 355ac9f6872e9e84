/* SPDX-License-Identifier: MIT */
/*
 * Runs an operation while one allocation after the other fails, alone and together with all
 * that follow, until the operation no longer reaches the failing one. With ROOST_LONG=1 each
 * allocation fails once, otherwise the first ones and a sample of the others. For tests that
 * are linked with fault_alloc_args.
 */
#ifndef SUPPORT_EACH_ALLOC_H
#define SUPPORT_EACH_ALLOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/fault_alloc.h"

struct each_alloc {
    const char *name;
    void (*before)(void *ctx); /* may be NULL; called while memory is available */
    /* The operation. True: it succeeded, and the result is right. False: it reported that
     * memory was short. It must assert everything else itself. */
    bool (*act)(void *ctx);
    void (*after)(void *ctx, bool through); /* like before; through: what act returned */
};

enum { EACH_ALLOC_FIRST = 32, EACH_ALLOC_MAX = 1000000 };

/** Returns the number of allocations that the operation makes. */
static inline uint64_t
each_alloc(const struct each_alloc *one, void *ctx)
{
    const bool all = getenv("ROOST_LONG") != NULL;
    uint64_t count = 0;

    for (unsigned how = FAULT_ALLOC_ONE; how <= FAULT_ALLOC_ALL_FROM; how++) {
        bool failed = true;
        uint64_t nth = 1;
        while (failed) {
            if (one->before != NULL)
                one->before(ctx);
            fault_alloc_arm((enum fault_alloc)how, nth);
            const bool through = one->act(ctx);
            failed = fault_alloc_disarm();
            if (!failed && !through)
                fail_msg("%s: refused, and no allocation failed", one->name);
            if (one->after != NULL)
                one->after(ctx, through);
            if (failed)
                count = nth;
            nth += all || nth < EACH_ALLOC_FIRST ? 1 : nth / 8;
            assert_true(nth < EACH_ALLOC_MAX);
        }
    }
    printf("%s: %ju allocations\n", one->name, (uintmax_t)count);
    return count;
}

#endif

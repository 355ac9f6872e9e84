/* SPDX-License-Identifier: MIT */
/*
 * roost-no-memory: the program, except that allocations fail according to the plan in the file
 * named by ROOST_FAULT_ALLOC (fault_alloc.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/fault_alloc.h"

static void __attribute__((constructor)) plan_begin(void)
{
    const char *path = getenv("ROOST_FAULT_ALLOC");

    if (path != NULL && !fault_alloc_share(path)) {
        perror(path);
        abort();
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Ends a process whose own logic failed: one line on standard error, then abort, so that a core
 * can be dumped. Runs on any thread; allocates nothing.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local char breadcrumb[80];

void
check_breadcrumb(const char *text)
{
    snprintf(breadcrumb, sizeof breadcrumb, "%s", text);
}

void
check_failed(const char *cond, const char *file, int line, const char *func)
{
    fprintf(stderr, "roost: check failed: %s at %s:%d in %s [%s]\n", cond, file, line, func,
            breadcrumb);
    fflush(stderr);
    abort();
}

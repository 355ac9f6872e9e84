/* SPDX-License-Identifier: MIT */
/* A directory for each test of a program: `dir`, for tests that are given these two. */
#ifndef SUPPORT_TMPDIR_EACH_H
#define SUPPORT_TMPDIR_EACH_H

#include "support/tmpdir.h"

static struct tmpdir dir;

static inline int
tmpdir_setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    return 0;
}

static inline int
tmpdir_teardown(void **state)
{
    (void)state;
    tmpdir_remove(&dir);
    return 0;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: the Nth allocation from now on fails, alone or with all after it. A
 * test is linked with fault_alloc_args (tests/support/meson.build), which puts these functions
 * before the heap's for all of our code and for SQLite, whose memory comes from base/memory.c.
 * Thread: one.
 */
#ifndef SUPPORT_FAULT_ALLOC_H
#define SUPPORT_FAULT_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

enum fault_alloc { FAULT_ALLOC_ONE, FAULT_ALLOC_ALL_FROM };

void fault_alloc_arm(enum fault_alloc how, uint64_t nth);
/** True when an allocation has failed since it was armed. */
bool fault_alloc_disarm(void);

#endif

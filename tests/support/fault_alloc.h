/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: the Nth allocation from now on fails, alone or with all after it. A
 * test is linked with fault_alloc_args (tests/support/meson.build), which puts these functions
 * before the heap's for all of our code, for SQLite, whose memory comes from base/memory.c, and
 * for OpenSSL, whose memory comes from net/tls_memory.c. Allocations of all threads count.
 *
 * The plan of a whole program can lie in a file that a test maps: fault_alloc_share.
 */
#ifndef SUPPORT_FAULT_ALLOC_H
#define SUPPORT_FAULT_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

enum fault_alloc { FAULT_ALLOC_ONE, FAULT_ALLOC_ALL_FROM };

/** nth: 1 is the next one. */
void fault_alloc_arm(enum fault_alloc how, uint64_t nth);
/** True when an allocation has failed since it was armed. */
bool fault_alloc_disarm(void);

/** Whether the next allocation fails; it is counted. For a test that wraps what allocates
 * inside of a library. */
bool fault_alloc_next(void);

/** From now on the plan is in this file (tests/support/no_memory.py writes it). False: it
 * cannot be mapped. */
bool fault_alloc_share(const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Makes allocations fail: the Nth allocation from now on, alone or with all after it. A test is
 * linked with fault_alloc_args (tests/support/meson.build), which puts these functions before
 * the heap's for all of our code, for SQLite, whose memory comes from base/memory.c, and for
 * OpenSSL, whose memory comes from net/tls_memory.c. Allocations of all threads count.
 *
 * The plan for a whole program can be in a file that a test maps: fault_alloc_share.
 */
#ifndef SUPPORT_FAULT_ALLOC_H
#define SUPPORT_FAULT_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

enum fault_alloc { FAULT_ALLOC_ONE, FAULT_ALLOC_ALL_FROM };

/** nth: 1 is the next one. */
void fault_alloc_arm(enum fault_alloc how, uint64_t nth);
/** Whether an allocation has failed since it was armed. */
bool fault_alloc_disarm(void);

/** Counts an allocation and returns whether it must fail. For a test that wraps a function that
 * allocates inside a library. */
bool fault_alloc_next(void);

/** From now on the plan is in this file (tests/support/no_memory.py writes it). False: it
 * cannot be mapped. */
bool fault_alloc_share(const char *path);

#endif

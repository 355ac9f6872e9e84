/* SPDX-License-Identifier: MIT */
/*
 * What this process may use of the machine. In a container that is often much less than the
 * machine has, and the kernel kills processes that use more.
 */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

/**
 * Memory in octets: that of the machine, or the limit of the control group (version 2 or 1)
 * that this process is in, or of one above it, if that is less. 0: not known.
 *
 * root   "" for the system's /proc and /sys; tests have a folder of their own.
 *
 * Thread: any. Reads a few small files.
 */
uint64_t machine_memory_octets(const char *root);

#endif

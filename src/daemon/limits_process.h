/* SPDX-License-Identifier: MIT */
/*
 * Compares what the kernel allows this process with what the configuration promises. Thread:
 * start-up.
 */
#ifndef DAEMON_LIMITS_PROCESS_H
#define DAEMON_LIMITS_PROCESS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "session/settings.h"

/** Raises the soft limit of open files to the hard one, and sets max_connections to what they
 * allow if it is 0 or more than that. RC_LIMIT: it was more, or there are too few files for
 * normal use. The text says how to fix that, and the server works with what there is. */
MUST_USE enum rc process_limits_raise(struct settings *settings, struct err *err);
/** Whether work_threads (0: the default) and memory_octets fit into what this process may
 * have: RC_LIMIT, with a text that says how to fix it. */
MUST_USE enum rc process_limits_check(uint32_t work_threads, uint64_t memory_octets,
                                      struct err *err);
/** Connections that this number of open files allows. */
uint64_t process_connections(uint64_t files);
/** Files of spools that this number of open files allows at a time. */
uint64_t process_spools(uint64_t files);
/** Files that are neither for the store nor for connections. */
uint64_t process_fds_besides(uint64_t files);
/** The number of descriptors that this process may have now. */
uint64_t process_fds(void);

#endif

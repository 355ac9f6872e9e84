/* SPDX-License-Identifier: MIT */
/*
 * What the kernel allows this process, held against what the configuration promises. Thread:
 * start-up.
 */
#ifndef DAEMON_LIMITS_PROCESS_H
#define DAEMON_LIMITS_PROCESS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "session/settings.h"

/** Raises the soft limit of open files to the hard one. RC_LIMIT, with the mend in the text,
 *  when max_connections cannot be reached; the server works up to the limit all the same. */
MUST_USE enum rc process_limits_raise(const struct settings *settings, struct err *err);
/** Descriptors this process may have now. */
uint64_t process_fds(void);

#endif

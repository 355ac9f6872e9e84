/* SPDX-License-Identifier: MIT */
/*
 * Gives octets to a program and takes what it writes, with bounds on everything: a child
 * (child.h) that is confined (confine.h), reads the octets from its standard input, which it
 * can neither change nor make longer, and is killed with all that it has started when its time
 * is up, when it has written enough, or when somebody wants us to stop. What it says on
 * standard error is dropped.
 *
 * Thread: any that may wait.
 */
#ifndef BASE_RUN_FILTER_H
#define BASE_RUN_FILTER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

struct filter_options {
    const char *const *args; /* args[0]: absolute path; NULL at the end */
    uint32_t wall_ms;
    uint32_t cpu_s;
    uint64_t memory_octets;
    size_t output_octets; /* it may write; there is memory for them */
    int stop_fd;          /* when it is readable, nothing is run; -1: none */
};

/**
 * Appends what the program writes to *out, up to output_octets: what is beyond is not read, and
 * is no failure.
 *
 * RC_NOT_FOUND, RC_DENIED: the program cannot be run. RC_INVALID: it ended with another status
 * than 0, or by a signal. RC_TIMEOUT. RC_AGAIN: stop_fd. RC_UNSUPPORTED: it cannot be confined
 * here. RC_LIMIT: no memory, descriptors or processes. RC_IO. *out is then as before, and err
 * has a text.
 */
MUST_USE enum rc filter_run(const struct filter_options *options, struct span input,
                            struct buf *out, struct err *err);

#endif

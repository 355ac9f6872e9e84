/* SPDX-License-Identifier: MIT */
/*
 * A large file, mapped into memory. A program may truncate the file at any time, and reading
 * the missing octets would end the process (SIGBUS). While a file is mapped here, they read as
 * zeros instead, and mapping_is_whole() reports it. If a file is rewritten, new and old
 * contents are mixed, which only its times show. Thread: main; one at a time.
 */
#ifndef CLI_MAIL_MAPPING_H
#define CLI_MAIL_MAPPING_H

#include <stdbool.h>
#include <time.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct mapping {
    void *base; /* NULL: nothing is mapped */
    size_t octets;
    int fd;                   /* owned; the same file */
    struct timespec modified; /* modification time of the file when it was mapped */
    struct timespec changed;
};

/** Maps the first octets of the file; octets must not be 0. End with mapping_close. */
MUST_USE enum rc mapping_open(struct mapping *mapping, int fd, size_t octets, struct err *err);
void mapping_close(struct mapping *mapping); /* does nothing if nothing is mapped */

static inline struct span
mapping_span(const struct mapping *mapping)
{
    return span_of(mapping->base, mapping->octets);
}

/** Whether everything that was read so far was in the file, and the file is still as it was
 * when it was mapped. True if nothing is mapped. */
bool mapping_is_whole(const struct mapping *mapping);

#endif

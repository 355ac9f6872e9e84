/* SPDX-License-Identifier: MIT */
/*
 * A large file, mapped. A program may truncate the file at any time, and reading what is gone
 * would end the process (SIGBUS): while a file is mapped, such octets are read as zeros
 * instead, and mapping_is_whole() tells it. A file that is rewritten shows what is new there next
 * to what is old, which only its times tell. Thread: main; one at a time.
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
    int fd;                   /* owned: of the same file */
    struct timespec modified; /* when the file was mapped */
    struct timespec changed;
};

/** Maps the file, of which octets are there (not 0). Close with mapping_close. */
MUST_USE enum rc mapping_open(struct mapping *mapping, int fd, size_t octets, struct err *err);
void mapping_close(struct mapping *mapping); /* nothing mapped is allowed */

static inline struct span
mapping_span(const struct mapping *mapping)
{
    return span_of(mapping->base, mapping->octets);
}

/** Whether all that was read so far was in the file, which is still as it was when it was mapped.
 * True if nothing is mapped. */
bool mapping_is_whole(const struct mapping *mapping);

#endif

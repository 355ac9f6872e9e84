/* SPDX-License-Identifier: MIT */
/*
 * Where the octets of literals and of LMTP DATA wait until the whole command is there: in
 * memory up to LIMIT_SPOOL_MEMORY each, within a budget shared by all sessions; beyond that, or
 * when the budget is spent, in a file without a name in DIR/tmp, which a crash takes with it.
 * The store is entered only afterwards.
 *
 * A spool belongs to one session. Appending to the file may wait for the page cache, not for
 * the disk's answer: nothing here is synced.
 */
#ifndef SESSION_SPOOL_H
#define SESSION_SPOOL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Shared by all spools of a server; set up at start. */
struct spool_place {
    const char *dir;       /* DIR/tmp, borrowed for life */
    struct budget *memory; /* octets all spools together may hold in memory; borrowed */
};

struct spool {
    const struct spool_place *place;
    struct buf memory;
    int64_t budget_octets; /* taken from place->memory */
    int fd;                /* -1: everything is in memory */
    uint64_t octets;       /* so far */
    void *map;             /* of the file, while somebody reads it */
};

/** Allocates nothing yet. */
void spool_init(struct spool *spool, const struct spool_place *place);
/** Frees memory, mapping and file; the spool may be used again. */
void spool_done(struct spool *spool);
/** RC_FULL (no space), RC_IO, RC_DENIED (DIR/tmp is not writable). The spool is useless then:
 *  spool_done it, swallow the rest. */
MUST_USE enum rc spool_append(struct spool *spool, struct span data, struct err *err);
/** All of it in one piece, until spool_done or the next append. Memory is given as it is, a
 *  file is mapped. RC_IO, RC_LIMIT. */
MUST_USE enum rc spool_read(struct spool *spool, struct span *text_out, struct err *err);

#endif

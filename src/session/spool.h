/* SPDX-License-Identifier: MIT */
/*
 * Keeps the octets of literals and of LMTP DATA until the whole command has arrived. Each
 * spool has up to LIMIT_SPOOL_MEMORY in memory, within a budget shared by all sessions. Beyond
 * that, or if the budget is spent, the octets are in an unlinked file in DIR/tmp, which
 * disappears with a crash. The store is used only afterwards.
 *
 * A spool belongs to one session. Appending to the file may wait for the page cache but not
 * for the disk, because nothing here is synced.
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
/** RC_FULL (no space), RC_IO, RC_DENIED (DIR/tmp is not writable). After that the spool is
 * useless: call spool_done and discard the rest. */
MUST_USE enum rc spool_append(struct spool *spool, struct span data, struct err *err);
/** Everything in one piece, valid until spool_done or the next append. A file is mapped into
 * memory. RC_IO, RC_LIMIT. */
MUST_USE enum rc spool_read(struct spool *spool, struct span *text_out, struct err *err);

#endif

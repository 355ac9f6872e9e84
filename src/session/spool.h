/* SPDX-License-Identifier: MIT */
/*
 * Keeps the octets of literals and of LMTP DATA until the whole command has arrived. Each
 * spool has up to LIMIT_SPOOL_MEMORY in memory, within a budget shared by all sessions. Beyond
 * that, or if the budget is spent, the octets are in an unlinked file in DIR/tmp, which
 * disappears with a crash. The store is used only afterwards.
 *
 * Descriptors are scarce, so a spool has one only while it is being written: a complete spool
 * is mapped into memory, which needs none. The number of spool files is limited, so that large
 * uploads cannot take the descriptors of the store and of others, and one account may have only
 * a part of them.
 *
 *   spool_init --spool_append--> MEMORY --spool_append--> FILE --spool_seal--> MAPPED
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
#include "base/limits.h"
#include "base/lock.h"
#include "base/span.h"

/* Which accounts have spool files open. */
struct spool_owners {
    struct lock lock; /* LOCK_BUDGET; guards what follows */
    uint32_t most;    /* files that one account may have */
    uint32_t count;   /* rows in use, in no particular order; no more than there are files */
    struct spool_owner {
        uint64_t account_id;
        uint32_t files; /* never 0 */
    } rows[LIMIT_SPOOL_FILES];
};

/* Shared by all spools of a server; set up at start. */
struct spool_place {
    const char *dir;       /* DIR/tmp, borrowed for life */
    struct budget *memory; /* octets that all spools together may hold in memory; borrowed */
    struct budget *files;  /* files that they may have open; borrowed */
    struct budget *kept;   /* further files, only for those who have this place; or NULL */
    struct spool_owners *owners; /* borrowed; or NULL: an account may have all files */
};

struct spool {
    const struct spool_place *place;
    uint64_t account_id; /* the account that it belongs to; 0: none in particular */
    struct buf memory;
    int64_t budget_octets; /* taken from place->memory */
    struct budget *file;   /* the budget that the file was taken from; NULL: it has no file */
    int fd;                /* -1: everything is in memory or mapped */
    uint64_t octets;       /* so far */
    void *map;             /* mapping of the complete file */
};

/** files: the number that all accounts share. */
void spool_owners_init(struct spool_owners *owners, int64_t files);
/** To be called when no spool has a file any more. */
void spool_owners_done(struct spool_owners *owners);

/** Allocates nothing yet. account_id: the account whose share of the files it uses; 0: none. */
void spool_init(struct spool *spool, const struct spool_place *place, uint64_t account_id);
/** Frees memory, mapping and file. The spool may be used again. */
void spool_done(struct spool *spool);
/** Says how many octets will come. RC_CROWDED: they would need a file, and too many spools, or
 * too many of this account, have one; it is better to refuse them now than when they have
 * arrived. */
MUST_USE enum rc spool_expect(struct spool *spool, uint64_t octets, struct err *err);
/** RC_FULL (no space), RC_IO, RC_DENIED (DIR/tmp is not writable), RC_CROWDED. After that the
 * spool is useless: call spool_done and discard the rest. Not after spool_seal. */
MUST_USE enum rc spool_append(struct spool *spool, struct span data, struct err *err);
/** The spool is complete, and its file is closed. If it cannot be mapped now, it keeps its
 * file, and spool_read tries again. */
void spool_seal(struct spool *spool);
/** Seals it and returns everything in one piece, valid until spool_done. RC_IO: it cannot be
 * read. RC_LIMIT: no memory. */
MUST_USE enum rc spool_read(struct spool *spool, struct span *text_out, struct err *err);

#endif

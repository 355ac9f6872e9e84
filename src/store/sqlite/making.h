/* SPDX-License-Identifier: MIT */
/*
 * Making accounts. A new account's directory is made whole under DIR/accounts/spare, from the
 * image of an empty database (tables without rows, db/image.h), synced, and renamed into its
 * place. A server keeps some ready. The mailboxes come with the account's first commit, so
 * that whoever sees rows knows that all names above them are on disk (INV-S14).
 */
#ifndef STORE_SQLITE_MAKING_H
#define STORE_SQLITE_MAKING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/rc.h"

struct sqlite_store;

enum { MAKING_BATCH = 16 }; /* accounts that are made and synced together */

struct making {
    struct lock lock;
    /* Guard: lock. */
    uint64_t ready[LIMIT_SPARE_ACCOUNTS]; /* names below spare/ */
    unsigned ready_count;

    unsigned char *image; /* owned, SQLite's memory; never changes */
    size_t image_octets;
    /* Directories whose names are known to be on disk: xx, and xx/yy. */
    atomic_uchar synced_xx[256 / 8];
    atomic_uchar synced_yy[65536 / 8];
};

MUST_USE enum rc making_init(struct sqlite_store *store, struct err *err);
void making_done(struct sqlite_store *store);
/** Removes spares that an earlier process left. Nobody may be making any at that time. Waits
 * for disk. */
void making_sweep(struct sqlite_store *store);
/** Makes up to max more spares, at most MAKING_BATCH, if there is room for them. False: there
 * are enough, or it failed. Thread: any, but one at a time. Waits for disk. */
bool making_step(struct sqlite_store *store, unsigned max);
/** Whether so few are ready that some should be made. Thread: any. */
bool making_is_due(struct sqlite_store *store);

/**
 * Ensures that the account's directory and files exist and that their names are on disk.
 * RC_EXISTS: there were files already; their names are on disk, too. Thread: any, but one at a
 * time for each account. Waits for disk.
 */
MUST_USE enum rc making_place(struct sqlite_store *store, uint64_t account_id, struct err *err);
/** Makes the directories above the account's own, whose names are on disk when this returns.
 * Waits for disk. */
MUST_USE enum rc making_parents(struct sqlite_store *store, uint64_t account_id,
                                struct err *err);

#endif

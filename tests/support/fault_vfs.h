/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails on demand: an SQLite VFS that passes everything to the system's and fails
 * the Nth write, sync, truncate or delete. So a test can run one operation for N = 1, 2, 3 ...
 * until it succeeds, and look after each failure whether anything acknowledged was lost. Or the
 * Nth of the calls that change nothing. One plan for the whole process.
 */
#ifndef SUPPORT_FAULT_VFS_H
#define SUPPORT_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_VFS "fault" /* for db_options.vfs */

enum fault_kind {
    FAULT_NONE,
    FAULT_FULL,  /* this one operation: SQLITE_FULL */
    FAULT_IO,    /* this one operation: SQLITE_IOERR_WRITE, _FSYNC ... */
    FAULT_CRASH, /* this one and all later ones fail, as if the machine were gone */
    FAULT_LOOK,  /* only opening, reading, asking for a size and locking are counted: EIO */
};

/** Registers the VFS; further calls do nothing. */
void fault_vfs_register(void);

/** The nth operation from now (1: the next) fails. nth 0 or FAULT_NONE: none does. */
void fault_vfs_arm(enum fault_kind kind, uint64_t nth);

/** Operations counted since the last arm, the failed one included. */
uint64_t fault_vfs_count(void);

/** True when the planned failure has happened since the last arm. */
bool fault_vfs_fired(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails on demand: an SQLite VFS that passes everything to the system's and fails
 * the Nth write, sync, truncate or delete. So a test can run one operation for N = 1, 2, 3 ...
 * until it succeeds, and check after each failure whether anything acknowledged was lost. It
 * can also fail the Nth of the calls that change nothing. There is one plan for the whole
 * process.
 */
#ifndef SUPPORT_FAULT_VFS_H
#define SUPPORT_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_VFS "fault" /* for db_options.vfs */

enum fault_kind {
    FAULT_NONE,
    FAULT_FULL,  /* this operation fails with SQLITE_FULL */
    FAULT_IO,    /* this operation fails with SQLITE_IOERR_WRITE, _FSYNC ... */
    FAULT_CRASH, /* this operation and all later ones fail, as if the machine were gone */
    /* only opening, reading, asking for a size and locking are counted; they fail with EIO */
    FAULT_LOOK,
};

/** Registers the VFS; further calls do nothing. */
void fault_vfs_register(void);

/** Makes the nth operation from now on fail (1: the next). nth 0 or FAULT_NONE: none fails. */
void fault_vfs_arm(enum fault_kind kind, uint64_t nth);

/** Operations counted since the last arm, including the failed one. */
uint64_t fault_vfs_count(void);

/** Whether the planned failure has happened since the last arm. */
bool fault_vfs_fired(void);

#endif

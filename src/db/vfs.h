/* SPDX-License-Identifier: MIT */
/*
 * The layer between SQLite and the system's VFS for databases with db_options.own_index. It
 *   - keeps the log's index in memory (db/wal_index.h),
 *   - opens an existing log without SQLITE_OPEN_CREATE, which would make the first commit of
 * each handle sync the directory,
 *   - empties a log in place, so that the next commit needs one sync instead of two,
 *   - gathers the frames of a commit into one write,
 *   - tells an observer what it changes (base/disk.h),
 *   - brings a handle from one database to another (db/move.h),
 *   - asks the system not to read ahead where that would be for nothing, and reads runs of
 * pages in large pieces elsewhere (enum db_reads).
 * All other files that SQLite opens are left to the system's VFS.
 */
#ifndef DB_VFS_H
#define DB_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "db/db.h"

struct log_memo;
struct sqlite3;
struct wal_index;

/** Registers it, once, and returns its name for sqlite3_open_v2. There is one name for each way
 * to read. Thread: any. */
const char *vfs_register(enum db_reads reads);
/** Registers the VFS for all other databases, which only tells the observer, and returns its
 * name. Thread: any. */
const char *vfs_register_told(void);
/** The index of an open database, borrowed. NULL: it was not opened through this VFS. */
struct wal_index *vfs_index(struct sqlite3 *raw);
/** Closes the files of an open database, whose handle stays as it is, and takes its index away
 * from it. False: this is not possible now, because it is in use or shared with others.
 * Afterwards, only wal_index_move together with vfs_move, or closing, is allowed. Thread: the
 * handle's. */
bool vfs_leave(struct sqlite3 *raw, unsigned page_octets);
/** Opens the files of another database, whose index must be held; they are read in that way
 * from now on. memo: of its log, or NULL. False: the files do not fit or cannot be opened, and
 * the handle must be closed. Waits for disk.
 */
MUST_USE bool vfs_move(struct sqlite3 *raw, const char *path, enum db_reads reads,
                       unsigned page_octets, const struct log_memo *memo);
/** Whether this handle has read the log of the database that it was moved to, and so knows
 * nothing of the one before. */
bool vfs_has_arrived(struct sqlite3 *raw);
/** How large the log at path may be, as its file shows; 0: it is known to be empty. Nobody
 * locks a log's file, so this may be called at any time. Thread: any. */
int64_t vfs_log_octets(const char *path);
/** The first octets of the log of a new database. */
struct span vfs_empty_log(void);

#endif

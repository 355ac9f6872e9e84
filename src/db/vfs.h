/* SPDX-License-Identifier: MIT */
/*
 * The layer between SQLite and the system's VFS for databases with db_options.own_index. It
 *   - keeps the log's index in memory (db/wal_index.h),
 *   - opens a log that is there without SQLITE_OPEN_CREATE, which would cost the first commit
 *     of each handle a sync of the directory,
 *   - empties a log in place, in such a way that the next commit needs one sync and not two,
 *   - gathers the frames of a commit into one write,
 *   - tells an observer what it changes (db/disk.h),
 *   - brings a handle from one database to another (db/move.h).
 * Files that SQLite opens for anything else are the system VFS's own.
 */
#ifndef DB_VFS_H
#define DB_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct sqlite3;
struct wal_index;

/** Registers it, once; its name for sqlite3_open_v2. Thread: any. */
const char *vfs_register(void);
/** The index of an open database, or NULL when it was not opened through this VFS. Borrowed. */
struct wal_index *vfs_index(struct sqlite3 *raw);
/** Closes the files of an open database, whose handle stays as it is, and takes its index away
 * from it. False: that is not possible now (in use, shared with others). Nothing but
 * wal_index_move with vfs_move, or closing, may follow. Thread: the handle's. */
bool vfs_leave(struct sqlite3 *raw, unsigned page_octets);
/** Opens those of another database, while its index is held. False: they do not suit, or cannot
 * be opened: close the handle. Waits for disk. */
MUST_USE bool vfs_move(struct sqlite3 *raw, const char *path, unsigned page_octets);
/** This handle has read the log of the database it was moved to, and so knows nothing any more
 * of the one before. */
bool vfs_has_arrived(struct sqlite3 *raw);
/** How large the log at path may be, by a look at its file: 0 when it is known to be empty.
 *  Nobody locks a log's file, so this may be asked at any time. Thread: any. */
int64_t vfs_log_octets(const char *path);
/** What a log of a new database begins as. */
struct span vfs_empty_log(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The index of a database's log (SQLite's "wal-index", its -shm file) in this process's own
 * memory. SQLite maps a file for it, which costs a delivery to a cold account more than the
 * delivery itself: 8 pages written to an empty file and mapped, unmapped again on all
 * processors, some 30 fcntl calls. All handles of an account are in this process, so a piece of
 * memory and a table of locks do.
 *
 * Other programs may still read the database. While a transaction of ours is under way
 * (wal_index_hold), the byte of the -shm file that every SQLite locks is locked for writing:
 * who comes then is told SQLITE_BUSY and waits. Between transactions the lock is free and the
 * file empty. Whoever attaches must first make it longer, so the next hold notices, and the
 * handles are opened again:
 *
 *     UNDECIDED --hold: nobody else is there--------> PRIVATE --somebody was there meanwhile--+
 *         |                                                                                   v
 *         +--hold: another program is attached--> PUBLIC (SQLite's own -shm file) STALE
 *
 * An index can go from one database to another with the one handle that uses it (db/move.h),
 * and is UNDECIDED then.
 *
 * A STALE index serves no transaction: its handles are closed, and new ones get a new index.
 * INV-S11 in docs/invariants.md.
 */
#ifndef DB_WAL_INDEX_H
#define DB_WAL_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/lock.h"

enum {
    WAL_INDEX_LOCKS = 8,      /* SQLITE_SHM_NLOCK */
    WAL_INDEX_REGIONS = 4096, /* of 32 KiB: an index of 4,000 pages each */
};

enum wal_index_mode {
    WAL_INDEX_UNDECIDED,
    WAL_INDEX_PRIVATE,
    WAL_INDEX_PUBLIC,
    WAL_INDEX_STALE,
};

/* What the log's beginning is known to be on disk, see db/vfs_log.c. */
enum wal_begin {
    WAL_BEGIN_UNKNOWN,
    WAL_BEGIN_EMPTY, /* durably no header of a log: older frames behind it are void */
};

struct wal_index;

/** The index of the database at path, made at first need. NULL: no memory. Thread: any. */
struct wal_index *wal_index_get(const char *path);
/** NULL is allowed. The last user frees it. */
void wal_index_put(struct wal_index *index);

/**
 * Keeps other programs out until wal_index_release; holds nest and may be of several threads.
 * RC_GONE: stale. RC_BUSY: another program is just attaching; try again in a millisecond.
 * RC_DENIED, RC_LIMIT, RC_IO: the -shm file (errno). Thread: any; does not wait.
 */
MUST_USE enum rc wal_index_hold(struct wal_index *index);
void wal_index_release(struct wal_index *index);

/** Takes the index away from its database, with its memory, which is zeros from then on. False:
 * it is in use, has another user, is shared with other programs, or has grown large. Thread:
 * any; does not wait. */
bool wal_index_leave(struct wal_index *index);
/** Makes an index that was taken away, and was never held since, that of the database at path.
 * RC_EXISTS: there is one already. RC_LIMIT. Thread: any; does not wait. */
MUST_USE enum rc wal_index_move(struct wal_index *index, const char *path);

enum wal_index_mode wal_index_mode(struct wal_index *index);
bool wal_index_is_stale(const struct wal_index *index);

/** Region `number` of `octets`, zeros when new; *out NULL when it is not there and !extend.
 *  RC_LIMIT: memory. */
MUST_USE enum rc wal_index_map(struct wal_index *index, unsigned number, size_t octets,
                               bool extend, volatile void **out);

/** Region `number`, or NULL when there is none yet. What is in it is guarded by SQLite's
 * locks. */
void *wal_index_memory(struct wal_index *index, unsigned number);

/* Bits of locks that one handle has. */
struct wal_index_locks {
    unsigned shared;
    unsigned exclusive;
};
/** As xShmLock: `count` locks from `first`, all or none. RC_BUSY. */
MUST_USE enum rc wal_index_lock(struct wal_index *index, struct wal_index_locks *own,
                                unsigned first, unsigned count, bool exclusive);
void wal_index_unlock(struct wal_index *index, struct wal_index_locks *own, unsigned first,
                      unsigned count);

/** How much of the log's file stays when it is emptied, 512 KiB unless it is set: giving blocks
 * back and getting new ones costs more than all else of a commit. */
int64_t wal_index_log_keep(const struct wal_index *index);
void wal_index_set_log_keep(struct wal_index *index, int64_t octets);

/** Guarded by the log's write lock, which whoever writes the log holds. */
enum wal_begin wal_index_begin_get(const struct wal_index *index);
void wal_index_begin_set(struct wal_index *index, enum wal_begin begin);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The index of a log as SQLite asks for it (xShmMap, xShmLock ...): from our own memory
 * (db/wal_index.h), or from SQLite's -shm file while another program is attached.
 *
 * Before a lock is taken or given back, the log's frames must be in its file: whoever has the
 * lock next reads them there. Thread: the handle's.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/rc.h"
#include "db/vfs_private.h"
#include "db/wal_form.h"

enum { WRITE_LOCK = 0 }; /* WAL_WRITE_LOCK, SQLite file format 4.5 (walformat.html 2.3.2) */

static int
result_of(enum rc rc, int io_error)
{
    switch (rc) {
    case RC_OK:
        return SQLITE_OK;
    case RC_BUSY:
        return SQLITE_BUSY;
    case RC_LIMIT:
        return SQLITE_NOMEM;
    default:
        return io_error;
    }
}

static bool
is_public(const struct vfs_file *main_db)
{
    return wal_index_mode(main_db->index) == WAL_INDEX_PUBLIC;
}

int
vfs_shm_map(sqlite3_file *file, int region, int octets, int extend, void volatile **map_out)
{
    struct vfs_file *main_db = vfs_file_of(file);
    const enum rc rc = wal_index_hold(main_db->index);

    *map_out = NULL;
    if (rc != RC_OK)
        return result_of(rc, SQLITE_IOERR_SHMMAP);
    const int result = is_public(main_db)
                           ? pass_shm_map(file, region, octets, extend, map_out)
                           : result_of(wal_index_map(main_db->index, (unsigned)region,
                                                     (size_t)octets, extend != 0, map_out),
                                       SQLITE_IOERR_SHMMAP);
    wal_index_release(main_db->index);
    return result;
}

bool
vfs_has_locks(const struct vfs_file *main_db)
{
    return (main_db->locks.shared | main_db->locks.exclusive) != 0;
}

/* SQLite takes a lock of a reader, and then uses it only if the index's header still is what it
 * was before: so this is the end of its snapshot. */
static void
note_snapshot(struct vfs_file *main_db)
{
    const struct wal_region *region = wal_index_memory(main_db->index, 0);

    if (region == NULL)
        return;
    main_db->snapshot.frames = __atomic_load_n(&region->header[0].frames, __ATOMIC_RELAXED);
    memcpy(main_db->snapshot.salt, region->header[0].salt, sizeof main_db->snapshot.salt);
}

static int
private_lock(struct vfs_file *main_db, unsigned first, unsigned count, int flags)
{
    const bool had = vfs_has_locks(main_db);

    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        wal_index_unlock(main_db->index, &main_db->locks, first, count);
        if (had && !vfs_has_locks(main_db))
            wal_index_release(main_db->index);
        return SQLITE_OK;
    }
    enum rc rc = had ? RC_OK : wal_index_hold(main_db->index);
    if (rc != RC_OK)
        return result_of(rc, SQLITE_IOERR_SHMLOCK);
    rc = wal_index_lock(main_db->index, &main_db->locks, first, count,
                        (flags & SQLITE_SHM_EXCLUSIVE) != 0);
    if (rc != RC_OK && !had)
        wal_index_release(main_db->index);
    if (rc == RC_OK && first >= WAL_READ_LOCK_0 && (flags & SQLITE_SHM_SHARED) != 0)
        note_snapshot(main_db);
    return result_of(rc, SQLITE_IOERR_SHMLOCK);
}

int
vfs_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    struct vfs_file *main_db = vfs_file_of(file);
    const int flushed = vfs_log_flush(main_db->other);

    ahead_end(&main_db->ahead);
    if (main_db->other != NULL)
        ahead_end(&main_db->other->ahead);
    if (flushed != SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0)
        return flushed;
    if (offset == WRITE_LOCK && (flags & SQLITE_SHM_UNLOCK) != 0)
        vfs_log_forget_failure(main_db->other); /* it was not committed */
    return is_public(main_db) ? pass_shm_lock(file, offset, n, flags)
                              : private_lock(main_db, (unsigned)offset, (unsigned)n, flags);
}

void
vfs_shm_barrier(sqlite3_file *file)
{
    struct vfs_file *main_db = vfs_file_of(file);
    (void)vfs_log_flush(main_db->other); /* cannot say so; every later call does */
    if (is_public(main_db))
        pass_shm_barrier(file);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

int
vfs_shm_unmap(sqlite3_file *file, int remove)
{
    struct vfs_file *main_db = vfs_file_of(file);

    (void)vfs_log_flush(main_db->other);
    ahead_end(&main_db->ahead);
    if (is_public(main_db))
        return main_db->pass.real->pMethods == NULL ? SQLITE_OK : pass_shm_unmap(file, remove);
    if (vfs_has_locks(main_db)) {
        wal_index_unlock(main_db->index, &main_db->locks, 0, WAL_INDEX_LOCKS);
        wal_index_release(main_db->index);
    }
    return SQLITE_OK;
}

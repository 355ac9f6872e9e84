/* SPDX-License-Identifier: MIT */
/*
 * See the header. A file of ours has the system's one behind it in the same memory. One handle
 * has two: the database and its log, which know each other.
 *
 * Emptying a log. SQLite truncates it; then the next commit writes the log's header, syncs,
 * writes the frames and syncs again. The first of these syncs keeps a new header and new frames
 * from meeting old frames after a power loss: were an old header still there, a prefix of the
 * old log would be taken for the truth. Here the file keeps its blocks, and so later commits
 * change no metadata; what SQLite calls truncation is
 *
 *     1. zeros over the header: no log begins with them
 *     2. sync
 *     3. a long file is cut; EMPTY_MARK over the zeros
 *
 * Whoever finds the mark, after a crash too, knows that 2 has happened, so that no old header
 * can come back from under a power loss: the disk has zeros or the mark, and neither makes a
 * log. Then the header's own sync is left out and the one of the commit does for both
 * (INV-S12). The mark says so only as long as nobody has written behind it: `begin` becomes
 * UNKNOWN before anything is written, and only the mark in the file makes it EMPTY again.
 *
 * Gathering. Frames are held in `held` and go out in one write before everything that could
 * look at them or make a promise about them: xSync, xRead, xFileSize, xTruncate of the log;
 * xShmLock, xShmBarrier and xShmUnmap of its database. A write that fails then is told by the
 * call that needed it. That call may be a read, after which SQLite lets the transaction go on
 * as if only the read had failed, with frames in the index that are not in the file. So every
 * later call of this handle is told too (`failed`), until it gives the write lock back: such a
 * transaction is never committed (INV-S15).
 *
 * Thread: the handle's.
 */
#include "db/vfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/span.h"
#include "db/ahead.h"
#include "db/db.h"
#include "db/disk.h"
#include "db/wal_index.h"

#define VFS_NAME "roost"

enum {
    LOG_HEADER = 32,      /* SQLite file format 4.1 */
    HELD_MAX = 120 << 10, /* below malloc's threshold for maps of their own */
    SPARE_BUFFERS = 16,
    WRITE_LOCK = 0,       /* WAL_WRITE_LOCK, SQLite file format 4.5 (walformat.html 2.3.2) */
    REAL_FILE_MAX = 1024, /* room for the system's file behind ours */
};

#define EMPTY_MARK "roost: nothing is in this log \r\n"
static const char empty_mark[LOG_HEADER + 1] = EMPTY_MARK;

struct vfs_file {
    sqlite3_file base;
    sqlite3_file *real;      /* directly behind this struct */
    const char *name;        /* SQLite's, good until it is closed */
    int flags;               /* it was opened with */
    struct wal_index *index; /* the database's own; the log borrows it */
    struct vfs_file *other;  /* the log of a database, the database of a log; may be NULL */

    struct wal_index_locks locks; /* database */

    struct ahead ahead; /* log: until the lock of a recovery is given back */

    char *held; /* log: not written yet; owned */
    size_t held_octets;
    int64_t held_at;
    int failed;         /* log: why frames of the transaction under way are lost */
    bool name_unsynced; /* log: made by this handle, and not synced yet */
};

static sqlite3_vfs vfs;

static sqlite3_vfs *
real_vfs(void)
{
    return sqlite3_vfs_find(NULL);
}

static struct vfs_file *
ours(sqlite3_file *file)
{
    return (struct vfs_file *)(void *)file;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
    return ours(file)->real;
}

/* ---- buffers for frames ---- */

static pthread_mutex_t spare_mutex = PTHREAD_MUTEX_INITIALIZER;
static char *spare[SPARE_BUFFERS]; /* guard: spare_mutex */
static unsigned spare_count;

static char *
buffer_take(void)
{
    char *buffer = NULL;

    pthread_mutex_lock(&spare_mutex);
    if (spare_count > 0)
        buffer = spare[--spare_count];
    pthread_mutex_unlock(&spare_mutex);
    return buffer != NULL ? buffer : malloc(HELD_MAX);
}

static void
buffer_give(char *buffer)
{
    pthread_mutex_lock(&spare_mutex);
    if (spare_count < SPARE_BUFFERS) {
        spare[spare_count++] = buffer;
        buffer = NULL;
    }
    pthread_mutex_unlock(&spare_mutex);
    free(buffer);
}

/* ---- writing, told to the observer ---- */

static int
write_now(struct vfs_file *file, const void *src, int octets, int64_t offset)
{
    const int result = file->real->pMethods->xWrite(file->real, src, octets, offset);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_WRITE,
                                    .path = file->name,
                                    .offset = offset,
                                    .data = span_of(src, (size_t)octets)});
    return result;
}

static int
truncate_now(struct vfs_file *file, int64_t size)
{
    const int result = file->real->pMethods->xTruncate(file->real, size);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_TRUNCATE, .path = file->name, .offset = size});
    return result;
}

static void
note_directory(const char *name)
{
    const char *slash = strrchr(name, '/');
    char dir[4096];

    if (slash == NULL || (size_t)(slash - name) >= sizeof dir)
        return;
    memcpy(dir, name, (size_t)(slash - name));
    dir[slash - name] = '\0';
    disk_note(&(struct disk_op){.what = DISK_SYNC_DIR, .path = dir});
}

static int
sync_now(struct vfs_file *file, int flags)
{
    const int result = file->real->pMethods->xSync(file->real, flags);

    if (result != SQLITE_OK)
        return result;
    disk_note(&(struct disk_op){.what = DISK_SYNC, .path = file->name});
    if (file->name_unsynced)
        note_directory(file->name); /* the system's VFS has done it */
    file->name_unsynced = false;
    return SQLITE_OK;
}

/* Writes what is held of a log. */
static int
flush(struct vfs_file *log)
{
    if (log == NULL)
        return SQLITE_OK;
    if (log->failed != SQLITE_OK)
        return log->failed;
    if (log->held_octets == 0)
        return SQLITE_OK;
    wal_index_begin_set(log->index, WAL_BEGIN_UNKNOWN);
    log->failed = write_now(log, log->held, (int)log->held_octets, log->held_at);
    log->held_octets = 0;
    buffer_give(log->held);
    log->held = NULL;
    return log->failed;
}

static bool
is_asleep(const struct vfs_file *file)
{
    return file->real->pMethods == NULL;
}

static int
close_real(struct vfs_file *file)
{
    const int result = is_asleep(file) ? SQLITE_OK : file->real->pMethods->xClose(file->real);

    file->real->pMethods = NULL;
    return result;
}

/* ---- the log ---- */

static int
log_close(sqlite3_file *file)
{
    struct vfs_file *log = ours(file);

    (void)flush(log); /* frames of no commit: their loss would do no harm */
    free(log->held);
    ahead_end(&log->ahead);
    if (log->other != NULL)
        log->other->other = NULL;
    return close_real(log);
}

static int
log_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    struct vfs_file *log = ours(file);
    int result = flush(log);

    if (result == SQLITE_OK)
        result = ahead_read(&log->ahead, log->real, dst, octets, offset);
    if (result == SQLITE_OK && offset == 0 && octets == LOG_HEADER) { /* recovery begins */
        const bool empty = memcmp(dst, empty_mark, LOG_HEADER) == 0;
        wal_index_begin_set(log->index, empty ? WAL_BEGIN_EMPTY : WAL_BEGIN_UNKNOWN);
        if (!empty)
            ahead_begin(&log->ahead);
    }
    return result;
}

static int
log_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    struct vfs_file *log = ours(file);
    const bool follows = log->held_octets != 0 &&
                         offset == log->held_at + (int64_t)log->held_octets &&
                         (size_t)octets <= HELD_MAX - log->held_octets;

    ahead_end(&log->ahead);
    if (!follows) {
        const int result = flush(log);
        if (result != SQLITE_OK)
            return result;
        if (octets <= HELD_MAX && log->held == NULL)
            log->held = buffer_take();
        if (octets > HELD_MAX || log->held == NULL) {
            wal_index_begin_set(log->index, WAL_BEGIN_UNKNOWN);
            return write_now(log, src, octets, offset);
        }
        log->held_at = offset;
    }
    memcpy(log->held + log->held_octets, src, (size_t)octets);
    log->held_octets += (size_t)octets;
    return SQLITE_OK;
}

static bool
begins_empty(const struct vfs_file *log)
{
    return wal_index_begin_get(log->index) == WAL_BEGIN_EMPTY &&
           wal_index_mode(log->index) == WAL_INDEX_PRIVATE;
}

/* What SQLite calls truncating to nothing; see above. */
static int
log_empty(struct vfs_file *log)
{
    static const char zeros[LOG_HEADER];
    sqlite3_int64 size = 0;

    if (begins_empty(log))
        return SQLITE_OK;
    int result = log->real->pMethods->xFileSize(log->real, &size);
    if (result == SQLITE_OK)
        result = write_now(log, zeros, LOG_HEADER, 0);
    if (result == SQLITE_OK)
        result = sync_now(log, SQLITE_SYNC_NORMAL);
    /* Not before: a power loss that kept the cut and lost the zeros would leave the first part
     * of a log whose later frames are in the database already. */
    if (result == SQLITE_OK && size > wal_index_log_keep(log->index))
        result = truncate_now(log, wal_index_log_keep(log->index));
    if (result == SQLITE_OK)
        result = write_now(log, empty_mark, LOG_HEADER, 0);
    if (result == SQLITE_OK)
        wal_index_begin_set(log->index, WAL_BEGIN_EMPTY);
    return result;
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct vfs_file *log = ours(file);
    const int result = flush(log);

    ahead_end(&log->ahead);
    if (result != SQLITE_OK)
        return result;
    return size == 0 ? log_empty(log) : truncate_now(log, size);
}

static int
log_sync(sqlite3_file *file, int flags)
{
    struct vfs_file *log = ours(file);

    if (log->failed == SQLITE_OK && log->held_octets == LOG_HEADER && log->held_at == 0 &&
        begins_empty(log))
        return SQLITE_OK; /* goes out with the frames, before the sync of the commit */
    const int result = flush(log);
    return result == SQLITE_OK ? sync_now(log, flags) : result;
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    const int result = flush(ours(file));

    return result != SQLITE_OK ? result
                               : real_of(file)->pMethods->xFileSize(real_of(file), size_out);
}

/* ---- the database ---- */

static int
db_file_close(sqlite3_file *file)
{
    struct vfs_file *main_db = ours(file);
    const int result = close_real(main_db);

    wal_index_put(main_db->index);
    return result;
}

static int
db_file_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), dst, octets, offset);
}

static int
db_file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    return write_now(ours(file), src, octets, offset);
}

static int
db_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return truncate_now(ours(file), size);
}

static int
db_file_sync(sqlite3_file *file, int flags)
{
    return sync_now(ours(file), flags);
}

static int
db_file_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size_out);
}

/* ---- both ---- */

static int
file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
file_unlock(sqlite3_file *file, int level)
{
    return is_asleep(ours(file)) ? SQLITE_OK /* it is being closed */
                                 : real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
file_check_reserved(sqlite3_file *file, int *reserved_out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved_out);
}

static int
file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int
file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
file_device(sqlite3_file *file)
{
    return is_asleep(ours(file))
               ? 0
               : real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* ---- the index ---- */

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

static int
shm_map(sqlite3_file *file, int region, int octets, int extend, void volatile **map_out)
{
    struct vfs_file *main_db = ours(file);
    const enum rc rc = wal_index_hold(main_db->index);

    *map_out = NULL;
    if (rc != RC_OK)
        return result_of(rc, SQLITE_IOERR_SHMMAP);
    const int result =
        is_public(main_db)
            ? main_db->real->pMethods->xShmMap(main_db->real, region, octets, extend, map_out)
            : result_of(wal_index_map(main_db->index, (unsigned)region, (size_t)octets,
                                      extend != 0, map_out),
                        SQLITE_IOERR_SHMMAP);
    wal_index_release(main_db->index);
    return result;
}

static bool
has_locks(const struct vfs_file *main_db)
{
    return (main_db->locks.shared | main_db->locks.exclusive) != 0;
}

static int
private_lock(struct vfs_file *main_db, unsigned first, unsigned count, int flags)
{
    const bool had = has_locks(main_db);

    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        wal_index_unlock(main_db->index, &main_db->locks, first, count);
        if (had && !has_locks(main_db))
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
    return result_of(rc, SQLITE_IOERR_SHMLOCK);
}

static int
shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    struct vfs_file *main_db = ours(file);
    const int flushed = flush(main_db->other);

    if (main_db->other != NULL)
        ahead_end(&main_db->other->ahead);
    if (flushed != SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0)
        return flushed;
    if (main_db->other != NULL && offset == WRITE_LOCK && (flags & SQLITE_SHM_UNLOCK) != 0)
        main_db->other->failed = SQLITE_OK; /* of a transaction that is over: not committed */
    return is_public(main_db)
               ? main_db->real->pMethods->xShmLock(main_db->real, offset, n, flags)
               : private_lock(main_db, (unsigned)offset, (unsigned)n, flags);
}

static void
shm_barrier(sqlite3_file *file)
{
    struct vfs_file *main_db = ours(file);
    (void)flush(main_db->other); /* cannot say so; every later call does */
    if (is_public(main_db))
        main_db->real->pMethods->xShmBarrier(main_db->real);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

static int
shm_unmap(sqlite3_file *file, int remove)
{
    struct vfs_file *main_db = ours(file);

    (void)flush(main_db->other);
    if (is_public(main_db))
        return main_db->real->pMethods->xShmUnmap(main_db->real, remove);
    if (has_locks(main_db)) {
        wal_index_unlock(main_db->index, &main_db->locks, 0, WAL_INDEX_LOCKS);
        wal_index_release(main_db->index);
    }
    return SQLITE_OK;
}

/* ---- opening ---- */

static const sqlite3_io_methods db_methods = {
    .iVersion = 2, /* no memory maps: docs/schema.md says why */
    .xClose = db_file_close,
    .xRead = db_file_read,
    .xWrite = db_file_write,
    .xTruncate = db_file_truncate,
    .xSync = db_file_sync,
    .xFileSize = db_file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device,
};

static int
open_db(struct vfs_file *file, const char *name, int flags, int *flags_out)
{
    file->index = wal_index_get(name);
    if (file->index == NULL)
        return SQLITE_NOMEM;
    const int result = real_vfs()->xOpen(real_vfs(), name, file->real, flags, flags_out);
    if (file->real->pMethods != NULL) {
        file->base.pMethods = &db_methods;
    } else {
        wal_index_put(file->index);
        file->index = NULL;
    }
    return result;
}

/* SQLite syncs a new log and its directory before it writes the first frame. So the name of a
 * log with frames is on disk; that of any other may be of a life that was killed before. */
static bool
has_frames(sqlite3_file *real)
{
    sqlite3_int64 octets = 0;

    return real->pMethods->xFileSize(real, &octets) == SQLITE_OK && octets > LOG_HEADER;
}

static int
open_log(struct vfs_file *file, const char *name, int flags, int *flags_out)
{
    sqlite3_file *const main_db = sqlite3_database_file_object(name);

    CHECK(main_db != NULL && main_db->pMethods == &db_methods);
    int result =
        real_vfs()->xOpen(real_vfs(), name, file->real, flags & ~SQLITE_OPEN_CREATE, flags_out);
    if (result == SQLITE_OK && (flags & SQLITE_OPEN_CREATE) != 0 && !has_frames(file->real)) {
        (void)file->real->pMethods->xClose(file->real);
        file->real->pMethods = NULL;
        result = real_vfs()->xOpen(real_vfs(), name, file->real, flags, flags_out);
        file->name_unsynced = result == SQLITE_OK;
    } else if (result != SQLITE_OK && (flags & SQLITE_OPEN_CREATE) != 0) {
        result = real_vfs()->xOpen(real_vfs(), name, file->real, flags, flags_out);
        file->name_unsynced = result == SQLITE_OK;
        if (result == SQLITE_OK)
            disk_note(&(struct disk_op){.what = DISK_CREATE, .path = name});
    }
    if (file->real->pMethods != NULL) {
        file->base.pMethods = &log_methods;
        file->other = ours(main_db);
        file->index = file->other->index;
        file->other->other = file;
    }
    return result;
}

static int
vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    struct vfs_file *our = ours(file);
    (void)self;

    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0 || name == NULL)
        return real_vfs()->xOpen(real_vfs(), name, file, flags, flags_out);
    CHECK(real_vfs()->szOsFile <= REAL_FILE_MAX);
    *our = (struct vfs_file){
        .real = (sqlite3_file *)(void *)(our + 1), .name = name, .flags = flags};
    memset(our->real, 0, sizeof *our->real); /* SQLite closes only what has methods */
    return (flags & SQLITE_OPEN_WAL) != 0 ? open_log(our, name, flags, flags_out)
                                          : open_db(our, name, flags, flags_out);
}

static int
vfs_delete(sqlite3_vfs *self, const char *name, int sync_dir)
{
    (void)self;
    const int result = real_vfs()->xDelete(real_vfs(), name, sync_dir);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_UNLINK, .path = name});
    if (result == SQLITE_OK && sync_dir)
        note_directory(name);
    return result;
}

static int
vfs_access(sqlite3_vfs *self, const char *name, int flags, int *out)
{
    (void)self;
    return real_vfs()->xAccess(real_vfs(), name, flags, out);
}

/* Callers give whole paths; the system's VFS would look at each of their directories. */
static int
vfs_full_name(sqlite3_vfs *self, const char *name, int octets, char *out)
{
    const size_t len = strlen(name);
    (void)self;

    if (name[0] != '/' || len >= (size_t)octets)
        return real_vfs()->xFullPathname(real_vfs(), name, octets, out);
    memcpy(out, name, len + 1);
    return SQLITE_OK;
}

static void
register_once(void)
{
    db_init();
    CHECK(real_vfs() != NULL);
    vfs = *real_vfs(); /* time, randomness and the like are the system's own */
    vfs.iVersion = 2;
    vfs.szOsFile = (int)sizeof(struct vfs_file) + REAL_FILE_MAX;
    vfs.pNext = NULL;
    vfs.zName = VFS_NAME;
    vfs.pAppData = NULL;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_name;
    CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

const char *
vfs_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
    return VFS_NAME;
}

static struct vfs_file *
main_file(struct sqlite3 *raw)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(raw, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods != &db_methods)
        return NULL;
    return ours(file);
}

struct wal_index *
vfs_index(struct sqlite3 *raw)
{
    const struct vfs_file *main_db = main_file(raw);

    return main_db == NULL ? NULL : main_db->index;
}

/* ---- sleeping ---- */

bool
vfs_sleep(struct sqlite3 *raw)
{
    struct vfs_file *main_db = main_file(raw);
    struct vfs_file *log = main_db == NULL ? NULL : main_db->other;

    if (log == NULL || log->held_octets != 0 || log->failed != SQLITE_OK ||
        log->name_unsynced || has_locks(main_db) || !wal_index_sleep(main_db->index))
        return false;
    (void)close_real(log); /* everything in them was synced or is of no commit */
    (void)close_real(main_db);
    return true;
}

static bool
open_again(struct vfs_file *file)
{
    int flags = file->flags & ~SQLITE_OPEN_CREATE;
    const int result = real_vfs()->xOpen(real_vfs(), file->name, file->real, flags, &flags);

    return result == SQLITE_OK && (flags & SQLITE_OPEN_READONLY) == 0;
}

/* Nobody else can come between the look at the files and their opening, which changes the log's
 * times: SQLite sets its owner. */
bool
vfs_wake(struct sqlite3 *raw)
{
    struct vfs_file *main_db = main_file(raw);
    struct vfs_file *log = main_db->other;

    if (!is_asleep(main_db))
        return true;
    if (wal_index_hold(main_db->index) != RC_OK)
        return false;
    /* SQLite believes that it has kept this lock, which every handle has from its first look.
     */
    const bool again = open_again(main_db) && open_again(log) &&
                       file_lock(&main_db->base, SQLITE_LOCK_SHARED) == SQLITE_OK;
    if (!again) {
        (void)close_real(log);
        (void)close_real(main_db);
    }
    wal_index_release(main_db->index);
    return again;
}

int64_t
vfs_log_octets(const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char header[LOG_HEADER];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= LOG_HEADER)
        return 0;
    if (pread(fd, header, sizeof header, 0) == LOG_HEADER &&
        memcmp(header, empty_mark, LOG_HEADER) == 0)
        return 0;
    return (int64_t)st.st_size;
}

/* Longer than a header: SQLite does not look into a shorter file, and its name counts as not
 * on disk yet (open_log). */
struct span
vfs_empty_log(void)
{
    static const char log[2 * LOG_HEADER] = EMPTY_MARK;

    return span_of(log, sizeof log);
}

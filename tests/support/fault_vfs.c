/* SPDX-License-Identifier: MIT */
/* The VFS: files of db/vfs_pass.h whose changes fail on demand. */
#include "support/fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/check.h"
#include "db/library.h"
#include "db/vfs_pass.h"

static atomic_uint_fast64_t count;
static atomic_uint_fast64_t fail_at;
static atomic_int fail_kind;
static atomic_bool fired;
static sqlite3_vfs shim;

/* The system's VFS. Not pass_vfs(), because a test may have made this VFS the default. */
static sqlite3_vfs *
real_vfs(void)
{
    return shim.pAppData;
}

/* SQLITE_OK, or what the operation must fail with. */
static int
operation(int io_error)
{
    const uint64_t at = atomic_load(&fail_at);
    const enum fault_kind kind = (enum fault_kind)atomic_load(&fail_kind);

    if (kind == FAULT_LOOK)
        return SQLITE_OK;
    const uint64_t nth = atomic_fetch_add(&count, 1) + 1;
    if (kind == FAULT_NONE || at == 0 || nth < at || (nth > at && kind != FAULT_CRASH))
        return SQLITE_OK;
    atomic_store(&fired, true);
    errno = kind == FAULT_FULL ? ENOSPC : EIO;
    return kind == FAULT_FULL ? SQLITE_FULL : io_error;
}

/* The same for an operation that changes nothing. */
static int
look(int io_error)
{
    if (atomic_load(&fail_kind) != FAULT_LOOK ||
        atomic_fetch_add(&count, 1) + 1 != atomic_load(&fail_at))
        return SQLITE_OK;
    atomic_store(&fired, true);
    errno = EIO;
    return io_error;
}

static int
file_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    const int result = look(SQLITE_IOERR_READ);

    return result != SQLITE_OK ? result : pass_read(file, dst, octets, offset);
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    const int result = look(SQLITE_IOERR_FSTAT);

    return result != SQLITE_OK ? result : pass_size(file, size_out);
}

static int
file_lock(sqlite3_file *file, int level)
{
    const int result = look(SQLITE_IOERR_LOCK);

    return result != SQLITE_OK ? result : pass_lock(file, level);
}

static int
file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    const int result = operation(SQLITE_IOERR_WRITE);

    return result != SQLITE_OK ? result : pass_write(file, src, octets, offset);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int result = operation(SQLITE_IOERR_TRUNCATE);

    return result != SQLITE_OK ? result : pass_truncate(file, size);
}

static int
file_sync(sqlite3_file *file, int flags)
{
    const int result = operation(SQLITE_IOERR_FSYNC);

    return result != SQLITE_OK ? result : pass_sync(file, flags);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without xFetch: all reads go through xRead */
    .xClose = pass_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = pass_unlock,
    .xCheckReservedLock = pass_check_reserved,
    .xFileControl = pass_control,
    .xSectorSize = pass_sector_size,
    .xDeviceCharacteristics = pass_device,
    .xShmMap = pass_shm_map,
    .xShmLock = pass_shm_lock,
    .xShmBarrier = pass_shm_barrier,
    .xShmUnmap = pass_shm_unmap,
};

static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    struct pass_file *ours = (struct pass_file *)(void *)file;
    (void)vfs;

    ours->real = (sqlite3_file *)(void *)(ours + 1);
    ours->real->pMethods = NULL;
    ours->base.pMethods = NULL; /* SQLite closes only what has methods */
    int result = look(SQLITE_CANTOPEN);
    if (result != SQLITE_OK)
        return result;
    result = real_vfs()->xOpen(real_vfs(), name, ours->real, flags, flags_out);
    if (ours->real->pMethods != NULL)
        ours->base.pMethods = &methods;
    return result;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    const int result = operation(SQLITE_IOERR_DELETE);
    (void)vfs;

    return result != SQLITE_OK ? result : real_vfs()->xDelete(real_vfs(), name, sync_dir);
}

static void
register_once(void)
{
    db_init();
    sqlite3_vfs *real = pass_vfs();
    CHECK(real != NULL);
    shim = *real; /* everything that is not about files is the system's */
    shim.iVersion = 2;
    shim.szOsFile = (int)sizeof(struct pass_file) + real->szOsFile;
    shim.zName = FAULT_VFS;
    shim.pAppData = real;
    shim.xOpen = vfs_open;
    shim.xDelete = vfs_delete;
    CHECK(sqlite3_vfs_register(&shim, 0) == SQLITE_OK);
}

void
fault_vfs_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
}

void
fault_vfs_arm(enum fault_kind kind, uint64_t nth)
{
    atomic_store(&fail_kind, FAULT_NONE);
    atomic_store(&count, 0);
    atomic_store(&fired, false);
    atomic_store(&fail_at, nth);
    atomic_store(&fail_kind, (int)kind);
}

uint64_t
fault_vfs_count(void)
{
    return atomic_load(&count);
}

bool
fault_vfs_fired(void)
{
    return atomic_load(&fired);
}

/* SPDX-License-Identifier: MIT */
/* The shim: each file is ours with the real one behind it in the same memory. */
#include "support/fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/check.h"
#include "db/db.h"

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* directly behind this struct */
};

static atomic_uint_fast64_t count;
static atomic_uint_fast64_t fail_at;
static atomic_int fail_kind;
static atomic_bool fired;
static sqlite3_vfs shim;

static sqlite3_vfs *
real_vfs(void)
{
    return shim.pAppData;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
    return ((struct fault_file *)(void *)file)->real;
}

/* SQLITE_OK, or what the operation must fail with. */
static int
operation(int io_error)
{
    const uint64_t nth = atomic_fetch_add(&count, 1) + 1;
    const uint64_t at = atomic_load(&fail_at);
    const enum fault_kind kind = (enum fault_kind)atomic_load(&fail_kind);

    if (kind == FAULT_NONE || at == 0 || nth < at || (nth > at && kind != FAULT_CRASH))
        return SQLITE_OK;
    atomic_store(&fired, true);
    errno = kind == FAULT_FULL ? ENOSPC : EIO;
    return kind == FAULT_FULL ? SQLITE_FULL : io_error;
}

static int
file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int
file_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), dst, octets, offset);
}

static int
file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    const int result = operation(SQLITE_IOERR_WRITE);

    if (result != SQLITE_OK)
        return result;
    return real_of(file)->pMethods->xWrite(real_of(file), src, octets, offset);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int result = operation(SQLITE_IOERR_TRUNCATE);

    if (result != SQLITE_OK)
        return result;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
file_sync(sqlite3_file *file, int flags)
{
    const int result = operation(SQLITE_IOERR_FSYNC);

    if (result != SQLITE_OK)
        return result;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size_out);
}

static int
file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
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
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
file_shm_map(sqlite3_file *file, int region, int octets, int extend, void volatile **map_out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, octets, extend, map_out);
}

static int
file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void
file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
file_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without xFetch: reads are counted nowhere, but go one way */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    struct fault_file *ours = (struct fault_file *)(void *)file;
    (void)vfs;

    ours->real = (sqlite3_file *)(void *)(ours + 1);
    ours->base.pMethods = NULL; /* SQLite closes only what has methods */
    const int result = real_vfs()->xOpen(real_vfs(), name, ours->real, flags, flags_out);
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
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    CHECK(real != NULL);
    shim = *real; /* all that is not about files is the system's own */
    shim.iVersion = 2;
    shim.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
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

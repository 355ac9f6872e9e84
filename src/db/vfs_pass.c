/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "db/vfs_pass.h"

#include <fcntl.h>

#include "base/check.h"

sqlite3_vfs *
pass_vfs(void)
{
    return sqlite3_vfs_find(NULL);
}

int
pass_access(sqlite3_vfs *self, const char *name, int flags, int *out)
{
    (void)self;
    return pass_vfs()->xAccess(pass_vfs(), name, flags, out);
}

int
pass_full_name(sqlite3_vfs *self, const char *name, int octets, char *out)
{
    (void)self;
    return pass_vfs()->xFullPathname(pass_vfs(), name, octets, out);
}

sqlite3_file *
pass_real(sqlite3_file *file)
{
    return ((struct pass_file *)(void *)file)->real;
}

/* SQLite opens files deep inside its VFS and does not reveal their descriptors. */
static _Thread_local enum db_reads reads_now;

static int
open_advised(const char *path, int flags, int mode)
{
    const int fd = open(path, flags, mode);

    if (fd >= 0 && reads_now == DB_READS_SCATTERED)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* only advice; it may be refused */
    return fd;
}

void
pass_init(void)
{
    sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");

    CHECK(unix_vfs != NULL && unix_vfs->iVersion >= 3);
    CHECK(unix_vfs->xSetSystemCall(unix_vfs, "open", (sqlite3_syscall_ptr)open_advised) ==
          SQLITE_OK);
}

int
pass_open(struct pass_file *file, const char *name, enum db_reads reads, int flags,
          int *flags_out)
{
    reads_now = reads;
    const int result = pass_vfs()->xOpen(pass_vfs(), name, file->real, flags, flags_out);
    reads_now = DB_READS_AHEAD;
    return result;
}

int
pass_close(sqlite3_file *file)
{
    sqlite3_file *real = pass_real(file);
    const int result = real->pMethods == NULL ? SQLITE_OK : real->pMethods->xClose(real);

    real->pMethods = NULL;
    return result;
}

int
pass_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    return pass_real(file)->pMethods->xRead(pass_real(file), dst, octets, offset);
}

int
pass_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    return pass_real(file)->pMethods->xWrite(pass_real(file), src, octets, offset);
}

int
pass_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return pass_real(file)->pMethods->xTruncate(pass_real(file), size);
}

int
pass_sync(sqlite3_file *file, int flags)
{
    return pass_real(file)->pMethods->xSync(pass_real(file), flags);
}

int
pass_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    return pass_real(file)->pMethods->xFileSize(pass_real(file), size_out);
}

int
pass_lock(sqlite3_file *file, int level)
{
    return pass_real(file)->pMethods->xLock(pass_real(file), level);
}

int
pass_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = pass_real(file);

    return real->pMethods == NULL ? SQLITE_OK : real->pMethods->xUnlock(real, level);
}

int
pass_check_reserved(sqlite3_file *file, int *reserved_out)
{
    return pass_real(file)->pMethods->xCheckReservedLock(pass_real(file), reserved_out);
}

int
pass_control(sqlite3_file *file, int op, void *arg)
{
    return pass_real(file)->pMethods->xFileControl(pass_real(file), op, arg);
}

int
pass_sector_size(sqlite3_file *file)
{
    return pass_real(file)->pMethods->xSectorSize(pass_real(file));
}

int
pass_device(sqlite3_file *file)
{
    sqlite3_file *real = pass_real(file);

    return real->pMethods == NULL ? 0 : real->pMethods->xDeviceCharacteristics(real);
}

int
pass_shm_map(sqlite3_file *file, int region, int octets, int extend, void volatile **map_out)
{
    return pass_real(file)->pMethods->xShmMap(pass_real(file), region, octets, extend, map_out);
}

int
pass_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return pass_real(file)->pMethods->xShmLock(pass_real(file), offset, n, flags);
}

void
pass_shm_barrier(sqlite3_file *file)
{
    pass_real(file)->pMethods->xShmBarrier(pass_real(file));
}

int
pass_shm_unmap(sqlite3_file *file, int remove)
{
    return pass_real(file)->pMethods->xShmUnmap(pass_real(file), remove);
}

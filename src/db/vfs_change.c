/* SPDX-License-Identifier: MIT */
/* Tells the observer of base/disk.h what SQLite has changed on disk. */
#include <string.h>

#include "base/disk.h"
#include "db/vfs_private.h"

int
vfs_file_write(struct vfs_file *file, const void *src, int octets, int64_t offset)
{
    const int result = file->pass.real->pMethods->xWrite(file->pass.real, src, octets, offset);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_WRITE,
                                    .path = file->name,
                                    .offset = offset,
                                    .data = span_of(src, (size_t)octets)});
    return result;
}

int
vfs_file_truncate(struct vfs_file *file, int64_t size)
{
    const int result = file->pass.real->pMethods->xTruncate(file->pass.real, size);

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

int
vfs_file_sync(struct vfs_file *file, int flags)
{
    const int result = file->pass.real->pMethods->xSync(file->pass.real, flags);

    if (result != SQLITE_OK)
        return result;
    disk_note(&(struct disk_op){.what = DISK_SYNC, .path = file->name});
    if (file->name_unsynced)
        note_directory(file->name); /* the system's VFS has done it */
    file->name_unsynced = false;
    return SQLITE_OK;
}

int
vfs_unlink(const char *name, int sync_dir)
{
    const int result = pass_vfs()->xDelete(pass_vfs(), name, sync_dir);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_UNLINK, .path = name});
    if (result == SQLITE_OK && sync_dir)
        note_directory(name);
    return result;
}

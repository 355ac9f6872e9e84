/* SPDX-License-Identifier: MIT */
/*
 * What our VFSs and their files have in common: how they begin, and what they tell the observer
 * of base/disk.h about changes of the disk. Thread: the handle's.
 */
#include <string.h>

#include "base/check.h"
#include "base/disk.h"
#include "db/library.h"
#include "db/vfs_private.h"

/* ---- changes of the disk ---- */

int
vfs_file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    const int result = pass_write(file, src, octets, offset);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_WRITE,
                                    .path = vfs_file_of(file)->name,
                                    .offset = offset,
                                    .data = span_of(src, (size_t)octets)});
    return result;
}

int
vfs_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int result = pass_truncate(file, size);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){
            .what = DISK_TRUNCATE, .path = vfs_file_of(file)->name, .offset = size});
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
vfs_file_sync(sqlite3_file *file, int flags)
{
    struct vfs_file *our = vfs_file_of(file);
    const int result = pass_sync(file, flags);

    if (result != SQLITE_OK)
        return result;
    disk_note(&(struct disk_op){.what = DISK_SYNC, .path = our->name});
    if (our->name_unsynced)
        note_directory(our->name); /* the system's VFS has done it */
    our->name_unsynced = false;
    return SQLITE_OK;
}

static int
unlink_name(sqlite3_vfs *self, const char *name, int sync_dir)
{
    (void)self;
    const int result = pass_vfs()->xDelete(pass_vfs(), name, sync_dir);

    if (result == SQLITE_OK)
        disk_note(&(struct disk_op){.what = DISK_UNLINK, .path = name});
    if (result == SQLITE_OK && sync_dir)
        note_directory(name);
    return result;
}

/* ---- beginning ---- */

void
vfs_init(sqlite3_vfs *vfs, const char *name)
{
    db_init();
    CHECK(pass_vfs() != NULL);
    *vfs = *pass_vfs(); /* time, randomness and the like are the system's */
    vfs->iVersion = 2;
    vfs->szOsFile = (int)sizeof(struct vfs_file) + VFS_REAL_FILE_MAX;
    vfs->pNext = NULL;
    vfs->zName = name;
    vfs->xDelete = unlink_name;
    vfs->xAccess = pass_access;
    vfs->xFullPathname = pass_full_name;
}

struct vfs_file *
vfs_file_begin(sqlite3_file *file, const char *name, int flags)
{
    struct vfs_file *our = vfs_file_of(file);

    CHECK(pass_vfs()->szOsFile <= VFS_REAL_FILE_MAX);
    *our = (struct vfs_file){
        .pass.real = (sqlite3_file *)(void *)(our + 1), .name = name, .flags = flags};
    /* SQLite closes only files with methods. */
    memset(our->pass.real, 0, sizeof *our->pass.real);
    return our;
}

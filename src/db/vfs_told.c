/* SPDX-License-Identifier: MIT */
/*
 * The VFS of databases whose log's index SQLite keeps in a file, as it does by default: the
 * registry and the journal. It passes everything to the system's VFS and tells the observer
 * (base/disk.h) what has changed. Thread: the handle's.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"
#include "base/disk.h"
#include "db/vfs.h"
#include "db/vfs_private.h"

/* Files that pass everything to the system's file; temporary ones are left to the system. */
enum { JOURNALS = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL };

static sqlite3_vfs told;

static const sqlite3_io_methods told_methods = {
    .iVersion = 2, /* without memory maps, which are not used */
    .xClose = pass_close,
    .xRead = pass_read,
    .xWrite = vfs_file_write,
    .xTruncate = vfs_file_truncate,
    .xSync = vfs_file_sync,
    .xFileSize = pass_size,
    PASS_METHODS,
    .xShmMap = pass_shm_map,
    .xShmLock = pass_shm_lock,
    .xShmBarrier = pass_shm_barrier,
    .xShmUnmap = pass_shm_unmap,
};

static int
told_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    const bool may_make = (flags & SQLITE_OPEN_CREATE) != 0;
    (void)self;

    if ((flags & (SQLITE_OPEN_MAIN_DB | JOURNALS)) == 0 || name == NULL)
        return pass_vfs()->xOpen(pass_vfs(), name, file, flags, flags_out);
    struct vfs_file *our = vfs_file_begin(file, name, flags);
    const bool is_new = may_make && disk_is_observed() && access(name, F_OK) != 0;
    const int result = pass_open(&our->pass, name, DB_READS_AHEAD, flags, flags_out);
    if (our->pass.real->pMethods != NULL)
        our->pass.base.pMethods = &told_methods;
    if (result == SQLITE_OK && is_new)
        disk_note(&(struct disk_op){.what = DISK_CREATE, .path = name});
    /* The first sync of such a file syncs its directory too. */
    our->name_unsynced = result == SQLITE_OK && may_make && (flags & JOURNALS) != 0;
    return result;
}

static void
register_it(void)
{
    vfs_init(&told, "roost-told");
    told.xOpen = told_open;
    CHECK(sqlite3_vfs_register(&told, 0) == SQLITE_OK);
}

const char *
vfs_register_told(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_it);
    return told.zName;
}

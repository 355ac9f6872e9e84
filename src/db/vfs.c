/* SPDX-License-Identifier: MIT */
/*
 * See the header. Each of our files has the system's file behind it, in the same memory
 * (db/vfs_pass.h). This file opens them. db/vfs_log.c is what differs for the log, db/vfs_shm.c
 * for its index, and db/vfs_move.c brings them to another database.
 *
 * Thread: the handle's.
 */
#include "db/vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "db/vfs_private.h"

enum { PAGE_OCTETS_MIN = 512 }; /* SQLite file format 1.3.2; shorter reads are of the header */

/* SQLite does not tell a VFS which handle a file is for, so there is one VFS for each way to
 * read. */
struct our_vfs {
    sqlite3_vfs vfs;
    const char *name;
    enum db_reads reads;
};
static struct our_vfs vfs[] = {
    [DB_READS_AHEAD] = {.name = "roost", .reads = DB_READS_AHEAD},
    [DB_READS_SCATTERED] = {.name = "roost-scattered", .reads = DB_READS_SCATTERED},
};

/* ---- the database ---- */

static int
db_file_close(sqlite3_file *file)
{
    const int result = pass_close(file);

    ahead_end(&vfs_file_of(file)->ahead);
    wal_index_put(vfs_file_of(file)->index);
    free(vfs_file_of(file)->own_names);
    return result;
}

/* The locks of the log's index keep what is read from changing (db/ahead.h). */
static int
db_file_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    struct vfs_file *our = vfs_file_of(file);

    if (our->reads != DB_READS_AHEAD || octets < PAGE_OCTETS_MIN || !vfs_has_locks(our))
        return pass_read(file, dst, octets, offset);
    return ahead_read_run(&our->ahead, our->pass.real, dst, octets, offset);
}

static int
db_file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    ahead_end(&vfs_file_of(file)->ahead);
    return vfs_file_write(file, src, octets, offset);
}

static int
db_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    ahead_end(&vfs_file_of(file)->ahead);
    return vfs_file_truncate(file, size);
}

static const sqlite3_io_methods db_methods = {
    .iVersion = 2, /* without memory maps; docs/schema.md says why */
    .xClose = db_file_close,
    .xRead = db_file_read,
    .xWrite = db_file_write,
    .xTruncate = db_file_truncate,
    .xSync = vfs_file_sync,
    .xFileSize = pass_size,
    PASS_METHODS,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* ---- opening ---- */

static int
open_db(struct vfs_file *file, const char *name, int flags, int *flags_out)
{
    file->index = wal_index_get(name);
    if (file->index == NULL)
        return SQLITE_NOMEM;
    const int result = pass_open(&file->pass, name, file->reads, flags, flags_out);
    if (file->pass.real->pMethods != NULL) {
        file->pass.base.pMethods = &db_methods;
    } else {
        wal_index_put(file->index);
        file->index = NULL;
    }
    return result;
}

static int
open_log(struct vfs_file *file, const char *name, int flags, int *flags_out)
{
    sqlite3_file *const main_db = sqlite3_database_file_object(name);

    CHECK(main_db != NULL && main_db->pMethods == &db_methods);
    return vfs_log_open(file, vfs_file_of(main_db), name, flags, flags_out);
}

static int
vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0 || name == NULL)
        return pass_vfs()->xOpen(pass_vfs(), name, file, flags, flags_out);
    struct vfs_file *our = vfs_file_begin(file, name, flags);
    our->reads = *(const enum db_reads *)self->pAppData;
    return (flags & SQLITE_OPEN_WAL) != 0 ? open_log(our, name, flags, flags_out)
                                          : open_db(our, name, flags, flags_out);
}

/* Callers give full paths, so there is no need for what the system's VFS does, which is to look
 * at each of their directories. */
static int
vfs_full_name(sqlite3_vfs *self, const char *name, int octets, char *out)
{
    const size_t len = strlen(name);

    if (name[0] != '/' || len >= (size_t)octets)
        return pass_full_name(self, name, octets, out);
    memcpy(out, name, len + 1);
    return SQLITE_OK;
}

static void
register_all(void)
{
    for (size_t i = 0; i < ARRAY_LEN(vfs); i++) {
        struct our_vfs *our = &vfs[i];
        vfs_init(&our->vfs, our->name);
        our->vfs.pAppData = &our->reads;
        our->vfs.xOpen = vfs_open;
        our->vfs.xFullPathname = vfs_full_name;
        CHECK(sqlite3_vfs_register(&our->vfs, 0) == SQLITE_OK);
    }
}

const char *
vfs_register(enum db_reads reads)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_all);
    return vfs[reads].name;
}

struct vfs_file *
vfs_main_file(struct sqlite3 *raw)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(raw, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods != &db_methods)
        return NULL;
    return vfs_file_of(file);
}

struct wal_index *
vfs_index(struct sqlite3 *raw)
{
    const struct vfs_file *main_db = vfs_main_file(raw);

    return main_db == NULL ? NULL : main_db->index;
}

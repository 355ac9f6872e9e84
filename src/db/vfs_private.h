/* SPDX-License-Identifier: MIT */
/*
 * What the files of db/vfs.h share. One handle has two files: the database (db/vfs.c, and its
 * index in db/vfs_shm.c) and its log (db/vfs_log.c), which know each other. All of them begin
 * and change the disk in the same way (db/vfs_file.c), and so do those of db/vfs_told.c, which
 * have no index of their own. Thread: the handle's.
 */
#ifndef DB_VFS_PRIVATE_H
#define DB_VFS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/ahead.h"
#include "db/db.h"
#include "db/vfs_pass.h"
#include "db/wal_index.h"

struct log_memo;

enum {
    VFS_REAL_FILE_MAX = 1024, /* room for the system's file behind ours */
};

/* The committed part of a log. */
struct vfs_snapshot {
    uint32_t frames;
    uint8_t salt[8];
};

struct vfs_file {
    struct pass_file pass;
    const char *name;        /* SQLite's, good until it is closed; or in own_names */
    char *own_names;         /* database: of both files, when it was moved here; owned */
    int flags;               /* it was opened with */
    enum db_reads reads;     /* how its database is read */
    struct wal_index *index; /* the database's own; the log borrows it */
    struct vfs_file *other;  /* the log of a database, the database of a log; may be NULL */

    struct wal_index_locks locks; /* database */
    struct vfs_snapshot snapshot; /* database: as when it got its lock of a reader */

    struct ahead ahead; /* until a lock of the index is taken or given back */

    char *held; /* log: not written yet; owned */
    size_t held_octets;
    int64_t held_at;
    int failed;         /* log: why frames of the transaction under way are lost */
    bool name_unsynced; /* log: made by this handle, and not synced yet; told: also journals */

    /* Log of a handle that was moved here. */
    unsigned arriving_page_octets; /* until it is read from its beginning; then 0 */
    bool was_read;                 /* that has happened since, or a memo of it was right */
};

static inline struct vfs_file *
vfs_file_of(sqlite3_file *file)
{
    return (struct vfs_file *)(void *)file;
}

/** Makes a VFS of such files from the system's. The caller sets xOpen and registers it. What it
 * deletes is told to the observer (base/disk.h). */
void vfs_init(sqlite3_vfs *vfs, const char *name);
/** The file that xOpen is to open: without methods, nothing is open yet. */
struct vfs_file *vfs_file_begin(sqlite3_file *file, const char *name, int flags);
/* Methods: changes of the disk, told to the observer. */
int vfs_file_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset);
int vfs_file_truncate(sqlite3_file *file, sqlite3_int64 size);
int vfs_file_sync(sqlite3_file *file, int flags);

/** The database's file of an open handle; NULL: it was not opened through db/vfs.h. */
struct vfs_file *vfs_main_file(struct sqlite3 *raw);

/** Opens the log of main_db. SQLite's result. */
int vfs_log_open(struct vfs_file *file, struct vfs_file *main_db, const char *name, int flags,
                 int *flags_out);
/** Opens the log of another database behind a file whose own was closed. SQLite's result. */
int vfs_log_arrive(struct vfs_file *log, unsigned page_octets);
/** Spares SQLite the reading of a log that has just arrived, if it is the one that the memo is
 * of. NULL is allowed. */
bool vfs_log_recall(struct vfs_file *log, const struct log_memo *memo);
/** Writes what is held of a log; NULL is allowed. */
int vfs_log_flush(struct vfs_file *log);
/** The transaction under way is over. NULL is allowed. */
void vfs_log_forget_failure(struct vfs_file *log);

/* Methods of the database's file. */
int vfs_shm_map(sqlite3_file *file, int region, int octets, int extend,
                void volatile **map_out);
int vfs_shm_lock(sqlite3_file *file, int offset, int n, int flags);
void vfs_shm_barrier(sqlite3_file *file);
int vfs_shm_unmap(sqlite3_file *file, int remove);
/** It has locks of the index. */
bool vfs_has_locks(const struct vfs_file *main_db);

#endif

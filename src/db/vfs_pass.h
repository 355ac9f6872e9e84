/* SPDX-License-Identifier: MIT */
/*
 * A file of SQLite's with another one behind it, and methods that pass each call on. A VFS of
 * ours replaces some of them: db/vfs.c, and the disk that fails in tests.
 * Thread: the handle's.
 */
#ifndef DB_VFS_PASS_H
#define DB_VFS_PASS_H

#include <sqlite3.h>

#include "db/db.h"

struct pass_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind the whole struct; without methods: it is closed */
};

/** The system's VFS. */
sqlite3_vfs *pass_vfs(void);
/* Methods of a VFS, which pass the call on to the system's. */
int pass_access(sqlite3_vfs *self, const char *name, int flags, int *out);
int pass_full_name(sqlite3_vfs *self, const char *name, int octets, char *out);

sqlite3_file *pass_real(sqlite3_file *file);

/** Makes pass_open tell the system how a file will be read. This is only advice: SQLite may
 * give a handle the descriptor of another handle that has read the same file. db_init calls it
 * once. */
void pass_init(void);
/** Opens the real file. Returns SQLite's result. */
int pass_open(struct pass_file *file, const char *name, enum db_reads reads, int flags,
              int *flags_out);
/** Closes the real file, once: calls that SQLite makes while closing do nothing then. */
int pass_close(sqlite3_file *file);
int pass_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset);
int pass_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset);
int pass_truncate(sqlite3_file *file, sqlite3_int64 size);
int pass_sync(sqlite3_file *file, int flags);
int pass_size(sqlite3_file *file, sqlite3_int64 *size_out);
int pass_lock(sqlite3_file *file, int level);
int pass_unlock(sqlite3_file *file, int level);
int pass_check_reserved(sqlite3_file *file, int *reserved_out);
int pass_control(sqlite3_file *file, int op, void *arg);
int pass_sector_size(sqlite3_file *file);
int pass_device(sqlite3_file *file);
int pass_shm_map(sqlite3_file *file, int region, int octets, int extend,
                 void volatile **map_out);
int pass_shm_lock(sqlite3_file *file, int offset, int n, int flags);
void pass_shm_barrier(sqlite3_file *file);
int pass_shm_unmap(sqlite3_file *file, int remove);

/* What no VFS of ours replaces. */
#define PASS_METHODS                                                                           \
    .xLock = pass_lock, .xUnlock = pass_unlock, .xCheckReservedLock = pass_check_reserved,     \
    .xFileControl = pass_control, .xSectorSize = pass_sector_size,                             \
    .xDeviceCharacteristics = pass_device

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The only functions that change what must survive a power loss: the files, directories and
 * names in DIR. What SQLite changes goes through a VFS that reports it here (db/vfs.h,
 * db/vfs_told.c). An observer can be told each change that succeeded. A test records the
 * changes and rebuilds every state that a power loss may leave: writes and names that were not
 * synced may be missing, in any order.
 *
 * The files in DIR/run, DIR/tmp and DIR/log and the reserve (store/room.h) need not survive a
 * power loss, and are changed elsewhere.
 *
 * The functions return what the system calls of the same names return, and set errno; they try
 * again when interrupted. Thread: any.
 */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum disk_what {
    DISK_CREATE,   /* path: a file that was not there */
    DISK_WRITE,    /* path, offset, data */
    DISK_TRUNCATE, /* path, offset: the new size */
    DISK_SYNC,     /* path: its octets and size are on disk, not its name */
    DISK_MKDIR,    /* path */
    DISK_RENAME,   /* path, path_to */
    DISK_UNLINK,   /* path: a file's name */
    DISK_RMDIR,    /* path */
    DISK_SYNC_DIR, /* path: the names in it are on disk */
};

struct disk_op {
    enum disk_what what;
    const char *path;
    const char *path_to;
    int64_t offset;
    struct span data;
};

typedef void (*disk_observer)(void *ctx, const struct disk_op *op);

/** For tests, before there are threads. NULL: no observer. The observer is called after the
 * change, on the thread that made it, and may be called by several threads at once. */
void disk_observe(disk_observer observer, void *ctx);
bool disk_is_observed(void);
/** Tells the observer, if there is one. */
void disk_note(const struct disk_op *op);

int disk_mkdir(const char *path, mode_t mode);
int disk_rmdir(const char *path);
int disk_rename(const char *from, const char *to);
int disk_unlink(const char *path);
/** Makes a new file, or returns -1. The caller closes *fd_out. */
int disk_create(const char *path, mode_t mode, int *fd_out);
/** Writes all of data at offset. path: that of fd, for the observer. */
int disk_write(int fd, const char *path, struct span data, int64_t offset);
/** Asks the system to write what is in its memory soon, so that several files that are synced
 * one after the other go to the disk together. Promises nothing. */
void disk_write_soon(int fd);
/** fdatasync. Waits for disk. */
int disk_sync(int fd, const char *path);
/** Opens the directory, syncs the names in it and closes it. Waits for disk. */
MUST_USE enum rc disk_sync_dir(const char *path, struct err *err);
/** The same for the directory that path is in. */
MUST_USE enum rc disk_sync_parent(const char *path, struct err *err);

#endif

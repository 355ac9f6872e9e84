/* SPDX-License-Identifier: MIT */
/*
 * The one way in which the store's files, directories and names are changed on disk: what this
 * folder does to databases and their logs, and what others do to directories. Each change that
 * succeeded can be told to an observer. A test records them and rebuilds every state that a
 * power loss may leave: writes and names that were not synced may be missing, in any order.
 *
 * Functions here return as the system calls of the same names do, errno included, and are
 * repeated when interrupted. Thread: any.
 */
#ifndef DB_DISK_H
#define DB_DISK_H

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

/** For tests, before there are threads. NULL: nobody. The observer is called on the thread that
 *  made the change, after it, and may be called by several at once. */
void disk_observe(disk_observer observer, void *ctx);
/** Tells the observer, if there is one. */
void disk_note(const struct disk_op *op);

int disk_mkdir(const char *path, mode_t mode);
int disk_rmdir(const char *path);
int disk_rename(const char *from, const char *to);
int disk_unlink(const char *path);
/** A new file (mode 0600), or -1. *fd_out is the caller's to close. */
int disk_create(const char *path, int *fd_out);
/** Writes all of it at offset. path: of fd, for the observer. */
int disk_write(int fd, const char *path, struct span data, int64_t offset);
/** Asks for what was written to go to disk soon, so that several files that are synced after
 * one another go together. Promises nothing. */
void disk_write_soon(int fd);
/** fdatasync. Waits for disk. */
int disk_sync(int fd, const char *path);
/** Opens the directory, syncs the names in it and closes it. Waits for disk. */
MUST_USE enum rc disk_sync_dir(const char *path, struct err *err);

#endif

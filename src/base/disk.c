/* SPDX-License-Identifier: MIT */
/* System calls that change names and files, each told to an observer; see the header. Thread:
 * any. */
#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { PATH_OCTETS_MAX = 4096 };

static disk_observer observer;
static void *observer_ctx;

void
disk_observe(disk_observer fn, void *ctx)
{
    observer_ctx = ctx;
    observer = fn;
}

bool
disk_is_observed(void)
{
    return observer != NULL;
}

void
disk_note(const struct disk_op *op)
{
    if (observer != NULL) {
        const int saved = errno;
        observer(observer_ctx, op);
        errno = saved;
    }
}

/* Tells of what a system call has done. Returns its result, which is 0 or -1. */
static int
noted(int result, const struct disk_op *op)
{
    if (result == 0)
        disk_note(op);
    return result;
}

int
disk_mkdir(const char *path, mode_t mode)
{
    return noted(mkdir(path, mode), &(struct disk_op){.what = DISK_MKDIR, .path = path});
}

int
disk_rmdir(const char *path)
{
    return noted(rmdir(path), &(struct disk_op){.what = DISK_RMDIR, .path = path});
}

int
disk_rename(const char *from, const char *to)
{
    return noted(rename(from, to),
                 &(struct disk_op){.what = DISK_RENAME, .path = from, .path_to = to});
}

int
disk_unlink(const char *path)
{
    return noted(unlink(path), &(struct disk_op){.what = DISK_UNLINK, .path = path});
}

int
disk_create(const char *path, mode_t mode, int *fd_out)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0)
        return -1;
    disk_note(&(struct disk_op){.what = DISK_CREATE, .path = path});
    *fd_out = fd;
    return 0;
}

int
disk_write(int fd, const char *path, struct span data, int64_t offset)
{
    size_t done = 0;

    while (done < data.len) {
        const ssize_t got =
            pwrite(fd, data.ptr + done, data.len - done, (off_t)(offset + (int64_t)done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    disk_note(
        &(struct disk_op){.what = DISK_WRITE, .path = path, .offset = offset, .data = data});
    return 0;
}

void
disk_write_soon(int fd)
{
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int
disk_sync(int fd, const char *path)
{
    return noted(fdatasync(fd), &(struct disk_op){.what = DISK_SYNC, .path = path});
}

enum rc
disk_sync_dir(const char *path, struct err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "%s: open", path);
    if (fsync(fd) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s: fsync", path);
    disk_note(&(struct disk_op){.what = DISK_SYNC_DIR, .path = path});
    return RC_OK;
}

enum rc
disk_sync_parent(const char *path, struct err *err)
{
    char parent[PATH_OCTETS_MAX];
    size_t len = strlen(path);

    if (len >= sizeof parent)
        return err_set(err, RC_INVALID, 0, "%s: the path is too long", path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    snprintf(parent, sizeof parent, "%.*s", len == 0 ? 1 : (int)len, len == 0 ? "." : path);
    return disk_sync_dir(parent, err);
}

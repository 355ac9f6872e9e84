/* SPDX-License-Identifier: MIT */
/* Folders and the lock of DIR; see the header. Waits for disk. */
#include "daemon/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/disk.h"
#include "base/fd.h"

enum { PATH_OCTETS_MAX = 1024 };

enum rc
directory_make(const char *dir, struct err *err)
{
    static const char *const folders[] = {"accounts", "log", "run", "tmp"};
    char path[PATH_OCTETS_MAX];

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (snprintf(path, sizeof path, "%s/%s", dir, folders[i]) >= (int)sizeof path)
            return err_set(err, RC_INVALID, 0, "%s: the path is too long", dir);
        if (disk_mkdir(path, 0700) != 0 && errno != EEXIST)
            return err_set(err, rc_of_errno(errno), errno, "%s", path);
    }
    enum rc rc = disk_sync_dir(dir, err);
    if (rc != RC_OK)
        return rc;
    rc = disk_sync_parent(dir, err);
    return rc == RC_DENIED ? RC_OK : rc; /* then DIR was made there by somebody else */
}

enum rc
directory_own(int lock_fd, struct err *err)
{
    char owner[32];
    const int len = snprintf(owner, sizeof owner, "%jd", (intmax_t)getpid());

    /* In this order, the write also works on a full disk. */
    if (pwrite(lock_fd, owner, (size_t)len, 0) != len || ftruncate(lock_fd, len) != 0)
        return err_set(err, rc_of_errno(errno), errno, "lock");
    return RC_OK;
}

enum rc
directory_lock(const char *dir, int *fd_out, struct err *err)
{
    char path[PATH_OCTETS_MAX];
    char owner[32] = "";

    if (snprintf(path, sizeof path, "%s/run/lock", dir) >= (int)sizeof path)
        return err_set(err, RC_INVALID, 0, "%s: the path is too long", dir);
    AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const ssize_t len = pread(fd, owner, sizeof owner - 1, 0);
        if (errno != EWOULDBLOCK && len < 0)
            return err_set(err, RC_IO, errno, "%s", path);
        return err_set(err, RC_BUSY, 0, "%s is in use by another Roost (process %s)", dir,
                       len > 0 ? owner : "unknown");
    }
    const enum rc rc = directory_own(fd, err);
    if (rc != RC_OK)
        return err_prefix(err, rc, "%s", path);
    *fd_out = fd_take(&fd);
    return RC_OK;
}

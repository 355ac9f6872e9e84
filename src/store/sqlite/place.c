/* SPDX-License-Identifier: MIT */
/* Where accounts lie on disk; layout.h says why there. Thread: any. */
#include "store/sqlite/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/disk.h"

void
account_dir(const struct sqlite_store *store, uint64_t id, char *out, size_t size)
{
    const int len =
        snprintf(out, size, "%s/%02x/%02x/%ju", store->dir, (unsigned)(id >> 16 & 0xff),
                 (unsigned)(id >> 8 & 0xff), (uintmax_t)id);

    CHECK(len > 0 && (size_t)len < size);
}

enum rc
sqlite_account_place(struct store_account *base, struct buf *out, struct err *err)
{
    const struct sqlite_account *acct = sqlite_account_of(base);
    char dir[ACCOUNT_PATH_MAX];

    account_dir(acct->store, acct->id, dir, sizeof dir);
    buf_put_str(out, dir);
    return buf_ok(out) ? RC_OK : err_set(err, RC_LIMIT, 0, "%s: path", dir);
}

enum rc
dir_make(const char *path, struct err *err)
{
    char parent[ACCOUNT_PATH_MAX];

    if (disk_mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(err, rc_of_errno(errno), errno, "%s: mkdir", path);
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    return disk_sync_dir(parent, err); /* a server that was killed may have made it */
}

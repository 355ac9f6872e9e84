/* SPDX-License-Identifier: MIT */
/*
 * See the header. This is what a power loss or a kill may leave, step by step:
 *
 *     mkdir spare/N, mail.db, -wal, -shm        a spare that is not whole: swept
 *     sync mail.db, sync spare/N                a whole one: swept
 *     rename to xx/yy/ID                        one of the two names, or both for a file system
 *                                               without a journal; no rows yet
 *     sync xx/yy, xx and accounts if need be    the account, without rows
 *     first commit                              the account
 *
 * Until there are rows, whoever opens the account comes here again and syncs every name. A
 * leftover spare is removed only if it is still as it was made. Even if it is also an account
 * under another name, nothing that was acknowledged is in it then. Names of spares are random,
 * so that two makers never use the same one.
 *
 * The log's octets are not synced here, because the first commit does that. A file without
 * octets and one with the mark are both empty logs.
 *
 * To sync a small file costs a commit of the file system's journal, whatever else the commit
 * contains. So several spares are made at a time: first all of their files, then all syncs, of
 * which the first does most of the work of the others.
 */
#include "store/sqlite/making.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/disk.h"
#include "db/image.h"
#include "db/vfs.h"
#include "store/sqlite/private.h"

static void
spare_dir(const struct sqlite_store *store, char *out, size_t size)
{
    const int len = snprintf(out, size, "%s/spare", store->dir);

    CHECK(len > 0 && (size_t)len < size);
}

static void
spare_path(const struct sqlite_store *store, uint64_t name, char *out, size_t size)
{
    const int len = snprintf(out, size, "%s/spare/%016" PRIx64, store->dir, name);

    CHECK(len > 0 && (size_t)len < size);
}

enum rc
making_init(struct sqlite_store *store, struct err *err)
{
    struct making *making = &store->making;

    lock_init(&making->lock, LOCK_LEAF);
    return db_image_make(&account_schema, PAGE_OCTETS, &making->image, &making->image_octets,
                         err);
}

/* ---- one spare ---- */

static enum rc
failed(const char *path, const char *what, struct err *err)
{
    return err_set(err, rc_of_errno(errno), errno, "%s: %s", path, what);
}

static enum rc
database_make(const struct making *making, const char *dir, struct err *err)
{
    char path[ACCOUNT_PATH_MAX + 400];
    AUTO_FD fd = -1;

    snprintf(path, sizeof path, "%s/mail.db", dir);
    if (disk_create(path, 0600, &fd) != 0)
        return failed(path, "create", err);
    if (disk_write(fd, path, span_of(making->image, making->image_octets), 0) != 0)
        return failed(path, "write", err);
    disk_write_soon(fd);
    return RC_OK;
}

/* Opens the file again, because otherwise a batch would hold descriptors that nobody has
 * counted. If a write failed and the kernel has not told anybody yet, it tells the new
 * descriptor. */
static enum rc
database_sync(const char *dir, struct err *err)
{
    char path[ACCOUNT_PATH_MAX + 400];

    snprintf(path, sizeof path, "%s/mail.db", dir);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failed(path, "open", err);
    return disk_sync(fd, path) == 0 ? RC_OK : failed(path, "sync", err);
}

static enum rc
log_make(const char *dir, struct err *err)
{
    char path[ACCOUNT_PATH_MAX + 400];
    AUTO_FD fd = -1;

    snprintf(path, sizeof path, "%s/mail.db-wal", dir);
    if (disk_create(path, 0600, &fd) != 0)
        return failed(path, "create", err);
    return disk_write(fd, path, vfs_empty_log(), 0) == 0 ? RC_OK : failed(path, "write", err);
}

/* The file is used only for a lock (db/wal_index.h). */
static enum rc
lock_file_make(const char *dir, struct err *err)
{
    char path[ACCOUNT_PATH_MAX + 400];
    AUTO_FD fd = -1;

    snprintf(path, sizeof path, "%s/mail.db-shm", dir);
    return disk_create(path, 0600, &fd) == 0 ? RC_OK : failed(path, "create", err);
}

static void
remove_file(const char *dir, const char *name)
{
    char path[ACCOUNT_PATH_MAX + 400];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)disk_unlink(path); /* may not be there */
}

static void
spare_remove(const char *dir)
{
    remove_file(dir, "mail.db");
    remove_file(dir, "mail.db-wal");
    remove_file(dir, "mail.db-shm");
    (void)disk_rmdir(dir);
}

static enum rc
spare_mkdir(const struct sqlite_store *store, const char *path, struct err *err)
{
    char parent[ACCOUNT_PATH_MAX];

    if (disk_mkdir(path, 0700) == 0)
        return RC_OK;
    spare_dir(store, parent, sizeof parent);
    if (errno == ENOENT && (disk_mkdir(parent, 0700) == 0 || errno == EEXIST) &&
        disk_mkdir(path, 0700) == 0)
        return RC_OK;
    return failed(path, "mkdir", err);
}

/* Makes the files of a new spare and syncs nothing. */
static enum rc
files_make(const struct sqlite_store *store, uint64_t *name_out, struct err *err)
{
    char path[ACCOUNT_PATH_MAX];

    if (getrandom(name_out, sizeof *name_out, 0) != (ssize_t)sizeof *name_out)
        return err_set(err, RC_IO, errno, "getrandom");
    spare_path(store, *name_out, path, sizeof path);
    enum rc rc = spare_mkdir(store, path, err);
    if (rc != RC_OK)
        return rc;
    rc = database_make(&store->making, path, err);
    if (rc == RC_OK)
        rc = log_make(path, err);
    if (rc == RC_OK)
        rc = lock_file_make(path, err);
    if (rc != RC_OK)
        spare_remove(path);
    return rc;
}

static enum rc
files_sync(const struct sqlite_store *store, uint64_t name, struct err *err)
{
    char dir[ACCOUNT_PATH_MAX];

    spare_path(store, name, dir, sizeof dir);
    enum rc rc = database_sync(dir, err);
    if (rc == RC_OK)
        rc = disk_sync_dir(dir, err);
    if (rc != RC_OK)
        spare_remove(dir);
    return rc;
}

/* Makes as many as possible, up to max. RC_OK: at least one was made. */
static enum rc
spares_make(struct sqlite_store *store, unsigned max, uint64_t *names, unsigned *count_out,
            struct err *err)
{
    unsigned made = 0;
    unsigned whole = 0;
    enum rc rc = RC_OK;

    CHECK(max <= MAKING_BATCH);
    while (made < max && rc == RC_OK) {
        rc = files_make(store, &names[made], err);
        made += rc == RC_OK;
    }
    for (unsigned i = 0; i < made; i++) {
        const enum rc synced = files_sync(store, names[i], err);
        if (synced == RC_OK)
            names[whole++] = names[i];
        else
            rc = synced;
    }
    *count_out = whole;
    return whole > 0 ? RC_OK : rc;
}

/* ---- keeping some ready ---- */

static unsigned
lacking(struct making *making)
{
    lock_enter(&making->lock);
    const unsigned count = LIMIT_SPARE_ACCOUNTS - making->ready_count;
    lock_leave(&making->lock);
    return count;
}

bool
making_is_due(struct sqlite_store *store)
{
    return lacking(&store->making) >= MAKING_BATCH;
}

bool
making_step(struct sqlite_store *store, unsigned max)
{
    struct making *making = &store->making;
    uint64_t names[MAKING_BATCH];
    const unsigned lack = lacking(making);
    unsigned count = 0;

    if (lack == 0 || spares_make(store, lack < max ? lack : max, names, &count, NULL) != RC_OK)
        return false;
    lock_enter(&making->lock);
    CHECK(making->ready_count + count <= LIMIT_SPARE_ACCOUNTS); /* only one thread makes them */
    memcpy(making->ready + making->ready_count, names, count * sizeof names[0]);
    making->ready_count += count;
    lock_leave(&making->lock);
    return true;
}

static bool
spare_take(struct making *making, uint64_t *name_out)
{
    lock_enter(&making->lock);
    const bool there = making->ready_count > 0;
    if (there)
        *name_out = making->ready[--making->ready_count];
    lock_leave(&making->lock);
    return there;
}

void
making_done(struct sqlite_store *store)
{
    struct making *making = &store->making;
    char path[ACCOUNT_PATH_MAX];
    uint64_t name = 0;

    while (spare_take(making, &name)) {
        spare_path(store, name, path, sizeof path);
        spare_remove(path);
    }
    sqlite3_free(making->image);
    lock_done(&making->lock);
}

/* ---- what an earlier process left ---- */

/* Whether each page is as in the image or was never written. */
static bool
is_image(const struct making *making, int fd)
{
    static const char zeros[PAGE_OCTETS];
    char page[PAGE_OCTETS];
    size_t at = 0;

    for (;;) {
        const ssize_t got = pread(fd, page, sizeof page, (off_t)at);
        if (got <= 0)
            return got == 0;
        const size_t octets = (size_t)got;
        if (at + octets > making->image_octets ||
            (memcmp(page, making->image + at, octets) != 0 && memcmp(page, zeros, octets) != 0))
            return false;
        at += octets;
    }
}

static bool
is_as_made(const struct making *making, const char *dir)
{
    char path[ACCOUNT_PATH_MAX + 400];

    snprintf(path, sizeof path, "%s/mail.db-wal", dir);
    if (vfs_log_octets(path) != 0)
        return false;
    snprintf(path, sizeof path, "%s/mail.db", dir);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT;
    return is_image(making, fd);
}

void
making_sweep(struct sqlite_store *store)
{
    char path[ACCOUNT_PATH_MAX];
    char spare[ACCOUNT_PATH_MAX + 300];

    spare_dir(store, path, sizeof path);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return; /* no spare was ever made */
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(spare, sizeof spare, "%s/%s", path, entry->d_name);
        if (is_as_made(&store->making, spare))
            spare_remove(spare);
    }
    closedir(dir);
}

/* ---- into its place ---- */

static bool
is_known(const atomic_uchar *bits, unsigned n)
{
    return (atomic_load(&bits[n / 8]) >> (n % 8) & 1u) != 0;
}

/* Makes the directory if there is none. In any case, its name is on disk when this returns.
 * Another thread may have made it and not synced it yet, or a process that was killed before it
 * did. */
static enum rc
place_dir(const char *parent, const char *path, atomic_uchar *bits, unsigned n, struct err *err)
{
    if (is_known(bits, n))
        return RC_OK;
    if (disk_mkdir(path, 0700) != 0 && errno != EEXIST)
        return failed(path, "mkdir", err);
    const enum rc rc = disk_sync_dir(parent, err);
    if (rc == RC_OK)
        atomic_fetch_or(&bits[n / 8], (unsigned char)(1u << n % 8));
    return rc;
}

static enum rc
parents_make(struct sqlite_store *store, uint64_t id, char *parent, size_t size,
             struct err *err)
{
    const unsigned xx = (unsigned)(id >> 16 & 0xff);
    const unsigned yy = (unsigned)(id >> 8 & 0xff);
    char top[ACCOUNT_PATH_MAX];

    snprintf(top, sizeof top, "%s/%02x", store->dir, xx);
    enum rc rc = place_dir(store->dir, top, store->making.synced_xx, xx, err);
    if (rc != RC_OK)
        return rc;
    const int len = snprintf(parent, size, "%s/%02x", top, yy);
    CHECK(len > 0 && (size_t)len < size);
    return place_dir(top, parent, store->making.synced_yy, xx << 8 | yy, err);
}

enum rc
making_parents(struct sqlite_store *store, uint64_t account_id, struct err *err)
{
    char parent[ACCOUNT_PATH_MAX];

    return parents_make(store, account_id, parent, sizeof parent, err);
}

enum rc
making_place(struct sqlite_store *store, uint64_t account_id, struct err *err)
{
    char parent[ACCOUNT_PATH_MAX];
    char path[ACCOUNT_PATH_MAX];
    char spare[ACCOUNT_PATH_MAX];
    uint64_t name = 0;
    unsigned count = 0;

    enum rc rc = parents_make(store, account_id, parent, sizeof parent, err);
    if (rc != RC_OK)
        return rc;
    account_dir(store, account_id, path, sizeof path);
    if (access(path, F_OK) == 0) {
        rc = disk_sync_dir(path, err); /* left by a process that was killed, or older */
        if (rc == RC_OK)
            rc = disk_sync_dir(parent, err);
        return rc == RC_OK ? RC_EXISTS : rc;
    }
    if (!spare_take(&store->making, &name))
        rc = spares_make(store, 1, &name, &count, err);
    if (rc != RC_OK)
        return rc;
    spare_path(store, name, spare, sizeof spare);
    if (disk_rename(spare, path) != 0) {
        rc = failed(path, "rename", err);
        spare_remove(spare);
        return rc;
    }
    return disk_sync_dir(parent, err);
}

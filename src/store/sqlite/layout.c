/* SPDX-License-Identifier: MIT */
/* See the header. The mark is written once all accounts have been moved and their names are on
 * disk. */
#include "store/sqlite/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/disk.h"
#include "store/sqlite/private.h"

enum { LAYOUT = 2, PATH_MAX_OCTETS = ACCOUNT_PATH_MAX + 300 };

static const char mark[] = "2\n";

static enum rc
failed(const char *path, const char *what, struct err *err)
{
    return err_set(err, rc_of_errno(errno), errno, "%s: %s", path, what);
}

static void
path_below(const char *dir, const char *name, char *out, size_t size)
{
    const int len = snprintf(out, size, "%s/%s", dir, name);

    CHECK(len > 0 && (size_t)len < size);
}

/* Calls each for every name in the directory until a call does not return RC_OK. RC_NOT_FOUND:
 * there is no such directory. */
static enum rc
each_name(struct sqlite_store *store, const char *path,
          enum rc (*each)(struct sqlite_store *store, const char *path, const char *name,
                          struct err *err),
          struct err *err)
{
    DIR *dir = opendir(path);
    enum rc rc = RC_OK;

    if (dir == NULL)
        return failed(path, "open", err);
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == RC_OK;
         entry = readdir(dir))
        if (entry->d_name[0] != '.')
            rc = each(store, path, entry->d_name, err);
    closedir(dir);
    return rc;
}

static bool
is_octet(const char *name)
{
    return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

/* dir is xx/yy; name is an account's number, or that with ".removed" (account_dir_remove).
 * Anything else stays. */
static enum rc
move_account(struct sqlite_store *store, const char *dir, const char *name, struct err *err)
{
    char from[PATH_MAX_OCTETS];
    char parent[ACCOUNT_PATH_MAX];
    char to[PATH_MAX_OCTETS];
    char *end = NULL;

    const uint64_t id = strtoull(name, &end, 10);
    if (id == 0 || (*end != '\0' && strcmp(end, ".removed") != 0))
        return RC_OK;
    account_dir(store, id, parent, sizeof parent);
    *strrchr(parent, '/') = '\0';
    if (strcmp(dir, parent) == 0)
        return RC_OK;
    path_below(dir, name, from, sizeof from);
    path_below(parent, name, to, sizeof to);
    enum rc rc = making_parents(store, id, err);
    if (rc == RC_OK && disk_rename(from, to) != 0)
        rc = failed(to, "rename", err);
    if (rc == RC_OK)
        rc = disk_sync_dir(parent, err);
    return rc == RC_OK ? disk_sync_dir(dir, err) : rc;
}

static enum rc
move_inner(struct sqlite_store *store, const char *dir, const char *name, struct err *err)
{
    char path[PATH_MAX_OCTETS];

    if (!is_octet(name))
        return RC_OK;
    path_below(dir, name, path, sizeof path);
    const enum rc rc = each_name(store, path, move_account, err);
    (void)disk_rmdir(path); /* succeeds if nothing is left in it */
    return rc;
}

static enum rc
move_outer(struct sqlite_store *store, const char *dir, const char *name, struct err *err)
{
    char path[PATH_MAX_OCTETS];

    if (!is_octet(name))
        return RC_OK;
    path_below(dir, name, path, sizeof path);
    const enum rc rc = each_name(store, path, move_inner, err);
    (void)disk_rmdir(path);
    return rc;
}

/* RC_NOT_FOUND: there is none, or the server was killed while it was written. */
static enum rc
mark_read(const char *path, struct err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[sizeof mark] = "";

    if (fd < 0)
        return errno == ENOENT ? RC_NOT_FOUND : failed(path, "open", err);
    const ssize_t got = read(fd, text, sizeof text - 1);
    if (got < 0)
        return failed(path, "read", err);
    if (strcmp(text, mark) == 0)
        return RC_OK;
    if (text[0] == '\0')
        return RC_NOT_FOUND;
    return err_set(err, RC_UNSUPPORTED, 0,
                   "%s: accounts are laid out as version %.1s; this Roost knows up to %d", path,
                   text, LAYOUT);
}

static enum rc
mark_write(const struct sqlite_store *store, const char *path, struct err *err)
{
    AUTO_FD fd = -1;

    (void)disk_unlink(path); /* of an attempt that was cut off */
    if (disk_create(path, 0600, &fd) != 0 || disk_write(fd, path, span_of_str(mark), 0) != 0 ||
        disk_sync(fd, path) != 0)
        return failed(path, "write", err);
    return disk_sync_dir(store->dir, err);
}

enum rc
layout_keep(struct sqlite_store *store, struct err *err)
{
    char path[PATH_MAX_OCTETS];

    path_below(store->dir, "layout", path, sizeof path);
    enum rc rc = mark_read(path, err);
    if (rc != RC_NOT_FOUND)
        return rc;
    rc = each_name(store, store->dir, move_outer, err);
    return rc == RC_OK ? mark_write(store, path, err) : rc;
}

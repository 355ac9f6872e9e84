/* SPDX-License-Identifier: MIT */
/* A directory for one test, which is removed with its contents. */
#ifndef SUPPORT_TMPDIR_H
#define SUPPORT_TMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"

struct tmpdir {
    char path[64];
};

static inline int
tmpdir_remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void
tmpdir_make_in(struct tmpdir *dir, const char *parent)
{
    snprintf(dir->path, sizeof dir->path, "%s/roost-test-XXXXXX", parent);
    CHECK(mkdtemp(dir->path) != NULL);
}

/* Where tests keep their files: TMPDIR, which the gate sets. */
static inline const char *
tmpdir_parent(void)
{
    const char *parent = getenv("TMPDIR");

    return parent != NULL ? parent : "/tmp";
}

/* In memory where there is such a place: for thousands of syncs, where nothing depends on a
 * real disk (a killed process loses no page of the kernel's). */
static inline const char *
tmpdir_parent_in_memory(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : tmpdir_parent();
}

static inline void
tmpdir_make(struct tmpdir *dir)
{
    tmpdir_make_in(dir, tmpdir_parent());
}

static inline void
tmpdir_remove(struct tmpdir *dir)
{
    nftw(dir->path, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of name in it; valid until the next call on this thread. */
static inline const char *
tmpdir_file(const struct tmpdir *dir, const char *name)
{
    static _Thread_local char path[256];

    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    return path;
}

#endif

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/moved.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/mail/maildir.h"

enum { NAMES_OCTETS = 1 << 30, SUB_LEN = 4 /* length of "/cur" and "/new" */ };

void
moved_init(struct moved *moved)
{
    *moved = (struct moved){.dir = NULL};
    map_init(&moved->by_base);
    map_init(&moved->taken);
    buf_init(&moved->names, NAMES_OCTETS);
}

void
moved_done(struct moved *moved)
{
    free(moved->dir);
    free(moved->taken_dir);
    map_done(&moved->taken);
    map_done(&moved->by_base);
    buf_done(&moved->names);
}

static void
list_sub(struct moved *moved, const char *sub)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", moved->dir, sub) < 0)
        return;
    DIR *listing = opendir(path);
    free(path);
    for (struct dirent *found; listing != NULL && (found = readdir(listing)) != NULL;) {
        const size_t place = buf_len(&moved->names) + 1;
        moved->listed++;
        buf_printf(&moved->names, "%s/%s", sub, found->d_name);
        buf_put_char(&moved->names, '\0');
        if (!buf_ok(&moved->names) ||
            map_put(&moved->by_base, span_of(found->d_name, maildir_base(found->d_name)),
                    (void *)(uintptr_t)place) != RC_OK)
            break;
    }
    if (listing != NULL)
        closedir(listing);
}

static void
list(struct moved *moved, const char *path, size_t dir_len)
{
    free(moved->dir);
    moved->dir = strndup(path, dir_len);
    map_done(&moved->by_base);
    map_init(&moved->by_base);
    buf_clear(&moved->names);
    if (moved->dir == NULL)
        return;
    list_sub(moved, "new");
    list_sub(moved, "cur"); /* a file seen in both was moved in this direction */
}

static int
open_listed(const struct moved *moved, const char *name)
{
    const uintptr_t place =
        (uintptr_t)map_get(&moved->by_base, span_of(name, maildir_base(name)));
    char *path = NULL;

    if (place == 0 ||
        asprintf(&path, "%s/%s", moved->dir, buf_span(&moved->names).ptr + place - 1) < 0)
        return -1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    free(path);
    return fd;
}

/* Octets of path up to the name of the Maildir. */
static size_t
maildir_len(const char *path)
{
    return (size_t)(strrchr(path, '/') - path) - SUB_LEN;
}

static bool
is_same(const char *dir, const char *path, size_t len)
{
    return dir != NULL && strlen(dir) == len && strncmp(dir, path, len) == 0;
}

int
moved_open(struct moved *moved, const char *path, uint64_t most)
{
    const char *name = strrchr(path, '/') + 1;
    const size_t dir_len = maildir_len(path);
    const int fd = is_same(moved->dir, path, dir_len) ? open_listed(moved, name) : -1;

    if (fd >= 0 || moved->listed > most)
        return fd;
    list(moved, path, dir_len);
    return open_listed(moved, name);
}

enum rc
moved_take(struct moved *moved, const char *path, uint64_t inode, bool *again_out)
{
    const char *name = strrchr(path, '/') + 1;
    const size_t dir_len = maildir_len(path);
    AUTO_BUF key = {0};

    if (!is_same(moved->taken_dir, path, dir_len)) {
        free(moved->taken_dir);
        moved->taken_dir = strndup(path, dir_len);
        map_done(&moved->taken);
        map_init(&moved->taken);
        if (moved->taken_dir == NULL)
            return RC_LIMIT;
    }
    buf_init(&key, 4096);
    buf_printf(&key, "%ju ", (uintmax_t)inode);
    buf_put(&key, name, maildir_base(name));
    if (!buf_ok(&key))
        return RC_LIMIT;
    *again_out = map_get(&moved->taken, buf_span(&key)) != NULL;
    return *again_out ? RC_OK : map_put(&moved->taken, buf_span(&key), moved);
}

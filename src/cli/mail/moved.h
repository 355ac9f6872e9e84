/* SPDX-License-Identifier: MIT */
/*
 * Files of a Maildir in use: between listing and reading, a program may give them other flags,
 * or move them from new/ to cur/. What stays is the base of the name. A folder is listed again
 * when a file is missed, and all its names are kept for the next one. A listing may also have
 * a file twice, under its old name and its new one. Thread: main.
 */
#ifndef CLI_MAIL_MOVED_H
#define CLI_MAIL_MOVED_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"

struct moved {
    char *dir;          /* owned; the Maildir that was listed last */
    struct map by_base; /* base of a name to its place in names, from 1 */
    struct buf names;   /* "cur/NAME", each ended by NUL */
    uint64_t listed;    /* names, over all listings */
    char *taken_dir;    /* owned; the Maildir of `taken` */
    struct map taken;   /* files that were read: inode and base of the name */
};

void moved_init(struct moved *moved);
void moved_done(struct moved *moved);
/** Opens the file that is now what path (".../cur/NAME") was, or -1. Lists no more once `most`
 *  names were listed, so that many files that are gone cost no more than the rest. */
int moved_open(struct moved *moved, const char *path, uint64_t most);

/** Whether the file that path (".../cur/NAME") named when it was listed was taken already,
 * under another name; from now on it is. RC_LIMIT. */
MUST_USE enum rc moved_take(struct moved *moved, const char *path, uint64_t inode,
                            bool *again_out);

#endif

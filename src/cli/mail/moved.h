/* SPDX-License-Identifier: MIT */
/*
 * Files of a Maildir that is in use: between listing and reading, a program may change their
 * flags or move them from new/ to cur/. Only the base of the name stays the same. If a file is
 * missing, the folder is listed again, and all names are kept for the next missing file. A
 * listing may also contain a file twice, under its old and its new name. Thread: main.
 */
#ifndef CLI_MAIL_MOVED_H
#define CLI_MAIL_MOVED_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"

struct moved {
    char *dir;          /* owned; the Maildir that was listed last */
    struct map by_base; /* base of a name to its position in names, from 1 */
    struct buf names;   /* "cur/NAME", each ended by NUL */
    uint64_t listed;    /* number of names, over all listings */
    char *taken_dir;    /* owned; the Maildir to which `taken` belongs */
    struct map taken;   /* files that were read: inode and base of the name */
};

void moved_init(struct moved *moved);
void moved_done(struct moved *moved);
/** Opens the file that path (".../cur/NAME") named when it was listed, under its present name,
 * or returns -1. Stops listing after `most` names, so that many vanished files do not cost
 * more than the rest. */
int moved_open(struct moved *moved, const char *path, uint64_t most);

/** Whether the file that path (".../cur/NAME") named when it was listed was taken already under
 * another name. From now on it counts as taken. RC_LIMIT: no memory. */
MUST_USE enum rc moved_take(struct moved *moved, const char *path, uint64_t inode,
                            bool *again_out);

#endif

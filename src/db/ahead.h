/* SPDX-License-Identifier: MIT */
/*
 * Reading a log ahead. When SQLite rebuilds the index, which it does at the first opening after
 * a start, it reads the log from beginning to end, with one call for each frame. Here the
 * frames are read in large pieces. Nobody writes to the log in the meantime, because SQLite
 * holds its locks.
 */
#ifndef DB_AHEAD_H
#define DB_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct sqlite3_file;

struct ahead {
    char *octets; /* owned; NULL: not reading ahead */
    size_t len;
    int64_t at; /* of the first of them in the file */
};

/** From now on, reads go through it. If there is no memory, they go to the file, as before. */
void ahead_begin(struct ahead *ahead);
/** Forgets what was read. To be called before the log may change. */
void ahead_end(struct ahead *ahead);
/** Like xRead of the file. Returns SQLite's result. */
MUST_USE int ahead_read(struct ahead *ahead, struct sqlite3_file *file, void *dst, int octets,
                        int64_t offset);

#endif

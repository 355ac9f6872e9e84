/* SPDX-License-Identifier: MIT */
/*
 * Reading a log ahead. SQLite reads a log from its beginning to its end when it makes the index
 * anew, which is at the first opening after a start, and it reads each frame by a call of its
 * own. Here they come in large pieces. Nobody writes to the log meanwhile: SQLite holds its
 * locks.
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

/** From now on reads go through it. Without memory they go to the file, as before. */
void ahead_begin(struct ahead *ahead);
/** Forgets what was read. For when the log may change. */
void ahead_end(struct ahead *ahead);
/** As xRead of the file: SQLite's result. */
MUST_USE int ahead_read(struct ahead *ahead, struct sqlite3_file *file, void *dst, int octets,
                        int64_t offset);

#endif

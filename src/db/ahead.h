/* SPDX-License-Identifier: MIT */
/*
 * Reading a file in larger pieces than SQLite does, which asks for one page or frame at a time.
 *
 * When SQLite rebuilds the index of a log, which it does at the first opening after a start, it
 * reads the log from beginning to end. Nobody writes to the log in the meantime, because SQLite
 * holds its locks.
 *
 * A long body is a run of pages of the database, and so are the bodies of messages that came
 * one after another. Within a read transaction, no page changes that it may read from the
 * database's file: a checkpoint writes only pages that every reader finds in the log or has no
 * use for (SQLite, walformat.html 2.3.2). So what was read ahead is forgotten at its end.
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
    int64_t at;   /* of the first of them in the file */
    int64_t next; /* ahead_read_run: where the last read ended */
    unsigned run; /* ahead_read_run: how many reads went on where the one before had ended */
};

/** From now on, reads go through it. If there is no memory, they go to the file, as before. */
void ahead_begin(struct ahead *ahead);
/** Forgets what was read. To be called before the log may change. */
void ahead_end(struct ahead *ahead);
/** Like xRead of the file. Without ahead_begin, it is just that. Returns SQLite's result. */
MUST_USE int ahead_read(struct ahead *ahead, struct sqlite3_file *file, void *dst, int octets,
                        int64_t offset);
/** The same, but begins to read ahead by itself when reads go on where the last one ended, or
 *  leave out a page or two. */
MUST_USE int ahead_read_run(struct ahead *ahead, struct sqlite3_file *file, void *dst,
                            int octets, int64_t offset);

#endif

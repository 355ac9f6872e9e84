/* SPDX-License-Identifier: MIT */
/*
 * What the index of a log held when its database was closed. SQLite makes the index anew at
 * each opening, from the whole log, which for an account with some hundred KiB of it costs more
 * than a delivery; with a memo it need not be read.
 *
 * A memo is believed only of the very log that it was taken of: the checksum of a log's last
 * frame is that of all frames before it, too (SQLite file format 4.2), so the log's header and
 * two frames' headers are compared. Whatever another program did meanwhile shows there, and
 * then the log is read as ever (INV-S21).
 */
#ifndef DB_LOG_MEMO_H
#define DB_LOG_MEMO_H

#include <stdbool.h>
#include <stddef.h>

struct log_memo;
struct sqlite3_file;
struct wal_index;

/** NULL: there are no frames, or more than LIMIT_LOG_MEMO_FRAMES; the index is shared with
 * other programs; no memory. No transaction is under way. Thread: any. */
struct log_memo *log_memo_take(struct wal_index *index);
/** NULL is allowed. */
void log_memo_free(struct log_memo *memo);
/** Of memory. */
size_t log_memo_octets(const struct log_memo *memo);

/** Fills the index, which is held, from the memo if the log is the one that it was taken of.
 * False, and nothing has changed: it is not, the index is in use or has been made, or the log
 * cannot be read. Thread: the handle's, which has none of the index's locks. Waits for disk. */
bool log_memo_restore(const struct log_memo *memo, struct wal_index *index,
                      struct sqlite3_file *log);

#endif

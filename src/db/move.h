/* SPDX-License-Identifier: MIT */
/*
 * Handles with own_index that go from one database to another of the same schema. Opening a
 * database costs SQLite a parse of the schema and of every statement; a handle that moves takes
 * both along, so moving costs a tenth of that. This is what a handle knows about a database,
 * and what is done so that it does not believe it of the next one:
 *
 *   files, locks    closed by db_leave; db_move opens those of the next (db/vfs_move.c)
 *   index of a log  its memory goes along, as SQLite has pointers to it; filled with zeros, so
 *                   that SQLite reads the next log and drops its page cache; or with
                   what a memo of that log says
 *   page cache      given back by db_leave; and db_move counts that SQLite has dropped it
 *   a log's salts   generation 0 for an empty log (db/vfs_log.c)
 *   schema          compared: db_migrate notes it, and db_move reads that of the next (INV-S20)
 *   the rest        last rowid and changes are 0 again; a transaction, a statement in use, a
 *                   temporary table or an attached database keeps a handle where it is
 *
 * What belongs to the handle and not to the database stays: synchronous, secure_delete, foreign
 * keys, busy_ms, statements. So a handle may go only where it could have been opened with the
 * same options. A handle that has met a failure of disk or memory goes nowhere.
 */
#ifndef DB_MOVE_H
#define DB_MOVE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/rc.h"
#include "db/db.h"

struct log_memo;

/**
 * Takes a handle away from its database and gives back its descriptors and pages. From then on
 * it may only be moved or closed. False: nothing has changed, because the handle cannot be
 * moved, or because others in this process have the database open. It must have no transaction
 * and no statement in use. Thread: the handle's; afterwards, any thread may move it.
 */
bool db_leave(struct db *db);

/**
 * Moves a handle that was taken from its database to the one at path, which must not be open
 * through other handles of this process. reads, cache_kib: as in db_options, from now on. memo:
 * from db_log_memo of an earlier handle there, or NULL; an outdated one does no harm.
 *
 * RC_OK: as if path had been opened with the handle's options and then migrated. RC_NOT_FOUND
 * (no such file), RC_EXISTS (others have it open): the handle is unchanged. RC_GONE: it does
 * not fit there, or something failed; close it and open path with db_open, which will say what
 * is wrong. Thread: any. Waits for disk.
 */
MUST_USE enum rc db_move(struct db *db, const char *path, enum db_reads reads,
                         unsigned cache_kib, const struct log_memo *memo);

/** What the next opening of this handle's database may go by instead of reading its log; the
 * caller's, to be given back with log_memo_free. NULL: there is nothing to go by. No
 * transaction, no statement in use. Thread: the handle's. */
struct log_memo *db_log_memo(struct db *db);

#endif

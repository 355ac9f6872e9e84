/* SPDX-License-Identifier: MIT */
/*
 * Handles with own_index that go from one database to another of the same schema. Opening a
 * database costs SQLite a parse of the schema and of every statement; a handle that moves takes
 * both along, so it costs a tenth. All that a handle knows about a database, and what of it
 * must not be believed about the next one:
 *
 *   files, locks    closed by db_leave; db_move opens those of the next (db/vfs_move.c)
 *   index of a log  its memory goes along, as SQLite has pointers to it; filled with zeros, so
 *                   that SQLite reads the next log and drops its page cache
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

/**
 * Takes a handle away from its database: its descriptors and pages are given back. From then on
 * it may only be moved or closed. False, and nothing has changed: it cannot be moved, or others
 * in this process have the database open. No transaction, no statement in use. Thread: the
 * handle's; any other one may move it then.
 */
bool db_leave(struct db *db);

/**
 * Brings a handle that was taken away to the database at path, which must not be open here
 * through others. cache_kib: its page cache limit from now on, as in db_options.
 *
 * RC_OK: as if path had been opened with the handle's options and then migrated.
 * RC_NOT_FOUND (no such file), RC_EXISTS (others have it open): the handle is away as before.
 * RC_GONE: it does not fit there, or something failed: close it, and open path with db_open,
 * which will say what is wrong. Thread: any. Waits for disk.
 */
MUST_USE enum rc db_move(struct db *db, const char *path, unsigned cache_kib);

#endif

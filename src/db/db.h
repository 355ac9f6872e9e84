/* SPDX-License-Identifier: MIT */
/*
 * One SQLite database file, opened the way this house needs it: WAL, no mutex (the owner
 * sees to it that one thread uses a handle at a time), statements prepared once, results as
 * enum rc. Nothing here knows what the tables mean. Statements are in db/stmt.h,
 * transactions in db/txn.h, schema versions in db/schema.h, going from one database to another
 * in db/move.h.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct db; /* one handle: two or three descriptors, about 100 KB and the page cache */
struct sqlite3;

enum db_sync {
    DB_SYNC_FULL,   /* a commit is on disk when it returns: what is acknowledged to a peer */
    DB_SYNC_NORMAL, /* consistent after a crash, but the last commits may be gone */
};

struct db_options {
    const char *const *sql; /* statement texts by enum index, borrowed for the handle's life */
    unsigned sql_count;
    enum db_sync sync;
    unsigned page_size_octets; /* used at creation only; 0: SQLite's own (4096) */
    unsigned cache_kib;        /* page cache limit; 0: 512 */
    int64_t mmap_octets;       /* 0: no memory map */
    unsigned busy_ms;          /* wait for locks of other handles; 0: LIMIT_DB_WAIT_MS */
    int64_t wal_keep_octets;   /* a reset WAL file is cut to this; 0: LIMIT_WAL_OCTETS */
    const char *vfs;           /* NULL: the system's; tests name their fault device */
    bool create;               /* make the file (mode 0600) when it is not there */
    bool read_only;
    bool secure_delete;       /* overwrite what is deleted: 3 to 10 times the writes */
    bool auto_checkpoint;     /* every 1000 pages, by whoever commits; else db_checkpoint */
    bool auto_vacuum;         /* incremental; used at creation only */
    bool checkpoint_on_close; /* and removes the WAL; otherwise closing writes nothing */
    bool alone; /* the index of the log is in memory, and whoever else opens the file finds it
                   busy until this handle is closed */
    bool own_index; /* all handles are in this process: through db/vfs.h. vfs must be NULL */
};

/**
 * Process-wide settings of SQLite: multi-thread mode, no memory statistics (they are a global
 * lock). db_open does it too; at start-up it is done before there are threads. Thread: any.
 */
void db_init(void);

/**
 * Opens path (see db_options). Only what touches no page is done here and journal_mode, so a
 * damaged file may also be noticed at the first statement. Where the disk is too full for the
 * index that all programs share (the -shm file), it is opened `alone`: that it can be read is
 * worth more.
 *
 * Returns RC_OK, RC_NOT_FOUND (no file and not create), RC_DENIED, RC_CORRUPT (not a
 * database), RC_FULL, RC_BUSY, RC_LIMIT (memory, descriptors), RC_IO.
 * Thread: any. Waits for disk.
 */
MUST_USE enum rc db_open(struct db **db_out, const char *path, const struct db_options *options,
                         struct err *err);

/**
 * Of a handle with own_index: another program has been at the database, so that no transaction
 * can begin on this handle (txn_begin: RC_GONE). Close it and open another one. Thread: any.
 */
bool db_is_stale(const struct db *db);

/** Closes; NULL is allowed. No statement may be in use. Thread: any. May wait for disk. */
void db_close(struct db *db);

/** Runs one or more statements without results, not cached. Thread: the handle's. Waits. */
MUST_USE enum rc db_exec(struct db *db, const char *sql, struct err *err);

/** The last inserted rowid and the rows changed by the last INSERT, UPDATE or DELETE. */
int64_t db_last_rowid(const struct db *db);
int64_t db_changes(const struct db *db);

/** The path it was opened with or moved to, for messages; lives until it is moved or closed. */
const char *db_path(const struct db *db);

/** SQLite's own handle, for what this layer does not cover (functions, backup). */
struct sqlite3 *db_raw(struct db *db);

enum db_checkpoint_mode {
    DB_CHECKPOINT_PASSIVE,      /* as much as readers allow; waits for nobody */
    DB_CHECKPOINT_TRUNCATE,     /* waits for readers up to busy_ms, then empties the WAL file */
    DB_CHECKPOINT_TRUNCATE_NOW, /* the same without waiting: RC_BUSY at once */
};

struct db_checkpoint {
    int64_t wal_octets;  /* frames in the WAL now */
    int64_t left_octets; /* of these not yet in the database file */
};

/**
 * Moves the WAL into the database file. out may be NULL. RC_BUSY: a reader (maybe an outside
 * one) stopped it; what could be done is done and *out filled. Not inside a transaction.
 * Thread: the handle's. Waits for disk.
 */
MUST_USE enum rc db_checkpoint(struct db *db, enum db_checkpoint_mode mode,
                               struct db_checkpoint *out, struct err *err);

/** Of a handle with own_index: how much of the log's file stays when it is emptied, until the
 * last handle is closed. Thread: any. */
void db_log_keep(struct db *db, int64_t octets);

/** Octets in the WAL after this handle's last commit or checkpoint; costs nothing. 0 before. */
int64_t db_wal_octets(const struct db *db);

/** Pages of the database, free ones included, times the page size; without the WAL. */
MUST_USE enum rc db_size_octets(struct db *db, int64_t *octets_out, struct err *err);

/** Pages on the free list times the page size: what incremental vacuum could give back. */
MUST_USE enum rc db_free_octets(struct db *db, int64_t *octets_out, struct err *err);

/** Gives at most max_pages free pages back to the file system (auto_vacuum files only). */
MUST_USE enum rc db_vacuum_step(struct db *db, unsigned max_pages, struct err *err);

/**
 * PRAGMA integrity_check (or quick_check, which skips indexes). RC_CORRUPT with the first
 * finding in err. Reads the whole file. Thread: the handle's.
 */
enum db_check_depth { DB_CHECK_QUICK, DB_CHECK_FULL };
MUST_USE enum rc db_check(struct db *db, enum db_check_depth depth, struct err *err);

/**
 * SQLite's result as ours, with its text in *err: FULL and ENOSPC inside IOERR are RC_FULL,
 * CORRUPT and NOTADB RC_CORRUPT, BUSY and LOCKED RC_BUSY, READONLY, PERM and AUTH RC_DENIED,
 * unique and primary key constraints RC_EXISTS, other constraints RC_INVALID, NOMEM and TOOBIG
 * RC_LIMIT, CANTOPEN by its errno, others RC_IO. what: short words for the text. Thread: the
 * handle's.
 */
enum rc db_result(struct db *db, int sqlite_rc, const char *what, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One SQLite database file, opened as Roost needs it: in WAL mode, without a mutex (the owner
 * ensures that only one thread uses a handle at a time), with statements that are prepared
 * once, and with results as enum rc. Nothing here knows what the tables mean. Statements are in
 * db/stmt.h, transactions in db/txn.h, schema versions in db/schema.h, and moving a handle from
 * one database to another in db/move.h.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct db; /* one handle; it takes two or three descriptors, and about 100 KB besides the page
              cache */
struct sqlite3;

enum db_sync {
    /* a commit is on disk when it returns; for everything that is acknowledged to a peer */
    DB_SYNC_FULL,
    DB_SYNC_NORMAL, /* consistent after a crash, but the last commits may be gone */
};

/* How a handle reads its files. If each page is somewhere else, what the system reads ahead is
 * useless and displaces other data from memory. */
enum db_reads {
    DB_READS_AHEAD,     /* runs of pages: the system reads ahead as it likes */
    DB_READS_SCATTERED, /* a few pages here and there */
};

struct db_options {
    const char *const *sql; /* statement texts by enum index, borrowed for the handle's life */
    unsigned sql_count;
    enum db_sync sync;
    unsigned page_size_octets; /* used at creation only; 0: SQLite's own (4096) */
    unsigned cache_kib;        /* page cache limit; 0: 512 */
    enum db_reads reads;       /* only with own_index */
    unsigned busy_ms;        /* longest wait for locks of other handles; 0: LIMIT_DB_WAIT_MS */
    int64_t wal_keep_octets; /* a reset WAL file is cut to this; 0: LIMIT_WAL_OCTETS */
    const char *vfs;         /* NULL: the usual one; tests use one that fails */
    bool create;             /* make the file (mode 0600) if there is none */
    bool read_only;
    bool secure_delete;   /* overwrite what is deleted; this costs 3 to 10 times the writes */
    bool auto_checkpoint; /* every 1000 pages, by whoever commits; otherwise only by
                             db_checkpoint */
    bool auto_vacuum;     /* incremental; used at creation only */
    bool checkpoint_on_close; /* and remove the WAL; otherwise closing writes nothing */
    bool own_index; /* all handles are in this process, and use db/vfs.h; vfs must be NULL */
};

/**
 * Opens path (see db_options). Except for journal_mode, nothing here touches a page, so damage
 * to the file may be noticed only at the first statement. If the disk is too full for the index
 * that all programs share (the -shm file), this process keeps the index in its memory, and
 * other programs find the database locked (see db_share).
 *
 * Returns RC_OK, RC_NOT_FOUND (no file and not create), RC_DENIED, RC_CORRUPT (not a
 * database), RC_FULL, RC_BUSY, RC_LIMIT (memory, descriptors), RC_IO.
 * Thread: any. Waits for disk.
 */
MUST_USE enum rc db_open(struct db **db_out, const char *path, const struct db_options *options,
                         struct err *err);

/**
 * For a handle with own_index: whether another program has used the database, so that no
 * transaction can begin on this handle (txn_begin returns RC_GONE). Close it then, and open
 * another one. Thread: any.
 */
bool db_is_stale(const struct db *db);

/**
 * Lets other programs use a database that was opened on a full disk, if there is room now for
 * the index that all share. Otherwise, and with any other handle, does nothing. To be called
 * before the handle is used, now and then. No statement may be in use. Thread: the handle's.
 * Waits for disk.
 */
void db_share(struct db *db);

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
 * Moves the WAL into the database file. out may be NULL. RC_BUSY: a reader, perhaps of another
 * program, prevented some of it; what was possible is done, and *out is filled. Must not be
 * called within a transaction. Thread: the handle's. Waits for disk.
 */
MUST_USE enum rc db_checkpoint(struct db *db, enum db_checkpoint_mode mode,
                               struct db_checkpoint *out, struct err *err);

/** For a handle with own_index: sets how many octets of the log's file stay when it is emptied,
 * until the last handle is closed. Thread: any. */
void db_log_keep(struct db *db, int64_t octets);

/** Octets in the WAL after this handle's last commit or checkpoint, and 0 before its first.
 * Costs nothing. */
int64_t db_wal_octets(const struct db *db);

/** The size of the database with its free pages, in octets, without the WAL. */
MUST_USE enum rc db_size_octets(struct db *db, int64_t *octets_out, struct err *err);

/** The size of the free pages in octets, which is what incremental vacuum could give back. */
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
 * Turns a result of SQLite into ours, with its text in *err. FULL, and ENOSPC within IOERR,
 * become RC_FULL; CORRUPT and NOTADB RC_CORRUPT; BUSY and LOCKED RC_BUSY; READONLY, PERM and
 * AUTH RC_DENIED; unique and primary key constraints RC_EXISTS, and other constraints
 * RC_INVALID; NOMEM and TOOBIG RC_LIMIT. CANTOPEN depends on errno. All others become RC_IO.
 * what: a few words for the text. Thread: the handle's.
 */
enum rc db_result(struct db *db, int sqlite_rc, const char *what, struct err *err);

#endif

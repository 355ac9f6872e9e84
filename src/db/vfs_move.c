/* SPDX-License-Identifier: MIT */
/*
 * Files of a handle that goes from one database to another (db/move.h). SQLite keeps its file
 * objects, which are ours; what is behind them is closed here and opened again elsewhere.
 * SQLite's own names for the files are those of the database it has opened, and it uses them
 * only to delete files and to look for a journal, which it does not do in WAL mode with
 * SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE.
 *
 * Thread: the handle's.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/big_endian.h"
#include "db/vfs.h"
#include "db/vfs_private.h"

enum {
    DB_HEADER = 100, /* SQLite file format 1.3 */
    AT_PAGE_SIZE = 16,
    AT_WRITE_VERSION = 18,
    AT_READ_VERSION = 19,
    AT_RESERVED = 20,
    AT_FORMAT = 44,
    AT_ENCODING = 56,
    WAL_VERSION = 2,
    FORMAT_NEWEST = 4,
    ENCODING_UTF8 = 1,
};

/* What SQLite does not look at again, or not in time, once it has a database open: all of these
 * are alike, or a handle neither comes nor goes. */
static bool
suits(struct vfs_file *main_db, unsigned page_octets)
{
    static const char magic[16] = "SQLite format 3";
    unsigned char header[DB_HEADER];

    if (pass_read(&main_db->pass.base, header, sizeof header, 0) != SQLITE_OK)
        return false;
    const unsigned octets = (unsigned)header[AT_PAGE_SIZE] << 8 | header[AT_PAGE_SIZE + 1];
    return memcmp(header, magic, sizeof magic) == 0 &&
           (octets == 1 ? 65536 : octets) == page_octets &&
           header[AT_WRITE_VERSION] == WAL_VERSION && header[AT_READ_VERSION] == WAL_VERSION &&
           header[AT_RESERVED] == 0 && big_get(header + AT_FORMAT) == FORMAT_NEWEST &&
           big_get(header + AT_ENCODING) == ENCODING_UTF8;
}

bool
vfs_leave(struct sqlite3 *raw, unsigned page_octets)
{
    struct vfs_file *main_db = vfs_main_file(raw);
    struct vfs_file *log = main_db == NULL ? NULL : main_db->other;

    if (log == NULL || log->held_octets != 0 || log->failed != SQLITE_OK ||
        log->name_unsynced || vfs_has_locks(main_db) || !suits(main_db, page_octets) ||
        !wal_index_leave(main_db->index))
        return false;
    ahead_end(&log->ahead);
    ahead_end(&main_db->ahead);
    (void)pass_close(&log->pass.base); /* everything in them was synced or is of no commit */
    (void)pass_close(&main_db->pass.base);
    return true;
}

/* SQLite's names end with two zeros. */
static bool
rename_files(struct vfs_file *main_db, const char *path)
{
    static const char suffix[] = "-wal\0";
    const size_t len = strlen(path);
    char *names = malloc(2 * len + 2 + sizeof suffix);

    if (names == NULL)
        return false;
    memcpy(names, path, len);
    memset(names + len, 0, 2);
    memcpy(names + len + 2, path, len);
    memcpy(names + 2 * len + 2, suffix, sizeof suffix);
    free(main_db->own_names);
    main_db->own_names = names;
    main_db->name = names;
    main_db->other->name = names + len + 2;
    return true;
}

/* A journal is of a program that changed the database in another mode and was killed. */
static bool
has_journal(const char *path)
{
    char name[4096 + 16];

    const int len = snprintf(name, sizeof name, "%s-journal", path);
    return len < 0 || (size_t)len >= sizeof name || access(name, F_OK) == 0;
}

static bool
open_db(struct vfs_file *main_db)
{
    int flags = main_db->flags & ~SQLITE_OPEN_CREATE;

    return pass_open(&main_db->pass, main_db->name, main_db->reads, flags, &flags) ==
               SQLITE_OK &&
           (flags & SQLITE_OPEN_READONLY) == 0;
}

bool
vfs_move(struct sqlite3 *raw, const char *path, enum db_reads reads, unsigned page_octets,
         const struct log_memo *memo)
{
    struct vfs_file *main_db = vfs_main_file(raw);
    struct vfs_file *log = main_db->other;

    if (wal_index_mode(main_db->index) != WAL_INDEX_PRIVATE || has_journal(path) ||
        !rename_files(main_db, path))
        return false;
    main_db->reads = log->reads = reads;
    /* SQLite assumes that it has kept this lock, which every handle has from its first read
     * on. */
    const bool here =
        open_db(main_db) && pass_lock(&main_db->pass.base, SQLITE_LOCK_SHARED) == SQLITE_OK &&
        suits(main_db, page_octets) && vfs_log_arrive(log, page_octets) == SQLITE_OK;
    if (!here) {
        (void)pass_close(&log->pass.base);
        (void)pass_close(&main_db->pass.base);
        return false;
    }
    (void)vfs_log_recall(log, memo);
    return true;
}

bool
vfs_has_arrived(struct sqlite3 *raw)
{
    const struct vfs_file *main_db = vfs_main_file(raw);

    return main_db != NULL && main_db->other != NULL && main_db->other->was_read;
}

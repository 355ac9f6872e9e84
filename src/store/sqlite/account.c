/* SPDX-License-Identifier: MIT */
/*
 * An account on disk: its directory, opening its database, and removing it. making.c makes
 * accounts. What a creation by an older server, or one that was cut off, lacks (tables,
 * mailboxes) is made when the account is next used. Thread: any, but only one at a time for
 * each account (SETUP_BUSY).
 */
#include "store/sqlite/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/disk.h"
#include "db/log_memo.h"
#include "db/vfs.h"

enum {
    WRITER_CACHE_KIB = 1024, /* so that a large COPY spills less */
    READER_CACHE_KIB = 256,
    SCRATCH_MAX = LIMIT_BODY_CHUNK,
};

/* Opens a database without looking at it, or moves a handle to it; then it is known to be of
 * our version (*known_out). memo: of its log, or NULL. */
static enum rc
db_get(struct sqlite_account *acct, const char *path, const struct log_memo *memo,
       enum handle_kind kind, bool create, struct db **out, bool *known_out, struct err *err)
{
    struct sqlite_store *store = acct->store;
    const unsigned cache_kib = kind == HANDLE_WRITER ? WRITER_CACHE_KIB : READER_CACHE_KIB;
    /* A writer looks up places here and there; clients read through readers. */
    const enum db_reads reads = kind == HANDLE_WRITER ? DB_READS_SCATTERED : DB_READS_AHEAD;
    const enum rc moved = spares_move(&store->spares, path, reads, cache_kib, memo,
                                      clock_mono_us(store->options.store.clock), out);
    *known_out = moved == RC_OK;
    if (moved == RC_OK)
        return RC_OK;
    if (moved == RC_NOT_FOUND && !create)
        return err_set(err, RC_NOT_FOUND, ENOENT, "%s", path);
    /* Except for the cache, these are the same for all accounts, because a handle may be moved
     * to any of them. */
    const struct db_options options = {
        .sql = sql_texts,
        .sql_count = SQL_COUNT,
        .sync = DB_SYNC_FULL,
        .page_size_octets = PAGE_OCTETS,
        .cache_kib = cache_kib,
        .reads = reads,
        .create = create,
        .auto_vacuum = true,
        .own_index = true,
    };
    return db_open(out, path, &options, err);
}

static enum rc
handle_open_at(struct sqlite_account *acct, const struct log_memo *memo, enum handle_kind kind,
               bool create, struct handle **out, bool *known_out, struct err *err)
{
    char dir[ACCOUNT_PATH_MAX];
    char path[ACCOUNT_PATH_MAX + 16];
    struct handle *handle = calloc(1, sizeof *handle);

    if (handle == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a database handle");
    account_dir(acct->store, acct->id, dir, sizeof dir);
    snprintf(path, sizeof path, "%s/mail.db", dir);
    const enum rc rc = db_get(acct, path, memo, kind, create, &handle->db, known_out, err);
    if (rc != RC_OK) {
        free(handle);
        return rc;
    }
    handle->tx.base.ops = &sqlite_ops;
    handle->tx.acct = acct;
    handle->tx.handle = handle;
    handle->tx.db = handle->db;
    buf_init(&handle->tx.scratch, SCRATCH_MAX);
    *out = handle;
    return RC_OK;
}

void
handle_close(struct handle *handle)
{
    buf_done(&handle->tx.scratch);
    db_close(handle->db);
    free(handle);
}

void
handle_drop(struct sqlite_store *store, struct handle *handle)
{
    handle_close(handle);
    fds_give(store);
}

void
handle_part(struct sqlite_store *store, struct handle *handle)
{
    buf_done(&handle->tx.scratch);
    spares_give(&store->spares, handle->db, clock_mono_us(store->options.store.clock));
    free(handle);
    fds_give(store);
}

/* RC_NOT_FOUND: the tables exist, but the mailboxes do not. A writer finds that out when it
 * loads the counters. known: the tables are of our version. */
static enum rc
handle_check(struct handle *handle, enum handle_kind kind, bool known, struct err *err)
{
    enum rc rc = RC_OK;

    if (!known && atomic_load(&handle->tx.acct->store->unsettled))
        rc = db_is_newest(handle->db, &account_schema, err);
    if (!known && rc == RC_OK)
        rc = db_migrate(handle->db, &account_schema, err);
    if (rc != RC_OK || kind == HANDLE_WRITER)
        return rc;
    AUTO_STMT stmt = stmt_get(handle->db, SQL_MBOX_ANY);
    return stmt_one(&stmt, err);
}

enum rc
handle_open_plain(struct sqlite_account *acct, const struct log_memo *memo, struct handle **out,
                  struct err *err)
{
    bool known = false;

    return handle_open_at(acct, memo, HANDLE_WRITER, false, out, &known, err);
}

static enum rc
open_checked(struct sqlite_account *acct, enum handle_kind kind, bool create,
             struct handle **out, struct err *err)
{
    struct log_memo *memo = logs_recall(acct->store, acct->id);
    struct handle *handle = NULL;
    bool known = false;

    enum rc rc = handle_open_at(acct, memo, kind, create, &handle, &known, err);
    log_memo_free(memo);
    if (rc != RC_OK)
        return rc;
    rc = handle_check(handle, kind, known, err);
    if (rc != RC_OK) {
        handle_close(handle); /* the caller gives back its descriptors */
        return rc;
    }
    *out = handle;
    return RC_OK;
}

enum rc
handle_open(struct sqlite_account *acct, enum handle_kind kind, struct handle **out,
            struct err *err)
{
    return open_checked(acct, kind, false, out, err);
}

enum rc
account_create(struct sqlite_account *acct, struct handle **writer_out, struct err *err)
{
    enum rc rc = making_place(acct->store, acct->id, err);

    if (rc != RC_OK && rc != RC_EXISTS)
        return rc;
    const bool placed = rc == RC_OK;
    if (acct->store->options.background && making_is_due(acct->store))
        logs_wake(acct->store);
    rc = open_checked(acct, HANDLE_WRITER, true, writer_out, err);
    acct->placed = rc == RC_OK && placed; /* otherwise files may just have been made */
    return rc;
}

/* Unlinks the files of a directory and the directory. */
static enum rc
dir_empty_and_remove(const char *path, struct err *err)
{
    DIR *dir = opendir(path);
    char name[ACCOUNT_PATH_MAX + 300];

    if (dir == NULL)
        return err_set(err, rc_of_errno(errno), errno, "%s: open", path);
    enum rc rc = RC_OK;
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == RC_OK;
         entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (disk_unlink(name) != 0)
            rc = err_set(err, rc_of_errno(errno), errno, "%s: unlink", name);
    }
    closedir(dir);
    if (rc == RC_OK && disk_rmdir(path) != 0)
        rc = err_set(err, rc_of_errno(errno), errno, "%s: rmdir", path);
    return rc;
}

/* The directory is renamed first, so that a removal that is cut off leaves no account, rather
 * than one without its latest mail (the WAL is a separate file). It is continued when the
 * removal is next asked for. */
enum rc
account_dir_remove(const struct sqlite_store *store, uint64_t id, struct err *err)
{
    char path[ACCOUNT_PATH_MAX];
    char removed[ACCOUNT_PATH_MAX + 16];
    char parent[ACCOUNT_PATH_MAX];

    account_dir(store, id, path, sizeof path);
    snprintf(removed, sizeof removed, "%s.removed", path);
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    const bool unfinished = access(removed, F_OK) == 0;
    if (unfinished) {
        const enum rc rc = dir_empty_and_remove(removed, err);
        if (rc != RC_OK)
            return rc;
    }
    if (disk_rename(path, removed) != 0) {
        if (errno == ENOENT)
            return RC_OK;
        return err_set(err, rc_of_errno(errno), errno, "%s: rename", path);
    }
    enum rc rc = disk_sync_dir(parent, err);
    if (rc == RC_OK)
        rc = dir_empty_and_remove(removed, err);
    return rc == RC_OK ? disk_sync_dir(parent, err) : rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions on the handles of an account, and its write-ahead log.
 *
 * A reader takes an idle handle, opens one while there are fewer than LIMIT_READERS, or is told
 * RC_AGAIN and woken. The writer is the holder of the turn, so there is one at a time.
 *
 * The log: a commit appends to it; when it has grown by CHECKPOINT_OCTETS it is copied into the
 * database, and SQLite starts it anew when no snapshot needs it any more. Under readers that
 * always overlap it would grow without end, so above LIMIT_WAL_OCTETS no reader is let in,
 * those inside (a slice each) are waited for, and the log is truncated (INV-S6). Any thread.
 */
#include "store/sqlite/private.h"

#include <stdio.h>

#include "base/check.h"

enum {
    CHECKPOINT_OCTETS = 4 << 20, /* of log between checkpoints; 1 to 16 MiB measured the same */
    OVERDUE_OCTETS = 8 << 20,    /* then a begin does it, if nobody did it before */
    TRUNCATE_WAIT_MS = 20,       /* for readers inside: their slices are shorter */
    STALE_TRIES = 5,             /* handles opened anew because other programs come and go */
    WAKE_AT_ONCE = 2,            /* of those waiting for a reader, while another is busy */
};

/* Marks the account as the one used last. The lock is held. */
static void
touch(struct shard *shard, struct sqlite_account *acct)
{
    acct->used_us = clock_mono_us(acct->store->options.store.clock);
    list_remove(&acct->lru);
    list_push_back(&shard->lru, &acct->lru);
}

/* Opens the account for the first time since it is in memory, and creates it if need be. setup
 * is BUSY, which keeps everybody else out; the lock is not held. */
static enum rc
first_open(struct sqlite_account *acct, enum handle_kind kind, struct handle **out,
           bool *created_out, struct err *err)
{
    enum rc rc = fds_take(acct->store, err);

    if (rc != RC_OK)
        return rc;
    rc = handle_open(acct, kind, out, err);
    *created_out = rc == RC_NOT_FOUND; /* then it is a writer */
    if (rc == RC_NOT_FOUND)
        rc = account_create(acct, out, err);
    if (rc != RC_OK)
        fds_give(acct->store);
    return rc;
}

/* setup is UNKNOWN and the lock held: it is given up meanwhile. */
static enum rc
setup(struct shard *shard, struct sqlite_account *acct, enum handle_kind kind, struct err *err)
{
    struct handle *handle = NULL;
    bool created = false;

    acct->setup = SETUP_BUSY;
    lock_leave(&shard->lock);
    const enum rc rc = first_open(acct, kind, &handle, &created, err);
    const enum handle_kind opened = created ? HANDLE_WRITER : kind;
    lock_enter(&shard->lock);
    acct->setup = rc == RC_OK ? SETUP_READY : SETUP_UNKNOWN;
    if (rc == RC_OK) {
        if (opened == HANDLE_WRITER)
            acct->writer = handle;
        else
            acct->readers[0] = handle;
        acct->bare = created;
        touch(shard, acct);
    }
    struct wakes wakes = wakes_take(acct, SIZE_MAX);
    pthread_cond_broadcast(&shard->changed);
    lock_leave(&shard->lock);
    wakes_call(&wakes);
    lock_enter(&shard->lock);
    return rc;
}

/* ---- the writer ---- */

enum tx_outcome { TX_NONE, TX_COMMITTED, TX_UNDONE };

static void
writer_give(struct sqlite_account *acct, enum tx_outcome outcome)
{
    struct shard *shard = shard_of(acct);
    struct wakes wakes = {0};

    lock_enter(&shard->lock);
    if (acct->bare) { /* readers wait for the mailboxes, or add them themselves now */
        if (outcome == TX_COMMITTED)
            acct->bare = false;
        else if (acct->writer != NULL)
            acct->writer->loaded = false; /* what it added was undone */
        wakes = wakes_take(acct, SIZE_MAX);
    }
    acct->writer_busy = acct->keeping = false;
    pthread_cond_broadcast(&shard->changed);
    lock_leave(&shard->lock);
    wakes_call(&wakes);
}

/* Marks the writer as taken; *open_out: it has to be opened. */
static enum rc
writer_take(struct sqlite_account *acct, bool *open_out, struct err *err)
{
    struct shard *shard = shard_of(acct);
    enum rc rc = RC_OK;

    lock_enter(&shard->lock);
    while (acct->setup == SETUP_BUSY || acct->keeping)
        lock_wait(&shard->lock, &shard->changed);
    if (acct->setup == SETUP_UNKNOWN)
        rc = setup(shard, acct, HANDLE_WRITER, err);
    if (rc == RC_OK) {
        /* setup() gives the lock up when it has finished: an eviction may have come between. */
        while (acct->setup == SETUP_BUSY || acct->keeping)
            lock_wait(&shard->lock, &shard->changed);
        CHECK(!acct->writer_busy); /* two writers: somebody did not hold the turn */
        acct->writer_busy = true;
        *open_out = acct->writer == NULL;
        if (!*open_out)
            touch(shard, acct);
    }
    lock_leave(&shard->lock);
    return rc;
}

enum rc
writer_open(struct sqlite_account *acct, struct err *err)
{
    struct shard *shard = shard_of(acct);
    struct handle *handle = NULL;
    enum rc rc = fds_take(acct->store, err);

    if (rc != RC_OK)
        return rc;
    rc = handle_open(acct, HANDLE_WRITER, &handle, err);
    if (rc != RC_OK) {
        fds_give(acct->store);
        return rc;
    }
    lock_enter(&shard->lock);
    acct->writer = handle;
    touch(shard, acct);
    lock_leave(&shard->lock);
    return RC_OK;
}

/* When it cannot be opened, the next begin opens it: there is no writer meanwhile. */
static enum rc
writer_reopen(struct sqlite_account *acct, struct err *err)
{
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    struct handle *handle = acct->writer;
    acct->writer = NULL;
    lock_leave(&shard->lock);
    purge_forget(acct);
    handle_drop(acct->store, handle);
    return writer_open(acct, err);
}

static void checkpoint_when(struct sqlite_account *acct, int64_t octets);

/* The first transaction of an account: its mailboxes come with whatever it commits, and all of
 * its names are on disk before (INV-S14). */
static enum rc
begin_life(struct sqlite_account *acct, struct err *err)
{
    struct shard *shard = shard_of(acct);
    struct sqlite_tx *tx = &acct->writer->tx;

    lock_enter(&shard->lock);
    acct->bare = true;
    lock_leave(&shard->lock);
    if (!acct->placed) {
        const enum rc rc = making_place(acct->store, acct->id, err);
        if (rc != RC_OK && rc != RC_EXISTS)
            return rc;
        acct->placed = true;
    }
    tx->write = true;
    const enum rc rc = mbox_add_defaults(tx, err);
    tx->write = false;
    return rc;
}

/* Begins the transaction of the writer, which is taken and open. Where another program has been
 * at the database, the writer is opened anew. */
static enum rc
writer_begin(struct sqlite_account *acct, struct err *err)
{
    enum rc rc = RC_GONE;

    for (unsigned tries = 0; rc == RC_GONE && tries < STALE_TRIES; tries++) {
        if (tries > 0 || db_is_stale(acct->writer->db)) {
            rc = writer_reopen(acct, err);
            if (rc != RC_OK)
                return rc;
        }
        checkpoint_when(acct, OVERDUE_OCTETS);
        rc = txn_begin(&acct->writer->tx.txn, acct->writer->db, TXN_WRITE, err);
    }
    const uint64_t modseq = acct->counters.modseq;
    if (rc == RC_OK && acct->store->options.shared)
        acct->writer->loaded = false;
    if (rc == RC_OK && !acct->writer->loaded) {
        bool bare = false;
        rc = counters_load(&acct->writer->tx, &bare, err);
        if (rc == RC_OK && bare)
            rc = begin_life(acct, err);
        if (acct->counters.modseq != modseq)
            purge_forget(acct); /* somebody may have named what it found unnamed */
        if (rc != RC_OK)
            txn_abort(&acct->writer->tx.txn);
        acct->writer->loaded = rc == RC_OK;
    }
    return rc == RC_GONE ? RC_BUSY : rc;
}

/* ---- readers ---- */

static unsigned
readers_in_use(const struct sqlite_account *acct)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL && acct->readers[i]->in_use)
            count++;
    return count;
}

static struct handle *
reader_idle(const struct sqlite_account *acct)
{
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL && !acct->readers[i]->in_use)
            return acct->readers[i];
    return NULL;
}

static bool
reader_may_open(const struct sqlite_account *acct)
{
    unsigned count = acct->readers_opening;

    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL)
            count++;
    return count < LIMIT_READERS;
}

/* Opens one more reader; the lock is held and given up meanwhile. When it fails, those who were
 * told to wait because of it have to try themselves. */
static enum rc
reader_open(struct shard *shard, struct sqlite_account *acct, struct handle **out,
            struct err *err)
{
    struct handle *handle = NULL;

    acct->readers_opening++;
    lock_leave(&shard->lock);
    enum rc rc = fds_take(acct->store, err);
    if (rc == RC_OK) {
        rc = handle_open(acct, HANDLE_READER, &handle, err);
        if (rc != RC_OK)
            fds_give(acct->store);
    }
    lock_enter(&shard->lock);
    acct->readers_opening--;
    if (acct->truncating && acct->readers_opening == 0)
        pthread_cond_broadcast(&shard->changed);
    if (rc != RC_OK) {
        struct wakes wakes = wakes_take(acct, SIZE_MAX);
        lock_leave(&shard->lock);
        wakes_call(&wakes);
        lock_enter(&shard->lock);
        return rc;
    }
    for (unsigned i = 0; i < LIMIT_READERS; i++) {
        if (acct->readers[i] == NULL) {
            acct->readers[i] = handle;
            break;
        }
    }
    *out = handle;
    return RC_OK;
}

/* Tells a reader to come again. The lock is held. */
static enum rc
come_again(struct sqlite_account *acct, struct wake wake, struct err *err)
{
    const enum rc rc = waiter_add(acct, wake);

    return rc == RC_OK ? RC_AGAIN : err_set(err, rc, 0, "no memory for one more waiter");
}

/* Adds the mailboxes in a transaction of their own, for somebody who wants to read them. It is
 * not synced: the next commit's sync takes it along, and a checkpoint syncs first. Should the
 * power fail before, the account is as new once more. Nobody was promised more than empty
 * mailboxes; those that are made then have another UIDVALIDITY, or are as empty. */
static enum rc
fill(struct sqlite_account *acct, struct err *err)
{
    enum rc rc = acct->writer != NULL ? RC_OK : writer_open(acct, err);

    if (rc == RC_OK)
        rc = db_exec(acct->writer->db, "PRAGMA synchronous=NORMAL", err);
    if (rc == RC_OK)
        rc = writer_begin(acct, err);
    if (rc == RC_OK)
        rc = txn_commit(&acct->writer->tx.txn, err);
    if (acct->writer != NULL &&
        db_exec(acct->writer->db, "PRAGMA synchronous=FULL", NULL) != RC_OK) {
        const enum rc opened = writer_reopen(acct, err);
        rc = rc == RC_OK ? opened : rc;
    }
    return rc;
}

/* The handle that made the mailboxes reads them too: opening another costs more than all they
 * are. Whoever writes next opens a writer. The lock is held. */
static void
writer_to_reader(struct sqlite_account *acct)
{
    if (acct->writer == NULL || acct->writer_busy || acct->setup != SETUP_READY ||
        acct->sweep != NULL)
        return;
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] != NULL || acct->readers_opening != 0)
            return;
    acct->readers[0] = acct->writer;
    acct->writer = NULL;
}

/* There are no mailboxes yet. The lock is held and given up meanwhile. */
static enum rc
bare_end(struct shard *shard, struct sqlite_account *acct, struct wake wake, struct err *err)
{
    if (acct->writer_busy)
        return come_again(acct, wake, err); /* they come with what is being written */
    acct->writer_busy = acct->keeping = true;
    lock_leave(&shard->lock);
    const enum rc rc = fill(acct, err);
    writer_give(acct, rc == RC_OK ? TX_COMMITTED : TX_UNDONE);
    lock_enter(&shard->lock);
    if (rc == RC_OK)
        writer_to_reader(acct);
    return rc;
}

/* Finds a handle and marks it; the lock is held. */
static enum rc
reader_take(struct shard *shard, struct sqlite_account *acct, struct wake wake,
            struct handle **out, struct err *err)
{
    if (acct->setup == SETUP_UNKNOWN && !acct->truncating) {
        const enum rc rc = setup(shard, acct, HANDLE_READER, err);
        if (rc != RC_OK)
            return rc;
    }
    if (acct->setup == SETUP_BUSY || acct->truncating)
        return come_again(acct, wake, err);
    if (acct->bare) {
        const enum rc rc = bare_end(shard, acct, wake, err);
        if (rc != RC_OK)
            return rc;
        if (acct->setup == SETUP_BUSY || acct->truncating)
            return come_again(acct, wake, err);
    }
    struct handle *handle = reader_idle(acct);
    if (handle == NULL) {
        if (!reader_may_open(acct))
            return come_again(acct, wake, err);
        enum rc rc = reader_open(shard, acct, &handle, err);
        if (rc == RC_NOT_FOUND) {
            /* An earlier life was cut off before its first commit, and the writer that opened
             * the account in this one has not come to look for mailboxes yet. */
            acct->bare = true;
            rc = bare_end(shard, acct, wake, err);
            if (rc == RC_OK && (acct->setup == SETUP_BUSY || acct->truncating))
                return come_again(acct, wake, err);
            if (rc == RC_OK)
                rc = reader_open(shard, acct, &handle, err);
        }
        if (rc != RC_OK)
            return rc;
        if (acct->truncating) /* it began meanwhile, and waits for nobody who comes now */
            return come_again(acct, wake, err);
    }
    handle->in_use = true;
    touch(shard, acct);
    *out = handle;
    return RC_OK;
}

/* Gives a read handle back and tells those who wait. */
static void
reader_give(struct sqlite_account *acct, struct handle *handle)
{
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    handle->in_use = false;
    const unsigned busy = readers_in_use(acct);
    if (acct->truncating && busy == 0)
        pthread_cond_broadcast(&shard->changed);
    struct wakes wakes = {0};
    /* Some of those woken may be gone. Another busy reader wakes more when it is done; the last
     * one has to wake all, or they would wait for ever. */
    if (acct->waiter_count != 0 && !acct->truncating)
        wakes = wakes_take(acct, busy == 0 ? SIZE_MAX : WAKE_AT_ONCE);
    lock_leave(&shard->lock);
    wakes_call(&wakes);
}

/* Closes a reader that this thread has: another program has been at the database (INV-S11). */
static void
reader_drop(struct sqlite_account *acct, struct handle *handle)
{
    struct shard *shard = shard_of(acct);

    lock_enter(&shard->lock);
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        if (acct->readers[i] == handle)
            acct->readers[i] = NULL;
    lock_leave(&shard->lock);
    reader_give(acct, handle); /* those who wait may open one */
    handle_drop(acct->store, handle);
}

enum rc
sqlite_read_begin(struct store_account *base, struct wake wake, struct store_tx **tx_out,
                  struct err *err)
{
    struct sqlite_account *acct = sqlite_account_of(base);
    struct shard *shard = shard_of(acct);

    CHECK(lock_none_held());
    for (unsigned tries = 1;; tries++) {
        struct handle *handle = NULL;
        lock_enter(&shard->lock);
        enum rc rc = reader_take(shard, acct, wake, &handle, err);
        lock_leave(&shard->lock);
        if (rc != RC_OK)
            return rc;
        rc = txn_begin(&handle->tx.txn, handle->db, TXN_READ, err);
        if (rc == RC_OK) {
            *tx_out = &handle->tx.base;
            return RC_OK;
        }
        if (rc != RC_GONE || tries == STALE_TRIES) {
            reader_give(acct, handle);
            return rc == RC_GONE ? RC_BUSY : rc;
        }
        reader_drop(acct, handle);
    }
}

/* ---- writing ---- */

static void
undo_note(const struct sqlite_tx *tx, struct undo *out)
{
    *out = (struct undo){.counters = tx->acct->counters, .names_left = tx->names_left};
}

/* INV-S24: memory as it was; the rows are. */
static void
undo(struct sqlite_tx *tx, const struct undo *noted)
{
    tx->acct->counters = noted->counters;
    tx->names_left = noted->names_left;
    tx->renamed = false;
    purge_forget(tx->acct); /* INV-S8: what it counted on was undone */
}

enum rc
sqlite_write_begin(struct store_account *base, struct wake wake, struct store_tx **tx_out,
                   struct err *err)
{
    struct sqlite_account *acct = sqlite_account_of(base);
    bool open = false;

    (void)wake; /* the turn is the only lease: one process has the directory */
    CHECK(lock_none_held());
    enum rc rc = writer_take(acct, &open, err);
    if (rc != RC_OK)
        return rc;
    if (open)
        rc = writer_open(acct, err);
    if (rc == RC_OK)
        rc = writer_begin(acct, err);
    if (rc != RC_OK) {
        writer_give(acct, TX_NONE);
        return rc;
    }
    struct sqlite_tx *tx = &acct->writer->tx;
    tx->write = true;
    tx->renamed = false; /* what begin_life notes, here or for a reader, is no part of it */
    tx->names_left = false;
    undo_note(tx, &tx->at_begin);
    *tx_out = &tx->base;
    return RC_OK;
}

/* Ends the use of the write transaction's handle. */
static void
writer_end(struct sqlite_tx *tx, enum tx_outcome outcome)
{
    tx->write = false;
    tx->savepoint = false;
    tx->acl_is_counted = false;
    if (outcome == TX_UNDONE)
        undo(tx, &tx->at_begin);
    writer_give(tx->acct, outcome);
}

/* The oldest names that entries of metadata have left. Each look for them reads all metadata,
 * so there is one for a transaction. */
static enum rc
names_forget(struct sqlite_tx *tx, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_METADATA_FORGET);

    bind_u64(&stmt, 1, LIMIT_METADATA_REMOVED - 1);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_commit(struct store_tx *base, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write && !tx->savepoint);
    tx_reset_cursors(tx);
    enum rc rc = tx->names_left ? names_forget(tx, err) : RC_OK;
    if (rc == RC_OK)
        rc = txn_commit(&tx->txn, err);
    else
        txn_abort(&tx->txn);
    if (rc == RC_FULL)
        tx->acct->was_full = true;
    writer_end(tx, rc == RC_OK ? TX_COMMITTED : TX_UNDONE);
    return rc;
}

void
sqlite_end(struct store_tx *base)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    tx_reset_cursors(tx);
    scan_end(tx);
    buf_release_if_empty(&tx->scratch);
    txn_abort(&tx->txn);
    if (tx->write) {
        writer_end(tx, TX_UNDONE);
    } else {
        reader_give(tx->acct, tx->handle);
    }
}

enum rc
sqlite_savepoint(struct store_tx *base, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->write && !tx->savepoint);
    const enum rc rc = savepoint_begin(tx->db, err);
    tx->savepoint = rc == RC_OK;
    tx->renamed = false; /* what is noted now may be undone with the savepoint */
    undo_note(tx, &tx->at_savepoint);
    return rc;
}

enum rc
sqlite_savepoint_release(struct store_tx *base, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->savepoint);
    tx->savepoint = false;
    return savepoint_release(tx->db, err);
}

void
sqlite_savepoint_rollback(struct store_tx *base)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    CHECK(tx->savepoint);
    tx->savepoint = false;
    tx->acl_is_counted = false;
    tx_reset_cursors(tx);
    undo(tx, &tx->at_savepoint);
    /* RC_GONE: SQLite has undone the whole transaction already, and the commit will say so. Any
     * other failure must not leave half a request to be committed. */
    const enum rc rc = savepoint_abort(tx->db, NULL);
    if (rc != RC_OK && rc != RC_GONE) {
        txn_abort(&tx->txn);
        tx->txn.db = tx->db; /* still begun, for the commit to refuse */
    }
}

/* ---- writers elsewhere ---- */

enum rc
sqlite_latest(struct store_account *base, struct wake wake, uint64_t *modseq_out,
              struct err *err)
{
    struct store_tx *tx = NULL;

    if (!sqlite_account_of(base)->store->options.shared) {
        *modseq_out = 0;
        return RC_OK;
    }
    enum rc rc = sqlite_read_begin(base, wake, &tx, err);
    if (rc != RC_OK)
        return rc;
    rc = sqlite_modseq(tx, modseq_out, err);
    sqlite_end(tx);
    return rc;
}

void
sqlite_listen(struct store *base, void (*fn)(void *ctx, uint64_t account_id), void *ctx)
{
    (void)base; /* it hears of nobody: other writers are found by store_latest */
    (void)fn;
    (void)ctx;
}

/* ---- the log ---- */

/* Any use of the database by a reader, or by somebody who is opening a handle: that reads it
 * too. The lock is held. */
static bool
is_read(const struct sqlite_account *acct)
{
    return readers_in_use(acct) != 0 || acct->readers_opening != 0 || acct->setup == SETUP_BUSY;
}

/* Keeps new readers out and waits a moment for those inside. True: there are none. */
static bool
readers_stop(struct shard *shard, struct sqlite_account *acct)
{
    const int64_t until_ms = clock_mono_ms(&clock_system) + TRUNCATE_WAIT_MS;

    lock_enter(&shard->lock);
    acct->truncating = true;
    while (is_read(acct)) {
        const int64_t left_ms = until_ms - clock_mono_ms(&clock_system);
        if (left_ms <= 0 || !lock_wait_ms(&shard->lock, &shard->changed, left_ms))
            break;
    }
    const bool none = !is_read(acct);
    lock_leave(&shard->lock);
    return none;
}

static void
readers_go_on(struct shard *shard, struct sqlite_account *acct)
{
    lock_enter(&shard->lock);
    acct->truncating = false;
    struct wakes wakes = wakes_take(acct, SIZE_MAX);
    lock_leave(&shard->lock);
    wakes_call(&wakes);
}

static void
report_outsider(struct sqlite_account *acct, int64_t wal_octets)
{
    const struct store_options *options = &acct->store->options.store;
    char text[160];

    if (acct->reported || options->report == NULL)
        return;
    acct->reported = true;
    snprintf(text, sizeof text,
             "another program reads the account's database; its log of %jd MiB cannot be "
             "emptied before that program is done",
             (intmax_t)(wal_octets >> 20));
    options->report(options->report_ctx, acct->id, text);
}

void
log_empty(struct sqlite_account *acct, struct db *db)
{
    struct shard *shard = shard_of(acct);
    struct db_checkpoint state = {0};
    const bool alone = readers_stop(shard, acct);
    const enum rc rc = db_checkpoint(
        db, alone ? DB_CHECKPOINT_TRUNCATE_NOW : DB_CHECKPOINT_PASSIVE, &state, NULL);

    readers_go_on(shard, acct);
    if (alone && rc == RC_BUSY)
        report_outsider(acct, db_wal_octets(db));
    else if (alone && rc == RC_OK)
        acct->reported = false;
}

static void
checkpoint_some(struct db *db)
{
    const enum rc rc = db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, NULL);

    (void)rc; /* the log only stays longer; the next one does the rest */
}

/* Copies the log into the database when it holds at least octets; the writer is taken. What
 * fails here is noticed by the next commit: nothing acknowledged depends on it. */
static void
checkpoint_when(struct sqlite_account *acct, int64_t octets)
{
    struct db *db = acct->writer->db;
    const int64_t wal = db_wal_octets(db);

    if (wal < acct->checkpoint_at_octets - CHECKPOINT_OCTETS)
        acct->checkpoint_at_octets = 0; /* it was started anew */
    if (!acct->was_full && (wal < octets || wal < acct->checkpoint_at_octets))
        return;
    if (wal >= (int64_t)LIMIT_WAL_OCTETS || acct->was_full)
        log_empty(acct, db);
    else
        checkpoint_some(db);
    acct->checkpoint_at_octets = db_wal_octets(db) + CHECKPOINT_OCTETS;
    acct->was_full = acct->was_full && db_wal_octets(db) > 0;
}

void
log_keep_short(struct sqlite_account *acct)
{
    struct shard *shard = shard_of(acct);

    CHECK(lock_none_held());
    lock_enter(&shard->lock);
    const bool due = acct->setup == SETUP_READY && acct->writer != NULL && !acct->keeping;
    CHECK(!due || !acct->writer_busy);
    if (due)
        acct->writer_busy = true;
    lock_leave(&shard->lock);
    if (!due)
        return;
    checkpoint_when(acct, CHECKPOINT_OCTETS);
    writer_give(acct, TX_NONE);
}

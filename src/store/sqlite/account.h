/* SPDX-License-Identifier: MIT */
/*
 * Accounts in memory, their open databases and transactions.
 *
 *     store ── shards (lock, map of accounts, LRU of those with open databases)
 *                └── sqlite_account (small; one an account in use)
 *                      └── handle: 1 writer, up to LIMIT_READERS readers; a database and
 *                            └── sqlite_tx: the transaction on it, its cursors
 */
#ifndef STORE_SQLITE_ACCOUNT_H
#define STORE_SQLITE_ACCOUNT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "db/tree.h"
#include "db/txn.h"
#include "store/sqlite/logs.h"
#include "store/sqlite/making.h"
#include "store/sqlite/spares.h"
#include "store/sqlite/sql.h"
#include "store/engine.h"
#include "store/engine_sqlite.h"
#include "store/quota.h"

enum {
    STORE_SHARDS = 16,
    HANDLE_FDS = 3, /* database, WAL; the -shm is shared but counted for each */
};

/* A statement that stays open between calls, because the next row asked for is mostly the next
 * one stored. */
struct cursor {
    struct stmt stmt;
    bool open;
    uint64_t at; /* key of the row it stands on */
};
static inline void
cursor_end(struct cursor *cursor)
{
    if (cursor->open)
        stmt_reset(&cursor->stmt);
    cursor->open = false;
}

/* The reading of a mailbox's entries from one call to the next (rows/entries_scan.c). */
struct entries_scan {
    uint64_t mbox; /* 0: none is under way */
    uint32_t next; /* UID with which it goes on */
    bool walks;    /* the tree is open, and stands there */
    struct tree tree;
};

/* What a writer keeps in memory from the rows. The next value is one more. Values only grow,
 * unless something is undone (INV-S24). Only the holder of the turn uses them. */
struct counters {
    uint64_t modseq;
    uint64_t message;
    uint64_t mbox;
    /* The sums over the mailboxes, kept by whatever changes their rows (counters.c); not known
     * before they are asked for. */
    struct quota_amounts usage;
    uint32_t uidvalidity;
    /* Upper bound of their number; 0: not counted yet. They are counted again only at the
     * limit; otherwise each CREATE would read all rows. */
    uint32_t mailboxes;
    uint32_t subscriptions;
    bool usage_known;
};

/* What there was when a transaction or a savepoint began, to be put back if it is undone. */
struct undo {
    struct counters counters;
    bool names_left;
};

struct sqlite_tx {
    struct store_tx base;
    struct sqlite_account *acct;
    struct handle *handle;
    struct db *db;
    struct txn txn;
    bool write;
    bool savepoint;
    bool acl_is_counted;      /* acl_count is known; it may be too high */
    uint32_t acl_count;       /* rows of all access control lists */
    bool renamed;             /* names_note was called since the savepoint began */
    bool names_left;          /* entries of metadata were removed, and have left their names */
    struct undo at_begin;     /* of a write */
    struct undo at_savepoint; /* while there is one */

    struct cursor message;
    unsigned message_sql; /* which statement the cursor runs */

    struct cursor content;
    struct {
        uint64_t message;     /* 0: none; the others belong to it */
        uint64_t octets;      /* of the whole text */
        uint64_t head_octets; /* of piece 0 */
        bool whole;           /* one row holds everything */
        struct span data;     /* uncompressed, of piece `piece` */
        uint64_t piece;
    } text;
    struct buf scratch; /* a decompressed piece */

    struct entries_scan scan;
};

struct handle {
    struct db *db;
    bool in_use; /* guard: the shard's lock */
    bool loaded; /* writer only: the account's counters are read */
    struct sqlite_tx tx;
};

enum setup_state {
    SETUP_UNKNOWN, /* not opened since the account is in memory: may have to be created */
    SETUP_BUSY,    /* one thread creates it, opens it first, or closes it */
    SETUP_READY,
};

struct sweep;         /* purge.c: which messages may go, while that is being found out */
struct keywords_look; /* rows/keywords_purge.c: the same of numbers of keywords */

/* It exists as long as somebody holds the account, including parked sessions, so it has no
 * holes. */
struct sqlite_account {
    struct store_account base;
    struct sqlite_store *store;
    uint64_t id;

    /* Guard: the shard's lock. */
    struct list lru;       /* in shard.lru while a database is open */
    int64_t used_us;       /* monotonic: last begin */
    struct handle *writer; /* owned; NULL: not open */
    struct handle *readers[LIMIT_READERS];
    struct wake *waiters; /* owned array: who was told RC_AGAIN */
    uint32_t waiter_count;
    uint32_t waiter_cap;
    unsigned refs;
    unsigned readers_opening;
    uint8_t setup;    /* enum setup_state */
    bool writer_busy; /* in a transaction, opening or checkpointing */
    bool bare;        /* there are no mailboxes yet: the first commit adds them */
    bool keeping;     /* the thread that empties logs has the writer */
    bool truncating;  /* no new readers are allowed */

    /* The holder of the turn. */
    bool placed;   /* its names are known to be on disk, and the rows say so too */
    bool reported; /* the outside reader was reported */
    bool was_full; /* a commit found no space: the log must be emptied, whatever its size */
    struct counters counters;
    struct sweep *sweep;          /* owned; NULL: none */
    struct keywords_look *look;   /* owned; NULL: no mailbox is looked through */
    int64_t checkpoint_at_octets; /* WAL size of the next attempt; 0: CHECKPOINT_OCTETS */
};

_Static_assert(sizeof(struct sqlite_account) <= 192,
               "an account in memory is larger than its class of jemalloc");

struct shard {
    struct lock lock;       /* LOCK_ACCOUNTS */
    pthread_cond_t changed; /* setup, truncating or readers of some account of it */
    struct map accounts;    /* id to store_account */
    struct list lru;        /* accounts with open databases, longest unused first */
};

struct sqlite_store {
    struct store base;
    struct sqlite_options options;
    char *dir; /* owned */
    atomic_int_fast64_t fds;
    atomic_bool unsettled; /* no account may change its version yet */
    struct shard shards[STORE_SHARDS];
    struct logs logs;
    struct making making;
    struct spares spares;
};

static inline struct sqlite_store *
sqlite_store_of(struct store *base)
{
    return CONTAINER_OF(base, struct sqlite_store, base);
}
static inline struct sqlite_account *
sqlite_account_of(struct store_account *base)
{
    return CONTAINER_OF(base, struct sqlite_account, base);
}
static inline struct sqlite_tx *
sqlite_tx_of(struct store_tx *base)
{
    return CONTAINER_OF(base, struct sqlite_tx, base);
}

/* The rows of the engine's table (store/ops.def): what each does is told in store.h. */
extern const struct store_ops sqlite_ops;
#define STORE_OP(name) SAME_TYPE(store_##name) sqlite_##name;
#include "store/ops.def"
#undef STORE_OP

struct shard *shard_of(const struct sqlite_account *acct);
/* Frees it when nobody has it and nothing is open. The lock is held. */
void account_free_if_unused(struct shard *shard, struct sqlite_account *acct);
/* Whether a database of it is open. Thread: any. */
bool account_is_open(struct sqlite_store *store, uint64_t account_id);
/* Takes descriptors for one more database, closing others if it must. RC_LIMIT. Waits. */
MUST_USE enum rc fds_take(struct sqlite_store *store, struct err *err);
static inline void
fds_give(struct sqlite_store *store)
{
    atomic_fetch_sub(&store->fds, HANDLE_FDS);
}
/* Closes accounts that have been idle for some time, or more when descriptors run short. */
void cache_close_idle(struct sqlite_store *store);
/* Closes all that are idle. */
void cache_close_all(struct sqlite_store *store);
/* Opens the account's writer, which is taken. Waits for disk. */
MUST_USE enum rc writer_open(struct sqlite_account *acct, struct err *err);
/* Takes everybody off the list of waiters; call wakes_call without the lock. */
struct wakes {
    struct wake *list; /* owned */
    size_t count;
};
struct wakes wakes_take(struct sqlite_account *acct, size_t max);
void wakes_call(struct wakes *wakes);
/* RC_LIMIT without memory. The shard's lock is held. */
MUST_USE enum rc waiter_add(struct sqlite_account *acct, struct wake wake);

/* Moves the account's log into its database when it has grown enough; otherwise does nothing,
 * at once. For the holder of the turn, outside a transaction. Waits for disk. */
void log_keep_short(struct sqlite_account *acct);
/* Moves all of it into the database and makes the log empty, unless readers are inside for
 * long. The writer is taken, and db is it or a handle in its place. Waits for disk. */
void log_empty(struct sqlite_account *acct, struct db *db);

enum handle_kind { HANDLE_READER, HANDLE_WRITER };
/* Opens a database of an account that is there, with a handle that another account has left if
 * there is one; RC_NOT_FOUND when it has to be created. */
MUST_USE enum rc handle_open(struct sqlite_account *acct, enum handle_kind kind,
                             struct handle **out, struct err *err);
/* A writer that is for its log only: nothing is asked of the database. memo: of the log, or
 * NULL. RC_NOT_FOUND. */
MUST_USE enum rc handle_open_plain(struct sqlite_account *acct, const struct log_memo *memo,
                                   struct handle **out, struct err *err);
/* Makes the account (directories, tables) as far as it is not there, and opens it. Its
 * mailboxes come with the first commit: counters_load finds none, see writer_begin. */
MUST_USE enum rc account_create(struct sqlite_account *acct, struct handle **writer_out,
                                struct err *err);
void handle_close(struct handle *handle);
/* Closes it and gives its descriptors back. */
void handle_drop(struct sqlite_store *store, struct handle *handle);
/* The same of one that is as good as new: it may be kept for the next account. */
void handle_part(struct sqlite_store *store, struct handle *handle);
/* All files of it. RC_OK also when there is none. */
MUST_USE enum rc account_dir_remove(const struct sqlite_store *store, uint64_t id,
                                    struct err *err);

/* ---- place.c ---- */
/* Makes a directory if it is not there, and sees to it that it stays. */
MUST_USE enum rc dir_make(const char *path, struct err *err);
/* DIR/accounts/xx/yy/id */
void account_dir(const struct sqlite_store *store, uint64_t id, char *out, size_t size);
enum { ACCOUNT_PATH_MAX = 4096 };

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the files of the embedded engine share: the cache of open databases, transactions and
 * the helpers that several operations need. Nobody outside this folder includes it.
 *
 *     store ── shards (lock, map of accounts, LRU of those with open databases)
 *                └── store_account (small; one an account in use)
 *                      └── handle: 1 writer, up to LIMIT_READERS readers; a database and
 *                            └── store_tx: the transaction on it, its cursors
 */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "db/db.h"
#include "db/schema.h"
#include "db/stmt.h"
#include "db/txn.h"
#include "store/store.h"

enum {
    STORE_SHARDS = 16,
    HANDLE_FDS = 3,            /* database, WAL; the -shm is shared but counted for each */
    PAGE_OCTETS = 8192,        /* decided by bench/store_bench.c, see docs/schema.md */
    CONTENT_WHOLE_MAX = 16384, /* texts up to this size are one row, never compressed */
    CONTENT_PIECE_BITS = 16,   /* content.id = message << 16 | piece */
};

/* Columns as mbox.c and entries.c read them. */
#define MBOX_COLUMNS                                                                           \
    "id, name, special_use, uidvalidity, uidnext, recent_from, messages, unseen, deleted,"     \
    " octets, highest_modseq, expunged_floor, created_s"
#define ENTRY_COLUMNS                                                                          \
    "uid, flags, keywords_0, keywords_1, modseq, message, octets, internaldate_s,"             \
    " internaldate_zone_min, savedate_s"

/* The statements of sql.def, by name. */
enum sql_id {
#define SQL(name, text) SQL_##name,
#include "store/sqlite/sql.def"
#undef SQL
    SQL_COUNT,
};
extern const char *const sql_texts[SQL_COUNT];
extern const struct db_schema account_schema;

/* ---- accounts and handles (cache.c, account.c) ---- */

/* A statement that stays open between calls, because the next row asked for is mostly the next
 * one stored. */
struct cursor {
    struct stmt stmt;
    bool open;
    uint64_t at; /* key of the row it stands on */
};

struct store_tx {
    struct store_account *acct;
    struct handle *handle;
    struct db *db;
    struct txn txn;
    bool write;
    bool savepoint;

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
};

struct handle {
    struct db *db;
    bool in_use; /* guard: the shard's lock */
    bool loaded; /* writer only: the account's counters are read */
    struct store_tx tx;
};

enum setup_state {
    SETUP_UNKNOWN, /* not opened since the account is in memory: may have to be created */
    SETUP_BUSY,    /* one thread creates it, opens it first, or closes it */
    SETUP_READY,
};

/* Next values are one more; only grow; only the holder of the turn uses them. */
struct counters {
    uint64_t modseq;
    uint64_t message;
    uint64_t mbox;
    uint32_t uidvalidity;
};

struct sweep; /* purge.c: which messages may go, while that is being found out */

struct store_account {
    struct store *store;
    uint64_t id;

    /* Guard: the shard's lock. */
    unsigned refs;
    enum setup_state setup;
    struct list lru;       /* in shard.lru while a database is open */
    int64_t used_us;       /* monotonic: last begin */
    struct handle *writer; /* owned; NULL: not open */
    struct handle *readers[LIMIT_READERS];
    unsigned readers_opening;
    bool writer_busy;     /* in a transaction, opening or checkpointing */
    bool truncating;      /* no new readers */
    struct wake *waiters; /* owned array: who was told RC_AGAIN */
    size_t waiter_count;
    size_t waiter_cap;

    /* The holder of the turn. */
    struct counters counters;
    struct sweep *sweep;          /* owned; NULL: none */
    int64_t checkpoint_at_octets; /* WAL size of the next attempt; 0: CHECKPOINT_OCTETS */
    bool reported;                /* the outside reader was reported */
};

struct shard {
    struct lock lock;       /* LOCK_ACCOUNTS */
    pthread_cond_t changed; /* setup, truncating or readers of some account of it */
    struct map accounts;    /* id to store_account */
    struct list lru;        /* accounts with open databases, longest unused first */
};

struct store {
    struct store_options options;
    char *dir; /* owned */
    atomic_int_fast64_t fds;
    struct shard shards[STORE_SHARDS];
};

struct shard *shard_of(const struct store_account *acct);
/* Takes descriptors for one more database, closing others if it must. RC_LIMIT. Waits. */
MUST_USE enum rc fds_take(struct store *store, struct err *err);
void fds_give(struct store *store);
/* Takes everybody off the list of waiters; call wakes_call without the lock. */
struct wakes {
    struct wake *list; /* owned */
    size_t count;
};
struct wakes wakes_take(struct store_account *acct, size_t max);
void wakes_call(struct wakes *wakes);
/* RC_LIMIT without memory. The shard's lock is held. */
MUST_USE enum rc waiter_add(struct store_account *acct, struct wake wake);

enum handle_kind { HANDLE_READER, HANDLE_WRITER };
/* Opens a database of an account that is there; RC_NOT_FOUND when it has to be created. */
MUST_USE enum rc handle_open(struct store_account *acct, enum handle_kind kind,
                             struct handle **out, struct err *err);
/* Makes the account (directories, schema, mailboxes) as far as it is not there. */
MUST_USE enum rc account_create(struct store_account *acct, struct handle **writer_out,
                                struct err *err);
void handle_close(struct handle *handle);
/* All files of it. RC_OK also when there is none. */
MUST_USE enum rc account_dir_remove(const struct store *store, uint64_t id, struct err *err);
/* DIR/accounts/xx/yy/id */
void account_dir(const struct store *store, uint64_t id, char *out, size_t size);
enum { ACCOUNT_PATH_MAX = 4096 };

/* Adds the mailboxes that every account has. */
MUST_USE enum rc mbox_add_defaults(struct store_tx *tx, struct err *err);
/* Reads the counters that live in memory (INV-S2). */
MUST_USE enum rc counters_load(struct store_tx *tx, struct err *err);
/* Ends the statements that stand on rows of message or content. */
void tx_reset_cursors(struct store_tx *tx);
int64_t tx_now_s(const struct store_tx *tx);

/* ---- rows ---- */

/* The counters of a mailbox row, read, changed and written back within one operation. */
struct mbox {
    uint64_t id;
    bool retired;
    uint32_t uidnext;
    uint32_t recent_from;
    uint32_t exists;
    uint32_t unseen;
    uint32_t deleted;
    uint64_t octets;
    uint64_t highest_modseq;
    uint64_t expunged_floor;
    uint64_t expunged_octets; /* restorable; those moved are not counted */
};
/* RC_NOT_FOUND; retired ones are found. */
MUST_USE enum rc mbox_load(struct store_tx *tx, uint64_t id, struct mbox *out, struct err *err);
/* The same; retired ones are RC_NOT_FOUND. */
MUST_USE enum rc mbox_load_live(struct store_tx *tx, uint64_t id, struct mbox *out,
                                struct err *err);
MUST_USE enum rc mbox_save(struct store_tx *tx, const struct mbox *mbox, struct err *err);

/* A growing array on the heap that ends in an arena. */
struct rows {
    struct buf buf;
    size_t row_octets;
};
void rows_init(struct rows *rows, size_t row_octets);
static inline void
rows_cleanup(struct rows *rows)
{
    buf_done(&rows->buf);
}
#define AUTO_ROWS CLEANUP(rows_cleanup) struct rows
/* NULL without memory. */
void *rows_push(struct rows *rows);
static inline size_t
rows_count(const struct rows *rows)
{
    return buf_len(&rows->buf) / rows->row_octets;
}
static inline void *
rows_data(const struct rows *rows)
{
    return rows->buf.data;
}
/* A copy in arena; RC_LIMIT. *out may be NULL when there are none. */
MUST_USE enum rc rows_take(const struct rows *rows, struct arena *arena, void **out,
                           struct err *err);

/*
 * The entries that runs of UIDs name, in order. `gap` is set when, since the last entry given,
 * one was passed that is not wanted: ranges of UIDs in a statement may not reach over it.
 */
enum walk_which { WALK_ALL, WALK_DELETED };
struct entry_walk {
    const struct uid_run *runs;
    size_t run_count;
    size_t run; /* the first that may still name something */
    struct stmt stmt;
    enum walk_which which;
    bool open;
    bool gap;
    uint32_t last;   /* UID given last */
    unsigned passed; /* rows outside since the last seek or entry */
};
/* runs may be NULL: all. WALK_DELETED gives only those with \Deleted. */
void walk_begin(struct entry_walk *walk, struct store_tx *tx, uint64_t mbox,
                enum walk_which which, const struct uid_run *runs, size_t run_count);
MUST_USE bool walk_next(struct entry_walk *walk, struct entry *out);
/* Its result; must be called. */
MUST_USE enum rc walk_end(struct entry_walk *walk, struct err *err);

/* Appends uid to the segments of `rows` (struct uid_run): to the last one, or as a new one when
 * there is a gap. RC_LIMIT. */
MUST_USE enum rc segments_add(struct rows *segments, uint32_t uid, bool gap);

/* Why a row of `expunged` is there. */
enum expunge_why { WHY_EXPUNGED = 0, WHY_MOVED = 1, WHY_MBOX_DELETED = 2 };
/* Moves entries of these segments into expunged: rows only, counters are the caller's. */
MUST_USE enum rc expunge_segments(struct store_tx *tx, uint64_t mbox,
                                  const struct rows *segments, uint64_t modseq,
                                  enum expunge_why why, struct err *err);
/* Takes an entry out of the mailbox's counters, or adds it. */
void mbox_count_out(struct mbox *mbox, const struct entry *entry);
void mbox_count_in(struct mbox *mbox, const struct entry *entry);

/* The entry is written as it is; stmt is SQL_ENTRY_ADD. */
MUST_USE enum rc entry_insert(struct stmt *stmt, uint64_t mbox, const struct entry *entry,
                              struct err *err);

/* The text of a new message. */
MUST_USE enum rc content_add(struct store_tx *tx, uint64_t message,
                             const struct message_new *msg, struct err *err);

/* A message got one more name while a sweep is under way. */
void sweep_note(struct store_account *acct, uint64_t message);
void sweep_free(struct store_account *acct);

/* ---- compression (compress.c) ---- */

/* True with *out in this thread's memory, good until the next call, when zstd saves a third. */
MUST_USE bool piece_compress(struct span raw, struct span *out);
/* Appends exactly octets. RC_CORRUPT, RC_LIMIT. */
MUST_USE enum rc piece_expand(struct span packed, size_t octets, struct buf *out,
                              struct err *err);

/* SQLite's integers are signed; ours are below 2^63. */
static inline void
bind_u64(struct stmt *stmt, int param, uint64_t value)
{
    stmt_bind_i64(stmt, param, (int64_t)value);
}
static inline uint64_t
col_u64(struct stmt *stmt, int column)
{
    return (uint64_t)stmt_i64(stmt, column);
}
static inline uint32_t
col_u32(struct stmt *stmt, int column)
{
    return (uint32_t)stmt_i64(stmt, column);
}

#endif

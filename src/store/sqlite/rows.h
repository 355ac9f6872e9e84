/* SPDX-License-Identifier: MIT */
/* Rows of mailboxes and entries as several operations need them: counters, walks, segments. */
#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H

#include "store/sqlite/account.h"

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
    int64_t deleted_octets; /* -1: not counted since before version 3 */
    uint64_t highest_modseq;
    uint64_t expunged_floor;
    uint64_t expunged_octets; /* restorable; those moved are not counted */
    uint32_t row_exists;      /* as they are in the row: mbox_save finds the difference */
    uint64_t row_octets;
};
/* The column with deleted_octets. */
static inline int64_t
deleted_octets_read(struct stmt *stmt, int column)
{
    return stmt_is_null(stmt, column) ? -1 : stmt_i64(stmt, column);
}
/* RC_NOT_FOUND; retired ones are found. */
MUST_USE enum rc mbox_load(struct sqlite_tx *tx, uint64_t id, struct mbox *out,
                           struct err *err);
/* The same; retired ones are RC_NOT_FOUND. */
MUST_USE enum rc mbox_load_live(struct sqlite_tx *tx, uint64_t id, struct mbox *out,
                                struct err *err);
MUST_USE enum rc mbox_save(struct sqlite_tx *tx, struct mbox *mbox, struct err *err);

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
void walk_begin(struct entry_walk *walk, struct sqlite_tx *tx, uint64_t mbox,
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
MUST_USE enum rc expunge_segments(struct sqlite_tx *tx, uint64_t mbox,
                                  const struct rows *segments, uint64_t modseq,
                                  enum expunge_why why, struct err *err);
/* Takes an entry out of the mailbox's counters, or adds it. */
void mbox_count_out(struct mbox *mbox, const struct entry *entry);
void mbox_count_in(struct mbox *mbox, const struct entry *entry);
/* Counts that an entry of this size has other flags now. */
void mbox_count_flags(struct mbox *mbox, uint32_t old_flags, uint32_t flags, uint64_t octets);

/* The entry is written as it is; stmt is SQL_ENTRY_ADD. */
MUST_USE enum rc entry_insert(struct stmt *stmt, uint64_t mbox, const struct entry *entry,
                              struct err *err);

/*
 * Many entries of a mailbox, one batch after the other, without a statement for each row
 * (rows/entries_scan.c). A mailbox of one batch is better read with a statement.
 */
/* A batch was read with a statement, and more may follow from this UID on. */
void scan_note(struct sqlite_tx *tx, uint64_t mbox, uint32_t next);
/* The next batch, if it goes on where the last one ended, as store_entries_read would give it.
 * False: a statement has to read it. */
MUST_USE bool scan_read(struct sqlite_tx *tx, uint64_t mbox, uint32_t from, struct entry *rows,
                        size_t max, size_t *count_out);
/* At the end of the transaction. */
void scan_end(struct sqlite_tx *tx);

#endif

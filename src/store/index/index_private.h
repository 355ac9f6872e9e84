/* SPDX-License-Identifier: MIT */
/*
 * The index's own structures. What is stored for a space is a number of runs, each of which has
 * the terms of some consecutive documents, in pieces of ascending terms. A batch of documents
 * makes a run of level 0 in each space. Of RUNS_MERGED runs of a level one of the next level is
 * made, a part of it with each batch (merge.c).
 *
 *      level 0   [a-d][d-k][k-z]   [a-k][k-z]   [a-z]   [a-f][f-z]
 *                 `---- moving ----. into
 *      level 1   [a-c][c-h]  ...   [a-c][c-g] ...
 *
 * While that lasts, both are read: each piece that is read, of the new run or of the old ones,
 * tells the truth about its terms, and an old piece is removed in the transaction that stores
 * the last of its terms in the new run. So a term of a message is always in some piece, it may
 * be in two, and it only goes to higher levels (INV-S25). Ids of runs are not given again.
 *
 * Everything that is read is compared with seals: head.seal is about all numbers of head and
 * run, the two of a piece are about its terms and its lists, that of a text about the text. The
 * number of each piece is known from its run, so a lost one is noticed.
 */
#ifndef STORE_INDEX_PRIVATE_H
#define STORE_INDEX_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/lock.h"
#include "db/db.h"
#include "db/stmt.h"
#include "db/txn.h"
#include "store/index.h"
#include "store/index/list.h"
#include "store/index/piece.h"

enum {
    RUNS_MERGED = 4,
    LEVEL_MAX = 15,
    PIECE_BITS = 24, /* of a piece's id: its number in the run */
    RUN_BITS = 36,
    SPACE_UNSURE = INDEX_SPACES, /* its only term has the messages that are unsure */
    SPACES_STORED,
    INDEX_APPLICATION = 0x526f6f69, /* "Rooi" */
    INDEX_VERSION = 2,
};

/* What the only term of SPACE_UNSURE is. */
#define UNSURE_TERM SPAN("unsure")

enum index_sql {
    SQL_USER_VERSION,
    SQL_APPLICATION,
    SQL_PAGE_COUNT,
    SQL_HEAD,
    SQL_HEAD_PUT,
    SQL_RUNS,
    SQL_RUN_PUT,
    SQL_RUN_DELETE,
    SQL_RUNS_CLEAR,
    SQL_PIECE_FIRST,
    SQL_PIECE_TERMS,
    SQL_PIECE_LISTS,
    SQL_PIECE_BOTH,
    SQL_PIECE_PUT,
    SQL_PIECES_DELETE,
    SQL_PIECES_CLEAR,
    SQL_PROOFS,
    SQL_PROOF_PUT,
    SQL_PROOFS_TRIM,
    SQL_PROOFS_CLEAR,
    SQL_ATTACHED,
    SQL_ATTACHED_PUT,
    SQL_ATTACHED_CLEAR,
    SQL_COUNT,
};
extern const char *const index_sql_texts[SQL_COUNT];
extern const char index_schema[];

struct run {
    uint64_t id;
    unsigned space;
    unsigned level;
    uint64_t into;  /* the run into which its terms are moving; 0: none */
    uint64_t first; /* its messages are from this one ... */
    uint64_t last;  /* ... to this one */
    uint64_t piece_first;
    uint64_t piece_end;
    bool changed; /* to be stored */
};

/* What head and run say. */
struct catalog {
    uint64_t generation;
    uint64_t form;
    uint64_t mark;
    uint64_t documents;
    uint64_t text_octets;
    uint64_t run_next;
    uint64_t seal;
    struct run *runs; /* owned; ascending ids */
    size_t count;
    size_t cap;
    bool known; /* as it is stored */
};

struct store_index {
    struct store_indexes *pool;
    struct store_account *acct; /* borrowed while it is in use */
    char *path;                 /* owned; of the file */
    uint32_t form;              /* with which it is made now */
    size_t piece_octets;        /* of terms, with which a piece is full */
    struct db *db;              /* owned; NULL: being opened */
    dev_t dev;                  /* of the file that is open */
    ino_t ino;

    /* Guard: the pool's lock. */
    int64_t idle_us; /* since then, when it is not in use */
    enum index_use use;
    bool in_use;
    bool doomed; /* the file was removed */

    /* Whoever has it. */
    bool damaged;
    bool begun;
    struct txn txn;
    struct catalog catalog;

    struct stmt terms; /* of the piece that store_index_terms gave last; open or zeroed */
    struct stmt lists; /* of the same piece */
    struct stmt text;  /* that store_index_attached gave last; likewise */
    struct span piece; /* its terms */
    const struct run *piece_run;
    uint64_t piece_number;
    struct piece_walk walk;
    bool walking;
};

/* ---- catalog.c ---- */

void catalog_done(struct catalog *catalog);
/** Reads it in the transaction under way, if it is not known. */
MUST_USE enum rc catalog_load(struct store_index *index, struct err *err);
/** Stores what has changed. */
MUST_USE enum rc catalog_save(struct store_index *index, struct err *err);
/** A new run, changed, good until the next one. NULL: no memory, or no ids. */
struct run *catalog_add(struct catalog *catalog, unsigned space, unsigned level);
struct run *catalog_find(struct catalog *catalog, uint64_t id);
/** Takes it out of memory only. */
void catalog_remove(struct catalog *catalog, struct run *run);
/** An empty one, of a new generation. */
void catalog_reset(struct catalog *catalog, uint64_t form);
/** Says that what is stored is damaged. */
enum rc index_damaged(struct store_index *index, const char *what, struct err *err);

/* ---- pieces.c ---- */

uint64_t piece_id(const struct run *run, uint64_t number);
/** Reads the terms of a piece; they are good until the statement is reset. */
MUST_USE enum rc piece_read_terms(struct store_index *index, uint64_t id, struct stmt *stmt,
                                  struct span *out, struct err *err);
MUST_USE enum rc piece_read_lists(struct store_index *index, uint64_t id, struct stmt *stmt,
                                  struct span *out, struct err *err);
/** Copies of both. */
MUST_USE enum rc piece_read_both(struct store_index *index, uint64_t id, struct buf *terms,
                                 struct buf *lists, struct err *err);
/** The first term of a piece as a hint, which may be damaged. */
MUST_USE enum rc piece_read_first(struct store_index *index, uint64_t id, struct stmt *stmt,
                                  struct span *out, struct err *err);
/** Stores the piece as the run's last one, and clears the maker. Adds its size to *octets. */
MUST_USE enum rc piece_write(struct store_index *index, struct run *run,
                             struct piece_maker *maker, uint64_t *octets, struct err *err);
/** Removes the run's pieces below number. */
MUST_USE enum rc pieces_remove(struct store_index *index, struct run *run, uint64_t number,
                               struct err *err);
/** Adds a term to the run, in a new piece if it has to be. */
MUST_USE enum rc run_put(struct store_index *index, struct run *run, struct piece_maker *maker,
                         struct span term, const struct ids *ids, uint64_t *octets,
                         struct err *err);

/* ---- gather.c ---- */

/** Makes a run of level 0 of the documents' terms in a space, if there are any. Adds what it
 * wrote to *octets. RC_INVALID. */
MUST_USE enum rc gather_run(struct store_index *index, const struct index_batch *batch,
                            unsigned space, uint64_t *octets, struct err *err);

/* ---- attached.c ---- */

/** Stores the texts of the documents' attachments. */
MUST_USE enum rc attached_put(struct store_index *index, const struct index_batch *batch,
                              struct err *err);

/* ---- merge.c ---- */

/** Moves terms into runs of higher levels, until some budget octets were written or nothing is
 * left to be done. */
MUST_USE enum rc merge_some(struct store_index *index, uint64_t budget, struct err *err);

/* ---- write.c ---- */

/** Makes it empty, in the transaction under way. */
MUST_USE enum rc index_clear(struct store_index *index, struct err *err);

/** Moves the log into the file and empties it, if it has more octets than this. */
void index_keep_log(struct store_index *index, int64_t octets);

#endif

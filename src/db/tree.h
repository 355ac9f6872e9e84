/* SPDX-License-Identifier: MIT */
/*
 * Walks through the rows of a table WITHOUT ROWID in the order of its key, in the pages of the
 * read transaction under way (db/pages.h), which takes a tenth of the time of a statement. It
 * is for tables all of whose columns are integers, and whose key is the first two of them. A
 * row is a record of the file format (SQLite, fileformat2.html 2.1), with the columns of the
 * key in front.
 *
 * It changes nothing, and gives up where anything is not as it expects: whoever uses it can
 * always go on with a statement, which also says what is wrong. Thread: the handle's.
 */
#ifndef DB_TREE_H
#define DB_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "db/pages.h"

enum {
    TREE_DEPTH = 8,    /* of a tree that can be walked through */
    TREE_COLUMNS = 16, /* of a row that can be read */
};

struct tree_key {
    int64_t first;
    int64_t second;
};

/* A walk; all zeros: none. */
struct tree {
    struct pages pages;
    unsigned columns;
    uint32_t payload_max;  /* of a cell: no longer one is whole in its page */
    struct tree_key least; /* key that the next row has at least */
    unsigned depth;        /* levels in use; 0: the walk is over */
    struct tree_level {
        struct page *page; /* owned; NULL: never used */
        uint32_t next;     /* cell to be given or, if it has a child, to be gone into next */
        uint32_t cells;
        bool is_leaf;
        bool in_child; /* the child of cell `next` was gone through */
    } levels[TREE_DEPTH];
};

enum tree_step {
    TREE_ROW,
    TREE_END,
    TREE_FAILED, /* memory, disk, or something is not as expected */
};

/**
 * Begins a walk at the first row whose key is at least `from`. root: the table's rootpage in
 * sqlite_schema, which was read in this transaction. False: as TREE_FAILED, or pages_begin says
 * no. tree_end ends it, at the latest before the transaction ends. Waits for disk.
 */
MUST_USE bool tree_begin(struct tree *tree, struct db *db, uint32_t root, unsigned columns,
                         struct tree_key from);
/** The columns of the next row. Waits for disk. */
MUST_USE enum tree_step tree_next(struct tree *tree, int64_t row[TREE_COLUMNS]);
/** Frees it; also one of all zeros. */
void tree_end(struct tree *tree);

#endif

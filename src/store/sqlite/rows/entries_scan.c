/* SPDX-License-Identifier: MIT */
/*
 * Reading all entries of a large mailbox. A statement takes some 700 ns for a row, of which
 * nearly all is SQLite's; walking through the table's pages (db/tree.h) takes a tenth of that.
 * The first batch is read with a statement, as most mailboxes have no more, and so is whatever
 * the walk cannot read: in a write transaction, while another program uses the database, or
 * from a damaged page. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

/* The columns of a row, in its record. */
enum {
    ROW_MBOX,
    ROW_UID,
    ROW_FLAGS,
    ROW_KEYWORDS_0,
    ROW_KEYWORDS_1,
    ROW_MODSEQ,
    ROW_MESSAGE,
    ROW_OCTETS,
    ROW_INTERNALDATE_S,
    ROW_INTERNALDATE_ZONE_MIN,
    ROW_SAVEDATE_S,
    ROW_COLUMNS,
};

void
scan_end(struct sqlite_tx *tx)
{
    if (tx->scan.walks)
        tree_end(&tx->scan.tree);
    tx->scan.walks = false;
    tx->scan.mbox = 0;
}

void
scan_note(struct sqlite_tx *tx, uint64_t mbox, uint32_t next)
{
    scan_end(tx);
    if (tx->write)
        return;
    tx->scan.mbox = mbox;
    tx->scan.next = next;
}

/* The page with which the table begins; 0: not known. */
static uint32_t
table_root(struct sqlite_tx *tx)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_ENTRY_ROOT);

    return stmt_one(&stmt, NULL) == RC_OK ? col_u32(&stmt, 0) : 0;
}

static bool
begin(struct sqlite_tx *tx)
{
    struct entries_scan *scan = &tx->scan;
    const struct tree_key from = {(int64_t)scan->mbox, scan->next};

    scan->walks = tree_begin(&scan->tree, tx->db, table_root(tx), ROW_COLUMNS, from);
    return scan->walks;
}

static inline void
row_take(const int64_t row[TREE_COLUMNS], struct entry *out)
{
    out->uid = (uint32_t)row[ROW_UID];
    out->flags = (uint32_t)row[ROW_FLAGS];
    out->keywords.bits[0] = (uint64_t)row[ROW_KEYWORDS_0];
    out->keywords.bits[1] = (uint64_t)row[ROW_KEYWORDS_1];
    out->modseq = (uint64_t)row[ROW_MODSEQ];
    out->message = (uint64_t)row[ROW_MESSAGE];
    out->octets = (uint64_t)row[ROW_OCTETS];
    out->internaldate_s = row[ROW_INTERNALDATE_S];
    out->internaldate_zone_min = (int16_t)row[ROW_INTERNALDATE_ZONE_MIN];
    out->savedate_s = row[ROW_SAVEDATE_S];
}

bool
scan_read(struct sqlite_tx *tx, uint64_t mbox, uint32_t from, struct entry *rows, size_t max,
          size_t *count_out)
{
    struct entries_scan *scan = &tx->scan;
    enum tree_step step = TREE_ROW;
    size_t count = 0;

    if (mbox == 0 || scan->mbox != mbox || scan->next != from || max == 0)
        return false;
    if (!scan->walks && !begin(tx)) {
        scan_end(tx);
        return false;
    }
    while (count < max && step == TREE_ROW) {
        int64_t row[TREE_COLUMNS];
        step = tree_next(&scan->tree, row);
        if (step == TREE_ROW && (uint64_t)row[ROW_MBOX] != mbox)
            step = TREE_END;
        if (step == TREE_ROW)
            row_take(row, &rows[count++]);
    }
    if (count > 0)
        scan->next = rows[count - 1].uid + 1;
    if (step != TREE_ROW)
        scan_end(tx);
    *count_out = count;
    return step != TREE_FAILED;
}

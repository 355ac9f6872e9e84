/* SPDX-License-Identifier: MIT */
/* Adding documents, and starting anew. Thread: the index's. */
#include "base/check.h"
#include "base/limits.h"
#include "store/index/index_private.h"

enum {
    /* Octets are written again about once for each level, of which half a million documents
     * need six; so much is done with each batch, for each octet that it adds, and besides a
     * piece; but not more than LIMIT_INDEX_MERGE_OCTETS. */
    MERGE_TIMES = 8,
};

/* What a failed write leaves in memory is forgotten. */
static enum rc
give_up(struct store_index *index, enum rc rc)
{
    txn_abort(&index->txn);
    index->catalog.known = false;
    index->damaged = index->damaged || rc == RC_CORRUPT;
    return rc;
}

static enum rc
check_batch(const struct store_index *index, const struct index_batch *batch, struct err *err)
{
    uint64_t last = index->catalog.mark;

    for (size_t i = 0; i < batch->count; i++) {
        if (batch->documents[i].message <= last)
            return err_set(err, RC_INVALID, 0, "message %ju after %ju",
                           (uintmax_t)batch->documents[i].message, (uintmax_t)last);
        last = batch->documents[i].message;
    }
    if (batch->mark < last || batch->mark > INT64_MAX || batch->proof_message > batch->mark ||
        batch->count > UINT32_MAX)
        return err_set(err, RC_INVALID, 0, "mark %ju after %ju", (uintmax_t)batch->mark,
                       (uintmax_t)last);
    return RC_OK;
}

static enum rc
add_proof(struct store_index *index, const struct index_batch *batch, struct err *err)
{
    if (batch->proof_message == 0)
        return RC_OK;
    AUTO_STMT put = stmt_get(index->db, SQL_PROOF_PUT);
    stmt_bind_i64(&put, 1, (int64_t)batch->proof_message);
    stmt_bind_blob(&put, 2, span_of(batch->proof, sizeof batch->proof));
    const enum rc rc = stmt_run(&put, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT trim = stmt_get(index->db, SQL_PROOFS_TRIM);
    stmt_bind_i64(&trim, 1, LIMIT_INDEX_PROOFS);
    return stmt_run(&trim, err);
}

/* How much is moved with a batch that has added so many octets. */
static uint64_t
merge_budget(const struct store_index *index, const struct index_batch *batch, uint64_t octets)
{
    const uint64_t wanted = octets * MERGE_TIMES + index->piece_octets;

    return batch->count > 0 && wanted < LIMIT_INDEX_MERGE_OCTETS ? wanted
                                                                 : LIMIT_INDEX_MERGE_OCTETS;
}

static enum rc
add(struct store_index *index, const struct index_batch *batch, struct err *err)
{
    struct catalog *catalog = &index->catalog;
    uint64_t octets = 0;
    enum rc rc = catalog_load(index, err);

    if (rc == RC_OK)
        rc = check_batch(index, batch, err);
    for (unsigned space = 0; space < SPACES_STORED && rc == RC_OK; space++)
        rc = gather_run(index, batch, space, &octets, err);
    /* A text is not written again, so it is not what the merging has to keep up with. */
    if (rc == RC_OK)
        rc = attached_put(index, batch, err);
    if (rc == RC_OK)
        rc = merge_some(index, merge_budget(index, batch, octets), err);
    if (rc == RC_OK)
        rc = add_proof(index, batch, err);
    if (rc != RC_OK)
        return rc;
    catalog->mark = batch->mark;
    catalog->documents += batch->count;
    for (size_t i = 0; i < batch->count; i++)
        catalog->text_octets += batch->documents[i].text_octets;
    return catalog_save(index, err);
}

/* Whoever reads may prevent that; the next batch tries again. */
void
index_keep_log(struct store_index *index, int64_t octets)
{
    if (db_wal_octets(index->db) > octets &&
        db_checkpoint(index->db, DB_CHECKPOINT_TRUNCATE_NOW, NULL, NULL) == RC_CORRUPT)
        index->damaged = true;
}

static enum rc
write_begin(struct store_index *index, struct err *err)
{
    CHECK(index->use == INDEX_WRITE && !index->begun);
    return txn_begin(&index->txn, index->db, TXN_WRITE, err);
}

static enum rc
write_end(struct store_index *index, enum rc rc, struct err *err)
{
    if (rc == RC_OK)
        rc = txn_commit(&index->txn, err);
    if (rc != RC_OK)
        return give_up(index, rc);
    index->catalog.known = true;
    index_keep_log(index, (int64_t)LIMIT_INDEX_LOG_OCTETS);
    return RC_OK;
}

enum rc
store_index_add(struct store_index *index, const struct index_batch *batch, struct err *err)
{
    const enum rc rc = write_begin(index, err);

    return rc == RC_OK ? write_end(index, add(index, batch, err), err) : rc;
}

static enum rc
clear(struct store_index *index, enum index_sql sql, struct err *err)
{
    AUTO_STMT stmt = stmt_get(index->db, sql);

    return stmt_run(&stmt, err);
}

enum rc
index_clear(struct store_index *index, struct err *err)
{
    enum rc rc = clear(index, SQL_PIECES_CLEAR, err);

    if (rc == RC_OK)
        rc = clear(index, SQL_RUNS_CLEAR, err);
    if (rc == RC_OK)
        rc = clear(index, SQL_PROOFS_CLEAR, err);
    if (rc == RC_OK)
        rc = clear(index, SQL_ATTACHED_CLEAR, err);
    if (rc != RC_OK)
        return rc;
    catalog_reset(&index->catalog, index->form);
    return catalog_save(index, err);
}

enum rc
store_index_begin_anew(struct store_index *index, struct err *err)
{
    const enum rc rc = write_begin(index, err);

    return rc == RC_OK ? write_end(index, index_clear(index, err), err) : rc;
}

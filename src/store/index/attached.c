/* SPDX-License-Identifier: MIT */
/*
 * Texts that were made of attachments. They are kept because, unlike those of messages, they
 * cannot be looked at otherwise: a text with several words is found by its terms and then
 * looked for here. Thread: the index's.
 */
#include "base/check.h"
#include "store/index/index_private.h"

static uint64_t
seal_of(const struct store_index *index, uint64_t message, struct span text)
{
    return octets_check(index->catalog.generation ^ message << 1, text);
}

enum rc
attached_put(struct store_index *index, const struct index_batch *batch, struct err *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct index_document *doc = &batch->documents[i];
        if (doc->attached.len == 0)
            continue;
        AUTO_STMT put = stmt_get(index->db, SQL_ATTACHED_PUT);
        stmt_bind_i64(&put, 1, (int64_t)doc->message);
        stmt_bind_i64(&put, 2, (int64_t)seal_of(index, doc->message, doc->attached));
        stmt_bind_blob(&put, 3, doc->attached);
        const enum rc rc = stmt_run(&put, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc
store_index_attached(struct store_index *index, uint64_t message, struct span *out,
                     struct err *err)
{
    CHECK(index->begun);
    stmt_reset(&index->text);
    index->text = stmt_get(index->db, SQL_ATTACHED);
    stmt_bind_i64(&index->text, 1, (int64_t)message);
    const enum rc rc = stmt_one(&index->text, err);
    if (rc == RC_CORRUPT)
        index->damaged = true;
    if (rc != RC_OK)
        return rc;
    const struct span text = stmt_span(&index->text, 1);
    if (seal_of(index, message, text) != (uint64_t)stmt_i64(&index->text, 0))
        return index_damaged(index, "the text of an attachment is not what it was", err);
    *out = text;
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the last message of a batch has in its attachments. Reading an attachment takes a
 * snapshot for each few MiB; while a program makes text of it, none is held.
 */
#include "mailbox/search/indexer_private.h"

enum rc
indexer_read_begin(struct indexer *indexer, struct turn_waiter *waiter, struct store_tx **out,
                   struct err *err)
{
    enum rc rc;

    while ((rc = store_read_begin(indexer->options.acct, turn_waiter_wake(waiter), out, err)) ==
           RC_AGAIN)
        turn_waiter_sleep(waiter);
    return rc;
}

static enum rc
read_one(struct indexer *indexer, struct turn_waiter *waiter, struct err *err)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) {
        struct store_tx *tx = NULL;
        rc = indexer_read_begin(indexer, waiter, &tx, err);
        if (rc != RC_OK)
            return rc;
        rc = attached_read(&indexer->attached, tx, err);
        store_end(tx);
    }
    return rc;
}

enum rc
indexer_attach(struct indexer *indexer, struct turn_waiter *waiter, struct err *err)
{
    struct attached *attached = &indexer->attached;
    struct document_maker *maker = &indexer->attached_maker;
    struct index_document *document = &indexer->documents[indexer->count - 1];
    enum rc rc = RC_OK;

    while (rc == RC_OK && attached_is_wanted(attached)) {
        rc = read_one(indexer, waiter, err);
        if (rc == RC_OK)
            rc = attached_run(attached, err);
    }
    if (rc == RC_AGAIN)
        return err_set(err, RC_BUSY, 0, "the text of attachments is not made any more");
    size_t kept = 0;
    if (rc == RC_OK && buf_len(&attached->text) > 0)
        rc = document_attach(maker, document->message, buf_span(&attached->text), &kept, err);
    if (rc != RC_OK || kept == 0)
        return rc;
    /* Both stay where they are until the batch is added. */
    document->attached = span_head(buf_span(&attached->text), kept);
    document->terms[INDEX_ATTACHED] = buf_span(&maker->terms[INDEX_ATTACHED]);
    indexer->progress.attached++;
    INDEX_COUNT(indexer->options.counts, attached, 1);
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/* The seam: each call goes to the engine that made the object. Thread: as store.h says. */
#include "store/store.h"

#include "store/engine.h"

void
store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->ops->close(store);
}

void
store_keep_house(struct store *store, struct store_account *held)
{
    store->ops->keep_house(store, held);
}

bool
store_room_is_short(struct store *store)
{
    return store->ops->room_is_short(store);
}

bool
store_room_give(struct store *store)
{
    return store->ops->room_give(store);
}

enum rc
store_account_get(struct store *store, uint64_t account_id, struct store_account **out)
{
    return store->ops->account_get(store, account_id, out);
}

void
store_account_put(struct store_account *acct)
{
    if (acct == NULL)
        return;
    acct->ops->account_put(acct);
}

enum rc
store_account_remove(struct store *store, uint64_t account_id, struct err *err)
{
    return store->ops->account_remove(store, account_id, err);
}

bool
store_account_is_made(struct store *store, uint64_t account_id, int64_t *changed_s_out)
{
    return store->ops->account_is_made(store, account_id, changed_s_out);
}

enum rc
store_account_place(struct store_account *acct, struct buf *out, struct err *err)
{
    return acct->ops->account_place(acct, out, err);
}

enum rc
store_read_begin(struct store_account *acct, struct wake wake, struct store_tx **tx_out,
                 struct err *err)
{
    return acct->ops->read_begin(acct, wake, tx_out, err);
}

enum rc
store_write_begin(struct store_account *acct, struct wake wake, struct store_tx **tx_out,
                  struct err *err)
{
    return acct->ops->write_begin(acct, wake, tx_out, err);
}

unsigned
store_traits(const struct store *store)
{
    return store->traits;
}

void
store_listen(struct store *store, void (*fn)(void *ctx, uint64_t account_id), void *ctx)
{
    store->ops->listen(store, fn, ctx);
}

enum rc
store_latest(struct store_account *acct, struct wake wake, uint64_t *modseq_out,
             struct err *err)
{
    return acct->ops->latest(acct, wake, modseq_out, err);
}

enum rc
store_modseq(struct store_tx *tx, uint64_t *modseq_out, struct err *err)
{
    return tx->ops->modseq(tx, modseq_out, err);
}

enum rc
store_entries_since(struct store_tx *tx, uint64_t mbox, uint64_t since, uint32_t *from,
                    struct entry *rows, size_t max, size_t *count_out, struct err *err)
{
    return tx->ops->entries_since(tx, mbox, since, from, rows, max, count_out, err);
}

enum rc
store_commit(struct store_tx *tx, struct err *err)
{
    return tx->ops->commit(tx, err);
}

void
store_end(struct store_tx *tx)
{
    if (tx == NULL)
        return;
    tx->ops->end(tx);
}

enum rc
store_savepoint(struct store_tx *tx, struct err *err)
{
    return tx->ops->savepoint(tx, err);
}

enum rc
store_savepoint_release(struct store_tx *tx, struct err *err)
{
    return tx->ops->savepoint_release(tx, err);
}

void
store_savepoint_rollback(struct store_tx *tx)
{
    tx->ops->savepoint_rollback(tx);
}

enum rc
store_mbox_list(struct store_tx *tx, struct arena *arena, struct mbox_row **out,
                size_t *count_out, struct err *err)
{
    return tx->ops->mbox_list(tx, arena, out, count_out, err);
}

enum rc
store_mbox_find(struct store_tx *tx, struct span name, struct arena *arena,
                struct mbox_row *out, struct err *err)
{
    return tx->ops->mbox_find(tx, name, arena, out, err);
}

enum rc
store_mbox_get(struct store_tx *tx, uint64_t mbox, struct arena *arena, struct mbox_row *out,
               struct err *err)
{
    return tx->ops->mbox_get(tx, mbox, arena, out, err);
}

enum rc
store_mbox_create(struct store_tx *tx, struct span name, uint32_t special_use,
                  uint64_t *mbox_out, struct err *err)
{
    return tx->ops->mbox_create(tx, name, special_use, mbox_out, err);
}

enum rc
store_mbox_rename(struct store_tx *tx, uint64_t mbox, struct span new_name, struct err *err)
{
    return tx->ops->mbox_rename(tx, mbox, new_name, err);
}

enum rc
store_mbox_set_special_use(struct store_tx *tx, uint64_t mbox, uint32_t special_use,
                           struct err *err)
{
    return tx->ops->mbox_set_special_use(tx, mbox, special_use, err);
}

enum rc
store_mbox_delete(struct store_tx *tx, uint64_t mbox, struct err *err)
{
    return tx->ops->mbox_delete(tx, mbox, err);
}

enum rc
store_mbox_set_recent_from(struct store_tx *tx, uint64_t mbox, uint32_t uid, struct err *err)
{
    return tx->ops->mbox_set_recent_from(tx, mbox, uid, err);
}

enum rc
store_usage(struct store_tx *tx, struct quota_amounts *out, struct err *err)
{
    return tx->ops->usage(tx, out, err);
}

enum rc
store_acl(struct store_tx *tx, uint64_t mbox, struct arena *arena, struct acl_row **out,
          size_t *count_out, struct err *err)
{
    return tx->ops->acl(tx, mbox, arena, out, count_out, err);
}

enum rc
store_acl_set(struct store_tx *tx, const struct acl_row *row, struct err *err)
{
    return tx->ops->acl_set(tx, row, err);
}

enum rc
store_subscriptions(struct store_tx *tx, struct arena *arena, struct span **out,
                    size_t *count_out, struct err *err)
{
    return tx->ops->subscriptions(tx, arena, out, count_out, err);
}

enum rc
store_subscribe(struct store_tx *tx, struct span name, struct err *err)
{
    return tx->ops->subscribe(tx, name, err);
}

enum rc
store_unsubscribe(struct store_tx *tx, struct span name, struct err *err)
{
    return tx->ops->unsubscribe(tx, name, err);
}

enum rc
store_metadata_list(struct store_tx *tx, const struct metadata_of *of, struct arena *arena,
                    struct metadata_row **out, size_t *count_out, struct err *err)
{
    return tx->ops->metadata_list(tx, of, arena, out, count_out, err);
}

enum rc
store_metadata_read(struct store_tx *tx, const struct metadata_of *of, struct span name,
                    struct buf *out, struct err *err)
{
    return tx->ops->metadata_read(tx, of, name, out, err);
}

enum rc
store_metadata_set(struct store_tx *tx, const struct metadata_of *of, struct span name,
                   struct span value, struct err *err)
{
    return tx->ops->metadata_set(tx, of, name, value, err);
}

enum rc
store_metadata_remove(struct store_tx *tx, const struct metadata_of *of, struct span name,
                      struct err *err)
{
    return tx->ops->metadata_remove(tx, of, name, err);
}

enum rc
store_metadata_note(struct store_tx *tx, const struct metadata_of *of, struct span name,
                    struct err *err)
{
    return tx->ops->metadata_note(tx, of, name, err);
}

enum rc
store_metadata_copy(struct store_tx *tx, uint64_t from, uint64_t to, struct err *err)
{
    return tx->ops->metadata_copy(tx, from, to, err);
}

enum rc
store_metadata_usage(struct store_tx *tx, const struct metadata_of *of,
                     struct metadata_usage *out, struct err *err)
{
    return tx->ops->metadata_usage(tx, of, out, err);
}

enum rc
store_metadata_totals(struct store_tx *tx, uint64_t user, struct metadata_totals *out,
                      struct err *err)
{
    return tx->ops->metadata_totals(tx, user, out, err);
}

enum rc
store_metadata_since(struct store_tx *tx, const struct metadata_since *since,
                     struct arena *arena, struct metadata_row **out, size_t *count_out,
                     struct err *err)
{
    return tx->ops->metadata_since(tx, since, arena, out, count_out, err);
}

enum rc
store_entries_read(struct store_tx *tx, uint64_t mbox, uint32_t *from, struct entry *rows,
                   size_t max, size_t *count_out, struct err *err)
{
    return tx->ops->entries_read(tx, mbox, from, rows, max, count_out, err);
}

enum rc
store_entries_count(struct store_tx *tx, uint64_t mbox, uint32_t first, uint32_t last,
                    uint32_t *count_out, struct err *err)
{
    return tx->ops->entries_count(tx, mbox, first, last, count_out, err);
}

enum rc
store_expunged_since(struct store_tx *tx, const struct expunged_req *req, struct arena *arena,
                     struct expunged_row **out, size_t *count_out, struct err *err)
{
    return tx->ops->expunged_since(tx, req, arena, out, count_out, err);
}

enum rc
store_first_unseen(struct store_tx *tx, uint64_t mbox, uint32_t from, uint32_t max_rows,
                   uint32_t *uid_out, struct err *err)
{
    return tx->ops->first_unseen(tx, mbox, from, max_rows, uid_out, err);
}

enum rc
store_keywords(struct store_tx *tx, uint64_t mbox, struct arena *arena, struct span **out,
               size_t *count_out, struct err *err)
{
    return tx->ops->keywords(tx, mbox, arena, out, count_out, err);
}

enum rc
store_keyword_add(struct store_tx *tx, uint64_t mbox, struct span name, uint32_t *number_out,
                  struct err *err)
{
    return tx->ops->keyword_add(tx, mbox, name, number_out, err);
}

enum rc
store_keywords_purge(struct store_tx *tx, struct keywords_purge *req, struct err *err)
{
    return tx->ops->keywords_purge(tx, req, err);
}

enum rc
store_flags_update(struct store_tx *tx, const struct flags_req *req, struct arena *arena,
                   struct flags_result *out, struct err *err)
{
    return tx->ops->flags_update(tx, req, arena, out, err);
}

enum rc
store_expunge(struct store_tx *tx, const struct expunge_req *req, struct arena *arena,
              struct expunge_result *out, struct err *err)
{
    return tx->ops->expunge(tx, req, arena, out, err);
}

enum rc
store_copy(struct store_tx *tx, const struct copy_req *req, struct arena *arena,
           struct copy_result *out, struct err *err)
{
    return tx->ops->copy(tx, req, arena, out, err);
}

enum rc
store_message_add(struct store_tx *tx, const struct message_new *msg, uint64_t *message_out,
                  struct err *err)
{
    return tx->ops->message_add(tx, msg, message_out, err);
}

enum rc
store_entry_add(struct store_tx *tx, const struct entry_new *req, struct entry *out,
                struct err *err)
{
    return tx->ops->entry_add(tx, req, out, err);
}

enum rc
store_message_read(struct store_tx *tx, uint64_t message, unsigned want,
                   struct message_row *out, struct err *err)
{
    return tx->ops->message_read(tx, message, want, out, err);
}

enum rc
store_message_next(struct store_tx *tx, uint64_t from, uint64_t *message_out, struct err *err)
{
    return tx->ops->message_next(tx, from, message_out, err);
}

enum rc
store_message_highest(struct store_tx *tx, uint64_t *message_out, struct err *err)
{
    return tx->ops->message_highest(tx, message_out, err);
}

enum rc
store_content_read(struct store_tx *tx, uint64_t message, uint64_t offset, uint64_t octets,
                   struct buf *out, struct err *err)
{
    return tx->ops->content_read(tx, message, offset, octets, out, err);
}

enum rc
store_content_peek(struct store_tx *tx, uint64_t message, uint64_t offset, uint64_t octets,
                   struct span *out, struct err *err)
{
    return tx->ops->content_peek(tx, message, offset, octets, out, err);
}

enum rc
store_backlog(struct store_tx *tx, uint64_t *next_out, uint64_t *before_out, struct err *err)
{
    return tx->ops->backlog(tx, next_out, before_out, err);
}

enum rc
store_backlog_put(struct store_tx *tx, uint64_t message, const struct message_late *late,
                  struct err *err)
{
    return tx->ops->backlog_put(tx, message, late, err);
}

enum rc
store_backlog_advance(struct store_tx *tx, uint64_t next, struct err *err)
{
    return tx->ops->backlog_advance(tx, next, err);
}

enum rc
store_sort_block_read(struct store_tx *tx, unsigned column, uint64_t block, struct buf *out,
                      struct err *err)
{
    return tx->ops->sort_block_read(tx, column, block, out, err);
}

enum rc
store_sort_block_lacking(struct store_tx *tx, uint64_t from, uint8_t form, uint64_t *block_out,
                         struct err *err)
{
    return tx->ops->sort_block_lacking(tx, from, form, block_out, err);
}

enum rc
store_sort_block_put(struct store_tx *tx, uint64_t block, const struct sort_block *data,
                     struct err *err)
{
    return tx->ops->sort_block_put(tx, block, data, err);
}

enum rc
store_import_seen(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32], bool *seen_out,
                  struct err *err)
{
    return tx->ops->import_seen(tx, mbox, digest, seen_out, err);
}

enum rc
store_import_mark(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32], struct err *err)
{
    return tx->ops->import_mark(tx, mbox, digest, err);
}

enum rc
store_purge_step(struct store_tx *tx, uint64_t keep_modseq, bool *more_out, struct err *err)
{
    return tx->ops->purge_step(tx, keep_modseq, more_out, err);
}

enum rc
store_purge_due(struct store_tx *tx, bool *due_out, struct err *err)
{
    return tx->ops->purge_due(tx, due_out, err);
}

enum rc
store_verify(struct store_tx *tx, struct buf *findings, struct err *err)
{
    return tx->ops->verify(tx, findings, err);
}

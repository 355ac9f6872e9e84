/* SPDX-License-Identifier: MIT */
/*
 * `roost export`: sends an account's mail as rows with data, batch by batch, so that the
 * account stays usable and memory is bounded by one message. First come the subscriptions, and
 * then, for each mailbox, its row and one for each message. If something cannot be read, a row
 * says why, and the export continues.
 */
#include "admin/verbs.h"

#include <stdlib.h>

#include "base/limits.h"
#include "mailbox/memory/account.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"
#include "syntax/imap/flags.h"

enum {
    EXPORT_BATCH = 100,
};

struct export_job {
    const struct verb_call *call;
    struct store_account *store;
    struct turn_waiter waiter; /* used only to be woken for a read handle */
    struct buf text;
    struct arena arena; /* for the names of mailboxes and subscriptions */
    uint64_t count;
    uint64_t refused;
};

static enum rc
read_begin(struct export_job *job, struct store_tx **tx_out, struct err *err)
{
    enum rc rc;

    while ((rc = store_read_begin(job->store, turn_waiter_wake(&job->waiter), tx_out, err)) ==
           RC_AGAIN)
        turn_waiter_sleep(&job->waiter);
    return rc;
}

static json_t *
flags_json(const struct entry *entry, const struct span *keywords, size_t count)
{
    json_t *list = json_array();

    for (unsigned bit = 0; bit < IMAP_FLAG_COUNT; bit++)
        if ((entry->flags >> bit & 1) != 0)
            json_array_append_new(
                list, json_stringn(imap_flag_names[bit].ptr, imap_flag_names[bit].len));
    for (size_t i = 0; i < count; i++)
        if ((entry->keywords.bits[i / 64] >> (i % 64) & 1) != 0)
            json_array_append_new(list, json_stringn(keywords[i].ptr, keywords[i].len));
    return list;
}

static enum rc
row_give(const struct export_job *job, json_t *row, struct span data, struct err *err)
{
    const struct verb_io *io = job->call->io;

    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : io->row(io->ctx, row, data, err);
}

/* Something cannot be read: a row says why, and the export continues. uid 0: the mailbox. */
static enum rc
trouble_give(struct export_job *job, const struct mbox_row *mbox, uint32_t uid,
             const struct err *why, struct err *err)
{
    job->refused++;
    return row_give(job,
                    json_pack("{ss, ss%, sI}", "trouble", why->text, "mailbox", mbox->name.ptr,
                              mbox->name.len, "uid", (json_int_t)uid),
                    SPAN(""), err);
}

static enum rc
text_read(struct export_job *job, const struct entry *entry, struct err *err)
{
    AUTO_TX tx = NULL;

    buf_clear(&job->text);
    enum rc rc = read_begin(job, &tx, err);
    if (rc == RC_OK)
        rc = store_content_read(tx, entry->message, 0, entry->octets, &job->text, err);
    return rc;
}

/* What a batch of entries is read with. */
struct batch {
    struct arena arena;
    struct span *keywords;
    size_t keyword_count;
    struct entry entries[EXPORT_BATCH];
    size_t count;
};

static enum rc
message_give(struct export_job *job, const struct mbox_row *mbox, const struct batch *batch,
             const struct entry *entry, struct err *err)
{
    struct err why = {.rc = RC_OK};

    enum rc rc = text_read(job, entry, &why);
    if (rc == RC_NOT_FOUND) /* it was expunged and purged meanwhile */
        return RC_OK;
    if (rc == RC_OK && buf_len(&job->text) != entry->octets)
        rc = err_set(&why, RC_CORRUPT, 0, "%zu octets of %ju are there", buf_len(&job->text),
                     (uintmax_t)entry->octets);
    if (rc != RC_OK)
        return trouble_give(job, mbox, entry->uid, &why, err);
    rc = row_give(job,
                  json_pack("{ss%, sI, sI, si, so}", "mailbox", mbox->name.ptr, mbox->name.len,
                            "uid", (json_int_t)entry->uid, "date",
                            (json_int_t)entry->internaldate_s, "zone",
                            (int)entry->internaldate_zone_min, "flags",
                            flags_json(entry, batch->keywords, batch->keyword_count)),
                  buf_span(&job->text), err);
    job->count += rc == RC_OK;
    return rc;
}

/* A batch is read in one snapshot and sent after the snapshot has ended, so that no snapshot
 * waits for the asker. */
static enum rc
batch_read(struct export_job *job, const struct mbox_row *mbox, uint32_t *from,
           struct batch *batch, struct err *err)
{
    AUTO_TX tx = NULL;

    enum rc rc = read_begin(job, &tx, err);
    if (rc == RC_OK)
        rc = store_keywords(tx, mbox->id, &batch->arena, &batch->keywords,
                            &batch->keyword_count, err);
    if (rc == RC_OK)
        rc = store_entries_read(tx, mbox->id, from, batch->entries, EXPORT_BATCH, &batch->count,
                                err);
    return rc;
}

/* The mailbox's row. It has all keywords, which some formats need before the first message. */
static enum rc
mailbox_row_give(struct export_job *job, const struct mbox_row *mbox, struct batch *batch,
                 struct err *err)
{
    json_t *keywords = json_array();
    struct err why = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    enum rc rc = read_begin(job, &tx, &why);
    if (rc == RC_OK)
        rc = store_keywords(tx, mbox->id, &batch->arena, &batch->keywords,
                            &batch->keyword_count, &why);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; rc == RC_OK && i < batch->keyword_count; i++)
        if (batch->keywords[i].len > 0)
            json_array_append_new(keywords,
                                  json_stringn(batch->keywords[i].ptr, batch->keywords[i].len));
    const enum rc given =
        row_give(job,
                 json_pack("{ss%, sI, sI, so}", "mailbox", mbox->name.ptr, mbox->name.len,
                           "messages", (json_int_t)mbox->exists, "uidvalidity",
                           (json_int_t)mbox->uidvalidity, "keywords", keywords),
                 SPAN(""), err);
    return rc == RC_OK || given != RC_OK ? given : trouble_give(job, mbox, 0, &why, err);
}

static enum rc
mailbox_give(struct export_job *job, const struct mbox_row *mbox, struct err *err)
{
    struct batch *batch = calloc(1, sizeof *batch);
    struct err why = {.rc = RC_OK};
    uint32_t from = 1;

    if (batch == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    arena_init(&batch->arena, 1u << 20);
    batch->count = EXPORT_BATCH;
    enum rc rc = mailbox_row_give(job, mbox, batch, err);
    while (rc == RC_OK && batch->count == EXPORT_BATCH) {
        arena_reset(&batch->arena);
        if (batch_read(job, mbox, &from, batch, &why) != RC_OK) {
            rc = trouble_give(job, mbox, 0, &why, err);
            break;
        }
        for (size_t i = 0; rc == RC_OK && i < batch->count; i++)
            rc = message_give(job, mbox, batch, &batch->entries[i], err);
    }
    arena_done(&batch->arena);
    free(batch);
    return rc;
}

static enum rc
subscriptions_give(struct export_job *job, struct err *err)
{
    struct span *names = NULL;
    size_t count = 0;
    AUTO_TX tx = NULL;

    enum rc rc = read_begin(job, &tx, err);
    if (rc == RC_OK)
        rc = store_subscriptions(tx, &job->arena, &names, &count, err);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = row_give(job, json_pack("{ss%}", "subscribed", names[i].ptr, names[i].len),
                      SPAN(""), err);
    return rc;
}

static enum rc
export_run(struct export_job *job, struct err *err)
{
    const char *only = verb_text(job->call, "mailbox");
    struct mbox_row *rows = NULL;
    size_t row_count = 0;
    bool is_found = only == NULL;
    AUTO_TX tx = NULL;

    enum rc rc = subscriptions_give(job, err);
    if (rc == RC_OK)
        rc = read_begin(job, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_list(tx, &job->arena, &rows, &row_count, err);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; rc == RC_OK && i < row_count; i++) {
        if (only != NULL && !span_eq_str(rows[i].name, only))
            continue;
        is_found = true;
        rc = mailbox_give(job, &rows[i], err);
    }
    if (rc == RC_OK && !is_found)
        rc = err_set(err, RC_NOT_FOUND, 0, "there is no mailbox \"%.200s\"", only);
    if (rc != RC_OK)
        return rc;
    return row_give(job,
                    json_pack("{sI, sI}", "exported", (json_int_t)job->count, "refused",
                              (json_int_t)job->refused),
                    SPAN(""), err);
}

enum rc
verb_export(const struct verb_call *call, struct err *err)
{
    struct registry_account account;
    struct export_job job = {.call = call};

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = store_account_get(call->house->store, account.id, &job.store);
    if (rc != RC_OK)
        return rc;
    buf_init(&job.text, LIMIT_APPEND_MAX);
    arena_init(&job.arena, 256u << 20);
    turn_waiter_init(&job.waiter);
    rc = export_run(&job, err);
    turn_waiter_done(&job.waiter);
    arena_done(&job.arena);
    buf_done(&job.text);
    store_account_put(job.store);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Mail in and out: import takes messages as frames, export gives them. Both go batch by batch,
 * so that an account being filled or emptied stays usable, and memory is bounded by one batch.
 */
#include "admin/verbs.h"

#include <openssl/evp.h>

#include "admin/import_op.h"
#include "base/limits.h"
#include "mailbox/memory/account.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/mbox_name.h"

enum {
    IMPORT_BATCH = 200,
    IMPORT_BATCH_OCTETS = 8 << 20,
    EXPORT_BATCH = 100,
    KEYWORDS_MAX = 64, /* of one imported message */
};

/* ---- import ---- */

struct import {
    const struct verb_call *call;
    struct account *acct;
    struct turn_waiter waiter;
    struct arena arena; /* of the batch */
    struct import_msg *msgs;
    struct span mailbox; /* of the batch */
    size_t count;
    uint64_t octets;
    uint64_t added;
    uint64_t skipped;
};

static enum rc
batch_store(struct import *import, struct err *err)
{
    struct import_op op;

    if (import->count == 0)
        return RC_OK;
    import_op_init(&op, &import->arena, turn_waiter_wake(&import->waiter));
    op.mailbox = import->mailbox;
    op.msgs = import->msgs;
    op.count = import->count;
    op.turn.octets = import->octets;
    turn_run_wait(import->acct, &op.turn, &import->waiter);
    if (op.turn.result != RC_OK) {
        if (err != NULL)
            *err = op.turn.err;
        return op.turn.result;
    }
    import->added += op.added;
    import->skipped += op.skipped;
    import->count = 0;
    import->octets = 0;
    import->msgs = NULL;
    import->mailbox = SPAN("");
    arena_reset(&import->arena);
    return RC_OK;
}

static void
flags_read(struct import *import, const json_t *list, struct ingest_entry *as)
{
    struct span *keywords = arena_array(&import->arena, struct span, KEYWORDS_MAX);
    size_t index;
    const json_t *item;

    as->keywords = keywords;
    json_array_foreach(list, index, item)
    {
        const struct span name = span_of(json_string_value(item), json_string_length(item));
        const unsigned flag = imap_flag_of_name(name);
        if (flag != 0)
            as->flags |= flag & MSG_SYSTEM_FLAGS;
        else if (name.len > 0 && name.ptr[0] != '\\' && keywords != NULL &&
                 as->keyword_count < KEYWORDS_MAX)
            keywords[as->keyword_count++] = arena_span(&import->arena, name);
    }
}

static enum rc
message_add(struct import *import, const json_t *head, struct span data, struct err *err)
{
    const json_t *date = json_object_get(head, "date");
    struct import_msg *msg = &import->msgs[import->count];
    const struct span text = arena_span(&import->arena, data);

    if (text.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a message of %zu octets", data.len);
    *msg = (struct import_msg){0};
    msg->as.internaldate_s = json_is_integer(date) ? json_integer_value(date)
                                                   : clock_wall_s(import->call->house->clock);
    msg->as.internaldate_zone_min = (int16_t)json_integer_value(json_object_get(head, "zone"));
    flags_read(import, json_object_get(head, "flags"), &msg->as);
    if (EVP_Digest(text.ptr, text.len, msg->digest, NULL, EVP_sha256(), NULL) != 1)
        return err_set(err, RC_LIMIT, 0, "SHA-256 failed");
    const enum rc rc = ingest_prepare(&import->arena, text, &msg->ingest, err);
    if (rc != RC_OK)
        return rc;
    import->count++;
    import->octets += text.len;
    return RC_OK;
}

/* The mailbox of a frame in canonical form; a change of it ends the batch. */
static enum rc
mailbox_set(struct import *import, const json_t *head, struct err *err)
{
    const char *name = json_string_value(json_object_get(head, "mailbox"));
    struct span want = span_of_str(name == NULL ? "INBOX" : name);

    if (span_ieq(want, SPAN("INBOX")))
        want = SPAN("INBOX");
    if (import->count > 0 && !span_eq(want, import->mailbox)) {
        const enum rc rc = batch_store(import, err);
        if (rc != RC_OK)
            return rc;
    }
    const char *why = mbox_name_check(want);
    if (why != NULL)
        return err_set(err, RC_INVALID, 0, "mailbox \"%.100s\": %s", want.ptr, why);
    import->mailbox = arena_span(&import->arena, want);
    if (import->msgs == NULL)
        import->msgs = arena_array(&import->arena, struct import_msg, IMPORT_BATCH);
    return import->msgs == NULL || import->mailbox.ptr == NULL
               ? err_set(err, RC_LIMIT, 0, "no memory")
               : RC_OK;
}

static enum rc
import_frame(struct import *import, const json_t *head, struct span data, struct err *err)
{
    if (data.len == 0)
        return RC_OK; /* an empty file: nothing to keep */
    if (data.len > import->call->house->append_octets) {
        import->skipped++;
        return import->call->io->row(
            import->call->io->ctx,
            json_pack("{ss, sI, s?s}", "too_large", "message", "octets", (json_int_t)data.len,
                      "source", json_string_value(json_object_get(head, "source"))),
            SPAN(""), err);
    }
    enum rc rc = mailbox_set(import, head, err);
    if (rc == RC_OK)
        rc = message_add(import, head, data, err);
    if (rc == RC_OK && (import->count == IMPORT_BATCH || import->octets >= IMPORT_BATCH_OCTETS))
        rc = batch_store(import, err);
    return rc;
}

static enum rc
import_run(struct import *import, struct err *err)
{
    const struct verb_io *io = import->call->io;
    json_t *head = NULL;
    struct span data;
    enum rc rc;

    while ((rc = io->next(io->ctx, &head, &data, err)) == RC_OK) {
        rc = import_frame(import, head, data, err);
        json_decref(head);
        if (rc != RC_OK)
            return err_prefix(err, rc, "after %ju messages", (uintmax_t)import->added);
    }
    if (rc != RC_NOT_FOUND)
        return rc;
    rc = batch_store(import, err);
    if (rc != RC_OK)
        return rc;
    return io->row(io->ctx,
                   json_pack("{sI, sI}", "imported", (json_int_t)import->added, "skipped",
                             (json_int_t)import->skipped),
                   SPAN(""), err);
}

enum rc
verb_import(const struct verb_call *call, struct err *err)
{
    struct registry_account account;
    struct import import = {.call = call};

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = account_get(call->house->accounts, account.id, &import.acct);
    if (rc != RC_OK)
        return rc;
    /* A batch, what ingest makes of it, and the largest message. */
    arena_init(&import.arena, (size_t)IMPORT_BATCH_OCTETS * 4 + INGEST_ARENA +
                                  (size_t)call->house->append_octets * 2);
    turn_waiter_init(&import.waiter);
    rc = import_run(&import, err);
    turn_waiter_done(&import.waiter);
    arena_done(&import.arena);
    account_put(import.acct);
    return rc;
}

/* ---- export ---- */

struct export
{
    const struct verb_call *call;
    struct store_account *store;
    struct turn_waiter waiter; /* only its wake: for a read handle */
    struct buf text;
    struct arena arena; /* of one mailbox */
    uint64_t count;
};

static enum rc
read_begin(struct export *export, struct store_tx **tx_out, struct err *err)
{
    enum rc rc;

    while ((rc = store_read_begin(export->store, turn_waiter_wake(&export->waiter), tx_out,
                                  err)) == RC_AGAIN)
        turn_waiter_sleep(&export->waiter);
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

/* A batch is read in one snapshot and given away after it: no snapshot waits for the asker. */
static enum rc
export_batch(struct export *export, const struct mbox_row *mbox, uint32_t *from,
             size_t *count_out, struct err *err)
{
    struct entry entries[EXPORT_BATCH];
    struct span *keywords = NULL;
    size_t keyword_count = 0;
    AUTO_ARENA arena = {0};
    AUTO_TX tx = NULL;

    arena_init(&arena, 1u << 20);
    enum rc rc = read_begin(export, &tx, err);
    if (rc == RC_OK)
        rc = store_keywords(tx, mbox->id, &arena, &keywords, &keyword_count, err);
    if (rc == RC_OK)
        rc =
            store_entries_read(tx, mbox->id, from, entries, ARRAY_LEN(entries), count_out, err);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; rc == RC_OK && i < *count_out; i++) {
        const struct entry *entry = &entries[i];
        buf_clear(&export->text);
        rc = read_begin(export, &tx, err);
        if (rc == RC_OK)
            rc = store_content_read(tx, entry->message, 0, entry->octets, &export->text, err);
        store_end(tx);
        tx = NULL;
        if (rc == RC_NOT_FOUND) { /* expunged and purged meanwhile */
            rc = RC_OK;
            continue;
        }
        if (rc != RC_OK)
            break;
        json_t *row =
            json_pack("{ss%, sI, sI, si, so}", "mailbox", mbox->name.ptr, mbox->name.len, "uid",
                      (json_int_t)entry->uid, "date", (json_int_t)entry->internaldate_s, "zone",
                      (int)entry->internaldate_zone_min, "flags",
                      flags_json(entry, keywords, keyword_count));
        rc = export->call->io->row(export->call->io->ctx, row, buf_span(&export->text), err);
        export->count++;
    }
    return rc;
}

static enum rc
export_run(struct export *export, struct err *err)
{
    const char *only = verb_text(export->call, "mailbox");
    struct mbox_row *rows = NULL;
    size_t row_count = 0;
    AUTO_TX tx = NULL;

    enum rc rc = read_begin(export, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_list(tx, &export->arena, &rows, &row_count, err);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; rc == RC_OK && i < row_count; i++) {
        size_t count = EXPORT_BATCH;
        uint32_t from = 1;
        if (only != NULL && !span_eq_str(rows[i].name, only))
            continue;
        rc = export->call->io->row(export->call->io->ctx,
                                   json_pack("{ss%, sI}", "mailbox", rows[i].name.ptr,
                                             rows[i].name.len, "messages",
                                             (json_int_t)rows[i].exists),
                                   SPAN(""), err);
        while (rc == RC_OK && count == EXPORT_BATCH)
            rc = export_batch(export, &rows[i], &from, &count, err);
    }
    if (rc != RC_OK)
        return rc;
    return export->call->io->row(export->call->io->ctx,
                                 json_pack("{sI}", "exported", (json_int_t) export->count),
                                 SPAN(""), err);
}

enum rc
verb_export(const struct verb_call *call, struct err *err)
{
    struct registry_account account;
    struct export export = {.call = call};

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = store_account_get(call->house->store, account.id, &export.store);
    if (rc != RC_OK)
        return rc;
    buf_init(&export.text, LIMIT_APPEND_MAX);
    arena_init(&export.arena, 256u << 20);
    turn_waiter_init(&export.waiter);
    rc = export_run(&export, err);
    turn_waiter_done(&export.waiter);
    arena_done(&export.arena);
    buf_done(&export.text);
    store_account_put(export.store);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * `roost import`: receives items as frames and stores messages batch by batch, so that the
 * account stays usable and memory is bounded by one batch.
 *
 *   asker   {"item": "message", "mailbox": M, "source": S, "flags": [...], "date": seconds,
 *            "copy": n, "repeated": true, "data": n} <octets>
 *           {"item": "trouble" or "passed", "mailbox": M, "source": S, "why": text}
 *           {"item": "mailbox" or "subscribed" or "unsubscribed", "mailbox": M}
 *   rows    {"trouble" or "passed": text, "mailbox": M, "source": S}   as they happen
 *           {"mailbox": M, "made": bool, "imported", "skipped", "refused", "passed": n}   each
 *           {"imported", "skipped", "refused", "passed": n, "dry_run": bool}   at the end
 *
 * An item that cannot be stored never stops the others: if a batch fails for a reason that may
 * concern only one message, its messages are stored one by one. A failing disk stops
 * everything.
 */
#include "admin/verbs.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/import_op.h"
#include "base/limits.h"
#include "base/map.h"
#include "mailbox/memory/account.h"
#include "mailbox/names/names.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/mbox_name.h"
#include "syntax/imap/put.h"

enum {
    IMPORT_BATCH = 200,
    IMPORT_BATCH_OCTETS = 8 << 20,
    DIGEST_OCTETS = 32,
};

/* What happened to the items of a mailbox. */
struct tally {
    struct tally *next;
    bool made;
    uint64_t imported;
    uint64_t skipped; /* that were there already */
    uint64_t refused; /* that cannot be accepted */
    uint64_t passed;  /* left out on purpose */
    char mailbox[];
};

struct import {
    const struct verb_call *call;
    struct account *acct;
    bool is_dry;
    struct turn_waiter waiter;
    struct arena arena; /* for the batch */
    struct import_msg *msgs;
    struct tally *box; /* the mailbox of the batch; NULL: the batch is empty */
    size_t count;
    uint64_t octets;
    struct map by_name; /* name to tally */
    struct tally *first;
    struct tally **last;
};

/* ---- tallies ---- */

static struct tally *
tally_of(struct import *import, struct span mailbox)
{
    struct tally *tally = map_get(&import->by_name, mailbox);

    if (tally != NULL)
        return tally;
    tally = calloc(1, sizeof *tally + mailbox.len + 1);
    if (tally == NULL || map_put(&import->by_name, mailbox, tally) != RC_OK) {
        free(tally);
        return NULL;
    }
    memcpy(tally->mailbox, mailbox.ptr, mailbox.len);
    *import->last = tally;
    import->last = &tally->next;
    return tally;
}

static void
tallies_free(struct import *import)
{
    while (import->first != NULL) {
        struct tally *next = import->first->next;
        free(import->first);
        import->first = next;
    }
    map_done(&import->by_name);
}

static enum rc
row_give(const struct import *import, json_t *row, struct err *err)
{
    const struct verb_io *io = import->call->io;

    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : io->row(io->ctx, row, SPAN(""), err);
}

static enum rc
item_row(const struct import *import, const char *word, const char *why,
         const struct tally *box, struct span source, struct err *err)
{
    return row_give(import,
                    json_pack("{ss, ss, ss%}", word, why, "mailbox", box->mailbox, "source",
                              source.len == 0 ? "" : source.ptr, source.len),
                    err);
}

static enum rc
refuse(const struct import *import, struct tally *box, struct span source, const char *why,
       struct err *err)
{
    box->refused++;
    return item_row(import, "trouble", why, box, source, err);
}

static enum rc
tallies_give(const struct import *import, struct err *err)
{
    uint64_t sum[4] = {0};
    enum rc rc = RC_OK;

    for (const struct tally *box = import->first; rc == RC_OK && box != NULL; box = box->next) {
        sum[0] += box->imported;
        sum[1] += box->skipped;
        sum[2] += box->refused;
        sum[3] += box->passed;
        rc = row_give(import,
                      json_pack("{ss, sb, sI, sI, sI, sI}", "mailbox", box->mailbox, "made",
                                box->made, "imported", (json_int_t)box->imported, "skipped",
                                (json_int_t)box->skipped, "refused", (json_int_t)box->refused,
                                "passed", (json_int_t)box->passed),
                      err);
    }
    if (rc != RC_OK)
        return rc;
    return row_give(import,
                    json_pack("{sI, sI, sI, sI, sb}", "imported", (json_int_t)sum[0], "skipped",
                              (json_int_t)sum[1], "refused", (json_int_t)sum[2], "passed",
                              (json_int_t)sum[3], "dry_run", import->is_dry),
                    err);
}

/* ---- a batch ---- */

static enum rc
look(struct import *import, struct import_op *op, struct err *err)
{
    struct store_account *store = account_store(import->acct);
    AUTO_TX tx = NULL;
    enum rc rc;

    while ((rc = store_read_begin(store, turn_waiter_wake(&import->waiter), &tx, err)) ==
           RC_AGAIN)
        turn_waiter_sleep(&import->waiter);
    return rc == RC_OK ? import_op_look(op, tx, err) : rc;
}

/* Stores messages of the batch, or finds out what storing them would do. */
static enum rc
msgs_store(struct import *import, struct import_msg *msgs, size_t count, uint64_t octets,
           struct err *err)
{
    struct import_op op;
    enum rc rc;

    import_op_init(&op, &import->arena, turn_waiter_wake(&import->waiter));
    op.mailbox = span_of_str(import->box->mailbox);
    op.msgs = msgs;
    op.count = count;
    op.turn.octets = octets;
    if (import->is_dry) {
        rc = look(import, &op, err);
    } else {
        turn_run_wait(import->acct, &op.turn, &import->waiter);
        rc = op.turn.result;
        if (rc != RC_OK)
            *err = op.turn.err;
    }
    if (rc != RC_OK)
        return rc;
    import->box->made |= op.made;
    import->box->imported += op.added;
    import->box->skipped += op.skipped;
    return RC_OK;
}

/* Whether a failure may concern only one message or one mailbox, so that others can be
 * stored. */
static bool
is_of_one(enum rc rc)
{
    return rc == RC_LIMIT || rc == RC_INVALID || rc == RC_DENIED || rc == RC_EXISTS ||
           rc == RC_UNSUPPORTED || rc == RC_NOT_FOUND || rc == RC_QUOTA;
}

static enum rc
batch_store(struct import *import, struct err *err)
{
    struct err why = {.rc = RC_OK};
    enum rc rc = RC_OK;

    if (import->count > 0)
        rc = msgs_store(import, import->msgs, import->count, import->octets, &why);
    if (is_of_one(rc)) {
        rc = RC_OK;
        for (size_t i = 0; rc == RC_OK && i < import->count; i++) {
            struct import_msg *msg = &import->msgs[i];
            rc = msgs_store(import, msg, 1, msg->ingest.msg.text.len, &why);
            if (is_of_one(rc))
                rc = refuse(import, import->box, msg->source, why.text, &why);
        }
    }
    if (rc != RC_OK) {
        *err = why;
        return rc;
    }
    import->count = 0;
    import->octets = 0;
    import->msgs = NULL;
    import->box = NULL;
    arena_reset(&import->arena);
    return RC_OK;
}

/* ---- a message ---- */

/* Keywords that cannot be sent to clients (RFC 3501 section 9: a flag-keyword is an atom) are
 * reported and left out. */
static enum rc
flags_read(struct import *import, const json_t *list, struct import_msg *msg, struct tally *box,
           struct err *err)
{
    struct span *keywords = arena_array(&import->arena, struct span, LIMIT_KEYWORDS);
    size_t index;
    const json_t *item;
    enum rc rc = RC_OK;

    if (keywords == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for keywords");
    msg->as.keywords = keywords;
    json_array_foreach(list, index, item)
    {
        const struct span name = span_of(json_string_value(item), json_string_length(item));
        const unsigned flag = imap_flag_of_name(name);
        bool is_known = false;
        msg->as.flags |= flag & MSG_SYSTEM_FLAGS;
        if (flag != 0)
            continue;
        for (size_t i = 0; i < msg->as.keyword_count; i++)
            is_known |= span_ieq(keywords[i], name);
        if (is_known)
            continue;
        if (imap_is_atom(name) && name.len <= LIMIT_KEYWORD_OCTETS &&
            msg->as.keyword_count < LIMIT_KEYWORDS) {
            const struct span kept = arena_span(&import->arena, name);
            if (kept.ptr == NULL)
                return err_set(err, RC_LIMIT, 0, "no memory for a keyword");
            keywords[msg->as.keyword_count++] = kept;
            continue;
        }
        char why[128];
        snprintf(why, sizeof why, "IMAP cannot express the keyword \"%.60s\"",
                 json_string_value(item));
        rc = item_row(import, "passed", why, box, msg->source, err);
        if (rc != RC_OK)
            break;
    }
    return rc;
}

/* SHA-256 of the text; for a further copy, SHA-256 of that digest and the copy's number. */
static enum rc
digest_make(struct span text, uint32_t copy, uint8_t digest[DIGEST_OCTETS], struct err *err)
{
    uint8_t more[DIGEST_OCTETS + 4];

    if (EVP_Digest(text.ptr, text.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return err_set(err, RC_LIMIT, 0, "SHA-256 failed");
    if (copy <= 1)
        return RC_OK;
    memcpy(more, digest, DIGEST_OCTETS);
    for (size_t i = 0; i < 4; i++)
        more[DIGEST_OCTETS + i] = (uint8_t)(copy >> (24 - 8 * i));
    return EVP_Digest(more, sizeof more, digest, NULL, EVP_sha256(), NULL) == 1
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "SHA-256 failed");
}

static enum rc
message_add(struct import *import, const json_t *head, struct span data, struct span source,
            struct tally *box, struct err *err)
{
    const json_t *date = json_object_get(head, "date");
    const json_int_t copy = json_integer_value(json_object_get(head, "copy"));

    if (import->msgs == NULL)
        import->msgs = arena_array(&import->arena, struct import_msg, IMPORT_BATCH);
    const struct span text = arena_span(&import->arena, data);
    const struct span kept = arena_span(&import->arena, source);
    if (import->msgs == NULL || text.ptr == NULL || kept.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a message of %zu octets", data.len);
    struct import_msg *msg = &import->msgs[import->count];
    *msg = (struct import_msg){.source = kept};
    msg->is_repeated = json_is_true(json_object_get(head, "repeated"));
    msg->as.internaldate_s = json_is_integer(date) ? json_integer_value(date)
                                                   : clock_wall_s(import->call->house->clock);
    msg->as.internaldate_zone_min = (int16_t)json_integer_value(json_object_get(head, "zone"));
    enum rc rc = digest_make(text, (uint32_t)copy, msg->digest, err);
    if (rc == RC_OK)
        rc = ingest_prepare(&import->arena, text, &msg->ingest, err);
    if (rc == RC_OK)
        rc = flags_read(import, json_object_get(head, "flags"), msg, box, err);
    if (rc != RC_OK)
        return rc;
    import->box = box;
    import->count++;
    import->octets += text.len;
    return RC_OK;
}

static enum rc
message_take(struct import *import, const json_t *head, struct span data, struct span source,
             struct tally *box, struct err *err)
{
    struct err why = {.rc = RC_OK};
    enum rc rc = RC_OK;

    if (data.len == 0)
        return refuse(import, box, source, "empty", err);
    if (data.len > verb_append_octets(import->call)) {
        err_set(&why, RC_LIMIT, 0, "%zu octets, and [limits] append takes %ju", data.len,
                (uintmax_t)verb_append_octets(import->call));
        return refuse(import, box, source, why.text, err);
    }
    if (import->box != NULL && import->box != box)
        rc = batch_store(import, err);
    if (rc != RC_OK)
        return rc;
    rc = message_add(import, head, data, source, box, &why);
    if (is_of_one(rc) && import->count > 0) { /* the others may have taken the room */
        rc = batch_store(import, err);
        if (rc != RC_OK)
            return rc;
        rc = message_add(import, head, data, source, box, &why);
    }
    if (is_of_one(rc)) {
        import->msgs = NULL;
        arena_reset(&import->arena);
        return refuse(import, box, source, why.text, err);
    }
    if (rc != RC_OK) {
        *err = why;
        return rc;
    }
    return import->count == IMPORT_BATCH || import->octets >= IMPORT_BATCH_OCTETS
               ? batch_store(import, err)
               : RC_OK;
}

/* ---- other items ---- */

/* Handles a mailbox, which may have no messages. */
static enum rc
mailbox_take(struct import *import, struct tally *box, struct span source, struct err *err)
{
    struct err why = {.rc = RC_OK};

    enum rc rc = batch_store(import, err);
    if (rc != RC_OK)
        return rc;
    import->box = box;
    rc = msgs_store(import, NULL, 0, 0, &why);
    import->box = NULL;
    arena_reset(&import->arena);
    if (is_of_one(rc))
        return refuse(import, box, source, why.text, err);
    if (rc != RC_OK)
        *err = why;
    return rc;
}

/* A mailbox that was not subscribed is unsubscribed only if it was imported just now, because
 * its owner may have changed that since an earlier import. */
static enum rc
subscription_take(struct import *import, struct tally *box, bool subscribe, struct span source,
                  struct err *err)
{
    struct names_subscribe_op op;

    enum rc rc = batch_store(import, err);
    if (rc != RC_OK || import->is_dry || (!subscribe && box->skipped > 0))
        return rc;
    names_subscribe_op_init(&op, turn_waiter_wake(&import->waiter));
    op.name = span_of_str(box->mailbox);
    op.subscribe = subscribe;
    turn_run_wait(import->acct, &op.turn, &import->waiter);
    if (is_of_one(op.turn.result))
        return refuse(import, box, source, op.turn.err.text, err);
    if (op.turn.result != RC_OK)
        *err = op.turn.err;
    return op.turn.result;
}

static enum rc
item_take(struct import *import, const json_t *head, struct span data, struct err *err)
{
    const char *kind = json_string_value(json_object_get(head, "item"));
    const char *why = json_string_value(json_object_get(head, "why"));
    const struct span source = span_of_str(json_string_value(json_object_get(head, "source")));
    struct span mailbox = span_of_str(json_string_value(json_object_get(head, "mailbox")));

    if (mailbox.len == 0 || span_ieq(mailbox, SPAN("INBOX")))
        mailbox = SPAN("INBOX");
    struct tally *box = tally_of(import, mailbox);
    if (box == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for more mailboxes");
    const char *wrong = mbox_name_check(mailbox);
    if (wrong != NULL)
        return refuse(import, box, source, wrong, err);
    if (kind == NULL || strcmp(kind, "message") == 0)
        return message_take(import, head, data, source, box, err);
    if (strcmp(kind, "trouble") == 0)
        return refuse(import, box, source, why == NULL ? "?" : why, err);
    if (strcmp(kind, "mailbox") == 0)
        return mailbox_take(import, box, source, err);
    if (strcmp(kind, "subscribed") == 0 || strcmp(kind, "unsubscribed") == 0)
        return subscription_take(import, box, kind[0] == 's', source, err);
    if (strcmp(kind, "passed") != 0)
        return err_set(err, RC_INVALID, 0, "there is no item \"%.40s\"", kind);
    box->passed++;
    return item_row(import, "passed", why == NULL ? "?" : why, box, source, err);
}

static enum rc
import_run(struct import *import, struct err *err)
{
    const struct verb_io *io = import->call->io;
    json_t *head = NULL;
    struct span data;
    enum rc rc;

    while ((rc = io->next(io->ctx, &head, &data, err)) == RC_OK) {
        rc = item_take(import, head, data, err);
        json_decref(head);
        if (rc != RC_OK)
            break;
    }
    if (rc == RC_NOT_FOUND)
        rc = batch_store(import, err);
    if (rc == RC_OK)
        return tallies_give(import, err);
    /* What was stored stays stored, and is reported. */
    if (rc != RC_CLOSED && tallies_give(import, NULL) != RC_OK)
        return RC_CLOSED;
    return rc;
}

enum rc
verb_import(const struct verb_call *call, struct err *err)
{
    struct registry_account account;
    struct import import = {
        .call = call,
        .is_dry = json_is_true(json_object_get(call->args, "dry_run")),
    };

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = account_get(call->house->accounts, account.id, &import.acct);
    if (rc != RC_OK)
        return rc;
    /* A batch, what ingest makes of it, and the largest message. */
    arena_init(&import.arena, (size_t)IMPORT_BATCH_OCTETS * 4 + INGEST_ARENA +
                                  (size_t)verb_append_octets(call) * 2);
    map_init(&import.by_name);
    import.last = &import.first;
    turn_waiter_init(&import.waiter);
    rc = import_run(&import, err);
    turn_waiter_done(&import.waiter);
    tallies_free(&import);
    arena_done(&import.arena);
    account_put(import.acct);
    return rc;
}

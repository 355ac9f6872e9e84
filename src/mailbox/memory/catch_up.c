/* SPDX-License-Identifier: MIT */
/*
 * What others have committed, brought into memory: read from the rows of a transaction,
 * mailbox by mailbox above the modseq that memory knows, as a change log that takes the way of
 * every other one (publish.c, hub.c). Such a log spans any number of commits, and a version may
 * have been loaded from a snapshot between two of them; so its records say how entries are now,
 * and putting one on twice does no harm.
 *
 * INV-M12  Before the holder of the turn changes anything, memory is what the rows of its
 *          transaction are: so INV-M4 and INV-M11 hold with writers elsewhere too.
 *
 * Thread: the holder of the turn.
 */
#include <stdlib.h>

#include "base/check.h"
#include "mailbox/account_private.h"

/* Entries of one mailbox; when more have changed, its version is loaded again when needed. */
#ifndef CATCH_UP_MAX
#define CATCH_UP_MAX 65536u
#endif

enum {
    READ_BATCH = 256,
    MAILBOX_ARENA = 16 << 20, /* names and expunged rows of one mailbox; names of metadata */
};

/* A mailbox in memory, as it was when the list was made. */
struct known {
    uint64_t mbox;
    uint64_t modseq;
    uint32_t uidnext;
    bool filled; /* false: being opened, nobody has seen anything of it */
};

static void
known_add(struct known *list, size_t *count, const struct mailbox *mailbox)
{
    if (mailbox->state.gone)
        return;
    list[(*count)++] = (struct known){
        .mbox = mailbox->state.mbox,
        .modseq = mailbox->state.highest_modseq,
        .uidnext = mailbox->state.uidnext,
        .filled = mailbox->filled,
    };
}

/* All mailboxes in memory and being opened; owned. RC_LIMIT. */
static enum rc
known_list(struct account *acct, struct known **out, size_t *count_out)
{
    size_t room = 0;

    lock_enter(mailboxes_lock(acct));
    LIST_FOR_EACH (node, &acct->mailboxes) {
        (void)node;
        room++;
    }
    LIST_FOR_EACH (node, &acct->opening) {
        (void)node;
        room++;
    }
    struct known *list = calloc(room + 1, sizeof *list);
    *count_out = 0;
    if (list != NULL) {
        LIST_FOR_EACH (node, &acct->mailboxes)
            known_add(list, count_out, CONTAINER_OF(node, struct mailbox, link));
        LIST_FOR_EACH (node, &acct->opening)
            known_add(list, count_out, CONTAINER_OF(node, struct mailbox, link));
    }
    lock_leave(mailboxes_lock(acct));
    *out = list;
    return list == NULL ? RC_LIMIT : RC_OK;
}

/* RC_LIMIT: too many. */
static enum rc
read_entries(struct change_log *log, struct store_tx *tx, const struct known *known,
             struct err *err)
{
    struct entry rows[READ_BATCH];
    uint32_t from = 1;
    size_t total = 0;
    size_t count = READ_BATCH;

    while (count == READ_BATCH) {
        const enum rc rc = store_entries_since(tx, known->mbox, known->modseq, &from, rows,
                                               READ_BATCH, &count, err);
        if (rc != RC_OK)
            return rc;
        total += count;
        if (total > CATCH_UP_MAX)
            return RC_LIMIT;
        const enum rc noted = change_entries(log, known->mbox, rows, count, known->uidnext);
        if (noted != RC_OK)
            return noted;
    }
    return RC_OK;
}

/* RC_GONE: they are not known any more. RC_LIMIT: too many. */
static enum rc
read_expunged(struct change_log *log, struct store_tx *tx, const struct known *known,
              struct arena *arena, struct err *err)
{
    const struct expunged_req req = {known->mbox, known->modseq, UINT32_MAX};
    struct expunged_row *rows = NULL;
    size_t count = 0;
    uint64_t modseq = 0;

    enum rc rc = store_expunged_since(tx, &req, arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    uint32_t *uids = arena_array(arena, uint32_t, count + 1);
    if (uids == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++) {
        uids[i] = rows[i].uid;
        if (rows[i].modseq > modseq)
            modseq = rows[i].modseq;
    }
    return change_expunged(log, known->mbox, uids, count, modseq);
}

static enum rc
read_keywords(struct change_log *log, struct store_tx *tx, const struct known *known,
              struct arena *arena, struct err *err)
{
    struct span *names = NULL;
    size_t count = 0;

    enum rc rc = store_keywords(tx, known->mbox, arena, &names, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = change_keyword(log, known->mbox, (uint32_t)i, names[i]);
    return rc;
}

/* What became of one mailbox. Too much to be told in records: it is to be loaded again. */
static enum rc
read_mailbox(struct change_log *log, struct store_tx *tx, const struct known *known,
             struct err *err)
{
    AUTO_ARENA arena = {0};
    struct mbox_row row;

    arena_init(&arena, MAILBOX_ARENA);
    enum rc rc = store_mbox_get(tx, known->mbox, &arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return change_mbox_gone(log, known->mbox);
    if (rc == RC_OK)
        rc = change_mbox_row(log, known->mbox);
    if (rc == RC_OK)
        rc = read_keywords(log, tx, known, &arena, err);
    if (rc != RC_OK || !known->filled || row.highest_modseq <= known->modseq)
        return rc;
    const struct change_mark mark = change_log_mark(log);
    rc = read_expunged(log, tx, known, &arena, err);
    if (rc == RC_OK)
        rc = read_entries(log, tx, known, err);
    if (rc != RC_LIMIT && rc != RC_GONE)
        return rc;
    change_log_rollback(log, mark);
    return change_mbox_anew(log, known->mbox);
}

/* Finds the mailboxes whose metadata have changed, and when they last did: somebody who read
 * them between these commits knows some of the changes. */
static enum rc
read_metadata(struct account *acct, struct store_tx *tx, struct change_log *log,
              struct err *err)
{
    const struct metadata_since since = {.modseq = atomic_load(&acct->seen_modseq)};
    struct metadata_row *rows = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, MAILBOX_ARENA);
    enum rc rc = store_metadata_since(tx, &since, &arena, &rows, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = change_metadata_until(log, rows[i].of.mbox, rows[i].modseq);
    return rc;
}

/* Brings memory to the rows of tx. */
static enum rc
read_all(struct account *acct, struct store_tx *tx, struct change_log *log, struct err *err)
{
    struct known *list = NULL;
    size_t count = 0;

    enum rc rc = known_list(acct, &list, &count);
    if (rc == RC_OK)
        rc = change_acl(log, 0); /* names, and perhaps rights */
    if (rc == RC_OK)
        rc = read_metadata(acct, tx, log, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = read_mailbox(log, tx, &list[i], err);
    free(list);
    return rc == RC_OK ? change_log_finish(log, tx, err) : rc;
}

enum rc
catch_up(struct account *acct, struct store_tx *tx, struct err *err)
{
    uint64_t modseq = 0;

    if (!acct->accounts->shared)
        return RC_OK;
    enum rc rc = store_modseq(tx, &modseq, err);
    if (rc != RC_OK || modseq == atomic_load(&acct->seen_modseq))
        return rc;
    struct change_log *log = change_log_new();
    if (log == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for changes made elsewhere");
    rc = read_all(acct, tx, log, err);
    if (rc == RC_OK) {
        metadata_latest_note(acct, log, modseq);
        mailbox_publish(acct, log);
        hub_publish(acct, log);
        atomic_store(&acct->seen_modseq, modseq);
    }
    change_log_unref(log);
    return rc;
}

enum rc
catch_up_read(struct account *acct, struct wake wake, struct err *err)
{
    AUTO_TX tx = NULL;
    const enum rc rc = store_read_begin(acct->store, wake, &tx, err);

    return rc == RC_OK ? catch_up(acct, tx, err) : rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a commit does to the mailboxes in memory. The holder of the turn does it, after the
 * commit and before it gives up the turn; so commits arrive here one at a time and in their
 * order.
 *
 * The next version is built without the lock, from the current one; under the lock it is put
 * in its place together with the counters, unless the current one is another by now (it was let
 * go, or has just been loaded): then once more. Sessions thus see state and version of one and
 * the same moment.
 *
 * Thread: the holder of the turn.
 */
#include <stdlib.h>

#include "base/check.h"
#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

static void
grow(uint64_t *modseq, uint64_t to)
{
    if (*modseq < to)
        *modseq = to;
}

/* The lock is held: all but the version. */
static void
publish_state(struct mailbox *mailbox, const struct mbox_changes *changes)
{
    struct mailbox_state *state = &mailbox->state;

    const uint64_t retired = mailbox->retired_serial;

    for (const struct change_record *r = changes->first; r != NULL; r = r->next) {
        if (r->kind == CHANGE_KEYWORD)
            mailbox_change_keyword(mailbox, r->number, r->name);
        else if (r->kind == CHANGE_EXPUNGED)
            state->last_expunge_modseq = r->modseq;
        else if (r->kind == CHANGE_FLAGS)
            state->last_flags_modseq = r->rule.modseq;
        else if (r->kind == CHANGE_ENTRIES && r->known > 0)
            grow(&state->last_flags_modseq, r->modseq);
    }
    if (mailbox->retired_serial != retired && changes->has_row)
        grow(&mailbox->retired_modseq, changes->row.highest_modseq);
    if (changes->gone_serial != 0) {
        state->gone = true;
        return;
    }
    if (changes->anew_serial != 0) {
        grow(&state->last_expunge_modseq, changes->row.highest_modseq);
        grow(&state->last_flags_modseq, changes->row.highest_modseq);
    }
    /* A mailbox that was opened after the snapshot of a catch_up began knows more. */
    if (changes->has_row && changes->row.highest_modseq >= state->highest_modseq)
        mailbox_set_row(mailbox, &changes->row);
}

/* The lock is held. For whoever is loading a version now. */
static void
keep_for_loaders(struct mailbox *mailbox, struct change_log *log,
                 const struct mbox_changes *changes)
{
    if (mailbox->loaders == 0 || mailbox->replay_lost)
        return;
    if (changes->anew_serial != 0) {
        mailbox->replay_lost = true;
        return;
    }
    if (mailbox->replays == NULL)
        mailbox->replays = calloc(MAILBOX_REPLAYS, sizeof *mailbox->replays);
    if (mailbox->replays == NULL || mailbox->replay_count == MAILBOX_REPLAYS) {
        mailbox->replay_lost = true;
        return;
    }
    change_log_ref(log);
    mailbox->replays[mailbox->replay_count++] = (struct replay){log, changes};
}

static bool
is_newer(const struct mbox_changes *changes, const struct version *version)
{
    return changes->has_row && changes->row.highest_modseq > version->modseq;
}

/* The caller holds a reference to the mailbox. */
static void
publish_one(struct mailbox *mailbox, struct change_log *log, const struct mbox_changes *changes)
{
    struct lock *lock = mailboxes_lock(mailbox->acct);
    struct version *from = NULL; /* what `next` was built from, with a reference */
    struct version *next = NULL;
    struct version *old = NULL; /* freed after the lock */
    const bool drops = changes->gone_serial != 0 || changes->anew_serial != 0;

    for (bool settled = false; !settled;) {
        lock_enter(lock);
        struct version *current = mailbox->current;
        settled = current == NULL || current == from || drops || !is_newer(changes, current);
        if (settled) {
            if (current != NULL && (current == from || drops)) {
                old = current;
                version_ref(old);
                mailbox_set_current(mailbox, drops ? NULL : next);
                if (drops)
                    version_unref(next);
            } else {
                version_unref(next);
            }
            publish_state(mailbox, changes);
            keep_for_loaders(mailbox, log, changes);
        } else {
            version_ref(current);
        }
        lock_leave(lock);
        if (settled)
            break;
        version_unref(from);
        version_unref(next);
        from = current;
        next = version_after(from, changes); /* NULL, no memory: loaded again when needed */
    }
    version_unref(from);
    version_unref(old);
}

/* The mailbox with this row, held; NULL: not in memory. The lock is held. */
static struct mailbox *
hold_published(struct account *acct, uint64_t mbox)
{
    LIST_FOR_EACH (node, &acct->mailboxes) {
        struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        if (mailbox->state.mbox != mbox)
            continue;
        if (mailbox->refs++ == 0)
            acct->unheld--;
        return mailbox;
    }
    return NULL;
}

void
mailbox_publish(struct account *acct, struct change_log *log)
{
    if (change_log_has_acl(log))
        atomic_fetch_add(&acct->acl_serial, 1);
    if (change_log_has_acl(log) || change_log_has_names(log))
        atomic_fetch_add(&acct->names_serial, 1);
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next) {
        if (c->mbox == 0)
            continue;
        lock_enter(mailboxes_lock(acct));
        acct->publish_serial++;
        struct mailbox *mailbox = hold_published(acct, c->mbox);
        LIST_FOR_EACH (node, &acct->opening) {
            struct mailbox *opening = CONTAINER_OF(node, struct mailbox, link);
            if (opening->state.mbox == c->mbox)
                publish_state(opening, c);
        }
        lock_leave(mailboxes_lock(acct));
        if (mailbox != NULL) {
            publish_one(mailbox, log, c);
            mailbox_put(mailbox);
        }
    }
}

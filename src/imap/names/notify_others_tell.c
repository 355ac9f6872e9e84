/* SPDX-License-Identifier: MIT */
/*
 * What NOTIFY tells of mailboxes of other users besides their names: STATUS for changes of
 * messages, METADATA for changes of entries, if the user may look the mailbox up and read it
 * when it is told (RFC 5465 sections 5 and 5.9).
 */
#include "imap/metadata.h"
#include "imap/names/notify_others.h"

#include <stdlib.h>

#include "mailbox/sharing/access.h"
#include "mailbox/status.h"

/* ---- what is due ---- */

bool
notify_others_are_asked(const struct imap_notify_req *req)
{
    struct span owner;
    struct span rest;

    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        if (group->scope == IMAP_NOTIFY_SUBSCRIBED)
            return true;
        for (size_t k = 0; k < group->mailbox_count; k++)
            if (imap_name_is_others(group->mailboxes[k].name, &owner, &rest))
                return true;
    }
    return false;
}

void
notify_others_resubscribed(struct notify_others *others)
{
    if (others != NULL)
        others->look_at_all = true;
}

static bool
metadata_is_due(const struct notify_owner *owner)
{
    return owner->unsure || owner->metadata_goal != 0 ||
           account_metadata_changed(owner->acct, owner->metadata_upto);
}

bool
notify_others_wait(const struct imap_session *im, struct notify_others *others)
{
    if (others == NULL)
        return false;
    for (struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        if (owner->at_hand != NULL || owner->rows || owner->fresh || metadata_is_due(owner) ||
            news_wait(&owner->news))
            return true;
    return notify_look_is_due(im, others);
}

/* ---- STATUS ---- */

static enum rc
rights_read(struct imap_session *im, const struct notify_other *other, struct store_tx *tx,
            uint32_t *rights_out, struct err *err)
{
    struct arena *arena = &im->work->sync_arena;
    struct rights_user user;

    const enum rc rc = access_user(im->s.env->registry, im->s.account_id, arena, &user, err);
    return rc == RC_OK ? access_rights(tx, &user, other->mbox, arena, rights_out, err) : rc;
}

/* Before a snapshot begins, so that it is as new as the numbers: the rights that it shows can
 * be kept until one of them changes. */
static void
serials_note(struct imap_session *im, struct notify_owner *owner)
{
    owner->acl_serial = account_acl_serial(owner->acct);
    owner->epoch = (uint32_t)registry_rights_epoch(im->s.env->registry);
}

/* The user's rights to the mailbox now. tx NULL: RC_AGAIN if they must be read. */
static enum rc
rights_now(struct imap_session *im, const struct notify_owner *owner,
           struct notify_other *other, struct store_tx *tx, uint32_t *rights_out,
           struct err *err)
{
    const bool known = other->rights_known && other->acl_serial == owner->acl_serial &&
                       other->epoch == owner->epoch;

    *rights_out = 0;
    if (!env_settings(im->s.env)->sharing)
        return RC_OK;
    if (!known && tx == NULL)
        return RC_AGAIN;
    if (!known) {
        const enum rc rc = rights_read(im, other, tx, &other->rights, err);
        other->rights_known = rc == RC_OK;
        if (rc != RC_OK)
            return rc;
        other->acl_serial = owner->acl_serial;
        other->epoch = owner->epoch;
    }
    *rights_out = other->rights;
    return RC_OK;
}

/* What has happened to a mailbox. */
struct happened {
    unsigned events;            /* enum watch_event */
    uint64_t since;             /* changes up to this modseq were told */
    const struct mbox_row *row; /* the counters after that; NULL: they are to be read */
};

static enum rc
row_get(struct imap_session *im, const struct notify_other *other,
        const struct happened *happened, struct store_tx *tx, struct mbox_row *out,
        struct err *err)
{
    if (happened->row == NULL)
        return tx == NULL ? RC_AGAIN
                          : store_mbox_get(tx, other->mbox, &im->work->sync_arena, out, err);
    *out = *happened->row;
    return RC_OK;
}

/* Sends the STATUS of one mailbox, if the user may see it and it is not the selected one. A
 * look and the news may be about the same change, which is told only once. News of flags alone
 * does not count as told, because it may still have to be told that messages came or went. tx
 * NULL: RC_AGAIN if something must be read. */
static enum rc
counters_tell(struct imap_session *im, struct notify_owner *owner, struct notify_other *other,
              const struct happened *happened, struct store_tx *tx, struct err *err)
{
    const unsigned items =
        imap_notify_items(im, other_events(other), happened->events, owner->first);
    struct mbox_row row;
    struct status status;
    uint32_t rights = 0;

    if (items == 0 || !other_is(other, OTHER_READ) ||
        imap_is_selected(im, owner->acct, other->mbox))
        return RC_OK;
    arena_reset(&im->work->sync_arena);
    enum rc rc = rights_now(im, owner, other, tx, &rights, err);
    if (rc == RC_OK && (rights & OTHER_RIGHTS) != OTHER_RIGHTS)
        return RC_OK;
    if (rc == RC_OK)
        rc = row_get(im, other, happened, tx, &row, err);
    const uint64_t since = happened->since;
    if (rc == RC_OK && row.highest_modseq > since)
        rc = status_of_row(owner->acct, NULL, &row, items, &status, err);
    if (rc == RC_OK && row.highest_modseq > since) {
        imap_status_line(im, other_name(owner, other), &status, items);
        if ((happened->events & (WATCH_ARRIVALS | WATCH_EXPUNGES)) != 0)
            other->told_modseq = row.highest_modseq;
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Sends the STATUS of mailboxes that have changed since, of all if they are asked for the first
 * time, and of those that the user may read from now on. False: return *step_out. */
static bool
rows_tell(struct imap_session *im, struct notify_owner *owner, struct store_tx *tx,
          enum imap_step *step_out, struct err *err)
{
    uint64_t modseq = 0;
    enum rc rc = store_modseq(tx, &modseq, err);

    if (rc == RC_OK && owner->row == 0)
        owner->rows_goal = modseq; /* later changes are told in the next pass */
    for (; rc == RC_OK && owner->row < owner->count; owner->row++) {
        struct notify_other *other = &owner->mailboxes[owner->row];
        const bool fresh = other_is(other, OTHER_FRESH);
        if (imap_output_full(im) || slice_spent()) {
            *step_out = imap_output_full(im) ? STEP_OUTPUT : STEP_MORE;
            return false;
        }
        struct happened happened = {.events = WATCH_ALL};
        if (!fresh && !owner->first)
            happened.since = later(owner->told_modseq, other->told_modseq);
        if (fresh || owner->first || (owner->rows && owner->told_modseq != 0))
            rc = counters_tell(im, owner, other, &happened, tx, err);
        other->state &= (uint8_t)~OTHER_FRESH;
    }
    if (rc != RC_OK) {
        *step_out = STEP_DONE;
        return false;
    }
    if (owner->told_modseq == 0)
        owner->metadata_upto = owner->rows_goal;
    if (owner->rows)
        owner->told_modseq = owner->rows_goal;
    owner->rows = owner->first = owner->fresh = false;
    owner->row = 0;
    return true;
}

/* ---- METADATA ---- */

/* The names of changed entries in a mailbox: shared ones and the user's own private ones.
 */
static enum rc
entries_tell(struct imap_session *im, struct notify_owner *owner,
             const struct notify_other *other, struct store_tx *tx, struct err *err)
{
    struct span names[METADATA_NAMES_A_LINE];
    size_t used = 0;
    enum rc rc = RC_OK;

    for (int own = 0; own <= 1; own++) {
        const struct metadata_of of = {other->mbox, own == 0 ? 0 : im->s.account_id};
        const struct metadata_since since = {&of, owner->metadata_upto};
        struct metadata_row *rows = NULL;
        size_t count = 0;
        rc = store_metadata_since(tx, &since, &im->work->sync_arena, &rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
            if (rows[i].modseq > owner->metadata_goal ||
                !metadata_row_is_for(&rows[i], im->s.account_id) ||
                imap_metadata_is_own(im, owner->acct, rows[i].modseq))
                continue;
            if (used == METADATA_NAMES_A_LINE) {
                imap_metadata_line(im, other_name(owner, other), names, used);
                used = 0;
            }
            names[used++] = rows[i].name;
        }
    }
    if (rc == RC_OK && used > 0)
        imap_metadata_line(im, other_name(owner, other), names, used);
    return rc;
}

static bool
is_among(const struct metadata_changes *changes, uint64_t mbox)
{
    for (size_t i = 0; i < changes->count; i++)
        if (changes->mboxes[i] == mbox)
            return true;
    return changes->everywhere;
}

static enum rc
metadata_of_one(struct imap_session *im, struct notify_owner *owner, struct notify_other *other,
                struct store_tx *tx, struct err *err)
{
    uint32_t rights = 0;

    arena_reset(&im->work->sync_arena);
    const enum rc rc = rights_now(im, owner, other, tx, &rights, err);
    if (rc != RC_OK || (rights & OTHER_RIGHTS) != OTHER_RIGHTS)
        return rc;
    return entries_tell(im, owner, other, tx, err);
}

/* Tells all changes of metadata in the account. False: return *step_out. */
static bool
metadata_tell(struct imap_session *im, struct notify_owner *owner, struct store_tx *tx,
              const struct metadata_changes *changes, enum imap_step *step_out, struct err *err)
{
    enum rc rc = RC_OK;

    if (owner->metadata_goal == 0) {
        owner->metadata_goal = changes->upto;
        if (owner->unsure)
            rc = store_modseq(tx, &owner->metadata_goal, err);
    }
    for (; rc == RC_OK && owner->row < owner->count; owner->row++) {
        struct notify_other *other = &owner->mailboxes[owner->row];
        if (imap_output_full(im) || slice_spent()) {
            *step_out = imap_output_full(im) ? STEP_OUTPUT : STEP_MORE;
            return false;
        }
        if (other_is(other, OTHER_READ) &&
            (other_events(other) & IMAP_EVENT_MAILBOX_METADATA) != 0 &&
            (owner->unsure || is_among(changes, other->mbox)))
            rc = metadata_of_one(im, owner, other, tx, err);
    }
    if (rc != RC_OK) {
        *step_out = STEP_DONE;
        return false;
    }
    owner->metadata_upto = owner->metadata_goal;
    owner->metadata_goal = 0;
    owner->unsure = false;
    owner->row = 0;
    return true;
}

/* ---- one thing after the other ---- */

/* Takes one piece of news. Names are found by looks. tx NULL: RC_AGAIN if something must be
 * read. */
static enum rc
news_tell(struct imap_session *im, struct notify_owner *owner, struct store_tx *tx,
          struct err *err)
{
    const struct news *news = owner->at_hand;
    struct notify_other *other =
        news->events == WATCH_NAMES ? NULL : notify_other_find(owner, news->mbox);
    enum rc rc = RC_OK;

    if (other != NULL) {
        const struct happened happened = {.events = news->events,
                                          .since = other->told_modseq,
                                          .row = news->has_row ? &news->row : NULL};
        rc = counters_tell(im, owner, other, &happened, tx, err);
    }
    if (rc == RC_OK && tx != NULL)
        rc = store_modseq(tx, &owner->told_modseq, err);
    else if (rc == RC_OK && news->has_row)
        owner->told_modseq = later(owner->told_modseq, news->row.highest_modseq);
    if (rc != RC_OK)
        return rc;
    free(owner->at_hand);
    owner->at_hand = NULL;
    return RC_OK;
}

/* Whether there is something to tell about the account. */
static bool
owner_is_due(struct notify_owner *owner)
{
    enum news_lost lost = NEWS_ALL_KEPT;

    if (owner->rows || owner->fresh)
        return true;
    if (owner->metadata_goal != 0)
        return true; /* in the middle of a pass */
    if (owner->at_hand == NULL)
        owner->at_hand = news_take(&owner->news, &lost);
    if (lost != NEWS_ALL_KEPT) /* the rows show which changes of messages were missed */
        owner->rows = true;
    return owner->rows || owner->at_hand != NULL || metadata_is_due(owner);
}

/* Whether the next thing that is due is news. */
static bool
news_is_next(const struct notify_owner *owner)
{
    return owner->metadata_goal == 0 && !owner->rows && !owner->fresh && owner->at_hand != NULL;
}

/* Tells the next thing that is due for one account. A hundred sessions may be told the same at
 * the same time, so nothing is read that memory has. False: return *step_out; STEP_DONE: it
 * cannot be told. */
static bool
owner_tell(struct imap_session *im, struct notify_owner *owner, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;
    struct metadata_changes changes;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    serials_note(im, owner);
    if (news_is_next(owner) && news_tell(im, owner, NULL, &err) == RC_OK)
        return true;
    /* Asked before the snapshot begins, which therefore has all of it. */
    account_metadata_changes(owner->acct, owner->metadata_upto, &changes);
    if (!imap_read_begin(im, owner->acct, &tx, step_out)) {
        im->work->reply = reply;
        return false;
    }
    if (owner->metadata_goal != 0)
        return metadata_tell(im, owner, tx, &changes, step_out, &err);
    if (owner->rows || owner->fresh)
        return rows_tell(im, owner, tx, step_out, &err);
    if (owner->at_hand == NULL)
        return metadata_tell(im, owner, tx, &changes, step_out, &err);
    *step_out = STEP_DONE;
    return news_tell(im, owner, tx, &err) == RC_OK;
}

enum imap_step
notify_others_step(struct imap_session *im, struct imap_notify *notify, bool *failed_out)
{
    struct notify_others *others = notify->others;
    struct notify_owner *owner = others == NULL ? NULL : others->owners;
    enum imap_step step = STEP_DONE;
    enum rc rc = RC_OK;

    while (others != NULL) {
        /* first finds out which mailboxes may be told */
        step = notify_look_step(im, others, notify->watched, &rc);
        if (step != STEP_DONE || rc != RC_OK) {
            *failed_out = step == STEP_DONE;
            return step;
        }
        for (owner = others->owners; owner != NULL && !owner_is_due(owner); owner = owner->next)
            ;
        if (owner == NULL)
            break;
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (!owner_tell(im, owner, &step)) {
            *failed_out = step == STEP_DONE;
            return step;
        }
    }
    return STEP_DONE;
}

/* SPDX-License-Identifier: MIT */
/*
 * What NOTIFY tells of mailboxes that are not selected (RFC 5465 section 5): STATUS for changes
 * of messages, LIST for changes of names and subscriptions. The hub has gathered which
 * mailboxes were changed. They are looked up one after the other and told as they are now, so a
 * mailbox with a hundred new messages is one line.
 *
 * Changes that the client has made itself are not told (section 5: SHOULD).
 */
#include "imap/notify.h"
#include "base/map.h"
#include "mailbox/names/names_list.h"
#include "mailbox/status.h"
#include "syntax/imap/mbox_name.h"

#include <stdlib.h>

/* ---- STATUS ---- */

static void
row_tell(struct imap_session *im, const struct mbox_row *row, unsigned items)
{
    struct status status;

    if (status_of_row(im->acct, NULL, row, items, &status, NULL) == RC_OK)
        imap_status_line(im, row->name, &status, items);
}

enum rc
imap_notify_rows_read(struct notify_rows *rows, struct store_tx *tx, struct arena *arena,
                      struct err *err)
{
    struct mbox_row *all;

    const enum rc rc = store_mbox_list(tx, arena, &all, &rows->count, err);
    if (rc == RC_OK)
        rows->rows = all;
    return rc;
}

enum imap_step
imap_notify_rows_step(struct imap_session *im, const struct watched *watched,
                      struct notify_rows *rows)
{
    while (rows->next < rows->count) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        const struct mbox_row *row = &rows->rows[rows->next++];
        if (imap_is_selected(im, im->acct, row->id) || row->highest_modseq <= rows->since)
            continue;
        const unsigned items =
            imap_notify_items(im, watched_events(watched, row->id), WATCH_ALL, rows->first);
        if (items != 0)
            row_tell(im, row, items);
    }
    return STEP_DONE;
}

static enum rc
messages_tell(struct imap_session *im, struct store_tx *tx, const struct news *news,
              unsigned items, struct err *err)
{
    struct mbox_row row;

    const enum rc rc = store_mbox_get(tx, news->mbox, &im->work->sync_arena, &row, err);
    if (rc == RC_OK)
        row_tell(im, &row, items);
    return rc == RC_NOT_FOUND ? RC_OK : rc; /* it was deleted since */
}

/* ---- LIST ---- */

/* A name that was told in this pass. Several changes of one commit may concern one name, for
 * example a mailbox and one created below it, or a mailbox and its subscription. */
struct told_name {
    uint64_t name; /* map_hash; 0: none */
    unsigned attrs;
    uint32_t special_use;
};

struct imap_told_names {
    struct told_name last[16]; /* far more than the levels that one command creates */
    unsigned next;
};

/* Whether the line would only repeat what was told. If not, it is noted as told. */
static bool
is_told(struct imap_work *work, const struct names_entry *entry)
{
    const struct told_name told = {map_hash(entry->name), entry->attrs, entry->special_use};
    struct imap_told_names *names = work->told_names;

    if (names == NULL)
        names = work->told_names = arena_new(&work->arena, struct imap_told_names);
    if (names == NULL)
        return false;
    if (entry->old_name.len > 0) /* the names of all mailboxes below it have changed too */
        *names = (struct imap_told_names){.next = 0};
    for (size_t i = 0; i < ARRAY_LEN(names->last); i++) {
        struct told_name *known = &names->last[i];
        if (known->name != told.name)
            continue;
        const bool same = known->attrs == told.attrs && known->special_use == told.special_use;
        *known = told;
        return same;
    }
    names->last[names->next++ % ARRAY_LEN(names->last)] = told;
    return false;
}

/* Tells one name as it is now, if this event is asked for. mbox: the mailbox that has or had
 * the name; 0: it is looked up. */
static enum rc
name_tell(struct imap_session *im, struct store_tx *tx, uint64_t mbox, struct span name,
          const struct news *news, enum imap_notify_event event, struct err *err)
{
    const struct watched *watched = im->notify->watched;
    struct names_entry entry;

    const enum rc rc = names_entry_of(&im->work->sync_arena, tx, name, &entry, err);
    if (rc != RC_OK)
        return rc;
    if (mbox == 0 && entry.row != NULL)
        mbox = entry.row->id;
    unsigned asked = event == IMAP_EVENT_SUBSCRIPTION_CHANGE
                         ? watched_subscription_events(watched, mbox, name)
                         : watched_name_events(watched, mbox, name);
    if (news->what == NAME_RENAMED)
        asked |= watched_name_events(watched, mbox, news->old_name);
    entry.old_name = news->old_name;
    if ((asked & event) != 0 && !is_told(im->work, &entry))
        imap_list_line(im, &entry);
    return RC_OK;
}

/* The subscription of a mailbox of another user. */
static bool
is_of_others(const struct imap_session *im, const struct news *news)
{
    struct span owner;
    struct span rest;

    return (news->what == NAME_SUBSCRIBED || news->what == NAME_UNSUBSCRIBED) &&
           env_settings(im->s.env)->sharing && imap_name_is_others(news->name, &owner, &rest);
}

static enum rc
names_tell(struct imap_session *im, struct store_tx *tx, const struct news *news,
           struct err *err)
{
    const struct span parent = mbox_name_parent(news->name);
    enum rc rc = RC_OK;

    if (watched_goes_by_names(im->notify->watched))
        rc = watched_renew(im->notify->watched, tx, &im->work->sync_arena, err);
    if (is_of_others(im, news)) {
        notify_others_resubscribed(im->notify->others); /* the next look tells it */
        return rc;
    }
    if (rc != RC_OK || news->own)
        return rc;
    switch (news->what) {
    case NAME_MADE:
    case NAME_DELETED: /* section 5.4: its parent is affected too */
        rc = name_tell(im, tx, news->mbox, news->name, news, IMAP_EVENT_MAILBOX_NAME, err);
        if (rc == RC_OK && parent.len > 0)
            rc = name_tell(im, tx, 0, parent, news, IMAP_EVENT_MAILBOX_NAME, err);
        return rc;
    case NAME_RENAMED:
        return name_tell(im, tx, news->mbox, news->name, news, IMAP_EVENT_MAILBOX_NAME, err);
    case NAME_SUBSCRIBED:
    case NAME_UNSUBSCRIBED:
        return name_tell(im, tx, 0, news->name, news, IMAP_EVENT_SUBSCRIPTION_CHANGE, err);
    }
    return RC_OK;
}

/* ---- one piece of news after the other ---- */

/* Whether this piece of news concerns the client or one of the mailboxes that it watches. */
static bool
is_of_interest(const struct imap_session *im, const struct news *news, unsigned *items_out)
{
    const struct watched *watched = im->notify->watched;
    const unsigned of_names = IMAP_EVENT_MAILBOX_NAME | IMAP_EVENT_SUBSCRIPTION_CHANGE;

    *items_out = 0;
    if (news->events == WATCH_NAMES)
        return watched_goes_by_names(watched) || im->notify->others != NULL ||
               (!news->own && (watched_all_events(watched) & of_names) != 0);
    if (!imap_is_selected(im, im->acct, news->mbox))
        *items_out =
            imap_notify_items(im, watched_events(watched, news->mbox), news->events, false);
    return *items_out != 0;
}

/* Tells the news at hand. False: return *step_out; the news stays at hand. */
static bool
news_tell(struct imap_session *im, enum imap_step *step_out)
{
    struct imap_notify *notify = im->notify;
    const struct imap_reply reply = im->work->reply;
    struct news *news = notify->at_hand;
    unsigned items;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};
    enum rc rc = RC_OK;

    if (is_of_interest(im, news, &items)) {
        if (!imap_read_begin(im, im->acct, &tx, step_out)) {
            im->work->reply = reply;
            if (*step_out == STEP_DONE) /* it cannot be read, so it cannot be told */
                imap_notify_overflow(im);
            return false;
        }
        arena_reset(&im->work->sync_arena);
        rc = news->events == WATCH_NAMES ? names_tell(im, tx, news, &err)
                                         : messages_tell(im, tx, news, items, &err);
        if (rc == RC_OK)
            rc = store_modseq(tx, &notify->told_modseq, &err);
    }
    if (rc != RC_OK) {
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "NOTIFY: %s: %s", rc_name(rc), err.text);
        imap_notify_overflow(im);
        *step_out = STEP_DONE;
        return false;
    }
    notify->at_hand = NULL;
    free(news);
    return true;
}

/* Takes the next piece of news, or continues with the one at hand. False: there is none, or
 * something was missed. */
static bool
next_news(struct imap_notify *notify, enum news_lost *lost_out)
{
    *lost_out = NEWS_ALL_KEPT;
    if (notify->at_hand == NULL)
        notify->at_hand = news_take(&notify->watch, lost_out);
    return notify->at_hand != NULL && *lost_out == NEWS_ALL_KEPT;
}

/* Finds in the rows of all mailboxes what was missed. False: return *step_out. */
static bool
rows_begin(struct imap_session *im, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct imap_notify *notify = im->notify;
    const struct imap_reply reply = work->reply;
    struct notify_rows *rows = arena_new(&work->arena, struct notify_rows);
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (rows != NULL && !imap_read_begin(im, im->acct, &tx, step_out)) {
        work->reply = reply;
        if (*step_out != STEP_DONE) {
            news_lose(&notify->watch, NEWS_LOST_ROWS); /* try again next time */
            return false;
        }
    }
    enum rc rc = tx == NULL ? RC_LIMIT : RC_OK;
    if (rc == RC_OK && watched_goes_by_names(notify->watched))
        rc = watched_renew(notify->watched, tx, &work->arena, &err);
    if (rc == RC_OK)
        rc = imap_notify_rows_read(rows, tx, &work->arena, &err);
    if (rc == RC_OK) {
        rows->since = notify->told_modseq;
        rc = store_modseq(tx, &notify->told_modseq, &err);
    }
    if (rc != RC_OK) {
        imap_notify_overflow(im);
        *step_out = STEP_DONE;
        return false;
    }
    work->tell_run = rows;
    return true;
}

static enum imap_step
others_step(struct imap_session *im)
{
    bool failed = false;
    const enum imap_step step = notify_others_step(im, im->notify, &failed);

    if (failed)
        imap_notify_overflow(im);
    return step;
}

enum imap_step
imap_notify_step(struct imap_session *im)
{
    enum imap_step step = STEP_DONE;
    enum news_lost lost;

    while (im->notify != NULL) {
        if (im->work->tell_run != NULL) {
            step = imap_notify_rows_step(im, im->notify->watched, im->work->tell_run);
            if (step != STEP_DONE)
                return step;
            im->work->tell_run = NULL;
        }
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (next_news(im->notify, &lost)) {
            if (!news_tell(im, &step))
                return step;
        } else if (lost == NEWS_LOST_ALL) {
            imap_notify_overflow(im);
        } else if (lost == NEWS_LOST_ROWS) {
            if (!rows_begin(im, &step))
                return step;
        } else {
            watched_settle(im->notify->watched);
            return others_step(im);
        }
    }
    return STEP_DONE;
}

/* SPDX-License-Identifier: MIT */
/* Gathering news while a commit is published, and taking them when the watcher runs. */
#include "mailbox/memory/news.h"

#include <stdlib.h>
#include <string.h>

#include "mailbox/account_private.h"

enum { MESSAGE_EVENTS = WATCH_ARRIVALS | WATCH_EXPUNGES | WATCH_FLAGS };

/* ---- gathering: the hub's lock is held ---- */

static void
drop_all(struct news_watch *watch)
{
    struct news *next;

    for (struct news *news = watch->first; news != NULL; news = next) {
        next = news->next;
        free(news);
    }
    watch->first = NULL;
    watch->last = NULL;
    watch->count = 0;
}

/* Everything is told to have been missed at once, so no more is gathered meanwhile. */
static bool
lose(struct news_watch *watch, enum news_lost lost)
{
    if (lost > watch->lost)
        watch->lost = (uint8_t)lost;
    if (watch->lost == NEWS_LOST_ALL)
        drop_all(watch);
    return true;
}

/* A new piece with room for texts; NULL: there are too many, or there is no memory. */
static struct news *
add(struct news_watch *watch, uint64_t mbox, unsigned events, size_t octets)
{
    struct news *news = watch->count < LIMIT_NEWS ? calloc(1, sizeof *news + octets) : NULL;

    if (news == NULL)
        return NULL;
    news->mbox = mbox;
    news->events = events;
    *(watch->last == NULL ? &watch->first : watch->last) = news;
    watch->last = &news->next;
    watch->count++;
    return news;
}

static void
note_row(struct news *news, const struct mbox_changes *changes)
{
    news->has_row = changes->has_row;
    news->row = changes->row;
    news->row.name = SPAN(""); /* it is the log's */
}

/* What waits to be told of messages in the mailbox; NULL: nothing. */
static struct news *
messages_of(const struct news_watch *watch, uint64_t mbox)
{
    struct news *news = watch->first;

    while (news != NULL && (news->mbox != mbox || news->events == WATCH_NAMES))
        news = news->next;
    return news;
}

static bool
gather_messages(struct news_watch *watch, const struct mbox_changes *changes)
{
    const unsigned events = changes->events & MESSAGE_EVENTS;

    if (events == 0)
        return false;
    struct news *news = messages_of(watch, changes->mbox);
    if (news != NULL) {
        news->events |= events;
        note_row(news, changes);
        return false; /* it was woken for that */
    }
    news = add(watch, changes->mbox, events, 0);
    if (news == NULL)
        return lose(watch, NEWS_LOST_ALL);
    note_row(news, changes);
    return true;
}

/* The watcher's own change of messages is no news. But the counters that it is told of earlier
 * ones of others must not be older than what it has been answered. */
static void
gather_own_messages(struct news_watch *watch, const struct mbox_changes *changes)
{
    struct news *news =
        (changes->events & MESSAGE_EVENTS) == 0 ? NULL : messages_of(watch, changes->mbox);

    if (news != NULL)
        note_row(news, changes);
}

static bool
gather_name(struct news_watch *watch, uint64_t mbox, const struct name_record *record)
{
    const size_t octets = record->name.len + record->old_name.len;
    struct news *news = add(watch, mbox, WATCH_NAMES, octets);

    if (news == NULL)
        return lose(watch, NEWS_LOST_ALL);
    news->what = record->what;
    news->own = record->by != 0 && record->by == watch->wake.id;
    memcpy(news->texts, record->name.ptr, record->name.len);
    if (record->old_name.len > 0)
        memcpy(news->texts + record->name.len, record->old_name.ptr, record->old_name.len);
    news->name = span_of(news->texts, record->name.len);
    news->old_name = span_of(news->texts + record->name.len, record->old_name.len);
    return true;
}

bool
news_gather(struct news_watch *watch, const struct change_log *log)
{
    bool any = false;

    if (watch->lost == NEWS_LOST_ALL)
        return false;
    for (const struct mbox_changes *c = log->first; c != NULL && watch->lost != NEWS_LOST_ALL;
         c = c->next) {
        if (c->mbox == 0 && c->names_serial != 0 &&
            c->names == NULL) /* elsewhere: catch_up.c */
            any |= lose(watch, NEWS_LOST_ROWS);
        if (c->gone_serial == 0 && change_log_is_by(c, watch->wake.id))
            gather_own_messages(watch, c);
        else if (c->gone_serial == 0)
            any |= gather_messages(watch, c);
        for (const struct name_record *r = c->names; r != NULL && watch->lost != NEWS_LOST_ALL;
             r = r->next)
            any |= gather_name(watch, c->mbox, r);
    }
    return any;
}

/* ---- taking ---- */

struct news *
news_take(struct news_watch *watch, enum news_lost *lost_out)
{
    *lost_out = NEWS_ALL_KEPT;
    if (watch->acct == NULL)
        return NULL;
    struct lock *lock = hub_lock(watch->acct);
    lock_enter(lock);
    struct news *news = watch->first;
    if (news != NULL) {
        watch->first = news->next;
        watch->count--;
        if (watch->first == NULL)
            watch->last = NULL;
    }
    *lost_out = (enum news_lost)watch->lost;
    watch->lost = NEWS_ALL_KEPT;
    lock_leave(lock);
    return news;
}

bool
news_wait(struct news_watch *watch)
{
    if (watch->acct == NULL)
        return false;
    struct lock *lock = hub_lock(watch->acct);
    lock_enter(lock);
    const bool waits = watch->first != NULL || watch->lost != NEWS_ALL_KEPT;
    lock_leave(lock);
    return waits;
}

void
news_lose(struct news_watch *watch, enum news_lost lost)
{
    struct lock *lock = hub_lock(watch->acct);

    lock_enter(lock);
    (void)lose(watch, lost);
    lock_leave(lock);
}

void
news_begin(struct account *acct, struct news_watch *watch, struct wake wake)
{
    watch->acct = acct;
    watch->wake = wake;
    lock_enter(hub_lock(acct));
    list_push_back(&acct->hub.gatherers, &watch->link);
    lock_leave(hub_lock(acct));
}

void
news_end(struct news_watch *watch)
{
    if (watch->acct == NULL)
        return;
    lock_enter(hub_lock(watch->acct));
    list_remove(&watch->link);
    drop_all(watch);
    lock_leave(hub_lock(watch->acct));
    watch->acct = NULL;
}

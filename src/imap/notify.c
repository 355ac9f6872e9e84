/* SPDX-License-Identifier: MIT */
/* What is kept of a NOTIFY request, and what it means for the selected mailbox; see the
 * header. */
#include "imap/metadata.h"
#include "imap/notify.h"

#include <stdlib.h>
#include <string.h>

#include "session/networks.h"

/* ---- life ---- */

struct imap_notify *
imap_notify_new(unsigned selected, bool delayed, struct span fetch)
{
    struct imap_notify *notify = calloc(1, sizeof *notify + fetch.len);

    if (notify == NULL)
        return NULL;
    notify->selected = (uint8_t)selected;
    notify->delayed = delayed;
    notify->fetch_len = (uint32_t)fetch.len;
    if (fetch.len > 0)
        memcpy(notify->fetch, fetch.ptr, fetch.len);
    return notify;
}

void
imap_notify_free(struct imap_notify *notify)
{
    if (notify == NULL)
        return;
    news_end(&notify->watch);
    watched_free(notify->watched);
    notify_others_free(notify->others);
    free(notify->at_hand);
    free(notify);
}

void
imap_notify_watch(struct imap_session *im, struct imap_notify *notify)
{
    news_begin(im->acct, &notify->watch, session_waker(&im->s));
}

/* Whether the account must be watched for news: names or subscriptions decide which mailboxes
 * count, or something is asked for besides metadata, which have a watch of their own. */
static bool
needs_news(const struct imap_notify *notify)
{
    const unsigned metadata = IMAP_EVENT_MAILBOX_METADATA | IMAP_EVENT_SERVER_METADATA;
    const unsigned events = watched_all_events(notify->watched);

    return notify->others != NULL || (events & ~metadata) != 0 ||
           (events != 0 && watched_goes_by_names(notify->watched));
}

void
imap_notify_set(struct imap_session *im, struct imap_notify *notify)
{
    imap_notify_free(im->notify);
    im->notify = notify;
    im->notify_state = notify == NULL ? NOTIFY_NONE : NOTIFY_SET;
    if (notify != NULL) {
        notify->waiting.since_us = session_now_us(&im->s);
        notify->waiting.keepalive_us = network_first_us(&im->s, notify->waiting.since_us);
        if (!needs_news(notify))
            news_end(&notify->watch); /* only the selected mailbox is watched */
    }
    imap_metadata_settle(im);
    imap_watch_selected(im);
}

void
imap_notify_overflow(struct imap_session *im)
{
    struct iw w = imap_line(im);

    iw_status_line(&w, SPAN(""), IW_OK, "NOTIFICATIONOVERFLOW",
                   SPAN("Too much has changed; NOTIFY NONE is in force"));
    imap_notify_set(im, NULL);
}

/* ---- what follows from it ---- */

struct imap_waiting *
imap_waiting(struct imap_session *im)
{
    if (im->idle != NULL)
        return &im->idle->waiting;
    return im->notify != NULL && imap_between_commands(im) && !imap_has_command(im)
               ? &im->notify->waiting
               : NULL;
}

/* What the client wants to be told at any time. */
static enum view_tells
wanted(const struct imap_session *im)
{
    if (im->notify != NULL)
        return (im->notify->selected & IMAP_EVENT_FLAG_CHANGE) != 0   ? VIEW_TELLS_ALL
               : (im->notify->selected & IMAP_EVENT_MESSAGE_NEW) != 0 ? VIEW_TELLS_COUNTS
                                                                      : VIEW_TELLS_ANSWERS;
    return im->notify_state == NOTIFY_NONE ? VIEW_TELLS_ANSWERS : VIEW_TELLS_ALL;
}

enum view_tells
imap_tells(const struct imap_session *im)
{
    const enum view_tells least =
        im->work == NULL ? VIEW_TELLS_ANSWERS : (enum view_tells)im->work->tells;
    const enum view_tells most = wanted(im);

    return most > least ? most : least;
}

unsigned
imap_watch_events(const struct imap_session *im)
{
    static const unsigned events[] = {
        [VIEW_TELLS_ANSWERS] = WATCH_NOTHING,
        [VIEW_TELLS_COUNTS] = WATCH_ARRIVALS | WATCH_EXPUNGES,
        [VIEW_TELLS_ALL] = WATCH_ALL,
    };

    if (im->idle == NULL && im->notify == NULL)
        return WATCH_NOTHING;
    const unsigned of_messages = im->contexts != NULL ? WATCH_ALL : events[wanted(im)];
    if (im->guest == NULL)
        return of_messages;
    /* A guest is woken when its rights change, and for changes that it may be told. */
    return (im->guest->rights & RIGHT_READ) == 0 ? WATCH_NAMES : of_messages | WATCH_NAMES;
}

void
imap_watch_selected(struct imap_session *im)
{
    hub_watch_events(&im->watch, imap_watch_events(im));
    imap_metadata_rewatch(im);
}

/* ---- for another process ---- */

void
imap_notify_resume(struct imap_session *im)
{
    struct imap_notify *notify = im->notify;

    if (notify != NULL)
        notify_others_resume(im, notify->others);
    if (notify == NULL || notify->watch.acct != NULL || !needs_news(notify))
        return;
    imap_notify_watch(im, notify);
    news_lose(&notify->watch, NEWS_LOST_ROWS); /* others may have written meanwhile */
}

void
imap_notify_pack(const struct imap_session *im, struct buf *out)
{
    const struct imap_notify *notify = im->notify;

    pack_u8(out, im->notify_state);
    if (notify == NULL)
        return;
    pack_u8(out, notify->selected);
    pack_u8(out, notify->delayed);
    pack_u64(out, notify->told_modseq);
    pack_i64(out, notify->waiting.since_us);
    pack_i64(out, notify->waiting.keepalive_us);
    pack_span(out, span_of(notify->fetch, notify->fetch_len));
    watched_pack(notify->watched, out);
    notify_others_pack(notify->others, out);
}

bool
imap_notify_unpack(struct imap_session *im, struct unpack *in)
{
    im->notify_state = unpack_u8(in);
    in->failed |= im->notify_state > NOTIFY_SET ||
                  (im->notify_state == NOTIFY_SET && im->state == IMAP_NOT_AUTHENTICATED);
    if (im->notify_state != NOTIFY_SET || in->failed)
        return true; /* the caller checks in->failed */
    const uint8_t selected = unpack_u8(in);
    const bool delayed = unpack_bool(in);
    const uint64_t told_modseq = unpack_u64(in);
    const int64_t since_us = unpack_time(in, session_now_us(&im->s));
    const int64_t keepalive_us = unpack_time(in, INT64_MAX); /* INT64_MAX: never */

    im->notify = imap_notify_new(selected, delayed, unpack_span(in, LIMIT_NOTIFY_OCTETS));
    if (im->notify == NULL)
        return false;
    im->notify->told_modseq = told_modseq;
    im->notify->waiting = (struct imap_waiting){since_us, keepalive_us};
    im->notify->watched = watched_unpack(in);
    return im->notify->watched != NULL && notify_others_unpack(im, in, &im->notify->others);
}

/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY (RFC 5465): a client says once what it wants to hear of, and is told at any time
 * between its commands, without IDLE.
 *
 *   names/cmd_notify.c      the command
 *   notify.c                what is kept of it, and what follows for the selected mailbox
 *   push.c                  when something is told that was not asked for, also in IDLE
 *   selected/notify_new.c   FETCH responses about new messages
 *   names/notify_tell.c     STATUS and LIST responses about the other mailboxes
 *   names/notify_others.h   mailboxes of other users
 *
 * There is no way of its own by which changes come here: the hub wakes the session, the
 * selected mailbox is told by the sync (selected/sync_write.c), the others by the news that the
 * hub has gathered (mailbox/memory/news.h).
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "imap/imap_session.h"
#include "mailbox/memory/news.h"
#include "mailbox/watched.h"

struct notify_others;

/* What is in force since NOTIFY SET. A thousand mailboxes take 1 to 2 KiB. */
struct imap_notify {
    struct news_watch watch;      /* of all mailboxes of the account */
    struct watched *watched;      /* owned; the mailboxes that count */
    struct notify_others *others; /* owned; those of other users; NULL: none are asked for */
    struct news *at_hand;         /* owned; taken and not told yet; NULL: none */
    struct imap_waiting waiting;
    uint64_t told_modseq; /* the account's, up to which the other mailboxes have been told */
    uint8_t selected;     /* enum imap_notify_event, of the selected mailbox */
    bool delayed;         /* SELECTED-DELAYED: expunges wait for a command (section 6.1.2) */
    uint32_t fetch_len;
    char fetch[]; /* what is told of new messages: "(UID FLAGS)"; empty: EXISTS alone */
};

/* ---- notify.c ---- */
/** What is kept of such a request; it watches nothing yet. NULL: no memory. */
struct imap_notify *imap_notify_new(unsigned selected, bool delayed, struct span fetch);
void imap_notify_free(struct imap_notify *notify);
/** Begins to watch the account. */
void imap_notify_watch(struct imap_session *im, struct imap_notify *notify);
/** Puts this in force, NULL: NOTIFY NONE. */
void imap_notify_set(struct imap_session *im, struct imap_notify *notify);
/** More has happened than can be told: the client must ask again (section 5.8). */
void imap_notify_overflow(struct imap_session *im);
/** At the first run in another process: begins to watch again. Harmless at other times. */
void imap_notify_resume(struct imap_session *im);
void imap_notify_pack(const struct imap_session *im, struct buf *out);
/** False: no memory. */
MUST_USE bool imap_notify_unpack(struct imap_session *im, struct unpack *in);

/* What is told of a mailbox in which this has happened (enum watch_event), and of which these
 * events (enum imap_notify_event) are asked for; 0: nothing. */
static inline unsigned
imap_notify_items(const struct imap_session *im, unsigned asked, unsigned happened, bool first)
{
    const bool counts = (asked & IMAP_EVENT_MESSAGE_NEW) != 0;
    const bool flags = (asked & IMAP_EVENT_FLAG_CHANGE) != 0;
    unsigned items = 0;

    if (counts && (happened & (WATCH_ARRIVALS | WATCH_EXPUNGES)) != 0)
        items |= IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY;
    if (flags) /* messages that come or go may be unseen too */
        items |= IMAP_STATUS_UNSEEN | IMAP_STATUS_UIDVALIDITY;
    if (items != 0 && (imap_is_enabled(im, ENABLES_CONDSTORE) || (first && flags)))
        items |= IMAP_STATUS_HIGHESTMODSEQ;
    return items;
}

/* ---- names/notify_others.h: mailboxes of other users ---- */
/** Whether the groups of req may be about any. */
bool notify_others_are_asked(const struct imap_notify_req *req);
/** NULL: no memory. */
struct notify_others *notify_others_new(void);
/** NULL is allowed, as below. */
void notify_others_free(struct notify_others *others);
/** One step of finding those that req means, which are watched from then on; no others are
 * found before. STEP_DONE: all are found, or *rc_out is RC_LIMIT: no memory, more than
 * LIMIT_NOTIFY_GUESTS, or names of one account of more than LIMIT_NOTIFY_OCTETS. */
enum imap_step notify_others_first(struct imap_session *im, const struct imap_notify_req *req,
                                   struct imap_notify *notify, enum rc *rc_out);
/** The user's subscriptions of names below "Other Users" have changed. */
void notify_others_resubscribed(struct notify_others *others);
/** Whether notify_others_step would do anything. Does not wait. */
bool notify_others_wait(const struct imap_session *im, struct notify_others *others);
/** Tells what is new. *failed_out with STEP_DONE: it cannot be told. */
enum imap_step notify_others_step(struct imap_session *im, struct imap_notify *notify,
                                  bool *failed_out);
/** Watches, in another process. */
void notify_others_resume(struct imap_session *im, struct notify_others *others);
void notify_others_pack(const struct notify_others *others, struct buf *out);
/** False: no memory. An account that is gone is left out. */
MUST_USE bool notify_others_unpack(struct imap_session *im, struct unpack *in,
                                   struct notify_others **out);

/* ---- names/notify_tell.c ---- */
/* STATUS responses for the watched mailboxes among rows, as far as output and time go. */
struct notify_rows {
    const struct mbox_row *rows;
    size_t count;
    size_t next;
    uint64_t since; /* only those with a higher modseq */
    bool first;     /* the client has asked for them, and knows nothing of them yet */
};
/** Reads them. RC_LIMIT: arena. */
MUST_USE enum rc imap_notify_rows_read(struct notify_rows *rows, struct store_tx *tx,
                                       struct arena *arena, struct err *err);
/** watched: of the NOTIFY under way, or in force. */
enum imap_step imap_notify_rows_step(struct imap_session *im, const struct watched *watched,
                                     struct notify_rows *rows);

#endif

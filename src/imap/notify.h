/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY (RFC 5465): a client says once what it wants to be told, and from then on is told
 * between its commands, without IDLE.
 *
 *   names/cmd_notify.c      the command
 *   notify.c                what is kept of a request, and what it means for the selected
 *                           mailbox
 *   push.c                  when unsolicited responses are sent, also in IDLE
 *   selected/notify_new.c   FETCH responses about new messages
 *   names/notify_tell.c     STATUS and LIST responses about the other mailboxes
 *   names/notify_others.h   mailboxes of other users
 *
 * NOTIFY has no channel of its own for changes: the hub wakes the session, the sync tells what
 * has changed in the selected mailbox (selected/sync_write.c), and the news that the hub has
 * gathered says what has changed in the others (mailbox/memory/news.h).
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "imap/imap_session.h"
#include "mailbox/memory/news.h"
#include "mailbox/watched.h"

struct notify_others;

/* The request in force since NOTIFY SET. For a thousand mailboxes it takes 1 to 2 KiB. */
struct imap_notify {
    struct news_watch watch; /* of all mailboxes of the account */
    struct watched *watched; /* owned; the mailboxes that were asked for */
    /* owned; mailboxes of other users; NULL: none were asked for */
    struct notify_others *others;
    struct news *at_hand; /* owned; taken from the watch and not told yet; NULL: none */
    struct imap_waiting waiting;
    /* modseq of the account up to which the other mailboxes have been told */
    uint64_t told_modseq;
    uint8_t selected; /* enum imap_notify_event, of the selected mailbox */
    bool delayed;     /* SELECTED-DELAYED: expunges wait for a command (section 6.1.2) */
    uint32_t fetch_len;
    char fetch[]; /* the items of FETCH for new messages: "(UID FLAGS)"; empty: only EXISTS */
};

/* ---- notify.c ---- */
/** Makes what is kept of a request. It watches nothing yet. NULL: no memory. */
struct imap_notify *imap_notify_new(unsigned selected, bool delayed, struct span fetch);
void imap_notify_free(struct imap_notify *notify);
/** Begins to watch the account. */
void imap_notify_watch(struct imap_session *im, struct imap_notify *notify);
/** Puts a request in force. NULL: NOTIFY NONE. */
void imap_notify_set(struct imap_session *im, struct imap_notify *notify);
/** More has happened than can be told: the client must send NOTIFY again (section 5.8). */
void imap_notify_overflow(struct imap_session *im);
/** At the first run after a handover: begins to watch again. Does nothing at other times. */
void imap_notify_resume(struct imap_session *im);
void imap_notify_pack(const struct imap_session *im, struct buf *out);
/** False: no memory. */
MUST_USE bool imap_notify_unpack(struct imap_session *im, struct unpack *in);

/* The STATUS items to tell about a mailbox. asked: the events that were asked for (enum
 * imap_notify_event). happened: what has changed there (enum watch_event). 0: nothing is
 * told. */
static inline unsigned
imap_notify_items(const struct imap_session *im, unsigned asked, unsigned happened, bool first)
{
    const bool counts = (asked & IMAP_EVENT_MESSAGE_NEW) != 0;
    const bool flags = (asked & IMAP_EVENT_FLAG_CHANGE) != 0;
    unsigned items = 0;

    if (counts && (happened & (WATCH_ARRIVALS | WATCH_EXPUNGES)) != 0)
        items |= IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY;
    if (flags) /* messages that come or go may have been unseen, too */
        items |= IMAP_STATUS_UNSEEN | IMAP_STATUS_UIDVALIDITY;
    if (items != 0 && (imap_is_enabled(im, ENABLES_CONDSTORE) || (first && flags)))
        items |= IMAP_STATUS_HIGHESTMODSEQ;
    return items;
}

/* ---- names/notify_others.h: mailboxes of other users ---- */
/** Whether any group of req may be about mailboxes of other users. */
bool notify_others_are_asked(const struct imap_notify_req *req);
/** NULL: no memory. */
struct notify_others *notify_others_new(void);
/** NULL is allowed, as below. */
void notify_others_free(struct notify_others *others);
/** One step of finding the mailboxes that req means; they are watched from then on. To be
 * called before notify_others_step. STEP_DONE: all are found, or *rc_out is RC_LIMIT: no
 * memory, more than LIMIT_NOTIFY_GUESTS mailboxes, or names of one account that take more than
 * LIMIT_NOTIFY_OCTETS. */
enum imap_step notify_others_first(struct imap_session *im, const struct imap_notify_req *req,
                                   struct imap_notify *notify, enum rc *rc_out);
/** Called when the user's subscriptions of names below "Other Users" have changed. */
void notify_others_resubscribed(struct notify_others *others);
/** Whether notify_others_step would do anything. Does not wait. */
bool notify_others_wait(const struct imap_session *im, struct notify_others *others);
/** Tells what is new. STEP_DONE with *failed_out set: it cannot be told. */
enum imap_step notify_others_step(struct imap_session *im, struct imap_notify *notify,
                                  bool *failed_out);
/** Begins to watch again after a handover. */
void notify_others_resume(struct imap_session *im, struct notify_others *others);
void notify_others_pack(const struct notify_others *others, struct buf *out);
/** False: no memory. Accounts that are gone are left out. */
MUST_USE bool notify_others_unpack(struct imap_session *im, struct unpack *in,
                                   struct notify_others **out);

/* ---- names/notify_tell.c ---- */
/* Writes STATUS responses for the watched mailboxes among rows, as far as output and time
 * allow. */
struct notify_rows {
    const struct mbox_row *rows;
    size_t count;
    size_t next;
    uint64_t since; /* only those with a higher modseq */
    bool first;     /* the client has just asked for them, and knows nothing of them yet */
};
/** Reads the rows. RC_LIMIT: arena. */
MUST_USE enum rc imap_notify_rows_read(struct notify_rows *rows, struct store_tx *tx,
                                       struct arena *arena, struct err *err);
/** watched: the mailboxes of the NOTIFY under way, or of the one in force. */
enum imap_step imap_notify_rows_step(struct imap_session *im, const struct watched *watched,
                                     struct notify_rows *rows);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What has happened in the mailboxes of an account since somebody looked, for those who watch
 * many of them (NOTIFY, RFC 5465). A watch of one mailbox needs no news: its view says what has
 * changed. A watch of a thousand must not look at each of them, so the hub notes which ones
 * were changed, and in which way. All changes of messages in one mailbox are one piece of news,
 * because only the mailbox's present counters are told; each change of a name is one of its
 * own, because afterwards nobody could say what the name was.
 *
 * A watch that has been told everything keeps nothing. One that does not look keeps at most
 * LIMIT_NEWS pieces; then they are dropped, and it learns that it has missed something.
 *
 * Thread: the watcher's; nothing here waits.
 */
#ifndef MAILBOX_MEMORY_NEWS_H
#define MAILBOX_MEMORY_NEWS_H

#include <stdbool.h>

#include "base/list.h"
#include "base/span.h"
#include "base/wake.h"
#include "mailbox/memory/change.h"
#include "mailbox/memory/hub.h" /* enum watch_event */
#include "store/store.h"

struct news {
    struct news *next; /* a later one */
    uint64_t mbox;     /* 0: a name without a mailbox */
    unsigned events;   /* of messages (enum watch_event), or WATCH_NAMES alone */
    bool own;          /* WATCH_NAMES: the watcher itself asked for the change */
    /* Without WATCH_NAMES: the mailbox's counters after the newest of the changes, also of
     * those that the watcher itself asked for; but not its name. */
    struct mbox_row row;
    bool has_row;
    /* With WATCH_NAMES; in `texts`. */
    enum name_change what;
    struct span name;
    struct span old_name; /* NAME_RENAMED */
    char texts[];
};

enum news_lost { /* ordered */
                 NEWS_ALL_KEPT,
                 NEWS_LOST_ROWS, /* of messages in any mailbox: the rows' modseqs tell which */
                 NEWS_LOST_ALL,
};

struct news_watch {
    struct list link;     /* hub's lock, as all below */
    struct account *acct; /* borrowed from the watcher, who holds it; NULL: not watching */
    struct wake wake;
    struct news *first; /* owned */
    struct news **last; /* where the next one is put; NULL: there is none yet */
    uint32_t count;
    uint8_t lost; /* enum news_lost */
};

/** Watches all mailboxes of the account. watch, zeroed, stays where it is until news_end. As
 * with hub_watch: watch first, and look afterwards. */
void news_begin(struct account *acct, struct news_watch *watch, struct wake wake);
/** The oldest piece of news, which the caller frees, or NULL; also if it watches nothing.
 * *lost_out: what was lost since this was last asked. */
struct news *news_take(struct news_watch *watch, enum news_lost *lost_out);
/** Whether news_take would say anything. */
bool news_wait(struct news_watch *watch);
/** Counts as if it had missed something; the watcher is not woken. */
void news_lose(struct news_watch *watch, enum news_lost lost);
/** Ends the watch and frees its news. Harmless when it is not watching (zeroed). */
void news_end(struct news_watch *watch);

/** Notes the changes in the log that this watch wants. True: there are some. With the hub's
 * lock held. */
bool news_gather(struct news_watch *watch, const struct change_log *log);

#endif

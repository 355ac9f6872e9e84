/* SPDX-License-Identifier: MIT */
/*
 * Who wants to know of changes. A watch has a filter: some mailboxes of an account or all, and
 * which kinds of changes. After a commit the hub calls each matching watch's wake once, under
 * its lock: the only callback in the house made with a lock held, so a wake may do nothing but
 * post and wake (style, Concurrency). What has changed is not in the message: whoever is woken
 * compares its view with the mailbox.
 *
 * A session that has a mailbox selected watches it with WATCH_NOTHING between commands, where
 * it may say nothing, and with WATCH_ALL in IDLE.
 *
 * Thread: any. Nothing here waits.
 */
#ifndef MAILBOX_MEMORY_HUB_H
#define MAILBOX_MEMORY_HUB_H

#include "base/attr.h"
#include "base/list.h"
#include "base/wake.h"
#include "mailbox/memory/account.h"

enum watch_event { /* bits */
                   WATCH_NOTHING = 0,
                   WATCH_ARRIVALS = 1,
                   WATCH_EXPUNGES = 2, /* also of all that was in a deleted mailbox */
                   WATCH_FLAGS = 4,
                   WATCH_NAMES = 8, /* made, renamed, deleted, special use, subscriptions */
                   WATCH_ALL = 15,
};

struct watch_filter {
    unsigned events; /* enum watch_event */
    const uint64_t
        *mboxes;       /* ascending; several are borrowed until hub_unwatch, one is copied */
    size_t mbox_count; /* 0: every mailbox of the account */
};

struct watch {
    struct list link;     /* hub's */
    struct account *acct; /* borrowed from the watcher, who holds it; NULL: not watching */
    uint64_t mbox;        /* the only mailbox; 0: none or several */
    struct watch_filter filter;
    struct wake wake;
};

/** watch stays where it is until hub_unwatch. Watch first, then look (view_init,
 * mailbox_state): what is committed later than the look is told, what was committed before is
 * seen. */
void hub_watch(struct account *acct, struct watch *watch, const struct watch_filter *filter,
               struct wake wake);
/** Other events from now on; look after it, as after hub_watch. Harmless when not watching. */
void hub_watch_events(struct watch *watch, unsigned events);
/** After this returns, wake is not called again. Harmless when not watching (zeroed). */
void hub_unwatch(struct watch *watch);

#endif

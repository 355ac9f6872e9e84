/* SPDX-License-Identifier: MIT */
/*
 * Tells whoever wants to know about changes. A watch has a filter: some mailboxes of an account
 * or all of them, and the kinds of changes. After a commit the hub calls the wake of each
 * matching watch once. It holds its lock meanwhile, which no other callback in this program
 * does, so a wake may only set a bit and wake a task (docs/style.md, Concurrency). A wake does
 * not say what has changed: whoever is woken compares its view with the mailbox, or takes its
 * news (news.h).
 *
 * A session with a selected mailbox watches it with WATCH_NOTHING between commands, when it may
 * not say anything, and with WATCH_ALL in IDLE.
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
                   WATCH_ALL = 15,  /* what a view may show */
                   WATCH_METADATA = 16,
};

struct watch_filter {
    unsigned events;     /* enum watch_event */
    uint32_t mbox_count; /* 0: every mailbox of the account */
    const uint64_t
        *mboxes; /* ascending; several are borrowed until hub_unwatch, one is copied */
};

struct watch {
    struct list link;     /* hub's */
    struct account *acct; /* borrowed from the watcher, who holds it; NULL: not watching */
    uint64_t mbox;        /* the only mailbox; 0: none or several */
    struct watch_filter filter;
    struct wake wake;
};

/** watch stays where it is until hub_unwatch. Watch first, and look afterwards (view_init,
 *  mailbox_state): a commit before the look is seen by it, and one after the look calls wake.
 */
void hub_watch(struct account *acct, struct watch *watch, const struct watch_filter *filter,
               struct wake wake);
/** Watches for other events from now on; look afterwards, as after hub_watch. Harmless when it
 *  is not watching. */
void hub_watch_events(struct watch *watch, unsigned events);
/** Wakes everybody who watches anything in the account, for something that happened
 * elsewhere. */
void hub_wake_all(struct account *acct);
/** After this returns, wake is not called again. Harmless when not watching (zeroed). */
void hub_unwatch(struct watch *watch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Who wants to know of changes. A watch has a filter: one mailbox, or all of an account's.
 * After a commit the hub calls each matching watch's wake, under its lock: the only callback in
 * the house made with a lock held, so a wake may do nothing but post and wake (style,
 * Concurrency). What has changed is not in the message: whoever is woken compares its view with
 * the mailbox.
 *
 * Thread: any. Nothing here waits.
 */
#ifndef MAILBOX_HUB_H
#define MAILBOX_HUB_H

#include "base/attr.h"
#include "base/list.h"
#include "base/wake.h"
#include "mailbox/account.h"

struct watch {
    struct list link;     /* hub's */
    struct account *acct; /* borrowed from the watcher, who holds it; NULL: not watching */
    uint64_t mbox;        /* this mailbox; 0: every mailbox of the account, and its names */
    struct wake wake;
};

/** watch stays where it is until hub_unwatch. Watch first, then look (view_init,
 * mailbox_state): what is committed later than the look is told, what was committed before is
 * seen. */
void hub_watch(struct account *acct, struct watch *watch, uint64_t mbox, struct wake wake);
/** After this returns, wake is not called again. Harmless when not watching (zeroed). */
void hub_unwatch(struct watch *watch);

#endif

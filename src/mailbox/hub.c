/* SPDX-License-Identifier: MIT */
/*
 * The account's watchers, in a few buckets by mailbox row. Waking is done under the lock, so a
 * watch that was taken out is never called again (INV-M8); a wake only posts and wakes
 * (base/wake.h), so a few thousand of them cost about a millisecond.
 *
 * Thread: any.
 */
#include "mailbox/hub.h"

#include "base/check.h"
#include "mailbox/account_private.h"

void
hub_init(struct hub *hub)
{
    lock_init(&hub->lock, LOCK_HUB);
    for (size_t i = 0; i < HUB_BUCKETS; i++)
        list_init(&hub->buckets[i]);
    list_init(&hub->all);
}

void
hub_done(struct hub *hub)
{
    for (size_t i = 0; i < HUB_BUCKETS; i++)
        CHECK(list_is_empty(&hub->buckets[i]));
    CHECK(list_is_empty(&hub->all));
    lock_done(&hub->lock);
}

void
hub_watch(struct account *acct, struct watch *watch, uint64_t mbox, struct wake wake)
{
    struct hub *hub = &acct->hub;

    watch->acct = acct;
    watch->mbox = mbox;
    watch->wake = wake;
    lock_enter(&hub->lock);
    list_push_back(mbox == 0 ? &hub->all : &hub->buckets[mbox % HUB_BUCKETS], &watch->link);
    lock_leave(&hub->lock);
}

void
hub_unwatch(struct watch *watch)
{
    if (watch->acct == NULL)
        return;
    struct hub *hub = &watch->acct->hub;
    lock_enter(&hub->lock);
    list_remove(&watch->link);
    lock_leave(&hub->lock);
    watch->acct = NULL;
}

void
hub_publish(struct account *acct, const struct change_log *log)
{
    struct hub *hub = &acct->hub;

    if (log->first == NULL)
        return;
    lock_enter(&hub->lock);
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next) {
        if (c->mbox == 0)
            continue;
        LIST_FOR_EACH (node, &hub->buckets[c->mbox % HUB_BUCKETS]) {
            const struct watch *watch = CONTAINER_OF(node, struct watch, link);
            if (watch->mbox == c->mbox)
                wake_call(watch->wake);
        }
    }
    LIST_FOR_EACH (node, &hub->all) {
        wake_call(CONTAINER_OF(node, struct watch, link)->wake);
    }
    lock_leave(&hub->lock);
}

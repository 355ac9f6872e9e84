/* SPDX-License-Identifier: MIT */
/*
 * The account's watchers, in one list, because most accounts have one or two. Waking is done
 * under the lock, so a watch that was taken out is never called again (INV-M8); a wake only
 * posts and wakes (base/wake.h), so a few thousand of them cost about a millisecond.
 *
 * Thread: any.
 */
#include "mailbox/memory/hub.h"

#include "mailbox/account_private.h"
#include "mailbox/memory/news.h"

void
hub_watch(struct account *acct, struct watch *watch, const struct watch_filter *filter,
          struct wake wake)
{
    watch->acct = acct;
    watch->mbox = filter->mbox_count == 1 ? filter->mboxes[0] : 0;
    watch->filter = *filter;
    if (watch->mbox != 0)
        watch->filter.mboxes = &watch->mbox;
    watch->wake = wake;
    lock_enter(hub_lock(acct));
    list_push_back(&acct->hub.watches, &watch->link);
    lock_leave(hub_lock(acct));
}

void
hub_watch_events(struct watch *watch, unsigned events)
{
    if (watch->acct == NULL)
        return;
    lock_enter(hub_lock(watch->acct));
    watch->filter.events = events;
    lock_leave(hub_lock(watch->acct));
}

void
hub_unwatch(struct watch *watch)
{
    if (watch->acct == NULL)
        return;
    lock_enter(hub_lock(watch->acct));
    list_remove(&watch->link);
    lock_leave(hub_lock(watch->acct));
    watch->acct = NULL;
}

void
hub_wake_all(struct account *acct)
{
    lock_enter(hub_lock(acct));
    LIST_FOR_EACH (node, &acct->hub.watches)
        wake_call(CONTAINER_OF(node, struct watch, link)->wake);
    LIST_FOR_EACH (node, &acct->hub.gatherers)
        wake_call(CONTAINER_OF(node, struct news_watch, link)->wake);
    lock_leave(hub_lock(acct));
}

static bool
is_among(const struct watch_filter *filter, uint64_t mbox)
{
    size_t low = 0;
    size_t high = filter->mbox_count;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (filter->mboxes[mid] < mbox)
            low = mid + 1;
        else
            high = mid;
    }
    return filter->mbox_count == 0 || (low < filter->mbox_count && filter->mboxes[low] == mbox);
}

/* A batch may name as many mailboxes as there are watches, so each watch looks up only its
 * own. */
static bool
matches_its_own(const struct watch *watch, const struct change_log *log)
{
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&watch->mbox));

    return changes != NULL && (watch->filter.events & changes->events) != 0;
}

static bool
matches_any(const struct watch *watch, const struct change_log *log)
{
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next)
        if (is_among(&watch->filter, c->mbox) && (watch->filter.events & c->events) != 0)
            return true;
    return false;
}

void
hub_publish(struct account *acct, const struct change_log *log)
{
    if (log->first == NULL)
        return;
    lock_enter(hub_lock(acct));
    LIST_FOR_EACH (node, &acct->hub.watches) {
        const struct watch *watch = CONTAINER_OF(node, struct watch, link);
        if (watch->mbox != 0 ? matches_its_own(watch, log) : matches_any(watch, log))
            wake_call(watch->wake);
    }
    LIST_FOR_EACH (node, &acct->hub.gatherers) {
        struct news_watch *watch = CONTAINER_OF(node, struct news_watch, link);
        if (news_gather(watch, log))
            wake_call(watch->wake);
    }
    lock_leave(hub_lock(acct));
}

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "store/sqlite/logs.h"

#include <stdlib.h>

#include "base/check.h"
#include "db/log_memo.h"
#include "store/sqlite/account.h"

struct log_entry {
    struct list link;
    uint64_t account_id;
    int64_t closed_us;
    bool large;
    struct log_memo *memo; /* owned, or NULL */
};

static void
entry_free(struct log_entry *entry)
{
    log_memo_free(entry->memo);
    free(entry);
}

void
logs_init(struct logs *logs)
{
    lock_init(&logs->lock, LOCK_LEAF);
    CHECK(pthread_cond_init(&logs->changed, NULL) == 0);
    map_init(&logs->entries);
    list_init(&logs->large);
    list_init(&logs->small);
}

void
logs_done(struct logs *logs)
{
    struct list *node;

    while ((node = list_pop_front(&logs->large)) != NULL ||
           (node = list_pop_front(&logs->small)) != NULL)
        entry_free(CONTAINER_OF(node, struct log_entry, link));
    map_done(&logs->entries);
    pthread_cond_destroy(&logs->changed);
    lock_done(&logs->lock);
}

/* A new entry that is on no list. NULL: there are enough, or there is no memory. The lock is
 * held. */
static struct log_entry *
entry_new(struct logs *logs, uint64_t account_id)
{
    if (logs->entries.count >= LIMIT_LOGS_NOTED)
        return NULL;
    struct log_entry *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return NULL;
    *entry = (struct log_entry){.account_id = account_id};
    list_init(&entry->link);
    if (map_put(&logs->entries, map_key_u64(&entry->account_id), entry) != RC_OK) {
        free(entry);
        return NULL;
    }
    return entry;
}

/* Takes what the entry has. The lock is held. */
static struct log_memo *
memo_take(struct logs *logs, struct log_entry *entry)
{
    struct log_memo *memo = entry->memo;

    entry->memo = NULL;
    if (memo != NULL)
        logs->memo_octets -= log_memo_octets(memo);
    return memo;
}

/* Gives a memo to an entry that has none. If there is no room, returns what the caller must
 * free. */
static struct log_memo *
memo_put(struct logs *logs, struct log_entry *entry, struct log_memo *memo)
{
    const size_t octets = memo == NULL ? 0 : log_memo_octets(memo);

    if (octets == 0 || logs->memo_octets + octets > LIMIT_LOG_MEMOS_OCTETS)
        return memo;
    logs->memo_octets += octets;
    entry->memo = memo;
    return NULL;
}

void
logs_note(struct sqlite_store *store, uint64_t account_id, int64_t octets,
          struct log_memo *memo)
{
    struct logs *logs = &store->logs;
    struct log_memo *before = NULL;

    lock_enter(&logs->lock);
    struct log_entry *entry = map_get(&logs->entries, map_key_u64(&account_id));
    if (entry == NULL && octets > 0)
        entry = entry_new(logs, account_id);
    if (entry != NULL) {
        before = memo_take(logs, entry);
        memo = memo_put(logs, entry, memo);
    }
    if (entry != NULL && octets > 0) {
        entry->closed_us = clock_mono_us(store->options.store.clock);
        if (entry->large) { /* keeps its place */
        } else if (octets > (int64_t)LIMIT_LOG_LEFT_OCTETS) {
            entry->large = true;
            logs->large_count++;
            list_remove(&entry->link);
            list_push_back(&logs->large, &entry->link);
            pthread_cond_signal(&logs->changed);
        } else {
            list_remove(&entry->link);
            list_push_back(&logs->small, &entry->link);
        }
    }
    lock_leave(&logs->lock);
    log_memo_free(before);
    log_memo_free(memo);
}

struct log_memo *
logs_recall(struct sqlite_store *store, uint64_t account_id)
{
    struct logs *logs = &store->logs;

    lock_enter(&logs->lock);
    struct log_entry *entry = map_get(&logs->entries, map_key_u64(&account_id));
    struct log_memo *memo = entry == NULL ? NULL : memo_take(logs, entry);
    lock_leave(&logs->lock);
    return memo;
}

size_t
logs_count(struct sqlite_store *store)
{
    lock_enter(&store->logs.lock);
    const size_t count = store->logs.entries.count;
    lock_leave(&store->logs.lock);
    return count;
}

bool
logs_take(struct sqlite_store *store, bool all, struct log_due *out)
{
    struct logs *logs = &store->logs;
    const int64_t quiet_us = (int64_t)LIMIT_LOG_QUIET_S * 1000000;
    const int64_t now_us = clock_mono_us(store->options.store.clock);

    lock_enter(&logs->lock);
    struct list *node = list_pop_front(&logs->large);
    if (node == NULL && !list_is_empty(&logs->small)) {
        struct log_entry *oldest = CONTAINER_OF(logs->small.next, struct log_entry, link);
        if (all || now_us - oldest->closed_us >= quiet_us)
            node = list_pop_front(&logs->small);
    }
    if (node != NULL) {
        struct log_entry *entry = CONTAINER_OF(node, struct log_entry, link);
        *out = (struct log_due){.account_id = entry->account_id,
                                .quiet = !entry->large,
                                .memo = memo_take(logs, entry)};
        logs->large_count -= entry->large;
        (void)map_take(&logs->entries, map_key_u64(&entry->account_id));
        free(entry);
    }
    lock_leave(&logs->lock);
    return node != NULL;
}

void
logs_wake(struct sqlite_store *store)
{
    struct logs *logs = &store->logs;

    lock_enter(&logs->lock);
    logs->woken = true;
    pthread_cond_signal(&logs->changed);
    lock_leave(&logs->lock);
}

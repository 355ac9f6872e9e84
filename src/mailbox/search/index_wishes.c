/* SPDX-License-Identifier: MIT */
/* See the header. The queue is short, so it is walked to find an account that waits. */
#include "mailbox/search/index_wishes.h"

void
index_wishes_init(struct index_wishes *wishes)
{
    lock_init(&wishes->lock, LOCK_LEAF);
    pthread_cond_init(&wishes->changed, NULL);
    wishes->first = wishes->count = 0;
    wishes->taken = 0;
    wishes->stopped = false;
}

void
index_wishes_done(struct index_wishes *wishes)
{
    pthread_cond_destroy(&wishes->changed);
    lock_done(&wishes->lock);
}

static bool
is_waiting(const struct index_wishes *wishes, uint64_t account_id)
{
    for (uint32_t i = 0; i < wishes->count; i++)
        if (wishes->accounts[(wishes->first + i) % LIMIT_INDEX_WISHES] == account_id)
            return true;
    return false;
}

bool
index_wishes_put(struct index_wishes *wishes, uint64_t account_id)
{
    lock_enter(&wishes->lock);
    bool waits = is_waiting(wishes, account_id);
    if (!waits && wishes->count < LIMIT_INDEX_WISHES) {
        wishes->accounts[(wishes->first + wishes->count++) % LIMIT_INDEX_WISHES] = account_id;
        pthread_cond_signal(&wishes->changed);
        waits = true;
    }
    lock_leave(&wishes->lock);
    return waits;
}

bool
index_wishes_take(struct index_wishes *wishes, int64_t timeout_ms, uint64_t *account_out)
{
    bool taken = false;

    lock_enter(&wishes->lock);
    wishes->taken = 0;
    if (wishes->count == 0 && !wishes->stopped)
        lock_wait_ms(&wishes->lock, &wishes->changed, timeout_ms);
    if (wishes->count > 0 && !wishes->stopped) {
        *account_out = wishes->taken = wishes->accounts[wishes->first];
        wishes->first = (wishes->first + 1) % LIMIT_INDEX_WISHES;
        wishes->count--;
        taken = true;
    }
    lock_leave(&wishes->lock);
    return taken;
}

size_t
index_wishes_list(struct index_wishes *wishes, uint64_t *accounts_out, size_t max)
{
    size_t count = 0;

    lock_enter(&wishes->lock);
    if (wishes->taken != 0 && max > 0 && !is_waiting(wishes, wishes->taken))
        accounts_out[count++] = wishes->taken;
    for (uint32_t i = 0; i < wishes->count && count < max; i++)
        accounts_out[count++] = wishes->accounts[(wishes->first + i) % LIMIT_INDEX_WISHES];
    lock_leave(&wishes->lock);
    return count;
}

void
index_wishes_stop(struct index_wishes *wishes)
{
    lock_enter(&wishes->lock);
    wishes->stopped = true;
    pthread_cond_broadcast(&wishes->changed);
    lock_leave(&wishes->lock);
}

void
index_wishes_go(struct index_wishes *wishes)
{
    lock_enter(&wishes->lock);
    wishes->stopped = false;
    lock_leave(&wishes->lock);
}

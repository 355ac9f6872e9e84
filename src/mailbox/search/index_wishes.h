/* SPDX-License-Identifier: MIT */
/*
 * Accounts whose messages should be indexed, because a search had to look at many that no index
 * knows. Each waits once, however often it is asked for. Searches only put; one background
 * thread takes, and decides whether the account is worth it.
 *
 * Thread: any, for all functions. Only index_wishes_take waits.
 */
#ifndef MAILBOX_SEARCH_INDEX_WISHES_H
#define MAILBOX_SEARCH_INDEX_WISHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/lock.h"

struct index_wishes {
    struct lock lock;
    pthread_cond_t changed;
    /* lock: */
    uint64_t accounts[LIMIT_INDEX_WISHES]; /* a ring */
    uint32_t first;
    uint32_t count;
    uint64_t
        taken; /* the one that was taken last, until somebody comes for the next; 0: none */
    bool stopped;
};

void index_wishes_init(struct index_wishes *wishes);
void index_wishes_done(struct index_wishes *wishes);
/** False: too many are waiting; a later search asks again. Does not wait. */
bool index_wishes_put(struct index_wishes *wishes, uint64_t account_id);
/** The account that has waited longest. False: none came within timeout_ms, or stopped. */
MUST_USE bool index_wishes_take(struct index_wishes *wishes, int64_t timeout_ms,
                                uint64_t *account_out);
/** The accounts that wait, and first the one that was taken last, if it is not among them,
 *  until somebody comes for the next one. At most max; returns how many. */
size_t index_wishes_list(struct index_wishes *wishes, uint64_t *accounts_out, size_t max);
/** Nothing is taken any more; wakes who waits. */
void index_wishes_stop(struct index_wishes *wishes);
/** Wishes are taken again. */
void index_wishes_go(struct index_wishes *wishes);

#endif

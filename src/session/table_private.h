/* SPDX-License-Identifier: MIT */
/* What table.c and place.c share: the table itself and its counts. Private to session/. */
#ifndef SESSION_TABLE_PRIVATE_H
#define SESSION_TABLE_PRIVATE_H

#include <pthread.h>

#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "session/table.h"

struct session_table {
    struct lock lock;
    struct list sessions; /* oldest first; also those that were refused, until they are gone */
    struct list *told; /* the last of them that session_post_next has had; at first the head */
    size_t count;
    size_t admitted;       /* of them: those that count for [limits] max_connections */
    size_t deliveries;     /* of those: the ones that log in nowhere (LMTP) */
    struct list strangers; /* admitted STANDING_STRANGER, oldest first, by account_link */
    int64_t crowded_us; /* when it was last said that newcomers are closed unseen; 0: never */
    struct map by_account; /* u64 -> struct table_cell */
    struct map by_address; /* address hash -> struct table_cell */
    struct list waiters;   /* struct place: newcomers at a limit */
    size_t waiter_count;
    int64_t sweep_us; /* when all sessions were last looked through for suspects */
    atomic_int suspects;
    struct list asks; /* struct ask, on the stacks of those who wait */
    pthread_cond_t answered;
};

struct table_cell {
    uint32_t count;
    struct list sessions; /* by_account: of that account, oldest first */
};

/** The cell of a key, NULL when nobody is there. Under the lock. */
static inline struct table_cell *
table_cell_get(const struct map *map, uint64_t key)
{
    return map_get(map, map_key_u64(&key));
}

/** Posts and wakes. Under the lock. */
void table_post(struct session *session, enum session_post post, const char *words);
/** Wakes the new sessions that can use the place that a session leaves. Under the lock. */
void table_place_left(struct session_table *table, const struct session *session);

#endif

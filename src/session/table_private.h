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
    struct list sessions; /* oldest first; refused ones stay until they are gone */
    /* the last one that session_post_next has posted to; at first the head */
    struct list *told;
    size_t count;
    size_t admitted;   /* those that count for [limits] max_connections */
    size_t deliveries; /* those of them that log in nowhere (LMTP) */
    /* admitted ones with STANDING_STRANGER, oldest first, by account_link */
    struct list strangers;
    /* when it was last logged that new connections are closed without an answer; 0: never */
    int64_t crowded_us;
    struct map by_account; /* u64 -> struct table_cell */
    struct map by_address; /* address hash -> struct table_cell */
    struct list waiters;   /* struct place: new sessions that wait at a limit */
    size_t waiter_count;
    int64_t sweep_us; /* when all sessions were last searched for suspects */
    atomic_int suspects;
    struct list asks; /* struct ask, on the stacks of the threads that wait */
    pthread_cond_t answered;
};

struct table_cell {
    uint32_t count;
    struct list sessions; /* in by_account: sessions of that account, oldest first */
};

/** The cell of a key; NULL: there is no session. Under the lock. */
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

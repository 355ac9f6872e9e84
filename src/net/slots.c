/* SPDX-License-Identifier: MIT */
/*
 * One pool per kind: a count of free slots, the waiters found by task identity, and for each
 * rank the keys that have waiters in a ring. A freed slot goes to the first waiter of the next
 * key in the ring of the best rank that has one, and that key goes to the ring's end: an
 * address with 500 logins waiting delays another's one by one hash, not by 500.
 *
 * A grant is a mark on the waiter, which keeps its slot counted as taken until the waiter
 * fetches it or cancels. Waiters and keys come from pools that grow in chunks and are reused.
 * One lock per kind (LOCK_SLOTS); the wake is called with it held.
 */
#include "net/slots.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"

enum { CHUNK = 64 };

struct waiter {
    struct list link; /* its key's queue, or the pool's free list */
    struct key *key;  /* NULL once granted */
    uint64_t task_id;
};

struct key {
    struct list link;    /* the ring, or the pool's free list */
    struct list waiters; /* oldest first; never empty while in the ring */
    uint64_t key;
    enum slot_rank rank;
};

struct chunk {
    struct chunk *next;
    union {
        struct waiter waiters[CHUNK];
        struct key keys[CHUNK];
    };
};

struct pool {
    struct lock lock;
    uint32_t total;
    uint32_t taken;
    uint32_t queued;
    struct map by_task;            /* task identity to waiter, queued or granted */
    struct map by_key[SLOT_RANKS]; /* key to struct key, while it has waiters */
    struct list rings[SLOT_RANKS];
    struct list free_waiters;
    struct list free_keys;
    struct chunk *chunks; /* owned */
};

struct slots {
    struct wake wake;
    struct pool pools[SLOT_KINDS];
};

static struct chunk *
chunk_new(struct pool *pool)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);

    if (chunk != NULL) {
        chunk->next = pool->chunks;
        pool->chunks = chunk;
    }
    return chunk;
}

static struct waiter *
waiter_new(struct pool *pool)
{
    if (list_is_empty(&pool->free_waiters)) {
        struct chunk *chunk = chunk_new(pool);
        if (chunk == NULL)
            return NULL;
        for (size_t i = 0; i < CHUNK; i++)
            list_push_back(&pool->free_waiters, &chunk->waiters[i].link);
    }
    return CONTAINER_OF(list_pop_front(&pool->free_waiters), struct waiter, link);
}

static struct key *
key_new(struct pool *pool)
{
    if (list_is_empty(&pool->free_keys)) {
        struct chunk *chunk = chunk_new(pool);
        if (chunk == NULL)
            return NULL;
        for (size_t i = 0; i < CHUNK; i++)
            list_push_back(&pool->free_keys, &chunk->keys[i].link);
    }
    return CONTAINER_OF(list_pop_front(&pool->free_keys), struct key, link);
}

static struct waiter *
waiter_find(const struct pool *pool, uint64_t task_id)
{
    return map_get(&pool->by_task, map_key_u64(&task_id));
}

/* Forgets a waiter that is on no list. */
static void
waiter_free(struct pool *pool, struct waiter *waiter)
{
    map_take(&pool->by_task, map_key_u64(&waiter->task_id));
    list_push_front(&pool->free_waiters, &waiter->link);
}

static void
key_free_if_empty(struct pool *pool, struct key *key)
{
    if (!list_is_empty(&key->waiters))
        return;
    map_take(&pool->by_key[key->rank], map_key_u64(&key->key));
    list_remove(&key->link);
    list_push_front(&pool->free_keys, &key->link);
}

/* The key's queue, made when it has none yet; NULL: no memory. */
static struct key *
key_get(struct pool *pool, uint64_t number, enum slot_rank rank)
{
    struct key *key = map_get(&pool->by_key[rank], map_key_u64(&number));
    if (key != NULL)
        return key;
    key = key_new(pool);
    if (key == NULL)
        return NULL;
    key->key = number;
    key->rank = rank;
    list_init(&key->waiters);
    if (map_put(&pool->by_key[rank], map_key_u64(&number), key) != RC_OK) {
        list_push_front(&pool->free_keys, &key->link);
        return NULL;
    }
    list_push_back(&pool->rings[rank], &key->link);
    return key;
}

static enum slot_answer
enqueue(struct pool *pool, uint64_t task_id, uint64_t number, enum slot_rank rank)
{
    if (pool->queued >= LIMIT_SLOT_WAITERS)
        return SLOT_REFUSED;
    struct waiter *waiter = waiter_new(pool);
    if (waiter == NULL)
        return SLOT_REFUSED;
    waiter->task_id = task_id;
    if (map_put(&pool->by_task, map_key_u64(&task_id), waiter) != RC_OK) {
        list_push_front(&pool->free_waiters, &waiter->link);
        return SLOT_REFUSED;
    }
    waiter->key = key_get(pool, number, rank);
    if (waiter->key == NULL) {
        waiter_free(pool, waiter);
        return SLOT_REFUSED;
    }
    list_push_back(&waiter->key->waiters, &waiter->link);
    pool->queued++;
    return SLOT_QUEUED;
}

/* The next key of the best rank that has one, out of its ring; NULL: nobody waits. */
static struct list *
next_key(struct pool *pool)
{
    for (unsigned rank = 0; rank < SLOT_RANKS; rank++)
        if (!list_is_empty(&pool->rings[rank]))
            return list_pop_front(&pool->rings[rank]);
    return NULL;
}

/* One slot is free: the next key's first waiter gets it, or it is counted free. What is to be
 * woken is returned, to be called without the lock: who is woken comes for it at once. */
static struct wake
pass_on(struct slots *slots, struct pool *pool)
{
    struct wake wake = WAKE_NOBODY;
    struct list *first = next_key(pool);
    if (first == NULL) {
        CHECK(pool->taken > 0);
        pool->taken--;
        return wake;
    }
    struct key *key = CONTAINER_OF(first, struct key, link);
    list_push_back(&pool->rings[key->rank], &key->link);
    struct waiter *waiter = CONTAINER_OF(list_pop_front(&key->waiters), struct waiter, link);
    waiter->key = NULL; /* granted: the slot stays counted as taken */
    pool->queued--;
    key_free_if_empty(pool, key);
    wake = slots->wake;
    wake.id = waiter->task_id;
    return wake;
}

enum slot_answer
slot_take_ranked(struct slots *slots, enum slot_kind kind, uint64_t task_id, uint64_t key,
                 enum slot_rank rank)
{
    struct pool *pool = &slots->pools[kind];
    enum slot_answer answer = SLOT_QUEUED;

    lock_enter(&pool->lock);
    struct waiter *waiter = waiter_find(pool, task_id);
    if (waiter != NULL && waiter->key == NULL) {
        waiter_free(pool, waiter);
        answer = SLOT_GOT;
    } else if (waiter == NULL && pool->taken < pool->total) {
        pool->taken++;
        answer = SLOT_GOT;
    } else if (waiter == NULL) {
        answer = enqueue(pool, task_id, key, rank);
    }
    lock_leave(&pool->lock);
    return answer;
}

void
slot_give(struct slots *slots, enum slot_kind kind)
{
    struct pool *pool = &slots->pools[kind];

    lock_enter(&pool->lock);
    CHECK(pool->taken > 0);
    const struct wake wake = pass_on(slots, pool);
    lock_leave(&pool->lock);
    wake_call(wake);
}

void
slot_cancel(struct slots *slots, enum slot_kind kind, uint64_t task_id)
{
    struct pool *pool = &slots->pools[kind];
    struct wake wake = WAKE_NOBODY;

    lock_enter(&pool->lock);
    struct waiter *waiter = waiter_find(pool, task_id);
    if (waiter != NULL && waiter->key == NULL) {
        waiter_free(pool, waiter);
        wake = pass_on(slots, pool);
    } else if (waiter != NULL) {
        struct key *key = waiter->key;
        list_remove(&waiter->link);
        pool->queued--;
        waiter_free(pool, waiter);
        key_free_if_empty(pool, key);
    }
    lock_leave(&pool->lock);
    wake_call(wake);
}

void
slots_stats_get(struct slots *slots, enum slot_kind kind, struct slots_stats *stats_out)
{
    struct pool *pool = &slots->pools[kind];

    lock_enter(&pool->lock);
    *stats_out = (struct slots_stats){pool->total, pool->taken, pool->queued};
    lock_leave(&pool->lock);
}

enum rc
slots_new(const struct slots_config *config, struct slots **slots_out, struct err *err)
{
    struct slots *slots = calloc(1, sizeof *slots);
    if (slots == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for slots");

    slots->wake = config->wake;
    for (size_t i = 0; i < SLOT_KINDS; i++) {
        struct pool *pool = &slots->pools[i];
        lock_init(&pool->lock, LOCK_SLOTS);
        map_init(&pool->by_task);
        for (size_t rank = 0; rank < SLOT_RANKS; rank++) {
            map_init(&pool->by_key[rank]);
            list_init(&pool->rings[rank]);
        }
        list_init(&pool->free_waiters);
        list_init(&pool->free_keys);
    }
    const uint32_t disk = config->threads * 3 / 4;
    const uint32_t hash = config->cores / 2;
    slots->pools[SLOT_DISK].total = disk == 0 ? 1 : disk;
    slots->pools[SLOT_HASH].total = hash == 0 ? 1 : hash;
    *slots_out = slots;
    return RC_OK;
}

void
slots_free(struct slots *slots)
{
    if (slots == NULL)
        return;
    for (size_t i = 0; i < SLOT_KINDS; i++) {
        struct pool *pool = &slots->pools[i];
        while (pool->chunks != NULL) {
            struct chunk *chunk = pool->chunks;
            pool->chunks = chunk->next;
            free(chunk);
        }
        map_done(&pool->by_task);
        for (size_t rank = 0; rank < SLOT_RANKS; rank++)
            map_done(&pool->by_key[rank]);
        lock_done(&pool->lock);
    }
    free(slots);
}

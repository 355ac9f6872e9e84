/* SPDX-License-Identifier: MIT */
/*
 * A slot is the permission to do work that waits for the disk or keeps a processor busy. There
 * are fewer slots than work threads, so some threads are always free to serve sessions
 * (docs/threads.md). A task that gets no slot is queued and parks (TASK_PARK_WAKE). A slot
 * that becomes free is assigned to it before it is woken, so no other task can take the slot
 * before it asks again.
 *
 *      slot_take -> GOT -> work -> slot_give
 *      slot_take -> QUEUED -> park ... woken -> slot_take -> GOT
 *                      \-> the session ends: slot_cancel
 */
#ifndef NET_SLOTS_H
#define NET_SLOTS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/err.h"
#include "base/wake.h"

enum slot_kind {
    SLOT_DISK, /* commit, checkpoint, cold read: at most three quarters of the work threads */
    SLOT_HASH, /* password hashes: at most half of the cores, at least one */
    SLOT_KINDS,
};

/* Waiters of a lower rank come only when none of a better one waits. */
enum slot_rank { SLOT_FIRST, SLOT_NEXT, SLOT_LAST, SLOT_RANKS };

enum slot_answer {
    SLOT_GOT,     /* yours until slot_give */
    SLOT_QUEUED,  /* park; ask again when woken (asking early keeps the place) */
    SLOT_REFUSED, /* LIMIT_SLOT_WAITERS reached or no memory: answer "try later" */
};

struct slots_config {
    unsigned threads; /* work threads */
    unsigned cores;
    struct wake wake; /* fn and ctx are used; the id is that of whom to wake: task_waker */
};

struct slots_stats {
    uint32_t total;  /* slots there are */
    uint32_t taken;  /* given out, with those granted but not yet fetched */
    uint32_t queued; /* waiting */
};

struct slots;

MUST_USE enum rc slots_new(const struct slots_config *config, struct slots **slots_out,
                           struct err *err);
void slots_free(struct slots *slots);

/**
 * Asks for a slot, or asks again. task_id: packed identity; one wait per kind at a time.
 * key: who it is for (hash of an address for SLOT_HASH, of the account or 0 for SLOT_DISK);
 * waiters of a rank are served round robin over keys, in order within a key.
 * Thread: any; locks below LOCK_SLOTS may be held.
 */
MUST_USE enum slot_answer slot_take_ranked(struct slots *slots, enum slot_kind kind,
                                           uint64_t task_id, uint64_t key, enum slot_rank rank);
/** The same where all are of one rank. */
MUST_USE static inline enum slot_answer
slot_take(struct slots *slots, enum slot_kind kind, uint64_t task_id, uint64_t key)
{
    return slot_take_ranked(slots, kind, task_id, key, SLOT_FIRST);
}
/** Returns a slot for which slot_take returned SLOT_GOT; the next waiter is woken. Same
 * locks. */
void slot_give(struct slots *slots, enum slot_kind kind);
/** Leaves the queue, or passes on a slot that was assigned but not fetched; otherwise
 * harmless. Every task that was ever QUEUED calls it before task_leave. Same locks. */
void slot_cancel(struct slots *slots, enum slot_kind kind, uint64_t task_id);

void slots_stats_get(struct slots *slots, enum slot_kind kind, struct slots_stats *stats_out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Sets of message numbers: `2,4:7,9,12:*`. Sequence numbers and UIDs have a type each, so that
 * neither can be taken for the other; both share the one implementation, struct numset.
 *
 * A set comes from the wire as it was written (`*` kept, any order, overlaps). Before anybody
 * looks into it, it is normalised against the highest number in use: ranges ascending,
 * disjoint, not adjacent, without `*`. RFC 3501 sections 6.4.8 and 9: `*` is the highest number
 * in use and the two ends of a range may stand in either order, so with a highest number of 45
 * `46:*` is 45:46 and names message 45.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_NUMSET_H
#define SYNTAX_IMAP_NUMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

/** Stands for `*` in a set that is not normalised; no message has the number 0. */
#define NUMSET_STAR 0u

struct num_range {
    uint32_t first; /* 1..2^32-1, or NUMSET_STAR */
    uint32_t last;  /* the same; included */
};

struct numset {
    struct num_range *ranges; /* in the arena given to the parser, or the caller's */
    size_t count;
    bool normal; /* numset_normalise has been here */
};

/** Message sequence numbers. */
struct seq_set {
    struct numset set;
};

/** Unique identifiers. */
struct uid_set {
    struct numset set;
};

/**
 * All of text as a sequence-set (RFC 3501 section 9; not `$`).
 *
 * Returns RC_OK; RC_INVALID for anything else, 0 and numbers above 2^32-1 included; RC_LIMIT
 * for more than LIMIT_SET_RANGES members or a spent arena. Takes time linear in text.
 */
MUST_USE enum rc numset_parse(struct span text, struct arena *arena, struct numset *set_out);

/**
 * Replaces `*` by highest, sorts and merges, in place; linear for sets that are sorted already.
 * highest: the largest number in use, 0 for an empty mailbox: then a range with `*` names
 * nothing and goes. Numbers above highest stay: see seq_set_clamp for sequence numbers.
 */
void numset_normalise(struct numset *set, uint32_t highest);

/** Whether `*` occurs, in a set that is not normalised. */
bool numset_has_star(const struct numset *set);

/** Removes what is above highest from a normalised set. True: something was removed. */
bool numset_clamp(struct numset *set, uint32_t highest);

/** Normalised sets only. */
bool numset_contains(const struct numset *set, uint32_t number);
/** How many numbers a normalised set names. */
uint64_t numset_count(const struct numset *set);

/** Appends the set as it stands: `1:3,5,*`; nothing for an empty set. */
void numset_put(struct buf *buf, const struct numset *set);

/* --- Walking the numbers of a normalised set, ascending --- */

struct numset_iter {
    const struct numset *set; /* borrowed */
    size_t range;
    uint64_t next; /* 0: at the start of `range` */
};

static inline struct numset_iter
numset_iter(const struct numset *set)
{
    return (struct numset_iter){.set = set};
}

/** The next number, or false at the end. */
static inline bool
numset_next(struct numset_iter *iter, uint32_t *number_out)
{
    if (iter->range >= iter->set->count)
        return false;
    const struct num_range *range = &iter->set->ranges[iter->range];
    const uint64_t number = iter->next == 0 ? range->first : iter->next;
    *number_out = (uint32_t)number;
    if (number == range->last) {
        iter->range++;
        iter->next = 0;
    } else {
        iter->next = number + 1;
    }
    return true;
}

/* --- Writing a set number by number, ascending runs compressed to ranges --- */

struct numset_writer {
    struct buf *buf; /* borrowed */
    uint32_t first;  /* of the run being collected; 0: none */
    uint32_t last;
    bool comma; /* something has been written */
};

static inline struct numset_writer
numset_writer(struct buf *buf)
{
    return (struct numset_writer){.buf = buf};
}

/** Adds number (not 0); runs of consecutive ones become a range. Order is kept (COPYUID). */
void numset_writer_add(struct numset_writer *writer, uint32_t number);
/** Writes the last run; the writer may be used again for another set. */
void numset_writer_end(struct numset_writer *writer);

/* --- The typed doors --- */

static inline void
seq_set_normalise(struct seq_set *set, uint32_t exists)
{
    numset_normalise(&set->set, exists);
}

/** Drops sequence numbers above exists from a normalised set. True: there were some, which is a
 * mistake of the client. (`46:*` with 45 messages is not: RFC 3501 section 9.) */
static inline bool
seq_set_clamp(struct seq_set *set, uint32_t exists)
{
    return numset_clamp(&set->set, exists);
}

static inline void
uid_set_normalise(struct uid_set *set, uint32_t highest_uid)
{
    numset_normalise(&set->set, highest_uid);
}

static inline bool
seq_set_contains(const struct seq_set *set, uint32_t seq)
{
    return numset_contains(&set->set, seq);
}

static inline bool
uid_set_contains(const struct uid_set *set, uint32_t uid)
{
    return numset_contains(&set->set, uid);
}

#endif

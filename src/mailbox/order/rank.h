/* SPDX-License-Identifier: MIT */
/*
 * Puts texts in the order of their octets, in steps that can stop anywhere. Eight octets of
 * each text are next to each other in memory, as a number: so a text itself is looked at once
 * for eight octets that it has in common with others, and not once for each comparison. Pure.
 * Thread: the session.
 */
#ifndef MAILBOX_ORDER_RANK_H
#define MAILBOX_ORDER_RANK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "mailbox/order/texts.h"

struct rank_item {
    uint64_t key;    /* eight octets of the text, or its length */
    uint32_t number; /* of the text */
    uint32_t len;
};

/* What is known of the items of a range, or what they are to be sorted by. */
enum rank_stage {
    RANK_FETCH, /* the octets from `depth` on are to be looked at */
    RANK_SORT,  /* by their keys, which are those octets, or, with is_last, lengths */
    RANK_SPLIT, /* keys are equal; texts that end within them are to be put in front */
};

struct rank_range {
    uint32_t begin;
    uint32_t end;
    uint32_t depth; /* octets that all texts of the range have in common, before the keys */
    enum rank_stage stage;
    bool is_last; /* nothing but the length is left to tell the texts apart */
};

enum {
    RANK_RANGES = 96, /* the smallest part of a range is sorted first: two for each third */
    RANK_DIGITS = sizeof(uint64_t),
    RANK_VALUES = 256,
};

enum rank_phase {
    RANK_TAKING,   /* texts, and counting the values of each octet of their keys */
    RANK_PLACING,  /* by one octet after the other */
    RANK_GROUPING, /* by keys; those with the same one are sorted further, as ranges */
};

struct rank {
    const struct texts *texts; /* borrowed */
    struct rank_item *items;   /* borrowed: one for each text; the result */
    struct rank_item *spare;   /* borrowed: as many again */
    enum rank_phase phase;
    uint32_t done; /* how far the phase, or the pass, has come */
    unsigned digit;
    uint32_t places[RANK_DIGITS][RANK_VALUES]; /* how many, then where the next one goes */

    struct rank_range ranges[RANK_RANGES];
    unsigned range_count;
    /* Of the range under way, the last one: */
    bool has_begun;
    uint64_t pivot;
    uint32_t low;  /* where the items that are not below the pivot begin; or what is in front */
    uint32_t at;   /* how far the stage has come */
    uint32_t high; /* where the items above the pivot begin */
    uint64_t luck; /* for choosing pivots */
};

/** Begins to sort all texts. items: for twice as many as there are texts. luck: any number that
 *  the peer cannot know. */
void rank_init(struct rank *rank, const struct texts *texts, struct rank_item *items,
               uint64_t luck);
/** Goes on for about so many items. True: everything is sorted. */
MUST_USE bool rank_step(struct rank *rank, uint32_t items);

#endif

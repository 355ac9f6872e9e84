/* SPDX-License-Identifier: MIT */
/*
 * A stable radix sort by numbers that can stop anywhere and continue later. It takes as many
 * passes as the numbers differ in octets, and only one look if they are in order already. Pure.
 * Thread: the session.
 */
#ifndef MAILBOX_ORDER_RADIX_H
#define MAILBOX_ORDER_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum { RADIX_DIGITS = 8, RADIX_VALUES = 256 }; /* octets of a number; values of an octet */

/* Where the number of each item is. */
struct radix_keys {
    const void *first;  /* int64_t, of item 0; borrowed */
    size_t stride;      /* octets from one to the next */
    bool is_descending; /* the highest comes first */
};

enum radix_stage { RADIX_LOOKING, RADIX_COUNTING, RADIX_PLACING, RADIX_COMPLETE };

struct radix {
    uint32_t *items; /* borrowed: in the order so far; the result */
    uint32_t *spare; /* borrowed: as many again */
    uint32_t count;
    struct radix_keys keys;
    enum radix_stage stage;
    uint32_t at; /* how far the stage, or the pass, has come */
    bool is_sorted;
    int64_t lowest;
    int64_t highest;
    unsigned digit;
    uint32_t places[RADIX_DIGITS][RADIX_VALUES]; /* how many, then where the next one goes */
};

/** items: count numbers of items, each below count and once, in the order that equal ones keep.
 *  The two arrays may be exchanged. */
void radix_init(struct radix *radix, uint32_t *items, uint32_t *spare, uint32_t count,
                struct radix_keys keys);
/** Continues for about so many items. True: everything is sorted. */
MUST_USE bool radix_step(struct radix *radix, uint32_t items);

#endif

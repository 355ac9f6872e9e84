/* SPDX-License-Identifier: MIT */
/*
 * A stable merge sort that can stop anywhere and continue later, so that sorting a million
 * messages does not keep a thread busy. Pure. Thread: the session.
 */
#ifndef MAILBOX_ORDER_MERGE_H
#define MAILBOX_ORDER_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* Negative, 0 or positive, as memcmp. */
typedef int (*merge_compare)(const void *ctx, uint32_t a, uint32_t b);

struct merge {
    uint32_t *items; /* borrowed: in the order so far */
    uint32_t *spare; /* borrowed: as many again */
    uint32_t count;
    uint32_t width; /* runs of this length are sorted */
    uint32_t out;   /* next place in spare */
    uint32_t a;     /* next item of the left run, and of the right one, of the pair at hand */
    uint32_t b;
    uint32_t mid; /* ends of these runs */
    uint32_t end;
    merge_compare compare;
    const void *ctx; /* borrowed: for compare */
};

/** items: count of them, in the order that equal ones keep. The two arrays may be exchanged;
 * the result is in merge->items. */
void merge_init(struct merge *merge, uint32_t *items, uint32_t *spare, uint32_t count,
                merge_compare compare, const void *ctx);
/** Continues for about so many items. True: everything is sorted. */
MUST_USE bool merge_step(struct merge *merge, uint32_t items);

#endif

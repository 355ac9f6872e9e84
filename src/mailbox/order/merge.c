/* SPDX-License-Identifier: MIT */
/* Bottom up: runs of 1, 2, 4 ... items are merged from one array into the other. */
#include "mailbox/order/merge.h"

/* The pair of runs that begins at `first`. */
static void
pair_begin(struct merge *merge, uint32_t first)
{
    const uint32_t left = merge->count - first;

    merge->out = first;
    merge->a = first;
    merge->mid = first + (left < merge->width ? left : merge->width);
    merge->b = merge->mid;
    merge->end =
        merge->mid +
        (merge->count - merge->mid < merge->width ? merge->count - merge->mid : merge->width);
}

void
merge_init(struct merge *merge, uint32_t *items, uint32_t *spare, uint32_t count,
           merge_compare compare, const void *ctx)
{
    *merge = (struct merge){
        .items = items,
        .spare = spare,
        .count = count,
        .width = 1,
        .compare = compare,
        .ctx = ctx,
    };
    pair_begin(merge, 0);
}

/* The smaller of the two next items; of equals the left one. */
static uint32_t
take(struct merge *merge)
{
    const uint32_t *items = merge->items;

    if (merge->b == merge->end ||
        (merge->a < merge->mid &&
         merge->compare(merge->ctx, items[merge->a], items[merge->b]) <= 0))
        return items[merge->a++];
    return items[merge->b++];
}

static void
pass_end(struct merge *merge)
{
    uint32_t *sorted = merge->spare;

    merge->spare = merge->items;
    merge->items = sorted;
    merge->width = merge->width > UINT32_MAX / 2 ? UINT32_MAX : merge->width * 2;
    pair_begin(merge, 0);
}

bool
merge_step(struct merge *merge, uint32_t items)
{
    for (; items > 0 && merge->width < merge->count; items--) {
        merge->spare[merge->out++] = take(merge);
        if (merge->out < merge->end)
            continue;
        if (merge->end < merge->count)
            pair_begin(merge, merge->end);
        else
            pass_end(merge);
    }
    return merge->width >= merge->count;
}

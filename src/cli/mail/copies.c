/* SPDX-License-Identifier: MIT */
/* See the header. Open addressing, at most three quarters full. */
#include "cli/mail/copies.h"

#include <stdlib.h>

#include "base/map.h"

void
copies_done(struct copies *copies)
{
    free(copies->slots);
    *copies = (struct copies){0};
}

/* The slot of hash, or the free slot where it belongs. */
static struct copy_count *
slot_of(struct copy_count *slots, size_t cap, uint64_t hash)
{
    size_t i = (size_t)hash & (cap - 1);

    while (slots[i].hash != 0 && slots[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static enum rc
grow(struct copies *copies)
{
    const size_t cap = copies->cap == 0 ? 1024 : copies->cap * 2;
    struct copy_count *slots = calloc(cap, sizeof *slots);

    if (slots == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < copies->cap; i++)
        if (copies->slots[i].hash != 0)
            *slot_of(slots, cap, copies->slots[i].hash) = copies->slots[i];
    free(copies->slots);
    copies->slots = slots;
    copies->cap = cap;
    return RC_OK;
}

enum rc
copies_count(struct copies *copies, uint32_t path, const char *mailbox, struct span text,
             uint32_t *copy_out, bool *repeated_out)
{
    const uint64_t both[2] = {map_hash(span_of_str(mailbox)), map_hash(text)};
    const uint64_t mixed = map_hash(span_of(both, sizeof both));
    const uint64_t hash = mixed == 0 ? 1 : mixed;

    if (copies->count >= copies->cap / 4 * 3 && grow(copies) != RC_OK)
        return RC_LIMIT;
    struct copy_count *slot = slot_of(copies->slots, copies->cap, hash);
    if (slot->hash == 0) {
        slot->hash = hash;
        copies->count++;
    }
    if (slot->path != path) {
        slot->path = path;
        slot->here = 0;
    }
    *copy_out = ++slot->here;
    *repeated_out = slot->here <= slot->most;
    if (slot->here > slot->most)
        slot->most = slot->here;
    return RC_OK;
}

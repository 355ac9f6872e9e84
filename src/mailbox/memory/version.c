/* SPDX-License-Identifier: MIT */
/*
 * Versions as others see them: references, look-up by sequence number and by UID, runs. How
 * they are made is in version_build.c and version_edit.c.
 *
 * Thread: any. INV-M1: what a finished version names never changes; the last reference to a
 * piece frees it, and only then.
 */
#include "mailbox/memory/version.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/memory.h"
#include "mailbox/version_private.h"

void
version_unref_chunk(struct chunk *chunk)
{
    if (atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) == 1)
        memory_give(MEMORY_VERSIONS, chunk);
}

void
version_unref_node(struct node *node)
{
    if (atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < node->chunk_count; i++)
        version_unref_chunk(node->slots[i].chunk);
    free(node);
}

void
version_ref(struct version *version)
{
    atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
}

void
version_unref(struct version *version)
{
    if (version == NULL ||
        atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < version->node_count; i++)
        version_unref_node(version->slots[i].node);
    free(version);
}

void
version_unref_all(struct version *first)
{
    while (first != NULL) {
        struct version *next = first->next;
        version_unref(first);
        first = next;
    }
}

bool
version_is_sole(const struct version *version)
{
    return atomic_load_explicit(&version->refs, memory_order_acquire) == 1;
}

uint64_t
version_octets(const struct version *version)
{
    const uint64_t message =
        3 * sizeof(uint64_t) + 2 * sizeof(uint32_t) + 2 * sizeof(uint16_t) + sizeof(int64_t);

    return sizeof *version +
           version->node_count * (sizeof(struct node) + sizeof(struct node_slot)) +
           version->count * message;
}

uint32_t
version_count(const struct version *version)
{
    return version->count;
}

uint32_t
version_last_uid(const struct version *version)
{
    return version->node_count == 0 ? 0 : version->slots[version->node_count - 1].last_uid;
}

uint64_t
version_modseq(const struct version *version)
{
    return version->modseq;
}

uint64_t
version_newest(const struct version *version)
{
    uint64_t newest = 0;

    for (uint32_t i = 0; i < version->node_count; i++)
        if (version->slots[i].node->max_modseq > newest)
            newest = version->slots[i].node->max_modseq;
    return newest;
}

uint32_t
version_uidnext(const struct version *version)
{
    return version->uidnext;
}

uint32_t
cursor_seek(struct cursor *cursor, uint32_t seq)
{
    const struct version *version = cursor->version;
    CHECK(seq - 1 < version->count);

    uint32_t low = 0;
    uint32_t high = version->node_count - 1; /* the first slot whose end reaches seq */
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (version->slots[mid].end < seq)
            low = mid + 1;
        else
            high = mid;
    }
    cursor->node = low;
    cursor->node_first = low == 0 ? 1 : version->slots[low - 1].end + 1;

    const struct node *node = version->slots[low].node;
    const uint32_t wanted = seq - cursor->node_first + 1;
    low = 0;
    high = node->chunk_count - 1;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (node->slots[mid].end < wanted)
            low = mid + 1;
        else
            high = mid;
    }
    cursor->slot = low;
    cursor->first = cursor->node_first + (low == 0 ? 0 : node->slots[low - 1].end);
    cursor->chunk = node->slots[low].chunk;
    return seq - cursor->first;
}

void
version_run_at(const struct version *version, uint32_t seq, struct version_run *out)
{
    struct cursor cursor = cursor_of(version);
    const uint32_t pos = cursor_at(&cursor, seq);
    const struct chunk *chunk = cursor.chunk;

    *out = (struct version_run){
        .count = chunk->count - pos,
        .uids = chunk->uids + pos,
        .flags = chunk->flags + pos,
        .modseqs = chunk->modseqs + pos,
        .messages = chunk->messages + pos,
        .octets = chunk->octets + pos,
        .internaldates_s = chunk->internaldates_s + pos,
        .internaldate_zones_min = chunk->zones_min + pos,
        .savedates_s = chunk->savedates_s + pos,
        .keywords = chunk->keywords == NULL ? NULL : chunk->keywords + pos,
    };
}

uint32_t
version_lower_bound(const struct version *version, uint32_t uid)
{
    if (version_last_uid(version) < uid || version->count == 0)
        return version->count + 1;

    uint32_t low = 0;
    uint32_t high = version->node_count - 1; /* the first slot whose last UID reaches uid */
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (version->slots[mid].last_uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    const struct node *node = version->slots[low].node;
    uint32_t seq = low == 0 ? 1 : version->slots[low - 1].end + 1;

    low = 0;
    high = node->chunk_count - 1;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (node->slots[mid].last_uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    const struct chunk *chunk = node->slots[low].chunk;
    seq += low == 0 ? 0 : node->slots[low - 1].end;

    low = 0;
    high = chunk->count - 1;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (chunk->uids[mid] < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return seq + low;
}

uint32_t
version_find_uid(const struct version *version, uint32_t uid)
{
    const uint32_t seq = version_lower_bound(version, uid);

    if (seq > version->count)
        return 0;
    struct cursor cursor = cursor_of(version);
    return cursor_uid(&cursor, seq) == uid ? seq : 0;
}

void
chunk_entry(const struct chunk *chunk, uint32_t pos, struct entry *out)
{
    *out = (struct entry){
        .uid = chunk->uids[pos],
        .flags = chunk->flags[pos],
        .modseq = chunk->modseqs[pos],
        .message = chunk->messages[pos],
        .octets = chunk->octets[pos],
        .internaldate_s = chunk->internaldates_s[pos],
        .internaldate_zone_min = chunk->zones_min[pos],
        .savedate_s = chunk->savedates_s[pos],
    };
    if (chunk->keywords != NULL)
        out->keywords = chunk->keywords[pos];
}

uint32_t
chunk_newer(const struct chunk *chunk, uint32_t pos, uint64_t since)
{
    while (pos < chunk->count) {
        const uint32_t block = pos / VERSION_BLOCK;
        const uint32_t left = chunk->count - block * VERSION_BLOCK;
        const uint32_t end =
            block * VERSION_BLOCK + (left < VERSION_BLOCK ? left : VERSION_BLOCK);
        if (chunk->newest[block] > since)
            while (pos < end && chunk->modseqs[pos] <= since)
                pos++;
        else
            pos = end;
        if (pos < end)
            break;
    }
    return pos;
}

void
version_entry(const struct version *version, uint32_t seq, struct entry *out)
{
    struct cursor cursor = cursor_of(version);
    const uint32_t pos = cursor_at(&cursor, seq);

    chunk_entry(cursor.chunk, pos, out);
}

uint32_t
version_first_unseen(const struct version *version)
{
    uint32_t seq = 1;

    for (uint32_t n = 0; n < version->node_count; n++) {
        const struct node *node = version->slots[n].node;
        if (node->unseen == 0) {
            seq += node->count;
            continue;
        }
        uint32_t c = 0;
        while (node->slots[c].chunk->unseen == 0)
            seq += node->slots[c++].chunk->count;
        const struct chunk *chunk = node->slots[c].chunk;
        uint32_t pos = 0;
        while ((chunk->flags[pos] & MSG_SEEN) != 0)
            pos++;
        return seq + pos;
    }
    return 0;
}

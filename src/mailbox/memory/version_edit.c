/* SPDX-License-Identifier: MIT */
/*
 * What a change makes of a version: the touched chunks are rebuilt, all others shared. Each
 * function walks the nodes once and steps into those that the change touches.
 *
 * Thread: any; costs are in the comments of version_private.h.
 */
#include <stdlib.h>

#include "base/check.h"
#include "mailbox/version_private.h"
#include "store/flags_rule.h"

struct version *
version_add(const struct version *old, const struct entry *entries, size_t count,
            uint64_t modseq, uint32_t uidnext)
{
    struct builder builder;
    const uint32_t nodes = old->node_count;

    builder_init(&builder, nodes + 1 + (uint32_t)(count / VERSION_CHUNK / VERSION_FAN), 0);
    for (uint32_t n = 0; n + 1 < nodes; n++)
        builder_node(&builder, old->slots[n].node);
    builder.expected = (uint32_t)count;
    if (nodes > 0) {
        const struct node *node = old->slots[nodes - 1].node;
        const uint32_t chunks = node->chunk_count;
        struct chunk *last = node->slots[chunks - 1].chunk;
        for (uint32_t c = 0; c + 1 < chunks; c++)
            builder_chunk(&builder, node->slots[c].chunk);
        if (last->count < VERSION_CHUNK && count > 0) {
            builder.expected += last->count;
            builder_slice(&builder, last, 0, last->count);
        } else {
            builder_chunk(&builder, last);
        }
    }
    for (size_t i = 0; i < count; i++)
        builder_entry(&builder, &entries[i]);
    return builder_finish(&builder, modseq, uidnext);
}

/* Whether the rule changes the message at pos. */
static bool
is_flagged(const struct chunk *chunk, uint32_t pos, const struct flags_rule *rule)
{
    const struct keywords keywords =
        chunk->keywords == NULL ? (struct keywords){{0, 0}} : chunk->keywords[pos];

    return !flags_rule_spares(rule, chunk->modseqs[pos], keywords) &&
           flags_rule_changes(rule, chunk->flags[pos], keywords);
}

/* The changed copy of a chunk, which is taken over, or the chunk itself if copy is NULL. */
static void
put_changed(struct builder *builder, struct chunk *chunk, struct chunk *copy)
{
    if (copy == NULL) {
        builder_chunk(builder, chunk);
        return;
    }
    chunk_finish(copy);
    builder_chunk(builder, copy);
    version_unref_chunk(copy);
}

/* The chunk with the rule applied where runs name its messages; *next moves past the runs that
 * end in it. A chunk of which nothing changes is shared. */
static void
put_flagged(struct builder *builder, struct chunk *chunk, const struct uid_run *runs,
            size_t count, size_t *next, const struct flags_rule *rule)
{
    struct chunk *copy = NULL;
    uint32_t pos = 0;

    for (; pos < chunk->count; pos++) {
        const uint32_t uid = chunk->uids[pos];
        while (*next < count && runs[*next].last < uid)
            (*next)++;
        if (*next == count)
            break;
        if (uid < runs[*next].first || !is_flagged(chunk, pos, rule))
            continue;
        if (copy == NULL)
            copy = chunk_clone(chunk, (rule->set[1] | rule->set[2]) != 0);
        if (copy == NULL) {
            builder->failed = true;
            return;
        }
        copy->flags[pos] = (uint16_t)flags_rule_flags(rule, copy->flags[pos]);
        copy->modseqs[pos] = rule->modseq;
        if (copy->keywords != NULL)
            copy->keywords[pos] = flags_rule_keywords(rule, copy->keywords[pos]);
    }
    put_changed(builder, chunk, copy);
}

struct version *
version_set_flags(const struct version *old, const struct uid_run *runs, size_t count,
                  const struct flags_rule *rule, uint64_t modseq)
{
    struct builder builder;
    size_t next = 0;

    builder_init(&builder, old->node_count, 0);
    for (uint32_t n = 0; n < old->node_count; n++) {
        if (next == count || runs[next].first > old->slots[n].last_uid) {
            builder_node(&builder, old->slots[n].node);
            continue;
        }
        const struct node *node = old->slots[n].node;
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            if (next == count || runs[next].first > node->slots[c].last_uid)
                builder_chunk(&builder, node->slots[c].chunk);
            else
                put_flagged(&builder, node->slots[c].chunk, runs, count, &next, rule);
        }
    }
    return builder_finish(&builder, modseq, old->uidnext);
}

/* The chunk with newer flags from the entries of its messages; *next moves past those up to its
 * last one. */
static void
put_newer(struct builder *builder, struct chunk *chunk, const struct entry *entries,
          size_t count, size_t *next)
{
    const uint32_t last_uid = chunk->uids[chunk->count - 1];
    struct chunk *copy = NULL;
    uint32_t pos = 0;

    for (; *next < count && entries[*next].uid <= last_uid; (*next)++) {
        const struct entry *entry = &entries[*next];
        while (chunk->uids[pos] < entry->uid)
            pos++;
        if (chunk->uids[pos] != entry->uid || chunk->modseqs[pos] >= entry->modseq)
            continue;
        const bool named = (entry->keywords.bits[0] | entry->keywords.bits[1]) != 0;
        if (copy == NULL || (named && copy->keywords == NULL)) {
            struct chunk *wider = chunk_clone(copy == NULL ? chunk : copy, named);
            if (copy != NULL)
                version_unref_chunk(copy);
            copy = wider;
        }
        if (copy == NULL) {
            builder->failed = true;
            return;
        }
        copy->flags[pos] = (uint16_t)entry->flags;
        copy->modseqs[pos] = entry->modseq;
        if (copy->keywords != NULL)
            copy->keywords[pos] = entry->keywords;
    }
    put_changed(builder, chunk, copy);
}

static struct version *
version_set_newer(const struct version *old, const struct entry *entries, size_t count,
                  uint64_t modseq)
{
    struct builder builder;
    size_t next = 0;

    builder_init(&builder, old->node_count, 0);
    for (uint32_t n = 0; n < old->node_count; n++) {
        if (next == count || entries[next].uid > old->slots[n].last_uid) {
            builder_node(&builder, old->slots[n].node);
            continue;
        }
        const struct node *node = old->slots[n].node;
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            if (next == count || entries[next].uid > node->slots[c].last_uid)
                builder_chunk(&builder, node->slots[c].chunk);
            else
                put_newer(&builder, node->slots[c].chunk, entries, count, &next);
        }
    }
    return builder_finish(&builder, modseq, old->uidnext);
}

struct version *
version_put(const struct version *old, const struct entry *entries, size_t count,
            uint64_t modseq, uint32_t uidnext)
{
    size_t known = 0;

    while (known < count && entries[known].uid < old->uidnext)
        known++;
    if (known == 0)
        return version_add(old, entries, count, modseq, uidnext);
    struct version *newer = version_set_newer(old, entries, known, modseq);
    if (newer == NULL || known == count)
        return newer;
    struct version *next = version_add(newer, entries + known, count - known, modseq, uidnext);
    version_unref(newer);
    return next;
}

/* The chunk without uids; *next moves past those up to its last one. */
static void
put_remaining(struct builder *builder, const struct chunk *chunk, const uint32_t *uids,
              size_t count, size_t *next)
{
    const uint32_t last_uid = chunk->uids[chunk->count - 1];
    uint32_t kept_from = 0;
    uint32_t pos = 0;

    for (; *next < count && uids[*next] <= last_uid; (*next)++) {
        while (chunk->uids[pos] < uids[*next])
            pos++;
        if (chunk->uids[pos] != uids[*next])
            continue;
        builder_slice(builder, chunk, kept_from, pos - kept_from);
        kept_from = pos + 1;
    }
    builder_slice(builder, chunk, kept_from, chunk->count - kept_from);
}

struct version *
version_remove(const struct version *old, const uint32_t *uids, size_t count, uint64_t modseq)
{
    struct builder builder;
    size_t next = 0;

    builder_init(&builder, old->node_count, 0);
    for (uint32_t n = 0; n < old->node_count; n++) {
        if (next == count || uids[next] > old->slots[n].last_uid) {
            builder_node(&builder, old->slots[n].node);
            continue;
        }
        const struct node *node = old->slots[n].node;
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            if (next == count || uids[next] > node->slots[c].last_uid)
                builder_chunk(&builder, node->slots[c].chunk);
            else
                put_remaining(&builder, node->slots[c].chunk, uids, count, &next);
        }
    }
    return builder_finish(&builder, modseq, old->uidnext);
}

struct version *
version_prefix(const struct version *old, uint32_t bound)
{
    struct builder builder;
    uint32_t left = version_lower_bound(old, bound) - 1; /* messages still to take */

    builder_init(&builder, old->node_count, 0);
    for (uint32_t n = 0; n < old->node_count && left > 0; n++) {
        struct node *node = old->slots[n].node;
        if (node->count <= left) {
            builder_node(&builder, node);
            left -= node->count;
            continue;
        }
        for (uint32_t c = 0; left > 0; c++) {
            struct chunk *chunk = node->slots[c].chunk;
            if (chunk->count <= left)
                builder_chunk(&builder, chunk);
            else
                builder_slice(&builder, chunk, 0, left);
            left -= chunk->count <= left ? chunk->count : left;
        }
    }
    return builder_finish(&builder, old->modseq, old->uidnext);
}

/* The chunk with the entries that belong before its end; *next moves past them. */
static void
put_joined(struct builder *builder, const struct chunk *chunk, const struct entry *entries,
           size_t count, size_t *next)
{
    uint32_t done = 0;

    for (uint32_t pos = 0; pos < chunk->count; pos++) {
        while (*next < count && entries[*next].uid < chunk->uids[pos]) {
            builder_slice(builder, chunk, done, pos - done);
            done = pos;
            builder_entry(builder, &entries[(*next)++]);
        }
        if (*next < count && entries[*next].uid == chunk->uids[pos])
            (*next)++;
    }
    builder_slice(builder, chunk, done, chunk->count - done);
}

struct version *
version_insert(const struct version *old, const struct entry *entries, size_t count,
               uint64_t modseq, uint32_t uidnext)
{
    struct builder builder;
    size_t next = 0;

    builder_init(&builder, old->node_count + 1, 0);
    for (uint32_t n = 0; n < old->node_count; n++) {
        if (next == count || entries[next].uid > old->slots[n].last_uid) {
            builder_node(&builder, old->slots[n].node);
            continue;
        }
        const struct node *node = old->slots[n].node;
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            if (next == count || entries[next].uid > node->slots[c].last_uid)
                builder_chunk(&builder, node->slots[c].chunk);
            else
                put_joined(&builder, node->slots[c].chunk, entries, count, &next);
        }
    }
    for (; next < count; next++)
        builder_entry(&builder, &entries[next]);
    return builder_finish(&builder, modseq, uidnext);
}

struct version *
version_hybrid(const struct version *old, const struct version *now, uint32_t keep_below)
{
    struct builder builder;
    struct cursor cursor = cursor_of(old);
    struct cursor other = cursor_of(now);
    const uint32_t kept = version_lower_bound(old, keep_below);
    uint32_t at = now == NULL ? 0 : version_lower_bound(now, keep_below);

    builder_init(&builder, old->node_count, 0);
    for (uint32_t seq = 1; seq <= old->count; seq++) {
        const uint32_t pos = cursor_at(&cursor, seq);
        const uint32_t uid = cursor.chunk->uids[pos];
        if (seq >= kept) {
            while (now != NULL && at <= now->count && cursor_uid(&other, at) < uid)
                at++;
            if (now == NULL || at > now->count || cursor_uid(&other, at) != uid)
                continue;
        }
        builder_slice(&builder, cursor.chunk, pos, 1);
    }
    return builder_finish(&builder, old->modseq, old->uidnext);
}

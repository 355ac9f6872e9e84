/* SPDX-License-Identifier: MIT */
/*
 * What a change makes of a version: the touched chunks are rebuilt, all others shared. Each
 * function walks the nodes once and steps into those that the change reaches.
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

/* ---- changes of messages that are there ---- */

/* A change: UIDs, ascending, with what is said of each, and what becomes of the chunks with
 * such UIDs. */
struct edit {
    struct builder builder;
    union {
        const struct uid_run *runs;
        const struct entry *entries;
        const uint32_t *uids;
    } of;
    size_t count;
    size_t next; /* the first that is not dealt with */
    const struct flags_rule *rule;
    uint32_t (*uid_at)(const struct edit *edit, size_t i);
    void (*put)(struct edit *edit, struct chunk *chunk); /* and moves next past the chunk */
};

static uint32_t
run_uid(const struct edit *edit, size_t i)
{
    return edit->of.runs[i].first;
}

static uint32_t
entry_uid(const struct edit *edit, size_t i)
{
    return edit->of.entries[i].uid;
}

static uint32_t
uid_itself(const struct edit *edit, size_t i)
{
    return edit->of.uids[i];
}

static bool
reaches(const struct edit *edit, uint32_t last_uid)
{
    return edit->next < edit->count && edit->uid_at(edit, edit->next) <= last_uid;
}

/* Nodes and chunks that the change does not reach are shared. */
static void
walk(struct edit *edit, const struct version *old)
{
    for (uint32_t n = 0; n < old->node_count; n++) {
        if (!reaches(edit, old->slots[n].last_uid)) {
            builder_node(&edit->builder, old->slots[n].node);
            continue;
        }
        const struct node *node = old->slots[n].node;
        for (uint32_t c = 0; c < node->chunk_count; c++) {
            if (reaches(edit, node->slots[c].last_uid))
                edit->put(edit, node->slots[c].chunk);
            else
                builder_chunk(&edit->builder, node->slots[c].chunk);
        }
    }
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

/* The chunk with the rule applied where runs name its messages. A chunk of which nothing
 * changes is shared, and a run may go on in the next one. */
static void
put_flagged(struct edit *edit, struct chunk *chunk)
{
    const struct flags_rule *rule = edit->rule;
    const struct uid_run *runs = edit->of.runs;
    struct chunk *copy = NULL;
    uint32_t pos = 0;

    for (; pos < chunk->count; pos++) {
        const uint32_t uid = chunk->uids[pos];
        while (edit->next < edit->count && runs[edit->next].last < uid)
            edit->next++;
        if (edit->next == edit->count)
            break;
        if (uid < runs[edit->next].first || !is_flagged(chunk, pos, rule))
            continue;
        if (copy == NULL)
            copy = chunk_clone(chunk, (rule->set[1] | rule->set[2]) != 0);
        if (copy == NULL) {
            edit->builder.failed = true;
            return;
        }
        copy->flags[pos] = (uint16_t)flags_rule_flags(rule, copy->flags[pos]);
        copy->modseqs[pos] = rule->modseq;
        if (copy->keywords != NULL)
            copy->keywords[pos] = flags_rule_keywords(rule, copy->keywords[pos]);
    }
    put_changed(&edit->builder, chunk, copy);
}

struct version *
version_set_flags(const struct version *old, const struct uid_run *runs, size_t count,
                  const struct flags_rule *rule, uint64_t modseq)
{
    struct edit edit = {
        .of.runs = runs, .count = count, .rule = rule, .uid_at = run_uid, .put = put_flagged};

    builder_init(&edit.builder, old->node_count, 0);
    walk(&edit, old);
    return builder_finish(&edit.builder, modseq, old->uidnext);
}

/* The chunk with newer flags from the entries of its messages. */
static void
put_newer(struct edit *edit, struct chunk *chunk)
{
    const uint32_t last_uid = chunk->uids[chunk->count - 1];
    struct chunk *copy = NULL;
    uint32_t pos = 0;

    for (; edit->next < edit->count; edit->next++) {
        const struct entry *entry = &edit->of.entries[edit->next];
        if (entry->uid > last_uid)
            break;
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
            edit->builder.failed = true;
            return;
        }
        copy->flags[pos] = (uint16_t)entry->flags;
        copy->modseqs[pos] = entry->modseq;
        if (copy->keywords != NULL)
            copy->keywords[pos] = entry->keywords;
    }
    put_changed(&edit->builder, chunk, copy);
}

static struct version *
version_set_newer(const struct version *old, const struct entry *entries, size_t count,
                  uint64_t modseq)
{
    struct edit edit = {
        .of.entries = entries, .count = count, .uid_at = entry_uid, .put = put_newer};

    builder_init(&edit.builder, old->node_count, 0);
    walk(&edit, old);
    return builder_finish(&edit.builder, modseq, old->uidnext);
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

/* The chunk without the UIDs. */
static void
put_remaining(struct edit *edit, struct chunk *chunk)
{
    const uint32_t last_uid = chunk->uids[chunk->count - 1];
    uint32_t kept_from = 0;
    uint32_t pos = 0;

    for (; edit->next < edit->count; edit->next++) {
        const uint32_t uid = edit->of.uids[edit->next];
        if (uid > last_uid)
            break;
        while (chunk->uids[pos] < uid)
            pos++;
        if (chunk->uids[pos] != uid)
            continue;
        builder_slice(&edit->builder, chunk, kept_from, pos - kept_from);
        kept_from = pos + 1;
    }
    builder_slice(&edit->builder, chunk, kept_from, chunk->count - kept_from);
}

struct version *
version_remove(const struct version *old, const uint32_t *uids, size_t count, uint64_t modseq)
{
    struct edit edit = {
        .of.uids = uids, .count = count, .uid_at = uid_itself, .put = put_remaining};

    builder_init(&edit.builder, old->node_count, 0);
    walk(&edit, old);
    return builder_finish(&edit.builder, modseq, old->uidnext);
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

/* The chunk with the entries that belong before its end. */
static void
put_joined(struct edit *edit, struct chunk *chunk)
{
    const struct entry *entries = edit->of.entries;
    uint32_t done = 0;

    for (uint32_t pos = 0; pos < chunk->count; pos++) {
        while (edit->next < edit->count && entries[edit->next].uid < chunk->uids[pos]) {
            builder_slice(&edit->builder, chunk, done, pos - done);
            done = pos;
            builder_entry(&edit->builder, &entries[edit->next++]);
        }
        if (edit->next < edit->count && entries[edit->next].uid == chunk->uids[pos])
            edit->next++;
    }
    builder_slice(&edit->builder, chunk, done, chunk->count - done);
}

struct version *
version_insert(const struct version *old, const struct entry *entries, size_t count,
               uint64_t modseq, uint32_t uidnext)
{
    struct edit edit = {
        .of.entries = entries, .count = count, .uid_at = entry_uid, .put = put_joined};

    builder_init(&edit.builder, old->node_count + 1, 0);
    walk(&edit, old);
    for (; edit.next < count; edit.next++)
        builder_entry(&edit.builder, &entries[edit.next]);
    return builder_finish(&edit.builder, modseq, uidnext);
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

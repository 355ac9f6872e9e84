/* SPDX-License-Identifier: MIT */
/*
 * The builder: puts a version together from entries, slices of chunks, and whole chunks and
 * nodes that it shares. Small neighbours are merged on the way, so that a mailbox does not
 * become a list of crumbs after many expunges: two chunks that stand side by side in a piece
 * that was rebuilt have more than half a chunk of messages together; nodes likewise.
 *
 * Thread: any; a builder belongs to one.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/memory.h"
#include "mailbox/version_private.h"

static struct chunk *
chunk_new(uint32_t room, bool with_keywords)
{
    const uint32_t blocks = (room + VERSION_BLOCK - 1) / VERSION_BLOCK;
    const size_t wide = sizeof(uint64_t);
    const size_t per_message = 4 * wide + 2 * sizeof(uint32_t) + 2 * sizeof(uint16_t) +
                               (with_keywords ? sizeof(struct keywords) : 0);
    struct chunk *chunk =
        memory_take(MEMORY_VERSIONS, sizeof *chunk + blocks * wide + room * per_message);
    if (chunk == NULL)
        return NULL;

    char *at = (char *)(chunk + 1); /* widest first, so that each array is aligned */
    *chunk = (struct chunk){.room = room};
    atomic_init(&chunk->refs, 1);
    chunk->newest = (uint64_t *)(void *)at;
    chunk->modseqs = chunk->newest + blocks;
    chunk->messages = chunk->modseqs + room;
    chunk->internaldates_s = (int64_t *)(void *)(chunk->messages + room);
    chunk->savedates_s = chunk->internaldates_s + room;
    at = (char *)(chunk->savedates_s + room);
    if (with_keywords) {
        chunk->keywords = (struct keywords *)(void *)at;
        at += room * sizeof(struct keywords);
    }
    chunk->uids = (uint32_t *)(void *)at;
    chunk->octets = chunk->uids + room;
    chunk->flags = (uint16_t *)(void *)(chunk->octets + room);
    chunk->zones_min = (int16_t *)(void *)(chunk->flags + room);
    return chunk;
}

/* Room for the keywords is made before. */
static void
chunk_copy(struct chunk *to, const struct chunk *from, uint32_t pos, uint32_t count)
{
    const uint32_t at = to->count;
    CHECK(count <= to->room - at && count <= from->count - pos);

#define COPY(array) memcpy(to->array + at, from->array + pos, count * sizeof *to->array)
    COPY(modseqs);
    COPY(messages);
    COPY(internaldates_s);
    COPY(savedates_s);
    COPY(uids);
    COPY(octets);
    COPY(flags);
    COPY(zones_min);
    if (to->keywords != NULL && from->keywords != NULL)
        COPY(keywords);
    else if (to->keywords != NULL)
        memset(to->keywords + at, 0, count * sizeof *to->keywords);
#undef COPY
    to->count += count;
}

static void
chunk_put(struct chunk *chunk, const struct entry *entry)
{
    const uint32_t pos = chunk->count++;

    chunk->uids[pos] = entry->uid;
    chunk->flags[pos] = (uint16_t)entry->flags;
    chunk->modseqs[pos] = entry->modseq;
    chunk->messages[pos] = entry->message;
    chunk->octets[pos] = entry->octets > UINT32_MAX ? UINT32_MAX : (uint32_t)entry->octets;
    chunk->internaldates_s[pos] = entry->internaldate_s;
    chunk->zones_min[pos] = entry->internaldate_zone_min;
    chunk->savedates_s[pos] = entry->savedate_s;
    if (chunk->keywords != NULL)
        chunk->keywords[pos] = entry->keywords;
}

static struct chunk *
chunk_resized(const struct chunk *chunk, uint32_t room, bool with_keywords)
{
    struct chunk *copy = chunk_new(room, with_keywords);

    if (copy != NULL)
        chunk_copy(copy, chunk, 0, chunk->count);
    return copy;
}

struct chunk *
chunk_clone(const struct chunk *chunk, bool with_keywords)
{
    return chunk_resized(chunk, chunk->count, with_keywords || chunk->keywords != NULL);
}

void
chunk_finish(struct chunk *chunk)
{
    uint32_t unseen = 0;
    uint64_t max_modseq = 0;

    for (uint32_t from = 0; from < chunk->count; from += VERSION_BLOCK) {
        const uint32_t left = chunk->count - from;
        const uint32_t to = from + (left < VERSION_BLOCK ? left : VERSION_BLOCK);
        uint64_t newest = 0;
        for (uint32_t i = from; i < to; i++) {
            unseen += (chunk->flags[i] & MSG_SEEN) == 0;
            newest = chunk->modseqs[i] > newest ? chunk->modseqs[i] : newest;
        }
        chunk->newest[from / VERSION_BLOCK] = newest;
        max_modseq = newest > max_modseq ? newest : max_modseq;
    }
    chunk->unseen = unseen;
    chunk->max_modseq = max_modseq;
}

static void
node_put(struct node *node, struct chunk *chunk)
{
    CHECK(node->chunk_count < VERSION_FAN && chunk->count > 0);
    node->count += chunk->count;
    node->unseen += chunk->unseen;
    if (chunk->max_modseq > node->max_modseq)
        node->max_modseq = chunk->max_modseq;
    node->slots[node->chunk_count++] = (struct chunk_slot){
        .chunk = chunk,
        .end = node->count,
        .last_uid = chunk->uids[chunk->count - 1],
    };
}

void
builder_init(struct builder *builder, uint32_t nodes, uint32_t expected)
{
    *builder = (struct builder){.node_room = nodes, .expected = expected};
    builder->version =
        malloc(sizeof *builder->version + nodes * sizeof builder->version->slots[0]);
    if (builder->version == NULL) {
        builder->failed = true;
        return;
    }
    *builder->version = (struct version){.count = 0};
    atomic_init(&builder->version->refs, 1);
}

/* Takes the node over. */
static void
put_node(struct builder *builder, struct node *node)
{
    struct version *version = builder->version;

    if (version->node_count == builder->node_room) {
        const uint32_t room = builder->node_room * 2 + 1;
        struct version *grown =
            realloc(version, sizeof *version + room * sizeof version->slots[0]);
        if (grown == NULL) {
            builder->failed = true;
            version_unref_node(node);
            return;
        }
        builder->version = version = grown;
        builder->node_room = room;
    }
    version->count += node->count;
    version->unseen += node->unseen;
    version->slots[version->node_count++] = (struct node_slot){
        .node = node,
        .end = version->count,
        .last_uid = node->slots[node->chunk_count - 1].last_uid,
    };
}

/* The last finished node, taken out again when it and `more` chunks make one small node. */
static struct node *
take_small_node(struct builder *builder, uint32_t more)
{
    struct version *version = builder->version;
    if (version->node_count == 0)
        return NULL;
    struct node *last = version->slots[version->node_count - 1].node;
    if (last->chunk_count + more > VERSION_FAN / 2)
        return NULL;
    version->node_count--;
    version->count -= last->count;
    version->unseen -= last->unseen;
    return last;
}

static void
close_node(struct builder *builder)
{
    struct node *open = builder->open;
    if (open == NULL || builder->failed)
        return;
    builder->open = NULL;
    if (open->chunk_count == 0) {
        free(open);
        return;
    }

    struct node *last = take_small_node(builder, open->chunk_count);
    if (last != NULL) {
        struct node *both = calloc(1, sizeof *both);
        if (both == NULL) {
            builder->failed = true;
            version_unref_node(open);
            version_unref_node(last);
            return;
        }
        atomic_init(&both->refs, 1);
        for (uint32_t i = 0; i < last->chunk_count; i++) {
            atomic_fetch_add_explicit(&last->slots[i].chunk->refs, 1, memory_order_relaxed);
            node_put(both, last->slots[i].chunk);
        }
        for (uint32_t i = 0; i < open->chunk_count; i++)
            node_put(both, open->slots[i].chunk);
        free(open); /* its references have moved */
        version_unref_node(last);
        open = both;
    }
    put_node(builder, open);
}

/* Takes the finished chunk over. */
static void
put_chunk(struct builder *builder, struct chunk *chunk)
{
    if (builder->open != NULL && builder->open->chunk_count == VERSION_FAN)
        close_node(builder);
    if (builder->open == NULL && !builder->failed) {
        builder->open = calloc(1, sizeof *builder->open);
        if (builder->open == NULL)
            builder->failed = true;
        else
            atomic_init(&builder->open->refs, 1);
    }
    if (builder->failed)
        version_unref_chunk(chunk);
    else
        node_put(builder->open, chunk);
}

/* The open node's last chunk, taken out again when it and the tail make one small chunk. */
static struct chunk *
take_small_chunk(struct builder *builder)
{
    struct node *open = builder->open;
    if (open == NULL || open->chunk_count == 0)
        return NULL;
    struct chunk *last = open->slots[open->chunk_count - 1].chunk;
    if (last->count + builder->tail->count > VERSION_CHUNK / 2)
        return NULL;

    open->chunk_count--;
    open->count = open->unseen = 0;
    open->max_modseq = 0;
    for (uint32_t i = 0, count = open->chunk_count; i < count; i++) {
        open->chunk_count = i;
        node_put(open, open->slots[i].chunk);
    }
    return last;
}

static void
close_tail(struct builder *builder)
{
    if (builder->tail == NULL || builder->failed)
        return;
    struct chunk *last = take_small_chunk(builder);
    struct chunk *tail = builder->tail;
    const bool wasteful = tail->room - tail->count > tail->room / 4;
    builder->tail = NULL;

    if (last != NULL || wasteful) {
        const uint32_t room = tail->count + (last == NULL ? 0 : last->count);
        struct chunk *exact =
            chunk_new(room, tail->keywords != NULL || (last != NULL && last->keywords != NULL));
        if (exact != NULL && last != NULL)
            chunk_copy(exact, last, 0, last->count);
        if (exact != NULL)
            chunk_copy(exact, tail, 0, tail->count);
        version_unref_chunk(tail);
        if (last != NULL)
            version_unref_chunk(last);
        tail = exact;
    }
    if (tail == NULL) {
        builder->failed = true;
        return;
    }
    chunk_finish(tail);
    put_chunk(builder, tail);
}

/* A tail with room for at least one more message; false when there is no memory. */
static bool
open_tail(struct builder *builder, uint32_t coming, bool with_keywords)
{
    if (builder->failed)
        return false;
    if (builder->tail != NULL && builder->tail->count == VERSION_CHUNK)
        close_tail(builder);
    struct chunk *tail = builder->tail;
    if (tail != NULL && tail->count < tail->room && (tail->keywords != NULL || !with_keywords))
        return true;

    uint32_t room = coming > builder->expected ? coming : builder->expected;
    const uint32_t have = tail == NULL ? 0 : tail->count;
    if (tail != NULL && room < have)
        room = have; /* at least twice as much as before */
    if (room > VERSION_CHUNK - have)
        room = VERSION_CHUNK - have;
    if (tail == NULL) {
        builder->tail = chunk_new(room, with_keywords);
    } else {
        builder->tail =
            chunk_resized(tail, have + room, with_keywords || tail->keywords != NULL);
        version_unref_chunk(tail);
    }
    builder->failed = builder->failed || builder->tail == NULL;
    return !builder->failed;
}

static void
expect_fewer(struct builder *builder, uint32_t count)
{
    builder->expected -= count < builder->expected ? count : builder->expected;
}

void
builder_entry(struct builder *builder, const struct entry *entry)
{
    const bool with_keywords = (entry->keywords.bits[0] | entry->keywords.bits[1]) != 0;

    if (!open_tail(builder, 1, with_keywords))
        return;
    chunk_put(builder->tail, entry);
    expect_fewer(builder, 1);
}

void
builder_slice(struct builder *builder, const struct chunk *chunk, uint32_t from, uint32_t count)
{
    while (count > 0 && open_tail(builder, count, chunk->keywords != NULL)) {
        const uint32_t room = builder->tail->room - builder->tail->count;
        const uint32_t part = count < room ? count : room;
        chunk_copy(builder->tail, chunk, from, part);
        expect_fewer(builder, part);
        from += part;
        count -= part;
    }
}

void
builder_chunk(struct builder *builder, struct chunk *chunk)
{
    if (builder->failed)
        return;
    if (builder->tail != NULL && builder->tail->count + chunk->count <= VERSION_CHUNK / 2) {
        builder_slice(builder, chunk, 0, chunk->count);
        return;
    }
    close_tail(builder);
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    put_chunk(builder, chunk);
}

void
builder_node(struct builder *builder, struct node *node)
{
    const bool pending =
        builder->tail != NULL || (builder->open != NULL && builder->open->chunk_count > 0);

    if (builder->failed)
        return;
    if (pending &&
        (builder->open == NULL ? 1 : builder->open->chunk_count) + node->chunk_count <=
            VERSION_FAN / 2) {
        for (uint32_t i = 0; i < node->chunk_count; i++)
            builder_chunk(builder, node->slots[i].chunk);
        return;
    }
    close_tail(builder);
    close_node(builder);
    if (builder->failed)
        return;
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
    put_node(builder, node);
}

struct version *
builder_finish(struct builder *builder, uint64_t modseq, uint32_t uidnext)
{
    struct version *version = builder->version;

    close_tail(builder);
    close_node(builder);
    if (builder->failed) {
        if (builder->tail != NULL)
            version_unref_chunk(builder->tail);
        if (builder->open != NULL)
            version_unref_node(builder->open);
        version_unref(builder->version);
        return NULL;
    }
    version = builder->version;
    version->modseq = modseq;
    version->uidnext = uidnext;
    return version;
}

/* SPDX-License-Identifier: MIT */
/*
 * How versions are made; for mailbox/ only. A version is two levels of shared, immutable
 * pieces:
 *
 *   version ── slots ──> node ── slots ──> chunk: arrays of up to VERSION_CHUNK messages
 *
 * A change copies the chunks it touches, the nodes above them and the version's own slots; all
 * else is shared by reference. So one delivery into a million messages touches some 30 nodes
 * and 64 chunks by reference count and copies one chunk, not 2,000 references.
 *
 * Thread: any. What is being built belongs to its builder alone; what is finished never
 * changes.
 */
#ifndef MAILBOX_VERSION_PRIVATE_H
#define MAILBOX_VERSION_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "mailbox/memory/version.h"

/* Messages a chunk and chunks a node; tests make them tiny to meet their borders often. */
#ifndef VERSION_CHUNK
#define VERSION_CHUNK 512u
#endif
#ifndef VERSION_FAN
#define VERSION_FAN 64u
#endif

/* Arrays lie behind the struct, in one allocation. */
struct chunk {
    atomic_uint refs;
    uint32_t count;
    uint32_t room;       /* messages the arrays have place for */
    uint32_t unseen;     /* without \Seen; set, as max_modseq, when the chunk is finished */
    uint64_t max_modseq; /* of its messages */
    uint64_t *modseqs;
    uint64_t *messages;
    int64_t *internaldates_s;
    int64_t *savedates_s;
    struct keywords *keywords; /* NULL: none has any */
    uint32_t *uids;
    uint32_t *octets;
    uint16_t *flags;
    int16_t *zones_min;
};

struct chunk_slot {
    struct chunk *chunk;
    uint32_t end; /* messages of the node up to and with this one */
    uint32_t last_uid;
};

struct node {
    atomic_uint refs;
    uint32_t chunk_count;
    uint32_t count; /* messages */
    uint32_t unseen;
    uint64_t max_modseq;
    struct chunk_slot slots[VERSION_FAN];
};

struct node_slot {
    struct node *node;
    uint32_t end;
    uint32_t last_uid;
};

struct version {
    atomic_uint refs;
    uint32_t count;
    uint32_t unseen;
    uint32_t uidnext;
    uint64_t modseq;
    uint32_t node_count;
    struct node_slot slots[];
};

/** Octets that a version of so many messages takes, roughly; sharing is not looked at. */
uint64_t version_octets(const struct version *version);
/** True when the caller's reference is the only one. */
bool version_is_sole(const struct version *version);

/* --- Walking: a cursor remembers the chunk it was in last --- */

struct cursor {
    const struct version *version; /* borrowed */
    uint32_t node;                 /* index of the node and of the chunk in it */
    uint32_t slot;
    uint32_t node_first; /* sequence number of the node's and of the chunk's first message */
    uint32_t first;
    const struct chunk *chunk; /* NULL: nowhere yet */
};

static inline struct cursor
cursor_of(const struct version *version)
{
    return (struct cursor){.version = version};
}
/** Moves to the chunk that holds seq (1 .. count); returns the index in it. */
uint32_t cursor_seek(struct cursor *cursor, uint32_t seq);
static inline uint32_t
cursor_at(struct cursor *cursor, uint32_t seq)
{
    if (cursor->chunk != NULL && seq - cursor->first < cursor->chunk->count)
        return seq - cursor->first; /* also false when seq < first: it wraps */
    return cursor_seek(cursor, seq);
}
static inline uint32_t
cursor_uid(struct cursor *cursor, uint32_t seq)
{
    const uint32_t pos = cursor_at(cursor, seq);
    return cursor->chunk->uids[pos];
}
static inline const struct node *
cursor_node(const struct cursor *cursor)
{
    return cursor->version->slots[cursor->node].node;
}
void chunk_entry(const struct chunk *chunk, uint32_t pos, struct entry *out);

/* --- Pieces --- */

/** A copy of one's own, to be changed and then finished; NULL: no memory. */
struct chunk *chunk_clone(const struct chunk *chunk, bool with_keywords);
/** Counts what the chunk says about itself; nothing of it changes afterwards. */
void chunk_finish(struct chunk *chunk);
void version_unref_chunk(struct chunk *chunk);
void version_unref_node(struct node *node);

/* --- Building: messages in ascending order of UID, singly, by slices, or shared --- */

struct builder {
    struct version *version; /* under construction; owned */
    uint32_t node_room;      /* slots it has place for */
    struct node *open;       /* owned; its chunks are finished; NULL: none yet */
    struct chunk *tail;      /* owned; being filled; NULL: none */
    uint32_t expected;       /* messages still to come one by one, for the size of a new tail */
    bool failed;             /* no memory: builder_finish gives NULL */
};

/** expected: messages that will come as entries or slices, at least; 0: not known. */
void builder_init(struct builder *builder, uint32_t nodes, uint32_t expected);
void builder_entry(struct builder *builder, const struct entry *entry);
void builder_slice(struct builder *builder, const struct chunk *chunk, uint32_t from,
                   uint32_t count);
/** Takes a reference of its own. */
void builder_chunk(struct builder *builder, struct chunk *chunk);
void builder_node(struct builder *builder, struct node *node);
/** The version with one reference, or NULL. The builder is spent either way. */
struct version *builder_finish(struct builder *builder, uint64_t modseq, uint32_t uidnext);

/* --- A version after a change (version_edit.c); NULL: no memory. The old one stays --- */

/** New messages at the end; entries ascending, above all others. */
struct version *version_add(const struct version *old, const struct entry *entries,
                            size_t count, uint64_t modseq, uint32_t uidnext);
/** Entries (ascending) as they are now: those below old's uidnext take the place of the same
 *  messages if they are newer, and are skipped where there is none; the others are added.
 */
struct version *version_put(const struct version *old, const struct entry *entries,
                            size_t count, uint64_t modseq, uint32_t uidnext);
/** The rule applied to the messages that runs (ascending) name; modseq is the version's. */
struct version *version_set_flags(const struct version *old, const struct uid_run *runs,
                                  size_t count, const struct flags_rule *rule, uint64_t modseq);
/** Without uids (ascending); unknown ones are skipped. */
struct version *version_remove(const struct version *old, const uint32_t *uids, size_t count,
                               uint64_t modseq);
/** Without the UIDs from bound on; modseq stays. */
struct version *version_prefix(const struct version *old, uint32_t bound);
/** With entries (ascending) put in where they are missing. */
struct version *version_insert(const struct version *old, const struct entry *entries,
                               size_t count, uint64_t modseq, uint32_t uidnext);
/** Of old, the messages below keep_below, and of the others those that are in now as well. */
struct version *version_hybrid(const struct version *old, const struct version *now,
                               uint32_t keep_below);

#endif

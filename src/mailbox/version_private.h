/* SPDX-License-Identifier: MIT */
/*
 * How versions are made; for mailbox/ only. A version is two levels of shared, immutable
 * pieces:
 *
 *   version ── slots ──> node ── slots ──> chunk: arrays of up to VERSION_CHUNK messages
 *
 * A change copies the chunks that it touches, the nodes above them and the version's own slots;
 * everything else is shared by reference. So a delivery into a mailbox of a million messages
 * changes the reference counts of some 30 nodes and 64 chunks and copies one chunk, instead of
 * 2,000 references.
 *
 * Thread: any. What is being built belongs only to its builder; what is finished never changes.
 */
#ifndef MAILBOX_VERSION_PRIVATE_H
#define MAILBOX_VERSION_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "mailbox/memory/version.h"

/* Messages in a chunk, and chunks in a node. Tests make them tiny, so that boundaries occur
 * often. */
#ifndef VERSION_CHUNK
#define VERSION_CHUNK 512u
#endif
#ifndef VERSION_FAN
#define VERSION_FAN 64u
#endif
/* Messages in a block of a chunk: where few have changed, a few blocks are looked at, and not
 * whole chunks. */
#ifndef VERSION_BLOCK
#define VERSION_BLOCK 32u
#endif

/* Arrays lie behind the struct, in one allocation. */
struct chunk {
    atomic_uint refs;
    uint32_t count;
    uint32_t room;       /* messages the arrays have place for */
    uint32_t unseen;     /* without \Seen; set when the chunk is finished, as is max_modseq */
    uint64_t max_modseq; /* of its messages */
    uint64_t *newest;    /* the same of each block; set when the chunk is finished */
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
    struct version *next; /* among those that are let go together; nobody else has it then */
    uint32_t node_count;
    struct node_slot slots[];
};

/** How many octets a version of this size takes, roughly, without regard to sharing. */
uint64_t version_octets(const struct version *version);
/** Gives up the reference to each version of a chain; NULL is allowed. */
void version_unref_all(struct version *first);
/** Whether the caller's reference is the only one. */
bool version_is_sole(const struct version *version);

/* --- Walking: a cursor remembers the chunk that it was in last --- */

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
/** Index of the first message from pos on with a modseq above since; count: there is none. */
uint32_t chunk_newer(const struct chunk *chunk, uint32_t pos, uint64_t since);

/* --- Pieces --- */

/** Makes a copy, which is to be changed and then finished. NULL: no memory. */
struct chunk *chunk_clone(const struct chunk *chunk, bool with_keywords);
/** Computes what the chunk says about itself. Nothing of it changes afterwards. */
void chunk_finish(struct chunk *chunk);
void version_unref_chunk(struct chunk *chunk);
void version_unref_node(struct node *node);

/* --- Building: messages come in ascending order of UID, one by one, in slices, or in shared
 * chunks --- */

struct builder {
    struct version *version; /* under construction; owned */
    uint32_t node_room;      /* slots it has place for */
    struct node *open;       /* owned; its chunks are finished; NULL: none yet */
    struct chunk *tail;      /* owned; being filled; NULL: none */
    uint32_t expected; /* messages that still come one by one, for the size of a new tail */
    bool failed;       /* no memory: builder_finish gives NULL */
};

/** expected: how many messages will come as entries or slices, at least; 0: not known. */
void builder_init(struct builder *builder, uint32_t nodes, uint32_t expected);
void builder_entry(struct builder *builder, const struct entry *entry);
void builder_slice(struct builder *builder, const struct chunk *chunk, uint32_t from,
                   uint32_t count);
/** Adds a chunk, with a reference of its own. */
void builder_chunk(struct builder *builder, struct chunk *chunk);
void builder_node(struct builder *builder, struct node *node);
/** Returns the version with one reference, or NULL. Either way, the builder cannot be used any
 * more. */
struct version *builder_finish(struct builder *builder, uint64_t modseq, uint32_t uidnext);

/* --- Versions after a change (version_edit.c). NULL: no memory. The old one stays --- */

/** With new messages at the end. entries: ascending, above all others. */
struct version *version_add(const struct version *old, const struct entry *entries,
                            size_t count, uint64_t modseq, uint32_t uidnext);
/** With entries (ascending) as they are now. Those below old's uidnext replace the same
 * messages if they are newer, and are skipped where there is no such message. The others are
 * added.
 */
struct version *version_put(const struct version *old, const struct entry *entries,
                            size_t count, uint64_t modseq, uint32_t uidnext);
/** With the rule applied to the messages that runs (ascending) name. modseq is that of the
 * version. */
struct version *version_set_flags(const struct version *old, const struct uid_run *runs,
                                  size_t count, const struct flags_rule *rule, uint64_t modseq);
/** Without uids (ascending). Unknown ones are skipped. */
struct version *version_remove(const struct version *old, const uint32_t *uids, size_t count,
                               uint64_t modseq);
/** Without the UIDs from bound on; modseq stays. */
struct version *version_prefix(const struct version *old, uint32_t bound);
/** With those entries (ascending) added that are missing. */
struct version *version_insert(const struct version *old, const struct entry *entries,
                               size_t count, uint64_t modseq, uint32_t uidnext);
/** With the messages of old below keep_below and, of the others, those that are in now, too. */
struct version *version_hybrid(const struct version *old, const struct version *now,
                               uint32_t keep_below);

#endif

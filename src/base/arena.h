/* SPDX-License-Identifier: MIT */
/*
 * Memory with one lifetime and a budget. Everything allocated from an arena is freed together
 * by arena_reset or arena_done. If the budget is spent or the system has no memory, the result
 * is NULL, which callers turn into RC_LIMIT. Not shared between threads.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first; owned */
    char *next;                 /* free octets of the newest block */
    char *end;
    size_t used_octets;   /* taken from the system, headers included */
    size_t budget_octets; /* hard maximum of used_octets */
    /* the system had no memory although the budget had; until arena_reset */
    bool starved;
};

/* A place in an arena. */
struct arena_mark {
    struct arena_block *block;
    char *next;
};

/** Nothing is allocated before the first use. budget_octets: hard maximum. */
void arena_init(struct arena *arena, size_t budget_octets);
/** Frees everything; the arena may be used again with the same budget. */
void arena_reset(struct arena *arena);
void arena_done(struct arena *arena);
/** Where the arena stands. */
struct arena_mark arena_mark(const struct arena *arena);
/** Frees everything that was allocated since, as if it had never been asked for. The arena was
 * not reset meanwhile, nor taken back further than this. */
void arena_rewind(struct arena *arena, struct arena_mark mark);

/** Returns zeroed memory aligned to align (a power of two, at most 16), or NULL. */
void *arena_alloc(struct arena *arena, size_t octets, size_t align);
/** Returns a zeroed array of count elements, or NULL, also if count * size overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size, size_t align);
/** Returns a terminated copy, or NULL. */
char *arena_str(struct arena *arena, struct span text);
/** Returns a copy as a span. On failure, .ptr is NULL; an empty span has a non-NULL .ptr. */
struct span arena_span(struct arena *arena, struct span text);
/** printf into the arena, or NULL. */
PRINTF_LIKE(2, 3) char *arena_printf(struct arena *arena, const char *fmt, ...);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type), alignof(type)))
#define arena_array(arena, type, count)                                                        \
    ((type *)arena_alloc_array((arena), (count), sizeof(type), alignof(type)))

/** `AUTO_ARENA arena = {0};` and arena_init before the first use. */
#define AUTO_ARENA CLEANUP(arena_done) struct arena

#endif

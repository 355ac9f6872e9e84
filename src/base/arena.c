/* SPDX-License-Identifier: MIT */
/*
 * Bump allocation in blocks that double from 1 KiB to 64 KiB; larger requests get a block of
 * their own. One owner; no locks.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

enum { BLOCK_MIN = 1024, BLOCK_MAX = 65536 };

struct arena_block {
    struct arena_block *older;
    size_t octets; /* with this header */
    alignas(16) char data[];
};

void
arena_init(struct arena *arena, size_t budget_octets)
{
    *arena = (struct arena){.budget_octets = budget_octets};
}

void
arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena_init(arena, arena->budget_octets);
}

void
arena_done(struct arena *arena)
{
    arena_reset(arena);
}

struct arena_mark
arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->blocks, arena->next};
}

void
arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->blocks != mark.block) {
        struct arena_block *block = arena->blocks;
        CHECK(block != NULL);
        arena->blocks = block->older;
        arena->used_octets -= block->octets;
        free(block);
    }
    arena->next = mark.next;
    arena->end = mark.block == NULL ? NULL : (char *)mark.block + mark.block->octets;
}

static bool
block_add(struct arena *arena, size_t octets)
{
    size_t want = arena->blocks == NULL ? BLOCK_MIN : arena->blocks->octets * 2;

    if (want > BLOCK_MAX)
        want = BLOCK_MAX;
    if (octets > want - sizeof(struct arena_block))
        want = octets + sizeof(struct arena_block);
    const size_t room = arena->budget_octets - arena->used_octets;
    if (want > room) {
        if (octets + sizeof(struct arena_block) > room)
            return false;
        want = room;
    }
    struct arena_block *block = malloc(want);
    if (block == NULL) {
        arena->starved = true;
        return false;
    }
    block->older = arena->blocks;
    block->octets = want;
    arena->blocks = block;
    arena->used_octets += want;
    arena->next = block->data;
    arena->end = (char *)block + want;
    return true;
}

void *
arena_alloc(struct arena *arena, size_t octets, size_t align)
{
    CHECK(align != 0 && align <= 16 && (align & (align - 1)) == 0);
    if (octets > SIZE_MAX / 4)
        return NULL;
    size_t pad = (size_t)(-(uintptr_t)arena->next & (align - 1));
    if (arena->blocks == NULL || octets + pad > (size_t)(arena->end - arena->next)) {
        if (!block_add(arena, octets))
            return NULL;
        pad = 0;
    }
    char *mem = arena->next + pad;
    arena->next = mem + octets;
    memset(mem, 0, octets);
    return mem;
}

void *
arena_alloc_array(struct arena *arena, size_t count, size_t size, size_t align)
{
    size_t octets;

    if (__builtin_mul_overflow(count, size, &octets))
        return NULL;
    return arena_alloc(arena, octets, align);
}

char *
arena_str(struct arena *arena, struct span text)
{
    if (text.len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, text.len + 1, 1);
    if (copy != NULL && text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

struct span
arena_span(struct arena *arena, struct span text)
{
    const char *copy = arena_str(arena, text);

    return copy == NULL ? (struct span){NULL, 0} : (struct span){copy, text.len};
}

char *
arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return NULL;
    char *text = arena_alloc(arena, (size_t)len + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, ap);
    va_end(ap);
    return text;
}

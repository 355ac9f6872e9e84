/* SPDX-License-Identifier: MIT */
/*
 * One range of addresses, reserved at the first use, is cut into pieces of equal size; each
 * piece in use holds blocks of one size, in steps of 16 octets. A block is taken from the piece
 * with the lowest address that has room for its size, so that after many blocks were freed, the
 * higher pieces become empty, and an empty piece returns its pages to the system. One empty
 * piece of each size is kept; otherwise, what a handshake takes and frees would make the kernel
 * clear pages each time.
 *
 * The mutex has no rank (base/lock.h): like the heap's own, it may be taken under any lock, and
 * nothing else is called while it is held.
 */
#include "base/blocks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

enum {
    GRAIN = 16,
    SIZE_FIRST = 320,       /* for smaller ones, the heap loses little */
    SIZE_LAST = 8192,       /* for larger ones, the heap uses whole pages */
    LOSS_MIN = 48,          /* octets that the heap would waste */
    PIECE_OCTETS = 1 << 17, /* 17 of the largest that matter, with 80 octets left over */
    PIECES = 1 << 15,       /* 4 GiB of addresses; memory is used only where there are blocks */
    SIZES = SIZE_LAST / GRAIN + 1,
    WORD_BITS = 64,
    WORDS = PIECES / WORD_BITS,
};

struct piece {
    void *free;    /* freed blocks; each begins with the address of the next one */
    uint32_t made; /* blocks that were ever taken; the memory after them was never touched */
    uint32_t used;
    uint32_t size; /* size of its blocks; 0: the piece is not in use */
};

/* A set of pieces. */
struct pieces {
    uint64_t bits[WORDS];
    uint32_t first; /* all words before this one are 0 */
};

static _Atomic(char *) range; /* NULL: not reserved yet, or refused; set once */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static bool refused;                                      /* the system refused addresses */
static struct piece pieces[PIECES];
static struct pieces with_room[SIZES]; /* by size: in use and not full */
static struct pieces unused;           /* pieces that were used and are empty again */
static uint32_t fresh;                 /* pieces from here on were never used */
/* by size: index of the empty piece that is kept, plus 1; 0: none */
static uint32_t spare[SIZES];
static uint32_t pieces_used;

/* ---- sets of pieces ---- */

static void
set_add(struct pieces *set, uint32_t piece)
{
    const uint32_t word = piece / WORD_BITS;

    set->bits[word] |= UINT64_C(1) << piece % WORD_BITS;
    if (word < set->first)
        set->first = word;
}

static void
set_remove(struct pieces *set, uint32_t piece)
{
    set->bits[piece / WORD_BITS] &= ~(UINT64_C(1) << piece % WORD_BITS);
}

/* The piece with the lowest address. False: there is none. */
static bool
set_lowest(struct pieces *set, uint32_t *piece_out)
{
    const uint32_t words = (fresh + WORD_BITS - 1) / WORD_BITS;

    while (set->first < words && set->bits[set->first] == 0)
        set->first++;
    if (set->first >= words)
        return false;
    *piece_out = set->first * WORD_BITS + (uint32_t)__builtin_ctzll(set->bits[set->first]);
    return true;
}

/* ---- pieces ---- */

static char *
piece_at(uint32_t piece)
{
    return atomic_load(&range) + (size_t)piece * PIECE_OCTETS;
}

/* Reserves addresses only; memory is asked for piece by piece. */
static bool
range_reserve(void)
{
    if (atomic_load(&range) != NULL || refused)
        return !refused;
    void *got = mmap(NULL, (size_t)PIECES * PIECE_OCTETS, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    refused = got == MAP_FAILED;
    if (!refused)
        atomic_store(&range, got);
    return !refused;
}

/* Finds a piece for blocks of that size. False: there are no addresses or no memory left. */
static bool
piece_new(uint32_t size, uint32_t *piece_out)
{
    uint32_t piece = 0;

    if (!range_reserve())
        return false;
    if (set_lowest(&unused, &piece)) {
        set_remove(&unused, piece);
    } else {
        if (fresh == PIECES ||
            mprotect(piece_at(fresh), PIECE_OCTETS, PROT_READ | PROT_WRITE) != 0)
            return false;
        piece = fresh++;
    }
    pieces[piece] = (struct piece){.size = size};
    set_add(&with_room[size / GRAIN], piece);
    pieces_used++;
    *piece_out = piece;
    return true;
}

static void
piece_drop(uint32_t piece)
{
    set_remove(&with_room[pieces[piece].size / GRAIN], piece);
    pieces[piece] = (struct piece){0};
    (void)madvise(piece_at(piece), PIECE_OCTETS, MADV_DONTNEED);
    set_add(&unused, piece);
    pieces_used--;
}

static bool
is_full(const struct piece *piece)
{
    return piece->free == NULL && (piece->made + 1) * piece->size > PIECE_OCTETS;
}

/* ---- blocks ---- */

static size_t
rounded(size_t octets, size_t step)
{
    return (octets + step - 1) / step * step;
}

/* The heap has four sizes between one power of two and the next. */
bool
blocks_packs(size_t octets)
{
    if (octets <= SIZE_FIRST || octets > SIZE_LAST)
        return false;
    const unsigned bits = WORD_BITS - 1 - (unsigned)__builtin_clzll(octets - 1);
    return rounded(octets, (size_t)1 << (bits - 2)) - rounded(octets, GRAIN) >= LOSS_MIN;
}

static void *
block_new(uint32_t size)
{
    uint32_t at = 0;
    void *block = NULL;

    if (!set_lowest(&with_room[size / GRAIN], &at) && !piece_new(size, &at))
        return NULL;
    struct piece *piece = &pieces[at];
    if (piece->used++ == 0 && spare[size / GRAIN] == at + 1)
        spare[size / GRAIN] = 0;
    if (piece->free != NULL) {
        block = piece->free;
        memcpy(&piece->free, block, sizeof piece->free);
    } else {
        block = piece_at(at) + (size_t)piece->made++ * size;
    }
    if (is_full(piece))
        set_remove(&with_room[size / GRAIN], at);
    return block;
}

static void
block_free(uint32_t at, void *block)
{
    struct piece *piece = &pieces[at];
    uint32_t *kept = &spare[piece->size / GRAIN];

    CHECK(piece->used > 0);
    memcpy(block, &piece->free, sizeof piece->free);
    piece->free = block;
    set_add(&with_room[piece->size / GRAIN], at);
    if (--piece->used > 0)
        return;
    if (*kept == 0)
        *kept = at + 1;
    else
        piece_drop(at);
}

/* Finds the piece that the block lies in. False: it comes from the heap. Without the mutex. */
static bool
is_ours(const void *ptr, uint32_t *piece_out)
{
    const char *begin = atomic_load(&range);
    const uintptr_t offset = (uintptr_t)ptr - (uintptr_t)begin;

    if (begin == NULL || offset >= (uintptr_t)PIECES * PIECE_OCTETS)
        return false;
    *piece_out = (uint32_t)(offset / PIECE_OCTETS);
    return true;
}

void *
blocks_take(size_t octets)
{
    void *block = NULL;

    if (blocks_packs(octets)) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        block = block_new((uint32_t)rounded(octets, GRAIN));
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return block != NULL ? block : malloc(octets);
}

void
blocks_give(void *ptr)
{
    uint32_t piece = 0;

    if (!is_ours(ptr, &piece)) {
        free(ptr);
        return;
    }
    CHECK(pthread_mutex_lock(&mutex) == 0);
    block_free(piece, ptr);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

void *
blocks_change(void *ptr, size_t octets)
{
    uint32_t piece = 0;

    if (ptr == NULL)
        return blocks_take(octets);
    if (!is_ours(ptr, &piece))
        return realloc(ptr, octets); /* only the heap knows its size */
    CHECK(pthread_mutex_lock(&mutex) == 0);
    const size_t size = pieces[piece].size;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    if (rounded(octets, GRAIN) == size)
        return ptr;
    void *block = blocks_take(octets);
    if (block == NULL)
        return NULL;
    memcpy(block, ptr, octets < size ? octets : size);
    blocks_give(ptr);
    return block;
}

size_t
blocks_held_octets(void)
{
    CHECK(pthread_mutex_lock(&mutex) == 0);
    const size_t octets = (size_t)pieces_used * PIECE_OCTETS;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return octets;
}

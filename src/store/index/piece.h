/* SPDX-License-Identifier: MIT */
/*
 * A piece: terms in ascending order of their octets, and the messages of each.
 *
 *   terms    a line end, and then each term with a line end after it
 *   lists    a number: octets of what follows; then, for each term, a number: the octets of its
 *            list; then the lists (store/index/list.h)
 *
 * Thread: any.
 */
#ifndef STORE_INDEX_PIECE_H
#define STORE_INDEX_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

enum {
    PIECE_OCTETS = 64 << 10, /* of terms, or of lists, from which on a piece is full */
    LIST_IDS_MAX = 64 << 10, /* of a list; a term with more comes in several pieces */
};

/** A number that other octets, or another seed, have only with a chance of 2^-64. Not against
 * anybody who chooses octets. */
uint64_t octets_check(uint64_t seed, struct span octets);

/* ---- making one ---- */

struct piece_maker {
    struct buf terms;
    struct buf lengths;
    struct buf lists;
    size_t count; /* of terms, those for which there was no memory included */
    size_t last;  /* offset of the last term in terms */
    size_t full;  /* octets of terms, or of lists */
};
/** octets: of terms, or of lists, with which it is full. */
void piece_maker_init(struct piece_maker *maker, size_t octets);
void piece_maker_done(struct piece_maker *maker);
void piece_maker_clear(struct piece_maker *maker);
/** Adds a term, above the last one, with at most LIST_IDS_MAX ids. */
void piece_maker_put(struct piece_maker *maker, struct span term, uint64_t base,
                     const uint64_t *ids, size_t count);
static inline bool
piece_maker_is_empty(const struct piece_maker *maker)
{
    return maker->count == 0;
}
bool piece_maker_is_full(const struct piece_maker *maker);
/** Whether the last term of a maker that is not empty is this one. */
bool piece_maker_ends_with(const struct piece_maker *maker, struct span term);
/** Puts the lists together in out. False: no memory. */
MUST_USE bool piece_maker_lists(const struct piece_maker *maker, struct buf *out);

/* ---- reading one ---- */

/** Whether the octets can be the terms of a piece. */
bool piece_is_sound(struct span terms);
/** The term to which the octet at offset, or the line end before it, belongs. */
struct span piece_term_at(struct span terms, size_t offset);
struct span piece_first_term(struct span terms);
struct span piece_last_term(struct span terms);
/** The offset of the first term that is at least this one; terms.len: there is none. */
size_t piece_lower_bound(struct span terms, struct span term);

/* Goes through the lists of a piece. */
struct piece_walk {
    struct span terms;   /* borrowed */
    size_t at;           /* offset of the term that it stands at */
    struct span lengths; /* of the lists from that term on */
    struct span lists;   /* from that term on */
    bool sound;          /* false: damaged */
};
/** To the first term. */
struct piece_walk piece_walk_begin(struct span terms, struct span lists);
/** To the term at this offset, which must not be before the one that it stands at. */
void piece_walk_to(struct piece_walk *walk, size_t offset);
/** The list of the term that it stands at; an empty one if the piece is damaged. */
struct span piece_walk_list(struct piece_walk *walk);
/** To the next term. False: there is none, or the piece is damaged. */
bool piece_walk_next(struct piece_walk *walk);

#endif

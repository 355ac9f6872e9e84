/* SPDX-License-Identifier: MIT */
/*
 * Lists of message ids as octets, in whichever of two forms is shorter:
 *
 *   number << 1         the first id less the base; then, for each further id, by how much it
 *                       is above the one before
 *   number << 1 | 1     likewise; then bits, from the lowest one of each octet on: bit i is set
 *                       if the id i + 1 above the first one is in the list
 *
 * A number has seven bits in each octet, the lowest first, and the highest bit in all but the
 * last. Reading never trusts the octets: false means that they are no list of ids up to `last`.
 *
 * Thread: any.
 */
#ifndef STORE_INDEX_LIST_H
#define STORE_INDEX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"
#include "store/index.h"

enum { NUMBER_OCTETS_MAX = 10 };

void number_put(struct buf *out, uint64_t value);
/** Takes a number from the front. */
MUST_USE bool number_get(struct span *from, uint64_t *out);

/* Ids in memory, ascending. */
struct ids {
    uint64_t *at; /* owned */
    size_t count;
    size_t cap;
};
void ids_done(struct ids *ids);
/** False: no memory. */
MUST_USE bool ids_add(struct ids *ids, uint64_t id);

/** ids: count >= 1 of them, ascending, at least base. */
void list_put(struct buf *out, uint64_t base, const uint64_t *ids, size_t count);
/** Adds what is in the list, and below the set's limit, to the set. */
MUST_USE bool list_unite(struct span list, uint64_t base, uint64_t last,
                         const struct index_set *set);

enum list_read { LIST_READ, LIST_DAMAGED, LIST_NO_MEMORY };
/** Appends the ids, which must be above those that are there. */
MUST_USE enum list_read list_get(struct span list, uint64_t base, uint64_t last,
                                 struct ids *ids);

#endif

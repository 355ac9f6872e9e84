/* SPDX-License-Identifier: MIT */
/*
 * Reading. All pieces of a space are gone through by level, then by run, then by number: terms
 * only go to higher levels (index_private.h), so none is missed although runs are merged
 * between two slices. Thread: the index's.
 */
#include <stdlib.h>

#include "base/check.h"
#include "store/index/index_private.h"

enum { LEVEL_SHIFT = RUN_BITS + PIECE_BITS };

/* ---- snapshots ---- */

static void
forget_piece(struct store_index *index)
{
    stmt_reset(&index->terms);
    stmt_reset(&index->lists);
    index->piece = (struct span){0};
    index->walking = false;
}

static enum rc
page_octets(struct store_index *index, uint64_t *out, struct err *err)
{
    int64_t octets = 0;
    const enum rc rc = db_size_octets(index->db, &octets, err);

    if (rc == RC_OK)
        *out = (uint64_t)octets;
    return rc;
}

enum rc
store_index_begin(struct store_index *index, struct index_state *state_out, struct err *err)
{
    CHECK(!index->begun);
    enum rc rc = txn_begin(&index->txn, index->db, TXN_READ, err);
    uint64_t octets = 0;

    if (rc != RC_OK)
        return rc;
    rc = catalog_load(index, err);
    if (rc == RC_OK)
        rc = page_octets(index, &octets, err);
    if (rc != RC_OK) {
        txn_abort(&index->txn);
        index->damaged = index->damaged || rc == RC_CORRUPT;
        return rc;
    }
    index->begun = true;
    const struct catalog *catalog = &index->catalog;
    *state_out = (struct index_state){
        .generation = catalog->generation,
        .form = (uint32_t)catalog->form,
        .mark = catalog->mark,
        .documents = catalog->documents,
        .octets = octets,
        .text_octets = catalog->text_octets,
    };
    return RC_OK;
}

void
store_index_end(struct store_index *index)
{
    if (!index->begun)
        return;
    forget_piece(index);
    stmt_reset(&index->text);
    txn_abort(&index->txn);
    index->begun = false;
}

/* ---- all terms ---- */

static uint64_t
place_of(const struct run *run, uint64_t number)
{
    return (uint64_t)run->level << LEVEL_SHIFT | piece_id(run, number);
}

/* The run with the first piece of the space at or after a place, and the piece's number. */
static const struct run *
next_piece(const struct catalog *catalog, unsigned space, uint64_t at, uint64_t *number_out)
{
    const struct run *found = NULL;
    uint64_t found_place = 0;

    for (size_t i = 0; i < catalog->count; i++) {
        const struct run *run = &catalog->runs[i];
        if (run->space != space || run->piece_first == run->piece_end ||
            place_of(run, run->piece_end - 1) < at)
            continue;
        uint64_t number = run->piece_first;
        if (place_of(run, number) < at)
            number = at & ((UINT64_C(1) << PIECE_BITS) - 1);
        const uint64_t place = place_of(run, number);
        if (found == NULL || place < found_place) {
            found = run;
            found_place = place;
            *number_out = number;
        }
    }
    return found;
}

enum rc
store_index_terms(struct store_index *index, enum index_space space, uint64_t *at,
                  struct span *out, struct err *err)
{
    CHECK(index->begun);
    forget_piece(index);
    uint64_t number = 0;
    const struct run *run = next_piece(&index->catalog, space, *at, &number);
    if (run == NULL)
        return RC_NOT_FOUND;
    const enum rc rc =
        piece_read_terms(index, piece_id(run, number), &index->terms, &index->piece, err);
    if (rc != RC_OK) {
        forget_piece(index);
        return rc;
    }
    index->piece_run = run;
    index->piece_number = number;
    *at = place_of(run, number) + 1;
    *out = index->piece;
    return RC_OK;
}

/* ---- messages ---- */

/* What is done with the messages of a term: they are added to a set, or one is looked for. */
struct wanted {
    const struct index_set *set; /* NULL: look for message */
    uint64_t message;
    bool found;
};

static enum rc
list_has(const struct run *run, struct span list, struct wanted *wanted)
{
    struct ids ids = {0};
    enum rc rc = RC_OK;

    switch (list_get(list, run->first, run->last, &ids)) {
    case LIST_READ:
        break;
    case LIST_DAMAGED:
        rc = RC_CORRUPT;
        break;
    case LIST_NO_MEMORY:
        rc = RC_LIMIT;
        break;
    }
    for (size_t i = 0; i < ids.count; i++)
        wanted->found = wanted->found || ids.at[i] == wanted->message;
    ids_done(&ids);
    return rc;
}

/* The list of the term at which the walk stands. */
static enum rc
take_list(struct store_index *index, const struct run *run, struct piece_walk *walk,
          struct wanted *wanted, struct err *err)
{
    const struct span list = piece_walk_list(walk);
    enum rc rc = RC_OK;

    if (!walk->sound)
        return index_damaged(index, "lists of a piece", err);
    if (wanted->set == NULL)
        rc = list_has(run, list, wanted);
    else if (!list_unite(list, run->first, run->last, wanted->set))
        rc = RC_CORRUPT;
    if (rc == RC_CORRUPT)
        return index_damaged(index, "a list of messages", err);
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "no memory for messages of a term");
}

static enum rc
begin_walk(struct store_index *index, struct err *err)
{
    struct span lists = {0};
    const enum rc rc = piece_read_lists(index, piece_id(index->piece_run, index->piece_number),
                                        &index->lists, &lists, err);

    if (rc != RC_OK) {
        stmt_reset(&index->lists);
        return rc;
    }
    index->walk = piece_walk_begin(index->piece, lists);
    index->walking = true;
    return RC_OK;
}

enum rc
store_index_found(struct store_index *index, size_t offset, const struct index_set *set,
                  struct err *err)
{
    struct wanted wanted = {.set = set};

    CHECK(index->begun && offset < index->piece.len);
    const size_t begin = (size_t)(piece_term_at(index->piece, offset).ptr - index->piece.ptr);
    if (index->walking && begin < index->walk.at) {
        stmt_reset(&index->lists);
        index->walking = false;
    }
    if (!index->walking) {
        const enum rc rc = begin_walk(index, err);
        if (rc != RC_OK)
            return rc;
    }
    piece_walk_to(&index->walk, begin);
    return take_list(index, index->piece_run, &index->walk, &wanted, err);
}

/* The number of the first piece that may have the term: the last one that begins below it. */
static enum rc
seek(struct store_index *index, const struct run *run, struct span term, uint64_t *out,
     struct err *err)
{
    uint64_t low = run->piece_first; /* begins below the term, or is the first */
    uint64_t high = run->piece_end;  /* does not */

    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        AUTO_STMT stmt = {0};
        struct span first = {0};
        const enum rc rc = piece_read_first(index, piece_id(run, middle), &stmt, &first, err);
        if (rc != RC_OK)
            return rc;
        if (span_cmp(first, term) < 0)
            low = middle;
        else
            high = middle;
    }
    *out = low;
    return RC_OK;
}

static enum rc
take_lists_of(struct store_index *index, const struct run *run, uint64_t id, struct span terms,
              size_t offset, struct wanted *wanted, struct err *err)
{
    AUTO_STMT stmt = {0};
    struct span lists = {0};
    const enum rc rc = piece_read_lists(index, id, &stmt, &lists, err);

    if (rc != RC_OK)
        return rc;
    struct piece_walk walk = piece_walk_begin(terms, lists);
    piece_walk_to(&walk, offset);
    return take_list(index, run, &walk, wanted, err);
}

/* Takes the term's messages from one piece. *ends_out: none of the next pieces has the term. */
static enum rc
look_in_piece(struct store_index *index, const struct run *run, uint64_t number,
              struct span term, struct wanted *wanted, bool *ends_out, struct err *err)
{
    const uint64_t id = piece_id(run, number);
    AUTO_STMT stmt = {0};
    struct span terms = {0};
    enum rc rc = piece_read_terms(index, id, &stmt, &terms, err);

    if (rc != RC_OK)
        return rc;
    const size_t offset = piece_lower_bound(terms, term);
    if (offset < terms.len && span_eq(piece_term_at(terms, offset), term))
        rc = take_lists_of(index, run, id, terms, offset, wanted, err);
    *ends_out = span_cmp(piece_last_term(terms), term) > 0;
    return rc;
}

/* The hints by which seek goes may be damaged. That it went right is seen from the piece's own
 * terms: the one before the term's place begins below the term. */
static enum rc
check_place(struct store_index *index, const struct run *run, uint64_t number, struct span term,
            struct err *err)
{
    AUTO_STMT stmt = {0};
    struct span terms = {0};

    if (number == run->piece_first)
        return RC_OK;
    const enum rc rc = piece_read_terms(index, piece_id(run, number), &stmt, &terms, err);
    if (rc == RC_OK && span_cmp(piece_first_term(terms), term) >= 0)
        return index_damaged(index, "pieces are out of order", err);
    return rc;
}

static enum rc
look_in_run(struct store_index *index, const struct run *run, struct span term,
            struct wanted *wanted, struct err *err)
{
    uint64_t number = 0;
    bool ends = false;

    if (run->piece_first == run->piece_end)
        return RC_OK;
    enum rc rc = seek(index, run, term, &number, err);
    if (rc == RC_OK)
        rc = check_place(index, run, number, term, err);
    for (; rc == RC_OK && !ends && number < run->piece_end; number++)
        rc = look_in_piece(index, run, number, term, wanted, &ends, err);
    return rc;
}

static enum rc
look(struct store_index *index, unsigned space, struct span term, struct wanted *wanted,
     struct err *err)
{
    CHECK(index->begun);
    forget_piece(index);
    for (size_t i = 0; i < index->catalog.count && !wanted->found; i++) {
        const struct run *run = &index->catalog.runs[i];
        const bool may = wanted->set != NULL
                             ? run->first < wanted->set->limit
                             : run->first <= wanted->message && wanted->message <= run->last;
        if (run->space != space || !may)
            continue;
        const enum rc rc = look_in_run(index, run, term, wanted, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc
store_index_messages(struct store_index *index, enum index_space space, struct span term,
                     const struct index_set *set, struct err *err)
{
    struct wanted wanted = {.set = set};

    return look(index, space, term, &wanted, err);
}

enum rc
store_index_unsure(struct store_index *index, const struct index_set *set, struct err *err)
{
    struct wanted wanted = {.set = set};

    return look(index, SPACE_UNSURE, UNSURE_TERM, &wanted, err);
}

enum rc
store_index_has(struct store_index *index, enum index_space space, struct span term,
                uint64_t message, bool *has_out, struct err *err)
{
    struct wanted wanted = {.message = message};
    const enum rc rc = look(index, space, term, &wanted, err);

    if (rc == RC_OK)
        *has_out = wanted.found;
    return rc;
}

enum rc
store_index_proofs(struct store_index *index, struct index_proof *out, size_t max,
                   size_t *count_out, struct err *err)
{
    CHECK(index->begun);
    AUTO_STMT stmt = stmt_get(index->db, SQL_PROOFS);
    size_t count = 0;

    stmt_bind_i64(&stmt, 1, (int64_t)max);
    while (count < max && stmt_row(&stmt)) {
        const struct span digest = stmt_span(&stmt, 1);
        if (digest.len != MESSAGE_DIGEST_OCTETS)
            return index_damaged(index, "a proof", err);
        out[count].message = (uint64_t)stmt_i64(&stmt, 0);
        memcpy(out[count++].digest, digest.ptr, digest.len);
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

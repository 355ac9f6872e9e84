/* SPDX-License-Identifier: MIT */
/*
 * Moving terms into runs of higher levels: of RUNS_MERGED runs of a level one is made. It goes
 * on where it stopped, because the last term of the new run is the last that has moved. Lower
 * levels come first, so a long move does not let short runs pile up.
 *
 * Thread: the index's, in its write transaction.
 */
#include <stdlib.h>

#include "base/check.h"
#include "store/index/index_private.h"

enum { SOURCE_OCTETS_MAX = 32 << 20 };

/* One of the runs whose terms move. */
struct source {
    uint64_t run; /* its id */
    uint64_t first;
    uint64_t last;
    uint64_t number; /* of the piece that it stands in */
    struct buf terms;
    struct buf lists;
    struct piece_walk walk;
    bool over;
};

struct merge {
    struct store_index *index;
    uint64_t target; /* id of the new run */
    struct source sources[RUNS_MERGED];
    size_t count;
    struct piece_maker maker;
    struct ids ids;
    struct buf term; /* the one that moves now */
    uint64_t octets; /* written */
};

static enum rc
no_memory(struct err *err)
{
    return err_set(err, RC_LIMIT, 0, "no memory for a run of an index");
}

/* ---- which ---- */

static bool
is_target(const struct catalog *catalog, const struct run *run)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->runs[i].into == run->id)
            return true;
    return false;
}

/* A run that may be merged with others of its level. */
static bool
is_ready(const struct catalog *catalog, const struct run *run, unsigned space, unsigned level)
{
    return run->space == space && run->level == level && run->into == 0 &&
           !is_target(catalog, run);
}

/* Begins to merge the oldest runs of a level, if there are enough. *out: 0 if there are not. */
static enum rc
begin(struct catalog *catalog, unsigned space, unsigned level, uint64_t *out, struct err *err)
{
    size_t ready = 0;

    *out = 0;
    for (size_t i = 0; i < catalog->count; i++)
        ready += is_ready(catalog, &catalog->runs[i], space, level);
    if (ready < RUNS_MERGED)
        return RC_OK;
    struct run *target = catalog_add(catalog, space, level + 1);
    if (target == NULL)
        return no_memory(err);
    size_t chosen = 0;
    for (size_t i = 0; i < catalog->count && chosen < RUNS_MERGED; i++) {
        struct run *run = &catalog->runs[i];
        if (!is_ready(catalog, run, space, level))
            continue;
        target->first = chosen == 0 ? run->first : target->first;
        target->last = run->last;
        run->into = target->id;
        run->changed = true;
        chosen++;
    }
    *out = target->id;
    return RC_OK;
}

/* The run to which terms should move next; *out: 0 if there is none. */
static enum rc
choose(struct catalog *catalog, uint64_t *out, struct err *err)
{
    *out = 0;
    for (unsigned level = 0; level < LEVEL_MAX && *out == 0; level++) {
        for (size_t i = 0; i < catalog->count && *out == 0; i++)
            if (catalog->runs[i].level == level && catalog->runs[i].into != 0)
                *out = catalog->runs[i].into;
        for (unsigned space = 0; space < SPACES_STORED && *out == 0; space++) {
            const enum rc rc = begin(catalog, space, level, out, err);
            if (rc != RC_OK)
                return rc;
        }
    }
    return RC_OK;
}

bool
store_index_is_behind(const struct store_index *index)
{
    const struct catalog *catalog = &index->catalog;
    unsigned ready[SPACES_STORED][LEVEL_MAX + 1] = {{0}};

    for (size_t i = 0; i < catalog->count; i++) {
        const struct run *run = &catalog->runs[i];
        if (run->space < SPACES_STORED && run->level <= LEVEL_MAX &&
            is_ready(catalog, run, run->space, run->level) &&
            ++ready[run->space][run->level] == 2 * RUNS_MERGED)
            return true;
    }
    return false;
}

/* ---- sources ---- */

static struct run *
run_of(struct merge *merge, uint64_t id)
{
    struct run *run = catalog_find(&merge->index->catalog, id);

    CHECK(run != NULL);
    return run;
}

static struct span
current(const struct source *source)
{
    return piece_term_at(buf_span(&source->terms), source->walk.at);
}

/* Reads the piece at number, or finds that there is none. */
static enum rc
source_load(struct merge *merge, struct source *source, struct err *err)
{
    const struct run *run = run_of(merge, source->run);

    source->over = source->number >= run->piece_end;
    if (source->over)
        return RC_OK;
    const enum rc rc = piece_read_both(merge->index, piece_id(run, source->number),
                                       &source->terms, &source->lists, err);
    if (rc != RC_OK)
        return rc;
    source->walk = piece_walk_begin(buf_span(&source->terms), buf_span(&source->lists));
    return source->walk.sound ? RC_OK : index_damaged(merge->index, "lists of a piece", err);
}

static enum rc
source_next(struct merge *merge, struct source *source, struct err *err)
{
    if (piece_walk_next(&source->walk))
        return RC_OK;
    if (!source->walk.sound)
        return index_damaged(merge->index, "lists of a piece", err);
    source->number++;
    return source_load(merge, source, err);
}

/* Passes all terms up to this one. */
static enum rc
source_pass(struct merge *merge, struct source *source, struct span term, struct err *err)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && !source->over &&
           span_cmp(piece_last_term(buf_span(&source->terms)), term) <= 0) {
        source->number++;
        rc = source_load(merge, source, err);
    }
    if (rc != RC_OK || source->over)
        return rc;
    piece_walk_to(&source->walk, piece_lower_bound(buf_span(&source->terms), term));
    if (!source->walk.sound)
        return index_damaged(merge->index, "lists of a piece", err);
    if (span_eq(current(source), term))
        rc = source_next(merge, source, err);
    return rc;
}

static void
merge_done(struct merge *merge)
{
    for (size_t i = 0; i < merge->count; i++) {
        buf_done(&merge->sources[i].terms);
        buf_done(&merge->sources[i].lists);
    }
    piece_maker_done(&merge->maker);
    ids_done(&merge->ids);
    buf_done(&merge->term);
}

/* The term up to which all have moved, in merge->term; empty: none has. */
static enum rc
find_moved(struct merge *merge, struct err *err)
{
    const struct run *target = run_of(merge, merge->target);
    AUTO_STMT stmt = {0};
    struct span terms = {0};

    buf_clear(&merge->term);
    if (target->piece_end == target->piece_first)
        return RC_OK;
    const enum rc rc = piece_read_terms(merge->index, piece_id(target, target->piece_end - 1),
                                        &stmt, &terms, err);
    if (rc == RC_OK)
        buf_put_span(&merge->term, piece_last_term(terms));
    return rc == RC_OK && !buf_ok(&merge->term) ? no_memory(err) : rc;
}

static enum rc
sources_open(struct merge *merge, struct err *err)
{
    const struct catalog *catalog = &merge->index->catalog;
    enum rc rc = find_moved(merge, err);

    for (size_t i = 0; i < catalog->count && rc == RC_OK; i++) {
        const struct run *run = &catalog->runs[i];
        if (run->into != merge->target)
            continue;
        CHECK(merge->count < RUNS_MERGED);
        struct source *source = &merge->sources[merge->count++];
        *source = (struct source){
            .run = run->id, .first = run->first, .last = run->last, .number = run->piece_first};
        buf_init(&source->terms, SOURCE_OCTETS_MAX);
        buf_init(&source->lists, SOURCE_OCTETS_MAX);
        rc = source_load(merge, source, err);
        if (rc == RC_OK && buf_len(&merge->term) > 0)
            rc = source_pass(merge, source, buf_span(&merge->term), err);
    }
    return rc;
}

/* ---- moving ---- */

/* The lowest term at which a source stands. False: all are over. */
static bool
lowest(struct merge *merge)
{
    const struct source *found = NULL;

    for (size_t i = 0; i < merge->count; i++) {
        const struct source *source = &merge->sources[i];
        if (!source->over && (found == NULL || span_cmp(current(source), current(found)) < 0))
            found = source;
    }
    if (found == NULL)
        return false;
    buf_clear(&merge->term);
    buf_put_span(&merge->term, current(found));
    return true;
}

static enum rc
read_list(struct merge *merge, struct source *source, struct err *err)
{
    const struct span list = piece_walk_list(&source->walk);

    if (!source->walk.sound)
        return index_damaged(merge->index, "lists of a piece", err);
    switch (list_get(list, source->first, source->last, &merge->ids)) {
    case LIST_READ:
        return RC_OK;
    case LIST_NO_MEMORY:
        return no_memory(err);
    case LIST_DAMAGED:
        break;
    }
    return index_damaged(merge->index, "a list of messages", err);
}

/* Stores full lists of the term, or with `all` what is there. */
static enum rc
flush(struct merge *merge, bool all, struct err *err)
{
    if (merge->ids.count == 0 || (!all && merge->ids.count < LIST_IDS_MAX))
        return RC_OK;
    const enum rc rc = run_put(merge->index, run_of(merge, merge->target), &merge->maker,
                               buf_span(&merge->term), &merge->ids, &merge->octets, err);
    merge->ids.count = 0;
    return rc;
}

/* Moves the lowest term. Sources are in the order of their messages. */
static enum rc
move_term(struct merge *merge, struct err *err)
{
    const struct span term = buf_span(&merge->term);
    enum rc rc = buf_ok(&merge->term) ? RC_OK : no_memory(err);

    merge->ids.count = 0;
    for (size_t i = 0; i < merge->count; i++) {
        struct source *source = &merge->sources[i];
        while (rc == RC_OK && !source->over && span_eq(current(source), term)) {
            rc = read_list(merge, source, err);
            if (rc == RC_OK)
                rc = flush(merge, false, err);
            if (rc == RC_OK)
                rc = source_next(merge, source, err);
        }
    }
    return rc == RC_OK ? flush(merge, true, err) : rc;
}

static enum rc
write_piece(struct merge *merge, struct err *err)
{
    return piece_write(merge->index, run_of(merge, merge->target), &merge->maker,
                       &merge->octets, err);
}

/* Removes what has moved. */
static enum rc
sources_cut(struct merge *merge, struct err *err)
{
    for (size_t i = 0; i < merge->count; i++) {
        const struct source *source = &merge->sources[i];
        struct run *run = run_of(merge, source->run);
        enum rc rc = pieces_remove(merge->index, run, source->number, err);
        if (rc == RC_OK && source->over) {
            AUTO_STMT stmt = stmt_get(merge->index->db, SQL_RUN_DELETE);
            stmt_bind_i64(&stmt, 1, (int64_t)run->id);
            rc = stmt_run(&stmt, err);
            catalog_remove(&merge->index->catalog, run);
        }
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc
move(struct merge *merge, uint64_t budget, struct err *err)
{
    enum rc rc = sources_open(merge, err);

    while (rc == RC_OK && merge->octets < budget && lowest(merge)) {
        rc = move_term(merge, err);
        if (rc == RC_OK && piece_maker_is_full(&merge->maker))
            rc = write_piece(merge, err);
    }
    if (rc == RC_OK && !piece_maker_is_empty(&merge->maker))
        rc = write_piece(merge, err);
    return rc == RC_OK ? sources_cut(merge, err) : rc;
}

enum rc
merge_some(struct store_index *index, uint64_t budget, struct err *err)
{
    uint64_t octets = 0;

    while (octets < budget) {
        struct merge merge = {.index = index};
        enum rc rc = choose(&index->catalog, &merge.target, err);
        if (rc != RC_OK || merge.target == 0)
            return rc;
        piece_maker_init(&merge.maker, index->piece_octets);
        buf_init(&merge.term, INDEX_TERM_OCTETS);
        rc = move(&merge, budget - octets, err);
        octets += merge.octets;
        merge_done(&merge);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

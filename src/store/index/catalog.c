/* SPDX-License-Identifier: MIT */
/* The numbers of an index: head, and its runs. The seal is read first; where it is the one that
 * is known, so is everything else. Thread: the index's. */
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"
#include "store/index/index_private.h"

enum { NUMBERS_OF_HEAD = 6, NUMBERS_OF_RUN = 8 };

void
catalog_done(struct catalog *catalog)
{
    free(catalog->runs);
    *catalog = (struct catalog){0};
}

enum rc
index_damaged(struct store_index *index, const char *what, struct err *err)
{
    index->damaged = true;
    return err_set(err, RC_CORRUPT, 0, "%s: %s", index->path, what);
}

static bool
make_room(struct catalog *catalog)
{
    if (catalog->count < catalog->cap)
        return true;
    const size_t cap = catalog->cap == 0 ? 64 : 2 * catalog->cap;
    struct run *runs = realloc(catalog->runs, cap * sizeof *runs);
    if (runs == NULL)
        return false;
    catalog->runs = runs;
    catalog->cap = cap;
    return true;
}

struct run *
catalog_add(struct catalog *catalog, unsigned space, unsigned level)
{
    if (catalog->run_next >> RUN_BITS != 0 || !make_room(catalog))
        return NULL;
    struct run *run = &catalog->runs[catalog->count++];
    *run = (struct run){
        .id = catalog->run_next++, .space = space, .level = level, .changed = true};
    return run;
}

struct run *
catalog_find(struct catalog *catalog, uint64_t id)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->runs[i].id == id)
            return &catalog->runs[i];
    return NULL;
}

void
catalog_remove(struct catalog *catalog, struct run *run)
{
    const size_t at = (size_t)(run - catalog->runs);

    catalog->count--;
    memmove(run, run + 1, (catalog->count - at) * sizeof *run);
}

void
catalog_reset(struct catalog *catalog, uint64_t form)
{
    catalog->generation = rng_u64(&rng_system);
    catalog->form = form;
    catalog->mark = catalog->documents = catalog->text_octets = 0;
    catalog->run_next = 1;
    catalog->count = 0;
}

static uint64_t
seal_of(const struct catalog *catalog)
{
    const uint64_t head[NUMBERS_OF_HEAD] = {catalog->generation,  catalog->form,
                                            catalog->mark,        catalog->documents,
                                            catalog->text_octets, catalog->run_next};
    uint64_t seal = octets_check(catalog->count, span_of(head, sizeof head));

    for (size_t i = 0; i < catalog->count; i++) {
        const struct run *run = &catalog->runs[i];
        const uint64_t numbers[NUMBERS_OF_RUN] = {run->id,          run->space,    run->level,
                                                  run->into,        run->first,    run->last,
                                                  run->piece_first, run->piece_end};
        seal = octets_check(seal, span_of(numbers, sizeof numbers));
    }
    return seal;
}

static uint64_t
column(struct stmt *stmt, int number)
{
    return (uint64_t)stmt_i64(stmt, number);
}

static enum rc
load_runs(struct store_index *index, struct err *err)
{
    struct catalog *catalog = &index->catalog;
    AUTO_STMT stmt = stmt_get(index->db, SQL_RUNS);

    catalog->count = 0;
    while (stmt_row(&stmt)) {
        if (!make_room(catalog))
            return err_set(err, RC_LIMIT, 0, "no memory for runs of an index");
        catalog->runs[catalog->count++] = (struct run){
            .id = column(&stmt, 0),
            .space = (unsigned)column(&stmt, 1),
            .level = (unsigned)column(&stmt, 2),
            .into = column(&stmt, 3),
            .first = column(&stmt, 4),
            .last = column(&stmt, 5),
            .piece_first = column(&stmt, 6),
            .piece_end = column(&stmt, 7),
        };
    }
    return stmt_end(&stmt, err);
}

enum rc
catalog_load(struct store_index *index, struct err *err)
{
    struct catalog *catalog = &index->catalog;
    AUTO_STMT stmt = stmt_get(index->db, SQL_HEAD);
    enum rc rc = stmt_one(&stmt, err);

    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? index_damaged(index, "it has no head", err) : rc;
    const uint64_t seal = column(&stmt, 0);
    if (catalog->known && seal == catalog->seal)
        return RC_OK;
    catalog->known = false;
    catalog->seal = seal;
    catalog->generation = column(&stmt, 1);
    catalog->form = column(&stmt, 2);
    catalog->mark = column(&stmt, 3);
    catalog->documents = column(&stmt, 4);
    catalog->text_octets = column(&stmt, 5);
    catalog->run_next = column(&stmt, 6);
    rc = load_runs(index, err);
    if (rc == RC_OK && seal_of(catalog) != seal)
        rc = index_damaged(index, "its runs are not what they were", err);
    catalog->known = rc == RC_OK;
    return rc;
}

static enum rc
save_run(struct store_index *index, const struct run *run, struct err *err)
{
    AUTO_STMT stmt = stmt_get(index->db, SQL_RUN_PUT);

    stmt_bind_i64(&stmt, 1, (int64_t)run->id);
    stmt_bind_i64(&stmt, 2, run->space);
    stmt_bind_i64(&stmt, 3, run->level);
    stmt_bind_i64(&stmt, 4, (int64_t)run->into);
    stmt_bind_i64(&stmt, 5, (int64_t)run->first);
    stmt_bind_i64(&stmt, 6, (int64_t)run->last);
    stmt_bind_i64(&stmt, 7, (int64_t)run->piece_first);
    stmt_bind_i64(&stmt, 8, (int64_t)run->piece_end);
    return stmt_run(&stmt, err);
}

enum rc
catalog_save(struct store_index *index, struct err *err)
{
    struct catalog *catalog = &index->catalog;

    for (size_t i = 0; i < catalog->count; i++) {
        if (!catalog->runs[i].changed)
            continue;
        const enum rc rc = save_run(index, &catalog->runs[i], err);
        if (rc != RC_OK)
            return rc;
        catalog->runs[i].changed = false;
    }
    catalog->seal = seal_of(catalog);
    AUTO_STMT stmt = stmt_get(index->db, SQL_HEAD_PUT);
    stmt_bind_i64(&stmt, 1, (int64_t)catalog->seal);
    stmt_bind_i64(&stmt, 2, (int64_t)catalog->generation);
    stmt_bind_i64(&stmt, 3, (int64_t)catalog->form);
    stmt_bind_i64(&stmt, 4, (int64_t)catalog->mark);
    stmt_bind_i64(&stmt, 5, (int64_t)catalog->documents);
    stmt_bind_i64(&stmt, 6, (int64_t)catalog->text_octets);
    stmt_bind_i64(&stmt, 7, (int64_t)catalog->run_next);
    return stmt_run(&stmt, err);
}

/* SPDX-License-Identifier: MIT */
/* Pieces as rows. Thread: the index's. */
#include "base/check.h"
#include "store/index/index_private.h"

enum { PIECE_OCTETS_MAX = 32 << 20 };

uint64_t
piece_id(const struct run *run, uint64_t number)
{
    CHECK(number >> PIECE_BITS == 0);
    return run->id << PIECE_BITS | number;
}

static uint64_t
terms_seed(const struct store_index *index, uint64_t id)
{
    return index->catalog.generation ^ id;
}

static uint64_t
lists_seed(const struct store_index *index, uint64_t id)
{
    return ~terms_seed(index, id);
}

/* The row of a piece. */
static enum rc
row(struct store_index *index, enum index_sql sql, uint64_t id, struct stmt *stmt,
    struct err *err)
{
    *stmt = stmt_get(index->db, sql);
    stmt_bind_i64(stmt, 1, (int64_t)id);
    const enum rc rc = stmt_one(stmt, err);
    return rc == RC_NOT_FOUND ? index_damaged(index, "a piece is missing", err) : rc;
}

static enum rc
check_terms(struct store_index *index, uint64_t id, uint64_t seal, struct span terms,
            struct err *err)
{
    if (!piece_is_sound(terms) || octets_check(terms_seed(index, id), terms) != seal)
        return index_damaged(index, "terms are not what they were", err);
    return RC_OK;
}

static enum rc
check_lists(struct store_index *index, uint64_t id, uint64_t seal, struct span lists,
            struct err *err)
{
    if (octets_check(lists_seed(index, id), lists) != seal)
        return index_damaged(index, "lists are not what they were", err);
    return RC_OK;
}

enum rc
piece_read_terms(struct store_index *index, uint64_t id, struct stmt *stmt, struct span *out,
                 struct err *err)
{
    enum rc rc = row(index, SQL_PIECE_TERMS, id, stmt, err);

    if (rc != RC_OK)
        return rc;
    const struct span terms = stmt_span(stmt, 1);
    rc = check_terms(index, id, (uint64_t)stmt_i64(stmt, 0), terms, err);
    if (rc == RC_OK)
        *out = terms;
    return rc;
}

enum rc
piece_read_lists(struct store_index *index, uint64_t id, struct stmt *stmt, struct span *out,
                 struct err *err)
{
    enum rc rc = row(index, SQL_PIECE_LISTS, id, stmt, err);

    if (rc != RC_OK)
        return rc;
    const struct span lists = stmt_span(stmt, 1);
    rc = check_lists(index, id, (uint64_t)stmt_i64(stmt, 0), lists, err);
    if (rc == RC_OK)
        *out = lists;
    return rc;
}

enum rc
piece_read_both(struct store_index *index, uint64_t id, struct buf *terms, struct buf *lists,
                struct err *err)
{
    AUTO_STMT stmt = {0};
    enum rc rc = row(index, SQL_PIECE_BOTH, id, &stmt, err);

    if (rc != RC_OK)
        return rc;
    buf_clear(terms);
    buf_clear(lists);
    const struct span terms_stored = stmt_span(&stmt, 1);
    rc = check_terms(index, id, (uint64_t)stmt_i64(&stmt, 0), terms_stored, err);
    if (rc != RC_OK)
        return rc;
    buf_put_span(terms, terms_stored);
    const struct span lists_stored = stmt_span(&stmt, 3);
    rc = check_lists(index, id, (uint64_t)stmt_i64(&stmt, 2), lists_stored, err);
    if (rc != RC_OK)
        return rc;
    buf_put_span(lists, lists_stored);
    return buf_ok(terms) && buf_ok(lists)
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "no memory for a piece of an index");
}

enum rc
piece_read_first(struct store_index *index, uint64_t id, struct stmt *stmt, struct span *out,
                 struct err *err)
{
    const enum rc rc = row(index, SQL_PIECE_FIRST, id, stmt, err);

    if (rc == RC_OK)
        *out = stmt_span(stmt, 0);
    return rc;
}

enum rc
piece_write(struct store_index *index, struct run *run, struct piece_maker *maker,
            uint64_t *octets, struct err *err)
{
    AUTO_BUF lists = {0};
    AUTO_STMT stmt = stmt_get(index->db, SQL_PIECE_PUT);

    buf_init(&lists, PIECE_OCTETS_MAX);
    if (!piece_maker_lists(maker, &lists))
        return err_set(err, RC_LIMIT, 0, "no memory for a piece of an index");
    if ((run->piece_end + 1) >> PIECE_BITS != 0)
        return err_set(err, RC_LIMIT, 0, "%s: a run has no number left", index->path);
    const uint64_t id = piece_id(run, run->piece_end);
    const struct span terms = buf_span(&maker->terms);
    stmt_bind_i64(&stmt, 1, (int64_t)id);
    stmt_bind_blob(&stmt, 2, piece_first_term(terms));
    stmt_bind_i64(&stmt, 3, (int64_t)octets_check(terms_seed(index, id), terms));
    stmt_bind_blob(&stmt, 4, terms);
    stmt_bind_i64(&stmt, 5, (int64_t)octets_check(lists_seed(index, id), buf_span(&lists)));
    stmt_bind_blob(&stmt, 6, buf_span(&lists));
    const enum rc rc = stmt_run(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *octets += terms.len + buf_len(&lists);
    run->piece_end++;
    run->changed = true;
    piece_maker_clear(maker);
    return RC_OK;
}

enum rc
pieces_remove(struct store_index *index, struct run *run, uint64_t number, struct err *err)
{
    AUTO_STMT stmt = stmt_get(index->db, SQL_PIECES_DELETE);

    if (number == run->piece_first)
        return RC_OK;
    stmt_bind_i64(&stmt, 1, (int64_t)piece_id(run, run->piece_first));
    stmt_bind_i64(&stmt, 2, (int64_t)piece_id(run, number));
    run->piece_first = number;
    run->changed = true;
    return stmt_run(&stmt, err);
}

enum rc
run_put(struct store_index *index, struct run *run, struct piece_maker *maker, struct span term,
        const struct ids *ids, uint64_t *octets, struct err *err)
{
    for (size_t at = 0; at < ids->count;) {
        const size_t left = ids->count - at;
        const size_t count = left < LIST_IDS_MAX ? left : LIST_IDS_MAX;
        if (piece_maker_is_full(maker) || piece_maker_ends_with(maker, term)) {
            const enum rc rc = piece_write(index, run, maker, octets, err);
            if (rc != RC_OK)
                return rc;
        }
        piece_maker_put(maker, term, run->first, ids->at + at, count);
        at += count;
    }
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/* The index of an account's text says what a model says, whatever was added when, and is gone
 * when it is removed, of another form, or when its account is removed. */
#include "index_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"

static void
make_account(struct fixture *fx)
{
    fill(fx, "INBOX", 1);
}

static const char *
file_of(struct fixture *fx, const char *end)
{
    static char path[200];

    snprintf(path, sizeof path, "%s/00/00/7/search.db%s", fx->accounts, end);
    return path;
}

static struct store_index *
open_index(struct fixture *fx, struct store_indexes *indexes, enum index_use use)
{
    struct store_index *index = NULL;

    assert_ok(store_index_open(indexes, fx->acct, use, &index, &fx->err));
    return index;
}

static void
compare_with_model(size_t piece_octets, uint64_t messages)
{
    static const size_t counts[] = {1, 0, 3, 300, 20, 1, 1, 1, 1, 1, 1, 500, 37};
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(piece_octets);
    struct model *model = model_new(piece_octets + 1);

    make_account(fx);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    model_check(model, index);
    for (unsigned i = 0; model->mark < messages; i++) {
        assert_ok(model_add(model, index, counts[i % ARRAY_LEN(counts)], &fx->err));
        if (i % 5 != 0)
            continue;
        model_check(model, index);
        store_index_close(index);
        if (i % 10 == 0) {
            store_indexes_free(indexes);
            indexes = model_pool(piece_octets);
        }
        index = open_index(fx, indexes, INDEX_READ);
        model_check(model, index);
        store_index_close(index);
        index = open_index(fx, indexes, INDEX_WRITE);
    }
    model_check(model, index);
    store_index_close(index);
    store_indexes_free(indexes);
    free(model);
    fixture_free(fx);
}

static void
test_says_what_a_model_says(void **state)
{
    (void)state;
    compare_with_model(0, 2500);
}

static void
test_in_small_pieces(void **state)
{
    (void)state;
    compare_with_model(100, 2000);
}

/* Runs are merged between two slices of a search, many times, and nothing is missed. */
static void
test_is_written_while_it_is_read(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(120);
    struct model *model = model_new(2);
    const struct span needle = SPAN("a");

    (void)state;
    make_account(fx);
    struct store_index *writer = open_index(fx, indexes, INDEX_WRITE);
    for (unsigned i = 0; i < 25; i++)
        assert_ok(model_add(model, writer, 10, &fx->err));
    struct store_index *reader = open_index(fx, indexes, INDEX_READ);
    for (unsigned round = 0; round < 20; round++) {
        uint64_t bits[MODEL_MESSAGES / 64 + 1] = {0};
        const struct index_set set = {.bits = bits, .limit = model->mark + 1};
        const uint64_t mark = model->mark;
        struct index_state snapshot;
        struct span piece;
        uint64_t at = 0;
        enum rc rc = RC_OK;
        while (rc == RC_OK) {
            assert_ok(store_index_begin(reader, &snapshot, &fx->err));
            rc = store_index_terms(reader, INDEX_BODY, &at, &piece, &fx->err);
            for (size_t from = 0; rc == RC_OK && from < piece.len; from++)
                if (piece.ptr[from] == 'a')
                    assert_ok(store_index_found(reader, from, &set, &fx->err));
            if (model->mark < mark + 40)
                assert_ok(model_add(model, writer, 4, &fx->err));
            store_index_end(reader);
        }
        assert_rc(rc, RC_NOT_FOUND);
        for (uint64_t id = 1; id <= mark; id++) {
            bool expected = false;
            char word[MODEL_TERM_OCTETS];
            for (unsigned i = 0; i < MODEL_WORDS; i++)
                expected =
                    expected || (model->has[id][INDEX_BODY][i] &&
                                 span_find(model_word(INDEX_BODY, i, word), needle) >= 0);
            assert_int_equal(bits[id / 64] >> id % 64 & 1, expected);
        }
    }
    store_index_close(reader);
    model_check(model, writer);
    store_index_close(writer);
    store_indexes_free(indexes);
    free(model);
    fixture_free(fx);
}

/* A snapshot stays what it was. */
static void
test_snapshot(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct model *model = model_new(3);
    struct index_state before;
    struct index_state after;
    bool has = true;

    (void)state;
    make_account(fx);
    struct store_index *writer = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(model_add(model, writer, 5, &fx->err));
    struct store_index *reader = open_index(fx, indexes, INDEX_READ);
    assert_ok(store_index_begin(reader, &before, &fx->err));
    assert_ok(model_add(model, writer, 5, &fx->err));
    assert_ok(store_index_begin_anew(writer, &fx->err));
    assert_ok(store_index_has(reader, INDEX_BODY, SPAN("nothing"), 1, &has, &fx->err));
    assert_false(has);
    store_index_end(reader);
    assert_ok(store_index_begin(reader, &after, &fx->err));
    assert_int_equal(after.mark, 0);
    assert_int_equal(after.documents, 0);
    assert_true(before.generation != after.generation);
    store_index_close(reader); /* which ends the snapshot */
    store_index_close(writer);
    store_indexes_free(indexes);
    free(model);
    fixture_free(fx);
}

/* Terms are of octets; of all 256 only the blank and the line end separate. */
static void
test_terms_of_all_octets(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    char text[256 * 4];
    size_t len = 0;

    (void)state;
    make_account(fx);
    for (unsigned octet = 0; octet < 256; octet++) {
        if (octet == ' ' || octet == '\n')
            continue;
        text[len++] = (char)octet;
        text[len++] =
            (char)(octet ^ 1u) == ' ' || (octet ^ 1u) == '\n' ? 'x' : (char)(octet ^ 1u);
        text[len++] = (char)octet;
        text[len++] = ' ';
    }
    const struct index_document document = {.message = 70,
                                            .terms[INDEX_CC] = span_of(text, len - 1)};
    const struct index_batch batch = {.documents = &document, .count = 1, .mark = 90};
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    struct index_state snapshot;
    assert_ok(store_index_add(index, &batch, &fx->err));
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    assert_int_equal(snapshot.mark, 90);
    for (size_t at = 0; at < len; at += 4) {
        uint64_t bits[2] = {0};
        const struct index_set set = {.bits = bits, .limit = 91};
        assert_ok(store_index_messages(index, INDEX_CC, span_of(text + at, 3), &set, &fx->err));
        assert_true(bits[0] == 0 && bits[1] == UINT64_C(1) << 6);
        assert_ok(store_index_messages(index, INDEX_CC, span_of(text + at, 2), &set, &fx->err));
        assert_ok(store_index_messages(index, INDEX_TO, span_of(text + at, 3), &set, &fx->err));
        assert_true(bits[0] == 0 && bits[1] == UINT64_C(1) << 6);
    }
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

static enum rc
add_one(struct fixture *fx, struct store_index *index, uint64_t message, const char *terms,
        size_t len, uint64_t mark)
{
    const struct index_document document = {.message = message,
                                            .terms[INDEX_BODY] = span_of(terms, len)};
    const struct index_batch batch = {.documents = &document, .count = 1, .mark = mark};

    return store_index_add(index, &batch, &fx->err);
}

static void
test_refuses_what_is_not_as_it_has_to_be(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct index_state snapshot;
    static char longest[10 * INDEX_TERM_OCTETS];

    (void)state;
    make_account(fx);
    memset(longest, 'x', sizeof longest);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, index, 5, longest, INDEX_TERM_OCTETS, 6));
    assert_rc(add_one(fx, index, 7, longest, INDEX_TERM_OCTETS + 1, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 7, longest, sizeof longest, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 6, "a", 1, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 9, "a", 1, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 7, "a  b", 4, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 7, " a", 2, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 7, "a ", 2, 8), RC_INVALID);
    assert_rc(add_one(fx, index, 7, "a\nb", 3, 8), RC_INVALID);
    assert_rc(add_one(fx, index, UINT64_MAX, "a", 1, UINT64_MAX), RC_INVALID);
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    assert_int_equal(snapshot.mark, 6);
    assert_int_equal(snapshot.documents, 1);
    store_index_end(index);
    assert_ok(add_one(fx, index, 7, "a a", 3, 7)); /* twice the same does no harm */
    assert_ok(add_one(fx, index, INT64_MAX, "a", 1, INT64_MAX));
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    bool has = false;
    assert_ok(store_index_has(index, INDEX_BODY, SPAN("a"), INT64_MAX, &has, &fx->err));
    assert_true(has);
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

/* A term with more messages than one list may have comes in several pieces. */
static void
test_a_term_of_very_many_messages(void **state)
{
    enum { MESSAGES = 200000, BATCH = 20000 };
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct index_document *documents = calloc(BATCH, sizeof *documents);
    uint64_t *bits = calloc(MESSAGES / 64 + 1, sizeof *bits);
    const struct index_set set = {.bits = bits, .limit = MESSAGES + 1};
    struct index_state snapshot;
    bool has = false;

    (void)state;
    assert_true(documents != NULL && bits != NULL);
    make_account(fx);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    for (uint64_t first = 1; first <= MESSAGES; first += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++)
            documents[i] = (struct index_document){
                .message = first + i,
                .terms[INDEX_BODY] =
                    (first + i) % 9 == 0 ? SPAN("often ninth") : SPAN("often")};
        const struct index_batch batch = {
            .documents = documents, .count = BATCH, .mark = first + BATCH - 1};
        assert_ok(store_index_add(index, &batch, &fx->err));
    }
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    assert_ok(store_index_messages(index, INDEX_BODY, SPAN("often"), &set, &fx->err));
    for (uint64_t id = 0; id <= MESSAGES; id++)
        assert_int_equal(bits[id / 64] >> id % 64 & 1, id > 0);
    memset(bits, 0, (MESSAGES / 64 + 1) * sizeof *bits);
    assert_ok(store_index_messages(index, INDEX_BODY, SPAN("ninth"), &set, &fx->err));
    for (uint64_t id = 0; id <= MESSAGES; id++)
        assert_int_equal(bits[id / 64] >> id % 64 & 1, id > 0 && id % 9 == 0);
    assert_ok(store_index_has(index, INDEX_BODY, SPAN("often"), MESSAGES, &has, &fx->err));
    assert_true(has);
    store_index_close(index);
    store_indexes_free(indexes);
    free(documents);
    free(bits);
    fixture_free(fx);
}

static void
test_proofs_are_bounded(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct index_proof *proofs = calloc((size_t)11 * LIMIT_INDEX_PROOFS, sizeof *proofs);
    struct index_state snapshot;
    size_t count = 0;

    (void)state;
    assert_non_null(proofs);
    make_account(fx);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    for (uint64_t id = 1; id <= (uint64_t)10 * LIMIT_INDEX_PROOFS; id++) {
        const struct index_batch batch = {.mark = id, .proof_message = id};
        assert_ok(store_index_add(index, &batch, &fx->err));
        if (id != LIMIT_INDEX_PROOFS && id != LIMIT_INDEX_PROOFS + 1 &&
            id != (uint64_t)10 * LIMIT_INDEX_PROOFS)
            continue;
        assert_ok(store_index_begin(index, &snapshot, &fx->err));
        assert_ok(store_index_proofs(index, proofs, (size_t)11 * LIMIT_INDEX_PROOFS, &count,
                                     &fx->err));
        assert_int_equal(count, LIMIT_INDEX_PROOFS);
        assert_int_equal(proofs[0].message, id);
        assert_int_equal(proofs[count - 1].message, id - count + 1);
        store_index_end(index);
    }
    store_index_close(index);
    store_indexes_free(indexes);
    free(proofs);
    fixture_free(fx);
}

/* ---- the file ---- */

static void
test_there_is_none(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *index = NULL;

    (void)state;
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err), RC_NOT_FOUND);
    make_account(fx);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    assert_int_equal(access(file_of(fx, ""), F_OK), -1);
    assert_ok(store_index_remove(indexes, fx->acct, &fx->err));
    assert_int_equal(store_indexes_open_count(indexes), 0);
    index = open_index(fx, indexes, INDEX_WRITE);
    struct stat st;
    assert_int_equal(stat(file_of(fx, ""), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

static void
test_one_writer(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *second = NULL;

    (void)state;
    make_account(fx);
    struct store_index *writer = open_index(fx, indexes, INDEX_WRITE);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_WRITE, &second, &fx->err), RC_BUSY);
    struct store_index *reader = open_index(fx, indexes, INDEX_READ);
    store_index_close(writer);
    writer = open_index(fx, indexes, INDEX_WRITE);
    store_index_close(reader);
    store_index_close(writer);
    store_indexes_free(indexes);
    fixture_free(fx);
}

static void
test_open_files_are_bounded(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *open[LIMIT_INDEXES_OPEN];
    struct store_index *more = NULL;

    (void)state;
    make_account(fx);
    for (unsigned i = 0; i < LIMIT_INDEXES_OPEN; i++)
        open[i] = open_index(fx, indexes, i == 0 ? INDEX_WRITE : INDEX_READ);
    for (unsigned i = 0; i < 10 * LIMIT_INDEXES_OPEN; i++)
        assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &more, &fx->err), RC_LIMIT);
    assert_int_equal(store_indexes_open_count(indexes), LIMIT_INDEXES_OPEN);
    store_index_close(open[3]);
    open[3] = open_index(fx, indexes, INDEX_READ);
    assert_int_equal(store_indexes_open_count(indexes), LIMIT_INDEXES_OPEN);

    /* an idle one of another account makes room */
    struct store_account *other = NULL;
    struct store_account *const first = fx->acct;
    store_index_close(open[3]);
    assert_ok(store_account_get(fx->store, 8, &other));
    fx->acct = other;
    make_account(fx);
    open[3] = open_index(fx, indexes, INDEX_WRITE);
    assert_int_equal(store_indexes_open_count(indexes), LIMIT_INDEXES_OPEN);
    fx->acct = first;
    for (unsigned i = 0; i < LIMIT_INDEXES_OPEN; i++)
        store_index_close(open[i]);
    store_account_put(other);

    assert_int_equal(store_indexes_open_count(indexes), LIMIT_INDEXES_OPEN);
    test_now_s += LIMIT_INDEX_IDLE_S - 1;
    store_indexes_keep_house(indexes);
    assert_int_equal(store_indexes_open_count(indexes), LIMIT_INDEXES_OPEN);
    store_index_close(open_index(fx, indexes, INDEX_READ)); /* used last now */
    test_now_s += 1;
    store_indexes_keep_house(indexes);
    assert_int_equal(store_indexes_open_count(indexes), 1);
    test_now_s += (int64_t)10 * LIMIT_INDEX_IDLE_S;
    store_indexes_keep_house(indexes);
    assert_int_equal(store_indexes_open_count(indexes), 0);
    store_indexes_free(indexes);
    fixture_free(fx);
}

static uint64_t
mark_of(struct fixture *fx, struct store_index *index, uint64_t *generation)
{
    struct index_state snapshot;

    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    store_index_end(index);
    if (generation != NULL)
        *generation = snapshot.generation;
    return snapshot.mark;
}

static void
test_is_removed(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *index = NULL;
    uint64_t generations[3];

    (void)state;
    make_account(fx);
    struct store_index *writer = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, writer, 5, "a", 1, 6));
    assert_int_equal(mark_of(fx, writer, &generations[0]), 6);
    assert_ok(store_index_remove(indexes, fx->acct, &fx->err));
    assert_int_equal(access(file_of(fx, ""), F_OK), -1);
    assert_int_equal(access(file_of(fx, "-wal"), F_OK), -1);
    assert_int_equal(mark_of(fx, writer, NULL), 6); /* reads on */
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    store_index_close(writer);
    assert_int_equal(store_indexes_open_count(indexes), 0);

    writer = open_index(fx, indexes, INDEX_WRITE);
    assert_int_equal(mark_of(fx, writer, &generations[1]), 0);
    assert_true(generations[0] != generations[1]);
    assert_ok(add_one(fx, writer, 7, "a", 1, 7));
    store_index_close(writer);
    /* an administrator removes the files while one is idle */
    assert_int_equal(unlink(file_of(fx, "")), 0);
    unlink(file_of(fx, "-wal"));
    unlink(file_of(fx, "-shm"));
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    writer = open_index(fx, indexes, INDEX_WRITE);
    assert_int_equal(mark_of(fx, writer, &generations[2]), 0);
    assert_true(generations[1] != generations[2]);
    store_index_close(writer);
    store_indexes_free(indexes);
    fixture_free(fx);
}

static void
test_of_another_form(void **state)
{
    const struct store_indexes_options options = {.clock = &test_clock, .form = MODEL_FORM + 1};
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *index = NULL;
    struct index_state snapshot;

    (void)state;
    make_account(fx);
    index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, index, 5, "a", 1, 6));
    store_index_close(index);
    store_indexes_free(indexes);
    assert_int_equal(store_indexes_new(&options, &indexes), RC_OK);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    assert_int_equal(snapshot.mark, 0);
    assert_int_equal(snapshot.form, MODEL_FORM + 1);
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

/* What is in the account's directory goes with the account. */
static void
test_goes_with_its_account(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct store_index *index = NULL;

    (void)state;
    make_account(fx);
    index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, index, 5, "a", 1, 6));
    store_index_close(index); /* it is still open, and idle */
    verify(fx);
    store_account_put(fx->acct);
    assert_ok(store_account_remove(fx->store, 7, &fx->err));
    assert_int_equal(access(file_of(fx, ""), F_OK), -1);
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    make_account(fx);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err), RC_NOT_FOUND);
    index = open_index(fx, indexes, INDEX_WRITE);
    assert_int_equal(mark_of(fx, index, NULL), 0);
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

/* The log does not stay large, and is empty when nobody writes. */
static void
test_log_is_emptied(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct model *model = model_new(4);
    struct stat st;

    (void)state;
    make_account(fx);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    for (unsigned i = 0; i < 25; i++) {
        assert_ok(model_add(model, index, 100, &fx->err));
        assert_int_equal(stat(file_of(fx, "-wal"), &st), 0);
        assert_true((uint64_t)st.st_size <= (uint64_t)2 * LIMIT_INDEX_LOG_OCTETS);
    }
    store_index_close(index);
    assert_int_equal(stat(file_of(fx, "-wal"), &st), 0);
    assert_int_equal(st.st_size, 0);
    store_indexes_free(indexes);
    free(model);
    fixture_free(fx);
}

/* One batch may be far larger than that. */
static void
test_log_of_a_large_batch(void **state)
{
    const size_t octets = (size_t)10 * LIMIT_INDEX_LOG_OCTETS;
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct index_state snapshot;
    struct stat st;
    AUTO_BUF terms = {0};

    (void)state;
    make_account(fx);
    buf_init(&terms, 2 * octets);
    for (unsigned i = 0; buf_len(&terms) < octets; i++)
        buf_printf(&terms, "%s%u%0500u", i > 0 ? " " : "", i % 1000, i);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, index, 5, buf_span(&terms).ptr, buf_len(&terms), 5));
    assert_int_equal(stat(file_of(fx, "-wal"), &st), 0);
    assert_true((size_t)st.st_size <= LIMIT_INDEX_LOG_OCTETS);
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    assert_true(snapshot.octets > octets);
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

/* Large batches move no more than small ones, and what they leave is made up for. */
static void
test_what_a_batch_moves_is_bounded(void **state)
{
    enum { BATCHES = 40, TERM = 100 };
    const size_t octets = LIMIT_INDEX_MERGE_OCTETS; /* of which eight times would be moved */
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(0);
    struct index_state snapshot;
    bool was_behind = false;
    unsigned steps = 0;
    struct stat st;

    (void)state;
    make_account(fx);
    struct store_index *index = open_index(fx, indexes, INDEX_WRITE);
    assert_ok(add_one(fx, index, 1, "term", 4, 1));
    struct store_index *reader = open_index(fx, indexes, INDEX_READ);
    assert_ok(store_index_begin(reader, &snapshot, &fx->err)); /* so that the log is kept */
    for (unsigned i = 2; i < 2 + BATCHES; i++) {
        AUTO_BUF terms = {0};
        buf_init(&terms, 2 * octets);
        for (unsigned k = 0; buf_len(&terms) < octets; k++)
            buf_printf(&terms, "%s%0*ux%u", k > 0 ? " " : "", TERM, k * 7919 % 100003, i);
        assert_int_equal(stat(file_of(fx, "-wal"), &st), 0);
        const off_t before = st.st_size;
        assert_ok(add_one(fx, index, i, buf_span(&terms).ptr, buf_len(&terms), i));
        assert_int_equal(stat(file_of(fx, "-wal"), &st), 0);
        assert_true((uint64_t)(st.st_size - before) <= 2 * (octets + LIMIT_INDEX_MERGE_OCTETS));
        was_behind |= store_index_is_behind(index);
    }
    assert_true(was_behind);
    store_index_close(reader);
    const struct index_batch none = {.mark = 1 + BATCHES};
    for (; store_index_is_behind(index); steps++) {
        assert_true(steps < 8 * BATCHES);
        assert_ok(store_index_add(index, &none, &fx->err));
    }
    assert_true(steps > 0);
    assert_ok(store_index_begin(index, &snapshot, &fx->err));
    for (unsigned i = 2; i < 2 + BATCHES; i++) {
        char term[TERM + 16];
        bool has = false;
        snprintf(term, sizeof term, "%0*ux%u", TERM, 5 * 7919 % 100003, i);
        assert_ok(store_index_has(index, INDEX_BODY, span_of_str(term), i, &has, &fx->err));
        assert_true(has);
    }
    store_index_close(index);
    store_indexes_free(indexes);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_a_model_says),
        cmocka_unit_test(test_in_small_pieces),
        cmocka_unit_test(test_is_written_while_it_is_read),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_terms_of_all_octets),
        cmocka_unit_test(test_refuses_what_is_not_as_it_has_to_be),
        cmocka_unit_test(test_a_term_of_very_many_messages),
        cmocka_unit_test(test_proofs_are_bounded),
        cmocka_unit_test(test_there_is_none),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_open_files_are_bounded),
        cmocka_unit_test(test_is_removed),
        cmocka_unit_test(test_of_another_form),
        cmocka_unit_test(test_goes_with_its_account),
        cmocka_unit_test(test_log_is_emptied),
        cmocka_unit_test(test_log_of_a_large_batch),
        cmocka_unit_test(test_what_a_batch_moves_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A damaged index is told to be damaged, or says what is true: whichever octets of its file are
 * overwritten, wherever it is cut, whichever rows are changed or lost. A disk that fails, or is
 * full, leaves the index before or after a batch.
 */
#include "index_model.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/fault_vfs.h"

enum { BATCHES = 9, BATCH = 40, PIECE = 300, FILE_MAX = 64 << 20 };

static const char *
file_of(struct fixture *fx)
{
    static char path[200];

    snprintf(path, sizeof path, "%s/00/00/7/search.db", fx->accounts);
    return path;
}

static void
fill_index(struct fixture *fx, struct store_indexes *indexes, struct model *model)
{
    struct store_index *index = NULL;

    fill(fx, "INBOX", 1);
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    for (unsigned i = 0; i < BATCHES; i++)
        assert_ok(model_add(model, index, BATCH, &fx->err));
    model_check(model, index);
    store_index_close(index);
}

/* A good index as octets. */
static void
read_file(struct fixture *fx, struct buf *out)
{
    AUTO_FD fd = open(file_of(fx), O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    buf_init(out, FILE_MAX);
    assert_ok(fd_read_all(fd, out, &fx->err));
}

static void
write_file(struct fixture *fx, struct span octets)
{
    AUTO_FD fd = open(file_of(fx), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets.ptr, octets.len), octets.len);
}

/* Opens the file anew and asks and adds. True: it was found to be damaged. */
static bool
is_damaged(struct fixture *fx, const struct model *model)
{
    struct store_indexes *indexes = model_pool(PIECE);
    struct store_index *index = NULL;
    enum rc rc = store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err);

    if (rc == RC_OK)
        rc = model_ask(model, index, &fx->err);
    else if (rc == RC_NOT_FOUND) /* of another version, as far as anybody can see */
        rc = RC_CORRUPT;
    store_index_close(index);
    index = NULL;
    /* a writer may find damage that a reader does not see, or write elsewhere */
    if (rc == RC_OK &&
        store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err) == RC_OK) {
        struct model *copy = malloc(sizeof *copy);
        assert_non_null(copy);
        *copy = *model;
        enum rc added = RC_OK;
        for (unsigned i = 0; i < 4 && added == RC_OK; i++) {
            added = model_add(copy, index, 10, &fx->err);
            if (added == RC_OK)
                added = model_ask(copy, index, &fx->err);
        }
        if (added != RC_OK && added != RC_CORRUPT)
            fail_msg("%s", fx->err.text);
        free(copy);
    }
    store_index_close(index);
    store_indexes_free(indexes);
    if (rc != RC_OK && rc != RC_CORRUPT)
        fail_msg("%s", fx->err.text);
    return rc == RC_CORRUPT;
}

static void
test_octets_are_overwritten(void **state)
{
    enum { RUN = 24 };
    const unsigned rounds = getenv("ROOST_LONG") != NULL ? 200 : 32;
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(PIECE);
    struct model *model = model_new(10);
    AUTO_BUF good = {0};
    struct rng rng;
    unsigned damaged = 0;

    (void)state;
    fill_index(fx, indexes, model);
    store_indexes_free(indexes);
    read_file(fx, &good);
    rng_seed(&rng, 11);
    for (unsigned round = 0; round < rounds; round++) {
        char *bad = malloc(buf_len(&good));
        assert_non_null(bad);
        memcpy(bad, buf_span(&good).ptr, buf_len(&good));
        /* some rounds go for the beginning, where the schema and the head are */
        const uint64_t room = round % 4 == 0 ? 16384 : buf_len(&good) - RUN;
        for (unsigned i = 0; i < 1 + round % 5; i++)
            rng_fill(&rng, bad + rng_below(&rng, room), 1 + rng_below(&rng, RUN));
        write_file(fx, span_of(bad, buf_len(&good)));
        damaged += is_damaged(fx, model);
        free(bad);
    }
    assert_true(damaged > rounds / 3); /* the others hit free pages */
    write_file(fx, buf_span(&good));
    assert_false(is_damaged(fx, model));
    free(model);
    fixture_free(fx);
}

static void
test_file_is_cut(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(PIECE);
    struct model *model = model_new(12);
    AUTO_BUF good = {0};
    unsigned damaged = 0;
    unsigned rounds = 0;

    (void)state;
    fill_index(fx, indexes, model);
    store_indexes_free(indexes);
    read_file(fx, &good);
    for (size_t len = 0; len < buf_len(&good); len += 1 + buf_len(&good) / 25, rounds++) {
        write_file(fx, span_head(buf_span(&good), len));
        damaged += is_damaged(fx, model);
    }
    assert_true(damaged > rounds / 2);
    free(model);
    fixture_free(fx);
}

static void
run_on(const char *path, const char *sql)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(raw));
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
}

/* What SQLite takes for good. */
static void
test_rows_are_changed(void **state)
{
    static const char *const changes[] = {
        "DELETE FROM head",
        "UPDATE head SET mark = mark + 1",
        "UPDATE head SET generation = 1",
        "UPDATE head SET documents = 0",
        "DELETE FROM run WHERE id = (SELECT max(id) FROM run)",
        "UPDATE run SET piece_first = piece_end WHERE id = (SELECT min(id) FROM run)",
        "UPDATE run SET message_first = message_first + 1",
        "UPDATE run SET space = 1 - space WHERE space < 2",
        "DELETE FROM piece WHERE id = (SELECT min(id) FROM piece)",
        "DELETE FROM piece WHERE id = (SELECT max(id) FROM piece)",
        "DELETE FROM piece",
        "UPDATE piece SET first = terms",
        "UPDATE piece SET first = x'ff'",
        "UPDATE piece SET first = ''",
        "UPDATE piece SET terms = x'0a'",
        "UPDATE piece SET terms = ''",
        "UPDATE piece SET lists = ''",
        "UPDATE piece SET lists = x'00ff'",
        "UPDATE piece SET lists_seal = 0 WHERE id = (SELECT min(id) FROM piece)",
        "UPDATE piece SET terms = (SELECT terms FROM piece) WHERE id % 3 = 0",
        "UPDATE proof SET digest = ''",
    };
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(PIECE);
    struct model *model = model_new(13);
    AUTO_BUF good = {0};

    (void)state;
    fill_index(fx, indexes, model);
    store_indexes_free(indexes);
    read_file(fx, &good);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        write_file(fx, buf_span(&good));
        run_on(file_of(fx), changes[i]);
        const bool hint = strstr(changes[i], "SET first") != NULL; /* is only a hint */
        if (!is_damaged(fx, model) && !hint)
            fail_msg("not noticed: %s", changes[i]);
    }
    write_file(fx, SPAN("This is no database, but a file of somebody's.\n"));
    assert_true(is_damaged(fx, model));
    write_file(fx, buf_span(&good));
    run_on(file_of(fx), "PRAGMA user_version = 99");
    assert_true(is_damaged(fx, model));
    free(model);
    fixture_free(fx);
}

/* A damaged one is removed, and another one is made. */
static void
test_is_made_again(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(PIECE);
    struct model *model = model_new(14);
    struct store_index *index = NULL;

    (void)state;
    fill_index(fx, indexes, model);
    run_on(file_of(fx), "DELETE FROM piece");
    assert_ok(store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err));
    assert_rc(model_ask(model, index, &fx->err), RC_CORRUPT);
    store_index_close(index);
    assert_int_equal(store_indexes_open_count(indexes), 0); /* such a file is not kept open */
    assert_ok(store_index_remove(indexes, fx->acct, &fx->err));
    free(model);
    model = model_new(15);
    fill_index(fx, indexes, model);

    write_file(fx, SPAN("This is no database, but a file of somebody's.\n"));
    store_indexes_free(indexes);
    indexes = model_pool(PIECE);
    assert_rc(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err), RC_CORRUPT);
    assert_int_equal(store_indexes_open_count(indexes), 0);
    assert_ok(store_index_remove(indexes, fx->acct, &fx->err));
    free(model);
    model = model_new(16);
    fill_index(fx, indexes, model);
    store_indexes_free(indexes);
    free(model);
    fixture_free(fx);
}

/* ---- a disk that fails ---- */

static struct store_indexes *
faulty_pool(void)
{
    const struct store_indexes_options options = {
        .clock = &test_clock, .form = MODEL_FORM, .vfs = FAULT_VFS, .piece_octets = PIECE};
    struct store_indexes *indexes = NULL;

    fault_vfs_register();
    assert_int_equal(store_indexes_new(&options, &indexes), RC_OK);
    return indexes;
}

/* Opens and adds with a disk whose nth operation fails. Afterwards, the disk is well again, the
 * index is what it was before or after, and goes on. True: the failure was reached. */
static bool
add_with_fault(struct fixture *fx, struct model *model, enum fault_kind kind, uint64_t nth)
{
    struct store_indexes *indexes = faulty_pool();
    struct store_index *index = NULL;
    struct model *after = malloc(sizeof *after);

    assert_non_null(after);
    *after = *model;
    fault_vfs_arm(kind, nth);
    enum rc rc = store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err);
    if (rc == RC_OK)
        rc = model_add(after, index, 6, &fx->err);
    store_index_close(index);
    store_indexes_free(indexes);
    const bool fired = fault_vfs_fired();
    fault_vfs_arm(FAULT_NONE, 0);
    if (rc != RC_OK)
        assert_true(fired &&
                    (rc == RC_IO || rc == RC_FULL || rc == RC_LIMIT || rc == RC_NOT_FOUND));

    indexes = model_pool(PIECE);
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    model_check(rc == RC_OK ? after : model, index);
    if (rc == RC_OK)
        *model = *after;
    store_index_close(index);
    store_indexes_free(indexes);
    free(after);
    return fired;
}

static void
test_disk_fails(void **state)
{
    static const enum fault_kind kinds[] = {FAULT_FULL, FAULT_IO, FAULT_CRASH};
    struct fixture *fx = fixture_new();
    struct store_indexes *indexes = model_pool(PIECE);
    struct model *model = model_new(17);

    (void)state;
    fill_index(fx, indexes, model);
    store_indexes_free(indexes);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (uint64_t nth = 1; add_with_fault(fx, model, kinds[i], nth); nth += 1 + nth / 6)
            assert_true(nth < 100000);
    free(model);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets_are_overwritten),
        cmocka_unit_test(test_file_is_cut),
        cmocka_unit_test(test_rows_are_changed),
        cmocka_unit_test(test_is_made_again),
        cmocka_unit_test(test_disk_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

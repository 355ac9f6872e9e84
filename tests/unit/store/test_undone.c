/* SPDX-License-Identifier: MIT */
/*
 * What is undone leaves no trace in what a writer keeps in memory (INV-S24): the modseq that it
 * says is that of the rows, so no number that anybody was told of is given to another change.
 */
#include "support.h"

#include <stdio.h>

#include "base/rng.h"

enum { STEPS = 600 };

static const struct metadata_of server = {.mbox = 0};

static uint64_t
modseq_of(struct fixture *fx, struct store_tx *tx)
{
    uint64_t modseq = 0;

    assert_ok(store_modseq(tx, &modseq, &fx->err));
    return modseq;
}

static uint64_t
modseq_of_rows(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);
    const uint64_t modseq = modseq_of(fx, tx);

    store_end(tx);
    return modseq;
}

static void
set(struct fixture *fx, struct store_tx *tx, const char *name)
{
    assert_ok(store_metadata_set(tx, &server, span_of_str(name), SPAN("x"), &fx->err));
}

/* Modseq of the only entry that has changed since. */
static uint64_t
set_since(struct fixture *fx, uint64_t modseq)
{
    const struct metadata_since since = {.modseq = modseq};
    struct store_tx *tx = begin_read(fx);
    struct metadata_row *rows = NULL;
    size_t count = 0;

    assert_ok(store_metadata_since(tx, &since, &fx->arena, &rows, &count, &fx->err));
    store_end(tx);
    assert_int_equal(count, 1);
    return rows[0].modseq;
}

/* One that fails in the same commit as one that does not. */
static void
test_a_request(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    uint64_t made = 0;

    (void)state;
    assert_ok(store_savepoint(tx, &fx->err));
    set(fx, tx, "/shared/a");
    assert_ok(store_savepoint_release(tx, &fx->err));
    const uint64_t good = modseq_of(fx, tx);
    assert_ok(store_savepoint(tx, &fx->err));
    add_message(fx, tx, inbox, 1, 0);
    assert_ok(store_mbox_create(tx, SPAN("made"), 0, &made, &fx->err));
    set(fx, tx, "/shared/b");
    assert_true(modseq_of(fx, tx) > good);
    store_savepoint_rollback(tx);
    const uint64_t told = modseq_of(fx, tx);
    commit(fx, tx);
    assert_int_equal(told, modseq_of_rows(fx));
    assert_int_equal(told, good);
    assert_int_equal(modseq_of(fx, tx = begin_write(fx)), told);
    store_end(tx);

    /* What comes later has a higher one, whoever has the account then. */
    fixture_restart(fx);
    tx = begin_write(fx);
    set(fx, tx, "/shared/c");
    commit(fx, tx);
    assert_true(set_since(fx, told) > told);
    verify(fx);
    fixture_free(fx);
}

static void
test_a_transaction(void **state)
{
    struct fixture *fx = fixture_new();
    const uint64_t before = modseq_of_rows(fx);
    struct store_tx *tx = begin_write(fx);

    (void)state;
    assert_int_equal(modseq_of(fx, tx), before);
    add_message(fx, tx, mbox_id(fx, tx, "INBOX"), 1, 0);
    set(fx, tx, "/shared/a");
    store_end(tx);
    tx = begin_write(fx);
    assert_int_equal(modseq_of(fx, tx), before);
    set(fx, tx, "/shared/a");
    commit(fx, tx);
    assert_true(modseq_of_rows(fx) > before);
    verify(fx);
    fixture_free(fx);
}

/* The mailboxes of a new account are made with the first transaction or for somebody who reads:
 * what comes next is another change all the same, and one that was undone before has left
 * nothing.
 */
static void
test_the_first_one(void **state)
{
    for (unsigned undone = 0; undone < 2; undone++) {
        struct fixture *fx = fixture_new();
        struct store_tx *tx;

        (void)state;
        if (undone == 1) {
            tx = begin_write(fx);
            const uint64_t made = modseq_of(fx, tx);
            set(fx, tx, "/shared/a");
            assert_int_equal(modseq_of(fx, tx), made + 1);
            store_end(tx);
        }
        const uint64_t before = modseq_of_rows(fx);
        for (unsigned i = 0; i < 2; i++) {
            tx = begin_write(fx);
            assert_int_equal(modseq_of(fx, tx), before + i);
            set(fx, tx, i == 0 ? "/shared/a" : "/shared/b");
            assert_int_equal(modseq_of(fx, tx), before + i + 1);
            commit(fx, tx);
        }
        assert_int_equal(modseq_of_rows(fx), before + 2);
        verify(fx);
        fixture_free(fx);
    }
}

/* One change of whatever kind. */
static void
change(struct fixture *fx, struct store_tx *tx, struct rng *rng)
{
    static const char *const names[] = {"INBOX", "Trash", "Sent", "x", "y"};
    const char *name = names[rng_below(rng, ARRAY_LEN(names))];
    const uint32_t uid = 1 + (uint32_t)rng_below(rng, 60);
    const struct uid_run run = {uid, uid + (uint32_t)rng_below(rng, 9)};
    struct copy_result copied;
    struct expunge_result gone;
    struct flags_result flags;
    struct mbox_row row;
    uint32_t number;
    uint64_t made;
    bool more;

    const enum rc rc = store_mbox_find(tx, span_of_str(name), &fx->arena, &row, &fx->err);
    if (rc == RC_NOT_FOUND) {
        assert_ok(store_mbox_create(tx, span_of_str(name), 0, &made, &fx->err));
        return;
    }
    assert_ok(rc);
    const struct metadata_of of = {.mbox = row.id};
    const struct expunge_req expunge = {.mbox = row.id, .runs = &run, .run_count = 1};
    const struct copy_req copy = {
        .from = row.id,
        .to = rng_below(rng, 3) == 0 ? row.id : mbox_id(fx, tx, "Archive"),
        .runs = &run,
        .run_count = 1,
        .move = rng_below(rng, 2) == 0,
    };
    const struct flags_req seen = {.mbox = row.id,
                                   .runs = &run,
                                   .run_count = 1,
                                   .mode = rng_below(rng, 2) == 0 ? FLAGS_ADD : FLAGS_REMOVE,
                                   .flags = MSG_SEEN,
                                   .unchanged_since = MODSEQ_ANY};
    switch (rng_below(rng, 12)) {
    case 0:
        assert_ok(store_expunge(tx, &expunge, &fx->arena, &gone, &fx->err));
        break;
    case 1:
        assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
        break;
    case 2:
        if (name[1] == '\0')
            assert_ok(store_mbox_delete(tx, row.id, &fx->err));
        break;
    case 3:
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        break;
    case 4:
        assert_ok(store_metadata_set(tx, &of, SPAN("/shared/a"), SPAN("x"), &fx->err));
        break;
    case 5:
        assert_ok(store_metadata_remove(tx, &of, SPAN("/shared/a"), &fx->err));
        break;
    case 6:
        assert_ok(store_subscribe(tx, span_of_str(name), &fx->err));
        break;
    case 7:
        assert_ok(store_unsubscribe(tx, span_of_str(name), &fx->err));
        break;
    case 8:
        assert_ok(store_keyword_add(tx, row.id, SPAN("k"), &number, &fx->err));
        break;
    case 9:
        assert_ok(store_flags_update(tx, &seen, &fx->arena, &flags, &fx->err));
        break;
    default:
        add_message(fx, tx, row.id, uid, uid % 32);
        break;
    }
}

/* Of whatever kind, in whatever order: a modseq that was told belongs to what was there
 * then. */
static void
test_anything(void **state)
{
    struct fixture *fx = fixture_new();
    uint64_t told = modseq_of_rows(fx);
    unsigned undone = 0;
    struct rng rng;

    (void)state;
    rng_seed(&rng, 20);
    for (unsigned i = 0; i < STEPS; i++) {
        struct store_tx *tx = begin_write(fx);
        assert_int_equal(modseq_of(fx, tx), told);
        for (uint64_t n = rng_below(&rng, 4); n > 0; n--) {
            const uint64_t before = modseq_of(fx, tx);
            assert_ok(store_savepoint(tx, &fx->err));
            change(fx, tx, &rng);
            change(fx, tx, &rng);
            if (rng_below(&rng, 3) == 0) {
                undone += modseq_of(fx, tx) != before;
                store_savepoint_rollback(tx);
                assert_int_equal(modseq_of(fx, tx), before);
            } else {
                assert_ok(store_savepoint_release(tx, &fx->err));
            }
        }
        const uint64_t now = modseq_of(fx, tx);
        if (rng_below(&rng, 5) == 0) {
            store_end(tx);
        } else {
            commit(fx, tx);
            told = now;
        }
        assert_int_equal(modseq_of_rows(fx), told);
        if (i % 40 == 0)
            fixture_restart(fx);
        arena_reset(&fx->arena);
    }
    assert_true(undone > 100);
    verify(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request),
        cmocka_unit_test(test_a_transaction),
        cmocka_unit_test(test_the_first_one),
        cmocka_unit_test(test_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

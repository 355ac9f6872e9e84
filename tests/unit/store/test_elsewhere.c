/* SPDX-License-Identifier: MIT */
/* Writers elsewhere: two stores on one directory, as two nodes have one account. */
#include "support.h"

#include <stdio.h>

#include "support/seam_engine.h"

struct pair {
    struct fixture *fx; /* here; its account is 7 */
    struct store *store;
    struct store_account *acct; /* the same account, elsewhere */
};

static struct pair
pair_new(void)
{
    struct pair pair = {.fx = fixture_new_shared()};
    struct fixture *fx = pair.fx;

    assert_ok(store_open_sqlite(&fx->options, &pair.store, &fx->err));
    assert_ok(store_account_get(pair.store, 7, &pair.acct));
    return pair;
}

static void
pair_free(struct pair *pair)
{
    store_account_put(pair->acct);
    store_close(pair->store);
    fixture_free(pair->fx);
}

static struct store_tx *
write_elsewhere(struct pair *pair)
{
    struct fixture *fx = pair->fx;
    struct store_tx *tx = NULL;

    assert_ok(store_write_begin(pair->acct, WAKE_NOBODY, &tx, &fx->err));
    return tx;
}

static uint64_t
latest(struct fixture *fx)
{
    uint64_t modseq = 0;

    assert_ok(store_latest(fx->acct, WAKE_NOBODY, &modseq, &fx->err));
    return modseq;
}

static uint64_t
modseq_of(struct fixture *fx, struct store_tx *tx)
{
    uint64_t modseq = 0;

    assert_ok(store_modseq(tx, &modseq, &fx->err));
    return modseq;
}

static void
test_a_store_of_its_own_knows_of_nobody_else(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    assert_int_equal(store_traits(fx->store) & STORE_SHARED, 0);
    fill(fx, "INBOX", 3);
    assert_int_equal(latest(fx), 0);
    fixture_free(fx);
}

/* Each commit that anybody could notice, and no other. */
static void
test_modseq_grows_with_every_change(void **state)
{
    struct pair pair = pair_new();
    struct fixture *fx = pair.fx;
    uint64_t made = 0;
    uint64_t last = 0;

    (void)state;
    assert_true((store_traits(fx->store) & STORE_SHARED) != 0);
    store_end(begin_read(fx));
    for (unsigned change = 0; change < 10; change++) {
        last = latest(fx);
        struct store_tx *tx = write_elsewhere(&pair);
        assert_int_equal(modseq_of(fx, tx), last);
        const uint64_t inbox = mbox_id(fx, tx, "INBOX");
        const struct uid_run all = {1, UINT32_MAX};
        struct flags_result flags;
        struct expunge_result gone;
        uint32_t number;
        const struct flags_req seen = {.mbox = inbox,
                                       .runs = &all,
                                       .run_count = 1,
                                       .mode = FLAGS_ADD,
                                       .flags = MSG_SEEN,
                                       .unchanged_since = MODSEQ_ANY};
        switch (change) {
        case 0:
            (void)add_message(fx, tx, inbox, 1, 0);
            break;
        case 1:
            assert_ok(store_flags_update(tx, &seen, &fx->arena, &flags, &fx->err));
            break;
        case 2:
            assert_ok(store_expunge(tx, &(struct expunge_req){.mbox = inbox}, &fx->arena, &gone,
                                    &fx->err));
            break;
        case 3:
            assert_ok(store_mbox_create(tx, SPAN("a"), 0, &made, &fx->err));
            break;
        case 4:
            assert_ok(store_mbox_rename(tx, made, SPAN("b"), &fx->err));
            break;
        case 5:
            assert_ok(store_mbox_set_special_use(tx, made, USE_ALL, &fx->err));
            break;
        case 6:
            assert_ok(store_subscribe(tx, SPAN("b"), &fx->err));
            break;
        case 7:
            assert_ok(store_unsubscribe(tx, SPAN("b"), &fx->err));
            break;
        case 8: /* of no message yet */
            assert_ok(store_keyword_add(tx, inbox, SPAN("k"), &number, &fx->err));
            break;
        default:
            assert_ok(store_mbox_delete(tx, made, &fx->err));
            break;
        }
        assert_true(modseq_of(fx, tx) > last);
        const uint64_t now = modseq_of(fx, tx);
        assert_int_equal(latest(fx), last); /* not committed */
        commit(fx, tx);
        assert_int_equal(latest(fx), now);
    }
    last = latest(fx);
    struct store_tx *tx = write_elsewhere(&pair); /* there already, or not there: no change */
    uint32_t number;
    assert_ok(store_keyword_add(tx, mbox_id(fx, tx, "INBOX"), SPAN("K"), &number, &fx->err));
    assert_ok(store_subscribe(tx, SPAN("INBOX"), &fx->err));
    assert_ok(store_unsubscribe(tx, SPAN("b"), &fx->err));
    commit(fx, tx);
    assert_int_equal(latest(fx), last);
    verify(fx);
    pair_free(&pair);
}

/* Undone with its savepoint, then done after all: both change the names. */
static void
test_modseq_of_a_rename_that_was_undone_first(void **state)
{
    struct pair pair = pair_new();
    struct fixture *fx = pair.fx;

    (void)state;
    store_end(begin_read(fx));
    const uint64_t last = latest(fx);
    struct store_tx *tx = begin_write(fx);
    const uint64_t junk = mbox_id(fx, tx, "Junk");
    assert_ok(store_savepoint(tx, &fx->err));
    assert_ok(store_mbox_rename(tx, junk, SPAN("Spam"), &fx->err));
    store_savepoint_rollback(tx);
    assert_ok(store_savepoint(tx, &fx->err));
    assert_ok(store_mbox_rename(tx, junk, SPAN("Bulk"), &fx->err));
    assert_ok(store_savepoint_release(tx, &fx->err));
    const uint64_t now = modseq_of(fx, tx);
    commit(fx, tx);
    assert_true(now > last);
    assert_int_equal(latest(fx), now);
    pair_free(&pair);
}

/* Numbers are never given twice, whoever writes. */
static void
test_two_writers_take_turns(void **state)
{
    struct pair pair = pair_new();
    struct fixture *fx = pair.fx;
    uint32_t uid = 0;
    uint64_t message = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct store_tx *tx = i % 2 == 0 ? begin_write(fx) : write_elsewhere(&pair);
        const struct entry entry = add_message(fx, tx, mbox_id(fx, tx, "INBOX"), i, 0);
        assert_int_equal(entry.uid, uid + 1);
        assert_true(entry.message > message);
        uid = entry.uid;
        message = entry.message;
        if (i % 5 == 4)
            store_end(tx); /* abandoned: what it counted is forgotten here and there */
        else
            commit(fx, tx);
        uid -= i % 5 == 4;
        message -= i % 5 == 4;
    }
    verify(fx);
    pair_free(&pair);
}

static void
test_entries_since_a_modseq(void **state)
{
    struct fixture *fx = fixture_new();
    struct entry rows[8];
    uint32_t from = 1;
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 10); /* uids 1 to 10, each with a modseq of its own */
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t since = modseq_of(fx, tx);
    const struct uid_run some[] = {{2, 3}, {7, 7}};
    struct flags_result flags;
    const struct flags_req req = {.mbox = inbox,
                                  .runs = some,
                                  .run_count = 2,
                                  .mode = FLAGS_ADD,
                                  .flags = MSG_FLAGGED,
                                  .unchanged_since = MODSEQ_ANY};
    assert_ok(store_flags_update(tx, &req, &fx->arena, &flags, &fx->err));
    (void)add_message(fx, tx, inbox, 11, 0);
    commit(fx, tx);

    tx = begin_read(fx);
    assert_ok(store_entries_since(tx, inbox, since, &from, rows, 3, &count, &fx->err));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].uid, 2);
    assert_int_equal(rows[1].uid, 3);
    assert_int_equal(rows[2].uid, 7);
    assert_int_equal(rows[2].flags, MSG_FLAGGED);
    assert_int_equal(rows[2].modseq, flags.modseq);
    assert_int_equal(from, 8);
    assert_ok(store_entries_since(tx, inbox, since, &from, rows, 3, &count, &fx->err));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].uid, 11);
    from = 1;
    assert_ok(store_entries_since(tx, inbox, rows[0].modseq, &from, rows, 3, &count, &fx->err));
    assert_int_equal(count, 0);
    store_end(tx);
    fixture_free(fx);
}

static void
test_entries_are_counted(void **state)
{
    static const struct {
        uint32_t first, last, count;
    } table[] = {
        {1, UINT32_MAX, 7}, {1, 1, 1}, {1, 3, 1}, {2, 3, 0}, {4, 4, 1}, {3, 9, 6}, {11, 20, 0},
    };
    struct fixture *fx = fixture_new();
    const struct uid_run gone[] = {{2, 3}, {10, 10}};
    struct expunge_result out;
    uint32_t count = 0;

    (void)state;
    fill(fx, "INBOX", 10);
    fill(fx, "Trash", 3);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct expunge_req req = {.mbox = inbox, .runs = gone, .run_count = 2};
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_ok(
            store_entries_count(tx, inbox, table[i].first, table[i].last, &count, &fx->err));
        assert_int_equal(count, table[i].count);
    }
    assert_ok(store_entries_count(tx, 999, 1, 9, &count, &fx->err));
    assert_int_equal(count, 0);
    commit(fx, tx);
    fixture_free(fx);
}

/* Each store, account and transaction goes to its own engine. */
static void
test_two_engines_are_open_at_once(void **state)
{
    struct fixture *fx = fixture_new();
    const struct seam_options options = {.sqlite = fx->options, .wakes = SEAM_WAKE_AT_ONCE};
    struct seam_options other = options;
    char dir[96];
    struct store *store = NULL;
    struct store_account *acct = NULL;
    struct store_tx *theirs = NULL;

    (void)state;
    snprintf(dir, sizeof dir, "%s/other", fx->dir);
    other.sqlite.dir = dir;
    assert_ok(store_open_seam(&other, &store, &fx->err));
    assert_ok(store_account_get(store, 7, &acct));
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_read(fx);
    assert_rc(store_read_begin(acct, WAKE_NOBODY, &theirs, &fx->err), RC_AGAIN);
    assert_ok(store_read_begin(acct, WAKE_NOBODY, &theirs, &fx->err));
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 3);
    assert_int_equal(mbox_row(fx, theirs, "INBOX").exists, 0);
    store_end(theirs);
    store_end(tx);
    store_account_put(acct);
    store_close(store);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_store_of_its_own_knows_of_nobody_else),
        cmocka_unit_test(test_modseq_grows_with_every_change),
        cmocka_unit_test(test_modseq_of_a_rename_that_was_undone_first),
        cmocka_unit_test(test_two_writers_take_turns),
        cmocka_unit_test(test_entries_since_a_modseq),
        cmocka_unit_test(test_entries_are_counted),
        cmocka_unit_test(test_two_engines_are_open_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

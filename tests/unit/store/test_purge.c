/* SPDX-License-Identifier: MIT */
/*
 * Purging: what retention, cap and living views allow to go, and that nothing goes that
 * anything still names, whatever happens between its steps.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/rng.h"

static bool
is_due(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);
    bool due = false;

    assert_ok(store_purge_due(tx, &due, &fx->err));
    store_end(tx);
    return due;
}

/* Purges until there is no more, and then nothing is due; what was not due took one step. */
static unsigned
purge(struct fixture *fx, uint64_t keep_modseq)
{
    const bool due = is_due(fx);
    unsigned steps = 0;
    bool more = true;

    while (more) {
        struct store_tx *tx = begin_write(fx);
        assert_ok(store_purge_step(tx, keep_modseq, &more, &fx->err));
        commit(fx, tx);
        steps++;
        assert_true(steps < 10000);
    }
    assert_true(due || steps == 1);
    if (keep_modseq == UINT64_MAX)
        assert_false(is_due(fx));
    return steps;
}

static struct expunge_result
expunge(struct fixture *fx, struct store_tx *tx, uint64_t mbox, uint32_t first, uint32_t last)
{
    const struct uid_run run = {first, last};
    const struct expunge_req req = {.mbox = mbox, .runs = &run, .run_count = 1};
    struct expunge_result out;

    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    return out;
}

static bool
is_there(struct fixture *fx, struct store_tx *tx, uint64_t message)
{
    struct message_row row;
    struct span part;
    const enum rc rc = store_message_read(tx, message, 0, &row, &fx->err);
    const enum rc text = store_content_peek(tx, message, 0, 1, &part, &fx->err);

    assert_int_equal(rc, text);
    return rc == RC_OK;
}

static void
test_retention(void **state)
{
    struct fixture *fx = fixture_new();
    struct expunged_row *gone = NULL;
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct entry *rows = entries(fx, tx, inbox, &count);
    const uint64_t since = rows[2].modseq;
    const struct expunge_result out = expunge(fx, tx, inbox, 1, 2);
    commit(fx, tx);
    test_now_s += INT64_C(14) * TEST_DAY_S - 1;
    purge(fx, UINT64_MAX);
    tx = begin_read(fx);
    assert_ok(store_expunged_since(tx, &(struct expunged_req){inbox, since, UINT32_MAX},
                                   &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 2);
    assert_true(is_there(fx, tx, gone[0].message));
    store_end(tx);

    test_now_s += 1;
    purge(fx, out.modseq - 1); /* a view still names them */
    tx = begin_read(fx);
    assert_true(is_there(fx, tx, gone[0].message));
    store_end(tx);
    purge(fx, out.modseq);
    tx = begin_read(fx);
    assert_false(is_there(fx, tx, gone[0].message));
    assert_false(is_there(fx, tx, gone[1].message));
    assert_true(is_there(fx, tx, rows[2].message));
    assert_int_equal(mbox_row(fx, tx, "INBOX").expunged_floor, out.modseq);
    assert_rc(store_expunged_since(tx, &(struct expunged_req){inbox, since, UINT32_MAX},
                                   &fx->arena, &gone, &count, &fx->err),
              RC_GONE);
    assert_ok(store_expunged_since(tx, &(struct expunged_req){inbox, out.modseq, UINT32_MAX},
                                   &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 0);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_copies_keep_the_message(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    struct copy_result copied;

    (void)state;
    fill(fx, "INBOX", 5);
    struct store_tx *tx = begin_write(fx);
    const struct copy_req req = {.from = mbox_id(fx, tx, "INBOX"),
                                 .to = mbox_id(fx, tx, "Archive"),
                                 .runs = &all,
                                 .run_count = 1};
    assert_ok(store_copy(tx, &req, &fx->arena, &copied, &fx->err));
    expunge(fx, tx, req.from, 1, 5);
    expunge(fx, tx, req.to, 5, 5);
    commit(fx, tx);
    test_now_s += INT64_C(15) * TEST_DAY_S;
    purge(fx, UINT64_MAX);
    tx = begin_read(fx);
    for (unsigned i = 0; i < 4; i++)
        assert_true(is_there(fx, tx, copied.added[i].message));
    assert_false(is_there(fx, tx, copied.added[4].message));
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_cap_takes_the_oldest(void **state)
{
    struct fixture *fx = fixture_new();
    uint64_t messages[10];
    AUTO_BUF text = {0};

    (void)state;
    fx->options.store.undelete_max_octets = 5000;
    fixture_restart(fx);
    buf_init(&text, 4096);
    make_text(&text, 1, 1000);
    struct store_tx *tx = begin_write(fx);
    const uint64_t mboxes[2] = {mbox_id(fx, tx, "INBOX"), mbox_id(fx, tx, "Sent")};
    for (unsigned i = 0; i < 10; i++)
        messages[i] = add_text(fx, tx, mboxes[i % 2], buf_span(&text), 0).message;
    for (uint32_t i = 0; i < 10; i++)
        expunge(fx, tx, mboxes[i % 2], i / 2 + 1, i / 2 + 1);
    commit(fx, tx);
    purge(fx, UINT64_MAX);
    tx = begin_read(fx);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(is_there(fx, tx, messages[i]), i >= 5);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_moved_mail_does_not_count(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    struct copy_result moved;
    struct expunged_row *gone = NULL;
    size_t count = 0;

    (void)state;
    fx->options.store.undelete_max_octets = 10;
    fixture_restart(fx);
    fill(fx, "INBOX", 5);
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row row = mbox_row(fx, tx, "INBOX");
    const struct copy_req req = {.from = row.id,
                                 .to = mbox_id(fx, tx, "Trash"),
                                 .runs = &all,
                                 .run_count = 1,
                                 .move = true};
    assert_ok(store_copy(tx, &req, &fx->arena, &moved, &fx->err));
    commit(fx, tx);
    purge(fx, UINT64_MAX);
    tx = begin_read(fx);
    assert_ok(
        store_expunged_since(tx, &(struct expunged_req){row.id, row.highest_modseq, UINT32_MAX},
                             &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 5); /* QRESYNC still tells them */
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static int64_t
file_octets(struct fixture *fx)
{
    char path[200];
    struct stat st;

    snprintf(path, sizeof path, "%s/00/00/7/mail.db", fx->accounts);
    assert_int_equal(stat(path, &st), 0);
    return (int64_t)st.st_size;
}

static void
test_space_is_given_back(void **state)
{
    struct fixture *fx = fixture_new();
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, 1 << 20);
    make_text(&text, 1, 15000);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    for (unsigned i = 0; i < 1000; i++)
        add_text(fx, tx, inbox, buf_span(&text), 0);
    commit(fx, tx);
    store_keep_house(fx->store, fx->acct);
    const int64_t full = file_octets(fx);
    tx = begin_write(fx);
    expunge(fx, tx, inbox, 1, UINT32_MAX);
    commit(fx, tx);
    test_now_s += INT64_C(15) * TEST_DAY_S;
    assert_true(purge(fx, UINT64_MAX) > 10); /* small steps */
    fixture_restart(fx);
    assert_int_equal(run_sql(fx, "SELECT * FROM mailbox"), 0); /* alone: moves the log */
    assert_true(full > 15000000);
    assert_true(file_octets(fx) < 3 << 20);
    verify(fx);
    fixture_free(fx);
}

/* Everything at random, with rollbacks and purge steps between; each message that an entry or
 * an expunged row names must stay readable, and in the end nothing else must be left. */
static void
random_op(struct fixture *fx, struct store_tx *tx, struct rng *rng, const uint64_t mboxes[3])
{
    const uint64_t from = mboxes[rng_below(rng, 3)];
    const uint32_t uid = 1 + (uint32_t)rng_below(rng, 300);
    const struct uid_run run = {uid, uid + (uint32_t)rng_below(rng, 8)};
    struct copy_req copy = {
        .from = from, .to = mboxes[rng_below(rng, 3)], .runs = &run, .run_count = 1};
    struct copy_result copied;
    bool more = false;

    switch (rng_below(rng, 8)) {
    case 0:
    case 1:
        add_message(fx, tx, from, (unsigned)rng_below(rng, 1000), 0);
        break;
    case 2:
        copy.move = true;
        assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
        break;
    case 3:
        assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
        break;
    case 4:
        expunge(fx, tx, from, run.first, run.last);
        break;
    default:
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        break;
    }
}

static void
test_random_operations_between_steps(void **state)
{
    struct fixture *fx = fixture_new();
    struct rng rng;

    (void)state;
    rng_seed(&rng, 99);
    struct store_tx *tx = begin_write(fx);
    const uint64_t mboxes[3] = {mbox_id(fx, tx, "INBOX"), mbox_id(fx, tx, "Sent"),
                                mbox_id(fx, tx, "Junk")};
    store_end(tx);
    for (unsigned round = 0; round < 1500; round++) {
        const uint64_t ops = 1 + rng_below(&rng, 4);
        const bool nested = rng_below(&rng, 2) == 0;
        tx = begin_write(fx);
        for (uint64_t i = 0; i < ops; i++) {
            if (nested)
                assert_ok(store_savepoint(tx, &fx->err));
            random_op(fx, tx, &rng, mboxes);
            if (nested && rng_below(&rng, 4) == 0)
                store_savepoint_rollback(tx);
            else if (nested)
                assert_ok(store_savepoint_release(tx, &fx->err));
        }
        if (rng_below(&rng, 5) == 0)
            store_end(tx);
        else
            commit(fx, tx);
        test_now_s += (int64_t)rng_below(&rng, TEST_DAY_S);
        if (round % 100 == 99)
            verify(fx);
        if (round % 400 == 399)
            fixture_restart(fx);
        arena_reset(&fx->arena);
    }
    tx = begin_write(fx);
    for (unsigned i = 0; i < 3; i++)
        expunge(fx, tx, mboxes[i], 1, UINT32_MAX);
    commit(fx, tx);
    test_now_s += INT64_C(15) * TEST_DAY_S;
    purge(fx, UINT64_MAX);
    verify(fx);
    assert_int_equal(run_sql(fx, "CREATE TEMP TABLE t (ok CHECK (ok));"
                                 "INSERT INTO t SELECT count(*) = 0 FROM message;"
                                 "INSERT INTO t SELECT count(*) = 0 FROM content;"
                                 "INSERT INTO t SELECT count(*) = 0 FROM unnamed;"
                                 "INSERT INTO t SELECT count(*) = 0 FROM expunged;"),
                     0);
    fixture_free(fx);
}

static bool
has_sort_block(struct fixture *fx, struct store_tx *tx, uint64_t block)
{
    AUTO_BUF data = {0};

    buf_init(&data, 100);
    const enum rc first = store_sort_block_read(tx, 0, block, &data, &fx->err);
    const enum rc last =
        store_sort_block_read(tx, LIMIT_SORT_COLUMNS - 1, block, &data, &fx->err);
    assert_int_equal(first, last);
    return first == RC_OK;
}

static uint64_t
lacking(struct fixture *fx, struct store_tx *tx, uint64_t from, uint8_t form)
{
    uint64_t block = UINT64_MAX;

    const enum rc rc = store_sort_block_lacking(tx, from, form, &block, &fx->err);
    assert_true(rc == RC_OK || rc == RC_NOT_FOUND);
    assert_int_equal(rc == RC_OK, block != UINT64_MAX);
    return block;
}

/* Purging a message removes the sort block that tells of it, and no other one. A block cannot
 * be put when it was made of other messages. */
static void
test_sort_blocks(void **state)
{
    struct fixture *fx = fixture_new();
    struct sort_block data = {.messages = LIMIT_SORT_BLOCK - 1};
    uint64_t block = 0;

    (void)state;
    for (unsigned i = 0; i < LIMIT_SORT_COLUMNS; i++)
        data.columns[i] = SPAN("\1data");
    fill(fx, "INBOX", 3 * LIMIT_SORT_BLOCK - 1);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    assert_int_equal(lacking(fx, tx, 0, 1), 0);
    assert_ok(store_sort_block_put(tx, 0, &data, &fx->err));
    assert_rc(store_sort_block_put(tx, 1, &data, &fx->err), RC_NOT_FOUND);
    assert_false(has_sort_block(fx, tx, 1));
    data.messages = LIMIT_SORT_BLOCK;
    assert_int_equal(lacking(fx, tx, 0, 1), 1);
    assert_ok(store_sort_block_put(tx, 1, &data, &fx->err));
    /* the last block may get another message; the message with the highest id is in it */
    assert_rc(store_sort_block_lacking(tx, 0, 1, &block, &fx->err), RC_NOT_FOUND);
    assert_int_equal(lacking(fx, tx, 0, 2), 0);
    assert_int_equal(lacking(fx, tx, 1, 2), 1);
    commit(fx, tx);
    tx = begin_write(fx);
    (void)expunge(fx, tx, inbox, LIMIT_SORT_BLOCK + 10, LIMIT_SORT_BLOCK + 11);
    commit(fx, tx);
    tx = begin_read(fx);
    assert_true(has_sort_block(fx, tx, 0) && has_sort_block(fx, tx, 1));
    store_end(tx);
    test_now_s += INT64_C(15) * TEST_DAY_S;
    purge(fx, UINT64_MAX);
    tx = begin_write(fx);
    assert_true(has_sort_block(fx, tx, 0));
    assert_false(has_sort_block(fx, tx, 1));
    assert_int_equal(lacking(fx, tx, 0, 1), 1);
    assert_rc(store_sort_block_put(tx, 1, &data, &fx->err), RC_NOT_FOUND);
    data.messages -= 2;
    assert_ok(store_sort_block_put(tx, 1, &data, &fx->err));
    (void)expunge(fx, tx, inbox, LIMIT_SORT_BLOCK, 2 * LIMIT_SORT_BLOCK - 1);
    commit(fx, tx);
    test_now_s += INT64_C(15) * TEST_DAY_S;
    purge(fx, UINT64_MAX);
    tx = begin_read(fx);
    assert_true(has_sort_block(fx, tx, 0));
    assert_false(has_sort_block(fx, tx, 1));
    /* none of its messages is left, so there is nothing to be made */
    assert_rc(store_sort_block_lacking(tx, 0, 1, &block, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_sort_blocks),
        cmocka_unit_test(test_copies_keep_the_message),
        cmocka_unit_test(test_cap_takes_the_oldest),
        cmocka_unit_test(test_moved_mail_does_not_count),
        cmocka_unit_test(test_space_is_given_back),
        cmocka_unit_test(test_random_operations_between_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * What an account holds (store_usage): copies count, mail that was expunged does not, and no
 * change, undone or not, makes it drift. A writer may keep it in memory; a snapshot does not.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"

enum { NEW_MAILBOXES = 6, STEPS = 400 };

static struct quota_amounts
usage_of(struct fixture *fx, struct store_tx *tx)
{
    struct quota_amounts usage;

    assert_ok(store_usage(tx, &usage, &fx->err));
    return usage;
}

/* As a snapshot and as a writer see it, which are the same. */
static struct quota_amounts
usage(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);
    const struct quota_amounts read = usage_of(fx, tx);

    store_end(tx);
    tx = begin_write(fx);
    const struct quota_amounts written = usage_of(fx, tx);
    store_end(tx);
    assert_memory_equal(&read, &written, sizeof read);
    return read;
}

#define assert_usage(octets, messages, mailboxes)                                              \
    do {                                                                                       \
        const struct quota_amounts is_ = usage(fx);                                            \
        assert_int_equal(is_.of[QUOTA_STORAGE], (octets));                                     \
        assert_int_equal(is_.of[QUOTA_MESSAGE], (messages));                                   \
        assert_int_equal(is_.of[QUOTA_MAILBOX], (mailboxes));                                  \
    } while (0)

/* Counted from the entries themselves, in the writer's transaction. */
static void
recount(struct fixture *fx, struct store_tx *tx)
{
    struct quota_amounts counted = {.of = {0}};
    const struct quota_amounts said = usage_of(fx, tx);
    struct mbox_row *rows;
    size_t count;

    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        size_t messages;
        const struct entry *list = entries(fx, tx, rows[i].id, &messages);
        for (size_t k = 0; k < messages; k++)
            counted.of[QUOTA_STORAGE] += list[k].octets;
        counted.of[QUOTA_MESSAGE] += messages;
        counted.of[QUOTA_MAILBOX]++;
    }
    assert_memory_equal(&said, &counted, sizeof said);
}

static void
test_each_change(void **state)
{
    struct fixture *fx = fixture_new();
    struct copy_result copied;
    struct expunge_result gone;
    uint64_t made;

    (void)state;
    assert_usage(0, 0, NEW_MAILBOXES);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t trash = mbox_id(fx, tx, "Trash");
    const struct entry first = add_text(fx, tx, inbox, SPAN("A: b\r\n\r\nx"), 0);
    add_text(fx, tx, inbox, SPAN("A: b\r\n\r\nyz"), MSG_DELETED);
    assert_int_equal(usage_of(fx, tx).of[QUOTA_STORAGE], 9 + 10);
    commit(fx, tx);
    assert_usage(19, 2, NEW_MAILBOXES);

    /* A copy counts like a message of its own, a move like none. */
    const struct uid_run one = {first.uid, first.uid};
    struct copy_req copy = {.from = inbox, .to = trash, .runs = &one, .run_count = 1};
    tx = begin_write(fx);
    assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
    copy.to = inbox;
    assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
    commit(fx, tx);
    assert_usage(19 + 18, 4, NEW_MAILBOXES);
    tx = begin_write(fx);
    copy.move = true;
    assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
    copy.to = trash;
    copy.runs = &(struct uid_run){copied.added[0].uid, copied.added[0].uid};
    assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
    assert_int_equal(copied.count, 1);
    commit(fx, tx);
    assert_usage(19 + 18, 4, NEW_MAILBOXES);

    /* Expunged mail can be restored, but does not count. */
    const struct expunge_req expunge = {.mbox = inbox, .only_deleted = true};
    tx = begin_write(fx);
    assert_ok(store_expunge(tx, &expunge, &fx->arena, &gone, &fx->err));
    commit(fx, tx);
    assert_usage(27, 3, NEW_MAILBOXES);

    tx = begin_write(fx);
    assert_ok(store_mbox_create(tx, SPAN("a"), 0, &made, &fx->err));
    assert_ok(store_mbox_rename(tx, made, SPAN("b"), &fx->err));
    add_text(fx, tx, made, SPAN("A: b\r\n\r\nxyz"), 0);
    commit(fx, tx);
    assert_usage(27 + 11, 4, NEW_MAILBOXES + 1);
    tx = begin_write(fx);
    assert_ok(store_mbox_delete(tx, made, &fx->err));
    assert_ok(store_mbox_delete(tx, trash, &fx->err));
    commit(fx, tx);
    assert_usage(9, 1, NEW_MAILBOXES - 1);
    fixture_restart(fx);
    assert_usage(9, 1, NEW_MAILBOXES - 1);
    verify(fx);
    fixture_free(fx);
}

static void
test_what_is_undone_does_not_count(void **state)
{
    struct fixture *fx = fixture_new();
    uint64_t made;

    (void)state;
    fill(fx, "INBOX", 3);
    const struct quota_amounts before = usage(fx);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    usage_of(fx, tx);
    assert_ok(store_savepoint(tx, &fx->err));
    add_message(fx, tx, inbox, 7, 0);
    assert_ok(store_mbox_create(tx, SPAN("a"), 0, &made, &fx->err));
    recount(fx, tx);
    store_savepoint_rollback(tx);
    const struct quota_amounts after = usage_of(fx, tx);
    assert_memory_equal(&before, &after, sizeof before);
    assert_ok(store_savepoint(tx, &fx->err));
    add_message(fx, tx, inbox, 8, 0);
    assert_ok(store_savepoint_release(tx, &fx->err));
    recount(fx, tx);
    store_end(tx); /* all of it */
    const struct quota_amounts last = usage(fx);
    assert_memory_equal(&before, &last, sizeof before);
    verify(fx);
    fixture_free(fx);
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
    struct mbox_row row;
    uint64_t made;
    bool more;

    const enum rc rc = store_mbox_find(tx, span_of_str(name), &fx->arena, &row, &fx->err);
    if (rc == RC_NOT_FOUND) {
        assert_ok(store_mbox_create(tx, span_of_str(name), 0, &made, &fx->err));
        return;
    }
    assert_ok(rc);
    const struct expunge_req expunge = {.mbox = row.id, .runs = &run, .run_count = 1};
    const struct copy_req copy = {
        .from = row.id,
        .to = rng_below(rng, 3) == 0 ? row.id : mbox_id(fx, tx, "Archive"),
        .runs = &run,
        .run_count = 1,
        .move = rng_below(rng, 2) == 0,
    };
    switch (rng_below(rng, 10)) {
    case 0:
        assert_ok(store_expunge(tx, &expunge, &fx->arena, &gone, &fx->err));
        break;
    case 1:
    case 2:
        assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
        break;
    case 3:
        if (name[1] == '\0')
            assert_ok(store_mbox_delete(tx, row.id, &fx->err));
        break;
    case 4:
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        break;
    default:
        add_message(fx, tx, row.id, uid, uid % 32);
        break;
    }
}

static void
test_nothing_makes_it_drift(void **state)
{
    struct fixture *fx = fixture_new();
    struct rng rng;

    (void)state;
    rng_seed(&rng, 9208);
    for (unsigned i = 0; i < STEPS; i++) {
        struct store_tx *tx = begin_write(fx);
        if (rng_below(&rng, 2) == 0)
            usage_of(fx, tx); /* from here on it is kept */
        for (uint64_t n = rng_below(&rng, 4); n > 0; n--) {
            assert_ok(store_savepoint(tx, &fx->err));
            change(fx, tx, &rng);
            change(fx, tx, &rng);
            if (rng_below(&rng, 4) == 0)
                store_savepoint_rollback(tx);
            else
                assert_ok(store_savepoint_release(tx, &fx->err));
        }
        recount(fx, tx);
        if (rng_below(&rng, 5) == 0)
            store_end(tx);
        else
            commit(fx, tx);
        if (i % 97 == 0)
            fixture_restart(fx);
        arena_reset(&fx->arena);
    }
    usage(fx);
    verify(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change),
        cmocka_unit_test(test_what_is_undone_does_not_count),
        cmocka_unit_test(test_nothing_makes_it_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Access control lists in the store: rows, their limit, what becomes of them with the
 * mailbox. */
#include "support.h"

#include "base/limits.h"

static struct acl_row
row_for(uint64_t mbox, uint64_t who, uint32_t rights)
{
    return (struct acl_row){.mbox = mbox, .kind = ACL_ACCOUNT, .who = who, .rights = rights};
}

static size_t
count_of(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct acl_row **rows)
{
    size_t count = 0;

    assert_ok(store_acl(tx, mbox, &fx->arena, rows, &count, &fx->err));
    return count;
}

static void
test_rows(void **state)
{
    struct fixture *fx = fixture_new();
    commit(fx, begin_write(fx)); /* the mailboxes are made */
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    struct acl_row row = row_for(inbox, 5, 3);
    struct acl_row *rows = NULL;
    uint64_t before = 0;
    uint64_t after = 0;

    (void)state;
    assert_int_equal(count_of(fx, tx, 0, &rows), 0);
    assert_ok(store_modseq(tx, &before, &fx->err));
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_ok(store_modseq(tx, &after, &fx->err));
    assert_true(after > before); /* others can notice */
    row.negative = true;
    row.rights = 4;
    assert_ok(store_acl_set(tx, &row, &fx->err));
    row = (struct acl_row){.mbox = sent, .kind = ACL_ANYONE, .rights = 1};
    assert_ok(store_acl_set(tx, &row, &fx->err));
    commit(fx, tx);
    fixture_restart(fx);

    tx = begin_write(fx);
    assert_int_equal(count_of(fx, tx, 0, &rows), 3);
    assert_int_equal(count_of(fx, tx, inbox, &rows), 2);
    assert_true(rows[0].who == 5 && rows[0].rights == 3 && !rows[0].negative);
    assert_true(rows[1].who == 5 && rows[1].rights == 4 && rows[1].negative);
    row = row_for(inbox, 5, 7); /* in place of the other */
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_int_equal(count_of(fx, tx, inbox, &rows), 2);
    assert_int_equal(rows[0].rights, 7);
    row.rights = 0; /* away, and once more */
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_int_equal(count_of(fx, tx, inbox, &rows), 1);
    row = row_for(999999, 5, 1);
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_NOT_FOUND);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_lists_go_with_their_mailbox(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    struct acl_row *rows = NULL;
    uint64_t mbox = 0;

    (void)state;
    assert_ok(store_mbox_create(tx, SPAN("Work"), 0, &mbox, &fx->err));
    const struct acl_row row = row_for(mbox, 5, 3);
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_ok(store_mbox_rename(tx, mbox, SPAN("Play"), &fx->err));
    assert_int_equal(count_of(fx, tx, mbox, &rows), 1);
    assert_ok(store_mbox_delete(tx, mbox, &fx->err));
    assert_int_equal(count_of(fx, tx, 0, &rows), 0);
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_NOT_FOUND);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_limit(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    struct acl_row *rows = NULL;
    struct acl_row row;

    (void)state;
    for (uint64_t who = 1; who <= LIMIT_ACL; who++) {
        row = row_for(inbox, who, 1);
        assert_ok(store_acl_set(tx, &row, &fx->err));
    }
    row = row_for(inbox, LIMIT_ACL + 1, 1);
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_LIMIT);
    for (uint64_t who = LIMIT_ACL + 1; who <= 10 * LIMIT_ACL; who++) {
        row = row_for(inbox, who, 1);
        assert_rc(store_acl_set(tx, &row, &fx->err), RC_LIMIT);
    }
    row = row_for(inbox, UINT64_MAX / 2, 1);
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_LIMIT);
    row = row_for(inbox, LIMIT_ACL, 3); /* what is there may be changed, or go */
    assert_ok(store_acl_set(tx, &row, &fx->err));
    row.rights = 0;
    assert_ok(store_acl_set(tx, &row, &fx->err));
    row = row_for(inbox, LIMIT_ACL + 1, 1);
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_int_equal(count_of(fx, tx, inbox, &rows), LIMIT_ACL);
    commit(fx, tx);
    fixture_free(fx);
}

/* Of all lists together, as what was removed makes room again. */
static void
test_limit_of_all(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    uint64_t last = 0;
    struct acl_row row;

    (void)state;
    for (unsigned i = 0; i < LIMIT_ACL_ALL / LIMIT_ACL; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        assert_ok(store_mbox_create(tx, span_of_str(name), 0, &last, &fx->err));
        for (uint64_t who = 1; who <= LIMIT_ACL; who++) {
            row = row_for(last, who, 1);
            assert_ok(store_acl_set(tx, &row, &fx->err));
        }
    }
    const struct acl_row more = row_for(mbox_id(fx, tx, "INBOX"), 1, 1);
    assert_rc(store_acl_set(tx, &more, &fx->err), RC_LIMIT);
    row.rights = 3;
    assert_ok(store_acl_set(tx, &row, &fx->err));
    row.rights = 0;
    assert_ok(store_acl_set(tx, &row, &fx->err));
    assert_ok(store_acl_set(tx, &more, &fx->err));
    row.rights = 1;
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_LIMIT);
    commit(fx, tx);

    tx = begin_write(fx); /* which has counted nothing yet */
    assert_rc(store_acl_set(tx, &row, &fx->err), RC_LIMIT);
    assert_ok(store_mbox_delete(tx, last, &fx->err));
    row.mbox = more.mbox;
    assert_ok(store_acl_set(tx, &row, &fx->err));
    commit(fx, tx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_lists_go_with_their_mailbox),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

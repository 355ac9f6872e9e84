/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails at the Nth write, sync, truncate or delete, for N = 1, 2, 3 until nothing
 * fails any more: the operation says so, the account is as it was before or as it would be
 * after (never between), goes on working, and what was acknowledged earlier is there.
 */
#include "support.h"

#include <sqlite3.h>
#include <string.h>

#include "support/fault_vfs.h"

enum { N_MAX = 3000 };

/* What an account looks like, in one line. */
static void
describe(struct fixture *fx, struct buf *out)
{
    struct store_tx *tx = begin_read(fx);
    struct mbox_row *rows = NULL;
    size_t count = 0;

    buf_clear(out);
    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        size_t entry_count = 0;
        const struct entry *list = entries(fx, tx, rows[i].id, &entry_count);
        buf_put_span(out, rows[i].name);
        for (size_t k = 0; k < entry_count; k++)
            buf_printf(out, " %u:%x", list[k].uid, list[k].flags);
        buf_put_char(out, ';');
    }
    store_end(tx);
}

/* One operation in a transaction of its own. */
typedef enum rc (*operation)(struct fixture *fx, struct store_tx *tx, uint64_t inbox);

static enum rc
op_append(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    static char text[40000];
    const struct message_new msg = {.text = span_of(text, sizeof text), .header_octets = 10};
    struct entry_new req = {.mbox = inbox, .octets = sizeof text};
    struct entry entry;

    memset(text, 'a', sizeof text);
    const enum rc rc = store_message_add(tx, &msg, &req.message, &fx->err);
    return rc == RC_OK ? store_entry_add(tx, &req, &entry, &fx->err) : rc;
}

static const struct uid_run some = {2, 4};

static enum rc
op_flags(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    const struct flags_req req = {.mbox = inbox,
                                  .runs = &some,
                                  .run_count = 1,
                                  .mode = FLAGS_ADD,
                                  .flags = MSG_SEEN,
                                  .unchanged_since = MODSEQ_ANY};
    struct flags_result out;

    return store_flags_update(tx, &req, &fx->arena, &out, &fx->err);
}

static enum rc
op_move(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    const struct copy_req req = {
        .from = inbox, .to = inbox + 1, .runs = &some, .run_count = 1, .move = true};
    struct copy_result out;

    return store_copy(tx, &req, &fx->arena, &out, &fx->err);
}

static enum rc
op_expunge(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    const struct expunge_req req = {.mbox = inbox, .runs = &some, .run_count = 1};
    struct expunge_result out;

    return store_expunge(tx, &req, &fx->arena, &out, &fx->err);
}

static enum rc
op_delete_mailbox(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    return store_mbox_delete(tx, inbox + 1, &fx->err);
}

static enum rc
op_purge(struct fixture *fx, struct store_tx *tx, uint64_t inbox)
{
    bool more = true;
    enum rc rc = RC_OK;

    (void)inbox;
    while (more && rc == RC_OK)
        rc = store_purge_step(tx, UINT64_MAX, &more, &fx->err);
    return rc;
}

static struct fixture *
account_with_mail(void)
{
    struct fixture *fx = fixture_new();

    fx->options.store.undelete_max_octets = 0; /* purge at once */
    fixture_restart(fx);
    fill(fx, "INBOX", 6);
    fill(fx, "Drafts", 2);
    struct store_tx *tx = begin_write(fx);
    const struct uid_run run = {1, 1};
    const struct expunge_req req = {
        .mbox = mbox_id(fx, tx, "Drafts"), .runs = &run, .run_count = 1};
    struct expunge_result out;
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    commit(fx, tx);
    return fx;
}

static enum rc
run(struct fixture *fx, operation op)
{
    struct store_tx *tx = NULL;
    enum rc rc = store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err);

    if (rc != RC_OK)
        return rc;
    rc = op(fx, tx, 1);
    if (rc != RC_OK) {
        store_end(tx);
        return rc;
    }
    rc = store_commit(tx, &fx->err);
    store_keep_house(fx->store, fx->acct);
    return rc;
}

/* Runs op with the Nth disk operation failing, for all N. */
static void
fail_each(operation op, enum fault_kind kind, enum rc expected)
{
    AUTO_BUF before = {0};
    AUTO_BUF after = {0};
    AUTO_BUF now = {0};
    struct fixture *fx = account_with_mail();

    buf_init(&before, 1 << 16);
    buf_init(&after, 1 << 16);
    buf_init(&now, 1 << 16);
    describe(fx, &before);
    assert_ok(run(fx, op));
    describe(fx, &after);
    fixture_free(fx);
    for (uint64_t n = 1; n < N_MAX; n++) {
        fx = account_with_mail();
        fault_vfs_arm(kind, n);
        const enum rc rc = run(fx, op);
        const bool fired = fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        describe(fx, &now);
        if (rc == RC_OK) {
            assert_true(span_eq(buf_span(&now), buf_span(&after)));
        } else {
            assert_rc(rc, expected);
            assert_true(span_eq(buf_span(&now), buf_span(&before)));
            verify(fx);
            assert_ok(run(fx, op)); /* the disk is well again: so is the account */
            describe(fx, &now);
            assert_true(span_eq(buf_span(&now), buf_span(&after)));
        }
        fixture_restart(fx);
        describe(fx, &now);
        assert_true(span_eq(buf_span(&now), buf_span(&after)));
        verify(fx);
        fixture_free(fx);
        if (!fired)
            return;
    }
    fail_msg("still failing after %d operations", N_MAX);
}

#define DISK_TEST(name, op)                                                                    \
    static void test_##name##_disk_full(void **state)                                          \
    {                                                                                          \
        (void)state;                                                                           \
        fail_each(op, FAULT_FULL, RC_FULL);                                                    \
    }                                                                                          \
    static void test_##name##_disk_broken(void **state)                                        \
    {                                                                                          \
        (void)state;                                                                           \
        fail_each(op, FAULT_IO, RC_IO);                                                        \
    }

DISK_TEST(append, op_append)
DISK_TEST(flags, op_flags)
DISK_TEST(move, op_move)
DISK_TEST(expunge, op_expunge)
DISK_TEST(delete_mailbox, op_delete_mailbox)
DISK_TEST(purge, op_purge)

/* Creation with a failing disk, again and again, until it succeeds: then all is there. */
static void
create_each(enum fault_kind kind)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = NULL;

    for (uint64_t n = 1; n < N_MAX; n++) {
        fault_vfs_arm(kind, n);
        const enum rc rc = store_read_begin(fx->acct, (struct wake){0}, &tx, &fx->err);
        const bool fired = fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        if (rc == RC_OK) {
            mbox_id(fx, tx, "Trash");
            store_end(tx);
            verify(fx);
        }
        if (!fired) {
            assert_ok(rc);
            fixture_free(fx);
            return;
        }
        if (n % 2 == 0) { /* every second time from what the failure left */
            fixture_free(fx);
            fx = fixture_new();
        }
    }
    fail_msg("still failing");
}

static void
test_creation(void **state)
{
    (void)state;
    create_each(FAULT_FULL);
    create_each(FAULT_IO);
}

/* From the Nth operation on the machine is gone. What was acknowledged before is there. */
static void
test_crash_in_a_row_of_appends(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 150; n += 3) {
        struct fixture *fx = account_with_mail();
        size_t acknowledged = 6;
        size_t count = 0;
        fault_vfs_arm(FAULT_CRASH, n);
        for (unsigned i = 0; i < 12; i++)
            acknowledged += run(fx, op_append) == RC_OK;
        store_account_put(fx->acct);
        store_close(fx->store);
        fault_vfs_arm(FAULT_NONE, 0);
        assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
        assert_ok(store_account_get(fx->store, 7, &fx->acct));
        struct store_tx *tx = begin_read(fx);
        entries(fx, tx, mbox_id(fx, tx, "INBOX"), &count);
        store_end(tx);
        assert_true(count >= acknowledged);
        verify(fx);
        fixture_free(fx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_disk_full),
        cmocka_unit_test(test_append_disk_broken),
        cmocka_unit_test(test_flags_disk_full),
        cmocka_unit_test(test_flags_disk_broken),
        cmocka_unit_test(test_move_disk_full),
        cmocka_unit_test(test_move_disk_broken),
        cmocka_unit_test(test_expunge_disk_full),
        cmocka_unit_test(test_expunge_disk_broken),
        cmocka_unit_test(test_delete_mailbox_disk_full),
        cmocka_unit_test(test_delete_mailbox_disk_broken),
        cmocka_unit_test(test_purge_disk_full),
        cmocka_unit_test(test_purge_disk_broken),
        cmocka_unit_test(test_creation),
        cmocka_unit_test(test_crash_in_a_row_of_appends),
    };

    fault_vfs_register();
    if (sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS), 1) != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

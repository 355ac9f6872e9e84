/* SPDX-License-Identifier: MIT */
/* Transactions and savepoints, also on a disk that fails at every possible place. */
#include "support/cm.h"

#include "db/db_private.h"
#include "db/txn.h"
#include "support/fault_vfs.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct err err;
static struct db *db;

static const struct db_options options = {
    .vfs = FAULT_VFS, .create = true, .page_size_octets = 1024};

static int
setup(void **state)
{
    (void)state;
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0);
    tmpdir_make(&dir);
    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
    assert_ok(db_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", &err));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fault_vfs_arm(FAULT_NONE, 0);
    db_close(db);
    tmpdir_remove(&dir);
    return 0;
}

static int64_t
rows(void)
{
    int64_t count;
    assert_ok(db_query_i64(db, "SELECT count(*) FROM t", &count, &err));
    return count;
}

static void
commit_keeps_and_scope_exit_undoes(void **state)
{
    (void)state;
    {
        AUTO_TXN txn = {0};
        assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
        assert_ok(db_exec(db, "INSERT INTO t(v) VALUES (1)", &err));
    }
    assert_int_equal(rows(), 0);
    AUTO_TXN txn = {0};
    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    assert_ok(db_exec(db, "INSERT INTO t(v) VALUES (1)", &err));
    assert_ok(txn_commit(&txn, &err));
    txn_abort(&txn); /* nothing is open: nothing happens */
    assert_int_equal(rows(), 1);
}

static void
savepoints_undo_a_part(void **state)
{
    (void)state;
    AUTO_TXN txn = {0};
    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    assert_ok(savepoint_begin(db, &err));
    assert_ok(db_exec(db, "INSERT INTO t(v) VALUES (1)", &err));
    assert_ok(savepoint_begin(db, &err));
    assert_ok(db_exec(db, "INSERT INTO t(v) VALUES (2)", &err));
    assert_int_equal(rows(), 2);
    assert_ok(savepoint_abort(db, &err));
    assert_int_equal(rows(), 1);
    assert_ok(savepoint_release(db, &err));
    assert_ok(txn_commit(&txn, &err));
    assert_int_equal(rows(), 1);
    assert_int_equal(savepoint_begin(db, &err), RC_GONE);
}

static void
read_sees_one_snapshot(void **state)
{
    (void)state;
    struct db *writer;
    assert_ok(db_open(&writer, tmpdir_file(&dir, "a.db"), &options, &err));
    AUTO_TXN txn = {0};
    assert_ok(txn_begin(&txn, db, TXN_READ, &err));
    assert_int_equal(rows(), 0);
    assert_ok(db_exec(writer, "INSERT INTO t(v) VALUES (1)", &err));
    assert_int_equal(rows(), 0);
    assert_ok(txn_commit(&txn, &err));
    assert_int_equal(rows(), 1);
    db_close(writer);
}

/* The whole transaction, with a part undone inside. */
static enum rc
work(void)
{
    AUTO_TXN txn = {0};
    enum rc rc = txn_begin(&txn, db, TXN_WRITE, &err);
    if (rc == RC_OK)
        rc = db_exec(db, "INSERT INTO t(v) VALUES (zeroblob(3000))", &err);
    if (rc == RC_OK)
        rc = savepoint_begin(db, &err);
    if (rc == RC_OK)
        rc = db_exec(db, "INSERT INTO t(v) VALUES (zeroblob(60000))", &err);
    if (rc == RC_OK)
        rc = savepoint_abort(db, &err);
    if (rc == RC_OK)
        rc = db_exec(db, "INSERT INTO t(v) VALUES (zeroblob(3000))", &err);
    return rc == RC_OK ? txn_commit(&txn, &err) : rc;
}

static void
every_failing_write_leaves_all_or_nothing(void **state)
{
    const enum fault_kind kind = *(const enum fault_kind *)*state;
    assert_ok(db_exec(db, "PRAGMA cache_size=10", &err)); /* spill, so that it writes early */
    int64_t have = rows();
    for (uint64_t nth = 1;; nth++) {
        fault_vfs_arm(kind, nth);
        const enum rc rc = work();
        const bool fired = fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        if (kind == FAULT_CRASH) { /* a new process looks at what is there */
            db_close(db);
            assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
        }
        assert_true(fired || rc == RC_OK);
        /* What was not acknowledged before a crash may still be there, but only as a whole. */
        if (rc == RC_OK || (kind == FAULT_CRASH && rows() == have + 2))
            have += 2;
        assert_int_equal(rows(), have);
        assert_ok(db_check(db, DB_CHECK_FULL, &err));
        if (!fired)
            break;
        assert_true(nth < 10000);
    }
    assert_true(have >= 2);
}

static enum fault_kind kind_full = FAULT_FULL;
static enum fault_kind kind_io = FAULT_IO;
static enum fault_kind kind_crash = FAULT_CRASH;

static void
rolled_back_by_sqlite_is_gone(void **state)
{
    (void)state;
    AUTO_TXN txn = {0};
    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    assert_ok(db_exec(db, "INSERT INTO t(v) VALUES (1)", &err));
    assert_ok(db_exec(db, "ROLLBACK", &err)); /* as SQLite does on a full disk */
    assert_int_equal(savepoint_release(db, &err), RC_GONE);
    assert_int_equal(savepoint_abort(db, &err), RC_GONE);
    assert_int_equal(txn_commit(&txn, &err), RC_GONE);
    assert_int_equal(rows(), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SWEEP(kind)                                                                            \
    {                                                                                          \
        "every_failing_write " #kind, every_failing_write_leaves_all_or_nothing, setup,        \
            teardown, &kind                                                                    \
    }
    const struct CMUnitTest tests[] = {
        T(commit_keeps_and_scope_exit_undoes),
        T(savepoints_undo_a_part),
        T(read_sees_one_snapshot),
        T(rolled_back_by_sqlite_is_gone),
        SWEEP(kind_full),
        SWEEP(kind_io),
        SWEEP(kind_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

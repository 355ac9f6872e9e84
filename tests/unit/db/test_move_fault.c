/* SPDX-License-Identifier: MIT */
/*
 * A handle that meets a failure on its way from one database to another: each call of the disk
 * and each allocation fails in turn. It is refused or closed, the database is opened anew, and
 * nothing is lost on either side.
 */
#include "support/cm.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/db_private.h"
#include "base/disk.h"
#include "db/image.h"
#include "db/move.h"
#include "db/txn.h"
#include "support/fault_alloc.h"
#include "support/fault_vfs.h"
#include "support/tmpdir.h"

enum { CACHE_KIB = 256, FAULTS_MAX = 2000 };

static const char *const sql_texts[] = {
    "INSERT INTO t(v) VALUES (?1)",
    "SELECT count(*), ifnull(min(v), ?1), ifnull(max(v), ?1) FROM t",
};
static const struct db_step steps[] = {{.sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, v)"}};
static const struct db_schema schema = {
    .what = "test", .application_id = 77, .steps = steps, .step_count = 1};

static struct tmpdir dir;
static struct err err;
static unsigned changes;

static void
observe(void *ctx, const struct disk_op *op)
{
    (void)ctx;
    if (op->what != DISK_CREATE) /* of a log that could not be opened: it is there */
        changes++;
}

static const char *
path_of(unsigned n)
{
    return tmpdir_file(&dir, n == 1 ? "1.db" : "2.db");
}

static struct db *
open_at(unsigned n)
{
    const struct db_options options = {.sql = sql_texts,
                                       .sql_count = 2,
                                       .create = true,
                                       .own_index = true,
                                       .page_size_octets = 4096,
                                       .cache_kib = CACHE_KIB};
    struct db *db = NULL;

    assert_ok(db_open(&db, path_of(n), &options, &err));
    assert_ok(db_migrate(db, &schema, &err));
    return db;
}

static void
add(struct db *db, unsigned n, int64_t *rows)
{
    AUTO_TXN txn = {0};
    AUTO_STMT stmt = stmt_get(db, 0);

    stmt_bind_i64(&stmt, 1, n);
    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    assert_ok(stmt_run(&stmt, &err));
    stmt_reset(&stmt);
    assert_ok(txn_commit(&txn, &err));
    ++*rows;
}

static void
assert_sees(struct db *db, unsigned n, int64_t rows)
{
    AUTO_STMT stmt = stmt_get(db, 1);

    stmt_bind_i64(&stmt, 1, n);
    assert_ok(stmt_one(&stmt, &err));
    assert_int_equal(stmt_i64(&stmt, 0), rows);
    assert_int_equal(stmt_i64(&stmt, 1), n);
    assert_int_equal(stmt_i64(&stmt, 2), n);
}

/* What fails, and when. */
struct plan {
    void (*arm)(uint64_t nth);
    bool (*disarm)(void); /* true: it has failed */
};

static void
arm_look(uint64_t nth)
{
    fault_vfs_arm(FAULT_LOOK, nth);
}

static bool
disarm_look(void)
{
    const bool fired = fault_vfs_fired();

    fault_vfs_arm(FAULT_NONE, 0);
    return fired;
}

static void
arm_one(uint64_t nth)
{
    fault_alloc_arm(FAULT_ALLOC_ONE, nth);
}

static void
arm_all(uint64_t nth)
{
    fault_alloc_arm(FAULT_ALLOC_ALL_FROM, nth);
}

static const struct plan look_plan = {arm_look, disarm_look};
static const struct plan one_plan = {arm_one, fault_alloc_disarm};
static const struct plan all_plan = {arm_all, fault_alloc_disarm};

/* From 1 to 2; a failure that SQLite gets over does no harm. True: one has happened. */
static bool
one_move(const struct plan *plan, uint64_t nth, int64_t *here, int64_t *there)
{
    struct db *db = open_at(1);

    add(db, 1, here);
    changes = 0;
    plan->arm(nth);
    const bool left = db_leave(db);
    const enum rc rc =
        left ? db_move(db, path_of(2), DB_READS_AHEAD, CACHE_KIB, NULL) : RC_GONE;
    const bool failed = plan->disarm();
    assert_int_equal(changes, 0); /* it writes nothing */
    assert_true(failed || rc == RC_OK);
    if (!left) {
        assert_sees(db, 1, *here);
        add(db, 1, here);
    }
    if (rc != RC_OK) {
        db_close(db);
        db = open_at(2);
    }
    assert_sees(db, 2, *there);
    add(db, 2, there);
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
    db_close(db);
    db = open_at(1);
    assert_sees(db, 1, *here);
    db_close(db);
    return failed;
}

/* empty: the log there has nothing in it. */
static void
all_moves(const struct plan *plan, bool empty)
{
    int64_t here = 0;
    int64_t there = 0;
    uint64_t nth = 1;

    tmpdir_make(&dir);
    /* A database whose first page is in its log alone does not say enough of itself. */
    struct db *db = open_at(1);
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
    db_close(db);
    db = open_at(2);
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
    add(db, 2, &there);
    db_close(db);
    disk_observe(observe, NULL);
    for (bool failed = true; failed; nth++) {
        assert_true(nth < FAULTS_MAX);
        if (empty) {
            db = open_at(2);
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
            db_close(db);
        }
        failed = one_move(plan, nth, &here, &there);
    }
    disk_observe(NULL, NULL);
    assert_true(nth > 4);
    tmpdir_remove(&dir);
}

static void
disk_fails(void **state)
{
    (void)state;
    fault_vfs_register();
    assert_int_equal(sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS), 1), SQLITE_OK);
    all_moves(&look_plan, false);
    all_moves(&look_plan, true);
    assert_int_equal(sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1), SQLITE_OK);
}

static void
memory_fails(void **state)
{
    (void)state;
    all_moves(&one_plan, false);
    all_moves(&one_plan, true);
    all_moves(&all_plan, false);
    all_moves(&all_plan, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_fails),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

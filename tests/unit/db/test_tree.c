/* SPDX-License-Identifier: MIT */
/*
 * Walks through a table's pages give the rows that a statement gives in the same transaction:
 * wherever its pages are, while others write and empty the log, from any key. What they cannot
 * give they leave to statements. Damaged pages end a walk.
 */
#include "support/cm.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "db/db_private.h"
#include "db/tree.h"
#include "db/txn.h"
#include "support/outside.h"
#include "support/tmpdir.h"

enum { COLUMNS = 5, PAGE = 512 };

static struct tmpdir dir;
static _Thread_local struct err err;
static struct db *writer;
static struct db *reader;
static uint64_t seed;

static uint64_t
draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static struct db *
open_db(void)
{
    const struct db_options options = {
        .create = true, .own_index = true, .page_size_octets = PAGE, .cache_kib = 256};
    struct db *db = NULL;

    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
    return db;
}

static int
setup(void **state)
{
    (void)state;
    seed = 88172645463325252u;
    tmpdir_make(&dir);
    writer = open_db();
    assert_ok(db_exec(writer,
                      "CREATE TABLE other(id INTEGER PRIMARY KEY, v);"
                      "CREATE TABLE t(a INTEGER, b INTEGER, c, d, e, PRIMARY KEY (a, b))"
                      " WITHOUT ROWID",
                      &err));
    reader = open_db();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    db_close(reader);
    db_close(writer);
    tmpdir_remove(&dir);
    return 0;
}

/* ---- changing ---- */

static void
change(const char *sql)
{
    AUTO_TXN txn = {0};

    CHECK(txn_begin(&txn, writer, TXN_WRITE, &err) == RC_OK);
    CHECK(db_exec(writer, sql, &err) == RC_OK);
    CHECK(txn_commit(&txn, &err) == RC_OK);
}

/* Numbers of all lengths, and pages of other tables between those of t. */
static void
add_rows(unsigned count)
{
    char sql[600];

    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < %u)"
             " INSERT OR REPLACE INTO t SELECT abs(random()) %% 4, abs(random()) %% 100000,"
             " abs(random()) %% 3, random() >> (abs(random()) %% 64),"
             " -(abs(random()) >> (abs(random()) %% 63)) FROM n;"
             "INSERT INTO other(v) VALUES (zeroblob(%u))",
             count, (unsigned)draw(4000));
    change(sql);
}

static void
change_some(void)
{
    char sql[200];
    const unsigned from = (unsigned)draw(100000);
    const unsigned many = (unsigned)draw(3) == 0 ? 30000 : 300;

    switch (draw(4)) {
    case 0:
        snprintf(sql, sizeof sql, "DELETE FROM t WHERE b BETWEEN %u AND %u", from, from + many);
        break;
    case 1:
        snprintf(sql, sizeof sql, "UPDATE t SET d = d + 1 WHERE d < 9 AND b > %u", from);
        break;
    default:
        add_rows(1 + (unsigned)draw(200));
        return;
    }
    change(sql);
}

static void
empty_log_perhaps(void)
{
    const bool whole = draw(2) == 0;

    if (draw(3) != 0)
        return;
    const enum rc rc = db_checkpoint(
        writer, whole ? DB_CHECKPOINT_TRUNCATE_NOW : DB_CHECKPOINT_PASSIVE, NULL, NULL);
    CHECK(rc == RC_OK || rc == RC_BUSY);
}

/* ---- comparing ---- */

static sqlite3_stmt *
prepare(struct db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    CHECK(sqlite3_prepare_v2(db_raw(db), sql, -1, &stmt, NULL) == SQLITE_OK);
    return stmt;
}

static uint32_t
root_of(struct db *db)
{
    sqlite3_stmt *stmt =
        prepare(db, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 't'");

    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    const uint32_t root = (uint32_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return root;
}

/* In a transaction: all rows from this key on. How many there are. */
static unsigned
compare_from(struct db *db, struct tree_key from)
{
    struct tree tree;
    int64_t row[TREE_COLUMNS];
    unsigned count = 0;
    sqlite3_stmt *stmt = prepare(db, "SELECT * FROM t WHERE (a, b) >= (?, ?) ORDER BY a, b");

    CHECK(sqlite3_bind_int64(stmt, 1, from.first) == SQLITE_OK);
    CHECK(sqlite3_bind_int64(stmt, 2, from.second) == SQLITE_OK);
    CHECK(tree_begin(&tree, db, root_of(db), COLUMNS, from));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        CHECK(tree_next(&tree, row) == TREE_ROW);
        for (int i = 0; i < COLUMNS; i++)
            CHECK(row[i] == sqlite3_column_int64(stmt, i));
        count++;
    }
    CHECK(tree_next(&tree, row) == TREE_END);
    tree_end(&tree);
    CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
    return count;
}

static unsigned
compare(struct db *db)
{
    for (unsigned i = 0; i < 3; i++)
        (void)compare_from(db, (struct tree_key){(int64_t)draw(5), (int64_t)draw(110000)});
    return compare_from(db, (struct tree_key){INT64_MIN, 0});
}

static void
snapshot_begin(struct txn *txn, struct db *db)
{
    CHECK(txn_begin(txn, db, TXN_READ, &err) == RC_OK);
    (void)root_of(db);
}

static void
rows_are_those_of_statements(void **state)
{
    unsigned most = 0;

    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        AUTO_TXN txn = {0};
        AUTO_TXN old = {0};
        snapshot_begin(&old, reader);
        change_some();
        empty_log_perhaps();
        change_some();
        empty_log_perhaps();
        const unsigned count = compare(reader);
        most = count > most ? count : most;
        txn_abort(&old);
        snapshot_begin(&txn, reader);
        (void)compare(reader);
    }
    assert_true(most > 1000);
}

static void
empty_table_has_no_rows(void **state)
{
    AUTO_TXN txn = {0};

    (void)state;
    snapshot_begin(&txn, reader);
    assert_int_equal(compare(reader), 0);
}

/* More frames than a region of the index has. */
static void
log_is_long(void **state)
{
    struct db_checkpoint log;
    AUTO_TXN txn = {0};

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        add_rows(4000);
    snapshot_begin(&txn, reader);
    (void)compare(reader);
    assert_ok(db_checkpoint(writer, DB_CHECKPOINT_PASSIVE, &log, &err));
    assert_true(log.wal_octets > (int64_t)3 * 4096 * PAGE);
    add_rows(100);
    (void)compare(reader);
}

/* ---- others write meanwhile ---- */

static atomic_bool is_over;

static void *
read_all_the_time(void *ctx)
{
    struct db *db = open_db();

    (void)ctx;
    while (!atomic_load(&is_over)) {
        AUTO_TXN txn = {0};
        snapshot_begin(&txn, db);
        (void)compare_from(db, (struct tree_key){INT64_MIN, 0});
        (void)compare_from(db, (struct tree_key){2, 5000});
    }
    db_close(db);
    return NULL;
}

static void
others_write_meanwhile(void **state)
{
    pthread_t threads[2];

    (void)state;
    atomic_store(&is_over, false);
    add_rows(300);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, NULL), 0);
    for (unsigned i = 0; i < 100; i++) {
        change_some();
        empty_log_perhaps();
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}

/* ---- what is left to statements ---- */

static bool
begins(struct db *db, uint32_t root)
{
    struct tree tree;
    const bool begun = tree_begin(&tree, db, root, COLUMNS, (struct tree_key){0, 0});

    if (begun)
        tree_end(&tree);
    return begun;
}

static void
only_in_a_snapshot(void **state)
{
    AUTO_TXN txn = {0};

    (void)state;
    add_rows(100);
    const uint32_t root = root_of(reader);
    assert_false(begins(reader, root));
    assert_ok(txn_begin(&txn, reader, TXN_READ, &err));
    assert_false(begins(reader, root)); /* nothing was read yet */
    (void)root_of(reader);
    assert_true(begins(reader, root));
    assert_false(begins(reader, 0));
    assert_false(begins(reader, 1)); /* another kind of page */
    assert_false(begins(reader, 1000000));
    txn_abort(&txn);
    assert_ok(txn_begin(&txn, reader, TXN_WRITE, &err));
    assert_false(begins(reader, root));
    assert_ok(db_exec(reader, "DELETE FROM t", &err));
    assert_false(begins(reader, root));
}

/* The index of the log is SQLite's then. */
static void
not_with_other_programs(void **state)
{
    char path[256];
    AUTO_TXN txn = {0};

    (void)state;
    add_rows(100);
    db_close(reader);
    db_close(writer);
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "a.db"));
    const struct outsider outsider = outsider_begin(path, "DELETE FROM t WHERE a = 1");
    writer = open_db();
    reader = open_db();
    snapshot_begin(&txn, reader);
    assert_false(begins(reader, root_of(reader)));
    txn_abort(&txn);
    outsider_end(outsider);
}

/* How a walk from the beginning ends, after how many rows. */
static enum tree_step
walk(unsigned columns, unsigned *count_out)
{
    struct tree tree;
    int64_t row[TREE_COLUMNS];
    enum tree_step step = TREE_ROW;

    *count_out = 0;
    if (!tree_begin(&tree, reader, root_of(reader), columns, (struct tree_key){0, 0}))
        return TREE_FAILED;
    while ((step = tree_next(&tree, row)) == TREE_ROW)
        ++*count_out;
    tree_end(&tree);
    return step;
}

static void
other_values_end_a_walk(void **state)
{
    static const struct {
        const char *value;
        enum tree_step step;
    } cases[] = {
        {"0", TREE_END},
        {"1", TREE_END},
        {"-9223372036854775808", TREE_END},
        {"NULL", TREE_FAILED},
        {"1.5", TREE_FAILED},
        {"'text'", TREE_FAILED},
        {"x'01'", TREE_FAILED},
        {"zeroblob(90)", TREE_FAILED},
        {"zeroblob(5000)", TREE_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[200];
        unsigned count = 0;
        AUTO_TXN txn = {0};
        snprintf(sql, sizeof sql,
                 "DELETE FROM t; INSERT INTO t VALUES (1, 1, 5, 5, 5), (1, 2, 5, %s, 5)",
                 cases[i].value);
        change(sql);
        snapshot_begin(&txn, reader);
        assert_int_equal(walk(COLUMNS, &count), cases[i].step);
        assert_true(cases[i].step == TREE_END ? count == 2 : count < 2);
        assert_int_equal(walk(COLUMNS - 1, &count), TREE_FAILED);
        assert_int_equal(walk(COLUMNS + 1, &count), TREE_FAILED);
        assert_int_equal(walk(TREE_COLUMNS + 1, &count), TREE_FAILED);
    }
    change("DELETE FROM t; INSERT INTO t VALUES (1, 9223372036854775807, 5, 5, 5)");
    unsigned count = 0;
    AUTO_TXN txn = {0};
    snapshot_begin(&txn, reader);
    assert_int_equal(walk(COLUMNS, &count), TREE_FAILED); /* no key is above it */
}

/* ---- damage ---- */

static void
damage_ends_a_walk(void **state)
{
    enum { FLIPS = 1000, ROWS_MAX = 1 << 20 };
    struct stat st;
    unsigned whole = 0;
    unsigned failed = 0;

    (void)state;
    add_rows(3000);
    assert_ok(db_checkpoint(writer, DB_CHECKPOINT_TRUNCATE, NULL, &err));
    const int fd = open(tmpdir_file(&dir, "a.db"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    AUTO_TXN txn = {0};
    snapshot_begin(&txn, reader);
    assert_int_equal(walk(COLUMNS, &whole), TREE_END);
    for (unsigned i = 0; i < FLIPS; i++) {
        /* mostly in the headers of pages */
        const off_t page = PAGE * (1 + (off_t)draw((uint64_t)st.st_size / PAGE - 1));
        const off_t at = page + (off_t)draw(draw(4) == 0 ? PAGE : 20);
        unsigned char before;
        unsigned count = 0;
        assert_int_equal(pread(fd, &before, 1, at), 1);
        const unsigned char after = (unsigned char)(before ^ (1u << draw(8)));
        assert_int_equal(pwrite(fd, &after, 1, at), 1);
        failed += walk(COLUMNS, &count) == TREE_FAILED;
        assert_true(count < ROWS_MAX);
        assert_int_equal(pwrite(fd, &before, 1, at), 1);
    }
    assert_true(failed > FLIPS / 10);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_those_of_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_table_has_no_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(log_is_long, setup, teardown),
        cmocka_unit_test_setup_teardown(others_write_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(only_in_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(not_with_other_programs, setup, teardown),
        cmocka_unit_test_setup_teardown(other_values_end_a_walk, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_ends_a_walk, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

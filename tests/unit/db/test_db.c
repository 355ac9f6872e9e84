/* SPDX-License-Identifier: MIT */
/* Opening, closing, checkpoints, space, and what failures are called. */
#include "support/cm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "db/db_private.h"
#include "db/stmt.h"
#include "db/txn.h"
#include "support/fault_vfs.h"
#include "support/tmpdir_each.h"

static struct err err;

static const char *const sql[] = {"INSERT INTO t(b) VALUES (zeroblob(?1))"};
static const struct db_options create = {.sql = sql, .sql_count = 1, .create = true};

static struct db *
open_new(const char *name, struct db_options options)
{
    struct db *db;
    options.create = true;
    assert_ok(db_open(&db, tmpdir_file(&dir, name), &options, &err));
    return db;
}

static void
insert(struct db *db, int64_t octets)
{
    AUTO_STMT stmt = stmt_get(db, 0);
    stmt_bind_i64(&stmt, 1, octets);
    assert_ok(stmt_run(&stmt, &err));
}

static int64_t
file_octets(const char *name)
{
    struct stat st;
    return stat(tmpdir_file(&dir, name), &st) == 0 ? st.st_size : -1;
}

static void
creates_with_mode_and_wal(void **state)
{
    (void)state;
    struct db *db = open_new("a.db", (struct db_options){0});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    struct stat st;
    assert_int_equal(stat(tmpdir_file(&dir, "a.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(tmpdir_file(&dir, "a.db-wal"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_string_equal(db_path(db), tmpdir_file(&dir, "a.db"));
    db_close(db);
    db_close(NULL);
}

static void
closing_keeps_the_wal_unless_asked(void **state)
{
    (void)state;
    struct db *db = open_new("a.db", (struct db_options){0});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    db_close(db);
    assert_true(file_octets("a.db-wal") > 0);

    db = open_new("a.db", (struct db_options){.checkpoint_on_close = true});
    assert_ok(db_exec(db, "INSERT INTO t VALUES (1)", &err));
    db_close(db);
    assert_int_equal(file_octets("a.db-wal"), -1);
}

static void
refuses_what_it_cannot_open(void **state)
{
    (void)state;
    struct db *db;
    struct db_options options = {0};
    assert_int_equal(db_open(&db, tmpdir_file(&dir, "none.db"), &options, &err), RC_NOT_FOUND);
    assert_int_equal(db_open(&db, tmpdir_file(&dir, "no/dir.db"), &create, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "no/dir.db"));

    const int fd = open(tmpdir_file(&dir, "text.db"), O_CREAT | O_WRONLY, 0600);
    char junk[4096];
    memset(junk, 'x', sizeof junk);
    assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    assert_int_equal(db_open(&db, tmpdir_file(&dir, "text.db"), &options, &err), RC_CORRUPT);
}

static void
read_only_denies_writes(void **state)
{
    (void)state;
    struct db *db = open_new("a.db", (struct db_options){0});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    struct db *reader;
    const struct db_options options = {.read_only = true};
    assert_ok(db_open(&reader, tmpdir_file(&dir, "a.db"), &options, &err));
    assert_int_equal(db_exec(reader, "INSERT INTO t VALUES (1)", &err), RC_DENIED);
    db_close(reader);
    db_close(db);
}

static void
creation_settings_hold(void **state)
{
    (void)state;
    struct db *db = open_new(
        "a.db", (struct db_options){
                    .sql = sql, .sql_count = 1, .page_size_octets = 8192, .auto_vacuum = true});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    insert(db, 100000);
    assert_ok(db_exec(db, "DELETE FROM t", &err));
    int64_t octets;
    assert_ok(db_free_octets(db, &octets, &err));
    assert_true(octets >= 96 * 1024 && octets % 8192 == 0);
    assert_ok(db_vacuum_step(db, 4, &err));
    int64_t after;
    assert_ok(db_free_octets(db, &after, &err));
    assert_int_equal(after, octets - 4 * 8192);
    db_close(db);
}

static void
checkpoint_empties_the_wal(void **state)
{
    (void)state;
    struct db *db = open_new("a.db", (struct db_options){.sql = sql, .sql_count = 1});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    for (int i = 0; i < 3; i++)
        insert(db, 10 << 20); /* no checkpoint on its own */
    assert_true(db_wal_octets(db) > 30 << 20);
    struct db_checkpoint done;
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_PASSIVE, &done, &err));
    assert_int_equal(done.left_octets, 0);
    assert_true(done.wal_octets > 30 << 20);
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, &done, &err));
    assert_int_equal(done.wal_octets, 0);
    assert_int_equal(db_wal_octets(db), 0);
    assert_int_equal(file_octets("a.db-wal"), 0);
    db_close(db);
}

static void
reader_stops_truncation(void **state)
{
    (void)state;
    struct db *db =
        open_new("a.db", (struct db_options){.sql = sql, .sql_count = 1, .busy_ms = 1});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    struct db *reader = open_new("a.db", (struct db_options){0});
    assert_ok(db_exec(reader, "BEGIN; SELECT count(*) FROM t", &err));
    insert(db, 1 << 20);
    struct db_checkpoint done;
    assert_int_equal(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, &done, &err), RC_BUSY);
    assert_true(done.left_octets > 1 << 20);
    assert_ok(db_exec(reader, "COMMIT", &err));
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, &done, &err));
    db_close(reader);
    db_close(db);
}

static void
auto_checkpoint_bounds_the_wal(void **state)
{
    (void)state;
    struct db *db = open_new(
        "a.db", (struct db_options){.sql = sql, .sql_count = 1, .auto_checkpoint = true});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    for (int i = 0; i < 50; i++)
        insert(db, 1 << 20);
    assert_true(file_octets("a.db-wal") < 8 << 20);
    db_close(db);
}

static void
constraints_have_names(void **state)
{
    (void)state;
    struct db *db = open_new("a.db", (struct db_options){0});
    assert_ok(db_exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE NOT NULL)", &err));
    assert_ok(db_exec(db, "INSERT INTO t VALUES (1,1)", &err));
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES (1,2)", &err), RC_EXISTS);
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES (2,1)", &err), RC_EXISTS);
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES (3,NULL)", &err), RC_INVALID);
    assert_non_null(strstr(err.text, "NOT NULL"));
    db_close(db);
}

static void
a_second_writer_is_busy(void **state)
{
    (void)state;
    struct db *one = open_new("a.db", (struct db_options){.busy_ms = 1});
    struct db *two = open_new("a.db", (struct db_options){.busy_ms = 1});
    AUTO_TXN txn = {0};
    AUTO_TXN other = {0};
    assert_ok(txn_begin(&txn, one, TXN_WRITE, &err));
    assert_int_equal(txn_begin(&other, two, TXN_WRITE, &err), RC_BUSY);
    txn_abort(&txn);
    assert_ok(txn_begin(&other, two, TXN_WRITE, &err));
    txn_abort(&other);
    db_close(one);
    db_close(two);
}

/* Others use the default, and so wait for LIMIT_DB_WAIT_MS. */
static void
waits_as_long_as_it_says(void **state)
{
    static const struct {
        unsigned busy_ms;
        int64_t waits_ms;
    } rows[] = {{0, LIMIT_DB_WAIT_MS}, {1, 1}, {LIMIT_DB_WAIT_MS + 1, LIMIT_DB_WAIT_MS + 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct db *db = open_new("a.db", (struct db_options){.busy_ms = rows[i].busy_ms});
        int64_t waits_ms = -1;
        assert_ok(db_query_i64(db, "PRAGMA busy_timeout", &waits_ms, &err));
        assert_int_equal(waits_ms, rows[i].waits_ms);
        db_close(db);
    }
}

static void
faults_have_names(void **state)
{
    (void)state;
    fault_vfs_register();
    struct db *db = open_new("a.db", (struct db_options){.vfs = FAULT_VFS});
    assert_ok(db_exec(db, "CREATE TABLE t(b)", &err));
    fault_vfs_arm(FAULT_FULL, 1);
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES (1)", &err), RC_FULL);
    fault_vfs_arm(FAULT_IO, 1);
    assert_int_equal(db_exec(db, "INSERT INTO t VALUES (1)", &err), RC_IO);
    fault_vfs_arm(FAULT_NONE, 0);
    assert_ok(db_exec(db, "INSERT INTO t VALUES (1)", &err));
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
    db_close(db);
}

static void
check_finds_damage(void **state)
{
    (void)state;
    struct db *db = open_new(
        "a.db", (struct db_options){.sql = sql, .sql_count = 1, .checkpoint_on_close = true});
    assert_ok(db_exec(db, "CREATE TABLE t(b); CREATE INDEX i ON t(b)", &err));
    for (int i = 0; i < 100; i++)
        insert(db, 100);
    assert_ok(db_check(db, DB_CHECK_QUICK, &err));
    db_close(db);
    const int fd = open(tmpdir_file(&dir, "a.db"), O_RDWR);
    char junk[2048];
    memset(junk, 0x5a, sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 2 * 4096), sizeof junk);
    close(fd);
    const struct db_options options = {0};
    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
    assert_int_equal(db_check(db, DB_CHECK_FULL, &err), RC_CORRUPT);
    db_close(db);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        T(creates_with_mode_and_wal),   T(closing_keeps_the_wal_unless_asked),
        T(refuses_what_it_cannot_open), T(read_only_denies_writes),
        T(creation_settings_hold),      T(checkpoint_empties_the_wal),
        T(reader_stops_truncation),     T(auto_checkpoint_bounds_the_wal),
        T(constraints_have_names),      T(a_second_writer_is_busy),
        T(waits_as_long_as_it_says),    T(faults_have_names),
        T(check_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

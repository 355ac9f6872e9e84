/* SPDX-License-Identifier: MIT */
/*
 * Logs that need not be read again (db/log_memo.h): the index made from a memo is the one that
 * SQLite makes from the log, and a memo of anything but this very log is not believed. That
 * nothing is lost whoever did what meanwhile is the business of the model in test_move.c.
 */
#include "support/cm.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/rng.h"
#include "db/db_private.h"
#include "db/log_header.h"
#include "db/log_memo.h"
#include "db/move.h"
#include "db/schema.h"
#include "db/txn.h"
#include "db/wal_index.h"
#include "support/tmpdir_each.h"

enum {
    PAGE = 4096,
    FRAME_HEADER_OCTETS = 24,
    CACHE_KIB = 4096,
    INDEX_OCTETS = 32768, /* the first region: walformat.html 2.1 */
    HEADER_OCTETS = 48,
    HEADER_CHANGE = 8, /* the only words that differ: counter, and checksum */
    HEADER_CHECKSUM = 40,
};

enum { SQL_ADD, SQL_COUNT_ROWS, SQL_COUNT };
static const char *const sql_texts[SQL_COUNT] = {
    [SQL_ADD] = "INSERT INTO t(v) VALUES (zeroblob(?1))",
    [SQL_COUNT_ROWS] = "SELECT count(*) FROM t",
};
static const struct db_step steps[] = {{.sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, v)"}};
static const struct db_schema schema = {
    .what = "test", .application_id = 77, .steps = steps, .step_count = 1};

static struct err err;

static const char *
path_of(unsigned n)
{
    return tmpdir_file(&dir, n == 1 ? "1.db" : "2.db");
}

static struct db *
open_at(unsigned n)
{
    const struct db_options options = {.sql = sql_texts,
                                       .sql_count = SQL_COUNT,
                                       .create = true,
                                       .own_index = true,
                                       .page_size_octets = PAGE,
                                       .cache_kib = CACHE_KIB};
    struct db *db = NULL;

    assert_ok(db_open(&db, path_of(n), &options, &err));
    assert_ok(db_migrate(db, &schema, &err));
    return db;
}

static void
commit(struct db *db, unsigned rows, int64_t octets)
{
    AUTO_TXN txn = {0};

    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    for (unsigned i = 0; i < rows; i++) {
        AUTO_STMT add = stmt_get(db, SQL_ADD);
        stmt_bind_i64(&add, 1, octets);
        assert_ok(stmt_run(&add, &err));
    }
    assert_ok(txn_commit(&txn, &err));
}

static int64_t
rows_of(struct db *db)
{
    AUTO_STMT stmt = stmt_get(db, SQL_COUNT_ROWS);

    assert_ok(stmt_one(&stmt, &err));
    return stmt_i64(&stmt, 0);
}

/* A handle that is at no database, and the second one, empty log and all. */
static struct db *
away(void)
{
    struct db *db = open_at(1);

    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
    assert_true(db_leave(db));
    return db;
}

static struct db *
second(void)
{
    struct db *db = open_at(2);

    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
    return db;
}

/* The memo of a database that is closed then; its log stays. */
static struct log_memo *
close_with_memo(struct db *db)
{
    struct log_memo *memo = db_log_memo(db);

    db_close(db);
    return memo;
}

static int64_t
frames_octets(unsigned frames)
{
    return (int64_t)frames * (FRAME_HEADER_OCTETS + PAGE);
}

/* Octets that this process has read by system calls. */
static int64_t
octets_read(void)
{
    char text[512] = "";
    long long octets = 0;
    const int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    assert_int_equal(sscanf(text, "rchar: %lld", &octets), 1);
    return octets;
}

static int64_t
move(struct db *db, const struct log_memo *memo)
{
    const int64_t before = octets_read();

    assert_int_equal(db_move(db, path_of(2), DB_READS_AHEAD, CACHE_KIB, memo), RC_OK);
    return octets_read() - before;
}

static void
a_log_is_not_read_again(void **state)
{
    (void)state;
    struct db *db = second();
    commit(db, 100, 3000);
    struct log_memo *memo = close_with_memo(db);
    assert_non_null(memo);
    assert_in_range(log_memo_octets(memo), 100 * 4, 250 * 4);

    db = away();
    assert_true(move(db, memo) < 40000);
    assert_int_equal(rows_of(db), 100);
    commit(db, 1, 10);
    assert_true(db_leave(db));
    assert_true(move(db, NULL) > 300000);
    assert_int_equal(rows_of(db), 101);
    log_memo_free(memo);
    db_close(db);
}

/* The same account again, unchanged: SQLite knows this very log. */
static void
back_to_the_same(void **state)
{
    (void)state;
    struct db *db = second();
    commit(db, 100, 3000);
    for (unsigned i = 0; i < 5; i++) {
        struct log_memo *memo = db_log_memo(db);
        assert_true(db_leave(db));
        assert_true(move(db, memo) < 40000);
        assert_int_equal(rows_of(db), 100);
        log_memo_free(memo);
    }
    db_close(db);
}

static void
index_copy(struct db *db, unsigned char out[INDEX_OCTETS])
{
    memcpy(out, wal_index_memory(db->index, 0), INDEX_OCTETS);
    for (unsigned at = 0; at < 2 * HEADER_OCTETS; at += HEADER_OCTETS) {
        memset(out + at + HEADER_CHANGE, 0, 4);
        memset(out + at + HEADER_CHECKSUM, 0, 8);
    }
}

/* Pages come again and again, in transactions of many lengths, after logs of other lengths. */
static void
the_index_is_the_one_that_sqlite_makes(void **state)
{
    static unsigned char recalled[INDEX_OCTETS];
    static unsigned char made[INDEX_OCTETS];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 7);
    struct db *db = second();
    for (unsigned round = 0; round < 40; round++) {
        if (rng_below(&rng, 3) == 0)
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
        for (uint64_t i = 1 + rng_below(&rng, 4); i > 0; i--)
            commit(db, 1 + (unsigned)rng_below(&rng, 9), 1 + (int64_t)rng_below(&rng, 12000));
        struct log_memo *memo = db_log_memo(db);
        assert_non_null(memo);
        assert_true(db_leave(db));
        (void)move(db, memo);
        index_copy(db, recalled);
        assert_true(db_leave(db));
        (void)move(db, NULL);
        index_copy(db, made);
        assert_memory_equal(recalled, made, INDEX_OCTETS);
        log_memo_free(memo);
    }
    db_close(db);
}

/* Whether a memo spares the reading of the second database's log. */
static bool
is_believed(const struct log_memo *memo, int64_t rows)
{
    struct db *db = away();
    const bool believed = move(db, memo) < 40000;

    assert_int_equal(rows_of(db), rows);
    db_close(db);
    return believed;
}

static void
plain(const char *sql, bool keep_log)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open_v2(path_of(2), &raw, SQLITE_OPEN_READWRITE, "unix"),
                     SQLITE_OK);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log ? 1 : 0, NULL);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

static void
what_others_did_shows(void **state)
{
    static const char *const many =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        " INSERT INTO t(v) SELECT zeroblob(3000) FROM n";

    (void)state;
    struct db *db = second();
    commit(db, 100, 3000);
    struct log_memo *memo = close_with_memo(db);
    assert_true(is_believed(memo, 100));
    plain("SELECT count(*) FROM t", true);
    assert_true(is_believed(memo, 100)); /* looking changes nothing */
    plain("INSERT INTO t(v) VALUES (1)", true);
    assert_false(is_believed(memo, 101));   /* frames that follow */
    plain("SELECT count(*) FROM t", false); /* the log goes */
    (void)is_believed(memo, 101);
    plain(many, true);
    assert_false(is_believed(memo, 201)); /* another log, as long */
    log_memo_free(memo);
}

/* Its last commit is gone, as after a power loss that another database has survived. */
static void
a_log_that_lost_its_end(void **state)
{
    char log[300];

    (void)state;
    struct db *db = second();
    commit(db, 100, 3000);
    snprintf(log, sizeof log, "%s-wal", path_of(2));
    const int fd = open(log, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    const off_t end = LOG_HEADER_OCTETS + (off_t)db_wal_octets(db);
    commit(db, 1, 10);
    struct log_memo *memo = close_with_memo(db);
    assert_int_equal(pwrite(fd, "lost", 4, end + 16), 4); /* a checksum */
    close(fd);
    assert_false(is_believed(memo, 100));
    log_memo_free(memo);
}

static void
frames_up_to_the_limit(void **state)
{
    struct log_memo *memo = NULL;
    unsigned commits = 0;

    (void)state;
    struct db *db = second();
    assert_null(db_log_memo(db)); /* nothing is in the log */
    while (db_wal_octets(db) < frames_octets(LIMIT_LOG_MEMO_FRAMES)) {
        log_memo_free(memo);
        commit(db, 1, 10); /* one page of the table, at most two */
        memo = db_log_memo(db);
        commits++;
    }
    assert_int_equal(db_wal_octets(db), frames_octets(LIMIT_LOG_MEMO_FRAMES));
    assert_non_null(memo);
    commit(db, 1, 10);
    assert_null(db_log_memo(db));
    commit(db, 2000, 3000); /* many times as much */
    assert_null(db_log_memo(db));
    db_close(db);
    (void)is_believed(memo, commits + 1 + 2000);
    log_memo_free(memo);
}

/* A handle in a transaction says nothing, and one whose index others use gives none to it. */
static void
not_while_it_is_in_use(void **state)
{
    (void)state;
    struct db *db = second();
    commit(db, 10, 3000);
    {
        AUTO_TXN txn = {0};
        assert_ok(txn_begin(&txn, db, TXN_READ, &err));
        assert_null(db_log_memo(db));
    }
    struct log_memo *memo = db_log_memo(db);
    assert_ok(wal_index_hold(db->index));
    struct wal_index_locks locks = {0};
    assert_int_equal(wal_index_lock(db->index, &locks, 3, 1, false), RC_OK);
    assert_false(log_memo_restore(memo, db->index, NULL));
    wal_index_unlock(db->index, &locks, 3, 1);
    assert_false(log_memo_restore(memo, db->index, NULL)); /* there is an index */
    wal_index_release(db->index);
    log_memo_free(memo);
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_is_not_read_again),
        TEST(back_to_the_same),
        TEST(the_index_is_the_one_that_sqlite_makes),
        TEST(what_others_did_shows),
        TEST(a_log_that_lost_its_end),
        TEST(frames_up_to_the_limit),
        TEST(not_while_it_is_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Handles that go from one database to another (db/move.h). The databases are copies of one
 * template, so that what SQLite compares to find out whether anything has changed is as alike
 * as can be. A model knows what is in each of them; an independent connection reads a copy of
 * the files.
 */
#include "support/cm.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "db/db_private.h"
#include "db/image.h"
#include "db/log_header.h"
#include "db/log_memo.h"
#include "db/move.h"
#include "db/txn.h"
#include "db/vfs.h"
#include "support/outside.h"
#include "support/tmpdir.h"

enum { PAGE = 4096, CACHE_KIB = 256, OWN = 1000000 };

enum { SQL_ADD, SQL_SUM, SQL_DROP, SQL_NAME, SQL_COUNT };
static const char *const sql_texts[SQL_COUNT] = {
    [SQL_ADD] = "INSERT INTO t(v, pad) VALUES (?1, zeroblob(?2))",
    [SQL_SUM] = ("SELECT count(*), ifnull(sum(v), 0), ifnull(min(v / 1000000), -1),"
                 " ifnull(max(v / 1000000), -1) FROM t"),
    [SQL_DROP] = "DELETE FROM t WHERE id = (SELECT min(id) FROM t WHERE id >= ?1) RETURNING v",
    [SQL_NAME] = "INSERT OR REPLACE INTO u(k, v) VALUES (?1, 1)",
};
static const struct db_step steps[] = {
    {.sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER, pad BLOB);"
            "CREATE TABLE u(k PRIMARY KEY, v) WITHOUT ROWID"},
    {.sql = "ALTER TABLE t ADD COLUMN more; CREATE INDEX t_v ON t(v)"},
};
static const struct db_schema schema = {
    .what = "test", .application_id = 77, .steps = steps, .step_count = 2};

static struct tmpdir dir;
static struct err err;
static unsigned char *image;
static size_t image_octets;

/* What is in a database. */
struct content {
    int64_t rows;
    int64_t sum;
};

static const char *
path_of(unsigned n, const char *suffix)
{
    static _Thread_local char path[256];

    snprintf(path, sizeof path, "%s/%u.db%s", dir.path, n, suffix);
    return path;
}

static void
write_file(const char *path, const void *octets, size_t count)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, count), (ssize_t)count);
    close(fd);
}

static void
copy_file(const char *from, const char *to)
{
    static char octets[4 << 20];
    const int fd = open(from, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        unlink(to);
        return;
    }
    const ssize_t got = read(fd, octets, sizeof octets);
    assert_in_range(got, 0, sizeof octets - 1);
    close(fd);
    write_file(to, octets, (size_t)got);
}

enum log { LOG_NONE, LOG_MARK };

static void
make(unsigned n, enum log log)
{
    write_file(path_of(n, ""), image, image_octets);
    if (log == LOG_MARK)
        write_file(path_of(n, "-wal"), vfs_empty_log().ptr, vfs_empty_log().len);
}

static struct db *
open_at(unsigned n)
{
    const struct db_options options = {.sql = sql_texts,
                                       .sql_count = SQL_COUNT,
                                       .create = true,
                                       .auto_vacuum = true,
                                       .own_index = true,
                                       .page_size_octets = PAGE,
                                       .cache_kib = CACHE_KIB};
    struct db *db = NULL;

    assert_ok(db_open(&db, path_of(n, ""), &options, &err));
    assert_ok(db_migrate(db, &schema, &err));
    return db;
}

static int
setup(void **state)
{
    (void)state;
    /* Thousands of syncs. */
    tmpdir_make_in(&dir, tmpdir_parent_in_memory());
    assert_ok(db_image_make(&schema, PAGE, &image, &image_octets, &err));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    sqlite3_free(image);
    tmpdir_remove(&dir);
    return 0;
}

static void
add(struct db *db, unsigned n, int64_t value, int64_t pad, struct content *content)
{
    AUTO_STMT stmt = stmt_get(db, SQL_ADD);

    stmt_bind_i64(&stmt, 1, n * (int64_t)OWN + value);
    stmt_bind_i64(&stmt, 2, pad);
    assert_ok(stmt_run(&stmt, &err));
    content->rows++;
    content->sum += n * (int64_t)OWN + value;
}

static void
commit_one(struct db *db, unsigned n, int64_t value, int64_t pad, struct content *content)
{
    AUTO_TXN txn = {0};

    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    add(db, n, value, pad, content);
    assert_ok(txn_commit(&txn, &err));
}

static void
assert_sum(const struct content *content, unsigned n, int64_t rows, int64_t sum, int64_t low,
           int64_t high)
{
    assert_int_equal(rows, content->rows);
    assert_int_equal(sum, content->sum);
    assert_int_equal(low, rows == 0 ? -1 : (int64_t)n);
    assert_int_equal(high, rows == 0 ? -1 : (int64_t)n);
}

/* What the handle sees is the content of database n. */
static void
assert_sees(struct db *db, unsigned n, const struct content *content)
{
    AUTO_STMT stmt = stmt_get(db, SQL_SUM);

    assert_ok(stmt_one(&stmt, &err));
    assert_sum(content, n, stmt_i64(&stmt, 0), stmt_i64(&stmt, 1), stmt_i64(&stmt, 2),
               stmt_i64(&stmt, 3));
}

/* What is in its files, for a plain SQLite that reads copies of them. */
static void
assert_files(unsigned n, const struct content *content)
{
    char copy[256];
    char log[264];
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;

    snprintf(copy, sizeof copy, "%s", tmpdir_file(&dir, "copy"));
    snprintf(log, sizeof log, "%s-wal", copy);
    copy_file(path_of(n, ""), copy);
    copy_file(path_of(n, "-wal"), log);
    assert_int_equal(sqlite3_open_v2(copy, &raw, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql_texts[SQL_SUM], -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_sum(content, n, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
               sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3));
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_prepare_v2(raw, "PRAGMA integrity_check", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
    unlink(copy);
    unlink(log);
}

/* Runs SQL in this process while no handle of ours is there; keep: the log stays. */
static void
plain(unsigned n, const char *sql, bool keep)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open_v2(path_of(n, ""), &raw, SQLITE_OPEN_READWRITE, "unix"),
                     SQLITE_OK);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, NULL);
    if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(raw));
    sqlite3_close(raw);
}

static void
move_with(struct db *db, unsigned n, const struct log_memo *memo)
{
    assert_int_equal(db_move(db, path_of(n, ""), DB_READS_AHEAD, CACHE_KIB, memo), RC_OK);
    assert_string_equal(db_path(db), path_of(n, ""));
}

static void
move(struct db *db, unsigned n)
{
    move_with(db, n, NULL);
}

static unsigned
descriptors(void)
{
    unsigned count = 0;
    DIR *fds = opendir("/proc/self/fd");

    assert_non_null(fds);
    while (readdir(fds) != NULL)
        count++;
    closedir(fds);
    return count;
}

/* ---- twins ---- */

/* Reads and writes here, then there, then here again, with one handle. */
static void
back_and_forth(struct content *a, struct content *b)
{
    struct db *db = open_at(1);

    assert_sees(db, 1, a);
    for (unsigned round = 0; round < 4; round++) {
        assert_true(db_leave(db));
        move(db, 2);
        assert_sees(db, 2, b);
        if (round % 2 == 1)
            commit_one(db, 2, round, 10, b);
        assert_sees(db, 2, b);
        assert_true(db_leave(db));
        move(db, 1);
        assert_sees(db, 1, a);
        if (round > 0)
            commit_one(db, 1, round, 10, a);
        assert_sees(db, 1, a);
    }
    db_close(db);
    assert_files(1, a);
    assert_files(2, b);
}

static void
twins_without_a_log(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_NONE);
    make(2, LOG_NONE);
    /* The name of a log that nobody has synced yet keeps a handle where it is. */
    struct db *db = open_at(1);
    assert_false(db_leave(db));
    commit_one(db, 1, 5, 10, &a);
    assert_true(db_leave(db));
    move(db, 2);
    assert_sees(db, 2, &b);
    assert_false(db_leave(db));
    commit_one(db, 2, 6, 10, &b);
    assert_true(db_leave(db));
    db_close(db);
    back_and_forth(&a, &b);
}

static void
twins_with_empty_logs(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    back_and_forth(&a, &b);
}

/* One page of each is different, in logs of the same length. */
static void
twins_with_equal_logs(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 10, &a);
    db_close(db);
    db = open_at(2);
    commit_one(db, 2, 1, 10, &b);
    db_close(db);
    back_and_forth(&a, &b);
}

/* Copies of one database and its log, down to the salts: then each goes its own way by one
 * commit, so that the headers of both indexes differ in a checksum only. */
static void
twins_with_a_common_past(void **state)
{
    static const unsigned char template_rows = 3;
    struct content a = {0};
    char from[256];

    (void)state;
    make(1, LOG_MARK);
    struct db *db = open_at(1);
    for (unsigned i = 0; i < template_rows; i++)
        assert_ok(db_exec(db, "INSERT INTO u VALUES (hex(randomblob(8)), 1)", &err));
    db_close(db);
    snprintf(from, sizeof from, "%s", path_of(1, ""));
    copy_file(from, path_of(2, ""));
    snprintf(from, sizeof from, "%s", path_of(1, "-wal"));
    copy_file(from, path_of(2, "-wal"));
    struct content b = a;
    back_and_forth(&a, &b);
}

/* A log of the next database without a header gets salts of its own, and those drawn anew, also
 * where the log before was of a high generation. */
static void
salts_are_drawn_anew(void **state)
{
    enum { LIVES = 4 };
    struct content a = {0};
    struct content b = {0};
    unsigned char header[LIVES][LOG_HEADER_OCTETS];
    static const unsigned char zeros[8];

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    for (unsigned life = 0; life < LIVES; life++) {
        for (unsigned i = 0; i < 3; i++) { /* each begins the log anew */
            commit_one(db, 1, i, 10, &a);
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, &err));
        }
        assert_true(db_leave(db));
        move(db, 2);
        commit_one(db, 2, life, 10, &b);
        const int fd = open(path_of(2, "-wal"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(pread(fd, header[life], LOG_HEADER_OCTETS, 0), LOG_HEADER_OCTETS);
        close(fd);
        assert_true(log_header_is_one(header[life]));
        assert_memory_equal(header[life] + 12, zeros, 4); /* generation 0 */
        assert_memory_not_equal(header[life] + 16, zeros, 8);
        for (unsigned before = 0; before < life; before++)
            assert_memory_not_equal(header[life] + 16, header[before] + 16, 8);
        assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
        assert_true(db_leave(db));
        move(db, 1);
    }
    assert_sees(db, 1, &a);
    db_close(db);
    assert_files(2, &b);
}

static void
blank_header(void **state)
{
    static const unsigned char salt[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    unsigned char header[LOG_HEADER_OCTETS];

    (void)state;
    log_header_blank(header, 8192, salt);
    assert_true(log_header_is_one(header));
    assert_memory_equal(header + 16, salt, 8);
    header[8 + 2] = 0x21; /* 8448 is no power of two */
    assert_false(log_header_is_one(header));
    log_header_blank(header, 65536, salt);
    assert_true(log_header_is_one(header));
    header[3]++; /* the other order of octets in checksums */
    assert_true(log_header_is_one(header));
    header[3]++;
    assert_false(log_header_is_one(header));
    assert_false(log_header_is_one((const unsigned char *)vfs_empty_log().ptr));
}

/* ---- what stays and what does not ---- */

static void
nothing_is_taken_along(void **state)
{
    const unsigned before = descriptors();
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 100000, &a);
    assert_true(db_last_rowid(db) > 0);
    assert_int_equal(db_changes(db), 1);
    assert_true(db_wal_octets(db) > 0);
    assert_true(db_leave(db));
    assert_int_equal(descriptors(), before);
    move(db, 2);
    assert_int_equal(db_last_rowid(db), 0);
    assert_int_equal(db_changes(db), 0);
    assert_int_equal(db_wal_octets(db), 0);
    commit_one(db, 2, 2, 10, &b);
    assert_int_equal(db_changes(db), 1);
    assert_int_equal(db_last_rowid(db), 1);
    assert_true(db_leave(db));
    assert_int_equal(db_move(db, path_of(3, ""), DB_READS_AHEAD, CACHE_KIB, NULL),
                     RC_NOT_FOUND);
    assert_int_equal(db_move(db, path_of(1, ""), DB_READS_AHEAD, 2 * CACHE_KIB, NULL), RC_OK);
    int64_t pages = 0;
    assert_ok(db_query_i64(db, "PRAGMA cache_size", &pages, &err));
    assert_int_equal(pages, -2 * CACHE_KIB);
    assert_sees(db, 1, &a);
    assert_true(db_leave(db));
    db_close(db);
    assert_int_equal(descriptors(), before);
}

static void
who_is_busy_stays(void **state)
{
    struct content a = {0};

    (void)state;
    make(1, LOG_MARK);
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 10, &a);
    {
        AUTO_TXN txn = {0};
        assert_ok(txn_begin(&txn, db, TXN_READ, &err));
        assert_false(db_leave(db));
    }
    {
        AUTO_STMT stmt = stmt_get(db, SQL_SUM);
        assert_true(stmt_row(&stmt));
        assert_false(db_leave(db));
    }
    struct db *second = open_at(1);
    assert_false(db_leave(db));
    assert_false(db_leave(second));
    db_close(second);
    assert_ok(db_exec(db, "ATTACH ':memory:' AS other", &err));
    assert_false(db_leave(db));
    assert_ok(db_exec(db, "DETACH other; CREATE TEMP TABLE mine(x)", &err));
    assert_false(db_leave(db));
    db_close(db);

    const struct db_options options = {
        .sql = sql_texts, .sql_count = SQL_COUNT, .own_index = true, .page_size_octets = PAGE};
    assert_ok(db_open(&db, path_of(1, ""), &options, &err));
    assert_false(db_leave(db)); /* nobody knows its schema */
    assert_ok(db_migrate(db, &schema, &err));
    assert_true(db_leave(db));
    db_close(db);
}

/* A handle goes nowhere where others are, and these go on undisturbed. */
static void
where_others_are(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    struct db *other = open_at(2);
    commit_one(other, 2, 1, 10, &b);
    assert_true(db_leave(db));
    assert_int_equal(db_move(db, path_of(2, ""), DB_READS_AHEAD, CACHE_KIB, NULL), RC_EXISTS);
    commit_one(other, 2, 2, 10, &b);
    assert_sees(other, 2, &b);
    move(db, 1);
    assert_sees(db, 1, &a);
    /* A second handle where one was moved to shares its index. */
    db_close(other);
    assert_true(db_leave(db));
    move(db, 2);
    other = open_at(2);
    commit_one(db, 2, 3, 10, &b);
    assert_sees(other, 2, &b);
    commit_one(other, 2, 4, 10, &b);
    assert_sees(db, 2, &b);
    assert_false(db_leave(db));
    db_close(other);
    assert_true(db_leave(db));
    db_close(db);
    assert_files(2, &b);
}

static void
another_program(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 10, &a);
    struct outsider outsider = outsider_begin(path_of(2, ""), "BEGIN; SELECT count(*) FROM t");
    assert_true(db_leave(db));
    assert_int_equal(db_move(db, path_of(2, ""), DB_READS_AHEAD, CACHE_KIB, NULL),
                     RC_GONE); /* it is attached */
    db_close(db);
    db = open_at(2);
    commit_one(db, 2, 1, 10, &b);
    assert_false(db_leave(db)); /* its index is not in our memory */
    outsider_end(outsider);
    db_close(db);

    db = open_at(1);
    outsider = outsider_begin(path_of(1, ""), "SELECT count(*) FROM t");
    assert_true(db_leave(db)); /* whoever has come meanwhile is no concern of the next one */
    assert_int_equal(db_move(db, path_of(1, ""), DB_READS_AHEAD, CACHE_KIB, NULL), RC_GONE);
    outsider_end(outsider);
    db_close(db);
    db = open_at(1);
    assert_false(db_leave(db)); /* the last one out has removed the log */
    commit_one(db, 1, 2, 10, &a);
    assert_true(db_leave(db));
    outsider_end(outsider_begin(path_of(2, ""), "INSERT INTO t(v) VALUES (2000002)"));
    b.rows++;
    b.sum += 2000002;
    move(db, 2);
    assert_sees(db, 2, &b);
    outsider_end(outsider_begin(path_of(2, ""), "INSERT INTO t(v) VALUES (2000003)"));
    AUTO_TXN txn = {0};
    assert_int_equal(txn_begin(&txn, db, TXN_READ, &err), RC_GONE);
    db_close(db);
}

/* ---- what does not suit ---- */

/* Moves a handle from 1 to 2, where it cannot stay. */
static void
assert_no_place(void)
{
    struct content a = {0};
    struct db *db = open_at(1);

    assert_sees(db, 1, &a);
    assert_true(db_leave(db));
    assert_int_equal(db_move(db, path_of(2, ""), DB_READS_AHEAD, CACHE_KIB, NULL), RC_GONE);
    db_close(db);
}

static void
another_schema(void **state)
{
    static const char *const changes[] = {
        "CREATE INDEX more ON t(more)",
        "CREATE INDEX more ON t(more); DROP INDEX more",
        "PRAGMA user_version=1",
        "PRAGMA user_version=3",
        "PRAGMA application_id=78",
        "PRAGMA schema_version=1000",
        "PRAGMA journal_mode=DELETE",
        "ANALYZE",
        /* As many changes as ours, and the same roots. */
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql, 'more', 'less')",
    };

    (void)state;
    make(1, LOG_MARK);
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        for (unsigned keep = 0; keep < 2; keep++) {
            make(2, LOG_MARK);
            plain(2, changes[i], keep == 1);
            assert_no_place();
        }
    }
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    assert_true(db_leave(db));
    move(db, 2); /* it is the change that was refused */
    db_close(db);
}

/* The handle's own schema was changed behind db_migrate: it is not believed where the schema is
 * the one that was noted, and not where the count is the same. */
static void
own_schema_changed(void **state)
{
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_MARK);
    struct db *db = open_at(1);
    assert_ok(db_exec(db, "CREATE INDEX more ON t(more)", &err));
    commit_one(db, 1, 1, 10, &a);
    assert_true(db_leave(db));
    move(db, 2);
    commit_one(db, 2, 1, 10, &b);
    assert_sees(db, 2, &b);
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
    db_close(db);
    assert_files(2, &b);

    make(3, LOG_MARK);
    plain(3, "CREATE INDEX other ON u(v)", false);
    make(1, LOG_MARK);
    db = open_at(1);
    assert_ok(db_exec(db, "CREATE INDEX more ON t(more)", &err));
    assert_true(db_leave(db));
    assert_int_equal(db_move(db, path_of(3, ""), DB_READS_AHEAD, CACHE_KIB, NULL), RC_GONE);
    db_close(db);
}

static void
damage(unsigned how)
{
    static char garbage[3 * PAGE];

    memset(garbage, 0x5a, sizeof garbage);
    make(2, LOG_MARK);
    switch (how) {
    case 0:
        write_file(path_of(2, ""), garbage, sizeof garbage);
        break;
    case 1:
        write_file(path_of(2, ""), "", 0);
        break;
    case 2:
        write_file(path_of(2, ""), image, 100);
        break;
    case 3:
        assert_int_equal(rename(path_of(2, "-wal"), tmpdir_file(&dir, "elsewhere")), 0);
        assert_int_equal(symlink(tmpdir_file(&dir, "nowhere/at/all"), path_of(2, "-wal")), 0);
        break;
    case 4:
        assert_int_equal(chmod(path_of(2, ""), 0), 0);
        break;
    case 5:
        unlink(path_of(2, "-wal"));
        assert_int_equal(mkdir(path_of(2, "-wal"), 0700), 0);
        break;
    case 6:
        write_file(path_of(2, "-journal"), garbage, 100);
        break;
    default:
        fail();
    }
}

static void
damaged_files(void **state)
{
    struct content a = {0};

    (void)state;
    make(1, LOG_MARK);
    for (unsigned how = 0; how < 7; how++) {
        if (how == 4 && geteuid() == 0)
            continue;
        damage(how);
        assert_no_place();
        (void)rmdir(path_of(2, "-wal"));
        unlink(path_of(2, "-wal"));
        unlink(path_of(2, "-journal"));
        unlink(path_of(2, ""));
    }
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 1, &a);
    assert_sees(db, 1, &a);
    db_close(db);
}

/* A header of a log that is none, for its checksum: nothing is in such a log. */
static void
broken_header(void **state)
{
    unsigned char octets[LOG_HEADER_OCTETS + 2 * PAGE];
    struct content a = {0};
    struct content b = {0};

    (void)state;
    make(1, LOG_MARK);
    make(2, LOG_NONE);
    struct db *db = open_at(1);
    commit_one(db, 1, 1, 10, &a);
    for (unsigned life = 0; life < 2; life++) {
        memset(octets, 0x33, sizeof octets);
        log_header_blank(octets, PAGE, octets);
        octets[30] ^= 1;
        assert_true(db_leave(db));
        if (life == 0)
            write_file(path_of(2, "-wal"), octets, sizeof octets);
        move(db, 2);
        assert_sees(db, 2, &b);
        commit_one(db, 2, life, 10, &b);
        assert_true(db_leave(db));
        assert_files(2, &b);
        move(db, 1);
        assert_sees(db, 1, &a);
    }
    db_close(db);
}

/* Page sizes, reserved octets and encodings are the handle's. */
static void
another_format(void **state)
{
    (void)state;
    make(1, LOG_MARK);
    for (unsigned i = 0; i < 2; i++) {
        unlink(path_of(2, ""));
        unlink(path_of(2, "-wal"));
        write_file(path_of(2, ""), "", 0);
        plain(2,
              i == 0 ? "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; CREATE TABLE t(x)"
                     : "PRAGMA page_size=4096; PRAGMA encoding='UTF-16';"
                       "PRAGMA journal_mode=WAL; CREATE TABLE t(x)",
              false);
        assert_no_place();
    }
}

/* ---- the model ---- */

enum { DATABASES = 12, HANDLES = 4, MOVES = 3000, AWAY = DATABASES };

struct model {
    struct rng rng;
    struct content content[DATABASES];
    struct db *handles[HANDLES];
    unsigned at[HANDLES];
    unsigned moves;
    unsigned refused;
    int64_t value;
    struct log_memo *memos[DATABASES]; /* often outdated */
};

static unsigned
handles_at(const struct model *model, unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < HANDLES; i++)
        count += model->at[i] == n;
    return count;
}

static void
change(struct model *model, struct db *db, unsigned n)
{
    AUTO_TXN txn = {0};
    struct content after = model->content[n];
    const unsigned count = 1 + (unsigned)rng_below(&model->rng, 4);

    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    for (unsigned i = 0; i < count; i++) {
        AUTO_STMT drop = stmt_get(db, SQL_DROP);
        add(db, n, ++model->value % OWN, (int64_t)rng_below(&model->rng, 9000), &after);
        stmt_bind_i64(&drop, 1, (int64_t)rng_below(&model->rng, 40));
        if (rng_below(&model->rng, 3) == 0 && stmt_one(&drop, &err) == RC_OK) {
            after.rows--;
            after.sum -= stmt_i64(&drop, 0);
        }
        stmt_reset(&drop);
    }
    assert_sees(db, n, &after);
    if (rng_below(&model->rng, 4) == 0)
        return; /* rolled back */
    assert_ok(txn_commit(&txn, &err));
    model->content[n] = after;
}

static void
use(struct model *model, unsigned handle)
{
    struct db *db = model->handles[handle];
    const unsigned n = model->at[handle];

    for (unsigned i = (unsigned)rng_below(&model->rng, 4); i > 0; i--) {
        switch (rng_below(&model->rng, 6)) {
        case 0:
            assert_sees(db, n, &model->content[n]);
            break;
        case 1:
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, &err));
            break;
        case 2:
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
            break;
        default:
            change(model, db, n);
        }
    }
    assert_sees(db, n, &model->content[n]);
    if (rng_below(&model->rng, 8) == 0)
        assert_files(n, &model->content[n]);
}

/* Somebody else is at the files of a database that nobody here has open. */
static void
tamper(struct model *model, unsigned n)
{
    char sql[160];
    char from[256];

    switch (rng_below(&model->rng, 8)) {
    case 0:
    case 1:
        model->value++;
        snprintf(sql, sizeof sql, "INSERT INTO t(v) VALUES (%u * 1000000 + %lld)", n,
                 (long long)(model->value % OWN));
        plain(n, sql, rng_below(&model->rng, 2) == 0);
        model->content[n].rows++;
        model->content[n].sum += n * (int64_t)OWN + model->value % OWN;
        break;
    case 2:
        plain(n, "PRAGMA wal_checkpoint(TRUNCATE)", true);
        break;
    case 3: /* other files with the same octets */
        snprintf(from, sizeof from, "%s", path_of(n, ""));
        copy_file(from, tmpdir_file(&dir, "new"));
        assert_int_equal(rename(tmpdir_file(&dir, "new"), from), 0);
        break;
    case 4:
        plain(n, "BEGIN; INSERT INTO t(v) VALUES (1); ROLLBACK", true);
        break;
    default:
        break;
    }
}

/* Leaves, or is closed where it cannot. */
static void
send_away(struct model *model, unsigned handle)
{
    const unsigned n = model->at[handle];
    const bool sole = handles_at(model, n) == 1;
    struct log_memo *memo = db_log_memo(model->handles[handle]);
    const bool left = db_leave(model->handles[handle]);

    if (memo != NULL && rng_below(&model->rng, 4) != 0) {
        log_memo_free(model->memos[n]);
        model->memos[n] = memo;
    } else {
        log_memo_free(memo);
    }

    assert_true(sole || !left);
    if (!left) {
        db_close(model->handles[handle]);
        model->handles[handle] = NULL;
    }
    model->at[handle] = AWAY;
}

/* A place where it cannot stay, which is as it was afterwards. */
static void
visit_spoilt(struct model *model, unsigned handle, unsigned n)
{
    static const char *const spoils[] = {"CREATE TABLE theirs(x)", "PRAGMA user_version=1",
                                         "PRAGMA application_id=5", "DROP INDEX t_v"};
    char from[256];

    snprintf(from, sizeof from, "%s", path_of(n, ""));
    copy_file(from, tmpdir_file(&dir, "saved"));
    snprintf(from, sizeof from, "%s", path_of(n, "-wal"));
    copy_file(from, tmpdir_file(&dir, "saved-wal"));
    if (rng_below(&model->rng, 3) == 0)
        write_file(path_of(n, ""), "not a database at all", 21);
    else
        plain(n, spoils[rng_below(&model->rng, 4)], rng_below(&model->rng, 2) == 0);
    assert_int_equal(db_move(model->handles[handle], path_of(n, ""), DB_READS_AHEAD, CACHE_KIB,
                             model->memos[n]),
                     RC_GONE);
    db_close(model->handles[handle]);
    model->handles[handle] = NULL;
    model->refused++;
    copy_file(tmpdir_file(&dir, "saved"), path_of(n, ""));
    snprintf(from, sizeof from, "%s", tmpdir_file(&dir, "saved-wal"));
    copy_file(from, path_of(n, "-wal"));
}

static void
go(struct model *model, unsigned handle, unsigned n)
{
    const unsigned others = handles_at(model, n);

    if (others == 0)
        tamper(model, n);
    if (model->handles[handle] != NULL && others == 0 && rng_below(&model->rng, 40) == 0)
        visit_spoilt(model, handle, n);
    if (model->handles[handle] == NULL) {
        model->handles[handle] = open_at(n);
    } else if (others > 0) {
        assert_int_equal(
            db_move(model->handles[handle], path_of(n, ""), DB_READS_AHEAD, CACHE_KIB, NULL),
            RC_EXISTS);
        return;
    } else {
        const unsigned of =
            rng_below(&model->rng, 8) == 0 ? (unsigned)rng_below(&model->rng, DATABASES) : n;
        move_with(model->handles[handle], n, model->memos[of]);
        model->moves++;
        assert_int_equal(db_last_rowid(model->handles[handle]), 0);
        assert_int_equal(db_changes(model->handles[handle]), 0);
    }
    model->at[handle] = n;
}

static void
model_of_random_moves(void **state)
{
    struct model model = {0};

    (void)state;
    rng_seed(&model.rng, 20);
    for (unsigned n = 0; n < DATABASES; n++)
        make(n, n % 3 == 0 ? LOG_NONE : LOG_MARK);
    for (unsigned i = 0; i < HANDLES; i++)
        model.at[i] = AWAY;
    while (model.moves < MOVES) {
        const unsigned handle = (unsigned)rng_below(&model.rng, HANDLES);
        if (model.at[handle] == AWAY)
            go(&model, handle, (unsigned)rng_below(&model.rng, DATABASES));
        if (model.at[handle] != AWAY)
            use(&model, handle);
        if (model.at[handle] != AWAY && rng_below(&model.rng, 3) != 0)
            send_away(&model, handle);
    }
    assert_true(model.refused > 10);
    for (unsigned i = 0; i < HANDLES; i++)
        db_close(model.handles[i]);
    for (unsigned n = 0; n < DATABASES; n++) {
        assert_files(n, &model.content[n]);
        log_memo_free(model.memos[n]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(twins_without_a_log),    TEST(twins_with_empty_logs),
        TEST(twins_with_equal_logs),  TEST(twins_with_a_common_past),
        TEST(salts_are_drawn_anew),   TEST(blank_header),
        TEST(nothing_is_taken_along), TEST(who_is_busy_stays),
        TEST(where_others_are),       TEST(another_program),
        TEST(another_schema),         TEST(own_schema_changed),
        TEST(damaged_files),          TEST(broken_header),
        TEST(another_format),         TEST(model_of_random_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

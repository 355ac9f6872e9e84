/* SPDX-License-Identifier: MIT */
/* Binding, columns, sticky failures, reuse. */
#include "support/cm.h"

#include <string.h>

#include "db/stmt.h"
#include "support/tmpdir.h"

enum { INSERT, SELECT, BAD, ECHO, ZEROS };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO t(id, v) VALUES (?1, ?2)",
    [SELECT] = "SELECT v FROM t WHERE id = ?1",
    [BAD] = "SELECT nothing FROM nowhere",
    [ECHO] = "SELECT typeof(?1), length(?1), ?1",
    [ZEROS] = "SELECT length(?1), hex(?1)",
};

static struct tmpdir dir;
static struct err err;
static struct db *db;

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    const struct db_options options = {.sql = sql, .sql_count = 5, .create = true};
    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
    assert_ok(db_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", &err));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    db_close(db);
    tmpdir_remove(&dir);
    return 0;
}

static enum rc
put(int64_t id, struct span value)
{
    AUTO_STMT stmt = stmt_get(db, INSERT);
    stmt_bind_i64(&stmt, 1, id);
    stmt_bind_text(&stmt, 2, value);
    return stmt_run(&stmt, &err);
}

static void
writes_and_reads(void **state)
{
    (void)state;
    assert_ok(put(1, SPAN("one")));
    assert_int_equal(db_last_rowid(db), 1);
    assert_int_equal(db_changes(db), 1);
    AUTO_STMT stmt = stmt_get(db, SELECT);
    stmt_bind_i64(&stmt, 1, 1);
    assert_ok(stmt_one(&stmt, &err));
    assert_true(span_eq_str(stmt_span(&stmt, 0), "one"));
    assert_ok(stmt_end(&stmt, &err));
    stmt_bind_i64(&stmt, 1, 2); /* again, without another stmt_get */
    assert_int_equal(stmt_one(&stmt, &err), RC_NOT_FOUND);
}

static void
failures_stick_and_are_told_once(void **state)
{
    (void)state;
    {
        AUTO_STMT stmt = stmt_get(db, BAD);
        stmt_bind_i64(&stmt, 1, 5);
        assert_false(stmt_row(&stmt));
        assert_int_equal(stmt_end(&stmt, &err), RC_IO);
        assert_non_null(strstr(err.text, "nowhere"));
    }
    assert_ok(put(1, SPAN("one")));
    assert_int_equal(put(1, SPAN("two")), RC_EXISTS);
    assert_ok(put(2, SPAN("two"))); /* the statement is fit for use again */
}

static void
types_are_what_was_bound(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        struct span value;
    } rows[] = {
        {"text", SPAN_INIT("abc")},
        {"text", SPAN_INIT("")},
        {"blob", SPAN_INIT("a\0c")},
        {"blob", {NULL, 0}},
    };
    for (size_t i = 0; i < 4; i++) {
        AUTO_STMT stmt = stmt_get(db, ECHO);
        if (strcmp(rows[i].type, "text") == 0)
            stmt_bind_text(&stmt, 1, rows[i].value);
        else
            stmt_bind_blob(&stmt, 1, rows[i].value);
        assert_ok(stmt_one(&stmt, &err));
        assert_true(span_eq_str(stmt_span(&stmt, 0), rows[i].type));
        assert_int_equal(stmt_i64(&stmt, 1), rows[i].value.len);
        assert_true(span_eq(stmt_span(&stmt, 2), rows[i].value));
        assert_false(stmt_is_null(&stmt, 2));
    }
    AUTO_STMT stmt = stmt_get(db, ECHO); /* nothing bound: what was bound before is forgotten */
    assert_ok(stmt_one(&stmt, &err));
    assert_true(stmt_is_null(&stmt, 2));
    assert_int_equal(stmt_span(&stmt, 2).len, 0);
    assert_ok(stmt_end(&stmt, &err));
    stmt_bind_null(&stmt, 1);
    assert_ok(stmt_one(&stmt, &err));
    assert_true(stmt_is_null(&stmt, 2));
}

static void
zeros_are_zeros(void **state)
{
    (void)state;
    AUTO_STMT stmt = stmt_get(db, ZEROS);
    stmt_bind_zeros(&stmt, 1, 3);
    assert_ok(stmt_one(&stmt, &err));
    assert_int_equal(stmt_i64(&stmt, 0), 3);
    assert_true(span_eq_str(stmt_span(&stmt, 1), "000000"));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(writes_and_reads),
        T(failures_stick_and_are_told_once),
        T(types_are_what_was_bound),
        T(zeros_are_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

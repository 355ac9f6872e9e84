/* SPDX-License-Identifier: MIT */
/* Schema versions: fresh, upgraded, newer, foreign, interrupted. */
#include "support/cm.h"

#include <string.h>

#include "db/db_private.h"
#include "db/schema.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct err err;
static struct db *db;

static enum rc
fill(struct db *handle, struct err *step_err)
{
    return db_exec(handle, "INSERT INTO t VALUES (41)", step_err);
}

static enum rc
refuse(struct db *handle, struct err *step_err)
{
    (void)handle;
    return err_set(step_err, RC_INVALID, 0, "no");
}

static const struct db_step steps[] = {
    {.sql = "CREATE TABLE t(v); CREATE TABLE u(v)"},
    {.run = fill},
    {.sql = "UPDATE t SET v = v + 1"},
};
static const struct db_step broken[] = {
    {.sql = "CREATE TABLE t(v)"},
    {.sql = "CREATE TABLE u(v)", .run = refuse},
};

static const struct db_schema v1 = {"thing", 0x526f5374, steps, 1};
static const struct db_schema v3 = {"thing", 0x526f5374, steps, 3};
static const struct db_schema bad = {"thing", 0x526f5374, broken, 2};
static const struct db_schema other = {"other thing", 0x526f5375, steps, 3};

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    const struct db_options options = {.create = true};
    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
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

static int64_t
query(const char *sql)
{
    int64_t value;
    assert_ok(db_query_i64(db, sql, &value, &err));
    return value;
}

static void
applies_only_what_is_missing(void **state)
{
    (void)state;
    assert_ok(db_migrate(db, &v1, &err));
    assert_int_equal(query("PRAGMA user_version"), 1);
    assert_ok(db_migrate(db, &v3, &err));
    assert_ok(db_migrate(db, &v3, &err));
    assert_int_equal(query("SELECT v FROM t"), 42);
    assert_int_equal(query("PRAGMA user_version"), 3);
    assert_int_equal(query("PRAGMA application_id"), 0x526f5374);
}

static void
refuses_a_newer_one(void **state)
{
    (void)state;
    assert_ok(db_migrate(db, &v3, &err));
    assert_int_equal(db_migrate(db, &v1, &err), RC_UNSUPPORTED);
    assert_non_null(strstr(err.text, "version 3"));
    assert_non_null(strstr(err.text, "newer"));
}

static void
refuses_what_is_not_ours(void **state)
{
    (void)state;
    assert_ok(db_migrate(db, &v3, &err));
    assert_int_equal(db_migrate(db, &other, &err), RC_CORRUPT);
    assert_non_null(strstr(err.text, "other thing"));
}

static void
refuses_a_foreign_file_without_an_id(void **state)
{
    (void)state;
    assert_ok(db_exec(db, "CREATE TABLE mine(v)", &err));
    assert_int_equal(db_migrate(db, &v3, &err), RC_CORRUPT);
}

static void
a_failing_step_leaves_the_one_before(void **state)
{
    (void)state;
    assert_int_equal(db_migrate(db, &bad, &err), RC_INVALID);
    assert_non_null(strstr(err.text, "to version 2"));
    assert_int_equal(query("PRAGMA user_version"), 1);
    assert_int_equal(query("SELECT count(*) FROM sqlite_schema"), 1);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(applies_only_what_is_missing),
        T(refuses_a_newer_one),
        T(refuses_what_is_not_ours),
        T(refuses_a_foreign_file_without_an_id),
        T(a_failing_step_leaves_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

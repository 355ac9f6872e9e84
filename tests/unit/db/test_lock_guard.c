/* SPDX-License-Identifier: MIT */
/* The guard of INV-S13 finds what it is for. tests/fault/test_locks.py uses it. */
#include "support/cm.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "support/lock_guard.h"
#include "support/tmpdir.h"

static void
look_into(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    close(fd);
}

static void
it_finds_who_closes_an_open_database(void **state)
{
    struct tmpdir dir;
    char path[256];
    sqlite3 *raw = NULL;

    (void)state;
    tmpdir_make(&dir);
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "mail.db"));
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(raw, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(lock_guard_fine() + lock_guard_broken(),
                     0); /* SQLite's own do not count */
    look_into(path);
    assert_int_equal(lock_guard_broken(), 1);
    char index[300];
    snprintf(index, sizeof index, "%s-shm", path);
    look_into(index);
    assert_int_equal(lock_guard_broken(), 2);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(lock_guard_broken(), 3);
    snprintf(index, sizeof index, "%s-wal", path);
    look_into(index); /* it has no locks of its own */
    assert_int_equal(lock_guard_fine() + lock_guard_broken(), 3);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    look_into(path); /* nobody has it open now */
    assert_int_equal(lock_guard_fine(), 1);
    assert_int_equal(lock_guard_broken(), 3);
    tmpdir_remove(&dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_who_closes_an_open_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The file that keeps room for deleting: its pieces, what is found of it at start, and a path
 * that cannot be. The full disk itself is in tests/fault/test_disk.py.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/room.h"
#include "support/tmpdir.h"

static int create_errno; /* of open() for a file that is to be made; 0: it succeeds */

/* In the place of the C library's. */
int
open(const char *path, int flags, ...)
{
    if ((flags & O_CREAT) != 0 && create_errno != 0) {
        errno = create_errno;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static int64_t
octets_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (int64_t)st.st_size;
}

static void
test_pieces(void **state)
{
    struct tmpdir dir;
    struct room *room = NULL;
    struct err err = {.rc = RC_OK};
    unsigned given = 0;

    (void)state;
    tmpdir_make(&dir);
    const char *path = tmpdir_file(&dir, "reserve");
    assert_int_equal(room_open(path, &room, &err), RC_OK);
    assert_int_equal(octets_of(path), LIMIT_DISK_RESERVE);
    assert_false(room_is_short(room));
    int64_t before = octets_of(path);
    while (room_give(room)) {
        given++;
        assert_true(octets_of(path) < before);
        before = octets_of(path);
    }
    assert_true(before > 0 && before <= (int64_t)LIMIT_DISK_RESERVE / 8); /* for a start */
    assert_true(given > 1);
    assert_false(room_give(room));
    /* The disk has room: all of it comes back when it is asked for. */
    assert_false(room_is_short(room));
    assert_int_equal(octets_of(path), LIMIT_DISK_RESERVE);
    /* The next process finds it as it was left, whole or not. */
    assert_true(room_give(room));
    room_close(room);
    assert_int_equal(room_open(path, &room, &err), RC_OK);
    assert_int_equal(octets_of(path), LIMIT_DISK_RESERVE);
    room_close(room);
    assert_int_equal(truncate(path, LIMIT_DISK_RESERVE * 3ll), 0); /* not ours, but no harm */
    assert_int_equal(room_open(path, &room, &err), RC_OK);
    assert_false(room_is_short(room));
    room_close(room);
    tmpdir_remove(&dir);
}

static void
test_no_room_at_all(void **state)
{
    struct room *room = NULL;
    struct err err = {.rc = RC_OK};

    (void)state;
    assert_int_equal(room_open("/proc/nothing/reserve", &room, &err), RC_IO);
    assert_null(room);
    assert_false(room_give(NULL));
    assert_false(room_is_short(NULL));
    assert_false(room_is_wanted(NULL));
    room_close(NULL);
}

/* There is not even room for the file's name. It is made as soon as there is. */
static void
test_no_room_for_its_name(void **state)
{
    static const int full[] = {ENOSPC, EDQUOT};
    struct tmpdir dir;
    struct room *room = NULL;
    struct err err = {.rc = RC_OK};

    (void)state;
    tmpdir_make(&dir);
    const char *path = tmpdir_file(&dir, "reserve");
    for (size_t i = 0; i < ARRAY_LEN(full); i++) {
        create_errno = full[i];
        assert_int_equal(room_open(path, &room, &err), RC_OK);
        room_give_for_start(room);
        assert_true(room_is_short(room));
        assert_true(room_is_wanted(room));
        assert_false(room_give(room));
        create_errno = 0;
        assert_false(room_is_short(room));
        assert_int_equal(octets_of(path), LIMIT_DISK_RESERVE);
        room_close(room);
        assert_int_equal(unlink(path), 0);
    }
    create_errno = EACCES; /* no disk that is full: somebody must look */
    room = NULL;
    assert_int_equal(room_open(path, &room, &err), RC_IO);
    assert_null(room);
    create_errno = 0;
    tmpdir_remove(&dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_no_room_at_all),
        cmocka_unit_test(test_no_room_for_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

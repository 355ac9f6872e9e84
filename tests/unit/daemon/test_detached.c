/* SPDX-License-Identifier: MIT */
#include "daemon/detached.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cm.h"

static void
outlives_nobody_but_us(void **state)
{
    const char *args[] = {"/bin/sh", "-c", "echo $PPID >&3; exec sleep 1000", NULL};
    struct detached child;
    char said[32] = "";
    int pair[2];

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(detached_start(args, pair[1], &child, NULL), RC_OK);
    close(pair[1]);
    assert_true(read(pair[0], said, sizeof said - 1) > 0);
    assert_true(strtol(said, NULL, 10) != getpid()); /* nobody's child of ours */
    assert_int_equal(waitpid(child.pid, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    detached_kill(&child);
    assert_int_equal(read(pair[0], said, sizeof said), 0); /* its end is closed: it is gone */
    assert_int_equal(child.pidfd, -1);
    detached_kill(&child); /* harmless */
    close(pair[0]);
}

static void
says_what_cannot_be_run(void **state)
{
    const char *args[] = {"/nonexistent/roost", "serve", NULL};
    struct detached child = {.pid = 7, .pidfd = -1};
    struct err err = {.rc = RC_OK};

    (void)state;
    assert_int_equal(detached_start(args, STDERR_FILENO, &child, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/roost"));
    assert_non_null(strstr(err.text, strerror(ENOENT)));
    assert_int_equal(child.pid, 7); /* untouched */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outlives_nobody_but_us),
        cmocka_unit_test(says_what_cannot_be_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

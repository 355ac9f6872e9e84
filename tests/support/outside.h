/* SPDX-License-Identifier: MIT */
/* Starts and ends tests/support/outsider.c; ROOST_OUTSIDER is its path. */
#ifndef TESTS_SUPPORT_OUTSIDE_H
#define TESTS_SUPPORT_OUTSIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct outsider {
    pid_t pid;
    int to;
};

/* Returns when the SQL has been run. */
static inline struct outsider
outsider_begin(const char *path, const char *sql)
{
    struct outsider outsider = {0};
    int to[2];
    int from[2];
    char answer[200] = "";

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    outsider.pid = fork();
    assert_true(outsider.pid >= 0);
    if (outsider.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execl(ROOST_OUTSIDER, ROOST_OUTSIDER, path, sql, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    outsider.to = to[1];
    const ssize_t got = read(from[0], answer, sizeof answer - 1);
    close(from[0]);
    assert_true(got > 0);
    assert_string_equal(answer, "ok\n");
    return outsider;
}

static inline void
outsider_end(struct outsider outsider)
{
    int status = 0;

    close(outsider.to);
    assert_int_equal(waitpid(outsider.pid, &status, 0), outsider.pid);
    assert_int_equal(status, 0);
}

#endif

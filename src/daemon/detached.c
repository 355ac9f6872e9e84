/* SPDX-License-Identifier: MIT */
/*
 * Forks twice: the intermediate process ends at once, which makes the other one an orphan.
 * Between fork and exec, only what POSIX allows in a process with several threads is called. A
 * pipe returns the pid from the intermediate process and a failure of exec from the last one;
 * it closes when both are done.
 */
#include "daemon/detached.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"

enum { CHILD_SOCK = 3 };

struct word {
    enum { WORD_PID, WORD_FAILED } kind;
    int value; /* pid or errno */
};

static void
say(int pipe_fd, int kind, int value)
{
    const struct word word = {.kind = kind, .value = value};

    if (write(pipe_fd, &word, sizeof word) != sizeof word)
        _exit(1);
}

_Noreturn static void
run(const char *const *args, int sock, int pipe_fd)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (sock == CHILD_SOCK)
        fcntl(sock, F_SETFD, 0);
    else
        dup2(sock, CHILD_SOCK);
    execve(args[0], (char *const *)(uintptr_t)args, environ);
    say(pipe_fd, WORD_FAILED, errno);
    _exit(127);
}

_Noreturn static void
run_middle(const char *const *args, int sock, int pipe_fd)
{
    const pid_t pid = fork();

    if (pid == 0)
        run(args, sock, pipe_fd);
    say(pipe_fd, pid < 0 ? WORD_FAILED : WORD_PID, pid < 0 ? errno : pid);
    _exit(0);
}

enum rc
detached_start(const char *const *args, int sock, struct detached *out, struct err *err)
{
    struct detached detached = {.pid = 0, .pidfd = -1};
    struct word word;
    int failed = 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, rc_of_errno(errno), errno, "pipe");
    const pid_t middle = fork();
    if (middle == 0)
        run_middle(args, sock, ends[1]);
    if (middle < 0)
        failed = errno;
    close(ends[1]);
    while (middle > 0 && read(ends[0], &word, sizeof word) == sizeof word) {
        if (word.kind == WORD_FAILED) {
            failed = word.value;
        } else {
            detached.pid = word.value;
            detached.pidfd = pidfd_open(word.value, 0);
        }
    }
    close(ends[0]);
    while (middle > 0 && waitpid(middle, NULL, 0) < 0 && errno == EINTR) {
    }
    if (failed == 0 && detached.pidfd < 0)
        failed = ESRCH; /* it has ended already */
    if (failed != 0) {
        detached_forget(&detached);
        return err_set(err, RC_NOT_FOUND, failed, "%s", args[0]);
    }
    *out = detached;
    return RC_OK;
}

void
detached_kill(struct detached *detached)
{
    if (detached->pidfd >= 0) {
        struct pollfd gone = {.fd = detached->pidfd, .events = POLLIN};
        pidfd_send_signal(detached->pidfd, SIGKILL, NULL, 0);
        while (poll(&gone, 1, -1) < 0 && errno == EINTR) {
        }
    }
    detached_forget(detached);
}

void
detached_forget(struct detached *detached)
{
    fd_close(&detached->pidfd);
    *detached = (struct detached){.pid = 0, .pidfd = -1};
}

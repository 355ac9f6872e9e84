/* SPDX-License-Identifier: MIT */
/*
 * Between clone and exec the child has the memory of the thread that started it, which waits,
 * and a stack of its own. No handler of ours can run there, because signals are blocked until
 * the handlers are gone, and what it changes of descriptors, signals and limits is its own.
 */
#include "base/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STACK_OCTETS = 64 << 10,
    FIRST_OTHER_FD = 3,
    CANNOT_RUN = 127,
    KERNEL_SIGSET_OCTETS = _NSIG / 8,
    NICENESS = 19,
};

#define WORST_SCORE "1000" /* of oom_score_adj */

/* ThreadSanitizer cannot bear a process in our memory that is no thread. The child gets a copy
 * then; what it has to say is in memory that is shared in any case. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEMORY_FLAG 0
#endif
#endif
#ifndef MEMORY_FLAG
#define MEMORY_FLAG CLONE_VM
#endif

/* At the low end of the child's stack. */
struct start {
    const struct child_options *options;
    pid_t parent;
    int failed; /* errno; 0: the program runs */
};

/* ---- in the child: system calls only ---- */

/* The kernel is asked itself: the library's function notes handlers in memory that is shared
 * with us. An action of zeros is the default. */
static void
forget_handlers(void)
{
    static const unsigned char by_default[64];

    for (int sig = 1; sig < _NSIG; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            syscall(SYS_rt_sigaction, sig, by_default, NULL, (size_t)KERNEL_SIGSET_OCTETS);
}

/* Puts a descriptor, or /dev/null, in the place of another one. */
static bool
put_fd(int fd, int place, int null_flags)
{
    if (fd < 0)
        fd = open("/dev/null", null_flags);
    return fd >= 0 && (fd == place || dup2(fd, place) == place);
}

static bool
put_fds(const struct child_options *options)
{
    int output = options->output;
    int errors = options->errors;

    /* Those that would be covered go out of the way. */
    if (output == STDIN_FILENO)
        output = fcntl(output, F_DUPFD, FIRST_OTHER_FD);
    if (errors == STDIN_FILENO)
        errors = fcntl(errors, F_DUPFD, FIRST_OTHER_FD);
    if (!put_fd(options->input, STDIN_FILENO, O_RDONLY) ||
        (output >= 0 && !put_fd(output, STDOUT_FILENO, O_WRONLY)) ||
        !put_fd(errors, STDERR_FILENO, O_WRONLY))
        return false;
    for (int fd = 0; fd < FIRST_OTHER_FD; fd++)
        (void)fcntl(fd, F_SETFD, 0);
    /* All of ours are closed by exec; this is for those of libraries. Old kernels have not got
     * it. The rules of a confinement are still needed. */
    (void)syscall(SYS_close_range, FIRST_OTHER_FD, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
    return true;
}

/* A limit of ours that is lower stays, because nobody may raise it. */
static bool
limit(int resource, uint64_t most)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0)
        return false;
    if (limit.rlim_max > most)
        limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0;
}

/* It gets what nobody else wants of the processor, and goes before the server does when memory
 * is short. If that is not allowed, it runs all the same. */
static void
come_last(void)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    if (fd >= 0) {
        const ssize_t put = write(fd, WORST_SCORE, sizeof WORST_SCORE - 1);
        (void)put;
        close(fd);
    }
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
}

static int
bound(const struct child_bounds *bounds, pid_t parent)
{
    come_last();
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
        !limit(RLIMIT_CPU, bounds->cpu_s) || !limit(RLIMIT_AS, bounds->memory_octets) ||
        !limit(RLIMIT_NOFILE, bounds->files) || !limit(RLIMIT_NPROC, bounds->processes))
        return errno;
    /* It ends with us, however we end. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return errno;
    if (getppid() != parent)
        return ESRCH;
    return confinement_enter(bounds->confinement);
}

static int
run(void *arg)
{
    struct start *start = arg;
    const struct child_options *options = start->options;
    sigset_t none;

    forget_handlers();
    sigemptyset(&none);
    if (setpgid(0, 0) != 0 || !put_fds(options)) {
        start->failed = errno;
        _exit(CANNOT_RUN);
    }
    start->failed = options->bounds == NULL ? 0 : bound(options->bounds, start->parent);
    if (start->failed != 0)
        _exit(CANNOT_RUN);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, (size_t)KERNEL_SIGSET_OCTETS);
    execve(options->args[0], (char *const *)(uintptr_t)options->args,
           (char *const *)(uintptr_t)options->environment);
    start->failed = errno;
    _exit(CANNOT_RUN);
}

/* ---- in the parent ---- */

bool
child_has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

void
child_wait(pid_t pid, int *status_out)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status_out != NULL)
        *status_out = status;
}

/* As long as nobody has waited for it, its number belongs to nobody else: the group is its own.
 */
void
child_kill(pid_t pid, int *status_out)
{
    kill(-pid, SIGKILL);
    child_wait(pid, status_out);
}

enum rc
child_start(const struct child_options *options, pid_t *pid_out, struct err *err)
{
    sigset_t all;
    sigset_t before;
    char *stack =
        mmap(NULL, STACK_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (stack == MAP_FAILED)
        return err_set(err, RC_LIMIT, errno, "%s", options->args[0]);
    struct start *start = (struct start *)(void *)stack;
    *start = (struct start){.options = options, .parent = getpid()};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid =
        clone(run, stack + STACK_OCTETS, MEMORY_FLAG | CLONE_VFORK | SIGCHLD, start);
    const int no_process = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    const int failed = start->failed;
    munmap(stack, STACK_OCTETS);
    if (pid < 0)
        return err_set(err, RC_LIMIT, no_process, "%s", options->args[0]);
    if (failed != 0) {
        child_wait(pid, NULL);
        return err_set(err, rc_of_errno(failed), failed, "%s", options->args[0]);
    }
    *pid_out = pid;
    return RC_OK;
}

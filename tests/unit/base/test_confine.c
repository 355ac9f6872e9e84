/* SPDX-License-Identifier: MIT */
/* What a confined process cannot do, call by call, with Landlock and without it. Each call is
 * right: whoever is not confined may make it. */
#include "base/run/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/cm.h"
#include "support/tmpdir.h"

enum { CALLS_MAX = 128, FILE_OCTETS = 6, FILE_MODE = 0640 };

enum who {
    ANYBODY, /* unless confined */
    SOME,    /* it depends on the machine, or would leave something behind */
};

struct call {
    const char *name;
    long number;
    long args[6];
    enum who who;
};

static struct tmpdir dir;
static char file[300];
static char other[300]; /* does not exist */
static int file_fd;
static int pipe_fds[2];
static pid_t parent;

/* errno of each call, and of what else a child finds out; in memory that is shared with it. */
static int *said;

#define AT(pointer) ((long)(uintptr_t)(pointer))

static size_t
calls_list(struct call *out)
{
    static int pair[2];
    static int owner;
    static struct rlimit bound;
    static struct sched_param param;
    static struct f_owner_ex owner_ex;
    const struct call calls[] = {
        {"socket", SYS_socket, {AF_UNIX, SOCK_STREAM}, ANYBODY},
        {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_DGRAM, 0, AT(pair)}, ANYBODY},
        {"io_uring_setup", SYS_io_uring_setup, {1, 0}, SOME},
        {"kill", SYS_kill, {parent, 0}, ANYBODY},
        {"tkill", SYS_tkill, {parent, 0}, ANYBODY},
        {"tgkill", SYS_tgkill, {parent, parent, 0}, ANYBODY},
        {"pidfd_open", SYS_pidfd_open, {parent, 0}, ANYBODY},
        {"ptrace", SYS_ptrace, {PTRACE_ATTACH, parent}, SOME},
        {"process_vm_readv", SYS_process_vm_readv, {parent}, SOME},
        {"process_vm_writev", SYS_process_vm_writev, {parent}, SOME},
        {"perf_event_open", SYS_perf_event_open, {0}, SOME},
        {"bpf", SYS_bpf, {0}, SOME},
        {"userfaultfd", SYS_userfaultfd, {0}, SOME},
        {"setpriority", SYS_setpriority, {PRIO_PROCESS, parent, 19}, SOME},
        {"prlimit64", SYS_prlimit64, {parent, RLIMIT_CPU, 0, AT(&bound)}, ANYBODY},
        {"sched_setscheduler", SYS_sched_setscheduler, {parent, 0, AT(&param)}, ANYBODY},
        {"F_SETOWN", SYS_fcntl, {pipe_fds[0], F_SETOWN, parent}, ANYBODY},
        {"F_SETOWN_EX", SYS_fcntl, {pipe_fds[0], F_SETOWN_EX, AT(&owner_ex)}, ANYBODY},
        {"FIOSETOWN", SYS_ioctl, {pipe_fds[0], FIOSETOWN, AT(&owner)}, ANYBODY},
        {"SIOCSPGRP", SYS_ioctl, {pipe_fds[0], SIOCSPGRP, AT(&owner)}, ANYBODY},
        {"shmget", SYS_shmget, {IPC_PRIVATE, 4096, 0600}, SOME},
        {"semget", SYS_semget, {IPC_PRIVATE, 1, 0600}, SOME},
        {"msgget", SYS_msgget, {IPC_PRIVATE, 0600}, SOME},
        {"mq_open", SYS_mq_open, {AT("roost-test"), O_RDWR | O_CREAT, 0600}, SOME},
        {"add_key", SYS_add_key, {AT("user"), AT("roost-test"), AT("x"), 1, -1}, SOME},
        {"keyctl", SYS_keyctl, {0}, SOME},
        {"setpgid", SYS_setpgid, {0, 0}, ANYBODY},
        {"setsid", SYS_setsid, {0}, SOME},
        {"unshare", SYS_unshare, {CLONE_NEWUSER}, SOME},
        {"setns", SYS_setns, {-1}, SOME},
#if !defined(__s390x__)
        {"clone CLONE_PARENT", SYS_clone, {CLONE_PARENT | SIGCHLD}, SOME},
        {"clone CLONE_NEWUSER", SYS_clone, {CLONE_NEWUSER | SIGCHLD}, SOME},
#endif
        {"truncate", SYS_truncate, {AT(file), 3}, ANYBODY},
        {"linkat", SYS_linkat, {AT_FDCWD, AT(file), AT_FDCWD, AT(other), 0}, ANYBODY},
        {"unlinkat", SYS_unlinkat, {AT_FDCWD, AT(other), 0}, ANYBODY},
        {"symlinkat", SYS_symlinkat, {AT(file), AT_FDCWD, AT(other)}, ANYBODY},
        {"renameat2", SYS_renameat2, {AT_FDCWD, AT(other), AT_FDCWD, AT(other), 0}, ANYBODY},
        {"mkdirat", SYS_mkdirat, {AT_FDCWD, AT(other), 0700}, ANYBODY},
        {"mknodat", SYS_mknodat, {AT_FDCWD, AT(other), S_IFIFO | 0600, 0}, ANYBODY},
        {"fchmod", SYS_fchmod, {file_fd, 0600}, ANYBODY},
        {"fchmodat", SYS_fchmodat, {AT_FDCWD, AT(file), 0600}, ANYBODY},
        {"fchmodat2", 452, {AT_FDCWD, AT(file), 0600, 0}, ANYBODY},
        {"fchown", SYS_fchown, {file_fd, -1, -1}, ANYBODY},
        {"fchownat", SYS_fchownat, {AT_FDCWD, AT(file), -1, -1, 0}, ANYBODY},
        {"utimensat", SYS_utimensat, {AT_FDCWD, AT(file), 0, 0}, ANYBODY},
        {"setxattr", SYS_setxattr, {AT(file), AT("user.x"), AT("x"), 1, 0}, ANYBODY},
        {"fsetxattr", SYS_fsetxattr, {file_fd, AT("user.x"), AT("x"), 1, 0}, ANYBODY},
        {"removexattr", SYS_removexattr, {AT(file), AT("user.x")}, ANYBODY},
        {"setxattrat", 463, {AT_FDCWD, AT(file), 0, AT("user.x"), 0, 0}, ANYBODY},
        {"removexattrat", 466, {AT_FDCWD, AT(file), 0, AT("user.x")}, ANYBODY},
        {"file_setattr", 469, {AT_FDCWD, AT(file), 0, 0, 0}, ANYBODY},
#ifdef SYS_unlink
        {"link", SYS_link, {AT(file), AT(other)}, ANYBODY},
        {"unlink", SYS_unlink, {AT(other)}, ANYBODY},
        {"rename", SYS_rename, {AT(other), AT(other)}, ANYBODY},
        {"symlink", SYS_symlink, {AT(file), AT(other)}, ANYBODY},
        {"mkdir", SYS_mkdir, {AT(other), 0700}, ANYBODY},
        {"rmdir", SYS_rmdir, {AT(other)}, ANYBODY},
        {"creat", SYS_creat, {AT(other), 0600}, ANYBODY},
        {"mknod", SYS_mknod, {AT(other), S_IFIFO | 0600, 0}, ANYBODY},
        {"chmod", SYS_chmod, {AT(file), 0600}, ANYBODY},
        {"chown", SYS_chown, {AT(file), -1, -1}, ANYBODY},
        {"lchown", SYS_lchown, {AT(file), -1, -1}, ANYBODY},
        {"utime", SYS_utime, {AT(file), 0}, ANYBODY},
        {"utimes", SYS_utimes, {AT(file), 0}, ANYBODY},
#endif
    };

    owner = parent;
    owner_ex = (struct f_owner_ex){.type = F_OWNER_PID, .pid = parent};
    memcpy(out, calls, sizeof calls);
    return ARRAY_LEN(calls);
}

static void
make_calls(const struct call *calls, size_t count, enum who most)
{
    for (size_t i = 0; i < count; i++) {
        const long *args = calls[i].args;
        said[i] = -1;
        if (calls[i].who > most)
            continue;
        const long got =
            syscall(calls[i].number, args[0], args[1], args[2], args[3], args[4], args[5]);
        said[i] = got < 0 ? errno : 0;
        if (calls[i].number == SYS_clone && got == 0)
            _exit(0); /* this is what should not be */
    }
}

/* Runs it in a process of its own, confined by these; NULL: not confined. */
static void
apart(void (*body)(void *), void *ctx, const struct confinement *confinement)
{
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (confinement != NULL && confinement_enter(confinement) != 0)
            _exit(9);
        body(ctx);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
make_harmless(void *ctx)
{
    struct call calls[CALLS_MAX];

    (void)ctx;
    make_calls(calls, calls_list(calls), ANYBODY);
}

static void
make_all(void *ctx)
{
    struct call calls[CALLS_MAX];

    (void)ctx;
    make_calls(calls, calls_list(calls), SOME);
}

static void
file_make(void)
{
    unlink(other);
    rmdir(other);
    file_fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    assert_true(file_fd >= 0);
    assert_int_equal(fchmod(file_fd, FILE_MODE), 0);
    assert_int_equal(write(file_fd, "secret", FILE_OCTETS), FILE_OCTETS);
}

static void
expect_refused(const struct confinement *confinement)
{
    struct call calls[CALLS_MAX];
    struct stat before;
    struct stat after;
    const size_t count = calls_list(calls);

    assert_int_equal(fstat(file_fd, &before), 0);
    apart(make_all, NULL, confinement);
    for (size_t i = 0; i < count; i++) {
        if (said[i] != EPERM)
            fail_msg("%s: %d, although it is refused", calls[i].name, said[i]);
    }
    assert_int_equal(fstat(file_fd, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(after.st_nlink, before.st_nlink);
    assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof after.st_mtim);
    assert_int_equal(access(other, F_OK), -1);
}

static void
test_calls_are_refused(void **state)
{
    struct call calls[CALLS_MAX];
    struct confinement confinement;
    struct err err = {.rc = RC_OK};
    const struct confinement without_landlock = {.rules = -1};

    (void)state;
    if (under_valgrind())
        skip(); /* it does not know all of these calls */
    file_make();
    const size_t count = calls_list(calls);
    assert_true(count < CALLS_MAX);
    apart(make_harmless, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        if (said[i] == EPERM)
            fail_msg("%s: refused to those who are not confined", calls[i].name);
    }
    close(file_fd);
    file_make();
    expect_refused(&without_landlock);
    assert_ok(confinement_open(&confinement, "/bin/sh", &err));
    expect_refused(&confinement);
    confinement_close(&confinement);
    close(file_fd);
}

/* ---- opening files ---- */

static void
open_files(void *ctx)
{
    const struct open_how how = {.flags = O_WRONLY};
    const struct {
        const char *path;
        int flags;
    } rows[] = {
        {file, O_RDONLY},
        {file, O_WRONLY},
        {file, O_RDWR},
        {file, O_RDONLY | O_TRUNC},
        {other, O_CREAT | O_RDONLY},
        {file, O_RDWR | O_APPEND},
        {"/dev/null", O_WRONLY},
        {"/usr", O_RDONLY},
    };

    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        said[i] = openat(AT_FDCWD, rows[i].path, rows[i].flags, 0600) < 0 ? errno : 0;
    said[8] = syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof how) < 0 ? errno : 0;
#ifdef SYS_open
    said[9] = syscall(SYS_open, file, O_WRONLY) < 0 ? errno : 0;
#else
    said[9] = said[1];
#endif
}

static void
expect_opened(const struct confinement *confinement, const int *wanted)
{
    file_make();
    apart(open_files, NULL, confinement);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(said[i], wanted[i]);
    close(file_fd);
}

static void
test_files_are_not_opened_to_be_written(void **state)
{
    static const int with[] = {EACCES, EACCES, EACCES, EACCES, EACCES,
                               EACCES, 0,      0,      EACCES, EACCES};
    static const int without[] = {0,     EPERM, EPERM, EPERM,  EPERM,
                                  EPERM, EPERM, 0,     ENOSYS, EPERM};
    struct confinement confinement;
    struct err err = {.rc = RC_OK};
    const struct confinement without_landlock = {.rules = -1};

    (void)state;
    if (under_valgrind())
        skip();
    expect_opened(&without_landlock, without);
    assert_ok(confinement_open(&confinement, "/bin/sh", &err));
    if (confinement.rules >= 0)
        expect_opened(&confinement, with);
    confinement_close(&confinement);
}

/* ---- what programs need ---- */

static void
need(void *ctx)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{.effective = 1}};
    struct rlimit bound = {.rlim_cur = 5, .rlim_max = 5};
    struct sched_param param = {.sched_priority = 0};

    (void)ctx;
    said[0] = syscall(SYS_clone3, NULL, 0) < 0 ? errno : 0;
    said[1] = setrlimit(RLIMIT_NOFILE, &bound);
    said[2] = fcntl(pipe_fds[0], F_GETFL) < 0;
    said[3] = sched_setscheduler(0, SCHED_OTHER, &param);
    said[4] = syscall(SYS_capget, &header, caps) != 0 || caps[0].effective != 0 ||
              caps[0].permitted != 0 || caps[0].inheritable != 0 || caps[1].permitted != 0;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    said[5] = pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : errno;
}

/* Of its own limits and processes it may dispose. It has no capabilities, as root neither. */
static void
test_the_rest_is_allowed(void **state)
{
    struct confinement confinement;
    struct err err = {.rc = RC_OK};

    (void)state;
    if (under_valgrind())
        skip();
    assert_ok(confinement_open(&confinement, "/bin/sh", &err));
    apart(need, NULL, &confinement);
    assert_int_equal(said[0], ENOSYS); /* so that clone is used */
    for (size_t i = 1; i < 6; i++)
        assert_int_equal(said[i], 0);
    confinement_close(&confinement);
}

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    snprintf(file, sizeof file, "%s", tmpdir_file(&dir, "file"));
    snprintf(other, sizeof other, "%s", tmpdir_file(&dir, "other"));
    parent = getpid();
    said = mmap(NULL, CALLS_MAX * sizeof *said, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return said == MAP_FAILED || pipe2(pipe_fds, O_CLOEXEC) != 0;
}

static int
teardown(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    munmap(said, CALLS_MAX * sizeof *said);
    tmpdir_remove(&dir);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_are_refused),
        cmocka_unit_test(test_files_are_not_opened_to_be_written),
        cmocka_unit_test(test_the_rest_is_allowed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * The filter of system calls is a table of those that fail with EPERM. It is not a list of
 * those that are allowed: which ones a program needs changes with each of its libraries, and
 * what has to be prevented does not.
 */
#include "base/run/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define OUR_ARCH AUDIT_ARCH_S390X
#else
#define OUR_ARCH 0 /* not known: nothing is run */
#endif

/* ---- system calls ---- */

enum {
    X32 = 0x40000000, /* numbers of the other calls of x86-64 have this bit */
    REFUSED = SECCOMP_RET_ERRNO | EPERM,
    UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS, /* there is an older call, and programs use it then */

    /* Calls that older headers do not have. They have the same number on all processors. */
    NR_FCHMODAT2 = 452,
    NR_SETXATTRAT = 463,
    NR_REMOVEXATTRAT = 466,
    NR_FILE_SETATTR = 469,

    /* of clone: processes that are not in our group's reach, and those that have rights in a
     * world of their own */
    CLONE_FLAGS = CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                  CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
    OPEN_TO_WRITE = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
};

#if defined(__s390x__)
#define CLONE_ARG 1
#else
#define CLONE_ARG 0
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif

#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define LOAD(field) LOAD_AT(offsetof(struct seccomp_data, field))
#define LOAD_ARG(n) LOAD_AT(offsetof(struct seccomp_data, args[n]) + LOW_HALF)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define SKIP_UNLESS(value, count)                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (count))
#define ANSWER(number, value) SKIP_UNLESS(number, 1), RETURN(value)
#define REFUSE(number) ANSWER(number, REFUSED)
/* if the argument has one of these bits */
#define REFUSE_BITS(number, arg, bits)                                                         \
    SKIP_UNLESS(number, 4), LOAD_ARG(arg),                                                     \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 0, 1), RETURN(REFUSED),         \
        RETURN(SECCOMP_RET_ALLOW)
/* if the argument is one of the two */
#define REFUSE_EITHER(number, arg, one, other)                                                 \
    SKIP_UNLESS(number, 5), LOAD_ARG(arg),                                                     \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(one), 1, 0), SKIP_UNLESS(other, 1),     \
        RETURN(REFUSED), RETURN(SECCOMP_RET_ALLOW)
/* if the argument, which is the number of a process, is not 0: itself */
#define REFUSE_OTHERS(number, arg)                                                             \
    SKIP_UNLESS(number, 4), LOAD_ARG(arg), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),       \
        RETURN(REFUSED), RETURN(SECCOMP_RET_ALLOW)

static const struct sock_filter calls[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS), /* calls of another processor have other numbers */
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1),
    RETURN(REFUSED),

    /* the network; a pair of sockets for datagrams can send to others as well, and a ring of
     * calls can do what is refused here */
    REFUSE(SYS_socket),
    REFUSE(SYS_socketpair),
#ifdef SYS_socketcall
    REFUSE(SYS_socketcall),
#endif
    REFUSE(SYS_io_uring_setup),

    /* other processes, which may be the server's */
    REFUSE(SYS_kill),
    REFUSE(SYS_tkill),
    REFUSE(SYS_tgkill),
    REFUSE(SYS_rt_sigqueueinfo),
    REFUSE(SYS_rt_tgsigqueueinfo),
    REFUSE(SYS_pidfd_open),
    REFUSE(SYS_pidfd_getfd),
    REFUSE(SYS_pidfd_send_signal),
    REFUSE(SYS_ptrace),
    REFUSE(SYS_process_vm_readv),
    REFUSE(SYS_process_vm_writev),
    REFUSE(SYS_process_madvise),
    REFUSE(SYS_kcmp),
    REFUSE(SYS_perf_event_open),
    REFUSE(SYS_bpf),
    REFUSE(SYS_userfaultfd),
    REFUSE(SYS_migrate_pages),
    REFUSE(SYS_move_pages),
    REFUSE(SYS_setpriority),
    REFUSE(SYS_ioprio_set),
    REFUSE_OTHERS(SYS_prlimit64, 0), /* a limit can kill */
    REFUSE_OTHERS(SYS_sched_setscheduler, 0),
    REFUSE_OTHERS(SYS_sched_setparam, 0),
    REFUSE_OTHERS(SYS_sched_setattr, 0),
    REFUSE_OTHERS(SYS_sched_setaffinity, 0),
    /* whom the kernel sends a signal when a descriptor is ready */
    REFUSE_EITHER(SYS_fcntl, 1, F_SETOWN, F_SETOWN_EX),
    REFUSE_EITHER(SYS_ioctl, 1, FIOSETOWN, SIOCSPGRP),

    /* what stays when it is gone: memory, queues and keys that belong to nobody */
    REFUSE(SYS_shmget),
    REFUSE(SYS_shmat),
    REFUSE(SYS_shmctl),
    REFUSE(SYS_semget),
    REFUSE(SYS_semop),
    REFUSE(SYS_semtimedop),
    REFUSE(SYS_semctl),
    REFUSE(SYS_msgget),
    REFUSE(SYS_msgsnd),
    REFUSE(SYS_msgrcv),
    REFUSE(SYS_msgctl),
#ifdef SYS_ipc
    REFUSE(SYS_ipc),
#endif
    REFUSE(SYS_mq_open),
    REFUSE(SYS_mq_unlink),
    REFUSE(SYS_add_key),
    REFUSE(SYS_request_key),
    REFUSE(SYS_keyctl),

    /* the group that is killed in the end, and worlds of their own */
    REFUSE(SYS_setpgid),
    REFUSE(SYS_setsid),
    REFUSE(SYS_unshare),
    REFUSE(SYS_setns),
    REFUSE_BITS(SYS_clone, CLONE_ARG, CLONE_FLAGS),
    ANSWER(SYS_clone3, UNKNOWN), /* its flags are in memory, which cannot be looked at */

    /* names, owners, modes and times of files: Landlock knows nothing of some of these, and may
     * be missing */
    REFUSE(SYS_truncate),
    REFUSE(SYS_unlinkat),
    REFUSE(SYS_renameat2),
    REFUSE(SYS_linkat),
    REFUSE(SYS_symlinkat),
    REFUSE(SYS_mkdirat),
    REFUSE(SYS_mknodat),
    REFUSE(SYS_fchmod),
    REFUSE(SYS_fchmodat),
    REFUSE(NR_FCHMODAT2),
    REFUSE(SYS_fchown),
    REFUSE(SYS_fchownat),
    REFUSE(SYS_utimensat),
    REFUSE(SYS_setxattr),
    REFUSE(SYS_lsetxattr),
    REFUSE(SYS_fsetxattr),
    REFUSE(NR_SETXATTRAT),
    REFUSE(SYS_removexattr),
    REFUSE(SYS_lremovexattr),
    REFUSE(SYS_fremovexattr),
    REFUSE(NR_REMOVEXATTRAT),
    REFUSE(NR_FILE_SETATTR),
    REFUSE(SYS_open_by_handle_at),
#ifdef SYS_renameat
    REFUSE(SYS_renameat),
#endif
#ifdef SYS_unlink /* processors that have had Linux for long have all of these */
    REFUSE(SYS_unlink),
    REFUSE(SYS_rmdir),
    REFUSE(SYS_rename),
    REFUSE(SYS_link),
    REFUSE(SYS_symlink),
    REFUSE(SYS_mkdir),
    REFUSE(SYS_mknod),
    REFUSE(SYS_creat),
    REFUSE(SYS_chmod),
    REFUSE(SYS_chown),
    REFUSE(SYS_lchown),
    REFUSE(SYS_utime),
    REFUSE(SYS_utimes),
    REFUSE(SYS_futimesat),
#endif

    RETURN(SECCOMP_RET_ALLOW),
};

/* Without Landlock, which tells files apart, nothing is opened to be written: it could also be
 * the memory of the server, in /proc. It comes after the other one, which has looked at the
 * processor. */
static const struct sock_filter opening[] = {
    LOAD(nr),
    REFUSE_BITS(SYS_openat, 2, OPEN_TO_WRITE),
#ifdef SYS_open
    REFUSE_BITS(SYS_open, 1, OPEN_TO_WRITE),
#endif
    ANSWER(SYS_openat2, UNKNOWN),
    RETURN(SECCOMP_RET_ALLOW),
};

static int
refuse(const struct sock_filter *filter, size_t len)
{
    const struct sock_fprog program = {
        .len = (unsigned short)len,
        .filter = (struct sock_filter *)(uintptr_t)filter, /* it is only read */
    };

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ? errno : 0;
}

/* Of a user who is root, too: programs get none back, because there are no new privileges. */
static int
drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* ports below 1024 */
    /* Where nobody may make this call, only root has any left. */
    return syscall(SYS_capset, &header, none) != 0 && geteuid() == 0 ? errno : 0;
}

/* ---- files ---- */

enum {
    READING =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE,
    WRITING = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
              LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
              LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
    TRUNCATING = 1 << 14, /* LANDLOCK_ACCESS_FS_TRUNCATE, which older headers do not have */
    TRUNCATING_SINCE = 3, /* version of Landlock */
    OF_A_FILE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE |
                LANDLOCK_ACCESS_FS_WRITE_FILE,
};

/* What exists of these may be read. */
static const char *const readable[] = {
    "/usr",           "/bin",
    "/sbin",          "/lib",
    "/lib32",         "/lib64",
    "/opt",           "/etc/alternatives",
    "/etc/fonts",     "/etc/ld.so.cache",
    "/etc/localtime", "/etc/xpdf",
    "/dev/urandom",   "/dev/zero",
};

static bool
allow(int rules, const char *path, uint64_t access, struct err *err)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = access};
    struct stat st;
    AUTO_FD fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return true;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        beneath.allowed_access &= OF_A_FILE;
    beneath.parent_fd = fd;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0)
        return true;
    err_set(err, RC_IO, errno, "landlock: %s", path);
    return false;
}

static bool
allow_all(int rules, const char *program, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(readable); i++)
        if (!allow(rules, readable[i], READING, err))
            return false;
    return allow(rules, program, READING, err) &&
           allow(rules, "/dev/null", READING | LANDLOCK_ACCESS_FS_WRITE_FILE, err);
}

enum rc
confinement_open(struct confinement *out, const char *program, struct err *err)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = READING | WRITING};

    if (OUR_ARCH == 0)
        return err_set(err, RC_UNSUPPORTED, 0, "no filter of system calls for this processor");
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, /* VERSION */ 1u);
    if (version < 1) {
        out->rules = -1;
        return RC_OK;
    }
    if (version >= TRUNCATING_SINCE)
        attr.handled_access_fs |= TRUNCATING;
    AUTO_FD rules =
        (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0u);
    if (rules < 0)
        return err_set(err, rc_of_errno(errno), errno, "landlock");
    if (!allow_all(rules, program, err))
        return RC_IO;
    out->rules = fd_take(&rules);
    return RC_OK;
}

void
confinement_close(struct confinement *confinement)
{
    fd_close(&confinement->rules);
    confinement->rules = -1;
}

int
confinement_enter(const struct confinement *confinement)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errno;
    int failed = drop_capabilities();
    if (failed == 0 && confinement->rules >= 0 &&
        syscall(SYS_landlock_restrict_self, confinement->rules, 0) != 0)
        failed = errno;
    if (failed == 0)
        failed = refuse(calls, ARRAY_LEN(calls));
    if (failed == 0 && confinement->rules < 0)
        failed = refuse(opening, ARRAY_LEN(opening));
    return failed;
}

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
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
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
};

#define LOAD(field)                                                                            \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(number)                                                                         \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 1), RETURN(REFUSED)

static const struct sock_filter calls[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS), /* calls of another processor have other numbers */
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1),
    RETURN(REFUSED),

    /* the network; a ring of calls can do what is refused here */
    REFUSE(SYS_socket),
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

    /* the group that is killed in the end */
    REFUSE(SYS_setpgid),
    REFUSE(SYS_setsid),

    RETURN(SECCOMP_RET_ALLOW),
};

static int
refuse_calls(void)
{
    const struct sock_fprog program = {
        .len = ARRAY_LEN(calls),
        .filter = (struct sock_filter *)(uintptr_t)calls, /* it is only read */
    };

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ? errno : 0;
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
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* ports below 1024 */
    if (confinement->rules >= 0 &&
        syscall(SYS_landlock_restrict_self, confinement->rules, 0) != 0)
        return errno;
    return refuse_calls();
}

/* SPDX-License-Identifier: MIT */
/* A program of which everything is bounded, whatever it does. Not under valgrind, where nobody
 * may have fewer files open than it says. */
#include "base/run/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run/child.h"
#include "base/run/confine.h"
#include "base/fd.h"
#include "base/limits.h"
#include "support/cm.h"

enum { LONG_MS = 60000, OUTPUT = 1 << 20, CPU_S = 30, MEMORY = 1 << 30, NOBODY = 65534 };
enum { SKIPPED = 77 }; /* for meson */

/* A script of the shell. What is not said has a bound that it does not reach. */
struct script {
    const char *text;
    const char *shell; /* NULL: /bin/sh */
    uint32_t wall_ms;
    uint32_t cpu_s;
    uint64_t memory_octets;
    size_t output_octets;
    int stop_fd;
};

static enum rc
run(struct script script, struct span input, struct buf *out, struct err *err)
{
    const char *const args[] = {script.shell == NULL ? "/bin/sh" : script.shell, "-c",
                                script.text, NULL};
    const struct filter_options options = {
        .args = args,
        .wall_ms = script.wall_ms == 0 ? LONG_MS : script.wall_ms,
        .cpu_s = script.cpu_s == 0 ? CPU_S : script.cpu_s,
        .memory_octets = script.memory_octets == 0 ? MEMORY : script.memory_octets,
        .output_octets = script.output_octets == 0 ? OUTPUT : script.output_octets,
        .stop_fd = script.stop_fd == 0 ? -1 : script.stop_fd,
    };

    return filter_run(&options, input, out, err);
}

/* What the script writes, which has to end well. */
static const char *
said(const char *text)
{
    static char copy[4096];
    AUTO_BUF out = {0};
    struct err err = {.rc = RC_OK};

    buf_init(&out, sizeof copy - 1);
    assert_ok(run((struct script){.text = text, .output_octets = sizeof copy - 1}, SPAN(""),
                  &out, &err));
    snprintf(copy, sizeof copy, "%.*s", SPAN_FMT(buf_span(&out)));
    return copy;
}

/* How it fails. Nothing of what it wrote is left. */
static struct err
failure(struct script script)
{
    AUTO_BUF out = {0};
    struct err err = {.rc = RC_OK};

    buf_init(&out, OUTPUT);
    buf_put_lit(&out, "before");
    const enum rc rc = run(script, SPAN("input"), &out, &err);
    assert_int_not_equal(rc, RC_OK);
    assert_int_equal(rc, err.rc);
    assert_true(span_eq(buf_span(&out), SPAN("before")));
    return err;
}

static void
test_gives_and_takes(void **state)
{
    const size_t octets = 3 << 20;
    char *input = malloc(octets);
    AUTO_BUF out = {0};
    struct err err = {.rc = RC_OK};

    (void)state;
    for (size_t i = 0; i < octets; i++)
        input[i] = (char)(i * 7 + i / 251);
    buf_init(&out, octets + 6);
    buf_put_lit(&out, "before");
    assert_ok(run((struct script){.text = "cat", .output_octets = octets},
                  span_of(input, octets), &out, &err));
    assert_int_equal(buf_len(&out), octets + 6);
    assert_memory_equal(buf_span(&out).ptr, "before", 6);
    assert_memory_equal(buf_span(&out).ptr + 6, input, octets);
    free(input);
    assert_string_equal(said("cat"), ""); /* no input */
    assert_string_equal(said("echo one; echo two >&2"), "one\n");
}

/* It may write without end: what is beyond the limit is not read. */
static void
test_output_has_a_limit(void **state)
{
    static const struct {
        const char *script;
        size_t octets;
    } rows[] = {
        {"head -c 99999 /dev/zero", 99999},
        {"head -c 100000 /dev/zero", 100000},
        {"head -c 100001 /dev/zero", 100000},
        {"cat /dev/zero", 100000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_BUF out = {0};
        struct err err = {.rc = RC_OK};
        buf_init(&out, OUTPUT);
        assert_ok(run((struct script){.text = rows[i].script, .output_octets = 100000},
                      SPAN(""), &out, &err));
        assert_int_equal(buf_len(&out), rows[i].octets);
    }
}

static void
test_ends_badly(void **state)
{
    const char *const nothing[] = {"/nonexistent/program", NULL};
    const char *const no_program[] = {"/etc/passwd", NULL};
    struct filter_options options = {
        .args = nothing, .wall_ms = LONG_MS, .cpu_s = 1, .output_octets = 1, .stop_fd = -1};
    AUTO_BUF out = {0};

    (void)state;
    options.memory_octets = MEMORY;
    struct err err = failure((struct script){.text = "echo lost; exit 3"});
    assert_int_equal(err.rc, RC_INVALID);
    assert_non_null(strstr(err.text, "status 3"));
    buf_init(&out, 1);
    assert_int_equal(filter_run(&options, SPAN(""), &out, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/program"));
    options.args = no_program;
    assert_int_equal(filter_run(&options, SPAN(""), &out, &err), RC_DENIED);
}

/* A second of the processor, and it is killed. */
static void
test_processor_has_a_limit(void **state)
{
    (void)state;
    const struct err err = failure((struct script){.text = "while :; do :; done", .cpu_s = 1});
    assert_int_equal(err.rc, RC_INVALID);
    assert_non_null(strstr(err.text, "signal 9"));
}

static void
test_memory_has_a_limit(void **state)
{
    const char *text = "x=$(head -c 50000000 /dev/zero | tr '\\0' a) && echo ${#x}";

    (void)state;
    assert_string_equal(said(text), "50000000\n");
    const struct err err = failure((struct script){.text = text, .memory_octets = 40 << 20});
    assert_int_equal(err.rc, RC_INVALID);
}

/* The program and what it has started are killed. What has lost its parent comes to us. */
static void
test_time_has_a_limit(void **state)
{
    int status = 0;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    const struct err err =
        failure((struct script){.text = "sleep 1000 & echo x; sleep 1001", .wall_ms = 200});
    assert_int_equal(err.rc, RC_TIMEOUT);
    unsigned gone = 0;
    while (waitpid(-1, &status, 0) > 0) {
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        gone++;
    }
    assert_true(gone >= 1);
    /* If it ends and leaves something behind that holds its output, that is killed as well. */
    assert_string_equal(said("sleep 1000 & echo left"), "left\n");
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(waitpid(-1, &status, 0), -1);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* It is not waited for when somebody wants us to stop. */
static void
test_stops(void **state)
{
    const struct itimerspec soon = {.it_value.tv_nsec = 100000000};
    AUTO_FD timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    (void)state;
    assert_true(timer > 0);
    assert_int_equal(timerfd_settime(timer, 0, &soon, NULL), 0);
    assert_int_equal(failure((struct script){.text = "sleep 1000", .stop_fd = timer}).rc,
                     RC_AGAIN);
    /* It stays readable: nothing is begun. */
    assert_int_equal(failure((struct script){.text = "echo x", .stop_fd = timer}).rc, RC_AGAIN);
}

static void
test_has_little_of_us(void **state)
{
    AUTO_FD other = open("/dev/null", O_WRONLY); /* survives exec */

    (void)state;
    assert_true(other > 2 && other < 10);
    assert_int_equal(setenv("ROOST_TEST_SECRET", "secret", 1), 0);
    assert_null(strstr(said("env"), "SECRET"));
    assert_non_null(strstr(said("env"), "LANG=C.UTF-8\n"));
    char script[128];
    snprintf(script, sizeof script, "{ echo x >&%d; } && echo open; echo end", other);
    assert_string_equal(said(script), "end\n");
}

/* Neither those that we ignore, nor those that we block. */
static void
test_has_no_signals_of_ours(void **state)
{
    const char *const args[] = {"/bin/sh", "-c", "kill -TERM $$; exit 5", NULL};
    const char *const environment[] = {NULL};
    const struct child_options options = {
        .args = args, .environment = environment, .input = -1, .output = -1, .errors = -1};
    struct err err = {.rc = RC_OK};
    sigset_t blocked;
    sigset_t after;
    pid_t pid;
    int status = 0;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    signal(SIGPIPE, SIG_IGN);
    assert_ok(child_start(&options, &pid, &err));
    child_wait(pid, &status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_string_equal(said("(while :; do echo x; done) | head -n 1"), "x\n");
    assert_true(signal(SIGPIPE, SIG_DFL) == SIG_IGN); /* as before */
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, &after), 0);
    assert_true(sigismember(&after, SIGTERM) && !sigismember(&after, SIGINT));
}

/* ---- what it has of our time and memory ---- */

enum { FDS_LOOKED_AT = 64 };
static bool is_old[FDS_LOOKED_AT];
static volatile sig_atomic_t pipes_seen;
static volatile sig_atomic_t pipes_that_wait;

static bool
is_read_end(int fd, bool *waits_out)
{
    struct stat st;
    const int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || fstat(fd, &st) != 0 ||
        !S_ISFIFO(st.st_mode))
        return false;
    *waits_out = (flags & O_NONBLOCK) == 0;
    return true;
}

static void
look_at_pipes(int sig)
{
    const int before = errno;
    bool waits;

    (void)sig;
    for (int fd = 3; fd < FDS_LOOKED_AT; fd++)
        if (!is_old[fd] && is_read_end(fd, &waits)) {
            pipes_seen = 1;
            pipes_that_wait = waits;
        }
    errno = before;
}

/* The program can open the reading end of its output, too (/proc/self/fd/1), and be faster than
 * we are. So nobody waits in read, where no deadline ends it. */
static void
test_output_can_be_taken_away(void **state)
{
    const struct sigaction action = {.sa_handler = look_at_pipes};
    const struct itimerval often = {.it_interval.tv_usec = 10000, .it_value.tv_usec = 10000};
    const struct itimerval never = {.it_interval.tv_usec = 0};
    struct sigaction before;

    (void)state;
    for (int fd = 0; fd < FDS_LOOKED_AT; fd++)
        is_old[fd] = fcntl(fd, F_GETFD) >= 0;
    pipes_seen = pipes_that_wait = 0;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(failure((struct script){.text = "sleep 1000", .wall_ms = 300}).rc,
                     RC_TIMEOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(pipes_seen);
    assert_false(pipes_that_wait);
    /* It takes what it has written, as long as it may run. */
    const struct err err = failure((struct script){
        .text = "exec 3</proc/self/fd/1; while :; do echo x; read -t 0.01 y <&3; done",
        .shell = "/bin/bash",
        .wall_ms = 300});
    assert_int_equal(err.rc, RC_TIMEOUT);
}

/* What /proc says of a process. */
static void
proc_read(pid_t pid, const char *name, char *out, size_t size)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t got = read(fd, out, size - 1);
    assert_true(got > 0);
    out[got] = '\0';
}

/* It is the first that goes when memory is short, and the last that gets a processor. */
static void
test_comes_last(void **state)
{
    const char *const args[] = {"/bin/sleep", "1000", NULL};
    const char *const environment[] = {NULL};
    struct confinement confinement;
    const struct child_bounds bounds = {
        .confinement = &confinement,
        .cpu_s = CPU_S,
        .memory_octets = MEMORY,
        .files = LIMIT_FILTER_FILES,
        .processes = LIMIT_FILTER_PROCESSES,
    };
    const struct child_options options = {.args = args,
                                          .environment = environment,
                                          .input = -1,
                                          .output = -1,
                                          .errors = -1,
                                          .bounds = &bounds};
    struct err err = {.rc = RC_OK};
    char text[4096];
    pid_t pid;

    (void)state;
    assert_ok(confinement_open(&confinement, args[0], &err));
    assert_ok(child_start(&options, &pid, &err));
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), 19);
    proc_read(pid, "oom_score_adj", text, sizeof text);
    assert_string_equal(text, "1000\n");
    proc_read(pid, "status", text, sizeof text);
    assert_non_null(strstr(text, "\nCapPrm:\t0000000000000000\n"));
    assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
    child_kill(pid, NULL);
    confinement_close(&confinement);
    proc_read(getpid(), "oom_score_adj", text, sizeof text);
    assert_string_not_equal(text, "1000\n"); /* ours is as before */
}

/* A server that may have fewer processes than we would give runs programs all the same. */
static void
test_lower_limits_stay(void **state)
{
    enum { FEWER = LIMIT_FILTER_PROCESSES / 4 };
    const struct rlimit fewer = {.rlim_cur = FEWER, .rlim_max = FEWER};
    char script[64];
    int status = 0;

    (void)state;
    snprintf(script, sizeof script, "[ $(ulimit -u) = %u ]", FEWER);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct buf out;
        struct err err = {.rc = RC_OK};
        buf_init(&out, OUTPUT);
        /* root could raise it again */
        if (setrlimit(RLIMIT_NPROC, &fewer) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
            _exit(9);
        const enum rc rc =
            run((struct script){.text = script, .shell = "/bin/bash"}, SPAN(""), &out, &err);
        _exit(rc == RC_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- what it cannot reach ---- */

static int
listen_on_loopback(uint16_t *port_out)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    *port_out = ntohs(addr.sin_port);
    return fd;
}

static void
test_has_no_network(void **state)
{
    uint16_t port;
    char script[160];
    int status = 0;
    struct err err = {.rc = RC_OK};
    AUTO_FD listener = listen_on_loopback(&port);

    (void)state;
    snprintf(script, sizeof script, "exec 3<>/dev/tcp/127.0.0.1/%u || exit 9", (unsigned)port);
    /* Whoever is not confined can connect: the script is right. */
    const char *const args[] = {"/bin/bash", "-c", script, NULL};
    const char *const environment[] = {NULL};
    const struct child_options free_child = {
        .args = args, .environment = environment, .input = -1, .output = -1, .errors = -1};
    pid_t pid;
    assert_ok(child_start(&free_child, &pid, &err));
    child_wait(pid, &status);
    assert_int_equal(status, 0);
    AUTO_FD accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(accepted >= 0);

    err = failure((struct script){.text = script, .shell = "/bin/bash"});
    assert_int_equal(err.rc, RC_INVALID);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(accept(listener, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
}

static void
test_reaches_no_process(void **state)
{
    char script[160];

    (void)state;
    snprintf(script, sizeof script, "kill -9 %d && echo killed; echo end", getpid());
    assert_string_equal(said(script), "end\n");
    /* It stays in its group. */
    assert_string_equal(said("setsid true || echo stays"), "stays\n");
}

static void
test_writes_and_reads_no_file(void **state)
{
    char path[] = "/tmp/roost-filter-XXXXXX";
    char script[256];
    struct confinement confinement;
    struct err err = {.rc = RC_OK};
    AUTO_FD fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "secret", 6), 6);
    snprintf(script, sizeof script, "(echo more >>%s); echo end", path);
    assert_string_equal(said(script), "end\n");
    assert_int_equal(lseek(fd, 0, SEEK_END), 6);
    snprintf(script, sizeof script, "rm -f %s; echo end", path);
    assert_string_equal(said(script), "end\n");
    assert_int_equal(access(path, F_OK), 0);
    assert_ok(confinement_open(&confinement, "/bin/sh", &err));
    if (confinement.rules >= 0) {
        snprintf(script, sizeof script, "cat %s; echo end >/dev/null; echo end", path);
        assert_string_equal(said(script), "end\n");
    }
    confinement_close(&confinement);
    /* Its input is nobody's to change. */
    assert_string_equal(said("(echo x >/proc/self/fd/0); cat; echo end"), "end\n");
    assert_int_equal(unlink(path), 0);
}

static void
test_files_have_a_limit(void **state)
{
    char script[200];

    (void)state;
    snprintf(script, sizeof script, "[ $(ulimit -n) = %u ] && ulimit -c", LIMIT_FILTER_FILES);
    assert_string_equal(said(script), "0\n");
    snprintf(script, sizeof script, "[ $(ulimit -u) = %u ] && ulimit -f",
             LIMIT_FILTER_PROCESSES);
    AUTO_BUF out = {0};
    struct err err = {.rc = RC_OK};
    buf_init(&out, OUTPUT);
    assert_ok(run((struct script){.text = script, .shell = "/bin/bash"}, SPAN(""), &out, &err));
    assert_true(span_eq(buf_span(&out), SPAN("0\n")));
    /* However many it tries to open, so many are open. */
    snprintf(script, sizeof script,
             "n=3; for i in {1..%u}; do exec {f}</dev/null && n=$((n + 1)); done; "
             "[ $n -gt %u ] && [ $n -le %u ]",
             10 * LIMIT_FILTER_FILES, LIMIT_FILTER_FILES - 16, LIMIT_FILTER_FILES);
    assert_ok(run((struct script){.text = script, .shell = "/bin/bash"}, SPAN(""), &out, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_and_takes),
        cmocka_unit_test(test_output_has_a_limit),
        cmocka_unit_test(test_ends_badly),
        cmocka_unit_test(test_processor_has_a_limit),
        cmocka_unit_test(test_memory_has_a_limit),
        cmocka_unit_test(test_time_has_a_limit),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_has_little_of_us),
        cmocka_unit_test(test_has_no_signals_of_ours),
        cmocka_unit_test(test_output_can_be_taken_away),
        cmocka_unit_test(test_comes_last),
        cmocka_unit_test(test_lower_limits_stay),
        cmocka_unit_test(test_has_no_network),
        cmocka_unit_test(test_reaches_no_process),
        cmocka_unit_test(test_writes_and_reads_no_file),
        cmocka_unit_test(test_files_have_a_limit),
    };

    if (under_valgrind())
        return SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

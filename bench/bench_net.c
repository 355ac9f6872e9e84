/* SPDX-License-Identifier: MIT */
/*
 * The costs of the work threads by themselves: memory of a parked task with its connection
 * (plain, TLS 1.3, without descriptor), time from a wake and from an octet on a socket to the
 * run, and the fan-out of one event to many tasks. Everything is on this machine, without a
 * network.
 *
 *   roost-bench-net [TASKS]      tasks without descriptors; default 100,000
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/limits.h"
#include "base/span.h"
#include "net/conn.h"
#include "net/poller.h"
#include "net/tls.h"
#include "tests/support/tls_peer.h"
#include "tests/support/tmpdir.h"

enum { TLS_CONNS = 2000, PLAIN_CONNS = 4000, SAMPLES = 3000, FAN_OUT = 5000 };

struct parked {
    struct task task;
    struct conn conn;
    atomic_int_fast64_t ran_us;
};

static struct poller *poller;
static atomic_uint runs_left;

static int64_t
now_us(void)
{
    return clock_mono_us(&clock_system);
}

static int64_t
now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static size_t
memory_resident(void)
{
    size_t pages = 0;
    size_t resident = 0;
    memory_trim();
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%zu %zu", &pages, &resident) == 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static double
cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- the tasks --- */

static enum task_next
parked_run(struct task *task, uint32_t why)
{
    struct parked *parked = CONTAINER_OF(task, struct parked, task);

    (void)why;
    atomic_store(&parked->ran_us, now_ns());
    if (conn_read(&parked->conn) == RC_OK) {
        buf_put_span(&parked->conn.out, buf_span(&parked->conn.in));
        buf_clear(&parked->conn.in);
    }
    (void)!conn_flush(&parked->conn);
    const enum task_next next = conn_park(&parked->conn);
    atomic_fetch_sub(&runs_left, 1);
    return next;
}

static void
await_runs(void)
{
    while ((int)atomic_load(&runs_left) > 0)
        sched_yield();
}

static struct parked *
park(int fd, const struct conn_io *io, struct tls_server *tls)
{
    const struct conn_config config = {.in_max = LIMIT_LINE_BEFORE_LOGIN,
                                       .out_max = LIMIT_OUTPUT_MAX,
                                       .clock = &clock_system,
                                       .tls = tls};
    struct parked *parked = calloc(1, sizeof *parked);

    CHECK(parked != NULL);
    if (io != NULL)
        CHECK(conn_open_io(&parked->conn, io, NULL, &config) == RC_OK);
    else
        CHECK(conn_open(&parked->conn, fd, &config) == RC_OK);
    CHECK(task_enter(poller, &parked->task, fd, parked_run, NULL) == RC_OK);
    atomic_fetch_add(&runs_left, 1);
    task_begin(&parked->task);
    return parked;
}

static ssize_t
nothing_recv(struct conn *conn, void *dst, size_t cap)
{
    (void)conn, (void)dst, (void)cap;
    errno = EAGAIN;
    return -1;
}

static ssize_t
everything_send(struct conn *conn, const void *src, size_t len)
{
    (void)conn, (void)src;
    return (ssize_t)len;
}

static const struct conn_io no_descriptor = {.recv = nothing_recv, .send = everything_send};

static void
print_memory(const char *what, size_t count, size_t resident)
{
    printf("%-34s %8zu  %7.2f KiB each resident\n", what, count,
           (double)resident / 1024 / (double)count);
}

static int
compare_times(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void
print_times(const char *what, int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_times);
    const int64_t middle = times[count / 2];
    const int64_t high = times[count * 99 / 100];
    printf("%-34s p50 %7.1f us, p99 %7.1f us, most %7.1f us\n", what, (double)middle / 1000,
           (double)high / 1000, (double)times[count - 1] / 1000);
}

/* --- measurements --- */

static void
bench_wake(struct parked **parked, size_t count)
{
    static int64_t times[SAMPLES];

    for (size_t i = 0; i < SAMPLES; i++) {
        struct parked *one = parked[(i * 7919) % count];
        const struct timespec pause = {.tv_nsec = 200000}; /* the threads are asleep again */
        nanosleep(&pause, NULL);
        atomic_store(&runs_left, 1);
        const int64_t start = now_ns();
        CHECK(task_wake(poller, one->task.id));
        await_runs();
        times[i] = atomic_load(&one->ran_us) - start;
    }
    print_times("wake to run, threads asleep", times, SAMPLES);
}

static void
bench_fan_out(struct parked **parked, size_t count)
{
    static int64_t times[100];
    static int64_t posting[100];

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        const struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
        atomic_store(&runs_left, (unsigned)count);
        const int64_t start = now_ns();
        for (size_t k = 0; k < count; k++)
            CHECK(task_wake(poller, parked[k]->task.id));
        posting[i] = now_ns() - start;
        await_runs();
        times[i] = now_ns() - start;
    }
    char what[64];
    snprintf(what, sizeof what, "fan-out to %zu: waking", count);
    print_times(what, posting, ARRAY_LEN(posting));
    snprintf(what, sizeof what, "fan-out to %zu: the last ran", count);
    print_times(what, times, ARRAY_LEN(times));
}

static void
bench_without_descriptors(size_t count)
{
    struct parked **parked = calloc(count, sizeof(void *));
    const size_t resident = memory_resident();

    CHECK(parked != NULL);
    const int64_t start = now_us();
    for (size_t i = 0; i < count; i++)
        parked[i] = park(-1, &no_descriptor, NULL);
    await_runs();
    printf("%-34s %8zu  %7.2f us each\n", "entered, run and parked", count,
           (double)(now_us() - start) / (double)count);
    print_memory("parked without descriptor", count, memory_resident() - resident);
    bench_wake(parked, count);
    bench_fan_out(parked, FAN_OUT < count ? FAN_OUT : count);
    bench_fan_out(parked, 500 < count ? 500 : count);

    /* All have a timer, and nothing is due for minutes. Measures the cost of a second. */
    for (size_t i = 0; i < count; i++)
        task_timer_set(&parked[i]->task, now_us() / 1000000 + 240 + (int64_t)(i % 60));
    const double cpu = cpu_seconds();
    sleep(2);
    printf("%-34s %8.3f %% of a core\n", "idle, all with timers",
           (cpu_seconds() - cpu) / 2 * 100);
    poller_stop(poller);
    for (size_t i = 0; i < count; i++) {
        task_leave(&parked[i]->task);
        conn_close(&parked[i]->conn, NULL);
        free(parked[i]);
    }
    free(parked);
    poller_free(poller);
}

static void
start_poller(void)
{
    const struct poller_config config = {0};

    CHECK(poller_new(&config, &poller, NULL) == RC_OK);
    CHECK(poller_start(poller, NULL) == RC_OK);
}

static void
bench_sockets(size_t unused)
{
    (void)unused;
    static struct parked *parked[PLAIN_CONNS];
    static int far[PLAIN_CONNS];
    static int64_t times[SAMPLES];

    const size_t resident = memory_resident();
    for (size_t i = 0; i < PLAIN_CONNS; i++) {
        int fds[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        far[i] = fds[1];
        parked[i] = park(fds[0], NULL, NULL);
    }
    await_runs();
    for (size_t i = 0; i < PLAIN_CONNS; i++) { /* each has exchanged a line once */
        atomic_store(&runs_left, 1);
        CHECK(write(far[i], "a NOOP\r\n", 8) == 8);
        await_runs();
    }
    print_memory("parked plain", PLAIN_CONNS, memory_resident() - resident);
    for (size_t i = 0; i < SAMPLES; i++) {
        const size_t which = (i * 7919) % PLAIN_CONNS;
        const struct timespec pause = {.tv_nsec = 200000};
        nanosleep(&pause, NULL);
        atomic_store(&runs_left, 1);
        const int64_t start = now_ns();
        CHECK(write(far[which], "a NOOP\r\n", 8) == 8);
        await_runs();
        times[i] = atomic_load(&parked[which]->ran_us) - start;
    }
    print_times("octet to run, threads asleep", times, SAMPLES);
    poller_stop(poller);
    for (size_t i = 0; i < PLAIN_CONNS; i++) {
        task_leave(&parked[i]->task);
        conn_close(&parked[i]->conn, NULL);
        free(parked[i]);
        close(far[i]);
    }
    poller_free(poller);
}

/* The other process: connects, talks once, and holds on until its standard input ends. */
static void
tls_clients(const int *far, int hold)
{
    SSL_CTX *ctx = tls_client_ctx(TLS1_3_VERSION, TLS1_3_VERSION);
    char octets[64];

    for (size_t i = 0; i < TLS_CONNS; i++) {
        SSL *ssl = tls_client(ctx, far[i]);
        CHECK(SSL_connect(ssl) == 1);
        CHECK(SSL_write(ssl, "a NOOP\r\n", 8) == 8);
        CHECK(SSL_read(ssl, octets, sizeof octets) == 8);
    }
    (void)!write(hold, "d", 1); /* done */
    (void)!read(hold, octets, 1);
    _exit(0);
}

static void
bench_tls(size_t unused)
{
    (void)unused;
    static struct parked *parked[TLS_CONNS];
    static int far[TLS_CONNS];
    static int near[TLS_CONNS];
    const struct tls_cert_spec spec = {"localhost", -3600, 86400};
    struct tls_server *tls = NULL;
    struct tmpdir dir;
    char cert[256];
    char key[256];
    int hold[2];
    char octet;

    tmpdir_make(&dir);
    snprintf(cert, sizeof cert, "%s", tmpdir_file(&dir, "cert.pem"));
    snprintf(key, sizeof key, "%s", tmpdir_file(&dir, "key.pem"));
    tls_make_cert(cert, key, &spec);
    const struct tls_config config = {.cert_path = cert, .key_path = key, .alpn = "imap"};
    CHECK(tls_server_new(&config, &clock_system, &tls, NULL) == RC_OK);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, hold) == 0);
    for (size_t i = 0; i < TLS_CONNS; i++) {
        int fds[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
        near[i] = fds[0];
        far[i] = fds[1];
    }
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(hold[0]); /* so that the parent's end is the only one */
        tls_clients(far, hold[1]);
    }
    close(hold[1]);
    for (size_t i = 0; i < TLS_CONNS; i++)
        close(far[i]);
    const size_t resident = memory_resident();
    const double cpu = cpu_seconds();
    const int64_t start = now_us();
    for (size_t i = 0; i < TLS_CONNS; i++) {
        CHECK(fcntl(near[i], F_SETFL, O_NONBLOCK) == 0);
        parked[i] = park(near[i], NULL, tls);
    }
    CHECK(read(hold[0], &octet, 1) == 1);
    const int64_t took_us = now_us() - start;
    print_memory("parked TLS 1.3", TLS_CONNS, memory_resident() - resident);
    printf("%-34s %8d  %7.0f a second, %.0f us of processor each\n", "TLS 1.3 handshakes",
           TLS_CONNS, TLS_CONNS * 1e6 / (double)took_us,
           (cpu_seconds() - cpu) * 1e6 / TLS_CONNS);
    close(hold[0]);
    waitpid(child, NULL, 0);
    poller_stop(poller);
    for (size_t i = 0; i < TLS_CONNS; i++) {
        task_leave(&parked[i]->task);
        conn_close(&parked[i]->conn, NULL);
        free(parked[i]);
    }
    poller_free(poller);
    tls_server_free(tls);
    tmpdir_remove(&dir);
}

/* Each runs in a process of its own, so that none uses memory that another has left. */
static void
in_child(void (*bench)(size_t), size_t count)
{
    int status = 0;

    fflush(stdout);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        start_poller();
        bench(count);
        fflush(stdout);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int
main(int argc, char **argv)
{
    uint64_t tasks = 100000;

    if (argc > 2 || (argc == 2 &&
                     (!span_to_u64(span_of_str(argv[1]), LIMIT_TASKS, &tasks) || tasks == 0))) {
        fprintf(stderr, "usage: roost-bench-net [TASKS]\n");
        return 2;
    }
    if (!tls_memory_init())
        return 1;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("struct task %zu, struct conn %zu octets; %u work threads on %u cores\n",
           sizeof(struct task), sizeof(struct conn), poller_default_threads(), poller_cores());
    in_child(bench_tls, 0);
    in_child(bench_sockets, 0);
    in_child(bench_without_descriptors, (size_t)tasks);
    return 0;
}

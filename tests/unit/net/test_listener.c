/* SPDX-License-Identifier: MIT */
/* Listeners: IPv4, IPv6, Unix sockets, adoption, running out of descriptors, closing. */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "support/cm.h"
#include "support/tmpdir.h"

/* What the callbacks saw; posted once each. */
struct seen {
    sem_t accepted;
    sem_t trouble;
    struct net_addr peer;
    int fd; /* the last one accepted; closed by the test */
    char text[ERR_TEXT_OCTETS];
};

static void
on_accept(void *ctx, struct listener *listener, int fd, const struct net_addr *peer)
{
    struct seen *seen = ctx;

    (void)listener;
    seen->peer = *peer;
    seen->fd = fd;
    sem_post(&seen->accepted);
}

static void
on_accept_and_close(void *ctx, struct listener *listener, int fd, const struct net_addr *peer)
{
    on_accept(ctx, listener, fd, peer);
    close(fd);
}

static void
on_trouble(void *ctx, struct listener *listener, const struct err *err)
{
    struct seen *seen = ctx;

    (void)listener;
    memcpy(seen->text, err->text, sizeof seen->text);
    sem_post(&seen->trouble);
}

static void
copy_path(char dst[NET_UNIX_PATH_MAX + 1], const char *path)
{
    const size_t len = strlen(path);

    assert_true(len <= NET_UNIX_PATH_MAX);
    memcpy(dst, path, len + 1);
}

static void
await(sem_t *sem)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_sec += 20;
    assert_int_equal(sem_timedwait(sem, &ts), 0);
}

struct bench {
    struct poller *poller;
    struct seen seen;
    struct listener_config config;
};

static void
bench_open(struct bench *bench)
{
    const struct poller_config config = {.threads = 2};

    assert_int_equal(poller_new(&config, &bench->poller, NULL), RC_OK);
    assert_int_equal(poller_start(bench->poller, NULL), RC_OK);
    sem_init(&bench->seen.accepted, 0, 0);
    sem_init(&bench->seen.trouble, 0, 0);
    bench->config = (struct listener_config){.poller = bench->poller,
                                             .on_accept = on_accept,
                                             .on_trouble = on_trouble,
                                             .ctx = &bench->seen};
}

static void
bench_close(struct bench *bench)
{
    poller_free(bench->poller);
    sem_destroy(&bench->seen.accepted);
    sem_destroy(&bench->seen.trouble);
}

static int
connect_inet(const struct net_addr *addr)
{
    struct sockaddr_storage sa;
    const socklen_t len = net_addr_to_sockaddr(addr, &sa);
    const int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
    return fd;
}

static int
connect_unix(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    copy_path(un.sun_path, path);
    if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0)
        return fd;
    close(fd);
    return -1;
}

static int
int_option(int fd, int level, int option)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

static void
test_inet(void **state)
{
    static const char *const table[] = {"127.0.0.1:0", "[::1]:0"};
    struct bench bench;

    (void)state;
    bench_open(&bench);
    struct listener *listeners[ARRAY_LEN(table)];
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct net_addr addr;
        struct err err = {.rc = RC_OK};
        assert_int_equal(net_addr_parse(span_of_str(table[i]), &addr), RC_OK);
        if (listener_open(&bench.config, &addr, &listeners[i], &err) != RC_OK)
            fail_msg("%s", err.text);
        assert_true(listener_addr(listeners[i])->port != 0);
        assert_int_equal(listener_begin(listeners[i], NULL), RC_OK);
        for (int n = 0; n < 3; n++) {
            const int fd = connect_inet(listener_addr(listeners[i]));
            await(&bench.seen.accepted);
            assert_true(net_addr_is_loopback(&bench.seen.peer));
            assert_int_equal(bench.seen.peer.family, addr.family);
            assert_int_equal(int_option(bench.seen.fd, IPPROTO_TCP, TCP_NODELAY), 1);
            assert_int_equal(int_option(bench.seen.fd, SOL_SOCKET, SO_KEEPALIVE), 0);
            assert_true((fcntl(bench.seen.fd, F_GETFL) & O_NONBLOCK) != 0);
            assert_true((fcntl(bench.seen.fd, F_GETFD) & FD_CLOEXEC) != 0);
            close(bench.seen.fd);
            close(fd);
        }
        assert_int_equal(listener_accepted(listeners[i]), 3);
        /* The address is taken: said by name. */
        struct listener *second = NULL;
        assert_int_equal(
            listener_open(&bench.config, listener_addr(listeners[i]), &second, &err),
            RC_EXISTS);
        assert_non_null(strstr(err.text, listener_name(listeners[i])));
    }
    poller_stop(bench.poller);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        listener_free(listeners[i]);
    bench_close(&bench);
}

static void
test_close_while_running(void **state)
{
    const struct net_addr any = {.family = NET_IPV4, .ip = {127, 0, 0, 1}};
    struct bench bench;
    struct listener *listener;

    (void)state;
    bench_open(&bench);
    assert_int_equal(listener_open(&bench.config, &any, &listener, NULL), RC_OK);
    const struct net_addr addr = *listener_addr(listener);
    assert_int_equal(listener_begin(listener, NULL), RC_OK);
    close(connect_inet(&addr));
    await(&bench.seen.accepted);
    close(bench.seen.fd);
    listener_close(listener);
    struct listener *second = NULL; /* the port is free again soon */
    const int64_t until = clock_mono_ms(&clock_system) + 20000;
    while (listener_open(&bench.config, &addr, &second, NULL) != RC_OK)
        assert_true(clock_mono_ms(&clock_system) < until);
    listener_free(second); /* never begun */
    poller_stop(bench.poller);
    listener_free(listener);
    bench_close(&bench);
}

static void
test_unix(void **state)
{
    struct tmpdir dir;
    struct bench bench;
    struct listener *listener;
    struct listener *second;
    struct stat st;
    struct err err = {.rc = RC_OK};
    char path[NET_UNIX_PATH_MAX + 1];

    (void)state;
    tmpdir_make(&dir);
    copy_path(path, tmpdir_file(&dir, "lmtp.sock"));
    bench_open(&bench);
    bench.config.unix_mode = 0620;
    assert_int_equal(listener_open_unix(&bench.config, path, &listener, &err), RC_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0620);
    assert_int_equal(listener_begin(listener, NULL), RC_OK);
    const int fd = connect_unix(path);
    assert_true(fd >= 0);
    await(&bench.seen.accepted);
    assert_int_equal(bench.seen.peer.family, NET_UNIX);
    assert_int_equal(bench.seen.peer.unix_peer.pid, getpid());
    assert_int_equal(bench.seen.peer.unix_peer.uid, getuid());
    close(bench.seen.fd);
    close(fd);
    /* In use: not taken away. */
    assert_int_equal(listener_open_unix(&bench.config, path, &second, &err), RC_EXISTS);
    assert_non_null(strstr(err.text, "another process listens"));
    poller_stop(bench.poller);
    listener_free(listener);
    assert_int_equal(stat(path, &st), -1); /* ours, so removed */
    bench_close(&bench);
    tmpdir_remove(&dir);
}

static void
test_unix_leftovers(void **state)
{
    struct tmpdir dir;
    struct bench bench;
    struct listener *listener;
    struct listener *second;
    struct stat st;
    struct err err = {.rc = RC_OK};
    char path[NET_UNIX_PATH_MAX + 1];
    char file[NET_UNIX_PATH_MAX + 1];
    char long_path[200];

    (void)state;
    tmpdir_make(&dir);
    copy_path(path, tmpdir_file(&dir, "sock"));
    copy_path(file, tmpdir_file(&dir, "file"));
    bench_open(&bench);
    /* A socket file of a process that is gone. */
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    copy_path(un.sun_path, path);
    const int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&un, sizeof un), 0);
    close(dead);
    assert_int_equal(listener_open_unix(&bench.config, path, &listener, &err), RC_OK);
    /* Somebody put another file there meanwhile: it is not ours to remove. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(listener_open_unix(&bench.config, path, &second, &err), RC_OK);
    listener_free(listener);
    assert_int_equal(stat(path, &st), 0);
    listener_free(second);
    assert_int_equal(stat(path, &st), -1);

    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(listener_open_unix(&bench.config, file, &listener, &err), RC_EXISTS);
    assert_non_null(strstr(err.text, "not a socket"));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(listener_open_unix(&bench.config, "/nowhere/sock", &listener, &err),
                     RC_NOT_FOUND);
    memset(long_path, 'p', sizeof long_path);
    long_path[0] = '/';
    long_path[NET_UNIX_PATH_MAX + 1] = '\0';
    assert_int_equal(listener_open_unix(&bench.config, long_path, &listener, &err), RC_INVALID);
    poller_stop(bench.poller);
    bench_close(&bench);
    tmpdir_remove(&dir);
}

static void
test_adopt(void **state)
{
    struct bench bench;
    struct listener *listener;
    struct err err = {.rc = RC_OK};
    int pair[2];

    (void)state;
    bench_open(&bench);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0); /* blocking, as systemd hands it over */
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listener_adopt(&bench.config, fd, &listener, &err), RC_INVALID);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(listener_adopt(&bench.config, fd, &listener, &err), RC_OK);
    assert_int_equal(listener_fd(listener), fd);
    assert_int_equal(listener_begin(listener, NULL), RC_OK);
    const int client = connect_inet(listener_addr(listener));
    await(&bench.seen.accepted);
    assert_int_equal(int_option(bench.seen.fd, IPPROTO_TCP, TCP_NODELAY), 1);
    close(bench.seen.fd);
    close(client);

    struct listener *other;
    assert_int_equal(listener_adopt(&bench.config, 9999, &other, &err), RC_INVALID);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(listener_adopt(&bench.config, pair[0], &other, &err), RC_INVALID);
    close(pair[0]);
    close(pair[1]);
    poller_stop(bench.poller);
    listener_free(listener);
    bench_close(&bench);
}

/* More connections wait than one run of the listener accepts: the others follow. */
static void
test_many_at_once(void **state)
{
    static const unsigned counts[] = {LIMIT_ACCEPT_BATCH, LIMIT_ACCEPT_BATCH + 1,
                                      LIMIT_ACCEPT_BATCH * 4};
    const struct net_addr any = {.family = NET_IPV4, .ip = {127, 0, 0, 1}};
    int clients[LIMIT_ACCEPT_BATCH * 4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct bench bench;
        struct listener *listener;
        bench_open(&bench);
        bench.config.on_accept = on_accept_and_close;
        assert_int_equal(listener_open(&bench.config, &any, &listener, NULL), RC_OK);
        for (unsigned n = 0; n < counts[i]; n++)
            clients[n] = connect_inet(listener_addr(listener)); /* they wait in the backlog */
        assert_int_equal(listener_begin(listener, NULL), RC_OK);
        for (unsigned n = 0; n < counts[i]; n++)
            await(&bench.seen.accepted);
        for (unsigned n = 0; n < counts[i]; n++)
            close(clients[n]);
        poller_stop(bench.poller);
        assert_int_equal(sem_trywait(&bench.seen.accepted), -1);
        listener_free(listener);
        bench_close(&bench);
    }
}

static void
test_out_of_descriptors(void **state)
{
    const struct net_addr any = {.family = NET_IPV4, .ip = {127, 0, 0, 1}};
    struct bench bench;
    struct listener *listener;
    struct rlimit before;

    (void)state;
    if (under_valgrind())
        skip();
    bench_open(&bench);
    assert_int_equal(listener_open(&bench.config, &any, &listener, NULL), RC_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int client = connect_inet(listener_addr(listener)); /* waits in the backlog */
    const int top = dup(0);
    close(top);
    struct rlimit tight = before;
    tight.rlim_cur = (rlim_t)top; /* not one more */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(listener_begin(listener, NULL), RC_OK);
    await(&bench.seen.trouble);
    assert_non_null(strstr(bench.seen.text, "Too many open files"));
    assert_non_null(strstr(bench.seen.text, listener_name(listener)));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    await(&bench.seen.accepted); /* nobody was turned away */
    close(bench.seen.fd);
    close(client);
    poller_stop(bench.poller);
    listener_free(listener);
    bench_close(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inet),
        cmocka_unit_test(test_close_while_running),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_unix_leftovers),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_out_of_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Listeners where the kernel has no IPv6, or where it is switched off. */
#include "daemon/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/poller.h"
#include "support/tmpdir.h"

/* ---- the kernel, as these tests need it ---- */

static int socket_errno; /* of socket() for IPv6; 0: it succeeds */
static int bind_errno;   /* of bind() to an IPv6 address */

/* In the place of the C library's: all that is linked here calls these. */
int
socket(int domain, int type, int protocol)
{
    if (domain == AF_INET6 && socket_errno != 0) {
        errno = socket_errno;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (addr->sa_family == AF_INET6 && bind_errno != 0) {
        errno = bind_errno;
        return -1;
    }
    return (int)syscall(SYS_bind, fd, addr, len);
}

/* ---- one server ---- */

struct bench {
    struct tmpdir dir;
    struct env env;
    struct config config;
    struct ports *ports;
    struct err err;
};

static void
bench_open(struct bench *bench)
{
    const struct poller_config config = {.threads = 1};

    *bench = (struct bench){.ports = NULL};
    tmpdir_make(&bench->dir);
    const struct log_options options = {.dir = bench->dir.path, .clock = &clock_system};
    assert_int_equal(log_open(&bench->env.log, &options, &bench->err), RC_OK);
    assert_int_equal(poller_new(&config, &bench->env.poller, &bench->err), RC_OK);
}

static void
bench_close(struct bench *bench)
{
    ports_free(bench->ports);
    poller_free(bench->env.poller);
    log_close(bench->env.log);
    tmpdir_remove(&bench->dir);
    socket_errno = bind_errno = 0;
}

static enum rc
open_imap(struct bench *bench, const char **endpoints, size_t count)
{
    ports_free(bench->ports);
    bench->ports = NULL;
    bench->config.imap_listen = (struct text_list){.items = endpoints, .count = count};
    return ports_open(&bench->env, &bench->config, NULL, &bench->ports, &bench->err);
}

static size_t
listeners(const struct bench *bench)
{
    const char *service;
    const char *asked;
    size_t count = 0;

    while (ports_get(bench->ports, count, &service, &asked) >= 0)
        count++;
    return count;
}

/* ---- */

static const char *every[] = {"*:0"};
static const char *by_default[] = {"127.0.0.1:0", "[::1]:0"};
static const char *ipv6_only[] = {"[::]:0"};
static const char *one_of_ours[] = {"127.0.0.1:0", "[2001:db8::5]:0"};

static void
both_without(int no_socket, int no_address)
{
    struct bench bench;

    bench_open(&bench);
    socket_errno = no_socket;
    bind_errno = no_address;
    assert_int_equal(open_imap(&bench, every, 1), RC_OK);
    assert_int_equal(listeners(&bench), 1);
    assert_int_equal(open_imap(&bench, by_default, 2), RC_OK);
    assert_int_equal(listeners(&bench), 1);
    assert_int_equal(open_imap(&bench, ipv6_only, 1), RC_UNSUPPORTED); /* nothing is left */
    assert_non_null(strstr(bench.err.text, "[imap] listen: listen on ::"));
    assert_int_not_equal(open_imap(&bench, one_of_ours, 2), RC_OK); /* it was meant */
    assert_non_null(strstr(bench.err.text, "2001:db8::5"));
    bench_close(&bench);
}

static void
test_a_kernel_without_ipv6(void **state)
{
    (void)state;
    both_without(EAFNOSUPPORT, 0);
}

static void
test_ipv6_switched_off(void **state)
{
    (void)state;
    both_without(0, EADDRNOTAVAIL);
}

/* Whatever else goes wrong with IPv6 is told, and nothing is left out. */
static void
test_other_failures(void **state)
{
    static const int failures[] = {EMFILE, EACCES, EADDRINUSE};
    struct bench bench;

    (void)state;
    bench_open(&bench);
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        socket_errno = i == 0 ? failures[i] : 0;
        bind_errno = failures[i];
        assert_int_not_equal(open_imap(&bench, every, 1), RC_OK);
    }
    bench_close(&bench);
}

static void
test_with_ipv6(void **state)
{
    struct bench bench;

    (void)state;
    const int fd = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    if (fd < 0)
        skip();
    close(fd);
    bench_open(&bench);
    assert_int_equal(open_imap(&bench, every, 1), RC_OK);
    assert_int_equal(listeners(&bench), 2);
    bench_close(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kernel_without_ipv6),
        cmocka_unit_test(test_ipv6_switched_off),
        cmocka_unit_test(test_other_failures),
        cmocka_unit_test(test_with_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Pairs of connected non-blocking sockets, and a connection on one end. */
#ifndef UNIT_NET_SOCKETS_H
#define UNIT_NET_SOCKETS_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "net/conn.h"

struct pair {
    int near; /* the server's end */
    int far;  /* the client's */
};

static inline struct pair
pair_unix(void)
{
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    return (struct pair){fds[0], fds[1]};
}

/* TCP on loopback; receive_octets: the client's receive buffer, 0: the kernel's choice. */
static inline struct pair
pair_tcp(int receive_octets)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    struct pair pair;

    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&in, sizeof in) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
    pair.far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_octets > 0)
        CHECK(setsockopt(pair.far, SOL_SOCKET, SO_RCVBUF, &receive_octets,
                         sizeof receive_octets) == 0);
    CHECK(connect(pair.far, (struct sockaddr *)&in, sizeof in) == 0);
    pair.near = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(pair.near >= 0 && fcntl(pair.far, F_SETFL, O_NONBLOCK) == 0);
    close(listener);
    return pair;
}

/* Waits for events with a deadline; the tests never sleep for a guess. */
static inline bool
await_fd(int fd, short events)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    return poll(&pollfd, 1, 20000) == 1;
}

/* conn_read, after waiting for something to come. */
static inline enum rc
await_read(struct conn *conn)
{
    CHECK(await_fd(conn->fd, POLLIN));
    return conn_read(conn);
}

static inline void
open_plain(struct conn *conn, int fd)
{
    const struct conn_config config = {
        .in_max = LIMIT_LINE_BEFORE_LOGIN, .out_max = LIMIT_OUTPUT_MAX, .clock = &clock_system};

    CHECK(conn_open(conn, fd, &config) == RC_OK);
}

static inline void
put_all(int fd, const char *data, size_t len)
{
    CHECK(write(fd, data, len) == (ssize_t)len);
}

/* RST instead of FIN. */
static inline void
close_with_rst(int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    close(fd);
}

#endif

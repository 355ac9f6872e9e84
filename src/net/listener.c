/* SPDX-License-Identifier: MIT */
/*
 * A listener is a task whose run accepts until the backlog is empty or its share is used up.
 * Options of accepted sockets (TCP_NODELAY, no SO_KEEPALIVE) are set on the listening socket:
 * the kernel hands them down, which saves two calls for each connection.
 *
 *   opened/adopted --begin--> accepting <--1 s timer--> paused (out of descriptors)
 *                                 \--close, on a work thread--> closed --free-->
 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"

enum { DEFAULT_BACKLOG = 4096, DEFAULT_UNIX_MODE = 0660, TROUBLE_EVERY_S = 60 };

struct listener {
    struct task task;
    struct listener_config config;
    struct net_addr addr;
    int fd; /* owned; -1 once closed */
    bool begun;
    atomic_bool closing;
    atomic_bool pausing; /* asked */
    atomic_bool paused;  /* obeyed */
    uint64_t id;         /* of the task; constant after listener_begin */
    atomic_uint_fast64_t accepted;
    int64_t trouble_s; /* second of the last report */
    bool owns_path;    /* we made the socket file: remove it, if it is still that one */
    dev_t path_dev;
    ino_t path_ino;
    char path[NET_UNIX_PATH_MAX + 1];
    char name[NET_UNIX_PATH_MAX + 1 > NET_ADDR_TEXT ? NET_UNIX_PATH_MAX + 1 : NET_ADDR_TEXT];
};

/* --- accepting --- */

static void
peer_of_unix(int fd, struct net_addr *peer)
{
    struct ucred cred;
    socklen_t len = sizeof cred;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
        peer->unix_peer.pid = (uint32_t)cred.pid;
        peer->unix_peer.uid = cred.uid;
    }
}

static void
hand_over(struct listener *listener, int fd, const struct sockaddr_storage *sa, socklen_t len)
{
    struct net_addr peer;

    net_addr_of_sockaddr((const struct sockaddr *)sa, len, &peer);
    if (listener->addr.family == NET_UNIX) {
        peer = (struct net_addr){.family = NET_UNIX};
        peer_of_unix(fd, &peer);
    }
    atomic_fetch_add_explicit(&listener->accepted, 1, memory_order_relaxed);
    listener->config.on_accept(listener->config.ctx, listener, fd, &peer);
}

/* Errors of a connection that died in the backlog, which Linux reports from accept(2). */
static bool
is_peers_error(int os_errno)
{
    switch (os_errno) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case EPERM: /* a firewall rule */
        return true;
    default:
        return false;
    }
}

/* Out of something: the backlog keeps the peers for a second. */
static enum task_next
pause_accepting(struct listener *listener, int os_errno)
{
    const int64_t now_s = clock_mono_us(poller_clock(listener->config.poller)) / 1000000;

    if (listener->config.on_trouble != NULL &&
        (listener->trouble_s < 0 || now_s - listener->trouble_s >= TROUBLE_EVERY_S)) {
        struct err err = {.rc = RC_OK};
        listener->trouble_s = now_s;
        err_set(&err, rc_of_errno(os_errno), os_errno, "listener %s: pausing: accept",
                listener->name);
        listener->config.on_trouble(listener->config.ctx, listener, &err);
    }
    task_timer_set(&listener->task, now_s + 1);
    return TASK_PARK_WAKE;
}

static void
remove_own_path(struct listener *listener)
{
    struct stat st;

    if (!listener->owns_path)
        return;
    listener->owns_path = false;
    if (lstat(listener->path, &st) == 0 && st.st_dev == listener->path_dev &&
        st.st_ino == listener->path_ino)
        unlink(listener->path);
}

static void
close_socket(struct listener *listener)
{
    remove_own_path(listener);
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

static enum task_next
listener_run(struct task *task, uint32_t why)
{
    struct listener *listener = CONTAINER_OF(task, struct listener, task);

    (void)why;
    if (atomic_load(&listener->closing)) {
        task_leave(task);
        close_socket(listener);
        return TASK_GONE;
    }
    const bool pausing = atomic_load(&listener->pausing);
    atomic_store(&listener->paused, pausing);
    if (pausing)
        return TASK_PARK_WAKE;
    for (unsigned i = 0; i < LIMIT_ACCEPT_BATCH && !slice_spent(); i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof sa;
        const int fd =
            accept4(listener->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            hand_over(listener, fd, &sa, len);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TASK_PARK_INPUT;
        if (!is_peers_error(errno))
            return pause_accepting(listener, errno);
    }
    return TASK_YIELD;
}

/* --- opening --- */

static enum rc
set_int(int fd, int level, int option, int value, const char *what, struct err *err)
{
    if (setsockopt(fd, level, option, &value, sizeof value) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", what);
    return RC_OK;
}

static enum rc
set_tcp_options(int fd, struct err *err)
{
    enum rc rc = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY", err);
    if (rc == RC_OK)
        rc = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE", err);
    return rc;
}

static enum rc
listener_new(const struct listener_config *config, const struct net_addr *addr,
             struct listener **listener_out, struct err *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a listener");
    listener->config = *config;
    listener->addr = *addr;
    listener->fd = -1;
    listener->trouble_s = -1;
    atomic_init(&listener->closing, false);
    *listener_out = listener;
    return RC_OK;
}

static int
backlog_of(const struct listener_config *config)
{
    return config->backlog == 0 ? DEFAULT_BACKLOG : config->backlog;
}

/* The address the kernel gave, as the listener's name. */
static void
name_by_socket(struct listener *listener)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;

    if (getsockname(listener->fd, (struct sockaddr *)&sa, &len) != 0)
        return;
    if (sa.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&sa;
        const size_t max = len > offsetof(struct sockaddr_un, sun_path)
                               ? len - offsetof(struct sockaddr_un, sun_path)
                               : 0;
        listener->addr = (struct net_addr){.family = NET_UNIX};
        snprintf(listener->name, sizeof listener->name, "%.*s", (int)max, un->sun_path);
        return;
    }
    net_addr_of_sockaddr((struct sockaddr *)&sa, len, &listener->addr);
    net_addr_print(&listener->addr, listener->name);
}

/* "::" and "::1" are missing only where IPv6 is switched off. */
static enum rc
rc_of_bind(const struct net_addr *addr, int os_errno)
{
    if (os_errno == EADDRINUSE)
        return RC_EXISTS;
    if (os_errno == EADDRNOTAVAIL && addr->family == NET_IPV6 &&
        (net_addr_is_any(addr) || net_addr_is_loopback(addr)))
        return RC_UNSUPPORTED;
    return rc_of_errno(os_errno);
}

static enum rc
bind_and_listen(const struct listener_config *config, const struct net_addr *addr, int fd,
                const char *name, struct err *err)
{
    struct sockaddr_storage sa;
    const socklen_t len = net_addr_to_sockaddr(addr, &sa);
    enum rc rc = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR", err);

    if (rc == RC_OK && addr->family == NET_IPV6)
        rc = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY", err);
    if (rc == RC_OK)
        rc = set_tcp_options(fd, err);
    if (rc != RC_OK)
        return rc;
    if (bind(fd, (const struct sockaddr *)&sa, len) != 0)
        return err_set(err, rc_of_bind(addr, errno), errno, "listen on %s", name);
    if (listen(fd, backlog_of(config)) != 0)
        return err_set(err, errno == EADDRINUSE ? RC_EXISTS : rc_of_errno(errno), errno,
                       "listen on %s", name);
    return RC_OK;
}

enum rc
listener_open(const struct listener_config *config, const struct net_addr *addr,
              struct listener **listener_out, struct err *err)
{
    char name[NET_ADDR_TEXT];
    struct listener *listener = NULL;

    net_addr_print(addr, name);
    if (addr->family != NET_IPV4 && addr->family != NET_IPV6)
        return err_set(err, RC_INVALID, 0, "listen on %s: not an address", name);
    AUTO_FD fd = socket(addr->family == NET_IPV4 ? AF_INET : AF_INET6,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, errno == EAFNOSUPPORT ? RC_UNSUPPORTED : rc_of_errno(errno), errno,
                       "listen on %s: socket", name);
    enum rc rc = bind_and_listen(config, addr, fd, name, err);
    if (rc == RC_OK)
        rc = listener_new(config, addr, &listener, err);
    if (rc != RC_OK)
        return rc;
    listener->fd = fd_take(&fd);
    name_by_socket(listener);
    *listener_out = listener;
    return RC_OK;
}

/* Makes way for a new socket file: removes one that nobody listens on. */
static enum rc
remove_stale(const struct sockaddr_un *un, socklen_t len, struct err *err)
{
    struct stat st;

    if (lstat(un->sun_path, &st) != 0)
        return errno == ENOENT ? RC_OK
                               : err_set(err, rc_of_errno(errno), errno, "%s", un->sun_path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, RC_EXISTS, 0, "%s exists and is not a socket", un->sun_path);
    AUTO_FD probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return err_set(err, rc_of_errno(errno), errno, "socket");
    if (connect(probe, (const struct sockaddr *)un, len) == 0 || errno != ECONNREFUSED)
        return err_set(err, RC_EXISTS, 0, "%s: another process listens there", un->sun_path);
    if (unlink(un->sun_path) != 0 && errno != ENOENT)
        return err_set(err, rc_of_errno(errno), errno, "%s: remove stale socket", un->sun_path);
    return RC_OK;
}

static enum rc
bind_unix(struct listener *listener, const struct sockaddr_un *un, socklen_t len,
          struct err *err)
{
    const mode_t mode =
        listener->config.unix_mode == 0 ? DEFAULT_UNIX_MODE : listener->config.unix_mode;
    struct stat st;

    /* Linux makes the file with the mode of the socket: nobody gets in before chmod. */
    if (fchmod(listener->fd, 0) != 0 ||
        bind(listener->fd, (const struct sockaddr *)un, len) != 0)
        return err_set(err, errno == EADDRINUSE ? RC_EXISTS : rc_of_errno(errno), errno,
                       "listen on %s", un->sun_path);
    if (lstat(un->sun_path, &st) == 0) {
        listener->owns_path = true;
        listener->path_dev = st.st_dev;
        listener->path_ino = st.st_ino;
    }
    if (listen(listener->fd, backlog_of(&listener->config)) != 0 ||
        chmod(un->sun_path, mode) != 0)
        return err_set(err, rc_of_errno(errno), errno, "listen on %s", un->sun_path);
    return RC_OK;
}

enum rc
listener_open_unix(const struct listener_config *config, const char *path,
                   struct listener **listener_out, struct err *err)
{
    const struct net_addr addr = {.family = NET_UNIX};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct listener *listener = NULL;

    const size_t path_len = strlen(path);
    if (path_len == 0 || path_len > NET_UNIX_PATH_MAX)
        return err_set(err, RC_INVALID, 0, "socket path of %zu octets: 1 to %d", path_len,
                       NET_UNIX_PATH_MAX);
    memcpy(un.sun_path, path, path_len + 1);
    const socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len + 1);
    enum rc rc = remove_stale(&un, len, err);
    if (rc == RC_OK)
        rc = listener_new(config, &addr, &listener, err);
    if (rc != RC_OK)
        return rc;
    CHECK(listener != NULL); /* the compiler cannot see it */
    memcpy(listener->path, path, path_len + 1);
    memcpy(listener->name, path, path_len + 1);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    rc = listener->fd < 0 ? err_set(err, rc_of_errno(errno), errno, "socket")
                          : bind_unix(listener, &un, len, err);
    if (rc != RC_OK) {
        listener_free(listener);
        return rc;
    }
    *listener_out = listener;
    return RC_OK;
}

/* A listening stream socket of a family we know? */
static enum rc
check_adopted(int fd, int *domain_out, struct err *err)
{
    int listening = 0;
    int type = 0;
    socklen_t len = sizeof listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return err_set(err, RC_INVALID, errno, "inherited descriptor %d", fd);
    len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM ||
        listening == 0)
        return err_set(err, RC_INVALID, 0,
                       "inherited descriptor %d is not a listening stream socket", fd);
    len = sizeof *domain_out;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain_out, &len) != 0 ||
        (*domain_out != AF_INET && *domain_out != AF_INET6 && *domain_out != AF_UNIX))
        return err_set(err, RC_UNSUPPORTED, 0, "inherited descriptor %d: unknown family", fd);
    return RC_OK;
}

enum rc
listener_adopt(const struct listener_config *config, int fd, struct listener **listener_out,
               struct err *err)
{
    const struct net_addr none = {0};
    struct listener *listener = NULL;
    int domain = 0;

    enum rc rc = check_adopted(fd, &domain, err);
    if (rc == RC_OK && domain != AF_UNIX)
        rc = set_tcp_options(fd, err);
    if (rc != RC_OK)
        return rc;
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_set(err, rc_of_errno(errno), errno, "inherited descriptor %d", fd);
    rc = listener_new(config, &none, &listener, err);
    if (rc != RC_OK)
        return rc;
    listener->fd = fd;
    name_by_socket(listener);
    *listener_out = listener;
    return RC_OK;
}

/* --- life --- */

enum rc
listener_begin(struct listener *listener, struct err *err)
{
    enum rc rc =
        task_enter(listener->config.poller, &listener->task, listener->fd, listener_run, err);
    if (rc != RC_OK)
        return rc;
    listener->id = listener->task.id;
    listener->begun = true;
    task_begin(&listener->task);
    return RC_OK;
}

void
listener_close(struct listener *listener)
{
    atomic_store(&listener->closing, true);
    if (listener->begun)
        task_wake(listener->config.poller, listener->id);
}

void
listener_pause(struct listener *listener)
{
    atomic_store(&listener->pausing, true);
    if (listener->begun)
        task_wake(listener->config.poller, listener->id);
    else
        atomic_store(&listener->paused, true);
}

bool
listener_is_paused(const struct listener *listener)
{
    return atomic_load(&listener->paused);
}

void
listener_go_on(struct listener *listener)
{
    atomic_store(&listener->pausing, false);
    if (listener->begun)
        task_wake(listener->config.poller, listener->id);
}

void
listener_leave_path(struct listener *listener)
{
    listener->owns_path = false;
}

void
listener_own_path(struct listener *listener)
{
    struct stat st;

    if (listener->addr.family != NET_UNIX || lstat(listener->name, &st) != 0)
        return;
    snprintf(listener->path, sizeof listener->path, "%s", listener->name);
    listener->path_dev = st.st_dev;
    listener->path_ino = st.st_ino;
    listener->owns_path = true;
}

void
listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->task.id != 0)
        task_leave(&listener->task);
    close_socket(listener);
    free(listener);
}

const char *
listener_name(const struct listener *listener)
{
    return listener->name;
}

const struct net_addr *
listener_addr(const struct listener *listener)
{
    return &listener->addr;
}

int
listener_fd(const struct listener *listener)
{
    return listener->fd;
}

uint64_t
listener_accepted(const struct listener *listener)
{
    return atomic_load_explicit(&listener->accepted, memory_order_relaxed);
}

/* SPDX-License-Identifier: MIT */
/*
 * `roost check`: can the server listen on its addresses? Each address is bound, which a
 * running server does not notice. An address in use is not a problem if the server of this DIR
 * has it; otherwise its owner is named, if /proc shows it to this user.
 */
#include "cli/check/check.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/addr.h"

enum {
    PORTS_MAX = 64,
    PRIVILEGED_BELOW = 1024,
    LISTENING = 0x0a /* include/net/tcp_states.h */
};

/* A process: the owner of a socket, or the server. */
struct owner {
    pid_t pid; /* 0: unknown */
    uid_t uid;
    char name[64]; /* name of its program */
};

struct port_check {
    struct check *check;
    struct owner server; /* the server that runs in this DIR; pid 0: none */
    unsigned problems;
    unsigned noted;     /* addresses that this user cannot try */
    unsigned listening; /* addresses on which the server listens */
    unsigned count;
    char seen[PORTS_MAX][NET_ADDR_TEXT];
};

/* ---- who has it ---- */

static void
owner_name(struct owner *owner)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/comm", (int)owner->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(owner->name, sizeof owner->name, file) != NULL)
        owner->name[strcspn(owner->name, "\n")] = '\0';
    fclose(file);
}

/* Finds who listens on a Unix socket. False: nobody. */
static bool
unix_owner(const char *path, struct owner *out)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct ucred cred;
    socklen_t len = sizeof cred;
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *out = (struct owner){.pid = 0};
    if (fd < 0 || path == NULL || strlen(path) >= sizeof addr.sun_path)
        return false;
    memcpy(addr.sun_path, path, strlen(path));
    if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) != 0)
        return errno != ECONNREFUSED && errno != ENOENT; /* EACCES: it belongs to somebody */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
        out->pid = cred.pid;
        out->uid = cred.uid;
        owner_name(out);
    }
    return true;
}

static bool
process_has_socket(const char *pid, uint64_t inode)
{
    char path[300];
    char want[64];
    char link[64];
    bool found = false;

    snprintf(want, sizeof want, "socket:[%" PRIu64 "]", inode);
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    for (const struct dirent *e = readdir(dir); !found && e != NULL; e = readdir(dir)) {
        const ssize_t len = readlinkat(dirfd(dir), e->d_name, link, sizeof link - 1);
        if (len > 0)
            link[len] = '\0';
        found = len > 0 && strcmp(link, want) == 0;
    }
    closedir(dir);
    return found;
}

/* The owner of the socket, as far as this user may see. */
static pid_t
process_of_socket(uint64_t inode)
{
    pid_t pid = 0;
    DIR *dir = opendir("/proc");

    if (dir == NULL)
        return 0;
    for (const struct dirent *e = readdir(dir); pid == 0 && e != NULL; e = readdir(dir))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && process_has_socket(e->d_name, inode))
            pid = (pid_t)strtol(e->d_name, NULL, 10);
    closedir(dir);
    return pid;
}

/* A line of /proc/net/tcp or tcp6 about a socket that listens on the port. */
static bool
line_listens(const char *line, uint16_t port, uint64_t *inode_out, uid_t *uid_out)
{
    unsigned local_port;
    unsigned state;
    unsigned uid;
    uint64_t inode;

    if (sscanf(line,
               " %*u: %*32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x %*s %*s %*s %u %*u %" SCNu64,
               &local_port, &state, &uid, &inode) != 4 ||
        local_port != port || state != LISTENING)
        return false;
    *inode_out = inode;
    *uid_out = uid;
    return true;
}

/* Finds the process that listens on the port, at any address. If the server is one of them, it
 * is chosen. False: none. */
static bool
tcp_owner(const struct port_check *ports, uint16_t port, struct owner *out)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    char line[512];
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        FILE *file = fopen(tables[i], "re");
        uint64_t inode;
        uid_t uid;
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            if (!line_listens(line, port, &inode, &uid))
                continue;
            const pid_t owner = process_of_socket(inode);
            found = true;
            *out = (struct owner){.pid = owner, .uid = uid};
            /* A socket that this user cannot look at is assumed to be the server's if it
             * belongs to the server's user. */
            if (ports->server.pid != 0 &&
                (owner == ports->server.pid || (owner == 0 && uid == ports->server.uid))) {
                *out = ports->server;
                break;
            }
        }
        if (file != NULL)
            fclose(file);
        if (found && out->pid != 0 && out->pid == ports->server.pid)
            return true;
    }
    if (found && out->pid != 0)
        owner_name(out);
    return found;
}

/* ---- addresses ---- */

static void
problem(struct port_check *ports, const char *service, const char *where, const char *why)
{
    ports->problems++;
    check_tell(ports->check, CHECK_PROBLEM, "ports", "[%s] %s: %s", service, where, why);
}

/* The systemd unit gives the server the permission that this user lacks. */
static bool
service_may_bind(void)
{
    static const char *const units[] = {
        "/etc/systemd/system/roost.service", "/usr/local/lib/systemd/system/roost.service",
        "/usr/lib/systemd/system/roost.service", "/lib/systemd/system/roost.service"};
    bool may = false;

    for (size_t i = 0; !may && i < ARRAY_LEN(units); i++) {
        char line[512];
        FILE *file = fopen(units[i], "re");
        while (file != NULL && !may && fgets(line, sizeof line, file) != NULL)
            may = strncmp(line, "AmbientCapabilities=", 20) == 0 &&
                  strstr(line, "CAP_NET_BIND_SERVICE") != NULL;
        if (file != NULL)
            fclose(file);
    }
    return may;
}

static void
in_use(struct port_check *ports, const char *service, const char *where,
       const struct owner *owner)
{
    char text[200];

    if (ports->server.pid != 0 && owner->pid == ports->server.pid) {
        ports->listening++;
        return;
    }
    if (owner->pid != 0)
        snprintf(text, sizeof text, "in use by %s (process %d); stop it or change the address",
                 owner->name, (int)owner->pid);
    else
        snprintf(text, sizeof text,
                 "in use by another program of user %u; as root, ss -ltnp shows which",
                 (unsigned)owner->uid);
    problem(ports, service, where, text);
}

static void
may_not_bind(struct port_check *ports, const char *service, const char *where, uint16_t port)
{
    struct owner owner;
    char text[300];

    if (tcp_owner(ports, port, &owner)) { /* the system has not checked that yet */
        in_use(ports, service, where, &owner);
        return;
    }
    if (port < PRIVILEGED_BELOW && service_may_bind()) {
        ports->noted++;
        check_tell(ports->check, CHECK_NOTE, "ports",
                   "[%s] %s: this user may not use ports below %d, but the systemd service may",
                   service, where, PRIVILEGED_BELOW);
        return;
    }
    snprintf(text, sizeof text,
             "this user may not use that port; give the service CAP_NET_BIND_SERVICE "
             "(packaging/roost.service), or set sysctl net.ipv4.ip_unprivileged_port_start=%u",
             port);
    problem(ports, service, where, text);
}

static bool
is_seen(struct port_check *ports, const char *where)
{
    for (unsigned i = 0; i < ports->count; i++)
        if (strcmp(ports->seen[i], where) == 0)
            return true;
    if (ports->count < PORTS_MAX)
        snprintf(ports->seen[ports->count++], NET_ADDR_TEXT, "%s", where);
    return false;
}

/* As the server decides it (daemon/ports.c). */
static void
no_ipv6(struct port_check *ports, const char *service, const struct net_addr *addr,
        const char *where)
{
    if (!net_addr_is_any(addr) && !net_addr_is_loopback(addr))
        problem(ports, service, where, "this machine has no IPv6; remove the address");
    else
        check_tell(ports->check, CHECK_OK, "ports",
                   "[%s] listen: %s is left out, because this machine has no IPv6", service,
                   where);
}

static void
address_check(struct port_check *ports, const char *service, const struct net_addr *addr)
{
    struct sockaddr_storage sa;
    const socklen_t len = net_addr_to_sockaddr(addr, &sa);
    const int on = 1;
    char where[NET_ADDR_TEXT];
    AUTO_FD fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    net_addr_print(addr, where);
    if (addr->port != 0 && is_seen(ports, where)) {
        problem(ports, service, where, "another key already listens there");
        return;
    }
    if (fd < 0 && errno == EAFNOSUPPORT) {
        no_ipv6(ports, service, addr, where);
        return;
    }
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (sa.ss_family == AF_INET6)
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&sa, len) == 0)
        return;
    if (errno == EACCES)
        may_not_bind(ports, service, where, addr->port);
    else if (errno == EADDRINUSE) {
        struct owner owner = {.pid = 0};
        (void)tcp_owner(ports, addr->port, &owner);
        in_use(ports, service, where, &owner);
    } else if (errno == EADDRNOTAVAIL && addr->family == NET_IPV6 && net_addr_is_loopback(addr))
        no_ipv6(ports, service, addr, where);
    else if (errno == EADDRNOTAVAIL)
        problem(ports, service, where, "this machine does not have that address");
    else
        problem(ports, service, where, strerror(errno));
}

/* ---- sockets with a path ---- */

static void
path_check(struct port_check *ports, const char *service, const char *path)
{
    char folder[NET_UNIX_PATH_MAX + 2];
    char text[300];
    struct owner owner;
    struct stat st;

    snprintf(folder, sizeof folder, "%s", path);
    folder[strrchr(folder, '/') == folder ? 1 : strrchr(folder, '/') - folder] = '\0';
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        snprintf(text, sizeof text, "%s is not a folder; make one that the server's user owns",
                 folder);
        problem(ports, service, path, text);
    } else if (access(folder, W_OK | X_OK) != 0) {
        snprintf(text, sizeof text, "this user cannot make a socket in %s; use chown or chmod",
                 folder);
        problem(ports, service, path, text);
    } else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        problem(ports, service, path, "exists but is not a socket; remove it");
    } else if (unix_owner(path, &owner)) {
        if (ports->server.pid != 0 && owner.pid == ports->server.pid) {
            ports->listening++;
            return;
        }
        snprintf(text, sizeof text, "in use by %s (process %d); stop it or change the path",
                 owner.name[0] == '\0' ? "another program" : owner.name, (int)owner.pid);
        problem(ports, service, path, text);
    }
}

static void
list_check(struct port_check *ports, const char *service, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct net_addr addrs[NET_ENDPOINT_ADDRS];
        struct net_endpoint endpoint;
        struct err err = {.rc = RC_OK};
        size_t count = 0;
        if (net_endpoint_parse(span_of_str(list->items[i]), &endpoint, &err) != RC_OK)
            continue; /* reported by the check of the configuration */
        if (endpoint.family == NET_UNIX) {
            path_check(ports, service, endpoint.path);
            continue;
        }
        if (net_endpoint_resolve(&endpoint, addrs, &count, &err) != RC_OK) {
            problem(ports, service, list->items[i], err.text);
            continue;
        }
        for (size_t k = 0; k < count; k++)
            address_check(ports, service, &addrs[k]);
    }
}

void
check_ports(struct check *check, struct config *config)
{
    struct port_check ports = {.check = check};

    (void)unix_owner(config_path(config, "run/control.sock"), &ports.server);
    list_check(&ports, "imap", &config->imap_listen);
    list_check(&ports, "imaps", &config->imaps_listen);
    list_check(&ports, "lmtp", &config->lmtp_listen);
    list_check(&ports, "policy", &config->policy_listen);
    if (ports.problems > 0)
        return;
    if (ports.server.pid != 0)
        check_tell(check, CHECK_OK, "ports", "the server (process %d) listens on %u of them",
                   (int)ports.server.pid, ports.listening);
    else
        check_tell(check, CHECK_OK, "ports", "%s are free",
                   ports.noted > 0 ? "all that this user can check" : "all of them");
}

/* SPDX-License-Identifier: MIT */
/*
 * Parsing and printing of addresses. Numeric forms go through inet_pton and inet_ntop; only
 * net_endpoint_resolve asks the resolver. No state; any thread.
 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/map.h"

/* --- parsing --- */

/* Copies at most cap-1 octets and terminates; false when it does not fit or holds a NUL. */
static bool
copy_text(char *dst, size_t cap, struct span text)
{
    if (text.len >= cap || span_find_char(text, '\0') >= 0)
        return false;
    if (text.len > 0)
        memcpy(dst, text.ptr, text.len);
    dst[text.len] = '\0';
    return true;
}

static bool
parse_port(struct span text, uint16_t *port_out)
{
    uint64_t port;

    if (text.len > 5 || !span_to_u64(text, 65535, &port))
        return false;
    *port_out = (uint16_t)port;
    return true;
}

static bool
parse_ipv4(struct span text, struct net_addr *addr)
{
    char host[INET_ADDRSTRLEN];

    addr->family = NET_IPV4;
    return copy_text(host, sizeof host, text) && inet_pton(AF_INET, host, addr->ip) == 1;
}

/* IPv4-mapped addresses become IPv4. */
static void
unmap(struct net_addr *addr)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (addr->family != NET_IPV6 || memcmp(addr->ip, mapped, sizeof mapped) != 0)
        return;
    addr->family = NET_IPV4;
    addr->scope = 0;
    memmove(addr->ip, addr->ip + 12, 4);
    memset(addr->ip + 4, 0, 12);
}

static bool
parse_scope(struct span text, uint32_t *scope_out)
{
    char name[IF_NAMESIZE];
    uint64_t number;

    if (span_to_u64(text, UINT32_MAX, &number)) {
        *scope_out = (uint32_t)number;
        return number != 0;
    }
    if (!copy_text(name, sizeof name, text))
        return false;
    *scope_out = if_nametoindex(name);
    return *scope_out != 0;
}

static bool
parse_ipv6(struct span text, struct net_addr *addr)
{
    char host[INET6_ADDRSTRLEN];
    const ptrdiff_t percent = span_find_char(text, '%');

    addr->family = NET_IPV6;
    if (percent >= 0) {
        if (!parse_scope(span_tail(text, (size_t)percent + 1), &addr->scope))
            return false;
        text = span_head(text, (size_t)percent);
    }
    if (!copy_text(host, sizeof host, text) || inet_pton(AF_INET6, host, addr->ip) != 1)
        return false;
    unmap(addr);
    return true;
}

/* Splits "[host]:port" and "host:port"; a bare IPv6 address has no port. False: malformed. */
static bool
split_host_port(struct span text, struct span *host_out, struct span *port_out, bool *bracket)
{
    *bracket = text.len > 0 && text.ptr[0] == '[';
    *port_out = (struct span){NULL, 0};
    if (*bracket) {
        const ptrdiff_t end = span_find_char(text, ']');
        if (end < 0)
            return false;
        *host_out = span_head(span_tail(text, 1), (size_t)end - 1);
        const struct span rest = span_tail(text, (size_t)end + 1);
        if (rest.len == 0)
            return true;
        *port_out = span_tail(rest, 1);
        return rest.ptr[0] == ':' && port_out->len > 0;
    }
    const ptrdiff_t colon = span_find_char(text, ':');
    *host_out = text;
    if (colon < 0 || span_find_char(span_tail(text, (size_t)colon + 1), ':') >= 0)
        return true;
    *host_out = span_head(text, (size_t)colon);
    *port_out = span_tail(text, (size_t)colon + 1);
    return port_out->len > 0;
}

enum rc
net_addr_parse(struct span text, struct net_addr *addr_out)
{
    struct net_addr addr = {0};
    struct span host;
    struct span port;
    bool bracket;

    if (!split_host_port(text, &host, &port, &bracket))
        return RC_INVALID;
    if (port.len > 0 && !parse_port(port, &addr.port))
        return RC_INVALID;
    if ((bracket || !parse_ipv4(host, &addr)) && !parse_ipv6(host, &addr))
        return RC_INVALID;
    *addr_out = addr;
    return RC_OK;
}

enum rc
net_endpoint_parse(struct span text, struct net_endpoint *endpoint_out, struct err *err)
{
    struct net_endpoint endpoint = {0};
    struct net_addr addr = {0};
    struct span host;
    struct span port;
    bool bracket;

    if (text.len > 0 && text.ptr[0] == '/') {
        endpoint.family = NET_UNIX;
        if (!copy_text(endpoint.path, sizeof endpoint.path, text))
            return err_set(err, RC_INVALID, 0, "socket path of %zu octets: at most %d",
                           text.len, NET_UNIX_PATH_MAX);
        *endpoint_out = endpoint;
        return RC_OK;
    }
    if (!split_host_port(text, &host, &port, &bracket) || port.len == 0)
        return err_set(err, RC_INVALID, 0,
                       "\"%.*s\": expected host:port, [IPv6 address]:port or /socket/path",
                       SPAN_FMT(span_head(text, 100)));
    if (!parse_port(port, &endpoint.port))
        return err_set(err, RC_INVALID, 0, "\"%.*s\": the port must be 0 to 65535",
                       SPAN_FMT(span_head(text, 100)));
    if (!copy_text(endpoint.host, sizeof endpoint.host, host))
        return err_set(err, RC_INVALID, 0, "host name of %zu octets: at most %d", host.len,
                       NET_HOST_MAX);
    if (bracket && !parse_ipv6(host, &addr))
        return err_set(err, RC_INVALID, 0, "\"%.*s\" is not an IPv6 address",
                       SPAN_FMT(span_head(host, 100)));
    if (bracket)
        endpoint.family = NET_IPV6;
    else if (parse_ipv4(host, &addr))
        endpoint.family = NET_IPV4;
    *endpoint_out = endpoint;
    return RC_OK;
}

static enum rc
resolve_name(const struct net_endpoint *endpoint, struct net_addr *addrs, size_t *count_out,
             struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    struct addrinfo *found = NULL;
    size_t count = 0;

    const int failed = getaddrinfo(endpoint->host, NULL, &hints, &found);
    if (failed != 0)
        return err_set(err, RC_NOT_FOUND, 0, "host \"%s\": %s", endpoint->host,
                       gai_strerror(failed));
    for (const struct addrinfo *ai = found; ai != NULL && count < NET_ENDPOINT_ADDRS;
         ai = ai->ai_next) {
        net_addr_of_sockaddr(ai->ai_addr, ai->ai_addrlen, &addrs[count]);
        addrs[count].port = endpoint->port;
        bool known = addrs[count].family == NET_NONE;
        for (size_t i = 0; i < count; i++)
            known = known || net_addr_same_host(&addrs[i], &addrs[count]);
        count += !known;
    }
    freeaddrinfo(found);
    if (count == 0)
        return err_set(err, RC_NOT_FOUND, 0, "host \"%s\" has no address", endpoint->host);
    *count_out = count;
    return RC_OK;
}

enum rc
net_endpoint_resolve(const struct net_endpoint *endpoint,
                     struct net_addr addrs_out[NET_ENDPOINT_ADDRS], size_t *count_out,
                     struct err *err)
{
    const struct span host = span_of_str(endpoint->host);
    struct net_addr addr = {0};

    if (endpoint->family == NET_UNIX)
        return err_set(err, RC_INVALID, 0, "%s is a socket path", endpoint->path);
    if (host.len == 0 || span_eq_str(host, "*")) {
        addrs_out[0] = (struct net_addr){.family = NET_IPV4, .port = endpoint->port};
        addrs_out[1] = (struct net_addr){.family = NET_IPV6, .port = endpoint->port};
        *count_out = 2;
        return RC_OK;
    }
    if (endpoint->family == NET_NONE)
        return resolve_name(endpoint, addrs_out, count_out, err);
    const bool parsed =
        endpoint->family == NET_IPV4 ? parse_ipv4(host, &addr) : parse_ipv6(host, &addr);
    if (!parsed)
        return err_set(err, RC_INVALID, 0, "\"%s\" is not an address", endpoint->host);
    addr.port = endpoint->port;
    addrs_out[0] = addr;
    *count_out = 1;
    return RC_OK;
}

/* --- printing --- */

void
net_endpoint_print(const struct net_endpoint *endpoint, char *dst, size_t cap)
{
    if (endpoint->family == NET_UNIX)
        snprintf(dst, cap, "%s", endpoint->path);
    else if (endpoint->family == NET_IPV6)
        snprintf(dst, cap, "[%s]:%u", endpoint->host, endpoint->port);
    else
        snprintf(dst, cap, "%s:%u", endpoint->host[0] == '\0' ? "*" : endpoint->host,
                 endpoint->port);
}

void
net_addr_print_host(const struct net_addr *addr, char dst[NET_ADDR_TEXT])
{
    char text[INET6_ADDRSTRLEN];

    switch (addr->family) {
    case NET_IPV4:
        inet_ntop(AF_INET, addr->ip, dst, NET_ADDR_TEXT);
        break;
    case NET_IPV6:
        inet_ntop(AF_INET6, addr->ip, text, sizeof text);
        if (addr->scope == 0)
            snprintf(dst, NET_ADDR_TEXT, "%s", text);
        else
            snprintf(dst, NET_ADDR_TEXT, "%s%%%u", text, addr->scope);
        break;
    case NET_UNIX:
        if (addr->unix_peer.pid == 0)
            snprintf(dst, NET_ADDR_TEXT, "unix");
        else
            snprintf(dst, NET_ADDR_TEXT, "unix uid=%u pid=%u", addr->unix_peer.uid,
                     addr->unix_peer.pid);
        break;
    default:
        snprintf(dst, NET_ADDR_TEXT, "unknown");
        break;
    }
}

void
net_addr_print(const struct net_addr *addr, char dst[NET_ADDR_TEXT])
{
    char host[NET_ADDR_TEXT];

    net_addr_print_host(addr, host);
    const bool has_port =
        (addr->family == NET_IPV4 || addr->family == NET_IPV6) && addr->port != 0;
    /* The longest host is 56 octets, so nothing is cut. */
    if (!has_port)
        snprintf(dst, NET_ADDR_TEXT, "%s", host);
    else if (addr->family == NET_IPV6)
        snprintf(dst, NET_ADDR_TEXT, "[%.60s]:%u", host, addr->port);
    else
        snprintf(dst, NET_ADDR_TEXT, "%.60s:%u", host, addr->port);
}

/* --- sockaddr --- */

void
net_addr_of_sockaddr(const struct sockaddr *sa, socklen_t len, struct net_addr *addr_out)
{
    struct net_addr addr = {0};

    if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        addr.family = NET_IPV4;
        addr.port = ntohs(in.sin_port);
        memcpy(addr.ip, &in.sin_addr, 4);
    } else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        addr.family = NET_IPV6;
        addr.port = ntohs(in6.sin6_port);
        addr.scope = in6.sin6_scope_id;
        memcpy(addr.ip, &in6.sin6_addr, 16);
        unmap(&addr);
    } else if (len >= sizeof(sa_family_t) && sa->sa_family == AF_UNIX) {
        addr.family = NET_UNIX;
    }
    *addr_out = addr;
}

socklen_t
net_addr_to_sockaddr(const struct net_addr *addr, struct sockaddr_storage *sa_out)
{
    memset(sa_out, 0, sizeof *sa_out);
    if (addr->family == NET_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&in.sin_addr, addr->ip, 4);
        memcpy(sa_out, &in, sizeof in);
        return sizeof in;
    }
    if (addr->family == NET_IPV6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(addr->port),
                                   .sin6_scope_id = addr->scope};
        memcpy(&in6.sin6_addr, addr->ip, 16);
        memcpy(sa_out, &in6, sizeof in6);
        return sizeof in6;
    }
    return 0;
}

/* --- comparing --- */

bool
net_addr_is_any(const struct net_addr *addr)
{
    static const uint8_t any[16];
    const bool inet = addr->family == NET_IPV4 || addr->family == NET_IPV6;

    return inet && memcmp(addr->ip, any, sizeof any) == 0;
}

bool
net_addr_is_loopback(const struct net_addr *addr)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    if (addr->family == NET_IPV4)
        return addr->ip[0] == 127;
    if (addr->family == NET_IPV6)
        return memcmp(addr->ip, loopback6, sizeof loopback6) == 0;
    return addr->family == NET_UNIX;
}

bool
net_addr_same_host(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == NET_IPV4)
        return memcmp(a->ip, b->ip, 4) == 0;
    if (a->family == NET_IPV6)
        return memcmp(a->ip, b->ip, 16) == 0 && a->scope == b->scope;
    return true; /* one machine's Unix sockets; or both unknown */
}

static void
clear_after(uint8_t *ip, size_t octets, unsigned bits)
{
    for (size_t i = 0; i < octets; i++) {
        const unsigned here = (unsigned)i * 8;
        if (bits <= here)
            ip[i] = 0;
        else if (bits < here + 8)
            ip[i] = (uint8_t)(ip[i] & (0xff00u >> (bits - here)));
    }
}

struct net_addr
net_addr_prefix(const struct net_addr *addr, unsigned bits_v4, unsigned bits_v6)
{
    struct net_addr prefix = {.family = addr->family};

    if (addr->family == NET_IPV4) {
        memcpy(prefix.ip, addr->ip, 4);
        clear_after(prefix.ip, 4, bits_v4);
    } else if (addr->family == NET_IPV6) {
        memcpy(prefix.ip, addr->ip, 16);
        clear_after(prefix.ip, 16, bits_v6);
    }
    return prefix;
}

struct net_addr
net_addr_network(const struct net_addr *addr)
{
    return net_addr_prefix(addr, 24, 48);
}

uint64_t
net_addr_hash(const struct net_addr *addr)
{
    uint8_t key[17] = {addr->family};

    if (addr->family == NET_IPV4 || addr->family == NET_IPV6)
        memcpy(key + 1, addr->ip, 16);
    return map_hash(span_of(key, sizeof key));
}

uint64_t
net_addr_share_hash(const struct net_addr *addr)
{
    const struct net_addr network = net_addr_prefix(addr, 32, 64);

    return net_addr_hash(&network);
}

enum rc
net_prefix_parse(struct span text, struct net_prefix *prefix_out, struct err *err)
{
    struct net_addr addr = {0};
    const ptrdiff_t slash = span_find_char(text, '/');
    const struct span host = slash < 0 ? text : span_head(text, (size_t)slash);

    if (!parse_ipv4(host, &addr)) {
        addr = (struct net_addr){0};
        if (!parse_ipv6(host, &addr))
            return err_set(err, RC_INVALID, 0, "\"%.*s\": expected an address or address/bits",
                           SPAN_FMT(span_head(text, 100)));
    }
    const unsigned max = addr.family == NET_IPV4 ? 32 : 128;
    uint64_t bits = max;
    if (slash >= 0 && !span_to_u64(span_tail(text, (size_t)slash + 1), max, &bits))
        return err_set(err, RC_INVALID, 0, "\"%.*s\": bits must be 0 to %u",
                       SPAN_FMT(span_head(text, 100)), max);
    prefix_out->addr = net_addr_prefix(&addr, (unsigned)bits, (unsigned)bits);
    prefix_out->bits = (uint8_t)bits;
    return RC_OK;
}

bool
net_prefix_holds(const struct net_prefix *prefix, const struct net_addr *addr)
{
    if (prefix->addr.family != addr->family)
        return false;
    const struct net_addr cut = net_addr_prefix(addr, prefix->bits, prefix->bits);
    return net_addr_same_host(&cut, &prefix->addr);
}

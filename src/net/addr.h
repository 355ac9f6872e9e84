/* SPDX-License-Identifier: MIT */
/*
 * Addresses of peers and of listeners, which can be copied, compared and printed. Names are
 * resolved only at start-up, for listeners.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum {
    NET_ADDR_TEXT = 72,      /* room for any printed net_addr, terminated */
    NET_UNIX_PATH_MAX = 107, /* octets of a socket path, without terminator */
    NET_ENDPOINT_ADDRS = 8,  /* addresses one listen value may stand for */
    NET_HOST_MAX = 255,
};

enum net_family {
    NET_NONE, /* unknown */
    NET_IPV4,
    NET_IPV6,
    NET_UNIX,
};

/** A peer. IPv4-mapped IPv6 addresses are stored as IPv4, so one peer has one form. */
struct net_addr {
    uint8_t family; /* enum net_family */
    uint16_t port;  /* host order; 0: none */
    uint32_t scope; /* IPv6 link-local: interface; otherwise 0 */
    union {
        uint8_t ip[16]; /* network order; IPv4 in the first four, rest zero */
        struct {
            uint32_t pid; /* SO_PEERCRED of a Unix peer; 0: unknown */
            uint32_t uid;
        } unix_peer;
    };
};

/** What a listen value says: host:port, [v6]:port, *:port, :port, or /path. */
struct net_endpoint {
    enum net_family family; /* NET_NONE: a host name or *, to be resolved */
    uint16_t port;
    char host[NET_HOST_MAX + 1];      /* as written, without brackets; empty: any address */
    char path[NET_UNIX_PATH_MAX + 1]; /* NET_UNIX */
};

/** RC_INVALID with a sentence. Thread: any. */
MUST_USE enum rc net_endpoint_parse(struct span text, struct net_endpoint *endpoint_out,
                                    struct err *err);
/** The addresses it stands for; not for NET_UNIX. "*" and "" give 0.0.0.0 and ::. Waits for
 *  DNS when it is a name. Thread: start-up. */
MUST_USE enum rc net_endpoint_resolve(const struct net_endpoint *endpoint,
                                      struct net_addr addrs_out[NET_ENDPOINT_ADDRS],
                                      size_t *count_out, struct err *err);
/** Written as in the configuration; needs at most 272 octets in dst. */
void net_endpoint_print(const struct net_endpoint *endpoint, char *dst, size_t cap);

/** A numeric address, with or without port: 192.0.2.1, 192.0.2.1:143, 2001:db8::1,
 *  [2001:db8::1]:143, fe80::1%eth0. */
MUST_USE enum rc net_addr_parse(struct span text, struct net_addr *addr_out);
/** 192.0.2.1:143, [2001:db8::1]:143 (no port when 0), "unix" with uid= and pid=, "unknown". */
void net_addr_print(const struct net_addr *addr, char dst[NET_ADDR_TEXT]);
/** Without port and brackets, as used in log lines and limits. */
void net_addr_print_host(const struct net_addr *addr, char dst[NET_ADDR_TEXT]);

void net_addr_of_sockaddr(const struct sockaddr *sa, socklen_t len, struct net_addr *addr_out);
/** IPv4 and IPv6 only. */
socklen_t net_addr_to_sockaddr(const struct net_addr *addr, struct sockaddr_storage *sa_out);

/** 0.0.0.0 and ::, which stand for every address of their family. */
bool net_addr_is_any(const struct net_addr *addr);
/** 127.0.0.0/8, ::1 and Unix sockets: this machine. */
bool net_addr_is_loopback(const struct net_addr *addr);
/** Same family, address and scope; the port does not count. */
bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b);
/** The address with everything after the first bits cleared, port and scope 0. */
struct net_addr net_addr_prefix(const struct net_addr *addr, unsigned bits_v4,
                                unsigned bits_v6);
/** The client's network: IPv4 /24, IPv6 /48. */
struct net_addr net_addr_network(const struct net_addr *addr);
/** Keyed per process; of family and address, not of the port. For limits and fairness. */
uint64_t net_addr_hash(const struct net_addr *addr);
/** The same, but IPv6 addresses count by /64 network, because a peer has as many addresses
 * there as it likes. */
uint64_t net_addr_share_hash(const struct net_addr *addr);

/** A configured network such as 10.0.0.0/8 or 2001:db8::/32. */
struct net_prefix {
    struct net_addr addr; /* masked */
    uint8_t bits;
};
MUST_USE enum rc net_prefix_parse(struct span text, struct net_prefix *prefix_out,
                                  struct err *err);
bool net_prefix_holds(const struct net_prefix *prefix, const struct net_addr *addr);

#endif

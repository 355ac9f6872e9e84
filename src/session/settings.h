/* SPDX-License-Identifier: MIT */
/*
 * The settings that sessions use while they live. daemon/config fills them from roost.conf and
 * publishes new ones at SIGHUP. Published settings never change and stay readable until the
 * process ends (they are small and reloads are rare), so sessions need no references.
 */
#ifndef SESSION_SETTINGS_H
#define SESSION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "net/addr.h"
#include "net/tls_client.h"

enum allow_plaintext { PLAINTEXT_NO, PLAINTEXT_LOOPBACK, PLAINTEXT_YES };
enum idle_policy { IDLE_LIVENESS, IDLE_TIMEOUT };
enum literals { LITERALS_PLUS, LITERALS_MINUS }; /* RFC 7888 */
enum quota_full { QUOTA_FULL_TEMPORARY, QUOTA_FULL_PERMANENT };
enum advertise_scram { SCRAM_AUTO, SCRAM_ALWAYS, SCRAM_NEVER };

/* A list of networks, such as those where proxies are. */
struct net_prefixes {
    struct net_prefix *items; /* part of the configuration, which does not change */
    size_t count;
};

static inline bool
net_prefixes_hold(const struct net_prefixes *networks, const struct net_addr *addr)
{
    for (size_t i = 0; i < networks->count; i++)
        if (net_prefix_holds(&networks->items[i], addr))
            return true;
    return false;
}

/* An entry of the server's own metadata (RFC 5464): a legal name below "/shared". */
struct settings_metadata {
    const char *name;
    const char *value;
};

struct settings {
    /* [server] */
    const char *hostname;
    const char *const *domains;
    size_t domain_count;
    uint32_t shutdown_spread_s; /* the time over which sessions are told to disconnect */

    /* [auth] */
    enum allow_plaintext allow_plaintext;
    enum advertise_scram scram;
    enum tls_client_name client_name; /* the field of a certificate that names the account */
    struct net_prefixes trusted;      /* webmail, proxies: many people behind one address */

    /* [idle] all in seconds; 0: off */
    enum idle_policy idle_policy;
    uint32_t idle_keepalive_s;     /* an untagged line after this much silence, to begin with */
    uint32_t idle_keepalive_min_s; /* bounds of what is learnt: session/networks.h */
    uint32_t idle_keepalive_max_s;
    uint32_t idle_suspect_after_s; /* unacknowledged for this long: the peer may be gone */
    /* TCP_USER_TIMEOUT: unacknowledged for this long, the peer is gone */
    uint32_t idle_dead_after_s;
    uint32_t idle_timeout_s; /* with IDLE_TIMEOUT */

    /* [limits] */
    uint32_t login_timeout_s;
    uint32_t inactivity_timeout_s; /* after login and outside IDLE; 0: never */
    uint32_t lmtp_timeout_s;       /* for an LMTP client that sends nothing */
    uint32_t output_timeout_s;     /* for a reader that takes nothing; 0: never */
    uint32_t max_connections;
    uint32_t max_connections_per_user;
    uint32_t max_connections_per_address;
    uint64_t append_octets;
    enum literals literals;
    bool sharing;           /* whether mailboxes can be shared with other users (RFC 4314) */
    bool share_with_anyone; /* whether rights of the identifier "anyone" have an effect */
    bool unauthenticate;    /* whether UNAUTHENTICATE is allowed (RFC 8437 section 8) */
    uint32_t message_limit; /* messages that one command may name (RFC 9738); 0: no limit */
    uint32_t save_limit;    /* the same for commands that save messages; 0: no limit */

    /* [quota], for accounts without limits of their own; 0: no limit */
    uint64_t quota_octets;
    uint32_t quota_messages;
    uint32_t quota_mailboxes;
    const char *quota_command;  /* "": none */
    enum quota_full quota_full; /* how mail for a full account is refused */

    /* [metadata] */
    const struct settings_metadata *metadata;
    size_t metadata_count;

    /* [imap], [imaps], [lmtp], [policy]: networks of proxies that begin with a PROXY header */
    struct net_prefixes imap_proxies;
    struct net_prefixes imaps_proxies;
    struct net_prefixes lmtp_proxies;
    struct net_prefixes policy_proxies;
};

/** Octets that all messages of one APPEND may have together; at least [limits] append. */
static inline uint64_t
settings_append_all(const struct settings *settings)
{
    const uint64_t all = settings->append_octets * LIMIT_APPEND_TIMES;

    return all < LIMIT_APPEND_ALL_MIN   ? LIMIT_APPEND_ALL_MIN
           : all > LIMIT_APPEND_ALL_MAX ? LIMIT_APPEND_ALL_MAX
                                        : all;
}

#endif

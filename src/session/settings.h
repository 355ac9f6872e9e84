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
    struct net_prefix *items; /* in the configuration, which does not change */
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
    uint32_t shutdown_spread_s; /* over which sessions are told to go */

    /* [auth] */
    enum allow_plaintext allow_plaintext;
    enum advertise_scram scram;
    enum tls_client_name client_name; /* [tls]: what in a certificate names the account */
    struct net_prefixes trusted;      /* webmail, proxies: many people behind one address */

    /* [idle] all in seconds; 0: off */
    enum idle_policy idle_policy;
    uint32_t idle_keepalive_s;     /* an untagged line after this much silence, at first */
    uint32_t idle_keepalive_min_s; /* bounds of what is learnt: session/networks.h */
    uint32_t idle_keepalive_max_s;
    uint32_t idle_suspect_after_s; /* a line unacknowledged for this long: perhaps gone */
    uint32_t idle_dead_after_s;    /* TCP_USER_TIMEOUT: unacknowledged for this long is gone */
    uint32_t idle_timeout_s;       /* with IDLE_TIMEOUT */

    /* [limits] */
    uint32_t login_timeout_s;
    uint32_t inactivity_timeout_s; /* after login and outside IDLE; 0: never */
    uint32_t lmtp_timeout_s;       /* a silent LMTP client */
    uint32_t output_timeout_s;     /* a reader that takes nothing; 0: never */
    uint32_t max_connections;
    uint32_t max_connections_per_user;
    uint32_t max_connections_per_address;
    uint64_t append_octets;
    enum literals literals;
    bool sharing;           /* of mailboxes, with other users (RFC 4314) */
    bool unauthenticate;    /* is allowed (RFC 8437 section 8) */
    uint32_t message_limit; /* of one command (RFC 9738); 0: none */
    uint32_t save_limit;    /* the same, for those that save messages; 0: none */

    /* [quota] of accounts without limits of their own; 0: none */
    uint64_t quota_octets;
    uint32_t quota_messages;
    uint32_t quota_mailboxes;
    const char *quota_command;  /* "": none */
    enum quota_full quota_full; /* how mail for a full account is refused */

    /* [metadata] */
    const struct settings_metadata *metadata;
    size_t metadata_count;

    /* [imap], [imaps], [lmtp], [policy]: where proxies are that begin with a PROXY header */
    struct net_prefixes imap_proxies;
    struct net_prefixes imaps_proxies;
    struct net_prefixes lmtp_proxies;
    struct net_prefixes policy_proxies;
};

/** Octets that the messages of one APPEND may have together; at least [limits] append. */
static inline uint64_t
settings_append_all(const struct settings *settings)
{
    const uint64_t all = settings->append_octets * LIMIT_APPEND_TIMES;

    return all < LIMIT_APPEND_ALL_MIN   ? LIMIT_APPEND_ALL_MIN
           : all > LIMIT_APPEND_ALL_MAX ? LIMIT_APPEND_ALL_MAX
                                        : all;
}

#endif

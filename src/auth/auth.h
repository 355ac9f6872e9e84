/* SPDX-License-Identifier: MIT */
/*
 * Decides who may log in: the flow around the registry, hashes, remembered passwords and the
 * throttle.
 *
 *     PLAIN, LOGIN, IMAP LOGIN:      auth_quick --RC_OK--> in
 *                                        |      --RC_DENIED--> refused before, so no guess
 *                                        |      --RC_BUSY--> its budget of guesses is spent
 *                                        | RC_AGAIN: it is paid for; park for ticket->wait_ms,
 *                                        v           then a HASH slot of ticket->rank
 *                                    auth_verify --RC_OK, RC_DENIED, RC_DISABLED ...
 *     SCRAM:                         sasl.h does all of it, without a slot
 *
 * An application password (app_password.h) has so many random bits that it needs no slow hash,
 * and so no slot. Like any other password, it is looked up only when a verification is paid
 * for. One that is right but may not be used (it has expired, or is for other protocols) is not
 * a guess, and is not remembered as wrong either.
 *
 * An unknown account takes as long as a wrong password. An account that was imported with only
 * a hash gets its SCRAM keys in the background after its first login with the password
 * (keys.h).
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/password.h"
#include "auth/throttle.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "store/app_password.h"
#include "store/registry.h"

struct auth;

struct auth_options {
    struct registry *registry; /* borrowed for life */
    const struct clock *clock; /* NULL: the machine's */
    /* for SCRAM keys of imported accounts, and for unknown names */
    struct password_policy policy;
    uint32_t throttle_entries; /* 0: LIMIT_THROTTLE */
    /* file of known pairs of address and account (known.h); NULL: they are not kept */
    const char *known_path;
};

/** RC_OK, RC_LIMIT (memory), RC_UNSUPPORTED (libgsasl does not start). Thread: start-up. */
MUST_USE enum rc auth_open(struct auth **auth_out, const struct auth_options *options,
                           struct err *err);
void auth_close(struct auth *auth);
/** Writes what must survive a restart. Call it from time to time, and before another process
 * opens the same files. Thread: one at a time; waits for disk. */
MUST_USE enum rc auth_save(struct auth *auth, struct err *err);

/* Where a login comes from. */
struct auth_peer {
    struct span address; /* 4 or 16 octets; empty: local */
    bool trusted;        /* a webmail or proxy: [auth] trusted_networks */
    uint32_t protocol;   /* one bit of enum app_protocol: the protocol of this connection */
};

struct auth_request {
    struct span name;     /* as the client gave it: UTF-8; SASLprep is done here */
    struct span authzid;  /* empty, or the same account; acting for others is refused */
    struct span password; /* at most LIMIT_PASSWORD octets; a longer one is never right */
    struct auth_peer peer;
    bool no_keys; /* make no SCRAM keys: [auth] scram = no */
};

/* Why a login was refused; in the log by auth_reason_name, which never changes. */
enum auth_reason {
    AUTH_FINE,
    AUTH_WRONG_PASSWORD,
    AUTH_WRONG_AGAIN, /* this password was refused for this login before */
    AUTH_NO_ACCOUNT,
    AUTH_NOT_YOURS, /* the authzid means another account */
    AUTH_ACCOUNT_DISABLED,
    AUTH_TOO_MANY_GUESSES,
    /* the client does not know that the server supports channel binding */
    AUTH_CHANNEL_HIDDEN,
    AUTH_CHANNEL_OTHER,   /* it is bound to another connection than this one */
    AUTH_CHANNEL_UNKNOWN, /* the kind of binding is not supported */
    AUTH_CERTIFICATE,     /* no account has a name from the certificate */
    AUTH_TOKEN_MALFORMED, /* the text is not a token */
    AUTH_TOKEN_ALGORITHM, /* the token is not signed, or not with a public key */
    AUTH_TOKEN_KEY,       /* the token is signed with an unknown key */
    AUTH_TOKEN_SIGNATURE, /* the signature is wrong */
    AUTH_TOKEN_EXPIRED,   /* the token has expired, or is not valid yet */
    /* the token is from another issuer, for another audience or was sent to another host */
    AUTH_TOKEN_OTHER,
    AUTH_TOKEN_CLAIM,  /* the token names no account of this server */
    AUTH_APP_EXPIRED,  /* the application password has expired */
    AUTH_APP_PROTOCOL, /* the application password is for other protocols */
};
/** "wrong-password" */
const char *auth_reason_name(enum auth_reason reason);

struct auth_result {
    uint64_t account_id; /* 0 unless RC_OK or RC_DISABLED */
    /* Number of the application password that was used, also if it was refused; 0: the
     * account's own password. */
    uint64_t app_password;
    char app_name[APP_PASSWORD_NAME_OCTETS];
    /* The subject of a token ("sub"), or the name in a certificate that belongs to the account,
     * cut if too long; "": none. */
    char subject[APP_PASSWORD_NAME_OCTETS];
    uint64_t password_generation;
    char account[REGISTRY_NAME_OCTETS]; /* as it was created */
    enum auth_reason reason;            /* with RC_DENIED, RC_DISABLED, RC_BUSY */
};

/**
 * Decides what can be decided without hashing: RC_OK if this password was verified recently or
 * is an application password, RC_DENIED if it was refused, RC_BUSY if there were too many
 * guesses. Otherwise, also for unknown names, RC_AGAIN, and *ticket says what was paid.
 * RC_LIMIT (memory); RC_IO ...: the registry failed. Fills *out. Thread: session; takes
 * microseconds if the account is cached, otherwise it may wait for disk.
 */
MUST_USE enum rc auth_quick(struct auth *auth, const struct auth_request *request,
                            struct throttle_ticket *ticket, struct auth_result *out,
                            struct err *err);

/**
 * Verifies the password by hashing. RC_OK; RC_DENIED: no such account, wrong password, or an
 * authzid of another account; RC_DISABLED: right password, but the account is disabled;
 * RC_LIMIT: no memory; RC_IO ...: the registry failed. If there is no verdict, nothing counts
 * as a guess. Thread: one in a HASH slot; takes 20 to 200 ms of processor time.
 */
MUST_USE enum rc auth_verify(struct auth *auth, const struct auth_request *request,
                             struct throttle_ticket *ticket, struct auth_result *out,
                             struct err *err);

/** The client hung up before its password was verified. Does nothing if there was a verdict.
 * Thread: any. */
void auth_left(struct auth *auth, struct throttle_ticket *ticket);

struct oauth;
/** From now on, tokens are verified with these keys (oauth.h). Takes over the caller's
 * reference. NULL: no tokens are accepted. Logins under way continue with the old keys. Thread:
 * any. */
void auth_set_oauth(struct auth *auth, struct oauth *oauth);
/** Whether tokens are accepted. Thread: any. */
bool auth_takes_tokens(struct auth *auth);

/** Whether every enabled account has SCRAM keys, so that AUTH=SCRAM-SHA-256 may be advertised.
 *  Looked up at most every few seconds. Thread: any. */
bool auth_scram_ready(struct auth *auth);

#endif

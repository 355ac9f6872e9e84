/* SPDX-License-Identifier: MIT */
/*
 * Logging in, for all front doors: from what a client sends to a session that belongs to an
 * account. The door collects the credentials and phrases the answers; everything in between is
 * here.
 *
 *   login_password --> QUICK --> DELAY --> HASH --> PLACE --> LOGIN_ADMITTED
 *   login_sasl --> EXCHANGE --^    ^-- SCRAM is charged and waits here too, goes back to
 *                                  EXCHANGE, which decides, and continues to PLACE
 *
 * login_go does as much as it can without waiting and says what it needs. Call it once in each
 * run, whatever woke the session. Failures, successes and their reasons are logged and recorded
 * here, in the same way for all doors.
 *
 * Thread: the session's, all functions.
 */
#ifndef DOOR_LOGIN_H
#define DOOR_LOGIN_H

#include <stdint.h>

#include "auth/sasl.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "mailbox/memory/account.h"
#include "session/session.h"

struct login;

enum login_outcome {
    LOGIN_WAITS,     /* park; login_wait_until_us says when to call again at the latest */
    LOGIN_CHALLENGE, /* send login_challenge to the client, then park for a line */
    LOGIN_LINE,      /* park for the client's line */
    LOGIN_ADMITTED,  /* the session belongs to the account: login_account_take */
    LOGIN_REFUSED,   /* login_refusal says why */
    LOGIN_CANCELLED, /* the client cancelled the exchange (RFC 3501 section 6.2.2) */
    LOGIN_MALFORMED, /* what it sent is not valid for the mechanism */
};

enum login_refusal {
    LOGIN_WRONG,    /* wrong name or password */
    LOGIN_DISABLED, /* the account is disabled */
    LOGIN_FULL,     /* the account has all the connections that it may have: login_others */
    LOGIN_LATER,    /* too many guesses came from its address: nothing was verified */
    LOGIN_BUSY,     /* too many logins at once */
    LOGIN_TROUBLE,  /* it cannot be verified now */
    LOGIN_NO_MEMORY,
    LOGIN_NEEDS_TLS, /* by login_forbid */
};

/** Whether the server is the reason, and not what the client sent. Such a login counts as a
 * failed one of its connection all the same, so that nobody can fill the log. */
static inline bool
login_refusal_is_ours(enum login_refusal refusal)
{
    return refusal == LOGIN_BUSY || refusal == LOGIN_TROUBLE || refusal == LOGIN_NO_MEMORY;
}

/** Makes a login in the arena, which must live until login_done. NULL: no memory. */
struct login *login_new(struct session *session, struct arena *arena);
/** Leaves the queues and frees the exchange. Call it once, when the login is over or the
 * session ends. */
void login_done(struct login *login);

/** Starts with complete credentials, which are borrowed until login_done. */
void login_password(struct login *login, struct span name, struct span password);
/** Call instead of login_go, after login_password or before login_sasl, if the door accepts no
 * secret on this connection because others could read it. The address is not charged, but it
 * counts as a failed login of the connection, so that nobody can fill the log. Returns
 * LOGIN_REFUSED. */
enum login_outcome login_forbid(struct login *login);
/** What a login on this connection can be bound to (RFC 9266), and who the client is according
 * to its certificate. Empty if a proxy ends TLS, because the client does not see the TLS
 * here. */
void login_channel(const struct session *session, struct sasl_channel *out);
/** Starts a SASL exchange. RC_LIMIT: no memory. */
MUST_USE enum rc login_sasl(struct login *login, enum sasl_mech mech, struct err *err);
/** Takes what the client sent for the exchange: its initial response ("=": an empty one) or its
 * answer to a challenge. It is copied. RC_LIMIT: no memory. */
MUST_USE enum rc login_line(struct login *login, struct span line);

enum login_outcome login_go(struct login *login);

/** Monotonic; 0: only a wake ends the wait. */
int64_t login_wait_until_us(const struct login *login);
/** In base64; valid until the next call of login_go. */
struct span login_challenge(const struct login *login);
enum login_refusal login_refusal(const struct login *login);
/** With LOGIN_FULL: which clients have the account's connections ("2 Thunderbird at
 * 192.0.2.7"). */
const char *login_others(const struct login *login);
/** With LOGIN_ADMITTED: the account, which the caller owns from here on. */
struct account *login_account_take(struct login *login);
/** Whether the client has shown its password to this server, which SCRAM does not. */
bool login_showed_password(const struct login *login);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Logging in, for all front doors: from what a client sends to a session that belongs to an
 * account. The door collects the credentials and words the answers; everything in between is
 * here.
 *
 *   login_password --> QUICK --> DELAY --> HASH --> PLACE --> LOGIN_ADMITTED
 *   login_sasl --> EXCHANGE --^    ^-- SCRAM pays and waits here too, goes back to EXCHANGE,
 *                                      decides there by itself, and goes on to PLACE
 *
 * login_go does as much as it can without waiting and says what it needs. It is called once in
 * each run, whatever woke the session. Failures, successes and their reasons are logged and
 * recorded here, in the same way for all doors.
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
    LOGIN_WAITS,     /* park; login_wait_until_us tells when to look again at the latest */
    LOGIN_CHALLENGE, /* send login_challenge to the client, then park for its line */
    LOGIN_LINE,      /* park for the client's line */
    LOGIN_ADMITTED,  /* the session is the account's: login_account_take */
    LOGIN_REFUSED,   /* login_refusal says why */
    LOGIN_CANCELLED, /* the client gave the exchange up (RFC 3501 section 6.2.2) */
    LOGIN_MALFORMED, /* what it sent is not what the mechanism expects */
};

enum login_refusal {
    LOGIN_WRONG,    /* name or password */
    LOGIN_DISABLED, /* the account is */
    LOGIN_FULL,     /* its account has all the connections it may have: login_others */
    LOGIN_LATER,    /* its address has guessed too much: nothing was looked at */
    LOGIN_BUSY,     /* too many log in at once */
    LOGIN_TROUBLE,  /* it cannot be found out now */
    LOGIN_NO_MEMORY,
    LOGIN_NEEDS_TLS, /* login_forbid */
};

/** Made in the arena, which lives until login_done. NULL: no memory. */
struct login *login_new(struct session *session, struct arena *arena);
/** Leaves the queues and frees the exchange. Called once, when the login is over or the
 * session ends. */
void login_done(struct login *login);

/** Starts with complete credentials, which are borrowed until login_done. */
void login_password(struct login *login, struct span name, struct span password);
/** Instead of login_go, after login_password or before login_sasl: others could read along, so
 * the door takes no secret here. It costs the address nothing, but counts among the failed logins
 * of the connection, so that nobody fills the log with it. Returns LOGIN_REFUSED. */
enum login_outcome login_forbid(struct login *login);
/** What a login on this connection can be bound to (RFC 9266), and who the client is by its
 * certificate. Nothing of it if a proxy ends TLS, because then there is no TLS here that the
 * client would know. */
void login_channel(const struct session *session, struct sasl_channel *out);
/** Starts a SASL exchange. RC_LIMIT: no memory. */
MUST_USE enum rc login_sasl(struct login *login, enum sasl_mech mech, struct err *err);
/** What the client sent for the exchange: its initial response ("=": an empty one) or its
 *  answer to a challenge. Copied. RC_LIMIT: no memory. */
MUST_USE enum rc login_line(struct login *login, struct span line);

enum login_outcome login_go(struct login *login);

/** Monotonic; 0: only a wake ends the wait. */
int64_t login_wait_until_us(const struct login *login);
/** Base64; good until the next call of login_go. */
struct span login_challenge(const struct login *login);
enum login_refusal login_refusal(const struct login *login);
/** With LOGIN_FULL: which clients have the account's connections ("2 Thunderbird at
 * 192.0.2.7"). */
const char *login_others(const struct login *login);
/** After LOGIN_ADMITTED: the account, the caller's from here. */
struct account *login_account_take(struct login *login);
/** Whether the client has shown its password to this server, which SCRAM does not. */
bool login_showed_password(const struct login *login);

#endif

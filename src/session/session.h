/* SPDX-License-Identifier: MIT */
/*
 * What all front doors share. A session is a dialogue on a connection, run by one work thread
 * at a time, from its first octet to its end record.
 *
 *   accept -> ARRIVED ----> OPEN: door->run ... park ... run ----> HELD
 *                |            |                                      |
 *                |            +--------- session_end(reason) --------+
 *                v            v
 *           TURNED_AWAY     ENDING
 *                |            |
 *                +------------+--> RELEASING --> FLUSHING --> closed, recorded
 *
 * session_end is the only way out, and the first reason given counts. Then the door says BYE or
 * 421 and releases what it holds (turn, slots, hub), the output is flushed for a bounded time,
 * and evidence and reason go to the journal.
 *
 * Other threads reach a session only by its task identity, through the table (table.h).
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"
#include "journal/end_reason.h"
#include "journal/event.h"
#include "journal/log.h"
#include "journal/record.h"
#include "journal/redact.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/task.h"
#include "session/client_rule.h"
#include "session/env.h"
#include "session/liveness.h"

struct proxied;
struct session;
struct unpack;

/* A front door: IMAP, LMTP. One constant each. */
struct front_door {
    enum log_service service;
    /* size of the door's own struct, which begins with a struct session */
    size_t session_octets;
    size_t in_max; /* size of the input buffer, at most */
    bool logs_in;  /* its sessions belong to one account; others deliver to many */
    /* First run of a new session: sends the greeting. */
    void (*opened)(struct session *session);
    /* Runs until it must wait, and returns what for. Checks everything itself: input, wakes,
     * deadlines. If it calls session_end, its return value does not matter. */
    enum task_next (*run)(struct session *session, uint32_t why);
    /* Appends to conn.out what the protocol says for this reason, if anything. */
    void (*goodbye)(struct session *session);
    /* Releases everything except the connection. False: another thread is still executing
     * something for the session; it will wake it, and this is called again until it returns
     * true. */
    bool (*release)(struct session *session);
    /* Puts a line into conn.out that the peer need not answer, if the protocol allows one now;
     * only its acknowledgement by the peer's kernel matters. NULL: the protocol has no such
     * line. */
    void (*probe)(struct session *session);
    /* Whether the session is between two commands: no command, input or answer is under way,
     * except for what may wait in the output. */
    bool (*at_rest)(const struct session *session);
    /* At rest: packs everything that the door needs to continue in another process; changes
     * nothing. False: it cannot be packed. HANDOVER_FORMAT (handover.h) changes with it. */
    bool (*pack)(struct session *session, struct buf *out);
    /* Reads what pack wrote into a new session, for which opened is not called. False: it is
     * something else. */
    bool (*unpack)(struct session *session, struct unpack *in);
    /* The settings have changed. May call session_end (END_CONFIGURATION). NULL: the door reads
     * them anew each time. */
    void (*reconfigured)(struct session *session);
    /* Adds what only the door knows: evidence.state, the command under way, counts. */
    void (*describe)(const struct session *session, struct end_record *record);
};

/* What a session does now, for `roost sessions` and the end record. */
enum session_state {
    SESSION_CONNECTED, /* greeting sent, not logged in */
    SESSION_AUTHENTICATING,
    SESSION_AUTHENTICATED,
    SESSION_SELECTED,
    SESSION_COMMAND, /* a command is running, or waits for the disk, the turn or the reader */
    SESSION_IDLE,
    SESSION_ENDING,
};

/* What other threads may ask of a session; bits of session_post. */
enum session_post {
    POST_SHUTDOWN = 1u << 0, /* the server is being stopped: end between two commands */
    POST_KICK = 1u << 1,     /* an administrator ends it; the words are in kick_words */
    POST_ACCOUNT_DISABLED = 1u << 2,
    POST_ACCOUNT_REMOVED = 1u << 3,
    POST_PASSWORD_CHANGED = 1u << 4,
    POST_DESCRIBE = 1u << 5, /* a thread waits in session_ask */
    POST_PROBE = 1u << 6,    /* its place is needed if it is suspect */
    /* between two commands: be handed to another process, or be held */
    POST_MOVE = 1u << 7,
    POST_UPGRADE = 1u << 8, /* another process has taken over: end between two commands */
    POST_STAY =
        1u << 9, /* no process took over: continue, unless something was already released */
    /* with another post: do that at once, whatever is under way */
    POST_HURRY = 1u << 10,
    POST_CONFIGURATION = 1u << 11, /* settings, or its network's keepalives, have changed */
    POST_GIVE_WAY = 1u << 12,      /* its place is needed: end, if it is still a stranger */
    POST_APP_PASSWORD_REVOKED = 1u << 13, /* the one with which it logged in was revoked */
};

/* Each post has a bit of its own: the sum of all is every bit once. */
_Static_assert((uint64_t)POST_SHUTDOWN + POST_KICK + POST_ACCOUNT_DISABLED +
                       POST_ACCOUNT_REMOVED + POST_PASSWORD_CHANGED + POST_DESCRIBE +
                       POST_PROBE + POST_MOVE + POST_UPGRADE + POST_STAY + POST_HURRY +
                       POST_CONFIGURATION + POST_GIVE_WAY + POST_APP_PASSWORD_REVOKED ==
                   (1u << 14) - 1,
               "two posts share a bit");

/* A new session that waits for the place of a dead one; owned by its session. */
struct place {
    struct list link; /* guarded by the table's lock, as everything here */
    struct session *session;
    enum end_reason limit;
    uint64_t account_id; /* with END_LIMIT_ACCOUNT */
    int64_t until_us;    /* constant; after that it is refused; monotonic */
    bool granted;        /* a session is leaving for it */
};

/* The stage of a session between accept and end record, in this order; see the diagram
 * above. */
enum session_phase {
    PHASE_ARRIVED,     /* waits for a place, or for the proxy's header */
    PHASE_OPEN,        /* the door has greeted the peer, here or in another process */
    PHASE_HELD,        /* cannot be moved: has released everything, and waits for its goodbye */
    PHASE_TURNED_AWAY, /* its end came before the greeting */
    PHASE_ENDING,      /* its goodbye comes next */
    PHASE_RELEASING,   /* goodbye was said; the door releases what it holds */
    PHASE_FLUSHING,    /* the rest of the output is sent to the peer */
};

/* Who protects the dialogue from being read by others. */
enum session_tls {
    SESSION_TLS_NONE,
    SESSION_TLS_PROXY, /* the proxy that brought the session, as far as we know */
    SESSION_TLS_BEGUN, /* Roost, once the handshake is done */
    SESSION_TLS_DONE,  /* Roost; the handshake is noted in the event ring */
};

/* The strangers of an address have a share of the connections, and are the first to be closed
 * when a limit is reached. */
enum session_standing {
    STANDING_STRANGER, /* has not logged in, or has not yet named a local recipient */
    STANDING_KNOWN,
};

/* Which limits the table counts it for. */
enum session_counted {
    COUNTED_NOT,     /* none: it waits for a place, or was refused */
    COUNTED_TOTAL,   /* [limits] max_connections */
    COUNTED_ADDRESS, /* that, and the share of its address while it is a stranger */
};

/* What a session has logged in with. If it is changed or revoked, the session ends. */
enum session_credential {
    CREDENTIAL_PASSWORD, /* the account's own password; also if it has not logged in */
    CREDENTIAL_APP_PASSWORD,
    CREDENTIAL_CERTIFICATE,
    CREDENTIAL_TOKEN,
    CREDENTIAL_COUNT,
};

/* What the protocol was doing when the connection ended; chooses between the end reasons. */
enum end_moment {
    MOMENT_BEFORE_LOGIN,
    /* before login, after it was told that its account has too many connections */
    MOMENT_REFUSED,
    MOMENT_BETWEEN, /* between commands */
    MOMENT_IDLE,
    MOMENT_IN_COMMAND,
    MOMENT_IN_LITERAL,
    MOMENT_IN_REPLY, /* a command was running, or its output was under way */
    MOMENT_LOGGED_OUT,
};

/* Copied at every park for readers of the table: atomics, no lock. */
struct session_public {
    atomic_uint state;
    atomic_int_fast64_t last_in_us;
    atomic_int_fast64_t last_out_us;
    atomic_int_fast64_t acked_us; /* when a line's acknowledgement was last noticed; 0: never */
    atomic_bool suspect;
    atomic_bool compressed;
    atomic_uint_fast64_t octets_in;
    atomic_uint_fast64_t octets_out;
    atomic_uint thread; /* number of the thread that ran it last */
};

struct session_counts {
    uint32_t commands;
    uint32_t bad_commands;
    uint32_t login_failures;
    uint32_t messages; /* number of messages appended or delivered */
    uint32_t keepalives;
};

struct session {
    struct task task; /* must be first: a pointer to the task is one to the session */
    struct env *env;
    const struct front_door *door;
    struct conn conn;
    struct net_addr peer;
    uint64_t number;   /* its number in logs; unique for the process */
    int64_t opened_us; /* monotonic */
    int64_t opened_wall_us;
    int64_t deadline_us; /* monotonic; INT64_MAX: none. The door sets it before it parks. */
    int64_t timer_s;     /* the value of the task's timer; 0: unset */
    struct liveness liveness;
    uint32_t keepalive_s; /* the interval last told to the log; 0: none */

    /* ---- the end ---- */
    uint8_t phase; /* enum session_phase */
    bool let_go;   /* it will not use the store any more */
    /* enum session_credential. Like app_password below, it is set before the session becomes
     * its account's, and constant from then on. */
    uint8_t credential;
    /* POST_SHUTDOWN, POST_MOVE and POST_UPGRADE that wait until it is at rest */
    unsigned asked;
    enum end_reason reason;
    char *end_detail;  /* owned; NULL: none; one line, for the journal */
    char *end_words;   /* owned; the administrator's words to the client */
    int64_t linger_us; /* when FLUSHING ends; monotonic */

    /* Identity; the strings are written under the table's lock. */
    uint64_t account_id;     /* 0: nobody yet */
    char *account_name;      /* owned */
    char *client_id;         /* owned; name and version from ID, or NULL */
    char *mailbox_name;      /* owned; the selected mailbox, or NULL */
    atomic_uint_fast8_t tls; /* enum session_tls; readers of the live table use it */
    uint8_t counted;         /* enum session_counted; guarded by the table's lock */
    uint8_t standing;        /* enum session_standing; written by its thread, under that lock */
    bool by_proxy;           /* a proxy brought it, so acknowledgements come from the proxy */
    /* number of a rule (client_rule.h); guarded by the table's lock, as client_id */
    uint8_t client_rule;
    /* its connection belonged to another session before: session_begin_anew */
    bool is_reused;
    /* owned; a PROXY header must come first; NULL: no, or it has come */
    struct proxied *proxied;

    /* Any thread. */
    atomic_uint posts;          /* enum session_post */
    _Atomic(char *) kick_words; /* owned by whoever takes it with an exchange */
    struct session_public pub;
    struct list table_link;   /* guarded by the table's lock, as the next one */
    struct list account_link; /* in its account's cell, or among the strangers */
    struct place *place;      /* owned; set while it waits at a limit; else NULL */

    struct session_counts counts;
    uint32_t app_password; /* its number, with CREDENTIAL_APP_PASSWORD; else 0 */
    struct log_scope log;
    struct log_tap *tap;  /* owned; output on its way to the log; NULL while level A is off */
    size_t tapped_octets; /* octets of conn.out that the tap has seen */
    struct event_log events;
};

/* A new connection, as a listener found it. */
struct arrival {
    int fd; /* not used with io */
    /* Replaces the descriptor in tests and simulations with many sessions in one process
     * (conn.h); NULL: none. The code that provides its input wakes the session's task. */
    const struct conn_io *io;
    void *io_ctx;
    const struct net_addr *peer;
    struct tls_server *tls; /* implicit TLS; NULL: none */
    bool by_proxy;          /* a PROXY header must come first */
};

/**
 * Makes a session for an accepted descriptor, which it owns from here on, and starts it. If a
 * limit is reached, the peer is told so if the door has a line for that, the end is recorded,
 * and the descriptor is closed. Thread: any (a listener's run).
 */
void session_open(struct env *env, const struct front_door *door,
                  const struct arrival *arrival);
/** Whether nobody between client and server can read the dialogue, because of TLS here or, as
 * far as we know, at the proxy. Thread: the session's. */
static inline bool
session_is_private(const struct session *session)
{
    return atomic_load_explicit(&session->tls, memory_order_relaxed) != SESSION_TLS_NONE;
}

/** Ends the session. The first reason stays. The detail may be NULL; it is for the journal and
 * `roost explain`, never for the peer. Thread: the session's. */
PRINTF_LIKE(3, 4)
void session_end(struct session *session, enum end_reason reason, const char *detail, ...);

static inline bool
session_is_ending(const struct session *session)
{
    return session->phase >= PHASE_TURNED_AWAY;
}

/** Whether a post waits for the session to come to rest. If so, doors begin no further command,
 * but return. */
static inline bool
session_is_asked(const struct session *session)
{
    return session->asked != 0;
}

/**
 * The client has logged out without disconnecting, and nothing of the account is held any more.
 * The record of the session is written, and the connection continues as a new session with a
 * new number, which has not logged in. What is known about the client stays. Thread: the
 * session's.
 */
void session_begin_anew(struct session *session);

/** Ends the session with a reason that follows from how the connection ended (FIN, RST, TLS,
 * time-outs) and from what the session was doing. Called if conn_read or conn_flush returned
 * RC_CLOSED. */
void session_end_by_peer(struct session *session, enum end_moment moment);

static inline const struct client_rule *
session_client_rule(const struct session *session)
{
    return client_rule_get(session->client_rule);
}

/** Monotonic now, of the injected clock. */
static inline int64_t
session_now_us(const struct session *session)
{
    return clock_mono_us(session->env->clock);
}
/** Sets what `roost sessions` shows. */
void session_state_set(struct session *session, enum session_state state);
/** Shown by `roost sessions` and kept in the record; written under the table's lock. Copied; an
 *  empty span clears; without memory it stays empty. */
void session_set_mailbox_name(struct session *session, struct span name);
/** Notes the account of a login that was refused although the password was right. */
void session_set_account_name(struct session *session, struct span name);
void session_set_client_id(struct session *session, struct span text);
/** Notes the rule for this client (client_rule.h); written under the table's lock. */
void session_set_client_rule(struct session *session, uint8_t rule);
/** Notes who the client is, after a proxy has said so; written under the table's lock. */
void session_set_peer(struct session *session, const struct net_addr *peer);
/** Notes that TLS has begun, here or at the proxy. */
void session_tls_set(struct session *session, enum session_tls tls);
/** From here on, what is sent and received is compressed, or no longer is. */
void session_compressed(struct session *session);
/** Called after login, client ID or STARTTLS: tells the log and the crash table who this is
 * now. */
void session_identity_changed(struct session *session);
/** Notes an event in the ring; never contents. */
struct event *session_event(struct session *session, enum event_kind kind);
/** Shows conn.out to the log, then sends it. Result as conn_flush. */
MUST_USE enum rc session_flush(struct session *session);
/** Says that the next octets appended to conn.out begin a line, so that a log level that was
 * just switched on shows the output from here. Called at a greeting, a command or a push. */
void session_line_begins(struct session *session);
/** A wake for lower layers; it only runs this session's task again. */
struct wake session_waker(struct session *session);

#endif

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
 * session_end is the only way out, and the first reason given counts. Then the door says BYE
 * or 421 and gives up what it holds (turn, slots, hub), the output is flushed for a bounded
 * time, and evidence and reason go to the journal.
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
    size_t session_octets; /* of the door's own struct, which begins with a struct session */
    size_t in_max;         /* input buffer: octets at most */
    bool logs_in;          /* its sessions become an account's; others deliver to many */
    /* First run of a new session: greeting. */
    void (*opened)(struct session *session);
    /* Runs until it must wait, and says for what. Checks everything itself: input, wakes,
     * deadlines. May call session_end; then its return value does not matter. */
    enum task_next (*run)(struct session *session, uint32_t why);
    /* Appends to conn.out what the protocol has for this reason (may be nothing). */
    void (*goodbye)(struct session *session);
    /* Gives up everything except the connection. False: another thread is still executing
     * something; it will wake the session, and this is called again until it returns true. */
    bool (*release)(struct session *session);
    /* Puts a line into conn.out that the peer need not answer, if the protocol allows one now,
     * because only its acknowledgement counts. NULL: there is no such line. */
    void (*probe)(struct session *session);
    /* Between two commands: nothing of a command, of its input or of its answer is under way
     * but what may wait in the output. */
    bool (*at_rest)(const struct session *session);
    /* At rest: packs all that the door needs to continue in another process, and changes
     * nothing. False: it cannot be packed. HANDOVER_FORMAT (handover.h) changes with it. */
    bool (*pack)(struct session *session, struct buf *out);
    /* Reads that into a new session, which is not opened but run. False: not what pack puts. */
    bool (*unpack)(struct session *session, struct unpack *in);
    /* The settings have changed. May call session_end (END_CONFIGURATION). NULL: it looks at
     * them again each time. */
    void (*reconfigured)(struct session *session);
    /* Adds what only the door knows: evidence.state, command under way, counts. */
    void (*describe)(const struct session *session, struct end_record *record);
};

/* What a session does now, for `roost sessions` and the end record. */
enum session_state {
    SESSION_CONNECTED, /* greeting sent, nobody known yet */
    SESSION_AUTHENTICATING,
    SESSION_AUTHENTICATED,
    SESSION_SELECTED,
    SESSION_COMMAND, /* a command is running or waits for disk, turn, reader */
    SESSION_IDLE,
    SESSION_ENDING,
};

/* What other threads may ask of a session; bits of session_post. */
enum session_post {
    POST_SHUTDOWN = 1u << 0, /* the server is being stopped: end between two commands */
    POST_KICK = 1u << 1,     /* an administrator ends it; words are in kick_words */
    POST_ACCOUNT_DISABLED = 1u << 2,
    POST_ACCOUNT_REMOVED = 1u << 3,
    POST_PASSWORD_CHANGED = 1u << 4,
    POST_DESCRIBE = 1u << 5, /* somebody waits in session_ask */
    POST_PROBE = 1u << 6,    /* a suspect's place is needed */
    POST_MOVE = 1u << 7,     /* be handed to another process between two commands, or be held */
    POST_UPGRADE = 1u << 8,  /* another process has taken over: end between two commands */
    POST_STAY =
        1u << 9, /* no process took over: continue, unless something was already given up */
    POST_HURRY = 1u << 10,         /* do so at once, whatever is under way */
    POST_CONFIGURATION = 1u << 11, /* settings, or its network's keepalives, have changed */
    POST_GIVE_WAY = 1u << 12,      /* its place is needed: end, if it is still a stranger */
    POST_APP_PASSWORD_REVOKED = 1u << 13, /* the one with which it logged in */
};

/* Each has a bit of its own: the sum of all is every bit once. */
_Static_assert((uint64_t)POST_SHUTDOWN + POST_KICK + POST_ACCOUNT_DISABLED +
                       POST_ACCOUNT_REMOVED + POST_PASSWORD_CHANGED + POST_DESCRIBE +
                       POST_PROBE + POST_MOVE + POST_UPGRADE + POST_STAY + POST_HURRY +
                       POST_CONFIGURATION + POST_GIVE_WAY + POST_APP_PASSWORD_REVOKED ==
                   (1u << 14) - 1,
               "two posts share a bit");

/* A new session that waits for the place of a dead one; owned by its session. */
struct place {
    struct list link; /* table's lock, as everything here */
    struct session *session;
    enum end_reason limit;
    uint64_t account_id; /* with END_LIMIT_ACCOUNT */
    int64_t until_us;    /* constant; then it is refused */
    bool granted;        /* somebody is leaving for it */
};

/* Where a session is between accept and end record, in this order; see the diagram above. */
enum session_phase {
    PHASE_ARRIVED,     /* waits for a place, or for a proxy to say who it is */
    PHASE_OPEN,        /* the door has greeted it, here or in another process */
    PHASE_HELD,        /* cannot be moved: has let go of everything, waits for its goodbye */
    PHASE_TURNED_AWAY, /* its end came before the greeting */
    PHASE_ENDING,      /* its goodbye comes next */
    PHASE_RELEASING,   /* goodbye was said; the door lets go of what it holds */
    PHASE_FLUSHING,    /* what is in the output still goes to the peer */
};

/* What protects the dialogue from being read by others. */
enum session_tls {
    SESSION_TLS_NONE,
    SESSION_TLS_PROXY, /* the proxy that brought the session, as far as we know */
    SESSION_TLS_BEGUN, /* we, once the handshake is done */
    SESSION_TLS_DONE,  /* we; the handshake is noted in the event ring */
};

/* The strangers of an address have a share of the connections, and are the first to be closed
 * when a limit is reached. */
enum session_standing {
    STANDING_STRANGER, /* has not logged in; has not yet named a recipient who is here */
    STANDING_KNOWN,
};

/* Which limits the table counts it for. */
enum session_counted {
    COUNTED_NOT,     /* for none: it waits for a place, or was refused */
    COUNTED_TOTAL,   /* [limits] max_connections */
    COUNTED_ADDRESS, /* that, and its address's share, while it is a stranger */
};

/* What a session has logged in with; if it is changed or taken back, the session ends. */
enum session_credential {
    CREDENTIAL_PASSWORD, /* the account's own; also: it has not logged in */
    CREDENTIAL_APP_PASSWORD,
    CREDENTIAL_CERTIFICATE,
    CREDENTIAL_TOKEN,
    CREDENTIAL_COUNT,
};

/* What the protocol was doing when the connection ended; chooses between the end reasons. */
enum end_moment {
    MOMENT_BEFORE_LOGIN,
    MOMENT_REFUSED, /* before login; it was told that its account has too many connections */
    MOMENT_BETWEEN, /* commands */
    MOMENT_IDLE,
    MOMENT_IN_COMMAND,
    MOMENT_IN_LITERAL,
    MOMENT_IN_REPLY, /* a command ran or its output was under way */
    MOMENT_LOGGED_OUT,
};

/* Copied for the table's readers at every park: atomics, no lock. */
struct session_public {
    atomic_uint state;
    atomic_int_fast64_t last_in_us;
    atomic_int_fast64_t last_out_us;
    atomic_int_fast64_t acked_us; /* a line's acknowledgement was last noticed; 0: never */
    atomic_bool suspect;
    atomic_bool compressed;
    atomic_uint_fast64_t octets_in;
    atomic_uint_fast64_t octets_out;
    atomic_uint thread; /* that ran it last */
};

struct session_counts {
    uint32_t commands;
    uint32_t bad_commands;
    uint32_t login_failures;
    uint32_t messages; /* appended or delivered */
    uint32_t keepalives;
};

struct session {
    struct task task; /* first: the task is the session */
    struct env *env;
    const struct front_door *door;
    struct conn conn;
    struct net_addr peer;
    uint64_t number;   /* in logs; unique for the process */
    int64_t opened_us; /* monotonic */
    int64_t opened_wall_us;
    int64_t deadline_us; /* monotonic; INT64_MAX: none. The door sets it before it parks. */
    int64_t timer_s;     /* what the task's timer is set to; 0: unset */
    struct liveness liveness;
    uint32_t keepalive_s; /* interval last told to the log; 0: none */

    /* The end. */
    uint8_t phase; /* enum session_phase */
    bool let_go;   /* it will not touch the store any more */
    /* enum session_credential; set, as app_password below, before the session becomes its
     * account's, and constant from then on */
    uint8_t credential;
    unsigned asked; /* POST_SHUTDOWN, POST_MOVE, POST_UPGRADE: waits until it is at rest */
    enum end_reason reason;
    char *end_detail;  /* owned; NULL: none; one line, for the journal */
    char *end_words;   /* owned; an administrator's words to the client */
    int64_t linger_us; /* FLUSHING ends then */

    /* Identity; the strings are written under the table's lock. */
    uint64_t account_id;     /* 0: nobody yet */
    char *account_name;      /* owned */
    char *client_id;         /* owned: ID's name and version, or NULL */
    char *mailbox_name;      /* owned: selected, or NULL */
    atomic_uint_fast8_t tls; /* enum session_tls; the live table reads it */
    uint8_t counted;         /* enum session_counted; table's lock */
    uint8_t standing;        /* enum session_standing; changed by its thread, under that lock */
    bool by_proxy;           /* a proxy brought it: acknowledgements are the proxy's */
    uint8_t client_rule;     /* number, see client_rule.h; table's lock, as client_id */
    bool is_reused;          /* its connection was another session's: session_begin_anew */
    struct proxied *proxied; /* owned; a PROXY header must come first; NULL: not (any more) */

    /* Any thread. */
    atomic_uint posts;          /* enum session_post */
    _Atomic(char *) kick_words; /* owned by whoever exchanges it out */
    struct session_public pub;
    struct list table_link;   /* table's lock, as the next one */
    struct list account_link; /* in the account's cell, or among the strangers */
    struct place *place;      /* owned; waits at a limit; NULL: it does not */

    struct session_counts counts;
    uint32_t app_password; /* with CREDENTIAL_APP_PASSWORD: its number; else 0 */
    struct log_scope log;
    struct log_tap *tap;  /* output on its way to the log; owned; NULL while level A is off */
    size_t tapped_octets; /* of conn.out that the tap has seen */
    struct event_log events;
};

/* A new connection, as a listener found it. */
struct arrival {
    int fd; /* not looked at with io */
    /* Instead of a descriptor, for many sessions in one process (conn.h); NULL: none. The code
     * that gives it input wakes the session's task. */
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
 * far as is known, at the proxy. Thread: the session's. */
static inline bool
session_is_private(const struct session *session)
{
    return atomic_load_explicit(&session->tls, memory_order_relaxed) != SESSION_TLS_NONE;
}

/** Ends the session: the first reason stays. detail may be NULL; it is for the journal and
 *  `roost explain`, never for the peer. Thread: the session's. */
PRINTF_LIKE(3, 4)
void session_end(struct session *session, enum end_reason reason, const char *detail, ...);

static inline bool
session_is_ending(const struct session *session)
{
    return session->phase >= PHASE_TURNED_AWAY;
}

/** Whether something waits for the session to come to rest. Then doors begin no further
 * command, but return. */
static inline bool
session_is_asked(const struct session *session)
{
    return session->asked != 0;
}

/**
 * The client has given up its login, and nothing of the account is held any more. Its record is
 * written, and the connection goes on as a new session with a number of its own, which has not
 * logged in. What is known of the client stays. Thread: the session's.
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
/** Notes whose session it would be if a login was refused although the password was right. */
void session_set_account_name(struct session *session, struct span name);
void session_set_client_id(struct session *session, struct span text);
/** Notes how this client must be treated (client_rule.h); written under the table's lock. */
void session_set_client_rule(struct session *session, uint8_t rule);
/** Notes who the client is, after a proxy has said so; written under the table's lock. */
void session_set_peer(struct session *session, const struct net_addr *peer);
/** Notes that TLS has begun, here or at the proxy. */
void session_tls_set(struct session *session, enum session_tls tls);
/** What is sent and received is compressed from here on, or is not any more. */
void session_compressed(struct session *session);
/** After login, client ID or STARTTLS: tells log and crash table who this is now. */
void session_identity_changed(struct session *session);
/** Notes an event in the ring; never contents. */
struct event *session_event(struct session *session, enum event_kind kind);
/** Sends what is in conn.out, showing it to the log first. As conn_flush. */
MUST_USE enum rc session_flush(struct session *session);
/** Says that what is appended to conn.out next begins a line, so that a log level that was
 * switched on shows the output from here. Called at a greeting, a command, a push. */
void session_line_begins(struct session *session);
/** A wake for lower code; it only runs this session's task again. */
struct wake session_waker(struct session *session);

#endif

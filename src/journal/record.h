/* SPDX-License-Identifier: MIT */
/*
 * A session's end record: who, from where, how long, why it ended and the evidence for it.
 * Plain data, filled by session/, kept by journal/journal.h, read by `roost explain`.
 */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rc.h"
#include "journal/end_reason.h"
#include "journal/event.h"
#include "journal/log.h"

/* How the connection itself ended, as far as we could see. Stored: add rows at the end. */
enum end_how {
    HOW_UNKNOWN,
    HOW_WE_CLOSED,  /* our side closed first */
    HOW_FIN,        /* the peer closed (plain) */
    HOW_TLS_NOTIFY, /* the peer closed with close_notify */
    /* the peer closed without it: common for many clients, and not an error */
    HOW_TLS_WITHOUT_NOTIFY,
    HOW_RST,
    HOW_ACK_TIMEOUT, /* ETIMEDOUT: nothing was acknowledged for TCP_USER_TIMEOUT */
    HOW_UNREACHABLE, /* EHOSTUNREACH, ENETUNREACH ... */
    HOW_TLS_ALERT,   /* a fatal alert of the peer: evidence.tls_alert */
    HOW_TLS_BROKEN,  /* OpenSSL could not continue */
    HOW_OS_ERROR,    /* evidence.os_errno */
    HOW_CRASH,       /* the process was gone */
    END_HOW_COUNT,
};

const char *end_how_name(enum end_how how);

/* Where in the protocol the session was. Stored. */
enum end_state {
    STATE_BEFORE_LOGIN,
    STATE_LOGGED_IN, /* no mailbox selected */
    STATE_SELECTED,
    STATE_IDLE, /* in IDLE */
    STATE_LOGGING_OUT,
    END_STATE_COUNT,
};

const char *end_state_name(enum end_state state);

struct end_evidence {
    enum end_how how;
    enum end_state state;
    uint8_t command;        /* event_command that was running; 0: none */
    uint8_t tls_alert;      /* with HOW_TLS_ALERT: RFC 8446 section 6 */
    bool idle_done_seen;    /* the last IDLE was ended with DONE */
    int os_errno;           /* 0: none */
    int64_t since_in_ms;    /* since the last octet from the peer; -1: there was none */
    int64_t since_out_ms;   /* since the last octet to it */
    int64_t unacked_octets; /* octets sent but not acknowledged; -1: unknown */
    uint32_t keepalives;    /* number of keepalives sent */
    int64_t since_alive_ms; /* since a line after a silence was acknowledged; -1: never */
    /* TCP_INFO at the end; all 0 if there is none (Unix sockets). */
    uint32_t rtt_us;
    uint32_t retransmits; /* of the segment that was outstanding */
    uint32_t total_retransmits;
    uint32_t since_ack_ms;
    uint32_t since_data_ms;
};

/** Turns names back into numbers when a record is read. Unknown names become the first value of
 * each. */
void end_names_read(struct span how, struct span state, struct end_evidence *out);

struct end_record {
    uint64_t session;
    enum log_service service;
    enum end_reason reason;
    int64_t start_ms; /* wall clock, since 1970 */
    int64_t end_ms;
    uint16_t peer_port;
    /* Borrowed texts. Empty: unknown. Cut at LIMIT_RECORD_TEXT octets. */
    struct span account;
    struct span peer;      /* numeric address, or "unix" */
    struct span tls;       /* "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty: no TLS */
    struct span client_id; /* RFC 2971: name and version */
    struct span mailbox;   /* the mailbox that was selected */
    struct span detail;    /* details of the reason */
    struct end_evidence evidence;
    uint64_t in_octets;
    uint64_t out_octets;
    /* compressed octets on the wire, while COMPRESS was on; 0: never on */
    uint64_t in_compressed;
    uint64_t out_compressed;
    uint32_t commands;
    uint32_t bad_commands;
    uint32_t login_failures;
    uint32_t messages; /* messages delivered or appended */
    struct event_ring events;
};

/** Makes a copy whose texts are in arena. RC_LIMIT: the arena is full. */
MUST_USE enum rc end_record_copy(const struct end_record *record, struct arena *arena,
                                 struct end_record *out);

/** Writes one line about the record, as in log entry 07001, without passwords or message
 * text. */
void end_record_print(const struct end_record *record, struct buf *buf);

struct delivery_record {
    struct span account;
    struct span mailbox;
    struct span sender;     /* from the envelope; empty: <> */
    struct span message_id; /* as found in the header, cut if too long */
    uint64_t octets;
    uint32_t uid;
    uint32_t took_us; /* from the last octet to the commit */
};

/** Log entry 07002. Thread: the scope's. */
void log_delivery(struct log_scope *scope, const struct delivery_record *delivery);

#endif

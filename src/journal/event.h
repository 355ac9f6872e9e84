/* SPDX-License-Identifier: MIT */
/*
 * What a session remembers of its history: the last LIMIT_EVENT_RING events, 16 octets each,
 * whatever the log level. Events have times, numbers and lengths, but no contents.
 */
#ifndef JOURNAL_EVENT_H
#define JOURNAL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/span.h"

/* Numbers are stored in records. Add rows at the end; never move them. */
enum event_kind {
    EVENT_NONE,
    EVENT_CONNECTED,    /* b: listener's port */
    EVENT_TLS,          /* a: ms of the handshake, 0 after STARTTLS */
    EVENT_LOGIN,        /* a: ms until verified; code: enum event_login; b: number of the
                           application password, 0: none */
    EVENT_LOGIN_FAILED, /* a: delay ms */
    EVENT_CLIENT_ID,
    /* at: time of its answer; code: event_command; a: ms; b: octets of the reply; outcome */
    EVENT_COMMAND,
    EVENT_LITERAL, /* b: octets */
    EVENT_IDLE_BEGIN,
    EVENT_IDLE_END,  /* a: seconds; outcome EVENT_OK: DONE came */
    EVENT_KEEPALIVE, /* a: seconds of silence before it; b: number in a row, the last at `at` */
    EVENT_ACKNOWLEDGED, /* a: ms from sending a keepalive to its acknowledgement; b: as there */
    EVENT_SUSPECT,      /* b: octets unacknowledged */
    EVENT_PUSH,         /* a: EXISTS or 0; b: octets */
    EVENT_BLOCKED,      /* output waits for the reader; b: octets queued */
    EVENT_UNBLOCKED,    /* a: ms it waited */
    EVENT_MESSAGE,      /* LMTP: b: octets of the message; a: recipients */
    EVENT_END,          /* code: 0; the reason is stored elsewhere */
    EVENT_KIND_COUNT,
};

/* How somebody logged in. Stored: add rows at the end. */
enum event_login {
    EVENT_LOGIN_UNKNOWN, /* in records of older servers */
    EVENT_LOGIN_COMMAND, /* IMAP's LOGIN command */
    EVENT_LOGIN_PLAIN,
    EVENT_LOGIN_LOGIN, /* the mechanism LOGIN */
    EVENT_LOGIN_SCRAM_SHA_256,
    EVENT_LOGIN_SCRAM_SHA_256_PLUS,
    EVENT_LOGIN_EXTERNAL,
    EVENT_LOGIN_OAUTHBEARER,
    EVENT_LOGIN_XOAUTH2,
    EVENT_LOGIN_COUNT,
};
/** "SCRAM-SHA-256"; "": unknown. */
const char *event_login_name(uint8_t how);

enum event_outcome { EVENT_PENDING, EVENT_OK, EVENT_NO, EVENT_BAD };

struct event {
    uint32_t at_ms_low; /* ms since the beginning of the session, 40 bits */
    uint8_t at_ms_high;
    uint8_t kind;    /* enum event_kind */
    uint8_t code;    /* see the kind */
    uint8_t outcome; /* enum event_outcome */
    uint32_t a;
    uint32_t b;
};

/* Zeroed: empty. Owned by the session; no lock. */
struct event_ring {
    uint32_t count; /* all events ever noted; the last LIMIT_EVENT_RING are kept */
    struct event at[LIMIT_EVENT_RING];
};

/* A ring that grows with the number of events, for the session itself, because most sessions
 * have few. */
struct event_log {
    struct event_ring *ring; /* owned; its size follows from room */
    /* events that it has room for before it must grow or wrap around */
    uint32_t room;
};

/** False: no memory. */
MUST_USE bool event_log_init(struct event_log *log);
void event_log_done(struct event_log *log);
/** Forgets all events. */
void event_log_clear(struct event_log *log);
/** Returns the ring with room for another event, which must be noted now. Earlier events may
 * move. If the ring cannot grow, the latest event is overwritten. */
struct event_ring *event_log_room(struct event_log *log);
/** Copies the events into a ring of full size. */
void event_log_copy(const struct event_log *log, struct event_ring *dst);

/** Notes an event and returns it, so that a command's outcome can be filled in later. It is
 * valid until the ring wraps around. at_ms: since the beginning of the session. */
struct event *event_note(struct event_ring *ring, enum event_kind kind, uint64_t at_ms);

/**
 * Notes that a keepalive was sent, or acknowledged. After weeks in IDLE, the ring would
 * contain nothing else, so consecutive keepalives and their acknowledgements are one pair of
 * events, with the time of the last one and a count.
 */
struct event *event_note_keepalive(struct event_ring *ring, enum event_kind kind,
                                   uint64_t at_ms);

static inline uint64_t
event_at_ms(const struct event *event)
{
    return (uint64_t)event->at_ms_high << 32 | event->at_ms_low;
}

/** The kept event with this index, from the oldest (0) on. NULL: there are no more. */
const struct event *event_ring_get(const struct event_ring *ring, uint32_t index);

const char *event_kind_name(enum event_kind kind);

/**
 * The number of a command ("FETCH", "UID FETCH", in upper or lower case). It is the same in all
 * versions and is stored in records. 0: unknown. This is a search, so front doors keep the
 * result in their tables.
 */
uint8_t event_command(struct span name);
/** The name of a command's number. "?": unknown. */
const char *event_command_name(uint8_t code);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One LMTP dialogue. Between transactions it holds nothing; during one, it holds the sender,
 * the accepted recipients and the spool with the message.
 *
 *   GREETED -LHLO-> READY -MAIL-> MAIL -RCPT*-> MAIL -DATA/BDAT-> RECEIVING -> DELIVERING ->
 * READY
 *
 * Private to lmtp/. Thread: the session's, for all functions.
 */
#ifndef LMTP_LMTP_SESSION_H
#define LMTP_LMTP_SESSION_H

#include "base/arena.h"
#include "base/limits.h"
#include "door/write.h"
#include "lmtp/lmtp.h"
#include "mailbox/memory/account.h"
#include "mailbox/content/ingest.h"
#include "mailbox/write/ops.h"
#include "session/spool.h"
#include "store/registry.h"
#include "syntax/lmtp.h"

enum lmtp_state {
    LMTP_GREETED,
    LMTP_READY,
    LMTP_IN_MAIL,
    LMTP_RECEIVING_DATA,
    LMTP_RECEIVING_CHUNK,
    LMTP_BETWEEN_CHUNKS, /* BDAT has begun: no MAIL, RCPT or DATA may follow (RFC 3030 section
                          * 2)
                          */
    LMTP_DELIVERING,
};

struct lmtp_rcpt {
    uint64_t account_id;
    struct span account; /* its name, for the log; in the arena, as everything here */
    struct span path;    /* as the client wrote it */
    struct span mailbox; /* canonical, from user+mailbox@domain; empty: INBOX */
    uint64_t epoch;      /* of the registry, taken before the account was looked up */
};

/* What a delivery needs next. Each step is short, so that a transaction with many recipients
 * and a large message does not occupy its thread. */
enum lmtp_delivery_step {
    DELIVERY_LOOPS, /* the message has been here before and is refused */
    /* except for the first recipient: trace lines and text go into a spool of their own */
    DELIVERY_COPY,
    DELIVERY_SCAN,
    DELIVERY_TURN, /* waits for the account's turn, in which the message is stored */
};

/* A delivery under way, in the transaction's delivery arena. */
struct lmtp_delivery {
    enum lmtp_delivery_step step;
    struct account *acct; /* held; NULL before DELIVERY_TURN */
    struct spool copy;
    uint64_t passed; /* octets copied from the transaction's spool */
    struct ingest ingest;
    struct append_msg msg;
    struct append_op op;
    struct door_write write;
    int64_t began_us;
};

struct lmtp_session {
    struct session s; /* first */
    enum lmtp_state state;
    uint32_t bad_commands;
    bool data_too_big;     /* discarded and answered with 552 */
    size_t passed_octets;  /* discarded octets of a line that is too long; 0: none is */
    enum rc spool_rc;      /* the first failure to store the message */
    char client_name[256]; /* from LHLO */
    struct arena arena;    /* of the transaction */
    struct span sender;
    bool utf8;               /* the transaction has SMTPUTF8 (RFC 6531) */
    struct lmtp_rcpt *rcpts; /* LIMIT_LMTP_RECIPIENTS of them, or NULL */
    size_t rcpt_count;
    size_t rcpt_next; /* the recipient whose delivery is next */
    struct lmtp_data data;
    uint64_t chunk_left;
    bool chunk_last;
    uint64_t octets;      /* octets of the message as sent */
    size_t prefix_octets; /* octets of the lines put before it for the first recipient */
    struct spool spool;
    struct arena delivery_arena;
    struct lmtp_delivery *delivery;
};

enum lmtp_go { LMTP_GO_ON, LMTP_GO_PARK };

static inline struct lmtp_session *
lmtp_of(struct session *session)
{
    return CONTAINER_OF(session, struct lmtp_session, s);
}

/* ---- reply.c ---- */
/** Sends one reply line: "250 2.1.5 text". Never put text of the client into it unescaped. */
PRINTF_LIKE(2, 3) void lmtp_reply(struct lmtp_session *lm, const char *fmt, ...);
/** Forgets the transaction. */
void lmtp_reset(struct lmtp_session *lm);

/* ---- rcpt.c ---- */
/** Handles RCPT and answers it. */
void lmtp_rcpt_add(struct lmtp_session *lm, struct span path);

/* ---- receive.c ---- */
/** Called for DATA or the first BDAT: puts the trace lines into the spool. */
void lmtp_receive_begin(struct lmtp_session *lm);
/** Takes the part of the message that is in conn.in. May begin the deliveries. */
void lmtp_receive(struct lmtp_session *lm);

/* ---- deliver.c ---- */
/** Takes one step for the current recipient. After the last recipient the transaction is
 * over. */
enum lmtp_go lmtp_deliver(struct lmtp_session *lm, enum task_next *next_out);
/** Gives up a delivery. False: another thread is executing it. */
bool lmtp_deliver_abandon(struct lmtp_session *lm);
/** Writes the lines put before a message for a recipient (RFC 5321 section 4.4). */
void lmtp_trace_put(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct buf *out);

#endif

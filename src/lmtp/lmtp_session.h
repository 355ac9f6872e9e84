/* SPDX-License-Identifier: MIT */
/*
 * One LMTP dialogue. Between transactions it holds nothing; during one, it holds the sender,
 * the accepted recipients and the spool with the message.
 *
 *   GREETED -LHLO-> READY -MAIL-> MAIL -RCPT*-> MAIL -DATA/BDAT-> RECEIVING -> DELIVERING ->
 * READY
 *
 * Private to lmtp/. Thread: the session's, everything.
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
    struct span account; /* its name, for the log; the arena's, as all here */
    struct span path;    /* as given */
    struct span mailbox; /* of user+mailbox@domain, canonical; empty: INBOX */
    uint64_t epoch;      /* of the registry, before the account was looked up */
};

/* What a delivery needs next. Each step is short, so that a transaction with many recipients
 * and a large message does not occupy its thread. */
enum lmtp_delivery_step {
    DELIVERY_LOOPS, /* to be refused: the message has been here before */
    DELIVERY_COPY,  /* all but the first: trace lines and text into a spool of its own */
    DELIVERY_SCAN,
    DELIVERY_TURN, /* the account's, to be stored in */
};

/* A delivery under way; in the transaction's delivery arena. */
struct lmtp_delivery {
    enum lmtp_delivery_step step;
    struct account *acct; /* held; NULL before DELIVERY_TURN */
    struct spool copy;
    uint64_t passed; /* octets of the transaction's spool */
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
    bool data_too_big;     /* swallowed, answered with 552 */
    size_t passed_octets;  /* of a line that is too long; 0: it is not */
    enum rc spool_rc;      /* the first failure to keep the message */
    char client_name[256]; /* of LHLO */
    struct arena arena;    /* the transaction's */
    struct span sender;
    bool utf8;               /* the transaction has SMTPUTF8 (RFC 6531) */
    struct lmtp_rcpt *rcpts; /* LIMIT_LMTP_RECIPIENTS of them, or NULL */
    size_t rcpt_count;
    size_t rcpt_next; /* the one to deliver to */
    struct lmtp_data data;
    uint64_t chunk_left;
    bool chunk_last;
    uint64_t octets;      /* of the message as sent */
    size_t prefix_octets; /* of the lines put before it for the first recipient */
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
/** One reply line: "250 2.1.5 text". Text of the client is never put into it unescaped. */
PRINTF_LIKE(2, 3) void lmtp_reply(struct lmtp_session *lm, const char *fmt, ...);
/** Forgets the transaction. */
void lmtp_reset(struct lmtp_session *lm);

/* ---- rcpt.c ---- */
/** RCPT: answers it. */
void lmtp_rcpt_add(struct lmtp_session *lm, struct span path);

/* ---- receive.c ---- */
/** DATA or the first BDAT: puts the trace lines into the spool. */
void lmtp_receive_begin(struct lmtp_session *lm);
/** Takes what conn.in holds of the message; may begin the deliveries. */
void lmtp_receive(struct lmtp_session *lm);

/* ---- deliver.c ---- */
/** One step for the current recipient; after the last one the transaction is over. */
enum lmtp_go lmtp_deliver(struct lmtp_session *lm, enum task_next *next_out);
/** Gives up a delivery. False: another thread is executing it. */
bool lmtp_deliver_abandon(struct lmtp_session *lm);
/** The lines put before a message for a recipient (RFC 5321 section 4.4). */
void lmtp_trace_put(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct buf *out);

#endif

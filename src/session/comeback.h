/* SPDX-License-Identifier: MIT */
/*
 * Lines that were not acknowledged, and clients that come back: whether a silence was lost.
 *
 *     suspect, or over ---> DOUBT --- acknowledged after all ---> forgotten
 *                            |  \---- LIMIT_NETWORK_COMEBACK_S --> forgotten: nobody knows
 *                            |
 *                            | the account shows life on another connection, begun after the
 *                            | silence, by a client whose name is not a different one
 *                            v
 *                          CAME BACK --- the first connection is over, or still does not
 *                                        acknowledge two minutes later ---> a verdict
 *
 * A client's name (ID) often comes after its login, so a verdict waits for some seconds. Two
 * minutes are the longest time that a kernel waits between two attempts (RFC 6298 section 2.5
 * requires at least 60 s; Linux's limit is 120 s), so after that, a line that could still
 * arrive has arrived.
 *
 * There are no locks here; session/networks.c has one. Pure except for memory; the time is
 * passed in.
 */
#ifndef SESSION_COMEBACK_H
#define SESSION_COMEBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/addr.h"
#include "session/learn.h"

struct comebacks;

/* A connection of an account. Times are monotonic. */
struct comeback_conn {
    uint64_t account;
    uint64_t session;
    struct net_addr network;
    uint32_t name;     /* hash of the client's name; 0: unknown */
    int64_t opened_us; /* of a connection that shows life */
    int64_t silent_us; /* of a connection in doubt: when its silence began */
    /* of a connection in doubt: when the line that ended the silence was sent */
    int64_t line_us;
    struct learn_line line;
};

/** NULL: no memory. */
MUST_USE struct comebacks *comebacks_new(void);
void comebacks_free(struct comebacks *comebacks);

/** The line of conn is unacknowledged. over: its connection has ended, too. May be called again
 * for the same line. If there are LIMIT_NETWORK_DOUBTS already, the oldest doubt is dropped. */
void comebacks_doubt(struct comebacks *comebacks, const struct comeback_conn *conn, bool over,
                     int64_t now_us);
/** The line was acknowledged, or the end of the connection explains why it was not. */
void comebacks_forget(struct comebacks *comebacks, uint64_t account, uint64_t session);
/** This connection shows life: a login, a name that became known, or an acknowledged line. */
void comebacks_life(struct comebacks *comebacks, const struct comeback_conn *conn,
                    int64_t now_us);

struct comeback_verdict {
    struct net_addr network;
    struct learn_line line;
    unsigned thirds; /* LEARN_WHOLE: came back from the same network; else LEARN_WEAK */
};
/** Gives the verdicts that are due, each once, and returns their number. Forgets what is too
 * old. */
size_t comebacks_settle(struct comebacks *comebacks, int64_t now_us,
                        struct comeback_verdict *out, size_t max);
size_t comebacks_count(const struct comebacks *comebacks);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Limits the verifications of passwords, not the answers, because a guesser need not wait for
 * a slow NO. Each verification is paid for before it is made, and only a right password gets
 * its price back. A client that hangs up while it waits gets nothing back.
 *
 *   an address                 LIMIT_GUESSES at once, then one in LIMIT_GUESS_MS; further ones
 *   (IPv6: its /64)            wait up to LIMIT_THROTTLE_MS, and beyond that are refused
 *   a login, from wherever     as many at once, then one in LIMIT_GUESS_LOGIN_MS; further ones
 *                              wait, but never so long that its owner is locked out
 *   a known pair               (an address and a login that succeeded together lately):
 *                              LIMIT_GUESSES of its own. Until they are spent it waits for
 *                              nothing; one comes back in LIMIT_GUESS_KNOWN_MS
 *   a trusted address          (a webmail): many people use it, so each login there has such a
 *                              budget instead of the address
 *
 * A known pair that has spent its own budget is verified at the price of its address, but
 * leaves LIMIT_GUESSES_LEFT there to others. If the budget of the address is spent too, it is
 * not refused but waits for LIMIT_THROTTLE_MS, unless many wait like that already
 * (LIMIT_GUESS_CROWD_MS).
 *
 * Somebody who guesses at a login from its owner's own address cannot be told from the owner
 * before the password is verified. Remembering right passwords does not help: if the right one
 * were confirmed at once, whatever the budget, it would be clear at once that all others are
 * wrong. So the last LIMIT_GUESSES_KEPT of a known pair's budget are for those who come while
 * somebody of the pair is waiting. A guesser who waits for answers, or hangs up, never gets
 * them, and the owner does not have to wait. If several guess there at the same time, they can
 * spend them, and then the owner waits as long as they do.
 *
 * A password that was refused before is not a guess; auth.c answers it without coming here.
 * The tables are bounded, and entries expire. Thread: any, all functions.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/span.h"

struct throttle;

/* Whose password is to be verified, and from where. */
struct throttle_who {
    struct span address; /* 4 or 16 octets in network order; empty: local, which never waits */
    uint64_t login;      /* a number for the account, or for the name if there is no account */
    bool known;          /* address and login have succeeded together recently: known.h */
    bool trusted;        /* the address is that of a webmail or proxy */
};

/* The order in which verifications that wait for a processor are made. */
enum throttle_rank {
    THROTTLE_KNOWN,
    THROTTLE_CLEAN, /* the address got nothing wrong recently */
    THROTTLE_LATE,
};

enum throttle_budget {
    BUDGET_ADDRESS,
    BUDGET_LOGIN,
    /* of a login at a trusted address; also notes whether an address failed at a login
     * recently */
    BUDGET_PAIR,
    BUDGET_KNOWN, /* of a known pair */
    /* of a known pair: places to wait for logins that would otherwise be refused */
    BUDGET_CROWD,
    BUDGET_COUNT,
};

/* What was paid, and for what. Zeroed: nothing. */
struct throttle_ticket {
    /* time to wait before the password may be looked at; -1: it must not be, the budget is
     * spent */
    int64_t wait_ms;
    enum throttle_rank rank;
    bool counted; /* failures count, because the peer is not local */
    uint64_t keys[BUDGET_COUNT];
    int64_t entered_ms; /* when it was paid; monotonic */
    int64_t paid_ms[BUDGET_COUNT];
    int64_t until_ms[BUDGET_COUNT]; /* when time will have refilled what was paid; monotonic */
    int64_t busy_ms; /* until when it keeps its known pair busy; monotonic; 0: not at all */
    bool open;       /* there is no verdict yet */
};

/** entries: of each table, at least 8, rounded up to a power of two. NULL: no memory. */
struct throttle *throttle_new(uint32_t entries, const struct clock *clock);
void throttle_free(struct throttle *throttle);

/** Pays for one verification and fills *ticket_out. If wait_ms is -1, nothing was paid. */
void throttle_enter(struct throttle *throttle, const struct throttle_who *who,
                    struct throttle_ticket *ticket_out);
/** The password was wrong. */
void throttle_failed(struct throttle *throttle, struct throttle_ticket *ticket);
/** The client hung up, and its password will not be verified. It gets nothing back, but no
 * longer keeps its known pair busy. Does nothing if there was a verdict, or nothing was
 * paid. */
void throttle_left(struct throttle *throttle, struct throttle_ticket *ticket);
/** The password was right, or is already known to be wrong, so it was not a guess. Gives back
 * what was paid. */
void throttle_refund(struct throttle *throttle, struct throttle_ticket *ticket);

#endif

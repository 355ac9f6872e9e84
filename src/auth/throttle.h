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
 *   a trusted address          (a webmail): many people stand behind it, so each login there
 *                              has such a budget instead of the address
 *
 * A known pair that has spent its own budget is verified at the price of its address, but
 * leaves LIMIT_GUESSES_LEFT there to others. If the address has nothing for it either, it is
 * not refused but waits for LIMIT_THROTTLE_MS, unless many wait like that
 * (LIMIT_GUESS_CROWD_MS).
 *
 * Whoever guesses at a login from its owner's own address cannot be told from the owner before
 * the password is verified. A memory of right passwords does not help: to confirm the right one
 * at once, whatever the budget, would tell at once that all others are wrong. So the last
 * LIMIT_GUESSES_KEPT of a known pair's budget are for those who come while somebody of the pair
 * is waiting. A guesser who waits for his answers, or hangs up, never gets them, and the owner
 * waits for nothing. Several who guess at the same time there spend them, and then the owner
 * waits as long as they do.
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

/* For whom a password is to be verified. */
struct throttle_who {
    struct span address; /* 4 or 16 octets in network order; empty: local, which never waits */
    uint64_t login;      /* a number for the account, or for the name when there is none */
    bool known;          /* address and login have succeeded together lately: known.h */
    bool trusted;        /* the address is of a webmail or proxy */
};

/* The order in which verifications that wait for a processor are made. */
enum throttle_rank {
    THROTTLE_KNOWN,
    THROTTLE_CLEAN, /* the address got nothing wrong lately */
    THROTTLE_LATE,
};

enum throttle_budget {
    BUDGET_ADDRESS,
    BUDGET_LOGIN,
    BUDGET_PAIR,  /* of a trusted address; and whether an address failed at a login lately */
    BUDGET_KNOWN, /* of a known pair */
    BUDGET_CROWD, /* of a known pair: places to wait in for those who would be refused */
    BUDGET_COUNT,
};

/* What was paid, and what for. All zero: nothing. */
struct throttle_ticket {
    int64_t wait_ms; /* before the password may be looked at; -1: not at all, it is too much */
    enum throttle_rank rank;
    bool counted; /* failures count: it is not a local peer */
    uint64_t keys[BUDGET_COUNT];
    int64_t entered_ms; /* monotonic */
    int64_t paid_ms[BUDGET_COUNT];
    int64_t until_ms[BUDGET_COUNT]; /* monotonic: when time has paid for it */
    int64_t busy_ms; /* monotonic: until when it keeps its known pair busy; 0: it does not */
    bool open;       /* no verdict yet */
};

/** entries: of each table, at least 8, rounded up to a power of two. NULL: no memory. */
struct throttle *throttle_new(uint32_t entries, const struct clock *clock);
void throttle_free(struct throttle *throttle);

/** Pays for one verification and fills *ticket_out. If wait_ms is -1, nothing was paid. */
void throttle_enter(struct throttle *throttle, const struct throttle_who *who,
                    struct throttle_ticket *ticket_out);
/** The password was wrong. */
void throttle_failed(struct throttle *throttle, struct throttle_ticket *ticket);
/** The client hung up, and its password will not be verified. It gets nothing back, but keeps
 * nobody waiting any longer. Does nothing if there was a verdict, or nothing was paid. */
void throttle_left(struct throttle *throttle, struct throttle_ticket *ticket);
/** The password was right, or is already known to be wrong, so it was not a guess. Gives back
 * what was paid. */
void throttle_refund(struct throttle *throttle, struct throttle_ticket *ticket);

#endif

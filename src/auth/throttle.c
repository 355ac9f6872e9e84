/* SPDX-License-Identifier: MIT */
/*
 * Tables of the same form, one for each kind of budget, with rows of eight in which the least
 * important entry is replaced. Keys are 64-bit hashes under a key of the process.
 *
 * A budget is stored as the time at which it will be full again (full_ms). Each verification
 * moves that time forward by its price. Something is left as long as the time is less than the
 * whole budget ahead.
 *
 *      now          now + burst * price
 *       |<------ budget ------>|
 *       |######spent####|      |        full_ms at the end of what is spent
 *
 * The prices are 15 s for one address and 4 s for one login, so guessing for a long time is
 * slow; only the first LIMIT_GUESSES are quick (tests/unit/auth/test_guessing.c simulates it).
 */
#include "auth/throttle.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/lock.h"
#include "base/map.h"

enum {
    WAYS = 8,
    CLEAN_MS = 3600000, /* an address or a pair that failed within this time is not clean */
    CLEAN_WAIT_MS = 10000,
    HASH_MS = 10000,     /* after a wait, the verdict should arrive within this time */
    ADDRESS6_OCTETS = 8, /* the network part of an IPv6 address */
};

struct throttle_entry {
    uint64_t key;      /* 0: empty */
    int64_t full_ms;   /* when the budget will be full again; monotonic */
    int64_t failed_ms; /* time of the last wrong password; monotonic */
    /* monotonic; earlier payments were forgotten, and nothing is given back for them */
    int64_t made_ms;
    int64_t busy_ms; /* a known pair: somebody waits for a verdict until then; monotonic */
};

struct throttle {
    struct lock lock; /* LOCK_THROTTLE; guards the tables */
    uint32_t rows;    /* a power of two */
    const struct clock *clock;
    struct throttle_entry *tables[BUDGET_COUNT]; /* owned */
};

static const struct {
    int64_t price_ms;
    int64_t burst;
} rates[BUDGET_COUNT] = {
    [BUDGET_ADDRESS] = {LIMIT_GUESS_MS, LIMIT_GUESSES},
    [BUDGET_LOGIN] = {LIMIT_GUESS_LOGIN_MS, LIMIT_GUESSES},
    [BUDGET_PAIR] = {LIMIT_GUESS_MS, LIMIT_GUESSES},
    [BUDGET_KNOWN] = {LIMIT_GUESS_KNOWN_MS, LIMIT_GUESSES},
    [BUDGET_CROWD] = {LIMIT_GUESS_CROWD_MS, LIMIT_THROTTLE_MS / LIMIT_GUESS_CROWD_MS},
};

struct throttle *
throttle_new(uint32_t entries, const struct clock *clock)
{
    struct throttle *throttle = calloc(1, sizeof *throttle);

    if (throttle == NULL)
        return NULL;
    lock_init(&throttle->lock, LOCK_THROTTLE);
    throttle->clock = clock;
    throttle->rows = 1;
    while (throttle->rows * WAYS < entries && throttle->rows < UINT32_MAX / 2 / WAYS)
        throttle->rows *= 2;
    const size_t count = (size_t)throttle->rows * WAYS;
    for (size_t i = 0; i < BUDGET_COUNT; i++) {
        throttle->tables[i] = calloc(count, sizeof *throttle->tables[i]);
        if (throttle->tables[i] == NULL) {
            throttle_free(throttle);
            return NULL;
        }
    }
    return throttle;
}

void
throttle_free(struct throttle *throttle)
{
    if (throttle == NULL)
        return;
    for (size_t i = 0; i < BUDGET_COUNT; i++)
        free(throttle->tables[i]);
    lock_done(&throttle->lock);
    free(throttle);
}

/* --- Keys --- */

static uint64_t
key_of(struct span address, uint64_t login)
{
    char text[16 + sizeof login] = {0};
    const size_t len = address.len == 16  ? ADDRESS6_OCTETS
                       : address.len > 16 ? 16
                                          : address.len;

    if (len > 0)
        memcpy(text, address.ptr, len);
    memcpy(text + 16, &login, sizeof login);
    const uint64_t key = map_hash(span_of(text, sizeof text));
    return key == 0 ? 1 : key;
}

/* --- Tables, with the lock held --- */

static struct throttle_entry *
row_of(const struct throttle *throttle, enum throttle_budget budget, uint64_t key)
{
    return &throttle->tables[budget][(size_t)(key & (throttle->rows - 1)) * WAYS];
}

static struct throttle_entry *
find(const struct throttle *throttle, enum throttle_budget budget, uint64_t key)
{
    struct throttle_entry *row = row_of(throttle, budget, key);

    for (unsigned i = 0; i < WAYS; i++)
        if (row[i].key == key)
            return &row[i];
    return NULL;
}

/* The time until which an entry is needed: for its debt, or for the memory of a failure. */
static int64_t
worth_ms(const struct throttle_entry *entry)
{
    return entry->full_ms > entry->failed_ms ? entry->full_ms : entry->failed_ms;
}

static struct throttle_entry *
find_or_make(const struct throttle *throttle, enum throttle_budget budget, uint64_t key,
             int64_t now_ms)
{
    struct throttle_entry *entry = find(throttle, budget, key);

    if (entry != NULL)
        return entry;
    struct throttle_entry *row = row_of(throttle, budget, key);
    entry = row;
    for (unsigned i = 1; i < WAYS && entry->key != 0; i++)
        if (row[i].key == 0 || worth_ms(&row[i]) < worth_ms(entry))
            entry = &row[i];
    *entry = (struct throttle_entry){.key = key, .failed_ms = INT64_MIN / 2, .made_ms = now_ms};
    return entry;
}

/* The time until the budget has room for one more and still has `kept` after that. */
static int64_t
wait_for(const struct throttle *throttle, enum throttle_budget budget, uint64_t key,
         int64_t kept, int64_t now_ms)
{
    const struct throttle_entry *entry = find(throttle, budget, key);
    const int64_t ahead_ms = entry == NULL ? 0 : entry->full_ms - now_ms;
    const int64_t wait_ms =
        ahead_ms - (rates[budget].burst - kept - 1) * rates[budget].price_ms;

    return wait_ms < 0 ? 0 : wait_ms;
}

static bool
is_clean(const struct throttle *throttle, enum throttle_budget budget, uint64_t key,
         int64_t now_ms)
{
    const struct throttle_entry *entry = find(throttle, budget, key);

    return entry == NULL || now_ms - entry->failed_ms >= CLEAN_MS;
}

/* Debts are limited to what the longest wait allows. */
static void
pay(struct throttle *throttle, enum throttle_budget budget, int64_t now_ms,
    struct throttle_ticket *ticket)
{
    struct throttle_entry *entry = find_or_make(throttle, budget, ticket->keys[budget], now_ms);
    const int64_t price_ms = rates[budget].price_ms;
    const int64_t most_ms = now_ms + rates[budget].burst * price_ms + LIMIT_THROTTLE_MS;
    const int64_t from_ms = entry->full_ms > now_ms ? entry->full_ms : now_ms;
    const int64_t to_ms = from_ms + price_ms > most_ms ? most_ms : from_ms + price_ms;

    ticket->paid_ms[budget] = to_ms > from_ms ? to_ms - from_ms : 0;
    entry->full_ms = ticket->until_ms[budget] = from_ms + ticket->paid_ms[budget];
}

/* --- Exported functions --- */

/* Pays from the pair's own budget. While somebody of the pair waits for a verdict, the next one
 * may be another person, so only that one may use what is kept back. */
static bool
enter_known(struct throttle *throttle, int64_t now_ms, struct throttle_ticket *ticket)
{
    const uint64_t pair = ticket->keys[BUDGET_KNOWN];
    const struct throttle_entry *entry = find(throttle, BUDGET_KNOWN, pair);
    const bool is_busy = entry != NULL && entry->busy_ms > now_ms;

    if (wait_for(throttle, BUDGET_KNOWN, pair, is_busy ? 0 : LIMIT_GUESSES_KEPT, now_ms) > 0)
        return false;
    ticket->rank = THROTTLE_KNOWN;
    ticket->wait_ms = 0;
    pay(throttle, BUDGET_KNOWN, now_ms, ticket);
    return true;
}

/* Pays from the budgets that are for everybody. */
static bool
enter_any(struct throttle *throttle, const struct throttle_who *who, int64_t now_ms,
          struct throttle_ticket *ticket)
{
    const uint64_t pair = ticket->keys[BUDGET_PAIR];
    const enum throttle_budget own = who->trusted ? BUDGET_PAIR : BUDGET_ADDRESS;
    const int64_t kept = who->known ? LIMIT_GUESSES_LEFT : 0;

    const int64_t wait_ms = wait_for(throttle, own, ticket->keys[own], kept, now_ms);
    if (wait_ms > LIMIT_THROTTLE_MS)
        return false;
    /* A flood on one login comes from addresses that have failed at it. Its owner at a new
     * address has not failed, and waits for less time. */
    const int64_t most_ms =
        is_clean(throttle, BUDGET_PAIR, pair, now_ms) ? CLEAN_WAIT_MS : LIMIT_THROTTLE_MS;
    int64_t login_ms = wait_for(throttle, BUDGET_LOGIN, ticket->keys[BUDGET_LOGIN], 0, now_ms);
    if (login_ms > most_ms)
        login_ms = most_ms;
    ticket->wait_ms = login_ms > wait_ms ? login_ms : wait_ms;
    ticket->rank =
        is_clean(throttle, own, ticket->keys[own], now_ms) ? THROTTLE_CLEAN : THROTTLE_LATE;
    pay(throttle, own, now_ms, ticket);
    pay(throttle, BUDGET_LOGIN, now_ms, ticket);
    return true;
}

/* For a known pair that has nothing left anywhere. Each login has to wait for the longest time,
 * so several connections get no more than if every login had to wait in line.
 */
static bool
enter_crowd(struct throttle *throttle, int64_t now_ms, struct throttle_ticket *ticket)
{
    if (wait_for(throttle, BUDGET_CROWD, ticket->keys[BUDGET_CROWD], 0, now_ms) > 0)
        return false;
    ticket->rank = THROTTLE_LATE;
    ticket->wait_ms = LIMIT_THROTTLE_MS;
    pay(throttle, BUDGET_CROWD, now_ms, ticket);
    return true;
}

static void
enter_locked(struct throttle *throttle, const struct throttle_who *who, int64_t now_ms,
             struct throttle_ticket *ticket)
{
    ticket->open = (who->known && enter_known(throttle, now_ms, ticket)) ||
                   enter_any(throttle, who, now_ms, ticket) ||
                   (who->known && enter_crowd(throttle, now_ms, ticket));
    if (!ticket->open) {
        ticket->wait_ms = -1;
        return;
    }
    if (!who->known || ticket->wait_ms == 0)
        return;
    struct throttle_entry *entry =
        find_or_make(throttle, BUDGET_KNOWN, ticket->keys[BUDGET_KNOWN], now_ms);
    ticket->busy_ms = now_ms + ticket->wait_ms + HASH_MS;
    if (entry->busy_ms < ticket->busy_ms)
        entry->busy_ms = ticket->busy_ms;
}

void
throttle_enter(struct throttle *throttle, const struct throttle_who *who,
               struct throttle_ticket *ticket_out)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    *ticket_out = (struct throttle_ticket){.rank = THROTTLE_KNOWN};
    if (who->address.len == 0)
        return;
    ticket_out->counted = true;
    ticket_out->keys[BUDGET_ADDRESS] = key_of(who->address, 0);
    ticket_out->keys[BUDGET_LOGIN] = key_of(SPAN(""), who->login);
    ticket_out->keys[BUDGET_PAIR] = key_of(who->address, who->login);
    ticket_out->keys[BUDGET_KNOWN] = ticket_out->keys[BUDGET_PAIR];
    ticket_out->keys[BUDGET_CROWD] = ticket_out->keys[BUDGET_PAIR];
    ticket_out->entered_ms = now_ms;
    lock_enter(&throttle->lock);
    enter_locked(throttle, who, now_ms, ticket_out);
    lock_leave(&throttle->lock);
}

/* The login no longer waits, for whatever reason. With the lock held. */
static void
close_ticket(struct throttle *throttle, struct throttle_ticket *ticket)
{
    struct throttle_entry *entry =
        ticket->busy_ms == 0 ? NULL : find(throttle, BUDGET_KNOWN, ticket->keys[BUDGET_KNOWN]);

    ticket->open = false;
    if (entry != NULL && entry->busy_ms == ticket->busy_ms)
        entry->busy_ms = 0; /* it was the last one waiting */
}

void
throttle_failed(struct throttle *throttle, struct throttle_ticket *ticket)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    if (!ticket->counted)
        return;
    lock_enter(&throttle->lock);
    close_ticket(throttle, ticket);
    find_or_make(throttle, BUDGET_ADDRESS, ticket->keys[BUDGET_ADDRESS], now_ms)->failed_ms =
        now_ms;
    find_or_make(throttle, BUDGET_PAIR, ticket->keys[BUDGET_PAIR], now_ms)->failed_ms = now_ms;
    lock_leave(&throttle->lock);
}

/* What time has refilled is not given back again. Otherwise a client could keep an exchange
 * open, end it with a right password later, and gain guesses. */
static int64_t
left_ms(const struct throttle_ticket *ticket, unsigned budget, int64_t now_ms)
{
    const int64_t left = ticket->until_ms[budget] - now_ms;

    return left < 0 ? 0 : left < ticket->paid_ms[budget] ? left : ticket->paid_ms[budget];
}

static void
give_back(struct throttle *throttle, enum throttle_budget budget, int64_t now_ms,
          struct throttle_ticket *ticket)
{
    struct throttle_entry *entry =
        ticket->paid_ms[budget] == 0 ? NULL : find(throttle, budget, ticket->keys[budget]);

    if (entry != NULL && entry->made_ms <= ticket->entered_ms)
        entry->full_ms -= left_ms(ticket, budget, now_ms);
    ticket->paid_ms[budget] = 0;
}

void
throttle_refund(struct throttle *throttle, struct throttle_ticket *ticket)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    lock_enter(&throttle->lock);
    close_ticket(throttle, ticket);
    for (unsigned i = 0; i < BUDGET_COUNT; i++)
        give_back(throttle, i, now_ms, ticket);
    lock_leave(&throttle->lock);
}

/* A place among those who wait is not a verification, so it is given back. */
void
throttle_left(struct throttle *throttle, struct throttle_ticket *ticket)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    if (!ticket->open)
        return;
    lock_enter(&throttle->lock);
    close_ticket(throttle, ticket);
    give_back(throttle, BUDGET_CROWD, now_ms, ticket);
    lock_leave(&throttle->lock);
}

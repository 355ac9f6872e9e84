/* SPDX-License-Identifier: MIT */
/*
 * Three tables of the same shape (rows of eight, the least lately used entry gives way):
 * failures by address, failures by login name, and good pairs of both. Keys are 64-bit hashes
 * under a key of the process: a collision, which nobody can provoke, would only slow a login
 * down.
 *
 * A failure sets the time before which no further attempt is looked at; each attempt that waits
 * for it moves it on, so attempts made at once wait one behind the other.
 */
#include "auth/throttle.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/lock.h"
#include "base/map.h"

enum {
    WAYS = 8,
    FORGIVE_MS = 300000,    /* after so long without failure their number is halved */
    GOOD_MS = 7 * 86400000, /* a good pair is remembered so long */
    ADDRESS6_OCTETS = 8,    /* of an IPv6 address: its network */
    KEY_OCTETS = 320,
};

struct throttle_entry {
    uint64_t key;    /* 0: empty */
    int64_t last_ms; /* monotonic: last failure, or success in the good table */
    int64_t next_ms; /* no attempt before */
    uint32_t failures;
};

struct table {
    struct throttle_entry *entries; /* owned */
};

struct throttle {
    struct lock lock; /* LOCK_THROTTLE; guards the tables */
    uint32_t rows;    /* a power of two */
    const struct clock *clock;
    struct table by_address;
    struct table by_login;
    struct table good;
};

/* Wait after the nth failure, ms. A mistyped password costs little; guessing costs much. By
 * login name it is less: others must not be able to lock somebody out. */
static const int32_t address_steps_ms[] = {0, 500, 1000, 2000, 4000, 8000, 15000};
static const int32_t login_steps_ms[] = {0, 0, 0, 500, 1000, 2000, 4000};

static int64_t
step_ms(const int32_t *steps, uint32_t failures)
{
    const uint32_t last = ARRAY_LEN(address_steps_ms) - 1;

    return steps[failures < last ? failures : last];
}

_Static_assert(ARRAY_LEN(address_steps_ms) == ARRAY_LEN(login_steps_ms), "one bound for both");

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
    struct table *const tables[] = {&throttle->by_address, &throttle->by_login,
                                    &throttle->good};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        tables[i]->entries = calloc(count, sizeof *tables[i]->entries);
        if (tables[i]->entries == NULL) {
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
    free(throttle->by_address.entries);
    free(throttle->by_login.entries);
    free(throttle->good.entries);
    lock_done(&throttle->lock);
    free(throttle);
}

/* --- Keys --- */

static size_t
put_address(char *dst, struct span address)
{
    const size_t len = address.len == 16  ? ADDRESS6_OCTETS
                       : address.len > 16 ? 16
                                          : address.len;

    if (len > 0)
        memcpy(dst, address.ptr, len);
    return len;
}

static size_t
put_login(char *dst, size_t room, struct span login)
{
    const size_t len = login.len < room ? login.len : room;

    for (size_t i = 0; i < len; i++)
        dst[i] = ascii_lower(login.ptr[i]);
    return len;
}

static uint64_t
key_of(struct span address, struct span login)
{
    char text[KEY_OCTETS];
    size_t len = put_address(text, address);

    text[len++] = '\0';
    len += put_login(text + len, sizeof text - len, login);
    const uint64_t key = map_hash(span_of(text, len));
    return key == 0 ? 1 : key;
}

/* --- Tables, with the lock held --- */

static struct throttle_entry *
row_of(const struct throttle *throttle, const struct table *table, uint64_t key)
{
    return &table->entries[(size_t)(key & (throttle->rows - 1)) * WAYS];
}

static struct throttle_entry *
find(const struct throttle *throttle, const struct table *table, uint64_t key)
{
    struct throttle_entry *row = row_of(throttle, table, key);

    for (unsigned i = 0; i < WAYS; i++)
        if (row[i].key == key)
            return &row[i];
    return NULL;
}

static struct throttle_entry *
find_or_make(const struct throttle *throttle, const struct table *table, uint64_t key)
{
    struct throttle_entry *entry = find(throttle, table, key);

    if (entry != NULL)
        return entry;
    struct throttle_entry *row = row_of(throttle, table, key);
    entry = row;
    for (unsigned i = 1; i < WAYS && entry->key != 0; i++)
        if (row[i].key == 0 || row[i].last_ms < entry->last_ms)
            entry = &row[i];
    *entry = (struct throttle_entry){.key = key};
    return entry;
}

/* Forgives with time. */
static void
age(struct throttle_entry *entry, int64_t now_ms)
{
    const int64_t halvings = (now_ms - entry->last_ms) / FORGIVE_MS;

    if (halvings <= 0)
        return;
    entry->failures = halvings < 32 ? entry->failures >> halvings : 0;
    entry->last_ms += halvings * FORGIVE_MS;
}

static void
note_failure(struct throttle *throttle, const struct table *table, uint64_t key,
             const int32_t *steps, int64_t now_ms)
{
    struct throttle_entry *entry = find_or_make(throttle, table, key);

    age(entry, now_ms);
    if (entry->failures < UINT32_MAX)
        entry->failures++;
    entry->last_ms = now_ms;
    const int64_t next_ms = now_ms + step_ms(steps, entry->failures);
    if (next_ms > entry->next_ms)
        entry->next_ms = next_ms;
}

/* How long an attempt must wait by this table; the next one waits a step longer. */
static int64_t
take_turn(struct throttle *throttle, const struct table *table, uint64_t key,
          const int32_t *steps, int64_t now_ms)
{
    struct throttle_entry *entry = find(throttle, table, key);

    if (entry == NULL)
        return 0;
    age(entry, now_ms);
    const int64_t step = step_ms(steps, entry->failures);
    if (step == 0)
        return 0;
    int64_t wait_ms = entry->next_ms > now_ms ? entry->next_ms - now_ms : 0;
    if (wait_ms > LIMIT_THROTTLE_MS)
        wait_ms = LIMIT_THROTTLE_MS;
    entry->next_ms = now_ms + wait_ms + step;
    return wait_ms;
}

static bool
is_good(const struct throttle *throttle, uint64_t key, int64_t now_ms)
{
    const struct throttle_entry *entry = find(throttle, &throttle->good, key);

    return entry != NULL && now_ms - entry->last_ms < GOOD_MS;
}

/* --- Outside --- */

int64_t
throttle_enter_ms(struct throttle *throttle, struct span address, struct span login)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);
    int64_t wait_ms = 0;

    if (address.len == 0)
        return 0;
    lock_enter(&throttle->lock);
    if (!is_good(throttle, key_of(address, login), now_ms)) {
        const int64_t by_address =
            take_turn(throttle, &throttle->by_address, key_of(address, SPAN("")),
                      address_steps_ms, now_ms);
        const int64_t by_login = take_turn(throttle, &throttle->by_login,
                                           key_of(SPAN(""), login), login_steps_ms, now_ms);
        wait_ms = by_address > by_login ? by_address : by_login;
    }
    lock_leave(&throttle->lock);
    return wait_ms;
}

void
throttle_failed(struct throttle *throttle, struct span address, struct span login)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    if (address.len == 0)
        return;
    lock_enter(&throttle->lock);
    /* Who fails from a good address is not known there any more: it may be a guess. */
    struct throttle_entry *good = find(throttle, &throttle->good, key_of(address, login));
    if (good != NULL)
        *good = (struct throttle_entry){0};
    note_failure(throttle, &throttle->by_address, key_of(address, SPAN("")), address_steps_ms,
                 now_ms);
    note_failure(throttle, &throttle->by_login, key_of(SPAN(""), login), login_steps_ms,
                 now_ms);
    lock_leave(&throttle->lock);
}

void
throttle_succeeded(struct throttle *throttle, struct span address, struct span login)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    if (address.len == 0)
        return;
    lock_enter(&throttle->lock);
    find_or_make(throttle, &throttle->good, key_of(address, login))->last_ms = now_ms;
    lock_leave(&throttle->lock);
}

bool
throttle_is_good(struct throttle *throttle, struct span address, struct span login)
{
    const int64_t now_ms = clock_mono_ms(throttle->clock);

    lock_enter(&throttle->lock);
    const bool good = address.len == 0 || is_good(throttle, key_of(address, login), now_ms);
    lock_leave(&throttle->lock);
    return good;
}

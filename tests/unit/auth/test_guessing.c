/* SPDX-License-Identifier: MIT */
/*
 * A day of guessing, played through with a clock of its own: how many passwords each kind of
 * guesser gets verified, beside how many the rule got them that was here before (a wait that
 * grew with each failure, for the address up to 15 s, for the login up to 4 s, 30 s at most).
 * What is allowed beyond that is the burst, once for each budget.
 */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>

#include "auth/throttle.h"
#include "base/limits.h"
#include "support/fake_clock.h"

enum { DAY_MS = 24 * 3600 * 1000, AGENTS_MAX = 64, LOGINS = 4096 };

/* Somebody with one connection who tries again as soon as he has his answer. */
struct agent {
    char address[4];
    unsigned address_number;
    int64_t patience_ms; /* then he hangs up; 0: he waits */
    int64_t when_ms;
    int64_t pause_ms; /* after each answer */
    bool known;       /* his address and the login have succeeded together */
    bool verifying;   /* else he comes next */
    unsigned login;
    struct throttle_ticket ticket;
};

/* ---- the rule of before ---- */

struct old_entry {
    int64_t last_ms;
    int64_t next_ms;
    uint32_t failures;
};

static struct old_entry old_addresses[AGENTS_MAX];
static struct old_entry old_logins[LOGINS];
static const int64_t address_steps[] = {0, 500, 1000, 2000, 4000, 8000, 15000};
static const int64_t login_steps[] = {0, 0, 0, 500, 1000, 2000, 4000};

static void
old_age(struct old_entry *entry, int64_t now_ms)
{
    const int64_t halvings = (now_ms - entry->last_ms) / 300000;

    entry->failures = halvings < 32 ? entry->failures >> halvings : 0;
    entry->last_ms += halvings * 300000;
}

static int64_t
old_step(const int64_t *steps, const struct old_entry *entry)
{
    return steps[entry->failures < 6 ? entry->failures : 6];
}

static int64_t
old_wait(struct old_entry *entry, const int64_t *steps, int64_t now_ms)
{
    old_age(entry, now_ms);
    if (old_step(steps, entry) == 0)
        return 0;
    int64_t wait_ms = entry->next_ms > now_ms ? entry->next_ms - now_ms : 0;
    if (wait_ms > 30000)
        wait_ms = 30000;
    entry->next_ms = now_ms + wait_ms + old_step(steps, entry);
    return wait_ms;
}

static void
old_failed(struct old_entry *entry, const int64_t *steps, int64_t now_ms)
{
    old_age(entry, now_ms);
    entry->failures++;
    entry->last_ms = now_ms;
    if (now_ms + old_step(steps, entry) > entry->next_ms)
        entry->next_ms = now_ms + old_step(steps, entry);
}

/* ---- a day ---- */

enum rule { BEFORE, NOW };

struct day {
    enum rule rule;
    struct fake_clock now;
    struct throttle *throttle;
    unsigned next_login; /* with many_names */
    bool many_names;
    uint64_t verified;
    int64_t owner_every_ms; /* the owner comes so often to the address of the first; 0: never */
    int64_t owner_next_ms;
    uint64_t owner_came;
    uint64_t owner_late; /* not let in within LIMIT_GUESS_KNOWN_MS */
};

static int64_t
come(struct day *day, struct agent *agent, int64_t now_ms)
{
    agent->login = day->many_names ? day->next_login++ % LOGINS : 0;
    if (day->rule == BEFORE) {
        const int64_t a =
            old_wait(&old_addresses[agent->address_number], address_steps, now_ms);
        const int64_t b = old_wait(&old_logins[agent->login], login_steps, now_ms);
        return a > b ? a : b;
    }
    const struct throttle_who who = {.address = span_of(agent->address, 4),
                                     .login = agent->login + 1,
                                     .known = agent->known};
    throttle_enter(day->throttle, &who, &agent->ticket);
    return agent->ticket.wait_ms;
}

static void
got_it_wrong(struct day *day, struct agent *agent, int64_t now_ms)
{
    day->verified++;
    if (day->rule == NOW) {
        throttle_failed(day->throttle, &agent->ticket);
        return;
    }
    old_failed(&old_addresses[agent->address_number], address_steps, now_ms);
    old_failed(&old_logins[agent->login], login_steps, now_ms);
}

static void
step(struct day *day, struct agent *agent)
{
    const int64_t now_ms = agent->when_ms;

    if (agent->verifying) {
        agent->verifying = false;
        got_it_wrong(day, agent, now_ms);
        agent->when_ms = now_ms + 20 + agent->pause_ms; /* the hash takes its time too */
        return;
    }
    const int64_t wait_ms = come(day, agent, now_ms);
    if (wait_ms < 0)
        agent->when_ms = now_ms + 1000; /* refused: he tries again */
    else if (agent->patience_ms > 0 && wait_ms > agent->patience_ms)
        agent->when_ms = now_ms + agent->patience_ms;
    else {
        agent->verifying = true;
        agent->when_ms = now_ms + wait_ms;
    }
}

/* The owner logs in, with the right password, where he is known. */
static void
owner_comes(struct day *day, const struct agent *like)
{
    const struct throttle_who who = {
        .address = span_of(like->address, 4), .login = 1, .known = true};
    struct throttle_ticket ticket;

    throttle_enter(day->throttle, &who, &ticket);
    day->owner_came++;
    day->owner_late += ticket.wait_ms < 0 || ticket.wait_ms > LIMIT_GUESS_KNOWN_MS;
    if (ticket.wait_ms >= 0)
        throttle_refund(day->throttle, &ticket);
    day->owner_next_ms += day->owner_every_ms;
}

static void
play_day(struct day *day, const struct agent *like, size_t count, bool many_addresses)
{
    static struct agent agents[AGENTS_MAX];

    memset(old_addresses, 0, sizeof old_addresses);
    memset(old_logins, 0, sizeof old_logins);
    fake_clock_init(&day->now, 1000);
    day->throttle = throttle_new(LIMIT_THROTTLE, &day->now.clock);
    for (size_t i = 0; i < count; i++) {
        agents[i] = *like;
        agents[i].address_number = many_addresses ? (unsigned)i : 0;
        memcpy(agents[i].address, (char[]){10, 0, 0, (char)agents[i].address_number}, 4);
        agents[i].when_ms = 1000 + (int64_t)i;
    }
    for (;;) {
        struct agent *next = &agents[0];
        for (size_t i = 1; i < count; i++)
            if (agents[i].when_ms < next->when_ms)
                next = &agents[i];
        if (next->when_ms >= DAY_MS)
            break;
        fake_clock_move_ms(&day->now, next->when_ms - clock_mono_ms(&day->now.clock));
        if (day->owner_every_ms != 0 && next->when_ms > day->owner_next_ms)
            owner_comes(day, &agents[0]);
        step(day, next);
    }
    throttle_free(day->throttle);
}

static uint64_t
play(enum rule rule, const struct agent *like, size_t count, bool many_addresses,
     bool many_names)
{
    struct day day = {.rule = rule, .many_names = many_names};

    play_day(&day, like, count, many_addresses);
    return day.verified;
}

static void
no_cheaper(const char *who, const struct agent *like, size_t count, bool many_addresses,
           bool many_names, uint64_t budgets)
{
    const uint64_t before = play(BEFORE, like, count, many_addresses, many_names);
    const uint64_t now = play(NOW, like, count, many_addresses, many_names);

    printf("%-40s before %6ju   now %6ju\n", who, (uintmax_t)before, (uintmax_t)now);
    assert_true(now <= before + budgets * LIMIT_GUESSES + before / 100);
    assert_true(now >= 1);
}

static void
one_guesser(void **state)
{
    (void)state;
    no_cheaper("one guesser", &(struct agent){0}, 1, false, false, 1);
    no_cheaper("one who comes once in ten seconds", &(struct agent){.pause_ms = 10000}, 1,
               false, false, 1);
    no_cheaper("one with twenty connections", &(struct agent){0}, 20, false, false, 1);
}

static void
one_that_hangs_up(void **state)
{
    (void)state;
    no_cheaper("one that hangs up after a second", &(struct agent){.patience_ms = 1000}, 1,
               false, false, 1);
    no_cheaper("the same with twenty connections", &(struct agent){.patience_ms = 1000}, 20,
               false, false, 1);
}

static void
one_address_with_many_names(void **state)
{
    (void)state;
    no_cheaper("one address with many names", &(struct agent){0}, 1, false, true, 1);
    no_cheaper("the same with twenty connections", &(struct agent){0}, 20, false, true, 1);
}

static void
many_addresses_with_one_name(void **state)
{
    (void)state;
    no_cheaper("five addresses with one name", &(struct agent){0}, 5, true, false, 5);
    no_cheaper("fifty addresses with one name", &(struct agent){0}, 50, true, false, 50);
}

/* Somebody behind the owner's own address guesses at the owner's own login: he looks like the
 * owner, so he is verified more often than a stranger, but never more than once in
 * LIMIT_GUESS_KNOWN_MS, with what a stranger there has beside it. One guesser who waits for his
 * answers leaves the owner a way in at all times. */
static void
one_at_the_owners_address(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 20; count += 19) {
        struct day day = {.rule = NOW, .owner_every_ms = 7 * 60001};
        play_day(&day, &(struct agent){.known = true}, count, false);
        printf("%2zu at the owner's address: %6ju verified, owner late %ju of %ju times\n",
               count, (uintmax_t)day.verified, (uintmax_t)day.owner_late,
               (uintmax_t)day.owner_came);
        assert_true(day.verified <= DAY_MS / LIMIT_GUESS_KNOWN_MS + DAY_MS / LIMIT_GUESS_MS +
                                        2 * LIMIT_GUESSES + 2);
        assert_true(day.owner_came > 200);
        assert_true(count > 1 || day.owner_late == 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_guesser),
        cmocka_unit_test(one_that_hangs_up),
        cmocka_unit_test(one_address_with_many_names),
        cmocka_unit_test(many_addresses_with_one_name),
        cmocka_unit_test(one_at_the_owners_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

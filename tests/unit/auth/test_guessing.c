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
    bool is_owner;    /* his password is right */
    enum { COMES, VERIFIES, HANGS_UP } next;
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
    unsigned next_login;
    unsigned names; /* tried in turn; 0: one */
    uint64_t verified;
    uint64_t owner_came;
    uint64_t owner_late; /* not let in within two seconds */
    uint64_t owner_refused;
    int64_t owner_longest_ms;
};

/* Who guesses, and where. */
struct scene {
    struct agent like;
    size_t count; /* connections */
    bool many_addresses;
    unsigned names;         /* 0: one */
    int64_t owner_every_ms; /* the owner comes to the first one's address; 0: never */
};

static int64_t
come(struct day *day, struct agent *agent, int64_t now_ms)
{
    agent->login = day->names == 0 || agent->is_owner ? 0 : day->next_login++ % day->names;
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
owner_waits(struct day *day, int64_t wait_ms)
{
    day->owner_came++;
    day->owner_refused += wait_ms < 0;
    day->owner_late += wait_ms < 0 || wait_ms > 2000;
    if (wait_ms > day->owner_longest_ms)
        day->owner_longest_ms = wait_ms;
}

static void
comes(struct day *day, struct agent *agent)
{
    const int64_t now_ms = agent->when_ms;
    const int64_t wait_ms = come(day, agent, now_ms);

    if (agent->is_owner)
        owner_waits(day, wait_ms);
    if (wait_ms < 0) { /* refused: he tries again */
        agent->when_ms = now_ms + (agent->is_owner ? agent->pause_ms : 1000);
    } else if (agent->patience_ms > 0 && wait_ms > agent->patience_ms) {
        agent->next = HANGS_UP;
        agent->when_ms = now_ms + agent->patience_ms;
    } else {
        agent->next = VERIFIES;
        agent->when_ms = now_ms + wait_ms + 20; /* the hash takes its time too */
    }
}

static void
step(struct day *day, struct agent *agent)
{
    switch (agent->next) {
    case COMES:
        comes(day, agent);
        return;
    case VERIFIES:
        if (agent->is_owner)
            throttle_refund(day->throttle, &agent->ticket);
        else
            got_it_wrong(day, agent, agent->when_ms);
        agent->when_ms += agent->pause_ms;
        break;
    case HANGS_UP:
        if (day->rule == NOW)
            throttle_left(day->throttle, &agent->ticket);
        break;
    }
    agent->next = COMES;
}

static size_t
agents_come(const struct scene *scene, struct agent agents[AGENTS_MAX])
{
    for (size_t i = 0; i < scene->count; i++) {
        agents[i] = scene->like;
        agents[i].address_number = scene->many_addresses ? (unsigned)i : 0;
        memcpy(agents[i].address, (char[]){10, 0, 0, (char)agents[i].address_number}, 4);
        agents[i].when_ms = 1000 + (int64_t)i;
    }
    if (scene->owner_every_ms == 0)
        return scene->count;
    agents[scene->count] = (struct agent){.address = {10, 0, 0, 0},
                                          .known = true,
                                          .is_owner = true,
                                          .pause_ms = scene->owner_every_ms,
                                          .when_ms = scene->owner_every_ms};
    return scene->count + 1;
}

static struct day
play(enum rule rule, const struct scene *scene)
{
    static struct agent agents[AGENTS_MAX];
    struct day day = {.rule = rule, .names = scene->names};

    memset(old_addresses, 0, sizeof old_addresses);
    memset(old_logins, 0, sizeof old_logins);
    fake_clock_init(&day.now, 1000);
    day.throttle = throttle_new(LIMIT_THROTTLE, &day.now.clock);
    const size_t count = agents_come(scene, agents);
    for (;;) {
        struct agent *next = &agents[0];
        for (size_t i = 1; i < count; i++)
            if (agents[i].when_ms < next->when_ms)
                next = &agents[i];
        if (next->when_ms >= DAY_MS)
            break;
        fake_clock_move_ms(&day.now, next->when_ms - clock_mono_ms(&day.now.clock));
        step(&day, next);
    }
    throttle_free(day.throttle);
    return day;
}

/* budgets: bursts that are allowed beyond what the rule of before gave. */
static struct day
no_cheaper(const char *who, const struct scene *scene, uint64_t budgets)
{
    struct scene without_owner = *scene;

    without_owner.owner_every_ms = 0;
    const uint64_t before = play(BEFORE, &without_owner).verified;
    const struct day now = play(NOW, scene);
    const uint64_t known = scene->like.known ? (scene->names == 0 ? 1 : scene->names) : 0;

    printf("%-44s before %6ju   now %6ju", who, (uintmax_t)before, (uintmax_t)now.verified);
    if (now.owner_came > 0)
        printf("   owner late %ju, refused %ju of %ju, longest %jd ms",
               (uintmax_t)now.owner_late, (uintmax_t)now.owner_refused,
               (uintmax_t)now.owner_came, (intmax_t)now.owner_longest_ms);
    printf("\n");
    assert_true(now.verified <= before + before / 100 + budgets * LIMIT_GUESSES +
                                    known * (DAY_MS / LIMIT_GUESS_KNOWN_MS));
    assert_true(now.verified >= 1);
    return now;
}

static void
one_guesser(void **state)
{
    (void)state;
    no_cheaper("one guesser", &(struct scene){.count = 1}, 1);
    no_cheaper("one who comes once in ten seconds",
               &(struct scene){.like.pause_ms = 10000, .count = 1}, 1);
    no_cheaper("one with twenty connections", &(struct scene){.count = 20}, 1);
}

static void
one_that_hangs_up(void **state)
{
    (void)state;
    no_cheaper("one that hangs up after a second",
               &(struct scene){.like.patience_ms = 1000, .count = 1}, 1);
    no_cheaper("the same with twenty connections",
               &(struct scene){.like.patience_ms = 1000, .count = 20}, 1);
}

static void
one_address_with_many_names(void **state)
{
    (void)state;
    no_cheaper("one address with many names", &(struct scene){.count = 1, .names = LOGINS}, 1);
    no_cheaper("the same with twenty connections",
               &(struct scene){.count = 20, .names = LOGINS}, 1);
    no_cheaper("one with fifty names that are known there",
               &(struct scene){.like.known = true, .count = 1, .names = 50}, 1 + 50);
    no_cheaper("the same with twenty connections",
               &(struct scene){.like.known = true, .count = 20, .names = 50}, 1 + 50);
}

static void
many_addresses_with_one_name(void **state)
{
    (void)state;
    no_cheaper("five addresses with one name",
               &(struct scene){.count = 5, .many_addresses = true}, 5);
    no_cheaper("fifty addresses with one name",
               &(struct scene){.count = 50, .many_addresses = true}, 50);
}

/* Somebody behind the owner's own address guesses at the owner's own login, and looks like the
 * owner. That is as expensive as anywhere else, and one who does so leaves the owner a way in.
 */
static void
one_at_the_owners_address(void **state)
{
    static const struct {
        const char *who;
        struct scene scene;
    } rows[] = {
        {"one at the owner's address", {.count = 1}},
        {"the same, hanging up after a second", {.like.patience_ms = 1000, .count = 1}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene scene = rows[i].scene;
        scene.like.known = true;
        scene.owner_every_ms = 7 * 60001;
        const struct day day = no_cheaper(rows[i].who, &scene, 2);
        assert_true(day.owner_came > 200);
        assert_int_equal(day.owner_late, 0);
    }
}

/* If he comes at a pace of his own, or with several connections, the owner stands in line with
 * him, as long as he leaves a place there. */
static void
several_at_the_owners_address(void **state)
{
    static const struct {
        const char *who;
        struct scene scene;
        bool is_let_in;
    } rows[] = {
        {"one who comes there once in ten seconds", {.like.pause_ms = 10000, .count = 1}, true},
        {"two at the owner's address", {.count = 2}, true},
        {"five at the owner's address", {.count = 5}, true},
        {"ten at the owner's address", {.count = 10}, true},
        {"twenty at the owner's address", {.count = 20}, false},
        {"twenty that hang up", {.like.patience_ms = 1000, .count = 20}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene scene = rows[i].scene;
        scene.like.known = true;
        scene.owner_every_ms = 7 * 60001;
        const struct day day = no_cheaper(rows[i].who, &scene, 2);
        assert_true(day.owner_came > 180);
        assert_true(day.owner_longest_ms <= LIMIT_THROTTLE_MS);
        assert_true(day.owner_refused == 0 || !rows[i].is_let_in);
    }
}

/* Many who have a known pair each, and each a program with an old password that SCRAM hides:
 * they take no more than a part of their address's budget. */
static void
known_ones_leave_some_to_others(void **state)
{
    static struct agent agents[AGENTS_MAX];
    struct day day = {.rule = NOW, .names = 50};

    (void)state;
    fake_clock_init(&day.now, 1000);
    day.throttle = throttle_new(LIMIT_THROTTLE, &day.now.clock);
    const struct scene scene = {.like.known = true, .count = 50};
    const size_t count = agents_come(&scene, agents);
    for (unsigned round = 0; round < 2 * LIMIT_GUESSES; round++) {
        for (size_t i = 0; i < count; i++) {
            if (come(&day, &agents[i], 0) >= 0)
                got_it_wrong(&day, &agents[i], 0);
        }
    }
    for (unsigned i = 0; i < LIMIT_GUESSES; i++) {
        struct agent stranger = {.address = {10, 0, 0, 0}};
        day.next_login = 1000 + i;
        day.names = LOGINS;
        const int64_t wait_ms = come(&day, &stranger, 0);
        /* Two of the others were let in ahead of time, and are waiting. */
        assert_int_equal(wait_ms == 0, i + 2 < LIMIT_GUESSES_LEFT);
    }
    throttle_free(day.throttle);
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
        cmocka_unit_test(several_at_the_owners_address),
        cmocka_unit_test(known_ones_leave_some_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

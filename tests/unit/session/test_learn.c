/* SPDX-License-Identifier: MIT */
/*
 * Learning how long silence survives: the rules one by one, then simulated networks, in which
 * devices with several connections idle for weeks behind routers that forget, and the interval
 * must settle below the limit and stay there.
 */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "session/learn.h"

static const struct learn_bounds bounds = {.start_s = 240, .min_s = 120, .max_s = 600};
static const int64_t start_s = 1794486257;

/* ---- the rules ---- */

static struct learn learn;
static int64_t now_s;

static int
setup(void **state)
{
    (void)state;
    now_s = start_s;
    learn_begin(&learn, &bounds, now_s);
    return 0;
}

static enum learn_change
kept(uint32_t device, uint32_t silence_s)
{
    const struct learn_line line = {device, silence_s, now_s};

    return learn_kept(&learn, &bounds, &line, now_s);
}

static enum learn_change
lost(uint32_t device, uint32_t silence_s, unsigned thirds)
{
    const struct learn_line line = {device, silence_s, now_s};
    return learn_lost(&learn, &bounds, &line, thirds, now_s + 600);
}

static uint32_t
interval(uint64_t host)
{
    return learn_interval(&learn, &bounds, host, now_s);
}

/* So many intervals pass in which the device keeps its line. */
static void
keep_calm(uint32_t device, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++) {
        now_s += learn.interval_s;
        assert_int_equal(kept(device, learn.interval_s), LEARN_SAME);
    }
}

static void
test_starts_as_configured(void **state)
{
    (void)state;
    assert_int_equal(interval(1), 240);
    const struct learn_bounds other = {.start_s = 200, .min_s = 120, .max_s = 600};
    assert_int_equal(learn_interval(&learn, &other, 1, now_s), 200);
}

static void
test_lengthens_one_step_at_one_address(void **state)
{
    (void)state;
    keep_calm(7, 7);
    assert_int_equal(interval(1), 240);
    keep_calm(7, 1);
    assert_int_equal(interval(1), 270); /* tries */
    assert_int_equal(interval(2), 240); /* everybody else does not */
    now_s += 270;
    assert_int_equal(kept(7, 270), LEARN_SAME);
    now_s += 270;
    assert_int_equal(kept(7, 270), LEARN_SAME);
    assert_int_equal(interval(2), 240);
    now_s += 270;
    assert_int_equal(kept(7, 270), LEARN_LENGTHENED);
    assert_int_equal(interval(2), 270);
    assert_int_equal(interval(1), 270); /* and the next step needs calm again */
}

static void
test_many_connections_are_one_witness(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++)
        kept(7, 240);
    assert_int_equal(learn.calm, 1);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(lost(7, 240, LEARN_WHOLE), LEARN_SAME); /* it kept others just now */
}

static void
test_failed_trial_is_not_repeated_for_a_day(void **state)
{
    (void)state;
    keep_calm(7, 8);
    assert_int_equal(interval(1), 270);
    now_s += 270;
    assert_int_equal(lost(7, 270, LEARN_WHOLE), LEARN_TRIAL_FAILED);
    assert_int_equal(learn.limit_s, 270);
    for (int day = 1; day <= 4; day *= 2) {
        const int64_t failed_s = now_s;
        while (interval(1) == 240) {
            keep_calm(7, 1);
            assert_true(now_s < failed_s + day * 86400 + 1000);
        }
        assert_true(now_s >= failed_s + day * 86400);
        assert_int_equal(interval(1), 270);
        now_s += 270;
        assert_int_equal(lost(7, 270, LEARN_WHOLE), LEARN_TRIAL_FAILED);
        assert_int_equal(interval(1), 240);
    }
}

static void
test_weak_loss_ends_a_trial_without_verdict(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        keep_calm(7, 8);
        assert_int_equal(interval(1), 270);
        now_s += 270;
        assert_int_equal(lost(7, 270, LEARN_WEAK), i < 3 ? LEARN_SAME : LEARN_TRIAL_FAILED);
        assert_int_equal(interval(1), 240);
    }
}

static void
test_trial_nobody_answers_ends(void **state)
{
    (void)state;
    keep_calm(7, 8);
    assert_int_equal(interval(1), 270);
    now_s += 270 * 24;
    assert_int_equal(interval(1), 240);
    assert_int_equal(learn.limit_s, 0);
}

static void
test_first_loss_of_an_unknown_network_is_believed(void **state)
{
    (void)state;
    assert_int_equal(lost(7, 240, LEARN_WHOLE), LEARN_FELL);
    assert_int_equal(interval(1), 120);
    assert_int_equal(learn.limit_s, 240);
    now_s += 1000;
    assert_int_equal(lost(7, 120, LEARN_WHOLE), LEARN_TOO_SHORT);
    assert_int_equal(interval(1), 120);
    assert_int_equal(learn.why, NETWORK_TOO_SHORT);
}

static void
test_weak_losses_are_believed_at_the_third(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        now_s += 1000;
        assert_int_equal(lost(7, 240, LEARN_WEAK), i < 3 ? LEARN_SAME : LEARN_FELL);
    }
}

/* The more lines a device has kept, the more losses in a row it takes to believe it. */
static void
test_proof_needs_counterproof(void **state)
{
    static const struct {
        unsigned lines;
        int losses;
    } table[] = {{0, 1}, {1, 2}, {7, 2}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        setup(NULL);
        keep_calm(7, table[i].lines);
        for (int loss = 1; loss <= table[i].losses; loss++) {
            now_s += 1000;
            assert_int_equal(lost(7, 240, LEARN_WHOLE),
                             loss < table[i].losses ? LEARN_SAME : LEARN_FELL);
        }
    }
    setup(NULL);
    learn.limit_s = 270; /* so that nothing longer is tried */
    learn.retry_s = INT64_MAX;
    keep_calm(7, 10);
    for (int loss = 1; loss <= 3; loss++) {
        now_s += 1000;
        assert_int_equal(lost(7, 240, LEARN_WHOLE), loss < 3 ? LEARN_SAME : LEARN_FELL);
    }
}

static void
test_a_line_kept_between_forgives(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        keep_calm(7, 1);
        now_s += 1000;
        assert_int_equal(lost(7, learn.interval_s, LEARN_WHOLE), LEARN_SAME);
    }
}

static void
test_one_bad_device_does_not_rule(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        now_s += 240;
        kept(7, 240);
        assert_int_equal(lost(8, 240, LEARN_WHOLE), LEARN_SAME);
    }
    assert_int_equal(learn.interval_s, 240);
    /* Two of three do, the second time. */
    assert_int_equal(lost(9, 240, LEARN_WHOLE), LEARN_SAME);
    now_s += 240;
    assert_int_equal(lost(9, 240, LEARN_WHOLE), LEARN_FELL);
}

static void
test_two_bad_of_many_do_not_rule(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        now_s += 240;
        for (uint32_t device = 3; device <= 10; device++)
            kept(device, 240);
        for (uint32_t device = 1; device <= 2; device++)
            assert_int_equal(lost(device, 240, LEARN_WHOLE), LEARN_SAME);
    }
}

static void
test_shorter_silences(void **state)
{
    (void)state;
    /* Contradicted by a longer one that was kept: the device's own trouble. */
    kept(7, 240);
    for (int i = 0; i < 20; i++) {
        now_s += 1000;
        assert_int_equal(lost(8, 100, LEARN_WHOLE), LEARN_SAME);
    }
    setup(NULL);
    assert_int_equal(lost(8, 180, LEARN_WHOLE), LEARN_SAME);
    now_s += 1000;
    assert_int_equal(lost(8, 180, LEARN_WHOLE), LEARN_FELL);
    assert_int_equal(learn.limit_s, 180);
    assert_int_equal(interval(1), 120);
}

static void
test_falls_to_what_was_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        kept(7, 200); /* pushes */
    assert_int_equal(lost(7, 240, LEARN_WHOLE), LEARN_FELL);
    assert_int_equal(learn.interval_s, 200);
    now_s += 1000;
    assert_int_equal(lost(7, 200, LEARN_WHOLE), LEARN_FELL);
    assert_int_equal(learn.interval_s, 120); /* that was no use: half of it, within bounds */
}

static void
test_sessions_that_wait_longer_still_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(lost(7, 240, LEARN_WHOLE), LEARN_FELL);
    const struct learn before = learn;
    for (int i = 0; i < 5; i++) {
        now_s += 1000;
        assert_int_equal(lost(8, 240, LEARN_WHOLE), LEARN_SAME);
    }
    assert_int_equal(learn.interval_s, before.interval_s);
    assert_int_equal(learn.failures, before.failures);
}

static void
test_bounds_hold_when_they_change(void **state)
{
    const struct learn_bounds narrow = {.start_s = 180, .min_s = 150, .max_s = 200};
    const struct learn_bounds fixed = {.start_s = 90, .min_s = 90, .max_s = 90};

    (void)state;
    keep_calm(7, 8);
    interval(1);
    for (int i = 0; i < 3; i++) {
        now_s += 270;
        kept(7, 270);
    }
    assert_int_equal(learn_interval(&learn, &narrow, 1, now_s), 200);
    assert_int_equal(learn_interval(&learn, &fixed, 1, now_s), 90);
    for (int i = 0; i < 50; i++) {
        const struct learn_line line = {7, 90, now_s += 90};
        learn_kept(&learn, &fixed, &line, now_s);
        assert_int_equal(learn_interval(&learn, &fixed, 1, now_s), 90);
    }
}

static void
test_steps_end_at_the_bound(void **state)
{
    const struct learn_bounds odd = {.start_s = 240, .min_s = 120, .max_s = 250};

    (void)state;
    for (int i = 0; i < 30; i++) {
        const uint32_t wait_s = learn_interval(&learn, &odd, 1, now_s);
        const struct learn_line line = {7, wait_s, now_s += wait_s};
        assert_true(wait_s <= 250);
        learn_kept(&learn, &odd, &line, now_s);
    }
    assert_int_equal(learn.interval_s, 250);
}

static void
test_counts_age(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        kept(7, 150);
    now_s += 7 * 86400;
    interval(1);
    struct network_record record;
    learn_to_record(&learn, &record);
    assert_int_equal(record.silence_count, 1);
    assert_int_equal(record.silences[0].silence_s, 150);
    assert_int_equal(record.silences[0].kept, 4);
    now_s += 21 * 86400;
    interval(1);
    learn_to_record(&learn, &record);
    assert_int_equal(record.silence_count, 0);
}

static void
test_wall_clock_set_back(void **state)
{
    (void)state;
    keep_calm(7, 4);
    now_s -= 86400 * 365;
    keep_calm(7, 8);
    assert_int_equal(interval(1), 270);
}

static bool
is_in_sample(uint32_t key)
{
    for (size_t i = 0; i < ARRAY_LEN(learn.devices); i++)
        if (learn.devices[i].key == key)
            return true;
    return false;
}

/* The devices with the smallest keys are the sample, in whatever order they come. */
static void
test_sample_of_devices(void **state)
{
    enum { FIRST = 1000 };
    (void)state;

    for (uint32_t i = 0; i < LIMIT_NETWORK_DEVICES; i++)
        kept(FIRST + i, 240);
    for (uint32_t i = 0; i < LIMIT_NETWORK_DEVICES; i++)
        assert_true(is_in_sample(FIRST + i));
    /* One above: a larger key has no vote, a smaller one takes the largest one's. */
    kept(FIRST + LIMIT_NETWORK_DEVICES, 240);
    assert_false(is_in_sample(FIRST + LIMIT_NETWORK_DEVICES));
    kept(FIRST - 1, 240);
    assert_true(is_in_sample(FIRST - 1));
    assert_false(is_in_sample(FIRST + LIMIT_NETWORK_DEVICES - 1));
    /* Far beyond: thousands that lose their lines change nothing. */
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(lost(2 * FIRST + i, 240, LEARN_WHOLE), LEARN_SAME);
    assert_int_equal(learn.interval_s, 240);
    for (uint32_t i = 0; i < LIMIT_NETWORK_DEVICES; i++)
        assert_true(is_in_sample(FIRST - 1 + i));
}

static void
test_record_and_back(void **state)
{
    struct network_record record;
    struct network_record again;
    struct learn copy;

    (void)state;
    for (int i = 0; i < 3; i++)
        kept(7, 200);
    lost(7, 240, LEARN_WHOLE);
    learn_to_record(&learn, &record);
    learn_from_record(&copy, &record);
    learn_to_record(&copy, &again);
    assert_memory_equal(&record, &again, sizeof record);
    assert_int_equal(again.interval_s, 200);
    assert_int_equal(again.limit_s, 240);
    assert_int_equal(learn_interval(&copy, &bounds, 1, now_s), 200);
}

static void
test_silence_far_beyond(void **state)
{
    (void)state;
    kept(7, UINT32_MAX);
    lost(7, UINT32_MAX, LEARN_WHOLE);
    kept(7, 0);
    lost(7, 0, LEARN_WHOLE);
    assert_true(learn.interval_s <= 600);
}

/* ---- simulated networks ---- */

enum { DEVICES_MAX = 64, CONNS_MAX = 6, SIM_DAYS = 14, PUSH_EVERY_S = 4000 };

struct sim_conn {
    int64_t last_s; /* octet */
    int64_t next_s; /* line, or when it comes back */
    int64_t push_s; /* new mail */
    bool lost;
    struct learn_line line; /* the one that was */
    unsigned thirds;
};

struct sim_device {
    uint32_t limit_s; /* of its router; 0: never forgets */
    unsigned away;    /* times a day */
    unsigned moves;   /* of a hundred times, so often to another network */
    unsigned conns;
    uint64_t host;
    int64_t leaves_s;
    int64_t returns_s;
    bool moved;
    struct sim_conn conn[CONNS_MAX];
};

struct sim {
    struct rng rng;
    struct learn learn;
    struct learn_bounds bounds;
    struct sim_device devices[DEVICES_MAX];
    size_t device_count;
    int64_t now_s;
    /* In the second half: */
    unsigned changes;   /* of the interval */
    unsigned forgotten; /* lines, by the router */
    unsigned lines;
    uint32_t longest_s; /* interval, trials apart */
    uint32_t shortest_s;
};

static int64_t
some(struct sim *sim, int64_t at_most)
{
    return 1 + (int64_t)rng_below(&sim->rng, (uint64_t)at_most);
}

static void
sim_schedule(struct sim *sim, struct sim_device *d, struct sim_conn *conn)
{
    const uint32_t wait_s = learn_interval(&sim->learn, &sim->bounds, d->host, sim->now_s);

    assert_true(wait_s >= sim->bounds.min_s && wait_s <= sim->bounds.max_s);
    conn->lost = false;
    conn->last_s = sim->now_s;
    conn->next_s = (sim->now_s / wait_s + 1) * wait_s;
    conn->push_s = sim->now_s + some(sim, PUSH_EVERY_S);
}

/* Away for some minutes, now and then; all of its connections are. */
static bool
sim_is_away(struct sim *sim, struct sim_device *d)
{
    if (d->away == 0)
        return false;
    while (sim->now_s >= d->returns_s) {
        d->leaves_s = sim->now_s + some(sim, 2 * 86400 / d->away);
        d->returns_s = d->leaves_s + some(sim, 1800);
        d->moved = rng_below(&sim->rng, 100) < d->moves;
    }
    return sim->now_s >= d->leaves_s;
}

static void
sim_line(struct sim *sim, struct sim_device *d, struct sim_conn *conn, bool late)
{
    const uint32_t silence_s = (uint32_t)(sim->now_s - conn->last_s);
    const bool forgot = d->limit_s != 0 && silence_s >= d->limit_s;
    const bool away = sim_is_away(sim, d);

    sim->lines += late;
    conn->line =
        (struct learn_line){(uint32_t)(d - sim->devices) * 7919 + 1, silence_s, sim->now_s};
    if (!forgot && !away) {
        learn_kept(&sim->learn, &sim->bounds, &conn->line, sim->now_s);
        sim_schedule(sim, d, conn);
        return;
    }
    sim->forgotten += late && forgot && !away;
    conn->lost = true;
    conn->thirds = away && d->moved ? LEARN_WEAK : LEARN_WHOLE;
    conn->next_s = away ? d->returns_s + some(sim, 60) : sim->now_s + 60 + some(sim, 1500);
}

/* The connection whose turn is next. */
static struct sim_conn *
sim_next(struct sim *sim, struct sim_device **d_out)
{
    struct sim_conn *next = NULL;
    int64_t at_s = INT64_MAX;

    for (size_t i = 0; i < sim->device_count; i++) {
        struct sim_device *d = &sim->devices[i];
        for (size_t c = 0; c < d->conns; c++) {
            struct sim_conn *conn = &d->conn[c];
            const int64_t due_s =
                conn->lost || conn->next_s < conn->push_s ? conn->next_s : conn->push_s;
            if (due_s < at_s) {
                at_s = due_s;
                next = conn;
                *d_out = d;
            }
        }
    }
    sim->now_s = at_s;
    return next;
}

static void
sim_observe(struct sim *sim, uint32_t *before_s)
{
    const uint32_t interval_s = sim->learn.interval_s;

    sim->changes += *before_s != 0 && interval_s != *before_s;
    *before_s = interval_s;
    if (interval_s > sim->longest_s)
        sim->longest_s = interval_s;
    if (interval_s < sim->shortest_s)
        sim->shortest_s = interval_s;
}

static void
sim_run(struct sim *sim, int days)
{
    const int64_t end_s = start_s + (int64_t)days * 86400;
    struct sim_device *d = NULL;
    uint32_t before_s = 0;

    sim->now_s = start_s;
    sim->shortest_s = UINT32_MAX;
    learn_begin(&sim->learn, &sim->bounds, start_s);
    for (size_t i = 0; i < sim->device_count; i++)
        for (size_t c = 0; c < sim->devices[i].conns; c++)
            sim_schedule(sim, &sim->devices[i], &sim->devices[i].conn[c]);
    while (sim->now_s < end_s) {
        struct sim_conn *conn = sim_next(sim, &d);
        const bool late = sim->now_s >= start_s + (int64_t)days * 43200;
        if (!conn->lost) {
            sim_line(sim, d, conn, late);
        } else {
            learn_lost(&sim->learn, &sim->bounds, &conn->line, conn->thirds, sim->now_s);
            sim_schedule(sim, d, conn);
        }
        if (late)
            sim_observe(sim, &before_s);
    }
}

/* Devices of a row are alike; a network is up to three rows. */
struct sim_row {
    unsigned count;
    unsigned conns;
    unsigned away;  /* times a day */
    unsigned moves; /* percent of them */
    uint32_t limit_s;
    bool own_host; /* an address for each device; else one for all */
};

static void
sim_set(struct sim *sim, const struct sim_row rows[3], const struct learn_bounds *b,
        uint64_t seed)
{
    *sim = (struct sim){.bounds = *b};
    rng_seed(&sim->rng, seed);
    for (size_t r = 0; r < 3; r++)
        for (unsigned i = 0; i < rows[r].count; i++) {
            sim->devices[sim->device_count] = (struct sim_device){
                .limit_s = rows[r].limit_s,
                .away = rows[r].away,
                .moves = rows[r].moves,
                .conns = rows[r].conns,
                .host = rows[r].own_host ? sim->device_count + 1 : 1,
            };
            sim->device_count++;
        }
}

static const struct {
    const char *name;
    struct sim_row rows[3];
    struct learn_bounds bounds;
    uint32_t from_s; /* where the interval must be in the second half of two weeks */
    uint32_t to_s;
    unsigned changes;   /* then, at most */
    unsigned forgotten; /* of a thousand lines, then, at most */
} networks[] = {
    {"forgets after 300 s, one phone",
     {{1, 1, 0, 0, 300, false}},
     {240, 120, 600},
     270,
     270,
     0,
     2},
    {"forgets after 300 s, a family",
     {{4, 3, 3, 30, 300, false}},
     {240, 120, 600},
     240,
     270,
     2,
     4},
    {"forgets after 300 s, an office of 40",
     {{40, 2, 2, 10, 300, false}},
     {240, 120, 600},
     240,
     270,
     2,
     4},
    {"forgets after 120 s, one phone",
     {{1, 2, 0, 0, 120, false}},
     {240, 60, 600},
     90,
     105,
     2,
     4},
    {"forgets after 120 s, many", {{20, 2, 4, 10, 120, true}}, {240, 60, 600}, 80, 105, 2, 4},
    {"forgets after 60 s, below the bound",
     {{2, 2, 0, 0, 60, false}},
     {240, 120, 600},
     120,
     120,
     0,
     1000},
    {"never forgets, one phone", {{1, 1, 0, 0, 0, false}}, {240, 120, 600}, 600, 600, 0, 0},
    {"never forgets, many", {{30, 2, 4, 20, 0, true}}, {240, 120, 600}, 540, 600, 2, 0},
    {"never forgets, a phone that comes and goes",
     {{1, 3, 20, 50, 0, false}},
     {240, 120, 600},
     240,
     600,
     6,
     0},
    {"never forgets, all come and go",
     {{8, 2, 20, 50, 0, false}},
     {240, 120, 600},
     400,
     600,
     4,
     0},
    {"one bad device of four",
     {{3, 2, 4, 20, 0, false}, {1, 2, 0, 0, 100, false}},
     {240, 120, 600},
     400,
     600,
     4,
     1000},
    {"half behind a router of 120 s",
     {{8, 1, 2, 20, 0, true}, {8, 1, 2, 20, 120, true}},
     {240, 60, 600},
     80,
     105,
     2,
     10},
    {"forgets after 300 s, with one that comes and goes",
     {{3, 2, 2, 10, 300, false}, {1, 2, 30, 50, 300, false}},
     {240, 120, 600},
     240,
     270,
     4,
     10},
    {"seconds", {{2, 2, 0, 0, 15, false}}, {4, 2, 60}, 12, 14, 2, 4},
};

static bool
sim_is_good(const struct sim *sim, size_t i)
{
    return sim->shortest_s >= networks[i].from_s && sim->longest_s <= networks[i].to_s &&
           sim->changes <= networks[i].changes &&
           sim->forgotten * 1000ull <= (uint64_t)networks[i].forgotten * sim->lines;
}

static void
test_simulated_networks(void **state)
{
    static struct sim sim;
    bool good = true;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(networks); i++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            sim_set(&sim, networks[i].rows, &networks[i].bounds, seed);
            sim_run(&sim, SIM_DAYS);
            good = good && sim_is_good(&sim, i);
            if (!sim_is_good(&sim, i) || getenv("ROOST_SHOW") != NULL)
                print_message("%s: %u to %u s, %u changes, %u of %u lines forgotten%s\n",
                              networks[i].name, sim.shortest_s, sim.longest_s, sim.changes,
                              sim.forgotten, sim.lines, sim_is_good(&sim, i) ? "" : " WRONG");
        }
    assert_true(good);
}

/* Any router with any devices behind it: after a week the interval is below what the router
 * forgets (if that can be), near it, and moves no more than trials and bad luck explain. */
static void
test_random_networks(void **state)
{
    static struct sim sim;
    struct rng rng;

    (void)state;
    rng_seed(&rng, 20261122);
    for (int round = 0; round < 60; round++) {
        const uint32_t limit_s = 40 + (uint32_t)rng_below(&rng, 900);
        const uint32_t min_s = 20 + (uint32_t)rng_below(&rng, 100);
        const uint32_t max_s = 300 + (uint32_t)rng_below(&rng, 600);
        const struct learn_bounds b = {
            .start_s = min_s + (uint32_t)rng_below(&rng, max_s - min_s + 1),
            .min_s = min_s,
            .max_s = max_s,
        };
        const struct sim_row rows[3] = {{.count = 1 + (unsigned)rng_below(&rng, 12),
                                         .conns = 1 + (unsigned)rng_below(&rng, 3),
                                         .away = (unsigned)rng_below(&rng, 4),
                                         .moves = (unsigned)rng_below(&rng, 100),
                                         .limit_s = limit_s,
                                         .own_host = rng_below(&rng, 2) == 0}};
        sim_set(&sim, rows, &b, (uint64_t)round);
        sim_run(&sim, SIM_DAYS);
        const uint32_t best_s = limit_s < min_s ? min_s : limit_s > max_s ? max_s : limit_s;
        const bool good = sim.longest_s <= best_s && sim.shortest_s * 2 >= best_s &&
                          sim.shortest_s >= min_s && sim.changes <= 10 &&
                          (limit_s <= min_s || sim.forgotten * 50 <= sim.lines);
        if (!good || getenv("ROOST_SHOW") != NULL)
            print_message("%d: %u devices, away %u, limit %u s, start %u (%u to %u): "
                          "%u to %u s, %u changes, %u of %u lines forgotten\n",
                          round, rows[0].count, rows[0].away, limit_s, b.start_s, min_s, max_s,
                          sim.shortest_s, sim.longest_s, sim.changes, sim.forgotten, sim.lines);
        assert_true(good);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_starts_as_configured, setup),
        cmocka_unit_test_setup(test_lengthens_one_step_at_one_address, setup),
        cmocka_unit_test_setup(test_many_connections_are_one_witness, setup),
        cmocka_unit_test_setup(test_failed_trial_is_not_repeated_for_a_day, setup),
        cmocka_unit_test_setup(test_weak_loss_ends_a_trial_without_verdict, setup),
        cmocka_unit_test_setup(test_trial_nobody_answers_ends, setup),
        cmocka_unit_test_setup(test_first_loss_of_an_unknown_network_is_believed, setup),
        cmocka_unit_test_setup(test_weak_losses_are_believed_at_the_third, setup),
        cmocka_unit_test_setup(test_proof_needs_counterproof, setup),
        cmocka_unit_test_setup(test_a_line_kept_between_forgives, setup),
        cmocka_unit_test_setup(test_one_bad_device_does_not_rule, setup),
        cmocka_unit_test_setup(test_two_bad_of_many_do_not_rule, setup),
        cmocka_unit_test_setup(test_shorter_silences, setup),
        cmocka_unit_test_setup(test_falls_to_what_was_kept, setup),
        cmocka_unit_test_setup(test_sessions_that_wait_longer_still_change_nothing, setup),
        cmocka_unit_test_setup(test_bounds_hold_when_they_change, setup),
        cmocka_unit_test_setup(test_steps_end_at_the_bound, setup),
        cmocka_unit_test_setup(test_counts_age, setup),
        cmocka_unit_test_setup(test_wall_clock_set_back, setup),
        cmocka_unit_test_setup(test_sample_of_devices, setup),
        cmocka_unit_test_setup(test_record_and_back, setup),
        cmocka_unit_test_setup(test_silence_far_beyond, setup),
        cmocka_unit_test(test_simulated_networks),
        cmocka_unit_test(test_random_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

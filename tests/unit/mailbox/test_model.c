/* SPDX-License-Identifier: MIT */
/*
 * Simulated sessions on one account, one thread, drawn by lot: what each believes after its
 * syncs is what the store says (tests/support/mailbox_sim.h). A second run has a disk that
 * fails now and then. ROOST_MODEL_STEPS and ROOST_MODEL_SEED make it longer and different.
 */
#include "support/cm.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/fault_vfs.h"
#include "support/mailbox_sim.h"
#include "support/seam_engine.h"
#include "support/tmpdir.h"

enum { CLIENTS = 6, STEPS = 6000, SETTLE_EVERY = 500 };
enum disk { DISK_GOOD, DISK_FAILING };

static struct sim_client clients[CLIENTS];

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void
settle_all(struct sim *sim, size_t count)
{
    struct account *acct;

    sim_quiet(sim, true);
    for (size_t i = 0; i < count; i++)
        sim_client_settle(&clients[i]);
    assert_int_equal(account_get(sim->accounts, SIM_ACCOUNT, &acct), RC_OK);
    sim_verify(sim, acct);
    account_put(acct);
    sim_quiet(sim, false);
}

static void
play(size_t count, enum disk disk, enum sim_engine engine)
{
    const uint64_t steps = env_number("ROOST_MODEL_STEPS", STEPS);
    const uint64_t seed = env_number("ROOST_MODEL_SEED", 1);
    struct sim sim = {
        .target = 40, .faults = disk == DISK_FAILING, .engine = engine, .seed = seed};
    struct rng lot;

    rng_seed(&lot, seed);
    sim_open(&sim, tmpdir_parent_in_memory());
    for (size_t i = 0; i < count; i++)
        sim_client_init(&clients[i], &sim, seed * 100 + i);
    for (uint64_t step = 1; step <= steps; step++) {
        sim_client_step(&clients[rng_below(&lot, count)]);
        if (step % SETTLE_EVERY == 0)
            settle_all(&sim, count);
    }
    settle_all(&sim, count);
    uint64_t renumbered = 0;
    uint64_t metadata = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sim_client *c = &clients[i];
        renumbered += c->renumbered;
        metadata += c->metadata.told;
        printf("client %zu: %ju requests, %ju syncs, %ju events, %ju parks, %ju snapshots,"
               " %ju keywords gone, %ju renumbered\n",
               i, (uintmax_t)c->ops, (uintmax_t)c->syncs, (uintmax_t)c->events,
               (uintmax_t)c->parks, (uintmax_t)c->rebuilt, (uintmax_t)c->retired,
               (uintmax_t)c->renumbered);
        assert_true(c->events > 0);
        sim_client_done(&clients[i]);
    }
    assert_true(metadata > 0);
    assert_true(engine == SIM_SEAM || count < CLIENTS || renumbered > 0);
    if (engine == SIM_SEAM) {
        const struct seam_counts counts = seam_counts(sim.store);
        printf("%ju times told to come again, %ju commits elsewhere, %ju refused flags\n",
               (uintmax_t)counts.again, (uintmax_t)counts.elsewhere, (uintmax_t)counts.refused);
        assert_true(counts.again > 0 && counts.elsewhere > 0 && counts.refused > 0);
    }
    sim_close(&sim);
}

static void
sessions_believe_the_truth(void **state)
{
    (void)state;
    play(CLIENTS, DISK_GOOD, SIM_SQLITE);
}

/* An engine whose reads and leases wait and that others write to as well. */
static void
sessions_believe_the_truth_with_writers_elsewhere(void **state)
{
    (void)state;
    play(CLIENTS, DISK_GOOD, SIM_SEAM);
    play(1, DISK_GOOD, SIM_SEAM);
}

/* Versions are then in memory for short times only: everything is loaded and rebuilt often. */
static void
lonely_sessions_believe_the_truth(void **state)
{
    (void)state;
    play(1, DISK_GOOD, SIM_SQLITE);
    play(2, DISK_GOOD, SIM_SQLITE);
}

static void
sessions_believe_the_truth_on_a_failing_disk(void **state)
{
    (void)state;
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0);
    assert_int_equal(sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS), 1), SQLITE_OK);
    play(CLIENTS, DISK_FAILING, SIM_SQLITE);
    assert_int_equal(sqlite3_vfs_register(usual, 1), SQLITE_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_believe_the_truth),
        cmocka_unit_test(sessions_believe_the_truth_with_writers_elsewhere),
        cmocka_unit_test(lonely_sessions_believe_the_truth),
        cmocka_unit_test(sessions_believe_the_truth_on_a_failing_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

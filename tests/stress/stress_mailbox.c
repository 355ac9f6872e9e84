/* SPDX-License-Identifier: MIT */
/*
 * Simulated sessions on one account, each on a thread of its own, and each the only one on it:
 * turns are queued and handed over, versions are loaded and let go while others publish, views
 * wake from snapshots that commits overtake. While they run each checks what it is told; when
 * all are done, each must believe what the store says. For a build with -Db_sanitize=thread.
 * ROOST_STRESS_STEPS and ROOST_STRESS_SEED make it longer and different.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "support/mailbox_sim.h"
#include "support/tmpdir.h"

enum { THREADS = 6, STEPS = 2500, ROUNDS = 3 };

static struct sim_client clients[THREADS];
static uint64_t steps;

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void *
play(void *arg)
{
    struct sim_client *client = arg;

    for (uint64_t i = 0; i < steps; i++)
        sim_client_step(client);
    return NULL;
}

int
main(int argc, char **argv)
{
    const uint64_t seed = env_number("ROOST_STRESS_SEED", 10);
    struct sim sim = {.target = 60, .threads = true};
    pthread_t threads[THREADS];
    struct account *acct;

    /* A word: over the engine that waits and that others write to. */
    if (argc > 1 && strcmp(argv[1], "seam") == 0)
        sim.engine = SIM_SEAM;
    steps = env_number("ROOST_STRESS_STEPS", STEPS);
    sim_open(&sim, tmpdir_parent_in_memory());
    for (size_t i = 0; i < THREADS; i++)
        sim_client_init(&clients[i], &sim, seed * 100 + i);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, play, &clients[i]) == 0);
        for (size_t i = 0; i < THREADS; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
        sim_quiet(&sim, true);
        for (size_t i = 0; i < THREADS; i++)
            sim_client_settle(&clients[i]);
        CHECK(account_get(sim.accounts, SIM_ACCOUNT, &acct) == RC_OK);
        sim_verify(&sim, acct);
        account_put(acct);
        sim_quiet(&sim, false);
    }
    for (size_t i = 0; i < THREADS; i++) {
        const struct sim_client *c = &clients[i];
        printf("thread %zu: %ju requests, %ju syncs, %ju events, %ju parks, %ju snapshots\n", i,
               (uintmax_t)c->ops, (uintmax_t)c->syncs, (uintmax_t)c->events,
               (uintmax_t)c->parks, (uintmax_t)c->rebuilt);
        sim_client_done(&clients[i]);
    }
    sim_close(&sim);
    return 0;
}

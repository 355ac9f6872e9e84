/* SPDX-License-Identifier: MIT */
/*
 * A recording of what was changed on disk (base/disk.h), and the states that a power loss may
 * leave at any moment of it: everything that was synced is there; each write, truncation and
 * name that was not is there, is missing, or (a write) is there in part, whatever became of
 * the others.
 */
#ifndef TESTS_FAULT_POWER_H
#define TESTS_FAULT_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct power;

/** Records everything below root until power_stop. What is there already, directories and
 *  whole files, counts as synced. */
struct power *power_new(const char *root);
void power_stop(struct power *power);
void power_free(struct power *power);

/** How many changes were recorded. */
size_t power_count(const struct power *power);
/** Changes up to `at` that were not synced then. */
size_t power_pending(const struct power *power, size_t at);

enum power_mode {
    POWER_NOTHING, /* all that was not synced is missing */
    POWER_ALL,     /* nothing is: a killed process */
    POWER_SUBSET,  /* bit n of `subset`: the nth pending change is there */
    POWER_RANDOM,  /* each by chance; writes also in part */
};

/** Writes the state after `at` changes into the directory dir, which must not be there. */
void power_rebuild(const struct power *power, size_t at, enum power_mode mode, uint64_t subset,
                   struct rng *rng, const char *dir);

/* What a state is looked at with: dir is what a power loss after `at` changes has left. */
typedef void power_check_fn(void *ctx, size_t at, const char *dir);
/**
 * Rebuilds states at many moments in directories below base, and has each looked at. In the
 * gate a sample; with ROOST_LONG=1 after each change all subsets of a few pending changes, and
 * of more some by chance. ROOST_SEED: another sample.
 */
void power_look(const struct power *power, const char *base, power_check_fn *check, void *ctx);

#endif

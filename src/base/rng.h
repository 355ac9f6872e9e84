/* SPDX-License-Identifier: MIT */
/*
 * Injected randomness. The system source is the kernel's. A seeded source is reproducible and
 * only for tests and generated mail, never for keys or salts; threads cannot share one.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4]; /* zeroed: the kernel's source */
};

/** The kernel's source. Thread: any. */
extern struct rng rng_system;

/** Makes a source that gives the same numbers for the same seed (xoshiro256**). */
void rng_seed(struct rng *rng, uint64_t seed);
void rng_fill(struct rng *rng, void *dst, size_t octets);
uint64_t rng_u64(struct rng *rng);
/** Uniform in 0 .. below-1; below is at least 1. */
uint64_t rng_below(struct rng *rng, uint64_t below);

#endif

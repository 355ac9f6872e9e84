/* SPDX-License-Identifier: MIT */
/* See the header. The kernel's source may be used from any thread. */
#include "base/rng.h"

#include <string.h>
#include <sys/random.h>

#include "base/check.h"

struct rng rng_system;

static uint64_t
splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix(&seed);
}

static uint64_t
rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t
xoshiro(uint64_t s[4])
{
    const uint64_t result = rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t
rng_u64(struct rng *rng)
{
    uint64_t value;

    rng_fill(rng, &value, sizeof value);
    return value;
}

void
rng_fill(struct rng *rng, void *dst, size_t octets)
{
    unsigned char *at = dst;

    if ((rng->state[0] | rng->state[1] | rng->state[2] | rng->state[3]) == 0) {
        while (octets > 0) {
            const ssize_t got = getrandom(at, octets, 0);
            CHECK(got > 0);
            at += got;
            octets -= (size_t)got;
        }
        return;
    }
    while (octets > 0) {
        const uint64_t word = xoshiro(rng->state);
        const size_t n = octets < sizeof word ? octets : sizeof word;
        memcpy(at, &word, n);
        at += n;
        octets -= n;
    }
}

uint64_t
rng_below(struct rng *rng, uint64_t below)
{
    CHECK(below > 0);
    const uint64_t limit = UINT64_MAX - UINT64_MAX % below;
    uint64_t value;

    do
        value = rng_u64(rng);
    while (value >= limit);
    return value % below;
}

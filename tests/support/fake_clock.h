/* SPDX-License-Identifier: MIT */
/* A clock that tests move by hand; both kinds of time move together. */
#ifndef SUPPORT_FAKE_CLOCK_H
#define SUPPORT_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

struct fake_clock {
    struct clock clock; /* must be first; this is what is injected */
    atomic_int_fast64_t wall_us;
    atomic_int_fast64_t mono_us;
};

static inline int64_t
fake_clock_wall(const struct clock *clock)
{
    return (int64_t)atomic_load(&((const struct fake_clock *)(const void *)clock)->wall_us);
}

static inline int64_t
fake_clock_mono(const struct clock *clock)
{
    return (int64_t)atomic_load(&((const struct fake_clock *)(const void *)clock)->mono_us);
}

static inline void
fake_clock_init(struct fake_clock *fake, int64_t wall_s)
{
    fake->clock = (struct clock){.mono_us = fake_clock_mono, .wall_us = fake_clock_wall};
    atomic_init(&fake->wall_us, wall_s * 1000000);
    atomic_init(&fake->mono_us, 1000000);
}

static inline void
fake_clock_move_ms(struct fake_clock *fake, int64_t ms)
{
    atomic_fetch_add(&fake->wall_us, ms * 1000);
    atomic_fetch_add(&fake->mono_us, ms * 1000);
}

#endif

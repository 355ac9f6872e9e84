/* SPDX-License-Identifier: MIT */
/*
 * Injected time: code asks the clock that it was given, and tests pass one that they set.
 * Monotonic time is for intervals and deadlines, wall time for people and internaldate.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*mono_us)(const struct clock *clock); /* never goes back; origin arbitrary */
    int64_t (*wall_us)(const struct clock *clock); /* since 1970-01-01T00:00:00Z */
};

/** The machine's clock. Thread: any. */
extern const struct clock clock_system;

static inline int64_t
clock_mono_us(const struct clock *clock)
{
    return clock->mono_us(clock);
}

static inline int64_t
clock_mono_ms(const struct clock *clock)
{
    return clock->mono_us(clock) / 1000;
}

static inline int64_t
clock_wall_us(const struct clock *clock)
{
    return clock->wall_us(clock);
}

static inline int64_t
clock_wall_s(const struct clock *clock)
{
    return clock->wall_us(clock) / 1000000;
}

#endif

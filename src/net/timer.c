/* SPDX-License-Identifier: MIT */
/*
 * The wheel: bucket number is due second modulo TIMER_BUCKETS. Expiry walks the used buckets
 * between the last second handed out and now (at most one turn), so an empty wheel costs
 * nothing and a jump of the clock costs at most a look at each bucket. The bit map finds the
 * next used bucket 64 at a time. The owner's lock guards everything.
 */
#include "net/timer.h"

enum { MASK = TIMER_BUCKETS - 1, WORDS = TIMER_BUCKETS / 64 };

static size_t
bucket_of(int64_t second)
{
    return (size_t)(second & MASK);
}

static void
bucket_mark(struct timer_wheel *wheel, size_t bucket)
{
    const uint64_t bit = UINT64_C(1) << (bucket % 64);

    if (list_is_empty(&wheel->buckets[bucket]))
        wheel->used[bucket / 64] &= ~bit;
    else
        wheel->used[bucket / 64] |= bit;
}

/* Distance in seconds (0 .. TIMER_BUCKETS-1) from `from` to the next used bucket, or -1. */
static int64_t
next_used(const struct timer_wheel *wheel, int64_t from)
{
    const size_t start = bucket_of(from);

    for (size_t i = 0; i <= WORDS; i++) {
        const size_t word = (start / 64 + i) % WORDS;
        uint64_t bits = wheel->used[word];
        if (i == 0)
            bits &= ~UINT64_C(0) << (start % 64);
        else if (i == WORDS)
            bits &= ~(~UINT64_C(0) << (start % 64)); /* the first word's lower part */
        if (bits != 0) {
            const size_t bucket = word * 64 + (size_t)__builtin_ctzll(bits);
            return (int64_t)((bucket - start) & MASK);
        }
    }
    return -1;
}

void
timer_wheel_init(struct timer_wheel *wheel, int64_t now_s)
{
    for (size_t i = 0; i < TIMER_BUCKETS; i++)
        list_init(&wheel->buckets[i]);
    for (size_t i = 0; i < WORDS; i++)
        wheel->used[i] = 0;
    list_init(&wheel->overdue);
    wheel->done_s = now_s - 1;
    wheel->count = 0;
}

void
timer_init(struct timer *timer)
{
    list_init(&timer->link);
    timer->due_s = TIMER_NEVER;
}

bool
timer_is_set(const struct timer *timer)
{
    return timer->due_s != TIMER_NEVER;
}

void
timer_unset(struct timer_wheel *wheel, struct timer *timer)
{
    if (!timer_is_set(timer))
        return;
    const size_t bucket = bucket_of(timer->due_s);
    list_remove(&timer->link);
    bucket_mark(wheel, bucket);
    timer->due_s = TIMER_NEVER;
    wheel->count--;
}

void
timer_set(struct timer_wheel *wheel, struct timer *timer, int64_t due_s)
{
    timer_unset(wheel, timer);
    if (due_s == TIMER_NEVER)
        return;
    timer->due_s = due_s;
    wheel->count++;
    if (due_s <= wheel->done_s) {
        list_push_back(&wheel->overdue, &timer->link);
        return;
    }
    const size_t bucket = bucket_of(due_s);
    list_push_back(&wheel->buckets[bucket], &timer->link);
    bucket_mark(wheel, bucket);
}

/* Moves what is due from one list to out; false when out is full. */
static bool
take_due(struct timer_wheel *wheel, struct list *from, int64_t now_s, struct timer **out,
         size_t max, size_t *n)
{
    LIST_FOR_EACH (link, from) {
        struct timer *timer = CONTAINER_OF(link, struct timer, link);
        if (timer->due_s > now_s)
            continue; /* a later turn's */
        if (*n == max)
            return false;
        timer_unset(wheel, timer);
        out[(*n)++] = timer;
    }
    return true;
}

size_t
timer_wheel_expire(struct timer_wheel *wheel, int64_t now_s, struct timer **out, size_t max)
{
    size_t n = 0;

    if (!take_due(wheel, &wheel->overdue, now_s, out, max, &n))
        return n;
    /* When more than a turn has passed, every bucket once is enough. */
    int64_t at = wheel->done_s + 1;
    if (now_s - at >= TIMER_BUCKETS)
        at = now_s - TIMER_BUCKETS + 1;
    while (wheel->count > 0 && at <= now_s) {
        const int64_t step = next_used(wheel, at);
        if (step < 0 || step > now_s - at)
            break;
        at += step;
        if (!take_due(wheel, &wheel->buckets[bucket_of(at)], now_s, out, max, &n))
            return n; /* done_s stays behind: the rest is found again */
        at++;
    }
    if (now_s > wheel->done_s)
        wheel->done_s = now_s;
    return n;
}

int64_t
timer_wheel_next(const struct timer_wheel *wheel)
{
    if (wheel->count == 0)
        return TIMER_NEVER;
    if (!list_is_empty(&wheel->overdue))
        return wheel->done_s;
    return wheel->done_s + 1 + next_used(wheel, wheel->done_s + 1);
}

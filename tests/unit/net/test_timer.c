/* SPDX-License-Identifier: MIT */
/* The wheel against a plain model, and its corners: turns, overdue timers, full batches. */
#include "net/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void
test_due_in_its_second(void **state)
{
    static struct timer_wheel wheel;
    struct timer timer;
    struct timer *out[4];

    (void)state;
    timer_wheel_init(&wheel, 100);
    timer_init(&timer);
    assert_int_equal(timer_wheel_next(&wheel), TIMER_NEVER);
    assert_int_equal(timer_wheel_expire(&wheel, 100, out, 4), 0);
    timer_set(&wheel, &timer, 105);
    assert_int_equal(timer_wheel_next(&wheel), 105);
    assert_int_equal(timer_wheel_expire(&wheel, 104, out, 4), 0);
    assert_true(timer_is_set(&timer));
    assert_int_equal(timer_wheel_expire(&wheel, 105, out, 4), 1);
    assert_ptr_equal(out[0], &timer);
    assert_false(timer_is_set(&timer));
    assert_int_equal(timer_wheel_next(&wheel), TIMER_NEVER);
}

static void
test_set_in_the_past_is_due_at_once(void **state)
{
    static struct timer_wheel wheel;
    struct timer timer;
    struct timer *out[1];

    (void)state;
    timer_wheel_init(&wheel, 100);
    timer_init(&timer);
    assert_int_equal(timer_wheel_expire(&wheel, 100, out, 1), 0);
    timer_set(&wheel, &timer, 100);
    assert_int_equal(timer_wheel_next(&wheel), 100);
    assert_int_equal(timer_wheel_expire(&wheel, 100, out, 1), 1);
    timer_set(&wheel, &timer, -5);
    assert_int_equal(timer_wheel_expire(&wheel, 100, out, 1), 1);
    timer_set(&wheel, &timer, 3);
    timer_set(&wheel, &timer, 200); /* moved out of the overdue list */
    assert_int_equal(timer_wheel_expire(&wheel, 199, out, 1), 0);
    assert_int_equal(timer_wheel_expire(&wheel, 200, out, 1), 1);
}

static void
test_more_than_a_turn_away(void **state)
{
    static struct timer_wheel wheel;
    struct timer timer;
    struct timer *out[1];
    unsigned looks = 0;

    (void)state;
    timer_wheel_init(&wheel, 0);
    timer_init(&timer);
    const int64_t due = 7 * 24 * 3600;
    timer_set(&wheel, &timer, due);
    for (int64_t at = timer_wheel_next(&wheel); at < due; at = timer_wheel_next(&wheel)) {
        assert_int_equal(timer_wheel_expire(&wheel, at, out, 1), 0);
        assert_true(++looks <= due / TIMER_BUCKETS + 1); /* once a turn, not each second */
    }
    assert_int_equal(timer_wheel_expire(&wheel, due, out, 1), 1);
}

static void
test_clock_jumps_over_turns(void **state)
{
    static struct timer_wheel wheel;
    static struct timer timers[3 * TIMER_BUCKETS];
    static struct timer *out[3 * TIMER_BUCKETS];

    (void)state;
    timer_wheel_init(&wheel, 50);
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        timer_init(&timers[i]);
        timer_set(&wheel, &timers[i], 51 + (int64_t)i);
    }
    assert_int_equal(timer_wheel_expire(&wheel, 50 + 2 * TIMER_BUCKETS, out, ARRAY_LEN(out)),
                     2 * TIMER_BUCKETS);
    assert_int_equal(wheel.count, TIMER_BUCKETS);
    assert_int_equal(timer_wheel_next(&wheel), 51 + 2 * TIMER_BUCKETS);
}

static void
test_batches_lose_nothing(void **state)
{
    static struct timer_wheel wheel;
    struct timer timers[10];
    struct timer *out[3];
    size_t got = 0;
    size_t n;

    (void)state;
    timer_wheel_init(&wheel, 0);
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        timer_init(&timers[i]);
        timer_set(&wheel, &timers[i], i < 5 ? 7 : 8);
    }
    do {
        n = timer_wheel_expire(&wheel, 8, out, ARRAY_LEN(out));
        got += n;
    } while (n == ARRAY_LEN(out));
    assert_int_equal(got, ARRAY_LEN(timers));
    assert_int_equal(wheel.count, 0);
}

/* Random sets, moves, unsets and steps, against an array of due seconds. */
static void
test_against_model(void **state)
{
    enum { COUNT = 500, STEPS = 20000 };
    static struct timer_wheel wheel;
    static struct timer timers[COUNT];
    static int64_t model[COUNT];
    static struct timer *out[COUNT];
    struct rng rng;
    int64_t now = 1000;

    (void)state;
    rng_seed(&rng, 42);
    timer_wheel_init(&wheel, now);
    for (size_t i = 0; i < COUNT; i++) {
        timer_init(&timers[i]);
        model[i] = TIMER_NEVER;
    }
    for (size_t step = 0; step < STEPS; step++) {
        const size_t i = rng_below(&rng, COUNT);
        switch (rng_below(&rng, 4)) {
        case 0:
        case 1:
            model[i] = now + (int64_t)rng_below(&rng, 3 * TIMER_BUCKETS) - 10;
            timer_set(&wheel, &timers[i], model[i]);
            break;
        case 2:
            model[i] = TIMER_NEVER;
            timer_unset(&wheel, &timers[i]);
            break;
        default:
            now += (int64_t)rng_below(&rng, rng_below(&rng, 20) == 0 ? 10000 : 20);
            const size_t n = timer_wheel_expire(&wheel, now, out, COUNT);
            for (size_t k = 0; k < n; k++) {
                const size_t which = (size_t)(out[k] - timers);
                assert_true(model[which] <= now);
                model[which] = TIMER_NEVER;
            }
            for (size_t k = 0; k < COUNT; k++)
                assert_true(model[k] == TIMER_NEVER || model[k] > now);
            break;
        }
        int64_t earliest = TIMER_NEVER;
        for (size_t k = 0; k < COUNT; k++)
            earliest = model[k] < earliest ? model[k] : earliest;
        assert_true(timer_wheel_next(&wheel) <= earliest || earliest <= now);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_in_its_second),
        cmocka_unit_test(test_set_in_the_past_is_due_at_once),
        cmocka_unit_test(test_more_than_a_turn_away),
        cmocka_unit_test(test_clock_jumps_over_turns),
        cmocka_unit_test(test_batches_lose_nothing),
        cmocka_unit_test(test_against_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

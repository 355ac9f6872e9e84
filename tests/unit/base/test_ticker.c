/* SPDX-License-Identifier: MIT */
/* A ticker counts its calls, and none is made once ticker_stop has returned. */
#include "base/ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct calls {
    atomic_uint_fast64_t last;
};

static void
count(void *ctx, uint64_t number)
{
    struct calls *calls = ctx;

    assert_int_equal(number, atomic_load(&calls->last) + 1);
    atomic_store(&calls->last, number);
}

static void
test_counts_and_stops(void **state)
{
    struct calls calls = {0};
    struct ticker *ticker = NULL;
    const int64_t until_ms = clock_mono_ms(&clock_system) + 30000;

    (void)state;
    assert_int_equal(ticker_start(&ticker, "test", count, &calls, NULL), RC_OK);
    while (atomic_load(&calls.last) < 2 && clock_mono_ms(&clock_system) < until_ms)
        usleep(1000);
    assert_true(atomic_load(&calls.last) >= 2);
    ticker_stop(ticker);
    const uint64_t last = atomic_load(&calls.last);
    usleep(1200000); /* longer than a tick */
    assert_int_equal(atomic_load(&calls.last), last);
}

static void
test_stop_does_not_wait_for_the_tick(void **state)
{
    struct calls calls = {0};
    struct ticker *ticker = NULL;
    const int64_t began_ms = clock_mono_ms(&clock_system);

    (void)state;
    assert_int_equal(ticker_start(&ticker, "test", count, &calls, NULL), RC_OK);
    ticker_stop(ticker);
    ticker_stop(NULL);
    assert_true(clock_mono_ms(&clock_system) - began_ms < 900);
    assert_int_equal(atomic_load(&calls.last), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_stops),
        cmocka_unit_test(test_stop_does_not_wait_for_the_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

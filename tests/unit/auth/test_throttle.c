/* SPDX-License-Identifier: MIT */
/* Waits after failed logins: growth, bounds, forgiveness, and whom they must not touch. */
#include "support/cm.h"

#include "auth/throttle.h"
#include "base/limits.h"
#include "support/fake_clock.h"

static struct fake_clock now;
static struct throttle *throttle;

static const struct span home = SPAN_INIT("\xcb\x00\x71\x09");
static const struct span away = SPAN_INIT("\xc6\x33\x64\x01");
static const struct span six = SPAN_INIT("\x20\x01\x0d\xb8\0\0\0\1\0\0\0\0\0\0\0\1");
static const struct span six_neighbour =
    SPAN_INIT("\x20\x01\x0d\xb8\0\0\0\1\xff\0\0\0\0\0\0\2");
static const struct span six_other = SPAN_INIT("\x20\x01\x0d\xb8\0\0\0\2\0\0\0\0\0\0\0\1");

static int
setup(void **state)
{
    (void)state;
    fake_clock_init(&now, 1000);
    throttle = throttle_new(64, &now.clock);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    throttle_free(throttle);
    return 0;
}

/* A failed attempt that waits as it is told. */
static int64_t
attempt(struct span address, struct span login)
{
    const int64_t wait_ms = throttle_enter_ms(throttle, address, login);
    fake_clock_move_ms(&now, wait_ms);
    throttle_failed(throttle, address, login);
    return wait_ms;
}

static void
waits_grow_and_are_bounded(void **state)
{
    (void)state;
    static const int64_t expect[] = {0, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000};
    for (size_t i = 0; i < ARRAY_LEN(expect); i++)
        assert_int_equal(attempt(home, SPAN("joe")), expect[i]);
    assert_int_equal(throttle_enter_ms(throttle, away, SPAN("ann")), 0);
}

static void
attempts_at_once_stand_in_line(void **state)
{
    (void)state;
    attempt(home, SPAN("joe"));
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("a")), 500);
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("b")), 1000);
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("c")), 1500);
    for (int i = 0; i < 1000; i++)
        assert_true(throttle_enter_ms(throttle, home, SPAN("d")) <= LIMIT_THROTTLE_MS);
}

static void
time_forgives(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        attempt(home, SPAN("joe"));
    fake_clock_move_ms(&now, 300000);
    throttle_failed(throttle, home, SPAN("joe")); /* the fourth, no more the seventh */
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("x")), 4000);
    fake_clock_move_ms(&now, 24 * 3600 * 1000);
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("joe")), 0);
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("joe")), 0);
}

static void
an_account_guessed_at_from_everywhere(void **state)
{
    (void)state;
    throttle_succeeded(throttle, home, SPAN("joe"));
    assert_true(throttle_is_good(throttle, home, SPAN("JOE")));
    int64_t wait_ms = 0;
    for (char i = 0; i < 20; i++) {
        const char address[] = {10, 0, 0, i};
        wait_ms = attempt(span_of(address, 4), SPAN("joe"));
    }
    assert_int_equal(wait_ms, 4000); /* others wait, each from a fresh address */
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("joe")),
                     0); /* its owner does not */
    assert_true(throttle_enter_ms(throttle, away, SPAN("joe")) > 0);
}

static void
a_good_address_loses_its_name(void **state)
{
    (void)state;
    throttle_succeeded(throttle, home, SPAN("joe"));
    for (int i = 0; i < 4; i++)
        attempt(home, SPAN("ann")); /* a neighbour behind the same address */
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("joe")), 0);
    throttle_failed(throttle, home, SPAN("joe"));
    assert_false(throttle_is_good(throttle, home, SPAN("joe")));
    assert_true(throttle_enter_ms(throttle, home, SPAN("joe")) > 0);
    /* One own account does not buy free guesses at others. */
    throttle_succeeded(throttle, home, SPAN("mallory"));
    assert_true(throttle_enter_ms(throttle, home, SPAN("joe")) > 0);
}

static void
networks_and_local_peers(void **state)
{
    (void)state;
    attempt(six, SPAN("joe"));
    assert_int_equal(throttle_enter_ms(throttle, six_neighbour, SPAN("a")), 500);
    assert_int_equal(throttle_enter_ms(throttle, six_other, SPAN("a")), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(attempt(SPAN(""), SPAN("joe")), 0);
    assert_true(throttle_is_good(throttle, SPAN(""), SPAN("joe")));
}

static void
the_tables_are_bounded(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        throttle_failed(throttle, span_of(&i, 4), span_of(&i, 4));
        throttle_succeeded(throttle, span_of(&i, 4), span_of(&i, 4));
    }
    /* The latest are known, whatever came before. */
    attempt(home, SPAN("joe"));
    assert_int_equal(throttle_enter_ms(throttle, home, SPAN("ann")), 500);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(waits_grow_and_are_bounded),
        T(attempts_at_once_stand_in_line),
        T(time_forgives),
        T(an_account_guessed_at_from_everywhere),
        T(a_good_address_loses_its_name),
        T(networks_and_local_peers),
        T(the_tables_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Budgets of verifications: their size, their price, whom they must not touch, their bounds. */
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

enum { JOE = 1, ANN = 2 };

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

static struct throttle_ticket
enter(struct span address, uint64_t login)
{
    const struct throttle_who who = {.address = address, .login = login};
    struct throttle_ticket ticket;

    throttle_enter(throttle, &who, &ticket);
    return ticket;
}

static struct throttle_ticket
enter_known(struct span address, uint64_t login)
{
    const struct throttle_who who = {.address = address, .login = login, .known = true};
    struct throttle_ticket ticket;

    throttle_enter(throttle, &who, &ticket);
    return ticket;
}

/* A wrong password. */
static int64_t
guess(struct span address, uint64_t login)
{
    struct throttle_ticket ticket = enter(address, login);

    if (ticket.wait_ms >= 0)
        throttle_failed(throttle, &ticket);
    return ticket.wait_ms;
}

static void
a_budget_and_what_comes_after(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guess(home, 100 + i), 0);
    /* The wait is for one price more each time, and never longer than the limit. */
    assert_int_equal(guess(home, 1000), LIMIT_GUESS_MS);
    assert_int_equal(guess(home, 1001), LIMIT_THROTTLE_MS);
    for (uint64_t i = 0; i < 10000; i++)
        assert_int_equal(guess(home, 2000 + i), -1); /* and costs nothing */
    assert_int_equal(guess(away, JOE), 0);
    fake_clock_move_ms(&now, LIMIT_GUESS_MS);
    assert_int_equal(guess(home, 1002), LIMIT_THROTTLE_MS);
    fake_clock_move_ms(&now, (int64_t)(LIMIT_GUESSES + 2) * LIMIT_GUESS_MS);
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guess(home, 3000 + i), 0);
    assert_int_equal(guess(home, 4000), LIMIT_GUESS_MS);
}

static void
right_passwords_cost_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10000; i++) {
        struct throttle_ticket ticket = enter(home, i);
        assert_int_equal(ticket.wait_ms, 0);
        throttle_refund(throttle, &ticket);
        throttle_refund(throttle, &ticket); /* twice is once */
    }
    /* Nor do they buy guesses. */
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guess(home, 100 + i), 0);
    assert_int_equal(guess(home, 1000), LIMIT_GUESS_MS);
}

static void
hanging_up_gives_nothing_back(void **state)
{
    (void)state;
    for (int i = 0; i < LIMIT_GUESSES; i++)
        (void)enter(home, JOE); /* nobody waited for the answer */
    assert_int_equal(guess(home, ANN), LIMIT_GUESS_MS);
}

static void
known_pairs_wait_for_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        (void)guess(home, i); /* neighbours behind the same address */
    for (char i = 0; i < 100; i++) {
        const char address[] = {10, 0, 0, i};
        (void)guess(span_of(address, 4), JOE); /* and a flood from everywhere */
    }
    struct throttle_ticket ticket = enter_known(home, JOE);
    assert_int_equal(ticket.wait_ms, 0);
    assert_int_equal(ticket.rank, THROTTLE_KNOWN);
    throttle_refund(throttle, &ticket);
    assert_int_equal(enter_known(home, ANN).wait_ms, 0);
}

/* What is guessed at a known pair. */
static int64_t
guess_known(struct span address, uint64_t login)
{
    struct throttle_ticket ticket = enter_known(address, login);

    if (ticket.wait_ms >= 0)
        throttle_failed(throttle, &ticket);
    return ticket.wait_ms;
}

static void
spend_known(struct span address, uint64_t login)
{
    for (int i = 0; i < LIMIT_GUESSES - LIMIT_GUESSES_KEPT; i++)
        assert_int_equal(guess_known(address, login), 0);
}

/* The pair's own budget first, then the address's but for what is left to others. Then it has
 * to wait, and is refused only when many wait. */
static void
known_pairs_have_a_budget(void **state)
{
    struct throttle_ticket ticket;

    (void)state;
    spend_known(home, JOE);
    for (int i = 0; i < LIMIT_GUESSES - LIMIT_GUESSES_LEFT; i++) {
        ticket = enter_known(home, JOE);
        assert_int_equal(ticket.wait_ms, 0);
        assert_int_not_equal(ticket.rank, THROTTLE_KNOWN);
        throttle_failed(throttle, &ticket);
    }
    assert_int_equal(guess_known(home, JOE), LIMIT_GUESS_MS);
    assert_int_equal(guess_known(home, JOE), LIMIT_THROTTLE_MS);
    for (int i = 0; i < LIMIT_THROTTLE_MS / LIMIT_GUESS_CROWD_MS; i++)
        assert_int_equal(guess_known(home, JOE), LIMIT_THROTTLE_MS);
    assert_int_equal(guess_known(home, JOE), -1);
    fake_clock_move_ms(&now, LIMIT_GUESS_CROWD_MS);
    assert_int_equal(guess_known(home, JOE), LIMIT_THROTTLE_MS);
    assert_int_equal(guess_known(home, JOE), -1);
    /* Two are waiting out of what was left. */
    for (uint64_t i = 0; i < LIMIT_GUESSES_LEFT - 2; i++)
        assert_int_equal(guess(home, 100 + i), 0);
    assert_in_range(guess(home, 1000), 1, LIMIT_GUESS_MS);
    assert_int_equal(guess_known(home, ANN), 0);
    /* One comes back in an hour, but the kept ones are not for him. */
    fake_clock_move_ms(&now, LIMIT_GUESS_KNOWN_MS);
    ticket = enter_known(home, JOE);
    assert_int_equal(ticket.rank, THROTTLE_KNOWN);
    throttle_failed(throttle, &ticket);
    assert_int_not_equal(enter_known(home, JOE).rank, THROTTLE_KNOWN);
}

static struct throttle_ticket
guesser_waits(void)
{
    struct throttle_ticket ticket;

    do {
        ticket = enter_known(home, JOE);
        if (ticket.wait_ms == 0)
            throttle_failed(throttle, &ticket);
    } while (ticket.wait_ms == 0);
    assert_in_range(ticket.wait_ms, 1, LIMIT_THROTTLE_MS);
    return ticket;
}

/* While a guesser waits, whoever else comes may be the owner. */
static void
some_are_kept_for_the_owner(void **state)
{
    struct throttle_ticket ticket;

    (void)state;
    struct throttle_ticket guesser = guesser_waits();
    for (int i = 0; i < 1000; i++) { /* the owner's right password costs nothing */
        ticket = enter_known(home, JOE);
        assert_int_equal(ticket.wait_ms, 0);
        assert_int_equal(ticket.rank, THROTTLE_KNOWN);
        throttle_refund(throttle, &ticket);
    }
    /* It was wrong, and he comes again: nobody else waits now. */
    fake_clock_move_ms(&now, guesser.wait_ms);
    throttle_failed(throttle, &guesser);
    guesser = guesser_waits();
    /* Nor when he hung up. He gets nothing back, but for the place in which he waited. */
    throttle_left(throttle, &guesser);
    throttle_left(throttle, &guesser); /* twice is once */
    for (int i = 0; i < 1000; i++) {
        guesser = enter_known(home, JOE);
        assert_in_range(guesser.wait_ms, 1, LIMIT_THROTTLE_MS);
        throttle_left(throttle, &guesser);
    }
    /* Several at once spend what is kept; one of these comes back in an hour. */
    guesser = guesser_waits();
    for (int i = 0; i < LIMIT_GUESSES_KEPT; i++)
        assert_int_equal(guess_known(home, JOE), 0);
    assert_int_not_equal(guess_known(home, JOE), 0);
    /* Whose verdict never comes keeps nobody for ever. */
    fake_clock_move_ms(&now, LIMIT_GUESS_KNOWN_MS * (int64_t)LIMIT_GUESSES_KEPT);
    ticket = enter_known(home, JOE);
    assert_int_not_equal(ticket.rank, THROTTLE_KNOWN);
}

/* An exchange that is kept open, to be ended with a right password when time has paid for it:
 * that must not pay a second time. Nor what was forgotten meanwhile. */
static void
what_time_has_paid_is_not_given_back(void **state)
{
    struct throttle_ticket held[LIMIT_GUESSES];

    (void)state;
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        held[i] = enter(home, 100 + i);
    fake_clock_move_ms(&now, (int64_t)LIMIT_GUESSES * LIMIT_GUESS_MS);
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guess(home, 200 + i), 0);
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        throttle_refund(throttle, &held[i]);
    assert_int_equal(guess(home, JOE), LIMIT_GUESS_MS);

    struct throttle_ticket ticket = enter(away, JOE);
    fake_clock_move_ms(&now, LIMIT_GUESS_MS / 3);
    throttle_refund(throttle, &ticket); /* two thirds of it */
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guess(away, 300 + i), 0);
    assert_int_equal(guess(away, JOE), LIMIT_GUESS_MS);
}

static void
what_was_forgotten_is_not_given_back(void **state)
{
    (void)state;
    struct throttle_ticket ticket = enter(home, JOE);
    fake_clock_move_ms(&now, 1);
    for (uint32_t i = 0; i < 100000; i++) { /* others who have spent more push it out */
        (void)guess(span_of(&i, 4), i);
        (void)guess(span_of(&i, 4), i);
    }
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        (void)guess(home, 100 + i);
    throttle_refund(throttle, &ticket);
    assert_int_equal(guess(home, JOE), LIMIT_GUESS_MS);
}

static void
a_login_guessed_at_from_everywhere(void **state)
{
    (void)state;
    int64_t wait_ms = 0;
    throttle_free(throttle); /* no guesser shall be forgotten for want of room */
    throttle = throttle_new(16384, &now.clock);
    assert_non_null(throttle);
    for (int i = 0; i < 1000; i++) {
        const char address[] = {10, 0, (char)(i / 100), (char)(i % 100)};
        wait_ms = guess(span_of(address, 4), JOE);
        assert_int_equal(wait_ms > 0, i >= LIMIT_GUESSES);
        assert_true(wait_ms >= 0 && wait_ms <= LIMIT_THROTTLE_MS);
    }
    /* Its owner comes from an address that has guessed nothing: sooner, and first in line. */
    const struct throttle_ticket ticket = enter(away, JOE);
    assert_in_range(ticket.wait_ms, 1, 10000);
    assert_int_equal(ticket.rank, THROTTLE_CLEAN);
    static const char again[] = {10, 0, 9, 99};
    const struct throttle_ticket late = enter(span_of(again, 4), JOE);
    assert_int_equal(late.wait_ms, LIMIT_THROTTLE_MS);
    assert_int_equal(late.rank, THROTTLE_LATE);
    assert_int_equal(enter(away, ANN).wait_ms, 0);
    /* When all is paid, so many again at once, and one more in so long. */
    fake_clock_move_ms(&now, LIMIT_GUESSES * LIMIT_GUESS_LOGIN_MS + LIMIT_THROTTLE_MS);
    for (int i = 0; i < LIMIT_GUESSES + 2; i++) {
        const char address[] = {10, 1, 0, (char)i};
        assert_int_equal(enter(span_of(address, 4), JOE).wait_ms,
                         i < LIMIT_GUESSES ? 0
                                           : (i + 1 - LIMIT_GUESSES) * LIMIT_GUESS_LOGIN_MS);
    }
}

static void
a_webmail_has_a_budget_for_each_login(void **state)
{
    (void)state;
    struct throttle_ticket ticket;
    for (uint64_t i = 1; i <= 1000; i++) {
        const struct throttle_who who = {.address = home, .login = i % 50, .trusted = true};
        throttle_enter(throttle, &who, &ticket);
        assert_int_equal(ticket.wait_ms, 0);
        throttle_failed(throttle, &ticket);
    }
    const struct throttle_who joe = {.address = home, .login = 999, .trusted = true};
    for (int i = 0; i < LIMIT_GUESSES; i++) {
        throttle_enter(throttle, &joe, &ticket);
        assert_int_equal(ticket.wait_ms, 0);
    }
    throttle_enter(throttle, &joe, &ticket);
    assert_int_equal(ticket.wait_ms, LIMIT_GUESS_MS);
}

static void
networks_and_local_peers(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        (void)guess(six, 100 + i);
    assert_int_equal(guess(six_neighbour, JOE), LIMIT_GUESS_MS);
    assert_int_equal(guess(six_other, ANN), 0);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(guess(SPAN(""), JOE), 0);
}

static void
the_tables_are_bounded(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100000; i++)
        (void)guess(span_of(&i, 4), i);
    /* Who has spent the most is kept, whoever else comes. */
    for (uint64_t i = 0; i < LIMIT_GUESSES; i++)
        (void)guess(home, i);
    for (uint32_t i = 0; i < 100000; i++)
        (void)guess(span_of(&i, 4), i);
    assert_int_equal(guess(home, JOE), LIMIT_GUESS_MS);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_budget_and_what_comes_after),
        T(right_passwords_cost_nothing),
        T(what_time_has_paid_is_not_given_back),
        T(what_was_forgotten_is_not_given_back),
        T(hanging_up_gives_nothing_back),
        T(known_pairs_wait_for_nothing),
        T(known_pairs_have_a_budget),
        T(some_are_kept_for_the_owner),
        T(a_login_guessed_at_from_everywhere),
        T(a_webmail_has_a_budget_for_each_login),
        T(networks_and_local_peers),
        T(the_tables_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

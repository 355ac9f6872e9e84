/* SPDX-License-Identifier: MIT */
/*
 * A full disk and the turn: what frees space is tried again with room that was kept for it, and
 * whoever waits for that, or for the engine's lease meanwhile, is woken. With the embedded
 * engine, and with one that puts off every second begin.
 */
#include "support/cm.h"

#include <stdio.h>

#include "mailbox/memory/account.h"
#include "mailbox/write/turn.h"
#include "store/room.h"
#include "support/fake_clock.h"
#include "support/seam_engine.h"
#include "support/tmpdir.h"

enum { OTHERS = 3, WAITS_MAX = 100 };

struct fixture {
    struct tmpdir dir;
    struct fake_clock clock;
    struct store *store;
    struct accounts *accounts;
    struct account *acct;
    struct room *room;
};

/* Deletes, and finds the disk full at first. */
struct deleting {
    struct turn_req turn;
    unsigned full; /* so many times still */
    unsigned applied;
    unsigned wakes;
    struct deleting *others; /* come while this one is carried out */
    size_t other_count;
};

static void
on_wake(void *ctx, uint64_t id)
{
    struct deleting *deleting = ctx;

    (void)id;
    deleting->wakes++;
}

static enum rc
apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct deleting *deleting = CONTAINER_OF(req, struct deleting, turn);

    deleting->applied++;
    for (size_t i = 0; i < deleting->other_count; i++)
        assert_int_equal(turn_run(ctx->acct, &deleting->others[i].turn), RC_AGAIN);
    deleting->other_count = 0;
    if (deleting->full > 0) {
        deleting->full--;
        return err_set(err, RC_FULL, 0, "full");
    }
    return store_unsubscribe(ctx->tx, SPAN("none"), err);
}

static void
deleting_init(struct deleting *deleting, unsigned full)
{
    *deleting = (struct deleting){.full = full};
    turn_req_init(&deleting->turn, apply, 100, (struct wake){on_wake, deleting, 0});
    deleting->turn.frees_space = true;
}

/* As a session does: asks, and when told to come again waits until it is woken. */
static enum rc
finish(struct fixture *fx, struct deleting *deleting)
{
    for (unsigned waits = 0; waits < WAITS_MAX; waits++) {
        const unsigned before = deleting->wakes;
        if (turn_run(fx->acct, &deleting->turn) == RC_OK)
            return deleting->turn.result;
        if (deleting->wakes == before)
            fail_msg("it waits and nobody will wake it");
    }
    fail_msg("it never ends");
    return RC_AGAIN;
}

static void
fixture_open(struct fixture *fx, bool seam)
{
    struct err err = {.rc = RC_OK};

    tmpdir_make(&fx->dir);
    fake_clock_init(&fx->clock, 1800000000);
    assert_ok(room_open(tmpdir_file(&fx->dir, "reserve"), &fx->room, &err));
    const struct seam_options options = {
        .sqlite =
            {
                .dir = tmpdir_file(&fx->dir, "accounts"),
                .store.clock = &fx->clock.clock,
                .max_open_fds = 60,
                .room = fx->room,
            },
        .wakes = SEAM_WAKE_AT_ONCE,
    };
    assert_ok(seam ? store_open_seam(&options, &fx->store, &err)
                   : store_open_sqlite(&options.sqlite, &fx->store, &err));
    assert_ok(accounts_new(fx->store, &fx->clock.clock, &fx->accounts));
    assert_ok(account_get(fx->accounts, 7, &fx->acct));
}

static void
fixture_close(struct fixture *fx)
{
    account_put(fx->acct);
    accounts_free(fx->accounts);
    store_close(fx->store);
    room_close(fx->room);
    tmpdir_remove(&fx->dir);
}

static void
a_full_disk_is_tried_again(struct fixture *fx)
{
    struct deleting one;

    for (unsigned full = 0; full < 4; full++) {
        deleting_init(&one, full);
        assert_int_equal(finish(fx, &one), RC_OK);
        assert_int_equal(one.applied, full + 1);
    }
}

/* Each of a batch may find it full, also when its holder does not, and each gets its answer. */
static void
all_of_a_batch_are_tried_again(struct fixture *fx)
{
    struct deleting first;
    struct deleting others[OTHERS];

    for (unsigned full = 0; full < 3; full++) {
        deleting_init(&first, full == 1 ? 0 : full);
        for (size_t i = 0; i < OTHERS; i++)
            deleting_init(&others[i], full * (unsigned)i);
        first.others = others;
        first.other_count = OTHERS;
        assert_int_equal(finish(fx, &first), RC_OK);
        for (size_t i = 0; i < OTHERS; i++) {
            assert_true(others[i].wakes > 0);
            assert_int_equal(finish(fx, &others[i]), RC_OK);
            assert_int_equal(others[i].applied, full * i + 1);
        }
    }
}

/* One that was put back may be taken back by its session. */
static void
who_was_put_back_may_leave(struct fixture *fx)
{
    struct deleting first;
    struct deleting others[OTHERS];

    deleting_init(&first, 0);
    for (size_t i = 0; i < OTHERS; i++)
        deleting_init(&others[i], 1);
    first.others = others;
    first.other_count = OTHERS;
    assert_int_equal(finish(fx, &first), RC_OK);
    assert_true(turn_cancel(fx->acct, &others[1].turn));
    assert_true(turn_cancel(fx->acct, &others[0].turn)); /* it had been given the turn */
    assert_int_equal(finish(fx, &others[2]), RC_OK);
    deleting_init(&first, 0);
    assert_int_equal(finish(fx, &first), RC_OK);
}

static void
test_with_either_engine(void **state)
{
    struct fixture fx;

    (void)state;
    for (int seam = 0; seam < 2; seam++) {
        fixture_open(&fx, seam == 1);
        a_full_disk_is_tried_again(&fx);
        all_of_a_batch_are_tried_again(&fx);
        who_was_put_back_may_leave(&fx);
        fixture_close(&fx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_either_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

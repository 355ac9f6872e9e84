/* SPDX-License-Identifier: MIT */
/*
 * Power loss at every moment. The store makes accounts, delivers, closes, empties logs,
 * restarts and removes an account, while every change of the disk is recorded together with
 * what was acknowledged by then. From the recording the states that a power loss may leave are
 * rebuilt; in each the store opens, every acknowledged message is there octet for octet,
 * store_verify finds nothing, and the account takes more.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "store/sqlite/private.h"

enum {
    ACCOUNTS = 4,
    DELIVERIES = 40,
};

/* How many messages each account has for certain, from a moment of the recording on. */
struct ack {
    size_t at;
    unsigned account;
    unsigned messages;
    enum { THERE, BEING_REMOVED, REMOVED } state;
};

static struct ack acks[DELIVERIES + 2];
static unsigned ack_count;
static unsigned messages[ACCOUNTS + 1];

static size_t
text_octets(unsigned account, unsigned message)
{
    static const size_t sizes[] = {300, 3000, 9000, 70000};

    return sizes[(account * 7 + message) % ARRAY_LEN(sizes)];
}

static void
text_of(struct buf *out, unsigned account, unsigned message)
{
    make_text(out, account * 1000 + message, text_octets(account, message));
}

static void
deliver(struct fixture *fx, unsigned account)
{
    struct store_account *own = fx->acct;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    assert_ok(store_account_get(fx->store, account, &fx->acct));
    struct store_tx *tx = begin_write(fx);
    text_of(&text, account, messages[account] + 1);
    add_text(fx, tx, mbox_id(fx, tx, "INBOX"), buf_span(&text), 0);
    commit(fx, tx);
    store_account_put(fx->acct);
    fx->acct = own;
    messages[account]++;
}

/* Its mailboxes are made by whoever looks first, and nothing is promised by that. */
static void
look(struct fixture *fx, unsigned account)
{
    struct store_account *own = fx->acct;

    assert_ok(store_account_get(fx->store, account, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    (void)mbox_id(fx, tx, "INBOX");
    store_end(tx);
    store_account_put(fx->acct);
    fx->acct = own;
}

static void
acknowledged(const struct power *power, unsigned account)
{
    acks[ack_count++] = (struct ack){power_count(power), account, messages[account], THERE};
}

static void
close_all(struct fixture *fx)
{
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
}

static struct power *
record(struct fixture *fx)
{
    char layout[200];
    struct rng rng;

    store_account_put(fx->acct);
    store_close(fx->store);
    snprintf(layout, sizeof layout, "%s/layout", fx->accounts);
    assert_int_equal(unlink(layout), 0);
    assert_int_equal(rmdir(fx->accounts), 0); /* the store makes it, recorded */
    struct power *power = power_new(fx->dir);
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    rng_seed(&rng, 4711);
    for (unsigned i = 0; i < DELIVERIES; i++) {
        const unsigned account = 1 + (unsigned)rng_below(&rng, ACCOUNTS);
        if (rng_below(&rng, 4) == 0)
            (void)making_step(sqlite_store_of(fx->store), 1 + (unsigned)rng_below(&rng, 4));
        if (messages[account] == 0 && account % 2 == 0)
            look(fx, account);
        if (messages[account] == 0 && account == ACCOUNTS)
            close_all(fx); /* the handle that made them is gone before the first sync */
        deliver(fx, account);
        acknowledged(power, account);
        if (rng_below(&rng, 3) == 0)
            close_all(fx);
        if (rng_below(&rng, 6) == 0)
            store_sqlite_empty_logs(fx->store);
        if (rng_below(&rng, 15) == 0)
            fixture_restart(fx);
    }
    close_all(fx);
    acks[ack_count++] = (struct ack){power_count(power), 1, messages[1], BEING_REMOVED};
    assert_ok(store_account_remove(fx->store, 1, &fx->err));
    acks[ack_count++] = (struct ack){power_count(power), 1, 0, REMOVED};
    power_stop(power);
    return power;
}

/* ---- looking ---- */

static void
check_account(struct fixture *fx, unsigned account, const struct ack *ack)
{
    AUTO_BUF text = {0};
    AUTO_BUF expected = {0};

    buf_init(&text, 1 << 20);
    buf_init(&expected, 1 << 20);
    assert_ok(store_account_get(fx->store, account, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, mbox_id(fx, tx, "INBOX"), &count);
    const bool right = ack->state == THERE           ? count >= ack->messages
                       : ack->state == BEING_REMOVED ? count == ack->messages || count == 0
                                                     : count == 0;
    if (!right)
        fail_msg("account %u has %zu messages, not %u", account, count, ack->messages);
    for (unsigned i = 0; i < count; i++) {
        buf_clear(&text);
        buf_clear(&expected);
        assert_int_equal(rows[i].uid, i + 1);
        assert_ok(store_content_read(tx, rows[i].message, 0, UINT64_MAX, &text, &fx->err));
        text_of(&expected, account, i + 1);
        assert_true(span_eq(buf_span(&text), buf_span(&expected)));
    }
    store_end(tx);
    verify(fx);
    fill(fx, "INBOX", 1);
    store_account_put(fx->acct);
    fx->acct = NULL;
    arena_reset(&fx->arena);
}

/* What must be there after `at` changes. */
static void
check_state(void *ctx, size_t at, const char *dir)
{
    struct fixture *fx = calloc(1, sizeof *fx);
    struct ack latest[ACCOUNTS + 1] = {0};

    (void)ctx;
    assert_non_null(fx);
    for (unsigned i = 0; i < ack_count && acks[i].at <= at; i++)
        latest[acks[i].account] = acks[i];
    snprintf(fx->accounts, sizeof fx->accounts, "%.69s/accounts", dir);
    arena_init(&fx->arena, TEST_ARENA_OCTETS);
    fx->options = (struct sqlite_options){.dir = fx->accounts,
                                          .store.clock = &test_clock,
                                          .max_open_fds = 60,
                                          .store.undelete_max_octets = 1 << 30};
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    making_sweep(sqlite_store_of(fx->store));
    for (unsigned account = 1; account <= ACCOUNTS; account++)
        check_account(fx, account, &latest[account]);
    store_close(fx->store);
    arena_done(&fx->arena);
    free(fx);
}

static void
test_power_loss_at_every_moment(void **state)
{
    struct fixture *fx = fixture_new();
    struct power *power = record(fx);

    (void)state;
    power_look(power, fx->dir, check_state, NULL);
    power_free(power);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss_at_every_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

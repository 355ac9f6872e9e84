/* SPDX-License-Identifier: MIT */
/*
 * Accounts whose writer keeps its memory without descriptors: who gets there and how many, that
 * the next delivery finds everything, and that nothing is counted on when somebody else was at
 * the files meanwhile.
 */
#include "support.h"

#include <stdio.h>
#include <time.h>

#include "db/vfs.h"
#include "store/sqlite/private.h"
#include "support/outside.h"

enum { FDS = 30, OTHERS = FDS / HANDLE_FDS };

/* Files that were changed a moment ago cannot be told from those changed again. */
static void
let_settle(void)
{
    const struct timespec moment = {.tv_nsec = 100000000};

    nanosleep(&moment, NULL);
    test_now_s++;
}

static struct fixture *
fixture_sleepy(int64_t max_asleep)
{
    struct fixture *fx = fixture_new();

    fx->options.max_open_fds = FDS;
    fx->options.max_asleep = max_asleep;
    fixture_restart(fx);
    return fx;
}

/* Deliveries to so many others that whoever rests has to give up its descriptors. */
static void
press(struct fixture *fx, uint64_t first)
{
    struct store_account *own = fx->acct;

    for (unsigned i = 0; i < OTHERS; i++) {
        assert_ok(store_account_get(fx->store, first + i, &fx->acct));
        fill(fx, "INBOX", 1);
        store_account_put(fx->acct);
        assert_true(store_sqlite_open_fds(fx->store) <= FDS);
    }
    fx->acct = own;
}

/* Account 7 with some messages, asleep. */
static void
go_to_sleep(struct fixture *fx, unsigned messages)
{
    fill(fx, "INBOX", messages);
    let_settle();
    press(fx, 100);
    assert_true(store_sqlite_asleep(fx->store) > 0);
    assert_true(sqlite_account_of(fx->acct)->writer->asleep);
}

static void
assert_messages(struct fixture *fx, uint32_t count)
{
    struct store_tx *tx = begin_read(fx);

    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, count);
    store_end(tx);
    verify(fx);
}

static void
path_of(const struct fixture *fx, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/00/00/7/%s", fx->accounts, name);
}

static void
test_delivery_wakes(void **state)
{
    struct fixture *fx = fixture_sleepy(100);

    (void)state;
    go_to_sleep(fx, 3);
    const struct handle *writer = sqlite_account_of(fx->acct)->writer;
    fill(fx, "INBOX", 2);
    assert_ptr_equal(sqlite_account_of(fx->acct)->writer, writer);
    assert_false(writer->asleep);
    assert_messages(fx, 5);
    fixture_restart(fx);
    assert_messages(fx, 5);
    fixture_free(fx);
}

/* A reader beside a writer that sleeps on; then the account rests again. */
static void
test_reader_beside_a_sleeper(void **state)
{
    struct fixture *fx = fixture_sleepy(100);

    (void)state;
    go_to_sleep(fx, 3);
    assert_messages(fx, 3);
    assert_true(sqlite_account_of(fx->acct)->writer->asleep);
    let_settle();
    press(fx, 100);
    assert_true(sqlite_account_of(fx->acct)->writer->asleep);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    fixture_free(fx);
}

static void
assert_asleep(int64_t max_asleep, int64_t count)
{
    struct fixture *fx = fixture_sleepy(max_asleep);

    for (uint64_t round = 0; round < 3; round++) {
        press(fx, 100 + round % 2 * OTHERS);
        let_settle();
    }
    assert_int_equal(store_sqlite_asleep(fx->store), count);
    fixture_free(fx);
}

static void
test_sleepers_are_bounded(void **state)
{
    (void)state;
    assert_asleep(100, OTHERS);
    assert_asleep(3, 3);
    assert_asleep(0, 0);
}

static void
test_idle_sleepers_are_closed(void **state)
{
    struct fixture *fx = fixture_sleepy(100);

    (void)state;
    go_to_sleep(fx, 1);
    store_keep_house(fx->store, NULL);
    assert_true(store_sqlite_asleep(fx->store) > 0);
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_asleep(fx->store), 0);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
    assert_messages(fx, 1);
    fixture_free(fx);
}

/* Its log is emptied like that of any closed account. */
static void
test_log_of_a_sleeper(void **state)
{
    struct fixture *fx = fixture_sleepy(100);
    char path[200];

    (void)state;
    go_to_sleep(fx, 3);
    store_sqlite_empty_logs(fx->store);
    path_of(fx, "mail.db-wal", path, sizeof path);
    assert_int_equal(vfs_log_octets(path), 0);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    fixture_free(fx);
}

static void
test_others_meanwhile(void **state)
{
    struct fixture *fx = fixture_sleepy(100);
    char path[200];

    (void)state;
    path_of(fx, "mail.db", path, sizeof path);
    go_to_sleep(fx, 3);
    /* A program that is the last one out moves the log into the database and removes it. */
    outsider_end(outsider_begin(path, "INSERT INTO subscription VALUES ('x')"));
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    let_settle();
    go_to_sleep(fx, 1);
    struct outsider outsider = outsider_begin(path, "SELECT count(*) FROM entry");
    fill(fx, "INBOX", 1); /* it is still there */
    assert_messages(fx, 6);
    outsider_end(outsider);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 7);
    fixture_free(fx);
}

static void
test_sleeper_is_removed(void **state)
{
    struct fixture *fx = fixture_sleepy(100);

    (void)state;
    go_to_sleep(fx, 3);
    store_account_put(fx->acct);
    assert_ok(store_account_remove(fx->store, 7, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    assert_messages(fx, 0);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery_wakes),
        cmocka_unit_test(test_reader_beside_a_sleeper),
        cmocka_unit_test(test_sleepers_are_bounded),
        cmocka_unit_test(test_idle_sleepers_are_closed),
        cmocka_unit_test(test_log_of_a_sleeper),
        cmocka_unit_test(test_others_meanwhile),
        cmocka_unit_test(test_sleeper_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Handles that go from account to account: who leaves one behind, how many are kept and for how
 * long, that an account that is opened with one finds everything, and that none is used where
 * somebody else was at the files or the tables are not ours.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "db/vfs.h"
#include "store/sqlite/private.h"
#include "support/outside.h"

enum { FDS = 30, OTHERS = FDS / HANDLE_FDS };

static struct fixture *
fixture_tight(void)
{
    struct fixture *fx = fixture_new();

    fx->options.max_open_fds = FDS;
    fixture_restart(fx);
    return fx;
}

static void
deliver_to(struct fixture *fx, uint64_t account, unsigned messages)
{
    struct store_account *own = fx->acct;

    assert_ok(store_account_get(fx->store, account, &fx->acct));
    fill(fx, "INBOX", messages);
    store_account_put(fx->acct);
    fx->acct = own;
}

/* Deliveries to so many others that whoever rests has to give up its descriptors. */
static void
press(struct fixture *fx, uint64_t first)
{
    for (unsigned i = 0; i < OTHERS; i++) {
        deliver_to(fx, first + i, 1);
        test_now_s++;
        assert_true(store_sqlite_open_fds(fx->store) <= FDS);
    }
}

/* Account 7 with some more messages, closed. */
static void
deliver_and_close(struct fixture *fx, unsigned messages)
{
    fill(fx, "INBOX", messages);
    test_now_s++;
    press(fx, 100);
    assert_null(sqlite_account_of(fx->acct)->writer);
}

static void
assert_messages_of(struct fixture *fx, uint64_t account, uint32_t count)
{
    struct store_account *own = fx->acct;

    assert_ok(store_account_get(fx->store, account, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, count);
    store_end(tx);
    verify(fx);
    store_account_put(fx->acct);
    fx->acct = own;
}

static void
assert_messages(struct fixture *fx, uint32_t count)
{
    assert_messages_of(fx, 7, count);
}

static void
path_of(const struct fixture *fx, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/00/00/7/%s", fx->accounts, name);
}

/* The handle that the account 7 is opened with next was another's before. */
static struct db *
next_spare(struct fixture *fx)
{
    struct spares *spares = &sqlite_store_of(fx->store)->spares;

    assert_true(spares->count > 0);
    return spares->handles[spares->count - 1].db;
}

static void
test_delivery_takes_a_spare(void **state)
{
    struct fixture *fx = fixture_tight();

    (void)state;
    deliver_and_close(fx, 3);
    test_now_s += 25;
    store_keep_house(fx->store, NULL); /* all are closed, and leave theirs */
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
    assert_int_equal(store_sqlite_spares(fx->store), OTHERS);
    const struct db *spare = next_spare(fx);
    fill(fx, "INBOX", 2);
    assert_ptr_equal(sqlite_account_of(fx->acct)->writer->db, spare);
    assert_int_equal(store_sqlite_spares(fx->store), OTHERS - 1);
    assert_messages(fx, 5);
    fixture_restart(fx);
    assert_int_equal(store_sqlite_spares(fx->store), 0);
    assert_messages(fx, 5);
    for (uint64_t i = 0; i < OTHERS; i++)
        assert_messages_of(fx, 100 + i, 1);
    fixture_free(fx);
}

/* A reader that was moved beside a writer that was opened, and the other way round. */
static void
test_two_handles_of_one_account(void **state)
{
    struct fixture *fx = fixture_tight();

    (void)state;
    deliver_and_close(fx, 3);
    struct store_tx *reader = begin_read(fx);
    assert_int_equal(mbox_row(fx, reader, "INBOX").exists, 3);
    fill(fx, "INBOX", 2);
    assert_int_equal(mbox_row(fx, reader, "INBOX").exists, 3);
    store_end(reader);
    assert_messages(fx, 5);
    deliver_and_close(fx, 1);
    struct store_tx *writer = begin_write(fx);
    assert_messages(fx, 6);
    add_message(fx, writer, mbox_id(fx, writer, "INBOX"), 1, 0);
    commit(fx, writer);
    assert_messages(fx, 7);
    fixture_free(fx);
}

/* New accounts, whose files are all alike, and accounts without a log. */
static void
test_many_rounds(void **state)
{
    struct fixture *fx = fixture_tight();
    enum { ACCOUNTS = 40, ROUNDS = 6 };

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < ACCOUNTS; i++) {
            deliver_to(fx, 200 + i, (unsigned)(i % 3 + 1));
            if (i % 7 == round)
                test_now_s++;
        }
        if (round % 2 == 1)
            store_sqlite_empty_logs(fx->store);
    }
    assert_true(store_sqlite_spares(fx->store) > 0);
    for (uint64_t i = 0; i < ACCOUNTS; i++)
        assert_messages_of(fx, 200 + i, (uint32_t)(i % 3 + 1) * ROUNDS);
    fixture_restart(fx);
    for (uint64_t i = 0; i < ACCOUNTS; i++)
        assert_messages_of(fx, 200 + i, (uint32_t)(i % 3 + 1) * ROUNDS);
    fixture_free(fx);
}

static void
close_so_many(struct fixture *fx, unsigned accounts)
{
    fx->options.max_open_fds = (int64_t)(accounts + 1) * HANDLE_FDS;
    fixture_restart(fx);
    for (uint64_t i = 0; i < accounts; i++)
        deliver_to(fx, 1000 + i, 1);
    test_now_s += 21;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
}

static void
test_spares_are_bounded(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    close_so_many(fx, LIMIT_SPARE_HANDLES);
    assert_int_equal(store_sqlite_spares(fx->store), LIMIT_SPARE_HANDLES);
    close_so_many(fx, LIMIT_SPARE_HANDLES + 1);
    assert_int_equal(store_sqlite_spares(fx->store), LIMIT_SPARE_HANDLES);
    close_so_many(fx, 3 * LIMIT_SPARE_HANDLES);
    assert_int_equal(store_sqlite_spares(fx->store), LIMIT_SPARE_HANDLES);
    assert_messages_of(fx, 1000, 3);
    assert_messages_of(fx, 1000 + LIMIT_SPARE_HANDLES, 2);
    fixture_free(fx);
}

static void
test_unused_spares_are_closed(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    close_so_many(fx, 5);
    assert_int_equal(store_sqlite_spares(fx->store), 5);
    test_now_s += 19;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_spares(fx->store), 5);
    deliver_to(fx, 1000, 1); /* uses one, which stays open */
    test_now_s += 2;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_spares(fx->store), 0);
    test_now_s += 21;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_spares(fx->store), 1);
    fixture_free(fx);
}

/* The log of a closed account is emptied through a spare, and that is one again. */
static void
test_log_of_a_closed_account(void **state)
{
    struct fixture *fx = fixture_tight();
    char path[200];

    (void)state;
    deliver_and_close(fx, 3);
    const unsigned spares = store_sqlite_spares(fx->store);
    path_of(fx, "mail.db-wal", path, sizeof path);
    assert_true(vfs_log_octets(path) > 0);
    store_sqlite_empty_logs(fx->store);
    assert_int_equal(vfs_log_octets(path), 0);
    assert_true(store_sqlite_spares(fx->store) >= spares);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    fixture_free(fx);
}

static void
test_others_meanwhile(void **state)
{
    struct fixture *fx = fixture_tight();
    char path[200];

    (void)state;
    path_of(fx, "mail.db", path, sizeof path);
    deliver_and_close(fx, 3);
    /* A program that is the last one out moves the log into the database and removes it. */
    outsider_end(outsider_begin(path, "INSERT INTO subscription VALUES ('x')"));
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    deliver_and_close(fx, 1);
    struct outsider outsider = outsider_begin(path, "SELECT count(*) FROM entry");
    fill(fx, "INBOX", 1); /* it is still there */
    assert_messages(fx, 6);
    outsider_end(outsider);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 7);
    fixture_free(fx);
}

/* Tables that are not ours, or are of another version, are looked at before they are used. */
static void
test_another_schema(void **state)
{
    struct fixture *fx = fixture_tight();
    char path[200];

    (void)state;
    path_of(fx, "mail.db", path, sizeof path);
    deliver_and_close(fx, 3);
    outsider_end(outsider_begin(path, "CREATE INDEX theirs ON message(octets)"));
    deliver_and_close(fx, 1);
    assert_messages(fx, 4);
    deliver_and_close(fx, 1);
    outsider_end(outsider_begin(path, "DROP INDEX theirs; PRAGMA user_version=99"));
    struct store_tx *tx = NULL;
    assert_rc(store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_UNSUPPORTED);
    char sql[100];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%u; PRAGMA application_id=1",
             account_schema.step_count);
    outsider_end(outsider_begin(path, sql));
    assert_rc(store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_CORRUPT);
    outsider_end(outsider_begin(path, "PRAGMA application_id=1383034739"));
    assert_messages(fx, 5);
    fixture_free(fx);
}

static void
test_removed_account(void **state)
{
    struct fixture *fx = fixture_tight();

    (void)state;
    deliver_and_close(fx, 3);
    store_account_put(fx->acct);
    assert_ok(store_account_remove(fx->store, 7, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    assert_messages(fx, 0);
    fixture_free(fx);
}

/* With no descriptor left in the whole process the account cannot be opened, and that costs a
 * spare; with one again it can. */
static void
test_no_descriptor(void **state)
{
    struct fixture *fx = fixture_tight();
    struct rlimit was;
    struct store_tx *tx = NULL;

    (void)state;
    fill(fx, "INBOX", 3);
    close_so_many(fx, 8);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (unsigned more = 0; more < 4; more++) {
        const int next = dup(STDIN_FILENO);
        assert_true(next >= 0);
        close(next);
        const struct rlimit tight = {.rlim_cur = (rlim_t)next + more, .rlim_max = was.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
        const enum rc rc = store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
        assert_int_equal(rc, more < HANDLE_FDS ? RC_LIMIT : RC_OK);
        if (rc == RC_OK)
            store_end(tx);
    }
    assert_int_equal(store_sqlite_spares(fx->store), 8 - 4);
    assert_messages(fx, 3);
    fill(fx, "INBOX", 1);
    assert_messages(fx, 4);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery_takes_a_spare),
        cmocka_unit_test(test_two_handles_of_one_account),
        cmocka_unit_test(test_many_rounds),
        cmocka_unit_test(test_spares_are_bounded),
        cmocka_unit_test(test_unused_spares_are_closed),
        cmocka_unit_test(test_log_of_a_closed_account),
        cmocka_unit_test(test_others_meanwhile),
        cmocka_unit_test(test_another_schema),
        cmocka_unit_test(test_removed_account),
        cmocka_unit_test(test_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

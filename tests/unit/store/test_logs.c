/* SPDX-License-Identifier: MIT */
/*
 * Logs of closed accounts: noted when they close, emptied later, the large ones first, found
 * again after a restart, and never in the way of who wants the account.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "db/log_memo.h"
#include "db/move.h"
#include "db/vfs.h"
#include "store/sqlite/emptying.h"
#include "store/sqlite/private.h"

enum { DEADLINE_MS = 20000 };

static int64_t
log_octets(struct fixture *fx, unsigned account)
{
    char path[200];

    snprintf(path, sizeof path, "%s/00/%02x/%u/mail.db-wal", fx->accounts, account >> 8,
             account);
    return vfs_log_octets(path);
}

/* Closes everything, as pressure or time does. */
static void
close_all(struct fixture *fx)
{
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
}

static void
add_to(struct fixture *fx, unsigned account, unsigned count)
{
    struct store_account *own = fx->acct;

    assert_ok(store_account_get(fx->store, account, &fx->acct));
    fill(fx, "INBOX", count);
    store_account_put(fx->acct);
    fx->acct = own;
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
test_closed_accounts_are_emptied(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 3);
    assert_int_equal(store_sqlite_logs(fx->store), 0); /* open: the turn looks after it */
    close_all(fx);
    assert_int_equal(store_sqlite_logs(fx->store), 1);
    assert_true(log_octets(fx, 7) > 0);
    store_sqlite_empty_logs(fx->store);
    assert_int_equal(store_sqlite_logs(fx->store), 0);
    assert_int_equal(log_octets(fx, 7), 0);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
    assert_messages(fx, 3);
    fill(fx, "INBOX", 3);
    close_all(fx);
    assert_true(log_octets(fx, 7) > 0);
    assert_messages(fx, 6);
    fixture_free(fx);
}

static int64_t
log_file_octets(struct fixture *fx, unsigned account)
{
    char path[200];
    struct stat st;

    snprintf(path, sizeof path, "%s/00/%02x/%u/mail.db-wal", fx->accounts, account >> 8,
             account);
    assert_int_equal(stat(path, &st), 0);
    return (int64_t)st.st_size;
}

/* A log in use keeps its blocks, a quiet one gives them back; neither loses anything. */
static void
test_quiet_logs_become_small(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);

    (void)state;
    fill(fx, "INBOX", 1500);
    close_all(fx);
    const int64_t large = log_file_octets(fx, 7);
    assert_true(large > (int64_t)LIMIT_LOG_LEFT_OCTETS);
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 7), 0);
    assert_true(log_file_octets(fx, 7) > (int64_t)LIMIT_LOG_LEFT_OCTETS);
    fill(fx, "INBOX", 3);
    close_all(fx);
    test_now_s += LIMIT_LOG_QUIET_S;
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 7), 0);
    assert_int_equal(log_file_octets(fx, 7), LIMIT_LOG_QUIET_OCTETS);
    assert_messages(fx, 1503);
    fill(fx, "INBOX", 3);
    assert_messages(fx, 1506);
    fixture_free(fx);
}

static void
test_large_ones_come_first(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);

    (void)state;
    for (unsigned account = 1; account <= 4; account++) {
        add_to(fx, account, account == 2 || account == 4 ? 1500 : 1);
        close_all(fx);
    }
    assert_true(log_octets(fx, 2) > (int64_t)LIMIT_LOG_LEFT_OCTETS);
    assert_true(log_octets(fx, 1) < (int64_t)LIMIT_LOG_LEFT_OCTETS);
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 2), 0);
    assert_true(log_octets(fx, 4) > 0);
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 4), 0);
    test_now_s += LIMIT_LOG_QUIET_S - 123; /* the first was closed 4 * 61 s ago */
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 1), 0);
    assert_false(emptying_step(store, false)); /* account 3 is not quiet for long enough */
    assert_true(log_octets(fx, 3) > 0);
    test_now_s += 123;
    assert_true(emptying_step(store, false));
    assert_int_equal(log_octets(fx, 3), 0);
    fixture_free(fx);
}

/* What this process has read, from files and from memory. -1: the system does not say. */
static int64_t
octets_read(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    long long octets = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "rchar: %lld", &octets) != 1)
        octets = -1;
    fclose(file);
    return octets;
}

/* A log mostly has old states of the same few pages. With a memo, only the newest are read. */
static void
test_old_frames_are_not_read(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    if (octets_read() < 0) {
        fixture_free(fx);
        skip();
    }
    for (unsigned i = 0; i < 30; i++)
        fill(fx, "INBOX", 1);
    close_all(fx);
    const int64_t log = log_octets(fx, 7);
    assert_true(log > (int64_t)LIMIT_LOG_LEFT_OCTETS);
    const int64_t before = octets_read();
    store_sqlite_empty_logs(fx->store);
    assert_in_range(octets_read() - before, 1, log / 2);
    assert_int_equal(log_octets(fx, 7), 0);
    assert_messages(fx, 30);
    fixture_free(fx);
}

/* An account that is open again is emptied through its own writer, and goes on. */
static void
test_open_accounts_keep_their_handles(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 3);
    close_all(fx);
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_write(fx);
    store_sqlite_empty_logs(fx->store); /* in use: nothing is done */
    assert_true(log_octets(fx, 7) > 0);
    store_end(tx);
    close_all(fx);
    fill(fx, "INBOX", 3);
    const int64_t fds = store_sqlite_open_fds(fx->store);
    store_sqlite_empty_logs(fx->store);
    assert_int_equal(log_octets(fx, 7), 0);
    assert_int_equal(store_sqlite_open_fds(fx->store), fds);
    fill(fx, "INBOX", 3);
    assert_messages(fx, 12);
    fixture_free(fx);
}

static void
test_unknown_and_removed_accounts(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    logs_note(sqlite_store_of(fx->store), 99, 1000, NULL);
    store_sqlite_empty_logs(fx->store);
    assert_int_equal(log_octets(fx, 99), 0);
    add_to(fx, 9, 3);
    close_all(fx);
    assert_int_equal(store_sqlite_logs(fx->store), 1);
    assert_ok(store_account_remove(fx->store, 9, &fx->err));
    store_sqlite_empty_logs(fx->store);
    fixture_free(fx);
}

static void
test_noted_accounts_are_limited(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);

    (void)state;
    for (uint64_t account = 1000; account < 1000 + LIMIT_LOGS_NOTED; account++)
        logs_note(store, account, 1, NULL);
    assert_int_equal(store_sqlite_logs(fx->store), LIMIT_LOGS_NOTED);
    logs_note(store, 1, INT64_C(1) << 40, NULL);
    assert_int_equal(store_sqlite_logs(fx->store), LIMIT_LOGS_NOTED);
    logs_note(store, 1000, INT64_C(1) << 40, NULL); /* known already */
    assert_int_equal(store_sqlite_logs(fx->store), LIMIT_LOGS_NOTED);
    fixture_free(fx);
}

/* Whether the log's memo is kept with one more note. */
static bool
keeps_memo(struct sqlite_store *store, struct db *db, uint64_t account)
{
    logs_note(store, account, 1, db_log_memo(db));
    struct log_memo *memo = logs_recall(store, account);
    const bool kept = memo != NULL;

    logs_note(store, account, 0, memo);
    return kept;
}

static void
test_memos_are_limited(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);
    uint64_t account = 1000;

    (void)state;
    for (unsigned i = 0; i < 30; i++) /* far more than LIMIT_LOGS_NOTED of small ones fit */
        fill(fx, "INBOX", 10);
    struct db *db = sqlite_account_of(fx->acct)->writer->db;
    struct log_memo *memo = db_log_memo(db);
    const size_t octets = log_memo_octets(memo);
    log_memo_free(memo);
    while (store->logs.memo_octets + octets <= LIMIT_LOG_MEMOS_OCTETS)
        assert_true(keeps_memo(store, db, account++));
    assert_in_range(store->logs.memo_octets, LIMIT_LOG_MEMOS_OCTETS - octets + 1,
                    LIMIT_LOG_MEMOS_OCTETS);
    for (unsigned i = 0; i < 1000; i++)
        assert_false(keeps_memo(store, db, account + i));
    log_memo_free(logs_recall(store, 1000)); /* opened: there is room for one again */
    assert_true(keeps_memo(store, db, account));
    assert_false(keeps_memo(store, db, account + 1));
    fixture_free(fx);
}

/* The thread, and the round over all accounts that tells it what an earlier life has left. */
static void
test_left_by_an_earlier_life(void **state)
{
    struct fixture *fx = fixture_new();
    int64_t changed_s = 0;

    (void)state;
    fill(fx, "INBOX", 3);
    fx->options.background = true;
    fixture_restart(fx);
    assert_int_equal(store_sqlite_logs(fx->store), 0);
    assert_true(store_account_is_made(fx->store, 7, &changed_s));
    assert_int_equal(store_sqlite_logs(fx->store), 1);
    test_now_s += LIMIT_LOG_QUIET_S;
    for (int waited = 0; store_sqlite_logs(fx->store) != 0 && waited < DEADLINE_MS; waited++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    fixture_restart(fx); /* waits for the one under way */
    assert_int_equal(log_octets(fx, 7), 0);
    assert_true(store_account_is_made(fx->store, 7, &changed_s));
    assert_int_equal(store_sqlite_logs(fx->store), 0); /* nothing to do there */
    assert_messages(fx, 3);
    fixture_free(fx);
}

/* Deliveries to a handful of accounts that are always just closed and emptied. */
struct crowd {
    struct fixture *fx;
    unsigned account;
};

static void *
deliver(void *arg)
{
    const struct crowd *crowd = arg;
    struct store_account *acct = NULL;

    for (unsigned i = 0; i < 200; i++) {
        struct store_tx *tx = NULL;
        struct err err = {.rc = RC_OK};
        if (store_account_get(crowd->fx->store, crowd->account, &acct) != RC_OK ||
            store_write_begin(acct, (struct wake){0}, &tx, &err) != RC_OK)
            return (void *)"begin";
        if (store_subscribe(tx, SPAN("a"), &err) != RC_OK ||
            store_unsubscribe(tx, SPAN("a"), &err) != RC_OK)
            return (void *)"change";
        if (store_commit(tx, &err) != RC_OK)
            return (void *)"commit";
        logs_note(sqlite_store_of(crowd->fx->store), crowd->account, INT64_C(1) << 20, NULL);
        store_account_put(acct);
    }
    return NULL;
}

static void
test_deliveries_meanwhile(void **state)
{
    struct fixture *fx = fixture_new();
    struct crowd crowd[8];
    pthread_t threads[ARRAY_LEN(crowd)];
    void *failed = NULL;

    (void)state;
    fx->options.background = true;
    fx->options.max_open_fds = 30;
    fixture_restart(fx);
    for (unsigned i = 0; i < ARRAY_LEN(crowd); i++) {
        crowd[i] = (struct crowd){fx, 7 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, deliver, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < ARRAY_LEN(crowd); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        if (failed != NULL)
            fail_msg("%s", (const char *)failed);
    }
    assert_int_equal(fx->reports, 0); /* there is no other program */
    assert_messages(fx, 0);
    fixture_free(fx);
}

/* The first to open an account reads its database too: it waits until the log is empty, and is
 * waited for. Neither is another program. */
static void
test_first_open_meanwhile(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_account *base = NULL;
    struct store_tx *tx = NULL;

    (void)state;
    add_to(fx, 8, 3);
    close_all(fx);
    assert_ok(store_account_get(fx->store, 8, &base)); /* not opened yet */
    struct sqlite_account *acct = sqlite_account_of(base);
    acct->truncating = true;
    assert_rc(store_read_begin(base, WAKE_NOBODY, &tx, &fx->err), RC_AGAIN);
    assert_int_equal(acct->setup, SETUP_UNKNOWN);
    acct->truncating = false;

    struct handle *handle = NULL;
    assert_ok(handle_open_plain(acct, NULL, &handle, &fx->err));
    /* As somebody who has just got his snapshot. */
    acct->setup = SETUP_BUSY;
    struct handle *first = NULL;
    assert_ok(handle_open_plain(acct, NULL, &first, &fx->err));
    assert_ok(txn_begin(&first->tx.txn, first->db, TXN_READ, &fx->err));
    assert_ok(db_exec(first->db, "SELECT * FROM mailbox", &fx->err));
    log_empty(acct, handle->db);
    assert_int_equal(fx->reports, 0);
    txn_abort(&first->tx.txn);
    handle_close(first);
    acct->setup = SETUP_UNKNOWN;

    log_empty(acct, handle->db);
    assert_int_equal(log_octets(fx, 8), 0);
    handle_close(handle);
    store_account_put(base);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_accounts_are_emptied),
        cmocka_unit_test(test_quiet_logs_become_small),
        cmocka_unit_test(test_large_ones_come_first),
        cmocka_unit_test(test_old_frames_are_not_read),
        cmocka_unit_test(test_open_accounts_keep_their_handles),
        cmocka_unit_test(test_unknown_and_removed_accounts),
        cmocka_unit_test(test_noted_accounts_are_limited),
        cmocka_unit_test(test_memos_are_limited),
        cmocka_unit_test(test_left_by_an_earlier_life),
        cmocka_unit_test(test_deliveries_meanwhile),
        cmocka_unit_test(test_first_open_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

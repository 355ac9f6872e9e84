/* SPDX-License-Identifier: MIT */
/*
 * Accounts on disk and the cache of open databases: creation that was cut off, foreign and
 * newer files, readers and their waiting, descriptors, eviction, the size of the log, removal.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "support/outside.h"

static int64_t
size_of(struct fixture *fx, const char *name)
{
    char path[200];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", fx->accounts, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

#define ACCOUNT_DIR "00/00/7"

static void
test_made_at_first_use(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        struct fixture *fx = fixture_new();
        assert_int_equal(size_of(fx, "00"), -1);
        struct store_tx *tx = writes ? begin_write(fx) : begin_read(fx);
        assert_true(size_of(fx, ACCOUNT_DIR "/mail.db") > 0);
        mbox_id(fx, tx, "INBOX");
        store_end(tx);
        fixture_free(fx);
    }
}

static void
put_file(struct fixture *fx, const char *octets, size_t len)
{
    static const char *const dirs[] = {"00", "00/00", ACCOUNT_DIR};
    char path[200];

    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof path, "%s/%s", fx->accounts, dirs[i]);
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    }
    snprintf(path, sizeof path, "%s/" ACCOUNT_DIR "/mail.db", fx->accounts);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), len);
    close(fd);
}

static void
test_creation_that_was_cut_off(void **state)
{
    (void)state;
    for (int step = 0; step < 3; step++) {
        struct fixture *fx = fixture_new();
        put_file(fx, "", 0); /* the file is there and empty */
        if (step == 1)
            assert_int_equal(run_sql(fx, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL"), 0);
        if (step == 2) { /* tables, but the mailboxes were not committed */
            store_end(begin_read(fx));
            assert_int_equal(run_sql(fx, "DELETE FROM mailbox; DELETE FROM subscription"), 0);
            fixture_restart(fx);
        }
        struct store_tx *tx = begin_read(fx);
        mbox_id(fx, tx, "Trash");
        store_end(tx);
        verify(fx);
        fixture_free(fx);
    }
}

/* An account that nobody used has no files, and asking makes none. */
static void
test_unused_accounts_have_no_files(void **state)
{
    struct fixture *fx = fixture_new();
    int64_t changed_s = -1;
    struct stat st;

    (void)state;
    assert_false(store_account_is_made(fx->store, 7, &changed_s));
    assert_int_equal(stat(fx->accounts, &st), 0);
    assert_int_equal(st.st_nlink, 2); /* no folder in it */
    fill(fx, "INBOX", 1);
    assert_true(store_account_is_made(fx->store, 7, &changed_s));
    assert_in_range(changed_s, time(NULL) - 600, time(NULL) + 1);
    assert_false(store_account_is_made(fx->store, 8, &changed_s));
    fixture_free(fx);
}

static void
test_files_that_are_not_ours(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = NULL;
    char garbage[4096];

    (void)state;
    memset(garbage, 'x', sizeof garbage);
    put_file(fx, garbage, sizeof garbage);
    assert_rc(store_read_begin(fx->acct, (struct wake){0}, &tx, &fx->err), RC_CORRUPT);
    assert_rc(store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_CORRUPT);
    put_file(fx, "", 0);
    assert_int_equal(run_sql(fx, "CREATE TABLE other (x)"), 0);
    assert_rc(store_read_begin(fx->acct, (struct wake){0}, &tx, &fx->err), RC_CORRUPT);
    put_file(fx, "", 0);
    store_end(begin_read(fx));
    fixture_restart(fx);
    assert_int_equal(run_sql(fx, "PRAGMA user_version = 99"), 0);
    assert_rc(store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_UNSUPPORTED);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
    fixture_free(fx);
}

/* As version 1 had it. */
static void
downgrade(struct fixture *fx)
{
    assert_int_equal(run_sql(fx, "ALTER TABLE message DROP COLUMN keys;"
                                 "ALTER TABLE account DROP COLUMN keys_next;"
                                 "ALTER TABLE account DROP COLUMN keys_before;"
                                 "ALTER TABLE mailbox DROP COLUMN deleted_octets;"
                                 "ALTER TABLE mailbox DROP COLUMN object_id;"
                                 "ALTER TABLE message DROP COLUMN digest;"
                                 "DROP TABLE metadata; DROP TABLE acl; DROP TABLE sort_block;"
                                 "PRAGMA user_version = 1"),
                     0);
}

static void
assert_backlog(struct fixture *fx, struct store_tx *tx, uint64_t next, uint64_t before)
{
    uint64_t next_now, before_now;

    assert_ok(store_backlog(tx, &next_now, &before_now, &fx->err));
    assert_int_equal(next_now, next);
    assert_int_equal(before_now, before);
}

static struct span
keys_of(struct fixture *fx, struct store_tx *tx, uint64_t message)
{
    struct message_row row;

    assert_ok(store_message_read(tx, message, MESSAGE_KEYS, &row, &fx->err));
    return row.keys;
}

/* Its messages have no keys at first; those that come have, and the others get them. Metadata
 * can be kept at once. */
static void
test_version_1_is_brought_up(void **state)
{
    struct fixture *fx = fixture_new();
    struct message_new with_keys = {
        .text = SPAN("A: b\r\n\r\n"), .header_octets = 8, .keys = SPAN("new")};
    const struct metadata_of account = {.mbox = 0};
    AUTO_BUF value = {0};
    const struct message_late late = {.keys = SPAN("made"), .digest = SPAN("made too")};
    struct entry_new with_late = {.octets = 8};
    struct message_row row;
    struct entry entry;

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_read(fx);
    assert_backlog(fx, tx, 1, 1);
    store_end(tx);
    store_account_put(fx->acct);
    store_close(fx->store);
    downgrade(fx);
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    tx = begin_write(fx);
    assert_backlog(fx, tx, 1, 4);
    assert_int_equal(keys_of(fx, tx, 1).len, 0);
    assert_ok(store_message_add(tx, &with_keys, &with_late.message, &fx->err));
    with_late.mbox = mbox_id(fx, tx, "INBOX");
    assert_ok(store_entry_add(tx, &with_late, &entry, &fx->err));
    assert_true(span_eq_str(keys_of(fx, tx, with_late.message), "new"));
    assert_ok(store_backlog_put(tx, 2, &late, &fx->err));
    assert_ok(store_backlog_put(tx, 99, &late, &fx->err));
    assert_ok(store_backlog_advance(tx, 3, &fx->err));
    assert_ok(store_metadata_set(tx, &account, SPAN("/private/a"), SPAN("x"), &fx->err));
    commit(fx, tx);
    fixture_restart(fx);
    tx = begin_write(fx);
    buf_init(&value, 10);
    assert_ok(store_metadata_read(tx, &account, SPAN("/private/a"), &value, &fx->err));
    assert_backlog(fx, tx, 3, 4);
    assert_true(span_eq_str(keys_of(fx, tx, 2), "made"));
    assert_ok(store_message_read(tx, 2, MESSAGE_KEYS | MESSAGE_PARTS, &row, &fx->err));
    assert_true(span_eq_str(row.digest, "made too"));
    assert_true(span_eq_str(row.parts, "parts"));
    assert_int_equal(keys_of(fx, tx, 3).len, 0);
    assert_ok(store_backlog_advance(tx, 1000, &fx->err));
    assert_backlog(fx, tx, 4, 4);
    assert_ok(store_backlog_put(tx, 2, &(struct message_late){.keys = SPAN("made")}, &fx->err));
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

/* A mailbox that had deleted messages before there was a counter of their octets gets it once
 * it has none; the others have it at once. */
static void
test_octets_of_deleted_messages_are_counted_later(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    struct expunge_req expunge = {.only_deleted = true};
    struct expunge_result expunged;

    (void)state;
    struct store_tx *tx = begin_write(fx);
    expunge.mbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    add_message(fx, tx, expunge.mbox, 3, MSG_DELETED);
    add_message(fx, tx, sent, 4, 0);
    commit(fx, tx);
    store_account_put(fx->acct);
    store_close(fx->store);
    downgrade(fx);
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    tx = begin_write(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted_octets, -1);
    assert_int_equal(mbox_row(fx, tx, "Sent").deleted_octets, 0);
    add_message(fx, tx, expunge.mbox, 5, MSG_DELETED);
    const struct entry entry = add_message(fx, tx, sent, 6, MSG_DELETED);
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted_octets, -1);
    assert_int_equal(mbox_row(fx, tx, "Sent").deleted_octets, entry.octets);
    commit(fx, tx);
    verify(fx);
    tx = begin_write(fx);
    expunge.runs = &all;
    expunge.run_count = 1;
    assert_ok(store_expunge(tx, &expunge, &fx->arena, &expunged, &fx->err));
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted_octets, 0);
    add_message(fx, tx, expunge.mbox, 7, MSG_DELETED);
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted_octets,
                     mbox_row(fx, tx, "INBOX").octets);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

/* While an upgrade may still be taken back, an older account stays as it is. */
static void
test_unsettled(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = NULL;

    (void)state;
    fill(fx, "INBOX", 3);
    store_account_put(fx->acct);
    store_close(fx->store);
    downgrade(fx);
    fx->options.unsettled = true;
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    assert_rc(store_read_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_BUSY);
    assert_rc(store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err), RC_BUSY);
    assert_int_equal(run_sql(fx, "SELECT keys FROM message"),
                     SQLITE_ERROR); /* no such column */
    store_sqlite_settle(fx->store);
    tx = begin_read(fx);
    assert_backlog(fx, tx, 1, 4);
    store_end(tx);
    fixture_free(fx);
}

static unsigned woken;

static void
count_wake(void *ctx, uint64_t id)
{
    (void)ctx;
    woken += id == 5;
}

static void
test_readers_are_limited_and_told(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *readers[LIMIT_READERS];
    struct store_tx *tx = NULL;
    const struct wake wake = {.fn = count_wake, .id = 5};

    (void)state;
    woken = 0;
    for (unsigned i = 0; i < LIMIT_READERS; i++)
        readers[i] = begin_read(fx);
    for (unsigned i = 0; i < 10; i++)
        assert_rc(store_read_begin(fx->acct, wake, &tx, &fx->err), RC_AGAIN);
    assert_rc(store_read_begin(fx->acct, (struct wake){0}, &tx, &fx->err), RC_AGAIN);
    tx = begin_write(fx); /* readers do not stop the writer */
    add_message(fx, tx, mbox_id(fx, tx, "INBOX"), 1, 0);
    commit(fx, tx);
    assert_int_equal(woken, 0);
    store_end(readers[0]);
    assert_true(woken >= 1 && woken < 10);
    for (unsigned i = 1; i < LIMIT_READERS; i++)
        store_end(readers[i]);
    assert_int_equal(woken, 10); /* the last one must not leave anybody asleep */
    store_end(begin_read(fx));
    assert_int_equal(woken, 10);
    fixture_free(fx);
}

static void
test_snapshot_stays_as_it_was(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *reader = begin_read(fx);
    assert_int_equal(mbox_row(fx, reader, "INBOX").exists, 3);
    fill(fx, "INBOX", 2);
    assert_int_equal(mbox_row(fx, reader, "INBOX").exists, 3);
    store_end(reader);
    reader = begin_read(fx);
    assert_int_equal(mbox_row(fx, reader, "INBOX").exists, 5);
    store_end(reader);
    fixture_free(fx);
}

static void
test_descriptors_are_bounded(void **state)
{
    enum { ACCOUNTS = 60 };
    struct fixture *fx = fixture_new();
    struct store_account *accts[ACCOUNTS];
    struct store_tx *txs[ACCOUNTS];
    struct store_tx *tx = NULL;
    unsigned open = 0;

    (void)state;
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        assert_ok(store_account_get(fx->store, 100 + i, &accts[i]));
        assert_ok(store_write_begin(accts[i], WAKE_NOBODY, &tx, &fx->err));
        assert_ok(store_commit(tx, &fx->err));
        assert_ok(store_read_begin(accts[i], (struct wake){0}, &tx, &fx->err));
        store_end(tx);
        assert_true(store_sqlite_open_fds(fx->store) <= fx->options.max_open_fds);
    }
    enum rc rc = RC_OK;
    while (open < ACCOUNTS) {
        rc = store_read_begin(accts[open], (struct wake){0}, &txs[open], &fx->err);
        if (rc != RC_OK)
            break;
        open++;
    }
    assert_rc(rc, RC_LIMIT);
    assert_int_equal(open, 20); /* sixty, three each: what nobody uses is closed */
    store_end(txs[--open]);
    assert_ok(store_read_begin(accts[40], (struct wake){0}, &tx, &fx->err));
    store_end(tx);
    while (open > 0)
        store_end(txs[--open]);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        store_account_put(accts[i]);
    fixture_free(fx);
}

static void
test_eviction_writes_nothing(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 50);
    store_end(begin_read(fx));
    const int64_t database = size_of(fx, ACCOUNT_DIR "/mail.db");
    const int64_t log = size_of(fx, ACCOUNT_DIR "/mail.db-wal");
    assert_true(log > 0);
    store_keep_house(fx->store, NULL); /* it was just used */
    assert_true(store_sqlite_open_fds(fx->store) > 0);
    test_now_s += 61;
    struct store_tx *tx = begin_read(fx);
    store_keep_house(fx->store, NULL); /* it is in use */
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 50);
    store_end(tx);
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
    assert_int_equal(store_sqlite_open_fds(fx->store), 0);
    assert_int_equal(size_of(fx, ACCOUNT_DIR "/mail.db"), database);
    assert_int_equal(size_of(fx, ACCOUNT_DIR "/mail.db-wal"), log);
    tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 50);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
add_large(struct fixture *fx, unsigned seed)
{
    struct store_tx *tx = begin_write(fx);
    AUTO_BUF text = {0};

    buf_init(&text, 2 << 20);
    make_text(&text, seed, 200);
    while (buf_len(&text) < 1 << 20)
        buf_printf(&text, "%016jx", (uintmax_t)buf_len(&text) * 0x9E3779B97F4A7C15u * seed);
    add_text(fx, tx, mbox_id(fx, tx, "INBOX"), buf_span(&text), 0);
    commit(fx, tx);
}

static void
test_log_is_bounded_under_overlapping_readers(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *old = begin_read(fx);
    int64_t largest = 0;

    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        mbox_id(fx, old, "INBOX"); /* its snapshot begins */
        add_large(fx, i + 1);
        struct store_tx *next = begin_read(fx);
        mbox_id(fx, next, "INBOX");
        store_end(old);
        old = next;
        if (i % 10 == 9) { /* a moment without readers, as between slices */
            store_end(old);
            store_keep_house(fx->store, fx->acct);
            old = begin_read(fx);
        }
        const int64_t wal = size_of(fx, ACCOUNT_DIR "/mail.db-wal");
        largest = wal > largest ? wal : largest;
    }
    store_end(old);
    assert_true(largest < 2 * (int64_t)LIMIT_WAL_OCTETS);
    assert_int_equal(fx->reports, 0);
    verify(fx);
    fixture_free(fx);
}

static void
test_outside_reader_is_reported_once(void **state)
{
    struct fixture *fx = fixture_new();
    char path[200];

    (void)state;
    store_end(begin_write(fx));
    snprintf(path, sizeof path, "%s/" ACCOUNT_DIR "/mail.db", fx->accounts);
    const struct outsider reader = outsider_begin(path, "BEGIN; SELECT * FROM mailbox");
    for (unsigned i = 0; i < 40; i++) {
        add_large(fx, i + 1);
        store_keep_house(fx->store, fx->acct);
    }
    assert_int_equal(fx->reports, 1);
    outsider_end(reader);
    for (unsigned i = 0; i < 10; i++) {
        add_large(fx, i + 100);
        store_keep_house(fx->store, fx->acct);
    }
    assert_true(size_of(fx, ACCOUNT_DIR "/mail.db-wal") <= (int64_t)LIMIT_WAL_OCTETS);
    verify(fx);
    fixture_free(fx);
}

/* INV-S11: programs that come between our transactions, with handles of ours open all the
 * time, see all that was committed, and we go on whatever they do. */
static void
test_outside_readers_come_and_go(void **state)
{
    struct fixture *fx = fixture_new();
    char path[200];
    char sql[200];

    (void)state;
    store_end(begin_read(fx));
    snprintf(path, sizeof path, "%s/" ACCOUNT_DIR "/mail.db", fx->accounts);
    struct outsider before = {0};
    for (unsigned i = 1; i <= 20; i++) {
        fill(fx, "INBOX", 1);
        store_end(begin_read(fx));
        /* Fails unless it sees them all. */
        snprintf(sql, sizeof sql,
                 "CREATE TEMP TABLE t (x CHECK (x = %u)); BEGIN;"
                 "INSERT INTO t SELECT count(*) FROM main.entry",
                 i);
        const struct outsider reader = outsider_begin(path, sql);
        if (i % 3 == 0) { /* it stays over the next commit */
            if (before.pid != 0)
                outsider_end(before);
            before = reader;
        } else {
            outsider_end(reader);
        }
    }
    outsider_end(before);
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 20);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

/* One that is alone with the database empties and removes the log when it goes. */
static void
test_outside_program_removes_the_log(void **state)
{
    struct fixture *fx = fixture_new();
    char path[200];

    (void)state;
    fill(fx, "INBOX", 3);
    snprintf(path, sizeof path, "%s/" ACCOUNT_DIR "/mail.db", fx->accounts);
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
    assert_true(size_of(fx, ACCOUNT_DIR "/mail.db-wal") > 0);
    outsider_end(outsider_begin(path, "SELECT * FROM entry"));
    assert_int_equal(size_of(fx, ACCOUNT_DIR "/mail.db-wal"), -1);
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 6);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_remove(void **state)
{
    struct fixture *fx = fixture_new();
    char path[200];

    (void)state;
    assert_ok(store_account_remove(fx->store, 99, &fx->err)); /* there is none: fine */
    fill(fx, "INBOX", 3);
    assert_rc(store_account_remove(fx->store, 7, &fx->err), RC_BUSY);
    store_account_put(fx->acct);
    snprintf(path, sizeof path, "%s/" ACCOUNT_DIR ".removed", fx->accounts);
    assert_int_equal(mkdir(path, 0700), 0); /* an older removal was cut off */
    assert_ok(store_account_remove(fx->store, 7, &fx->err));
    assert_int_equal(size_of(fx, ACCOUNT_DIR), -1);
    assert_int_equal(size_of(fx, ACCOUNT_DIR ".removed"), -1);
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 0);
    store_end(tx);
    fixture_free(fx);
}

/* In a child that is not root: nothing may be written there. */
static void
test_read_only_directory(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    assert_int_equal(chmod(fx->dir, 0755), 0);
    assert_int_equal(chmod(fx->accounts, 0555), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store_tx *tx = NULL;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(9);
        const enum rc read = store_read_begin(fx->acct, (struct wake){0}, &tx, &fx->err);
        const enum rc write = store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err);
        const bool said = strstr(fx->err.text, "Permission denied") != NULL;
        _exit(read == RC_DENIED && write == RC_DENIED && said ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(fx->accounts, 0700), 0);
    fixture_free(fx);
}

static void
test_account_handles_are_shared(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_account *again = NULL;

    (void)state;
    assert_ok(store_account_get(fx->store, 7, &again));
    assert_ptr_equal(again, fx->acct);
    store_account_put(again);
    store_account_put(NULL);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_at_first_use),
        cmocka_unit_test(test_creation_that_was_cut_off),
        cmocka_unit_test(test_unused_accounts_have_no_files),
        cmocka_unit_test(test_files_that_are_not_ours),
        cmocka_unit_test(test_version_1_is_brought_up),
        cmocka_unit_test(test_octets_of_deleted_messages_are_counted_later),
        cmocka_unit_test(test_unsettled),
        cmocka_unit_test(test_readers_are_limited_and_told),
        cmocka_unit_test(test_snapshot_stays_as_it_was),
        cmocka_unit_test(test_descriptors_are_bounded),
        cmocka_unit_test(test_eviction_writes_nothing),
        cmocka_unit_test(test_log_is_bounded_under_overlapping_readers),
        cmocka_unit_test(test_outside_reader_is_reported_once),
        cmocka_unit_test(test_outside_readers_come_and_go),
        cmocka_unit_test(test_outside_program_removes_the_log),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_read_only_directory),
        cmocka_unit_test(test_account_handles_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Making accounts: the mailboxes come with the first commit and not before, spares that an
 * earlier life left go away unless they are something else, and a made account is what plain
 * SQLite takes it for.
 */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/disk.h"
#include "store/sqlite/private.h"
#include "support/outside.h"

enum { DEADLINE_MS = 20000 };

static unsigned
spares(struct fixture *fx)
{
    char path[200];
    unsigned count = 0;

    snprintf(path, sizeof path, "%s/spare", fx->accounts);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void
assert_born(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);

    mbox_id(fx, tx, "INBOX");
    mbox_id(fx, tx, "Archive");
    store_end(tx);
    verify(fx);
}

struct syncs {
    unsigned files;
    unsigned dirs;
    unsigned commits; /* writes of logs that are at their place */
};

static void
count_syncs(void *ctx, const struct disk_op *op)
{
    struct syncs *syncs = ctx;

    syncs->files += op->what == DISK_SYNC;
    syncs->dirs += op->what == DISK_SYNC_DIR;
    syncs->commits += op->what == DISK_WRITE && strstr(op->path, "/spare/") == NULL;
}

static void
test_mailboxes_come_with_the_first_commit(void **state)
{
    struct fixture *fx = fixture_new();
    struct syncs syncs = {0};

    (void)state;
    assert_true(making_step(sqlite_store_of(fx->store), 1));
    assert_int_equal(spares(fx), 1);
    disk_observe(count_syncs, &syncs);
    fill(fx, "INBOX", 1);
    disk_observe(NULL, NULL);
    assert_int_equal(spares(fx), 0);
    assert_int_equal(syncs.files, 1); /* of the log */
    assert_int_equal(syncs.commits, 1);
    assert_int_equal(syncs.dirs, 3); /* accounts, 00, 00/00 */
    assert_born(fx);
    fixture_free(fx);
}

/* Undone before anything was committed: the next one adds them. */
static void
test_first_transaction_is_undone(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    store_end(begin_write(fx));
    struct store_tx *tx = begin_write(fx);
    mbox_id(fx, tx, "INBOX");
    store_end(tx);
    fill(fx, "INBOX", 2);
    assert_born(fx);
    fixture_free(fx);

    fx = fixture_new();
    store_end(begin_write(fx));
    fixture_restart(fx);
    assert_born(fx); /* a reader adds them itself */
    fixture_free(fx);
}

static void
count_wake(void *ctx, uint64_t id)
{
    (void)id;
    ++*(unsigned *)ctx;
}

/* A reader that comes while the first transaction is under way is told to come again. */
static void
test_reader_waits_for_the_first_commit(void **state)
{
    struct fixture *fx = fixture_new();
    unsigned woken = 0;
    struct store_tx *reader = NULL;
    const struct wake wake = {.fn = count_wake, .ctx = &woken};

    (void)state;
    for (int commits = 0; commits < 2; commits++) {
        struct store_tx *tx = begin_write(fx);
        assert_rc(store_read_begin(fx->acct, wake, &reader, &fx->err), RC_AGAIN);
        assert_int_equal(woken, (unsigned)commits);
        if (commits)
            commit(fx, tx);
        else
            store_end(tx);
        assert_int_equal(woken, (unsigned)commits + 1);
    }
    assert_born(fx);
    fixture_free(fx);
}

static void
put(struct fixture *fx, const char *name, const char *octets, size_t len)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", fx->accounts, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), len);
    close(fd);
}

struct order {
    unsigned made;   /* files and directories */
    unsigned before; /* of these, made before the first sync */
    unsigned synced;
    int lowest; /* descriptor that is free at an operation; at the most */
};

static int
lowest_free(void)
{
    const int fd = dup(0);

    close(fd);
    return fd;
}

static void
note_order(void *ctx, const struct disk_op *op)
{
    struct order *order = ctx;
    const bool sync = op->what == DISK_SYNC || op->what == DISK_SYNC_DIR;

    if (sync && order->synced == 0)
        order->before = order->made;
    order->synced += sync;
    order->made += op->what == DISK_CREATE || op->what == DISK_MKDIR;
    const int free_fd = lowest_free();
    order->lowest = free_fd > order->lowest ? free_fd : order->lowest;
}

/* Several are made first and synced then, each with its directory; all of them are good. */
static void
test_batches(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);
    struct order order = {0};
    const int free_fd = lowest_free();

    (void)state;
    disk_observe(note_order, &order);
    assert_true(making_step(store, MAKING_BATCH));
    disk_observe(NULL, NULL);
    assert_true(order.lowest <= free_fd + 1);           /* nobody has counted more */
    assert_int_equal(order.made, 4 * MAKING_BATCH + 1); /* and spare/ */
    assert_int_equal(order.before, order.made);
    assert_int_equal(order.synced, 2 * MAKING_BATCH);
    assert_int_equal(spares(fx), MAKING_BATCH);
    assert_int_equal(store->making.ready_count, MAKING_BATCH);
    assert_true(making_step(store, 1));
    while (making_step(store, MAKING_BATCH)) {
    }
    assert_int_equal(store->making.ready_count, LIMIT_SPARE_ACCOUNTS);
    for (uint64_t id = 1000; id < 1000 + LIMIT_SPARE_ACCOUNTS; id++) {
        struct store_account *own = fx->acct;
        assert_ok(store_account_get(fx->store, id, &fx->acct));
        fill(fx, "INBOX", 1);
        verify(fx);
        store_account_put(fx->acct);
        fx->acct = own;
    }
    assert_int_equal(spares(fx), 0);
    fixture_free(fx);
}

/* Whoever takes one of the last wakes the thread that makes them. */
static void
test_maker_is_woken(void **state)
{
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);

    (void)state;
    while (making_step(store, MAKING_BATCH)) {
    }
    store->options.background = true; /* without its thread */
    for (uint64_t taken = 1; taken <= MAKING_BATCH; taken++) {
        struct store_account *own = fx->acct;
        assert_ok(store_account_get(fx->store, 1000 + taken, &fx->acct));
        fill(fx, "INBOX", 1);
        store_account_put(fx->acct);
        fx->acct = own;
        assert_int_equal(store->logs.woken, taken == MAKING_BATCH);
    }
    store->options.background = false;
    fixture_free(fx);
}

static void
put_dir(struct fixture *fx, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", fx->accounts, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static bool
is_there(struct fixture *fx, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", fx->accounts, name);
    return access(path, F_OK) == 0;
}

/* Makes a spare and forgets it, as a killed process does. */
static void
leave_spare(struct fixture *fx)
{
    struct sqlite_store *store = sqlite_store_of(fx->store);

    assert_true(making_step(store, 1));
    store->making.ready_count = 0;
}

static void
test_leftovers_are_swept(void **state)
{
    static char page[PAGE_OCTETS];
    struct fixture *fx = fixture_new();
    struct sqlite_store *store = sqlite_store_of(fx->store);

    (void)state;
    leave_spare(fx);
    leave_spare(fx);
    put_dir(fx, "spare/empty");
    put_dir(fx, "spare/begun");
    put(fx, "spare/begun/mail.db", (const char *)store->making.image, 3 * PAGE_OCTETS);
    put_dir(fx, "spare/holes");
    put(fx, "spare/holes/mail.db", page, sizeof page);
    put_dir(fx, "spare/account");
    put(fx, "spare/account/mail.db", (const char *)store->making.image,
        store->making.image_octets);
    put(fx, "spare/account/mail.db-wal", page, sizeof page); /* frames, perhaps */
    put_dir(fx, "spare/other");
    memset(page, 'x', sizeof page);
    put(fx, "spare/other/mail.db", page, sizeof page);
    put_dir(fx, "spare/large");
    put(fx, "spare/large/mail.db", (const char *)store->making.image,
        store->making.image_octets);
    put(fx, "spare/large/more", page, 1);
    assert_int_equal(spares(fx), 8);
    making_sweep(store);
    assert_int_equal(spares(fx), 3);
    assert_true(is_there(fx, "spare/account/mail.db-wal"));
    assert_true(is_there(fx, "spare/other/mail.db"));
    assert_true(is_there(fx, "spare/large/more"));
    fixture_free(fx);
}

/* How many the server's own thread has ready; their directories are there a moment before. */
static unsigned
ready(struct fixture *fx)
{
    struct making *making = &sqlite_store_of(fx->store)->making;

    lock_enter(&making->lock);
    const unsigned count = making->ready_count;
    lock_leave(&making->lock);
    return count;
}

/* LIMIT_SPARE_ACCOUNTS are kept ready by a server, and go when it stops. */
static void
test_server_keeps_some_ready(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    leave_spare(fx);
    fx->options.background = true;
    fixture_restart(fx);
    for (int waited = 0; ready(fx) < LIMIT_SPARE_ACCOUNTS && waited < DEADLINE_MS; waited++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(spares(fx), LIMIT_SPARE_ACCOUNTS);
    assert_false(making_step(sqlite_store_of(fx->store), 1));
    for (uint64_t id = 1000; id < 1000 + 2 * LIMIT_SPARE_ACCOUNTS; id++) {
        struct store_account *acct = NULL;
        struct store_tx *tx = NULL;
        assert_ok(store_account_get(fx->store, id, &acct));
        assert_ok(store_write_begin(acct, WAKE_NOBODY, &tx, &fx->err));
        assert_ok(store_commit(tx, &fx->err));
        store_account_put(acct);
    }
    assert_true(spares(fx) <= LIMIT_SPARE_ACCOUNTS + 1);
    fixture_restart(fx);
    fx->options.background = false;
    fixture_restart(fx);
    assert_int_equal(spares(fx), 0);
    fixture_free(fx);
}

static void
test_plain_sqlite_takes_it(void **state)
{
    struct fixture *fx = fixture_new();
    char path[200];

    (void)state;
    fill(fx, "INBOX", 3);
    snprintf(path, sizeof path, "%s/00/00/7/mail.db", fx->accounts);
    fixture_restart(fx);
    outsider_end(outsider_begin(path, "CREATE TEMP TABLE t (x CHECK (x = 'ok'));"
                                      "INSERT INTO t SELECT * FROM pragma_integrity_check;"
                                      "CREATE TEMP TABLE n (x CHECK (x = 3));"
                                      "INSERT INTO n SELECT count(*) FROM entry;"
                                      "CREATE TEMP TABLE v (x CHECK (x = 2));"
                                      "INSERT INTO v SELECT * FROM pragma_auto_vacuum"));
    fill(fx, "INBOX", 1);
    assert_born(fx);
    fixture_free(fx);
}

static void
close_store(struct fixture *fx)
{
    store_account_put(fx->acct);
    store_close(fx->store);
}

static enum rc
open_again(struct fixture *fx)
{
    return store_open_sqlite(&fx->options, &fx->store, &fx->err);
}

static void
move(struct fixture *fx, const char *from, const char *to)
{
    char old_path[300];
    char new_path[300];

    snprintf(old_path, sizeof old_path, "%s/%s", fx->accounts, from);
    snprintf(new_path, sizeof new_path, "%s/%s", fx->accounts, to);
    assert_int_equal(rename(old_path, new_path), 0);
}

/* Puts account 7 where layout 1 had it. */
static void
make_old(struct fixture *fx)
{
    put_dir(fx, "07");
    move(fx, "00/00", "07/00");
    put(fx, "layout", "", 0); /* also what a kill leaves while it is written */
}

static void
test_accounts_of_the_former_layout_are_moved(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 3);
    close_store(fx);
    make_old(fx);
    put_dir(fx, "07/00/12.removed");
    assert_ok(open_again(fx));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    assert_true(is_there(fx, "00/00/7/mail.db"));
    assert_false(is_there(fx, "07/00/7"));
    assert_true(is_there(fx, "00/00/12.removed"));
    assert_false(is_there(fx, "07"));
    fill(fx, "INBOX", 1);
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 4);
    store_end(tx);
    assert_born(fx);

    close_store(fx); /* the mark is there: nothing is looked at again */
    put_dir(fx, "0e");
    put_dir(fx, "0e/00");
    put_dir(fx, "0e/00/14");
    assert_ok(open_again(fx));
    assert_true(is_there(fx, "0e/00/14"));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    fixture_free(fx);
}

static void
test_newer_layout_is_refused(void **state)
{
    struct fixture *fx = fixture_new();

    (void)state;
    fill(fx, "INBOX", 1);
    close_store(fx);
    put(fx, "layout", "3\n", 2);
    assert_rc(open_again(fx), RC_UNSUPPORTED);
    assert_non_null(strstr(fx->err.text, "laid out as version 3"));
    put(fx, "layout", "2\n", 2);
    assert_ok(open_again(fx));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    assert_born(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailboxes_come_with_the_first_commit),
        cmocka_unit_test(test_first_transaction_is_undone),
        cmocka_unit_test(test_reader_waits_for_the_first_commit),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_maker_is_woken),
        cmocka_unit_test(test_leftovers_are_swept),
        cmocka_unit_test(test_server_keeps_some_ready),
        cmocka_unit_test(test_plain_sqlite_takes_it),
        cmocka_unit_test(test_accounts_of_the_former_layout_are_moved),
        cmocka_unit_test(test_newer_layout_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

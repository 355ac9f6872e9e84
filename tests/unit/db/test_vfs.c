/* SPDX-License-Identifier: MIT */
/*
 * What a commit costs on disk through db/vfs.c, by the changes that the observer is told: one
 * write and one sync, also for a handle that was just opened and for a log that was just
 * emptied; but two syncs where the log might not be empty on disk.
 */
#include "support/cm.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "db/db_private.h"
#include "base/disk.h"
#include "db/txn.h"
#include "db/wal_index.h"
#include "support/fault_vfs.h"
#include "support/outside.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct err err;
static struct db *db;

struct seen {
    unsigned writes; /* of the log */
    unsigned syncs;
    unsigned other; /* changes of anything else */
};
static struct seen seen;

static void
observe(void *ctx, const struct disk_op *op)
{
    const size_t len = strlen(op->path);
    const bool log = len > 4 && strcmp(op->path + len - 4, "-wal") == 0;

    (void)ctx;
    if (op->what == DISK_WRITE && log)
        seen.writes++;
    else if (op->what == DISK_SYNC && log)
        seen.syncs++;
    else
        seen.other++;
}

static void
open_db(void)
{
    const struct db_options options = {
        .create = true, .own_index = true, .page_size_octets = 4096, .cache_kib = 256};

    assert_ok(db_open(&db, tmpdir_file(&dir, "a.db"), &options, &err));
}

static void
reopen(void)
{
    db_close(db);
    open_db();
}

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    open_db();
    assert_ok(db_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", &err));
    disk_observe(observe, NULL);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    disk_observe(NULL, NULL);
    db_close(db);
    tmpdir_remove(&dir);
    return 0;
}

static int64_t
rows(void)
{
    int64_t count;
    assert_ok(db_query_i64(db, "SELECT count(*) FROM t", &count, &err));
    return count;
}

static void
insert(unsigned octets)
{
    char sql[80];
    AUTO_TXN txn = {0};

    snprintf(sql, sizeof sql, "INSERT INTO t(v) VALUES (zeroblob(%u))", octets);
    seen = (struct seen){0};
    assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
    assert_ok(db_exec(db, sql, &err));
    assert_ok(txn_commit(&txn, &err));
}

static void
assert_cost(unsigned writes, unsigned syncs)
{
    assert_int_equal(seen.writes, writes);
    assert_int_equal(seen.syncs, syncs);
    assert_int_equal(seen.other, 0);
}

static void
commit_is_one_write_and_one_sync(void **state)
{
    (void)state;
    insert(10);
    assert_cost(1, 1);
    insert(30000);
    assert_cost(1, 1);
    reopen();
    insert(10);
    assert_cost(1, 1);
    assert_int_equal(rows(), 3);
}

static void
large_commit_is_few_writes(void **state)
{
    (void)state;
    insert(1000000);
    assert_int_equal(seen.syncs, 1);
    assert_in_range(seen.writes, 9, 12); /* 245 frames of 4,120 octets */
    reopen();
    assert_int_equal(rows(), 1);
}

/* Frames that did not fit into the cache were written before the commit; those of a transaction
 * that is undone too. */
static void
spilled_frames(void **state)
{
    (void)state;
    {
        AUTO_TXN txn = {0};
        assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
        assert_ok(db_exec(db,
                          "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
                          " WHERE x < 500) INSERT INTO t(v) SELECT zeroblob(3000) FROM n",
                          &err));
        assert_int_equal(rows(), 500); /* reads some of them back */
    }
    assert_int_equal(rows(), 0);
    insert(10);
    assert_cost(1, 1);
    assert_ok(db_exec(db,
                      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
                      " WHERE x < 500) INSERT INTO t(v) SELECT zeroblob(3000) FROM n",
                      &err));
    reopen();
    assert_int_equal(rows(), 501);
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
}

static void
empty_log(void)
{
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
}

static void
emptied_log_needs_one_sync(void **state)
{
    (void)state;
    insert(10);
    empty_log();
    insert(10);
    assert_cost(1, 1);
    empty_log();
    reopen(); /* a later process sees it too */
    assert_int_equal(rows(), 2);
    insert(10);
    assert_cost(1, 1);
    reopen();
    assert_int_equal(rows(), 3);
}

/* Nothing to do when it is empty already. */
static void
emptying_twice_costs_nothing(void **state)
{
    (void)state;
    insert(10);
    empty_log();
    seen = (struct seen){0};
    empty_log();
    assert_int_equal(seen.writes, 0);
    reopen();
    assert_int_equal(rows(), 1);
}

/* INV-S12: killed after the zeros and before the mark, so that the sync may be missing. */
static void
zeros_without_the_mark_need_two_syncs(void **state)
{
    static const char zeros[32];

    (void)state;
    insert(10);
    empty_log();
    db_close(db);
    const int fd = open(tmpdir_file(&dir, "a.db-wal"), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, 0), sizeof zeros);
    close(fd);
    open_db();
    insert(10);
    assert_cost(2, 2);
    reopen();
    assert_int_equal(rows(), 2);
}

/* A program that restarts the log in its own way takes the mark away. */
static void
mark_is_forgotten_when_others_write(void **state)
{
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "a.db"));
    insert(10);
    empty_log();
    outsider_end(outsider_begin(path, "INSERT INTO t(v) VALUES (1)"));
    reopen();
    insert(10);
    reopen();
    assert_int_equal(rows(), 3);
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
}

static void
two_handles_share_the_index(void **state)
{
    const struct db_options options = {.own_index = true};
    struct db *reader = NULL;
    int64_t count = 0;
    AUTO_TXN snapshot = {0};

    (void)state;
    insert(10);
    assert_ok(db_open(&reader, tmpdir_file(&dir, "a.db"), &options, &err));
    assert_ok(txn_begin(&snapshot, reader, TXN_READ, &err));
    assert_ok(db_query_i64(reader, "SELECT count(*) FROM t", &count, &err));
    insert(10);
    assert_ok(db_query_i64(reader, "SELECT count(*) FROM t", &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE_NOW, NULL, &err), RC_BUSY);
    txn_abort(&snapshot);
    assert_ok(db_query_i64(reader, "SELECT count(*) FROM t", &count, &err));
    assert_int_equal(count, 2);
    empty_log();
    assert_ok(db_query_i64(reader, "SELECT count(*) FROM t", &count, &err));
    assert_int_equal(count, 2);
    db_close(reader);
}

/* Whether it went well; nothing when SQLite has rolled the transaction back already. */
static bool
go_on(const char *sql)
{
    return sqlite3_get_autocommit(db_raw(db)) == 0 && db_exec(db, sql, &err) == RC_OK;
}

static int64_t
rows_checked(void)
{
    int64_t count = 0;

    assert_ok(db_query_i64(db, "SELECT count(*) FROM u", &count, &err));
    assert_ok(db_check(db, DB_CHECK_FULL, &err));
    return count;
}

/* INV-S15: a transaction one of whose frames could not be written is never committed, not even
 * by a caller that goes on after the statement that was told so; and the next one is served. */
static void
lost_frame_ends_the_transaction(void **state)
{
    enum { ROWS = 120, FAULTS_MAX = 1000 };
    bool fired = true;

    (void)state;
    db_close(db);
    fault_vfs_register();
    assert_int_equal(sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS), 1), SQLITE_OK);
    open_db();
    assert_ok(db_exec(db, "CREATE TABLE u(id INTEGER PRIMARY KEY, v UNIQUE, n)", &err));
    for (unsigned nth = 1; fired && nth < FAULTS_MAX; nth++) {
        AUTO_TXN txn = {0};

        assert_ok(db_exec(db, "DELETE FROM u", &err));
        assert_ok(txn_begin(&txn, db, TXN_WRITE, &err));
        fault_vfs_arm(FAULT_FULL, nth);
        const bool many = go_on(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 120)"
            " INSERT INTO u(v, n) SELECT x || hex(zeroblob(900)), 0 FROM n");
        (void)!go_on("UPDATE u SET n = n + 1");
        const bool last = go_on("INSERT INTO u(v) VALUES ('last')");
        fired = fault_vfs_fired();
        const enum rc end = txn_commit(&txn, &err);
        fired = fired || fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        const int64_t whole = (many ? ROWS : 0) + (last ? 1 : 0);
        const int64_t count = rows_checked();
        assert_int_equal(count, end == RC_OK ? whole : 0);
        reopen(); /* all frames of a commit whose sync failed are there: it comes back whole */
        const int64_t again = rows_checked();
        assert_true(again == count || (end != RC_OK && many && again == whole));
    }
    assert_false(fired);
    assert_int_equal(sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1), SQLITE_OK);
}

static void
stale_handles_begin_nothing(void **state)
{
    AUTO_TXN txn = {0};
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "a.db"));
    insert(10);
    assert_false(db_is_stale(db));
    outsider_end(outsider_begin(path, "SELECT * FROM t"));
    assert_int_equal(txn_begin(&txn, db, TXN_READ, &err), RC_GONE);
    assert_true(db_is_stale(db));
    assert_int_equal(txn_begin(&txn, db, TXN_WRITE, &err), RC_GONE);
    reopen();
    insert(10);
    const struct outsider reader = outsider_begin(path, "BEGIN; SELECT * FROM t");
    assert_int_equal(txn_begin(&txn, db, TXN_WRITE, &err), RC_GONE);
    reopen(); /* through SQLite's own -shm file now */
    insert(10);
    insert(10);
    assert_int_equal(rows(), 4);
    outsider_end(reader);
    reopen();
    assert_int_equal(rows(), 4);
}

/* ---- one handle closes while the next one opens ---- */

enum { ATTACH_BYTE = 128, CLOSING_MS = 50 };

static atomic_bool slowly;
static sem_t closing; /* a file is about to be closed */
static sem_t held;    /* the next handle has its lock */

/* In place of the C library's. */
int
close(int fd)
{
    struct timespec until;

    if (atomic_exchange(&slowly, false)) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += CLOSING_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        sem_post(&closing);
        (void)sem_timedwait(&held, &until); /* nobody can come: that is how it should be */
    }
    return (int)syscall(SYS_close, fd);
}

static void *
come_and_go(void *arg)
{
    struct wal_index *index = wal_index_get(arg);

    if (wal_index_hold(index) != RC_OK)
        return "hold";
    wal_index_release(index);
    atomic_store(&slowly, true);
    wal_index_put(index);
    return NULL;
}

/* Whether the byte that SQLite locks is locked; asked by another owner of locks than this
 * process, through a descriptor that is not closed meanwhile. */
static bool
is_kept_out(int fd)
{
    struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = ATTACH_BYTE, .l_len = 1};

    assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
    return lock.l_type == F_WRLCK;
}

/* Closing any descriptor of a file drops all POSIX locks that the process has on it. So the
 * last handle of an index must not close its file when the next index may have its lock. */
static void
others_are_kept_out_while_handles_close(void **state)
{
    char path[256];
    char shm[264];
    pthread_t thread;
    void *failed = NULL;

    (void)state;
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "b.db"));
    snprintf(shm, sizeof shm, "%s-shm", path);
    const int fd = open(shm, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(sem_init(&closing, 0, 0), 0);
    assert_int_equal(sem_init(&held, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, path), 0);
    assert_int_equal(sem_wait(&closing), 0);
    struct wal_index *index = wal_index_get(path);
    assert_int_equal(wal_index_hold(index), RC_OK);
    sem_post(&held);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_true(is_kept_out(fd));
    wal_index_release(index);
    assert_false(is_kept_out(fd));
    wal_index_put(index);
    close(fd);
}

enum { READ_OCTETS = 4 << 20 };

/* Octets of the file that the system has in its memory after one row in the middle was read. */
static size_t
resident_after_one_row(const char *path, enum db_reads reads)
{
    const struct db_options options = {.own_index = true, .reads = reads, .cache_kib = 256};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char pages[READ_OCTETS * 2 / 4096];
    struct db *one = NULL;
    struct stat st;
    int64_t value = 0;
    size_t resident = 0;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    const size_t count = ((size_t)st.st_size + page - 1) / page;
    assert_true(count <= sizeof pages);
    assert_int_equal(fdatasync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    assert_ok(db_open(&one, path, &options, &err));
    assert_ok(db_query_i64(one, "SELECT length(v) FROM t WHERE id = 500", &value, &err));
    assert_int_equal(value, 4000);
    db_close(one);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(mincore(map, (size_t)st.st_size, pages), 0);
    for (size_t i = 0; i < count; i++)
        resident += (pages[i] & 1) != 0 ? page : 0;
    munmap(map, (size_t)st.st_size);
    close(fd);
    return resident;
}

/* On a real disk: a file system in memory has all of it there. */
static void
scattered_reads_read_nothing_ahead(void **state)
{
    struct tmpdir disk;

    (void)state;
    tmpdir_make_in(&disk, "/var/tmp");
    const char *name = tmpdir_file(&disk, "a.db");
    const struct db_options options = {
        .create = true, .own_index = true, .checkpoint_on_close = true, .cache_kib = 256};
    struct db *one = NULL;
    assert_ok(db_open(&one, name, &options, &err));
    assert_ok(db_exec(one,
                      "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                      "WHERE i < 1000) INSERT INTO t SELECT i, zeroblob(4000) FROM n",
                      &err));
    db_close(one);
    const size_t ahead = resident_after_one_row(name, DB_READS_AHEAD);
    const size_t scattered = resident_after_one_row(name, DB_READS_SCATTERED);
    tmpdir_remove(&disk);
    print_message("%zu octets in memory when the system reads ahead, otherwise %zu\n", ahead,
                  scattered);
    if (ahead >= READ_OCTETS || scattered >= READ_OCTETS)
        skip(); /* it was never out of memory */
    assert_true(scattered <= 8 * 4096);
    assert_true(scattered < ahead);
}

enum { RUN_ROWS = 2000, RUN_PAGES = RUN_ROWS / 2 + RUN_ROWS / 500 };

/* Two rows on a page, all pages in the database's file, one after another. */
static void
fill_run(void)
{
    char sql[200];

    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO t SELECT i, hex(randomblob(800)) || 'old' FROM n",
             RUN_ROWS);
    assert_ok(db_exec(db, sql, &err));
    assert_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, &err));
}

static int64_t
count_of(struct db *in, const char *ending, int from, int to)
{
    char sql[120];
    int64_t count = -1;

    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM t WHERE id BETWEEN %d AND %d AND v LIKE '%%%s'", from, to,
             ending);
    assert_ok(db_query_i64(in, sql, &count, &err));
    return count;
}

/* How often this thread has asked the system to read; 0: the system does not count. */
static unsigned long
reads_so_far(void)
{
    FILE *file = fopen("/proc/thread-self/io", "re");
    char line[80];
    unsigned long count = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "syscr: %lu", &count);
    if (file != NULL)
        (void)fclose(file);
    return count;
}

static unsigned long
reads_of_a_scan(enum db_reads how)
{
    const struct db_options options = {.own_index = true, .reads = how, .cache_kib = 64};
    struct db *one = NULL;

    assert_ok(db_open(&one, tmpdir_file(&dir, "a.db"), &options, &err));
    const unsigned long before = reads_so_far();
    assert_int_equal(count_of(one, "old", 1, RUN_ROWS), RUN_ROWS);
    const unsigned long reads = reads_so_far() - before;
    db_close(one);
    return reads;
}

static void
run_of_pages_is_read_in_large_pieces(void **state)
{
    (void)state;
    fill_run();
    const unsigned long ahead = reads_of_a_scan(DB_READS_AHEAD);
    const unsigned long scattered = reads_of_a_scan(DB_READS_SCATTERED);
    print_message("%lu reads for about %d pages, and %lu one by one\n", ahead, RUN_PAGES,
                  scattered);
    if (reads_so_far() == 0)
        skip();
    assert_true(scattered >= RUN_ROWS / 2);
    assert_true(ahead <= RUN_PAGES / 8);
}

/* All rows are changed, and a checkpoint writes as much of that as it may, in the middle of a
 * read transaction: it goes on to see what it saw, and the next one sees all of the change. */
static void
what_was_read_ahead_is_of_one_transaction(void **state)
{
    const struct db_options options = {
        .own_index = true, .reads = DB_READS_AHEAD, .cache_kib = 64};
    struct db *reader = NULL;

    (void)state;
    fill_run();
    assert_ok(db_open(&reader, tmpdir_file(&dir, "a.db"), &options, &err));
    for (unsigned round = 0; round < 2;
         round++) { /* the second one begins with frames in the log */
        const char *const before = round == 0 ? "old" : "new";
        const char *const after = round == 0 ? "new" : "old";
        char sql[80];
        AUTO_TXN txn = {0};
        assert_ok(txn_begin(&txn, reader, TXN_READ, &err));
        assert_int_equal(count_of(reader, before, 1, RUN_ROWS / 2), RUN_ROWS / 2);
        snprintf(sql, sizeof sql, "UPDATE t SET v = substr(v, 1, 1600) || '%s'", after);
        assert_ok(db_exec(db, sql, &err));
        const enum rc rc = db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, &err);
        assert_true(rc == RC_OK || rc == RC_BUSY);
        assert_int_equal(count_of(reader, before, 1, RUN_ROWS), RUN_ROWS);
        txn_abort(&txn);
        if (round == 0) /* so that the next read takes from the file what it has read ahead */
            assert_ok(db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, &err));
        assert_int_equal(count_of(reader, after, RUN_ROWS - 9, RUN_ROWS), 10);
        assert_int_equal(count_of(reader, after, 1, RUN_ROWS), RUN_ROWS);
    }
    db_close(reader);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commit_is_one_write_and_one_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(large_commit_is_few_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(spilled_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(emptied_log_needs_one_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(emptying_twice_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(zeros_without_the_mark_need_two_syncs, setup, teardown),
        cmocka_unit_test_setup_teardown(mark_is_forgotten_when_others_write, setup, teardown),
        cmocka_unit_test_setup_teardown(two_handles_share_the_index, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_frame_ends_the_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(stale_handles_begin_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(others_are_kept_out_while_handles_close, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(scattered_reads_read_nothing_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(run_of_pages_is_read_in_large_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_ahead_is_of_one_transaction, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

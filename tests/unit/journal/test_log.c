/* SPDX-License-Identifier: MIT */
/* The transaction log: format, levels, files, losses, and many writers at once. */
#include "support/cm.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limits.h"
#include "journal/log.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

#define DAY "roost-2026-11-12.log"

static struct tmpdir dir;
static struct err err;
static struct fake_clock now;
static struct log *logger;
static struct log_scope scope;

static void
open_log(void)
{
    const struct log_options options = {.dir = dir.path, .clock = &now.clock, .keep_days = 7};
    assert_ok(log_open(&logger, &options, &err));
    log_scope_init(&scope, logger, LOG_IMAP, 1);
}

static int
setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tmpdir_make(&dir);
    fake_clock_init(&now, 1794486257); /* 2026-11-12 12:24:17 */
    open_log();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    log_close(logger);
    tmpdir_remove(&dir);
    return 0;
}

static void
set_levels(const char *text)
{
    struct log_levels levels;
    assert_ok(log_levels_parse(span_of_str(text), &levels, &err));
    log_levels_set(logger, &levels);
}

/* The content of a file; "" when it is not there. */
static const char *
file_text(const char *name)
{
    static char text[1 << 16];
    AUTO_FD fd = open(tmpdir_file(&dir, name), O_RDONLY);
    const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void
the_format(void **state)
{
    (void)state;
    set_levels("APSF");
    fake_clock_move_ms(&now, 921);
    log_put_span(&scope, LOG_E_LINE_IN, SPAN("0003 SELECT \"INBOX\""));
    fake_clock_move_ms(&now, 16);
    log_put(&scope, LOG_E_THREAD, "work thread %02x assigned to session", 0xa4);
    struct log_scope server;
    log_scope_init(&server, logger, LOG_SERVER, 0);
    log_put(&server, LOG_E_SERVER_FAILED, "two\nlines");
    log_flush(logger);
    assert_string_equal(file_text(DAY),
                        "IMAP 12:24:17.921 A 06157 1 0003 SELECT \"INBOX\"\n"
                        "IMAP 12:24:17.937 P 06483 1 work thread a4 assigned to session\n"
                        "ROOST 12:24:17.937 F 07206 0 two\\x0Alines\n");
    struct stat st;
    assert_int_equal(stat(tmpdir_file(&dir, DAY), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void
levels_decide(void **state)
{
    (void)state;
    assert_false(log_on(&scope, LOG_A)); /* the default is S and F */
    assert_true(log_on(&scope, LOG_S));
    set_levels("F imap:AF");
    assert_true(log_on(&scope, LOG_A));
    assert_false(log_on(&scope, LOG_S));
    struct log_scope lmtp;
    log_scope_init(&lmtp, logger, LOG_LMTP, 2);
    assert_false(log_on(&lmtp, LOG_A));
    struct log_scope off;
    log_scope_init(&off, NULL, LOG_IMAP, 3);
    assert_false(log_on(&off, LOG_F));
    log_put(&off, LOG_E_STORE_FULL, "goes nowhere");
    log_put(&lmtp, LOG_E_LINE_IN, "not wanted");
    log_flush(logger);
    assert_string_equal(file_text(DAY), "");
}

static void
an_account_has_its_own(void **state)
{
    (void)state;
    struct log_levels levels;
    assert_ok(log_levels_parse(SPAN("A"), &levels, &err));
    assert_ok(log_account_set(logger, SPAN("joe"), &levels));
    assert_false(log_on(&scope, LOG_A));
    scope.account = "joe";
    log_scope_changed(&scope);
    assert_true(log_on(&scope, LOG_A));
    assert_false(log_on(&scope, LOG_F));
    assert_ok(log_levels_parse(SPAN("none"), &levels, &err));
    assert_ok(log_account_set(logger, SPAN("joe"), &levels));
    assert_false(log_on(&scope, LOG_A));
    log_account_clear(logger, SPAN("joe"));
    log_account_clear(logger, SPAN("nobody"));
    assert_true(log_on(&scope, LOG_F));
    for (unsigned i = 0; i < LIMIT_LOG_ACCOUNTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%u", i);
        assert_ok(log_account_set(logger, span_of_str(name), &levels));
    }
    for (unsigned i = LIMIT_LOG_ACCOUNTS; i < 10 * LIMIT_LOG_ACCOUNTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%u", i);
        assert_int_equal(log_account_set(logger, span_of_str(name), &levels), RC_LIMIT);
    }
    assert_ok(log_account_set(logger, SPAN("u1"), &levels));
}

static void
words_for_levels(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *printed; /* NULL: refused */
    } rows[] = {
        {"SF", "SF"},
        {" a, p s\tF ", "APSF"},
        {"", "none"},
        {"none", "none"},
        {"SF imap:APSF", "SF imap:APSF"},
        {"imap:APSF SF", "SF imap:APSF"},
        {"IMAP:none,F roost:FS", "F roost:SF imap:none"},
        {"X", NULL},
        {"pop:F", NULL},
        {"imap:Q", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct log_levels levels;
        const enum rc rc = log_levels_parse(span_of_str(rows[i].text), &levels, &err);
        if (rows[i].printed == NULL) {
            assert_int_equal(rc, RC_INVALID);
            continue;
        }
        assert_int_equal(rc, RC_OK);
        AUTO_BUF buf = {0};
        buf_init(&buf, 200);
        log_levels_print(&levels, &buf);
        assert_true(span_eq_str(buf_span(&buf), rows[i].printed));
    }
}

static struct stat
file_stat(void)
{
    struct stat st;

    assert_int_equal(stat(tmpdir_file(&dir, DAY), &st), 0);
    return st;
}

/* The file has blocks behind its end, for what is to be said when the disk is full. */
static void
there_is_room_ahead(void **state)
{
    static char text[LIMIT_LOG_LINE];

    (void)state;
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 3 * LIMIT_LOG_ROOM / sizeof text; i++) {
        log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, sizeof text));
        log_flush(logger);
        const struct stat st = file_stat();
        assert_true(st.st_blocks * 512 >= st.st_size + (off_t)LIMIT_LOG_ROOM / 2);
    }
    const struct stat before = file_stat();
    log_close(logger);
    open_log();
    log_put(&scope, LOG_E_STORE_FULL, "again");
    log_flush(logger);
    assert_true(file_stat().st_size > before.st_size);
    assert_true(file_stat().st_blocks * 512 <= file_stat().st_size + 2 * (off_t)LIMIT_LOG_ROOM);
}

static void
files_change_with_the_day(void **state)
{
    (void)state;
    close(open(tmpdir_file(&dir, "roost-2026-11-01.log"), O_CREAT | O_WRONLY, 0600));
    close(open(tmpdir_file(&dir, "roost-2026-11-10.log"), O_CREAT | O_WRONLY, 0600));
    close(open(tmpdir_file(&dir, "other-2026-11-01.log"), O_CREAT | O_WRONLY, 0600));
    log_put(&scope, LOG_E_STORE_FULL, "one");
    fake_clock_move_ms(&now, 86400000);
    log_put(&scope, LOG_E_STORE_FULL, "two");
    log_flush(logger);
    assert_string_equal(file_text(DAY), "IMAP 12:24:17.000 F 07102 1 one\n");
    assert_string_equal(file_text("roost-2026-11-13.log"), "IMAP 12:24:17.000 F 07102 1 two\n");
    assert_int_equal(access(tmpdir_file(&dir, "roost-2026-11-01.log"), F_OK), -1);
    assert_int_equal(access(tmpdir_file(&dir, "roost-2026-11-10.log"), F_OK), 0);
    assert_int_equal(access(tmpdir_file(&dir, "other-2026-11-01.log"), F_OK), 0);
}

/* What stands where tomorrow's file should be; and a while later it is gone. */
static void
a_new_file_that_cannot_be_opened(void **state)
{
    char tomorrow[256];

    (void)state;
    snprintf(tomorrow, sizeof tomorrow, "%s", tmpdir_file(&dir, "roost-2026-11-13.log"));
    assert_int_equal(mkdir(tomorrow, 0700), 0);
    log_put(&scope, LOG_E_STORE_FULL, "one");
    fake_clock_move_ms(&now, 86400000);
    for (int i = 0; i < 3; i++) {
        log_put(&scope, LOG_E_STORE_FULL, "two");
        log_flush(logger);
        log_flush(logger); /* with what the log says of itself */
    }
    const char *text = file_text(DAY);
    assert_true(span_starts(span_of_str(text), SPAN("IMAP 12:24:17.000 F 07102 1 one\n"
                                                    "IMAP 12:24:17.000 F 07102 1 two\n"
                                                    "ROOST 12:24:17.000 F 07305 0 log: /")));
    assert_non_null(strstr(text, "roost-2026-11-13.log: Is a directory; entries go on into the "
                                 "file that was open\n"
                                 "IMAP 12:24:17.000 F 07102 1 two\n"
                                 "IMAP 12:24:17.000 F 07102 1 two\n"));
    assert_int_equal(rmdir(tomorrow), 0);
    log_put(&scope, LOG_E_STORE_FULL, "three");
    log_flush(logger);
    assert_string_equal(file_text("roost-2026-11-13.log"),
                        "IMAP 12:24:17.000 F 07102 1 three\n");
    struct log_stats stats;
    log_stats(logger, &stats);
    assert_int_equal(stats.lost, 0);
    assert_int_equal(stats.written, 6);
    fake_clock_move_ms(&now, 86400000); /* and it is told anew the next time */
    assert_int_equal(mkdir(tmpdir_file(&dir, "roost-2026-11-14.log"), 0700), 0);
    log_put(&scope, LOG_E_STORE_FULL, "four");
    log_flush(logger);
    log_flush(logger);
    assert_non_null(strstr(file_text("roost-2026-11-13.log"), "F 07305 0 log: "));
}

/* The same of a folder in which nothing can be made any more; several days go by. */
static void
a_folder_that_is_shut_at_midnight(void **state)
{
    const uid_t me = geteuid();

    (void)state;
    assert_int_equal(chmod(dir.path, 0555), 0);
    if (me == 0)
        assert_int_equal(seteuid(65534), 0);
    for (int i = 0; i < 3; i++) {
        fake_clock_move_ms(&now, 86400000);
        log_put(&scope, LOG_E_STORE_FULL, "day %d", i);
        log_flush(logger);
        log_flush(logger);
    }
    if (me == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(dir.path, 0700), 0);
    log_put(&scope, LOG_E_STORE_FULL, "open again");
    log_flush(logger);
    const char *text = file_text(DAY);
    assert_non_null(strstr(text, "day 0\nROOST 12:24:17.000 F 07305 0 log: "));
    assert_non_null(strstr(text, ".log: Permission denied; entries go on"));
    assert_non_null(strstr(text, "day 1\nIMAP 12:24:17.000 F 07102 1 day 2\n"));
    assert_string_equal(file_text("roost-2026-11-15.log"),
                        "IMAP 12:24:17.000 F 07102 1 open again\n");
    struct log_stats stats;
    log_stats(logger, &stats);
    assert_int_equal(stats.lost, 0);
}

static void
reopens(void **state)
{
    (void)state;
    log_put(&scope, LOG_E_STORE_FULL, "one");
    log_flush(logger);
    char moved[256];
    snprintf(moved, sizeof moved, "%s", tmpdir_file(&dir, "moved"));
    assert_int_equal(rename(tmpdir_file(&dir, DAY), moved), 0);
    assert_int_equal(log_reopen(logger, NULL), RC_OK);
    log_put(&scope, LOG_E_STORE_FULL, "two");
    log_flush(logger);
    assert_string_equal(file_text("moved"), "IMAP 12:24:17.000 F 07102 1 one\n");
    assert_string_equal(file_text(DAY), "IMAP 12:24:17.000 F 07102 1 two\n");
}

static void
a_missing_directory_is_told(void **state)
{
    (void)state;
    struct log *other;
    const struct log_options options = {.dir = "/nonexistent/roost"};
    assert_int_equal(log_open(&other, &options, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "cannot write to /nonexistent/roost"));
}

/* A disk that takes no more: the file size limit of the process, with its signal ignored. */
/* Today's file is there and may be written, the folder may not: tomorrow there would be no
 * log. */
static void
a_folder_that_stays_shut_is_told(void **state)
{
    const struct log_options options = {.dir = dir.path, .clock = &now.clock, .keep_days = 7};
    struct log *other = NULL;
    const uid_t me = geteuid();

    (void)state;
    assert_int_equal(chmod(tmpdir_file(&dir, DAY), 0666), 0);
    assert_int_equal(chmod(dir.path, 0555), 0);
    if (me == 0)
        assert_int_equal(seteuid(65534), 0);
    const enum rc rc = log_open(&other, &options, &err);
    if (me == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(dir.path, 0700), 0);
    assert_int_equal(rc, RC_DENIED);
    assert_non_null(strstr(err.text, dir.path));
}

static void
a_full_disk_loses_lines_and_says_so(void **state)
{
    (void)state;
    struct rlimit old;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    log_put(&scope, LOG_E_STORE_FULL, "before");
    log_flush(logger);
    const struct rlimit small = {.rlim_cur = 40, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_put(&scope, LOG_E_STORE_FULL, "lost one");
    log_flush(logger);
    log_put(&scope, LOG_E_STORE_FULL, "lost two");
    log_flush(logger);
    assert_string_equal(file_text(DAY), "IMAP 12:24:17.000 F 07102 1 before\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    log_put(&scope, LOG_E_STORE_FULL, "after");
    log_flush(logger);
    assert_string_equal(file_text(DAY),
                        "IMAP 12:24:17.000 F 07102 1 before\n"
                        "IMAP 12:24:17.000 F 07102 1 after\n"
                        "ROOST 12:24:17.000 F 07301 0 2 log entries were lost\n");
    struct log_stats stats;
    log_stats(logger, &stats);
    assert_int_equal(stats.lost, 2);
}

static void
long_texts_are_cut(void **state)
{
    (void)state;
    static char text[3 << 20];
    memset(text, 'x', sizeof text);
    log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, LIMIT_LOG_LINE));
    log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, LIMIT_LOG_LINE + 1));
    log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, sizeof text));
    log_flush(logger);
    const char *line = file_text(DAY);
    const char *end = strchr(line, '\n');
    assert_int_equal(end - line, 28 + LIMIT_LOG_LINE);
    assert_non_null(strstr(end, "x ...(+1)\n"));
    assert_non_null(strstr(end, "x ...(+3143728)\n"));
}

/* The file is a pipe that nobody reads yet, so that the writer waits for whoever opens it. */
static void
the_queue_is_bounded(void **state)
{
    static char text[LIMIT_LOG_LINE];
    const unsigned fit = LIMIT_LOG_QUEUE / sizeof text;
    struct log_stats stats;
    unsigned lines = 0;
    uint64_t octets = 0;
    char part[1 << 16];
    ssize_t got;

    (void)state;
    memset(text, 'x', sizeof text);
    log_close(logger);
    assert_int_equal(unlink(tmpdir_file(&dir, DAY)), 0);
    assert_int_equal(mkfifo(tmpdir_file(&dir, "roost-2026-11-13.log"), 0600), 0);
    open_log();
    fake_clock_move_ms(&now, 86400000);
    log_put(&scope, LOG_E_STORE_FULL, "first");
    do { /* the writer has taken it, and stands at the pipe */
        log_stats(logger, &stats);
    } while (stats.queued_octets > 0);
    do {
        log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, sizeof text));
        log_stats(logger, &stats);
        lines += stats.lost == 0;
    } while (stats.lost == 0);
    assert_in_range(stats.queued_octets, LIMIT_LOG_QUEUE - 4096, LIMIT_LOG_QUEUE);
    assert_in_range(lines, fit * 9 / 10, fit);
    for (unsigned i = 0; i < 3 * fit; i++)
        log_put_span(&scope, LOG_E_STORE_FULL, span_of(text, sizeof text));
    log_stats(logger, &stats);
    assert_int_equal(stats.lost, 1 + 3 * fit);
    assert_true(stats.queued_octets <= LIMIT_LOG_QUEUE);
    AUTO_FD fd = open(tmpdir_file(&dir, "roost-2026-11-13.log"), O_RDONLY);
    assert_true(fd >= 0);
    unsigned found = 0;
    while (found < lines + 2 && (got = read(fd, part, sizeof part)) > 0) {
        octets += (uint64_t)got;
        for (ssize_t i = 0; i < got; i++)
            found += part[i] == '\n';
    }
    assert_int_equal(found, lines + 2); /* "first", and how many were lost */
    assert_in_range(octets, (uint64_t)lines * sizeof text, LIMIT_LOG_QUEUE + 4096);
    log_flush(logger);
    log_stats(logger, &stats);
    assert_int_equal(stats.written, lines + 2);
}

enum { THREADS = 4, LINES = 20000 };

static void *
put_many(void *arg)
{
    const unsigned id = *(const unsigned *)arg;
    struct log_scope mine;
    log_scope_init(&mine, logger, LOG_IMAP, id);
    for (unsigned i = 0; i < LINES; i++) {
        log_put(&mine, LOG_E_STORE_FULL, "%u", i);
        if (i % 100 == 0 && id == 1)
            set_levels(i % 200 == 0 ? "APSF" : "SF");
        if (i % 5000 == 0 && id == 2)
            assert_int_equal(log_reopen(logger, NULL), RC_OK);
    }
    return NULL;
}

/* Whole lines, in order for each thread, and what is missing is counted exactly. */
static void
many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned ids[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &ids[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_flush(logger);
    FILE *file = fopen(tmpdir_file(&dir, DAY), "r");
    assert_non_null(file);
    long next[THREADS] = {0};
    long found = 0;
    unsigned long long lost = 0;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned id;
        long n;
        unsigned long long some;
        if (sscanf(line, "ROOST 12:24:17.000 F 07301 0 %llu log entries", &some) == 1) {
            lost += some;
            continue;
        }
        assert_int_equal(sscanf(line, "IMAP 12:24:17.000 F 07102 %u %ld\n", &id, &n), 2);
        assert_true(n >= next[id]);
        next[id] = n + 1;
        found++;
    }
    fclose(file);
    struct log_stats stats;
    log_stats(logger, &stats);
    assert_int_equal(found + (long)stats.lost, THREADS * LINES);
    assert_true(lost <= stats.lost);
}

static void
numbers_are_unique(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOG_ENTRY_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(log_entry_info(i)->number, log_entry_info(j)->number);
    assert_int_equal(log_entry_info(LOG_E_LINE_IN)->number, 6157);
    assert_int_equal(log_entry_info(LOG_E_LINE_OUT)->number, 6266);
    assert_int_equal(log_entry_info(LOG_E_FETCH_OUT)->number, 6392);
    assert_int_equal(log_entry_info(LOG_E_THREAD)->number, 6483);
    assert_int_equal(log_entry_info(LOG_E_REMOVED)->number, 6050);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_format),
        T(levels_decide),
        T(an_account_has_its_own),
        T(words_for_levels),
        T(there_is_room_ahead),
        T(files_change_with_the_day),
        T(a_new_file_that_cannot_be_opened),
        T(a_folder_that_is_shut_at_midnight),
        T(reopens),
        T(a_missing_directory_is_told),
        T(a_folder_that_stays_shut_is_told),
        T(a_full_disk_loses_lines_and_says_so),
        T(long_texts_are_cut),
        T(the_queue_is_bounded),
        T(many_threads),
        T(numbers_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The journal: what goes in comes out, is bounded by age and size, and losses are counted. */
#include "support/cm.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/fd.h"
#include "base/limits.h"
#include "db/db.h"
#include "journal/journal.h"
#include "journal/live.h"
#include "support/fake_clock.h"
#include "support/fault_vfs.h"
#include "support/tmpdir.h"

static const int64_t start_s = 1794486257; /* 2026-11-12 12:24:17 UTC */

static struct tmpdir dir;
static struct err err;
static struct fake_clock now;
static struct log *logger;
static struct journal *journal;
static struct arena arena;

static void
open_journal(unsigned keep_days, int64_t max_octets)
{
    static char path[256];
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "journal.db"));
    const struct journal_options options = {.path = path,
                                            .log = logger,
                                            .clock = &now.clock,
                                            .keep_days = keep_days,
                                            .max_octets = max_octets};
    assert_ok(journal_open(&journal, &options, &err));
}

static int
setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tmpdir_make(&dir);
    fake_clock_init(&now, start_s);
    const struct log_options options = {.dir = dir.path, .clock = &now.clock};
    assert_ok(log_open(&logger, &options, &err));
    open_journal(0, 0);
    arena_init(&arena, 1 << 20);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    journal_close(journal);
    log_close(logger);
    arena_done(&arena);
    tmpdir_remove(&dir);
    return 0;
}

static const char *
log_text(void)
{
    static char text[1 << 18];
    log_flush(logger);
    AUTO_FD fd = open(tmpdir_file(&dir, "roost-2026-11-12.log"), O_RDONLY);
    const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static struct end_record
sample(uint64_t session)
{
    struct end_record record = {
        .session = session,
        .service = LOG_IMAP,
        .reason = END_IDLE_TIMEOUT,
        .start_ms = start_s * 1000,
        .end_ms = start_s * 1000 + 1853266,
        .peer_port = 49152,
        .account = SPAN("user@example.org"),
        .peer = SPAN("203.0.113.9"),
        .tls = SPAN("TLSv1.3 TLS_AES_128_GCM_SHA256"),
        .client_id = SPAN("Some \"Mail\" 1.0"),
        .mailbox = SPAN("INBOX"),
        .detail = SPAN("30 min 53 s"),
        .evidence = {.how = HOW_WE_CLOSED,
                     .state = STATE_IDLE,
                     .command = event_command(SPAN("idle")),
                     .tls_alert = 48,
                     .idle_done_seen = true,
                     .os_errno = 110,
                     .since_in_ms = 1853266,
                     .since_out_ms = 12,
                     .unacked_octets = 34,
                     .keepalives = 7,
                     .since_alive_ms = 240000,
                     .rtt_us = 30123,
                     .retransmits = 3,
                     .total_retransmits = 5,
                     .since_ack_ms = 99,
                     .since_data_ms = 98},
        .in_octets = 1234,
        .out_octets = 5678901234,
        .commands = 7,
        .bad_commands = 1,
        .login_failures = 2,
        .messages = 3,
    };
    event_note(&record.events, EVENT_CONNECTED, 0)->b = 993;
    struct event *command = event_note(&record.events, EVENT_COMMAND, 5000000000);
    command->code = event_command(SPAN("UID FETCH"));
    command->a = 47;
    command->b = 4096;
    command->outcome = EVENT_OK;
    return record;
}

static struct journal_reader *
open_reader(void)
{
    struct journal_reader *reader;
    assert_ok(journal_reader_open(&reader, tmpdir_file(&dir, "journal.db"), &err));
    return reader;
}

static void
a_record_comes_back_whole(void **state)
{
    (void)state;
    const struct end_record in = sample(17);
    journal_session_end(journal, &in);
    journal_flush(journal);
    struct journal_reader *reader = open_reader();
    struct end_record out;
    assert_ok(journal_find_session(reader, 17, &arena, &out, &err));
    journal_reader_close(reader);
    assert_true(span_eq(out.account, in.account) && span_eq(out.peer, in.peer));
    assert_true(span_eq(out.tls, in.tls) && span_eq(out.client_id, in.client_id));
    assert_true(span_eq(out.mailbox, in.mailbox) && span_eq(out.detail, in.detail));
    struct end_record plain = out;
    plain.account = in.account;
    plain.peer = in.peer;
    plain.tls = in.tls;
    plain.client_id = in.client_id;
    plain.mailbox = in.mailbox;
    plain.detail = in.detail;
    /* Field by field: padding is nobody's. */
    assert_int_equal(plain.session, in.session);
    assert_int_equal(plain.service, in.service);
    assert_int_equal(plain.reason, in.reason);
    assert_int_equal(plain.start_ms, in.start_ms);
    assert_int_equal(plain.end_ms, in.end_ms);
    assert_int_equal(plain.peer_port, in.peer_port);
    const struct end_evidence *a = &plain.evidence;
    const struct end_evidence *b = &in.evidence;
    assert_int_equal(a->how, b->how);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->command, b->command);
    assert_int_equal(a->tls_alert, b->tls_alert);
    assert_int_equal(a->idle_done_seen, b->idle_done_seen);
    assert_int_equal(a->os_errno, b->os_errno);
    assert_int_equal(a->since_in_ms, b->since_in_ms);
    assert_int_equal(a->since_out_ms, b->since_out_ms);
    assert_int_equal(a->unacked_octets, b->unacked_octets);
    assert_int_equal(a->keepalives, b->keepalives);
    assert_int_equal(a->since_alive_ms, b->since_alive_ms);
    assert_int_equal(a->rtt_us, b->rtt_us);
    assert_int_equal(a->retransmits, b->retransmits);
    assert_int_equal(a->total_retransmits, b->total_retransmits);
    assert_int_equal(a->since_ack_ms, b->since_ack_ms);
    assert_int_equal(a->since_data_ms, b->since_data_ms);
    assert_int_equal(plain.in_octets, in.in_octets);
    assert_int_equal(plain.out_octets, in.out_octets);
    assert_int_equal(plain.commands, in.commands);
    assert_int_equal(plain.bad_commands, in.bad_commands);
    assert_int_equal(plain.login_failures, in.login_failures);
    assert_int_equal(plain.messages, in.messages);
    assert_int_equal(plain.events.count, 2);
    const struct event *event = event_ring_get(&plain.events, 1);
    assert_int_equal(event_at_ms(event), 5000000000);
    assert_string_equal(event_command_name(event->code), "UID FETCH");
    assert_int_equal(event->a, 47);
    assert_int_equal(event->b, 4096);
    assert_int_equal(event->outcome, EVENT_OK);
    assert_null(event_ring_get(&plain.events, 2));
}

static void
a_full_ring_keeps_the_last(void **state)
{
    (void)state;
    struct end_record record = sample(1);
    for (uint32_t i = 0; i < 3 * LIMIT_EVENT_RING; i++)
        event_note(&record.events, EVENT_PUSH, i)->a = i;
    journal_session_end(journal, &record);
    journal_flush(journal);
    struct journal_reader *reader = open_reader();
    struct end_record out;
    assert_ok(journal_find_session(reader, 1, &arena, &out, &err));
    assert_int_equal(journal_find_session(reader, 2, &arena, &out, &err), RC_NOT_FOUND);
    journal_reader_close(reader);
    assert_int_equal(out.events.count, 3 * LIMIT_EVENT_RING + 2);
    for (uint32_t i = 0; i < LIMIT_EVENT_RING; i++)
        assert_int_equal(event_ring_get(&out.events, i)->a, 2 * LIMIT_EVENT_RING + i);
}

static void
the_log_tells_too(void **state)
{
    (void)state;
    const struct end_record record = sample(1);
    journal_session_end(journal, &record);
    assert_string_equal(
        log_text(),
        "IMAP 12:24:17.000 F 06050 1 Removing session user@example.org - It has timed out\n"
        "IMAP 12:24:17.000 S 07001 1 end idle-timeout by=server account=user@example.org "
        "peer=203.0.113.9 port=49152 tls=\"TLSv1.3 TLS_AES_128_GCM_SHA256\" "
        "client=\"Some 'Mail' 1.0\" state=idle mailbox=INBOX command=\"IDLE\" how=we-closed "
        "seconds=1853.266 commands=7 in=1234 out=5678901234 messages=3 bad=1 login_failures=2 "
        "unacked=34 detail=\"30 min 53 s\"\n");
}

static void
deliveries_are_logged(void **state)
{
    (void)state;
    struct log_scope scope;
    log_scope_init(&scope, logger, LOG_LMTP, 5);
    const struct delivery_record delivery = {.account = SPAN("joe"),
                                             .mailbox = SPAN("INBOX"),
                                             .sender = SPAN(""),
                                             .message_id = SPAN("<a@b>"),
                                             .octets = 3500,
                                             .uid = 46,
                                             .took_us = 1234};
    log_delivery(&scope, &delivery);
    assert_string_equal(log_text(),
                        "LMTP 12:24:17.000 S 07002 5 delivered account=joe mailbox=INBOX "
                        "uid=46 size=3500 from=<> msgid=<a@b> ms=1.234\n");
}

struct seen {
    unsigned count;
    uint64_t last;
};

static bool
visit(void *ctx, const struct end_record *record)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->last = record->session;
    return seen->count < 5;
}

static void
walks_choose(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 10; i++) {
        struct end_record record = sample(i);
        record.end_ms += (int64_t)i * 1000;
        record.account = i % 2 ? SPAN("odd") : SPAN("even");
        record.peer = i % 3 ? SPAN("198.51.100.1") : SPAN("198.51.100.2");
        journal_session_end(journal, &record);
    }
    journal_flush(journal);
    struct journal_reader *reader = open_reader();
    const int64_t end = sample(0).end_ms;
    static const struct {
        struct journal_query query;
        unsigned count;
        uint64_t last;
    } rows[] = {
        {{.max = 3}, 3, 3},
        {{.max = 0}, 5, 5}, /* the visitor has enough */
        {{.account = SPAN_INIT("even"), .max = 4}, 4, 8},
        {{.account = SPAN_INIT("even"), .peer = SPAN_INIT("198.51.100.2")}, 1, 6},
        {{.peer = SPAN_INIT("198.51.100.2")}, 3, 9},
        {{.account = SPAN_INIT("nobody")}, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen seen = {0};
        assert_ok(journal_walk(reader, &rows[i].query, visit, &seen, &err));
        assert_int_equal(seen.count, rows[i].count);
        assert_int_equal(seen.last, rows[i].last);
    }
    struct seen seen = {0};
    const struct journal_query span = {.since_ms = end + 8000, .until_ms = end + 10000};
    assert_ok(journal_walk(reader, &span, visit, &seen, &err));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.last, 9);
    journal_reader_close(reader);
}

static void
numbers_go_on_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(journal_first_session(journal), 1);
    const struct end_record record = sample(41);
    journal_session_end(journal, &record);
    journal_close(journal);
    fake_clock_move_ms(&now, 40 * 86400000ll); /* the record itself is too old by now */
    open_journal(30, 0);
    assert_int_equal(journal_first_session(journal), 42);
}

static void
old_ones_go(void **state)
{
    (void)state;
    journal_close(journal);
    open_journal(2, 0);
    struct end_record record = sample(1);
    journal_session_end(journal, &record);
    journal_flush(journal);
    fake_clock_move_ms(&now, 3 * 86400000ll);
    record.session = 2;
    record.end_ms += 3 * 86400000ll;
    journal_session_end(journal, &record);
    journal_flush(journal);
    struct journal_reader *reader = open_reader();
    struct end_record out;
    assert_int_equal(journal_find_session(reader, 1, &arena, &out, &err), RC_NOT_FOUND);
    assert_ok(journal_find_session(reader, 2, &arena, &out, &err));
    journal_reader_close(reader);
}

static void
the_size_is_bounded(void **state)
{
    (void)state;
    journal_close(journal);
    open_journal(0, 400000);
    for (uint64_t i = 1; i <= 5000; i++) {
        const struct end_record record = sample(i);
        journal_session_end(journal, &record);
    }
    journal_flush(journal);
    fake_clock_move_ms(&now, 700000); /* cleaning is due */
    const struct end_record record = sample(5001);
    journal_session_end(journal, &record);
    journal_flush(journal);
    journal_close(journal);
    journal = NULL;
    struct journal_reader *reader = open_reader();
    struct end_record out;
    assert_int_equal(journal_find_session(reader, 1, &arena, &out, &err), RC_NOT_FOUND);
    assert_ok(journal_find_session(reader, 5001, &arena, &out, &err));
    journal_reader_close(reader);
    AUTO_FD fd = open(tmpdir_file(&dir, "journal.db"), O_RDONLY);
    assert_true(lseek(fd, 0, SEEK_END) < 1000000);
}

static void
floods_are_summed(void **state)
{
    (void)state;
    struct end_record record = sample(1);
    record.account = SPAN("");
    record.reason = END_NOT_OUR_PROTOCOL;
    record.end_ms = start_s * 1000;
    for (unsigned i = 0; i < LIMIT_JOURNAL_UNKNOWN_PER_MINUTE + 250; i++)
        journal_session_end(journal, &record);
    const struct end_record known = sample(9999);
    journal_session_end(journal, &known); /* never summed */
    struct journal_stats stats;
    journal_close(journal); /* writes the summary too */
    open_journal(0, 0);
    assert_non_null(strstr(
        log_text(), "S 07004 0 250 sessions that never logged in ended: not-our-protocol\n"));
    assert_non_null(strstr(log_text(), "S 07001 9999 "));
    record.end_ms += 60000;
    journal_session_end(journal, &record); /* another minute: recorded again */
    journal_flush(journal);
    journal_stats(journal, &stats);
    assert_int_equal(stats.stored, 1);
    assert_int_equal(stats.summed, 0);
    assert_int_equal(stats.by_reason[END_NOT_OUR_PROTOCOL], 1);
}

static void *
end_many(void *arg)
{
    const uint64_t base = *(const uint64_t *)arg;
    for (uint64_t i = 0; i < 5000; i++) {
        const struct end_record record = sample(base + i);
        journal_session_end(journal, &record);
    }
    return NULL;
}

static void
many_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint64_t bases[4];
    for (unsigned i = 0; i < 4; i++) {
        bases[i] = 1 + i * 5000ull;
        assert_int_equal(pthread_create(&threads[i], NULL, end_many, &bases[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    journal_flush(journal);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    assert_int_equal(stats.stored + stats.lost, 20000);
    assert_int_equal(stats.by_reason[END_IDLE_TIMEOUT], 20000);
    assert_int_equal(stats.queued_octets, 0);
}

/* One transaction in LIMIT_JOURNAL_GATHER_MS; who waits for the journal does not wait so
 * long. */
static void
records_are_gathered(void **state)
{
    enum { BATCHES = 5 };
    struct journal_stats stats;

    (void)state;
    const int64_t begin_us = clock_mono_us(&clock_system);
    for (uint64_t i = 1; i <= BATCHES; i++) {
        const struct end_record record = sample(i);
        journal_session_end(journal, &record);
        do {
            sched_yield();
            journal_stats(journal, &stats);
        } while (stats.stored < i);
    }
    assert_int_equal(stats.batches, BATCHES);
    assert_true(clock_mono_us(&clock_system) - begin_us >=
                (BATCHES - 1) * LIMIT_JOURNAL_GATHER_MS * INT64_C(1000));
    for (uint64_t i = 1; i <= 100; i++) {
        const struct end_record record = sample(BATCHES + i);
        journal_session_end(journal, &record);
    }
    journal_flush(journal);
    journal_stats(journal, &stats);
    assert_int_equal(stats.stored, BATCHES + 100);
}

/* A disk that fails costs records, which are counted and told, and nothing else. */
static void
a_failing_disk_is_survived(void **state)
{
    (void)state;
    journal_close(journal);
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0);
    static char path[256];
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "faulty.db"));
    const struct journal_options options = {
        .path = path, .log = logger, .clock = &now.clock, .vfs = FAULT_VFS};
    assert_ok(journal_open(&journal, &options, &err));
    for (int kind = FAULT_FULL; kind <= FAULT_IO; kind++) {
        struct journal_stats before;
        struct journal_stats after;
        const struct end_record record = sample(100 + (uint64_t)kind);
        journal_stats(journal, &before);
        fault_vfs_arm((enum fault_kind)kind, 1);
        journal_session_end(journal, &record);
        journal_flush(journal);
        fault_vfs_arm(FAULT_NONE, 0);
        journal_session_end(journal, &record);
        journal_flush(journal);
        journal_stats(journal, &after);
        assert_int_equal(after.lost, before.lost + 1);
        assert_int_equal(after.stored, before.stored + 1);
    }
    assert_non_null(strstr(log_text(), "F 07303 0 journal: "));
    assert_non_null(strstr(log_text(), "F 07302 0 1 session records were lost\n"));
}

static void
damage(const char *name, off_t from)
{
    AUTO_FD fd = open(tmpdir_file(&dir, name), O_RDWR);
    char junk[4096];
    memset(junk, 0x5a, sizeof junk);
    const off_t end = lseek(fd, 0, SEEK_END);
    for (off_t at = from; at < end; at += (off_t)sizeof junk)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
}

static void
a_damaged_journal_is_put_aside(void **state)
{
    (void)state;
    const struct end_record record = sample(1);
    for (int from = 0; from <= 8192; from += 8192) { /* not even a database; pages inside */
        journal_session_end(journal, &record);
        journal_close(journal);
        damage("journal.db", from);
        open_journal(0, 0);
        journal_session_end(journal, &record);
        journal_flush(journal);
        struct journal_stats stats;
        journal_stats(journal, &stats);
        assert_int_equal(stats.stored, 1);
        assert_int_equal(access(tmpdir_file(&dir, "journal.db.damaged"), F_OK), 0);
        assert_int_equal(remove(tmpdir_file(&dir, "journal.db.damaged")), 0);
    }
    const char *first = strstr(log_text(), " was damaged; it is now ");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, " was damaged; it is now "));
}

/* --- The table of open sessions --- */

static struct live *
open_live(uint32_t *crashed_out)
{
    static char path[256];
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "live"));
    struct live *live;
    assert_ok(live_open(&live, path, 16, journal, crashed_out, &err));
    return live;
}

static void
a_crash_is_recorded_at_the_next_start(void **state)
{
    (void)state;
    uint32_t crashed;
    struct live *first = open_live(&crashed);
    assert_int_equal(crashed, 0);
    const struct live_session idle = {.session = 7,
                                      .service = LOG_IMAP,
                                      .start_ms = start_s * 1000,
                                      .account = SPAN("user@example.org"),
                                      .peer = SPAN("203.0.113.9"),
                                      .client_id = SPAN("a client with quite a long name"),
                                      .tls = true};
    const struct live_session gone = {.session = 9, .service = LOG_LMTP, .start_ms = 1};
    live_set(first, 3, &idle);
    live_set_idle(first, 3, true);
    live_set(first, 15, &gone);
    live_clear(first, 15);
    fake_clock_move_ms(&now, 5000);
    live_tick(first);
    /* The process dies here: `first` is never closed. */
    struct live *second = open_live(&crashed);
    assert_int_equal(crashed, 1);
    assert_int_equal(live_last_session(second), 7);
    struct journal_reader *reader = open_reader();
    struct end_record out;
    assert_ok(journal_find_session(reader, 7, &arena, &out, &err));
    assert_int_equal(journal_find_session(reader, 9, &arena, &out, &err), RC_NOT_FOUND);
    journal_reader_close(reader);
    assert_int_equal(out.reason, END_CRASH);
    assert_int_equal(out.evidence.state, STATE_IDLE);
    assert_int_equal(out.end_ms, start_s * 1000 + 5000);
    assert_true(span_eq_str(out.account, "user@example.org"));
    assert_true(span_eq_str(out.client_id, "a client with quite a lo"));
    live_set(second, 0, &gone);
    live_close(second);
    struct live *third = open_live(&crashed);
    assert_int_equal(crashed, 0); /* the second ended in order */
    live_close(third);
    live_close(first); /* only so that its memory is freed */
    live_close(NULL);
}

static void
a_strange_file_is_no_obstacle(void **state)
{
    (void)state;
    const int fd = open(tmpdir_file(&dir, "live"), O_CREAT | O_WRONLY, 0600);
    char junk[1000];
    memset(junk, 0xa5, sizeof junk);
    assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    uint32_t crashed;
    struct live *live = open_live(&crashed);
    assert_int_equal(crashed, 0);
    live_close(live);
    assert_int_equal(live_open(&live, "/nonexistent/live", 4, journal, &crashed, &err),
                     RC_NOT_FOUND);
    assert_null(live);
    live_set(live, 0, &(struct live_session){.session = 1});
    live_set_idle(live, 0, true);
    live_clear(live, 0);
    live_tick(live);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_record_comes_back_whole),
        T(a_full_ring_keeps_the_last),
        T(the_log_tells_too),
        T(deliveries_are_logged),
        T(walks_choose),
        T(numbers_go_on_after_a_restart),
        T(old_ones_go),
        T(the_size_is_bounded),
        T(floods_are_summed),
        T(many_threads),
        T(records_are_gathered),
        T(a_failing_disk_is_survived),
        T(a_damaged_journal_is_put_aside),
        T(a_crash_is_recorded_at_the_next_start),
        T(a_strange_file_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

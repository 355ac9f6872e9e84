/* SPDX-License-Identifier: MIT */
/*
 * The queue of end records and the thread that stores them. A record in the queue is its
 * struct with the kept events only, followed by its texts. The thread stores all that is queued
 * in one transaction (synchronous NORMAL: a power failure may cost the last records, never
 * the file), makes room by age and size, and says in the log what was lost.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/lock.h"
#include "db/txn.h"
#include "journal/journal_private.h"

enum {
    MINUTE_MS = 60000,
    TEXTS = 6,                   /* spans of a record */
    CLEAN_ROWS = 1000,           /* deleted at once */
    CLEAN_EVERY_MS = 600 * 1000, /* wall */
    CLEAN_EVERY_RECORDS = 20000,
    VACUUM_PAGES = 2000,           /* given back at once */
    KEEP_BUFFER_OCTETS = 1 << 20,  /* a larger batch is freed after use */
    COMPLAIN_EVERY_MS = MINUTE_MS, /* about a database that fails */
};

enum {
    WRITE_INSERT,
    WRITE_SUMMARY,
    WRITE_COUNTER,
    READ_COUNTER,
    DELETE_OLD,
    DELETE_FIRST,
    DELETE_SUMMARY,
    WRITE_COUNT
};

static const char *const write_sql[WRITE_COUNT] = {
    [WRITE_INSERT] = "INSERT INTO session(" JOURNAL_COLUMNS ") VALUES"
                     " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,"
                     "?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36)",
    [WRITE_SUMMARY] = "INSERT INTO summary(minute_ms, service, reason, count)"
                      " VALUES (?1,?2,?3,?4)",
    [WRITE_COUNTER] = "INSERT INTO counter VALUES ('last_session', ?1)"
                      " ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)",
    [READ_COUNTER] = "SELECT value FROM counter WHERE name = 'last_session'",
    [DELETE_OLD] = "DELETE FROM session WHERE id IN"
                   " (SELECT id FROM session WHERE end_ms < ?1 ORDER BY end_ms LIMIT ?2)",
    [DELETE_FIRST] = "DELETE FROM session WHERE id IN"
                     " (SELECT id FROM session ORDER BY id LIMIT ?1)",
    [DELETE_SUMMARY] = "DELETE FROM summary WHERE minute_ms < ?1",
};

_Static_assert(JOURNAL_COLUMN_COUNT == 36, "as many parameters as columns");

typedef uint32_t summary_counts[LOG_SERVICE_COUNT][END_REASON_COUNT];

struct journal {
    struct lock lock; /* LOCK_JOURNAL; guards all down to the thread's part */
    pthread_cond_t work;
    pthread_cond_t drained;
    struct buf queue;
    uint64_t put_count; /* records ever queued */
    uint64_t done_count;
    uint64_t lost;          /* since the last report */
    int64_t minute;         /* that the counts below are for */
    uint32_t unknown_count; /* of this minute: sessions without login that were recorded */
    bool summary_waits;
    summary_counts summed;
    struct journal_stats stats;
    bool waits;
    bool stop;

    /* The thread's own. */
    struct db *db;
    struct buf batch;
    int64_t cleaned_ms;
    unsigned records_since_clean;
    int64_t complained_ms;
    struct log_scope scope;

    /* Fixed since start. */
    struct log *log;
    const struct clock *clock;
    int64_t keep_ms;
    int64_t max_octets;
    uint64_t first_session;
    pthread_t thread;
};

static int64_t
now_ms(const struct journal *journal)
{
    return clock_wall_us(journal->clock) / 1000;
}

/* --- The queue --- */

static struct span *
record_text(struct end_record *record, unsigned index)
{
    struct span *const texts[TEXTS] = {&record->account,   &record->peer,    &record->tls,
                                       &record->client_id, &record->mailbox, &record->detail};

    return texts[index];
}

/* The octets of the struct that count: the ring behind its used part is left out. */
static size_t
fixed_octets(const struct end_record *record)
{
    const uint32_t used =
        record->events.count < LIMIT_EVENT_RING ? record->events.count : LIMIT_EVENT_RING;

    return offsetof(struct end_record, events) + offsetof(struct event_ring, at) +
           (size_t)used * sizeof(struct event);
}

/* Appends the record whole, or not at all. */
static bool
queue_put(struct buf *queue, const struct end_record *record)
{
    struct end_record cut = *record;
    const uint32_t fixed = (uint32_t)fixed_octets(record);
    size_t need = sizeof fixed + fixed;

    for (unsigned i = 0; i < TEXTS; i++) {
        struct span *text = record_text(&cut, i);
        *text = span_head(*text, LIMIT_RECORD_TEXT);
        need += text->len;
    }
    char *room = buf_len(queue) + need > LIMIT_JOURNAL_QUEUE ? NULL : buf_reserve(queue, need);
    if (room == NULL) {
        queue->failed = false; /* what is in it is whole */
        return false;
    }
    memcpy(room, &fixed, sizeof fixed);
    memcpy(room + sizeof fixed, &cut, fixed);
    room += sizeof fixed + fixed;
    for (unsigned i = 0; i < TEXTS; i++) {
        const struct span *text = record_text(&cut, i);
        if (text->len > 0)
            memcpy(room, text->ptr, text->len);
        room += text->len;
    }
    buf_grew(queue, need);
    return true;
}

/* Takes the next record off a batch. Its texts point into the batch. */
static bool
batch_next(struct span *batch, struct end_record *out)
{
    uint32_t fixed;

    if (batch->len == 0)
        return false;
    *out = (struct end_record){0};
    memcpy(&fixed, batch->ptr, sizeof fixed);
    memcpy(out, batch->ptr + sizeof fixed, fixed);
    *batch = span_tail(*batch, sizeof fixed + fixed);
    for (unsigned i = 0; i < TEXTS; i++) {
        struct span *text = record_text(out, i);
        text->ptr = batch->ptr;
        *batch = span_tail(*batch, text->len);
    }
    return true;
}

/* --- At the end of a session --- */

/* With the lock held: whether this record is only counted. */
static bool
is_summed(struct journal *journal, const struct end_record *record)
{
    const int64_t minute = record->end_ms / MINUTE_MS;

    if (record->account.len > 0)
        return false;
    if (minute != journal->minute && !journal->summary_waits) {
        journal->minute = minute;
        journal->unknown_count = 0;
    }
    if (journal->unknown_count < LIMIT_JOURNAL_UNKNOWN_PER_MINUTE) {
        journal->unknown_count++;
        return false;
    }
    journal->summed[record->service][record->reason]++;
    journal->summary_waits = true;
    journal->stats.summed++;
    return true;
}

static void
log_end(struct journal *journal, const struct end_record *record)
{
    const struct end_reason_info *info = end_reason_info(record->reason);
    struct log_scope scope;
    char account[256];

    if (journal->log == NULL)
        return;
    const struct span name = span_head(record->account, sizeof account - 1);
    if (name.len > 0)
        memcpy(account, name.ptr, name.len);
    account[name.len] = '\0';
    log_scope_init(&scope, journal->log, record->service, record->session);
    scope.account = name.len > 0 ? account : NULL;
    if (info->removal[0] != '\0')
        log_put(&scope, LOG_E_REMOVED, "Removing session %s - %s",
                name.len > 0 ? account : "(not logged in)", info->removal);
    if (!log_on(&scope, LOG_S))
        return;
    AUTO_BUF line;
    buf_init(&line, (size_t)LIMIT_LOG_LINE * 4);
    end_record_print(record, &line);
    log_put_span(&scope, LOG_E_SESSION_END, buf_span(&line));
}

void
journal_session_end(struct journal *journal, const struct end_record *record)
{
    CHECK(record->reason > END_NONE && record->reason < END_REASON_COUNT);
    lock_enter(&journal->lock);
    journal->stats.by_reason[record->reason]++;
    const bool summed = is_summed(journal, record);
    if (!summed) {
        if (queue_put(&journal->queue, record)) {
            journal->put_count++;
        } else {
            journal->lost++;
            journal->stats.lost++;
        }
    }
    const bool wake = journal->waits;
    journal->waits = false;
    lock_leave(&journal->lock);
    if (wake)
        pthread_cond_signal(&journal->work);
    if (!summed)
        log_end(journal, record);
}

/* --- The thread --- */

/* Says at most once a minute that the database fails. */
static void
complain(struct journal *journal, const struct err *err)
{
    const int64_t now = now_ms(journal);

    if (journal->complained_ms != 0 && now - journal->complained_ms < COMPLAIN_EVERY_MS)
        return;
    journal->complained_ms = now;
    log_put(&journal->scope, LOG_E_JOURNAL_FAILED, "journal: %s", err->text);
}

static enum rc
insert_record(struct journal *journal, const struct end_record *record, struct err *err)
{
    char events[LIMIT_EVENT_RING * 16];
    AUTO_STMT stmt = stmt_get(journal->db, WRITE_INSERT);

    journal_row_bind(&stmt, record, events);
    return stmt_run(&stmt, err);
}

static enum rc
write_counter(struct journal *journal, uint64_t session, struct err *err)
{
    AUTO_STMT stmt = stmt_get(journal->db, WRITE_COUNTER);

    stmt_bind_i64(&stmt, 1, (int64_t)session);
    return stmt_run(&stmt, err);
}

/* Stores the whole batch or nothing. */
static enum rc
store_batch(struct journal *journal, struct err *err)
{
    struct span rest = buf_span(&journal->batch);
    struct end_record record;
    uint64_t highest = 0;
    AUTO_TXN txn = {0};
    enum rc rc = rest.len == 0 ? RC_OK : txn_begin(&txn, journal->db, TXN_WRITE, err);

    if (rest.len == 0)
        return RC_OK;
    while (rc == RC_OK && batch_next(&rest, &record)) {
        rc = insert_record(journal, &record, err);
        if (record.session > highest)
            highest = record.session;
    }
    if (rc == RC_OK)
        rc = write_counter(journal, highest, err);
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

static enum rc
store_summary(struct journal *journal, int64_t minute, summary_counts counts, struct err *err)
{
    AUTO_TXN txn = {0};
    enum rc rc = txn_begin(&txn, journal->db, TXN_WRITE, err);

    for (unsigned s = 0; s < LOG_SERVICE_COUNT; s++) {
        for (unsigned r = 0; r < END_REASON_COUNT && rc == RC_OK; r++) {
            if (counts[s][r] == 0)
                continue;
            const char *code = end_reason_info((enum end_reason)r)->code;
            AUTO_STMT stmt = stmt_get(journal->db, WRITE_SUMMARY);
            stmt_bind_i64(&stmt, 1, minute * MINUTE_MS);
            stmt_bind_text(&stmt, 2, span_of_str(log_service_name((enum log_service)s)));
            stmt_bind_text(&stmt, 3, span_of_str(code));
            stmt_bind_i64(&stmt, 4, counts[s][r]);
            rc = stmt_run(&stmt, err);
            struct log_scope scope;
            log_scope_init(&scope, journal->log, (enum log_service)s, 0);
            log_put(&scope, LOG_E_ENDS_SUMMED, "%u sessions that never logged in ended: %s",
                    counts[s][r], code);
        }
    }
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

static enum rc
delete_rows(struct journal *journal, unsigned which, int64_t first, int64_t second,
            struct err *err)
{
    AUTO_STMT stmt = stmt_get(journal->db, which);

    stmt_bind_i64(&stmt, 1, first);
    if (which == DELETE_OLD)
        stmt_bind_i64(&stmt, 2, second);
    return stmt_run(&stmt, err);
}

/* Octets in use, without free pages. */
static enum rc
used_octets(struct journal *journal, int64_t *octets_out, struct err *err)
{
    int64_t free_octets;
    int64_t all;
    enum rc rc = db_size_octets(journal->db, &all, err);

    if (rc == RC_OK)
        rc = db_free_octets(journal->db, &free_octets, err);
    if (rc == RC_OK)
        *octets_out = all - free_octets;
    return rc;
}

/* Removes what is too old, then the oldest while the rest is too large. */
static enum rc
clean(struct journal *journal, struct err *err)
{
    const int64_t limit_ms = now_ms(journal) - journal->keep_ms;
    int64_t octets;
    enum rc rc;

    do {
        rc = delete_rows(journal, DELETE_OLD, limit_ms, CLEAN_ROWS, err);
    } while (rc == RC_OK && db_changes(journal->db) == CLEAN_ROWS);
    if (rc == RC_OK)
        rc = delete_rows(journal, DELETE_SUMMARY, limit_ms, 0, err);
    while (rc == RC_OK) {
        rc = used_octets(journal, &octets, err);
        if (rc != RC_OK || octets <= journal->max_octets)
            break;
        rc = delete_rows(journal, DELETE_FIRST, CLEAN_ROWS, 0, err);
        if (rc == RC_OK && db_changes(journal->db) == 0)
            break; /* nothing left: the limit is smaller than an empty file */
    }
    if (rc == RC_OK)
        rc = db_vacuum_step(journal->db, VACUUM_PAGES, err);
    return rc;
}

static void
clean_if_due(struct journal *journal)
{
    const int64_t now = now_ms(journal);
    struct err err;

    if (now - journal->cleaned_ms < CLEAN_EVERY_MS &&
        journal->records_since_clean < CLEAN_EVERY_RECORDS)
        return;
    journal->cleaned_ms = now;
    journal->records_since_clean = 0;
    if (clean(journal, &err) != RC_OK)
        complain(journal, &err);
}

/* With the lock held: takes the counts of a minute that is over (or of any, at the end). */
static bool
take_summary(struct journal *journal, int64_t *minute_out, summary_counts counts)
{
    if (!journal->summary_waits ||
        (!journal->stop && now_ms(journal) / MINUTE_MS == journal->minute))
        return false;
    *minute_out = journal->minute;
    memcpy(counts, journal->summed, sizeof journal->summed);
    memset(journal->summed, 0, sizeof journal->summed);
    journal->summary_waits = false;
    return true;
}

static void
log_lost(struct journal *journal, uint64_t lost)
{
    if (lost > 0)
        log_put(&journal->scope, LOG_E_JOURNAL_LOST, "%llu session records were lost",
                (unsigned long long)lost);
}

/* Stores what is queued. Called and left with the lock held. */
static void
drain(struct journal *journal)
{
    summary_counts counts;
    int64_t minute;
    struct err err;
    const bool summary = take_summary(journal, &minute, counts);
    const struct buf empty = journal->batch;
    journal->batch = journal->queue;
    journal->queue = empty;
    const uint64_t upto = journal->put_count;
    const uint64_t records = upto - journal->done_count;
    uint64_t lost = journal->lost;
    journal->lost = 0;
    lock_leave(&journal->lock);

    const bool stored = store_batch(journal, &err) == RC_OK;
    if (!stored) {
        complain(journal, &err);
        lost += records;
    }
    if (summary && store_summary(journal, minute, counts, &err) != RC_OK)
        complain(journal, &err);
    log_lost(journal, lost);
    journal->records_since_clean += (unsigned)records;
    clean_if_due(journal);
    if (journal->batch.cap > KEEP_BUFFER_OCTETS)
        buf_done(&journal->batch);
    else
        buf_clear(&journal->batch);

    lock_enter(&journal->lock);
    journal->stats.stored += stored ? records : 0;
    journal->stats.lost += stored ? 0 : records;
    journal->done_count = upto;
    pthread_cond_broadcast(&journal->drained);
}

static void *
journal_main(void *arg)
{
    struct journal *journal = arg;

    lock_enter(&journal->lock);
    for (;;) {
        while (buf_len(&journal->queue) == 0 && journal->lost == 0 && !journal->stop) {
            journal->waits = true;
            if (!journal->summary_waits)
                lock_wait(&journal->lock, &journal->work);
            else if (!lock_wait_ms(&journal->lock, &journal->work, 1000))
                break; /* look whether the minute is over */
        }
        const bool last = journal->stop && buf_len(&journal->queue) == 0;
        drain(journal);
        if (last)
            break;
    }
    lock_leave(&journal->lock);
    return NULL;
}

/* --- Life --- */

static enum rc
open_db(struct journal *journal, const struct journal_options *how, struct err *err)
{
    const struct db_options options = {
        .sql = write_sql,
        .sql_count = WRITE_COUNT,
        .sync = DB_SYNC_NORMAL,
        .vfs = how->vfs,
        .create = true,
        .auto_checkpoint = true,
        .auto_vacuum = true,
        .checkpoint_on_close = true,
    };
    enum rc rc = db_open(&journal->db, how->path, &options, err);

    if (rc == RC_OK)
        rc = db_migrate(journal->db, &journal_schema, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(journal->db, READ_COUNTER);
    rc = stmt_one(&stmt, err);
    journal->first_session = rc == RC_OK ? (uint64_t)stmt_i64(&stmt, 0) + 1 : 1;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static void
journal_free(struct journal *journal)
{
    db_close(journal->db);
    buf_done(&journal->queue);
    buf_done(&journal->batch);
    pthread_cond_destroy(&journal->work);
    pthread_cond_destroy(&journal->drained);
    lock_done(&journal->lock);
    free(journal);
}

enum rc
journal_open(struct journal **journal_out, const struct journal_options *options,
             struct err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);

    if (journal == NULL)
        return err_set(err, RC_LIMIT, 0, "journal: no memory");
    lock_init(&journal->lock, LOCK_JOURNAL);
    pthread_cond_init(&journal->work, NULL);
    pthread_cond_init(&journal->drained, NULL);
    buf_init(&journal->queue, LIMIT_JOURNAL_QUEUE);
    buf_init(&journal->batch, LIMIT_JOURNAL_QUEUE);
    journal->log = options->log;
    journal->clock = options->clock == NULL ? &clock_system : options->clock;
    journal->keep_ms =
        (int64_t)(options->keep_days ? options->keep_days : LIMIT_JOURNAL_DAYS) * 86400000;
    journal->max_octets = options->max_octets ? options->max_octets : LIMIT_JOURNAL_OCTETS;
    log_scope_init(&journal->scope, journal->log, LOG_SERVER, 0);
    enum rc rc = open_db(journal, options, err);
    if (rc == RC_OK && pthread_create(&journal->thread, NULL, journal_main, journal) != 0)
        rc = err_set(err, RC_LIMIT, 0, "journal: no thread");
    if (rc != RC_OK) {
        journal_free(journal);
        return rc;
    }
    *journal_out = journal;
    return RC_OK;
}

void
journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    lock_enter(&journal->lock);
    journal->stop = true;
    lock_leave(&journal->lock);
    pthread_cond_signal(&journal->work);
    pthread_join(journal->thread, NULL);
    journal_free(journal);
}

void
journal_flush(struct journal *journal)
{
    lock_enter(&journal->lock);
    const uint64_t target = journal->put_count;
    while (journal->done_count < target)
        lock_wait(&journal->lock, &journal->drained);
    lock_leave(&journal->lock);
}

const struct clock *
journal_clock(const struct journal *journal)
{
    return journal->clock;
}

uint64_t
journal_first_session(const struct journal *journal)
{
    return journal->first_session;
}

void
journal_stats(struct journal *journal, struct journal_stats *out)
{
    lock_enter(&journal->lock);
    *out = journal->stats;
    out->queued_octets = (uint32_t)buf_len(&journal->queue);
    lock_leave(&journal->lock);
}

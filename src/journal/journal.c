/* SPDX-License-Identifier: MIT */
/*
 * Between sessions and the database of their end records: the queue, the counts of sessions
 * that are not recorded one by one, and the thread that stores everything queued in one
 * transaction (synchronous NORMAL: a power failure may lose the last records, but never damages
 * the file) and logs what was lost.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/lock.h"
#include "journal/journal_private.h"

enum {
    MINUTE_MS = 60000,
    KEEP_BUFFER_OCTETS = 1 << 20,  /* a larger batch is freed after use */
    COMPLAIN_EVERY_MS = MINUTE_MS, /* between two reports about a database that fails */
};

struct journal {
    struct lock lock; /* LOCK_JOURNAL; guards everything down to the thread's part */
    pthread_cond_t work;
    pthread_cond_t drained;
    struct buf queue;
    struct buf networks; /* queued struct network_record */
    uint64_t put_count;  /* number of all records queued */
    uint64_t done_count;
    bool networks_stored;   /* all queued networks were stored */
    uint64_t lost;          /* records lost since the last report */
    int64_t minute;         /* the minute of the counts below */
    uint32_t unknown_count; /* sessions without login that were recorded in this minute */
    bool summary_waits;
    uint32_t summed[LOG_SERVICE_COUNT][END_REASON_COUNT];
    struct journal_stats stats;
    uint32_t hurry; /* a thread waits in journal_flush */
    bool waits;
    bool stop;

    /* Used only by the thread. */
    struct journal_store store;
    struct buf batch;
    struct buf network_batch;
    struct journal_sum sums[LOG_SERVICE_COUNT * END_REASON_COUNT];
    int64_t complained_ms;
    struct log_scope scope;

    /* Constant after start. */
    struct log *log;
    const struct clock *clock;
    uint64_t first_session;
    pthread_t thread;
};

static int64_t
now_ms(const struct journal *journal)
{
    return clock_wall_us(journal->clock) / 1000;
}

/* --- At the end of a session --- */

/* Whether this record is only counted. With the lock held. */
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
    AUTO_BUF line = {0};
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
        if (journal_queue_put(&journal->queue, record)) {
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

bool
journal_put_networks(struct journal *journal, const struct network_record *records,
                     size_t count)
{
    const size_t octets = count * sizeof *records;

    lock_enter(&journal->lock);
    char *room = buf_len(&journal->networks) + octets > LIMIT_JOURNAL_QUEUE
                     ? NULL
                     : buf_reserve(&journal->networks, octets);
    if (room != NULL && octets > 0) {
        memcpy(room, records, octets);
        buf_grew(&journal->networks, octets);
        journal->networks_stored = false;
    }
    journal->networks.failed = false; /* what was queued before is intact */
    const bool wake = journal->waits;
    journal->waits = false;
    lock_leave(&journal->lock);
    if (wake)
        pthread_cond_signal(&journal->work);
    return room != NULL;
}

/* --- The thread --- */

/* Reports a failing database, at most once a minute. */
static void
complain(struct journal *journal, const struct err *err)
{
    const int64_t now = now_ms(journal);

    if (journal->complained_ms != 0 && now - journal->complained_ms < COMPLAIN_EVERY_MS)
        return;
    journal->complained_ms = now;
    log_put(&journal->scope, LOG_E_JOURNAL_FAILED, "journal: %s", err->text);
}

/* Takes the counts of a minute that is over, or of the present one at the end. With the lock
 * held. */
static size_t
take_sums(struct journal *journal, int64_t *minute_ms_out)
{
    size_t count = 0;

    if (!journal->summary_waits ||
        (!journal->stop && now_ms(journal) / MINUTE_MS == journal->minute))
        return 0;
    for (unsigned s = 0; s < LOG_SERVICE_COUNT; s++)
        for (unsigned r = 0; r < END_REASON_COUNT; r++)
            if (journal->summed[s][r] > 0)
                journal->sums[count++] = (struct journal_sum){
                    (enum log_service)s, (enum end_reason)r, journal->summed[s][r]};
    memset(journal->summed, 0, sizeof journal->summed);
    journal->summary_waits = false;
    *minute_ms_out = journal->minute * MINUTE_MS;
    return count;
}

/* Reports once that a damaged file was put aside. */
static void
log_damage(struct journal *journal)
{
    if (journal->store.damaged)
        log_put(&journal->scope, LOG_E_JOURNAL_FAILED,
                "journal: %s was damaged; it is now %s.damaged, and a new one was begun",
                journal->store.path, journal->store.path);
    journal->store.damaged = false;
}

static void
put_sums(struct journal *journal, int64_t minute_ms, size_t count)
{
    struct log_scope scope;
    struct err err = {.rc = RC_OK};

    for (size_t i = 0; i < count; i++) {
        const struct journal_sum *sum = &journal->sums[i];
        log_scope_init(&scope, journal->log, sum->service, 0);
        log_put(&scope, LOG_E_ENDS_SUMMED, "%u sessions that never logged in ended: %s",
                sum->count, end_reason_info(sum->reason)->code);
    }
    if (count > 0 &&
        journal_store_summary(&journal->store, minute_ms, journal->sums, count, &err) != RC_OK)
        complain(journal, &err);
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
    int64_t minute_ms = 0;
    struct err err = {.rc = RC_OK};
    const size_t sums = take_sums(journal, &minute_ms);
    const struct buf empty = journal->batch;
    journal->batch = journal->queue;
    journal->queue = empty;
    const struct buf no_networks = journal->network_batch;
    journal->network_batch = journal->networks;
    journal->networks = no_networks;
    const uint64_t upto = journal->put_count;
    const uint64_t records = upto - journal->done_count;
    uint64_t lost = journal->lost;
    journal->lost = 0;
    lock_leave(&journal->lock);

    const bool stored =
        journal_store_batch(&journal->store, buf_span(&journal->batch), &err) == RC_OK;
    if (!stored) {
        complain(journal, &err);
        lost += records;
    }
    if (journal_store_networks(&journal->store, buf_span(&journal->network_batch), &err) !=
        RC_OK)
        complain(journal, &err); /* they are learnt or queued again */
    buf_done(&journal->network_batch);
    log_damage(journal);
    put_sums(journal, minute_ms, sums);
    log_lost(journal, lost);
    if (journal_store_clean(&journal->store, &err) != RC_OK)
        complain(journal, &err);
    if (journal->batch.cap > KEEP_BUFFER_OCTETS)
        buf_done(&journal->batch);
    else
        buf_clear(&journal->batch);

    lock_enter(&journal->lock);
    journal->stats.stored += stored ? records : 0;
    journal->stats.lost += stored ? 0 : records;
    journal->stats.batches += records > 0;
    journal->done_count = upto;
    journal->networks_stored = buf_len(&journal->networks) == 0;
    pthread_cond_broadcast(&journal->drained);
}

/* Pauses after a batch, so that sessions that end meanwhile share the next one: a transaction
 * writes seven pages, whether it has one record or fifty. Called and left with the lock
 * held. */
static void
gather(struct journal *journal)
{
    int64_t now = clock_mono_ms(&clock_system);
    const int64_t until = now + LIMIT_JOURNAL_GATHER_MS;

    while (now < until && !journal->stop && journal->hurry == 0) {
        (void)lock_wait_ms(&journal->lock, &journal->work, until - now);
        now = clock_mono_ms(&clock_system);
    }
}

static void *
journal_main(void *arg)
{
    struct journal *journal = arg;

    lock_enter(&journal->lock);
    for (;;) {
        while (buf_len(&journal->queue) == 0 && buf_len(&journal->networks) == 0 &&
               journal->lost == 0 && !journal->stop) {
            journal->waits = true;
            if (!journal->summary_waits)
                lock_wait(&journal->lock, &journal->work);
            else if (!lock_wait_ms(&journal->lock, &journal->work, 1000))
                break; /* check whether the minute is over */
        }
        const bool last =
            journal->stop && buf_len(&journal->queue) == 0 && buf_len(&journal->networks) == 0;
        drain(journal);
        if (last)
            break;
        gather(journal);
    }
    lock_leave(&journal->lock);
    return NULL;
}

/* --- Life --- */

static void
journal_free(struct journal *journal)
{
    journal_store_close(&journal->store);
    buf_done(&journal->queue);
    buf_done(&journal->batch);
    buf_done(&journal->networks);
    buf_done(&journal->network_batch);
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
    buf_init(&journal->networks, LIMIT_JOURNAL_QUEUE);
    buf_init(&journal->network_batch, LIMIT_JOURNAL_QUEUE);
    journal->networks_stored = true;
    journal->log = options->log;
    journal->clock = options->clock == NULL ? &clock_system : options->clock;
    journal->store = (struct journal_store){
        .path = strdup(options->path),
        .vfs = options->vfs,
        .clock = journal->clock,
        .keep_ms = options->keep_days ? (int64_t)options->keep_days * 86400000 : INT64_MAX,
        .max_octets = options->max_octets ? options->max_octets : INT64_MAX,
    };
    log_scope_init(&journal->scope, journal->log, LOG_SERVER, 0);
    enum rc rc = journal->store.path == NULL ? err_set(err, RC_LIMIT, 0, "journal: no memory")
                                             : journal_store_open(&journal->store, err);
    log_damage(journal);
    journal->first_session = journal->store.last_session + 1;
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
    journal->hurry++;
    pthread_cond_signal(&journal->work);
    while (journal->done_count < target || !journal->networks_stored)
        lock_wait(&journal->lock, &journal->drained);
    journal->hurry--;
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

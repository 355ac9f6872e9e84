/* SPDX-License-Identifier: MIT */
/*
 * The journal: end records of sessions, in a separate SQLite database (DIR/journal.db), which
 * are kept for a time and up to a size. Sessions only put a record into a bounded queue, and
 * one thread stores the records in batches. Records that could not be stored are counted and
 * reported. journal_reader reads the database, also while the server is running.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "journal/log.h"
#include "journal/record.h"

struct journal;

struct journal_options {
    const char *path;
    struct log *log;           /* for its own problems and summaries; may be NULL */
    const struct clock *clock; /* NULL: the machine's */
    unsigned keep_days;        /* older records are deleted; 0: none */
    int64_t max_octets;        /* beyond this size, the oldest are deleted; 0: no limit */
    const char *vfs;           /* NULL: the system's; tests name their fault-injecting VFS */
};

/** Opens or creates the database and starts the thread. A damaged database is renamed to
 * PATH.damaged and reported in the log. Thread: start-up. Waits for disk. */
MUST_USE enum rc journal_open(struct journal **journal_out,
                              const struct journal_options *options, struct err *err);
/** Stores what is queued and ends the thread. NULL is allowed. */
void journal_close(struct journal *journal);
/** Waits until everything queued so far is stored or lost. For tests and shutdown. */
void journal_flush(struct journal *journal);

/** The next free session number: above all that are in the database. Numbers increase across
 * restarts; those of records that a power loss has taken are used again. */
uint64_t journal_first_session(const struct journal *journal);

/**
 * Called at the end of each session: logs the end (entry 07001, and 06050 if the server ended
 * the session) and queues its record. Sessions that never logged in, beyond
 * LIMIT_JOURNAL_UNKNOWN_PER_MINUTE, are only counted by reason, and a summary (07004) is
 * written each minute. Never waits. Thread: any.
 */
void journal_session_end(struct journal *journal, const struct end_record *record);

struct journal_stats {
    uint64_t stored;
    uint64_t summed; /* only counted in a summary */
    uint64_t lost;
    uint64_t batches; /* transactions that stored records */
    uint32_t queued_octets;
    uint64_t by_reason[END_REASON_COUNT]; /* all ends since start */
};
void journal_stats(struct journal *journal, struct journal_stats *out);

/* --- Reading --- */
struct journal_reader;

/** Opens the journal for reading, also while a server writes. RC_NOT_FOUND: there is none
 * yet. */
MUST_USE enum rc journal_reader_open(struct journal_reader **reader_out, const char *path,
                                     struct err *err);
void journal_reader_close(struct journal_reader *reader);

/** Finds the record of a session. Its texts are in arena. RC_NOT_FOUND: there is none. Waits
 * for disk. */
MUST_USE enum rc journal_find_session(struct journal_reader *reader, uint64_t session,
                                      struct arena *arena, struct end_record *record_out,
                                      struct err *err);

/** Called for each record, whose texts are valid until it returns. False ends the walk. */
typedef bool journal_visit(void *ctx, const struct end_record *record);

struct journal_query {
    struct span account; /* empty: all */
    struct span peer;    /* empty: all */
    int64_t since_ms;    /* sessions that ended at this time or later; wall clock */
    int64_t until_ms;    /* and before this time; 0: no limit */
    unsigned max;        /* number of records; 0: no limit */
};

/** Visits the selected records, oldest first. Waits for disk. */
MUST_USE enum rc journal_walk(struct journal_reader *reader, const struct journal_query *query,
                              journal_visit *visit, void *ctx, struct err *err);

#endif

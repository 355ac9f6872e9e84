/* SPDX-License-Identifier: MIT */
/* What writing and reading of the journal's database share: schema and rows. */
#ifndef JOURNAL_JOURNAL_PRIVATE_H
#define JOURNAL_JOURNAL_PRIVATE_H

#include "base/arena.h"
#include "db/db.h"
#include "db/schema.h"
#include "db/stmt.h"
#include "journal/journal.h"
#include "journal/network.h"
#include "journal/record.h"

/* The clock that the journal uses. */
const struct clock *journal_clock(const struct journal *journal);

extern const struct db_schema journal_schema;

/* The columns of a record in the order of INSERT and SELECT. */
#define JOURNAL_COLUMNS                                                                        \
    "session, service, reason, start_ms, end_ms, account, peer, peer_port, tls, client_id, "   \
    "mailbox, detail, how, state, command, tls_alert, idle_done, os_errno, since_in_ms, "      \
    "since_out_ms, unacked_octets, keepalives, since_alive_ms, rtt_us, retransmits, "          \
    "total_retransmits, since_ack_ms, since_data_ms, in_octets, out_octets, in_compressed, "   \
    "out_compressed, commands, bad_commands, login_failures, messages, event_count, events"

enum { JOURNAL_COLUMN_COUNT = 38 };

/* Binds a record to JOURNAL_COLUMNS, parameters from 1. events_buf receives the octets of the
 * ring and must live until the statement is reset. */
void journal_row_bind(struct stmt *stmt, const struct end_record *record,
                      char events_buf[LIMIT_EVENT_RING * 16]);

/* Reads a row of JOURNAL_COLUMNS. Texts are borrowed from the row until its next step. */
void journal_row_read(struct stmt *stmt, struct end_record *out);

/* --- Rows of networks (network.c) --- */

#define JOURNAL_NETWORK_COLUMNS                                                                \
    "network, interval_s, trial_s, limit_s, why, failures, retry_ms, changed_ms, seen_ms, "    \
    "silences"

enum { JOURNAL_SILENCES_TEXT = NETWORK_SILENCES * 36 };

/* Binds a network to JOURNAL_NETWORK_COLUMNS, parameters from 1. buf has room for
 * JOURNAL_SILENCES_TEXT and lives until the statement is reset. */
void journal_network_bind(struct stmt *stmt, const struct network_record *record,
                          struct buf *buf);
/* Reads a row of JOURNAL_NETWORK_COLUMNS. */
void journal_network_read(struct stmt *stmt, struct network_record *out);

/* --- Records in the queue (journal_queue.c) --- */

/* Appends the whole record. False: LIMIT_JOURNAL_QUEUE is reached or there is no memory;
 * nothing is appended. */
bool journal_queue_put(struct buf *queue, const struct end_record *record);
/* Takes the next record from a batch. False: the end. Its texts point into the batch. */
bool journal_queue_take(struct span *batch, struct end_record *out);

/* --- The database (journal_store.c) --- */

struct journal_store {
    struct db *db; /* NULL: it failed, and the next batch tries again */
    char *path;    /* owned */
    const char *vfs;
    const struct clock *clock;
    int64_t keep_ms;
    int64_t max_octets;
    int64_t cleaned_ms;
    unsigned records_since_clean;
    uint64_t last_session; /* the highest number ever stored */
    bool damaged;          /* the last open put a damaged file aside */
};

/* The number of sessions without login that ended for one reason within a minute. */
struct journal_sum {
    enum log_service service;
    enum end_reason reason;
    uint32_t count;
};

/* Opens or creates the file. A damaged file is renamed to PATH.damaged. */
enum rc journal_store_open(struct journal_store *store, struct err *err);
void journal_store_close(struct journal_store *store);
/* Stores a batch of the queue, whole or not at all. */
enum rc journal_store_batch(struct journal_store *store, struct span batch, struct err *err);
/* Stores queued networks, an array of struct network_record, all or none. */
enum rc journal_store_networks(struct journal_store *store, struct span records,
                               struct err *err);
enum rc journal_store_summary(struct journal_store *store, int64_t minute_ms,
                              const struct journal_sum *sums, size_t count, struct err *err);
/* Deletes what is too old or too much, if that is due. */
enum rc journal_store_clean(struct journal_store *store, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* What writing and reading the journal's database share: schema and rows. */
#ifndef JOURNAL_JOURNAL_PRIVATE_H
#define JOURNAL_JOURNAL_PRIVATE_H

#include "base/arena.h"
#include "db/db.h"
#include "db/schema.h"
#include "db/stmt.h"
#include "journal/journal.h"
#include "journal/record.h"

/* The clock that the journal goes by. */
const struct clock *journal_clock(const struct journal *journal);

extern const struct db_schema journal_schema;

/* The columns of a record in the order of INSERT and SELECT. */
#define JOURNAL_COLUMNS                                                                        \
    "session, service, reason, start_ms, end_ms, account, peer, peer_port, tls, client_id, "   \
    "mailbox, detail, how, state, command, tls_alert, idle_done, os_errno, since_in_ms, "      \
    "since_out_ms, unacked_octets, keepalives, since_alive_ms, rtt_us, retransmits, "          \
    "total_retransmits, since_ack_ms, since_data_ms, in_octets, out_octets, commands, "        \
    "bad_commands, login_failures, messages, event_count, events"

enum { JOURNAL_COLUMN_COUNT = 36 };

/* Binds a record to JOURNAL_COLUMNS, parameters from 1. events_buf receives the octets of the
 * ring and must live until the statement is reset. */
void journal_row_bind(struct stmt *stmt, const struct end_record *record,
                      char events_buf[LIMIT_EVENT_RING * 16]);

/* Reads a row of JOURNAL_COLUMNS. Texts are those of the row: they die at its next step. */
void journal_row_read(struct stmt *stmt, struct end_record *out);

#endif

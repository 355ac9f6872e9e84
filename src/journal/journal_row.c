/* SPDX-License-Identifier: MIT */
/*
 * End records as rows, for people and other programs to read: enums are kept as their names,
 * events as a blob of 16 octets each (little-endian: at ms 5, kind 1, code 1, outcome 1, a 4, b
 * 4; oldest first). event_count also counts events that the ring had forgotten.
 */
#include <endian.h>

#include "journal/journal_private.h"

static const struct db_step steps[] = {
    {.sql =
         "CREATE TABLE session("
         " id INTEGER PRIMARY KEY,"
         " session INTEGER NOT NULL, service TEXT NOT NULL, reason TEXT NOT NULL,"
         " start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,"
         " account TEXT NOT NULL, peer TEXT NOT NULL, peer_port INTEGER NOT NULL,"
         " tls TEXT NOT NULL, client_id TEXT NOT NULL, mailbox TEXT NOT NULL,"
         " detail TEXT NOT NULL,"
         " how TEXT NOT NULL, state TEXT NOT NULL, command TEXT NOT NULL,"
         " tls_alert INTEGER NOT NULL, idle_done INTEGER NOT NULL, os_errno INTEGER NOT NULL,"
         " since_in_ms INTEGER NOT NULL, since_out_ms INTEGER NOT NULL,"
         " unacked_octets INTEGER NOT NULL, keepalives INTEGER NOT NULL,"
         " since_alive_ms INTEGER NOT NULL, rtt_us INTEGER NOT NULL,"
         " retransmits INTEGER NOT NULL, total_retransmits INTEGER NOT NULL,"
         " since_ack_ms INTEGER NOT NULL, since_data_ms INTEGER NOT NULL,"
         " in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,"
         " commands INTEGER NOT NULL, bad_commands INTEGER NOT NULL,"
         " login_failures INTEGER NOT NULL, messages INTEGER NOT NULL,"
         " event_count INTEGER NOT NULL, events BLOB NOT NULL);"
         "CREATE INDEX session_number ON session(session);"
         "CREATE INDEX session_account ON session(account, end_ms);"
         "CREATE INDEX session_end ON session(end_ms);"
         "CREATE TABLE summary("
         " id INTEGER PRIMARY KEY, minute_ms INTEGER NOT NULL, service TEXT NOT NULL,"
         " reason TEXT NOT NULL, count INTEGER NOT NULL);"
         "CREATE INDEX summary_minute ON summary(minute_ms);"
         "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"},
    {.sql = "CREATE TABLE network("
            " network TEXT PRIMARY KEY, interval_s INTEGER NOT NULL, trial_s INTEGER NOT NULL,"
            " limit_s INTEGER NOT NULL, why TEXT NOT NULL, failures INTEGER NOT NULL,"
            " retry_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,"
            " seen_ms INTEGER NOT NULL, silences TEXT NOT NULL) WITHOUT ROWID;"},
    {.sql = "ALTER TABLE session ADD COLUMN in_compressed INTEGER NOT NULL DEFAULT 0;"
            "ALTER TABLE session ADD COLUMN out_compressed INTEGER NOT NULL DEFAULT 0;"},
};

const struct db_schema journal_schema = {
    .what = "journal",
    .application_id = 0x52736a6c, /* "Rsjl" */
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
};

static size_t
events_pack(const struct event_ring *ring, char *dst)
{
    size_t used = 0;

    for (uint32_t i = 0;; i++) {
        const struct event *event = event_ring_get(ring, i);
        if (event == NULL)
            return used;
        const uint32_t low = htole32(event->at_ms_low);
        const uint8_t mid[4] = {event->at_ms_high, event->kind, event->code, event->outcome};
        const uint32_t a = htole32(event->a);
        const uint32_t b = htole32(event->b);
        memcpy(dst + used, &low, 4);
        memcpy(dst + used + 4, mid, 4);
        memcpy(dst + used + 8, &a, 4);
        memcpy(dst + used + 12, &b, 4);
        used += 16;
    }
}

/* Rebuilds the ring so that event_ring_get returns the same events. */
static void
events_unpack(struct span blob, uint32_t count, struct event_ring *ring)
{
    const uint32_t kept =
        (uint32_t)(blob.len / 16 < LIMIT_EVENT_RING ? blob.len / 16 : LIMIT_EVENT_RING);

    ring->count = count < kept ? kept : kept < LIMIT_EVENT_RING ? kept : count;
    for (uint32_t i = 0; i < kept; i++) {
        struct event *event = &ring->at[(ring->count - kept + i) % LIMIT_EVENT_RING];
        const char *src = blob.ptr + (size_t)i * 16;
        uint32_t words[4];
        memcpy(words, src, sizeof words);
        *event = (struct event){.at_ms_low = le32toh(words[0]),
                                .at_ms_high = (uint8_t)src[4],
                                .kind = (uint8_t)src[5],
                                .code = (uint8_t)src[6],
                                .outcome = (uint8_t)src[7],
                                .a = le32toh(words[2]),
                                .b = le32toh(words[3])};
    }
}

static void
bind_str(struct stmt *stmt, int param, const char *text)
{
    stmt_bind_text(stmt, param, span_of_str(text));
}

static void
bind_cut(struct stmt *stmt, int param, struct span text)
{
    stmt_bind_text(stmt, param, span_head(text, LIMIT_RECORD_TEXT));
}

void
journal_row_bind(struct stmt *stmt, const struct end_record *record,
                 char events_buf[LIMIT_EVENT_RING * 16])
{
    const struct end_evidence *e = &record->evidence;
    int p = 1;

    stmt_bind_i64(stmt, p++, (int64_t)record->session);
    bind_str(stmt, p++, log_service_name(record->service));
    bind_str(stmt, p++, end_reason_info(record->reason)->code);
    stmt_bind_i64(stmt, p++, record->start_ms);
    stmt_bind_i64(stmt, p++, record->end_ms);
    bind_cut(stmt, p++, record->account);
    bind_cut(stmt, p++, record->peer);
    stmt_bind_i64(stmt, p++, record->peer_port);
    bind_cut(stmt, p++, record->tls);
    bind_cut(stmt, p++, record->client_id);
    bind_cut(stmt, p++, record->mailbox);
    bind_cut(stmt, p++, record->detail);
    bind_str(stmt, p++, end_how_name(e->how));
    bind_str(stmt, p++, end_state_name(e->state));
    bind_str(stmt, p++, e->command == 0 ? "" : event_command_name(e->command));
    const int64_t numbers[] = {
        e->tls_alert,
        e->idle_done_seen,
        e->os_errno,
        e->since_in_ms,
        e->since_out_ms,
        e->unacked_octets,
        e->keepalives,
        e->since_alive_ms,
        e->rtt_us,
        e->retransmits,
        e->total_retransmits,
        e->since_ack_ms,
        e->since_data_ms,
        (int64_t)record->in_octets,
        (int64_t)record->out_octets,
        (int64_t)record->in_compressed,
        (int64_t)record->out_compressed,
        record->commands,
        record->bad_commands,
        record->login_failures,
        record->messages,
        record->events.count,
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        stmt_bind_i64(stmt, p++, numbers[i]);
    stmt_bind_blob(stmt, p, span_of(events_buf, events_pack(&record->events, events_buf)));
}

void
journal_row_read(struct stmt *stmt, struct end_record *out)
{
    int c = 0;

    *out = (struct end_record){0};
    struct end_evidence *e = &out->evidence;
    out->session = (uint64_t)stmt_i64(stmt, c++);
    out->service = log_service_of_name(stmt_span(stmt, c++));
    if (out->service == LOG_SERVICE_COUNT)
        out->service = LOG_SERVER; /* written by a newer Roost */
    out->reason = end_reason_of_code(stmt_span(stmt, c++));
    out->start_ms = stmt_i64(stmt, c++);
    out->end_ms = stmt_i64(stmt, c++);
    out->account = stmt_span(stmt, c++);
    out->peer = stmt_span(stmt, c++);
    out->peer_port = (uint16_t)stmt_i64(stmt, c++);
    out->tls = stmt_span(stmt, c++);
    out->client_id = stmt_span(stmt, c++);
    out->mailbox = stmt_span(stmt, c++);
    out->detail = stmt_span(stmt, c++);
    const struct span how = stmt_span(stmt, c++);
    end_names_read(how, stmt_span(stmt, c++), e);
    e->command = event_command(stmt_span(stmt, c++));
    e->tls_alert = (uint8_t)stmt_i64(stmt, c++);
    e->idle_done_seen = stmt_i64(stmt, c++) != 0;
    e->os_errno = (int)stmt_i64(stmt, c++);
    e->since_in_ms = stmt_i64(stmt, c++);
    e->since_out_ms = stmt_i64(stmt, c++);
    e->unacked_octets = stmt_i64(stmt, c++);
    e->keepalives = (uint32_t)stmt_i64(stmt, c++);
    e->since_alive_ms = stmt_i64(stmt, c++);
    e->rtt_us = (uint32_t)stmt_i64(stmt, c++);
    e->retransmits = (uint32_t)stmt_i64(stmt, c++);
    e->total_retransmits = (uint32_t)stmt_i64(stmt, c++);
    e->since_ack_ms = (uint32_t)stmt_i64(stmt, c++);
    e->since_data_ms = (uint32_t)stmt_i64(stmt, c++);
    out->in_octets = (uint64_t)stmt_i64(stmt, c++);
    out->out_octets = (uint64_t)stmt_i64(stmt, c++);
    out->in_compressed = (uint64_t)stmt_i64(stmt, c++);
    out->out_compressed = (uint64_t)stmt_i64(stmt, c++);
    out->commands = (uint32_t)stmt_i64(stmt, c++);
    out->bad_commands = (uint32_t)stmt_i64(stmt, c++);
    out->login_failures = (uint32_t)stmt_i64(stmt, c++);
    out->messages = (uint32_t)stmt_i64(stmt, c++);
    const uint32_t count = (uint32_t)stmt_i64(stmt, c++);
    events_unpack(stmt_span(stmt, c), count, &out->events);
}

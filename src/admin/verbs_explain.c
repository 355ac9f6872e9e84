/* SPDX-License-Identifier: MIT */
/*
 * explain: why sessions ended, according to the journal; open sessions are asked themselves.
 * journal/explain/ finds the verdicts; this file collects what it needs and makes JSON of the
 * result.
 *
 * For a session there is one row. For an account, "type" says what a row is: first "account",
 * then "network" and "device", each sorted by the number of ends, then "session" by time.
 * Names of members never change, because scripts read them. Every session has a "state",
 * "open" or "ended". What only an ended session has (end_ms, reason, how) is null for an open
 * one.
 */
#include "admin/verbs.h"

#include <stdlib.h>

#include "base/limits.h"
#include "journal/explain/account.h"
#include "journal/explain/timeline.h"
#include "journal/explain/verdict.h"
#include "journal/explain/words.h"
#include "journal/journal.h"
#include "journal/network.h"
#include "session/table.h"
#include "store/registry.h"

enum {
    ASK_MS = 1000, /* time for a session to describe itself */
    /* number of an account's open sessions that are asked; others are only listed */
    ASK_MANY = 200,
    ARENA_OCTETS = 64 << 20,
    LIST_MAX = 1000000,
    LIST_OCTETS = 1 << 30,
    NEAR_BEFORE_MS =
        2 * 86400 * 1000, /* sessions that began earlier say nothing about an end */
    TEXT_SHOWN = 512,
};

struct explain {
    const struct verb_call *call;
    struct journal_reader *reader; /* NULL: there is no journal yet */
    struct arena arena;
    struct account_session *sessions;
    struct verdict_near *near; /* near each of the sessions, in their order */
    size_t count;
    size_t cap;
    uint64_t skip; /* records that the walk skips because they are too old */
    uint64_t seen; /* records that the walk has seen */
    enum rc rc;    /* result of the walk's callback */
    struct err *err;
};

/* ---- JSON ---- */

/* The text as it is, or escaped if it is not UTF-8. */
static json_t *
text_json(struct span text)
{
    json_t *json = json_stringn(text.ptr == NULL ? "" : text.ptr, text.len);
    AUTO_BUF safe = {0};

    if (json != NULL)
        return json;
    buf_init(&safe, (size_t)TEXT_SHOWN * 5);
    words_peer(&safe, text, (size_t)TEXT_SHOWN * 4);
    return json_stringn(buf_span(&safe).ptr, buf_len(&safe));
}

static void
set_text(json_t *row, const char *name, struct span text)
{
    json_object_set_new(row, name, text_json(text));
}

static void
set_int(json_t *row, const char *name, int64_t value)
{
    json_object_set_new(row, name, json_integer((json_int_t)value));
}

/* null if it is negative, that is, unknown. */
static void
set_known(json_t *row, const char *name, int64_t value)
{
    json_object_set_new(row, name, value < 0 ? json_null() : json_integer((json_int_t)value));
}

/* How a session ended: its reason, or "open". */
static void
set_state(json_t *row, enum end_reason reason, int64_t end_ms)
{
    const bool is_open = reason == END_NONE;

    set_text(row, "state", is_open ? SPAN("open") : SPAN("ended"));
    set_known(row, "end_ms", is_open ? -1 : end_ms);
    if (is_open)
        json_object_set_new(row, "reason", json_null());
    else
        set_text(row, "reason", span_of_str(end_reason_info(reason)->code));
}

static enum rc
give(const struct explain *x, json_t *row)
{
    if (row == NULL)
        return err_set(x->err, RC_LIMIT, 0, "no memory for the answer");
    return x->call->io->row(x->call->io->ctx, row, SPAN(""), x->err);
}

static json_t *
lines_json(struct span text)
{
    json_t *lines = json_array();

    while (text.len > 0) {
        const ptrdiff_t end = span_find_char(text, '\n');
        const size_t len = end < 0 ? text.len : (size_t)end;
        json_array_append_new(lines, text_json(span_head(text, len)));
        text = span_tail(text, len + (end >= 0));
    }
    return lines;
}

static json_t *
evidence_json(const struct end_evidence *e, bool is_open)
{
    json_t *json = json_object();

    if (is_open)
        json_object_set_new(json, "how", json_null());
    else
        set_text(json, "how", span_of_str(end_how_name(e->how)));
    set_text(json, "state", span_of_str(end_state_name(e->state)));
    set_text(json, "command",
             span_of_str(e->command == 0 ? "" : event_command_name(e->command)));
    if (e->tls_alert != 0) {
        set_int(json, "tls_alert", e->tls_alert);
        set_text(json, "tls_alert_name", span_of_str(words_tls_alert(e->tls_alert)));
    }
    json_object_set_new(json, "idle_done", json_boolean(e->idle_done_seen));
    set_int(json, "errno", e->os_errno);
    set_known(json, "since_in_ms", e->since_in_ms);
    set_known(json, "since_out_ms", e->since_out_ms);
    set_known(json, "unacknowledged_octets", e->unacked_octets);
    set_int(json, "keepalives", e->keepalives);
    set_known(json, "since_acknowledged_ms", e->since_alive_ms);
    set_int(json, "rtt_us", e->rtt_us);
    set_int(json, "retransmits", e->retransmits);
    set_int(json, "total_retransmits", e->total_retransmits);
    set_int(json, "since_ack_ms", e->since_ack_ms);
    set_int(json, "since_data_ms", e->since_data_ms);
    return json;
}

static json_t *
timeline_json(struct explain *x, const struct end_record *record)
{
    struct timeline_line *lines = NULL;
    size_t count = 0;
    json_t *json = json_array();

    if (timeline_make(record, &x->arena, &lines, &count) != RC_OK)
        return json;
    for (size_t i = 0; i < count; i++) {
        json_t *line = json_object();
        set_int(line, "at_ms", lines[i].at_ms);
        set_text(line, "kind", span_of_str(lines[i].kind));
        set_text(line, "text", span_of_str(lines[i].text));
        json_array_append_new(json, line);
    }
    return json;
}

static json_t *
verdict_json(const struct verdict *verdict)
{
    json_t *json = json_object();

    set_text(json, "rule", span_of_str(verdict->rule));
    set_text(json, "who", span_of_str(end_who_name(verdict->who)));
    set_text(json, "sure", span_of_str(verdict_sure_name(verdict->sure)));
    set_text(json, "text", buf_span(&verdict->text));
    json_object_set_new(json, "evidence", lines_json(buf_span(&verdict->evidence)));
    set_text(json, "advice", buf_span(&verdict->advice));
    return json;
}

/* ---- reading ---- */

static enum rc
reader_open(struct explain *x)
{
    const struct verb_house *house = x->call->house;

    if (house->journal != NULL)
        journal_flush(house->journal);
    if (house->journal_path == NULL)
        return RC_OK;
    const enum rc rc = journal_reader_open(&x->reader, house->journal_path, x->err);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The interval of keepalives in that peer's network, or 0. */
static uint32_t
keepalive_of(const struct explain *x, const char *network)
{
    struct network_record record;
    struct err err = {.rc = RC_OK};

    if (x->reader == NULL ||
        journal_find_network(x->reader, span_of_str(network), &record, &err) != RC_OK)
        return 0;
    return record.interval_s;
}

static struct account_session *
session_add(struct explain *x)
{
    if (x->count == x->cap) {
        x->rc = RC_LIMIT;
        return NULL;
    }
    return &x->sessions[x->count++];
}

static bool
take_record(void *ctx, const struct end_record *record)
{
    struct explain *x = ctx;

    if (x->seen++ < x->skip)
        return true;
    struct account_session *session = session_add(x);
    if (session != NULL)
        x->rc = account_session_take(record, &x->arena, session);
    return x->rc == RC_OK;
}

static bool
count_record(void *ctx, const struct end_record *record)
{
    struct explain *x = ctx;

    (void)record;
    x->seen++;
    return true;
}

/* Describes an open session that could not be asked, from the table. */
static void
record_of_info(const struct session_info *info, int64_t now_ms, char peer[NET_ADDR_TEXT],
               struct end_record *out)
{
    net_addr_print_host(&info->peer, peer);
    *out = (struct end_record){
        .session = info->number,
        .service = log_service_of_name(span_of_str(info->service)),
        .start_ms = info->opened_wall_us / 1000,
        .end_ms = now_ms,
        .account = span_of_str(info->account),
        .client_id = span_of_str(info->client_id),
        .mailbox = span_of_str(info->mailbox),
        .peer = span_of_str(peer),
        .evidence = {.state = info->state == SESSION_IDLE ? STATE_IDLE : STATE_SELECTED,
                     .since_in_ms = info->idle_us / 1000,
                     .unacked_octets = -1,
                     .since_alive_ms = info->acked_us < 0 ? -1 : info->acked_us / 1000},
    };
}

static enum rc
open_sessions_add(struct explain *x, const char *account)
{
    const struct verb_house *house = x->call->house;
    struct session_info *infos = NULL;
    size_t count = 0;
    unsigned asked = 0;
    AUTO_ARENA list = {0};

    if (house->table == NULL)
        return RC_OK;
    arena_init(&list, LIST_OCTETS);
    enum rc rc = session_table_list(house->table, &list, clock_mono_us(house->clock), LIST_MAX,
                                    &infos, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        char peer[NET_ADDR_TEXT];
        struct end_record record;
        if (strcmp(infos[i].account, account) != 0)
            continue;
        enum rc asking = RC_BUSY;
        if (asked < ASK_MANY) {
            asking = session_ask(house->table, infos[i].number, ASK_MS, &list, &record);
            /* sessions that do not answer use up the budget faster */
            asked += asking == RC_BUSY ? ASK_MANY / 4 : 1;
        }
        if (asking == RC_NOT_FOUND)
            continue; /* it ended: the journal has it */
        if (asking != RC_OK)
            record_of_info(&infos[i], clock_wall_us(house->clock) / 1000, peer, &record);
        struct account_session *session = session_add(x);
        if (session == NULL)
            break;
        rc = account_session_take(&record, &x->arena, session);
    }
    return rc;
}

/* Collects and sorts the account's sessions that ended since then, and its open ones;
 * *report_out groups them. */
static enum rc
account_read(struct explain *x, const char *account, int64_t since_ms,
             struct account_report *report_out)
{
    const struct journal_query query = {.account = span_of_str(account), .since_ms = since_ms};
    enum rc rc = RC_OK;

    x->cap = ACCOUNT_SESSIONS_MAX;
    x->sessions = arena_array(&x->arena, struct account_session, x->cap);
    x->near = arena_array(&x->arena, struct verdict_near, x->cap);
    if (x->sessions == NULL || x->near == NULL)
        return err_set(x->err, RC_LIMIT, 0, "no memory for the account's sessions");
    rc = open_sessions_add(x, account);
    if (x->call->house->journal != NULL)
        journal_flush(x->call->house->journal); /* for sessions that ended meanwhile */
    if (rc == RC_OK && x->reader != NULL) {
        rc = journal_walk(x->reader, &query, count_record, x, x->err);
        x->skip = x->seen > x->cap - x->count ? x->seen - (x->cap - x->count) : 0;
        x->seen = 0;
        if (rc == RC_OK)
            rc = journal_walk(x->reader, &query, take_record, x, x->err);
    }
    if (rc == RC_OK && x->rc != RC_OK && x->rc != RC_LIMIT)
        rc = x->rc; /* RC_LIMIT: sessions that ended since they were counted */
    if (rc == RC_OK)
        rc = account_report_make(x->sessions, x->count, &x->arena, report_out);
    for (size_t i = 0; i < x->count; i++)
        x->near[i] = x->sessions[i].near;
    return rc;
}

/* Collects the sessions in x->near that may explain the record. */
static void
case_of(const struct explain *x, const struct end_record *record, struct verdict_case *out)
{
    const int64_t from_ms = record->start_ms - NEAR_BEFORE_MS;
    size_t low = 0;
    size_t high = x->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (x->near[middle].start_ms < from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = (struct verdict_case){
        .record = record, .near = x->near + low, .near_count = x->count - low};
}

/* ---- one session ---- */

static enum rc
session_find(struct explain *x, uint64_t number, struct end_record *out)
{
    const struct verb_house *house = x->call->house;
    enum rc rc = RC_NOT_FOUND;

    if (house->table != NULL)
        rc = session_ask(house->table, number, ASK_MS, &x->arena, out);
    if (rc == RC_OK)
        return rc;
    const bool is_busy = rc == RC_BUSY;
    rc = reader_open(x); /* it may have ended just now */
    if (rc == RC_OK)
        rc = x->reader == NULL
                 ? RC_NOT_FOUND
                 : journal_find_session(x->reader, number, &x->arena, out, x->err);
    if (rc == RC_NOT_FOUND && is_busy)
        return err_set(x->err, RC_BUSY, 0, "session %ju is too busy to answer; try again",
                       (uintmax_t)number);
    if (rc == RC_NOT_FOUND)
        return err_set(x->err, rc, 0,
                       "there is no session %ju: not open, and not in the journal",
                       (uintmax_t)number);
    return rc;
}

static json_t *
session_json(struct explain *x, const struct end_record *record)
{
    const bool is_open = record->reason == END_NONE;
    char network[WORDS_NETWORK];
    struct verdict_case c;
    AUTO_VERDICT verdict = {0};
    json_t *row = json_object();

    words_network(record->peer, network);
    case_of(x, record, &c);
    c.keepalive_s = keepalive_of(x, network);
    verdict_make(&c, &verdict);
    set_int(row, "session", (int64_t)record->session);
    set_text(row, "service", span_of_str(log_service_name(record->service)));
    json_object_set_new(row, "open", json_boolean(is_open));
    set_text(row, "account", record->account);
    set_text(row, "client", record->client_id);
    set_text(row, "address", record->peer);
    set_int(row, "port", record->peer_port);
    set_text(row, "network", span_of_str(network));
    set_text(row, "tls", record->tls);
    set_text(row, "mailbox", record->mailbox);
    set_int(row, "start_ms", record->start_ms);
    set_state(row, record->reason, record->end_ms);
    set_int(row, "lasted_ms", record->end_ms - record->start_ms);
    set_text(row, "detail", record->detail);
    set_known(row, "silence_ms", is_open ? -1 : verdict_silence_ms(record));
    set_int(row, "commands", record->commands);
    set_int(row, "in_octets", (int64_t)record->in_octets);
    set_int(row, "out_octets", (int64_t)record->out_octets);
    if (record->in_compressed + record->out_compressed > 0) {
        set_int(row, "in_compressed", (int64_t)record->in_compressed);
        set_int(row, "out_compressed", (int64_t)record->out_compressed);
    }
    json_object_set_new(row, "evidence", evidence_json(&record->evidence, is_open));
    json_object_set_new(row, "timeline", timeline_json(x, record));
    json_object_set_new(row, "verdict", verdict_json(&verdict));
    return row;
}

static enum rc
explain_session(struct explain *x, uint64_t number)
{
    struct end_record record;
    struct account_report report;

    enum rc rc = session_find(x, number, &record);
    if (rc == RC_OK && x->reader == NULL)
        rc = reader_open(x);
    if (rc == RC_OK && record.account.len > 0) {
        const char *account = arena_str(&x->arena, record.account);
        rc = account == NULL ? RC_LIMIT : account_read(x, account, record.start_ms, &report);
    }
    if (rc != RC_OK)
        return rc;
    return give(x, session_json(x, &record));
}

/* ---- an account ---- */

static json_t *
group_json(const struct explain *x, const struct account_group *group, const char *type)
{
    const uint32_t keepalive_s = keepalive_of(x, group->network);
    json_t *row = json_object();
    json_t *reasons = json_object();
    AUTO_BUF text = {0};

    buf_init(&text, VERDICT_TEXT);
    account_pattern_tell(group, keepalive_s, &text);
    for (unsigned i = END_NONE + 1; i < END_REASON_COUNT; i++)
        if (group->by_reason[i] > 0)
            set_int(reasons, end_reason_info((enum end_reason)i)->code, group->by_reason[i]);
    set_text(row, "type", span_of_str(type));
    set_text(row, "network", span_of_str(group->network));
    if (group->peer.len > 0) {
        set_text(row, "client", group->client_id);
        set_text(row, "address", group->peer);
    }
    set_int(row, "ends", group->ends);
    set_int(row, "open", group->open);
    set_int(row, "last_ms", group->last_ms);
    json_object_set_new(row, "reasons", reasons);
    set_text(row, "pattern", span_of_str(account_pattern_name(group->pattern)));
    if (group->pattern != PATTERN_NONE) {
        set_int(row, "pattern_ends", group->pattern_ends);
        set_int(row, "pattern_from_s", group->pattern_from_s);
        set_int(row, "pattern_to_s", group->pattern_to_s);
    }
    if (keepalive_s > 0)
        set_int(row, "keepalive_s", keepalive_s);
    set_text(row, "text", buf_span(&text));
    return row;
}

static json_t *
strip_json(const struct account_session *session)
{
    json_t *row = json_object();
    json_t *idle = json_array();

    for (unsigned i = 0; i < session->idle_count; i++)
        json_array_append_new(idle, json_pack("[II]", (json_int_t)session->idle[i].from_ms,
                                              (json_int_t)session->idle[i].to_ms));
    set_text(row, "type", SPAN("session"));
    set_int(row, "session", (int64_t)session->near.session);
    set_text(row, "client", session->near.client_id);
    set_text(row, "address", session->near.peer);
    set_int(row, "start_ms", session->near.start_ms);
    set_state(row, session->reason, session->near.end_ms);
    set_known(row, "silence_ms", session->silence_ms);
    set_int(row, "commands", session->commands);
    set_int(row, "known_from_ms", session->known_from_ms);
    json_object_set_new(row, "idle", idle);
    return row;
}

static enum rc
explain_account(struct explain *x, const char *name, int64_t since_ms)
{
    const struct verb_house *house = x->call->house;
    struct registry_account found;
    struct account_report report;
    size_t ends = 0;
    struct err err = {.rc = RC_OK};

    /* An account that was removed still has its records. */
    const bool known = registry_find(house->registry, span_of_str(name), &found, &err) == RC_OK;
    enum rc rc = reader_open(x);
    if (rc == RC_OK)
        rc = account_read(x, known ? found.name : name, since_ms, &report);
    if (rc != RC_OK)
        return rc;
    if (!known && report.session_count == 0)
        return err_set(x->err, RC_NOT_FOUND, 0, "there is no account \"%.100s\"", name);
    for (size_t i = 0; i < report.session_count; i++)
        ends += report.sessions[i].reason != END_NONE;
    rc = give(x, json_pack("{ss, so, sI, sI, sI, sI, sI}", "type", "account", "account",
                           text_json(span_of_str(known ? found.name : name)), "since_ms",
                           (json_int_t)since_ms, "now_ms",
                           (json_int_t)(clock_wall_us(house->clock) / 1000), "ends",
                           (json_int_t)ends, "open", (json_int_t)(report.session_count - ends),
                           "left_out", (json_int_t)x->skip));
    for (size_t i = 0; rc == RC_OK && i < report.network_count; i++)
        rc = give(x, group_json(x, &report.networks[i], "network"));
    for (size_t i = 0; rc == RC_OK && i < report.device_count; i++)
        rc = give(x, group_json(x, &report.devices[i], "device"));
    for (size_t i = 0; rc == RC_OK && i < report.session_count; i++)
        rc = give(x, strip_json(&report.sessions[i]));
    return rc;
}

enum rc
verb_explain(const struct verb_call *call, struct err *err)
{
    const json_int_t number = json_integer_value(json_object_get(call->args, "session"));
    const json_int_t since_ms = json_integer_value(json_object_get(call->args, "since_ms"));
    const char *account = verb_text(call, "account");
    struct explain x = {.call = call, .err = err, .rc = RC_OK};

    arena_init(&x.arena, ARENA_OCTETS);
    const enum rc rc = number > 0 ? explain_session(&x, (uint64_t)number)
                       : account != NULL
                           ? explain_account(&x, account, since_ms)
                           : err_set(err, RC_INVALID, 0, "a session or an account is needed");
    journal_reader_close(x.reader);
    arena_done(&x.arena);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* Verdicts, one test a rule; timelines; patterns of an account; the picture. */
#include "support/cm.h"

#include <string.h>

#include "journal/explain/account.h"
#include "journal/explain/timeline.h"
#include "journal/explain/verdict.h"
#include "journal/explain/words.h"

enum { S = 1000, MIN = 60 * S, HOUR = 60 * MIN };

static const int64_t start_ms = 1794486257000; /* 2026-11-12 12:24:17 UTC */

static struct end_record record;
static struct verdict_near near[4];
static size_t near_count;
static uint32_t keepalive_s;
static struct verdict verdict;

/* An IDLE of an hour that ended for reason, the client last heard `silent` before. */
static void
begin(enum end_reason reason, enum end_how how, int64_t silent_ms)
{
    record = (struct end_record){
        .session = 17,
        .reason = reason,
        .start_ms = start_ms,
        .end_ms = start_ms + HOUR,
        .peer_port = 50000,
        .account = SPAN("anna"),
        .peer = SPAN("203.0.113.9"),
        .client_id = SPAN("Thunderbird 128"),
        .commands = 3,
        .evidence = {.how = how,
                     .state = STATE_IDLE,
                     .since_in_ms = silent_ms,
                     .since_out_ms = silent_ms,
                     .since_alive_ms = -1},
    };
    event_note(&record.events, EVENT_CONNECTED, 0);
    event_note(&record.events, EVENT_LOGIN, 50);
    event_note(&record.events, EVENT_IDLE_BEGIN, 100);
    near_count = 0;
    keepalive_s = 0;
}

/* Another session of the same client from peer, begun that long after the record's begin. */
static void
other(uint64_t session, const char *peer, int64_t from_ms, int64_t last_in_ms)
{
    near[near_count++] = (struct verdict_near){.session = session,
                                               .start_ms = start_ms + from_ms,
                                               .end_ms = INT64_MAX,
                                               .last_in_ms = start_ms + last_in_ms,
                                               .client_id = record.client_id,
                                               .peer = span_of_str(peer)};
}

static const char *
text_of(struct buf *buf)
{
    buf_put_char(buf, '\0');
    assert_true(buf_ok(buf));
    return buf_span(buf).ptr;
}

/* The verdict has this rule and sureness, and each of the words in text, evidence or advice. */
static void
expect(const char *rule, enum end_who who, enum verdict_sure sure, const char *words,
       const char *advice)
{
    const struct verdict_case c = {
        .record = &record, .near = near, .near_count = near_count, .keepalive_s = keepalive_s};

    verdict_make(&c, &verdict);
    assert_string_equal(verdict.rule, rule);
    assert_int_equal(verdict.who, who);
    assert_int_equal(verdict.sure, sure);
    const char *text = text_of(&verdict.text);
    const char *evidence = text_of(&verdict.evidence);
    if (strstr(text, words) == NULL && strstr(evidence, words) == NULL)
        fail_msg("no \"%s\" in: %s\n%s", words, text, evidence);
    const char *told = text_of(&verdict.advice);
    if (strstr(told, advice) == NULL)
        fail_msg("no \"%s\" in: %s", advice, told);
    verdict_done(&verdict);
}

/* ---- open sessions ---- */

static void
open_sessions_are_told_as_they_stand(void **state)
{
    (void)state;
    begin(END_NONE, HOW_UNKNOWN, 12 * MIN);
    record.evidence.keepalives = 3;
    record.evidence.since_alive_ms = 2 * MIN;
    expect("open", END_BY_CLIENT, SURE_CERTAIN,
           "in IDLE for 59 min 59 s. It acknowledged a line 2 min ago", "Nothing.");
    record.evidence.state = STATE_SELECTED;
    expect("open", END_BY_CLIENT, SURE_CERTAIN, "the client last sent something 12 min ago",
           "Nothing.");
}

static void
a_suspect_is_told_until_it_answers(void **state)
{
    (void)state;
    begin(END_NONE, HOW_UNKNOWN, 12 * MIN);
    record.evidence.unacked_octets = 34;
    event_note(&record.events, EVENT_SUSPECT, 53 * MIN)->b = 34;
    expect("open-suspect", END_BY_NETWORK, SURE_OPEN,
           "34 octets sent to it were not acknowledged", "dead_after");
    record.evidence.since_alive_ms = 10; /* it answered since */
    expect("open", END_BY_CLIENT, SURE_CERTAIN, "is open", "Nothing.");
}

/* ---- dead connections ---- */

/* Silence began at 35 min; the keepalive at 40 min found nobody. */
static void
begin_dead(void)
{
    begin(END_DEAD_PEER, HOW_ACK_TIMEOUT, 25 * MIN);
    event_note(&record.events, EVENT_KEEPALIVE, 40 * MIN)->a = 300;
    record.evidence.since_out_ms = 20 * MIN;
    record.evidence.keepalives = 9;
    record.evidence.unacked_octets = 17;
    record.evidence.rtt_us = 30500;
    record.evidence.total_retransmits = 11;
    record.evidence.retransmits = 8;
}

static void
a_dead_connection_alone_is_open(void **state)
{
    (void)state;
    begin_dead();
    assert_int_equal(verdict_silence_ms(&record), 5 * MIN);
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "looks just like a device",
           "less than 5 min apart");
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "After 5 min of silence, a line was sent",
           "[idle] keepalive");
    expect(
        "not-back", END_BY_NETWORK, SURE_OPEN,
        "TCP: round trip 30 ms, 11 packets sent again, the last one 8 times without an answer",
        "the router");
    near[0] = (struct verdict_near){.session = 18,
                                    .start_ms = start_ms + 41 * MIN,
                                    .client_id = SPAN("K-9"),
                                    .peer = record.peer};
    near_count = 1; /* another program says nothing */
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "has not come back", "");
}

static void
a_return_before_the_end_is_a_router(void **state)
{
    (void)state;
    begin_dead();
    keepalive_s = 240;
    other(18, "203.0.113.9", 44 * MIN, 45 * MIN);
    expect("nat-forgot", END_BY_NETWORK, SURE_LIKELY,
           "connected again 9 min after it was last heard here, "
           "from the same address",
           "clients in 203.0.113.0/24 now get a keepalive every 4 minutes.");
    near_count = 0;
    other(18, "203.0.113.77", 44 * MIN, 45 * MIN);
    expect("nat-forgot", END_BY_NETWORK, SURE_LIKELY, "from the same network",
           "every 4 minutes");
    record.reason = END_REAPED;
    expect("nat-forgot", END_BY_NETWORK, SURE_LIKELY, "from the same network",
           "every 4 minutes");
}

static void
a_return_from_elsewhere_is_a_move(void **state)
{
    (void)state;
    begin_dead();
    other(18, "198.51.100.5", 36 * MIN, 45 * MIN);
    expect("moved", END_BY_CLIENT, SURE_LIKELY,
           "1 min after it was last heard here, the same client connected "
           "from 198.51.100.5",
           "Nothing.");
}

static void
a_second_device_is_no_move(void **state)
{
    (void)state;
    begin_dead();
    other(16, "198.51.100.5", 5 * MIN, 20 * MIN); /* it was there all the time */
    other(18, "198.51.100.5", 36 * MIN, 45 * MIN);
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "has not come back", "");
}

static void
a_late_return_stays_open(void **state)
{
    (void)state;
    begin_dead();
    other(18, "203.0.113.9", 70 * MIN, 71 * MIN);
    expect("back-later", END_BY_NETWORK, SURE_OPEN, "10 min after this connection was given up",
           "roost explain --account");
    near[0].start_ms = record.end_ms + 25 * (int64_t)HOUR;
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "has not come back", "");
}

static void
a_sister_connection_that_works_convicts_the_router(void **state)
{
    (void)state;
    begin_dead();
    other(16, "203.0.113.9", -MIN, 50 * MIN);
    expect("other-connection-worked", END_BY_NETWORK, SURE_LIKELY,
           "session 16 from the same address", "keepalives");
    near[0].last_in_ms = start_ms + 30 * MIN; /* before the silence */
    expect("not-back", END_BY_NETWORK, SURE_OPEN, "has not come back", "");
}

/* ---- resets ---- */

static void
a_reset_after_silence_is_open_until_it_returns(void **state)
{
    (void)state;
    begin(END_RESET, HOW_RST, 10 * MIN);
    event_note(&record.events, EVENT_PUSH, 60 * MIN - 200);
    record.evidence.since_out_ms = 200;
    expect("reset-after-silence", END_BY_NETWORK, SURE_OPEN, "no longer knew the connection",
           "less than 9 min 59 s");
    other(18, "203.0.113.9", 61 * MIN, 61 * MIN);
    expect("reset-forgot", END_BY_NETWORK, SURE_LIKELY, "from the same network", "keepalives");
}

static void
a_reset_at_work_is_the_clients(void **state)
{
    (void)state;
    begin(END_RESET, HOW_RST, 2 * S);
    expect("reset", END_BY_CLIENT, SURE_LIKELY,
           "reset 2 s after the client last sent something", "crash");
}

/* ---- TLS ---- */

static void
alerts_are_named(void **state)
{
    (void)state;
    begin(END_TLS_HANDSHAKE, HOW_TLS_ALERT, 0);
    record.evidence.tls_alert = 48;
    expect("certificate", END_BY_CLIENT, SURE_CERTAIN,
           "alert 48, unknown_ca: it does not accept", "roost check");
    record.evidence.tls_alert = 70;
    expect("tls-alert", END_BY_CLIENT, SURE_CERTAIN, "alert 70, protocol_version.", "");
    record.evidence.tls_alert = 201;
    expect("tls-alert", END_BY_CLIENT, SURE_CERTAIN, "alert 201, alert.", "");
}

static void
missing_close_notify_is_no_error(void **state)
{
    (void)state;
    begin(END_CLOSED, HOW_TLS_WITHOUT_NOTIFY, 0);
    record.evidence.state = STATE_SELECTED;
    expect("no-close-notify", END_BY_CLIENT, SURE_LIKELY, "That alone is not an error",
           "Nothing");
    record.client_id = SPAN("mbsync 1.4.4");
    expect("closes-without-notify", END_BY_CLIENT, SURE_CERTAIN, "always disconnects this way",
           "Nothing.");
    record.client_id = SPAN("OfflineIMAP 8");
    expect("closes-without-notify", END_BY_CLIENT, SURE_CERTAIN, "not an error", "Nothing.");
}

static void
leaving_before_the_first_command_may_be_the_certificate(void **state)
{
    (void)state;
    begin(END_CLOSED_BEFORE_LOGIN, HOW_TLS_NOTIFY, 0);
    record.tls = SPAN("TLSv1.3");
    record.commands = 0;
    expect("certificate-doubt", END_BY_CLIENT, SURE_OPEN,
           "ask their user about the certificate", "certificate");
    record.commands = 1;
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "before it logged in", "");
}

static void
whoever_waited_for_the_server_is_no_scanner(void **state)
{
    (void)state;
    begin(END_CLOSED_BEFORE_LOGIN, HOW_FIN, -1);
    record.end_ms = record.start_ms + 3;
    record.commands = 0;
    record.account = SPAN("");
    record.evidence.state = STATE_BEFORE_LOGIN;
    record.evidence.since_out_ms = 2;
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "before it logged in", "a monitor");
    /* The kernel had the connection for 30 s before it was taken. */
    record.evidence.since_data_ms = 30 * S + 3;
    record.tls = SPAN("TLSv1.3");
    expect("server-stalled", END_BY_SERVER, SURE_LIKELY,
           "waited 30 s for this server to accept its connection",
           "what the machine was doing");
    record.reason = END_RESET; /* by the greeting, which found nobody */
    expect("server-stalled", END_BY_SERVER, SURE_LIKELY, "waited 30 s",
           "what the machine was doing");
    record.evidence.state = STATE_SELECTED;
    expect("reset", END_BY_CLIENT, SURE_LIKELY, "", "");
    record.evidence.state = STATE_BEFORE_LOGIN;
    record.reason = END_CLOSED_BEFORE_LOGIN;
    record.evidence.since_data_ms = 1002;
    expect("certificate-doubt", END_BY_CLIENT, SURE_OPEN, "", "");
    /* A command without an answer. */
    record.end_ms = record.start_ms + 40 * S;
    record.evidence.since_in_ms = 20 * S;
    record.evidence.since_out_ms = 20 * S;
    record.evidence.command = event_command(SPAN("LOGIN"));
    record.commands = 1;
    expect("server-stalled", END_BY_SERVER, SURE_LIKELY, "for the answer to a command", "");
    record.evidence.since_in_ms = record.evidence.since_out_ms = 4999;
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "", "");
}

/* What the evidence says of a session that did nothing yet, in whole words. */
static void
before_login_is_told_in_words(void **state)
{
    (void)state;
    begin(END_CLOSED_BEFORE_LOGIN, HOW_FIN, 0);
    record.account = SPAN("");
    record.evidence.state = STATE_BEFORE_LOGIN;
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "Not logged in.", "");
    record.account = SPAN("anna");
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "Logged in.", "");
}

/* ---- orderly ends ---- */

static void
a_client_that_reconnects_wants_to_go_on(void **state)
{
    (void)state;
    begin(END_CLOSED_IDLE, HOW_TLS_NOTIFY, 29 * MIN);
    record.events.count = 0;
    event_note(&record.events, EVENT_IDLE_BEGIN, 31 * MIN);
    other(18, "203.0.113.9", 60 * MIN + 2 * S, 61 * MIN);
    expect("reconnects", END_BY_CLIENT, SURE_CERTAIN,
           "after 29 min of IDLE and connected again 2 s later from the "
           "same address",
           "Nothing, if it is rare");
    near[0].start_ms = record.end_ms - S;
    expect("reconnects", END_BY_CLIENT, SURE_CERTAIN, "just after it had connected again from",
           "");
    near_count = 0;
    expect("by-reason", END_BY_CLIENT, SURE_CERTAIN, "while it was waiting in IDLE", "");
}

static void
never_done_is_told(void **state)
{
    (void)state;
    begin(END_IDLE_TIMEOUT, HOW_WE_CLOSED, 30 * MIN + 53 * S);
    record.events.count = 0;
    event_note(&record.events, EVENT_IDLE_BEGIN, 20 * MIN);
    event_note(&record.events, EVENT_IDLE_END, 25 * MIN)->outcome = EVENT_OK;
    event_note(&record.events, EVENT_IDLE_BEGIN, 30 * MIN - 53 * S);
    event_note(&record.events, EVENT_END, 60 * MIN);
    event_note(&record.events, EVENT_IDLE_END, 60 * MIN)->outcome = EVENT_NO;
    expect("never-done", END_BY_SERVER, SURE_CERTAIN,
           "never sent DONE; 30 min 53 s later the server ended", "policy = liveness");
    expect("never-done", END_BY_SERVER, SURE_CERTAIN, "so it knows how to", "RFC 2177");
}

static void
an_administrators_words_are_shown_escaped(void **state)
{
    (void)state;
    begin(END_KICKED, HOW_WE_CLOSED, 0);
    record.detail = SPAN("back\x1b[2J soon");
    expect("kicked", END_BY_ADMIN, SURE_CERTAIN, "reason: back\\x1B[2J soon", "");
    record.detail = SPAN("");
    expect("by-reason", END_BY_ADMIN, SURE_CERTAIN, "An administrator ended", "");
}

static void
a_crash_is_nobodys_but_the_servers(void **state)
{
    (void)state;
    begin(END_CRASH, HOW_CRASH, 0);
    record.events.count = 0;
    expect("crash", END_BY_SERVER, SURE_CERTAIN, "The client did not cause this",
           "out-of-memory");
}

/* Every reason of the table gives a verdict with text and advice, whatever the evidence. */
static void
every_reason_has_a_verdict(void **state)
{
    (void)state;
    for (unsigned reason = END_NONE; reason < END_REASON_COUNT; reason++) {
        for (unsigned how = 0; how < END_HOW_COUNT; how++) {
            begin((enum end_reason)reason, (enum end_how)how, 10 * MIN);
            const struct verdict_case c = {.record = &record};
            verdict_make(&c, &verdict);
            assert_true(buf_len(&verdict.text) > 10 && buf_ok(&verdict.text));
            assert_true(buf_len(&verdict.evidence) > 10 && buf_ok(&verdict.evidence));
            assert_true(buf_len(&verdict.advice) > 0 && buf_ok(&verdict.advice));
            verdict_done(&verdict);
        }
    }
}

static void
peers_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct arena arena;
    struct timeline_line *lines;
    size_t count;

    begin_dead();
    record.client_id = SPAN("\x1b]0;x\x07\xc2\x9b");
    record.peer = SPAN("\x1b[A");
    record.detail = SPAN("a\nb\x80");
    record.mailbox = SPAN("\x9b");
    other(18, "\x1b[B", 44 * MIN, 45 * MIN);
    const struct verdict_case c = {.record = &record, .near = near, .near_count = near_count};
    verdict_make(&c, &verdict);
    const char *texts[] = {text_of(&verdict.text), text_of(&verdict.evidence),
                           text_of(&verdict.advice)};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (const char *p = texts[i]; *p != '\0'; p++)
            assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
    verdict_done(&verdict);
    arena_init(&arena, 1 << 20);
    event_note(&record.events, EVENT_CLIENT_ID, HOUR - S);
    assert_int_equal(timeline_make(&record, &arena, &lines, &count), RC_OK);
    for (size_t i = 0; i < count; i++)
        for (const char *p = lines[i].text; *p != '\0'; p++)
            assert_true(*p >= 0x20 && *p < 0x7f);
    arena_done(&arena);
}

/* ---- timelines ---- */

static void
timeline_expect(const char *const *texts, size_t texts_count)
{
    struct arena arena;
    struct timeline_line *lines;
    size_t count;

    arena_init(&arena, 1 << 20);
    assert_int_equal(timeline_make(&record, &arena, &lines, &count), RC_OK);
    for (size_t i = 0; i < count && i < texts_count; i++)
        assert_string_equal(lines[i].text, texts[i]);
    assert_int_equal(count, texts_count);
    for (size_t i = 1; i < count; i++)
        assert_true(lines[i].at_ms >= lines[i - 1].at_ms);
    arena_done(&arena);
}

static void
a_life_is_told_in_lines(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "connected from 203.0.113.9 port 50000",
        "TLS is on: TLSv1.3 X, after 30 ms",
        "logged in: anna",
        "the client names itself: Thunderbird 128",
        "SELECT: OK, took 1 s, 269 octets",
        "a command: BAD, 20 octets",
        "IDLE begins",
        "notified of a change: now 1 message",
        "11 keepalives sent after 4 minutes of silence each, all acknowledged within 80 ms",
        "keepalive sent after 4 minutes of silence, not acknowledged",
        "suspect: 17 octets have not been acknowledged",
        "DONE: IDLE ended after 57 min",
        "waiting for the client to read, 9 octets queued",
        "the client read on after 3 s",
        "sent a literal of 12 octets",
        "a login failed",
        "end: The client logged out.",
    };

    begin(END_LOGOUT, HOW_WE_CLOSED, 0);
    record.tls = SPAN("TLSv1.3 X");
    record.events.count = 1;
    event_note(&record.events, EVENT_TLS, 30)->a = 30;
    event_note(&record.events, EVENT_LOGIN, 50);
    event_note(&record.events, EVENT_CLIENT_ID, 60);
    struct event *event = event_note(&record.events, EVENT_COMMAND, S);
    event->code = event_command(SPAN("SELECT"));
    event->outcome = EVENT_OK;
    event->a = 1000;
    event->b = 269;
    event = event_note(&record.events, EVENT_COMMAND, S);
    event->outcome = EVENT_BAD;
    event->b = 20;
    event_note(&record.events, EVENT_IDLE_BEGIN, MIN);
    event_note(&record.events, EVENT_PUSH, MIN)->a = 1;
    event = event_note(&record.events, EVENT_KEEPALIVE, 5 * MIN); /* by itself */
    event->a = 240;
    event = event_note(&record.events, EVENT_ACKNOWLEDGED, 5 * MIN);
    event->a = 80;
    event = event_note(&record.events, EVENT_KEEPALIVE, 45 * MIN); /* for ten */
    event->a = 240;
    event->b = 10;
    event = event_note(&record.events, EVENT_ACKNOWLEDGED, 45 * MIN);
    event->a = 30;
    event->b = 10;
    event_note(&record.events, EVENT_PUSH, 45 * MIN + 1)->kind =
        EVENT_NONE; /* of a newer Roost */
    event_note(&record.events, EVENT_KEEPALIVE, 49 * MIN)->a = 240;
    event_note(&record.events, EVENT_SUSPECT, 50 * MIN)->b = 17;
    event_note(&record.events, EVENT_IDLE_END, 58 * MIN)->outcome = EVENT_OK;
    event_note(&record.events, EVENT_BLOCKED, 59 * MIN)->b = 9;
    event_note(&record.events, EVENT_UNBLOCKED, 59 * MIN)->a = 3000;
    event_note(&record.events, EVENT_LITERAL, 59 * MIN)->b = 12;
    event_note(&record.events, EVENT_LOGIN_FAILED, 59 * MIN);
    event_note(&record.events, EVENT_END, 60 * MIN);
    timeline_expect(texts, ARRAY_LEN(texts));
}

static void
what_is_forgotten_is_said(void **state)
{
    (void)state;
    struct arena arena;
    struct timeline_line *lines;
    size_t count;

    begin(END_LOGOUT, HOW_WE_CLOSED, 0);
    for (unsigned i = 0; i < LIMIT_EVENT_RING + 4; i++)
        event_note(&record.events, EVENT_PUSH, MIN + i);
    arena_init(&arena, 1 << 20);
    assert_int_equal(timeline_make(&record, &arena, &lines, &count), RC_OK);
    assert_int_equal(count, TIMELINE_MAX);
    assert_string_equal(lines[0].text, "connected from 203.0.113.9 port 50000");
    assert_string_equal(lines[1].text, "(7 events that are not remembered)");
    assert_string_equal(lines[count - 1].text, "end: The client logged out.");
    arena_done(&arena);
    arena_init(&arena, 64); /* and too little memory is an error, not a crash */
    assert_int_equal(timeline_make(&record, &arena, &lines, &count), RC_LIMIT);
    arena_done(&arena);

    begin(END_LOGOUT, HOW_WE_CLOSED, 0);
    while (record.events.count <= LIMIT_EVENT_RING)
        event_note(&record.events, EVENT_PUSH, MIN);
    arena_init(&arena, 1 << 20);
    assert_int_equal(timeline_make(&record, &arena, &lines, &count), RC_OK);
    assert_string_equal(lines[1].text, "(1 event that is not remembered)");
    arena_done(&arena);
}

/* ---- words ---- */

static void
networks_are_24_and_48(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *network;
    } rows[] = {
        {"203.0.113.9", "203.0.113.0/24"},
        {"2001:db8:1:2::3", "2001:db8:1::/48"},
        {"unix", "unix"},
        {"", ""},
        {"::1", "::/48"},
    };
    char network[WORDS_NETWORK];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        words_network(span_of_str(rows[i].peer), network);
        assert_string_equal(network, rows[i].network);
    }
}

static void
durations_are_two_units(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {-5, "0 ms"},
        {46, "46 ms"},
        {12 * S, "12 s"},
        {4 * MIN, "4 min"},
        {1853266, "30 min 53 s"},
        {125 * MIN, "2 h 5 min"},
        {(int64_t)76 * HOUR, "3 d 4 h"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_BUF buf = {0};
        buf_init(&buf, 100);
        words_duration(&buf, rows[i].ms);
        assert_string_equal(text_of(&buf), rows[i].text);
    }
}

/* ---- accounts ---- */

static struct account_session sessions[20];
static size_t session_count;
static struct arena arena;

static void
take(void)
{
    record.session = 100 + session_count;
    assert_int_equal(account_session_take(&record, &arena, &sessions[session_count++]), RC_OK);
}

static void
a_network_that_forgets_is_found(void **state)
{
    (void)state;
    struct account_report report;
    AUTO_BUF text = {0};

    arena_init(&arena, 1 << 20);
    session_count = 0;
    for (unsigned i = 0; i < 14; i++) {
        begin_dead();
        record.events.at[3].at_ms_low =
            40 * MIN - (i % 3) * 5 * S; /* silences of 290 to 300 s */
        take();
    }
    begin(END_LOGOUT, HOW_WE_CLOSED, 0);
    take();
    record.peer = SPAN("198.51.100.5");
    take();
    begin(END_NONE, HOW_UNKNOWN, MIN);
    take();
    assert_int_equal(account_report_make(sessions, session_count, &arena, &report), RC_OK);
    assert_int_equal(report.network_count, 2);
    assert_int_equal(report.device_count, 2);
    const struct account_group *first = &report.networks[0];
    assert_string_equal(first->network, "203.0.113.0/24");
    assert_int_equal(first->ends, 15);
    assert_int_equal(first->open, 1);
    assert_int_equal(first->by_reason[END_DEAD_PEER], 14);
    assert_int_equal(first->pattern, PATTERN_FORGETS);
    buf_init(&text, 1000);
    account_pattern_tell(first, 240, &text);
    assert_string_equal(
        text_of(&text),
        "14 of 15 ends on 203.0.113.0/24 came after 290 to 300 s of silence: that network "
        "forgets idle connections; its clients now get a keepalive every 4 minutes.");
    buf_clear(&text);
    account_pattern_tell(&report.networks[1], 0, &text);
    assert_int_equal(buf_len(&text), 0);
    arena_done(&arena);
}

static void
two_ends_or_scattered_ones_are_no_pattern(void **state)
{
    (void)state;
    struct account_report report;

    arena_init(&arena, 1 << 20);
    session_count = 0;
    begin_dead();
    take();
    take();
    assert_int_equal(account_report_make(sessions, session_count, &arena, &report), RC_OK);
    assert_int_equal(report.networks[0].pattern, PATTERN_NONE);
    for (unsigned i = 0; i < 8; i++) {
        begin_dead();
        record.events.at[3].at_ms_low = (uint32_t)(35 * MIN + (40 * S << (i / 2)));
        take();
    }
    assert_int_equal(account_report_make(sessions, session_count, &arena, &report), RC_OK);
    assert_int_equal(report.networks[0].ends, 10);
    assert_int_equal(report.networks[0].pattern, PATTERN_NONE);
    arena_done(&arena);
}

static void
a_client_that_renews_is_found(void **state)
{
    (void)state;
    struct account_report report;
    AUTO_BUF text = {0};

    arena_init(&arena, 1 << 20);
    session_count = 0;
    for (unsigned i = 0; i < 5; i++) {
        begin(END_CLOSED_IDLE, HOW_FIN, 0);
        record.events.at[2].at_ms_low = 31 * MIN + i * 10 * S;
        take();
    }
    assert_int_equal(account_report_make(sessions, session_count, &arena, &report), RC_OK);
    assert_int_equal(report.networks[0].pattern, PATTERN_NONE);
    assert_int_equal(report.devices[0].pattern, PATTERN_RENEWS);
    buf_init(&text, 1000);
    account_pattern_tell(&report.devices[0], 0, &text);
    assert_string_equal(
        text_of(&text),
        "5 of 5 ends on 203.0.113.0/24 came after 28 to 29 min of IDLE, closed by the "
        "client: this program renews its connection.");
    arena_done(&arena);
}

static void
strip_expect(int64_t from_ms, int64_t to_ms, const char *cells)
{
    static const char letters[] = ".-#=ox";
    enum strip_cell got[40];
    char text[41] = "";
    const size_t count = strlen(cells);

    account_strip(&sessions[0], start_ms + from_ms, start_ms + to_ms, got, count);
    for (size_t i = 0; i < count; i++)
        text[i] = letters[got[i]];
    assert_string_equal(text, cells);
}

static void
a_day_is_drawn(void **state)
{
    (void)state;

    arena_init(&arena, 1 << 20);
    session_count = 0;
    begin_dead(); /* an hour in IDLE */
    take();
    strip_expect(-HOUR, 2 * HOUR, "....====x...");
    session_count = 0;
    begin(END_LOGOUT, HOW_WE_CLOSED, 0);
    event_note(&record.events, EVENT_IDLE_END, 30 * MIN)->outcome = EVENT_OK;
    take();
    strip_expect(0, 2 * HOUR, "===###o.....");
    session_count = 0;
    begin(END_NONE, HOW_UNKNOWN, 0);
    record.events.count = 0;
    for (unsigned i = 0; i < LIMIT_EVENT_RING + 1; i++)
        event_note(&record.events, EVENT_PUSH, 30 * MIN);
    take();
    strip_expect(0, HOUR, "---###");
    arena_done(&arena);
}

int
main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(open_sessions_are_told_as_they_stand),
        T(a_suspect_is_told_until_it_answers),
        T(a_dead_connection_alone_is_open),
        T(a_return_before_the_end_is_a_router),
        T(a_return_from_elsewhere_is_a_move),
        T(a_second_device_is_no_move),
        T(a_late_return_stays_open),
        T(a_sister_connection_that_works_convicts_the_router),
        T(a_reset_after_silence_is_open_until_it_returns),
        T(a_reset_at_work_is_the_clients),
        T(alerts_are_named),
        T(missing_close_notify_is_no_error),
        T(leaving_before_the_first_command_may_be_the_certificate),
        T(whoever_waited_for_the_server_is_no_scanner),
        T(before_login_is_told_in_words),
        T(a_client_that_reconnects_wants_to_go_on),
        T(never_done_is_told),
        T(an_administrators_words_are_shown_escaped),
        T(a_crash_is_nobodys_but_the_servers),
        T(every_reason_has_a_verdict),
        T(peers_cannot_steer_the_terminal),
        T(a_life_is_told_in_lines),
        T(what_is_forgotten_is_said),
        T(networks_are_24_and_48),
        T(durations_are_two_units),
        T(a_network_that_forgets_is_found),
        T(two_ends_or_scattered_ones_are_no_pattern),
        T(a_client_that_renews_is_found),
        T(a_day_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The GMS transaction log, and Roost's, which has the same form:
 *
 *     IMAP 12:24:17.921 A 06157 1 0003 SELECT "INBOX"
 *
 * service, local time, level, entry number, session number, text. 06157 is a line from the
 * client, 06266 and 06392 are lines to it, 06050 is the removal of a session. Numbers from
 * 07000 on are Roost's (journal/log_entry.def), which also tell whose session it is. GMS
 * numbers sessions by slot, so a number occurs again; that a new session has begun is known
 * from the end of the one before.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>
#include <string.h>

enum gms_entry {
    GMS_REMOVED = 6050,
    GMS_LINE_IN = 6157,
    GMS_LINE_OUT = 6266,
    GMS_FETCH_OUT = 6392,
    ROOST_FIRST = 7000,
    ROOST_END = 7001,
    ROOST_CONNECTED = 7010,
    ROOST_TLS = 7011,
    ROOST_LOGGED_IN = 7012,
    ROOST_LOGIN_FAILED = 7013,
    ROOST_CLIENT_ID = 7014,
    ROOST_KEEPALIVE = 7016,
    ROOST_KICKED = 7024,
    ROOST_STOP = 7204,
};

struct gms_state {
    char removed[64]; /* the session in the last 06050 */
};
_Static_assert(sizeof(struct gms_state) <= READ_STATE_OCTETS, "state_octets");

struct gms_head {
    struct span service;
    int64_t tod_us;
    uint32_t precision_us;
    char level;
    uint64_t entry;
    struct span session;
    struct span text;
};

static bool
head_parse(struct span line, struct gms_head *out)
{
    struct span rest = line;

    out->service = imap_take_word(&rest);
    if (out->service.len < 3 || out->service.len > 8 || !read_take(&rest, SPAN(" ")))
        return false;
    for (size_t i = 0; i < out->service.len; i++)
        if (out->service.ptr[i] < '0' || out->service.ptr[i] > 'Z')
            return false;
    if (!when_take_clock(&rest, &out->tod_us, &out->precision_us))
        return false;
    const struct span level = imap_take_word(&rest);
    const struct span entry = imap_take_word(&rest);
    out->session = imap_take_word(&rest);
    if (level.len != 1 || entry.len != 5 || !span_to_u64(entry, 99999, &out->entry) ||
        out->session.len == 0)
        return false;
    out->level = level.ptr[0];
    out->text = span_tail(rest, 1);
    return true;
}

bool
read_gms_head(struct span line)
{
    struct gms_head head;

    return head_parse(line, &head);
}

/* "Removing session ACCOUNT - SENTENCE". */
static void
removed(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    static const struct {
        const char *word;
        enum foreign_fact fact;
    } reasons[] = {
        {"timed out", FACT_TIMED_OUT},  {"too long", FACT_TIMED_OUT},
        {"inactiv", FACT_TIMED_OUT},    {"not read", FACT_UNREAD},
        {"administrator", FACT_KICKED}, {"shut", FACT_STOPPING},
        {"stopp", FACT_STOPPING},       {"acknowledge", FACT_NO_ANSWER},
        {"no answer", FACT_NO_ANSWER},
    };
    struct span rest = text;

    if (read_take(&rest, SPAN("Removing session "))) {
        event->account = imap_take_word(&rest);
        rest = span_trim(rest);
        if (read_take(&rest, SPAN("- ")))
            rest = span_trim(rest);
    }
    /* Roost's own entry, which follows, says more about the end. */
    event->ends = reader->program == NULL;
    struct gms_state *state = reader->state;
    memcpy(state->removed, event->key.ptr, event->key.len);
    state->removed[event->key.len] = '\0';
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (read_has(rest, reasons[i].word)) {
            read_emit_fact(reader, event, reasons[i].fact, rest);
            return;
        }
    }
    read_emit_fact(reader, event, FACT_CLOSED, rest);
}

/* The value of name=, up to the next blank. */
static struct span
field(struct span text, struct span name)
{
    const ptrdiff_t at = span_find(text, name);

    if (at < 0)
        return (struct span){0};
    struct span rest = span_tail(text, (size_t)at + name.len);
    return imap_take_astring(&rest);
}

/* "login failed: reason=CODE ...": docs/fail2ban.md lists the codes. */
static enum foreign_fact
refusal(struct span text)
{
    const struct span reason = field(text, SPAN("reason="));

    if (span_eq(reason, SPAN("too-many-connections")))
        return FACT_LIMIT;
    return span_eq(reason, SPAN("too-many-logins")) || span_eq(reason, SPAN("server-failed"))
               ? FACT_FAILED
               : FACT_REFUSED;
}

/* "end REASON account=.. peer=.. ...", with a reason from journal/end_reason.def. */
static void
roost_end(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    static const struct {
        const char *prefix; /* beginning of a code in journal/end_reason.def */
        enum foreign_fact fact;
    } reasons[] = {
        {"logout", FACT_LOGOUT},           {"quit", FACT_LOGOUT},
        {"finished", FACT_LOGOUT},         {"closed-before-login", FACT_NO_LOGIN},
        {"closed", FACT_PEER_CLOSED},      {"reset", FACT_RESET},
        {"dead-peer", FACT_NO_ANSWER},     {"reaped", FACT_NO_ANSWER},
        {"unreachable", FACT_UNREACHABLE}, {"link-error", FACT_NO_ANSWER},
        {"tls", FACT_TLS_FAILED},          {"login-timeout", FACT_LOGIN_TIMEOUT},
        {"inactivity", FACT_TIMED_OUT},    {"idle-timeout", FACT_TIMED_OUT},
        {"slow-reader", FACT_UNREAD},      {"bad-commands", FACT_BAD},
        {"not-our-protocol", FACT_BAD},    {"line-too-long", FACT_BAD},
        {"literal-too-long", FACT_BAD},    {"login-failures", FACT_REFUSED},
        {"bad-proxy-header", FACT_BAD},    {"limit", FACT_LIMIT},
        {"kicked", FACT_KICKED},           {"account", FACT_KICKED},
        {"password-changed", FACT_KICKED}, {"app-password-revoked", FACT_KICKED},
        {"configuration", FACT_STOPPING},  {"shutdown", FACT_STOPPING},
        {"upgrade", FACT_STOPPING},        {"mailbox-failed", FACT_FAILED},
        {"store-failed", FACT_FAILED},     {"server-error", FACT_FAILED},
        {"crash", FACT_CRASHED},
    };
    struct span rest = text;
    struct gms_state *state = reader->state;

    /* In a log without other entries of the session, 06050 has reported this end already. */
    if (reader->program == NULL && span_eq_str(event->key, state->removed))
        return;
    imap_take_word(&rest);
    const struct span reason = imap_take_word(&rest);
    event->account = field(rest, SPAN("account="));
    event->peer = field(rest, SPAN("peer="));
    event->client = field(rest, SPAN("client="));
    event->ends = true;
    enum foreign_fact fact = FACT_STATISTICS;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0] && fact == FACT_STATISTICS; i++)
        if (span_starts(reason, span_of_str(reasons[i].prefix)))
            fact = reasons[i].fact;
    read_emit_fact(reader, event, fact, reason);
}

static void
roost(struct foreign_reader *reader, struct foreign_event *event, const struct gms_head *head)
{
    struct span rest = head->text;

    switch (head->entry) {
    case ROOST_END:
        roost_end(reader, event, head->text);
        break;
    case ROOST_CONNECTED:
        event->opens = true;
        if (read_take(&rest, SPAN("connected from ")))
            event->peer = imap_take_word(&rest);
        read_emit_fact(reader, event, FACT_CONNECTED, head->text);
        break;
    case ROOST_TLS:
        read_emit_fact(reader, event, FACT_TLS, head->text);
        break;
    case ROOST_LOGGED_IN:
        if (read_take(&rest, SPAN("logged in as ")))
            event->account = imap_take_word(&rest);
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
        break;
    case ROOST_LOGIN_FAILED:
        read_emit_fact(reader, event, refusal(rest), head->text);
        break;
    case ROOST_CLIENT_ID:
        if (read_take(&rest, SPAN("client ID ")))
            event->client = rest;
        read_emit_fact(reader, event, FACT_CLIENT_ID, rest);
        break;
    case ROOST_KEEPALIVE:
        read_emit_fact(reader, event, FACT_KEEPALIVE, head->text);
        break;
    case ROOST_KICKED:
        read_emit_fact(reader, event, FACT_KICKED, head->text);
        break;
    default:
        break;
    }
    reader->program = "Roost";
}

bool
read_gms(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct gms_head head;
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};

    if (!head_parse(line->text, &head))
        return false;
    event.ref.at_us = when_tod(&reader->clock, head.tod_us, head.precision_us);
    /* Session 0 is the server itself. Other services have sessions with the same numbers. */
    if (span_eq(head.session, SPAN("0")))
        return true;
    char key[64];
    const int len = snprintf(key, sizeof key, "%.*s %.*s", SPAN_FMT(head.service),
                             SPAN_FMT(span_head(head.session, 40)));
    event.key = span_of(key, (size_t)len < sizeof key ? (size_t)len : sizeof key - 1);
    switch (head.entry) {
    case GMS_LINE_IN:
        read_emit_line(reader, &event, DIR_TO_SERVER, head.text);
        break;
    case GMS_LINE_OUT:
    case GMS_FETCH_OUT:
        read_emit_line(reader, &event, DIR_TO_CLIENT, head.text);
        break;
    case GMS_REMOVED:
        removed(reader, &event, head.text);
        break;
    default:
        if (head.entry >= ROOST_FIRST)
            roost(reader, &event, &head);
        break;
    }
    return true;
}

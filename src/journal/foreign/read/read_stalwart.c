/* SPDX-License-Identifier: MIT */
/*
 * Stalwart's log of events with their codes, and its older log of spans:
 *
 *     2024-09-10T10:46:20Z TRACE Raw IMAP input received (imap.raw-input) listenerId =
 *     "imaptls", localPort = 993, remoteIp = 192.0.2.7, remotePort = 56391, contents = "..."
 *     2024-01-04T15:46:19.207241Z TRACE session{instance="imap" protocol=Imap
 *     remote.ip="192.0.2.7" remote.port=50572}: imap::core::client: event="read" data="..."
 *
 * (one line each; the fields of the first form may also follow in indented lines). Address and
 * port identify the session. The dialogue is shown only at level trace.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>
#include <string.h>

enum { DECODED_MAX = 16384 };

static const struct {
    const char *code;
    enum foreign_fact fact;
    bool ends;
} codes[] = {
    {"imap.connection-start", FACT_CONNECTED, false},
    {"imap.connection-end", FACT_STATISTICS, true},
    {"imap.logout", FACT_LOGOUT, false},
    {"auth.success", FACT_LOGGED_IN, false},
    {"auth.failed", FACT_REFUSED, false},
    {"auth.too-many-attempts", FACT_REFUSED, false},
    {"auth.error", FACT_FAILED, false},
    {"limit.concurrent-connection", FACT_LIMIT, false},
    {"limit.concurrent-request", FACT_LIMIT, false},
    {"limit.too-many-requests", FACT_LIMIT, false},
    {"security.ip-blocked", FACT_REFUSED, false},
    {"security.authentication-ban", FACT_REFUSED, false},
    {"network.closed", FACT_PEER_CLOSED, false},
    {"network.timeout", FACT_TIMED_OUT, false},
    {"network.read-error", FACT_RESET, false},
    {"network.write-error", FACT_RESET, false},
    {"network.flush-error", FACT_RESET, false},
    {"tls.handshake-error", FACT_TLS_FAILED, false},
};

static const struct read_word failures[] = {
    {"reset by peer", FACT_RESET},
    {"timed out", FACT_NO_ANSWER},
    {"roken pipe", FACT_PEER_CLOSED},
    {"nexpected", FACT_PEER_CLOSED},
};

struct head {
    int64_t at_us;
    struct span code;    /* of the event */
    struct span session; /* fields of the span, in the older form */
    struct span text;    /* the fields */
    bool is_alarm;       /* the level is WARN or ERROR */
};

static bool
is_level(struct span word)
{
    static const char *const levels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (span_eq_str(word, levels[i]))
            return true;
    return false;
}

static bool
head_parse(struct foreign_clock *clock, struct span line, struct head *out)
{
    struct span rest = line;

    *out = (struct head){0};
    if (!when_take_iso(clock, &rest, &out->at_us))
        return false;
    const struct span level = imap_take_word(&rest);
    if (!is_level(level))
        return false;
    out->is_alarm = span_eq_str(level, "WARN") || span_eq_str(level, "ERROR");
    read_take(&rest, SPAN(" "));
    out->text = rest;
    if (span_starts(rest, SPAN("session{"))) {
        out->session = read_between(rest, SPAN("session{"), SPAN("}: "));
        return out->session.len > 0;
    }
    /* "Title (part.event)": a code of lower case letters with a dot. */
    const ptrdiff_t open = span_find(rest, SPAN(" ("));
    const ptrdiff_t close = open < 0 ? -1 : span_find_char(span_tail(rest, (size_t)open), ')');
    if (close < 0)
        return false;
    out->code = span_of(rest.ptr + open + 2, (size_t)close - 2);
    out->text = span_tail(rest, (size_t)open + (size_t)close + 1);
    for (size_t i = 0; i < out->code.len; i++) {
        const char c = out->code.ptr[i];
        if (!(c >= 'a' && c <= 'z') && c != '.' && c != '-')
            return false;
    }
    return span_find_char(out->code, '.') > 0;
}

bool
read_stalwart_head(struct span line)
{
    struct foreign_clock clock = {0};
    struct head head;

    return head_parse(&clock, line, &head);
}

/* name = value, name = "value", name="value". */
static struct span
field(struct span text, const char *name)
{
    const ptrdiff_t at = span_find(text, span_of_str(name));

    if (at < 0)
        return (struct span){0};
    struct span rest = span_trim(span_tail(text, (size_t)at + strlen(name)));
    if (read_take(&rest, SPAN("\""))) {
        const ptrdiff_t end = span_find_char(rest, '"');
        return span_head(rest, end < 0 ? rest.len : (size_t)end);
    }
    struct span value = imap_take_word(&rest);
    if (value.len > 0 && value.ptr[value.len - 1] == ',')
        value.len--;
    return value;
}

/* Emits the octets of "A1 NOOP\r\n" line by line. Quotes within are not always escaped, so the
 * value extends to the last quote. */
static void
dialogue(struct foreign_reader *reader, const struct foreign_event *event, enum foreign_dir dir,
         struct span value)
{
    char plain[DECODED_MAX];
    size_t used = 0;

    while (value.len > 0 && value.ptr[value.len - 1] != '"')
        value.len--;
    if (value.len > 0)
        value.len--;
    for (size_t i = 0; i < value.len && used < DECODED_MAX; i++) {
        char c = value.ptr[i];
        if (c == '\\' && i + 1 < value.len) {
            c = value.ptr[++i];
            c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (c == '\r')
            continue;
        if (c != '\n') {
            plain[used++] = c;
            continue;
        }
        read_emit_line(reader, event, dir, span_of(plain, used));
        used = 0;
    }
    if (used > 0)
        read_emit_line(reader, event, dir, span_of(plain, used));
}

static bool
is_raw(struct foreign_reader *reader, const struct foreign_event *event,
       const struct head *head)
{
    static const struct {
        const char *mark;
        const char *before;
        enum foreign_dir dir;
    } raws[] = {
        {"imap.raw-input", "contents = \"", DIR_TO_SERVER},
        {"imap.raw-output", "contents = \"", DIR_TO_CLIENT},
        {"event=\"read\"", "data=\"", DIR_TO_SERVER},
        {"event=\"write\"", "data=\"", DIR_TO_CLIENT},
    };

    for (size_t i = 0; i < sizeof raws / sizeof raws[0]; i++) {
        if (!span_eq_str(head->code, raws[i].mark) &&
            (head->code.len > 0 || !read_has(head->text, raws[i].mark)))
            continue;
        const ptrdiff_t at = span_find(head->text, span_of_str(raws[i].before));
        if (at >= 0)
            dialogue(reader, event, raws[i].dir,
                     span_tail(head->text, (size_t)at + strlen(raws[i].before)));
        return true;
    }
    return false;
}

/* False: it looks like an unknown problem. */
static bool
event_of_code(struct foreign_reader *reader, struct foreign_event *event,
              const struct head *head)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (!span_eq_str(head->code, codes[i].code))
            continue;
        struct span told = field(head->text, "reason = ");
        enum foreign_fact fact = codes[i].fact;
        if (fact == FACT_RESET)
            fact = read_word_find(failures, sizeof failures / sizeof failures[0], told,
                                  FACT_PEER_CLOSED);
        event->opens = fact == FACT_CONNECTED;
        event->ends = codes[i].ends;
        event->joins = codes[i].ends;
        read_emit_fact(reader, event, fact, told.len > 0 ? told : head->code);
        return true;
    }
    return !head->is_alarm;
}

bool
read_stalwart(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct head head;
    char key[96];

    if (!head_parse(&reader->clock, line->text, &head))
        return false;
    event.ref.at_us = head.at_us;
    const bool is_old = head.session.len > 0;
    const struct span listener =
        is_old ? field(head.session, "instance=") : field(head.text, "listenerId = ");
    event.peer = is_old ? field(head.session, "remote.ip=") : field(head.text, "remoteIp = ");
    const struct span port =
        is_old ? field(head.session, "remote.port=") : field(head.text, "remotePort = ");
    /* Only sessions of IMAP; other events name other listeners or none. */
    if (event.peer.len == 0 || !span_istarts(listener, SPAN("imap")))
        return true;
    const int len = snprintf(key, sizeof key, "%.*s port %.*s",
                             SPAN_FMT(span_head(event.peer, 64)), SPAN_FMT(span_head(port, 8)));
    event.key = span_of(key, (size_t)len);
    event.account = field(head.text, "accountName = ");
    if (is_raw(reader, &event, &head))
        return true;
    if (!is_old) {
        return event_of_code(reader, &event, &head);
    } else if (read_has(head.text, "event=\"disconnect\"")) {
        event.joins = true;
        read_emit_fact(reader, &event, FACT_STATISTICS, SPAN(""));
    }
    return true;
}

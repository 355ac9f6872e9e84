/* SPDX-License-Identifier: MIT */
/*
 * What client programs print when asked for detail: mbsync -Dn (">>> 1 LOGIN <user> <pass>",
 * answers bare) or -V (no dialogue), fetchmail -vv ("fetchmail: IMAP> A0001 ..."), curl -v
 * ("> A001 ...", "< * OK", "* Connected to"). None but curl with --trace-time has times of
 * its own; a time before the line is taken where there is one.
 */
#include "journal/foreign/read/read.h"

static struct foreign_event
event_of(struct foreign_reader *reader, const struct foreign_line *line, struct span *text)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};

    *text = line->text;
    event.ref.at_us = read_time_take(&reader->clock, text);
    return event;
}

static struct span
without_time(struct span line)
{
    struct foreign_clock clock = {.year = 2000};

    (void)read_time_take(&clock, &line);
    return line;
}

static const struct read_word trouble[] = {
    {"Connection reset", FACT_RESET},
    {"onnection timed out", FACT_NO_ANSWER},
    {"waiting to connect", FACT_UNREACHABLE},
    {"timeout after", FACT_GAVE_UP}, /* fetchmail's own */
    {"timeout.", FACT_GAVE_UP},
    {"peration timed out", FACT_NO_ANSWER},
    {"No route to host", FACT_UNREACHABLE},
    {"onnection refused", FACT_UNREACHABLE},
    {"etwork is unreachable", FACT_UNREACHABLE},
    {"certificate", FACT_TLS_FAILED},
    {"TLS alert", FACT_TLS_FAILED},
    {"SSL_", FACT_TLS_FAILED},
    {"SSL connect", FACT_TLS_FAILED},
    {"ocket error", FACT_PEER_CLOSED},
    {"unexpected EOF", FACT_PEER_CLOSED},
    {"unexpected BYE", FACT_PEER_CLOSED},
    {"response reading failed", FACT_PEER_CLOSED},
    {"Connection died", FACT_PEER_CLOSED},
    {"lost connection", FACT_PEER_CLOSED},
};

/* The program's own words about trouble; others are skipped. */
static void
own_words(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    const enum foreign_fact fact =
        read_word_find(trouble, sizeof trouble / sizeof trouble[0], text, FACT_NONE);

    if (fact != FACT_NONE)
        read_emit_fact(reader, event, fact, text);
}

/* --- mbsync --- */

static bool
mbsync_store(struct span *text)
{
    return read_take(text, SPAN("F: ")) || read_take(text, SPAN("N: "));
}

bool
read_mbsync_head(struct span line)
{
    struct span text = without_time(line);

    mbsync_store(&text);
    if (span_starts(text, SPAN(">>> ")))
        return true;
    /* mbsync -V, and 1.3 ("master", "slave"). */
    static const char *const begins[] = {
        "IMAP error: ",
        "IMAP command '",
        "IMAP warning: ",
        "Opening far side ",
        "Opening master store",
        "Connection is now encrypted",
        "far side: ",
        "master: ",
        "Authenticating with SASL mechanism",
    };
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (span_starts(text, span_of_str(begins[i])))
            return true;
    return false;
}

bool
read_mbsync(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct span text;
    struct foreign_event event = event_of(reader, line, &text);
    struct imap_line parsed;

    if (span_starts(text, SPAN("N: ")))
        event.key = SPAN("near");
    mbsync_store(&text);
    if (read_take(&text, SPAN(">>> "))) {
        read_emit_line(reader, &event, DIR_TO_SERVER, text);
        return true;
    }
    imap_server_line(text, &parsed);
    if (parsed.sort == IMAP_UNTAGGED || parsed.sort == IMAP_TAGGED ||
        parsed.sort == IMAP_CONTINUE)
        read_emit_line(reader, &event, DIR_TO_CLIENT, text);
    else if (span_starts(text, SPAN("Connecting to "))) {
        event.opens = true;
        read_emit_fact(reader, &event, FACT_CONNECTED, SPAN(""));
    } else
        own_words(reader, &event, text);
    return true;
}

/* --- fetchmail --- */

struct fetchmail_state {
    bool
        gave_up; /* its own timer ended the session: the socket error after it is its own, too */
};
_Static_assert(sizeof(struct fetchmail_state) <= READ_STATE_OCTETS, "state_octets");

bool
read_fetchmail_head(struct span line)
{
    return span_starts(without_time(line), SPAN("fetchmail: "));
}

bool
read_fetchmail(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct fetchmail_state *state = reader->state;
    struct span text;
    struct foreign_event event = event_of(reader, line, &text);

    if (!read_take(&text, SPAN("fetchmail: ")))
        return false;
    if (read_take(&text, SPAN("IMAP> "))) {
        read_emit_line(reader, &event, DIR_TO_SERVER, text);
    } else if (read_take(&text, SPAN("IMAP< "))) {
        read_emit_line(reader, &event, DIR_TO_CLIENT, text);
    } else if (read_has(text, " querying ") && read_has(text, "poll started")) {
        event.opens = true;
        state->gave_up = false;
        read_emit_fact(reader, &event, FACT_CONNECTED, SPAN(""));
    } else if (state->gave_up && span_starts(text, SPAN("socket error"))) {
        read_emit_fact(reader, &event, FACT_CLOSED, text);
    } else {
        state->gave_up |= span_starts(text, SPAN("timeout after"));
        own_words(reader, &event, text);
    }
    return true;
}

/* --- curl --- */

/* The progress meter shares lines with what is logged: only what follows it counts. */
static struct span
behind_meter(struct span line)
{
    for (ptrdiff_t at; (at = span_find_char(line, '\r')) >= 0;)
        line = span_tail(line, (size_t)at + 1);
    for (ptrdiff_t at; (at = span_find(line, SPAN("--:--:-- "))) >= 0;)
        line = span_tail(line, (size_t)at + 9);
    size_t digits = 0;
    while (digits < line.len &&
           (line.ptr[digits] == ' ' || (line.ptr[digits] >= '0' && line.ptr[digits] <= '9')))
        digits++;
    const struct span rest = span_tail(line, digits);
    return digits > 0 && (span_starts(rest, SPAN("< ")) || span_starts(rest, SPAN("* ")) ||
                          span_starts(rest, SPAN("> ")))
               ? rest
               : line;
}

bool
read_curl_head(struct span line)
{
    const struct span text = behind_meter(without_time(line));

    return span_starts(text, SPAN("*   Trying ")) ||
           span_starts(text, SPAN("* Connected to ")) || span_starts(text, SPAN("< * ")) ||
           span_starts(text, SPAN("< A0")) || span_starts(text, SPAN("> A0")) ||
           span_starts(text, SPAN("curl: ("));
}

bool
read_curl(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct span text;
    struct foreign_event event = event_of(reader, line, &text);

    text = behind_meter(text);
    if (read_take(&text, SPAN("> "))) {
        read_emit_line(reader, &event, DIR_TO_SERVER, text);
    } else if (read_take(&text, SPAN("< "))) {
        read_emit_line(reader, &event, DIR_TO_CLIENT, text);
    } else if (read_take(&text, SPAN("* "))) {
        if (span_starts(text, SPAN("Connected to ")) || span_starts(text, SPAN("  Trying "))) {
            event.opens = span_starts(text, SPAN("  Trying "));
            read_emit_fact(reader, &event, FACT_CONNECTED, SPAN(""));
        } else if (span_starts(text, SPAN("SSL certificate problem")) ||
                   read_has(text, "TLS alert") ||
                   span_starts(text, SPAN("response reading failed"))) {
            own_words(reader, &event, text);
        } else if (span_starts(text, SPAN("Closing connection"))) {
            read_emit_fact(reader, &event, FACT_CLOSED, SPAN(""));
        } else if (read_has(text, "left intact")) {
            /* Kept for a further transfer: not closed yet. */
            read_emit_fact(reader, &event, FACT_LEFT, text);
        }
    } else if (span_starts(text, SPAN("curl: ("))) {
        read_emit_fact(reader, &event, FACT_TOLD_USER, text);
        own_words(reader, &event, text);
    }
    return true;
}

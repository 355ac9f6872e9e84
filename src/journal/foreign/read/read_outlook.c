/* SPDX-License-Identifier: MIT */
/*
 * The protocol log of Outlook Express, Windows Mail and Outlook (IMAP):
 *
 *     IMAP: 12:24:17 [tx] 0007 IDLE
 *     IMAP: 12:55:13 [db] Connection to 'mail.example.org' closed.
 *     IMAP: 12:55:13 [db] ERROR: "Your server has ...", hr=2148322319
 *
 * [tx] is client to server, [rx] server to client, [db] the program's own words. It names no
 * session. A connection ends with "closed" or with asNew = 0 in OnNotify, and a new greeting
 * begins another one. The hr is shown in hexadecimal, as Microsoft lists it.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>

struct outlook_head {
    int64_t tod_us;
    uint32_t precision_us;
    struct span mark; /* "tx", "rx", "db" */
    struct span text;
};

struct outlook_state {
    bool closed; /* the connection is closed; what follows may still be about it */
};

static bool
head_parse(struct span line, struct outlook_head *out)
{
    struct span rest = line;

    if (!read_take(&rest, SPAN("IMAP: ")) && !read_take(&rest, SPAN("IMAP4: ")))
        return false;
    if (!when_take_clock(&rest, &out->tod_us, &out->precision_us) ||
        !read_take(&rest, SPAN(" [")) || rest.len < 3 || rest.ptr[2] != ']')
        return false;
    out->mark = span_head(rest, 2);
    if (!span_eq_str(out->mark, "tx") && !span_eq_str(out->mark, "rx") &&
        !span_eq_str(out->mark, "db"))
        return false;
    rest = span_tail(rest, 3);
    read_take(&rest, SPAN(" "));
    out->text = rest;
    return true;
}

bool
read_outlook_head(struct span line)
{
    struct outlook_head head;

    return head_parse(line, &head);
}

/* `ERROR: "words", hr=2148322319` becomes `words (0x800CCC0F)`. */
static void
error(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    char told[640];
    struct span words = text;
    struct span number = {0};
    uint64_t hr = 0;

    const ptrdiff_t at = span_find(text, SPAN("hr="));
    if (at >= 0) {
        number = span_tail(text, (size_t)at + 3);
        words = span_head(text, (size_t)at);
    }
    words = span_trim(words);
    if (words.len > 0 && words.ptr[words.len - 1] == ',')
        words.len--;
    words = span_trim(words);
    if (words.len > 0 && words.ptr[words.len - 1] == '"')
        words.len--;
    read_take(&words, SPAN("\""));
    words = span_head(span_trim(words), 512);
    const bool has_hr = when_take_number(&number, 10, &hr) && hr <= UINT32_MAX;
    const int len =
        has_hr ? snprintf(told, sizeof told, "%.*s (0x%08X)", SPAN_FMT(words), (unsigned)hr)
               : snprintf(told, sizeof told, "%.*s", SPAN_FMT(words));
    read_emit_fact(reader, event, FACT_TOLD_USER, span_of(told, (size_t)len));
}

static bool
own_words(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct outlook_state *state = reader->state;
    struct span rest = text;

    if (read_take(&rest, SPAN("ERROR: "))) {
        error(reader, event, rest);
    } else if (span_starts(text, SPAN("Connection to ")) && read_has(text, "closed")) {
        if (!state->closed)
            read_emit_fact(reader, event, FACT_PEER_CLOSED, text);
        state->closed = true;
    } else if (span_starts(text, SPAN("Connecting to "))) {
        event->opens = true;
        state->closed = false;
        read_emit_fact(reader, event, FACT_CONNECTED, text);
    } else {
        return span_starts(text, SPAN("OnNotify: "));
    }
    return true;
}

bool
read_outlook(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct outlook_state *state = reader->state;
    struct outlook_head head;
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};

    if (!head_parse(line->text, &head))
        return false;
    event.ref.at_us = when_tod(&reader->clock, head.tod_us, head.precision_us);
    if (span_eq_str(head.mark, "db"))
        return own_words(reader, &event, head.text);
    /* Protocol lines after the end belong to a new connection. */
    event.opens = state->closed;
    state->closed = false;
    read_emit_line(reader, &event, span_eq_str(head.mark, "tx") ? DIR_TO_SERVER : DIR_TO_CLIENT,
                   head.text);
    return true;
}

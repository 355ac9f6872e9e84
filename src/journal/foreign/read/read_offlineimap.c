/* SPDX-License-Identifier: MIT */
/*
 * offlineimap -d imap, which is the debug output of imaplib2:
 *
 *     2026-11-22 17:34:02 DEBUG: [imap]:   34:02.48 host reader < b'* OK ready.\r\n'
 *
 * Without -l it goes to the screen, as " [imap]:   34:02.48 ...", without a date.
 *
 * Lines with "reader <" and "writer >" are protocol, as Python writes octets. The names of the
 * threads distinguish connections only by host, so "connected to" begins a new session.
 */
#include "journal/foreign/read/read.h"

enum { DECODED_MAX = 8192 };

/* What imaplib2 says about its own work, after the name of a thread, which may be anything. It
 * is understood and says nothing about the end of a session. */
static const char *const ordinary[] = {
    "state => ",
    "CAPABILITY: ",
    "imaplib2 version",
    "imaplib2 debug level",
    "Using authentication mechanisms",
    "Attempting ",
    ": level '",
    " _put_response",
    " _get_untagged_response",
    " _untagged_response",
    " untagged_responses",
    " _command_completer",
    " _request_p",
    " _close_threads",
    " call shutdown",
    " starting",
    " finished",
    ".ready.wait",
    ".ready.set",
    " state_change_",
    " [async] ",
    " [sync] ",
    " sync command ",
    " data=",
    " continuation => ",
    " literal ",
    " poll => ",
    " select => ",
    " rcvd ",
    " server IDL",
    " response: ",
    " response timeout", /* this and the next are told again when the thread ends */
    " socket error: ",
    " unexpected ",
    " inq None",
    " terminating: ",
    " last ",
    "Enabled COMPRESS",
};

static const struct read_word ends[] = {
    {"no response after", FACT_GAVE_UP},      {"Hang up", FACT_PEER_CLOSED},
    {"Too many read 0", FACT_PEER_CLOSED},    {"SSLEOFError", FACT_PEER_CLOSED},
    {"SSLZeroReturnError", FACT_PEER_CLOSED},
};

static bool
head_parse(struct foreign_clock *clock, struct span line, int64_t *at_out,
           struct span *text_out)
{
    struct span rest = line;

    *at_out = FOREIGN_NO_TIME;
    if (when_take_iso(clock, &rest, at_out) && !read_take(&rest, SPAN(" ")))
        return false;
    if (*at_out == FOREIGN_NO_TIME)
        read_take(&rest, SPAN(" "));
    if (!read_take(&rest, SPAN("DEBUG: [imap]: ")) && !read_take(&rest, SPAN("[imap]: ")))
        return false;
    *text_out = span_trim(rest);
    return true;
}

bool
read_offlineimap_head(struct span line)
{
    struct foreign_clock clock = {0};
    int64_t at;
    struct span text;

    return head_parse(&clock, line, &at, &text);
}

/* Returns what is between the quotes of b'...', without the line end and what follows it. */
static struct span
decode(struct span text, char *dst)
{
    size_t used = 0;

    read_take(&text, SPAN("b"));
    if (text.len < 2)
        return span_of(dst, 0);
    const char quote = text.ptr[0];
    for (size_t i = 1; i < text.len && used < DECODED_MAX; i++) {
        char c = text.ptr[i];
        if (c == quote)
            break;
        if (c == '\\' && i + 1 < text.len) {
            c = text.ptr[++i];
            if (c == 'r' || c == 'n')
                break;
            if (c == 'x' && i + 2 < text.len && ascii_hex(text.ptr[i + 1]) >= 0 &&
                ascii_hex(text.ptr[i + 2]) >= 0) {
                c = (char)(ascii_hex(text.ptr[i + 1]) * 16 + ascii_hex(text.ptr[i + 2]));
                i += 2;
            }
        }
        dst[used++] = c;
    }
    return span_of(dst, used);
}

/* "handler terminating: 'socket error: <class 'ssl.SSLEOFError'> - EOF occurred ...'". */
static bool
terminating(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    const ptrdiff_t at = span_find(text, SPAN("socket error"));
    enum foreign_fact fact = read_tls_fact(text);

    if (fact == FACT_NONE)
        fact = read_word_find(ends, ARRAY_LEN(ends), text, FACT_NONE);
    if (fact == FACT_NONE && at < 0)
        return read_has(text, "'Terminated'") || read_has(text, "'connection terminated'");
    read_emit_fact(reader, event, fact == FACT_NONE ? FACT_PEER_CLOSED : fact,
                   at < 0 ? text : span_tail(text, (size_t)at));
    return true;
}

bool
read_offlineimap(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    char plain[DECODED_MAX];
    struct span text;

    if (!head_parse(&reader->clock, line->text, &event.ref.at_us, &text))
        return false;
    const ptrdiff_t in = span_find(text, SPAN(" reader < "));
    const ptrdiff_t out = span_find(text, SPAN(" writer > "));
    if (in >= 0) {
        read_emit_line(reader, &event, DIR_TO_CLIENT,
                       decode(span_tail(text, (size_t)in + 10), plain));
    } else if (out >= 0) {
        read_emit_line(reader, &event, DIR_TO_SERVER,
                       decode(span_tail(text, (size_t)out + 10), plain));
    } else if (read_has(text, " terminating: ")) {
        return terminating(reader, &event, text);
    } else if (read_has(text, "connected to ")) {
        event.opens = true;
        read_emit_fact(reader, &event, FACT_CONNECTED, SPAN(""));
    } else if (read_has(text, " connection closed")) {
        read_emit_fact(reader, &event, FACT_CLOSED, SPAN(""));
    } else {
        for (size_t i = 0; i < ARRAY_LEN(ordinary); i++)
            if (read_has(text, ordinary[i]))
                return true;
        return false;
    }
    return true;
}

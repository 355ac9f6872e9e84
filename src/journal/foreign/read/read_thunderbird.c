/* SPDX-License-Identifier: MIT */
/*
 * Thunderbird's MOZ_LOG of the module IMAP, with or without "timestamp":
 *
 *     2024-02-08 12:37:01.089374 UTC - [Parent 223737: IMAP]: I/IMAP 7f4e..:host:S-INBOX:
 *     SendData: 108 IDLE
 *
 * (one line). The pointer names the connection object, which is the session. The state is NA
 * before login, A after it, S-MAILBOX once a mailbox is selected. Passwords are suppressed by
 * Thunderbird itself. With IMAP:5 failures of the network come as codes of nsresult.
 */
#include "journal/foreign/read/read.h"

static const struct read_word words[] = {
    {"NS_ERROR_NET_RESET", FACT_RESET},
    {"804b0014", FACT_RESET},
    {"804B0014", FACT_RESET},
    {"NS_ERROR_NET_TIMEOUT", FACT_NO_ANSWER},
    {"804b000e", FACT_NO_ANSWER},
    {"804B000E", FACT_NO_ANSWER},
    {"NS_ERROR_NET_INTERRUPT", FACT_PEER_CLOSED},
    {"804b0047", FACT_PEER_CLOSED},
    {"804B0047", FACT_PEER_CLOSED},
    {"NS_ERROR_CONNECTION_REFUSED", FACT_UNREACHABLE},
    {"NS_ERROR_UNKNOWN_HOST", FACT_UNREACHABLE},
    {"NS_BASE_STREAM_CLOSED", FACT_PEER_CLOSED},
    {"lost connection", FACT_PEER_CLOSED},
    {"SSL_ERROR", FACT_TLS_FAILED},
    {"SEC_ERROR", FACT_TLS_FAILED},
    {"close socket connection", FACT_CLOSED},
};

struct moz_head {
    int64_t at_us;
    struct span text; /* behind "I/IMAP " */
};

static bool
head_parse(struct foreign_clock *clock, struct span line, struct moz_head *out)
{
    struct span rest = line;

    out->at_us = FOREIGN_NO_TIME;
    if (when_take_iso(clock, &rest, &out->at_us) && !read_take(&rest, SPAN(" - ")))
        return false;
    if (rest.len == 0)
        return false;
    /* "[Parent 1: IMAP]: " or, of old, "-1716528320[95359100]: " */
    const ptrdiff_t end = span_find(rest, SPAN("]: "));
    if (end < 0 ||
        (rest.ptr[0] != '[' && span_find_char(span_head(rest, (size_t)end), '[') < 0))
        return false;
    const bool old = rest.ptr[0] != '[';
    rest = span_tail(rest, (size_t)end + 3);
    if (rest.len > 7 && rest.ptr[1] == '/' && span_starts(span_tail(rest, 2), SPAN("IMAP "))) {
        out->text = span_tail(rest, 7);
        return true;
    }
    out->text = rest;
    return old &&
           (read_has(rest, ":SendData: ") || read_has(rest, ":CreateNewLineFromSocket: "));
}

bool
read_thunderbird_head(struct span line)
{
    struct foreign_clock clock = {0};
    struct moz_head head;

    return head_parse(&clock, line, &head);
}

/* "ptr:host:STATE:Function: text". Mailbox names may hold colons: the function is found from
 * its name. */
static bool
parts(struct span text, struct span *key_out, struct span *function_out, struct span *rest_out)
{
    static const struct span functions[] = {SPAN_INIT(":SendData: "),
                                            SPAN_INIT(":CreateNewLineFromSocket: "),
                                            SPAN_INIT(":TellThreadToDie: ")};
    const ptrdiff_t colon = span_find_char(text, ':');

    if (colon <= 0 || colon > 24)
        return false;
    *key_out = span_head(text, (size_t)colon);
    *function_out = (struct span){0};
    *rest_out = text;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        const ptrdiff_t at = span_find(text, functions[i]);
        if (at < 0)
            continue;
        *function_out = span_of(functions[i].ptr + 1, functions[i].len - 3);
        *rest_out = span_tail(text, (size_t)at + functions[i].len);
        return true;
    }
    return true;
}

bool
read_thunderbird(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct moz_head head;
    struct span function;
    struct span rest;

    if (!head_parse(&reader->clock, line->text, &head))
        return false;
    event.ref.at_us = head.at_us;
    if (!parts(head.text, &event.key, &function, &rest))
        return true;
    event.client = SPAN("Thunderbird");
    if (span_eq_str(function, "SendData")) {
        if (!span_starts(rest, SPAN("Logging suppressed")))
            read_emit_line(reader, &event, DIR_TO_SERVER, rest);
    } else if (span_eq_str(function, "CreateNewLineFromSocket") &&
               !span_starts(rest, SPAN("NS_ERROR"))) {
        event.opens = span_starts(rest, SPAN("* OK")) && read_has(head.text, ":NA:");
        read_emit_line(reader, &event, DIR_TO_CLIENT, rest);
    } else {
        const enum foreign_fact fact =
            read_word_find(words, sizeof words / sizeof words[0], head.text, FACT_NONE);
        event.ends = fact == FACT_CLOSED;
        if (fact != FACT_NONE)
            read_emit_fact(reader, &event, fact, rest);
    }
    return true;
}

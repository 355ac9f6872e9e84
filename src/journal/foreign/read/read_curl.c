/* SPDX-License-Identifier: MIT */
/*
 * What curl prints with -v: "> A001 ..." for what it sends, "< * OK" for what it receives, and
 * "* " before its own words. It writes times only with --trace-time. The progress meter and,
 * without -s and -o, the mail itself stand between these lines.
 */
#include "journal/foreign/read/read.h"

/* curl's own words, where the number of the error does not say enough. */
static const struct read_word trouble[] = {
    {"TLS alert, close notify", FACT_NONE}, /* this is how both sides end TLS */
    {"TLS alert, Client hello", FACT_NONE}, /* the same, as curl called it before 7.62 */
    {"TLS alert", FACT_TLS_FAILED},
    {"SSL certificate problem", FACT_TLS_FAILED},
    {"response reading failed", FACT_PEER_CLOSED},
    {"Connection died", FACT_PEER_CLOSED},
    {"server disconnected", FACT_PEER_CLOSED},
    {"Failed to connect to", FACT_UNREACHABLE},
    {"Could not resolve host", FACT_UNREACHABLE},
};

/* curl's exit codes, for errors whose words are not known. */
static const struct {
    unsigned code;
    enum foreign_fact fact;
} codes[] = {
    {6, FACT_UNREACHABLE}, {7, FACT_UNREACHABLE},  {28, FACT_NO_ANSWER},
    {35, FACT_TLS_FAILED}, {51, FACT_TLS_FAILED},  {53, FACT_TLS_FAILED},
    {54, FACT_TLS_FAILED}, {55, FACT_PEER_CLOSED}, {56, FACT_PEER_CLOSED},
    {58, FACT_TLS_FAILED}, {59, FACT_TLS_FAILED},  {60, FACT_TLS_FAILED},
    {64, FACT_TLS_FAILED}, {66, FACT_TLS_FAILED},  {77, FACT_TLS_FAILED},
    {82, FACT_TLS_FAILED}, {83, FACT_TLS_FAILED},  {90, FACT_TLS_FAILED},
    {91, FACT_TLS_FAILED}, {98, FACT_TLS_FAILED},
};

/* Lines with "* " that are understood and say nothing about the end of a session. */
static const char *const ordinary[] = {
    "TLSv",
    "SSLv",
    "ALPN",
    "Host ",
    "Hostname ",
    "IPv4: ",
    "IPv6: ",
    " CAfile",
    " CApath",
    "  CAfile",
    "  CApath",
    "SSL connection using",
    "SSL re-using session ID",
    "SSL certificate verify ok",
    " SSL certificate verify",
    "SSL Trust",
    "Server certificate:",
    " subject",
    " start date:",
    " expire date:",
    " issuer:",
    "  subject",
    "  start date:",
    "  expire date:",
    "  issuer:",
    "  Certificate level",
    "Cipher selection:",
    "successfully set certificate",
    "old SSL session ID is stale",
    "Established connection",
    "Found ",
    "Written ",
    "Connection #",
    "Re-using existing connection",
    "Reusing existing connection",
    "PREAUTH connection",
    "upload completely sent off",
    "We are completely uploaded",
    "Added ",
    "Rebuilt URL",
    "TCP_NODELAY set",
    "shutting down connection",
};

/* Lines without a mark: those of the meter, and what curl adds to an error. */
static const char *const unmarked[] = {
    "{ [",
    "} [",
    "  % Total",
    "      ",
    "More details here: https://curl",
    "curl failed to verify the legitimacy",
    "establish a secure connection to it",
    "how to fix it, please visit",
};

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
    return digits > 0 && (rest.len == 0 || span_starts(rest, SPAN("< ")) ||
                          span_starts(rest, SPAN("* ")) || span_starts(rest, SPAN("> ")))
               ? rest
               : line;
}

bool
read_curl_head(struct span line)
{
    static const char *const begins[] = {"*   Trying ", "* Connected to ", "< * ", "< A0",
                                         "> A0",        "curl: ("};

    return read_begins(behind_meter(read_without_time(line)), begins, ARRAY_LEN(begins));
}

static enum foreign_fact
fact_of_words(struct span text)
{
    for (size_t i = 0; i < ARRAY_LEN(trouble); i++)
        if (read_has(text, trouble[i].word))
            return trouble[i].fact;
    return read_tls_fact(text);
}

/* "curl: (56) OpenSSL SSL_read: ..." */
static void
error(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    enum foreign_fact fact = fact_of_words(text);
    uint64_t code;

    read_emit_fact(reader, event, FACT_TOLD_USER, text);
    if (fact == FACT_NONE && span_to_u64(read_between(text, SPAN("("), SPAN(")")), 999, &code))
        for (size_t i = 0; i < ARRAY_LEN(codes); i++)
            if (codes[i].code == code)
                fact = codes[i].fact;
    if (fact != FACT_NONE)
        read_emit_fact(reader, event, fact, text);
}

/* A line with "* ". */
static bool
own_words(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    if (span_starts(text, SPAN("Connected to ")) || span_starts(text, SPAN("  Trying "))) {
        event->opens = span_starts(text, SPAN("  Trying "));
        read_emit_fact(reader, event, FACT_CONNECTED, SPAN(""));
        return true;
    }
    if (span_starts(text, SPAN("Closing connection"))) {
        read_emit_fact(reader, event, FACT_CLOSED, SPAN(""));
        return true;
    }
    if (read_has(text, "left intact")) { /* kept for a further transfer: not closed yet */
        read_emit_fact(reader, event, FACT_LEFT, text);
        return true;
    }
    const bool alert = read_has(text, "TLS alert");
    if (!alert && read_begins(text, ordinary, ARRAY_LEN(ordinary)))
        return true;
    const enum foreign_fact fact = fact_of_words(text);
    if (fact != FACT_NONE)
        read_emit_fact(reader, event, fact, text);
    return alert || fact != FACT_NONE;
}

bool
read_curl(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct span text = line->text;

    event.ref.at_us = read_time_take(&reader->clock, &text);
    const struct span all = text;
    text = behind_meter(text);
    if (read_take(&text, SPAN("> ")))
        read_emit_line(reader, &event, DIR_TO_SERVER, text);
    else if (read_take(&text, SPAN("< ")))
        read_emit_line(reader, &event, DIR_TO_CLIENT, text);
    else if (read_take(&text, SPAN("* ")))
        return own_words(reader, &event, text);
    else if (span_starts(text, SPAN("curl: (")))
        error(reader, &event, text);
    else
        return text.len == 0 || read_begins(all, unmarked, ARRAY_LEN(unmarked));
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * Courier in syslog: "imapd: LOGIN, user=bob, ip=[::ffff:192.0.2.7], port=[51234],
 * protocol=IMAP", later LOGOUT, DISCONNECTED or TIMEOUT with the same. Address and port tie the
 * lines together; before version 4.1 no port is told, then it is address and user, and the
 * lines before a login are skipped, because nothing ties them to it.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>

static const struct read_word words[] = {
    {"LOGIN FAILED", FACT_REFUSED},
    {"LOGIN, ", FACT_LOGGED_IN},
    {"LOGOUT, ", FACT_LOGOUT},
    {"TIMEOUT, ", FACT_TIMED_OUT},
    {"DISCONNECTED, ", FACT_PEER_CLOSED},
    {"Disconnected during shutdown", FACT_STOPPING},
    {"Disconnected, ", FACT_NO_LOGIN},
    {"Maximum connection limit", FACT_LIMIT},
    {"maximum active connections", FACT_LIMIT},
    {"Connection, ", FACT_CONNECTED},
    {"couriertls: accept", FACT_TLS_FAILED},
    {"couriertls: connect", FACT_TLS_FAILED},
    {"Connection reset by peer", FACT_RESET},
    {"Unexpected SSL connection shutdown", FACT_PEER_CLOSED},
};

static bool
is_courier(const struct read_syslog *head)
{
    static const char *const idents[] = {"imapd",        "imapd-ssl",   "imaplogin",
                                         "courier-imap", "couriertcpd", "courierimapd"};
    static const char *const begins[] = {"LOGIN, user=", "LOGOUT, user=", "DISCONNECTED, user=",
                                         "TIMEOUT, user=", "LOGIN FAILED, "};

    for (size_t i = 0; i < sizeof idents / sizeof idents[0]; i++)
        if (span_eq_str(head->ident, idents[i]))
            return true;
    /* journalctl -o cat: only the message. */
    if (head->ident.len > 0 || !read_has(head->whole, "protocol=IMAP"))
        return false;
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (span_starts(head->whole, span_of_str(begins[i])))
            return true;
    return false;
}

bool
read_courier_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct read_syslog head;

    return read_syslog_take(&clock, line, &head) && is_courier(&head) && !read_cyrus_head(line);
}

bool
read_courier(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct read_syslog head;
    char key[96];

    if (!read_syslog_take(&reader->clock, line->text, &head) || !is_courier(&head))
        return false;
    event.ref.at_us = head.at_us;
    const enum foreign_fact fact =
        read_word_find(words, sizeof words / sizeof words[0], head.text, FACT_NONE);
    if (fact == FACT_NONE)
        return read_has(head.text, "DEBUG: ");
    event.peer = read_between(head.text, SPAN("ip=["), SPAN("]"));
    const ptrdiff_t limit = span_find(head.text, SPAN("limit reached for "));
    if (limit >= 0)
        event.peer = span_tail(head.text, (size_t)limit + sizeof "limit reached for " - 1);
    const struct span port = read_between(head.text, SPAN("port=["), SPAN("]"));
    const struct span user = read_between(head.text, SPAN("user="), SPAN(", "));
    const struct span by = port.len > 0 ? port : span_head(user, 24);
    const int len = snprintf(key, sizeof key, "%.*s%s%.*s", SPAN_FMT(span_head(event.peer, 60)),
                             port.len > 0 ? " port "
                             : by.len > 0 ? " "
                                          : "",
                             SPAN_FMT(span_head(by, 24)));
    event.key = span_of(key, (size_t)len);
    event.account = user;
    if (port.len == 0 && fact == FACT_CONNECTED)
        return true;
    event.opens = fact == FACT_CONNECTED || (fact == FACT_LOGGED_IN && port.len == 0);
    event.ends = fact == FACT_LOGOUT || fact == FACT_TIMED_OUT || fact == FACT_PEER_CLOSED ||
                 fact == FACT_STOPPING || fact == FACT_NO_LOGIN || fact == FACT_LIMIT ||
                 (port.len == 0 && fact != FACT_LOGGED_IN);
    const ptrdiff_t comma = span_find_char(head.text, ',');
    read_emit_fact(reader, &event, fact,
                   comma < 0 ? head.text : span_head(head.text, (size_t)comma));
    return true;
}

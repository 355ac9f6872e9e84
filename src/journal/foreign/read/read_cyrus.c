/* SPDX-License-Identifier: MIT */
/*
 * Cyrus in syslog: "cyrus/imap[7623]: login: host [ip] user plaintext User logged in
 * SESSIONID=<..>". Lines are tied by process, which serves one session at a time and is used
 * again for the next. A client that just closes leaves no line: then only the next session of
 * the process, or its accounting ("USAGE", "session ended"), shows that it is over.
 */
#include "journal/foreign/read/read.h"

static const struct read_word words[] = {
    {"idle for too long", FACT_TIMED_OUT},
    {"Connection reset by peer", FACT_RESET},
    {"Connection timed out", FACT_NO_ANSWER},
    {"No route to host", FACT_UNREACHABLE},
    {"TLS negotiation failed", FACT_TLS_FAILED},
    {"STARTTLS negotiation failed", FACT_TLS_FAILED},
    {"signaled to death", FACT_CRASHED},
    {"Fatal error", FACT_FAILED},
    {"too many open connections", FACT_LIMIT},
    {"Too many open connections", FACT_LIMIT},
    /* No I/O error of the server: the client went away while it was sending a message. */
    {"reading message: unexpected end of file", FACT_PEER_CLOSED},
    {"client disconnected during upload", FACT_PEER_CLOSED},
    {"Broken pipe", FACT_PEER_CLOSED},
    {"IOERROR", FACT_FAILED},
    {"graceful shutdown", FACT_STOPPING},
};

/* What is understood and tells nothing about an end. */
static const char *const ordinary[] = {
    "accepted connection",
    "starttls: ",
    "TLS",
    "SSL_accept() incomplete",
    "inittls",
    "open: ",
    "Expunged ",
    "expunge",
    "seen_db: ",
    "auditlog: ",
    "created ",
    "sessionid",
    "SESSIONID",
    "counts: ",
    "executed",
    "about to exec",
    "ready for",
    "process ",
    "twoskip: ",
    "skiplist: ",
    "DBMSG: ",
    "modseq",
    "statuscache",
    "Delivered",
    "fetching user_deny",
    "tls_",
    "mystore: ",
    "verify_",
    "received ",
    "COMPRESS",
};

/* The name is the service's in cyrus.conf, with syslog_prefix and a slash before it if that is
 * set: "cyrus/imaps", "imaps", "slot1/imap". Courier's imapd has the same name; but a process
 * of Cyrus is always named by its number, and speaks its own words. */
static bool
is_cyrus(const struct read_syslog *head)
{
    static const char *const own[] = {
        "login: ",           "badlogin: ",          "SESSIONID",  "USAGE ",     "IOERROR",
        "idle for too long", "accepted connection", "starttls: ", "open: user", "client id"};
    const ptrdiff_t slash = span_find_char(head->ident, '/');
    const struct span program =
        slash < 0 ? head->ident : span_tail(head->ident, (size_t)slash + 1);

    if (head->pid.len == 0 || !span_starts(program, SPAN("imap")))
        return false;
    if (slash > 0 || span_eq_str(program, "imap") || span_eq_str(program, "imaps"))
        return true;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (read_has(head->text, own[i]))
            return true;
    return false;
}

static bool
is_master(const struct read_syslog *head)
{
    return span_starts(head->ident, SPAN("cyrus/master")) ||
           span_starts(head->ident, SPAN("cyrus/cyrmaster")) ||
           span_eq_str(head->ident, "cyrmaster") ||
           (span_eq_str(head->ident, "master") && head->pid.len > 0);
}

bool
read_cyrus_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct read_syslog head;

    return read_syslog_take(&clock, line, &head) && (is_cyrus(&head) || is_master(&head));
}

/* "host [ip] user ..." */
static void
peer_user(struct foreign_event *event, struct span text)
{
    struct span rest = text;
    struct span word = imap_take_word(&rest);

    if (word.len == 0 || word.ptr[0] != '[')
        word = imap_take_word(&rest);
    if (word.len > 2 && word.ptr[0] == '[') {
        const ptrdiff_t end = span_find_char(word, ']');
        event->peer = span_of(word.ptr + 1, end > 0 ? (size_t)end - 1 : word.len - 1);
    }
    event->account = imap_take_word(&rest);
}

static bool
is_ordinary(struct span text)
{
    for (size_t i = 0; i < sizeof ordinary / sizeof ordinary[0]; i++)
        if (span_starts(text, span_of_str(ordinary[i])))
            return true;
    return false;
}

static bool
message(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span rest = text;

    if (read_take(&rest, SPAN("login: "))) {
        peer_user(event, rest);
        event->opens = true;
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
    } else if (read_take(&rest, SPAN("badlogin: "))) {
        peer_user(event, rest);
        event->account = (struct span){0};
        event->opens = true;
        const struct span why = read_between(rest, SPAN("SASL("), SPAN("]"));
        event->ends = true;
        read_emit_fact(reader, event, FACT_REFUSED,
                       why.len > 0 ? why : SPAN("bad user name or password"));
    } else if (read_has(text, "client id")) {
        struct span value = read_between(text, SPAN("\"name\" \""), SPAN("\""));
        event->client = value;
        read_emit_fact(reader, event, FACT_CLIENT_ID, value);
    } else if (read_has(text, "session ended") || span_starts(text, SPAN("USAGE "))) {
        event->joins = true;
        event->ends = true;
        read_emit_fact(reader, event, FACT_STATISTICS, SPAN(""));
    } else {
        const enum foreign_fact fact =
            read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);
        /* What goes wrong before a login has no session yet. */
        event->joins = fact != FACT_TLS_FAILED && fact != FACT_LIMIT;
        event->ends = fact == FACT_LIMIT || fact == FACT_TLS_FAILED ||
                      read_has(text, "closing connection");
        if (fact == FACT_NONE)
            return is_ordinary(text);
        read_emit_fact(reader, event, fact, text);
    }
    return true;
}

/* "process type:SERVICE name:imap ... pid" or "process 1234 exited, signaled to death by 11".
 */
static void
master(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span rest = text;
    const ptrdiff_t at = span_find(text, SPAN("pid:"));

    if (!read_has(text, "signaled to death"))
        return;
    if (at >= 0)
        rest = span_tail(text, (size_t)at + 4);
    else
        read_take(&rest, SPAN("process "));
    event->key = imap_take_word(&rest);
    event->joins = true;
    event->ends = true;
    read_emit_fact(reader, event, FACT_CRASHED, text);
}

bool
read_cyrus(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct read_syslog head;

    if (!read_syslog_take(&reader->clock, line->text, &head))
        return false;
    event.ref.at_us = head.at_us;
    event.key = head.pid;
    if (is_master(&head))
        master(reader, &event, head.text);
    else if (is_cyrus(&head))
        return message(reader, &event, head.text);
    else
        return false;
    return true;
}

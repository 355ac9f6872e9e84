/* SPDX-License-Identifier: MIT */
/*
 * What mbsync prints with -Dn: ">>> 1 LOGIN <user> <pass>" for what it sends, the server's
 * answers as they are, and its own messages between them; with -V only the latter. It writes no
 * times; if something else has put a time before a line, that is used.
 */
#include "journal/foreign/read/read.h"

/* Its own words about problems, and words of libraries that it repeats. */
static const struct read_word trouble[] = {
    {": timeout.", FACT_GAVE_UP},
    {"SSL error connecting", FACT_TLS_FAILED},
    {"secure connect to", FACT_TLS_FAILED},
    {"Error, no server certificate", FACT_TLS_FAILED},
    {"Error, certificate owner", FACT_TLS_FAILED},
    {"Error, cannot get certificate", FACT_TLS_FAILED},
    {"Cannot connect to", FACT_UNREACHABLE},
    {"Cannot resolve server", FACT_UNREACHABLE},
    {"No working address found", FACT_UNREACHABLE},
};

static const struct read_word ends[] = {
    {"receive buffer full", FACT_NONE},
    {"Socket error", FACT_PEER_CLOSED},
    {"unexpected BYE", FACT_PEER_CLOSED},
};

static const struct read_troubles troubles = {trouble, ARRAY_LEN(trouble), ends,
                                              ARRAY_LEN(ends)};

/* Lines that are understood and say nothing about the end of a session. */
static const char *const ordinary[] = {
    "Reading configuration file ",
    "Channel ",
    "Opening ",
    "Resolving ",
    "Starting ",
    "Connection is now encrypted",
    "Logging in...",
    "Authenticating with SASL mechanism",
    "*** IMAP Warning ***",
    "Loading ",
    "Synchronizing",
    "Creating ",
    "Deleting ",
    "Expunging",
    "Trashing",
    "far side",
    "near side",
    "master: ",
    "slave: ",
    "Maildir notice: ",
    "Maildir warning: ",
    "Notice: ",
    "Warning: ",
    "IMAP command '", /* the answer before it says the same */
    "IMAP warning: ",
    "C: ",
    "isync ",
    "mbsync ",
    ")", /* follows a message that is not shown */
};

static bool
mbsync_store(struct span *text)
{
    return read_take(text, SPAN("F: ")) || read_take(text, SPAN("N: "));
}

bool
read_mbsync_head(struct span line)
{
    /* mbsync -V, and 1.3 ("master", "slave"). */
    static const char *const begins[] = {
        ">>> ",
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
    struct span text = read_without_time(line);

    mbsync_store(&text);
    return read_begins(text, begins, ARRAY_LEN(begins));
}

static bool
own_words(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    if (read_take(&text, SPAN("Connecting to "))) {
        event->opens = true;
        read_emit_fact(reader, event, FACT_CONNECTED, SPAN(""));
        return true;
    }
    if (read_begins(text, ordinary, ARRAY_LEN(ordinary)))
        return true;
    return read_emit_trouble(reader, event, &troubles, text);
}

bool
read_mbsync(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct span text = line->text;
    struct imap_line parsed;

    event.ref.at_us = read_time_take(&reader->clock, &text);
    if (span_starts(text, SPAN("N: ")))
        event.key = SPAN("near");
    mbsync_store(&text);
    if (read_take(&text, SPAN(">>> "))) {
        read_emit_line(reader, &event, DIR_TO_SERVER, text);
        return true;
    }
    imap_server_line(text, &parsed);
    if (parsed.sort != IMAP_UNTAGGED && parsed.sort != IMAP_TAGGED &&
        parsed.sort != IMAP_CONTINUE)
        return own_words(reader, &event, text);
    read_emit_line(reader, &event, DIR_TO_CLIENT, text);
    return true;
}

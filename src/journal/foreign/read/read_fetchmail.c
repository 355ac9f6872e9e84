/* SPDX-License-Identifier: MIT */
/*
 * What fetchmail prints with -vv: "fetchmail: IMAP> A0001 CAPABILITY", "fetchmail: IMAP< * OK",
 * and its own messages, each after its name. It writes no times; if something else has put a
 * time before a line, that is used.
 *
 * For a connection with TLS it prints the certificate, in ten lines or more, whether or not
 * anything is wrong with it.
 */
#include "journal/foreign/read/read.h"

struct fetchmail_state {
    /* Its own timer ended the session, so the socket error after it is also its own. */
    bool gave_up;
};
_Static_assert(sizeof(struct fetchmail_state) <= READ_STATE_OCTETS, "state_octets");

static const struct read_word trouble[] = {
    {"waiting to connect", FACT_UNREACHABLE},
    {"timeout after", FACT_GAVE_UP},
    {"getaddrinfo(", FACT_UNREACHABLE},
    {"upgrade to TLS failed", FACT_TLS_FAILED},
    {"SSL connection failed", FACT_TLS_FAILED},
    {"handshake failed", FACT_TLS_FAILED},
    {"Server CommonName mismatch", FACT_TLS_FAILED},
    {"fingerprints do not match", FACT_TLS_FAILED},
    {"Broken certification chain", FACT_TLS_FAILED},
    {"Missing trust anchor", FACT_TLS_FAILED},
    {"Bad certificate:", FACT_TLS_FAILED},
    {"verification was somehow skipped", FACT_TLS_FAILED},
};

static const struct read_word ends[] = {
    {"ocket error", FACT_PEER_CLOSED},
    {"lost connection", FACT_PEER_CLOSED},
};

static const struct read_troubles troubles = {trouble, ARRAY_LEN(trouble), ends,
                                              ARRAY_LEN(ends)};

/* Lines that are understood and say nothing about the end of a session. */
static const char *const ordinary[] = {
    "Trying to connect to ",
    "Server certificate:",
    "Certificate at depth ",
    "Certificate chain, ",
    "Issuer ",
    "Subject ",
    "Unknown Organization",
    "Unknown Issuer CommonName",
    "Unknown Server CommonName",
    "SSL/TLS: using protocol",
    "SSL verify callback depth",
    "Loaded OpenSSL library",
    "WARNING: ",
    "Warning: ",
    "warning: ",
    "This could mean that ",
    "Protocol identified as",
    "will idle after poll",
    "re-poll failed", /* the reason follows */
    "found updated capabilities list",
    "selecting or re-polling",
    "GSSAPI error ",
    "No suitable GSSAPI credentials",
    "If you want to use GSSAPI",
    "not swapping UID lists",
    "swapping UID lists",
    "discarding new UID list",
    "Old UID list",
    "New UID list",
    "Merged UID list",
    "Scratch list of UIDs",
    "Writing fetchids file",
    "Deleting fetchids file",
    "Query status=",
    "normal termination",
    "terminated with signal",
    "sleeping at ",
    "awakened ",
    "starting fetchmail",
    "restarting fetchmail",
    "removing stale lockfile",
    "background fetchmail",
    "skipping message ",
    "reading message ",
    "skipping poll of ",
    "interval not reached",
    "Polling ",
    "No mail for ",
    "fetchlimit ",
    "forwarding ",
    "about to deliver with",
    "passed through ",
    "mapped ",
    "line accepted",
    "line rejected",
    "analyzing Received line",
    "no local matches",
    "SMTP",
    "ESMTP",
    "LMTP",
    "decoded as ",
    "Authorization failure on ", /* the answer before it says the same */
    "Authorization OK on ",
    "Service has been restored",
    "For help, see ",
};

bool
read_fetchmail_head(struct span line)
{
    return span_starts(read_without_time(line), SPAN("fetchmail: "));
}

/* The same, for lines where the name of a server, a version or a number comes first. */
static bool
is_ordinary(struct span text)
{
    static const char *const has[] = {
        " key fingerprint: ", " fingerprints match.", "upgrade to TLS succeeded",
        /* it continues without TLS */
        "opportunistic upgrade to TLS failed", "WARNING: server offered STARTTLS", " querying ",
        " waiting after "};

    if (read_begins(text, ordinary, ARRAY_LEN(ordinary)))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (read_has(text, has[i]))
            return true;
    /* "1 message (1 seen) for ann at mail.example.org." */
    return text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9' && read_has(text, " for ");
}

static bool
own_words(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    if (is_ordinary(text))
        return true;
    return read_emit_trouble(reader, event, &troubles, text);
}

bool
read_fetchmail(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct fetchmail_state *state = reader->state;
    struct span text = line->text;

    event.ref.at_us = read_time_take(&reader->clock, &text);
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
        return own_words(reader, &event, text);
    }
    return true;
}

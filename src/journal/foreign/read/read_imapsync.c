/* SPDX-License-Identifier: MIT */
/*
 * imapsync, which talks to two servers at once and names them Host1 and Host2:
 *
 *     Host1: IMAP server [mail.example.org] port [993] user [ann]
 *     Host1: success login on [mail.example.org] with user [ann] auth [LOGIN]
 *     Host2 failure: Error login on [..] with user [ann] auth [LOGIN]: 2 NO LOGIN failed
 *     Exiting with return value 162 (EXIT_AUTHENTICATION_FAILURE_USER2)
 *
 * With --debugimap1 (or 2) the dialogue is there too: "Sending: 1 NOOP", "Read: <TAB>1 OK".
 */
#include "journal/foreign/read/read.h"

#include <string.h>

struct imapsync_state {
    bool second; /* the host that was named last */
};
_Static_assert(sizeof(struct imapsync_state) <= READ_STATE_OCTETS, "state_octets");

static const struct read_word words[] = {
    {"Error login on", FACT_REFUSED},
    {"can not open imap connection", FACT_UNREACHABLE},
    {"Unable to connect", FACT_UNREACHABLE},
    {"Can not go to tls", FACT_TLS_FAILED},
    {"SSL connect attempt failed", FACT_TLS_FAILED},
    {"NOT connected", FACT_PEER_CLOSED},
    {"Connection reset by peer", FACT_RESET},
    {"timeout waiting", FACT_GAVE_UP},
    {"Write failed 'Broken pipe'", FACT_PEER_CLOSED},
    {"socket closed while reading", FACT_PEER_CLOSED},
    {"* BYE", FACT_BYE},
};

static bool
host_take(struct span *text, bool *second_out)
{
    if (!span_starts(*text, SPAN("Host1")) && !span_starts(*text, SPAN("Host2")))
        return false;
    *second_out = text->ptr[4] == '2';
    *text = span_tail(*text, 5);
    return text->len > 0 && (text->ptr[0] == ':' || text->ptr[0] == ' ');
}

bool
read_imapsync_head(struct span line)
{
    struct span text = line;
    bool second;

    return host_take(&text, &second) || span_starts(line, SPAN("Here is imapsync ")) ||
           span_starts(line, SPAN("Exiting with return value ")) ||
           (span_starts(line, SPAN("Err ")) && read_has(line, "/") && read_has(line, ": "));
}

static void
about_host(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span rest = text;

    event->account = read_between(text, SPAN("user ["), SPAN("]"));
    if (span_starts(text, SPAN(": connecting and login on"))) {
        event->opens = true;
        read_emit_fact(reader, event, FACT_CONNECTED, SPAN(""));
    } else if (read_take(&rest, SPAN(" banner: "))) {
        read_emit_line(reader, event, DIR_TO_CLIENT, rest);
    } else if (span_starts(text, SPAN(": success login on"))) {
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
    } else if (span_starts(text, SPAN(": logout")) || span_starts(text, SPAN(": disconnect"))) {
        read_emit_fact(reader, event, FACT_LOGOUT, SPAN(""));
    } else {
        const enum foreign_fact fact =
            read_has(text, "ailure") || read_has(text, "rror")
                ? read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE)
                : FACT_NONE;
        if (fact != FACT_NONE)
            read_emit_fact(reader, event, fact, span_trim(text));
    }
}

/* Of neither host by its words: dialogue, errors, the last word. */
static bool
about_all(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    event->joins = true;
    if (read_take(&text, SPAN("Sending: "))) {
        read_emit_line(reader, event, DIR_TO_SERVER, text);
        return true;
    }
    if (read_take(&text, SPAN("Read: "))) {
        read_emit_line(reader, event, DIR_TO_CLIENT, span_trim(text));
        return true;
    }
    if (span_starts(text, SPAN("Exiting with return value "))) {
        for (int i = 1; i <= 2; i++) {
            event->key = i == 1 ? SPAN("Host1") : SPAN("Host2");
            read_emit_fact(reader, event, FACT_TOLD_USER, text);
        }
        return true;
    }
    const enum foreign_fact fact =
        read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);
    if (fact != FACT_NONE)
        read_emit_fact(reader, event, fact, text);
    return true;
}

bool
read_imapsync(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {
        .ref = {.at_us = FOREIGN_NO_TIME, .line = line->number, .file = line->file}};
    struct imapsync_state *state = reader->state;
    struct span text = line->text;

    /* "Err 1/50: Host1 failure: ..." */
    if (span_starts(text, SPAN("Err "))) {
        const ptrdiff_t colon = span_find(text, SPAN(": "));
        text = span_tail(text, colon < 0 ? 0 : (size_t)colon + 2);
    }
    const bool named = host_take(&text, &state->second);
    event.key = state->second ? SPAN("Host2") : SPAN("Host1");
    event.client = SPAN("imapsync");
    if (!named)
        return about_all(reader, &event, text);
    about_host(reader, &event, text);
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * What JavaMail (Jakarta Mail, Angus) prints with mail.debug=true, and with it FairEmail, whose
 * lines logcat shows with the tag javamail and the user's name before them:
 *
 *     DEBUG IMAPS: trying to connect to host "mail.example.org", port 993, isSSL true
 *     A2 SELECT INBOX
 *     * 3 EXISTS
 *     * BYE JavaMail Exception: java.net.SocketException: Connection reset
 *
 * Protocol lines have no mark: their direction is guessed from their form. The last line above
 * did not come from the server; JavaMail invents it for whatever broke the connection.
 */
#include "journal/foreign/read/read.h"

struct javamail_state {
    struct read_guess guess;
};
_Static_assert(sizeof(struct javamail_state) <= READ_STATE_OCTETS, "state_octets");

/* JavaMail's own words; Java's are in tls_words.c. */
static const struct read_word words[] = {
    {"dropped by server", FACT_PEER_CLOSED}, {"EOF", FACT_PEER_CLOSED},
    {"timed out", FACT_NO_ANSWER},           {"UnknownHost", FACT_UNREACHABLE},
    {"unreachable", FACT_UNREACHABLE},
};

static enum foreign_fact
fact_of(struct span text, enum foreign_fact otherwise)
{
    const enum foreign_fact fact = read_tls_fact(text);

    return fact != FACT_NONE ? fact : read_word_find(words, ARRAY_LEN(words), text, otherwise);
}

struct head {
    int64_t at_us;
    struct span user;
    struct span text;
    bool marked; /* it begins with a logger's name */
};

/* "... TRACE com.sun.mail.imap.protocol - A1 NOOP", "... DEBUG com.sun.mail.imap - text". */
static bool
logger_take(struct span *text)
{
    static const struct span names[] = {SPAN_INIT("com.sun.mail.imap"),
                                        SPAN_INIT("org.eclipse.angus.mail.imap"),
                                        SPAN_INIT("jakarta.mail")};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const ptrdiff_t at = span_find(*text, names[i]);
        const ptrdiff_t dash =
            at < 0 ? -1 : span_find(span_tail(*text, (size_t)at), SPAN(" - "));
        if (dash < 0)
            continue;
        *text = span_tail(*text, (size_t)at + (size_t)dash + 3);
        return true;
    }
    return false;
}

static void
head_parse(struct foreign_clock *clock, struct span line, struct head *out)
{
    struct span rest = line;
    struct span tag;

    *out = (struct head){.at_us = FOREIGN_NO_TIME};
    if (read_logcat_take(clock, &rest, &out->at_us, &tag) &&
        (span_eq_str(span_trim(tag), "javamail") ||
         span_eq_str(span_trim(tag), "System.out"))) {
        out->marked = span_eq_str(span_trim(tag), "javamail");
        struct span look = rest;
        const struct span user = imap_take_word(&look);
        if (out->marked && span_find_char(user, '@') > 0) {
            out->user = user;
            rest = span_tail(look, 1);
        }
    } else {
        rest = line;
        out->at_us = read_time_take(clock, &rest);
        out->marked = logger_take(&rest);
    }
    out->text = rest;
}

bool
read_javamail_head(struct span line)
{
    static const char *const begins[] = {"DEBUG IMAPS: ",
                                         "DEBUG IMAP: ",
                                         "DEBUG: JavaMail version",
                                         "DEBUG: Jakarta Mail version",
                                         "* BYE JavaMail Exception",
                                         "* BYE Jakarta Mail Exception"};
    struct foreign_clock clock = {.year = 2000};
    struct head head;

    head_parse(&clock, line, &head);
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (span_starts(head.text, span_of_str(begins[i])))
            return true;
    return head.marked;
}

/* "* BYE JavaMail Exception: ...", or an exception that quotes it. */
static bool
broken(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    const ptrdiff_t at = span_find(text, SPAN("Mail Exception: "));

    if (at < 0 || !read_has(text, "BYE "))
        return false;
    const struct span told = span_tail(text, (size_t)at + 16);
    read_emit_fact(reader, event, fact_of(told, FACT_PEER_CLOSED), told);
    return true;
}

/* "LOGIN command result: A1 OK done", "AUTHENTICATE PLAIN command result: A1 NO ...". */
static bool
login_result(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    const ptrdiff_t at = span_find(text, SPAN(" command result: "));
    struct imap_line answer;

    if (at < 0)
        return false;
    const struct span rest = span_tail(text, (size_t)at + 17);
    imap_server_line(rest, &answer);
    if (answer.sort == IMAP_UNTAGGED)
        read_emit_line(reader, event, DIR_TO_CLIENT, rest);
    else if (answer.status == STATUS_OK)
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
    else
        read_emit_fact(reader, event, FACT_REFUSED, answer.text);
    return true;
}

/* False: an exception of an unknown kind. */
static bool
own_words(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    if (span_starts(text, SPAN("trying to connect to host"))) {
        event->opens = true;
        read_emit_fact(reader, event, FACT_CONNECTED, SPAN(""));
    } else if (span_starts(text, SPAN("protocolConnect login"))) {
        event->account = read_between(text, SPAN("user="), SPAN(","));
        event->joins = true;
        read_emit_fact(reader, event, FACT_NONE, SPAN(""));
    } else if (!login_result(reader, event, text) && read_has(text, "xception")) {
        const enum foreign_fact fact = fact_of(text, FACT_NONE);
        event->joins = true;
        if (fact != FACT_NONE)
            read_emit_fact(reader, event, fact, text);
        return fact != FACT_NONE;
    }
    return true;
}

bool
read_javamail(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct javamail_state *state = reader->state;
    struct imap_line parsed;
    struct head head;

    head_parse(&reader->clock, line->text, &head);
    event.ref.at_us = head.at_us;
    event.key = head.user;
    event.account = head.user;
    if (read_take(&head.text, SPAN("DEBUG IMAPS: ")) ||
        read_take(&head.text, SPAN("DEBUG IMAP: ")))
        return own_words(reader, &event, head.text);
    if (broken(reader, &event, head.text) || span_starts(head.text, SPAN("DEBUG")))
        return true;
    /* Programs also print other things, which must not be taken for protocol lines. */
    const bool expected = state->guess.literal_left > 0 || state->guess.asked;
    const enum foreign_dir dir = read_guess_dir(&state->guess, head.text);
    if (dir == DIR_TO_CLIENT)
        imap_server_line(head.text, &parsed);
    else
        imap_client_line(head.text, &parsed);
    if (!expected && (parsed.sort == IMAP_OTHER || parsed.sort == IMAP_UNKNOWN)) {
        const bool is_known = own_words(reader, &event, head.text);
        return (head.marked && is_known) || span_trim(head.text).len == 0 ||
               read_is_trace(head.text);
    }
    read_emit_line(reader, &event, dir, head.text);
    return true;
}

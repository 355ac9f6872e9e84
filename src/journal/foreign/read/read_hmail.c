/* SPDX-License-Identifier: MIT */
/*
 * hMailServer's log: columns in quotes, separated by tabs (or blanks, if somebody has pasted
 * them):
 *
 *     "IMAPD"  8692  23  "2017-02-05 13:57:54.252"  "192.0.2.23"  "RECEIVED: A003 NOOP"
 *     "DEBUG"  8692  "2017-02-05 13:57:54.255"  "Ending session 23"
 *
 * service, thread, session, time, address, text. Several lines sent at once are one entry,
 * with [nl] between them. Passwords are shown as ***.
 */
#include "journal/foreign/read/read.h"

enum { COLUMNS = 6 };

struct columns {
    struct span service;
    struct span values[COLUMNS]; /* the columns after the service */
    size_t count;
};

/* The next column. The last one, the text, extends to the end of the line, including quotes. */
static struct span
column_take(struct span *rest, bool is_text)
{
    while (rest->len > 0 && (rest->ptr[0] == '\t' || rest->ptr[0] == ' '))
        *rest = span_tail(*rest, 1);
    if (!read_take(rest, SPAN("\"")))
        return imap_take_word(rest);
    if (is_text) {
        struct span text = span_trim(*rest);
        *rest = span_tail(*rest, rest->len);
        if (text.len > 0 && text.ptr[text.len - 1] == '"')
            text.len--;
        return text;
    }
    const ptrdiff_t end = span_find_char(*rest, '"');
    const struct span value = span_head(*rest, end < 0 ? rest->len : (size_t)end);
    *rest = span_tail(*rest, value.len + 1);
    return value;
}

static bool
columns_parse(struct span line, struct columns *out)
{
    static const char *const services[] = {"IMAPD", "DEBUG", "TCPIP", "SMTPD",      "SMTPC",
                                           "POP3D", "POP3C", "ERROR", "APPLICATION"};
    struct span rest = line;
    bool known = false;

    *out = (struct columns){0};
    if (!span_starts(rest, SPAN("\"")))
        return false;
    out->service = column_take(&rest, false);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        known |= span_eq_str(out->service, services[i]);
    if (!known || rest.len == 0 || (rest.ptr[0] != '\t' && rest.ptr[0] != ' '))
        return false;
    /* thread, session, time, address, text; other rows have no session and address. */
    const size_t count = span_eq_str(out->service, "IMAPD") ? 5 : 3;
    while (out->count < count && rest.len > 0) {
        out->values[out->count] = column_take(&rest, out->count + 1 == count);
        out->count++;
    }
    return out->count == count && out->values[0].len > 0 && out->values[0].ptr[0] >= '0' &&
           out->values[0].ptr[0] <= '9';
}

bool
read_hmail_head(struct span line)
{
    struct columns columns;

    return columns_parse(line, &columns);
}

/* "SENT: * BYE Have a nice day[nl]A004 OK Logout completed". */
static bool
dialogue(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    enum foreign_dir dir = DIR_TO_SERVER;

    if (read_take(&text, SPAN("SENT: ")))
        dir = DIR_TO_CLIENT;
    else if (!read_take(&text, SPAN("RECEIVED: ")))
        return false;
    event->opens = dir == DIR_TO_CLIENT && span_starts(text, SPAN("* OK IMAP"));
    while (text.len > 0) {
        const ptrdiff_t end = span_find(text, SPAN("[nl]"));
        const struct span line = span_head(text, end < 0 ? text.len : (size_t)end);
        text = span_tail(text, end < 0 ? text.len : (size_t)end + 4);
        read_emit_line(reader, event, dir, line);
        event->opens = false;
    }
    return true;
}

/* What the server says about a connection besides the dialogue. False: it looks like an unknown
 * problem. */
static bool
debug(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    static const struct read_word words[] = {
        {"End of file", FACT_PEER_CLOSED}, {"forcibly closed", FACT_RESET},
        {"Connection reset", FACT_RESET},  {"aborted", FACT_RESET},
        {"timeout", FACT_TIMED_OUT},       {"timed out", FACT_TIMED_OUT},
    };
    struct span rest = text;

    event->joins = true;
    if (read_take(&rest, SPAN("Ending session "))) {
        event->key = imap_take_word(&rest);
        event->ends = true;
        read_emit_fact(reader, event, FACT_STATISTICS, SPAN(""));
        return true;
    }
    event->key = read_between(text, SPAN("Session: "), SPAN(","));
    const struct span message = read_between(text, SPAN("Message: "), SPAN("\""));
    const ptrdiff_t at = span_find(text, SPAN("Message: "));
    const enum foreign_fact fact =
        read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);
    if (event->key.len > 0 && at >= 0 && fact != FACT_NONE)
        read_emit_fact(reader, event, fact,
                       message.len > 0 ? message : span_tail(text, (size_t)at + 9));
    return fact != FACT_NONE || !read_is_alarm(text);
}

bool
read_hmail(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct columns columns;

    if (!columns_parse(line->text, &columns))
        return false;
    const bool is_imap = span_eq_str(columns.service, "IMAPD");
    struct span time = columns.values[is_imap ? 2 : 1];
    if (!when_take_iso(&reader->clock, &time, &event.ref.at_us))
        return false;
    if (is_imap) {
        event.key = columns.values[1];
        event.peer = columns.values[3];
        return dialogue(reader, &event, columns.values[4]);
    }
    if (span_eq_str(columns.service, "DEBUG"))
        return debug(reader, &event, columns.values[2]);
    return !span_eq_str(columns.service, "ERROR");
}

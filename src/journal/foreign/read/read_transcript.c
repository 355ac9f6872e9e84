/* SPDX-License-Identifier: MIT */
/*
 * Transcripts: lines with "C: " and "S: ", as written by people and by many clients:
 *
 *     [04-Mar-2026 09:40:54 +0100]: <a1b2c3d4> [7F00] S: * OK ready     Roundcube
 *     S: * OK ready                                                     MailKit, Horde
 *
 * In Roundcube's log, the id in the last brackets is the connection. The one before is the
 * session of the user's browser, which changes at each login while the connection is open, so
 * it is not used. MailKit ("Connected to imap://...") and Horde (">> Connection to: ...") mark
 * the beginning of a connection.
 */
#include "journal/foreign/read/read.h"

enum { ID_OCTETS = 32 };

struct transcript_head {
    int64_t at_us;
    struct span connection;
    struct span text;
};

/* Takes "<id>" or "[id]" and the blank after it. */
static bool
id_take(struct span *rest, char open, char close, struct span *id_out)
{
    struct span look = *rest;
    size_t len = 1;

    if (look.len < 3 || look.ptr[0] != open)
        return false;
    while (len < look.len && len < ID_OCTETS && look.ptr[len] > ' ' && look.ptr[len] != close)
        len++;
    if (len < 2 || len + 1 >= look.len || look.ptr[len] != close || look.ptr[len + 1] != ' ')
        return false;
    *id_out = span_of(look.ptr + 1, len - 1);
    *rest = span_tail(look, len + 2);
    return true;
}

static void
head_parse(struct foreign_clock *clock, struct span line, struct transcript_head *out)
{
    struct span rest = line;

    *out = (struct transcript_head){.at_us = FOREIGN_NO_TIME};
    struct span dated = rest;
    if (read_take(&dated, SPAN("[")) && when_take_dmy(clock, &dated, &out->at_us) &&
        read_take(&dated, SPAN("]: "))) {
        rest = dated;
    } else {
        out->at_us = read_time_take(clock, &rest);
    }
    id_take(&rest, '<', '>', &(struct span){0});
    id_take(&rest, '[', ']', &out->connection);
    out->text = rest;
}

static bool
is_connecting(const struct transcript_head *head)
{
    return (head->connection.len > 0 && span_starts(head->text, SPAN("Connecting to "))) ||
           span_starts(head->text, SPAN("Connected to imap")) ||
           span_starts(head->text, SPAN(">> Connection to"));
}

bool
read_transcript_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct transcript_head head;

    head_parse(&clock, line, &head);
    return span_starts(head.text, SPAN("C: ")) || span_starts(head.text, SPAN("S: ")) ||
           is_connecting(&head);
}

bool
read_transcript(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct transcript_head head;

    head_parse(&reader->clock, line->text, &head);
    event.ref.at_us = head.at_us;
    event.key = head.connection;
    if (read_take(&head.text, SPAN("C: "))) {
        read_emit_line(reader, &event, DIR_TO_SERVER, head.text);
    } else if (read_take(&head.text, SPAN("S: "))) {
        read_emit_line(reader, &event, DIR_TO_CLIENT, head.text);
    } else if (is_connecting(&head)) {
        event.opens = true;
        read_emit_fact(reader, &event, FACT_CONNECTED, SPAN(""));
    } else {
        return span_trim(head.text).len == 0;
    }
    return true;
}

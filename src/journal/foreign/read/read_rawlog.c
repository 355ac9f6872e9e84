/* SPDX-License-Identifier: MIT */
/*
 * Streams of protocol with marks between them.
 *
 * Dovecot's rawlog is a pair of files: NAME.in has what the client sent, NAME.out what it
 * received. Each line begins with the seconds since 1970. Literals are included. If both are in
 * one file (sort -m), only the form of the lines tells the direction. The same is true of one
 * file that Dovecot wrote itself, where "I: " and "O: " precede a line ("I> " and "O> " a part
 * of one): which of them is the client depends on whether Dovecot was the server there.
 *
 * Cyrus telemetry (configdirectory/log/USER/PID) has "<1795368763<" before what the client sent
 * and ">1795368763>" before what it received. Lines without a mark continue in the same
 * direction.
 */
#include "journal/foreign/read/read.h"

#include <string.h>

_Static_assert(sizeof(struct read_guess) <= READ_STATE_OCTETS, "state_octets");

bool
read_rawlog_head(struct span line)
{
    struct foreign_clock clock = {0};
    int64_t at;

    /* journalctl -o short-unix has the same time, but host and program after it. */
    if (read_dovecot_head(line) || read_cyrus_head(line) || read_courier_head(line))
        return false;
    return when_take_epoch(&clock, &line, &at) && clock.precision_us == 1 && line.len > 0 &&
           line.ptr[0] == ' ';
}

static bool
ends_with(const char *name, const char *end)
{
    const size_t len = strlen(name);
    const size_t end_len = strlen(end);

    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

bool
read_rawlog(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct span text = line->text;

    if (!when_take_epoch(&reader->clock, &text, &event.ref.at_us))
        return text.len == 0;
    read_take(&text, SPAN(" "));
    enum foreign_dir dir = DIR_TO_CLIENT;
    const bool marked = read_take(&text, SPAN("I: ")) || read_take(&text, SPAN("I> ")) ||
                        read_take(&text, SPAN("O: ")) || read_take(&text, SPAN("O> "));
    if (marked)
        dir = read_guess_dir(reader->state, text);
    else if (ends_with(reader->file, ".in") || ends_with(reader->file, ".in.gz"))
        dir = DIR_TO_SERVER;
    else if (!ends_with(reader->file, ".out") && !ends_with(reader->file, ".out.gz"))
        dir = read_guess_dir(reader->state, text);
    read_emit_line(reader, &event, dir, text);
    return true;
}

struct telemetry_state {
    enum foreign_dir dir;
    int64_t at_us;
    bool begun;
};
_Static_assert(sizeof(struct telemetry_state) <= READ_STATE_OCTETS, "state_octets");

/* "<1795368763<" or ">1795368763>". */
static bool
mark_take(struct foreign_clock *clock, struct span *line, enum foreign_dir *dir_out,
          int64_t *at_out)
{
    struct span rest = *line;

    if (rest.len < 11 || (rest.ptr[0] != '<' && rest.ptr[0] != '>'))
        return false;
    const char mark = rest.ptr[0];
    rest = span_tail(rest, 1);
    if (!when_take_epoch(clock, &rest, at_out) || rest.len == 0 || rest.ptr[0] != mark)
        return false;
    *line = span_tail(rest, 1);
    *dir_out = mark == '<' ? DIR_TO_SERVER : DIR_TO_CLIENT;
    return true;
}

bool
read_telemetry_head(struct span line)
{
    struct foreign_clock clock = {0};
    enum foreign_dir dir;
    int64_t at;

    return mark_take(&clock, &line, &dir, &at);
}

bool
read_telemetry(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct telemetry_state *state = reader->state;
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct span text = line->text;
    struct span rest = text;

    /* user and date at the beginning of a session */
    if (read_take(&rest, SPAN("---------- "))) {
        event.ref.at_us = FOREIGN_NO_TIME;
        event.opens = true;
        event.account = imap_take_word(&rest);
        state->begun = false;
        read_emit_fact(reader, &event, FACT_LOGGED_IN, SPAN(""));
        return true;
    }
    if (mark_take(&reader->clock, &text, &state->dir, &state->at_us))
        state->begun = true;
    if (!state->begun)
        return text.len == 0;
    event.ref.at_us = state->at_us;
    /* An empty line after a mark is only its end. */
    if (text.len > 0 || line->text.len == 0)
        read_emit_line(reader, &event, state->dir, text);
    return true;
}

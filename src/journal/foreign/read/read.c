/* SPDX-License-Identifier: MIT */
/* What the readers share. Pure but for the reader's own state. */
#include "journal/foreign/read/read.h"

void
read_emit_line(struct foreign_reader *reader, const struct foreign_event *like,
               enum foreign_dir dir, struct span text)
{
    struct foreign_event event = *like;

    event.dir = dir;
    event.fact = FACT_NONE;
    event.text = text;
    reader->emit(reader->emit_ctx, &event);
}

void
read_emit_fact(struct foreign_reader *reader, const struct foreign_event *like,
               enum foreign_fact fact, struct span text)
{
    struct foreign_event event = *like;

    event.dir = DIR_NONE;
    event.fact = fact;
    event.text = text;
    reader->emit(reader->emit_ctx, &event);
}

bool
read_take(struct span *s, struct span prefix)
{
    if (!span_starts(*s, prefix))
        return false;
    *s = span_tail(*s, prefix.len);
    return true;
}

struct span
read_between(struct span s, struct span from, struct span to)
{
    const ptrdiff_t begin = span_find(s, from);

    if (begin < 0)
        return (struct span){0};
    const struct span rest = span_tail(s, (size_t)begin + from.len);
    const ptrdiff_t end = span_find(rest, to);
    return end < 0 ? (struct span){0} : span_head(rest, (size_t)end);
}

bool
read_has(struct span s, const char *word)
{
    return span_find(s, span_of_str(word)) >= 0;
}

enum foreign_fact
read_word_find(const struct read_word *words, size_t count, struct span text,
               enum foreign_fact otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (read_has(text, words[i].word))
            return words[i].fact;
    return otherwise;
}

int64_t
read_time_take(struct foreign_clock *clock, struct span *line)
{
    struct span rest = *line;
    int64_t at;
    uint32_t precision;
    const bool bracket = read_take(&rest, SPAN("["));

    if (!when_take_iso(clock, &rest, &at) && !when_take_syslog(clock, &rest, &at)) {
        int64_t tod;
        if (when_take_clock(&rest, &tod, &precision))
            at = when_tod(clock, tod, precision);
        else if (!when_take_epoch(clock, &rest, &at))
            return FOREIGN_NO_TIME;
    }
    if (bracket && !read_take(&rest, SPAN("]")))
        return FOREIGN_NO_TIME;
    if (!read_take(&rest, SPAN(" ")))
        return FOREIGN_NO_TIME;
    *line = rest;
    return at;
}

bool
read_syslog_take(struct foreign_clock *clock, struct span line, struct read_syslog *out)
{
    struct span rest = line;

    *out = (struct read_syslog){0};
    if (!when_take_iso(clock, &rest, &out->at_us) &&
        !when_take_syslog(clock, &rest, &out->at_us))
        return false;
    if (!read_take(&rest, SPAN(" ")))
        return false;
    /* "host ident[pid]: text": the second word ends in a colon, the first does not. */
    struct span look = rest;
    const struct span host = imap_take_word(&look);
    struct span ident = imap_take_word(&look);
    if (host.len == 0 || host.ptr[host.len - 1] == ':' || ident.len < 2 ||
        ident.ptr[ident.len - 1] != ':' || span_find_char(host, '(') >= 0) {
        out->text = rest;
        return true;
    }
    ident.len--;
    const ptrdiff_t open = span_find_char(ident, '[');
    if (open > 0 && ident.ptr[ident.len - 1] == ']') {
        out->pid = span_of(ident.ptr + open + 1, ident.len - (size_t)open - 2);
        ident.len = (size_t)open;
    }
    out->ident = ident;
    out->text = span_tail(look, 1);
    return true;
}

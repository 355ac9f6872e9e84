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

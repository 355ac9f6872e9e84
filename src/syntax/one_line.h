/* SPDX-License-Identifier: MIT */
/*
 * Text on one line, as it is shown to people: without controls, characters of no width and
 * marks of direction, and with blanks of any kind, and the ends of lines, as single blanks
 * inside. Pure. Thread: any.
 */
#ifndef SYNTAX_ONE_LINE_H
#define SYNTAX_ONE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct one_line {
    struct buf *out;
    unsigned max;   /* characters */
    unsigned chars; /* of out that are ours */
    bool blank;     /* one comes before the next character */
};

static inline bool
one_line_is_full(const struct one_line *line)
{
    return line->chars >= line->max;
}

/** Appends UTF-8, as long as there is room. What comes out is valid UTF-8, whatever goes in.
 * Ask buf_ok(line->out) afterwards. */
void one_line_put(struct one_line *line, struct span text);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The loop that removes layers, and the table of kinds. If two kinds could take the same line,
 * the order of the table decides: unmistakable kinds come first, blanks come last.
 */
#include "journal/foreign/wrap/wrap.h"

#include "base/limits.h"

typedef bool wrap_fn(struct foreign_wrap *wrap, struct foreign_wrapped *line);

static wrap_fn *const kinds[WRAP_COUNT] = {
    [WRAP_COLOUR] = foreign_wrap_colour,     [WRAP_JSON] = foreign_wrap_json,
    [WRAP_PRIORITY] = foreign_wrap_priority, [WRAP_CRI] = foreign_wrap_cri,
    [WRAP_STAMP] = foreign_wrap_stamp,       [WRAP_COMPOSE] = foreign_wrap_compose,
    [WRAP_SYSLOG] = foreign_wrap_syslog,     [WRAP_QUOTE] = foreign_wrap_quote,
    [WRAP_GREP] = foreign_wrap_grep,         [WRAP_INDENT] = foreign_wrap_indent,
};

void
foreign_wrap_init(struct foreign_wrap *wrap, int year)
{
    *wrap = (struct foreign_wrap){.clock = {.year = year, .last_tod_us = -1}};
    for (size_t i = 0; i < 2; i++)
        buf_init(&wrap->texts[i], (size_t)2 * LIMIT_FOREIGN_LINE);
    buf_init(&wrap->part, LIMIT_FOREIGN_LINE);
}

bool
foreign_wrap_starved(const struct foreign_wrap *wrap)
{
    return wrap->starved || !buf_ok(&wrap->texts[0]) || !buf_ok(&wrap->texts[1]) ||
           !buf_ok(&wrap->part);
}

void
foreign_wrap_done(struct foreign_wrap *wrap)
{
    buf_done(&wrap->texts[0]);
    buf_done(&wrap->texts[1]);
    buf_done(&wrap->part);
}

bool
foreign_wrap_step(struct foreign_wrap *wrap, uint32_t enabled, struct foreign_wrapped *line)
{
    for (enum foreign_wrapper kind = 0; kind < WRAP_COUNT; kind++) {
        if ((enabled & 1u << kind) == 0 || !kinds[kind](wrap, line))
            continue;
        line->used |= 1u << kind;
        if (kind != WRAP_INDENT)
            line->indent = 0;
        return true;
    }
    return false;
}

/* Restores the blanks by which a continuation line is indented more than the line before. */
static void
indent_restore(const struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    if (line->indent <= wrap->indent || line->text.len == 0)
        return;
    const size_t more = line->indent - wrap->indent;
    line->text = span_of(line->text.ptr - more, line->text.len + more);
}

/* Puts the parts of a line together. False: more parts are to come. */
static bool
parts_join(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    if (line->part || buf_len(&wrap->part) > 0) {
        const size_t room = LIMIT_FOREIGN_LINE - buf_len(&wrap->part);
        buf_put_span(&wrap->part, span_head(line->text, room));
        wrap->starved |= !buf_ok(&wrap->part);
    }
    if (line->part)
        return false;
    if (buf_len(&wrap->part) > 0) {
        struct buf *whole = foreign_wrap_text(wrap);
        buf_put_span(whole, buf_span(&wrap->part));
        buf_clear(&wrap->part);
        line->text = buf_span(whole);
    }
    return true;
}

bool
foreign_wrap_peel(struct foreign_wrap *wrap, uint32_t enabled,
                  bool (*is_head)(void *ctx, struct span text), void *ctx, struct span text,
                  struct span *text_out, int64_t *at_out)
{
    struct foreign_wrapped line = {.text = text, .at_us = FOREIGN_NO_TIME};
    bool known = false;

    for (unsigned layers = 0; enabled != 0 && layers < LIMIT_FOREIGN_WRAPPERS; layers++) {
        /* The continuation of a part is plain text after the wrapper that cut it. */
        const bool is_rest = buf_len(&wrap->part) > 0;
        known = !is_rest && is_head(ctx, line.text);
        if (known || (is_rest && (line.used & (1u << WRAP_JSON | 1u << WRAP_CRI)) != 0) ||
            !foreign_wrap_step(wrap, enabled, &line))
            break;
    }
    if (known)
        wrap->indent = line.indent;
    else
        indent_restore(wrap, &line);
    *at_out = line.at_us;
    if (!parts_join(wrap, &line))
        return false;
    *text_out = line.text;
    return true;
}

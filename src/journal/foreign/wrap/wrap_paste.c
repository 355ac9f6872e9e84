/* SPDX-License-Identifier: MIT */
/* What tools put around lines: colours, quotes, grep's file names, blanks. */
#include "journal/foreign/wrap/wrap.h"

enum { NAME_MAX_OCTETS = 200, NUMBER_DIGITS = 9 };

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of an escape sequence at the beginning of text; 0: none. rsyslog writes ESC as
 * #033. */
static size_t
escape_length(struct span text)
{
    size_t at = 0;

    if (text.len > 1 && text.ptr[0] == '\033')
        at = 1;
    else if (span_starts(text, SPAN("#033[")))
        at = 4;
    else
        return 0;
    if (text.ptr[at] == '(')
        return text.len > at + 1 ? at + 2 : 0;
    if (text.ptr[at] != '[')
        return 0;
    at++;
    while (at < text.len && text.ptr[at] >= 0x20 && text.ptr[at] < 0x40)
        at++;
    return at < text.len && text.ptr[at] >= 0x40 && text.ptr[at] < 0x7f ? at + 1 : 0;
}

static bool
has_escape(struct span text)
{
    for (; text.len > 0; text = span_tail(text, 1))
        if ((text.ptr[0] == '\033' || text.ptr[0] == '#') && escape_length(text) > 0)
            return true;
    return false;
}

bool
foreign_wrap_colour(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct span rest = line->text;

    /* The buffer is taken only if something is written; otherwise, the next one taken would be
     * the one that the text is in. */
    if (!has_escape(rest))
        return false;
    struct buf *plain = foreign_wrap_text(wrap);
    while (rest.len > 0) {
        const size_t escape = escape_length(rest);
        if (escape == 0)
            buf_put_char(plain, rest.ptr[0]);
        rest = span_tail(rest, escape == 0 ? 1 : escape);
    }
    line->text = buf_span(plain);
    return true;
}

bool
foreign_wrap_quote(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    (void)wrap;
    if (line->text.len < 2 || line->text.ptr[0] != '>')
        return false;
    line->text = span_tail(line->text, line->text.ptr[1] == ' ' ? 2 : 1);
    return true;
}

/* grep -n and nl: "12:" or "12<TAB>". */
static bool
number_take(struct span *text, char separator)
{
    size_t digits = 0;

    while (digits < text->len && digits < NUMBER_DIGITS && is_digit(text->ptr[digits]))
        digits++;
    if (digits == 0 || digits == text->len || text->ptr[digits] != separator)
        return false;
    *text = span_tail(*text, digits + 1);
    return true;
}

/* "mail.log:" or "/var/log/mail.log-": a name with a dot or slash and without blanks. */
static bool
name_take(struct span *text, char separator)
{
    size_t at = 0;
    bool is_name = false;

    if (text->len > 2 && text->ptr[1] == ':' && text->ptr[2] == '\\')
        at = 3; /* C:\logs\mail.log */
    for (; at < text->len && at < NAME_MAX_OCTETS; at++) {
        const char c = text->ptr[at];
        if (c == separator && is_name && text->ptr[at - 1] != '/')
            break;
        if (c <= ' ' || c == ':' || c == '"' || c == '<' || c == '(' || c == '[')
            return false;
        is_name |= c == '.' || c == '/' || c == '\\';
    }
    if (at == 0 || at >= text->len || text->ptr[at] != separator)
        return false;
    *text = span_tail(*text, at + 1);
    return true;
}

bool
foreign_wrap_grep(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    (void)wrap;
    if (name_take(&line->text, ':')) {
        number_take(&line->text, ':');
        return true;
    }
    if (number_take(&line->text, ':') || number_take(&line->text, '\t'))
        return true;
    /* Lines of context (-A, -B) have '-' in place of ':'. */
    if (!name_take(&line->text, '-'))
        return false;
    number_take(&line->text, '-');
    return true;
}

bool
foreign_wrap_indent(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    size_t blanks = 0;

    (void)wrap;
    while (blanks < line->text.len &&
           (line->text.ptr[blanks] == ' ' || line->text.ptr[blanks] == '\t'))
        blanks++;
    if (blanks == 0 || blanks == line->text.len)
        return false;
    line->text = span_tail(line->text, blanks);
    line->indent = blanks;
    return true;
}

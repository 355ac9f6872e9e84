/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "syntax/one_line.h"

static bool
is_blank(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

/* Of no width: fillers with which newsletters keep a preview short, and marks of direction that
 * would reach beyond it. Joiners of emoji and of Indic letters stay. */
static bool
is_nothing(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c ||
           c == 0x200b || c == 0x200c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
    char text[4];
    size_t len = 0;

    if (c < 0x80) {
        text[len++] = (char)c;
    } else if (c < 0x800) {
        text[len++] = (char)(0xc0 | c >> 6);
        text[len++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        text[len++] = (char)(0xe0 | c >> 12);
        text[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        text[len++] = (char)(0x80 | (c & 0x3f));
    } else {
        text[len++] = (char)(0xf0 | c >> 18);
        text[len++] = (char)(0x80 | (c >> 12 & 0x3f));
        text[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        text[len++] = (char)(0x80 | (c & 0x3f));
    }
    buf_put(out, text, len);
}

static void
put_char(struct one_line *line, uint32_t c)
{
    if (is_blank(c)) {
        line->blank = line->chars > 0;
        return;
    }
    if (is_nothing(c) || one_line_is_full(line))
        return;
    if (line->blank && line->chars + 1 < line->max) {
        buf_put_char(line->out, ' ');
        line->chars++;
    } else if (line->blank) {
        line->chars = line->max; /* there is no room for a blank and a letter */
        return;
    }
    line->blank = false;
    put_utf8(line->out, c);
    line->chars++;
}

/* The next character; moves *at. Of octets that are not UTF-8, anything. */
static uint32_t
take_char(const char **at, const char *end)
{
    const unsigned char first = (unsigned char)*(*at)++;
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    uint32_t c = more == 0 ? first : first & (0x3fu >> more);

    for (; more > 0 && *at < end; more--)
        c = c << 6 | ((unsigned char)*(*at)++ & 0x3f);
    return c;
}

void
one_line_put(struct one_line *line, struct span text)
{
    const char *at = text.ptr;

    for (const char *const end = at + text.len; at < end && !one_line_is_full(line);)
        put_char(line, take_char(&at, end));
}

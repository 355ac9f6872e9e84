/* SPDX-License-Identifier: MIT */
/*
 * Which form can hold which octets is decided by one table of character classes: RFC 3501
 * section 9 as facts.
 */
#include "syntax/imap/put.h"

#include "syntax/imap/chars.h"
#include "syntax/imap/mbox_name.h"

/* clang-format off */
const char imap_digit_pairs[200] = /* no terminator: the last pair fills the array */
    "00010203040506070809"
    "10111213141516171819"
    "20212223242526272829"
    "30313233343536373839"
    "40414243444546474849"
    "50515253545556575859"
    "60616263646566676869"
    "70717273747576777879"
    "80818283848586878889"
    "90919293949596979899";
/* clang-format on */

static bool
all_of(struct span s, unsigned classes)
{
    for (size_t i = 0; i < s.len; i++)
        if (!imap_char_is(s.ptr[i], classes))
            return false;
    return s.len > 0;
}

bool
imap_is_atom(struct span s)
{
    return all_of(s, CHAR_ATOM);
}

bool
imap_is_astring_atom(struct span s)
{
    return all_of(s, CHAR_ATOM | CHAR_CLOSE_BRACKET);
}

void
imap_put_literal(struct buf *buf, struct span s)
{
    char header[IMAP_LITERAL_HEADER_MAX];
    const size_t len = imap_fmt_literal_header(header, s.len);
    /* Both or neither: a header without its octets would swallow what is written next. */
    char *room = buf_reserve(buf, len + s.len);

    if (room == NULL)
        return;
    memcpy(room, header, len);
    for (size_t i = 0; i < s.len; i++)
        room[len + i] = s.ptr[i] == '\0' ? '?' : s.ptr[i];
    buf_grew(buf, len + s.len);
}

enum form { FORM_QUOTED, FORM_ESCAPED, FORM_LITERAL };

/** The least form that holds s. Long strings become literals: quoted ones are for short words,
 *  and some clients read them into small buffers. */
static enum form
form_of(struct span s, enum imap_charset charset)
{
    enum { QUOTED_MAX = 1024 };
    unsigned seen = 0;

    if (s.len > QUOTED_MAX)
        return FORM_LITERAL;
    for (size_t i = 0; i < s.len; i++)
        seen |= imap_char_class[(unsigned char)s.ptr[i]];
    if (seen & CHAR_LITERAL_ONLY)
        return FORM_LITERAL;
    if ((seen & CHAR_8BIT) && (charset != IMAP_UTF8 || !utf8_is_valid(s)))
        return FORM_LITERAL;
    return seen & CHAR_ESCAPE ? FORM_ESCAPED : FORM_QUOTED;
}

static void
put_escaped(struct buf *buf, struct span s)
{
    char *room = buf_reserve(buf, 2 * s.len + 2);
    char *at = room;

    if (room == NULL)
        return;
    *at++ = '"';
    for (size_t i = 0; i < s.len; i++) {
        if (imap_char_is(s.ptr[i], CHAR_ESCAPE))
            *at++ = '\\';
        *at++ = s.ptr[i];
    }
    *at++ = '"';
    buf_grew(buf, (size_t)(at - room));
}

void
imap_put_string(struct buf *buf, struct span s, enum imap_charset charset)
{
    const enum form form = form_of(s, charset);

    if (form == FORM_LITERAL) {
        imap_put_literal(buf, s);
    } else if (form == FORM_ESCAPED) {
        put_escaped(buf, s);
    } else {
        char *room = buf_reserve(buf, s.len + 2);
        if (room == NULL)
            return;
        room[0] = '"';
        if (s.len > 0)
            memcpy(room + 1, s.ptr, s.len);
        room[s.len + 1] = '"';
        buf_grew(buf, s.len + 2);
    }
}

void
imap_put_nstring(struct buf *buf, struct span s, enum imap_charset charset)
{
    if (s.ptr == NULL)
        buf_put_lit(buf, "NIL");
    else
        imap_put_string(buf, s, charset);
}

void
imap_put_astring(struct buf *buf, struct span s, enum imap_charset charset)
{
    if (imap_is_astring_atom(s) && !span_ieq(s, SPAN("NIL")))
        buf_put_span(buf, s);
    else
        imap_put_string(buf, s, charset);
}

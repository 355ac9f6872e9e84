/* SPDX-License-Identifier: MIT */
/* The usual value is plain and copied at once; only others are looked at again. */
#include "syntax/mail/mime_put.h"

#include <stdbool.h>

enum octet_class {
    ESCAPED = 1, /* quoted-specials */
    DROPPED = 2,
    EIGHT_BIT = 4,
};

/* Of 0x00..0x7F; what is missing is plain. */
static const unsigned char class_of[128] = {
    ['"'] = ESCAPED, ['\\'] = ESCAPED, ['\0'] = DROPPED, ['\r'] = DROPPED, ['\n'] = DROPPED,
};

static unsigned
octet_class(unsigned char c)
{
    return c >= 0x80 ? (unsigned)EIGHT_BIT : class_of[c];
}

/* The usual value, plain text, in one go. False, and nothing written: it is not plain. */
static bool
put_plain(struct buf *out, struct span value, enum mime_letters letters)
{
    const char lower = letters == MIME_LOWER ? 'A' : '\x7f'; /* 0x7f: no letter is lowered */
    char *const dst = buf_reserve(out, value.len + 2);
    unsigned classes = 0;

    if (dst == NULL)
        return true;
    dst[0] = '"';
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.ptr[i];
        classes |= octet_class((unsigned char)c);
        dst[i + 1] = c >= lower ? ascii_lower(c) : c;
    }
    dst[value.len + 1] = '"';
    if (classes != 0)
        return false;
    buf_grew(out, value.len + 2);
    return true;
}

static void
put_quoted(struct buf *out, struct span value, enum mime_letters letters)
{
    char *const room = buf_reserve(out, 2 * value.len + 2);
    char *dst = room;

    if (room == NULL)
        return;
    *dst++ = '"';
    for (size_t i = 0; i < value.len; i++) {
        const char c = letters == MIME_LOWER ? ascii_lower(value.ptr[i]) : value.ptr[i];
        const unsigned kind = octet_class((unsigned char)c);
        if (kind == DROPPED)
            continue;
        if (kind == ESCAPED)
            *dst++ = '\\';
        *dst++ = c;
    }
    *dst++ = '"';
    buf_grew(out, (size_t)(dst - room));
}

static void
put_literal(struct buf *out, struct span value)
{
    size_t len = 0;

    for (size_t i = 0; i < value.len; i++)
        len += octet_class((unsigned char)value.ptr[i]) != DROPPED;
    buf_put_char(out, '{');
    buf_put_u64(out, len);
    buf_put_lit(out, "}\r\n");
    char *dst = buf_reserve(out, len);
    if (dst == NULL)
        return;
    for (size_t i = 0; i < value.len; i++) {
        if (octet_class((unsigned char)value.ptr[i]) != DROPPED)
            *dst++ = value.ptr[i];
    }
    buf_grew(out, len);
}

void
mime_put_string(struct buf *out, struct span value, enum mime_letters letters, size_t max)
{
    unsigned classes = 0;

    value = span_head(span_trim(value), max);
    if (put_plain(out, value, letters))
        return;
    for (size_t i = 0; i < value.len; i++)
        classes |= octet_class((unsigned char)value.ptr[i]);
    if ((classes & EIGHT_BIT) != 0)
        put_literal(out, value);
    else
        put_quoted(out, value, letters);
}

void
mime_put_nstring(struct buf *out, struct span value, size_t max)
{
    if (value.ptr == NULL)
        buf_put_lit(out, "NIL");
    else
        mime_put_string(out, value, MIME_AS_IS, max);
}

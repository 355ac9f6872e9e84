/* SPDX-License-Identifier: MIT */
/* One look over the value says what it holds; the usual value is then one copy. */
#include "syntax/mime_put.h"

enum octet_class {
    ESCAPED = 1, /* quoted-specials */
    DROPPED = 2,
    EIGHT_BIT = 4,
};

static unsigned
octet_class(unsigned char c)
{
    if (c == '"' || c == '\\')
        return ESCAPED;
    if (c == '\0' || c == '\r' || c == '\n')
        return DROPPED;
    return c >= 0x80 ? EIGHT_BIT : 0;
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
        const unsigned class = octet_class((unsigned char)c);
        if (class == DROPPED)
            continue;
        if (class == ESCAPED)
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
    for (size_t i = 0; i < value.len; i++)
        classes |= octet_class((unsigned char)value.ptr[i]);
    if ((classes & EIGHT_BIT) != 0) {
        put_literal(out, value);
    } else if (classes != 0 || letters == MIME_LOWER) {
        put_quoted(out, value, letters);
    } else {
        buf_put_char(out, '"');
        buf_put_span(out, value);
        buf_put_char(out, '"');
    }
}

void
mime_put_nstring(struct buf *out, struct span value, size_t max)
{
    if (value.ptr == NULL)
        buf_put_lit(out, "NIL");
    else
        mime_put_string(out, value, MIME_AS_IS, max);
}

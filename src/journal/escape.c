/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "journal/escape.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Length of the UTF-8 character that s begins with if it may be shown, else 0. C1 controls and
 * overlong forms may not be shown (RFC 3629 section 3). */
static size_t
utf8_shown(struct span s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    const size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t code = p[0] & (0x7fu >> len);

    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    const bool shortest = len == 2 ? code >= 0xa0 : len == 3 ? code >= 0x800 : code >= 0x10000;
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool direction = (code >= 0x200e && code <= 0x200f) || /* they reorder the line */
                           (code >= 0x2028 && code <= 0x202e) ||
                           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
    return shortest && !surrogate && !direction && code <= 0x10ffff ? len : 0;
}

size_t
text_escape_to(char *dst, size_t cap, struct span text, size_t max)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t at = 0;
    size_t used = 0;

    CHECK(cap >= max + 32);
    while (at < text.len) {
        const unsigned char c = (unsigned char)text.ptr[at];
        const bool plain = c >= 0x20 && c < 0x7f;
        const size_t shown = plain ? 1 : c < 0x80 ? 0 : utf8_shown(span_tail(text, at));
        if (used + (shown == 0 ? 4 : shown) > max)
            break;
        if (shown > 0) {
            memcpy(dst + used, text.ptr + at, shown);
            used += shown;
            at += shown;
        } else {
            const char escaped[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            memcpy(dst + used, escaped, sizeof escaped);
            used += sizeof escaped;
            at++;
        }
    }
    if (at < text.len)
        used += (size_t)snprintf(dst + used, 32, " ...(+%zu)", text.len - at);
    return used;
}

void
text_escape(struct buf *buf, struct span text, size_t max)
{
    /* No octet takes more than four; the note about the cut takes less than 32. */
    const size_t most = text.len > max / 4 ? max : text.len * 4;
    char *room = buf_reserve(buf, most + 32);

    if (room != NULL)
        buf_grew(buf, text_escape_to(room, most + 32, text, most));
}

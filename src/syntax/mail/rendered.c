/* SPDX-License-Identifier: MIT */
/* Every function looks at an octet once. */
#include "syntax/mail/rendered.h"

bool
rendered_word(struct rendered *r)
{
    const char *const start = r->p;
    const size_t left = (size_t)(r->end - start);

    if (rendered_take(r, '"')) {
        while (r->p < r->end && *r->p != '"')
            r->p += *r->p == '\\' ? 2 : 1;
        return r->p < r->end && rendered_take(r, '"');
    }
    if (rendered_take(r, '{')) {
        const char *close = memchr(start, '}', left < 20 ? left : 20);
        uint64_t octets;
        if (close == NULL || r->end - close < 3 || close[1] != '\r' || close[2] != '\n' ||
            !span_to_u64(span_of(start + 1, (size_t)(close - start) - 1),
                         (uint64_t)(r->end - close) - 3, &octets))
            return false;
        r->p = close + 3 + octets;
        return true;
    }
    while (r->p < r->end && *r->p != ' ' && *r->p != ')' && *r->p != '(')
        r->p++;
    return r->p > start;
}

bool
rendered_value(struct rendered *r)
{
    unsigned depth = 0;

    do {
        if (rendered_take(r, '('))
            depth++;
        else if (depth > 0 && rendered_take(r, ')'))
            depth--;
        else if (!(depth > 0 && rendered_take(r, ' ')) && !rendered_word(r))
            return false;
    } while (depth > 0);
    return true;
}

bool
rendered_values(struct rendered *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!rendered_take(r, ' ') || !rendered_value(r))
            return false;
    return true;
}

void
rendered_cut(struct rendered *r, const char *at)
{
    buf_put(r->out, r->kept, (size_t)(at - r->kept));
    r->kept = r->p;
}

/* SPDX-License-Identifier: MIT */
/* Comparisons and searches over spans. Pure; any thread. */
#include "base/span.h"

#include <strings.h>

bool
span_ieq(struct span a, struct span b)
{
    return a.len == b.len && span_icmp(a, b) == 0;
}

bool
span_ieq_str(struct span a, const char *str)
{
    return span_ieq(a, span_of_str(str));
}

bool
span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_eq(span_head(s, prefix.len), prefix);
}

bool
span_istarts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_ieq(span_head(s, prefix.len), prefix);
}

int
span_cmp(struct span a, struct span b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

int
span_icmp(struct span a, struct span b)
{
    const size_t n = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < n; i++) {
        const unsigned char x = (unsigned char)ascii_lower(a.ptr[i]);
        const unsigned char y = (unsigned char)ascii_lower(b.ptr[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

ptrdiff_t
span_find_char(struct span s, char c)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

    return hit == NULL ? -1 : hit - s.ptr;
}

ptrdiff_t
span_find(struct span s, struct span needle)
{
    const char *hit = s.len == 0 ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);

    return hit == NULL ? -1 : hit - s.ptr;
}

bool
span_has_word(struct span list, struct span word)
{
    while (list.len > 0) {
        const ptrdiff_t blank = span_find_char(list, ' ');
        const size_t len = blank < 0 ? list.len : (size_t)blank;
        if (len > 0 && span_ieq(span_head(list, len), word))
            return true;
        list = span_tail(list, len == list.len ? len : len + 1);
    }
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = span_tail(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool
span_to_u64(struct span s, uint64_t max, uint64_t *value_out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
            return false;
    }
    if (value > max)
        return false;
    *value_out = value;
    return true;
}

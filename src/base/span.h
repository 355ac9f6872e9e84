/* SPDX-License-Identifier: MIT */
/*
 * A borrowed run of octets: pointer and length, never terminated, never owned. Slices of an
 * input buffer are valid until the next read: copy what must survive (arena_str, arena_span).
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct span {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;      /* octets */
};

/** A span over a string literal, usable in initialisers. */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
#define SPAN_INIT(literal)                                                                     \
    {                                                                                          \
        (literal), sizeof(literal) - 1                                                         \
    }
/** For printf: `printf("%.*s", SPAN_FMT(s))`; lengths over INT_MAX are cut. */
#define SPAN_FMT(s)                                                                            \
    ((int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len)), ((s).len ? (s).ptr : "")

static inline struct span
span_of(const void *ptr, size_t len)
{
    return (struct span){ptr, len};
}

static inline struct span
span_of_str(const char *str)
{
    return (struct span){str, str == NULL ? 0 : strlen(str)};
}

static inline bool
span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
span_eq_str(struct span a, const char *str)
{
    return span_eq(a, span_of_str(str));
}

/** The first n octets (all if there are fewer). */
static inline struct span
span_head(struct span s, size_t n)
{
    return (struct span){s.ptr, n < s.len ? n : s.len};
}

/** What follows the first n octets (empty if there are fewer). */
static inline struct span
span_tail(struct span s, size_t n)
{
    if (n >= s.len)
        return (struct span){s.len ? s.ptr + s.len : s.ptr, 0};
    return (struct span){s.ptr + n, s.len - n};
}

/** ASCII lower case; other octets unchanged; no locale. */
static inline char
ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char
ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/** The value of a hexadecimal digit in upper or lower case; -1: not a digit. */
static inline int
ascii_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** Equality without regard to ASCII case. */
bool span_ieq(struct span a, struct span b);
bool span_ieq_str(struct span a, const char *str);
bool span_starts(struct span s, struct span prefix);
bool span_istarts(struct span s, struct span prefix);
/** memcmp order, shorter first among equals. */
int span_cmp(struct span a, struct span b);
/** ASCII case-insensitive order. */
int span_icmp(struct span a, struct span b);
/** Offset of the first c, or -1. */
ptrdiff_t span_find_char(struct span s, char c);
/** Offset of the first needle (which must not be empty), or -1. */
ptrdiff_t span_find(struct span s, struct span needle);
/** Whether word is one of the words in list, which are separated by blanks. Without regard to
 * case. */
bool span_has_word(struct span list, struct span word);
/** Returns s without leading and trailing space, tab, CR and LF. */
struct span span_trim(struct span s);

/**
 * Reads all of s as a decimal number: ASCII digits, no sign, no blanks, leading zeros allowed.
 * False: s is empty, contains anything but digits, or exceeds max.
 */
MUST_USE bool span_to_u64(struct span s, uint64_t max, uint64_t *value_out);

#endif

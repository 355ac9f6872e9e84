/* SPDX-License-Identifier: MIT */
/*
 * Modified UTF-7 (RFC 3501 section 5.1.3), what names may be, and LIST patterns. Decoding has
 * one core for the strict and the forgiving reading; they differ in what an ill-formed shift
 * means.
 */
#include "syntax/imap/mbox_name.h"

#include <stdlib.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/base64.h"
#include "base/limits.h"

enum {
    /* Modified UTF-7 of a name at the limit: at worst each character of two octets ("&AOk-") or
     * each '&' has a shift of its own. */
    WIRE_OCTETS_MAX = 3 * LIMIT_MBOX_NAME,
    /* UTF-8 is at most 9/8 of its modified UTF-7: eight base64 octets carry three
     * characters. */
    UTF8_OCTETS_MAX = WIRE_OCTETS_MAX + WIRE_OCTETS_MAX / 8 + 8,
};

static const struct span inbox = SPAN_INIT("INBOX");

bool
utf8_is_valid(struct span s)
{
    return s.len == 0 || u8_check((const uint8_t *)s.ptr, s.len) == NULL;
}

/* --- Modified UTF-7 --- */

static const char base64_chars[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool
is_printable_ascii(ucs4_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

/** UTF-16 units as they come, into UTF-8. */
struct utf16 {
    char *out;     /* where the next character goes */
    uint16_t high; /* a high surrogate that waits for its low one; 0: none */
};

/** False for lone surrogates and for what needs no shift. */
static bool
utf16_add(struct utf16 *u, uint16_t unit)
{
    const bool is_low = (unit & 0xfc00) == 0xdc00;
    ucs4_t c = unit;

    if (is_low != (u->high != 0))
        return false;
    if ((unit & 0xfc00) == 0xd800) {
        u->high = unit;
        return true;
    }
    if (is_low)
        c = 0x10000u + ((ucs4_t)(u->high & 0x3ff) << 10) + (unit & 0x3ff);
    u->high = 0;
    if (is_printable_ascii(c))
        return false;
    u->out += u8_uctomb((uint8_t *)u->out, c, 4);
    return true;
}

/**
 * A shift at at[0] == '&' up to its '-', as UTF-8 at *out, which moves on. Returns how many
 * octets of the text that was, 0 (and *out as it was) when it is ill-formed.
 */
static size_t
decode_shift(const char *at, const char *end, char **out)
{
    struct utf16 u = {.out = *out};
    uint32_t bits = 0;
    unsigned bit_count = 0;
    const char *p = at + 1;

    if (p < end && *p == '-') {
        *(*out)++ = '&';
        return 2;
    }
    for (; p < end && *p != '-'; p++) {
        const int value = base64_value(*p, ',');
        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 16) {
            bit_count -= 16;
            if (!utf16_add(&u, (uint16_t)(bits >> bit_count)))
                return 0;
            bits &= (1u << bit_count) - 1;
        }
    }
    if (p == end || u.high != 0 || bit_count >= 6 || bits != 0)
        return 0;
    *out = u.out;
    return (size_t)(p + 1 - at);
}

/** A shift that begins where another ended should have been one with it. */
static bool
is_superfluous(const char *at, const char *end)
{
    return at + 1 < end && at[0] == '&' && at[1] != '-';
}

enum reading { STRICT, FORGIVING };

/** text to out (room for 9/8 of it and 8); false when it is not modified UTF-7 (STRICT
 *  only). */
static bool
decode(struct span text, enum reading reading, char *out, size_t *len_out)
{
    const char *const end = text.ptr + text.len;
    char *const start = out;

    for (const char *at = text.ptr; at < end;) {
        if (*at != '&') {
            if (reading == STRICT && !is_printable_ascii((unsigned char)*at))
                return false;
            *out++ = *at++;
            continue;
        }
        const size_t taken = decode_shift(at, end, &out);
        if (taken > 2 && reading == STRICT && is_superfluous(at + taken, end))
            return false;
        if (taken == 0 && reading == STRICT)
            return false;
        if (taken == 0)
            *out++ = '&';
        at += taken == 0 ? 1 : taken;
    }
    *len_out = (size_t)(out - start);
    return true;
}

enum rc
mutf7_decode(struct buf *buf, struct span text)
{
    size_t len;
    char *room = buf_reserve(buf, text.len + text.len / 8 + 8);

    if (room == NULL)
        return RC_LIMIT;
    if (!decode(text, STRICT, room, &len))
        return RC_INVALID;
    buf_grew(buf, len);
    return RC_OK;
}

/** Bits of UTF-16 on their way into base64. */
struct shift {
    struct buf *buf;
    uint32_t bits;
    unsigned bit_count;
    bool open;
};

static void
shift_add(struct shift *shift, uint16_t unit)
{
    if (!shift->open) {
        buf_put_char(shift->buf, '&');
        shift->open = true;
    }
    shift->bits = shift->bits << 16 | unit;
    shift->bit_count += 16;
    while (shift->bit_count >= 6) {
        shift->bit_count -= 6;
        buf_put_char(shift->buf, base64_chars[(shift->bits >> shift->bit_count) & 63]);
    }
    shift->bits &= (1u << shift->bit_count) - 1;
}

static void
shift_close(struct shift *shift)
{
    if (!shift->open)
        return;
    if (shift->bit_count > 0)
        buf_put_char(shift->buf, base64_chars[(shift->bits << (6 - shift->bit_count)) & 63]);
    buf_put_char(shift->buf, '-');
    *shift = (struct shift){.buf = shift->buf};
}

void
mutf7_encode(struct buf *buf, struct span utf8)
{
    struct shift shift = {.buf = buf};

    for (size_t at = 0; at < utf8.len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, (const uint8_t *)utf8.ptr + at, utf8.len - at);
        if (is_printable_ascii(c)) {
            shift_close(&shift);
            buf_put_char(buf, (char)c);
            if (c == '&')
                buf_put_char(buf, '-');
        } else if (c < 0x10000) {
            shift_add(&shift, (uint16_t)c);
        } else {
            shift_add(&shift, (uint16_t)(0xd7c0 + (c >> 10)));
            shift_add(&shift, (uint16_t)(0xdc00 | (c & 0x3ff)));
        }
    }
    shift_close(&shift);
}

/* --- Names --- */

bool
mbox_name_is_inbox(struct span name)
{
    return span_eq(name, inbox);
}

static bool
first_level_is_inbox(struct span name)
{
    return span_istarts(name, inbox) &&
           (name.len == inbox.len || name.ptr[inbox.len] == MBOX_DELIMITER);
}

/** Controls of ASCII and Latin-1, LINE SEPARATOR, PARAGRAPH SEPARATOR (RFC 9051 section
 *  5.1). */
static bool
is_forbidden(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static const char *
check_characters(struct span name)
{
    if (!utf8_is_valid(name))
        return "The mailbox name is not UTF-8";
    for (size_t at = 0; at < name.len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, (const uint8_t *)name.ptr + at, name.len - at);
        if (is_forbidden(c))
            return "The mailbox name contains a control character";
    }
    return NULL;
}

static const char *
check_levels(struct span name)
{
    size_t depth = 1;
    size_t level_octets = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != MBOX_DELIMITER) {
            level_octets++;
            continue;
        }
        if (level_octets == 0)
            break;
        level_octets = 0;
        depth++;
    }
    if (level_octets == 0)
        return "The mailbox name has an empty level";
    return depth > LIMIT_MBOX_DEPTH ? "The mailbox name has too many levels" : NULL;
}

const char *
mbox_name_check(struct span name)
{
    if (name.len == 0)
        return "The mailbox name is empty";
    if (name.len > LIMIT_MBOX_NAME)
        return "The mailbox name is too long";
    const char *wrong = check_characters(name);
    if (wrong != NULL)
        return wrong;
    if (first_level_is_inbox(name) && !span_starts(name, inbox))
        return "INBOX is written in upper case";
    return check_levels(name);
}

static bool
has_8bit(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return true;
    return false;
}

enum rc
mbox_name_check_nfc(struct span name)
{
    size_t len = 0;

    if (!has_8bit(name))
        return RC_OK;
    uint8_t *const nfc =
        u8_normalize(UNINORM_NFC, (const uint8_t *)name.ptr, name.len, NULL, &len);
    if (nfc == NULL)
        return RC_LIMIT;
    const bool is_nfc = span_eq(span_of(nfc, len), name);
    free(nfc);
    return is_nfc ? RC_OK : RC_INVALID;
}

/** The header's policy for names and patterns: wire to UTF-8. What does not change is not
 * copied. */
static enum rc
to_utf8(struct span wire, enum mbox_wire mode, struct arena *arena, struct span *utf8_out)
{
    char utf8[UTF8_OCTETS_MAX];
    size_t len;

    if (mode == MBOX_WIRE_UTF8 || span_find_char(wire, '&') < 0 || has_8bit(wire)) {
        *utf8_out = wire;
        return RC_OK;
    }
    (void)decode(wire, FORGIVING, utf8, &len); /* a forgiving reader takes anything */
    *utf8_out = arena_span(arena, span_of(utf8, len));
    return utf8_out->ptr == NULL ? RC_LIMIT : RC_OK;
}

enum rc
mbox_name_from_wire(struct span wire, enum mbox_wire mode, struct arena *arena,
                    struct mbox_arg *arg_out)
{
    struct mbox_arg arg = {0};

    if (wire.len > WIRE_OCTETS_MAX) {
        arg.invalid = "The mailbox name is too long";
        *arg_out = arg;
        return RC_OK;
    }
    if (to_utf8(wire, mode, arena, &arg.name) != RC_OK)
        return RC_LIMIT;
    if (arg.name.len > 1 && arg.name.ptr[arg.name.len - 1] == MBOX_DELIMITER) {
        arg.name.len--;
        arg.trailing = true;
    }
    if (first_level_is_inbox(arg.name) && !span_starts(arg.name, inbox)) {
        char *upper = arena_str(arena, arg.name);
        if (upper == NULL)
            return RC_LIMIT;
        memcpy(upper, inbox.ptr, inbox.len);
        arg.name.ptr = upper;
    }
    arg.invalid = mbox_name_check(arg.name);
    if (arg.invalid != NULL)
        arg.name = SPAN("");
    *arg_out = arg;
    return RC_OK;
}

void
mbox_name_put(struct buf *buf, struct span name, enum mbox_wire mode)
{
    if (mode == MBOX_WIRE_UTF8)
        buf_put_span(buf, name);
    else
        mutf7_encode(buf, name);
}

struct span
mbox_name_parent(struct span name)
{
    while (name.len > 0 && name.ptr[name.len - 1] != MBOX_DELIMITER)
        name.len--;
    return span_head(name, name.len == 0 ? 0 : name.len - 1);
}

struct span
mbox_name_leaf(struct span name)
{
    const struct span parent = mbox_name_parent(name);

    return parent.len == 0 ? name : span_tail(name, parent.len + 1);
}

bool
mbox_name_is_below(struct span name, struct span parent)
{
    return name.len > parent.len && span_starts(name, parent) &&
           name.ptr[parent.len] == MBOX_DELIMITER;
}

/* --- Patterns --- */

enum rc
mbox_pattern_from_wire(struct span wire, enum mbox_wire mode, struct arena *arena,
                       struct span *pattern_out, bool *hopeless_out)
{
    struct span pattern = SPAN("");

    if (wire.len <= WIRE_OCTETS_MAX && to_utf8(wire, mode, arena, &pattern) != RC_OK)
        return RC_LIMIT;
    *hopeless_out =
        wire.len > WIRE_OCTETS_MAX || pattern.len > LIMIT_MBOX_NAME || !utf8_is_valid(pattern);
    *pattern_out = *hopeless_out ? SPAN("") : pattern;
    return RC_OK;
}

enum { PATTERN_OCTETS_MAX = 2 * LIMIT_MBOX_NAME };

static bool
is_wildcard(char c)
{
    return c == '*' || c == '%';
}

/** Reference and pattern joined, runs of wildcards as one: "*%*" is "*", "%%" is "%". */
static size_t
join_pattern(struct span reference, struct span pattern, char *joined)
{
    size_t len = 0;

    for (size_t i = 0; i < reference.len + pattern.len; i++) {
        const char c = i < reference.len ? reference.ptr[i] : pattern.ptr[i - reference.len];
        if (is_wildcard(c) && len > 0 && is_wildcard(joined[len - 1])) {
            if (c == '*')
                joined[len - 1] = '*';
        } else {
            joined[len++] = c;
        }
    }
    return len;
}

struct target {
    struct span name;
    size_t any_case; /* the first octets match in any case: INBOX */
};

static bool
char_matches(const struct target *target, size_t at, char c)
{
    const char have = target->name.ptr[at];

    return have == c || (at < target->any_case && have == ascii_upper(c));
}

/**
 * From name octet `at` on against a pattern that begins with a wildcard. reach[j] says whether
 * the first j octets of the pattern match the octets of the name so far: one row, moved along
 * the name.
 */
static bool
match_wild(const struct target *target, size_t at, struct span pattern)
{
    bool reach[PATTERN_OCTETS_MAX + 1];

    reach[0] = true;
    for (size_t j = 0; j < pattern.len; j++)
        reach[j + 1] = reach[j] && is_wildcard(pattern.ptr[j]);
    for (; at < target->name.len; at++) {
        const bool level_ends = target->name.ptr[at] == MBOX_DELIMITER;
        bool diagonal = reach[0]; /* reach[j] before this octet */
        reach[0] = false;
        for (size_t j = 0; j < pattern.len; j++) {
            const char c = pattern.ptr[j];
            const bool above = reach[j + 1];
            if (is_wildcard(c))
                reach[j + 1] = (above && (c == '*' || !level_ends)) || reach[j];
            else
                reach[j + 1] = diagonal && char_matches(target, at, c);
            diagonal = above;
        }
    }
    return reach[pattern.len];
}

bool
mbox_pattern_matches(struct span reference, struct span pattern, struct span name)
{
    char joined[PATTERN_OCTETS_MAX];
    const struct target target = {
        .name = name,
        .any_case = first_level_is_inbox(name) ? inbox.len : 0,
    };
    size_t at = 0;

    if (reference.len > LIMIT_MBOX_NAME || pattern.len > LIMIT_MBOX_NAME)
        return false;
    const size_t len = join_pattern(reference, pattern, joined);
    for (; at < len && !is_wildcard(joined[at]); at++)
        if (at >= name.len || !char_matches(&target, at, joined[at]))
            return false;
    if (at == len)
        return at == name.len;
    return match_wild(&target, at, span_of(joined + at, len - at));
}

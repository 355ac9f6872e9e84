/* SPDX-License-Identifier: MIT */
/*
 * Header blocks line by line; the header file says what counts as a field. Every walk is
 * linear: a line is looked at once for its end and once for its name.
 */
#include "syntax/mail/header.h"

#include "base/limits.h"

/* The end of the line that begins at p, one past its LF, or the end of the text. */
static const char *
line_end(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));

    return lf == NULL ? end : lf + 1;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 5322 section 3.6.8, ftext: 33..126 but not the colon. */
/* clang-format off */
static const bool is_name_octet[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
};
/* clang-format on */

/* Octets of the name that a field line begins with; 0 when the line is no field. */
static size_t
name_length(const char *line, const char *end)
{
    const char *p = line;

    while (p < end && is_name_octet[(unsigned char)*p])
        p++;
    const size_t len = (size_t)(p - line);
    while (p < end && is_blank(*p))
        p++;
    return p < end && *p == ':' ? len : 0;
}

static bool
line_is_empty(const char *line, const char *end)
{
    return *line == '\n' || (*line == '\r' && end - line == 2 && line[1] == '\n');
}

enum header_line
header_line_kind(const char *line, const char *end, size_t *name_len_out)
{
    *name_len_out = 0;
    if (is_blank(*line))
        return HEADER_LINE_OTHER;
    if (line_is_empty(line, end))
        return HEADER_LINE_BLANK;
    *name_len_out = name_length(line, end);
    return *name_len_out > 0 ? HEADER_LINE_FIELD : HEADER_LINE_OTHER;
}

bool
header_line_is_mbox(const char *line, const char *end)
{
    const struct span text = span_of(line, (size_t)(end - line));

    return span_starts(text, SPAN("From ")) || span_starts(text, SPAN(">From "));
}

size_t
header_size(struct span text)
{
    const char *const end = text.len == 0 ? text.ptr : text.ptr + text.len;
    const char *stray = NULL; /* first line since the last field that is not one */
    const char *p = text.ptr;
    size_t name_len;

    while (p < end) {
        const char *next = line_end(p, end);
        const enum header_line kind = header_line_kind(p, next, &name_len);
        if (kind == HEADER_LINE_BLANK)
            return (size_t)(next - text.ptr);
        if (kind == HEADER_LINE_FIELD)
            stray = NULL;
        else if (p == text.ptr && !header_line_is_mbox(p, next))
            return 0;
        else if (stray == NULL && p != text.ptr && !is_blank(*p))
            stray = p;
        p = next;
    }
    return stray == NULL ? text.len : (size_t)(stray - text.ptr);
}

void
header_iter_init(struct header_iter *iter, struct span block)
{
    *iter = (struct header_iter){.rest = block};
}

/* The length of a blank line at the end of text that ends a field, or 0. */
static size_t
final_blank(struct span text)
{
    if (text.len >= 3 && memcmp(text.ptr + text.len - 3, "\n\r\n", 3) == 0)
        return 2;
    return text.len >= 2 && memcmp(text.ptr + text.len - 2, "\n\n", 2) == 0 ? 1 : 0;
}

struct span
header_field_value(const char *start, const char *end, size_t name_len)
{
    const char *p = start;

    if (name_len > 0)
        p = (const char *)memchr(start + name_len, ':', (size_t)(end - start) - name_len) + 1;
    if (p < end && end[-1] == '\n')
        end--;
    if (p < end && end[-1] == '\r')
        end--;
    return span_head(span_of(p, (size_t)(end - p)), LIMIT_HEADER_FIELD);
}

/* Looks at the first line of rest, unless it was looked at as the end of the field before. */
static enum header_line
first_line(struct header_iter *iter)
{
    const char *const start = iter->rest.ptr;
    size_t name_len;

    if (iter->next_end != NULL)
        return iter->next_name > 0 ? HEADER_LINE_FIELD : HEADER_LINE_BLANK;
    iter->next_end = line_end(start, start + iter->rest.len);
    const enum header_line kind = header_line_kind(start, iter->next_end, &name_len);
    iter->next_name = (uint32_t)name_len;
    return kind;
}

bool
header_next(struct header_iter *iter, struct header_field *field_out)
{
    const char *const start = iter->rest.ptr;

    if (iter->rest.len == 0)
        return false;
    const char *const end = start + iter->rest.len;
    if (first_line(iter) == HEADER_LINE_BLANK) {
        iter->blank = span_of(start, (size_t)(iter->next_end - start));
        iter->rest.len = 0;
        return false;
    }
    size_t name_len = iter->next_name;
    const char *next = iter->next_end;
    if (++iter->seen > LIMIT_HEADERS) {
        name_len = 0;
        next = end - final_blank(iter->rest);
    }
    iter->next_end = NULL;
    while (next < end) {
        size_t next_name;
        const char *const after = line_end(next, end);
        if (header_line_kind(next, after, &next_name) != HEADER_LINE_OTHER) {
            iter->next_end = after;
            iter->next_name = (uint32_t)next_name;
            break;
        }
        next = after;
    }
    *field_out = (struct header_field){
        .raw = span_of(start, (size_t)(next - start)),
        .name = span_of(start, name_len),
        .value = header_field_value(start, next, name_len),
    };
    iter->rest = span_of(next, (size_t)(end - next));
    return true;
}

bool
header_find(struct span block, const char *name, struct span *value_out)
{
    const struct span wanted = span_of_str(name);
    struct header_iter iter;
    struct header_field field;

    header_iter_init(&iter, block);
    while (header_next(&iter, &field)) {
        if (span_ieq(field.name, wanted)) {
            *value_out = field.value;
            return true;
        }
    }
    return false;
}

static bool
is_dropped(char c)
{
    return c == '\n' || c == '\r' || c == '\0';
}

struct span
header_unfold(struct span value, struct buf *scratch)
{
    size_t kept = 0;

    value = span_trim(value);
    while (kept < value.len && !is_dropped(value.ptr[kept]))
        kept++;
    if (kept == value.len)
        return value;
    const size_t start = buf_len(scratch);
    char *dst = buf_reserve(scratch, value.len);
    if (dst == NULL)
        return SPAN("");
    memcpy(dst, value.ptr, kept);
    size_t len = kept;
    for (size_t i = kept; i < value.len; i++) {
        if (!is_dropped(value.ptr[i]))
            dst[len++] = value.ptr[i];
    }
    buf_grew(scratch, len);
    return span_trim(span_tail(buf_span(scratch), start));
}

static uint32_t
name_hash(struct span name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.ptr[i])) * 16777619u;
    return hash;
}

enum rc
header_names_init(struct header_names *set, struct arena *arena, const struct span *names,
                  size_t count)
{
    uint32_t size = 8;

    if (count > LIMIT_HEADER_FIELDS)
        return RC_LIMIT;
    while (size < 2 * count)
        size *= 2;
    uint16_t *slots = arena_array(arena, uint16_t, size);
    if (slots == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = name_hash(names[i]) & (size - 1);
        while (slots[at] != 0 && !span_ieq(names[slots[at] - 1], names[i]))
            at = (at + 1) & (size - 1);
        slots[at] = (uint16_t)(i + 1);
    }
    *set = (struct header_names){.names = names, .slots = slots, .mask = size - 1};
    return RC_OK;
}

bool
header_names_has(const struct header_names *set, struct span name)
{
    uint32_t at = name_hash(name) & set->mask;

    while (set->slots[at] != 0) {
        if (span_ieq(set->names[set->slots[at] - 1], name))
            return true;
        at = (at + 1) & set->mask;
    }
    return false;
}

void
header_filter(struct buf *out, struct span block, const struct header_names *set,
              enum header_filter_mode mode)
{
    struct header_iter iter;
    struct header_field field;

    header_iter_init(&iter, block);
    while (header_next(&iter, &field)) {
        const bool named = field.name.len > 0 && header_names_has(set, field.name);
        if (named == (mode == HEADER_FIELDS))
            buf_put_span(out, field.raw);
    }
    buf_put_span(out, iter.blank);
}

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

/* RFC 5322 section 3.6.8, ftext: 33..126 but not the colon. Names with 8-bit octets are no
 * legal names, but they are not part of the field before either. */
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
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};
/* clang-format on */

/* Octets of the name that a field line begins with; 0 when the line is not a field. */
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

/* Octets of the byte order mark (U+FEFF) that a line begins with: editors put it before a text,
 * and scripts then send it. */
static size_t
mark_length(const char *line, const char *end)
{
    return end - line > 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

enum header_line
header_line_kind(const char *line, const char *end, struct span *name_out)
{
    *name_out = span_of(line, 0);
    if (is_blank(*line))
        return HEADER_LINE_OTHER;
    if (line_is_empty(line, end))
        return HEADER_LINE_BLANK;
    name_out->ptr += mark_length(line, end);
    name_out->len = name_length(name_out->ptr, end);
    return name_out->len > 0 ? HEADER_LINE_FIELD : HEADER_LINE_OTHER;
}

bool
header_line_is_mbox(const char *line, const char *end)
{
    const struct span text = span_of(line, (size_t)(end - line));

    return span_starts(text, SPAN("From ")) || span_starts(text, SPAN(">From "));
}

bool
header_line_is_stray(const char *start, const char *line, const char *end)
{
    return line == start ? !header_line_is_mbox(line, end) : !is_blank(*line);
}

size_t
header_size(struct span text)
{
    const char *const end = text.len == 0 ? text.ptr : text.ptr + text.len;
    const char *stray = NULL; /* first line since the last field that is not one */
    const char *p = text.ptr;
    struct span name;

    while (p < end) {
        const char *next = line_end(p, end);
        const enum header_line kind = header_line_kind(p, next, &name);
        if (kind == HEADER_LINE_BLANK)
            return stray != NULL && stray == text.ptr ? 0 : (size_t)(next - text.ptr);
        if (kind == HEADER_LINE_FIELD)
            stray = NULL;
        else if (stray == NULL && header_line_is_stray(text.ptr, p, next))
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
header_field_value(struct span name, const char *end)
{
    const char *p = name.ptr + name.len;

    if (name.len > 0)
        p = (const char *)memchr(p, ':', (size_t)(end - p)) + 1;
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

    if (iter->next_end != NULL)
        return iter->next_name.len > 0 ? HEADER_LINE_FIELD : HEADER_LINE_BLANK;
    iter->next_end = line_end(start, start + iter->rest.len);
    return header_line_kind(start, iter->next_end, &iter->next_name);
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
    struct span name = iter->next_name;
    const char *next = iter->next_end;
    if (name.ptr > start && name.len > 0) { /* a mark, which is no part of the name */
        *field_out = (struct header_field){
            .raw = span_head(iter->rest, (size_t)(name.ptr - start)),
            .name = SPAN(""),
            .value = SPAN(""),
        };
        iter->rest = span_tail(iter->rest, field_out->raw.len);
        return true;
    }
    name.ptr = start;
    if (++iter->seen > LIMIT_HEADERS) {
        name.len = 0;
        next = end - final_blank(iter->rest);
    }
    iter->next_end = NULL;
    while (next < end) {
        const char *const after = line_end(next, end);
        if (header_line_kind(next, after, &iter->next_name) != HEADER_LINE_OTHER) {
            iter->next_end = after;
            break;
        }
        next = after;
    }
    *field_out = (struct header_field){
        .raw = span_of(start, (size_t)(next - start)),
        .name = name,
        .value = header_field_value(name, next),
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

bool
header_line_is_unfolded(struct span value, size_t at)
{
    return value.ptr[at] == '\n' && at + 1 < value.len && value.ptr[at + 1] != ' ' &&
           value.ptr[at + 1] != '\t' && !is_dropped(value.ptr[at + 1]);
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
        else if (header_line_is_unfolded(value, i))
            dst[len++] = ' ';
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
        const bool is_mark = field.name.len == 0 && field.value.len == 0;
        if (named == (mode == HEADER_FIELDS) && !is_mark)
            buf_put_span(out, field.raw);
    }
    buf_put_span(out, iter.blank);
}

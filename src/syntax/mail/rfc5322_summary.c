/* SPDX-License-Identifier: MIT */
/* One walk over the header notes the values; ids are then cut out of three of them. */
#include "syntax/mail/rfc5322_summary.h"

#include "syntax/mail/header.h"

enum { ID_OCTETS_MAX = 1000 };

static bool
is_dropped(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Without blanks, and without the quotes of a quoted local part. */
static size_t
normalise(struct span raw, char *dst)
{
    bool quoted = false;
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && c == '\\' && i + 1 < raw.len)
            c = raw.ptr[++i];
        if (!is_dropped(c))
            dst[len++] = c;
    }
    return len;
}

/* The next "<...>" in *text, which moves behind it. */
static bool
next_bracketed(struct span *text, struct span *inside_out)
{
    for (;;) {
        const ptrdiff_t open = span_find_char(*text, '<');
        if (open < 0)
            return false;
        *text = span_tail(*text, (size_t)open + 1);
        const ptrdiff_t close = span_find_char(*text, '>');
        if (close < 0)
            return false;
        struct span inside = span_head(*text, (size_t)close);
        *text = span_tail(*text, (size_t)close + 1);
        const char *again = inside.len == 0 ? NULL : memrchr(inside.ptr, '<', inside.len);
        if (again != NULL)
            inside = span_tail(inside, (size_t)(again - inside.ptr) + 1);
        inside = span_trim(inside);
        if (inside.len > 0 && inside.len <= ID_OCTETS_MAX) {
            *inside_out = inside;
            return true;
        }
    }
}

/* False: the arena is spent. */
static bool
keep_id(struct span raw, struct arena *arena, struct span *id_out)
{
    char id[ID_OCTETS_MAX];

    *id_out = arena_span(arena, span_of(id, normalise(raw, id)));
    return id_out->ptr != NULL;
}

/* A bare word is an id too: senders forget the brackets. */
static bool
first_id(struct span value, struct arena *arena, struct span *id_out)
{
    struct span inside;

    if (next_bracketed(&value, &inside))
        return keep_id(inside, arena, id_out);
    value = span_trim(value);
    if (value.len == 0 || value.len > ID_OCTETS_MAX || span_find_char(value, '@') <= 0 ||
        span_find_char(value, ' ') >= 0)
        return true;
    return keep_id(value, arena, id_out);
}

static enum rc
keep_references(struct span value, struct arena *arena, struct rfc5322_summary *out)
{
    struct span rest = value;
    struct span inside;
    size_t count = 0;

    while (next_bracketed(&rest, &inside))
        count++;
    const size_t kept = count < RFC5322_REFERENCES_MAX ? count : RFC5322_REFERENCES_MAX;
    out->references = arena_array(arena, struct span, kept);
    if (out->references == NULL)
        return RC_LIMIT;
    rest = value;
    for (size_t i = 0; next_bracketed(&rest, &inside); i++) {
        if (i > 0 && i <= count - kept)
            continue;
        if (!keep_id(inside, arena, &out->references[out->reference_count]))
            return RC_LIMIT;
        out->reference_count++;
    }
    return RC_OK;
}

enum rc
rfc5322_summary(struct span header, struct arena *arena, struct rfc5322_summary *out)
{
    struct rfc5322_summary summary = {.has_date = false};
    struct span message_id = {NULL, 0}, in_reply_to = {NULL, 0};
    struct span references = {NULL, 0}, date = {NULL, 0};
    const struct {
        struct span name;
        struct span *value;
    } wanted[] = {
        {SPAN("message-id"), &message_id},   {SPAN("in-reply-to"), &in_reply_to},
        {SPAN("references"), &references},   {SPAN("date"), &date},
        {SPAN("subject"), &summary.subject}, {SPAN("from"), &summary.from},
        {SPAN("sender"), &summary.sender},   {SPAN("reply-to"), &summary.reply_to},
        {SPAN("to"), &summary.to},           {SPAN("cc"), &summary.cc},
    };
    struct header_iter iter;
    struct header_field field;

    header_iter_init(&iter, header);
    while (header_next(&iter, &field)) {
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
            if (wanted[i].value->ptr == NULL && span_ieq(field.name, wanted[i].name))
                *wanted[i].value = field.value;
        }
    }
    if (!first_id(message_id, arena, &summary.message_id) ||
        !first_id(in_reply_to, arena, &summary.in_reply_to))
        return RC_LIMIT;
    if (references.len > 0 && keep_references(references, arena, &summary) != RC_OK)
        return RC_LIMIT;
    summary.has_date = rfc5322_date_parse(date, &summary.date);
    *out = summary;
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Two passes over a value: read the parameters as they are written, then, only where a name has
 * a '*', join continuations. A value is copied only where an octet of it must go.
 */
#include "syntax/mail/mime_params.h"

#include "syntax/charset.h"
#include "syntax/mail/encoded_word.h"

struct cursor {
    const char *p;
    const char *end;
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks, line ends and comments (RFC 5322 section 3.2.2). An open comment ends the value:
 * false. */
static bool
skip_cfws(struct cursor *cur)
{
    unsigned depth = 0;

    for (; cur->p < cur->end; cur->p++) {
        const char c = *cur->p;
        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (c == '\\' && depth > 0 && cur->p + 1 < cur->end)
            cur->p++;
        else if (depth == 0 && !is_space(c))
            return true;
    }
    return depth == 0;
}

/* Octets up to one of stops, a blank or a comment. */
static struct span
take_word(struct cursor *cur, const char *stops)
{
    const char *const start = cur->p;

    while (cur->p < cur->end && !is_space(*cur->p) && *cur->p != '(' && *cur->p != '\0' &&
           strchr(stops, *cur->p) == NULL)
        cur->p++;
    return span_of(start, (size_t)(cur->p - start));
}

/* The inside of a quoted string, without backslashes and line ends. */
static struct span
unquote(struct span raw, struct arena *arena)
{
    char *copy = arena_alloc(arena, raw.len + 1, 1);
    size_t len = 0;

    if (copy == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '\r' || c == '\n')
            continue;
        if (c == '\\' && i + 1 < raw.len)
            c = raw.ptr[++i];
        copy[len++] = c;
    }
    return span_of(copy, len);
}

/* At a quote. An open string runs to the end. */
static struct span
take_quoted(struct cursor *cur, struct arena *arena)
{
    const char *const start = ++cur->p;
    bool plain = true;

    for (; cur->p < cur->end && *cur->p != '"'; cur->p++) {
        if (*cur->p == '\\' && cur->p + 1 < cur->end)
            cur->p++;
        else if (*cur->p != '\\' && *cur->p != '\r' && *cur->p != '\n')
            continue;
        plain = false;
    }
    const struct span raw = span_of(start, (size_t)(cur->p - start));
    if (cur->p < cur->end)
        cur->p++;
    return plain ? raw : unquote(raw, arena);
}

/* Does `name=` follow, so that a semicolon was forgotten? */
static bool
at_name(struct cursor cur)
{
    const struct span word = take_word(&cur, ";=\"");

    return word.len > 0 && cur.p < cur.end && *cur.p == '=';
}

/* Is what begins here with a '(' a comment? After a bare value it is one where the value may
 * end: "x (note);", but not "report (1).pdf", which mailers forget to quote. *passed_out: how
 * far it was read; parentheses before that need not be asked about again. */
static bool
at_comment(struct cursor cur, const char **passed_out)
{
    const bool closed = skip_cfws(&cur);

    *passed_out = cur.p;
    return closed && (cur.p == cur.end || *cur.p == ';' || at_name(cur));
}

/* A bare value. File names with blanks are common: words continue until ';', a comment or
 * `name=`.
 */
static struct span
take_bare(struct cursor *cur)
{
    const char *const start = cur->p;
    const char *no_comment = start; /* before it */

    for (;;) {
        const struct span value = span_of(start, (size_t)(cur->p - start));
        struct cursor ahead = *cur;
        while (ahead.p < ahead.end && is_space(*ahead.p))
            ahead.p++;
        if (ahead.p == ahead.end || *ahead.p == ';' || *ahead.p == '\0')
            return value;
        if (*ahead.p == '(') {
            if (ahead.p >= no_comment && at_comment(ahead, &no_comment))
                return value;
            ahead.p++;
        } else if (ahead.p > cur->p && at_name(ahead)) {
            return value;
        }
        take_word(&ahead, ";");
        *cur = ahead;
    }
}

static bool
value_has_fold(struct span value)
{
    return span_find_char(value, '\n') >= 0 || span_find_char(value, '\r') >= 0;
}

/* `name=value` at cur. A NULL value.ptr: the arena is spent. */
static struct mime_param
take_param(struct cursor *cur, struct arena *arena)
{
    struct mime_param param = {.name = take_word(cur, ";="), .value = SPAN("")};

    skip_cfws(cur);
    if (cur->p == cur->end || *cur->p != '=') {
        param.name.len = 0; /* a word without a value */
        return param;
    }
    cur->p++;
    skip_cfws(cur);
    if (cur->p < cur->end && *cur->p == '"') {
        param.value = take_quoted(cur, arena);
    } else {
        param.value = take_bare(cur);
        if (value_has_fold(param.value))
            param.value = unquote(param.value, arena);
    }
    return param;
}

/* --- RFC 2231 continuations: name*0, name*1*, ... --- */

enum { NO_SECTION = LIMIT_MIME_PARAMS };

struct section {
    struct span base; /* the name before the first '*' */
    uint32_t hash;    /* of base in lower case: nearly all comparisons end here */
    uint16_t number;  /* NO_SECTION: not a numbered section, or already taken */
    bool extended;    /* percent signs */
};

static uint32_t
hash_name(struct span name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.ptr[i])) * 16777619u;
    return hash;
}

static struct section
section_of(struct span name)
{
    const ptrdiff_t star = span_find_char(name, '*');
    struct section section = {.base = name, .number = NO_SECTION};
    uint64_t number;

    if (star <= 0)
        return section;
    section.base = span_head(name, (size_t)star);
    section.hash = hash_name(section.base);
    struct span rest = span_tail(name, (size_t)star + 1);
    if (rest.len > 0 && rest.ptr[rest.len - 1] == '*') {
        section.extended = true;
        rest.len--;
    }
    if (span_to_u64(rest, LIMIT_MIME_PARAMS - 1, &number))
        section.number = (uint16_t)number;
    return section;
}

static bool
is_attribute_octet(char c)
{
    /* RFC 2231 section 7: attribute-char */
    return c > 32 && c < 127 && strchr("*'%()<>@,;:\\\"/[]?=", c) == NULL;
}

static size_t
put_percent(char *dst, struct span text)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (is_attribute_octet((char)c)) {
            dst[len++] = (char)c;
        } else {
            dst[len++] = '%';
            dst[len++] = hex[c >> 4];
            dst[len++] = hex[c & 15];
        }
    }
    return len;
}

struct joiner {
    struct mime_param *params;
    size_t count;
    struct arena *arena;
    struct section sections[LIMIT_MIME_PARAMS]; /* of params */
    uint16_t chosen[LIMIT_MIME_PARAMS];         /* indexes into params, by section number */
};

/* Finds the sections of the parameter whose number 0 is params[first]; returns how many follow
 * one another without a gap. */
static size_t
choose_sections(struct joiner *joiner, size_t first)
{
    const struct section *head = &joiner->sections[first];
    size_t chosen_count = 0;

    for (size_t i = 0; i < joiner->count; i++)
        joiner->chosen[i] = NO_SECTION;
    for (size_t i = 0; i < joiner->count; i++) {
        const struct section *section = &joiner->sections[i];
        if (section->hash == head->hash && section->number < joiner->count &&
            joiner->chosen[section->number] == NO_SECTION &&
            span_ieq(section->base, head->base))
            joiner->chosen[section->number] = (uint16_t)i;
    }
    joiner->chosen[0] = (uint16_t)first;
    while (chosen_count < joiner->count && joiner->chosen[chosen_count] != NO_SECTION)
        chosen_count++;
    return chosen_count;
}

/*
 * Joins sections into params[first]. If any of them has percent signs, the others are given
 * them too, so that the whole is one extended value. False: the arena is spent.
 */
static bool
join_sections(struct joiner *joiner, size_t first)
{
    const struct section head = joiner->sections[first];
    const size_t chosen_count = choose_sections(joiner, first);
    bool extended = false;
    size_t octets = 3;
    size_t len = 0;

    for (size_t k = 0; k < chosen_count; k++) {
        extended |= joiner->sections[joiner->chosen[k]].extended;
        octets += 3 * joiner->params[joiner->chosen[k]].value.len;
    }
    char *value = arena_alloc(joiner->arena, octets, 1);
    char *name = arena_alloc(joiner->arena, head.base.len + 1, 1);
    if (value == NULL || name == NULL)
        return false;
    if (extended && !head.extended) {
        value[len++] = '\''; /* no charset, */
        value[len++] = '\''; /* no language */
    }
    for (size_t k = 0; k < chosen_count; k++) {
        const size_t i = joiner->chosen[k];
        struct mime_param *param = &joiner->params[i];
        if (extended && !joiner->sections[i].extended) {
            len += put_percent(value + len, param->value);
        } else if (param->value.len > 0) {
            memcpy(value + len, param->value.ptr, param->value.len);
            len += param->value.len;
        }
        joiner->sections[i].number = NO_SECTION;
        param->name.len = 0; /* taken */
    }
    memcpy(name, head.base.ptr, head.base.len);
    name[head.base.len] = '*';
    joiner->params[first].name = span_of(name, head.base.len + (extended ? 1 : 0));
    joiner->params[first].value = span_of(value, len);
    return true;
}

static enum rc
join_all(struct mime_value *value, struct arena *arena)
{
    struct joiner joiner;
    size_t kept = 0;

    joiner.params = value->params;
    joiner.count = value->param_count;
    joiner.arena = arena;
    for (size_t i = 0; i < joiner.count; i++)
        joiner.sections[i] = section_of(value->params[i].name);
    for (size_t i = 0; i < joiner.count; i++) {
        if (joiner.sections[i].number == 0 && !join_sections(&joiner, i))
            return RC_LIMIT;
    }
    for (size_t i = 0; i < joiner.count; i++) {
        if (value->params[i].name.len > 0)
            value->params[kept++] = value->params[i];
    }
    value->param_count = kept;
    return RC_OK;
}

enum rc
mime_value_parse(struct span text, struct arena *arena, struct mime_value *value_out)
{
    struct cursor cur = {text.ptr, text.len == 0 ? text.ptr : text.ptr + text.len};
    bool starred = false;

    value_out->subword = (struct span){NULL, 0};
    value_out->param_count = 0;
    skip_cfws(&cur);
    value_out->word = take_word(&cur, ";/=\"");
    skip_cfws(&cur);
    if (cur.p < cur.end && *cur.p == '/') {
        cur.p++;
        skip_cfws(&cur);
        value_out->subword = take_word(&cur, ";=\"");
    }
    while (cur.p < cur.end && value_out->param_count < LIMIT_MIME_PARAMS) {
        skip_cfws(&cur);
        if (cur.p == cur.end)
            break;
        const char *const before = cur.p;
        const struct mime_param param = take_param(&cur, arena);
        if (param.value.ptr == NULL)
            return RC_LIMIT;
        if (param.name.len > 0) {
            starred |= span_find_char(param.name, '*') >= 0;
            value_out->params[value_out->param_count++] = param;
        }
        if (cur.p == before)
            cur.p++; /* a ';', or an octet that begins nothing */
    }
    return starred ? join_all(value_out, arena) : RC_OK;
}

static const struct mime_param *
find_param(const struct mime_value *value, struct span name)
{
    for (size_t i = 0; i < value->param_count; i++) {
        if (span_ieq(value->params[i].name, name))
            return &value->params[i];
    }
    return NULL;
}

/* The parameter called name that is written with a '*' behind its name: extended. */
static const struct mime_param *
find_extended(const struct mime_value *value, struct span name)
{
    for (size_t i = 0; i < value->param_count; i++) {
        const struct span have = value->params[i].name;
        if (have.len == name.len + 1 && have.ptr[name.len] == '*' && span_istarts(have, name))
            return &value->params[i];
    }
    return NULL;
}

/* Divides charset'language'text (RFC 2231 section 4). Where the quotes are missing, all of it
 * is text. */
static struct span
split_extended(struct span value, struct span *charset_out)
{
    const ptrdiff_t first = span_find_char(value, '\'');
    const ptrdiff_t second =
        first < 0 ? -1 : span_find_char(span_tail(value, (size_t)first + 1), '\'');

    *charset_out = second < 0 ? SPAN("") : span_head(value, (size_t)first);
    return second < 0 ? value : span_tail(value, (size_t)(first + second) + 2);
}

/* The octet that text begins with, which may be written with a percent sign; takes it off. */
static char
take_octet(struct span *text)
{
    const char c = text->ptr[0];

    if (c == '%' && text->len > 2 && ascii_hex(text->ptr[1]) >= 0 &&
        ascii_hex(text->ptr[2]) >= 0) {
        const int octet = ascii_hex(text->ptr[1]) << 4 | ascii_hex(text->ptr[2]);
        *text = span_tail(*text, 3);
        return (char)octet;
    }
    *text = span_tail(*text, 1);
    return c;
}

static void
put_extended(struct buf *out, struct span value)
{
    struct charset charset;
    struct span name;
    struct span text = split_extended(value, &name);

    charset_open(&charset, name);
    while (text.len > 0) {
        const char c = take_octet(&text);
        charset_put(&charset, span_of(&c, 1), out);
    }
    charset_finish(&charset, out);
    charset_close(&charset);
}

enum rc
mime_value_param_octets(const struct mime_value *value, const char *name, struct arena *arena,
                        struct span *out)
{
    const struct mime_param *param = find_param(value, span_of_str(name));
    struct span charset;

    *out = (struct span){NULL, 0};
    if (param != NULL) {
        *out = param->value;
        return RC_OK;
    }
    param = find_extended(value, span_of_str(name));
    if (param == NULL)
        return RC_OK;
    struct span text = split_extended(param->value, &charset);
    char *octets = arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;
    if (octets == NULL)
        return RC_LIMIT;
    while (text.len > 0)
        octets[len++] = take_octet(&text);
    *out = span_of(octets, len);
    return RC_OK;
}

bool
mime_value_param_utf8(const struct mime_value *value, const char *name, struct buf *out)
{
    const struct mime_param *extended = find_extended(value, span_of_str(name));

    if (extended != NULL) {
        put_extended(out, extended->value);
        return true;
    }
    const struct mime_param *param = find_param(value, span_of_str(name));
    if (param == NULL)
        return false;
    encoded_word_decode(out, param->value);
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * One address at a time: find_stop walks over its octets to the character that ends the first
 * half ('<', ':', ',', ';' or the end), noting where an '@' was; what stands before it then is
 * a display name, a group's name or a bare address. Text is borrowed where it can be and
 * cleaned into the arena where quotes, comments or folding must go; each octet is cleaned at
 * most once, so memory stays below the length of the list.
 */
#include "syntax/mail/address.h"

#include "base/limits.h"
#include "syntax/mail/encoded_word.h"

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One past the closing quote of the string at p, or NULL when it is never closed. */
static const char *
quoted_end(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return NULL;
}

/* One past the comment at p, nested ones included, or NULL when it is never closed. */
static const char *
comment_end(const char *p, const char *end)
{
    unsigned depth = 0;

    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return NULL;
}

/*
 * One past the token at p: a quoted string, a comment, an encoded word, a quoted pair or one
 * octet. A quote or comment that is never closed is an ordinary octet, and so are all later
 * ones of its kind: each is searched for to the end once only.
 */
static const char *
token_end(struct address_iter *iter, const char *p, const char *end)
{
    const char *after = NULL;

    if (*p == '"' && !iter->stray_quote) {
        after = quoted_end(p, end);
        iter->stray_quote = after == NULL;
    } else if (*p == '(' && !iter->stray_comment) {
        after = comment_end(p, end);
        iter->stray_comment = after == NULL;
    } else if (*p == '\\' && p + 1 < end) {
        after = p + 2;
    } else if (*p == '=') {
        const size_t len = encoded_word_length(span_of(p, (size_t)(end - p)));
        after = len == 0 ? NULL : p + len;
    }
    return after == NULL ? p + 1 : after;
}

enum stop {
    AT = 1,
    LESS = 2,
    GREATER = 4,
    COLON = 8,
    SEMICOLON = 16,
    COMMA = 32,
    TOKEN = 64, /* may begin more than an octet */
};

static const unsigned char stop_of[256] = {
    ['@'] = AT,    ['<'] = LESS,  ['>'] = GREATER, [':'] = COLON, [';'] = SEMICOLON,
    [','] = COMMA, ['"'] = TOKEN, ['('] = TOKEN,   ['='] = TOKEN, ['\\'] = TOKEN,
};

/* The first of stops at or after p outside of tokens, or end. */
static const char *
find_stop(struct address_iter *iter, const char *p, const char *end, unsigned stops)
{
    while (p < end) {
        const unsigned stop = stop_of[(unsigned char)*p];
        if ((stop & stops) != 0)
            return p;
        p = stop == TOKEN ? token_end(iter, p, end) : p + 1;
    }
    return end;
}

/* The last '@' in text outside of tokens, or NULL. */
static const char *
last_at(struct address_iter *iter, const char *p, const char *end)
{
    const char *at = NULL;

    for (p = find_stop(iter, p, end, AT); p < end; p = find_stop(iter, p + 1, end, AT))
        at = p;
    return at;
}

enum blanks {
    BLANKS_AS_ONE, /* display names */
    BLANKS_NONE,   /* local parts, domains, routes */
};

static bool
is_clean(struct span text, enum blanks blanks)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '"' || c == '(' || c == ')' || c == '\\' || c == '\r' || c == '\n' ||
            c == '\t' || c == '\0')
            return false;
        if (c == ' ' && (blanks == BLANKS_NONE || (i > 0 && text.ptr[i - 1] == ' ')))
            return false;
    }
    return true;
}

/* Appends the inside of a quoted string or a comment, without backslashes and line ends. */
static char *
put_inside(char *dst, const char *p, const char *end)
{
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        if (*p != '\r' && *p != '\n' && *p != '\0')
            *dst++ = *p;
    }
    return dst;
}

/* text without quotes, comments and folding. A NULL ptr: the arena is spent. */
static struct span
clean(struct address_iter *iter, struct span text, enum blanks blanks)
{
    text = span_trim(text);
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"' &&
        is_clean(span_of(text.ptr + 1, text.len - 2), BLANKS_AS_ONE))
        return span_of(text.ptr + 1, text.len - 2);
    if (is_clean(text, blanks))
        return text;
    char *const copy = arena_alloc(iter->arena, text.len + 1, 1);
    const char *const end = text.ptr + text.len;
    char *dst = copy;
    bool blank = false;

    if (copy == NULL)
        return (struct span){NULL, 0};
    for (const char *p = text.ptr; p < end;) {
        const char *const after = token_end(iter, p, end);
        if (is_space(*p) || (*p == '(' && after > p + 1)) {
            blank = true;
        } else if (*p != '\0' && (after > p + 1 || *p != '"')) {
            if (blank && dst > copy && blanks == BLANKS_AS_ONE)
                *dst++ = ' ';
            blank = false;
            if (*p == '"')
                dst = put_inside(dst, p + 1, after - 1);
            else
                dst = put_inside(dst, p, after);
        }
        p = after;
    }
    return span_of(copy, (size_t)(dst - copy));
}

/* The inside of the last comment in p..end, or nothing. */
static struct span
last_comment(struct address_iter *iter, const char *p, const char *end)
{
    struct span comment = {p, 0};

    while (p < end) {
        const char *const after = token_end(iter, p, end);
        if (*p == '(' && after > p + 1)
            comment = span_of(p + 1, (size_t)(after - p) - 2);
        p = after;
    }
    return comment;
}

/* The text of a comment; comments in it are part of it. */
static struct span
clean_comment(struct address_iter *iter, struct span comment)
{
    const bool stray = iter->stray_comment;

    iter->stray_comment = true; /* parentheses are ordinary octets */
    const struct span text = clean(iter, comment, BLANKS_AS_ONE);
    iter->stray_comment = stray;
    return text;
}

static struct span
between(const char *p, const char *end)
{
    return span_of(p, (size_t)(end - p));
}

/* The first run of words in p..end that only dots or nothing divide, blanks around the dots
 * allowed (RFC 5322 section 4.4); of no length at end when there is none. */
static struct span
next_run(struct address_iter *iter, const char *p, const char *end)
{
    struct span run = {end, 0};
    bool blank = false;
    bool dot = false;

    while (p < end) {
        const char *const after = token_end(iter, p, end);
        if (is_space(*p) || (*p == '(' && after > p + 1)) {
            blank = true;
        } else {
            if (run.len > 0 && blank && !dot && *p != '.')
                break;
            if (run.len == 0)
                run.ptr = p;
            run.len = (size_t)(after - run.ptr);
            blank = false;
            dot = *p == '.';
        }
        p = after;
    }
    return run;
}

static struct span
last_run(struct address_iter *iter, const char *p, const char *end)
{
    struct span run = next_run(iter, p, end);

    for (;;) {
        const struct span next = next_run(iter, run.ptr + run.len, end);
        if (next.len == 0)
            return run;
        run = next;
    }
}

/* False: the arena is spent. */
static bool
is_whole(const struct address *address)
{
    return address->name.ptr != NULL && address->route.ptr != NULL &&
           address->mailbox.ptr != NULL && address->host.ptr != NULL;
}

static void
advance(struct address_iter *iter, const char *p)
{
    iter->rest = span_tail(iter->rest, (size_t)(p - iter->rest.ptr));
}

/* p..stop, without angle brackets: addr-spec, words, or both in disorder. */
static void
take_bare(struct address_iter *iter, const char *p, const char *stop, struct address *out)
{
    const char *const at = last_at(iter, p, stop);

    if (at == NULL) {
        const struct span words = clean(iter, between(p, stop), BLANKS_AS_ONE);
        if (words.ptr == NULL || span_find_char(words, ' ') >= 0)
            out->name = words;
        else
            out->mailbox = words; /* RFC 7103 section 7.1.7: a naked local part */
        return;
    }
    const struct span local = last_run(iter, p, at);
    out->mailbox = clean(iter, local, BLANKS_NONE);
    out->host = clean(iter, next_run(iter, at + 1, stop), BLANKS_NONE);
    out->name = clean(iter, between(p, local.ptr), BLANKS_AS_ONE);
}

/* What follows '<': an optional route, addr-spec, '>'. Gives where it ends. */
static const char *
take_angle(struct address_iter *iter, const char *p, const char *end, struct address *out)
{
    while (p < end && (is_space(*p) || *p == '<')) /* RFC 7103 section 7.1.2 */
        p++;
    if (p < end && *p == '@') {
        const char *const colon = find_stop(iter, p, end, COLON | SEMICOLON | LESS | GREATER);
        if (colon < end && *colon == ':') {
            out->route = clean(iter, between(p, colon), BLANKS_NONE);
            p = colon + 1;
        }
    }
    const char *stop = find_stop(iter, p, end, GREATER | COMMA | SEMICOLON | LESS);
    if (stop < end && *stop == ';') { /* "<undisclosed-recipients:;>" */
        const char *const close = find_stop(iter, stop, end, GREATER | COMMA | LESS);
        stop = close < end && *close == '>' ? close : stop;
    }
    const char *const at = last_at(iter, p, stop);
    out->mailbox = clean(iter, between(p, at == NULL ? stop : at), BLANKS_NONE);
    if (at != NULL)
        out->host = clean(iter, between(at + 1, stop), BLANKS_NONE);
    while (stop < end && *stop == '>')
        stop++;
    return stop;
}

/* After '>': words up to the next comma count for nothing, unless an address is among them. */
static const char *
skip_tail(struct address_iter *iter, const char *p, const char *end, struct span *comment_out)
{
    const char *const stop = find_stop(iter, p, end, COMMA | SEMICOLON | LESS | AT);

    if (stop < end && (*stop == '<' || *stop == '@'))
        return p;
    *comment_out = last_comment(iter, p, stop);
    return stop;
}

/* A mailbox, or a group's beginning, at the start of rest. False: nothing, or no memory. */
static bool
take_address(struct address_iter *iter, struct address *out)
{
    const char *const p = iter->rest.ptr;
    const char *const end = p + iter->rest.len;
    const unsigned stops = LESS | GREATER | COMMA | SEMICOLON;
    const char *stop = find_stop(iter, p, end, stops | COLON);
    struct span comment = {p, 0};

    *out = (struct address){
        .name = SPAN(""), .route = SPAN(""), .mailbox = SPAN(""), .host = SPAN("")};
    if (stop < end && *stop == ':') {
        if (!iter->in_group && last_at(iter, p, stop) == NULL) {
            out->kind = ADDRESS_GROUP_BEGIN;
            out->name = clean(iter, between(p, stop), BLANKS_AS_ONE);
            iter->in_group = true;
            advance(iter, stop + 1);
            return out->name.ptr != NULL;
        }
        stop = find_stop(iter, stop + 1, end, stops);
    }
    if (stop < end && *stop == '<') {
        out->name = clean(iter, between(p, stop), BLANKS_AS_ONE);
        comment = last_comment(iter, p, stop);
        const char *after = take_angle(iter, stop + 1, end, out);
        after = skip_tail(iter, after, end, comment.len == 0 ? &comment : &(struct span){0});
        advance(iter, after);
    } else {
        take_bare(iter, p, stop, out);
        if (out->mailbox.len + out->host.len > 0) /* a comment alone names nobody */
            comment = last_comment(iter, p, stop);
        advance(iter, stop);
    }
    if (out->name.len == 0 && comment.len > 0)
        out->name = clean_comment(iter, comment);
    return is_whole(out) && out->name.len + out->mailbox.len + out->host.len > 0;
}

static bool
end_group(struct address_iter *iter, struct address *out)
{
    iter->in_group = false;
    *out = (struct address){.kind = ADDRESS_GROUP_END};
    return true;
}

void
address_iter_init(struct address_iter *iter, struct span text, struct arena *arena)
{
    *iter = (struct address_iter){.rest = text.len == 0 ? SPAN("") : text, .arena = arena};
}

bool
address_next(struct address_iter *iter, struct address *out)
{
    while (iter->rest.len > 0 && iter->count < LIMIT_ADDRESSES) {
        const char c = iter->rest.ptr[0];
        if (is_space(c) || c == ',' || c == '>' || c == '\0') {
            iter->rest = span_tail(iter->rest, 1);
        } else if (c == ';') {
            iter->rest = span_tail(iter->rest, 1);
            if (iter->in_group)
                return end_group(iter, out);
        } else if (take_address(iter, out)) {
            iter->count++;
            return true;
        }
    }
    return iter->in_group && end_group(iter, out);
}

static void
put_mailbox(struct buf *out, const struct address *address)
{
    const struct span name = span_trim(address->name); /* quotes may have kept blanks */
    const bool bare = name.len == 0;

    if (!bare) {
        buf_put_span(out, name);
        buf_put_lit(out, " <");
    }
    buf_put_span(out, address->mailbox);
    if (address->host.len > 0) {
        buf_put_char(out, '@');
        buf_put_span(out, address->host);
    }
    if (!bare)
        buf_put_char(out, '>');
}

void
address_list_put(struct buf *out, struct span text, struct arena *arena)
{
    struct address_iter iter;
    struct address address;
    const char *before = "";

    address_iter_init(&iter, text, arena);
    while (address_next(&iter, &address)) {
        if (address.kind == ADDRESS_GROUP_END) {
            buf_put_char(out, ';');
            continue;
        }
        buf_put_str(out, before);
        before = ", ";
        if (address.kind == ADDRESS_MAILBOX) {
            put_mailbox(out, &address);
        } else {
            buf_put_span(out, address.name);
            before = ": ";
        }
    }
    out->failed |= arena->starved;
}

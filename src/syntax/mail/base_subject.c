/* SPDX-License-Identifier: MIT */
/*
 * The steps have the numbers of RFC 5256 section 2.1, and the functions the names of its
 * grammar (section 5). All of them only move the two ends of a span. A run of blobs is looked
 * at once for what follows it, not once for each blob of it, so the whole is linear.
 */
#include "syntax/mail/base_subject.h"

#include "syntax/mail/encoded_word.h"

/* (1): tabs, line ends and runs of blanks become one space. In place. */
static struct span
squeeze(struct buf *scratch)
{
    const struct span all = buf_span(scratch);
    char *const text = scratch->data + scratch->head;
    size_t len = 0;

    for (size_t i = 0; i < all.len; i++) {
        const char c = text[i];
        const bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!is_blank)
            text[len++] = c;
        else if (len == 0 || text[len - 1] != ' ')
            text[len++] = ' ';
    }
    return span_of(text, len);
}

static struct span
skip_blanks(struct span text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = span_tail(text, 1);
    return text;
}

/* (2): subj-trailer, again and again. */
static void
take_trailers(struct base_subject *base)
{
    struct span *text = &base->text;

    for (;;) {
        if (text->len > 0 && text->ptr[text->len - 1] == ' ') {
            text->len--;
        } else if (text->len >= 5 && span_ieq_str(span_tail(*text, text->len - 5), "(fwd)")) {
            text->len -= 5;
            base->is_reply_or_forward = true;
        } else {
            return;
        }
    }
}

/* subj-blob; false: text does not begin with one. */
static bool
skip_blob(struct span *text)
{
    if (text->len == 0 || text->ptr[0] != '[')
        return false;
    for (size_t i = 1; i < text->len; i++) {
        if (text->ptr[i] == '[')
            return false;
        if (text->ptr[i] == ']') {
            *text = skip_blanks(span_tail(*text, i + 1));
            return true;
        }
    }
    return false;
}

/* subj-refwd; false: text does not begin with one. */
static bool
skip_refwd(struct span *text)
{
    struct span rest = *text;

    if (span_istarts(rest, SPAN("fwd")))
        rest = span_tail(rest, 3);
    else if (span_istarts(rest, SPAN("re")) || span_istarts(rest, SPAN("fw")))
        rest = span_tail(rest, 2);
    else
        return false;
    rest = skip_blanks(rest);
    (void)skip_blob(&rest);
    if (rest.len == 0 || rest.ptr[0] != ':')
        return false;
    *text = span_tail(rest, 1);
    return true;
}

/* (3), (4) and (5): leaders and blobs, until neither is left. */
static void
take_leaders(struct base_subject *base)
{
    for (;;) {
        struct span rest = base->text = skip_blanks(base->text);
        struct span last = rest; /* begins with the last blob of the run */
        for (struct span at = rest; skip_blob(&rest); at = rest)
            last = at;
        if (skip_refwd(&rest)) {
            base->text = rest;
            base->is_reply_or_forward = true;
            continue;
        }
        base->text = rest.len > 0 ? rest : last; /* a blob may be all there is */
        return;
    }
}

/* (6): the wrapping of "[fwd: ...]". */
static bool
take_wrapping(struct base_subject *base)
{
    static const struct span header = SPAN_INIT("[fwd:");
    struct span *text = &base->text;

    if (text->len <= header.len || !span_istarts(*text, header) ||
        text->ptr[text->len - 1] != ']')
        return false;
    *text = span_of(text->ptr + header.len, text->len - header.len - 1);
    base->is_reply_or_forward = true;
    return true;
}

struct base_subject
base_subject_of(struct span value, struct buf *scratch)
{
    struct base_subject base = {.is_reply_or_forward = false};

    buf_clear(scratch);
    encoded_word_decode(scratch, value);
    if (!buf_ok(scratch) || buf_len(scratch) == 0)
        return base;
    base.text = squeeze(scratch);
    do {
        take_trailers(&base);
        take_leaders(&base);
    } while (take_wrapping(&base));
    return base;
}

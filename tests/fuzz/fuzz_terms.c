/* SPDX-License-Identifier: MIT */
/*
 * A text, and three octets in front that say where it is cut: its terms are the same however it
 * is cut, each part of it asks for terms that it has, and a part that is exact is in it if and
 * only if a term matches, or a token contains it. The octet 1 divides the text from another
 * needle.
 */
#include <stdint.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "syntax/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_term(void *ctx, struct span term)
{
    struct buf *terms = ctx;

    CHECK(term.len > 0 && term.len <= TERM_OCTETS);
    CHECK(u8_check((const uint8_t *)term.ptr, term.len) == NULL);
    CHECK(span_find_char(term, '\n') < 0 && span_find_char(term, ' ') < 0);
    buf_put_span(terms, term);
    buf_put_char(terms, '\n');
}

/* Tokens of anything. */
static void
put_token(void *ctx, struct span token)
{
    struct buf *tokens = ctx;

    CHECK(token.len > 0 && token.len <= TERM_OCTETS);
    for (size_t i = 0; i < token.len; i++)
        CHECK((unsigned char)token.ptr[i] > ' ');
    buf_put_span(tokens, token);
    buf_put_char(tokens, '\n');
}

/* The length of a piece of at least `step` octets that ends between characters. */
static size_t
cut(struct span text, size_t step)
{
    size_t at = 0;

    while (at < text.len && at < step) {
        const int len = u8_mblen((const uint8_t *)text.ptr + at, text.len - at);
        at += len > 0 ? (size_t)len : 1;
    }
    return at;
}

static void
terms_of(struct span text, size_t step, struct buf *out)
{
    struct terms terms;

    terms_init(&terms);
    while (text.len > 0) {
        const size_t len = cut(text, step);
        terms_put(&terms, span_head(text, len), put_term, out);
        text = span_tail(text, len);
    }
    terms_end(&terms, put_term, out);
}

static bool
has(struct span terms, const struct term_piece *piece)
{
    while (terms.len > 0) {
        const size_t len = (size_t)span_find_char(terms, '\n');
        if (term_matches(piece, span_head(terms, len)))
            return true;
        terms = span_tail(terms, len + 1);
    }
    return false;
}

static void
check_needle(struct span needle, struct span text, struct span terms)
{
    AUTO_ARENA arena = {0};
    struct term_piece *pieces;
    size_t count;
    bool exact;

    arena_init(&arena, 16u << 20);
    CHECK(terms_of_needle(&arena, needle, &pieces, &count, &exact) == RC_OK);
    CHECK(count <= LIMIT_TERM_PIECES && (!exact || count == 1));
    const bool found = needle.len == 0 || span_find(text, needle) >= 0;
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= has(terms, &pieces[i]);
    CHECK(all || !found);
    CHECK(!exact || found == all);
    if (!terms_is_in_token(needle))
        return;
    AUTO_BUF tokens = {0};
    buf_init(&tokens, 64u << 20);
    terms_tokens(text, put_token, &tokens);
    CHECK(buf_ok(&tokens) && (span_find(buf_span(&tokens), needle) >= 0) == found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = {0};
    AUTO_BUF pieces = {0};

    if (size < 3)
        return 0;
    const struct span input = span_of(data + 3, size - 3);
    const ptrdiff_t mark = span_find_char(input, 1);
    const struct span text = mark < 0 ? input : span_head(input, (size_t)mark);
    buf_init(&whole, 64u << 20);
    buf_init(&pieces, 64u << 20);
    terms_of(text, SIZE_MAX, &whole);
    terms_of(text, (size_t)data[0] + 1, &pieces);
    CHECK(buf_ok(&whole) && span_eq(buf_span(&whole), buf_span(&pieces)));
    if (mark >= 0)
        check_needle(span_tail(input, (size_t)mark + 1), text, buf_span(&whole));
    /* Also parts of characters. */
    for (size_t i = 0; i < 8; i++) {
        const size_t from = (data[1] + i * 37) % (text.len + 1);
        check_needle(span_head(span_tail(text, from), data[2] + i * i), text, buf_span(&whole));
    }
    return 0;
}

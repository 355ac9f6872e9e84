/* SPDX-License-Identifier: MIT */
/*
 * A word that begins and ends within a piece is given out where it stands. Only one that a
 * piece may cut, or a long one, is collected in terms->run.
 */
#include "syntax/terms.h"

#include <gnu/libc-version.h>
#include <unistring/version.h>

#include "base/limits.h"
#include "syntax/char_class.h"

enum kind { KIND_NONE, KIND_WORD, KIND_IDEOGRAPHS };

uint32_t
terms_form(void)
{
    uint32_t form = TERMS_FORM * 0x1000000u + (uint32_t)_libunistring_version;

    for (const char *c = gnu_get_libc_version(); *c != '\0'; c++)
        form = form * 31 + (unsigned char)*c;
    return form == 0 ? 1 : form;
}

/* ---- cutting ---- */

static bool
is_in_word(enum char_class kind)
{
    return kind == CHAR_LETTER || kind == CHAR_DIGIT || kind == CHAR_MARK;
}

/* Of ASCII: 1 in a word, 0 separates. Of the first octet of anything else: 2. */
static const uint8_t octet_kinds[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
    ['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1,
    ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1,
    ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1,
    ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1,
    ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
};

/* What follows the part of a word that a text begins with. */
struct next {
    size_t at;     /* length of that part; 0: none */
    size_t octets; /* of the character behind it; 0: the text ends there */
    bool is_ideograph;
};

static struct next
next_of(struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        const unsigned char c = (unsigned char)text.ptr[at];
        if (octet_kinds[c] == 1) {
            at++;
            continue;
        }
        if (c < 0x80)
            return (struct next){at, 1, false};
        const struct character first = char_first(span_tail(text, at));
        if (!is_in_word(first.kind))
            return (struct next){at, first.octets, first.kind == CHAR_IDEOGRAPH};
        at += first.octets;
    }
    return (struct next){at, 0, false};
}

/* The last place between two characters that is not behind at. */
static size_t
cut_before(const char *text, size_t at)
{
    const size_t least = at < 3 ? 0 : at - 3; /* in what is not UTF-8, there need not be any */

    while (at > least && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

void
terms_init(struct terms *terms)
{
    terms->kind = KIND_NONE;
    terms->has_pair = false;
    terms->len = 0;
}

void
terms_end(struct terms *terms, terms_fn *fn, void *ctx)
{
    if (terms->kind == KIND_WORD || (terms->kind == KIND_IDEOGRAPHS && !terms->has_pair))
        fn(ctx, span_of(terms->run, terms->len));
    terms_init(terms);
}

/* Adds to the word that is being collected. What does not fit is the beginning of its next
 * term. */
static void
collect(struct terms *terms, struct span part, terms_fn *fn, void *ctx)
{
    terms->kind = KIND_WORD;
    while (part.len > TERM_OCTETS - (size_t)terms->len) {
        const size_t room = cut_before(part.ptr, TERM_OCTETS - (size_t)terms->len);
        memcpy(terms->run + terms->len, part.ptr, room);
        const size_t len = terms->len + room;
        fn(ctx, span_of(terms->run, len));
        const size_t from = cut_before(terms->run, TERM_STEP);
        memmove(terms->run, terms->run + from, len - from);
        terms->len = (uint16_t)(len - from);
        part = span_tail(part, room);
    }
    if (part.len > 0)
        memcpy(terms->run + terms->len, part.ptr, part.len);
    terms->len = (uint16_t)(terms->len + part.len);
}

static void
put_ideograph(struct terms *terms, struct span character, terms_fn *fn, void *ctx)
{
    const bool has_pair = terms->kind == KIND_IDEOGRAPHS;

    if (has_pair) {
        memcpy(terms->run + terms->len, character.ptr, character.len);
        fn(ctx, span_of(terms->run, terms->len + character.len));
    } else {
        terms_end(terms, fn, ctx);
    }
    memcpy(terms->run, character.ptr, character.len);
    terms->len = (uint16_t)character.len;
    terms->kind = KIND_IDEOGRAPHS;
    terms->has_pair = has_pair;
}

void
terms_put(struct terms *terms, struct span piece, terms_fn *fn, void *ctx)
{
    while (piece.len > 0) {
        const struct next next = next_of(piece);
        const struct span part = span_head(piece, next.at);
        if (part.len > 0) {
            if (terms->kind == KIND_IDEOGRAPHS)
                terms_end(terms, fn, ctx);
            if (terms->kind == KIND_NONE && next.octets > 0 && part.len <= TERM_OCTETS)
                fn(ctx, part);
            else
                collect(terms, part, fn, ctx);
        }
        if (next.is_ideograph)
            put_ideograph(terms, span_of(piece.ptr + next.at, next.octets), fn, ctx);
        else if (next.octets > 0)
            terms_end(terms, fn, ctx);
        piece = span_tail(piece, next.at + next.octets);
    }
}

/* ---- tokens ---- */

static bool
is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static size_t
count_blanks(struct span text)
{
    size_t count = 0;

    while (count < text.len && is_blank(text.ptr[count]))
        count++;
    return count;
}

static size_t
token_length(struct span text)
{
    size_t len = 0;

    while (len < text.len && !is_blank(text.ptr[len]))
        len++;
    return len;
}

/* Whether there is anything that is neither in a word nor an ideograph. */
static bool
has_separator(struct span text)
{
    while (text.len > 0) {
        const struct next next = next_of(text);
        if (next.octets > 0 && !next.is_ideograph)
            return true;
        text = span_tail(text, next.at + next.octets);
    }
    return false;
}

static void
put_token(struct span token, terms_fn *fn, void *ctx)
{
    while (token.len > TERM_OCTETS) {
        fn(ctx, span_head(token, cut_before(token.ptr, TERM_OCTETS)));
        token = span_tail(token, cut_before(token.ptr, TERM_STEP));
    }
    fn(ctx, token);
}

void
terms_tokens(struct span text, terms_fn *fn, void *ctx)
{
    while (text.len > 0) {
        text = span_tail(text, count_blanks(text));
        const struct span token = span_head(text, token_length(text));
        text = span_tail(text, token.len);
        if (has_separator(token))
            put_token(token, fn, ctx);
    }
}

/* ---- needles ---- */

bool
terms_is_in_token(struct span folded)
{
    return folded.len > 0 && folded.len <= TERM_SHARED && token_length(folded) == folded.len &&
           u8_check((const uint8_t *)folded.ptr, folded.len) == NULL && has_separator(folded);
}

struct needle_cut {
    struct span folded;
    struct term_piece *pieces;
    size_t count;
};

/* A piece of the run from begin to end. What is beside the needle's own ends is not known. */
static void
put_piece(struct needle_cut *cut, struct span text, struct span run)
{
    const char *const end = cut->folded.ptr + cut->folded.len;
    const bool begins = text.ptr == run.ptr && run.ptr != cut->folded.ptr;
    const bool ends = text.ptr + text.len == run.ptr + run.len && run.ptr + run.len != end;

    if (cut->count == LIMIT_TERM_PIECES)
        return;
    cut->pieces[cut->count++] = (struct term_piece){
        .text = text,
        .match = begins && ends ? TERM_IS
                 : begins       ? TERM_BEGINS
                 : ends         ? TERM_ENDS
                                : TERM_CONTAINS,
    };
}

/* A long part of a word is in several terms, so that only its parts can be asked for. Its last
 * part has the full length too, and may overlap the one before. */
static void
put_word(struct needle_cut *cut, struct span run)
{
    struct span rest = run;

    if (run.len <= TERM_SHARED) {
        put_piece(cut, run, run);
        return;
    }
    while (rest.len > TERM_SHARED) {
        const size_t len = cut_before(rest.ptr, TERM_SHARED);
        put_piece(cut, span_head(rest, len), run);
        rest = span_tail(rest, len);
    }
    const size_t tail = cut_before(run.ptr, run.len - TERM_SHARED + 4);
    put_piece(cut, span_tail(run, tail), run);
}

/* Returns the length of the run of ideographs at the beginning of text, 0 if there is none. */
static size_t
ideographs_length(struct span text)
{
    size_t len = 0;

    for (struct next next = next_of(text); next.at == 0 && next.is_ideograph;
         next = next_of(span_tail(text, len)))
        len += next.octets;
    return len;
}

static void
put_ideographs(struct needle_cut *cut, struct span run)
{
    size_t at = 0;
    size_t end = 0;

    while (end < run.len) {
        const size_t next = at + char_first(span_tail(run, at)).octets;
        end = next == run.len ? next : next + char_first(span_tail(run, next)).octets;
        put_piece(cut, span_of(run.ptr + at, end - at), run);
        at = next;
    }
}

static bool
is_exact(const struct needle_cut *cut)
{
    return cut->count == 1 && cut->pieces[0].text.len == cut->folded.len;
}

enum rc
terms_of_needle(struct arena *arena, struct span folded, struct term_piece **out,
                size_t *count_out, bool *exact_out)
{
    struct needle_cut cut = {
        .folded = arena_span(arena, folded),
        .pieces = arena_array(arena, struct term_piece, LIMIT_TERM_PIECES),
    };

    if (cut.folded.ptr == NULL || cut.pieces == NULL)
        return RC_LIMIT;
    const bool is_utf8 =
        folded.len == 0 || u8_check((const uint8_t *)folded.ptr, folded.len) == NULL;
    struct span rest = is_utf8 ? cut.folded : span_head(cut.folded, 0);
    while (rest.len > 0) {
        const struct next next = next_of(rest);
        const struct span word = span_head(rest, next.at);
        rest = span_tail(rest, word.len);
        const struct span run = span_head(rest, ideographs_length(rest));
        if (word.len > 0)
            put_word(&cut, word);
        put_ideographs(&cut, run);
        rest = span_tail(rest, run.len > 0 ? run.len : next.octets);
    }
    *out = cut.pieces;
    *count_out = cut.count;
    *exact_out = is_exact(&cut);
    return RC_OK;
}

bool
term_matches(const struct term_piece *piece, struct span term)
{
    const struct span text = piece->text;

    if (term.len < text.len)
        return false;
    switch (piece->match) {
    case TERM_CONTAINS:
        return span_find(term, text) >= 0;
    case TERM_BEGINS:
        return span_starts(term, text);
    case TERM_ENDS:
        return span_eq(span_tail(term, term.len - text.len), text);
    case TERM_IS:
        return span_eq(term, text);
    }
    return false;
}

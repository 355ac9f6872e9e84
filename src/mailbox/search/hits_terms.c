/* SPDX-License-Identifier: MIT */
/*
 * Looks for the terms of pieces in a part of a vocabulary, which is searched like a text: at
 * some GB/s for texts as they stand, and at some ten million terms a second for words.
 */
#include "mailbox/search/hits_private.h"

#include <string.h>

#include "base/limits.h"

enum {
    FIND_PER_WORK = 32, /* as in syntax/mail/mime_needles.c */
    READ_PER_WORK = 8,
    COMPARED_PER_WORK = 4,
    STEPS_PER_WORK = 2,
    TERM_WORK = 8,                   /* a term whose messages are read */
    WINDOW_OCTETS = TERM_OCTETS - 8, /* a term of this length may be a part of a word */
};

struct part {
    struct hits_asking *asking;
    struct store_index *index;
    struct span text;
    struct err *err;
};

static enum rc
add_messages(const struct part *part, const struct hits_piece *piece, struct span term)
{
    part->asking->terms++;
    part->asking->work += TERM_WORK;
    return store_index_found(part->index, (size_t)(term.ptr - part->text.ptr), &piece->set,
                             part->err);
}

/* ---- the text as it stands ---- */

/* The term at this place of the part. */
static struct span
term_at(struct span text, const char *place)
{
    const char *before = memrchr(text.ptr, '\n', (size_t)(place - text.ptr));
    const char *begin = before == NULL ? text.ptr : before + 1;
    const char *past = text.ptr + text.len;
    const char *end = memchr(place, '\n', (size_t)(past - place));

    return (struct span){begin, (size_t)((end == NULL ? past : end) - begin)};
}

static enum rc
find_text(const struct part *part, const struct hits_piece *piece)
{
    const struct span text = part->text;
    const bool begins = piece->pattern.ptr[0] == '\n';
    struct span rest = text;
    enum rc rc = RC_OK;

    part->asking->work += 1 + text.len / FIND_PER_WORK;
    while (rc == RC_OK) {
        const ptrdiff_t at = span_find(rest, piece->pattern);
        if (at < 0)
            break;
        const struct span term = term_at(text, rest.ptr + at + begins);
        if (term_matches(&piece->piece, term))
            rc = add_messages(part, piece, term);
        rest = span_tail(text, (size_t)(term.ptr + term.len - text.ptr));
    }
    return rc;
}

/* ---- words ---- */

/* Pieces with words, of the same space. */
struct wanted {
    const struct hits_piece *pieces[LIMIT_SEARCH_PIECES];
    size_t count;
    uint64_t compared;
    uint64_t steps;
};
_Static_assert(LIMIT_SEARCH_PIECES <= 64, "a bit for each piece");

static void
collect(const struct hits_asking *asking, struct wanted *wanted)
{
    for (size_t i = 0; i < asking->piece_count; i++) {
        const struct hits_piece *piece = &asking->pieces[i];
        if (piece->word != NULL && piece->space == asking->space && piece->set.bits != NULL)
            wanted->pieces[wanted->count++] = piece;
    }
}

/* Which of the pieces the words of a term match; bits. */
static uint64_t
compare(struct wanted *wanted, struct span term)
{
    uint64_t found = 0;
    struct words words;

    words_init(&words);
    while (words_next(&words, &term) || words_end(&words))
        for (size_t i = 0; i < wanted->count; i++) {
            struct fuzzy *fuzzy = wanted->pieces[i]->word;
            wanted->compared++;
            wanted->steps += fuzzy_see(fuzzy, &words.word, FUZZY_IN_FRONT);
            if (fuzzy->words[0].best[FUZZY_IN_FRONT] == 0)
                continue;
            fuzzy_begin(fuzzy);
            found |= UINT64_C(1) << i;
        }
    return found;
}

/* Whether a term may be a part of a word of which the others hold what is compared: because of
 * its marks it has fewer letters than that. */
static bool
is_cut(struct span term)
{
    struct words words;

    if (term.len < WINDOW_OCTETS)
        return false;
    words_init(&words);
    return !words_next(&words, &term) && (!words_end(&words) || words.word.len < WORD_CHARS);
}

static enum rc
find_words(const struct part *part)
{
    struct wanted wanted = {.count = 0};
    struct span rest = part->text;
    enum rc rc = RC_OK;

    collect(part->asking, &wanted);
    if (wanted.count == 0)
        return RC_OK;
    while (rest.len > 0 && rc == RC_OK) {
        const ptrdiff_t end = span_find_char(rest, '\n');
        const struct span term = span_head(rest, end < 0 ? rest.len : (size_t)end);
        const uint64_t found = is_cut(term) ? UINT64_MAX : compare(&wanted, term);
        rest = span_tail(rest, term.len + (end >= 0));
        for (size_t i = 0; i < wanted.count && found != 0 && rc == RC_OK; i++)
            if ((found >> i & 1) != 0)
                rc = add_messages(part, wanted.pieces[i], term);
    }
    part->asking->work += 1 + part->text.len / READ_PER_WORK +
                          wanted.compared / COMPARED_PER_WORK + wanted.steps / STEPS_PER_WORK;
    return rc;
}

enum rc
hits_terms_find(struct hits_asking *asking, struct store_index *index, struct span text,
                struct err *err)
{
    const struct part part = {asking, index, text, err};
    enum rc rc = RC_OK;

    asking->octets += text.len;
    for (size_t i = 0; i < asking->piece_count && rc == RC_OK; i++) {
        const struct hits_piece *piece = &asking->pieces[i];
        if (piece->word == NULL && piece->space == asking->space && piece->set.bits != NULL)
            rc = find_text(&part, piece);
    }
    return rc == RC_OK ? find_words(&part) : rc;
}

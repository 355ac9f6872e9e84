/* SPDX-License-Identifier: MIT */
/*
 * How well a text matches one that is looked for, where it need not match exactly (SEARCH
 * FUZZY, RFC 6203). The text matches if it has each word that is looked for, in any order:
 *
 *   the word itself           work
 *   one that begins with it   work      working
 *   one of the same stem      working   works
 *   one with a few mistakes   recieve   receive
 *   one that contains it      work      firework
 *
 * A mistake is a character too many, one too few, another one, or two that have changed places:
 * one is allowed in words of at least four characters, two in words of at least eight, none in
 * words with digits. Case and accents do not count. A text also matches if it contains what is
 * looked for as it stands; so nothing that an exact search finds is missed.
 *
 * The score, 1 .. 100, is how well each word is matched, in the mean; less if the words are not
 * in their order beside each other. Matches in front (such as in the subject) count in full,
 * those behind (in a long text) the more the oftener there are any. 100: as it stands and as
 * whole words, in front or often.
 *
 * Thread: any.
 */
#ifndef SYNTAX_FUZZY_H
#define SYNTAX_FUZZY_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "syntax/words.h"

enum { FUZZY_STEPS = 8 * WORD_CHARS };

enum fuzzy_place { FUZZY_IN_FRONT, FUZZY_BEHIND, FUZZY_PLACES };

/* A word that is looked for, and what has been seen of it. */
struct fuzzy_word {
    struct word word;
    uint8_t best[FUZZY_PLACES]; /* grade of the best match; 0: none */
    uint8_t hits;               /* good matches behind, as far as they count */
};

struct fuzzy {
    struct fuzzy_word *words; /* in the arena */
    size_t count;
    bool as_it_stands[FUZZY_PLACES];
};

/** What is looked for, folded (fold.h). With more than at_most words, or none, it is left
 * without any: it can be looked for only as it stands. RC_LIMIT: arena. */
MUST_USE enum rc fuzzy_init(struct fuzzy *fuzzy, struct arena *arena, struct span folded,
                            size_t at_most);
/** Another text begins. */
void fuzzy_begin(struct fuzzy *fuzzy);
/** The text has this word. Returns what it took beyond a look at the letters of both: steps of
 * some two nanoseconds, of which there are FUZZY_STEPS at most for each word looked for. */
unsigned fuzzy_see(struct fuzzy *fuzzy, const struct word *word, enum fuzzy_place place);
/** The text contains what is looked for as it stands. */
void fuzzy_see_all(struct fuzzy *fuzzy, enum fuzzy_place place);
/** 0: it does not match, so far. More of the text never makes the score lower. */
unsigned fuzzy_score(const struct fuzzy *fuzzy);

#endif

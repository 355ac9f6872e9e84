/* SPDX-License-Identifier: MIT */
/*
 * How well a text matches what is searched for if it need not match exactly (SEARCH FUZZY, RFC
 * 6203). The text matches if it has each of the words, in any order:
 *
 *   the word itself           work
 *   one that begins with it   work      working
 *   one of the same stem      working   works
 *   one with a few mistakes   recieve   receive
 *   one that contains it      work      firework
 *
 * A mistake is an extra, a missing or a wrong character, or two that are swapped. One is
 * allowed in words of at least four characters, two in words of at least eight, none in words
 * with digits. Case and accents are ignored. A text also matches if it contains the searched
 * text as it stands, so nothing that an exact search finds is missed.
 *
 * The score, 1 .. 100, is the mean of how well each word is matched, and is lower if the words
 * are not next to each other in this order. Matches in front (such as in the subject) count in
 * full; those behind (in a long text) count more the more there are. 100: the text as it stands
 * and as whole words, in front or often.
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

/* A word that is searched for, and the matches seen so far. */
struct fuzzy_word {
    struct word word;
    uint8_t best[FUZZY_PLACES]; /* grade of the best match; 0: none */
    /* number of good matches behind, up to the number that counts */
    uint8_t hits;
};

struct fuzzy {
    struct fuzzy_word *words; /* in the arena */
    size_t count;
    bool as_it_stands[FUZZY_PLACES];
};

/** Takes the text to search for, folded (fold.h). If it has more than at_most words, or none,
 * it is kept without words and is found only as it stands. RC_LIMIT: arena. */
MUST_USE enum rc fuzzy_init(struct fuzzy *fuzzy, struct arena *arena, struct span folded,
                            size_t at_most);
/** Begins another text. */
void fuzzy_begin(struct fuzzy *fuzzy);
/** Says that the text has this word. Returns the work beyond comparing the letters of both, in
 * steps of about two nanoseconds, at most FUZZY_STEPS for each word that is searched for. */
unsigned fuzzy_see(struct fuzzy *fuzzy, const struct word *word, enum fuzzy_place place);
/** Says that the text contains the searched text as it stands. */
void fuzzy_see_all(struct fuzzy *fuzzy, enum fuzzy_place place);
/** 0: it does not match so far. More text never lowers the score. */
unsigned fuzzy_score(const struct fuzzy *fuzzy);

#endif

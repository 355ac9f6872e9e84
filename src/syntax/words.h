/* SPDX-License-Identifier: MIT */
/*
 * Splits a text into words, for comparisons in which words count and not every octet (fuzzy.h).
 * A word is a run of letters and digits of any script; an ideograph is a word by itself. Marks,
 * such as the accents that folding (fold.h) has separated from their letters, are left out;
 * everything else separates words. Of a word longer than WORD_CHARS, only the beginning is
 * kept.
 *
 *   words_init(&words)
 *   for each piece of the text, cut between characters:
 *       while (words_next(&words, &piece))
 *           words.word ...
 *   if (words_end(&words))
 *       words.word, the last one
 *
 * Thread: any.
 */
#ifndef SYNTAX_WORDS_H
#define SYNTAX_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { WORD_CHARS = 32 };

struct word {
    uint32_t chars[WORD_CHARS];
    uint64_t letters; /* set of the letters in it, by their numbers modulo 64 */
    uint8_t len;      /* length in characters */
    bool has_digit;
};

struct words {
    struct word word;
    bool is_whole; /* the next letter begins a new word */
};

void words_init(struct words *words);
/** Reads the piece up to the end of the next word. False: the piece is used up; its last word
 * may continue in the next piece. */
bool words_next(struct words *words, struct span *piece);
/** Call it after the last piece: whether the text ended in a word. */
bool words_end(struct words *words);

#endif

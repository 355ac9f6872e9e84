/* SPDX-License-Identifier: MIT */
/*
 * The words of a text, one after the other: what is compared where words count and not their
 * spelling to the octet (fuzzy.h). A word is a run of letters and digits of any script; an
 * ideograph is one by itself. Marks, such as the accents that folding (fold.h) has parted from
 * their letters, are left out; all else parts words. Of a longer word than WORD_CHARS, only its
 * beginning is kept.
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
    uint64_t letters; /* which there are, by their numbers modulo 64 */
    uint8_t len;      /* characters */
    bool has_digit;
};

struct words {
    struct word word;
    bool is_whole; /* the next one begins with the next letter */
};

void words_init(struct words *words);
/** Reads on in the piece, up to the end of the next word. False: the piece is used up; its last
 * word may go on in the next piece. */
bool words_next(struct words *words, struct span *piece);
/** After the last piece: whether it ended in a word. */
bool words_end(struct words *words);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The terms under which an index keeps a text, and what a text that is searched for (a needle)
 * says about the terms of every text that contains it. Both are folded (fold.h), and both are
 * cut in the same way, so a text that contains the needle always has the terms that the needle
 * asks for.
 *
 * A text is cut by the class of each character alone (char_class.h), whatever stands beside it:
 *
 *   letters, digits, marks  a run of them is a word, which is one term. A word longer than
 *                           TERM_OCTETS has a term of about that length from every TERM_STEP
 *                           octets on, cut between characters
 *   ideographs              a run of them has a term for each two neighbours; one that stands
 *                           alone is a term by itself
 *   everything else         separates; also octets that are not UTF-8
 *
 * words.h cuts in the same places, except that an ideograph is a word by itself there.
 *
 * Short texts, such as the values of some fields, may also have tokens: what stands between two
 * blanks (octets up to 0x20, and 0x7f), if there is anything in it that separates words, as in
 * an address. A long one has several terms, as a word has.
 *
 * A needle is cut likewise. If it is a part of one word, or one or two ideographs (exact), it
 * is found in a text exactly if one of the text's terms contains it. Otherwise every text that
 * contains it has terms for each of its pieces, but they may stand in another order, so the
 * text has to be looked at. A needle without a blank, with something that separates words, is
 * found exactly if one of the text's tokens contains it.
 *
 * Thread: any; a struct terms belongs to one thread at a time.
 */
#ifndef SYNTAX_TERMS_H
#define SYNTAX_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"

enum {
    TERM_OCTETS = 256,
    TERM_STEP = 128,
    /* Two terms of a long word have this much in common at least: a word's part of this length
     * is in one of its terms, wherever they begin. Longer parts of a needle are divided. */
    TERM_SHARED = TERM_OCTETS - TERM_STEP - 4,
};

/* Changes with anything that gives a text other terms: the folding, the classes of characters,
 * what of a message is searched. */
enum { TERMS_FORM = 3 };

/** TERMS_FORM, and the versions of the libraries that know characters and charsets. An index of
 * another form is made anew. Never 0. */
uint32_t terms_form(void);

/* Cuts a text that comes in pieces. */
struct terms {
    uint8_t kind;  /* of the run that may go on in the next piece */
    bool has_pair; /* the ideograph is already in a term with the one before it */
    uint16_t len;
    char run[TERM_OCTETS]; /* the word, the end of a long word, or the last ideograph */
};

/* term: 1 .. TERM_OCTETS octets of UTF-8, borrowed for the call; letters, digits and marks, or
 * ideographs. The same term comes as often as the text has it. */
typedef void terms_fn(void *ctx, struct span term);

/** Also forgets a text that has not ended. Nothing has to be freed. */
void terms_init(struct terms *terms);
/** The next piece of a text, folded, cut between characters. Calls fn for each term that is
 * complete. */
void terms_put(struct terms *terms, struct span piece, terms_fn *fn, void *ctx);
/** The end of the text: the next piece belongs to another one. */
void terms_end(struct terms *terms, terms_fn *fn, void *ctx);

/** The tokens of a whole text, folded. They may come several times, and what is not UTF-8 stays
 *  as it is. */
void terms_tokens(struct span text, terms_fn *fn, void *ctx);

/* How a term is related to the piece of a needle. */
enum term_match {
    TERM_CONTAINS,
    TERM_BEGINS, /* it begins with the piece */
    TERM_ENDS,
    TERM_IS,
};

/* One of the things that the terms of a text must have: a term that matches. */
struct term_piece {
    struct span text; /* in the arena */
    enum term_match match;
};

/**
 * What the terms of every text with this needle must have: all of the pieces, in the order of
 * the needle. *count_out is 0 if the needle says nothing: it has separators only, is empty, or
 * is not UTF-8. Of a needle with more than LIMIT_TERM_PIECES, the first ones are given. If
 * *exact_out, there is one piece, and a text with a term that matches contains the needle.
 * RC_LIMIT: arena.
 */
MUST_USE enum rc terms_of_needle(struct arena *arena, struct span folded,
                                 struct term_piece **out, size_t *count_out, bool *exact_out);

/** Whether the needle is found exactly where a token contains it: it has no blanks, but
 * something that separates words, is UTF-8, and is not longer than TERM_SHARED. */
bool terms_is_in_token(struct span folded);

/** Whether a term is one that the piece asks for. */
bool term_matches(const struct term_piece *piece, struct span term);

#endif

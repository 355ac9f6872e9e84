/* SPDX-License-Identifier: MIT */
/*
 * What a question (hits.h) asks the index: hits_pieces.c makes the pieces, hits_terms.c finds
 * their terms, and hits.c makes the answer of their messages.
 */
#ifndef MAILBOX_SEARCH_HITS_PRIVATE_H
#define MAILBOX_SEARCH_HITS_PRIVATE_H

#include "mailbox/search/hits.h"

/*
 * Terms of one space. A question is a sum of clauses, a clause a product of factors, and a
 * factor the sum of its pieces:
 *
 *   text as it stands, in each space   one clause, with one factor for each piece of the text
 *   its words, in all spaces           one clause, with one factor for each word, which has one
 *                                      piece in each space
 */
struct hits_piece {
    uint32_t question;
    uint32_t clause; /* a number that no other clause has, and so are factors */
    uint32_t factor;
    enum index_space space;
    bool is_sure; /* the only one of its clause, and messages with such a term match */

    struct term_piece piece;
    struct span pattern; /* the piece's text as it stands in a vocabulary */
    struct fuzzy *word;  /* a single word instead; NULL: none */

    struct index_set set; /* of the factor; NULL bits: the question gets no answer */
};

/** Makes asking->pieces. RC_LIMIT: arena. */
MUST_USE enum rc hits_pieces_make(struct hits_asking *asking, struct arena *arena);

/** Looks for the terms of all pieces in a part of the vocabulary of asking->space, which the
 * index has just given, and adds their messages to the sets of the pieces. As
 * store_index_found. */
MUST_USE enum rc hits_terms_find(struct hits_asking *asking, struct store_index *index,
                                 struct span part, struct err *err);

#endif

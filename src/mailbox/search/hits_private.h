/* SPDX-License-Identifier: MIT */
/*
 * What a question (hits.h) asks the index: hits_pieces.c makes the pieces, hits_terms.c finds
 * their terms, and hits.c makes the answer of their messages.
 */
#ifndef MAILBOX_SEARCH_HITS_PRIVATE_H
#define MAILBOX_SEARCH_HITS_PRIVATE_H

#include "mailbox/search/hits.h"

/* Texts of attachments, for one question. */
struct hits_attached {
    struct span flat;          /* what is looked for, as they have it */
    struct fuzzy words;        /* of it; none: exact */
    struct index_set possible; /* messages whose text has to be looked at; NULL bits: none */
    uint64_t at;               /* from this message on */
};

/*
 * Terms of one space. A question is a sum of clauses, a clause a product of factors, and a
 * factor the sum of its pieces:
 *
 *   text as it stands, in each space   one clause, with one factor for each piece of the text
 *   its words, in all spaces           one clause, with one factor for each word, which has one
 *                                      piece in each space
 *
 * and once more in INDEX_ATTACHED alone, if texts of attachments count.
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

/** Makes asking->attached. RC_LIMIT: arena. */
MUST_USE enum rc hits_attached_make(struct hits_asking *asking, struct arena *arena);
/** Looks at texts of attachments, in a snapshot. RC_AGAIN: the deadline has passed. As
 * store_index_attached. */
MUST_USE enum rc hits_attached_look(struct hits_asking *asking, struct store_index *index,
                                    const struct clock *clock, int64_t deadline_us,
                                    struct err *err);

/** Looks for the terms of all pieces in a part of the vocabulary of asking->space, which the
 * index has just given, and adds their messages to the sets of the pieces. As
 * store_index_found. */
MUST_USE enum rc hits_terms_find(struct hits_asking *asking, struct store_index *index,
                                 struct span part, struct err *err);

#endif

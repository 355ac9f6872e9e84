/* SPDX-License-Identifier: MIT */
/*
 * What the index (store/index.h) says about the texts that a search looks for: of each message
 * up to the index's mark, that it matches, that it does not, or that it has to be looked at.
 * Messages above the mark always have to be looked at. The index is asked once for each text,
 * in slices; then hits_of costs a look at two bits.
 *
 * The answer can be narrowed to messages that have a field of some name.
 *
 * A text has pieces (syntax/terms.h). The vocabulary is looked through for terms that match
 * them, and the messages of the terms of each piece are united; then the messages of the pieces
 * are intersected. A text of a single piece has the answer "matches", others "to be looked at".
 * Where a space has tokens, a text that is in a single token has the former, too.
 * FUZZY texts: for each word, the terms with a word that matches it (syntax/fuzzy.h), and
 * besides, what contains the text as it stands.
 *
 * Texts of attachments (attached.h) are another matter: a scan does not have them. If a
 * question asks for them, messages in which they match are found in `attached`, whatever sure
 * and possible say, and nothing has to be looked at for them; if there is no answer, or the
 * index does not know the message, they are not found.
 *
 * A snapshot of the index is held in one slice only. If the index was made anew meanwhile, its
 * answers so far are of no use, and asking begins again; after HITS_TRIES there is no answer.
 * If the index has grown meanwhile, the answer is about the messages up to the mark that it had
 * at the beginning.
 *
 * The number of pieces and memory are limited (LIMIT_SEARCH_PIECES, LIMIT_SEARCH_HITS_OCTETS).
 * A text for which they do not suffice has no answer.
 *
 * Thread: the session.
 */
#ifndef MAILBOX_SEARCH_HITS_H
#define MAILBOX_SEARCH_HITS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/index.h"
#include "syntax/fuzzy.h"
#include "syntax/terms.h"

enum hit { HIT_NO, HIT_YES, HIT_UNKNOWN };

struct hits {
    struct index_set sure;     /* match */
    struct index_set possible; /* may match; what is in neither does not */
    struct index_set attached; /* match in their attachments; NULL bits: not asked for */
    uint64_t mark;             /* nothing is said about messages above it */
};

static inline enum hit
hits_of(const struct hits *hits, uint64_t message)
{
    if (message > hits->mark)
        return HIT_UNKNOWN;
    const uint64_t bit = UINT64_C(1) << message % 64;
    if ((hits->sure.bits[message / 64] & bit) != 0)
        return HIT_YES;
    return (hits->possible.bits[message / 64] & bit) != 0 ? HIT_UNKNOWN : HIT_NO;
}

/* Whether the message matches in its attachments. */
static inline bool
hits_has_attached(const struct hits *hits, uint64_t message)
{
    return hits->attached.bits != NULL && message <= hits->mark &&
           (hits->attached.bits[message / 64] >> message % 64 & 1) != 0;
}

/* A text that is looked for. */
struct hits_question {
    struct span folded;        /* fold.h; borrowed until hits_done */
    const struct fuzzy *fuzzy; /* its words; borrowed likewise. NULL: exact */
    unsigned spaces;           /* where it is looked for: bits 1 << enum index_space */
    bool has_tokens;           /* these spaces have tokens */
    /* field_term: only messages with such a field; borrowed likewise. Empty: any message. With
     * it, folded may be empty. */
    struct span name;
    /* The spaces hold nothing but what is searched: a message with the text there matches.
     * Otherwise it is only possible. */
    bool is_all;
    bool is_attached;  /* texts of attachments count as well */
    struct hits *hits; /* the answer, until hits_done; NULL: none */
};

enum hits_stage {
    HITS_BEGIN, /* of a try */
    HITS_TERMS,
    HITS_TEXTS,    /* of attachments */
    HITS_ANSWERED, /* questions that have hits are */
    HITS_GIVEN_UP,
};

enum { HITS_TRIES = 4 };

struct hits_asking {
    struct hits_question *questions; /* in the caller's arena */
    size_t count;
    struct hits_piece *pieces; /* likewise; those of a question are together */
    size_t piece_count;
    struct hits_attached *attached; /* of each question */
    enum hits_stage stage;
    unsigned tries;
    uint64_t generation;
    uint64_t mark;
    struct arena memory;     /* of the answers */
    struct index_set unsure; /* messages of which the index does not know everything */

    enum index_space space;
    uint64_t at; /* in its vocabulary */

    uint64_t work;   /* units as in search_private.h; the caller resets it */
    uint64_t octets; /* of vocabulary that were looked through */
    uint64_t terms;  /* that matched */
};

/**
 * Takes questions, which stay where they are until hits_done. Nothing is asked yet. Texts that
 * say nothing to an index, and those beyond LIMIT_SEARCH_PIECES, get no answer. RC_LIMIT:
 * arena.
 */
MUST_USE enum rc hits_init(struct hits_asking *asking, struct arena *arena,
                           struct hits_question *questions, size_t count);
/** Frees the answers. A zeroed struct is allowed. */
void hits_done(struct hits_asking *asking);

/** Whether anything of the questions can be asked. */
bool hits_can_ask(const struct hits_asking *asking);
/** Whether the answer to a question leaves only messages to be looked at of which the index
 * does not know everything. */
bool hits_is_exact(const struct hits_asking *asking, size_t question);

/**
 * Goes on asking. The index has a snapshot, which began with state. RC_AGAIN: not finished
 * (deadline, in clock_mono_us; overrun by at most one part of a vocabulary). RC_OK: stage says
 * whether there are answers. RC_LIMIT (memory) and what store/index.h says: there are none, and
 * stage is HITS_GIVEN_UP. Waits for disk.
 */
MUST_USE enum rc hits_slice(struct hits_asking *asking, struct store_index *index,
                            const struct index_state *state, const struct clock *clock,
                            int64_t deadline_us, struct err *err);
/** There will be no answers. */
void hits_give_up(struct hits_asking *asking);

#endif

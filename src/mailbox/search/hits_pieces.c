/* SPDX-License-Identifier: MIT */
/* From the texts of questions to pieces, of which each is looked for in one vocabulary. */
#include "mailbox/search/hits_private.h"

#include <string.h>

#include "base/limits.h"

enum {
    /* Of a text with more pieces only the longest are asked for: they are in the fewest
     * messages, and what the others say can only make the candidates fewer. */
    FACTORS_MAX = 8,
};

struct maker {
    struct hits_asking *asking;
    struct arena *arena;
    size_t count; /* of the pieces of the question under way */
    uint32_t clauses;
    uint32_t factors;
};

static unsigned
bits_of(unsigned set)
{
    return (unsigned)__builtin_popcount(set);
}

/* A line end stands before and behind each term of a vocabulary. */
static struct span
pattern_of(struct arena *arena, const struct term_piece *piece)
{
    const bool begins = piece->match == TERM_BEGINS || piece->match == TERM_IS;
    const bool ends = piece->match == TERM_ENDS || piece->match == TERM_IS;
    const size_t octets = begins + piece->text.len + ends;
    char *text = arena_alloc(arena, octets, 1);

    if (text == NULL)
        return (struct span){NULL, 0};
    text[0] = text[octets - 1] = '\n';
    memcpy(text + begins, piece->text.ptr, piece->text.len);
    return (struct span){text, octets};
}

/* Keeps the longest pieces, in front; returns how many. */
static size_t
keep_longest(struct term_piece *pieces, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct term_piece piece = pieces[i];
        size_t at = kept < FACTORS_MAX ? kept++ : FACTORS_MAX;
        while (at > 0 && pieces[at - 1].text.len < piece.text.len) {
            if (at < FACTORS_MAX)
                pieces[at] = pieces[at - 1];
            at--;
        }
        if (at < FACTORS_MAX)
            pieces[at] = piece;
    }
    return kept;
}

static struct hits_piece *
add(struct maker *maker, uint32_t question, enum index_space space)
{
    struct hits_piece *piece =
        &maker->asking->pieces[maker->asking->piece_count + maker->count++];

    *piece = (struct hits_piece){
        .question = question,
        .clause = maker->clauses,
        .factor = maker->factors,
        .space = space,
    };
    return piece;
}

/* The text as it stands. */
static enum rc
add_text(struct maker *maker, uint32_t number, const struct hits_question *question,
         const struct term_piece *pieces, size_t count, bool is_exact)
{
    for (unsigned space = 0; space < INDEX_SPACES; space++) {
        if ((question->spaces >> space & 1) == 0)
            continue;
        maker->clauses++;
        for (size_t i = 0; i < count; i++) {
            maker->factors++;
            struct hits_piece *piece = add(maker, number, (enum index_space)space);
            piece->piece = pieces[i];
            piece->pattern = pattern_of(maker->arena, &pieces[i]);
            piece->is_sure = is_exact && question->is_all;
            if (piece->pattern.ptr == NULL)
                return RC_LIMIT;
        }
    }
    return RC_OK;
}

/* Each of its words somewhere. */
static enum rc
add_words(struct maker *maker, uint32_t number, const struct hits_question *question)
{
    const size_t count = question->fuzzy == NULL ? 0 : question->fuzzy->count;

    maker->clauses++;
    for (size_t i = 0; i < count; i++) {
        maker->factors++;
        for (unsigned space = 0; space < INDEX_SPACES; space++) {
            if ((question->spaces >> space & 1) == 0)
                continue;
            struct hits_piece *piece = add(maker, number, (enum index_space)space);
            piece->word = arena_new(maker->arena, struct fuzzy);
            struct fuzzy_word *word = arena_new(maker->arena, struct fuzzy_word);
            if (piece->word == NULL || word == NULL)
                return RC_LIMIT;
            word->word = question->fuzzy->words[i].word;
            *piece->word = (struct fuzzy){.words = word, .count = 1};
        }
    }
    return RC_OK;
}

static enum rc
add_question(struct maker *maker, uint32_t number)
{
    const struct hits_question *question = &maker->asking->questions[number];
    const size_t words = question->fuzzy == NULL ? 0 : question->fuzzy->count;
    struct term_piece *pieces;
    size_t count;
    bool is_exact;

    enum rc rc = terms_of_needle(maker->arena, question->folded, &pieces, &count, &is_exact);
    if (rc != RC_OK)
        return rc;
    if (count == 0)
        return RC_OK; /* it has separators only: any message may contain it */
    count = keep_longest(pieces, count);
    if ((count + words) * bits_of(question->spaces) >
        LIMIT_SEARCH_PIECES - maker->asking->piece_count)
        return RC_OK;
    maker->count = 0;
    rc = add_text(maker, number, question, pieces, count, is_exact);
    if (rc == RC_OK)
        rc = add_words(maker, number, question);
    if (rc == RC_OK)
        maker->asking->piece_count += maker->count;
    return rc;
}

enum rc
hits_pieces_make(struct hits_asking *asking, struct arena *arena)
{
    struct maker maker = {.asking = asking, .arena = arena};
    enum rc rc = RC_OK;

    asking->pieces = arena_array(arena, struct hits_piece, LIMIT_SEARCH_PIECES);
    if (asking->pieces == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < asking->count && rc == RC_OK; i++)
        rc = add_question(&maker, (uint32_t)i);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* From the texts of questions to pieces, of which each is looked for in one vocabulary. */
#include "mailbox/search/hits_private.h"

#include <string.h>

#include "base/limits.h"

enum {
    /* Of a text with more pieces only the longest are asked for: they are in the fewest
     * messages, and what the others say can only make the candidates fewer. */
    FACTORS_MAX = 8,
    ATTACHED_FACTORS = 2, /* in texts of attachments, which are quick to look at */
};

/* A text cut into pieces. */
struct cut {
    struct term_piece *pieces;
    size_t count;
    bool is_exact;
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

/* A factor of the clause under way: terms like this one. */
static enum rc
add_factor(struct maker *maker, uint32_t question, enum index_space space,
           const struct term_piece *text, bool is_sure)
{
    maker->factors++;
    struct hits_piece *piece = add(maker, question, space);
    piece->piece = *text;
    piece->pattern = pattern_of(maker->arena, text);
    piece->is_sure = is_sure;
    return piece->pattern.ptr == NULL ? RC_LIMIT : RC_OK;
}

/* There must be a field of that name, if there is one. */
static enum rc
add_name(struct maker *maker, uint32_t number, bool is_sure)
{
    const struct term_piece name = {.text = maker->asking->questions[number].name,
                                    .match = TERM_IS};

    return name.text.len == 0 ? RC_OK : add_factor(maker, number, INDEX_HEADER, &name, is_sure);
}

/* The text as it stands. */
static enum rc
add_text(struct maker *maker, uint32_t number, const struct hits_question *question,
         const struct cut *cut)
{
    enum rc rc = RC_OK;

    for (unsigned space = 0; rc == RC_OK && space < INDEX_MESSAGE_SPACES; space++) {
        if ((question->spaces >> space & 1) == 0)
            continue;
        maker->clauses++;
        for (size_t i = 0; i < cut->count && rc == RC_OK; i++)
            rc = add_factor(maker, number, (enum index_space)space, &cut->pieces[i],
                            cut->is_exact && question->is_all);
        if (rc == RC_OK)
            rc = add_name(maker, number, cut->count == 0 && question->is_all);
    }
    return rc;
}

/* Each of its words somewhere. */
static enum rc
add_words(struct maker *maker, uint32_t number, const struct hits_question *question,
          unsigned spaces)
{
    const size_t count = question->fuzzy == NULL ? 0 : question->fuzzy->count;

    if (count == 0)
        return RC_OK;
    maker->clauses++;
    for (size_t i = 0; i < count; i++) {
        maker->factors++;
        for (unsigned space = 0; space < INDEX_SPACES; space++) {
            if ((spaces >> space & 1) == 0)
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
    return add_name(maker, number, false);
}

/* The fewest pieces that say the most. */
static enum rc
cut_text(struct maker *maker, const struct hits_question *question, struct cut *out)
{
    const enum rc rc = terms_of_needle(maker->arena, question->folded, &out->pieces,
                                       &out->count, &out->is_exact);

    if (rc != RC_OK)
        return rc;
    if (question->has_tokens && terms_is_in_token(question->folded)) {
        out->pieces[0] = (struct term_piece){.text = question->folded, .match = TERM_CONTAINS};
        out->count = 1;
        out->is_exact = true;
    }
    out->count = keep_longest(out->pieces, out->count);
    return RC_OK;
}

/* In texts of attachments. */
static enum rc
add_attached(struct maker *maker, uint32_t number, const struct hits_question *question,
             const struct cut *cut)
{
    enum rc rc = RC_OK;

    maker->clauses++;
    for (size_t i = 0; rc == RC_OK && i < cut->count && i < ATTACHED_FACTORS; i++)
        rc = add_factor(maker, number, INDEX_ATTACHED, &cut->pieces[i], cut->is_exact);
    return rc == RC_OK ? add_words(maker, number, question, 1u << INDEX_ATTACHED) : rc;
}

static enum rc
add_question(struct maker *maker, uint32_t number)
{
    const struct hits_question *question = &maker->asking->questions[number];
    const size_t words = question->fuzzy == NULL ? 0 : question->fuzzy->count;
    const unsigned names = question->name.len == 0 ? 0 : 2; /* at most, in each space */
    struct cut cut;

    enum rc rc = cut_text(maker, question, &cut);
    if (rc != RC_OK)
        return rc;
    if (cut.count == 0 && names == 0)
        return RC_OK; /* it has separators only: any message may contain it */
    const size_t attached = cut.count < ATTACHED_FACTORS ? cut.count : ATTACHED_FACTORS;
    if ((cut.count + words + names) * bits_of(question->spaces) +
            (question->is_attached ? attached + words : 0) >
        LIMIT_SEARCH_PIECES - maker->asking->piece_count)
        return RC_OK;
    maker->count = 0;
    rc = add_text(maker, number, question, &cut);
    if (rc == RC_OK && cut.count > 0)
        rc = add_words(maker, number, question, question->spaces);
    if (rc == RC_OK && question->is_attached)
        rc = add_attached(maker, number, question, &cut);
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

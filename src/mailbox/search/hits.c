/* SPDX-License-Identifier: MIT */
/* The stages of asking the index (hits.h), and the answers. */
#include "mailbox/search/hits_private.h"

#include "base/limits.h"

/* ---- sets ---- */

static size_t
words_of(const struct index_set *set)
{
    return (size_t)((set->limit + 63) / 64);
}

static bool
set_new(struct hits_asking *asking, struct index_set *out)
{
    out->limit = asking->mark + 1;
    out->bits = arena_array(&asking->memory, uint64_t, words_of(out));
    return out->bits != NULL;
}

static void
set_unite(const struct index_set *to, const struct index_set *with)
{
    for (size_t i = 0; i < words_of(to); i++)
        to->bits[i] |= with->bits[i];
}

static void
set_intersect(const struct index_set *to, const struct index_set *with)
{
    for (size_t i = 0; i < words_of(to); i++)
        to->bits[i] &= with->bits[i];
}

/* ---- life ---- */

enum rc
hits_init(struct hits_asking *asking, struct arena *arena, struct hits_question *questions,
          size_t count)
{
    *asking = (struct hits_asking){.questions = questions, .count = count};
    arena_init(&asking->memory, LIMIT_SEARCH_HITS_OCTETS);
    const enum rc rc = hits_attached_make(asking, arena);
    return rc == RC_OK ? hits_pieces_make(asking, arena) : rc;
}

bool
hits_can_ask(const struct hits_asking *asking)
{
    return asking->piece_count > 0;
}

bool
hits_is_exact(const struct hits_asking *asking, size_t question)
{
    bool exact = false;

    for (size_t i = 0; i < asking->piece_count; i++)
        if (asking->pieces[i].question == question &&
            asking->pieces[i].space != INDEX_ATTACHED) {
            if (!asking->pieces[i].is_sure)
                return false;
            exact = true;
        }
    return exact;
}

static void
forget(struct hits_asking *asking)
{
    for (size_t i = 0; i < asking->count; i++) {
        asking->questions[i].hits = NULL;
        if (asking->attached == NULL) /* there was no memory for them */
            continue;
        asking->attached[i].possible = (struct index_set){.bits = NULL};
        asking->attached[i].at = 0;
    }
    arena_reset(&asking->memory);
}

void
hits_give_up(struct hits_asking *asking)
{
    forget(asking);
    asking->stage = HITS_GIVEN_UP;
}

void
hits_done(struct hits_asking *asking)
{
    arena_done(&asking->memory);
    *asking = (struct hits_asking){.stage = HITS_BEGIN};
}

/* ---- one try ---- */

/* Room for the answer to a question, whose pieces are these. False: there is none. */
static bool
prepare(struct hits_asking *asking, struct hits_piece *pieces, size_t count)
{
    struct hits *hits = arena_new(&asking->memory, struct hits);

    if (hits == NULL || !set_new(asking, &hits->sure) || !set_new(asking, &hits->possible))
        return false;
    hits->mark = asking->mark;
    if (asking->questions[pieces[0].question].is_attached &&
        (!set_new(asking, &hits->attached) ||
         !set_new(asking, &asking->attached[pieces[0].question].possible)))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct hits_piece *piece = &pieces[i];
        if (piece->is_sure)
            piece->set = piece->space == INDEX_ATTACHED ? hits->attached : hits->sure;
        else if (i > 0 && piece->factor == pieces[i - 1].factor)
            piece->set = pieces[i - 1].set;
        else if (!set_new(asking, &piece->set))
            return false;
    }
    asking->questions[pieces[0].question].hits = hits;
    return true;
}

/* The number of pieces from the first one on that belong to the same question. */
static size_t
same_question(const struct hits_asking *asking, size_t first)
{
    size_t past = first;

    while (past < asking->piece_count &&
           asking->pieces[past].question == asking->pieces[first].question)
        past++;
    return past - first;
}

static enum rc
begin(struct hits_asking *asking, const struct index_state *state, struct err *err)
{
    bool any = false;

    forget(asking);
    asking->generation = state->generation;
    asking->mark = state->mark;
    asking->space = INDEX_BODY;
    asking->at = 0;
    const bool few =
        asking->mark / 8 < LIMIT_SEARCH_HITS_OCTETS && set_new(asking, &asking->unsure);
    for (size_t i = 0, count = 0; i < asking->piece_count; i += count) {
        struct hits_piece *pieces = &asking->pieces[i];
        count = same_question(asking, i);
        const bool done = few && prepare(asking, pieces, count);
        for (size_t k = 0; k < count && !done; k++)
            pieces[k].set = (struct index_set){.bits = NULL};
        any |= done;
    }
    if (!any)
        return err_set(err, RC_LIMIT, 0, "search: sets of messages up to %ju",
                       (uintmax_t)asking->mark);
    asking->stage = HITS_TERMS;
    return RC_OK;
}

struct slice {
    struct store_index *index;
    const struct clock *clock;
    int64_t deadline_us;
    struct err *err;
};

/* Whether a question asks for terms of this space. */
static bool
is_wanted(const struct hits_asking *asking, enum index_space space)
{
    for (size_t i = 0; i < asking->piece_count; i++)
        if (asking->pieces[i].space == space && asking->pieces[i].set.bits != NULL)
            return true;
    return false;
}

/* The next part of a vocabulary. */
static enum rc
read_part(struct hits_asking *asking, const struct slice *slice)
{
    struct span part;
    enum rc rc = RC_NOT_FOUND;

    if (is_wanted(asking, asking->space))
        rc = store_index_terms(slice->index, asking->space, &asking->at, &part, slice->err);
    if (rc == RC_OK)
        return hits_terms_find(asking, slice->index, part, slice->err);
    if (rc != RC_NOT_FOUND)
        return rc;
    asking->space++; /* that was its end */
    asking->at = 0;
    return RC_OK;
}

static enum rc
read_terms(struct hits_asking *asking, const struct slice *slice)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && asking->space < INDEX_SPACES) {
        rc = read_part(asking, slice);
        if (rc == RC_OK && clock_mono_us(slice->clock) >= slice->deadline_us)
            rc = RC_AGAIN;
    }
    return rc;
}

/* Puts together what the pieces of a question say. */
static void
answer(struct hits_asking *asking, const struct hits_piece *pieces, size_t count)
{
    const struct hits *hits = asking->questions[pieces[0].question].hits;
    const struct index_set *attached = &asking->attached[pieces[0].question].possible;
    const struct index_set *product = &pieces[0].set;

    for (size_t i = 0; i < count; i++) {
        const struct hits_piece *piece = &pieces[i];
        if (i == 0 || piece->clause != pieces[i - 1].clause)
            product = &piece->set;
        else if (piece->factor != pieces[i - 1].factor)
            set_intersect(product, &piece->set);
        const bool ends = i + 1 == count || pieces[i + 1].clause != piece->clause;
        if (ends && !piece->is_sure)
            set_unite(piece->space == INDEX_ATTACHED ? attached : &hits->possible, product);
    }
}

/* Messages of which the index does not know everything are possible for every text. */
static enum rc
answer_all(struct hits_asking *asking, const struct slice *slice)
{
    const enum rc rc = store_index_unsure(slice->index, &asking->unsure, slice->err);
    for (size_t i = 0, count = 0; i < asking->piece_count && rc == RC_OK; i += count) {
        const struct hits *hits = asking->questions[asking->pieces[i].question].hits;
        count = same_question(asking, i);
        if (hits == NULL)
            continue;
        answer(asking, &asking->pieces[i], count);
        set_unite(&hits->possible, &asking->unsure);
    }
    if (rc == RC_OK)
        asking->stage = HITS_TEXTS;
    return rc;
}

/* ---- slices ---- */

static enum rc
go_on(struct hits_asking *asking, const struct index_state *state, const struct slice *slice)
{
    enum rc rc = RC_OK;

    if ((asking->stage == HITS_TERMS || asking->stage == HITS_TEXTS) &&
        (state->generation != asking->generation || state->mark < asking->mark))
        asking->stage = HITS_BEGIN; /* this is another index */
    if (asking->stage == HITS_BEGIN) {
        if (asking->tries++ == HITS_TRIES) {
            hits_give_up(asking);
            return RC_OK;
        }
        rc = begin(asking, state, slice->err);
    }
    if (rc == RC_OK && asking->stage == HITS_TERMS) {
        rc = read_terms(asking, slice);
        if (rc == RC_OK)
            rc = answer_all(asking, slice);
    }
    if (rc == RC_OK && asking->stage == HITS_TEXTS) {
        rc = hits_attached_look(asking, slice->index, slice->clock, slice->deadline_us,
                                slice->err);
        if (rc == RC_OK)
            asking->stage = HITS_ANSWERED;
    }
    return rc;
}

enum rc
hits_slice(struct hits_asking *asking, struct store_index *index,
           const struct index_state *state, const struct clock *clock, int64_t deadline_us,
           struct err *err)
{
    const struct slice slice = {index, clock, deadline_us, err};
    const enum rc rc = go_on(asking, state, &slice);

    if (rc != RC_OK && rc != RC_AGAIN)
        hits_give_up(asking);
    return rc;
}

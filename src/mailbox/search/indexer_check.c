/* SPDX-License-Identifier: MIT */
/*
 * Samples of what an index says, compared with the messages: with each batch, that some terms
 * of one message are there; and at the end, in one walk through the vocabulary, that the terms
 * of a message stand in it, and that a message has a term for which it was named. Messages of
 * which the index is unsure say nothing. The text of attachments is not compared, because a
 * program made it, which would have to run again.
 */
#include "mailbox/search/indexer_private.h"

#include <stdlib.h>

enum {
    SAMPLE_OCTETS = 256 << 10, /* a longer message is no sample of a batch */
    PAIR_OCTETS = 2 << 20,     /* of the message of a claim, read in one step */
    COMPARED = 32,             /* terms of a message, with each batch */
    WALK_PIECES = 32,          /* of the vocabulary, in one step: 2 MiB */
};

void
checks_init(struct checks *checks)
{
    document_maker_init(&checks->maker);
    checks_begin(checks);
}

void
checks_done(struct checks *checks)
{
    document_maker_done(&checks->maker);
    free(checks->set.bits);
    checks->set.bits = NULL;
}

void
checks_begin(struct checks *checks)
{
    checks->phase = CHECK_SAMPLE;
    checks->has_sample = false;
}

/* A sample was compared. */
static void
count(const struct indexer *indexer, bool wrong)
{
    INDEX_COUNT(indexer->options.counts, checks, 1);
    INDEX_COUNT(indexer->options.counts, failed, wrong);
}

/* ---- sets ---- */

/* Room for all messages up to the mark, none of which is in it. */
static enum rc
set_clear(struct indexer *indexer, struct err *err)
{
    struct index_set *set = &indexer->checks.set;
    const uint64_t words = indexer->progress.state.mark / 64 + 1;

    if (set->bits == NULL || set->limit < words * 64) {
        free(set->bits);
        set->bits = calloc(words, sizeof *set->bits);
        set->limit = set->bits == NULL ? 0 : words * 64;
        if (set->bits == NULL)
            return err_set(err, RC_LIMIT, 0, "a set of messages");
    } else {
        memset(set->bits, 0, set->limit / 8);
    }
    return RC_OK;
}

static bool
set_has(const struct index_set *set, uint64_t message)
{
    return message < set->limit && (set->bits[message / 64] >> message % 64 & 1) != 0;
}

/* One of its messages. 0: it has none. */
static uint64_t
set_pick(const struct index_set *set, struct rng *rng)
{
    const uint64_t words = set->limit / 64;
    const uint64_t first = rng_below(rng, words);

    for (uint64_t i = 0; i < words; i++) {
        const uint64_t word = (first + i) % words;
        if (set->bits[word] != 0)
            return word * 64 + (uint64_t)__builtin_ctzll(set->bits[word]);
    }
    return 0;
}

/* Something that should be there is not. It is wrong unless the index is unsure of the message.
 */
static enum rc
is_wrong(struct indexer *indexer, uint64_t message, bool *wrong_out, struct err *err)
{
    enum rc rc = set_clear(indexer, err);

    if (rc == RC_OK)
        rc = store_index_unsure(indexer->index, &indexer->checks.set, err);
    if (rc == RC_OK && !set_has(&indexer->checks.set, message))
        *wrong_out = true;
    return rc;
}

/* ---- terms ---- */

/* One of the terms of the message that the maker has. False: there is none. */
static bool
term_pick(const struct document_maker *maker, struct rng *rng, struct check_term *out)
{
    const uint64_t first = rng_below(rng, INDEX_SPACES);

    for (uint64_t i = 0; i < INDEX_SPACES; i++) {
        const enum index_space space = (enum index_space)((first + i) % INDEX_SPACES);
        const struct span terms = buf_span(&maker->terms[space]);
        if (terms.len == 0)
            continue;
        size_t from = rng_below(rng, terms.len);
        while (from > 0 && terms.ptr[from - 1] != ' ')
            from--;
        if (terms.ptr[from] == ' ')
            from++;
        size_t to = from;
        while (to < terms.len && terms.ptr[to] != ' ')
            to++;
        *out = (struct check_term){.space = space, .len = (uint16_t)(to - from)};
        memcpy(out->text, terms.ptr + from, to - from);
        return to > from;
    }
    return false;
}

static struct span
term_span(const struct check_term *term)
{
    return span_of(term->text, term->len);
}

/* ---- with each batch ---- */

/* Any message with an id below this one. RC_NOT_FOUND: there is none. */
static enum rc
message_pick(const struct indexer *indexer, struct store_tx *tx, uint64_t below,
             uint64_t *message_out, struct err *err)
{
    if (below <= 1)
        return RC_NOT_FOUND;
    const enum rc rc = store_message_next(tx, 1 + rng_below(indexer->options.rng, below - 1),
                                          message_out, err);
    return rc == RC_OK && *message_out >= below ? RC_NOT_FOUND : rc;
}

enum rc
checks_choose(struct indexer *indexer, struct store_tx *tx, struct err *err)
{
    struct checks *checks = &indexer->checks;
    uint64_t message = 0;

    checks->has_sample = false;
    enum rc rc = message_pick(indexer, tx, indexer->next, &message, err);
    if (rc == RC_OK)
        rc = document_read(&checks->maker, tx, message, SAMPLE_OCTETS, err);
    if (rc == RC_NOT_FOUND || rc == RC_AGAIN)
        return RC_OK;
    checks->has_sample = rc == RC_OK && !checks->maker.unsure;
    return rc;
}

enum rc
checks_compare(struct indexer *indexer, bool *wrong_out, struct err *err)
{
    struct checks *checks = &indexer->checks;
    struct check_term term;
    bool has = true;

    if (!checks->has_sample)
        return RC_OK;
    checks->has_sample = false;
    enum rc rc = store_index_begin(indexer->index, &indexer->progress.state, err);
    for (unsigned i = 0; rc == RC_OK && has && i < COMPARED; i++) {
        if (!term_pick(&checks->maker, indexer->options.rng, &term))
            break;
        rc = store_index_has(indexer->index, term.space, term_span(&term),
                             checks->maker.message, &has, err);
        indexer->progress.checked++;
    }
    if (rc == RC_OK && !has)
        rc = is_wrong(indexer, checks->maker.message, wrong_out, err);
    store_index_end(indexer->index);
    if (rc == RC_OK)
        count(indexer, *wrong_out);
    return rc;
}

/* Whether the index has all the terms of the maker's message. */
static enum rc
has_terms(struct indexer *indexer, bool *has_out, struct err *err)
{
    const struct document_maker *maker = &indexer->checks.maker;
    enum rc rc = RC_OK;

    *has_out = true;
    for (unsigned space = 0; space < INDEX_SPACES; space++) {
        struct span rest = buf_span(&maker->terms[space]);
        while (rest.len > 0 && rc == RC_OK && *has_out) {
            const ptrdiff_t blank = span_find_char(rest, ' ');
            const struct span term = span_head(rest, blank < 0 ? rest.len : (size_t)blank);
            rc = store_index_has(indexer->index, (enum index_space)space, term, maker->message,
                                 has_out, err);
            rest = span_tail(rest, term.len + (blank >= 0));
        }
    }
    return rc;
}

enum rc
checks_know(struct indexer *indexer, struct store_tx *tx, uint64_t message, bool *foreign_out,
            struct err *err)
{
    struct document_maker *maker = &indexer->checks.maker;
    bool has = false;
    enum rc rc;

    while ((rc = document_read(maker, tx, message, PAIR_OCTETS, err)) == RC_AGAIN)
        continue;
    if (rc == RC_OK && !maker->unsure) {
        rc = store_index_begin(indexer->index, &indexer->progress.state, err);
        if (rc == RC_OK)
            rc = has_terms(indexer, &has, err);
        store_index_end(indexer->index);
    }
    if (rc == RC_OK)
        *foreign_out = !has;
    return rc;
}

/* ---- at the end ---- */

bool
checks_need_mail(const struct checks *checks)
{
    return checks->phase != CHECK_WALK;
}

/* Chooses a message, and terms of it to be looked for. */
static enum rc
sample(struct indexer *indexer, struct store_tx *tx, bool *over_out, struct err *err)
{
    struct checks *checks = &indexer->checks;

    const enum rc rc = checks_choose(indexer, tx, err);
    if (rc != RC_OK)
        return rc;
    checks->term_count = 0;
    checks->message = checks->maker.message;
    while (checks->has_sample && checks->term_count < CHECK_TERMS &&
           term_pick(&checks->maker, indexer->options.rng, &checks->terms[checks->term_count]))
        checks->term_count++;
    checks->has_sample = false;
    checks->generation = indexer->progress.state.generation;
    checks->space = INDEX_BODY;
    checks->at = 0;
    checks->pieces = 0;
    checks->claimed = 0;
    checks->phase = CHECK_WALK;
    *over_out = indexer->progress.state.documents == 0;
    return RC_OK;
}

/* Looks for the terms of the sample in a piece of their space. */
static enum rc
look_for_terms(struct indexer *indexer, struct span piece, struct err *err)
{
    struct checks *checks = &indexer->checks;
    char needle[TERM_OCTETS + 2];

    for (size_t i = 0; i < checks->term_count; i++) {
        struct check_term *term = &checks->terms[i];
        if (term->space != checks->space || term->found)
            continue;
        needle[0] = needle[term->len + 1] = '\n';
        memcpy(needle + 1, term->text, term->len);
        const char *at = memmem(piece.ptr, piece.len, needle, (size_t)term->len + 2);
        if (at == NULL)
            continue;
        enum rc rc = set_clear(indexer, err);
        if (rc == RC_OK)
            rc = store_index_found(indexer->index, (size_t)(at - piece.ptr) + 1, &checks->set,
                                   err);
        if (rc != RC_OK)
            return rc;
        term->found = set_has(&checks->set, checks->message);
        indexer->progress.checked++;
    }
    return RC_OK;
}

/* Chooses a claim of the piece; in the end, any piece may have been the one. */
static enum rc
choose_claim(struct indexer *indexer, struct span piece, struct err *err)
{
    struct checks *checks = &indexer->checks;
    struct check_term *claim = &checks->claim;

    if (rng_below(indexer->options.rng, ++checks->pieces) != 0)
        return RC_OK;
    size_t from = rng_below(indexer->options.rng, piece.len);
    while (from > 0 && piece.ptr[from - 1] != '\n')
        from--;
    size_t to = from;
    while (to < piece.len && piece.ptr[to] != '\n')
        to++;
    if (to == from || to - from > sizeof claim->text)
        return RC_OK;
    enum rc rc = set_clear(indexer, err);
    if (rc == RC_OK)
        rc = store_index_found(indexer->index, from, &checks->set, err);
    if (rc != RC_OK)
        return rc;
    checks->claimed = set_pick(&checks->set, indexer->options.rng);
    claim->space = checks->space;
    claim->len = (uint16_t)(to - from);
    memcpy(claim->text, piece.ptr + from, to - from);
    return RC_OK;
}

/* The walk is over: every term of the sample was met, and stood for its message. */
static enum rc
judge_terms(struct indexer *indexer, bool *wrong_out, struct err *err)
{
    const struct checks *checks = &indexer->checks;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && !*wrong_out && i < checks->term_count; i++)
        if (!checks->terms[i].found)
            rc = is_wrong(indexer, checks->message, wrong_out, err);
    if (rc == RC_OK && checks->term_count > 0)
        count(indexer, *wrong_out);
    return rc;
}

static enum rc
walk(struct indexer *indexer, bool *wrong_out, struct err *err)
{
    struct checks *checks = &indexer->checks;
    struct span piece;

    for (unsigned i = 0; i < WALK_PIECES; i++) {
        enum rc rc = store_index_terms(indexer->index, checks->space, &checks->at, &piece, err);
        if (rc == RC_NOT_FOUND) {
            checks->at = 0;
            if (++checks->space < INDEX_MESSAGE_SPACES)
                continue;
            checks->phase = CHECK_PAIR;
            return judge_terms(indexer, wrong_out, err);
        }
        if (rc == RC_OK)
            rc = look_for_terms(indexer, piece, err);
        if (rc == RC_OK)
            rc = choose_claim(indexer, piece, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* Reads the message that a term was said to be in. */
static enum rc
compare_claim(struct indexer *indexer, struct store_tx *tx, bool *over_out, bool *wrong_out,
              struct err *err)
{
    struct checks *checks = &indexer->checks;
    enum rc rc = RC_NOT_FOUND;

    if (checks->claimed != 0)
        rc = document_read(&checks->maker, tx, checks->claimed, PAIR_OCTETS, err);
    if (rc == RC_AGAIN)
        return RC_OK;
    *over_out = true;
    checks->phase = CHECK_SAMPLE;
    if (rc == RC_NOT_FOUND) /* nothing was claimed, or the message is gone */
        return RC_OK;
    indexer->progress.checked += rc == RC_OK;
    if (rc == RC_OK && !checks->maker.unsure) {
        *wrong_out =
            !document_has(&checks->maker, checks->claim.space, term_span(&checks->claim));
        count(indexer, *wrong_out);
    }
    return rc;
}

enum rc
checks_step(struct indexer *indexer, struct store_tx *tx, bool *over_out, bool *wrong_out,
            struct err *err)
{
    struct checks *checks = &indexer->checks;

    if (checks->phase == CHECK_SAMPLE)
        return sample(indexer, tx, over_out, err);
    if (checks->phase == CHECK_PAIR)
        return compare_claim(indexer, tx, over_out, wrong_out, err);
    enum rc rc = store_index_begin(indexer->index, &indexer->progress.state, err);
    if (rc != RC_OK)
        return rc;
    if (checks->generation != indexer->progress.state.generation)
        checks->phase = CHECK_SAMPLE; /* another file took its place */
    else
        rc = walk(indexer, wrong_out, err);
    store_index_end(indexer->index);
    return rc;
}

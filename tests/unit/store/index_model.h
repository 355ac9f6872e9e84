/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the index share: a pool, documents made from a number, and what an index of
 * them has to say.
 */
#ifndef TESTS_UNIT_STORE_INDEX_MODEL_H
#define TESTS_UNIT_STORE_INDEX_MODEL_H

#include "support.h"

#include "base/rng.h"
#include "store/index.h"

enum {
    MODEL_FORM = 3,
    MODEL_WORDS = 200, /* in each space */
    MODEL_MESSAGES = 3500,
    MODEL_TERM_OCTETS = 64,
    MODEL_ATTACHED = 16, /* one message in so many has attachments */
    MODEL_MOMENTS = 1000,
};

struct model {
    /* of each message up to the mark, by space and word */
    bool has[MODEL_MESSAGES][INDEX_SPACES][MODEL_WORDS];
    bool unsure[MODEL_MESSAGES];
    bool attached[MODEL_MESSAGES]; /* it has a text of attachments */
    uint64_t mark;
    uint64_t documents;
    uint64_t batches; /* with a proof */
    struct rng rng;
    /* what there was after each batch */
    struct model_moment {
        uint64_t mark;
        uint64_t documents;
        uint64_t batches;
    } moments[MODEL_MOMENTS];
    size_t moment_count;
};

struct model *model_new(uint64_t seed);
/* With pieces of so many octets of terms; 0: the usual ones. */
struct store_indexes *model_pool(size_t piece_octets);
/* The word of a number: some are parts of others, some are long, some not of ASCII. */
struct span model_word(unsigned space, unsigned number, char out[MODEL_TERM_OCTETS]);
/* Adds a batch of so many documents to the index, and to the model if that succeeds. */
enum rc model_add(struct model *model, struct store_index *index, size_t count,
                  struct err *err);
/* The index says exactly what the model says: of every word, and of needles in the terms. */
void model_check(const struct model *model, struct store_index *index);
/* Takes back what was added above a mark that there was once. False: there was none. */
bool model_cut(struct model *model, uint64_t mark);
/* The same, or that it is damaged; never anything else. */
enum rc model_ask(const struct model *model, struct store_index *index, struct err *err);

#endif

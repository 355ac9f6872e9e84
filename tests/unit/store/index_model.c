/* SPDX-License-Identifier: MIT */
/* See the header. Words of low numbers are in most messages, others in few or in one. */
#include "index_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

enum { SET_WORDS = MODEL_MESSAGES / 64 + 1, DOCUMENT_OCTETS = 1 << 20 };

struct model *
model_new(uint64_t seed)
{
    struct model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    rng_seed(&model->rng, seed);
    return model;
}

struct store_indexes *
model_pool(size_t piece_octets)
{
    const struct store_indexes_options options = {
        .clock = &test_clock, .form = MODEL_FORM, .piece_octets = piece_octets};
    struct store_indexes *indexes = NULL;

    assert_int_equal(store_indexes_new(&options, &indexes), RC_OK);
    return indexes;
}

struct span
model_word(unsigned space, unsigned number, char out[MODEL_TERM_OCTETS])
{
    static const char *const ends[] = {"", "er", "\xc3\xa4", "\x7f\x01",
                                       "qqqqqqqqqqqqqqqqqqqqqq"};
    const int len = snprintf(out, MODEL_TERM_OCTETS, "%x%s%u", number * 2654435761u >> 20,
                             ends[(number + space) % ARRAY_LEN(ends)], number);

    return span_of(out, (size_t)len);
}

/* Whether a message gets a word. */
static bool
draw(struct model *model, unsigned number)
{
    if (number < 8)
        return rng_below(&model->rng, 8) != 0;
    if (number < 40)
        return rng_below(&model->rng, 20) == 0;
    return rng_below(&model->rng, 700) == 0;
}

/* The text of a message's attachments; some are longer than a page. */
static void
put_attached(uint64_t message, struct buf *text)
{
    for (unsigned i = 0; i < 1 + (message % 7 == 0 ? 2000 : message % 40); i++)
        buf_printf(text, "word %ju ", (uintmax_t)(message * (i + 3)));
}

static void
make(struct model *model, struct index_document *document, struct buf *text)
{
    char word[MODEL_TERM_OCTETS];
    size_t lens[INDEX_SPACES];

    for (unsigned space = 0; space < INDEX_SPACES; space++) {
        const size_t begin = buf_len(text);
        const unsigned words = space == INDEX_CC ? 0 : MODEL_WORDS;
        for (unsigned i = 0; i < words; i++) {
            const unsigned number = (i * 7 + (unsigned)document->message) % MODEL_WORDS;
            const bool has = draw(model, number);
            model->has[document->message][space][number] = has;
            if (!has)
                continue;
            if (buf_len(text) > begin)
                buf_put_char(text, ' ');
            buf_put_span(text, model_word(space, number, word));
        }
        lens[space] = buf_len(text) - begin;
    }
    const size_t terms = buf_len(text);
    model->attached[document->message] = document->message % MODEL_ATTACHED == 0;
    if (model->attached[document->message])
        put_attached(document->message, text);
    struct span rest = buf_span(text); /* which does not move any more */
    document->attached = span_tail(rest, terms);
    for (unsigned space = 0; space < INDEX_SPACES; space++) {
        document->terms[space] = span_head(rest, lens[space]);
        rest = span_tail(rest, lens[space]);
    }
    document->unsure = model->unsure[document->message] = rng_below(&model->rng, 50) == 0;
    document->text_octets = 1000;
}

enum rc
model_add(struct model *model, struct store_index *index, size_t count, struct err *err)
{
    struct index_document *documents = calloc(count + 1, sizeof *documents);
    struct buf *texts = calloc(count + 1, sizeof *texts);
    struct index_batch batch = {.documents = documents, .count = count, .mark = model->mark};

    assert_non_null(documents);
    assert_non_null(texts);
    for (size_t i = 0; i < count; i++) {
        batch.mark += 1 + (rng_below(&model->rng, 10) == 0 ? rng_below(&model->rng, 4) : 0);
        assert_true(batch.mark < MODEL_MESSAGES);
        buf_init(&texts[i], DOCUMENT_OCTETS);
        documents[i].message = batch.mark;
        make(model, &documents[i], &texts[i]);
        assert_true(buf_ok(&texts[i]));
    }
    batch.proof_message = batch.mark;
    memset(batch.proof, (int)(batch.mark % 251), sizeof batch.proof);
    const enum rc rc = store_index_add(index, &batch, err);
    if (rc == RC_OK) {
        model->mark = batch.mark;
        model->documents += count;
        model->batches += batch.mark > 0;
        assert_true(model->moment_count < MODEL_MOMENTS);
        model->moments[model->moment_count++] =
            (struct model_moment){model->mark, model->documents, model->batches};
    } else { /* as if they had never been */
        memset(&model->has[model->mark + 1], 0,
               (batch.mark - model->mark) * sizeof model->has[0]);
        memset(&model->unsure[model->mark + 1], 0, batch.mark - model->mark);
        memset(&model->attached[model->mark + 1], 0, batch.mark - model->mark);
    }
    for (size_t i = 0; i < count; i++)
        buf_done(&texts[i]);
    free(texts);
    free(documents);
    return rc;
}

bool
model_cut(struct model *model, uint64_t mark)
{
    for (size_t i = 0; i < model->moment_count; i++) {
        if (model->moments[i].mark != mark)
            continue;
        memset(&model->has[mark + 1], 0, (model->mark - mark) * sizeof model->has[0]);
        memset(&model->unsure[mark + 1], 0, model->mark - mark);
        memset(&model->attached[mark + 1], 0, model->mark - mark);
        model->mark = mark;
        model->documents = model->moments[i].documents;
        model->batches = model->moments[i].batches;
        return true;
    }
    return false;
}

static bool
in_set(const uint64_t *bits, uint64_t id)
{
    return (bits[id / 64] >> id % 64 & 1) != 0;
}

/* The messages of one word, asked for by its name. */
static enum rc
ask_word(const struct model *model, struct store_index *index, unsigned space, unsigned number,
         struct err *err)
{
    uint64_t bits[SET_WORDS] = {0};
    char word[MODEL_TERM_OCTETS];
    const struct span term = model_word(space, number, word);
    const struct index_set set = {.bits = bits, .limit = MODEL_MESSAGES};
    const uint64_t one = model->mark > 0 ? 1 + number % model->mark : 1;
    bool has = false;
    enum rc rc = store_index_messages(index, space, term, &set, err);

    if (rc == RC_OK)
        rc = store_index_has(index, space, term, one, &has, err);
    if (rc != RC_OK)
        return rc;
    assert_int_equal(has, model->has[one][space][number]);
    for (uint64_t id = 0; id < MODEL_MESSAGES; id++)
        if (in_set(bits, id) != (id <= model->mark && model->has[id][space][number]))
            fail_msg("message %ju, space %u, word %u", (uintmax_t)id, space, number);
    return RC_OK;
}

/* The messages with a term that contains the needle: all pieces are gone through, in a snapshot
 * of its own for each when `slices`. */
static enum rc
find(struct store_index *index, unsigned space, struct span needle, bool slices,
     const struct index_set *set, struct err *err)
{
    struct index_state state;
    struct span piece = {0};
    uint64_t at = 0;
    enum rc rc;

    while ((rc = store_index_terms(index, space, &at, &piece, err)) == RC_OK) {
        for (size_t from = 0; rc == RC_OK && from < piece.len;) {
            const char *hit =
                memmem(piece.ptr + from, piece.len - from, needle.ptr, needle.len);
            if (hit == NULL)
                break;
            rc = store_index_found(index, (size_t)(hit - piece.ptr), set, err);
            from = (size_t)(hit - piece.ptr) + 1;
        }
        if (rc == RC_OK && slices) {
            store_index_end(index);
            rc = store_index_begin(index, &state, err);
        }
        if (rc != RC_OK)
            return rc;
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
ask_needle(const struct model *model, struct store_index *index, unsigned space,
           const char *text, bool slices, struct err *err)
{
    const struct span needle = span_of_str(text);
    uint64_t bits[SET_WORDS] = {0};
    uint64_t expected[SET_WORDS] = {0};
    const struct index_set set = {.bits = bits, .limit = model->mark + 1};
    char word[MODEL_TERM_OCTETS];
    const enum rc rc = find(index, space, needle, slices, &set, err);

    if (rc != RC_OK)
        return rc;
    for (unsigned number = 0; number < MODEL_WORDS; number++)
        if (span_find(model_word(space, number, word), needle) >= 0)
            for (uint64_t id = 1; id <= model->mark; id++)
                if (model->has[id][space][number])
                    expected[id / 64] |= UINT64_C(1) << id % 64;
    if (memcmp(bits, expected, sizeof bits) != 0)
        fail_msg("space %u, needle %s", space, text);
    return RC_OK;
}

static enum rc
ask_unsure(const struct model *model, struct store_index *index, struct err *err)
{
    uint64_t bits[SET_WORDS] = {0};
    const struct index_set set = {.bits = bits, .limit = MODEL_MESSAGES};
    const enum rc rc = store_index_unsure(index, &set, err);

    if (rc != RC_OK)
        return rc;
    for (uint64_t id = 0; id < MODEL_MESSAGES; id++)
        assert_int_equal(in_set(bits, id), id <= model->mark && model->unsure[id]);
    return RC_OK;
}

/* A text that is gone is damage for whoever knows that there is one. */
static enum rc
ask_attached(const struct model *model, struct store_index *index, struct err *err)
{
    AUTO_BUF expected = {0};
    struct span text;

    buf_init(&expected, DOCUMENT_OCTETS);
    for (uint64_t id = 0; id < MODEL_MESSAGES; id += MODEL_ATTACHED / 2) {
        const enum rc rc = store_index_attached(index, id, &text, err);
        if (rc == RC_NOT_FOUND && id <= model->mark && model->attached[id])
            return err_set(err, RC_CORRUPT, 0, "a text is gone");
        if (rc == RC_NOT_FOUND)
            continue;
        if (rc != RC_OK)
            return rc;
        assert_true(id <= model->mark && model->attached[id]);
        buf_clear(&expected);
        put_attached(id, &expected);
        assert_true(span_eq(text, buf_span(&expected)));
    }
    return RC_OK;
}

static enum rc
ask_all(const struct model *model, struct store_index *index, struct err *err)
{
    static const char *const needles[] = {"a", "1", "er", "qq", "\xa4", "f3", "no such"};
    enum rc rc = ask_unsure(model, index, err);

    if (rc == RC_OK)
        rc = ask_attached(model, index, err);
    for (unsigned space = 0; space < INDEX_SPACES && rc == RC_OK; space++) {
        for (unsigned number = 0; number < MODEL_WORDS && rc == RC_OK; number += 3)
            rc = ask_word(model, index, space, number, err);
        for (size_t i = 0; i < ARRAY_LEN(needles) && rc == RC_OK; i++)
            rc = ask_needle(model, index, space, needles[i], i % 2 == 1, err);
    }
    return rc;
}

static enum rc
ask_proofs(const struct model *model, struct store_index *index, struct err *err)
{
    struct index_proof proofs[4];
    size_t count = 0;
    const enum rc rc = store_index_proofs(index, proofs, ARRAY_LEN(proofs), &count, err);

    if (rc != RC_OK)
        return rc;
    assert_true(count == model->batches || count == ARRAY_LEN(proofs));
    if (count > 0)
        assert_int_equal(proofs[0].message, model->mark);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || proofs[i].message < proofs[i - 1].message);
        assert_int_equal(proofs[i].digest[0], proofs[i].message % 251);
        assert_int_equal(proofs[i].digest[31], proofs[i].message % 251);
    }
    return RC_OK;
}

enum rc
model_ask(const struct model *model, struct store_index *index, struct err *err)
{
    struct index_state state = {0};
    enum rc rc = store_index_begin(index, &state, err);

    if (rc == RC_OK) {
        assert_int_equal(state.mark, model->mark);
        assert_int_equal(state.documents, model->documents);
        assert_int_equal(state.text_octets, model->documents * 1000);
        assert_int_equal(state.form, MODEL_FORM);
        rc = ask_all(model, index, err);
    }
    if (rc == RC_OK)
        rc = ask_proofs(model, index, err);
    store_index_end(index);
    return rc;
}

void
model_check(const struct model *model, struct store_index *index)
{
    struct err err = {.rc = RC_OK};

    if (model_ask(model, index, &err) != RC_OK)
        fail_msg("%s", err.text);
}

/* SPDX-License-Identifier: MIT */
/* Reading and adding; see the header. What is checked is in indexer_check.c. */
#include "mailbox/search/indexer_private.h"

#include <stdlib.h>

#include "base/limits.h"

enum {
    BATCH_ARENA = 16 << 20,
    BATCH_OCTETS = 256 << 10, /* of terms: a batch with more is added */
    READ_OCTETS = 2 << 20,    /* of messages, in one step: some 20 ms */
    SAMPLES = 256,
};

enum rc
indexer_open(const struct indexer_options *options, struct indexer **out, struct err *err)
{
    struct indexer *indexer = calloc(1, sizeof *indexer);

    if (indexer == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    indexer->options = *options;
    document_maker_init(&indexer->maker);
    document_maker_init(&indexer->attached_maker);
    attached_init(&indexer->attached, options->extract);
    arena_init(&indexer->batch, BATCH_ARENA);
    checks_init(&indexer->checks);
    *out = indexer;
    return RC_OK;
}

void
indexer_close(struct indexer *indexer)
{
    if (indexer == NULL)
        return;
    store_index_close(indexer->index);
    document_maker_done(&indexer->maker);
    document_maker_done(&indexer->attached_maker);
    attached_done(&indexer->attached);
    arena_done(&indexer->batch);
    checks_done(&indexer->checks);
    free(indexer);
}

void
indexer_anew(struct indexer *indexer)
{
    indexer->asked = true;
}

enum indexer_why
indexer_why(const struct indexer *indexer)
{
    return indexer->why;
}

const char *
indexer_why_text(enum indexer_why why)
{
    static const char *const texts[] = {
        [INDEXER_ASKED] = "somebody asked for it",
        [INDEXER_FOREIGN] = "it was not made of this mail",
        [INDEXER_DAMAGED] = "it was damaged",
        [INDEXER_WRONG] = "it said what the messages do not say",
        [INDEXER_DEAD] = "a third of it was about messages that are gone",
    };

    return texts[why];
}

void
indexer_progress(const struct indexer *indexer, struct indexer_progress *out)
{
    *out = indexer->progress;
}

/* ---- the state of the index ---- */

/* Forgets what is under way. */
static void
forget(struct indexer *indexer)
{
    indexer->count = 0;
    arena_reset(&indexer->batch);
    attached_forget(&indexer->attached);
    indexer->next = 0;
    indexer->is_looked_at = false;
    indexer->phase = INDEXER_READING;
    checks_begin(&indexer->checks);
}

/* The file goes, and the next step makes another one. */
static enum rc
remove_it(struct indexer *indexer, struct err *err)
{
    store_index_close(indexer->index);
    indexer->index = NULL;
    return store_index_remove(indexer->options.indexes, indexer->options.acct, err);
}

/* Makes the index anew. Nothing is gained by reading a damaged file once more. */
static enum rc
make_anew(struct indexer *indexer, enum indexer_why why, enum indexer_outcome *out,
          struct err *err)
{
    const bool usable =
        indexer->index != NULL && why != INDEXER_DAMAGED && why != INDEXER_WRONG;
    enum rc rc = usable ? store_index_begin_anew(indexer->index, err) : RC_CORRUPT;

    if (rc == RC_CORRUPT)
        rc = remove_it(indexer, err);
    if (rc != RC_OK)
        return rc;
    forget(indexer);
    INDEX_COUNT(indexer->options.counts, anew, 1);
    indexer->asked = false;
    indexer->why = why;
    indexer->progress.state = (struct index_state){.mark = 0};
    *out = INDEXER_ANEW;
    return RC_OK;
}

static enum rc
state_read(struct indexer *indexer, struct err *err)
{
    enum rc rc = RC_OK;

    if (indexer->index == NULL)
        rc = store_index_open(indexer->options.indexes, indexer->options.acct, INDEX_WRITE,
                              &indexer->index, err);
    if (rc == RC_OK)
        rc = store_index_begin(indexer->index, &indexer->progress.state, err);
    if (rc != RC_OK)
        return rc;
    if (!indexer->is_looked_at)
        rc = store_index_proofs(indexer->index, indexer->proofs, INDEXER_PROOFS,
                                &indexer->proof_count, err);
    store_index_end(indexer->index);
    return rc;
}

/* ---- whether it is of this mail ---- */

static enum rc
proof_of(struct store_tx *tx, uint64_t message, struct digest *out, struct err *err)
{
    struct digest_reader reader = {0};
    struct message_row row;

    enum rc rc = store_message_read(tx, message, MESSAGE_KEYS, &row, err);
    if (rc == RC_OK && row.digest.len == sizeof out->octets) {
        memcpy(out->octets, row.digest.ptr, row.digest.len);
        return RC_OK;
    }
    if (rc == RC_OK)
        while ((rc = digest_read(&reader, tx, message, out, err)) == RC_AGAIN)
            continue;
    digest_reader_done(&reader);
    return rc;
}

/* The highest message that the index knows and that is still there. RC_NOT_FOUND: none is. */
static enum rc
newest(const struct indexer *indexer, struct store_tx *tx, uint64_t *out, struct err *err)
{
    const uint64_t mark = indexer->progress.state.mark;
    uint64_t low = 0; /* there is one above it */
    uint64_t high = mark;
    uint64_t found = 0;

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        uint64_t message = 0;
        const enum rc rc = store_message_next(tx, middle + 1, &message, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        if (rc == RC_OK && message <= mark)
            low = found = message;
        else
            high = middle;
    }
    *out = found;
    return found == 0 ? RC_NOT_FOUND : RC_OK;
}

/* The messages of the newest proofs are gone, and others came before the mark since the one
 * that is proved. The newest of these tells whose they are, and becomes a proof. */
static enum rc
prove(struct indexer *indexer, struct store_tx *tx, uint64_t proved, bool *is_foreign_out,
      struct err *err)
{
    struct index_batch batch = {.mark = indexer->progress.state.mark};
    struct digest digest;

    enum rc rc = newest(indexer, tx, &batch.proof_message, err);
    if (rc != RC_OK || batch.proof_message <= proved)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    rc = proof_of(tx, batch.proof_message, &digest, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND || rc == RC_CORRUPT ? RC_OK : rc;
    rc = checks_know(indexer, tx, batch.proof_message, is_foreign_out, err);
    if (rc != RC_OK || *is_foreign_out)
        return rc;
    memcpy(batch.proof, digest.octets, sizeof batch.proof);
    return store_index_add(indexer->index, &batch, err);
}

/* The newest proof that there is still a message for decides. */
static enum rc
look_at_proofs(struct indexer *indexer, struct store_tx *tx, bool *is_foreign_out,
               struct err *err)
{
    struct digest digest;
    uint64_t proved = 0;

    *is_foreign_out = indexer->progress.state.mark > indexer->progress.highest;
    for (size_t i = 0; proved == 0 && !*is_foreign_out && i < indexer->proof_count; i++) {
        const struct index_proof *proof = &indexer->proofs[i];
        const enum rc rc = proof_of(tx, proof->message, &digest, err);
        if (rc == RC_NOT_FOUND || rc == RC_CORRUPT)
            continue;
        if (rc != RC_OK)
            return rc;
        proved = proof->message;
        *is_foreign_out = memcmp(proof->digest, digest.octets, sizeof digest.octets) != 0;
    }
    return *is_foreign_out ? RC_OK : prove(indexer, tx, proved, is_foreign_out, err);
}

/*
 * Whether a third of the documents is dead for sure, from how many of the ids up to the mark
 * still have a message. Where few have, the error is large, and the answer is no: otherwise an
 * index of few messages with high ids would be made anew again and again.
 */
static enum rc
look_for_dead(const struct indexer *indexer, struct store_tx *tx, bool *is_dead_out,
              struct err *err)
{
    const struct index_state *state = &indexer->progress.state;
    uint64_t hits = 0;

    *is_dead_out = false;
    if (state->documents < INDEXER_BATCH)
        return RC_OK;
    for (unsigned i = 0; i < SAMPLES; i++) {
        const uint64_t id = 1 + rng_below(indexer->options.rng, state->mark);
        uint64_t found = 0;
        const enum rc rc = store_message_next(tx, id, &found, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        hits += rc == RC_OK && found == id;
    }
    /* three standard deviations and a little */
    double error = 3;
    while (error * error < 9.0 * (double)(hits + 1))
        error += 1;
    const double most =
        ((double)hits + 3 + error) / SAMPLES * (double)state->mark; /* that live */
    *is_dead_out = most < (double)state->documents * 2 / 3;
    return RC_OK;
}

/* Once after it was opened. */
static enum rc
look(struct indexer *indexer, struct store_tx *tx, bool *anew_out, enum indexer_why *why_out,
     struct err *err)
{
    *anew_out = false;
    if (indexer->is_looked_at || indexer->progress.state.mark == 0)
        return RC_OK;
    *why_out = INDEXER_FOREIGN;
    enum rc rc = look_at_proofs(indexer, tx, anew_out, err);
    if (rc != RC_OK || *anew_out)
        return rc;
    rc = look_for_dead(indexer, tx, anew_out, err);
    *why_out = *anew_out ? INDEXER_DEAD : INDEXER_WRONG; /* that follows from what is next */
    return rc;
}

/* ---- a batch ---- */

/* Adds what the maker has to the batch. */
static enum rc
keep(struct indexer *indexer, struct err *err)
{
    const struct document_maker *maker = &indexer->maker;
    struct index_document *doc = &indexer->documents[indexer->count];

    *doc = (struct index_document){
        .message = maker->message, .text_octets = maker->text_octets, .unsure = maker->unsure};
    for (size_t i = 0; i < INDEX_MESSAGE_SPACES; i++) {
        doc->terms[i] = arena_span(&indexer->batch, buf_span(&maker->terms[i]));
        if (doc->terms[i].ptr == NULL)
            return err_set(err, RC_LIMIT, 0, "terms of a batch");
    }
    indexer->batch_octets += document_octets(maker);
    indexer->count++;
    return RC_OK;
}

/* Reads on, until the batch is full or enough was read, or a message has attachments of which
 * text is wanted: it is the last one of its batch. *over_out: no message is left. */
static enum rc
read_batch(struct indexer *indexer, struct store_tx *tx, bool *over_out, struct err *err)
{
    uint64_t left = READ_OCTETS;
    enum rc rc = RC_OK;

    *over_out = false;
    indexer->batch_octets = 0;
    while (indexer->count < INDEXER_BATCH && indexer->batch_octets < BATCH_OCTETS && left > 0) {
        uint64_t message = 0;
        rc = store_message_next(tx, indexer->next, &message, err);
        if (rc == RC_NOT_FOUND) {
            *over_out = true;
            return RC_OK;
        }
        if (rc == RC_OK)
            rc = document_read(&indexer->maker, tx, message, left, err);
        if (rc == RC_AGAIN)
            return RC_OK;
        if (rc == RC_OK)
            rc = keep(indexer, err);
        if (rc == RC_OK)
            rc = attached_find(&indexer->attached, tx, message, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        indexer->next = message + 1;
        const uint64_t read = indexer->maker.text_octets + INDEXER_MESSAGE_OCTETS;
        left -= read < left ? read : left;
        if (attached_is_wanted(&indexer->attached))
            return RC_OK;
    }
    return RC_OK;
}

/* Adds the batch and moves the mark. */
static enum rc
add_batch(struct indexer *indexer, uint64_t mark, const struct digest *proof, struct err *err)
{
    struct index_batch batch = {
        .documents = indexer->documents, .count = indexer->count, .mark = mark};

    if (proof != NULL) {
        batch.proof_message = indexer->documents[indexer->count - 1].message;
        memcpy(batch.proof, proof->octets, sizeof batch.proof);
    }
    const enum rc rc = store_index_add(indexer->index, &batch, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < indexer->count; i++)
        indexer->progress.unsure += indexer->documents[i].unsure;
    indexer->progress.added += indexer->count;
    INDEX_COUNT(indexer->options.counts, messages, indexer->count);
    indexer->progress.state.mark = mark;
    indexer->count = 0;
    arena_reset(&indexer->batch);
    attached_forget(&indexer->attached);
    return RC_OK;
}

/* ---- a step ---- */

/* What a step finds out within its snapshot. */
struct found {
    bool anew;
    enum indexer_why why;
    bool over;
    bool has_proof;
    struct digest proof;
};

static enum rc
read_step(struct indexer *indexer, struct store_tx *tx, struct found *found, struct err *err)
{
    enum rc rc = store_message_highest(tx, &indexer->progress.highest, err);

    if (rc == RC_OK)
        rc = look(indexer, tx, &found->anew, &found->why, err);
    if (rc != RC_OK || found->anew)
        return rc;
    indexer->is_looked_at = true;
    if (indexer->next <= indexer->progress.state.mark)
        indexer->next = indexer->progress.state.mark + 1;
    rc = read_batch(indexer, tx, &found->over, err);
    if (rc != RC_OK || indexer->count == 0)
        return rc;
    rc = proof_of(tx, indexer->documents[indexer->count - 1].message, &found->proof, err);
    found->has_proof = rc == RC_OK;
    if (rc == RC_CORRUPT || rc == RC_NOT_FOUND)
        rc = RC_OK;
    return rc == RC_OK ? checks_choose(indexer, tx, err) : rc;
}

/* Reads messages and adds them. Afterwards the phase is another one if there were no more. */
static enum rc
reading(struct indexer *indexer, struct turn_waiter *waiter, struct found *found,
        struct err *err)
{
    struct store_tx *tx = NULL;

    if (store_index_is_behind(indexer->index)) /* after very large messages */
        return add_batch(indexer, indexer->progress.state.mark, NULL, err);
    enum rc rc = indexer_read_begin(indexer, waiter, &tx, err);
    if (rc != RC_OK)
        return rc;
    rc = read_step(indexer, tx, found, err);
    store_end(tx);
    indexer->mail_is_damaged = rc == RC_CORRUPT;
    if (rc != RC_OK || found->anew)
        return rc;
    /* With the last message, everything up to the highest id is known: those are gone. */
    const uint64_t mark = found->over && indexer->progress.highest >= indexer->next
                              ? indexer->progress.highest
                              : indexer->next - 1;
    if (attached_is_wanted(&indexer->attached))
        rc = indexer_attach(indexer, waiter, err);
    indexer->mail_is_damaged = rc == RC_CORRUPT;
    if (rc == RC_OK && (indexer->count > 0 || mark > indexer->progress.state.mark))
        rc = add_batch(indexer, mark, found->has_proof ? &found->proof : NULL, err);
    if (rc == RC_OK)
        rc = checks_compare(indexer, &found->anew, err);
    if (rc == RC_OK && found->over)
        indexer->phase = INDEXER_CHECKING;
    return rc;
}

static enum rc
checking(struct indexer *indexer, struct turn_waiter *waiter, bool *over_out, bool *wrong_out,
         struct err *err)
{
    struct store_tx *tx = NULL;
    enum rc rc = RC_OK;

    if (checks_need_mail(&indexer->checks))
        rc = indexer_read_begin(indexer, waiter, &tx, err);
    if (rc == RC_OK)
        rc = checks_step(indexer, tx, over_out, wrong_out, err);
    indexer->mail_is_damaged = rc == RC_CORRUPT && tx != NULL;
    store_end(tx);
    return rc;
}

/* RC_CORRUPT: of the index. */
static enum rc
step(struct indexer *indexer, struct turn_waiter *waiter, struct found *found, bool *done_out,
     struct err *err)
{
    enum rc rc = state_read(indexer, err);

    *done_out = rc == RC_NOT_FOUND; /* the account has never had any mail */
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    if (indexer->asked) {
        *found = (struct found){.anew = true, .why = INDEXER_ASKED};
        return RC_OK;
    }
    found->why = INDEXER_WRONG;
    rc = indexer->phase == INDEXER_READING
             ? reading(indexer, waiter, found, err)
             : checking(indexer, waiter, done_out, &found->anew, err);
    if (*done_out)
        indexer->phase = INDEXER_READING;
    return rc;
}

enum rc
indexer_step(struct indexer *indexer, struct turn_waiter *waiter, enum indexer_outcome *out,
             struct err *err)
{
    struct found found = {.anew = false};
    bool done = false;

    indexer->mail_is_damaged = false;
    enum rc rc = step(indexer, waiter, &found, &done, err);
    if (rc == RC_CORRUPT && !indexer->mail_is_damaged)
        return make_anew(indexer, INDEXER_DAMAGED, out, err);
    if (rc == RC_OK && found.anew)
        return make_anew(indexer, found.why, out, err);
    if (rc != RC_OK) {
        forget(indexer);
        return rc;
    }
    *out = done ? INDEXER_DONE : INDEXER_MORE;
    return RC_OK;
}

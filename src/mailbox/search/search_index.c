/* SPDX-License-Identifier: MIT */
/*
 * Where a search asks the index of the account (hits.h). Not before it is worth it: each
 * message that the keys in memory leave undecided says how many more there will be, and the
 * index is asked when reading all of these would take longer. Until then, and if there is no
 * answer, the scan reads messages as it always can, so an index changes nothing but the time
 * that a search takes.
 *
 * Texts of attachments ([search] extract) are the exception: only the index has them. A search
 * in which they count asks it before it reads any message, and asks for it to be made as soon
 * as it does not know one.
 *
 * Several searches of one command in one account (ESEARCH) share the answers.
 */
#include "mailbox/search/search_private.h"

#include <string.h>

#include "base/budget.h"
#include "base/limits.h"
#include "mailbox/content/fields.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/document.h"
#include "mailbox/search/index_counts.h"
#include "mailbox/search/index_wishes.h"

enum {
    ANSWERS_ARENA = 16 << 20,
    QUESTIONS = LIMIT_SEARCH_PIECES, /* each has at least one piece */
    TEXT_OCTETS = 4096,              /* folded; longer texts are not asked for */
    /* Of the index's file: looking through the vocabulary in so much of it takes as long as
     * reading a message. */
    OCTETS_PER_MESSAGE = 4 << 20,
    PROOFS = 64,
    UNDECIDED_BETWEEN = 16, /* messages that are read before a busy index is asked again */
};

static struct account *
account_of(const struct search *search)
{
    return mailbox_account(search->view->mailbox);
}

/* ---- questions ---- */

static struct search_answers *
answers_new(struct arena *arena)
{
    struct search_answers *answers = arena_new(arena, struct search_answers);

    if (answers != NULL)
        arena_init(&answers->arena, ANSWERS_ARENA);
    return answers;
}

struct search_answers *
search_answers_new(struct arena *arena)
{
    return answers_new(arena);
}

/* Frees the answers themselves. */
static void
forget(struct search_answers *answers)
{
    hits_done(&answers->asking);
    if (answers->charged > 0)
        budget_give(answers->budget, answers->charged);
    answers->charged = 0;
}

/* False: others have too much. */
static bool
charge(struct search_answers *answers)
{
    const int64_t more = (int64_t)answers->asking.memory.used_octets - answers->charged;

    if (more <= 0)
        return true;
    if (!budget_take(answers->budget, more))
        return false;
    answers->charged += more;
    return true;
}

void
search_answers_done(struct search_answers *answers)
{
    if (answers == NULL)
        return;
    forget(answers);
    arena_done(&answers->arena);
}

/* The space of a field's values, or INDEX_SPACES. */
static enum index_space
space_of(struct span field)
{
    static const struct {
        struct span name;
        enum index_space space;
    } spaces[] = {
        {SPAN_INIT("Subject"), INDEX_SUBJECT},
        {SPAN_INIT("From"), INDEX_FROM},
        {SPAN_INIT("To"), INDEX_TO},
        {SPAN_INIT("Cc"), INDEX_CC},
    };

    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        if (span_ieq(field, spaces[i].name))
            return spaces[i].space;
    return INDEX_SPACES;
}

/* Questions of one search, before they have answers, with memory for what they need. */
struct questions {
    struct hits_question of[QUESTIONS];
    size_t count;
    struct arena *arena;
};

/* The fields' own spaces have their values. Of other fields there are the words of the whole
 * header, and the names: few messages have a Bcc, or most of what HEADER asks for. */
static bool
ask_for_field(const struct search_node *node, struct arena *arena, struct hits_question *out)
{
    const enum index_space own = space_of(node->field);
    char term[DOCUMENT_FIELD_OCTETS + 1];

    out->has_tokens = own != INDEX_SPACES && node->op != OP_HAS_FIELD;
    out->spaces = 1u << (out->has_tokens ? own : INDEX_HEADER);
    /* the spaces of addresses also have what ENVELOPE shows */
    out->is_all = node->op != OP_FIELD || own == INDEX_SUBJECT;
    if (out->has_tokens)
        return true;
    out->is_all = node->op == OP_HAS_FIELD;
    out->name = arena_span(arena, field_term(node->field, term));
    /* Bcc is not there as ENVELOPE shows it, so its words may be others */
    return node->op == OP_FIELD || out->name.len > 0;
}

/* What to ask for the key. False: the index cannot help. */
static bool
question_of(const struct search *search, const struct search_node *node, struct arena *arena,
            struct hits_question *out)
{
    switch (node->op) {
    case OP_TEXT:
        out->spaces = mime_search_scope(&search->needles, node->needle) == MIME_SCOPE_BODY
                          ? 1u << INDEX_BODY
                          : 1u << INDEX_BODY | 1u << INDEX_HEADER;
        out->is_all = true;
        out->is_attached = account_search(account_of(search))->is_attached;
        break;
    case OP_ADDRESS:
    case OP_FIELD:
    case OP_HAS_FIELD:
        if (!ask_for_field(node, arena, out))
            return false;
        break;
    default:
        return false;
    }
    if (node->op == OP_HAS_FIELD || (node->op == OP_ADDRESS && !out->has_tokens))
        return true; /* the name says it all */
    out->folded = mime_search_folded(&search->needles, node->needle);
    out->fuzzy = mime_search_words(&search->needles, node->needle);
    return out->folded.len <= TEXT_OCTETS;
}

static bool
is_same(const struct hits_question *a, const struct hits_question *b)
{
    const size_t a_words = a->fuzzy == NULL ? 0 : a->fuzzy->count;
    const size_t b_words = b->fuzzy == NULL ? 0 : b->fuzzy->count;

    return a->spaces == b->spaces && a->is_all == b->is_all &&
           a->is_attached == b->is_attached && a_words == b_words &&
           span_eq(a->folded, b->folded) && span_eq(a->name, b->name);
}

/* Numbers the questions of the keys; equal ones have the same number. */
static void
number_questions(struct search *search, struct search_node *node, struct questions *questions)
{
    for (; node != NULL; node = node->next) {
        struct hits_question question = {.folded = SPAN(""), .name = SPAN("")};
        number_questions(search, node->children, questions);
        if (!question_of(search, node, questions->arena, &question))
            continue;
        size_t i = 0;
        while (i < questions->count && !is_same(&questions->of[i], &question))
            i++;
        if (i == QUESTIONS)
            continue;
        if (i == questions->count)
            questions->of[questions->count++] = question;
        node->question = (uint32_t)i;
    }
}

static bool
copy_question(struct arena *arena, const struct hits_question *from, struct hits_question *to)
{
    *to = *from;
    to->folded = arena_span(arena, from->folded);
    to->name = arena_span(arena, from->name);
    if (from->fuzzy != NULL) {
        struct fuzzy *fuzzy = arena_new(arena, struct fuzzy);
        struct fuzzy_word *words = arena_array(arena, struct fuzzy_word, from->fuzzy->count);
        if (fuzzy == NULL || words == NULL)
            return false;
        memcpy(words, from->fuzzy->words, from->fuzzy->count * sizeof *words);
        *fuzzy = (struct fuzzy){.words = words, .count = from->fuzzy->count};
        to->fuzzy = fuzzy;
    }
    return to->folded.ptr != NULL && to->name.ptr != NULL;
}

/* False: no memory. */
static bool
take_questions(struct search_answers *answers, const struct hits_question *questions,
               size_t count)
{
    forget(answers);
    arena_reset(&answers->arena);
    struct hits_question *own = arena_array(&answers->arena, struct hits_question, count);
    for (size_t i = 0; i < count; i++)
        if (own == NULL || !copy_question(&answers->arena, &questions[i], &own[i]))
            return false;
    return hits_init(&answers->asking, &answers->arena, own, count) == RC_OK;
}

static bool
has_questions(const struct search_answers *answers, const struct hits_question *questions,
              size_t count)
{
    if (answers->asking.count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_same(&answers->asking.questions[i], &questions[i]))
            return false;
    return true;
}

/* ---- answers ---- */

/* Asks for the index to be made, or to be brought up to date. */
static void
wish(const struct search *search)
{
    struct index_wishes *wishes = account_search(account_of(search))->wishes;

    if (wishes != NULL)
        (void)index_wishes_put(wishes, account_id(account_of(search)));
}

static void
attach(struct search_node *node, const struct hits_asking *asking)
{
    for (; node != NULL; node = node->next) {
        attach(node->children, asking);
        if (node->question != NO_QUESTION)
            node->hits = asking->questions[node->question].hits;
    }
}

void
search_index_init(struct search *search, struct arena *arena, const struct search_req *req)
{
    struct questions questions = {.count = 0, .arena = arena};

    if (account_search(account_of(search))->indexes == NULL)
        return;
    number_questions(search, search->root, &questions);
    if (questions.count == 0)
        return;
    struct search_answers *answers = req->answers;
    if (answers == NULL)
        answers = search->own_answers = answers_new(arena);
    if (answers == NULL)
        return;
    const uint64_t account = account_id(account_of(search));
    if (answers->account_id != account ||
        !has_questions(answers, questions.of, questions.count)) {
        answers->account_id = account;
        answers->budget = account_hits_budget(account_of(search));
        answers->first_at = req->ask_at == 0 ? LIMIT_SEARCH_UNASKED : req->ask_at;
        answers->ask_at = answers->first_at;
        answers->is_attached = false;
        for (size_t i = 0; i < questions.count; i++)
            answers->is_attached |= questions.of[i].is_attached;
        answers->undecided = answers->ask_again = answers->unknown = answers->generation = 0;
        if (!take_questions(answers, questions.of, questions.count))
            hits_give_up(&answers->asking);
    }
    if (!hits_can_ask(&answers->asking))
        return;
    search->answers = answers;
    if (answers->asking.stage == HITS_ANSWERED)
        attach(search->root, &answers->asking);
}

/* How many messages will have been read in the end, if what is left is like what was looked
 * at; one more is undecided now. */
static uint64_t
expected(const struct search *search)
{
    const uint64_t left = search->candidates - search->looked;

    return search->answers->undecided + 1 + left * (search->undecided + 1) / search->looked;
}

bool
search_index_wanted(const struct search *search)
{
    const struct search_answers *answers = search->answers;

    return answers != NULL && answers->asking.stage < HITS_ANSWERED &&
           answers->undecided >= answers->ask_again &&
           (answers->is_attached || expected(search) >= answers->ask_at);
}

void
search_index_note_read(struct search *search)
{
    struct search_answers *answers = search->answers;

    search->undecided++;
    if (answers == NULL)
        return;
    answers->undecided++;
    if (answers->asking.stage == HITS_ANSWERED && search->one.message <= answers->asking.mark)
        return;
    if (++answers->unknown == (answers->is_attached ? 1 : LIMIT_SEARCH_UNKNOWN))
        wish(search);
}

bool
search_index_decided(struct search *search, uint32_t at)
{
    const struct search_answers *answers = search->answers;
    const uint8_t score = search->score;

    if (answers == NULL || answers->asking.stage != HITS_ANSWERED)
        return false;
    search->without_hits = true;
    const enum search_value value =
        search_eval(search, &search->batch, at, search->next_seq + at);
    search->without_hits = false;
    search->score = score;
    return value == SEARCH_UNKNOWN;
}

/* ---- asking ---- */

/* If the mail is damaged, it is not the index's fault. */
static enum rc
of_mail(enum rc rc)
{
    return rc == RC_CORRUPT ? RC_IO : rc;
}

/* RC_CORRUPT: the index knows another message with this id. RC_NOT_FOUND: nobody can tell,
 * because it was purged or is too old to have a digest. */
static enum rc
check_proof(struct search *search, const struct index_proof *proof, struct err *err)
{
    struct message_row row;

    const enum rc rc = store_message_read(search->tx, proof->message, MESSAGE_KEYS, &row, err);
    if (rc != RC_OK)
        return of_mail(rc);
    if (row.digest.len == 0)
        return RC_NOT_FOUND;
    if (!span_eq(row.digest, span_of(proof->digest, MESSAGE_DIGEST_OCTETS)))
        return err_set(err, RC_CORRUPT, 0, "the index knows another message %ju",
                       (uintmax_t)proof->message);
    return RC_OK;
}

/* If the index knows messages above the one that is proved, another proof is asked for. */
static enum rc
wish_for_proof(struct search *search, const struct index_state *state, uint64_t sure,
               struct err *err)
{
    uint64_t next = 0;

    const enum rc rc = store_message_next(search->tx, sure + 1, &next, err);
    if (rc == RC_OK && next <= state->mark)
        wish(search);
    return rc == RC_NOT_FOUND ? RC_OK : of_mail(rc);
}

/*
 * Up to which message the index was made of the mail that is searched. After a backup was
 * restored, it may be of messages that are not there any more, and whose ids others have got
 * since. The newest proof that can be checked decides: ids ascend, so everything up to it is
 * the same. Messages above it are looked at, also if the index knows them; so are all if no
 * proof can be checked (0).
 */
static enum rc
check(struct search *search, struct store_index *index, const struct index_state *state,
      uint64_t *sure_out, struct err *err)
{
    struct index_proof proofs[PROOFS];
    uint64_t highest = 0;
    size_t count = 0;

    enum rc rc = of_mail(store_message_highest(search->tx, &highest, err));
    if (rc == RC_OK)
        rc = store_index_proofs(index, proofs, PROOFS, &count, err);
    if (rc != RC_OK)
        return rc;
    rc = RC_NOT_FOUND;
    size_t i = 0;
    while (i < count && (rc = check_proof(search, &proofs[i], err)) == RC_NOT_FOUND)
        i++;
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    *sure_out = rc == RC_OK ? proofs[i].message : 0;
    /* It may also have got a message since this slice began, so it is not removed here. */
    if (state->mark > highest)
        wish(search);
    return i == 0 || *sure_out == 0 ? RC_OK : wish_for_proof(search, state, *sure_out, err);
}

/* In a snapshot of the index. */
static enum rc
ask(struct search *search, struct store_index *index, const struct index_state *state,
    const struct clock *clock, int64_t deadline_us, struct err *err)
{
    struct search_answers *answers = search->answers;
    struct hits_asking *asking = &answers->asking;
    const uint64_t worth = answers->first_at + state->octets / OCTETS_PER_MESSAGE;
    enum rc rc = RC_OK;

    if (asking->stage == HITS_BEGIN && !answers->is_attached && expected(search) < worth) {
        answers->ask_at = worth;
        return RC_OK; /* the scan goes on for now */
    }
    if (state->generation != answers->generation) {
        rc = check(search, index, state, &answers->sure, err);
        answers->generation = state->generation;
    }
    if (rc == RC_OK) {
        struct index_state known = *state;
        known.mark = state->mark < answers->sure ? state->mark : answers->sure;
        rc = hits_slice(asking, index, &known, clock, deadline_us, err);
    }
    if ((rc == RC_OK || rc == RC_AGAIN) && !charge(answers))
        rc = err_set(err, RC_LIMIT, 0, "search: sets of messages, in all sessions");
    search->work += asking->work;
    asking->work = 0;
    return rc;
}

/* It is of no use to anybody, and will be made anew. */
static void
remove_index(const struct search *search, const struct err *why)
{
    struct account *acct = account_of(search);
    const struct account_search *with = account_search(acct);

    if (store_index_remove(with->indexes, account_store(acct), NULL) != RC_OK)
        return;
    INDEX_COUNT(with->counts, removed, 1);
    if (with->removed != NULL)
        with->removed(with->ctx, account_id(acct), why->text);
    wish(search);
}

/* RC_AGAIN: not finished. Everything else is. */
static enum rc
open_and_ask(struct search *search, const struct clock *clock, int64_t deadline_us,
             struct err *err)
{
    struct search_answers *answers = search->answers;
    struct store_index *index = NULL;
    struct index_state state;

    enum rc rc = store_index_open(account_search(account_of(search))->indexes,
                                  account_store(account_of(search)), INDEX_READ, &index, err);
    if (rc == RC_BUSY || rc == RC_LIMIT) { /* later, perhaps */
        answers->ask_again = answers->undecided + UNDECIDED_BETWEEN;
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = store_index_begin(index, &state, err);
    if (rc == RC_OK) {
        rc = ask(search, index, &state, clock, deadline_us, err);
        store_index_end(index);
    }
    store_index_close(index);
    return rc;
}

enum rc
search_index_slice(struct search *search, const struct clock *clock, int64_t deadline_us)
{
    struct hits_asking *asking = &search->answers->asking;
    const int64_t began_us = clock_mono_us(clock);
    struct err err = {.rc = RC_OK};

    const enum rc rc = open_and_ask(search, clock, deadline_us, &err);
    search->tally.index_slices++;
    search->tally.index_us += clock_mono_us(clock) - began_us;
    if (rc == RC_AGAIN)
        return RC_AGAIN;
    if (rc != RC_OK) {
        hits_give_up(asking);
        search->tally.index_rc = rc;
    }
    if (rc == RC_CORRUPT)
        remove_index(search, &err);
    if (asking->stage == HITS_ANSWERED)
        attach(search->root, asking);
    search->asking = false;
    search->looked--; /* the message at hand will be asked again */
    return RC_OK;
}

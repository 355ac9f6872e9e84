/* SPDX-License-Identifier: MIT */
/*
 * What texts of attachments say. No message can be looked at for them, so the index's answer
 * has to be complete: a text that is part of one word is found by its terms alone, and for all
 * others the texts themselves, which the index keeps, are looked at. What is found is found,
 * and nothing here says that a message does not match.
 */
#include "mailbox/search/hits_private.h"

#include "base/limits.h"
#include "mailbox/search/attached.h"

enum {
    FLAT_MAX = 64 << 10,
    FIND_PER_WORK = 32, /* as in hits_terms.c */
    READ_PER_WORK = 8,
    COMPARED_PER_WORK = 4,
    STEPS_PER_WORK = 2,
    TEXT_WORK = 2000, /* reading one: some ten microseconds */
};

/* As the texts have it. */
static bool
flatten(struct arena *arena, struct span folded, struct span *out)
{
    AUTO_BUF flat = {0};

    buf_init(&flat, FLAT_MAX);
    attached_flatten(folded, &flat);
    *out = arena_span(arena, buf_span(&flat));
    return buf_ok(&flat) && out->ptr != NULL;
}

static bool
copy_words(struct arena *arena, const struct fuzzy *from, struct fuzzy *to)
{
    struct fuzzy_word *words = arena_array(arena, struct fuzzy_word, from->count);

    if (words == NULL)
        return false;
    for (size_t i = 0; i < from->count; i++)
        words[i] = (struct fuzzy_word){.word = from->words[i].word};
    *to = (struct fuzzy){.words = words, .count = from->count};
    return true;
}

enum rc
hits_attached_make(struct hits_asking *asking, struct arena *arena)
{
    asking->attached = arena_array(arena, struct hits_attached, asking->count);
    if (asking->attached == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < asking->count; i++) {
        const struct hits_question *question = &asking->questions[i];
        struct hits_attached *own = &asking->attached[i];
        *own = (struct hits_attached){.at = 0};
        if (!question->is_attached)
            continue;
        if (!flatten(arena, question->folded, &own->flat) ||
            (question->fuzzy != NULL && !copy_words(arena, question->fuzzy, &own->words)))
            return RC_LIMIT;
    }
    return RC_OK;
}

/* Whether the words of the text match well enough. */
static bool
matches_words(struct hits_asking *asking, struct fuzzy *fuzzy, struct span text)
{
    struct words words;
    uint64_t compared = 0;
    uint64_t steps = 0;

    fuzzy_begin(fuzzy);
    asking->work += text.len / READ_PER_WORK;
    words_init(&words);
    while (words_next(&words, &text) || words_end(&words)) {
        steps += fuzzy_see(fuzzy, &words.word, FUZZY_IN_FRONT);
        compared += fuzzy->count;
    }
    asking->work += compared / COMPARED_PER_WORK + steps / STEPS_PER_WORK;
    return fuzzy_score(fuzzy) > 0;
}

static enum rc
look_at(struct hits_asking *asking, size_t question, struct store_index *index,
        uint64_t message, struct err *err)
{
    struct hits_attached *own = &asking->attached[question];
    const struct hits *hits = asking->questions[question].hits;
    struct span text;

    const enum rc rc = store_index_attached(index, message, &text, err);
    if (rc != RC_OK) /* it has terms, so it has a text */
        return rc == RC_NOT_FOUND
                   ? err_set(err, RC_CORRUPT, 0, "the text of an attachment is missing")
                   : rc;
    asking->work += TEXT_WORK + text.len / FIND_PER_WORK;
    asking->octets += text.len;
    if (span_find(text, own->flat) >= 0 ||
        (own->words.count > 0 && matches_words(asking, &own->words, text)))
        hits->attached.bits[message / 64] |= UINT64_C(1) << message % 64;
    return RC_OK;
}

/* The next message from here on that may match; the limit of the set if there is none. Those
 * that match anyway need no look. */
static uint64_t
next_of(const struct hits_attached *own, const struct hits *hits)
{
    uint64_t at = own->at;

    while (at < own->possible.limit) {
        const uint64_t word = at / 64;
        const uint64_t bits = own->possible.bits[word] &
                              ~(hits->sure.bits[word] | hits->attached.bits[word]) &
                              UINT64_MAX << at % 64;
        if (bits != 0)
            return word * 64 + (uint64_t)__builtin_ctzll(bits);
        at = (word + 1) * 64;
    }
    return own->possible.limit;
}

enum rc
hits_attached_look(struct hits_asking *asking, struct store_index *index,
                   const struct clock *clock, int64_t deadline_us, struct err *err)
{
    for (size_t i = 0; i < asking->count; i++) {
        struct hits_attached *own = &asking->attached[i];
        const struct hits *hits = asking->questions[i].hits;
        if (hits == NULL || own->possible.bits == NULL)
            continue;
        while ((own->at = next_of(own, hits)) < own->possible.limit) {
            const enum rc rc = look_at(asking, i, index, own->at, err);
            if (rc != RC_OK)
                return rc;
            own->at++;
            if (clock_mono_us(clock) >= deadline_us)
                return RC_AGAIN;
        }
    }
    return RC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Most words of a text have nothing in common with the one that is searched for, and are
 * rejected by comparing the sets of their letters. Words are short (WORD_CHARS), so the
 * remaining work is bounded too; it is counted in steps of about two nanoseconds.
 */
#include "syntax/fuzzy.h"

enum {
    GRADE_SAME = 100,
    GRADE_BEGINS = 50, /* plus up to 40 for the part of the word that it covers */
    BEGINS_PART = 40,
    GRADE_STEM = 30, /* plus up to 40 for the part of the word that is the same */
    STEM_PART = 40,
    GRADE_MISTAKES = 70, /* minus 100 for each mistake in a character */
    GRADE_CONTAINS = 1,  /* plus up to 49 for the part of the word that it covers */
    CONTAINS_PART = 49,
    GRADE_AS_IT_STANDS = 50, /* for words that did not match in another way */

    STEM_CHARS = 4, /* at least, and at least three quarters of the shorter word */
    ENDING_CHARS = 3,

    PERCENT_APART = 85,
    PERCENT_BEHIND = 50, /* plus, for each hit: */
    PERCENT_HIT = 10,
    HITS = 5, /* hits that count */

    STEPS_HERE = 2, /* for checking whether a word occurs at one place in another */
};

static unsigned
min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* ---- two words ---- */

static unsigned
mistakes_allowed(const struct word *wanted)
{
    if (wanted->has_digit || wanted->len < 4)
        return 0;
    return wanted->len < 8 ? 1 : 2;
}

/* The number of inserted, missing or different characters and swapped neighbours. Above `most`
 * the exact number does not matter, so places further apart than that are not compared. */
static unsigned
mistakes(const struct word *a, const struct word *b, unsigned most, unsigned *steps)
{
    unsigned rows[3][WORD_CHARS + 2];
    unsigned *before = rows[0];
    unsigned *last = rows[1];
    unsigned *row = rows[2];

    if (a->len > b->len + most || b->len > a->len + most)
        return most + 1;
    for (unsigned k = 0; k <= most + 1; k++) /* one beyond what is compared, as in each row */
        last[k] = before[k] = k;
    for (unsigned i = 1; i <= a->len; i++) {
        const unsigned first = i > most ? i - most : 1;
        const unsigned end = min(b->len, i + most);
        unsigned least = first == 1 ? i : most + 1;
        row[first - 1] = least;
        row[end + 1] = most + 1;
        *steps += end - first + 1;
        for (unsigned k = first; k <= end; k++) {
            const bool same = a->chars[i - 1] == b->chars[k - 1];
            row[k] = min(min(last[k], row[k - 1]) + 1, last[k - 1] + !same);
            if (i > 1 && k > 1 && a->chars[i - 1] == b->chars[k - 2] &&
                a->chars[i - 2] == b->chars[k - 1])
                row[k] = min(row[k], before[k - 2] + 1);
            least = min(least, row[k]);
        }
        if (least > most)
            return most + 1;
        unsigned *const spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b->len];
}

static unsigned
same_beginning(const struct word *a, const struct word *b)
{
    const unsigned shorter = min(a->len, b->len);
    unsigned same = 0;

    while (same < shorter && a->chars[same] == b->chars[same])
        same++;
    return same;
}

static bool
contains(const struct word *there, const struct word *wanted, unsigned *steps)
{
    for (unsigned at = 1; at + wanted->len <= there->len; at++, *steps += STEPS_HERE)
        if (memcmp(there->chars + at, wanted->chars, wanted->len * sizeof wanted->chars[0]) ==
            0)
            return true;
    return false;
}

/* Whether they differ only in their endings. */
static bool
is_one_stem(const struct word *a, const struct word *b, unsigned same)
{
    return same >= STEM_CHARS && 4 * same >= 3u * min(a->len, b->len) &&
           a->len <= same + ENDING_CHARS && b->len <= same + ENDING_CHARS && !a->has_digit &&
           !b->has_digit;
}

/* How well one word matches another; 0: not at all. */
static unsigned
grade(const struct word *wanted, const struct word *there, unsigned *steps)
{
    const int lacking = __builtin_popcountll(wanted->letters & ~there->letters);
    const int extra = __builtin_popcountll(there->letters & ~wanted->letters);
    unsigned best = 0;

    if (lacking > ENDING_CHARS)
        return 0;
    const unsigned same = same_beginning(wanted, there);
    *steps += same;
    if (same == wanted->len)
        return same == there->len ? GRADE_SAME : GRADE_BEGINS + BEGINS_PART * same / there->len;
    if (is_one_stem(wanted, there, same)) {
        const unsigned longer = wanted->len > there->len ? wanted->len : there->len;
        best = GRADE_STEM + STEM_PART * same / longer;
    }
    const unsigned allowed = mistakes_allowed(wanted);
    if (lacking <= (int)allowed && extra <= (int)allowed && allowed > 0) {
        const unsigned made = mistakes(wanted, there, allowed, steps);
        if (made <= allowed && best < GRADE_MISTAKES - 100 * made / wanted->len)
            best = GRADE_MISTAKES - 100 * made / wanted->len;
    }
    if (best == 0 && lacking == 0 && contains(there, wanted, steps))
        best = GRADE_CONTAINS + CONTAINS_PART * wanted->len / there->len;
    return best;
}

/* ---- a text ---- */

/* Counts the words. words NULL: only counts them. */
static size_t
words_of(struct span folded, size_t at_most, struct fuzzy_word *out)
{
    struct words words;
    size_t count = 0;

    words_init(&words);
    while (count <= at_most && (words_next(&words, &folded) || words_end(&words))) {
        if (out != NULL)
            out[count].word = words.word;
        count++;
    }
    return count;
}

enum rc
fuzzy_init(struct fuzzy *fuzzy, struct arena *arena, struct span folded, size_t at_most)
{
    const size_t count = words_of(folded, at_most, NULL);

    *fuzzy = (struct fuzzy){.count = 0};
    if (count == 0 || count > at_most)
        return RC_OK;
    fuzzy->words = arena_array(arena, struct fuzzy_word, count);
    if (fuzzy->words == NULL)
        return RC_LIMIT;
    fuzzy->count = words_of(folded, count, fuzzy->words);
    return RC_OK;
}

void
fuzzy_begin(struct fuzzy *fuzzy)
{
    for (size_t i = 0; i < fuzzy->count; i++) {
        struct fuzzy_word *word = &fuzzy->words[i];
        word->best[FUZZY_IN_FRONT] = word->best[FUZZY_BEHIND] = word->hits = 0;
    }
    fuzzy->as_it_stands[FUZZY_IN_FRONT] = fuzzy->as_it_stands[FUZZY_BEHIND] = false;
}

unsigned
fuzzy_see(struct fuzzy *fuzzy, const struct word *there, enum fuzzy_place place)
{
    unsigned steps = 0;

    for (size_t i = 0; i < fuzzy->count; i++) {
        struct fuzzy_word *word = &fuzzy->words[i];
        const unsigned how_well = grade(&word->word, there, &steps);
        if (how_well == 0)
            continue;
        if (how_well > word->best[place])
            word->best[place] = (uint8_t)how_well;
        if (place == FUZZY_BEHIND && how_well >= GRADE_BEGINS && word->hits < HITS)
            word->hits++;
    }
    return steps;
}

void
fuzzy_see_all(struct fuzzy *fuzzy, enum fuzzy_place place)
{
    fuzzy->as_it_stands[place] = true;
}

static unsigned
word_score(const struct fuzzy *fuzzy, const struct fuzzy_word *word)
{
    unsigned grades[FUZZY_PLACES];

    for (int place = 0; place < FUZZY_PLACES; place++) {
        grades[place] = word->best[place];
        if (fuzzy->as_it_stands[place] && grades[place] == 0)
            grades[place] = GRADE_AS_IT_STANDS;
    }
    const unsigned hits = word->hits == 0 ? 1 : word->hits;
    const unsigned behind =
        (grades[FUZZY_BEHIND] * (PERCENT_BEHIND + PERCENT_HIT * hits) + 99) / 100;
    return behind > grades[FUZZY_IN_FRONT] ? behind : grades[FUZZY_IN_FRONT];
}

unsigned
fuzzy_score(const struct fuzzy *fuzzy)
{
    unsigned sum = 0;

    for (size_t i = 0; i < fuzzy->count; i++) {
        const unsigned score = word_score(fuzzy, &fuzzy->words[i]);
        if (score == 0)
            return 0;
        sum += score;
    }
    const unsigned count = (unsigned)fuzzy->count;
    const unsigned mean = count == 0 ? 0 : (sum + count / 2) / count;
    const bool together =
        count == 1 || fuzzy->as_it_stands[FUZZY_IN_FRONT] || fuzzy->as_it_stands[FUZZY_BEHIND];
    return together ? mean : (mean * PERCENT_APART + 99) / 100;
}

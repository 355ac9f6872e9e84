/* SPDX-License-Identifier: MIT */
/*
 * Needles, and whether they occur in the text of a message (mime_search.c) or in the value of
 * one field. An exact needle is a sequence of octets; a fuzzy one also has words (fuzzy.h).
 */
#include "syntax/mail/search/mime_search_private.h"

#include "base/limits.h"
#include "syntax/mail/address.h"
#include "syntax/mail/encoded_word.h"

enum {
    SCORE_MAX = 100,
    FIND_PER_WORK = 32, /* octets in which one needle is searched for in a unit of work */
    /* Only a third of the work of fuzzy needles is counted, because one with a few words must
     * be possible in mail of any size. There are at most LIMIT_FUZZY_WORDS. */
    READ_PER_WORK = 8,     /* octets that are split into words in a unit */
    COMPARED_PER_WORK = 4, /* words that are compared with another one by their letters */
    STEPS_PER_WORK = 2,    /* closer comparisons, which are counted in full */
};

/* ---- life ---- */

static enum rc
needle_init(struct mime_search *search, struct arena *arena, const struct mime_needle *from,
            struct needle *needle)
{
    struct buf *folded = &search->value_folded;

    buf_clear(folded);
    fold_put(&search->text.fold, from->text, folded);
    needle->folded = arena_span(arena, buf_span(folded));
    if (needle->folded.ptr == NULL || !buf_ok(folded))
        return RC_LIMIT;
    needle->scope = from->scope;
    needle->manner = from->manner;
    if (needle->scope != MIME_SCOPE_VALUE && needle->folded.len > search->longest)
        search->longest = needle->folded.len;
    if (needle->manner == MIME_EXACT)
        return RC_OK;
    const enum rc rc = fuzzy_init(&needle->fuzzy, arena, needle->folded,
                                  LIMIT_FUZZY_WORDS - search->word_count);
    search->word_count += needle->fuzzy.count;
    return rc;
}

enum rc
needles_init(struct mime_search *search, struct arena *arena, const struct mime_needle *needles,
             size_t count)
{
    enum rc rc = RC_OK;

    search->needles = arena_array(arena, struct needle, count);
    search->needle_count = count;
    if (search->needles == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = needle_init(search, arena, &needles[i], &search->needles[i]);
    return rc;
}

struct span
mime_search_folded(const struct mime_search *search, size_t i)
{
    return search->needles[i].folded;
}

const struct fuzzy *
mime_search_words(const struct mime_search *search, size_t i)
{
    const struct needle *needle = &search->needles[i];

    return needle->fuzzy.count == 0 ? NULL : &needle->fuzzy;
}

enum mime_scope
mime_search_scope(const struct mime_search *search, size_t i)
{
    return search->needles[i].scope;
}

void
needles_begin(struct mime_search *search)
{
    search->missing = search->missing_text = 0;
    for (size_t i = 0; i < search->needle_count; i++) {
        struct needle *needle = &search->needles[i];
        if (needle->scope == MIME_SCOPE_VALUE)
            continue;
        fuzzy_begin(&needle->fuzzy);
        needle->settled = needle->folded.len == 0;
        needle->score = needle->settled ? SCORE_MAX : 0;
        if (needle->settled)
            continue;
        search->missing++;
        if (needle->scope == MIME_SCOPE_TEXT)
            search->missing_text++;
    }
}

/* ---- one text ---- */

static bool
occurs(struct span needle, struct span text)
{
    return needle.len == 0 || span_find(text, needle) >= 0;
}

/* Notes the present result. */
static void
rate(struct needle *needle)
{
    if (needle->fuzzy.count > 0)
        needle->score = (uint8_t)fuzzy_score(&needle->fuzzy);
    needle->settled =
        needle->manner == MIME_FUZZY_BEST ? needle->score == SCORE_MAX : needle->score > 0;
}

/* The needle occurs in the text as it stands. */
static void
found_as_it_stands(struct needle *needle, enum fuzzy_place place)
{
    if (needle->fuzzy.count > 0)
        fuzzy_see_all(&needle->fuzzy, place);
    else
        needle->score = SCORE_MAX;
}

/* ---- the window ---- */

static bool
is_looked_for(const struct needle *needle, const struct needles_piece *piece)
{
    return !needle->settled && needle->scope != MIME_SCOPE_VALUE &&
           !(needle->scope == MIME_SCOPE_BODY && piece->in_root_header);
}

/* Counts comparisons of words. */
static void
note_compared(struct mime_search *search, uint64_t compared, uint64_t steps)
{
    const uint64_t close = steps / STEPS_PER_WORK;

    search->work += compared / COMPARED_PER_WORK + close;
    search->close_work += close;
}

static void
look_for_words(struct mime_search *search, const struct needles_piece *piece)
{
    struct span rest = piece->words;
    uint64_t compared = 0;
    uint64_t steps = 0;

    search->work += 1 + rest.len / READ_PER_WORK;
    while (words_next(&search->words, &rest) || (piece->is_last && words_end(&search->words)))
        for (size_t i = 0; i < search->needle_count; i++) {
            struct needle *needle = &search->needles[i];
            if (needle->fuzzy.count == 0 || !is_looked_for(needle, piece))
                continue;
            steps += fuzzy_see(&needle->fuzzy, &search->words.word, piece->place);
            compared += needle->fuzzy.count;
        }
    note_compared(search, compared, steps);
}

void
needles_look(struct mime_search *search, const struct needles_piece *piece)
{
    bool by_words = false;

    for (size_t i = 0; i < search->needle_count; i++) {
        struct needle *needle = &search->needles[i];
        if (!is_looked_for(needle, piece))
            continue;
        search->work += 1 + piece->window.len / FIND_PER_WORK;
        if (occurs(needle->folded, piece->window)) /* it may be in the name of a field only */
            found_as_it_stands(needle, occurs(needle->folded, piece->words) ? piece->place
                                                                            : FUZZY_BEHIND);
        by_words |= needle->fuzzy.count > 0;
    }
    if (by_words)
        look_for_words(search, piece);
    for (size_t i = 0; i < search->needle_count; i++) {
        struct needle *needle = &search->needles[i];
        if (!is_looked_for(needle, piece))
            continue;
        rate(needle);
        search->missing -= needle->settled;
        search->missing_text -= needle->settled && needle->scope == MIME_SCOPE_TEXT;
    }
}

bool
mime_search_found(const struct mime_search *search, size_t i)
{
    return search->needles[i].settled;
}

unsigned
mime_search_score(const struct mime_search *search, size_t i)
{
    return search->needles[i].score;
}

/* ---- one value ---- */

/* The part of a value whose words count, in whole characters. */
static struct span
words_part(struct span folded)
{
    size_t len = LIMIT_FUZZY_VALUE;

    if (folded.len <= len)
        return folded;
    while (len > 0 && ((unsigned char)folded.ptr[len] & 0xC0) == 0x80)
        len--;
    return span_head(folded, len);
}

static void
look_for_words_in(struct mime_search *search, struct needle *needle, struct span folded)
{
    struct words words;
    uint64_t compared = 0;
    uint64_t steps = 0;

    fuzzy_begin(&needle->fuzzy);
    search->work += folded.len / READ_PER_WORK;
    words_init(&words);
    while (words_next(&words, &folded) || words_end(&words)) {
        steps += fuzzy_see(&needle->fuzzy, &words.word, FUZZY_IN_FRONT);
        compared += needle->fuzzy.count;
    }
    note_compared(search, compared, steps);
}

bool
mime_search_value(struct mime_search *search, size_t i, struct span value)
{
    struct needle *needle = &search->needles[i];
    struct buf *utf8 = &search->value_utf8;
    struct buf *folded = &search->value_folded;

    buf_clear(utf8);
    buf_clear(folded);
    encoded_word_decode(utf8, value);
    fold_put(&search->text.fold, buf_span(utf8), folded);
    search->failed |= !buf_ok(utf8) || !buf_ok(folded);
    search->work += 1 + value.len + buf_len(folded) / FIND_PER_WORK;
    needle->score = 0;
    if (needle->fuzzy.count > 0)
        look_for_words_in(search, needle, words_part(buf_span(folded)));
    if (occurs(needle->folded, buf_span(folded)))
        found_as_it_stands(needle, FUZZY_IN_FRONT);
    rate(needle);
    return needle->score > 0;
}

/* Octets up to the first of these, or a control character. */
static size_t
length_before(struct span text, const char *stops)
{
    size_t len = 0;

    while (len < text.len && (unsigned char)text.ptr[len] >= ' ' &&
           strchr(stops, text.ptr[len]) == NULL)
        len++;
    return len;
}

#define ODD "\"()\\:;,<>@"

/* Whether an encoded word hides what would otherwise divide names and addresses. */
static bool
has_odd_word(struct span list)
{
    for (ptrdiff_t at = span_find(list, SPAN("=?")); at >= 0;
         at = span_find(list, SPAN("=?"))) {
        list = span_tail(list, (size_t)at);
        const size_t len = encoded_word_length(list);
        if (length_before(span_head(list, len), " " ODD) < len)
            return true;
        list = span_tail(list, len == 0 ? 1 : len);
    }
    return false;
}

/* "words <" at the beginning of a list, or 0. */
static size_t
name_length(struct span list)
{
    const size_t len = length_before(list, ODD);
    const struct span words = span_head(list, len);

    if (!span_starts(span_tail(list, len), SPAN("<")) || len < 2 || words.ptr[0] == ' ' ||
        words.ptr[len - 1] != ' ' || span_find(words, SPAN("  ")) >= 0)
        return 0;
    return len + 1;
}

/* "local@host" or "local" at the beginning of a list, or 0. */
static size_t
address_length(struct span list)
{
    const size_t local = length_before(list, " " ODD);

    if (local == 0 || !span_starts(span_tail(list, local), SPAN("@")))
        return local;
    const size_t host = length_before(span_tail(list, local + 1), " " ODD);
    return host == 0 ? 0 : local + 1 + host;
}

/* Whether an ENVELOPE shows the list as it stands: it is "name <address>, address" in this
 * form, with nothing besides. */
static bool
is_written_as_shown(struct span list)
{
    list = span_trim(list);
    if (has_odd_word(list))
        return false;
    for (;;) {
        const size_t name = name_length(list);
        list = span_tail(list, name);
        const size_t address = address_length(list);
        list = span_tail(list, address);
        if (address == 0 || (name > 0 && !span_starts(list, SPAN(">"))))
            return false;
        list = span_tail(list, name > 0);
        if (list.len == 0)
            return true;
        if (!span_starts(list, SPAN(", ")))
            return false;
        list = span_tail(list, 2);
    }
}

bool
mime_search_addresses(struct mime_search *search, size_t i, struct span value)
{
    struct needle *needle = &search->needles[i];
    struct buf *shown = &search->value_shown;

    const bool found = mime_search_value(search, i, value);
    if (needle->settled || is_written_as_shown(value))
        return found;
    const uint8_t as_written = needle->score;
    buf_clear(shown);
    arena_reset(&search->addresses);
    address_list_put(shown, value, &search->addresses);
    search->failed |= !buf_ok(shown);
    (void)mime_search_value(search, i, buf_span(shown));
    if (needle->score < as_written)
        needle->score = as_written;
    return needle->score > 0;
}

/* SPDX-License-Identifier: MIT */
/* What matches what, and how well. */
#include "support/cm.h"

#include "base/rng.h"
#include "syntax/fold.h"
#include "syntax/fuzzy.h"

enum { WORDS_MAX = 64 };

static struct fold fold;

static struct span
folded(struct arena *arena, const char *text)
{
    AUTO_BUF out = {0};

    buf_init(&out, 1 << 20);
    fold_put(&fold, span_of_str(text), &out);
    assert_true(buf_ok(&out));
    return arena_span(arena, buf_span(&out));
}

static void
see(struct fuzzy *fuzzy, struct span wanted, struct span text, enum fuzzy_place place)
{
    struct span rest = text;
    struct words words;

    words_init(&words);
    while (words_next(&words, &rest) || words_end(&words))
        fuzzy_see(fuzzy, &words.word, place);
    if (span_find(text, wanted) >= 0)
        fuzzy_see_all(fuzzy, place);
}

/* How well the text in front and the one behind match together. */
static unsigned
score(const char *wanted, const char *in_front, const char *behind)
{
    struct fuzzy fuzzy;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 4 << 20);
    const struct span needle = folded(&arena, wanted);
    assert_int_equal(fuzzy_init(&fuzzy, &arena, needle, WORDS_MAX), RC_OK);
    see(&fuzzy, needle, folded(&arena, in_front), FUZZY_IN_FRONT);
    see(&fuzzy, needle, folded(&arena, behind), FUZZY_BEHIND);
    const unsigned result = fuzzy_score(&fuzzy);
    assert_in_range(result, 0, 100);
    fuzzy_begin(&fuzzy);
    assert_int_equal(fuzzy_score(&fuzzy), 0);
    return result;
}

static void
test_words(void **state)
{
    static const struct {
        const char *wanted, *there;
        unsigned score;
    } rows[] = {
        {"work", "work", 100},
        {"WORK", "some Work.", 100},
        {"m\xC3\xBCller", "Muller", 100}, /* accents do not count */
        {"muller", "M\xC3\xBCller", 100},
        /* begins with it */
        {"work", "works", 82},
        {"work", "working", 72},
        {"202", "2024", 80},
        /* the same stem */
        {"working", "works", 52},
        {"connection", "connected", 58},
        {"studies", "study", 52},
        {"working", "workers", 0}, /* too little of them is the same, */
        {"international", "internet", 0},
        {"2024a", "2024b", 0}, /* and digits have no endings */
        /* mistakes: RFC 6203 section 4 */
        {"Helo", "hello", 45},
        {"Helo", "help", 45},
        {"recieve", "receive", 56}, /* two that have changed places are one mistake */
        {"wrok", "work", 45},
        {"Schmidt", "Schmitt", 56},
        {"adress", "address", 54},
        {"acomodation", "accommodation", 52},
        {"cat", "cats", 80},
        {"cat", "car", 0}, /* none in short words, */
        {"cat", "cart", 0},
        {"word", "wolf", 0}, /* one in those of four, */
        {"mistake", "mistook", 0},
        {"elephant", "elefant", 45}, /* two in those of eight, */
        {"elephant", "olifant", 0},
        {"x2024", "x2025", 0}, /* none where there are digits */
        /* contains it */
        {"work", "firework", 25},
        {"a", "banana", 9},
        {"b", "abcdefghijklmnopqrstuvwxyzabcdef", 2},
        {"work", "word processing", 45},
        {"work", "", 0},
        {"work", "w o r k", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const unsigned is = score(rows[i].wanted, rows[i].there, "");
        if (is != rows[i].score)
            fail_msg("%s in %s: %u, not %u", rows[i].wanted, rows[i].there, is, rows[i].score);
    }
}

static void
test_texts(void **state)
{
    static const struct {
        const char *wanted, *in_front, *behind;
        unsigned score;
    } rows[] = {
        /* All of the words, in any order: RFC 6203 section 3. */
        {"IMAP break", "IMAP break", "", 100},
        {"IMAP break", "the break of IMAP", "", 85},
        {"IMAP break", "IMAP breaks", "", 92},
        {"IMAP break", "breaks IMAP", "", 79},
        {"IMAP break", "IMAP", "", 0},
        {"IMAP break", "IMAP", "have a break", 68},
        /* Behind, it counts less, the more so the rarer it is. */
        {"invoice", "", "your invoice", 60},
        {"invoice", "", "invoice invoice", 70},
        {"invoice", "", "invoices invoice invoice invoice", 90},
        {"invoice", "", "invoice invoice invoice invoice invoice", 100},
        {"invoice", "", "invoice invoice invoice invoice invoice invoice invoice", 100},
        {"invoice", "invoices", "your invoice", 85},
        {"b", "", "abcdefghijklmnopqrstuvwxyzabcdef", 2},
        /* Parts of words, beside each other. */
        {"rk day", "work days", "", 53},
        {"rk day", "", "work days", 32},
        /* Ideographs are words. */
        {"\xE4\xBC\x9A\xE8\xAD\xB0",
         "\xE4\xBB\x8A\xE6\x97\xA5\xE3\x81\xAE\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF", "", 100},
        {"\xE4\xBC\x9A\xE8\xAD\xB0", "\xE8\xAD\xB0\xE4\xBC\x9A", "", 85},
        /* As it stands, beyond what is compared of a word. */
        {"6789abc", "abcdefghijklmnopqrstuvwxyz0123456789abc", "", 50},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const unsigned is = score(rows[i].wanted, rows[i].in_front, rows[i].behind);
        if (is != rows[i].score)
            fail_msg("%s in %s, %s: %u, not %u", rows[i].wanted, rows[i].in_front,
                     rows[i].behind, is, rows[i].score);
    }
}

/* Up to so many words; with more, or none, it is not looked for by words. */
static void
test_limit(void **state)
{
    struct fuzzy fuzzy;
    AUTO_ARENA arena = {0};
    AUTO_ARENA none = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    arena_init(&none, 16);
    assert_int_equal(fuzzy_init(&fuzzy, &arena, SPAN("a b c"), 3), RC_OK);
    assert_int_equal(fuzzy.count, 3);
    assert_int_equal(fuzzy_init(&fuzzy, &arena, SPAN("a b c d"), 3), RC_OK);
    assert_int_equal(fuzzy.count, 0);
    assert_int_equal(fuzzy_init(&fuzzy, &arena, SPAN("a"), 0), RC_OK);
    assert_int_equal(fuzzy.count, 0);
    assert_int_equal(fuzzy_init(&fuzzy, &arena, SPAN(" -> "), 3), RC_OK);
    assert_int_equal(fuzzy.count, 0);
    assert_int_equal(fuzzy_score(&fuzzy), 0);
    assert_int_equal(fuzzy_init(&fuzzy, &none, SPAN("a b c"), 3), RC_LIMIT);
}

/* More of a text never makes the score lower; a word with one mistake is found. */
static void
test_grows(void **state)
{
    static const char alphabet[] = "abcde";
    struct rng rng;

    (void)state;
    rng_seed(&rng, 5);
    for (int round = 0; round < 300; round++) {
        struct fuzzy fuzzy;
        char wanted[12] = {0};
        unsigned before = 0;
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1 << 20);
        for (size_t i = 0; i < 9; i++)
            wanted[i] = i == 4 ? ' ' : alphabet[rng_below(&rng, 5)];
        assert_int_equal(fuzzy_init(&fuzzy, &arena, span_of_str(wanted), 2), RC_OK);
        for (int n = 0; n < 60; n++) {
            struct span text;
            struct words words;
            char word[8] = {0};
            for (size_t i = 0; i < 2 + rng_below(&rng, 5); i++)
                word[i] = alphabet[rng_below(&rng, 5)];
            text = span_of_str(word);
            words_init(&words);
            assert_false(words_next(&words, &text));
            fuzzy_see(&fuzzy, &words.word,
                      rng_below(&rng, 4) == 0 ? FUZZY_IN_FRONT : FUZZY_BEHIND);
            const unsigned now = fuzzy_score(&fuzzy);
            assert_in_range(now, before, 100);
            before = now;
        }
        char mistaken[12];
        memcpy(mistaken, wanted, sizeof mistaken);
        mistaken[rng_below(&rng, 4)] = 'x';
        assert_in_range(score(wanted, mistaken, ""), 1, 100);
        assert_in_range(score(mistaken, wanted, ""), 1, 100);
    }
}

/* ---- mistakes ---- */

enum { LONG = 16 };

/* All of the table: characters too many, too few or different, and neighbours in each other's
 * place. */
static unsigned
mistakes_in_full(const char *a, const char *b)
{
    unsigned table[LONG + 1][LONG + 1] = {{0}};
    const size_t a_len = strlen(a);
    const size_t b_len = strlen(b);

    for (size_t i = 0; i <= a_len; i++)
        for (size_t k = 0; k <= b_len; k++) {
            unsigned least = i == 0 ? (unsigned)k : (unsigned)i;
            if (i > 0 && k > 0) {
                least = table[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
                if (table[i - 1][k] + 1 < least)
                    least = table[i - 1][k] + 1;
                if (table[i][k - 1] + 1 < least)
                    least = table[i][k - 1] + 1;
            }
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                table[i - 2][k - 2] + 1 < least)
                least = table[i - 2][k - 2] + 1;
            table[i][k] = least;
        }
    return table[a_len][b_len];
}

static void
make_mistake(char word[LONG], struct rng *rng)
{
    const size_t len = strlen(word);
    const size_t at = (size_t)rng_below(rng, len - 1);
    const char c = word[at];

    switch (rng_below(rng, 4)) {
    case 0:
        memmove(word + at, word + at + 1, len - at);
        break;
    case 1:
        memmove(word + at + 1, word + at, len - at + 1);
        word[at] = (char)('a' + rng_below(rng, 4));
        break;
    case 2:
        word[at] = (char)('a' + rng_below(rng, 4));
        break;
    default:
        word[at] = word[at + 1];
        word[at + 1] = c;
    }
}

/* Mistakes are counted as if all of both words were compared. */
static void
test_mistakes(void **state)
{
    unsigned seen[6] = {0};
    struct rng rng;

    (void)state;
    rng_seed(&rng, 6);
    for (int round = 0; round < 20000; round++) {
        char wanted[LONG] = {0};
        char there[LONG] = {0};
        const size_t len = 4 + (size_t)rng_below(&rng, 8);
        for (size_t i = 0; i < len; i++)
            wanted[i] = (char)('a' + rng_below(&rng, 4));
        memcpy(there, wanted, sizeof there);
        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--)
            make_mistake(there, &rng);
        /* Nothing else makes them alike. */
        if (there[0] == wanted[0] || strstr(there, wanted) != NULL)
            continue;
        const unsigned made = mistakes_in_full(wanted, there);
        const unsigned want = made <= (len < 8 ? 1u : 2u) ? 70 - 100 * made / (unsigned)len : 0;
        const unsigned is = score(wanted, there, "");
        if (is != want)
            fail_msg("%s in %s: %u, not %u", wanted, there, is, want);
        seen[made]++;
    }
    assert_true(seen[1] > 100 && seen[2] > 100 && seen[3] > 100);
}

/* What is told of the work is what the words make of it, and it is bounded. */
static void
test_steps(void **state)
{
    static const struct {
        const char *wanted, *there;
        unsigned least, most;
    } rows[] = {
        {"work", "unrelated", 0, 0},
        {"work", "wrok", 4, 16},
        /* two rows of five until there are too many mistakes */
        {"abcdefghijklmnop", "ponmlkjihgfedcba", 3, 30},
        {"abcdefghijklmnopqrstuvwxyzabcdef", "abcdefghijklmnopqrstuvwxyzabcdfe", 150,
         FUZZY_STEPS},
        {"abababababababababababababababab", "babababababababababababababababa", 150,
         FUZZY_STEPS},
        {"aaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 50, FUZZY_STEPS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span text = span_of_str(rows[i].there);
        struct fuzzy fuzzy;
        struct words words;
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1 << 20);
        assert_int_equal(fuzzy_init(&fuzzy, &arena, span_of_str(rows[i].wanted), 1), RC_OK);
        words_init(&words);
        assert_false(words_next(&words, &text));
        const unsigned steps = fuzzy_see(&fuzzy, &words.word, FUZZY_BEHIND);
        if (steps < rows[i].least || steps > rows[i].most)
            fail_msg("%s in %s: %u steps", rows[i].wanted, rows[i].there, steps);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_texts),
        cmocka_unit_test(test_limit),    cmocka_unit_test(test_grows),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_steps),
    };

    fold_init(&fold);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Runs of ASCII are handled here. */
#include "syntax/words.h"

#include "syntax/char_class.h"

static bool
is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_ascii_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static struct character
first_of(struct span piece)
{
    const unsigned char c = (unsigned char)piece.ptr[0];

    if (c < 0x80) /* put_ascii has taken the others */
        return (struct character){c, CHAR_OTHER, 1};
    return char_first(piece);
}

static void
put(struct word *word, struct character character)
{
    if (word->len == WORD_CHARS)
        return;
    word->chars[word->len++] = character.number;
    word->letters |= UINT64_C(1) << character.number % 64;
    word->has_digit |= character.kind == CHAR_DIGIT;
}

/* Takes the ASCII letters and digits at the beginning of the piece; returns their number. */
static size_t
put_ascii(struct word *word, struct span piece)
{
    uint64_t letters = word->letters;
    uint8_t len = word->len;
    size_t i = 0;

    for (; i < piece.len; i++) {
        const unsigned char c = (unsigned char)piece.ptr[i];
        if (!is_ascii_letter(c)) {
            if (!is_digit(c))
                break;
            word->has_digit |= len < WORD_CHARS;
        }
        if (len < WORD_CHARS) {
            word->chars[len++] = c;
            letters |= UINT64_C(1) << c % 64;
        }
    }
    word->letters = letters;
    word->len = len;
    return i;
}

void
words_init(struct words *words)
{
    words->word.len = 0;
    words->is_whole = true;
}

bool
words_next(struct words *words, struct span *piece)
{
    struct word *word = &words->word;

    if (words->is_whole) {
        word->len = 0;
        word->letters = 0;
        word->has_digit = false;
        words->is_whole = false;
    }
    while (!words->is_whole) {
        *piece = span_tail(*piece, put_ascii(word, *piece));
        if (piece->len == 0)
            break;
        const struct character first = first_of(*piece);
        const bool parts = first.kind == CHAR_OTHER || first.kind == CHAR_IDEOGRAPH;
        if (parts && word->len > 0) {
            words->is_whole = true; /* the character will be looked at again */
            break;
        }
        if (first.kind != CHAR_OTHER && first.kind != CHAR_MARK)
            put(word, first);
        words->is_whole = first.kind == CHAR_IDEOGRAPH;
        *piece = span_tail(*piece, first.octets);
    }
    return words->is_whole;
}

bool
words_end(struct words *words)
{
    const bool ended_in_one = !words->is_whole && words->word.len > 0;

    words->is_whole = true;
    return ended_in_one;
}

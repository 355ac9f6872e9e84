/* SPDX-License-Identifier: MIT */
/*
 * What a character is, for the ways in which a text is cut into words (words.c, terms.c). ASCII
 * is theirs to handle. The ranges here only spare libunistring's tables the characters that
 * most texts consist of. Thread: any.
 */
#ifndef SYNTAX_CHAR_CLASS_H
#define SYNTAX_CHAR_CLASS_H

#include <stddef.h>
#include <stdint.h>
#include <unictype.h>
#include <unistr.h>

#include "base/span.h"

enum char_class {
    CHAR_OTHER, /* also an octet that is not UTF-8 */
    CHAR_LETTER,
    CHAR_DIGIT, /* numbers of any kind */
    CHAR_MARK,
    CHAR_IDEOGRAPH,
};

struct character {
    uint32_t number; /* of an octet that is not UTF-8: the octet */
    enum char_class kind;
    size_t octets;
};

/** What the tables say. */
static inline enum char_class
char_class_in_tables(uint32_t c)
{
    if (uc_is_property_ideographic(c))
        return CHAR_IDEOGRAPH;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L))
        return CHAR_LETTER;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M))
        return CHAR_MARK;
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_N) ? CHAR_DIGIT : CHAR_OTHER;
}

/** The same, and fast for what texts mostly consist of after they have been folded. */
static inline enum char_class
char_class_of(uint32_t c)
{
    if (c >= 0x300 && c < 0x370) /* accents */
        return CHAR_MARK;
    if ((c >= 0x3B1 && c < 0x3CA) ||   /* Greek */
        (c >= 0x430 && c < 0x460) ||   /* Cyrillic */
        (c >= 0x5D0 && c < 0x5EB) ||   /* Hebrew */
        (c >= 0x620 && c < 0x64B) ||   /* Arabic */
        (c >= 0x1100 && c < 0x1200) || /* parts of Korean syllables */
        (c >= 0x3041 && c < 0x3097) || /* Hiragana */
        (c >= 0x30A1 && c < 0x30FB))   /* Katakana */
        return CHAR_LETTER;
    if (c >= 0x4E00 && c < 0x9FA6)
        return CHAR_IDEOGRAPH;
    if (c >= 0x2010 && c < 0x2065) /* punctuation */
        return CHAR_OTHER;
    return char_class_in_tables(c);
}

/** The first character of text, which begins with an octet of 0x80 or above. */
static inline struct character
char_first(struct span text)
{
    ucs4_t number = (unsigned char)text.ptr[0];

    const int len = u8_mbtoucr(&number, (const uint8_t *)text.ptr, text.len);
    if (len <= 0)
        return (struct character){(unsigned char)text.ptr[0], CHAR_OTHER, 1};
    return (struct character){number, char_class_of(number), (size_t)len};
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Runs of ASCII are converted eight octets at a time. libunistring folds any other character
 * once, and a direct-mapped cache remembers it, because a text uses few different ones.
 */
#include "syntax/fold.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

void
fold_init(struct fold *fold)
{
    for (size_t i = 0; i < FOLD_CACHE; i++)
        fold->cache[i].character = 0;
}

/* Ideographs: neither case nor decomposition. */
static bool
folds_to_itself(ucs4_t c)
{
    return (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF);
}

/* Case folding leaves it alone, but its title case is that of i, so i;unicode-casemap, which
 * searches must find no less by (RFC 5255 section 4.2), takes both for the same. */
static bool
is_dotless_i(ucs4_t c)
{
    return c == 0x131 || c == 0x1D6A4; /* the second one is of mathematics */
}

enum { SCRATCH_OCTETS = 256 };

/* libunistring's results are in our scratch or, when that is too small, in its own memory. */
static void
release(uint8_t *result, const uint8_t *scratch)
{
    if (result != scratch)
        free(result);
}

/* NFKD(casefold(NFKD(c))). */
static void
put_folded(struct buf *out, const uint8_t *utf8, size_t len)
{
    uint8_t first[SCRATCH_OCTETS];
    uint8_t second[SCRATCH_OCTETS];
    size_t first_len = sizeof first;
    size_t second_len = sizeof second;

    uint8_t *plain = u8_normalize(UNINORM_NFKD, utf8, len, first, &first_len);
    uint8_t *folded =
        plain == NULL ? NULL
                      : u8_casefold(plain, first_len, NULL, UNINORM_NFKD, second, &second_len);
    if (folded != NULL)
        buf_put(out, folded, second_len);
    else
        out->failed = true; /* no memory */
    release(plain, first);
    release(folded, second);
}

static void
put_character(struct fold *fold, ucs4_t character, const char *utf8, size_t len,
              struct buf *out)
{
    struct fold_entry *entry = &fold->cache[character % FOLD_CACHE];

    if (folds_to_itself(character)) {
        buf_put(out, utf8, len);
        return;
    }
    if (is_dotless_i(character)) {
        buf_put_char(out, 'i');
        return;
    }
    if (entry->character != character) {
        const size_t before = buf_len(out);
        put_folded(out, (const uint8_t *)utf8, len);
        const struct span folded = span_tail(buf_span(out), before);
        if (buf_ok(out) && folded.len <= FOLD_OCTETS) {
            entry->character = character;
            entry->len = (uint8_t)folded.len;
            if (folded.len > 0)
                memcpy(entry->octets, folded.ptr, folded.len);
        }
        return;
    }
    buf_put(out, entry->octets, entry->len);
}

/* Lowers the ASCII letters of eight octets below 0x80 at once. */
static uint64_t
lower_eight(uint64_t word)
{
    const uint64_t from_a = word + 0x3f3f3f3f3f3f3f3fu;  /* high bit: at least 'A' */
    const uint64_t after_z = word + 0x2525252525252525u; /* high bit: above 'Z' */

    return word | (from_a & ~after_z & 0x8080808080808080u) >> 2;
}

/* Puts the ASCII octets that text begins with; returns how many they are. */
static size_t
put_ascii(struct span text, struct buf *out)
{
    char *const dst = buf_reserve(out, text.len);
    size_t i = 0;

    if (dst == NULL)
        return text.len; /* the buffer has failed */
    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.ptr + i, 8);
        if ((word & 0x8080808080808080u) != 0)
            break;
        word = lower_eight(word);
        memcpy(dst + i, &word, 8);
    }
    for (; i < text.len && (unsigned char)text.ptr[i] < 0x80; i++)
        dst[i] = ascii_lower(text.ptr[i]);
    buf_grew(out, i);
    return i;
}

void
fold_put(struct fold *fold, struct span text, struct buf *out)
{
    while (text.len > 0) {
        text = span_tail(text, put_ascii(text, out));
        while (text.len > 0 && (unsigned char)text.ptr[0] >= 0x80) {
            ucs4_t character;
            int len = u8_mbtoucr(&character, (const uint8_t *)text.ptr, text.len);
            if (len > 0) {
                put_character(fold, character, text.ptr, (size_t)len, out);
            } else {
                buf_put_char(out, text.ptr[0]);
                len = 1;
            }
            text = span_tail(text, (size_t)len);
        }
    }
}

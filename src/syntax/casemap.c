/* SPDX-License-Identifier: MIT */
/*
 * ASCII is mapped octet by octet. Any other character is looked up in libunistring once and
 * remembered in a direct-mapped cache. Syllables of Hangul stay whole: UnicodeData.txt gives
 * them no decomposition, they have an algorithm of their own that RFC 5051 does not ask for.
 */
#include "syntax/casemap.h"

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

/* The longest decomposition there is has 18 characters (U+FDFA). */
enum { PENDING_MAX = 2 * UC_DECOMPOSITION_MAX_LENGTH };

void
casemap_init(struct casemap *map)
{
    for (size_t i = 0; i < CASEMAP_CACHE; i++)
        map->cache[i].character = 0;
}

static bool
is_hangul_syllable(ucs4_t c)
{
    return c >= 0xAC00 && c <= 0xD7A3;
}

static void
put_utf8(struct buf *out, ucs4_t character)
{
    uint8_t octets[6];
    const int len = u8_uctomb(octets, character, sizeof octets);

    if (len > 0)
        buf_put(out, octets, (size_t)len);
}

/* Title case and decomposition in turn, until neither changes anything. */
static void
put_mapped(struct buf *out, ucs4_t character)
{
    ucs4_t pending[PENDING_MAX]; /* a stack: what comes next is on top */
    size_t count = 0;

    pending[count++] = character;
    while (count > 0) {
        ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
        int tag;
        const ucs4_t c = uc_totitle(pending[--count]);
        const int len = is_hangul_syllable(c) ? -1 : uc_decomposition(c, &tag, parts);
        if (len <= 0 || count + (size_t)len > PENDING_MAX) {
            put_utf8(out, c);
            continue;
        }
        for (int i = len; i > 0; i--)
            pending[count++] = parts[i - 1];
    }
}

static void
put_character(struct casemap *map, ucs4_t character, struct buf *out)
{
    struct casemap_entry *entry = &map->cache[character % CASEMAP_CACHE];

    if (entry->character == character) {
        buf_put(out, entry->octets, entry->len);
        return;
    }
    const size_t before = buf_len(out);
    put_mapped(out, character);
    const struct span mapped = span_tail(buf_span(out), before);
    if (buf_ok(out) && mapped.len > 0 && mapped.len <= CASEMAP_OCTETS) {
        entry->character = character;
        entry->len = (uint8_t)mapped.len;
        memcpy(entry->octets, mapped.ptr, mapped.len);
    }
}

void
casemap_put(struct casemap *map, struct span text, struct buf *out)
{
    while (text.len > 0) {
        const unsigned char first = (unsigned char)text.ptr[0];
        if (first < 0x80) {
            buf_put_char(out, ascii_upper((char)first));
            text = span_tail(text, 1);
            continue;
        }
        ucs4_t character;
        const int len = u8_mbtoucr(&character, (const uint8_t *)text.ptr, text.len);
        if (len > 0)
            put_character(map, character, out);
        else
            buf_put_char(out, text.ptr[0]);
        text = span_tail(text, len > 0 ? (size_t)len : 1);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, us-ascii and the windows-1252 family are converted here, since nearly all mail is one
 * of these; the rest is left to iconv, behind a table of the names that senders use for what
 * they mean. Names are checked before iconv sees them: they come from mail.
 */
#include "syntax/charset.h"

#include <errno.h>
#include <unistr.h>

enum { NAME_OCTETS_MAX = 40 };

static const struct {
    const char *name;
    enum charset_mode mode;
    const char *iconv_name;
} aliases[] = {
    {"us-ascii", CHARSET_GUESS, "US-ASCII"},
    {"ascii", CHARSET_GUESS, "US-ASCII"},
    {"ansi_x3.4-1968", CHARSET_GUESS, "US-ASCII"},
    {"utf-8", CHARSET_GUESS, "UTF-8"},
    {"utf8", CHARSET_GUESS, "UTF-8"},
    {"csutf8", CHARSET_GUESS, "UTF-8"},
    {"iso-ir-193", CHARSET_GUESS, "UTF-8"},
    {"osf05010001", CHARSET_GUESS, "UTF-8"},
    {"iso-8859-1", CHARSET_1252, NULL},
    {"iso8859-1", CHARSET_1252, NULL},
    {"iso_8859-1", CHARSET_1252, NULL},
    {"latin1", CHARSET_1252, NULL},
    {"windows-1252", CHARSET_1252, NULL},
    {"cp1252", CHARSET_1252, NULL},
    {"iso-8859-9", CHARSET_ICONV, "CP1254"},
    {"iso-8859-11", CHARSET_ICONV, "CP874"},
    {"tis-620", CHARSET_ICONV, "CP874"},
    {"windows-874", CHARSET_ICONV, "CP874"},
    {"iso-8859-8-i", CHARSET_ICONV, "ISO-8859-8"},
    {"iso-8859-8-e", CHARSET_ICONV, "ISO-8859-8"},
    {"iso-8859-6-i", CHARSET_ICONV, "ISO-8859-6"},
    {"iso-8859-6-e", CHARSET_ICONV, "ISO-8859-6"},
    {"gb2312", CHARSET_ICONV, "GB18030"},
    {"eucgb2312_cn", CHARSET_ICONV, "GB18030"}, /* so Python calls gb2312 in encoded words */
    {"gbk", CHARSET_ICONV, "GB18030"},
    {"x-gbk", CHARSET_ICONV, "GB18030"},
    {"ks_c_5601-1987", CHARSET_ICONV, "CP949"},
    {"ks_c_5601", CHARSET_ICONV, "CP949"},
    {"euc-kr", CHARSET_ICONV, "CP949"},
    {"shift_jis", CHARSET_ICONV, "CP932"},
    {"shift-jis", CHARSET_ICONV, "CP932"},
    {"x-sjis", CHARSET_ICONV, "CP932"},
    {"big5", CHARSET_ICONV, "BIG5-HKSCS"},
    {"big5_tw", CHARSET_ICONV, "BIG5-HKSCS"}, /* Python's */
    {"x-mac-roman", CHARSET_ICONV, "MACINTOSH"},
    {"x-mac-cyrillic", CHARSET_ICONV, "MAC-CYRILLIC"},
    {"unicode-1-1-utf-7", CHARSET_ICONV, "UTF-7"},
};

/* windows-1252 0x80..0x9F; the five octets it does not have are the controls of that number. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

/* --- Names --- */

/* glibc's own names for what is in memory; no sender means them. */
static bool
is_internal_name(const char *name)
{
    const struct span text = span_of_str(name);

    return span_ieq_str(text, "internal") || span_ieq_str(text, "wchar_t") ||
           span_ieq_str(text, "char");
}

static iconv_t
open_iconv(struct span name)
{
    char text[NAME_OCTETS_MAX + 1];

    errno = EINVAL; /* as iconv_open says of a name that it does not know */
    if (name.len == 0 || name.len > NAME_OCTETS_MAX)
        return (iconv_t)-1;
    for (size_t i = 0; i < name.len; i++) {
        const char c = ascii_lower(name.ptr[i]);
        /* glibc leaves all other octets out: "ut+f-8" would be a second UTF-8, which is not
         * ours and lets through what is none when it comes in pieces. */
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.' || c == ':'))
            return (iconv_t)-1;
        text[i] = name.ptr[i];
    }
    text[name.len] = '\0';
    return is_internal_name(text) ? (iconv_t)-1 : iconv_open("UTF-8", text);
}

/* False: a name we do not know, so its text is guessed. */
static bool
open_named(struct charset *charset, struct span name)
{
    *charset = (struct charset){.mode = CHARSET_GUESS, .cd = (iconv_t)-1};
    name = span_trim(name);
    if (name.len == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (span_ieq_str(name, aliases[i].name)) {
            charset->mode = aliases[i].mode;
            if (charset->mode != CHARSET_ICONV)
                return true;
            name = span_of_str(aliases[i].iconv_name);
            break;
        }
    }
    charset->cd = open_iconv(name);
    charset->mode = charset->cd == (iconv_t)-1 ? CHARSET_GUESS : CHARSET_ICONV;
    charset->starved = charset->cd == (iconv_t)-1 && errno == ENOMEM;
    return charset->mode == CHARSET_ICONV || charset->starved;
}

void
charset_open(struct charset *charset, struct span name)
{
    (void)open_named(charset, name);
}

void
charset_close(struct charset *charset)
{
    if (charset->mode == CHARSET_ICONV)
        iconv_close(charset->cd);
    *charset = (struct charset){.mode = CHARSET_GUESS, .cd = (iconv_t)-1};
}

static const char *const held[] = {
    "ISO-8859-2", "ISO-8859-5",  "ISO-8859-7", "ISO-8859-8", "ISO-8859-15", "CP1250",  "CP1251",
    "CP1253",     "CP1254",      "CP1255",     "CP1256",     "CP874",       "KOI8-R",  "KOI8-U",
    "EUC-JP",     "ISO-2022-JP", "CP932",      "CP949",      "BIG5-HKSCS",  "GB18030", "UTF-7",
};
_Static_assert(ARRAY_LEN(held) <= CHARSET_HELD_MAX, "room in struct charset_hold");

void
charset_hold_init(struct charset_hold *hold)
{
    hold->count = 0;
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        const iconv_t cd = iconv_open("UTF-8", held[i]);
        if (cd != (iconv_t)-1) /* else texts in it are guessed, as in any unknown charset */
            hold->cds[hold->count++] = cd;
    }
}

void
charset_hold_done(struct charset_hold *hold)
{
    while (hold->count > 0)
        iconv_close(hold->cds[--hold->count]);
}

bool
charset_is_known(struct span name)
{
    struct charset charset;
    const bool known = open_named(&charset, name);

    charset_close(&charset);
    return known;
}

/* --- UTF-8 and windows-1252 --- */

/* Octets below 0x80 at the start of text. */
static size_t
ascii_run(struct span text)
{
    size_t i = 0;

    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.ptr + i, 8);
        if ((word & 0x8080808080808080u) != 0)
            break;
    }
    while (i < text.len && (unsigned char)text.ptr[i] < 0x80)
        i++;
    return i;
}

static void
put_1252(struct buf *out, unsigned char octet)
{
    uint8_t utf8[4];
    const ucs4_t character =
        octet >= 0x80 && octet < 0xA0 ? windows_1252[octet - 0x80] : (ucs4_t)octet;

    buf_put(out, utf8, (size_t)u8_uctomb(utf8, character, sizeof utf8));
}

static void
put_all_1252(struct buf *out, struct span text)
{
    while (text.len > 0) {
        const size_t run = ascii_run(text);
        buf_put(out, text.ptr, run);
        if (run < text.len)
            put_1252(out, (unsigned char)text.ptr[run]);
        text = span_tail(text, run + 1);
    }
}

/* Converts what is whole in text; returns the octets left: an unfinished character. */
static struct span
guess(struct buf *out, struct span text)
{
    while (text.len > 0) {
        const size_t run = ascii_run(text);
        buf_put(out, text.ptr, run);
        text = span_tail(text, run);
        while (text.len > 0 && (unsigned char)text.ptr[0] >= 0x80) {
            ucs4_t character;
            const int len = u8_mbtoucr(&character, (const uint8_t *)text.ptr, text.len);
            if (len == -2)
                return text;
            if (len > 0)
                buf_put(out, text.ptr, (size_t)len);
            else
                put_1252(out, (unsigned char)text.ptr[0]);
            text = span_tail(text, len > 0 ? (size_t)len : 1);
        }
    }
    return text;
}

/* --- iconv --- */

/* The same as guess, through iconv. *ok_out (may be NULL): nothing was replaced. */
static struct span
convert(struct charset *charset, struct buf *out, struct span text, bool *ok_out)
{
    char *in = (char *)(uintptr_t)text.ptr; /* iconv does not write to it */
    size_t in_left = text.len;

    while (in_left > 0) {
        size_t room_len = in_left * 2 + 16;
        char *const room = buf_reserve(out, room_len);
        char *dst = room;
        if (room == NULL)
            return SPAN("");
        const size_t result = iconv(charset->cd, &in, &in_left, &dst, &room_len);
        const int reason = errno;
        buf_grew(out, (size_t)(dst - room));
        if (result != (size_t)-1)
            break;
        if (reason == EINVAL)
            return span_of(in, in_left);
        if (reason == E2BIG)
            continue;
        if (ok_out != NULL)
            *ok_out = false;
        buf_put_lit(out, "\xEF\xBF\xBD");
        in++;
        in_left--;
    }
    return SPAN("");
}

/* --- Any charset, in pieces --- */

static struct span
put_piece(struct charset *charset, struct span text, struct buf *out)
{
    if (charset->mode == CHARSET_GUESS)
        return guess(out, text);
    if (charset->mode == CHARSET_ICONV)
        return convert(charset, out, text, NULL);
    put_all_1252(out, text);
    return SPAN("");
}

/* The first octet of text stands for itself, whatever follows. */
static void
put_broken(const struct charset *charset, char octet, struct buf *out)
{
    if (charset->mode == CHARSET_GUESS)
        put_1252(out, (unsigned char)octet);
    else
        buf_put_lit(out, "\xEF\xBF\xBD");
}

/*
 * Finishes the character that the last piece began. Returns what is left of text; when a
 * character is still unfinished then, all of text is in the carry.
 */
static struct span
finish_carry(struct charset *charset, struct span text, struct buf *out)
{
    char joined[2 * CHARSET_CARRY];

    while (charset->carry_len > 0 && text.len > 0) {
        const size_t carried = charset->carry_len;
        const struct span more = span_head(text, CHARSET_CARRY);
        memcpy(joined, charset->carry, carried);
        memcpy(joined + carried, more.ptr, more.len);
        const struct span left = put_piece(charset, span_of(joined, carried + more.len), out);
        const size_t used = carried + more.len - left.len;
        if (used >= carried) {
            charset->carry_len = 0;
            text = span_tail(text, used - carried);
        } else if (left.len < CHARSET_CARRY) {
            memcpy(charset->carry, left.ptr, left.len);
            charset->carry_len = left.len;
            text = span_tail(text, more.len);
        } else { /* no character is that long */
            put_broken(charset, left.ptr[0], out);
            charset->carry_len = carried - used - 1;
            memcpy(charset->carry, left.ptr + 1, charset->carry_len);
        }
    }
    return text;
}

void
charset_put(struct charset *charset, struct span text, struct buf *out)
{
    out->failed |= charset->starved;
    if (charset->carry_len > 0)
        text = finish_carry(charset, text, out);
    struct span left = text.len == 0 ? text : put_piece(charset, text, out);
    while (left.len >=
           CHARSET_CARRY) { /* iconv waits for more than a character: it will not come */
        put_broken(charset, left.ptr[0], out);
        left = put_piece(charset, span_tail(left, 1), out);
    }
    if (left.len > 0) {
        memcpy(charset->carry, left.ptr, left.len);
        charset->carry_len = left.len;
    }
}

void
charset_finish(struct charset *charset, struct buf *out)
{
    for (size_t i = 0; i < charset->carry_len; i++)
        put_broken(charset, charset->carry[i], out);
    charset->carry_len = 0;
    if (charset->mode == CHARSET_ICONV) {
        size_t room_len = 64;
        char *const room = buf_reserve(out, room_len);
        char *dst = room;
        if (room != NULL && iconv(charset->cd, NULL, NULL, &dst, &room_len) != (size_t)-1)
            buf_grew(out, (size_t)(dst - room));
        (void)iconv(charset->cd, NULL, NULL, NULL, NULL);
    }
}

/* --- Whole strings, strictly --- */

static bool
is_ascii_name(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (span_ieq_str(name, aliases[i].name))
            return aliases[i].iconv_name != NULL &&
                   strcmp(aliases[i].iconv_name, "US-ASCII") == 0;
    }
    return name.len == 0;
}

static enum rc
put_strictly(struct charset *charset, struct span name, struct span text, struct buf *out)
{
    bool ok = true;

    if (charset->starved)
        return RC_LIMIT;
    if (charset->mode == CHARSET_GUESS) {
        ok = is_ascii_name(name) ? ascii_run(text) == text.len
                                 : u8_check((const uint8_t *)text.ptr, text.len) == NULL;
        if (ok)
            buf_put_span(out, text);
    } else if (charset->mode == CHARSET_1252) {
        put_all_1252(out, text);
    } else {
        const struct span left = convert(charset, out, text, &ok);
        ok = ok && left.len == 0;
        charset_finish(charset, out);
    }
    return ok ? RC_OK : RC_INVALID;
}

enum rc
charset_to_utf8(struct buf *out, struct span name, struct span text)
{
    const size_t before = buf_len(out);
    struct charset charset;

    if (!open_named(&charset, name)) {
        charset_close(&charset);
        return RC_BAD_CHARSET;
    }
    enum rc rc = put_strictly(&charset, span_trim(name), text, out);
    charset_close(&charset);
    if (rc == RC_OK && !buf_ok(out))
        rc = RC_LIMIT;
    if (rc != RC_OK)
        buf_truncate(out, before);
    return rc;
}

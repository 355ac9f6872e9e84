/* SPDX-License-Identifier: MIT */
/*
 * Header text to UTF-8. The converter stays open from one encoded word to the next as long as
 * only blanks are between them and the charset is the same, so a character cut in two comes
 * out whole.
 */
#include "syntax/mail/encoded_word.h"

#include "base/base64.h"
#include "syntax/charset.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_decode.h"

enum { CHARSET_OCTETS_MAX = 80 };

struct word {
    struct span charset; /* without language */
    struct span text;
    bool base64;
    size_t len; /* of the whole word; 0: none */
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "=?charset?B?text?=" at the start of text. Each search ends at the next '?'. */
static struct word
parse_word(struct span text)
{
    struct word word = {.len = 0};

    if (text.len < 8 || text.ptr[0] != '=' || text.ptr[1] != '?')
        return word;
    const struct span name = span_head(span_tail(text, 2), CHARSET_OCTETS_MAX);
    const ptrdiff_t mark = span_find_char(name, '?');
    if (mark <= 0)
        return word;
    const size_t at = 2 + (size_t)mark + 1; /* of the encoding's letter */
    if (at + 2 > text.len || text.ptr[at + 1] != '?')
        return word;
    const char letter = ascii_lower(text.ptr[at]);
    const struct span rest = span_tail(text, at + 2);
    const ptrdiff_t len = span_find_char(rest, '?');
    if ((letter != 'b' && letter != 'q') || len < 0 || (size_t)len + 1 >= rest.len ||
        rest.ptr[len + 1] != '=')
        return word;
    word.charset = span_head(name, (size_t)mark);
    const ptrdiff_t star = span_find_char(word.charset, '*');
    if (star >= 0)
        word.charset.len = (size_t)star;
    word.text = span_head(rest, (size_t)len);
    word.base64 = letter == 'b';
    word.len = at + 2 + (size_t)len + 2;
    return word;
}

size_t
encoded_word_length(struct span text)
{
    const struct word word = parse_word(text);

    return word.len > 0 && span_find_char(word.text, '\n') < 0 ? word.len : 0;
}

static bool
is_all_blank(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_space(text.ptr[i]))
            return false;
    }
    return true;
}

struct output {
    struct buf *out;
    struct buf octets; /* of one word, before its charset */
    bool open;         /* an encoded word came last; charset is in use */
    struct span name;  /* its charset */
    struct charset charset;
};

static void
close_charset(struct output *output)
{
    if (!output->open)
        return;
    charset_finish(&output->charset, output->out);
    charset_close(&output->charset);
    output->open = false;
}

/* Copies text without line ends and NUL, with blanks for tabs. Gives the end of the copy. */
static char *
copy_unfolded(char *dst, struct span text, bool *eight_bit_out)
{
    unsigned char all = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        all |= (unsigned char)c;
        *dst = c == '\t' || c == '\n' ? ' ' : c;
        dst += c == '\n' ? header_line_is_unfolded(text, i) : c != '\r' && c != '\0';
    }
    *eight_bit_out = all >= 0x80;
    return dst;
}

/* Text outside of encoded words. */
static void
put_raw(struct output *output, struct span text)
{
    char *const room = buf_reserve(output->out, text.len + 1);
    struct charset charset;
    bool eight_bit;

    if (room == NULL)
        return;
    const size_t len = (size_t)(copy_unfolded(room, text, &eight_bit) - room);
    if (!eight_bit) {
        buf_grew(output->out, len);
        return;
    }
    buf_clear(&output->octets);
    buf_put(&output->octets, room, len);
    output->out->failed |= output->octets.failed;
    charset_open(&charset, SPAN(""));
    charset_put(&charset, buf_span(&output->octets), output->out);
    charset_finish(&charset, output->out);
    charset_close(&charset);
}

/* The Q encoding (RFC 2047 section 4.2) is quoted-printable with '_' for a blank. */
static void
put_q(struct buf *octets, struct span text)
{
    struct mime_decoder decoder;
    char plain[128];

    mime_decoder_init(&decoder, MIME_ENCODING_QP);
    while (text.len > 0) {
        const size_t len = text.len < sizeof plain ? text.len : sizeof plain;
        for (size_t i = 0; i < len; i++)
            plain[i] = text.ptr[i] == '_' ? ' ' : text.ptr[i];
        mime_decoder_put(&decoder, span_of(plain, len), octets);
        text = span_tail(text, len);
    }
    mime_decoder_put(&decoder, SPAN("="), octets); /* so that blanks at the end are text */
    mime_decoder_finish(&decoder, octets);
}

static void
put_word(struct output *output, const struct word *word)
{
    if (output->open && !span_ieq(output->name, word->charset))
        close_charset(output);
    if (!output->open) {
        charset_open(&output->charset, word->charset);
        output->name = word->charset;
        output->open = true;
    }
    buf_clear(&output->octets);
    if (word->base64) {
        struct mime_decoder decoder;
        mime_decoder_init(&decoder, MIME_ENCODING_BASE64);
        mime_decoder_put(&decoder, word->text, &output->octets);
        mime_decoder_finish(&decoder, &output->octets);
    } else {
        put_q(&output->octets, word->text);
    }
    output->out->failed |= output->octets.failed;
    charset_put(&output->charset, buf_span(&output->octets), output->out);
}

/* The first encoded word in text, and how far it is away. */
static struct word
find_word(struct span text, size_t *distance_out)
{
    struct word word = {.len = 0};
    size_t at = 0;

    while (at < text.len) {
        const ptrdiff_t step = span_find_char(span_tail(text, at), '=');
        if (step < 0)
            break;
        at += (size_t)step;
        word = parse_word(span_tail(text, at));
        if (word.len > 0)
            break;
        at++;
    }
    *distance_out = word.len > 0 ? at : text.len;
    return word;
}

void
encoded_word_decode(struct buf *out, struct span value)
{
    struct output output = {.out = out};

    buf_init(&output.octets, SIZE_MAX / 4);
    value = span_trim(value);
    while (value.len > 0) {
        size_t distance;
        const struct word word = find_word(value, &distance);
        const struct span gap = span_head(value, distance);
        if (word.len == 0 || !output.open || !is_all_blank(gap)) {
            close_charset(&output);
            put_raw(&output, gap);
        }
        if (word.len > 0)
            put_word(&output, &word);
        value = span_tail(value, distance + word.len);
    }
    close_charset(&output);
    buf_done(&output.octets);
}

/* ---- the other way ---- */

enum {
    WORD_OCTETS = 63, /* of 75, without "=?utf-8?q?" and "?=" */
    BASE64_OCTETS = WORD_OCTETS / 4 * 3,
};

/* What may stand for itself wherever an encoded word may stand (RFC 2047 section 5 (3)). */
static bool
is_plain_in_q(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
q_octets(struct span text)
{
    size_t octets = 0;

    for (size_t i = 0; i < text.len; i++)
        octets += is_plain_in_q(text.ptr[i]) || text.ptr[i] == ' ' ? 1 : 3;
    return octets;
}

static void
put_as_q(struct buf *out, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        const unsigned char octet = (unsigned char)text.ptr[i];
        if (octet == ' ') {
            buf_put_char(out, '_');
        } else if (is_plain_in_q((char)octet)) {
            buf_put_char(out, (char)octet);
        } else {
            buf_put_char(out, '=');
            buf_put_char(out, digits[octet >> 4]);
            buf_put_char(out, digits[octet & 15]);
        }
    }
}

/* The most whole characters that one word holds; at least one. */
static size_t
word_fill(struct span text, bool base64)
{
    size_t len = 0;
    size_t used = 0;

    while (len < text.len) {
        size_t next = 1;
        while (len + next < text.len && (text.ptr[len + next] & 0xc0) == 0x80 && next < 4)
            next++;
        used += base64 ? next : q_octets(span_of(text.ptr + len, next));
        if (len > 0 && used > (base64 ? (size_t)BASE64_OCTETS : (size_t)WORD_OCTETS))
            break;
        len += next;
    }
    return len;
}

static void
put_words(struct buf *out, struct span text)
{
    const bool base64 = q_octets(text) > 2 * text.len; /* there is little left to read */

    while (text.len > 0) {
        const struct span some = span_head(text, word_fill(text, base64));
        text = span_tail(text, some.len);
        buf_put_str(out, base64 ? "=?utf-8?b?" : "=?utf-8?q?");
        if (base64)
            base64_put(out, some);
        else
            put_as_q(out, some);
        buf_put_str(out, text.len > 0 ? "?= " : "?=");
    }
}

/* From the first word that is not ASCII to the end of the last one. */
static struct span
foreign_words(struct span text)
{
    size_t first = 0;
    size_t past = text.len;

    while (first < text.len && (unsigned char)text.ptr[first] < 0x80)
        first++;
    while (past > first && (unsigned char)text.ptr[past - 1] < 0x80)
        past--;
    while (first > 0 && first < text.len && text.ptr[first - 1] != ' ')
        first--;
    while (past > first && past < text.len && text.ptr[past] != ' ')
        past++;
    return span_of(text.ptr + first, past - first);
}

void
encoded_word_put(struct buf *out, struct span utf8)
{
    AUTO_BUF decoded = {0};

    buf_init(&decoded, SIZE_MAX / 4);
    encoded_word_decode(&decoded, utf8);
    out->failed |= !buf_ok(&decoded);
    const struct span text = buf_span(&decoded);
    const bool misleads = span_find(text, SPAN("=?")) >= 0;
    const struct span words = misleads ? text : foreign_words(text);
    const size_t before = (size_t)(words.ptr - text.ptr);

    buf_put_span(out, span_head(text, before));
    put_words(out, words);
    buf_put_span(out, span_tail(text, before + words.len));
}

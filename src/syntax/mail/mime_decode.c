/* SPDX-License-Identifier: MIT */
/*
 * base64 goes four octets at a time where the text is regular; quoted-printable goes octet by
 * octet, holding back what a line end could still change.
 */
#include "syntax/mail/mime_decode.h"

/* Value + 1 of each base64 octet, 0: not in the alphabet. */
static const uint8_t base64_value[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
    ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
    ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
    ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
    ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
    ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
    ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
    ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
    ['/'] = 64,
};

void
mime_decoder_init(struct mime_decoder *decoder, enum mime_encoding encoding)
{
    decoder->encoding = encoding;
    decoder->damaged = decoder->padded = false;
    decoder->bit_count = decoder->held = 0;
    decoder->bits = 0;
}

/* --- base64 --- */

/* A group ends early: gives out the whole octets it holds. */
static char *
base64_flush(struct mime_decoder *decoder, char *dst)
{
    if (decoder->bit_count == 12) {
        *dst++ = (char)(decoder->bits >> 4);
    } else if (decoder->bit_count == 18) {
        *dst++ = (char)(decoder->bits >> 10);
        *dst++ = (char)(decoder->bits >> 2);
    } else if (decoder->bit_count == 6) {
        decoder->damaged = true;
    }
    decoder->bits = 0;
    decoder->bit_count = 0;
    return dst;
}

static char *
base64_octet(struct mime_decoder *decoder, unsigned char c, char *dst)
{
    const unsigned value = base64_value[c];

    if (value == 0) {
        if (c == '=') {
            decoder->damaged |= decoder->bit_count == 0 && !decoder->padded;
            decoder->padded = true;
            return base64_flush(decoder, dst);
        }
        decoder->damaged |= c != '\r' && c != '\n' && c != ' ' && c != '\t';
        return dst;
    }
    decoder->padded = false;
    decoder->bits = decoder->bits << 6 | (value - 1);
    decoder->bit_count = (uint8_t)(decoder->bit_count + 6);
    if (decoder->bit_count == 24) {
        *dst++ = (char)(decoder->bits >> 16);
        *dst++ = (char)(decoder->bits >> 8);
        *dst++ = (char)decoder->bits;
        decoder->bits = 0;
        decoder->bit_count = 0;
    }
    return dst;
}

static char *
base64_put(struct mime_decoder *decoder, struct span text, char *dst)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    const unsigned char *const end = p + text.len;

    while (p < end) {
        while (decoder->bit_count == 0 && end - p >= 4) {
            const unsigned a = base64_value[p[0]];
            const unsigned b = base64_value[p[1]];
            const unsigned c = base64_value[p[2]];
            const unsigned d = base64_value[p[3]];
            if (a == 0 || b == 0 || c == 0 || d == 0)
                break;
            const uint32_t bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
            *dst++ = (char)(bits >> 16);
            *dst++ = (char)(bits >> 8);
            *dst++ = (char)bits;
            p += 4;
            decoder->padded = false;
        }
        if (p < end)
            dst = base64_octet(decoder, *p++, dst);
    }
    return dst;
}

/* --- quoted-printable --- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *
qp_release(struct mime_decoder *decoder, char *dst)
{
    memcpy(dst, decoder->hold, decoder->held);
    dst += decoder->held;
    decoder->held = 0;
    return dst;
}

/* A line ends after what is held: "=" and blanks vanish with it (a soft break), blanks alone
 * vanish (RFC 2045 section 6.7 rule 3). */
static char *
qp_line_end(struct mime_decoder *decoder, char *dst)
{
    const bool soft = decoder->held > 0 && decoder->hold[0] == '=';
    const bool cr = decoder->held > 0 && decoder->hold[decoder->held - 1] == '\r';

    decoder->held = 0;
    if (soft)
        return dst;
    if (cr)
        *dst++ = '\r';
    *dst++ = '\n';
    return dst;
}

/* An octet while something is held. False: what was held is text; look at c again. */
static bool
qp_hold_more(struct mime_decoder *decoder, char c, char **dst)
{
    const bool escape = decoder->hold[0] == '=';

    if (escape && decoder->held == 2 && !is_blank(decoder->hold[1])) {
        if (ascii_hex(c) >= 0) {
            *(*dst)++ = (char)(ascii_hex(decoder->hold[1]) << 4 | ascii_hex(c));
            decoder->held = 0;
            return true;
        }
    } else if (c == '\n') {
        *dst = qp_line_end(decoder, *dst);
        return true;
    } else if (decoder->held < MIME_DECODER_HOLD &&
               (is_blank(c) || (escape && decoder->held == 1 && ascii_hex(c) >= 0))) {
        decoder->hold[decoder->held++] = c;
        return true;
    }
    decoder->damaged |= escape;
    *dst = qp_release(decoder, *dst);
    return false;
}

static char *
qp_put(struct mime_decoder *decoder, struct span text, char *dst)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (decoder->held > 0 && qp_hold_more(decoder, c, &dst))
            continue;
        if (c == '=' || is_blank(c))
            decoder->hold[decoder->held++] = c;
        else
            *dst++ = c;
    }
    return dst;
}

static char *
qp_finish(struct mime_decoder *decoder, char *dst)
{
    if (decoder->held >= 2 && decoder->hold[0] == '=' && !is_blank(decoder->hold[1])) {
        decoder->damaged = true;
        return qp_release(decoder, dst);
    }
    decoder->held = 0;
    return dst;
}

/* --- Any encoding --- */

void
mime_decoder_put(struct mime_decoder *decoder, struct span text, struct buf *out)
{
    if (decoder->encoding != MIME_ENCODING_BASE64 && decoder->encoding != MIME_ENCODING_QP) {
        buf_put_span(out, text);
        return;
    }
    char *const room = buf_reserve(out, text.len + MIME_DECODER_HOLD);
    if (room == NULL)
        return;
    const char *const end = decoder->encoding == MIME_ENCODING_BASE64
                                ? base64_put(decoder, text, room)
                                : qp_put(decoder, text, room);
    buf_grew(out, (size_t)(end - room));
}

void
mime_decoder_finish(struct mime_decoder *decoder, struct buf *out)
{
    char *const room = buf_reserve(out, MIME_DECODER_HOLD);
    const char *end = room;

    if (room == NULL)
        return;
    if (decoder->encoding == MIME_ENCODING_BASE64) {
        decoder->damaged |= decoder->bit_count != 0;
        end = base64_flush(decoder, room);
    } else if (decoder->encoding == MIME_ENCODING_QP) {
        end = qp_finish(decoder, room);
    }
    buf_grew(out, (size_t)(end - room));
}

/* --- Lines of text --- */

void
line_ends_put(struct line_ends *ends, struct span text, struct buf *out)
{
    while (text.len > 0) {
        const ptrdiff_t lf = span_find_char(text, '\n');
        const size_t before = lf < 0 ? text.len : (size_t)lf;
        if (before > 0)
            ends->after_cr = text.ptr[before - 1] == '\r';
        buf_put_span(out, span_head(text, before));
        if (lf < 0)
            return;
        buf_put_span(out, ends->after_cr ? SPAN("\n") : SPAN("\r\n"));
        ends->after_cr = false;
        text = span_tail(text, before + 1);
    }
}

bool
line_ends_apply(const struct mime_part *part)
{
    static const struct span wide[] = {SPAN_INIT("utf-16"), SPAN_INIT("utf-32"),
                                       SPAN_INIT("ucs-"), SPAN_INIT("iso-10646-ucs-")};

    for (size_t i = 0; i < ARRAY_LEN(wide); i++)
        if (span_istarts(part->charset, wide[i]))
            return false;
    return part->kind == MIME_LEAF && mime_is_text(part);
}

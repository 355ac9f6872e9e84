/* SPDX-License-Identifier: MIT */
/*
 * Running text: words into lines, paragraphs, quotations and HTML, and the transfer encodings
 * around them. Lines are made one at a time in gen->raw, so that a text of any length costs
 * the memory of a line (base64 needs all of it).
 */
#include "bench/mailgen_private.h"

unsigned
mg_pick(struct mailgen *gen, unsigned below)
{
    if (gen->bits_left == 0) {
        gen->bits = rng_u64(&gen->rng);
        gen->bits_left = 4;
    }
    const unsigned r = (unsigned)(gen->bits & 0xffff);
    gen->bits >>= 16;
    gen->bits_left--;
    return (r * below) >> 16;
}

bool
mg_chance(struct mailgen *gen, unsigned percent)
{
    return mg_pick(gen, 100) < percent;
}

/* Two letters for each of four digits in base 64: no word is part of another one. */
struct span
mailgen_rare_word(uint32_t rank, char octets[MAILGEN_RARE_OCTETS])
{
    static const char consonants[] = "bdfghklmnprstvwz";
    static const char vowels[] = "aeio";
    size_t len = 0;

    for (uint32_t number = rank + 64 * 64 * 64; number > 0; number /= 64) {
        octets[len++] = consonants[number % 16];
        octets[len++] = vowels[number / 16 % 4];
    }
    return span_of(octets, len);
}

/* A word of rank r comes r times less often than the first one. */
static struct span
draw_rare_word(struct mailgen *gen)
{
    const unsigned bits = mg_pick(gen, MAILGEN_RARE_BITS);
    const uint32_t low = mg_pick(gen, 1024) << 10 | mg_pick(gen, 1024);

    return mailgen_rare_word(UINT32_C(1) << bits | (low & ((UINT32_C(1) << bits) - 1)),
                             gen->rare);
}

/* Squaring favours the words at the beginning of the list. */
static struct span
draw_word(struct mailgen *gen, const struct mg_words *words)
{
    if (gen->opt.rare_percent > 0 && words->spaced && mg_chance(gen, gen->opt.rare_percent))
        return draw_rare_word(gen);
    const unsigned r = mg_pick(gen, 65536);

    return words->word[((r * (uint64_t)r >> 16) * words->count) >> 16];
}

void
mg_put_words(struct mailgen *gen, struct buf *dst, const struct mg_words *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && words->spaced)
            buf_put_char(dst, ' ');
        buf_put_span(dst, draw_word(gen, words));
    }
}

/* Appends words until dst has grown by at least `octets`. */
static void
fill_words(struct mailgen *gen, struct buf *dst, const struct mg_words *words, size_t octets)
{
    const size_t end = buf_len(dst) + octets;
    char space = '\0';

    while (buf_len(dst) < end) {
        if (space != '\0')
            buf_put_char(dst, space);
        buf_put_span(dst, draw_word(gen, words));
        space = words->spaced ? ' ' : '\0';
        if (words->spaced && mg_pick(gen, 16) == 0)
            buf_put_char(dst, mg_pick(gen, 3) == 0 ? '.' : ',');
    }
}

static void
put_url(struct mailgen *gen, struct buf *dst)
{
    buf_printf(dst, "https://%s/%c%u/%08llx",
               mg_domains[mg_pick(gen, (unsigned)mg_domain_count)], 'a' + mg_pick(gen, 26),
               mg_pick(gen, 1000), (unsigned long long)rng_u64(&gen->rng) & 0xffffffff);
}

/* How many columns a line of this message aims for. */
static unsigned
line_width(struct mailgen *gen)
{
    if (gen->fault == MAILGEN_LONG_LINES)
        return 1200 + mg_pick(gen, 60000);
    return 48 + mg_pick(gen, 26);
}

static void
put_plain_line(struct mailgen *gen, struct buf *dst, const struct mg_words *words, bool quoting)
{
    const unsigned what = mg_pick(gen, 256);

    if (what < 26)
        return; /* between paragraphs */
    if (quoting)
        buf_put_str(dst, mg_pick(gen, 4) == 0 ? "> > " : "> ");
    else if (what < 28)
        buf_put_str(dst, what == 26 ? "From " : ".");
    if (what >= 28 && what < 36) {
        put_url(gen, dst);
        return;
    }
    fill_words(gen, dst, words, line_width(gen));
}

static void
put_html_line(struct mailgen *gen, struct buf *dst, const struct mg_words *words)
{
    switch (mg_pick(gen, 8)) {
    case 0:
        buf_put_str(dst, "<tr><td style=\"padding:0 12px 8px 0;font-family:sans-serif\">");
        fill_words(gen, dst, words, 24);
        buf_put_str(dst, "</td></tr>");
        break;
    case 1:
        buf_put_str(dst, "<a href=\"");
        put_url(gen, dst);
        buf_put_str(dst, "?id=");
        buf_put_u64(dst, rng_u64(&gen->rng));
        buf_put_str(dst, "\">");
        fill_words(gen, dst, words, 8);
        buf_put_str(dst, "</a><br>");
        break;
    case 2:
        buf_put_str(dst, "</p><p style=\"margin:0\" class=\"p");
        buf_put_u64(dst, mg_pick(gen, 9));
        buf_put_str(dst, "\">");
        break;
    default:
        fill_words(gen, dst, words, line_width(gen));
    }
}

/* One line of quoted-printable with its soft breaks (RFC 2045 section 6.7), CRLF at the end. */
static void
put_qp_line(struct buf *dst, struct span line)
{
    static const char hex[] = "0123456789ABCDEF";
    char row[80];
    unsigned at = 0;

    for (size_t i = 0; i < line.len; i++) {
        const unsigned char c = (unsigned char)line.ptr[i];
        const bool last = i + 1 == line.len;
        const bool safe = (c > 32 && c < 127 && c != '=') || ((c == ' ' || c == '\t') && !last);
        if (at + (safe ? 1u : 3u) > 75) {
            row[at++] = '=';
            buf_put(dst, row, at);
            buf_put_lit(dst, "\r\n");
            at = 0;
        }
        if (safe) {
            row[at++] = (char)c;
        } else {
            row[at++] = '=';
            row[at++] = hex[c >> 4];
            row[at++] = hex[c & 15];
        }
    }
    buf_put(dst, row, at);
    buf_put_lit(dst, "\r\n");
}

/* 57 octets become a line of 76 and CRLF. */
static char *
base64_row(char *at, const unsigned char *src, size_t octets)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < octets; i += 3) {
        const size_t left = octets - i;
        const unsigned a = src[i];
        const unsigned b = left > 1 ? src[i + 1] : 0;
        const unsigned c = left > 2 ? src[i + 2] : 0;
        *at++ = alphabet[a >> 2];
        *at++ = alphabet[(a & 3) << 4 | b >> 4];
        *at++ = left > 1 ? alphabet[(b & 15) << 2 | c >> 6] : '=';
        *at++ = left > 2 ? alphabet[c & 63] : '=';
    }
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

void
mg_put_base64_lines(struct mailgen *gen, struct span data)
{
    for (size_t i = 0; i < data.len; i += 57) {
        const struct span row = span_head(span_tail(data, i), 57);
        char text[80];
        const char *const end = base64_row(text, (const unsigned char *)row.ptr, row.len);
        buf_put(&gen->out, text, (size_t)(end - text));
    }
}

void
mg_put_base64_noise(struct mailgen *gen, size_t octets)
{
    unsigned char data[57];

    for (size_t done = 0; done < octets;) {
        char text[80];
        const size_t left = octets - done;
        const size_t want = left >= 78 ? sizeof data : left * 57 / 78 + 1;
        rng_fill(&gen->rng, data, want);
        const char *const end = base64_row(text, data, want);
        buf_put(&gen->out, text, (size_t)(end - text));
        done += (size_t)(end - text);
        if (gen->fault == MAILGEN_BAD_BASE64 && mg_pick(gen, 8) == 0)
            buf_put_str(&gen->out, mg_pick(gen, 2) ? "!\x01*,===\r\n" : "QUJD=RE\r\n");
    }
}

/* Passes a raw line on at once, or keeps it in gen->raw for base64. */
static void
finish_line(struct mailgen *gen, enum mg_cte cte)
{
    switch (cte) {
    case MG_QP:
        put_qp_line(&gen->out, buf_span(&gen->raw));
        buf_clear(&gen->raw);
        break;
    case MG_BASE64:
        buf_put_lit(&gen->raw, "\r\n");
        break;
    case MG_7BIT:
    case MG_8BIT:
        buf_put_span(&gen->out, buf_span(&gen->raw));
        buf_put_lit(&gen->out, "\r\n");
        buf_clear(&gen->raw);
        break;
    }
}

static void
put_line(struct mailgen *gen, const struct mg_voice *voice, const char *line)
{
    buf_put_str(&gen->raw, line);
    finish_line(gen, voice->cte);
}

static void
open_text(struct mailgen *gen, const struct mg_voice *voice, enum mg_text_kind kind)
{
    if (kind == MG_TEXT_HTML) {
        buf_printf(&gen->raw,
                   "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; "
                   "charset=%s\">",
                   mg_charset_names[voice->charset]);
        finish_line(gen, voice->cte);
        put_line(gen, voice, "</head><body bgcolor=\"#ffffff\"><p>");
        return;
    }
    mg_put_words(gen, &gen->raw, voice->words, 2);
    buf_put_char(&gen->raw, ',');
    finish_line(gen, voice->cte);
    put_line(gen, voice, "");
}

static void
close_text(struct mailgen *gen, const struct mg_voice *voice, enum mg_text_kind kind)
{
    if (kind == MG_TEXT_HTML) {
        put_line(gen, voice, "</p></body></html>");
    } else if (mg_pick(gen, 3) == 0) {
        put_line(gen, voice, "-- ");
        mg_put_words(gen, &gen->raw, voice->words, 2);
        finish_line(gen, voice->cte);
    }
}

void
mg_put_text(struct mailgen *gen, const struct mg_voice *voice, enum mg_text_kind kind,
            size_t octets)
{
    const size_t start = buf_len(&gen->out);
    /* A base64 line carries 57 octets in 78; the close takes about 30. */
    const size_t want = voice->cte == MG_BASE64 ? octets * 57 / 78 : octets;
    const size_t stop = want > 40 ? want - 40 : 0;

    buf_clear(&gen->raw);
    open_text(gen, voice, kind);
    while ((voice->cte == MG_BASE64 ? buf_len(&gen->raw) : buf_len(&gen->out) - start) < stop) {
        if (kind == MG_TEXT_HTML)
            put_html_line(gen, &gen->raw, voice->words);
        else
            put_plain_line(gen, &gen->raw, voice->words,
                           kind == MG_TEXT_QUOTING && mg_pick(gen, 2) == 0);
        finish_line(gen, voice->cte);
    }
    close_text(gen, voice, kind);
    if (voice->cte == MG_BASE64)
        mg_put_base64_lines(gen, buf_span(&gen->raw));
    buf_clear(&gen->raw);
}

/* SPDX-License-Identifier: MIT */
/*
 * From octets to a line of plain text, stage by stage: transfer encoding, charset, markup (HTML
 * alone, html_text.h), lines (plain text alone: quotes, signatures, armour), characters. Any
 * octets are fine.
 */
#include "syntax/mail/preview.h"

#include "base/limits.h"
#include "syntax/charset.h"
#include "syntax/html_charset.h"
#include "syntax/html_text.h"
#include "syntax/mail/mime_decode.h"
#include "syntax/one_line.h"

enum {
    UTF8_MAX = 4 * LIMIT_PREVIEW_OCTETS, /* no charset makes more of an octet */
};

/* ---- which part ---- */

static bool
is_candidate(const struct mime_part *part)
{
    if ((part->media != MIME_MEDIA_TEXT_PLAIN && part->media != MIME_MEDIA_TEXT_HTML) ||
        part->encoding == MIME_ENCODING_UNKNOWN || part->body_size == 0)
        return false;
    for (; part != NULL; part = part->parent)
        if (part->is_attachment)
            return false;
    return true;
}

static bool
is_enclosed(const struct mime_part *part)
{
    for (; part != NULL; part = part->parent)
        if (part->kind == MIME_MESSAGE)
            return true;
    return false;
}

static const struct mime_part *
find(const struct mime_part *part, bool enclosed)
{
    while (part != NULL && (!is_candidate(part) || is_enclosed(part) != enclosed))
        part = mime_part_after(part);
    return part;
}

static const struct mime_part *
root_of(const struct mime_part *part)
{
    while (part->parent != NULL)
        part = part->parent;
    return part;
}

const struct mime_part *
preview_part_first(const struct mime_part *root)
{
    const struct mime_part *part = find(root, false);

    return part != NULL ? part : find(root, true);
}

const struct mime_part *
preview_part_next(const struct mime_part *part)
{
    const bool enclosed = is_enclosed(part);
    const struct mime_part *next = find(mime_part_after(part), enclosed);

    return next != NULL || enclosed ? next : find(root_of(part), true);
}

/* ---- plain text ---- */

enum quotes { QUOTES_SKIPPED, QUOTES_SHOWN };

static const char *
line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));

    return newline == NULL ? end : newline + 1;
}

/* What an OpenPGP text is wrapped in (RFC 4880 section 6.2 and 7). */
static bool
is_armour(struct span text)
{
    return span_starts(text, SPAN("-----BEGIN PGP "));
}

static void
put_plain(struct one_line *line, struct span text, enum quotes quotes)
{
    const char *const end = text.ptr + text.len;
    bool head = false; /* of a signed text: "Hash: SHA256", up to an empty line */

    for (const char *at = text.ptr; at < end && !one_line_is_full(line);) {
        const char *next = line_end(at, end);
        const struct span whole = span_of(at, (size_t)(next - at));
        const bool empty = span_eq(whole, SPAN("\r\n")) || span_eq(whole, SPAN("\n"));
        if (is_armour(whole) && !span_starts(whole, SPAN("-----BEGIN PGP SIGNED MESSAGE")))
            return; /* nobody can read the rest */
        if (is_armour(whole))
            head = true;
        else if (head && empty)
            head = false;
        if (span_starts(whole, SPAN("-- \r\n")) || span_starts(whole, SPAN("-- \n")))
            return; /* the signature */
        const bool skipped = head || (quotes == QUOTES_SKIPPED && at[0] == '>');
        if (!skipped)
            one_line_put(line, whole);
        at = next;
        one_line_put(line, SPAN(" "));
    }
}

/* ---- HTML ---- */

/* Returns false if memory is short. */
static bool
put_html(struct one_line *line, struct span text)
{
    struct html_text html;
    AUTO_BUF shown = {0};

    buf_init(&shown, UTF8_MAX + 4096);
    html_text_init(&html, HTML_PREVIEWED);
    html_text_put(&html, text, &shown);
    html_text_finish(&html, &shown);
    one_line_put(line, buf_span(&shown));
    return buf_ok(&shown);
}

/* ---- a part ---- */

static struct span
charset_of(const struct mime_part *part, struct span octets)
{
    struct span charset = {NULL, 0};

    if (part->media == MIME_MEDIA_TEXT_HTML && html_charset_matters(part->charset))
        charset = html_charset_find(octets);
    return charset.len > 0 ? charset : part->charset;
}

/* Body to UTF-8. */
static void
decode(const struct mime_part *part, struct span body, struct buf *utf8)
{
    struct mime_decoder decoder;
    struct charset charset;
    AUTO_BUF octets = {0};

    buf_init(&octets, LIMIT_PREVIEW_OCTETS + 2 * MIME_DECODER_HOLD);
    mime_decoder_init(&decoder, part->encoding);
    mime_decoder_put(&decoder, body, &octets);
    if (body.len == part->body_size)
        mime_decoder_finish(&decoder, &octets);
    charset_open(&charset, charset_of(part, buf_span(&octets)));
    charset_put(&charset, buf_span(&octets), utf8);
    if (body.len == part->body_size)
        charset_finish(&charset, utf8);
    charset_close(&charset);
    utf8->failed |= !buf_ok(&octets);
}

void
preview_put(const struct mime_part *part, struct span body, struct buf *out)
{
    struct one_line line = {.out = out, .max = LIMIT_PREVIEW_CHARS};
    AUTO_BUF utf8 = {0};

    buf_init(&utf8, UTF8_MAX + 4096);
    decode(part, span_head(body, LIMIT_PREVIEW_OCTETS), &utf8);
    if (!buf_ok(&utf8)) {
        out->failed = true;
        return;
    }
    if (part->media == MIME_MEDIA_TEXT_HTML) {
        out->failed |= !put_html(&line, buf_span(&utf8));
        return;
    }
    put_plain(&line, buf_span(&utf8), QUOTES_SKIPPED);
    if (line.chars == 0)
        put_plain(&line, buf_span(&utf8), QUOTES_SHOWN);
}

/* SPDX-License-Identifier: MIT */
/*
 * From octets to a line of plain text, stage by stage: transfer encoding, charset, markup (HTML
 * alone), lines (plain text alone: quotes, signatures, armour), characters. The HTML reader
 * knows as much of HTML as mail needs: tags and comments go, elements whose content is not
 * text go with it, blocks part words, and the entities that people's programs write become
 * characters. Any octets are fine.
 */
#include "syntax/mail/preview.h"

#include "base/limits.h"
#include "syntax/charset.h"
#include "syntax/mail/mime_decode.h"

enum {
    TAG_NAME_MAX = 12,
    ENTITY_MAX = 12,
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

/* ---- characters ---- */

struct line {
    struct buf *out;
    unsigned chars; /* of out that are ours */
    bool blank;     /* one comes before the next character */
};

static bool
is_full(const struct line *line)
{
    return line->chars >= LIMIT_PREVIEW_CHARS;
}

static bool
is_blank(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

/* Of no width: fillers with which newsletters keep a preview short, and marks of direction that
 * would reach beyond it. Joiners of emoji and of Indic letters stay. */
static bool
is_nothing(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c ||
           c == 0x200b || c == 0x200c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
    char text[4];
    size_t len = 0;

    if (c < 0x80) {
        text[len++] = (char)c;
    } else if (c < 0x800) {
        text[len++] = (char)(0xc0 | c >> 6);
        text[len++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        text[len++] = (char)(0xe0 | c >> 12);
        text[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        text[len++] = (char)(0x80 | (c & 0x3f));
    } else {
        text[len++] = (char)(0xf0 | c >> 18);
        text[len++] = (char)(0x80 | (c >> 12 & 0x3f));
        text[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        text[len++] = (char)(0x80 | (c & 0x3f));
    }
    buf_put(out, text, len);
}

static void
put_char(struct line *line, uint32_t c)
{
    if (is_blank(c)) {
        line->blank = line->chars > 0;
        return;
    }
    if (is_nothing(c) || is_full(line))
        return;
    if (line->blank && line->chars + 1 < LIMIT_PREVIEW_CHARS) {
        buf_put_char(line->out, ' ');
        line->chars++;
    } else if (line->blank) {
        line->chars = LIMIT_PREVIEW_CHARS; /* there is no room for a blank and a letter */
        return;
    }
    line->blank = false;
    put_utf8(line->out, c);
    line->chars++;
}

/* The next character of valid UTF-8 (charset.h promises that); moves *at. */
static uint32_t
take_char(const char **at, const char *end)
{
    const unsigned char first = (unsigned char)*(*at)++;
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    uint32_t c = more == 0 ? first : first & (0x3fu >> more);

    for (; more > 0 && *at < end; more--)
        c = c << 6 | ((unsigned char)*(*at)++ & 0x3f);
    return c;
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
put_plain(struct line *line, struct span text, enum quotes quotes)
{
    const char *const end = text.ptr + text.len;
    bool head = false; /* of a signed text: "Hash: SHA256", up to an empty line */

    for (const char *at = text.ptr; at < end && !is_full(line);) {
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
        while (at < next && !skipped)
            put_char(line, take_char(&at, next));
        at = next;
        put_char(line, ' ');
    }
}

/* ---- HTML ---- */

/* Whose content is not text. */
static const struct span hidden_elements[] = {
    SPAN_INIT("style"),  SPAN_INIT("script"),   SPAN_INIT("head"),
    SPAN_INIT("title"),  SPAN_INIT("template"), SPAN_INIT("noframes"),
    SPAN_INIT("select"), SPAN_INIT("textarea"), SPAN_INIT("xml"),
};

/* Inside of a word: the text before and after is not parted. */
static const struct span inline_elements[] = {
    SPAN_INIT("a"),      SPAN_INIT("abbr"),  SPAN_INIT("b"),      SPAN_INIT("bdi"),
    SPAN_INIT("bdo"),    SPAN_INIT("big"),   SPAN_INIT("center"), SPAN_INIT("cite"),
    SPAN_INIT("code"),   SPAN_INIT("del"),   SPAN_INIT("dfn"),    SPAN_INIT("em"),
    SPAN_INIT("font"),   SPAN_INIT("i"),     SPAN_INIT("ins"),    SPAN_INIT("kbd"),
    SPAN_INIT("mark"),   SPAN_INIT("o:p"),   SPAN_INIT("q"),      SPAN_INIT("s"),
    SPAN_INIT("samp"),   SPAN_INIT("small"), SPAN_INIT("span"),   SPAN_INIT("strike"),
    SPAN_INIT("strong"), SPAN_INIT("sub"),   SPAN_INIT("sup"),    SPAN_INIT("tt"),
    SPAN_INIT("u"),      SPAN_INIT("var"),   SPAN_INIT("wbr"),
};

static bool
is_among(struct span name, const struct span *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_ieq(name, names[i]))
            return true;
    return false;
}

/* U+00A0 to U+00FF by their names in HTML, in that order. */
static const char latin_names[] =
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg "
    "plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 "
    "iquest "
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute "
    "Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc "
    "Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute "
    "ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide "
    "oslash ugrave uacute ucirc uuml yacute thorn yuml ";

static const struct {
    struct span name;
    uint32_t c;
} entities[] = {
    {SPAN_INIT("amp"), '&'},      {SPAN_INIT("lt"), '<'},       {SPAN_INIT("gt"), '>'},
    {SPAN_INIT("quot"), '"'},     {SPAN_INIT("apos"), '\''},    {SPAN_INIT("hellip"), 0x2026},
    {SPAN_INIT("mdash"), 0x2014}, {SPAN_INIT("ndash"), 0x2013}, {SPAN_INIT("lsquo"), 0x2018},
    {SPAN_INIT("rsquo"), 0x2019}, {SPAN_INIT("sbquo"), 0x201a}, {SPAN_INIT("ldquo"), 0x201c},
    {SPAN_INIT("rdquo"), 0x201d}, {SPAN_INIT("bdquo"), 0x201e}, {SPAN_INIT("bull"), 0x2022},
    {SPAN_INIT("euro"), 0x20ac},  {SPAN_INIT("trade"), 0x2122}, {SPAN_INIT("rarr"), 0x2192},
    {SPAN_INIT("larr"), 0x2190},  {SPAN_INIT("zwj"), 0x200d},   {SPAN_INIT("zwnj"), 0x200c},
    {SPAN_INIT("ensp"), ' '},     {SPAN_INIT("emsp"), ' '},     {SPAN_INIT("thinsp"), ' '},
    {SPAN_INIT("OElig"), 0x152},  {SPAN_INIT("oelig"), 0x153},  {SPAN_INIT("Scaron"), 0x160},
    {SPAN_INIT("scaron"), 0x161}, {SPAN_INIT("check"), 0x2713}, {SPAN_INIT("starf"), 0x2605},
};

/* 0: no such name. */
static uint32_t
named_entity(struct span name)
{
    uint32_t c = 0xa0;

    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (span_eq(name, entities[i].name))
            return entities[i].c;
    for (const char *at = latin_names; *at != '\0'; c++) {
        const char *space = strchr(at, ' ');
        if (span_eq(name, span_of(at, (size_t)(space - at))))
            return c;
        at = space + 1;
    }
    return 0;
}

/* "#65", "#x41". Those that Windows programs write mean windows-1252; few matter. */
static uint32_t
numbered_entity(struct span digits)
{
    static const uint16_t windows[] = {
        0x20ac, 0,      0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0,      0x17d,  0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0,      0x17e,  0x178};
    const bool hex = digits.len > 0 && ascii_lower(digits.ptr[0]) == 'x';
    uint32_t c = 0;

    if (digits.len == (hex ? 1 : 0))
        return 0;
    for (size_t i = hex ? 1 : 0; i < digits.len && c <= 0x10ffff; i++) {
        const char d = ascii_lower(digits.ptr[i]);
        const bool letter = d >= 'a' && d <= 'f';
        if ((d < '0' || d > '9') && !(hex && letter))
            return 0;
        c = c * (hex ? 16 : 10) + (uint32_t)(letter ? d - 'a' + 10 : d - '0');
    }
    /* What is no character is nothing, and not the text of its entity. */
    return c >= 0x80 && c < 0xa0 ? windows[c - 0x80] : c == 0 ? 1 : c;
}

/* At '&'. Moves *at behind what it took: an entity, or the '&' alone. */
static void
put_entity(struct line *line, const char **at, const char *end)
{
    const char *name = *at + 1;
    const char *stop = name;

    while (stop < end && stop - name < ENTITY_MAX && *stop != ';' && *stop != '&' &&
           (unsigned char)*stop > ' ' && *stop != '<')
        stop++;
    const struct span text = span_of(name, (size_t)(stop - name));
    const uint32_t c = text.len > 1 && text.ptr[0] == '#' ? numbered_entity(span_tail(text, 1))
                                                          : named_entity(text);
    if (c == 0) {
        put_char(line, '&');
        *at = name;
        return;
    }
    put_char(line, c);
    *at = stop < end && *stop == ';' ? stop + 1 : stop;
}

/* One past the '>' that ends the tag at *at; quotes may hold one. */
static const char *
tag_end(const char *at, const char *end)
{
    char quote = '\0';

    for (; at < end; at++) {
        if (quote != '\0')
            quote = *at == quote ? '\0' : quote;
        else if (*at == '>')
            return at + 1;
        else if ((*at == '"' || *at == '\'') && at[-1] == '=')
            quote = *at;
    }
    return end;
}

/* Behind the element's end tag. One that is never closed hides nothing but its tag. */
static const char *
element_end(const char *at, const char *end, struct span name)
{
    for (const char *from = at; from < end;) {
        const char *open = memchr(from, '<', (size_t)(end - from));
        if (open == NULL)
            break;
        const struct span rest = span_of(open + 1, (size_t)(end - open - 1));
        if (rest.len > name.len && rest.ptr[0] == '/' &&
            span_ieq(span_of(rest.ptr + 1, name.len), name))
            return tag_end(open + 1, end);
        from = open + 1;
    }
    return span_ieq(name, SPAN("head")) ? at : end;
}

static const char *
comment_end(const char *at, const char *end)
{
    for (const char *from = at; from < end;) {
        const char *dashes = memchr(from, '-', (size_t)(end - from));
        if (dashes == NULL || end - dashes < 3)
            break;
        if (dashes[1] == '-' && dashes[2] == '>')
            return dashes + 3;
        from = dashes + 1;
    }
    return end;
}

/* At '<'. Returns where text goes on. */
static const char *
pass_tag(struct line *line, const char *at, const char *end)
{
    const char *name = at + 1;

    if (end - name >= 3 && memcmp(name, "!--", 3) == 0)
        return comment_end(name + 3, end);
    const bool closes = name < end && *name == '/';
    name += closes ? 1 : 0;
    const char *stop = name;
    while (stop < end && stop - name < TAG_NAME_MAX &&
           ((*stop >= '0' && *stop <= '9') || *stop == ':' ||
            (ascii_lower(*stop) >= 'a' && ascii_lower(*stop) <= 'z')))
        stop++;
    const bool named = stop > name && (*name < '0' || *name > '9');
    if (!named && (name == end || (*name != '!' && *name != '?'))) {
        put_char(line, '<'); /* 1 < 2 */
        return at + 1;
    }
    const struct span element = span_of(name, (size_t)(stop - name));
    if (!is_among(element, inline_elements, ARRAY_LEN(inline_elements)))
        put_char(line, ' ');
    const char *next = tag_end(stop, end);
    if (closes || (next - at > 1 && next[-2] == '/') ||
        !is_among(element, hidden_elements, ARRAY_LEN(hidden_elements)))
        return next;
    return element_end(next, end, element);
}

static void
put_html(struct line *line, struct span text)
{
    const char *const end = text.ptr + text.len;

    for (const char *at = text.ptr; at < end && !is_full(line);) {
        if (*at == '<')
            at = pass_tag(line, at, end);
        else if (*at == '&')
            put_entity(line, &at, end);
        else
            put_char(line, take_char(&at, end));
    }
}

/* ---- a part ---- */

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
    charset_open(&charset, part->charset);
    charset_put(&charset, buf_span(&octets), utf8);
    if (body.len == part->body_size)
        charset_finish(&charset, utf8);
    charset_close(&charset);
    utf8->failed |= !buf_ok(&octets);
}

void
preview_put(const struct mime_part *part, struct span body, struct buf *out)
{
    struct line line = {.out = out};
    AUTO_BUF utf8 = {0};

    buf_init(&utf8, UTF8_MAX + 4096);
    decode(part, span_head(body, LIMIT_PREVIEW_OCTETS), &utf8);
    if (!buf_ok(&utf8)) {
        out->failed = true;
        return;
    }
    if (part->media == MIME_MEDIA_TEXT_HTML) {
        put_html(&line, buf_span(&utf8));
        return;
    }
    put_plain(&line, buf_span(&utf8), QUOTES_SKIPPED);
    if (line.chars == 0)
        put_plain(&line, buf_span(&utf8), QUOTES_SHOWN);
}

/* SPDX-License-Identifier: MIT */
/*
 * A state machine after the tokenizer of HTML, without what does not matter to the text. Each
 * state has a function that is given the rest of the piece and returns how many octets it has
 * used; if none, it has changed the state.
 *
 *   TEXT --<--> OPEN --letter--> NAME --> ATTRIBUTES --name--> ATTRIBUTE --=--> EQUALS
 *                |                          ^  | >                                |
 *                |                          |  v (end_tag)                        v
 *                |                          |  TEXT, or RAW if it is hidden     VALUE
 *                |                          +-------------------------------------+
 *                +--/--> CLOSE --letter--> NAME
 *                +--!--> DECLARATION --"--"--> COMMENT
 *                +--?--> IGNORED, up to >
 *
 *   RAW --<--> RAW_OPEN --/--> RAW_NAME --its own name--> ATTRIBUTES
 *   TEXT or VALUE --&--> REFERENCE --> back
 */
#include "syntax/html_text.h"

#include <endian.h>
#include <unistr.h>

#include "base/attr.h"
#include "syntax/html_entity.h"

enum state {
    TEXT,
    REFERENCE,
    OPEN,
    CLOSE,
    DECLARATION,
    IGNORED,
    COMMENT,
    NAME,
    ATTRIBUTES,
    ATTRIBUTE,
    AFTER_ATTRIBUTE,
    EQUALS,
    VALUE,
    RAW,
    RAW_OPEN,
    RAW_NAME,
    STATES,
};

enum gap { GAP_NONE, GAP_BLANK, GAP_LINE };

enum { BANG = 3 }; /* for dashes: "--!" */

/* ---- elements ---- */

enum {
    INLINE = 1,        /* inside of a word: the text before and after is not parted */
    HIDDEN = 2,        /* its content is not shown, and not markup */
    PREVIEW_HIDES = 4, /* likewise, in a preview */
    BLANKS_COUNT = 8,
    HAS_ALT = 16,
};

enum { ELEMENT_NAME_MAX = 8 };

static const struct element {
    char name[ELEMENT_NAME_MAX]; /* without an end if it is as long as that */
    uint8_t kind;
} elements[] = {
    /* sorted */
    {"a", INLINE},
    {"abbr", INLINE},
    {"acronym", INLINE},
    {"area", HAS_ALT},
    {"b", INLINE},
    {"bdi", INLINE},
    {"bdo", INLINE},
    {"big", INLINE},
    {"cite", INLINE},
    {"code", INLINE},
    {"del", INLINE},
    {"dfn", INLINE},
    {"em", INLINE},
    {"font", INLINE},
    {"i", INLINE},
    {"iframe", HIDDEN},
    {"img", HAS_ALT},
    {"input", HAS_ALT},
    {"ins", INLINE},
    {"kbd", INLINE},
    {"label", INLINE},
    {"listing", BLANKS_COUNT},
    {"mark", INLINE},
    {"nobr", INLINE},
    {"noembed", HIDDEN},
    {"noframes", HIDDEN},
    {"o:p", INLINE},
    {"pre", BLANKS_COUNT},
    {"q", INLINE},
    {"s", INLINE},
    {"samp", INLINE},
    {"script", HIDDEN},
    {"select", PREVIEW_HIDES},
    {"small", INLINE},
    {"span", INLINE},
    {"strike", INLINE},
    {"strong", INLINE},
    {"style", HIDDEN},
    {"sub", INLINE},
    {"sup", INLINE},
    {"template", HIDDEN},
    {"textarea", BLANKS_COUNT | PREVIEW_HIDES},
    {"time", INLINE},
    {"title", HIDDEN},
    {"tt", INLINE},
    {"u", INLINE},
    {"var", INLINE},
    {"wbr", INLINE},
    {"xml", PREVIEW_HIDES},
    {"xmp", BLANKS_COUNT},
};

/* Names in the order of the alphabet are numbers in their order. */
static uint64_t
number_of(const char *name)
{
    uint64_t number;

    memcpy(&number, name, sizeof number);
    return be64toh(number);
}

static uint8_t
kind_of(const struct html_text *html)
{
    char name[ELEMENT_NAME_MAX] = {0};
    size_t from = 0;
    size_t to = ARRAY_LEN(elements);

    if (html->name_len > ELEMENT_NAME_MAX)
        return 0;
    memcpy(name, html->name, html->name_len);
    const uint64_t wanted = number_of(name);
    while (from < to) {
        const size_t middle = (from + to) / 2;
        const uint64_t number = number_of(elements[middle].name);
        if (number == wanted)
            return elements[middle].kind;
        if (number < wanted)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

static bool
hides(const struct html_text *html, uint8_t kind)
{
    return (kind & (html->use == HTML_PREVIEWED ? HIDDEN | PREVIEW_HIDES : HIDDEN)) != 0;
}

/* ---- what is shown ---- */

static void
show(struct html_text *html, struct span text, struct buf *out)
{
    if (text.len == 0)
        return;
    if (html->gap != GAP_NONE && html->has_text)
        buf_put_char(out, html->gap == GAP_LINE ? '\n' : ' ');
    html->gap = GAP_NONE;
    html->has_text = true;
    buf_put_span(out, text);
}

static void
widen(struct html_text *html, enum gap gap)
{
    if (html->gap < gap)
        html->gap = (uint8_t)gap;
}

static bool
is_blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

static void
show_blank(struct html_text *html, struct span blank, struct buf *out)
{
    if (html->in_pre)
        show(html, blank, out);
    else
        widen(html, GAP_BLANK);
}

/* Of no width, and nothing to joined letters either. */
static bool
is_nothing(uint32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x200b || c == 0x2060 || c == 0xfeff;
}

static void
show_character(struct html_text *html, uint32_t c, struct span utf8, struct buf *out)
{
    if (is_blank(c))
        show_blank(html, utf8, out);
    else if (!is_nothing(c))
        show(html, utf8, out);
}

/* 1: ASCII that is not simply shown; 2: what begins a character that may not be. */
static const uint8_t special[256] = {
    ['<'] = 1,  ['&'] = 1,  [' '] = 1,  ['\t'] = 1, ['\n'] = 1, ['\v'] = 1,
    ['\f'] = 1, ['\r'] = 1, [0xC2] = 2, [0xCD] = 2, [0xE2] = 2, [0xEF] = 2,
};

static bool
is_special(char c)
{
    return special[(unsigned char)c] != 0;
}

/* The length of what is shown as it stands: words with single blanks between them. */
static size_t
plain_length(struct span text)
{
    size_t len = 0;

    while (len < text.len) {
        if (!is_special(text.ptr[len]))
            len++;
        else if (text.ptr[len] == ' ' && len > 0 && len + 1 < text.len &&
                 !is_special(text.ptr[len + 1]))
            len += 2;
        else
            break;
    }
    return len;
}

/* The first character of the text, or all that stands before one that needs a closer look. */
static size_t
show_some(struct html_text *html, struct span rest, struct buf *out)
{
    ucs4_t c = (unsigned char)rest.ptr[0];
    const size_t plain = plain_length(rest);
    size_t len = 1;

    if (plain > 0) {
        show(html, span_head(rest, plain), out);
        return plain;
    }
    if (c >= 0x80) {
        const int octets = u8_mbtoucr(&c, (const uint8_t *)rest.ptr, rest.len);
        len = octets > 0 ? (size_t)octets : 1;
        c = octets > 0 ? c : 0;
    }
    show_character(html, c, span_head(rest, len), out);
    return len;
}

/* ---- names ---- */

static bool
is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
ends_name(char c)
{
    return is_space(c) || c == '/' || c == '>';
}

/* A name that is too long gets a length that no name has. */
static void
hold(char *held, uint8_t *len, char c)
{
    if (*len < HTML_NAME_MAX)
        held[*len] = c;
    if (*len <= HTML_NAME_MAX)
        ++*len;
}

static struct span
held_span(const struct html_text *html)
{
    return span_of(html->held, html->held_len);
}

static size_t
go(struct html_text *html, enum state state, size_t octets)
{
    html->state = (uint8_t)state;
    return octets;
}

static size_t
go_behind(struct html_text *html, enum state state, struct span rest, char c)
{
    const ptrdiff_t at = span_find_char(rest, c);

    if (at < 0)
        return rest.len;
    return go(html, state, (size_t)at + 1);
}

/* ---- text ---- */

static size_t
begin_reference(struct html_text *html, enum state back)
{
    html->back = (uint8_t)back;
    html->held_len = 0;
    return go(html, REFERENCE, 1);
}

static size_t
read_text(struct html_text *html, struct span rest, struct buf *out)
{
    if (rest.ptr[0] == '<')
        return go(html, OPEN, 1);
    if (rest.ptr[0] == '&')
        return begin_reference(html, TEXT);
    return show_some(html, rest, out);
}

/* Shows the reference that is held. Returns whether the ; behind it belongs to it. */
static bool
show_reference(struct html_text *html, bool is_closed, struct buf *out)
{
    const struct span held = span_head(held_span(html), HTML_NAME_MAX);
    struct html_entity entity;

    html->state = html->back;
    if (!html_entity_find(held, is_closed, &entity)) {
        show(html, SPAN("&"), out);
        show(html, held, out);
        return false;
    }
    uint8_t utf8[6];
    const int len = u8_uctomb(utf8, entity.character, sizeof utf8);
    if (entity.character >= ' ' && len > 0)
        show_character(html, entity.character, span_of(utf8, (size_t)len), out);
    else if (is_blank(entity.character))
        show_blank(html, SPAN(" "), out);
    show(html, span_tail(held, entity.octets), out);
    return is_closed && entity.octets == held.len;
}

static size_t
read_reference(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];
    const bool is_digit = c >= '0' && c <= '9';

    if (html->held_len < HTML_NAME_MAX &&
        (is_letter(c) || is_digit || (c == '#' && html->held_len == 0))) {
        html->held[html->held_len++] = c;
        return 1;
    }
    return show_reference(html, c == ';', out) ? 1 : 0;
}

/* ---- tags ---- */

static size_t
read_open(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];

    html->closes = html->is_empty = false;
    html->name_len = html->held_len = 0;
    if (c == '/')
        return go(html, CLOSE, 1);
    if (c == '!')
        return go(html, DECLARATION, 1);
    if (is_letter(c))
        return go(html, NAME, 0);
    if (c == '?')
        return go(html, IGNORED, 1);
    show(html, SPAN("<"), out); /* 1 < 2 */
    return go(html, TEXT, 0);
}

static size_t
read_close(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    html->closes = true;
    if (rest.ptr[0] == '>')
        return go(html, TEXT, 1);
    return go(html, is_letter(rest.ptr[0]) ? NAME : IGNORED, 0);
}

static size_t
read_declaration(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    if (rest.ptr[0] != '-')
        return go(html, IGNORED, 0);
    if (html->held_len++ == 0)
        return 1;
    html->dashes = 2; /* these may also be those of the end */
    return go(html, COMMENT, 1);
}

static size_t
read_ignored(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    return go_behind(html, TEXT, rest, '>');
}

static size_t
read_comment(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];

    (void)out;
    if (html->dashes >= 2 && c == '>')
        return go(html, TEXT, 1);
    if (c == '-')
        html->dashes = html->dashes == 1 || html->dashes == 2 ? 2 : 1;
    else
        html->dashes = html->dashes == 2 && c == '!' ? BANG : 0;
    if (html->dashes > 0)
        return 1;
    const ptrdiff_t dash = span_find_char(rest, '-');
    return dash < 0 ? rest.len : (size_t)dash;
}

static size_t
read_name(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    for (size_t i = 0; i < rest.len; i++) {
        if (ends_name(rest.ptr[i]))
            return go(html, ATTRIBUTES, i);
        hold(html->name, &html->name_len, ascii_lower(rest.ptr[i]));
    }
    return rest.len;
}

static size_t
end_tag(struct html_text *html)
{
    const uint8_t kind = kind_of(html);

    if ((kind & INLINE) == 0)
        widen(html, GAP_LINE);
    if ((kind & BLANKS_COUNT) != 0)
        html->in_pre = !html->closes;
    if (!hides(html, kind) || html->closes || html->is_empty)
        return go(html, TEXT, 1);
    return go(html, RAW, 1);
}

static size_t
read_attributes(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];

    (void)out;
    if (c == '>')
        return end_tag(html);
    if (is_space(c))
        return 1;
    html->is_empty = c == '/';
    html->held_len = 0;
    if (c == '/')
        return 1;
    hold(html->held, &html->held_len, ascii_lower(c));
    return go(html, ATTRIBUTE, 1);
}

static size_t
begin_value(struct html_text *html, size_t octets)
{
    html->is_alt = html->use == HTML_SEARCHED && !html->closes && html->held_len == 3 &&
                   memcmp(html->held, "alt", 3) == 0 && (kind_of(html) & HAS_ALT) != 0;
    return go(html, EQUALS, octets);
}

static size_t
read_attribute(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    for (size_t i = 0; i < rest.len; i++) {
        const char c = rest.ptr[i];
        if (c == '=')
            return begin_value(html, i + 1);
        if (ends_name(c))
            return go(html, is_space(c) ? AFTER_ATTRIBUTE : ATTRIBUTES, i);
        hold(html->held, &html->held_len, ascii_lower(c));
    }
    return rest.len;
}

static size_t
read_after_attribute(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    if (is_space(rest.ptr[0]))
        return 1;
    return rest.ptr[0] == '=' ? begin_value(html, 1) : go(html, ATTRIBUTES, 0);
}

static size_t
read_equals(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];

    (void)out;
    if (is_space(c))
        return 1;
    if (c == '>')
        return go(html, ATTRIBUTES, 0);
    if (html->is_alt)
        widen(html, GAP_LINE);
    html->quote = c == '"' || c == '\'' ? c : '\0';
    return go(html, VALUE, html->quote == '\0' ? 0 : 1);
}

/* The length of the value's part in rest. */
static size_t
value_length(const struct html_text *html, struct span rest)
{
    size_t len = 0;

    if (html->quote != '\0') {
        const ptrdiff_t end = span_find_char(rest, html->quote);
        return end < 0 ? rest.len : (size_t)end;
    }
    while (len < rest.len && !is_space(rest.ptr[len]) && rest.ptr[len] != '>')
        len++;
    return len;
}

static size_t
read_value(struct html_text *html, struct span rest, struct buf *out)
{
    const size_t len = value_length(html, rest);

    if (len == 0) {
        if (html->is_alt)
            widen(html, GAP_LINE);
        return go(html, ATTRIBUTES, html->quote == '\0' ? 0 : 1);
    }
    if (!html->is_alt)
        return len;
    if (rest.ptr[0] == '&')
        return begin_reference(html, VALUE);
    if (rest.ptr[0] == '<') {
        show(html, SPAN("<"), out);
        return 1;
    }
    return show_some(html, span_head(rest, len), out);
}

/* ---- the content of hidden elements ---- */

static size_t
read_raw(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    return go_behind(html, RAW_OPEN, rest, '<');
}

static size_t
read_raw_open(struct html_text *html, struct span rest, struct buf *out)
{
    (void)out;
    html->held_len = 0;
    return rest.ptr[0] == '/' ? go(html, RAW_NAME, 1) : go(html, RAW, 0);
}

static size_t
read_raw_name(struct html_text *html, struct span rest, struct buf *out)
{
    const char c = rest.ptr[0];

    (void)out;
    if (is_letter(c)) {
        hold(html->held, &html->held_len, ascii_lower(c));
        return 1;
    }
    if (!ends_name(c) || html->held_len != html->name_len ||
        memcmp(html->held, html->name, html->name_len) != 0)
        return go(html, RAW, 0);
    html->closes = true;
    return go(html, ATTRIBUTES, 0);
}

/* ---- all of it ---- */

void
html_text_init(struct html_text *html, enum html_use use)
{
    *html = (struct html_text){.use = use, .state = TEXT, .gap = GAP_NONE};
}

void
html_text_put(struct html_text *html, struct span utf8, struct buf *out)
{
    static size_t (*const readers[STATES])(struct html_text *, struct span, struct buf *) = {
        [TEXT] = read_text,
        [REFERENCE] = read_reference,
        [OPEN] = read_open,
        [CLOSE] = read_close,
        [DECLARATION] = read_declaration,
        [IGNORED] = read_ignored,
        [COMMENT] = read_comment,
        [NAME] = read_name,
        [ATTRIBUTES] = read_attributes,
        [ATTRIBUTE] = read_attribute,
        [AFTER_ATTRIBUTE] = read_after_attribute,
        [EQUALS] = read_equals,
        [VALUE] = read_value,
        [RAW] = read_raw,
        [RAW_OPEN] = read_raw_open,
        [RAW_NAME] = read_raw_name,
    };

    while (utf8.len > 0)
        utf8 = span_tail(utf8, readers[html->state](html, utf8, out));
}

void
html_text_finish(struct html_text *html, struct buf *out)
{
    if (html->state == REFERENCE)
        (void)show_reference(html, false, out);
    else if (html->state == OPEN)
        show(html, SPAN("<"), out);
    else if (html->state == CLOSE)
        show(html, SPAN("</"), out);
    html->state = TEXT;
}

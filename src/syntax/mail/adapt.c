/* SPDX-License-Identifier: MIT */
/*
 * One walk along the grammar of RFC 3501 section 9, a function a rule. What needs no change is
 * copied in long pieces (rendered.h). Our own writers put a value into a literal only if it has
 * 8-bit octets, so literals are what has to be looked at.
 */
#include "syntax/mail/adapt.h"

#include <unistr.h>

#include "base/limits.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/mime_put.h"
#include "syntax/mail/rendered.h"

struct walk {
    struct rendered r;
    unsigned adapt;
    struct buf utf8; /* scratch: a value out of several */
    struct buf ascii;
};

enum { SCRATCH_MAX = 4 * LIMIT_ADAPTED };

/* ---- words ---- */

/* A word that was passed. */
struct word {
    const char *at;
    struct span text; /* of a literal; of a quoted string with its backslashes; else empty */
    bool is_nil;
    bool is_utf8; /* not ASCII, and to be replaced */
};

static bool
is_ascii(struct span text)
{
    unsigned char octets = 0;

    for (size_t i = 0; i < text.len; i++)
        octets |= (unsigned char)text.ptr[i];
    return octets < 0x80;
}

static bool
is_utf8(struct span text)
{
    return !is_ascii(text) && u8_check((const uint8_t *)text.ptr, text.len) == NULL;
}

static bool
take_word(struct walk *w, struct word *out)
{
    const char *const at = w->r.p;

    if (!rendered_word(&w->r))
        return false;
    struct word word = {.at = at, .text = SPAN("")};
    if (*at == '{') {
        const char *const text = (const char *)memchr(at, '\n', (size_t)(w->r.p - at)) + 1;
        word.text = span_of(text, (size_t)(w->r.p - text));
        word.is_utf8 = (w->adapt & ADAPT_TO_ASCII) != 0 && is_utf8(word.text);
    } else if (*at == '"') {
        word.text = span_of(at + 1, (size_t)(w->r.p - at) - 2);
    } else {
        word.is_nil = *at == 'N';
    }
    *out = word;
    return true;
}

/* Appends what a word says to w->utf8. */
static void
gather(struct walk *w, const struct word *word)
{
    if (*word->at != '"') {
        buf_put_span(&w->utf8, word->text);
        return;
    }
    for (size_t i = 0; i < word->text.len; i++) {
        if (word->text.ptr[i] == '\\')
            i++;
        buf_put_char(&w->utf8, word->text.ptr[i]);
    }
}

/* Writes w->utf8 as a string of encoded words. */
static void
put_encoded(struct walk *w)
{
    buf_clear(&w->ascii);
    encoded_word_put(&w->ascii, buf_span(&w->utf8));
    w->r.out->failed |= !buf_ok(&w->utf8) || !buf_ok(&w->ascii);
    mime_put_string(w->r.out, buf_span(&w->ascii), MIME_AS_IS, buf_len(&w->ascii));
}

static void
encode(struct walk *w, const struct word *word)
{
    buf_clear(&w->utf8);
    gather(w, word);
    put_encoded(w);
}

/* A text for people. */
static bool
text(struct walk *w)
{
    struct word word;

    if (!take_word(w, &word))
        return false;
    if (word.is_utf8) {
        rendered_cut(&w->r, word.at);
        encode(w, &word);
    }
    return true;
}

/* What only programs read; in other letters it would be something else. */
static bool
id(struct walk *w)
{
    struct word word;

    if (!take_word(w, &word))
        return false;
    if (word.is_utf8) {
        rendered_cut(&w->r, word.at);
        buf_put_lit(w->r.out, "NIL");
    }
    return true;
}

static bool
space_and(struct walk *w, bool (*rule)(struct walk *w))
{
    return rendered_take(&w->r, ' ') && rule(w);
}

/* ---- ENVELOPE ---- */

/* The name of an address that cannot be shown: all of it, for people (RFC 6858 section 2.1). */
static void
put_surrogate(struct walk *w, const struct word *name, const struct word *mailbox,
              const struct word *host)
{
    const bool has_name = !name->is_nil && name->text.len > 0;

    buf_clear(&w->utf8);
    if (has_name) {
        gather(w, name);
        buf_put_lit(&w->utf8, " <");
    }
    gather(w, mailbox);
    buf_put_char(&w->utf8, '@');
    gather(w, host);
    if (has_name)
        buf_put_char(&w->utf8, '>');
    buf_put_char(w->r.out, '(');
    put_encoded(w);
    buf_put_lit(w->r.out, " NIL \"invalid\" \"internationalized-address.invalid\")");
}

static bool
address(struct walk *w)
{
    enum { NAME, ROUTE, MAILBOX, HOST, MEMBERS };
    const char *const at = w->r.p;
    struct word words[MEMBERS];

    if (!rendered_take(&w->r, '('))
        return false;
    for (unsigned i = 0; i < MEMBERS; i++)
        if ((i > 0 && !rendered_take(&w->r, ' ')) || !take_word(w, &words[i]))
            return false;
    if (!rendered_take(&w->r, ')'))
        return false;
    const bool is_group = words[HOST].is_nil; /* and its name is in the mailbox */
    if (!is_group && (words[ROUTE].is_utf8 || words[MAILBOX].is_utf8 || words[HOST].is_utf8)) {
        rendered_cut(&w->r, at);
        put_surrogate(w, &words[NAME], &words[MAILBOX], &words[HOST]);
        return true;
    }
    const unsigned member = is_group ? MAILBOX : NAME;
    if (words[member].is_utf8) {
        const char *const past = w->r.p;
        w->r.p = words[member + 1].at - 1; /* the blank before it */
        rendered_cut(&w->r, words[member].at);
        encode(w, &words[member]);
        w->r.p = past;
    }
    return true;
}

static bool
addresses(struct walk *w)
{
    if (!rendered_take(&w->r, '('))
        return rendered_word(&w->r); /* NIL */
    while (rendered_next_is(&w->r, '('))
        if (!address(w))
            return false;
    return rendered_take(&w->r, ')');
}

static bool
envelope(struct walk *w)
{
    enum { ADDRESS_LISTS = 6 };

    if (!rendered_take(&w->r, '(') || !text(w) || !space_and(w, text))
        return false;
    for (unsigned i = 0; i < ADDRESS_LISTS; i++)
        if (!space_and(w, addresses))
            return false;
    return space_and(w, id) && space_and(w, id) && rendered_take(&w->r, ')');
}

/* ---- BODYSTRUCTURE ---- */

/* attribute-char of RFC 2231 section 7 */
static bool
needs_no_percent(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

/* A name of a parameter ends with a star if its value has a charset and percent signs. */
static bool
is_starred(const struct word *name)
{
    return name->text.len > 0 && name->text.ptr[name->text.len - 1] == '*';
}

/* "filename*" "utf-8''J%C3%B6rg.txt" */
static void
put_percent(struct walk *w, const struct word *name, const struct word *value)
{
    static const char digits[] = "0123456789ABCDEF";
    const bool is_begun = is_starred(name); /* somebody has done half of the work */
    struct buf *ascii = &w->ascii;

    buf_clear(ascii);
    if (!is_begun)
        buf_put_lit(ascii, "utf-8''");
    for (size_t i = 0; i < value->text.len; i++) {
        const unsigned char octet = (unsigned char)value->text.ptr[i];
        if (is_begun ? octet < 0x80 : needs_no_percent((char)octet)) {
            buf_put_char(ascii, (char)octet);
            continue;
        }
        buf_put_char(ascii, '%');
        buf_put_char(ascii, digits[octet >> 4]);
        buf_put_char(ascii, digits[octet & 15]);
    }
    w->r.out->failed |= !buf_ok(ascii);
    buf_put_char(w->r.out, '"');
    buf_put_span(w->r.out, name->text);
    buf_put_str(w->r.out, is_begun ? "\" " : "*\" ");
    mime_put_string(w->r.out, buf_span(ascii), MIME_AS_IS, buf_len(ascii));
}

/* Whether the list has the parameter in the form with a charset as well. */
static bool
has_starred(struct walk *w, const char *list, const struct word *name)
{
    struct walk look = {.r = {.p = list, .end = w->r.end}};
    struct word other;

    do {
        if (!take_word(&look, &other) || !rendered_take(&look.r, ' ') ||
            !rendered_word(&look.r))
            return false;
        if (is_starred(&other) && other.text.len == name->text.len + 1 &&
            span_istarts(other.text, name->text))
            return true;
    } while (rendered_take(&look.r, ' '));
    return false;
}

static bool
params(struct walk *w)
{
    if (!rendered_take(&w->r, '('))
        return rendered_word(&w->r); /* NIL */
    const char *const list = w->r.p;
    do {
        struct word name;
        struct word value;
        if (!take_word(w, &name))
            return false;
        if (name.is_utf8) {
            rendered_cut(&w->r, name.at);
            encode(w, &name);
        }
        if (!rendered_take(&w->r, ' ') || !take_word(w, &value))
            return false;
        if (!value.is_utf8)
            continue;
        const bool is_only =
            *name.at == '"' && (is_starred(&name) || !has_starred(w, list, &name));
        rendered_cut(&w->r, is_only ? name.at : value.at);
        if (is_only)
            put_percent(w, &name, &value);
        else /* for clients that look for this form alone */
            encode(w, &value);
    } while (rendered_take(&w->r, ' '));
    return rendered_take(&w->r, ')');
}

/* ("attachment" ("filename" "x")) */
static bool
disposition(struct walk *w)
{
    if (!rendered_take(&w->r, '('))
        return rendered_word(&w->r); /* NIL */
    return text(w) && space_and(w, params) && rendered_take(&w->r, ')');
}

/* A string or a list of strings. */
static bool
languages(struct walk *w)
{
    if (!rendered_take(&w->r, '('))
        return text(w);
    do {
        if (!text(w))
            return false;
    } while (rendered_take(&w->r, ' '));
    return rendered_take(&w->r, ')');
}

/* disposition SP language SP location */
static bool
extension_end(struct walk *w)
{
    return space_and(w, disposition) && space_and(w, languages) && space_and(w, text);
}

static bool body(struct walk *w);

static bool
multipart(struct walk *w)
{
    while (rendered_next_is(&w->r, '('))
        if (!body(w))
            return false;
    if (!space_and(w, text))
        return false;
    return rendered_next_is(&w->r, ')') || (space_and(w, params) && extension_end(w));
}

/* SP envelope SP body SP lines: what message/rfc822 and message/global show of themselves. */
static bool
message(struct walk *w)
{
    return space_and(w, envelope) && space_and(w, body) && rendered_values(&w->r, 1);
}

static bool
global(struct walk *w)
{
    const char *const at = w->r.p;
    const bool is_open = w->r.end - at > 1 && at[0] == ' ' && at[1] == '(';

    if (is_open && (w->adapt & ADAPT_GLOBAL_CLOSED) != 0) {
        if (!rendered_values(&w->r, 3))
            return false;
        rendered_cut(&w->r, at);
        return true;
    }
    if (is_open)
        return message(w);
    if ((w->adapt & ADAPT_GLOBAL_OPEN) != 0) {
        const bool has_extension = rendered_next_is(&w->r, ' ');
        rendered_cut(&w->r, at);
        buf_put_lit(w->r.out, " (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" "
                              "(\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0");
        buf_put_str(w->r.out, has_extension ? " NIL NIL NIL NIL) 0" : ") 0");
    }
    return true;
}

static bool
single(struct walk *w)
{
    const struct span type = span_of(w->r.p, (size_t)(w->r.end - w->r.p));
    const bool is_text = span_starts(type, SPAN("\"text\" "));
    const bool is_rfc822 = span_starts(type, SPAN("\"message\" \"rfc822\" "));
    const bool is_global = span_starts(type, SPAN("\"message\" \"global\" "));

    /* type, subtype, parameters, id, description, encoding, octets */
    if (!text(w) || !space_and(w, text) || !space_and(w, params) || !space_and(w, id) ||
        !space_and(w, text) || !space_and(w, text) || !rendered_values(&w->r, 1))
        return false;
    if ((is_text && !rendered_values(&w->r, 1)) || (is_rfc822 && !message(w)) ||
        (is_global && !global(w)))
        return false;
    /* md5 and the rest; BODY ends here */
    return rendered_next_is(&w->r, ')') || (space_and(w, text) && extension_end(w));
}

static bool
body(struct walk *w)
{
    const bool ok = rendered_take(&w->r, '(') && ++w->r.depth <= LIMIT_MIME_DEPTH &&
                    (rendered_next_is(&w->r, '(') ? multipart(w) : single(w)) &&
                    rendered_take(&w->r, ')');

    w->r.depth--;
    return ok;
}

/* ---- the whole ---- */

/* What is done to a text of this size. */
static unsigned
within_limit(struct span stored, unsigned how)
{
    return stored.len > LIMIT_ADAPTED ? how & ~(unsigned)ADAPT_TO_ASCII : how;
}

bool
adapt_is_due(struct span stored, unsigned how)
{
    const unsigned adapt = within_limit(stored, how);

    if ((adapt & (ADAPT_GLOBAL_CLOSED | ADAPT_GLOBAL_OPEN)) != 0 &&
        span_find(stored, SPAN("\"message\" \"global\" ")) >= 0)
        return true;
    return (adapt & ADAPT_TO_ASCII) != 0 && !is_ascii(stored);
}

static enum rc
adapt(struct buf *out, struct span stored, unsigned how, bool (*rule)(struct walk *w))
{
    const size_t before = buf_len(out);
    struct walk w = {.r = rendered_begin(stored, out), .adapt = within_limit(stored, how)};

    buf_init(&w.utf8, SCRATCH_MAX);
    buf_init(&w.ascii, SCRATCH_MAX);
    const bool ok = rule(&w) && w.r.p == w.r.end;
    if (ok)
        rendered_cut(&w.r, w.r.end);
    else
        buf_truncate(out, before);
    buf_done(&w.utf8);
    buf_done(&w.ascii);
    return ok ? RC_OK : RC_CORRUPT;
}

enum rc
adapt_envelope(struct buf *out, struct span stored, unsigned how)
{
    return adapt(out, stored, how, envelope);
}

enum rc
adapt_body(struct buf *out, struct span stored, unsigned how)
{
    return adapt(out, stored, how, body);
}

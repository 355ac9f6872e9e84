/* SPDX-License-Identifier: MIT */
/*
 * Tokens point into the text wherever they can; only quoted strings with escapes are copied.
 * Every function looks at an octet a bounded number of times.
 */
#include "syntax/imap/lexer.h"

#include <stdalign.h>

#include "base/limits.h"

enum { ASTRING_CHARS = CHAR_ATOM | CHAR_CLOSE_BRACKET | CHAR_8BIT };

bool
lex_bad(struct imap_lexer *lx, const char *sentence)
{
    if (lx->bad == NULL) {
        lx->bad = sentence;
        lx->rc = RC_INVALID;
    }
    return false;
}

bool
lex_limit(struct imap_lexer *lx, const char *sentence)
{
    if (lx->bad == NULL) {
        lx->bad = sentence;
        lx->rc = RC_LIMIT;
    }
    return false;
}

void *
lex_alloc(struct imap_lexer *lx, size_t octets)
{
    void *memory = arena_alloc(lx->arena, octets, alignof(max_align_t));

    if (memory == NULL)
        (void)lex_limit(lx, "The command needs too much memory");
    return memory;
}

void *
lex_grow(struct imap_lexer *lx, void *array, size_t count, size_t size)
{
    enum { FIRST = 8 };
    const bool full = count == 0 || (count >= FIRST && (count & (count - 1)) == 0);

    if (!full)
        return array;
    void *larger = lex_alloc(lx, (count == 0 ? FIRST : 2 * count) * size);
    if (larger != NULL && count > 0)
        memcpy(larger, array, count * size);
    return larger;
}

bool
lex_need(struct imap_lexer *lx, char c, const char *sentence)
{
    return lex_take(lx, c) || lex_bad(lx, sentence);
}

bool
lex_more(struct imap_lexer *lx)
{
    const char *p = lx->at;

    while (p < lx->end && *p == ' ')
        p++;
    return p < lx->end && lex_take(lx, ' ');
}

struct span
lex_run(struct imap_lexer *lx, unsigned classes)
{
    const char *start = lx->at;

    while (lx->at < lx->end && imap_char_is(*lx->at, classes))
        lx->at++;
    return span_of(start, (size_t)(lx->at - start));
}

bool
lex_take_word(struct imap_lexer *lx, struct span word)
{
    const struct span rest = span_of(lx->at, (size_t)(lx->end - lx->at));

    if (!span_istarts(rest, word))
        return false;
    if (rest.len > word.len && imap_char_is(rest.ptr[word.len], CHAR_ATOM))
        return false;
    lx->at += word.len;
    return true;
}

/* --- Strings --- */

bool
lex_atom(struct imap_lexer *lx, struct span *atom_out, const char *sentence)
{
    const struct span atom = lex_run(lx, CHAR_ATOM);

    if (atom.len == 0)
        return lex_bad(lx, sentence);
    *atom_out = atom;
    return true;
}

/** text without the backslashes that escape. */
static bool
unescape(struct imap_lexer *lx, struct span text, struct span *s_out)
{
    char *copy = arena_alloc(lx->arena, text.len, 1);
    size_t len = 0;

    if (copy == NULL)
        return lex_limit(lx, "The command needs too much memory");
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            i++; /* lex_quoted has seen that an octet follows */
        copy[len++] = text.ptr[i];
    }
    *s_out = span_of(copy, len);
    return true;
}

/** After the opening quote. */
static bool
lex_quoted(struct imap_lexer *lx, struct span *s_out)
{
    const char *start = lx->at;
    bool escapes = false;

    for (; lx->at < lx->end && *lx->at != '"'; lx->at++) {
        if (imap_char_is(*lx->at, CHAR_LITERAL_ONLY))
            return lex_bad(lx, "A quoted string cannot contain CR, LF or NUL");
        if (*lx->at != '\\')
            continue;
        escapes = true;
        lx->at++;
        if (lx->at == lx->end || !imap_char_is(*lx->at, CHAR_ESCAPE))
            return lex_bad(lx, "In a quoted string a backslash stands before \" or \\ only");
    }
    const struct span text = span_of(start, (size_t)(lx->at - start));
    if (!lex_take(lx, '"'))
        return lex_bad(lx, "Missing closing quote");
    if (lx->wire == MBOX_WIRE_UTF8 && !utf8_is_valid(text))
        return lex_bad(lx, "A quoted string must be UTF-8"); /* RFC 9755 section 3 */
    if (escapes)
        return unescape(lx, text, s_out);
    *s_out = text;
    return true;
}

/** The octets after the header of a literal, or the mark that the framer left for them. */
static bool
literal_body(struct imap_lexer *lx, uint64_t octets, struct imap_lex_literal *literal_out)
{
    struct imap_lex_literal literal = {.octets = octets};
    const struct span rest = span_of(lx->at, (size_t)(lx->end - lx->at));

    if (span_starts(rest, SPAN("\0\n"))) {
        literal.is_spooled = true;
        literal.spool = lx->spools++;
        lx->at += 2;
    } else if (span_starts(rest, SPAN("\r\n")) && rest.len - 2 >= octets) {
        literal.inline_octets = span_of(rest.ptr + 2, (size_t)octets);
        lx->at += 2 + octets;
    } else {
        return lex_bad(lx, "A literal's length must end its line");
    }
    *literal_out = literal;
    return true;
}

bool
lex_literal(struct imap_lexer *lx, struct imap_lex_literal *literal_out, const char *sentence)
{
    const bool literal8 = lex_take(lx, '~');
    uint64_t octets;

    if (!lex_take(lx, '{'))
        return lex_bad(lx, sentence);
    if (!lex_number(lx, 0, IMAP_NUMBER64_MAX, &octets, "A literal needs a length"))
        return false;
    if (!lex_take(lx, '+'))
        (void)lex_take(lx, '-');
    if (!lex_need(lx, '}', "Missing closing brace of a literal") ||
        !literal_body(lx, octets, literal_out))
        return false;
    literal_out->literal8 = literal8;
    return true;
}

/** A literal where only a short string makes sense. */
static bool
literal_string(struct imap_lexer *lx, struct span *s_out, const char *sentence)
{
    struct imap_lex_literal literal;

    if (!lex_literal(lx, &literal, sentence))
        return false;
    if (literal.is_spooled)
        return lex_bad(lx, "Only APPEND takes a message as its literal");
    if (span_find_char(literal.inline_octets, '\0') >= 0)
        return lex_bad(lx, "A string cannot contain NUL");
    *s_out = literal.inline_octets;
    return true;
}

bool
lex_string(struct imap_lexer *lx, struct span *s_out, const char *sentence)
{
    if (lex_take(lx, '"'))
        return lex_quoted(lx, s_out);
    return literal_string(lx, s_out, sentence);
}

bool
lex_astring(struct imap_lexer *lx, struct span *s_out, const char *sentence)
{
    const struct span atom = lex_run(lx, ASTRING_CHARS);

    if (atom.len == 0 || (atom.len == 1 && atom.ptr[0] == '~' && lex_peek(lx) == '{')) {
        lx->at -= atom.len;
        return lex_string(lx, s_out, sentence);
    }
    *s_out = atom;
    return true;
}

bool
lex_nstring(struct imap_lexer *lx, struct span *s_out, const char *sentence)
{
    if (lex_take_word(lx, SPAN("NIL"))) {
        *s_out = (struct span){NULL, 0};
        return true;
    }
    return lex_string(lx, s_out, sentence);
}

/* --- Numbers --- */

bool
lex_number(struct imap_lexer *lx, uint64_t min, uint64_t max, uint64_t *number_out,
           const char *sentence)
{
    const struct span digits = lex_run(lx, CHAR_DIGIT);
    uint64_t number;

    if (digits.len == 0)
        return lex_bad(lx, sentence);
    if (!span_to_u64(digits, max, &number) || number < min)
        return lex_bad(lx, min > 0 && span_to_u64(digits, 0, &number)
                               ? "A number must not be zero here"
                               : "A number is out of range");
    *number_out = number;
    return true;
}

bool
lex_nz32(struct imap_lexer *lx, uint32_t *number_out, const char *sentence)
{
    uint64_t number;

    if (!lex_number(lx, 1, UINT32_MAX, &number, sentence))
        return false;
    *number_out = (uint32_t)number;
    return true;
}

static bool
is_set_char(char c)
{
    return imap_char_is(c, CHAR_DIGIT) || c == ':' || c == ',' || c == '*';
}

bool
lex_set(struct imap_lexer *lx, struct numset *set_out, const char *sentence)
{
    const char *start = lx->at;

    while (lx->at < lx->end && is_set_char(*lx->at))
        lx->at++;
    if (lx->at == start)
        return lex_bad(lx, sentence);
    const struct span text = span_of(start, (size_t)(lx->at - start));
    switch (numset_parse(text, lx->arena, set_out)) {
    case RC_OK:
        return true;
    case RC_LIMIT:
        return lex_limit(lx, "Too many members in a message set");
    default:
        return lex_bad(lx,
                       "Not a message set: numbers from 1 to 4294967295, *, ranges, commas");
    }
}

bool
lex_msgs(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_msgs *msgs_out)
{
    struct imap_msgs msgs = {.kind = kind};
    struct numset *set = kind == IMAP_MSGS_UID ? &msgs.uid.set : &msgs.seq.set;

    if (lex_take(lx, '$'))
        msgs.kind = IMAP_MSGS_SAVED;
    else if (!lex_set(lx, set, "A message set is missing"))
        return false;
    *msgs_out = msgs;
    return true;
}

/* --- Mailboxes, flags, words of tables --- */

bool
lex_mailbox(struct imap_lexer *lx, struct mbox_arg *arg_out, const char *sentence)
{
    struct span wire;

    if (!lex_astring(lx, &wire, sentence))
        return false;
    if (mbox_name_from_wire(wire, lx->wire, lx->arena, arg_out) != RC_OK)
        return lex_limit(lx, "The command needs too much memory");
    return true;
}

static bool
add_keyword(struct imap_lexer *lx, struct span keyword, struct imap_flag_list *list,
            struct span **keywords)
{
    if (keyword.len > LIMIT_KEYWORD_OCTETS)
        return lex_limit(lx, "A keyword is too long");
    *keywords = lex_grow(lx, *keywords, list->keyword_count, sizeof **keywords);
    if (*keywords == NULL)
        return false;
    (*keywords)[list->keyword_count++] = keyword;
    list->keywords = *keywords;
    return true;
}

static bool
lex_flag(struct imap_lexer *lx, struct imap_flag_list *list, struct span **keywords)
{
    const char *start = lx->at;
    const bool is_system = lex_take(lx, '\\');
    struct span atom;

    if (!lex_atom(lx, &atom, "A flag is missing"))
        return false;
    if (!is_system)
        return add_keyword(lx, atom, list, keywords);
    const unsigned flag = imap_flag_of_name(span_of(start, atom.len + 1));
    if (flag == IMAP_FLAG_RECENT)
        return lex_bad(lx, "\\Recent is the server's to set");
    if (flag == 0)
        return lex_bad(lx, "Unknown system flag");
    list->flags |= flag;
    return true;
}

bool
lex_bare_flags(struct imap_lexer *lx, struct imap_flag_list *list_out)
{
    struct imap_flag_list list = {0};
    struct span *keywords = NULL;

    do {
        if (!lex_flag(lx, &list, &keywords))
            return false;
    } while (lex_more(lx));
    *list_out = list;
    return true;
}

bool
lex_flag_list(struct imap_lexer *lx, struct imap_flag_list *list_out)
{
    struct imap_flag_list list = {0};
    struct span *keywords = NULL;

    if (!lex_need(lx, '(', "A flag list is missing"))
        return false;
    if (!lex_take(lx, ')')) {
        do {
            if (!lex_flag(lx, &list, &keywords))
                return false;
        } while (lex_take(lx, ' '));
        if (!lex_need(lx, ')', "Missing closing parenthesis of a flag list"))
            return false;
    }
    *list_out = list;
    return true;
}

bool
lex_word_list(struct imap_lexer *lx, const struct lex_word *words, size_t count,
              unsigned *values_out, const char *sentence)
{
    unsigned values = 0;

    if (!lex_take(lx, '('))
        return lex_bad(lx, sentence);
    if (!lex_take(lx, ')')) {
        do {
            size_t i = 0;
            while (i < count && !lex_take_word(lx, words[i].word))
                i++;
            if (i == count)
                return lex_bad(lx, sentence);
            values |= words[i].value;
        } while (lex_take(lx, ' '));
        if (!lex_need(lx, ')', "Missing closing parenthesis"))
            return false;
    }
    *values_out = values;
    return true;
}

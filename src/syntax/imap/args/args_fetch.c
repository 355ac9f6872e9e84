/* SPDX-License-Identifier: MIT */
/*
 * Arguments of FETCH: items, sections, partials, macros and modifiers. The label of each item's
 * answer is made here, once, so that the front door copies it for every message.
 */
#include "base/limits.h"
#include "syntax/imap/args.h"
#include "syntax/imap/put.h"

/* --- Items --- */

enum shape {
    SHAPE_PLAIN,   /* a word */
    SHAPE_BODY,    /* BODY, or BODY[section]<partial> */
    SHAPE_SECTION, /* [section]<partial> */
    SHAPE_BINARY,  /* [part]<partial> */
    SHAPE_SIZE,    /* [part] */
    SHAPE_PREVIEW, /* a word, and perhaps (LAZY) */
};

/* What may be asked for. The response says `label`, which is not always the word (PEEK). */
static const struct item_row {
    struct span word;
    struct span label;
    enum imap_fetch_kind kind;
    enum shape shape;
    bool marks_seen;
    enum imap_section_text text; /* the section that an RFC822 item stands for */
} item_rows[] = {
#define PLAIN(word, kind)                                                                      \
    {                                                                                          \
        SPAN_INIT(word), SPAN_INIT(word), kind, SHAPE_PLAIN, false, SECTION_WHOLE              \
    }
    PLAIN("UID", FETCH_UID),
    PLAIN("FLAGS", FETCH_FLAGS),
    PLAIN("INTERNALDATE", FETCH_INTERNALDATE),
    PLAIN("ENVELOPE", FETCH_ENVELOPE),
    PLAIN("RFC822.SIZE", FETCH_RFC822_SIZE),
    PLAIN("BODYSTRUCTURE", FETCH_BODYSTRUCTURE),
    PLAIN("MODSEQ", FETCH_MODSEQ),
    PLAIN("SAVEDATE", FETCH_SAVEDATE),
    PLAIN("EMAILID", FETCH_EMAILID),
    PLAIN("THREADID", FETCH_THREADID),
#undef PLAIN
    {SPAN_INIT("BODY"), SPAN_INIT("BODY"), FETCH_BODY, SHAPE_BODY, true, SECTION_WHOLE},
    {SPAN_INIT("BODY.PEEK"), SPAN_INIT("BODY"), FETCH_SECTION, SHAPE_SECTION, false,
     SECTION_WHOLE},
    {SPAN_INIT("RFC822"), SPAN_INIT("RFC822"), FETCH_RFC822, SHAPE_PLAIN, true, SECTION_WHOLE},
    {SPAN_INIT("RFC822.HEADER"), SPAN_INIT("RFC822.HEADER"), FETCH_RFC822_HEADER, SHAPE_PLAIN,
     false, SECTION_HEADER},
    {SPAN_INIT("RFC822.TEXT"), SPAN_INIT("RFC822.TEXT"), FETCH_RFC822_TEXT, SHAPE_PLAIN, true,
     SECTION_TEXT},
    {SPAN_INIT("PREVIEW"), SPAN_INIT("PREVIEW"), FETCH_PREVIEW, SHAPE_PREVIEW, false,
     SECTION_WHOLE},
    {SPAN_INIT("BINARY"), SPAN_INIT("BINARY"), FETCH_BINARY, SHAPE_BINARY, true, SECTION_WHOLE},
    {SPAN_INIT("BINARY.PEEK"), SPAN_INIT("BINARY"), FETCH_BINARY, SHAPE_BINARY, false,
     SECTION_WHOLE},
    {SPAN_INIT("BINARY.SIZE"), SPAN_INIT("BINARY.SIZE"), FETCH_BINARY_SIZE, SHAPE_SIZE, false,
     SECTION_WHOLE},
};

/* RFC 3501 section 6.4.5. */
static const struct {
    struct span word;
    unsigned kinds;
} macros[] = {
#define BASIC (1u << FETCH_FLAGS | 1u << FETCH_INTERNALDATE | 1u << FETCH_RFC822_SIZE)
    {SPAN_INIT("FAST"), BASIC},
    {SPAN_INIT("ALL"), BASIC | 1u << FETCH_ENVELOPE},
    {SPAN_INIT("FULL"), BASIC | 1u << FETCH_ENVELOPE | 1u << FETCH_BODY},
#undef BASIC
};

/** The items being collected. all[0] stays free for the UID that UID FETCH adds. */
struct items {
    struct imap_fetch_item *all;
    size_t count; /* with the free one */
    unsigned kinds;
    bool marks_seen;
};

static const struct item_row *
find_row(enum imap_fetch_kind kind)
{
    const struct item_row *row = item_rows;

    while (row->kind != kind)
        row++;
    return row;
}

static struct imap_fetch_item
plain_item(enum imap_fetch_kind kind)
{
    const struct item_row *row = find_row(kind);

    return (struct imap_fetch_item){
        .kind = kind,
        .marks_seen = row->marks_seen && kind != FETCH_BODY,
        .section = {.text = row->text},
        .label = row->label,
    };
}

static bool
is_section(enum imap_fetch_kind kind)
{
    return kind == FETCH_SECTION || kind == FETCH_BINARY || kind == FETCH_BINARY_SIZE;
}

/** Adds an item, unless it is a plain one that is there already. */
static bool
add_item(struct imap_lexer *lx, struct items *items, struct imap_fetch_item item)
{
    if ((items->kinds & 1u << item.kind) && !is_section(item.kind))
        return true;
    if (items->count > LIMIT_FETCH_ITEMS)
        return lex_limit(lx, "Too many FETCH items");
    items->all = lex_grow(lx, items->all, items->count, sizeof *items->all);
    if (items->all == NULL)
        return false;
    items->all[items->count++] = item;
    items->kinds |= 1u << item.kind;
    items->marks_seen = items->marks_seen || item.marks_seen;
    return true;
}

/* --- Sections: BODY[1.2.HEADER.FIELDS (From To)]<0.100> --- */

static const struct lex_word section_texts[] = {
    {SPAN_INIT("HEADER.FIELDS.NOT"), SECTION_HEADER_FIELDS_NOT},
    {SPAN_INIT("HEADER.FIELDS"), SECTION_HEADER_FIELDS},
    {SPAN_INIT("HEADER"), SECTION_HEADER},
    {SPAN_INIT("TEXT"), SECTION_TEXT},
    {SPAN_INIT("MIME"), SECTION_MIME},
};

/** section-part = nz-number *("." nz-number); stops after the dot before a word. */
static bool
section_part(struct imap_lexer *lx, struct imap_section *section, bool *word_follows_out)
{
    uint32_t *part = NULL;
    bool dot = false;

    do {
        if (section->depth == LIMIT_SECTION_DEPTH)
            return lex_limit(lx, "Too many levels in a section");
        part = lex_grow(lx, part, section->depth, sizeof *part);
        if (part == NULL || !lex_nz32(lx, &part[section->depth], "A part number is missing"))
            return false;
        section->depth++;
        dot = lex_take(lx, '.');
    } while (dot && lex_peek(lx) >= '0' && lex_peek(lx) <= '9');
    section->part = part;
    *word_follows_out = dot;
    return true;
}

/** Printable ASCII, so that labels never need a literal. Blanks, colons, nothing at all: legal
 *  (header-fld-name = astring), and no field has such a name. */
static bool
is_field_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < ' ' || name.ptr[i] > '~')
            return false;
    return true;
}

/** SP "(" astring *(SP astring) ")". */
static bool
section_fields(struct imap_lexer *lx, struct imap_section *section)
{
    struct span *fields = NULL;

    if (!lex_need(lx, ' ', "HEADER.FIELDS needs a list of names") ||
        !lex_need(lx, '(', "HEADER.FIELDS needs a list of names"))
        return false;
    do {
        if (section->field_count == LIMIT_HEADER_FIELDS)
            return lex_limit(lx, "Too many names in HEADER.FIELDS");
        fields = lex_grow(lx, fields, section->field_count, sizeof *fields);
        if (fields == NULL ||
            !lex_astring(lx, &fields[section->field_count], "A header field name is missing"))
            return false;
        if (!is_field_name(fields[section->field_count]))
            return lex_bad(lx, "Not a header field name");
        section->field_count++;
    } while (lex_take(lx, ' '));
    section->fields = fields;
    return lex_need(lx, ')', "Missing closing parenthesis after header field names");
}

static bool
section_text(struct imap_lexer *lx, struct imap_section *section)
{
    for (size_t i = 0; i < ARRAY_LEN(section_texts); i++) {
        if (!lex_take_word(lx, section_texts[i].word))
            continue;
        section->text = (enum imap_section_text)section_texts[i].value;
        if (section->text == SECTION_MIME && section->depth == 0)
            return lex_bad(lx, "MIME needs a part number before it");
        if (section->text == SECTION_HEADER_FIELDS ||
            section->text == SECTION_HEADER_FIELDS_NOT)
            return section_fields(lx, section);
        return true;
    }
    return lex_bad(lx, "Unknown section");
}

/** section-spec; a binary one has part numbers alone. */
static bool
section_spec(struct imap_lexer *lx, enum shape shape, struct imap_section *section)
{
    const bool numbers = lex_peek(lx) >= '0' && lex_peek(lx) <= '9';
    bool word = true;

    if (numbers && !section_part(lx, section, &word))
        return false;
    if (word && shape != SHAPE_BODY && shape != SHAPE_SECTION)
        return lex_bad(lx, "BINARY takes part numbers only");
    return !word || section_text(lx, section);
}

bool
imap_args_section(struct imap_lexer *lx, struct imap_section *section_out)
{
    struct imap_section section = {.text = SECTION_WHOLE};

    if (!section_spec(lx, SHAPE_SECTION, &section))
        return false;
    *section_out = section;
    return true;
}

/** "[" [section-spec] "]". */
static bool
section(struct imap_lexer *lx, enum shape shape, struct imap_section *section_out)
{
    struct imap_section section = {.text = SECTION_WHOLE};

    if (!lex_need(lx, '[', "A section in brackets is missing"))
        return false;
    if (!lex_take(lx, ']') && (!section_spec(lx, shape, &section) ||
                               !lex_need(lx, ']', "Missing closing bracket of a section")))
        return false;
    *section_out = section;
    return true;
}

/** ["<" number64 "." nz-number64 ">"]. */
static bool
partial(struct imap_lexer *lx, struct imap_fetch_item *item)
{
    if (!lex_take(lx, '<'))
        return true;
    item->is_partial = true;
    return lex_number(lx, 0, IMAP_NUMBER64_MAX, &item->first, "A partial needs an offset") &&
           lex_need(lx, '.', "A partial is written <offset.octets>") &&
           lex_number(lx, 1, IMAP_NUMBER64_MAX, &item->count, "A partial needs a size") &&
           lex_need(lx, '>', "Missing > after a partial");
}

/* --- Labels --- */

static char *
write_span(char *at, struct span s)
{
    memcpy(at, s.ptr, s.len);
    return at + s.len;
}

/** A field name as an astring; it holds printable ASCII only, so quoting is enough. */
static char *
write_field(char *at, struct span name)
{
    if (imap_is_astring_atom(name))
        return write_span(at, name);
    *at++ = '"';
    for (size_t i = 0; i < name.len; i++) {
        if (imap_char_is(name.ptr[i], CHAR_ESCAPE))
            *at++ = '\\';
        *at++ = name.ptr[i];
    }
    *at++ = '"';
    return at;
}

static char *
write_section(char *at, const struct imap_section *section)
{
    *at++ = '[';
    for (size_t i = 0; i < section->depth; i++) {
        if (i > 0)
            *at++ = '.';
        at += imap_fmt_u64(at, section->part[i]);
    }
    if (section->depth > 0 && section->text != SECTION_WHOLE)
        *at++ = '.';
    for (size_t i = 0; i < ARRAY_LEN(section_texts); i++)
        if (section_texts[i].value == section->text)
            at = write_span(at, section_texts[i].word);
    for (size_t i = 0; i < section->field_count; i++) {
        at = write_span(at, i == 0 ? SPAN(" (") : SPAN(" "));
        at = write_field(at, section->fields[i]);
    }
    if (section->field_count > 0)
        *at++ = ')';
    *at++ = ']';
    return at;
}

/** Enough for what write_section and the offset write. */
static size_t
label_octets_max(struct span word, const struct imap_section *section)
{
    size_t octets = word.len + 64 + section->depth * 11 + 20;

    for (size_t i = 0; i < section->field_count; i++)
        octets += 2 * section->fields[i].len + 4;
    return octets;
}

/** A response names the offset alone: BODY[TEXT]<0> (RFC 3501 section 7.4.2). */
static bool
make_label(struct imap_lexer *lx, struct span word, struct imap_fetch_item *item)
{
    char *label = arena_alloc(lx->arena, label_octets_max(word, &item->section), 1);

    if (label == NULL)
        return lex_limit(lx, "The command needs too much memory");
    char *at = write_section(write_span(label, word), &item->section);
    if (item->is_partial && item->kind != FETCH_BINARY_SIZE) {
        *at++ = '<';
        at += imap_fmt_u64(at, item->first);
        *at++ = '>';
    }
    item->label = span_of(label, (size_t)(at - label));
    return true;
}

/* --- The list of items --- */

static bool
is_word_char(char c)
{
    return imap_char_is(c, CHAR_DIGIT) || c == '.' ||
           (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/** The letters, digits and dots that are next. */
static struct span
peek_word(const struct imap_lexer *lx)
{
    const char *end = lx->at;

    while (end < lx->end && is_word_char(*end))
        end++;
    return span_of(lx->at, (size_t)(end - lx->at));
}

/** [SP "(" "LAZY" *(SP "LAZY") ")"]. The parenthesis may also be that of the modifiers of FETCH
 *  (RFC 4466 section 2.4): then it stays. */
static bool
preview_modifiers(struct imap_lexer *lx)
{
    const char *const before = lx->at;

    if (!lex_take(lx, ' '))
        return true;
    if (!lex_take(lx, '(') || !lex_take_word(lx, SPAN("LAZY"))) {
        lx->at = before;
        return true;
    }
    while (lex_take(lx, ' '))
        if (!lex_take_word(lx, SPAN("LAZY")))
            return lex_bad(lx, "PREVIEW knows no modifier but LAZY");
    return lex_need(lx, ')', "Missing closing parenthesis after PREVIEW modifiers");
}

static bool
fetch_item(struct imap_lexer *lx, struct items *items)
{
    const struct span word = peek_word(lx);
    const struct item_row *row = item_rows;
    const struct item_row *const end = item_rows + ARRAY_LEN(item_rows);

    while (row < end && !span_ieq(word, row->word))
        row++;
    if (row == end)
        return lex_bad(lx, word.len == 0 ? "A FETCH item is missing" : "Unknown FETCH item");
    lx->at += word.len;
    if (row->shape == SHAPE_PREVIEW && !preview_modifiers(lx))
        return false;
    if (row->shape == SHAPE_PLAIN || row->shape == SHAPE_PREVIEW ||
        (row->shape == SHAPE_BODY && lex_peek(lx) != '['))
        return add_item(lx, items, plain_item(row->kind));

    struct imap_fetch_item item = {
        .kind = row->shape == SHAPE_BODY ? FETCH_SECTION : row->kind,
        .marks_seen = row->marks_seen,
    };
    if (!section(lx, row->shape, &item.section) ||
        (row->shape != SHAPE_SIZE && !partial(lx, &item)) || !make_label(lx, row->label, &item))
        return false;
    return add_item(lx, items, item);
}

/** A macro, one item, or items in parentheses; macros stand alone. */
static bool
fetch_items(struct imap_lexer *lx, struct items *items)
{
    for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
        if (!lex_take_word(lx, macros[i].word))
            continue;
        for (unsigned kind = 0; kind < 32; kind++)
            if ((macros[i].kinds & 1u << kind) &&
                !add_item(lx, items, plain_item((enum imap_fetch_kind)kind)))
                return false;
        return true;
    }
    if (!lex_take(lx, '('))
        return fetch_item(lx, items);
    do {
        if (!fetch_item(lx, items))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after FETCH items");
}

/* --- Modifiers: (CHANGEDSINCE n VANISHED PARTIAL a:b) --- */

static bool
fetch_modifier(struct imap_lexer *lx, struct imap_fetch_req *req)
{
    if (lex_take_word(lx, SPAN("VANISHED"))) {
        req->vanished = true;
        return true;
    }
    if (!req->has_partial && lex_take_word(lx, SPAN("PARTIAL"))) {
        req->has_partial = true;
        return lex_need(lx, ' ', "PARTIAL needs a range") &&
               imap_args_partial(lx, &req->partial);
    }
    if (!lex_take_word(lx, SPAN("CHANGEDSINCE")))
        return lex_bad(lx, "Unknown FETCH modifier");
    req->has_changed_since = true;
    return lex_need(lx, ' ', "CHANGEDSINCE needs a mod-sequence") &&
           lex_number(lx, 0, IMAP_NUMBER64_MAX, &req->changed_since,
                      "CHANGEDSINCE needs a mod-sequence");
}

static bool
fetch_modifiers(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_fetch_req *req)
{
    if (!lex_more(lx))
        return true;
    if (!lex_need(lx, '(', "FETCH modifiers must be in parentheses"))
        return false;
    do {
        if (!fetch_modifier(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    if (req->vanished && (req->msgs.kind == IMAP_MSGS_SEQ || !req->has_changed_since))
        return lex_bad(lx, "VANISHED needs UID FETCH and CHANGEDSINCE");
    if (req->has_partial && kind != IMAP_MSGS_UID)
        return lex_bad(lx, "PARTIAL needs UID FETCH");
    return lex_need(lx, ')', "Missing closing parenthesis after FETCH modifiers");
}

static bool
fetch(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_fetch_req *req)
{
    struct items items = {.count = 1};

    items.all = lex_grow(lx, NULL, 0, sizeof *items.all);
    if (items.all == NULL || !lex_need(lx, ' ', "FETCH needs a message set") ||
        !lex_msgs(lx, kind, &req->msgs) || !lex_need(lx, ' ', "FETCH needs items") ||
        !fetch_items(lx, &items) || !fetch_modifiers(lx, kind, req))
        return false;
    if (req->has_changed_since && !add_item(lx, &items, plain_item(FETCH_MODSEQ)))
        return false;
    const bool add_uid = kind == IMAP_MSGS_UID && !(items.kinds & 1u << FETCH_UID);
    if (add_uid)
        items.all[0] = plain_item(FETCH_UID);
    req->items = add_uid ? items.all : items.all + 1;
    req->uid_is_implied = add_uid;
    req->item_count = add_uid ? items.count : items.count - 1;
    req->kinds = items.kinds | (add_uid ? 1u << FETCH_UID : 0);
    req->marks_seen = items.marks_seen;
    return true;
}

bool
imap_args_fetch_list(struct imap_lexer *lx, struct imap_fetch_req *req)
{
    struct items items = {.count = 0};

    if (!lex_need(lx, '(', "FETCH items must be in parentheses"))
        return false;
    do {
        if (!fetch_item(lx, &items))
            return false;
    } while (lex_take(lx, ' '));
    for (size_t i = 0; i < items.count; i++)
        items.all[i].marks_seen = false;
    req->items = items.all;
    req->item_count = items.count;
    req->kinds = items.kinds;
    return lex_need(lx, ')', "Missing closing parenthesis after FETCH items");
}

bool
imap_args_fetch(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return fetch(lx, IMAP_MSGS_SEQ, &cmd->u.fetch);
}

bool
imap_args_uid_fetch(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return fetch(lx, IMAP_MSGS_UID, &cmd->u.fetch);
}

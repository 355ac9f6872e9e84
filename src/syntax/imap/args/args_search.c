/* SPDX-License-Identifier: MIT */
/*
 * Arguments of SEARCH, SORT and THREAD, into the shallow tree that search.h describes.
 * Recursion goes one level down for each pair of parentheses and for NOT over anything but a
 * flag, never more than LIMIT_NESTING; chains of OR and of NOT are loops.
 */
#include "base/limits.h"
#include "syntax/imap/args.h"

/* --- The keys --- */

enum arg {
    ARG_NONE,
    ARG_FLAG,    /* none: the row names the flag */
    ARG_KEYWORD, /* SP flag-keyword */
    ARG_TEXT,    /* SP astring */
    ARG_HEADER,  /* SP header-fld-name SP astring */
    ARG_DATE,    /* SP date */
    ARG_OBJECT,  /* SP objectid */
    ARG_OCTETS,  /* SP number64 */
    ARG_SECONDS, /* SP nz-number */
    ARG_MODSEQ,  /* [SP entry-name SP entry-type] SP mod-sequence */
    ARG_UIDS,    /* SP sequence-set */
    ARG_AFTER,   /* SP uniqueid: those above it (RFC 9738 section 3.2) */
    ARG_BEFORE,  /* SP uniqueid: those below it */
    ARG_NEW,     /* none: two flags */
    ARG_OR,      /* SP search-key SP search-key */
};

static const struct key_row {
    struct span word;
    enum arg arg;
    enum imap_search_kind kind;
    unsigned flag;
    bool want;
} key_rows[] = {
#define FLAG(word, flag, want)                                                                 \
    {                                                                                          \
        SPAN_INIT(word), ARG_FLAG, SEARCH_FLAG, flag, want                                     \
    }
#define KEY(word, arg, kind)                                                                   \
    {                                                                                          \
        SPAN_INIT(word), arg, kind, 0, true                                                    \
    }
    KEY("ALL", ARG_NONE, SEARCH_ALL),
    FLAG("ANSWERED", IMAP_FLAG_ANSWERED, true),
    FLAG("UNANSWERED", IMAP_FLAG_ANSWERED, false),
    FLAG("DELETED", IMAP_FLAG_DELETED, true),
    FLAG("UNDELETED", IMAP_FLAG_DELETED, false),
    FLAG("DRAFT", IMAP_FLAG_DRAFT, true),
    FLAG("UNDRAFT", IMAP_FLAG_DRAFT, false),
    FLAG("FLAGGED", IMAP_FLAG_FLAGGED, true),
    FLAG("UNFLAGGED", IMAP_FLAG_FLAGGED, false),
    FLAG("SEEN", IMAP_FLAG_SEEN, true),
    FLAG("UNSEEN", IMAP_FLAG_SEEN, false),
    FLAG("RECENT", IMAP_FLAG_RECENT, true),
    FLAG("OLD", IMAP_FLAG_RECENT, false),
    KEY("NEW", ARG_NEW, SEARCH_AND),
    KEY("KEYWORD", ARG_KEYWORD, SEARCH_KEYWORD),
    {SPAN_INIT("UNKEYWORD"), ARG_KEYWORD, SEARCH_KEYWORD, 0, false},
    KEY("BCC", ARG_TEXT, SEARCH_BCC),
    KEY("CC", ARG_TEXT, SEARCH_CC),
    KEY("FROM", ARG_TEXT, SEARCH_FROM),
    KEY("TO", ARG_TEXT, SEARCH_TO),
    KEY("SUBJECT", ARG_TEXT, SEARCH_SUBJECT),
    KEY("BODY", ARG_TEXT, SEARCH_BODY),
    KEY("TEXT", ARG_TEXT, SEARCH_TEXT),
    KEY("HEADER", ARG_HEADER, SEARCH_HEADER),
    KEY("BEFORE", ARG_DATE, SEARCH_BEFORE),
    KEY("ON", ARG_DATE, SEARCH_ON),
    KEY("SINCE", ARG_DATE, SEARCH_SINCE),
    KEY("SENTBEFORE", ARG_DATE, SEARCH_SENTBEFORE),
    KEY("SENTON", ARG_DATE, SEARCH_SENTON),
    KEY("SENTSINCE", ARG_DATE, SEARCH_SENTSINCE),
    KEY("SAVEDBEFORE", ARG_DATE, SEARCH_SAVEDBEFORE),
    KEY("SAVEDON", ARG_DATE, SEARCH_SAVEDON),
    KEY("SAVEDSINCE", ARG_DATE, SEARCH_SAVEDSINCE),
    KEY("SAVEDATESUPPORTED", ARG_NONE, SEARCH_ALL), /* it is, in every mailbox */
    KEY("EMAILID", ARG_OBJECT, SEARCH_EMAILID),
    KEY("THREADID", ARG_OBJECT, SEARCH_THREADID),
    KEY("LARGER", ARG_OCTETS, SEARCH_LARGER),
    KEY("SMALLER", ARG_OCTETS, SEARCH_SMALLER),
    KEY("OLDER", ARG_SECONDS, SEARCH_OLDER),
    KEY("YOUNGER", ARG_SECONDS, SEARCH_YOUNGER),
    KEY("MODSEQ", ARG_MODSEQ, SEARCH_MODSEQ),
    KEY("UID", ARG_UIDS, SEARCH_MSGS),
    KEY("UIDAFTER", ARG_AFTER, SEARCH_MSGS),
    KEY("UIDBEFORE", ARG_BEFORE, SEARCH_MSGS),
    KEY("OR", ARG_OR, SEARCH_OR),
#undef FLAG
#undef KEY
};

static const struct lex_word return_options[] = {
    {SPAN_INIT("MIN"), IMAP_SEARCH_MIN},
    {SPAN_INIT("MAX"), IMAP_SEARCH_MAX},
    {SPAN_INIT("ALL"), IMAP_SEARCH_ALL},
    {SPAN_INIT("COUNT"), IMAP_SEARCH_COUNT},
    {SPAN_INIT("SAVE"), IMAP_SEARCH_SAVE},
    {SPAN_INIT("PARTIAL"), IMAP_SEARCH_PARTIAL},
    {SPAN_INIT("UPDATE"), IMAP_SEARCH_UPDATE},
    {SPAN_INIT("CONTEXT"), IMAP_SEARCH_CONTEXT},
    {SPAN_INIT("RELEVANCY"), IMAP_SEARCH_RELEVANCY},
};

static const struct lex_word sort_keys[] = {
    {SPAN_INIT("ARRIVAL"), IMAP_SORT_ARRIVAL},
    {SPAN_INIT("CC"), IMAP_SORT_CC},
    {SPAN_INIT("DATE"), IMAP_SORT_DATE},
    {SPAN_INIT("FROM"), IMAP_SORT_FROM},
    {SPAN_INIT("SIZE"), IMAP_SORT_SIZE},
    {SPAN_INIT("SUBJECT"), IMAP_SORT_SUBJECT},
    {SPAN_INIT("TO"), IMAP_SORT_TO},
    {SPAN_INIT("DISPLAYFROM"), IMAP_SORT_DISPLAYFROM},
    {SPAN_INIT("DISPLAYTO"), IMAP_SORT_DISPLAYTO},
    {SPAN_INIT("RELEVANCY"), IMAP_SORT_RELEVANCY},
};

static const struct lex_word thread_words[] = {
    {SPAN_INIT("ORDEREDSUBJECT"), IMAP_THREAD_ORDEREDSUBJECT},
    {SPAN_INIT("REFERENCES"), IMAP_THREAD_REFERENCES},
    {SPAN_INIT("REFS"), IMAP_THREAD_REFS},
};

/** What one SEARCH is parsed with. */
struct parse {
    struct imap_lexer *lx;
    struct imap_search_req *req;
    bool fuzzy; /* the following keys are FUZZY */
};

static struct imap_search_key *
key_new(struct parse *parse, enum imap_search_kind kind)
{
    if (parse->req->key_count == LIMIT_SEARCH_KEYS) {
        (void)lex_limit(parse->lx, "Too many search keys");
        return NULL;
    }
    struct imap_search_key *key = lex_new(parse->lx, struct imap_search_key);
    if (key == NULL)
        return NULL;
    parse->req->key_count++;
    key->kind = kind;
    key->fuzzy = parse->fuzzy;
    return key;
}

/* --- Lists of keys --- */

/** Children as they come; `last` makes adding take constant time. */
struct key_list {
    struct imap_search_key *first;
    struct imap_search_key *last;
};

/** Adds key, or its children if it is of the kind that the list is for: (a (b c)) is (a b
 *  c). */
static void
list_add(struct key_list *list, struct imap_search_key *key, enum imap_search_kind kind)
{
    if (key->kind == kind)
        key = key->children;
    if (key == NULL)
        return;
    if (list->first == NULL)
        list->first = key;
    else
        list->last->next = key;
    while (key->next != NULL)
        key = key->next;
    list->last = key;
}

/* --- Arguments of a key --- */

static bool
date(struct imap_lexer *lx, int32_t *day_out)
{
    struct span text;

    if (!lex_astring(lx, &text, "A search date is missing"))
        return false;
    if (imap_date_parse(text, day_out) != RC_OK)
        return lex_bad(lx, "Not a date like 17-Jul-1996");
    return true;
}

static bool
keyword(struct imap_lexer *lx, struct imap_search_key *key)
{
    if (!lex_atom(lx, &key->text, "A keyword is missing"))
        return false;
    if (key->text.len > LIMIT_KEYWORD_OCTETS)
        return lex_limit(lx, "A keyword is too long");
    return true;
}

/** objectid = 1*255(ALPHA / DIGIT / "_" / "-"), RFC 8474 section 7. */
static bool
object_id(struct imap_lexer *lx, struct imap_search_key *key)
{
    if (!lex_atom(lx, &key->text, "An object identifier is missing"))
        return false;
    for (size_t i = 0; i < key->text.len; i++) {
        const char c = key->text.ptr[i];
        const bool letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return lex_bad(lx, "Not an object identifier");
    }
    return key->text.len <= LIMIT_OBJECT_ID || lex_bad(lx, "An object identifier is too long");
}

static bool
header(struct imap_lexer *lx, struct imap_search_key *key)
{
    return lex_astring(lx, &key->field, "HEADER needs a field name") &&
           lex_need(lx, ' ', "HEADER needs a text") &&
           lex_astring(lx, &key->text, "HEADER needs a text");
}

/** Roost keeps one mod-sequence for all flags of a message, so the entry only has to be
 *  legal. */
static bool
modseq(struct parse *parse, struct imap_search_key *key)
{
    struct imap_lexer *lx = parse->lx;
    struct span entry;

    parse->req->uses_modseq = true;
    if (lex_peek(lx) == '"') {
        if (!lex_string(lx, &entry, "MODSEQ needs an entry name"))
            return false;
        if (!span_istarts(entry, SPAN("/flags/")))
            return lex_bad(lx, "A MODSEQ entry begins with /flags/");
        if (!lex_need(lx, ' ', "MODSEQ needs priv, shared or all"))
            return false;
        if (!lex_take_word(lx, SPAN("priv")) && !lex_take_word(lx, SPAN("shared")) &&
            !lex_take_word(lx, SPAN("all")))
            return lex_bad(lx, "MODSEQ needs priv, shared or all");
        if (!lex_need(lx, ' ', "MODSEQ needs a mod-sequence"))
            return false;
    }
    return lex_number(lx, 0, IMAP_NUMBER64_MAX, &key->number, "MODSEQ needs a mod-sequence");
}

static bool
msgs(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_search_key *key)
{
    key->msgs = lex_new(lx, struct imap_msgs);
    return key->msgs != NULL && lex_msgs(lx, kind, key->msgs);
}

/** The UIDs above or below the one that stands there; there may be none. */
static bool
uids_beside(struct imap_lexer *lx, enum arg arg, struct imap_search_key *key)
{
    struct num_range *range = lex_new(lx, struct num_range);
    uint32_t uid = 0;

    key->msgs = lex_new(lx, struct imap_msgs);
    if (key->msgs == NULL || range == NULL || !lex_nz32(lx, &uid, "A UID is missing"))
        return false;
    *range = arg == ARG_AFTER ? (struct num_range){uid + 1, UINT32_MAX}
                              : (struct num_range){1, uid - 1};
    const bool none = uid == (arg == ARG_AFTER ? UINT32_MAX : 1);
    *key->msgs = (struct imap_msgs){
        .kind = IMAP_MSGS_UID,
        .uid = {.set = {.ranges = range, .count = none ? 0 : 1, .normal = true}},
    };
    return true;
}

/** NEW is RECENT UNSEEN (RFC 3501 section 6.4.4). */
static bool
new_key(struct parse *parse, struct imap_search_key *key)
{
    struct imap_search_key *recent = key_new(parse, SEARCH_FLAG);
    struct imap_search_key *unseen = key_new(parse, SEARCH_FLAG);

    if (recent == NULL || unseen == NULL)
        return false;
    recent->flag = IMAP_FLAG_RECENT;
    recent->want = true;
    unseen->flag = IMAP_FLAG_SEEN;
    recent->next = unseen;
    key->children = recent;
    return true;
}

/** What stands after a key's word; not for OR. */
static bool
key_argument(struct parse *parse, const struct key_row *row, struct imap_search_key *key)
{
    struct imap_lexer *lx = parse->lx;

    key->flag = row->flag;
    key->want = row->want;
    if (row->arg == ARG_NONE || row->arg == ARG_FLAG)
        return true;
    if (row->arg == ARG_NEW)
        return new_key(parse, key);
    if (!lex_need(lx, ' ', "A search key lacks its argument"))
        return false;
    switch (row->arg) {
    case ARG_KEYWORD:
        return keyword(lx, key);
    case ARG_TEXT:
        return lex_astring(lx, &key->text, "A search key needs a text");
    case ARG_HEADER:
        return header(lx, key);
    case ARG_DATE:
        return date(lx, &key->day);
    case ARG_OBJECT:
        return object_id(lx, key);
    case ARG_OCTETS:
        return lex_number(lx, 0, IMAP_NUMBER64_MAX, &key->number,
                          "A size in octets is missing");
    case ARG_SECONDS:
        return lex_number(lx, 1, UINT32_MAX, &key->number, "A number of seconds is missing");
    case ARG_MODSEQ:
        return modseq(parse, key);
    case ARG_UIDS:
        parse->req->uses_saved |= lex_peek(lx) == '$';
        return msgs(lx, IMAP_MSGS_UID, key);
    case ARG_AFTER:
    case ARG_BEFORE:
        return uids_beside(lx, row->arg, key);
    case ARG_NONE:
    case ARG_FLAG:
    case ARG_NEW:
    case ARG_OR:
        break;
    }
    return true;
}

/* --- The tree --- */

static struct imap_search_key *key_parse(struct parse *parse, unsigned depth);

/** key *(SP key), up to what is not a space. */
static struct imap_search_key *
keys_parse(struct parse *parse, unsigned depth)
{
    struct imap_search_key *all = key_new(parse, SEARCH_AND);
    struct key_list list = {0};

    if (all == NULL)
        return NULL;
    do {
        struct imap_search_key *key = key_parse(parse, depth + 1);
        if (key == NULL)
            return NULL;
        list_add(&list, key, SEARCH_AND);
    } while (lex_more(parse->lx));
    all->children = list.first;
    return all;
}

/** After "(". A single key needs no list around it. */
static struct imap_search_key *
list_parse(struct parse *parse, unsigned depth)
{
    struct imap_search_key *all = keys_parse(parse, depth);

    if (all == NULL || !lex_need(parse->lx, ')', "Missing closing parenthesis of search keys"))
        return NULL;
    return all->children != NULL && all->children->next == NULL ? all->children : all;
}

/** After "OR": each further OR in the place of an operand makes one more operand wanted. */
static struct imap_search_key *
or_parse(struct parse *parse, struct imap_search_key *either, unsigned depth)
{
    struct imap_lexer *lx = parse->lx;
    struct key_list list = {0};

    for (size_t wanted = 2; wanted > 0;) {
        if (!lex_need(lx, ' ', "OR needs two search keys"))
            return NULL;
        if (lex_take_word(lx, SPAN("OR"))) {
            wanted++;
            continue;
        }
        struct imap_search_key *key = key_parse(parse, depth + 1);
        if (key == NULL)
            return NULL;
        list_add(&list, key, SEARCH_OR);
        wanted--;
    }
    either->children = list.first;
    return either;
}

static struct imap_search_key *
word_parse(struct parse *parse, unsigned depth)
{
    struct imap_lexer *lx = parse->lx;

    for (size_t i = 0; i < ARRAY_LEN(key_rows); i++) {
        if (!lex_take_word(lx, key_rows[i].word))
            continue;
        struct imap_search_key *key = key_new(parse, key_rows[i].kind);
        if (key == NULL)
            return NULL;
        if (key_rows[i].arg == ARG_OR)
            return or_parse(parse, key, depth);
        return key_argument(parse, &key_rows[i], key) ? key : NULL;
    }
    (void)lex_bad(lx, lex_peek(lx) == -1 ? "A search key is missing" : "Unknown search key");
    return NULL;
}

/** A key turned into its opposite. */
static struct imap_search_key *
negate(struct parse *parse, struct imap_search_key *key)
{
    if (key->kind == SEARCH_FLAG || key->kind == SEARCH_KEYWORD) {
        key->want = !key->want;
        return key;
    }
    if (key->kind == SEARCH_NOT)
        return key->children;
    struct imap_search_key *negated = key_new(parse, SEARCH_NOT);
    if (negated != NULL)
        negated->children = key;
    return negated;
}

/** *(("NOT" / "FUZZY") SP): in any order they mean the same. */
static bool
key_prefixes(struct parse *parse, bool *opposite_out)
{
    struct imap_lexer *lx = parse->lx;

    for (;;) {
        if (lex_take_word(lx, SPAN("NOT"))) {
            *opposite_out = !*opposite_out;
            if (!lex_need(lx, ' ', "NOT needs a search key"))
                return false;
        } else if (lex_take_word(lx, SPAN("FUZZY"))) {
            parse->fuzzy = parse->req->uses_fuzzy = true;
            if (!lex_need(lx, ' ', "FUZZY needs a search key"))
                return false;
        } else {
            return true;
        }
    }
}

static struct imap_search_key *
key_parse(struct parse *parse, unsigned depth)
{
    struct imap_lexer *lx = parse->lx;
    const bool fuzzy_around = parse->fuzzy;
    struct imap_search_key *key;
    bool opposite = false;

    if (depth > LIMIT_NESTING) {
        (void)lex_limit(lx, "Search keys are nested too deeply");
        return NULL;
    }
    if (!key_prefixes(parse, &opposite))
        return NULL;
    const unsigned below = opposite ? depth + 1 : depth;
    const int next = lex_peek(lx);
    if (lex_take(lx, '(')) {
        key = list_parse(parse, below);
    } else if (next == '*' || next == '$' || (next >= '0' && next <= '9')) {
        parse->req->uses_saved |= next == '$';
        parse->req->uses_numbers |= next != '$';
        key = key_new(parse, SEARCH_MSGS);
        if (key != NULL && !msgs(lx, IMAP_MSGS_SEQ, key))
            return NULL;
    } else {
        key = word_parse(parse, below);
    }
    parse->fuzzy = fuzzy_around;
    return key != NULL && opposite ? negate(parse, key) : key;
}

/* --- What stands before the keys --- */

/** One of the words; its value. */
static bool
one_word(struct imap_lexer *lx, const struct lex_word *words, size_t count, unsigned *value_out,
         const char *sentence)
{
    for (size_t i = 0; i < count; i++)
        if (lex_take_word(lx, words[i].word)) {
            *value_out = words[i].value;
            return true;
        }
    return lex_bad(lx, sentence);
}

/** nz-number ":" nz-number, or both with a minus sign (RFC 9394 section 4). */
bool
imap_args_partial(struct imap_lexer *lx, struct imap_partial *partial_out)
{
    static const char sentence[] = "PARTIAL needs a range like 1:100 or -1:-100";
    struct imap_partial partial = {.from_end = lex_take(lx, '-')};

    if (!lex_nz32(lx, &partial.first, sentence) || !lex_need(lx, ':', sentence) ||
        (partial.from_end && !lex_need(lx, '-', sentence)) ||
        !lex_nz32(lx, &partial.last, sentence))
        return false;
    partial.reversed = partial.first > partial.last;
    if (partial.reversed) {
        const uint32_t first = partial.last;
        partial.last = partial.first;
        partial.first = first;
    }
    *partial_out = partial;
    return true;
}

/** [SP "(" fetch-att *(SP fetch-att) ")"] after UPDATE (RFC 5465 section 8): kept as it was
 * written. */
static bool
update_attributes(struct imap_lexer *lx, struct imap_search_req *req)
{
    const char *const before = lx->at;
    struct imap_fetch_req fetch = {.item_count = 0};

    if (!lex_take(lx, ' '))
        return true;
    if (lex_peek(lx) != '(') {
        lx->at = before;
        return true;
    }
    if (!imap_args_fetch_list(lx, &fetch))
        return false;
    req->update_fetch = span_of(before + 1, (size_t)(lx->at - before - 1));
    return true;
}

static bool
return_option(struct imap_lexer *lx, struct imap_search_req *req)
{
    unsigned option = 0;

    if (!one_word(lx, return_options, ARRAY_LEN(return_options), &option,
                  "Unknown SEARCH return option"))
        return false;
    if (option == IMAP_SEARCH_PARTIAL &&
        ((req->returns & IMAP_SEARCH_PARTIAL) != 0 ||
         !lex_need(lx, ' ', "PARTIAL needs a range") || !imap_args_partial(lx, &req->partial)))
        return lex_bad(lx, "PARTIAL is given twice");
    if (option == IMAP_SEARCH_UPDATE && !update_attributes(lx, req))
        return false;
    req->returns |= option;
    req->relevancy |= option == IMAP_SEARCH_RELEVANCY;
    return true;
}

/** "RETURN" SP "(" [option *(SP option)] ")" SP (RFC 4731). */
static bool
return_clause(struct imap_lexer *lx, struct imap_search_req *req)
{
    if (!lex_take_word(lx, SPAN("RETURN")))
        return true;
    if (!lex_need(lx, ' ', "RETURN needs a list of options") ||
        !lex_need(lx, '(', "RETURN needs a list of options"))
        return false;
    req->has_return = true;
    if (!lex_take(lx, ')')) {
        do {
            if (!return_option(lx, req))
                return false;
        } while (lex_take(lx, ' '));
        if (!lex_need(lx, ')', "Missing closing parenthesis"))
            return false;
    }
    if (req->returns == 0)
        req->returns = IMAP_SEARCH_ALL;
    if ((req->returns & IMAP_SEARCH_ALL) != 0 && (req->returns & IMAP_SEARCH_PARTIAL) != 0)
        return lex_bad(lx, "PARTIAL and ALL exclude each other"); /* RFC 9394 section 3.1 */
    return lex_need(lx, ' ', "SEARCH needs search keys");
}

static bool
charset_clause(struct imap_lexer *lx, struct imap_search_req *req)
{
    if (!lex_take_word(lx, SPAN("CHARSET")))
        return true;
    req->has_charset = true;
    return lex_need(lx, ' ', "CHARSET needs a name") &&
           lex_astring(lx, &req->charset, "CHARSET needs a name") &&
           lex_need(lx, ' ', "SEARCH needs search keys");
}

/** The charset that SORT and THREAD must have, and the keys. */
static bool
search_criteria(struct imap_lexer *lx, struct imap_search_req *req)
{
    struct parse parse = {.lx = lx, .req = req};

    req->has_charset = true;
    if (!lex_need(lx, ' ', "A charset is missing") ||
        !lex_astring(lx, &req->charset, "A charset is missing") ||
        !lex_need(lx, ' ', "Search keys are missing"))
        return false;
    req->root = keys_parse(&parse, 0);
    return req->root != NULL;
}

/** ["REVERSE" SP] sort-key */
static bool
sort_criterion(struct imap_lexer *lx, struct imap_search_req *req)
{
    const bool reverse = lex_take_word(lx, SPAN("REVERSE"));
    unsigned key = 0;

    if ((reverse && !lex_need(lx, ' ', "REVERSE needs a sort key")) ||
        !one_word(lx, sort_keys, ARRAY_LEN(sort_keys), &key, "Unknown sort key"))
        return false;
    for (size_t i = 0; i < req->sort_count; i++)
        if (req->sort[i].key == key)
            return true;
    req->sort[req->sort_count++] =
        (struct imap_sort_criterion){.key = (enum imap_sort_key)key, .reverse = reverse};
    req->relevancy |= key == IMAP_SORT_RELEVANCY;
    return true;
}

/** RFC 6203 sections 4 and 6. */
static bool
relevancy_has_fuzzy(struct imap_lexer *lx, const struct imap_search_req *req)
{
    return !req->relevancy || req->uses_fuzzy ||
           lex_bad(lx, "RELEVANCY needs a FUZZY search key");
}

bool
imap_args_criteria(struct imap_lexer *lx, struct imap_search_req *req)
{
    const char *const first = lx->at;
    struct parse parse = {.lx = lx, .req = req};

    if (!charset_clause(lx, req))
        return false;
    req->root = keys_parse(&parse, 0);
    req->criteria = span_of(first, (size_t)(lx->at - first));
    return req->root != NULL;
}

bool
imap_args_search(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_search_req *req = &cmd->u.search;

    req->is_uid = cmd->id == IMAP_CMD_UID_SEARCH;
    return lex_need(lx, ' ', "SEARCH needs search keys") && return_clause(lx, req) &&
           imap_args_criteria(lx, req) && relevancy_has_fuzzy(lx, req);
}

/** "IN" SP "(" filter-mailboxes *(SP filter-mailboxes) ")" SP; there are no scope options
 *  yet. */
static bool
sources(struct imap_lexer *lx, struct imap_search_req *req)
{
    static const struct imap_notify_group selected = {.scope = IMAP_NOTIFY_SELECTED};
    struct imap_notify_group *list = NULL;

    req->sources = &selected;
    req->source_count = 1;
    if (!lex_take_word(lx, SPAN("IN")))
        return true;
    if (!lex_need(lx, ' ', "IN needs mailboxes in parentheses") ||
        !lex_need(lx, '(', "IN needs mailboxes in parentheses"))
        return false;
    size_t count = 0;
    do {
        if (lex_peek(lx) == '(')
            return lex_bad(lx, "Unknown scope option");
        list = lex_grow(lx, list, count, sizeof *list);
        if (list == NULL)
            return false;
        list[count] = (struct imap_notify_group){.events = 0};
        if (!imap_args_scope(lx, &list[count]))
            return false;
        if (list[count++].scope == IMAP_NOTIFY_SELECTED_DELAYED)
            return lex_bad(lx, "SELECTED-DELAYED is for NOTIFY only");
    } while (lex_take(lx, ' '));
    req->sources = list;
    req->source_count = count;
    return lex_need(lx, ')', "Missing closing parenthesis after mailboxes") &&
           lex_need(lx, ' ', "ESEARCH needs search keys");
}

static bool
is_selected_alone(const struct imap_search_req *req)
{
    for (size_t i = 0; i < req->source_count; i++)
        if (req->sources[i].scope != IMAP_NOTIFY_SELECTED)
            return false;
    return true;
}

/** "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program. It answers
 * with UIDs, by ESEARCH responses (RFC 7377 section 2.1). */
bool
imap_args_esearch(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_search_req *req = &cmd->u.search;

    req->is_uid = true;
    if (!lex_need(lx, ' ', "ESEARCH needs search keys") || !sources(lx, req) ||
        !return_clause(lx, req))
        return false;
    if (!req->has_return) {
        req->has_return = true;
        req->returns = IMAP_SEARCH_ALL;
    }
    if ((req->returns & IMAP_SEARCH_SAVE) != 0 && !is_selected_alone(req)) /* section 2.2 */
        return lex_bad(lx, "SAVE is for the selected mailbox alone");
    return imap_args_criteria(lx, req) && relevancy_has_fuzzy(lx, req);
}

/** "CANCELUPDATE" 1*(SP quoted), RFC 5267 section 5. */
bool
imap_args_cancel_update(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_cancel_update_req *req = &cmd->u.cancel_update;
    struct span *tags = NULL;

    if (!lex_need(lx, ' ', "CANCELUPDATE needs the tags of searches"))
        return false;
    do {
        tags = lex_grow(lx, tags, req->tag_count, sizeof *tags);
        if (tags == NULL ||
            !lex_string(lx, &tags[req->tag_count], "CANCELUPDATE needs tags in quotes"))
            return false;
        req->tag_count++;
    } while (lex_more(lx));
    req->tags = tags;
    return true;
}

bool
imap_args_sort(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_search_req *req = &cmd->u.search;

    req->find = IMAP_FIND_SORT;
    req->is_uid = cmd->id == IMAP_CMD_UID_SORT;
    if (!lex_need(lx, ' ', "SORT needs sort keys") || !return_clause(lx, req) ||
        !lex_need(lx, '(', "SORT needs sort keys"))
        return false;
    do {
        if (!sort_criterion(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis") && search_criteria(lx, req) &&
           relevancy_has_fuzzy(lx, req);
}

bool
imap_args_thread(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_search_req *req = &cmd->u.search;
    unsigned thread = 0;

    req->find = IMAP_FIND_THREAD;
    req->is_uid = cmd->id == IMAP_CMD_UID_THREAD;
    if (!lex_need(lx, ' ', "THREAD needs an algorithm") ||
        !one_word(lx, thread_words, ARRAY_LEN(thread_words), &thread,
                  "Unknown threading algorithm"))
        return false;
    req->thread = (enum imap_thread)thread;
    return search_criteria(lx, req);
}

/* ---- UIDBATCHES: RFC 10022 section 4 ---- */

bool
imap_args_uidbatches(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_uidbatches_req *req = &cmd->u.uidbatches;

    if (!lex_need(lx, ' ', "UIDBATCHES needs a number of messages") ||
        !lex_nz32(lx, &req->size, "UIDBATCHES needs a number of messages"))
        return false;
    if (!lex_more(lx))
        return true;
    req->has_range = true;
    return lex_nz32(lx, &req->first, "UIDBATCHES takes a range of batches") &&
           lex_need(lx, ':', "A range of batches is written as 1:4") &&
           lex_nz32(lx, &req->last, "A range of batches is written as 1:4");
}

/* SPDX-License-Identifier: MIT */
/*
 * Keys of a SEARCH with a text: their needles, converted to UTF-8 once, and what has to be read
 * for them. Equal needles are shared, because clients repeat themselves (OR SUBJECT x FROM x
 * ...), even if only one of the keys needs a score, so that scores do not change what is found
 * (LIMIT_FUZZY_WORDS).
 */
#include "mailbox/search/search_private.h"

#include "mailbox/content/fields.h"
#include "syntax/charset.h"

enum { COST_HEADER = 10 }; /* more for a field that is not stored */
enum { NEEDLES_COMPARED = 64 };

static enum rc
to_utf8(struct search_compiler *c, struct span text, struct span *out)
{
    AUTO_BUF utf8 = {0};
    enum rc rc = RC_OK;

    buf_init(&utf8, text.len * 4 + 4096); /* room for the converter to work in */
    if (c->req->has_charset) {
        rc = charset_to_utf8(&utf8, c->req->charset, text);
    } else { /* clients that say nothing send UTF-8, whatever RFC 3501 says of US-ASCII */
        struct charset guess;
        charset_open(&guess, SPAN(""));
        charset_put(&guess, text, &utf8);
        charset_finish(&guess, &utf8);
        charset_close(&guess);
    }
    if (rc != RC_OK)
        return err_set(c->err, rc, 0, "search text in charset %.*s", SPAN_FMT(c->req->charset));
    *out = arena_span(c->arena, buf_span(&utf8));
    return out->ptr == NULL || !buf_ok(&utf8) ? RC_LIMIT : RC_OK;
}

static enum mime_manner
manner_of(const struct search_compiler *c, const struct imap_search_key *key)
{
    const bool loosely = c->req->loosely && key->kind != SEARCH_HEADER;

    if (!key->fuzzy && !loosely)
        return MIME_EXACT;
    return c->req->rates && !c->in_not ? MIME_FUZZY_BEST : MIME_FUZZY;
}

/* Whether they find the same. */
static bool
is_same_needle(const struct mime_needle *a, const struct mime_needle *b)
{
    return a->scope == b->scope && (a->manner == MIME_EXACT) == (b->manner == MIME_EXACT) &&
           span_eq(a->text, b->text);
}

/* Makes node->needle from the text of the key. */
static enum rc
add_needle(struct search_compiler *c, const struct imap_search_key *key, enum mime_scope scope,
           struct search_node *node)
{
    struct mime_needle needle = {.scope = scope, .manner = manner_of(c, key)};

    node->rates = needle.manner == MIME_FUZZY_BEST;
    const enum rc rc = to_utf8(c, key->text, &needle.text);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < c->needle_count && i < NEEDLES_COMPARED; i++)
        if (is_same_needle(&c->needles[i], &needle)) {
            if (node->rates)
                c->needles[i].manner = needle.manner;
            node->needle = i;
            return RC_OK;
        }
    if (c->needle_count == c->needle_cap) {
        const size_t cap = c->needle_cap == 0 ? 8 : c->needle_cap * 2;
        struct mime_needle *more = arena_array(c->arena, struct mime_needle, cap);
        if (more == NULL)
            return RC_LIMIT;
        for (size_t i = 0; i < c->needle_count; i++)
            more[i] = c->needles[i];
        c->needles = more;
        c->needle_cap = cap;
    }
    c->needles[c->needle_count] = needle;
    node->needle = c->needle_count++;
    return RC_OK;
}

static void
need_field(struct search_compiler *c, struct search_node *node, struct span name)
{
    node->field = name;
    node->field_id = fields_id(name);
    c->search->levels[SEARCH_LEVEL_ROW] = true;
    c->search->levels[SEARCH_LEVEL_HEADER] = true; /* a row may not tell: fields.h */
    if (node->field_id == FIELDS_NONE)
        node->cost += COST_HEADER;
}

enum rc
search_compile_field(struct search_compiler *c, enum search_op op, struct span name,
                     const struct imap_search_key *key, struct search_node **out)
{
    const bool any = key->text.len == 0;
    struct search_node *node = search_node_new(c, any ? OP_HAS_FIELD : op);

    if (node == NULL)
        return RC_LIMIT;
    need_field(c, node, name);
    *out = node;
    return any ? RC_OK : add_needle(c, key, MIME_SCOPE_VALUE, node);
}

enum rc
search_compile_text(struct search_compiler *c, const struct imap_search_key *key,
                    enum mime_scope scope, struct search_node **out)
{
    const bool any = key->text.len == 0;
    struct search_node *node =
        any ? search_node_number(c, OP_CONST, 1) : search_node_new(c, OP_TEXT);

    if (node == NULL)
        return RC_LIMIT;
    *out = node;
    if (any)
        return RC_OK;
    c->search->levels[SEARCH_LEVEL_ROW] = true;
    c->search->levels[SEARCH_LEVEL_TEXT] = true;
    return add_needle(c, key, scope, node);
}

enum rc
search_compile_id(struct search_compiler *c, enum search_op op, struct span id,
                  struct search_node **out)
{
    struct search *search = c->search;
    struct search_node *node = search_node_new(c, op);

    if (search->ids_reader == NULL) {
        search->ids_reader = arena_new(c->arena, struct object_ids_reader);
        if (search->ids_reader != NULL)
            object_ids_reader_init(search->ids_reader);
    }
    if (node == NULL || search->ids_reader == NULL)
        return RC_LIMIT;
    node->id = id;
    search->id_kinds |= op == OP_EMAILID ? OBJECT_EMAILID : OBJECT_THREADID;
    search->levels[SEARCH_LEVEL_ROW] = true;
    *out = node;
    return RC_OK;
}

enum rc
search_compile_sent(struct search_compiler *c, enum search_op op, int32_t day,
                    struct search_node **out)
{
    struct search_node *node = search_node_number(c, op, day);

    if (node == NULL)
        return RC_LIMIT;
    need_field(c, node, SPAN("Date"));
    *out = node;
    return RC_OK;
}

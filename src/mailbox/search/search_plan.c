/* SPDX-License-Identifier: MIT */
/*
 * How a search was answered, for the log: its program as it was asked, with the source of each
 * key, and what that took. Texts that were searched for are private, and are left out.
 */
#include "mailbox/search/search_private.h"

#include "mailbox/content/fields.h"

enum { KEYS_SHOWN = 40 };

static const char *const names[] = {
    [OP_CONST] = "ALL",
    [OP_RUNS] = "numbers",
    [OP_FLAG] = "flag",
    [OP_RECENT] = "RECENT",
    [OP_KEYWORD] = "KEYWORD",
    [OP_BEFORE] = "BEFORE",
    [OP_ON] = "ON",
    [OP_SINCE] = "SINCE",
    [OP_LARGER] = "LARGER",
    [OP_SMALLER] = "SMALLER",
    [OP_OLDER] = "OLDER",
    [OP_YOUNGER] = "YOUNGER",
    [OP_MODSEQ] = "MODSEQ",
    [OP_SAVEDBEFORE] = "SAVEDBEFORE",
    [OP_SAVEDON] = "SAVEDON",
    [OP_SAVEDSINCE] = "SAVEDSINCE",
    [OP_EMAILID] = "EMAILID",
    [OP_THREADID] = "THREADID",
    [OP_SENTBEFORE] = "SENTBEFORE",
    [OP_SENTON] = "SENTON",
    [OP_SENTSINCE] = "SENTSINCE",
    [OP_FIELD] = "field",
    [OP_ADDRESS] = "address",
    [OP_HAS_FIELD] = "has field",
    [OP_TEXT] = "text",
};

struct writer {
    const struct search *search;
    struct buf *out;
    unsigned shown;
};

static const char *
source_of(const struct writer *writer, const struct search_node *node)
{
    const struct search *search = writer->search;

    if (node->hits != NULL)
        return hits_is_exact(&search->answers->asking, node->question) && !node->rates
                   ? "index"
                   : "index, then text";
    switch (node->op) {
    case OP_TEXT:
        return "text";
    case OP_FIELD:
    case OP_ADDRESS:
    case OP_HAS_FIELD:
    case OP_SENTBEFORE:
    case OP_SENTON:
    case OP_SENTSINCE:
        return node->field_id == FIELDS_NONE ? "header" : "row";
    case OP_EMAILID:
    case OP_THREADID:
        return "row";
    default:
        return "memory";
    }
}

static void
put_node(struct writer *writer, const struct search_node *node)
{
    struct buf *out = writer->out;

    if (writer->shown++ >= KEYS_SHOWN)
        return;
    if (node->op == OP_NOT) {
        buf_put_lit(out, "NOT ");
        put_node(writer, node->children);
        return;
    }
    if (node->op != OP_AND && node->op != OP_OR) {
        buf_printf(out, "%s (%s)", names[node->op], source_of(writer, node));
        return;
    }
    buf_put_str(out, node->op == OP_OR ? "OR (" : "(");
    for (const struct search_node *child = node->children; child != NULL; child = child->next) {
        if (child != node->children && writer->shown < KEYS_SHOWN)
            buf_put_lit(out, ", ");
        put_node(writer, child);
    }
    buf_put_char(out, ')');
}

static void
put_ms(struct buf *out, int64_t us)
{
    buf_printf(out, "%jd.%jd ms", (intmax_t)(us / 1000), (intmax_t)(us / 100 % 10));
}

/* What asking the index took. */
static void
put_index(const struct search *search, struct buf *out)
{
    const struct search_answers *answers = search->answers;
    const struct search_tally *tally = &search->tally;

    if (answers == NULL)
        return;
    buf_put_lit(out, "; index ");
    if (tally->index_rc != RC_OK) {
        buf_printf(out, "%s, ", rc_name(tally->index_rc));
    } else if (answers->asking.stage != HITS_ANSWERED) {
        buf_put_lit(out, "not asked");
        return;
    }
    put_ms(out, tally->index_us);
    buf_printf(out, ", %ju terms in %ju octets", (uintmax_t)answers->asking.terms,
               (uintmax_t)answers->asking.octets);
}

void
search_plan_put(const struct search *search, struct buf *out)
{
    const struct search_tally *tally = &search->tally;
    struct writer writer = {.search = search, .out = out};

    buf_printf(out, "%ju of %ju messages, %u found: ", (uintmax_t)search->looked,
               (uintmax_t)search->candidates, search->count);
    put_node(&writer, search->root);
    if (writer.shown > KEYS_SHOWN)
        buf_printf(out, " and %u more", writer.shown - KEYS_SHOWN);
    put_index(search, out);
    if (tally->rows > 0) {
        buf_printf(out, "; read %ju rows, %ju headers, %ju texts of %ju octets, ",
                   (uintmax_t)tally->rows, (uintmax_t)tally->headers, (uintmax_t)tally->texts,
                   (uintmax_t)tally->text_octets);
        put_ms(out, tally->read_us);
    }
    buf_put_lit(out, "; all ");
    put_ms(out, tally->all_us);
}

/* SPDX-License-Identifier: MIT */
/*
 * Asks the program about one message, with what is known of it so far. Answers that cost
 * something (fields) are remembered in their node until the message is done.
 *
 * Pure CPU; recursion is bounded as the parser's (LIMIT_NESTING).
 */
#include "mailbox/content/search_private.h"

#include "mailbox/content/fields.h"
#include "syntax/mail/header.h"
#include "syntax/imap/date.h"
#include "syntax/mail/rfc5322_date.h"

enum { WALK_PER_WORK = 8 }; /* octets of a header skipped in a unit of work */

/* The message under way. */
struct subject {
    struct search *search;
    const struct version_run *batch;
    uint32_t at;
    uint32_t seq;
};

static enum search_value
truth(bool value)
{
    return value ? SEARCH_TRUE : SEARCH_FALSE;
}

/* ---- what the version knows ---- */

static bool
in_runs(struct search_node *node, uint32_t seq)
{
    while (node->run_at < node->run_count && node->runs[node->run_at].last < seq)
        node->run_at++;
    return node->run_at < node->run_count && node->runs[node->run_at].first <= seq;
}

/* RFC 3501 section 6.4.4: the date "disregarding time and timezone", as it is written. */
static int64_t
day_of(const struct subject *subject)
{
    return imap_date_day_of((struct imap_date_time){
        .epoch_s = subject->batch->internaldates_s[subject->at],
        .zone_minutes = subject->batch->internaldate_zones_min[subject->at],
    });
}

/* RFC 8514 section 4.3: the same of the save date, which is shown in UTC. */
static int64_t
saved_day_of(const struct subject *subject)
{
    return imap_date_day_of(
        (struct imap_date_time){.epoch_s = subject->batch->savedates_s[subject->at]});
}

static bool
has_keyword(const struct subject *subject, int64_t number)
{
    const struct keywords *all = subject->batch->keywords;

    return all != NULL && (all[subject->at].bits[number / 64] >> number % 64 & 1) != 0;
}

static bool
eval_entry(const struct subject *subject, struct search_node *node)
{
    const struct version_run *batch = subject->batch;
    const uint32_t at = subject->at;

    switch (node->op) {
    case OP_FLAG:
        return (batch->flags[at] & (uint64_t)node->number) != 0;
    case OP_RECENT:
        return view_is_recent(subject->search->view, batch->uids[at]);
    case OP_KEYWORD:
        return has_keyword(subject, node->number);
    case OP_RUNS:
        return in_runs(node, subject->seq);
    case OP_BEFORE:
        return day_of(subject) < node->number;
    case OP_ON:
        return day_of(subject) == node->number;
    case OP_SINCE:
        return day_of(subject) >= node->number;
    case OP_SAVEDBEFORE:
        return saved_day_of(subject) < node->number;
    case OP_SAVEDON:
        return saved_day_of(subject) == node->number;
    case OP_SAVEDSINCE:
        return saved_day_of(subject) >= node->number;
    case OP_LARGER:
        return (int64_t)batch->octets[at] > node->number;
    case OP_SMALLER:
        return (int64_t)batch->octets[at] < node->number;
    case OP_OLDER:
        return batch->internaldates_s[at] <= node->number;
    case OP_YOUNGER:
        return batch->internaldates_s[at] >= node->number;
    case OP_MODSEQ:
        return batch->modseqs[at] >= (uint64_t)node->number;
    default: /* OP_CONST */
        return node->number != 0;
    }
}

/* ---- fields ---- */

/* One field after the other with the name that the node asks for, from where it is known. */
struct field_walk {
    bool is_stored;
    struct fields_iter stored;
    struct header_iter header;
};

/* False: not known yet. */
static bool
field_walk_begin(struct field_walk *walk, struct search *search, const struct search_node *node)
{
    if (search->has_fields && fields_iter_init(&walk->stored, search->fields, node->field_id)) {
        walk->is_stored = true;
        return true;
    }
    walk->is_stored = false;
    if (search->level < SEARCH_LEVEL_HEADER) {
        search->wants_header |= search->level == SEARCH_LEVEL_ROW;
        return false;
    }
    header_iter_init(&walk->header, buf_span(&search->header));
    return true;
}

static bool
field_walk_next(struct field_walk *walk, const struct search_node *node, struct span *value_out)
{
    if (walk->is_stored) {
        struct span raw;
        if (!fields_next(&walk->stored, node->field_id, &raw))
            return false;
        *value_out = fields_value(raw);
        return true;
    }
    struct header_field field;
    while (header_next(&walk->header, &field))
        if (span_ieq(field.name, node->field)) {
            *value_out = field.value;
            return true;
        }
    return false;
}

static bool
matches_sent(const struct search_node *node, struct span value)
{
    struct rfc5322_date date;

    if (!rfc5322_date_parse(value, &date))
        return false; /* a date that names no day is neither before nor after one */
    const int64_t day = rfc5322_days(date.year, date.month, date.day);
    if (node->op == OP_SENTBEFORE)
        return day < node->number;
    if (node->op == OP_SENTON)
        return day == node->number;
    return day >= node->number;
}

static enum search_value
eval_field(struct search *search, struct search_node *node)
{
    struct field_walk walk;
    struct span value;

    if (!field_walk_begin(&walk, search, node))
        return SEARCH_UNKNOWN;
    search->work +=
        1 + (walk.is_stored ? search->fields.len : buf_len(&search->header)) / WALK_PER_WORK;
    while (field_walk_next(&walk, node, &value)) {
        if (node->op == OP_HAS_FIELD)
            return SEARCH_TRUE;
        if (node->op != OP_FIELD && node->op != OP_ADDRESS)
            return truth(matches_sent(node, value)); /* the first Date field counts */
        const uint64_t before = search->needles.work;
        const bool found = node->op == OP_ADDRESS
                               ? mime_search_addresses(&search->needles, node->needle, value)
                               : mime_search_value(&search->needles, node->needle, value);
        search->work += search->needles.work - before;
        if (found)
            return SEARCH_TRUE;
    }
    return SEARCH_FALSE;
}

static enum search_value
eval_id(const struct search *search, const struct search_node *node)
{
    if (search->level < SEARCH_LEVEL_ROW)
        return SEARCH_UNKNOWN;
    return truth(span_eq(
        node->id,
        object_id_span(node->op == OP_EMAILID ? &search->ids.email : &search->ids.thread)));
}

static enum search_value
eval_text(const struct search *search, const struct search_node *node)
{
    if (!search->in_text)
        return SEARCH_UNKNOWN;
    if (mime_search_found(&search->needles, node->needle))
        return SEARCH_TRUE;
    return search->text_over ? SEARCH_FALSE : SEARCH_UNKNOWN;
}

/* ---- the tree ---- */

static enum search_value
eval(const struct subject *subject, struct search_node *node)
{
    struct search *search = subject->search;
    enum search_value result;

    switch (node->op) {
    case OP_AND:
    case OP_OR: {
        const enum search_value decides = node->op == OP_AND ? SEARCH_FALSE : SEARCH_TRUE;
        result = node->op == OP_AND ? SEARCH_TRUE : SEARCH_FALSE;
        for (struct search_node *child = node->children; child != NULL; child = child->next) {
            const enum search_value value = eval(subject, child);
            if (value == decides)
                return value;
            if (value == SEARCH_UNKNOWN)
                result = value;
        }
        return result;
    }
    case OP_NOT:
        result = eval(subject, node->children);
        return result == SEARCH_UNKNOWN ? result : truth(result == SEARCH_FALSE);
    case OP_TEXT:
        return eval_text(search, node);
    case OP_EMAILID:
    case OP_THREADID:
        return eval_id(search, node);
    case OP_SENTBEFORE:
    case OP_SENTON:
    case OP_SENTSINCE:
    case OP_FIELD:
    case OP_ADDRESS:
    case OP_HAS_FIELD:
        if (node->stamp != search->stamp || node->value == SEARCH_UNKNOWN) {
            if (search->work >= search->pause_above) {
                search->paused = true;
                return SEARCH_UNKNOWN;
            }
            node->value = (uint8_t)eval_field(search, node);
            node->stamp = search->stamp;
        }
        return (enum search_value)node->value;
    default:
        return truth(eval_entry(subject, node));
    }
}

enum search_value
search_eval(struct search *search, const struct version_run *batch, uint32_t at, uint32_t seq)
{
    const struct subject subject = {search, batch, at, seq};

    return eval(&subject, search->root);
}

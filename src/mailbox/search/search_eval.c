/* SPDX-License-Identifier: MIT */
/*
 * Asks the program about one message, with what is known of it so far. Answers that cost
 * something (fields) are remembered in their node until the message is done.
 *
 * Pure CPU; recursion is bounded as the parser's (LIMIT_NESTING).
 */
#include "mailbox/search/search_private.h"

#include "mailbox/content/fields.h"
#include "syntax/mail/header.h"
#include "syntax/imap/date.h"
#include "syntax/mail/rfc5322_date.h"

enum {
    WALK_PER_WORK = 8, /* octets of a header skipped in one unit of work */
    SCORE_MAX = SEARCH_SCORE_MAX,
    SCORE_ATTACHED = 30, /* of a match in attachments */
    /* work on the values of one field in one run, which is as long as a slice */
    WORK_PER_FIELD = 1000000,
};

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

/* What a key says about the message. */
struct verdict {
    enum search_value value;
    unsigned score; /* how well it matches, if it is TRUE; 0: this key has no score */
};

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

void
search_count_needles(struct search *search)
{
    search->work += search->needles.work;
    search->unforgiven += search->needles.close_work;
    search->needles.work = search->needles.close_work = 0;
}

/* Score of one value of a field: 0 .. 100. */
static unsigned
rate_value(struct search *search, const struct search_node *node, struct span value)
{
    const bool found = node->op == OP_ADDRESS
                           ? mime_search_addresses(&search->needles, node->needle, value)
                           : mime_search_value(&search->needles, node->needle, value);

    search_count_needles(search);
    return found ? mime_search_score(&search->needles, node->needle) : 0;
}

static enum search_value
eval_field(struct search *search, struct search_node *node)
{
    struct field_walk walk;
    struct span value;
    uint32_t at = 0;

    if (!field_walk_begin(&walk, search, node))
        return SEARCH_UNKNOWN;
    if (node->seen == 0)
        search->work += 1 + (walk.is_stored ? search->fields.len : buf_len(&search->header)) /
                                WALK_PER_WORK;
    const uint64_t pause_above = search->work + WORK_PER_FIELD;
    while (field_walk_next(&walk, node, &value)) {
        if (at++ < node->seen)
            continue;
        if (search->work >= pause_above) {
            search->paused = true;
            return SEARCH_UNKNOWN;
        }
        node->seen++;
        if (node->op == OP_HAS_FIELD)
            return SEARCH_TRUE;
        if (node->op != OP_FIELD && node->op != OP_ADDRESS)
            return truth(matches_sent(node, value)); /* the first Date field counts */
        const unsigned score = rate_value(search, node, value);
        if (score > node->score)
            node->score = (uint8_t)score;
        if (score > 0 && !node->rates)
            return SEARCH_TRUE;
    }
    return truth(node->score > 0);
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

static struct verdict
eval_text(const struct search *search, const struct search_node *node)
{
    if (!search->in_text)
        return (struct verdict){SEARCH_UNKNOWN, 0};
    const unsigned score = mime_search_score(&search->needles, node->needle);
    const bool is_known = mime_search_found(&search->needles, node->needle) ||
                          /* the needle may also belong to another key */
                          (score > 0 && !node->rates);
    if (!search->text_over && !is_known)
        return (struct verdict){SEARCH_UNKNOWN, 0};
    return (struct verdict){truth(score > 0), node->rates ? score : 0};
}

/* A message that matches in its attachments. If it is rated, its own text may match better. */
static struct verdict
eval_attached(const struct search *search, const struct search_node *node,
              enum search_value own)
{
    const struct verdict attached = {SEARCH_TRUE, node->rates ? SCORE_ATTACHED : 0};

    if (!node->rates || own == SEARCH_FALSE)
        return attached;
    const struct verdict verdict = eval_text(search, node);
    return verdict.value == SEARCH_FALSE ? attached : verdict;
}

/* ---- the tree ---- */

static struct verdict eval(const struct subject *subject, struct search_node *node);

/* All must match. The score is the mean of theirs. */
static struct verdict
eval_and(const struct subject *subject, const struct search_node *node)
{
    enum search_value result = SEARCH_TRUE;
    unsigned sum = 0;
    unsigned count = 0;

    for (struct search_node *child = node->children; child != NULL; child = child->next) {
        const struct verdict verdict = eval(subject, child);
        if (verdict.value == SEARCH_FALSE)
            return verdict;
        if (verdict.value == SEARCH_UNKNOWN)
            result = SEARCH_UNKNOWN;
        sum += verdict.score;
        count += verdict.score > 0;
    }
    return (struct verdict){result, count == 0 ? 0 : (sum + count / 2) / count};
}

/* One must match. The best one is known when no other can still be better. One that matches
 * without a score matches exactly, which never makes a message worse. */
static struct verdict
eval_or(const struct subject *subject, const struct search_node *node)
{
    struct verdict best = {SEARCH_FALSE, 0};
    bool is_unknown = false;

    for (struct search_node *child = node->children; child != NULL; child = child->next) {
        const struct verdict verdict = eval(subject, child);
        if (verdict.value == SEARCH_UNKNOWN) {
            is_unknown = true;
        } else if (verdict.value == SEARCH_TRUE) {
            if (!node->rates || verdict.score == SCORE_MAX)
                return verdict;
            if (verdict.score == 0)
                return (struct verdict){SEARCH_TRUE, SCORE_MAX};
            best.value = SEARCH_TRUE;
            best.score = verdict.score > best.score ? verdict.score : best.score;
        }
    }
    if (is_unknown && (node->rates || best.value == SEARCH_FALSE))
        best.value = SEARCH_UNKNOWN;
    return best;
}

/* What the index says. A key with a score has to be looked at all the same. */
static enum search_value
eval_hits(const struct subject *subject, const struct search_node *node)
{
    switch (hits_of(node->hits, subject->batch->messages[subject->at])) {
    case HIT_NO:
        return SEARCH_FALSE;
    case HIT_YES:
        return node->rates ? SEARCH_UNKNOWN : SEARCH_TRUE;
    default:
        return SEARCH_UNKNOWN;
    }
}

/* The result for a field, and how far it was searched, are kept until the message is done. */
static struct verdict
eval_known(struct search *search, struct search_node *node)
{
    if (node->stamp != search->stamp) {
        node->stamp = search->stamp;
        node->value = SEARCH_UNKNOWN;
        node->score = 0;
        node->seen = 0;
    }
    if (node->value == SEARCH_UNKNOWN) {
        if (search->work >= search->pause_above) {
            search->paused = true;
            return (struct verdict){SEARCH_UNKNOWN, 0};
        }
        node->value = (uint8_t)eval_field(search, node);
    }
    return (struct verdict){(enum search_value)node->value, node->rates ? node->score : 0};
}

static struct verdict
eval(const struct subject *subject, struct search_node *node)
{
    struct search *search = subject->search;
    enum search_value value;

    if (node->hits != NULL && !search->without_hits) {
        value = eval_hits(subject, node);
        if (value != SEARCH_TRUE &&
            hits_has_attached(node->hits, subject->batch->messages[subject->at]))
            return eval_attached(search, node, value);
        if (value != SEARCH_UNKNOWN)
            return (struct verdict){value, 0};
    }
    switch (node->op) {
    case OP_AND:
        return eval_and(subject, node);
    case OP_OR:
        return eval_or(subject, node);
    case OP_NOT:
        value = eval(subject, node->children).value;
        return (struct verdict){value == SEARCH_UNKNOWN ? value : truth(value == SEARCH_FALSE),
                                0};
    case OP_TEXT:
        return eval_text(search, node);
    case OP_EMAILID:
    case OP_THREADID:
        return (struct verdict){eval_id(search, node), 0};
    case OP_SENTBEFORE:
    case OP_SENTON:
    case OP_SENTSINCE:
    case OP_FIELD:
    case OP_ADDRESS:
    case OP_HAS_FIELD:
        return eval_known(search, node);
    default:
        return (struct verdict){truth(eval_entry(subject, node)), 0};
    }
}

enum search_value
search_eval(struct search *search, const struct version_run *batch, uint32_t at, uint32_t seq)
{
    const struct subject subject = {search, batch, at, seq};
    const struct verdict verdict = eval(&subject, search->root);

    /* A message that matches without a score matches exactly. */
    search->score = (uint8_t)(verdict.score == 0 ? SCORE_MAX : verdict.score);
    return verdict.value;
}

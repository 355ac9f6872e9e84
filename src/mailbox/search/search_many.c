/* SPDX-License-Identifier: MIT */
/*
 * Asks the program about many messages at once: for each key, one loop over what it compares,
 * whose results are bits, and the operators work on all bits together. Keys that need more than
 * is in memory leave their messages undecided, unless the index knows.
 *
 * Pure CPU; recursion is bounded as the parser's (LIMIT_NESTING).
 */
#include "mailbox/search/search_private.h"

#include "syntax/imap/date.h"

/* The messages that are asked about. */
struct subjects {
    const struct search *search;
    const struct version_run *batch;
    uint32_t at;
    uint32_t count;
    uint32_t seq;
};

/* The bits of those for which `is_true` holds; it is about the message at i. */
#define BITS_WHERE(subjects, i, is_true)                                                       \
    do {                                                                                       \
        for (uint32_t n_ = 0; n_ < (subjects)->count; n_++) {                                  \
            const uint32_t i = (subjects)->at + n_;                                            \
            bits |= (uint64_t)(is_true) << n_;                                                 \
        }                                                                                      \
    } while (0)

/* ---- what the version knows ---- */

static int64_t
local_s(const struct version_run *batch, uint32_t i)
{
    return imap_date_local_s((struct imap_date_time){
        .epoch_s = batch->internaldates_s[i],
        .zone_minutes = batch->internaldate_zones_min[i],
    });
}

static int64_t
saved_s(const struct version_run *batch, uint32_t i)
{
    return imap_date_local_s((struct imap_date_time){.epoch_s = batch->savedates_s[i]});
}

/* Those that came, by their own clocks, in these seconds. */
static uint64_t
came_in(const struct subjects *subjects, int64_t first_s, int64_t before_s)
{
    const struct version_run *batch = subjects->batch;
    uint64_t bits = 0;

    BITS_WHERE(subjects, i, local_s(batch, i) >= first_s && local_s(batch, i) < before_s);
    return bits;
}

static uint64_t
saved_in(const struct subjects *subjects, int64_t first_s, int64_t before_s)
{
    const struct version_run *batch = subjects->batch;
    uint64_t bits = 0;

    BITS_WHERE(subjects, i, saved_s(batch, i) >= first_s && saved_s(batch, i) < before_s);
    return bits;
}

static uint64_t
bits_between(uint32_t first, uint32_t last)
{
    return UINT64_MAX << first & UINT64_MAX >> (SEARCH_MANY - 1 - last);
}

/* Like search_eval, this moves on only over what no later message can be in. */
static uint64_t
in_runs(const struct subjects *subjects, struct search_node *node)
{
    const uint32_t last_seq = subjects->seq + (subjects->count - 1);
    uint64_t bits = 0;

    while (node->run_at < node->run_count && node->runs[node->run_at].last < subjects->seq)
        node->run_at++;
    for (size_t at = node->run_at; at < node->run_count; at++) {
        const struct view_run *run = &node->runs[at];
        if (run->first > last_seq)
            break;
        bits |= bits_between(run->first < subjects->seq ? 0 : run->first - subjects->seq,
                             run->last > last_seq ? subjects->count - 1
                                                  : run->last - subjects->seq);
    }
    return bits;
}

static uint64_t
have_keyword(const struct subjects *subjects, int64_t number)
{
    const struct keywords *all = subjects->batch->keywords;
    uint64_t bits = 0;

    if (all != NULL)
        BITS_WHERE(subjects, i, all[i].bits[number / 64] >> number % 64 & 1);
    return bits;
}

/* Those that match a key that is answered from memory. */
static uint64_t
matching(const struct subjects *subjects, struct search_node *node)
{
    const struct version_run *batch = subjects->batch;
    const int64_t number = node->number;
    const int64_t day_s = IMAP_DATE_DAY_S;
    uint64_t bits = 0;

    switch (node->op) {
    case OP_FLAG:
        BITS_WHERE(subjects, i, (batch->flags[i] & (uint64_t)number) != 0);
        break;
    case OP_RECENT:
        BITS_WHERE(subjects, i, view_is_recent(subjects->search->view, batch->uids[i]));
        break;
    case OP_KEYWORD:
        return have_keyword(subjects, number);
    case OP_RUNS:
        return in_runs(subjects, node);
    case OP_BEFORE:
        return came_in(subjects, INT64_MIN, number * day_s);
    case OP_ON:
        return came_in(subjects, number * day_s, (number + 1) * day_s);
    case OP_SINCE:
        return came_in(subjects, number * day_s, INT64_MAX);
    case OP_SAVEDBEFORE:
        return saved_in(subjects, INT64_MIN, number * day_s);
    case OP_SAVEDON:
        return saved_in(subjects, number * day_s, (number + 1) * day_s);
    case OP_SAVEDSINCE:
        return saved_in(subjects, number * day_s, INT64_MAX);
    case OP_LARGER:
        BITS_WHERE(subjects, i, (int64_t)batch->octets[i] > number);
        break;
    case OP_SMALLER:
        BITS_WHERE(subjects, i, (int64_t)batch->octets[i] < number);
        break;
    case OP_OLDER:
        BITS_WHERE(subjects, i, batch->internaldates_s[i] <= number);
        break;
    case OP_YOUNGER:
        BITS_WHERE(subjects, i, batch->internaldates_s[i] >= number);
        break;
    case OP_MODSEQ:
        BITS_WHERE(subjects, i, batch->modseqs[i] >= (uint64_t)number);
        break;
    default: /* OP_CONST */
        return number != 0 ? UINT64_MAX : 0;
    }
    return bits;
}

/* ---- the tree ---- */

static struct search_bits eval(const struct subjects *subjects, struct search_node *node,
                               uint64_t wanted);

/* A message is asked about as long as no key has said no. */
static struct search_bits
eval_and(const struct subjects *subjects, const struct search_node *node, uint64_t wanted)
{
    struct search_bits all = {wanted, 0};

    for (struct search_node *child = node->children; child != NULL; child = child->next) {
        const uint64_t left = wanted & ~all.no;
        if (left == 0)
            break;
        const struct search_bits bits = eval(subjects, child, left);
        all.yes &= bits.yes;
        all.no |= bits.no;
    }
    return all;
}

/* And here as long as no key has said yes. */
static struct search_bits
eval_or(const struct subjects *subjects, const struct search_node *node, uint64_t wanted)
{
    struct search_bits any = {0, wanted};

    for (struct search_node *child = node->children; child != NULL; child = child->next) {
        const uint64_t left = wanted & ~any.yes;
        if (left == 0)
            break;
        const struct search_bits bits = eval(subjects, child, left);
        any.yes |= bits.yes;
        any.no &= bits.no;
    }
    return any;
}

/* What the index says. A message that matches in its attachments, and has a score, is asked by
 * itself. */
static struct search_bits
eval_hits(const struct subjects *subjects, const struct search_node *node, uint64_t wanted)
{
    const uint64_t *messages = subjects->batch->messages + subjects->at;
    struct search_bits bits = {0, 0};

    for (uint64_t left = wanted; left != 0; left &= left - 1) {
        const int n = __builtin_ctzll(left);
        const enum hit hit = hits_of(node->hits, messages[n]);
        const bool attached = hits_has_attached(node->hits, messages[n]);
        bits.yes |= (uint64_t)((hit == HIT_YES || attached) && !node->rates) << n;
        bits.no |= (uint64_t)(hit == HIT_NO && !attached) << n;
    }
    return bits;
}

/* About those that are wanted; nothing is said about others. */
static struct search_bits
eval(const struct subjects *subjects, struct search_node *node, uint64_t wanted)
{
    struct search_bits bits;

    switch (node->op) {
    case OP_AND:
        return eval_and(subjects, node, wanted);
    case OP_OR:
        return eval_or(subjects, node, wanted);
    case OP_NOT:
        bits = eval(subjects, node->children, wanted);
        return (struct search_bits){.yes = bits.no, .no = bits.yes};
    case OP_TEXT:
    case OP_EMAILID:
    case OP_THREADID:
    case OP_SENTBEFORE:
    case OP_SENTON:
    case OP_SENTSINCE:
    case OP_FIELD:
    case OP_ADDRESS:
    case OP_HAS_FIELD:
        if (node->hits != NULL && !subjects->search->without_hits)
            return eval_hits(subjects, node, wanted);
        return (struct search_bits){0, 0};
    default:
        bits.yes = matching(subjects, node) & wanted;
        bits.no = wanted & ~bits.yes;
        return bits;
    }
}

struct search_bits
search_eval_many(const struct search *search, const struct version_run *batch, uint32_t at,
                 uint32_t count, uint32_t seq)
{
    const struct subjects subjects = {search, batch, at, count, seq};

    return eval(&subjects, search->root, bits_between(0, count - 1));
}
